//! The part of a checkpoint that becomes a model: the generator's weights, where they came from, and the proof pictures.
//!
//! A checkpoint is a safetensors file (<https://github.com/huggingface/safetensors>): eight bytes of header length, a
//! JSON header, the numbers. Everything is checked here, once, so that the rest of the crate works on what fits
//! together; the discriminator and the optimiser's moments are passed over.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;

use crate::architecture::{Architecture, Dense, Mlp};
use crate::error::ExportError;

/// Value of the metadata key `format` in checkpoints that this crate reads.
pub const FORMAT: &str = "forger-checkpoint-1";

/// Length of the number that opens a safetensors file.
const LENGTH_BYTES: usize = 8;
/// What stands before the names of the averaged weights.
const EMA_PREFIX: &str = "ema.";
/// What all of the generator's tensors are named after.
const GENERATOR_PREFIX: &str = "generator.";

/// A generator with its weights, all shapes checked and all numbers finite.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) architecture: Mlp,
    /// By the architecture's layers, first to last.
    pub(crate) layers: Vec<Weights>,
    /// Whether `layers` are an average over the steps.
    pub(crate) is_ema: bool,
    pub(crate) provenance: Provenance,
    pub(crate) parity: Option<Parity>,
}

/// A fully connected layer's numbers.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) layer: Dense,
    /// [outputs, inputs], row-major.
    pub(crate) weight: Vec<f32>,
    /// [outputs].
    pub(crate) bias: Vec<f32>,
}

/// Where the weights came from, each as the checkpoint's metadata has it.
#[derive(Debug)]
pub(crate) struct Provenance {
    pub(crate) recipe: String,
    pub(crate) recipe_toml: String,
    pub(crate) seed: String,
    pub(crate) epochs: String,
    pub(crate) dataset: String,
    /// A JSON object.
    pub(crate) metrics: String,
}

/// A few latent vectors and the pictures that the trainer computed for them.
#[derive(Debug)]
pub(crate) struct Parity {
    /// [count, latent], row-major.
    pub(crate) z: Vec<f32>,
    /// [count, pixels], row-major.
    pub(crate) image: Vec<f32>,
}

impl Checkpoint {
    /// Reads a whole safetensors file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ExportError> {
        check_length(bytes)?;
        let not_safetensors = |error| ExportError::NotSafetensors { reason: format!("{error}") };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
        let file = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
        let metadata = Metadata(header.metadata().clone().unwrap_or_default());

        metadata.check_format()?;
        let architecture = metadata.architecture()?;
        let provenance = Provenance {
            recipe: metadata.text("recipe")?,
            recipe_toml: metadata.text("recipe_toml")?,
            seed: metadata.text("seed")?,
            epochs: metadata.text("epochs")?,
            dataset: metadata.text("dataset")?,
            metrics: metadata.json_object("metrics")?,
        };
        let is_ema = file.iter().any(|(name, _)| is_generator(name, EMA_PREFIX));
        let layers = read_layers(&file, &architecture, if is_ema { EMA_PREFIX } else { "" })?;
        let parity = read_parity(&file, &architecture)?;
        Ok(Self { architecture, layers, is_ema, provenance, parity })
    }
}

/// Compares the file's length with what its header announces: the library says of a short file only that something does
/// not match, and adds numbers up unchecked that a hostile header may choose.
fn check_length(bytes: &[u8]) -> Result<(), ExportError> {
    let not_safetensors = |reason: String| ExportError::NotSafetensors { reason };
    let found = bytes.len() as u64;
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(not_safetensors(format!("it has {found} bytes, too few for a header")));
    };
    if rest.first() != Some(&b'{') {
        return Err(not_safetensors("it does not start with a safetensors header".to_owned()));
    }
    let header_length = u64::from_le_bytes(*length);
    let header = usize::try_from(header_length).ok().and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return Err(ExportError::Truncated { expected: header_length.saturating_add(LENGTH_BYTES as u64), found });
    };
    let header: HashMap<String, Value> = serde_json::from_slice(header)
        .map_err(|error| not_safetensors(format!("its header is not the JSON of a safetensors header: {error}")))?;
    let ends = header.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
    let expected = ends.max().unwrap_or(0).saturating_add(LENGTH_BYTES as u64).saturating_add(header_length);
    match expected.cmp(&found) {
        std::cmp::Ordering::Greater => Err(ExportError::Truncated { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => {
            Err(not_safetensors(format!("{} bytes follow after its last tensor", found - expected)))
        }
    }
}

/// The strings of the file's header.
struct Metadata(HashMap<String, String>);

impl Metadata {
    fn text(&self, key: &'static str) -> Result<String, ExportError> {
        self.0.get(key).cloned().ok_or(ExportError::MissingMetadata { key })
    }

    fn check_format(&self) -> Result<(), ExportError> {
        match self.0.get("format").map(String::as_str) {
            Some(FORMAT) => Ok(()),
            found => {
                let found = found.map_or_else(|| "missing".to_owned(), |format| format!("`{format}`"));
                Err(ExportError::Format { found, expected: FORMAT })
            }
        }
    }

    fn architecture(&self) -> Result<Mlp, ExportError> {
        const KEY: &str = "architecture";
        let damaged = |reason: String| ExportError::DamagedMetadata { key: KEY, reason };
        let json: Value = serde_json::from_str(&self.text(KEY)?).map_err(|error| damaged(error.to_string()))?;
        let kind = json["kind"].as_str().ok_or_else(|| damaged("it names no `kind`".to_owned()))?;
        if !Architecture::KINDS.contains(&kind) {
            return Err(ExportError::ArchitectureKind { found: kind.to_owned() });
        }
        let Architecture::Mlp(mlp) = serde_json::from_value(json).map_err(|error| damaged(error.to_string()))?;
        match mlp.fault() {
            Some(fault) => Err(damaged(fault)),
            None => Ok(mlp),
        }
    }

    /// The text itself, so that its numbers stay as they were written.
    fn json_object(&self, key: &'static str) -> Result<String, ExportError> {
        let text = self.text(key)?;
        match serde_json::from_str::<serde_json::Map<String, Value>>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(ExportError::DamagedMetadata { key, reason: error.to_string() }),
        }
    }
}

fn is_generator(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|name| name.starts_with(GENERATOR_PREFIX))
}

/// The layers' tensors, named `prefix` + `generator.…`, and no others of that kind.
fn read_layers(file: &SafeTensors, architecture: &Mlp, prefix: &str) -> Result<Vec<Weights>, ExportError> {
    let mut known = Vec::new();
    let mut read = |name: String, shape: &[usize]| {
        let values = read_tensor(file, &name, shape);
        known.push(name);
        values
    };
    let mut layers = Vec::new();
    for layer in architecture.layers() {
        let weight = read(format!("{prefix}{}.weight", layer.name), &[layer.outputs, layer.inputs])?;
        let bias = read(format!("{prefix}{}.bias", layer.name), &[layer.outputs])?;
        layers.push(Weights { layer, weight, bias });
    }
    let mut names = file.names();
    // The file's order is that of a hash map; the message should not change from run to run.
    names.sort_unstable();
    match names.into_iter().find(|name| is_generator(name, prefix) && !known.iter().any(|known| known == name)) {
        Some(name) => Err(ExportError::UnexpectedTensor { name: name.to_owned() }),
        None => Ok(layers),
    }
}

/// `parity.z` and `parity.image`: both, of equally many pictures, or neither; no pictures are none.
fn read_parity(file: &SafeTensors, architecture: &Mlp) -> Result<Option<Parity>, ExportError> {
    const NAMES: [&str; 2] = ["parity.z", "parity.image"];
    let Some(first) = NAMES.iter().find_map(|name| file.tensor(name).ok()) else { return Ok(None) };
    let count = first.shape().first().copied().unwrap_or(0);
    let [z, image] = NAMES;
    let parity = Parity {
        z: read_tensor(file, z, &[count, architecture.latent])?,
        image: read_tensor(file, image, &[count, architecture.pixels()])?,
    };
    Ok((count > 0).then_some(parity))
}

/// A tensor of exactly this shape, row-major.
fn read_tensor(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, ExportError> {
    let name = || name.to_owned();
    let view = file.tensor(&name()).map_err(|_| ExportError::MissingTensor { name: name() })?;
    if view.dtype() != Dtype::F32 {
        return Err(ExportError::TensorType { name: name(), found: view.dtype().to_string() });
    }
    if view.shape() != shape {
        let (expected, found) = (shape.to_vec(), view.shape().to_vec());
        return Err(ExportError::TensorShape { name: name(), expected, found });
    }
    let (words, _) = view.data().as_chunks();
    let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(ExportError::NotFinite { name: name(), value: values[position].to_string(), position }),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export;
    use crate::fixture::{HIDDEN, LATENT, PARITY, PIXELS, Parts};

    /// The error of a checkpoint that is right but for one change.
    fn error_of(spoil: impl FnOnce(&mut Parts)) -> ExportError {
        let mut parts = Parts::new();
        spoil(&mut parts);
        export(&parts.bytes()).expect_err("the checkpoint was spoilt")
    }

    fn check(name: &str, error: &ExportError, expected: &str) {
        assert_eq!(error.to_string(), expected, "{name}");
        assert!(!error.hint().is_empty(), "{name}");
    }

    #[test]
    fn other_files_are_told_apart_from_checkpoints() {
        let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        let huge = r#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#;
        let prefix = "the checkpoint is not a safetensors file: ";
        for (name, bytes, expected) in [
            ("empty", vec![], "it has 0 bytes, too few for a header"),
            ("seven bytes", vec![0; 7], "it has 7 bytes, too few for a header"),
            ("text", b"name = \"stable\" # a recipe".to_vec(), "it does not start with a safetensors header"),
            ("zeros", vec![0; 100], "it does not start with a safetensors header"),
            (
                "bytes after the last tensor",
                [Parts::new().bytes(), vec![0; 3]].concat(),
                "3 bytes follow after its last tensor",
            ),
            (
                "header not JSON",
                file("{not JSON}"),
                "its header is not the JSON of a safetensors header: key must be a string at line 1 column 2",
            ),
        ] {
            check(name, &export(&bytes).unwrap_err(), &format!("{prefix}{expected}"));
        }
        let truncated = export(&file(huge)).unwrap_err();
        assert!(matches!(truncated, ExportError::Truncated { expected: u64::MAX, .. }), "{truncated}");
    }

    #[test]
    fn every_cut_is_seen_as_a_cut() {
        let whole = Parts::new().bytes();
        for length in LENGTH_BYTES + 1..whole.len() {
            match export(&whole[..length]).unwrap_err() {
                ExportError::Truncated { expected, found } => {
                    assert!(found == length as u64 && found < expected && expected <= whole.len() as u64, "{length}");
                }
                other => panic!("cut to {length} bytes: {other}"),
            }
        }
    }

    #[test]
    fn damaged_metadata_is_named() {
        for (key, value, expected) in [
            (
                "format",
                None,
                "the file is not a checkpoint of this version: its metadata `format` is missing, not `forger-checkpoint-1`",
            ),
            (
                "format",
                Some("forger-checkpoint-9"),
                "the file is not a checkpoint of this version: its metadata `format` is `forger-checkpoint-9`, not `forger-checkpoint-1`",
            ),
            ("architecture", None, "the checkpoint lacks the metadata `architecture`"),
            (
                "architecture",
                Some("mlp"),
                "the checkpoint's metadata `architecture` is damaged: expected value at line 1 column 1",
            ),
            ("architecture", Some("[]"), "the checkpoint's metadata `architecture` is damaged: it names no `kind`"),
            (
                "architecture",
                Some(r#"{"kind":"conv"}"#),
                "the checkpoint holds an architecture of the kind `conv`, known: `mlp`",
            ),
            (
                "architecture",
                Some(r#"{"kind":"mlp","latent":3}"#),
                "the checkpoint's metadata `architecture` is damaged: missing field `hidden`",
            ),
            (
                "architecture",
                Some(r#"{"kind":"mlp","latent":-3,"hidden":[],"leaky_slope":0,"image":[1,2,7]}"#),
                "the checkpoint's metadata `architecture` is damaged: invalid value: integer `-3`, expected usize",
            ),
            (
                "architecture",
                Some(r#"{"kind":"mlp","latent":3,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7],"norm":"batch"}"#),
                "the checkpoint's metadata `architecture` is damaged: unknown field `norm`, expected one of `latent`, `hidden`, `leaky_slope`, `image`",
            ),
            (
                "architecture",
                Some(r#"{"kind":"mlp","latent":0,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7]}"#),
                "the checkpoint's metadata `architecture` is damaged: a layer or a side of the picture has the size 0",
            ),
            ("recipe", None, "the checkpoint lacks the metadata `recipe`"),
            ("recipe_toml", None, "the checkpoint lacks the metadata `recipe_toml`"),
            ("seed", None, "the checkpoint lacks the metadata `seed`"),
            ("epochs", None, "the checkpoint lacks the metadata `epochs`"),
            ("dataset", None, "the checkpoint lacks the metadata `dataset`"),
            ("metrics", None, "the checkpoint lacks the metadata `metrics`"),
            (
                "metrics",
                Some("[1]"),
                "the checkpoint's metadata `metrics` is damaged: invalid type: sequence, expected a map at line 1 column 0",
            ),
        ] {
            let error = error_of(|parts| match value {
                Some(value) => parts.set(key, value),
                None => drop(parts.metadata.remove(key)),
            });
            check(key, &error, expected);
        }
    }

    #[test]
    fn wrong_tensors_are_named_with_both_shapes() {
        let without_average = |parts: &mut Parts| parts.remove("ema.");
        type Spoil<'a> = &'a dyn Fn(&mut Parts);
        let cases: [(&str, Spoil, &str); 9] = [
            (
                "missing bias of the average",
                &|parts| parts.remove("ema.generator.hidden2.bias"),
                "the checkpoint lacks the tensor `ema.generator.hidden2.bias`, which its architecture calls for",
            ),
            (
                "no generator",
                &|parts| {
                    without_average(parts);
                    parts.remove("generator.");
                },
                "the checkpoint lacks the tensor `generator.hidden1.weight`, which its architecture calls for",
            ),
            (
                "transposed",
                &|parts| parts.put("ema.generator.hidden2.weight", &[HIDDEN[0], HIDDEN[1]], 0.0),
                "the checkpoint's tensor `ema.generator.hidden2.weight` has the shape [5, 4], its architecture calls for [4, 5]",
            ),
            (
                "bias as a column",
                &|parts| parts.put("ema.generator.output.bias", &[PIXELS, 1], 0.0),
                "the checkpoint's tensor `ema.generator.output.bias` has the shape [14, 1], its architecture calls for [14]",
            ),
            (
                "a layer more than the architecture has",
                &|parts| parts.put("ema.generator.hidden3.weight", &[4, 4], 0.0),
                "the checkpoint's tensor `ema.generator.hidden3.weight` has no place in its architecture",
            ),
            (
                "wider network",
                &|parts| {
                    parts.set(
                        "architecture",
                        r#"{"kind":"mlp","latent":3,"hidden":[6,4],"leaky_slope":0.2,"image":[1,2,7]}"#,
                    )
                },
                "the checkpoint's tensor `ema.generator.hidden1.weight` has the shape [5, 3], its architecture calls for [6, 3]",
            ),
            (
                "parity without pictures",
                &|parts| parts.remove("parity.image"),
                "the checkpoint lacks the tensor `parity.image`, which its architecture calls for",
            ),
            (
                "parity of another count",
                &|parts| parts.put("parity.image", &[PARITY + 1, PIXELS], 0.0),
                "the checkpoint's tensor `parity.image` has the shape [3, 14], its architecture calls for [2, 14]",
            ),
            (
                "parity z of another latent size",
                &|parts| parts.put("parity.z", &[PARITY, LATENT + 1], 0.0),
                "the checkpoint's tensor `parity.z` has the shape [2, 4], its architecture calls for [2, 3]",
            ),
        ];
        for (name, spoil, expected) in cases {
            check(name, &error_of(spoil), expected);
        }
    }

    #[test]
    fn numbers_of_another_type_are_named() {
        for (dtype, size, expected) in [(Dtype::F64, 8, "F64"), (Dtype::F16, 2, "F16"), (Dtype::I32, 4, "I32")] {
            let error = error_of(|parts| {
                let bytes = vec![0; HIDDEN[0] * size];
                parts.tensors.insert("ema.generator.hidden1.bias".to_owned(), (dtype, vec![HIDDEN[0]], bytes));
            });
            check(
                expected,
                &error,
                &format!("the checkpoint's tensor `ema.generator.hidden1.bias` is {expected}, not F32"),
            );
        }
    }

    #[test]
    fn weights_that_are_not_numbers_are_refused() {
        for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
            for tensor in ["ema.generator.hidden1.weight", "parity.image"] {
                let error = error_of(|parts| {
                    parts.tensors.get_mut(tensor).unwrap().2[8..12].copy_from_slice(&value.to_le_bytes());
                });
                check(text, &error, &format!("the checkpoint's tensor `{tensor}` holds {text} at position 2"));
            }
        }
        // The weights that are not exported may be anything.
        let mut parts = Parts::new();
        parts.put("generator.hidden1.weight", &[HIDDEN[0], LATENT], f32::NAN);
        assert!(export(&parts.bytes()).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn mutated_checkpoints_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            header_only: bool,
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = Parts::new().bytes();
            let header = LENGTH_BYTES + u64::from_le_bytes(bytes[..LENGTH_BYTES].try_into().unwrap()) as usize;
            let range = if header_only { header } else { bytes.len() };
            for (index, value) in changes {
                bytes[index.index(range)] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = export(&bytes);
        }

        #[test]
        fn mutated_architectures_never_panic(latent: usize, hidden: Vec<usize>, image: [usize; 3], leaky_slope: f64) {
            let mut parts = Parts::new();
            let architecture = Architecture::mlp(latent, hidden, leaky_slope, image);
            parts.set("architecture", &serde_json::to_string(&architecture).unwrap());
            prop_assert!(export(&parts.bytes()).is_err());
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert!(export(&bytes).is_err());
        }
    }
}
