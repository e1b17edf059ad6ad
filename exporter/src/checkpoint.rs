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

/// `parity.z` and `parity.image`: both, of equally many pictures, or neither.
fn read_parity(file: &SafeTensors, architecture: &Mlp) -> Result<Option<Parity>, ExportError> {
    const NAMES: [&str; 2] = ["parity.z", "parity.image"];
    let Some(first) = NAMES.iter().find_map(|name| file.tensor(name).ok()) else { return Ok(None) };
    let count = first.shape().first().copied().unwrap_or(0);
    let [z, image] = NAMES;
    Ok(Some(Parity {
        z: read_tensor(file, z, &[count, architecture.latent])?,
        image: read_tensor(file, image, &[count, architecture.pixels()])?,
    }))
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
