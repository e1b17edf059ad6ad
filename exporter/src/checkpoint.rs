//! The part of a checkpoint that becomes a model: the generator's weights, where they came from, and the proof pictures.
//!
//! Everything is checked here, once, so that the rest of the crate works on what fits together; the discriminator and
//! the optimiser's moments are passed over.

use net::architecture::Architecture;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::assemble::{assemble, describe};
use crate::encode::{CLASSES, LATENT, NORMAL};
use crate::error::ExportError;
use crate::model::Model;
use crate::onnx_error::{sentence, short};
use crate::weights_file::{WeightsFile, write};

/// Names the format: the value of the metadata key `format` in the checkpoints that this crate reads.
pub const FORMAT: &str = "forger-checkpoint-1";
/// Names the format of a file with nothing but a generator in it, which this crate writes and reads.
const GENERATOR_FORMAT: &str = "forger-generator-1";
/// Stands before the names of the averaged weights.
const EMA_PREFIX: &str = "ema.";
/// Stands before the names of all of the generator's tensors.
const GENERATOR_PREFIX: &str = "generator.";
/// Names the latent vectors, and [`PARITY_IMAGE`] the pictures that the trainer computed for them.
const PARITY_Z: &str = "parity.z";
const PARITY_IMAGE: &str = "parity.image";
/// Names the classes of these pictures, where the network takes some: whole numbers, float32 as everything else.
const PARITY_CLASS: &str = "parity.class";
/// Bounds the bytes of a description: one of hundreds of layers is shorter.
const ARCHITECTURE_LIMIT: usize = 1 << 15;
/// Names a key of a generator's file alone: what the model file says of itself. [`PROPS`] has its own metadata as a JSON
/// list.
const DOC: &str = "doc";
const PROPS: &str = "metadata_props";

impl Model {
    /// Reads the generator of a checkpoint that Forger's trainer wrote, or of a file of
    /// [`to_safetensors`](Self::to_safetensors).
    ///
    /// # Errors
    /// Fails with an [`ExportError`] that says what is wrong with the file.
    pub fn from_checkpoint(checkpoint: &[u8]) -> Result<Self, ExportError> {
        read(checkpoint)
    }

    /// Makes the network of `architecture` with the weights of a safetensors file from anywhere, float32. If the file
    /// has `parity.z` [count, latent] and `parity.image` [count, pixels], they become the model's proof pictures;
    /// tensors that the architecture does not call for are passed over.
    ///
    /// # Errors
    /// Fails with an [`ExportError`] that says which tensor is missing or does not fit.
    pub fn from_safetensors(weights: &[u8], architecture: &Architecture) -> Result<Self, ExportError> {
        read_weights(weights, architecture)
    }

    /// Writes the weights as a safetensors file, float32, named as in the model file, with the metadata that
    /// [`from_checkpoint`](Self::from_checkpoint) makes the same model of. (A graph that is no chain of layers has no
    /// such description: then it is the weights alone.)
    pub fn to_safetensors(&self) -> Vec<u8> {
        write_generator(self)
    }
}

/// Reads a checkpoint, or a generator's file.
fn read(bytes: &[u8]) -> Result<Model, ExportError> {
    let file = WeightsFile::open(bytes)?;
    let is_checkpoint = check_format(&file)?;
    let architecture = architecture(&file)?;
    if is_checkpoint { told(file, &architecture) } else { generator(&file, &architecture) }
}

/// Reads a checkpoint whose generator's architecture is known.
pub(crate) fn read_as(bytes: &[u8], architecture: &Architecture) -> Result<Model, ExportError> {
    let file = WeightsFile::open(bytes)?;
    check_format(&file)?;
    told(file, architecture)
}

/// The generator of a checkpoint, with all that the checkpoint tells of it.
fn told(mut file: WeightsFile, architecture: &Architecture) -> Result<Model, ExportError> {
    let is_ema = file.names().iter().any(|name| is_generator(name, EMA_PREFIX));
    let provenance = Provenance::read(&file)?;
    if is_ema {
        file.prefix = EMA_PREFIX;
    }
    let model = weights(&file, architecture)?;
    let model = provenance.tell(model, is_ema);
    with_parity(model, &file)
}

/// Reads the weights of a safetensors file from anywhere. `parity.z` and `parity.image` are taken if they are there.
fn read_weights(bytes: &[u8], architecture: &Architecture) -> Result<Model, ExportError> {
    let file = WeightsFile::open(bytes)?;
    with_parity(assemble(architecture, &file)?, &file)
}

/// Writes a generator's file: [`read`] gives the same model. Weights are named as in the model file.
fn write_generator(model: &Model) -> Vec<u8> {
    let props = serde_json::to_string(&model.metadata).expect("text is always JSON");
    let mut metadata = vec![(DOC, model.doc.clone()), (PROPS, props)];
    // Without a description the file still holds the weights, though nothing here can wire them again.
    if let Some(architecture) = describe(model) {
        metadata.push(("format", GENERATOR_FORMAT.to_owned()));
        metadata.push(("architecture", serde_json::to_string(&architecture).expect("finite numbers are always JSON")));
    }
    let metadata: Vec<_> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    write(&model.weights(), &metadata)
}

fn generator(file: &WeightsFile, architecture: &Architecture) -> Result<Model, ExportError> {
    let props: Vec<(String, String)> = serde_json::from_str(&text(file, PROPS)?)
        .map_err(|error| ExportError::DamagedMetadata { key: PROPS, reason: sentence(&error) })?;
    let mut model = assemble(architecture, file)?.with_doc(&text(file, DOC)?);
    model.metadata = props;
    Ok(model)
}

/// Assembles the network of a checkpoint: every tensor that it calls for, and no other of the generator's.
fn weights(file: &WeightsFile, architecture: &Architecture) -> Result<Model, ExportError> {
    let prefix = file.prefix;
    if let Architecture::Mlp(mlp) = architecture {
        // The sizes are told twice, so a tensor that does not fit can be told from an architecture that does not.
        for wanted in mlp.network().map_err(damaged_architecture)?.tensors {
            file.read_shaped(&format!("{prefix}{}", wanted.name), &wanted.shape)?;
        }
    }
    let model = assemble(architecture, file)?;
    let known: Vec<String> = model.weights().into_iter().map(|(name, _)| format!("{prefix}{name}")).collect();
    match file.names().into_iter().find(|name| is_generator(name, prefix) && !known.iter().any(|known| known == name)) {
        Some(name) => Err(ExportError::UnexpectedTensor { name: short(name) }),
        None => Ok(model),
    }
}

/// Takes `parity.z` and `parity.image`: both, of equally many pictures, or neither; no pictures are none.
fn with_parity(model: Model, file: &WeightsFile) -> Result<Model, ExportError> {
    let shape = file.shape(PARITY_Z).or_else(|| file.shape(PARITY_IMAGE));
    let Some(shape) = shape else { return Ok(model) };
    let count = shape.first().copied().unwrap_or(0);
    let numbers = |shape: &[usize]| [count, shape.iter().product()];
    let class = match model.classes() {
        0 => Vec::new(),
        // A number that is none of them is told of where the classes are known.
        _ => file.read_shaped(PARITY_CLASS, &[count])?.values.iter().map(|&class| class as usize).collect(),
    };
    let z = file.read_shaped(PARITY_Z, &numbers(model.input_shape()))?;
    let image = file.read_shaped(PARITY_IMAGE, &numbers(model.output_shape()))?;
    if count == 0 { Ok(model) } else { Ok(model.with_parity(&z.values, &class, &image.values)?) }
}

/// Says where the weights came from, each as the checkpoint's metadata has it.
struct Provenance {
    recipe: String,
    recipe_toml: String,
    seed: String,
    epochs: String,
    dataset: String,
    /// Holds a JSON object.
    metrics: String,
    /// Holds the names of the classes, a JSON list, where the network takes some.
    classes: Option<String>,
}

impl Provenance {
    fn read(file: &WeightsFile) -> Result<Self, ExportError> {
        Ok(Self {
            recipe: text(file, "recipe")?,
            recipe_toml: text(file, "recipe_toml")?,
            seed: text(file, "seed")?,
            epochs: text(file, "epochs")?,
            dataset: text(file, "dataset")?,
            metrics: json_object(file, "metrics")?,
            classes: file.metadata.get("classes").map(|json| names(json)).transpose()?,
        })
    }

    /// Puts it into the model, in this order in the file.
    fn tell(&self, model: Model, is_ema: bool) -> Model {
        let doc = format!(
            "The generator of a GAN trained on {} with the recipe `{}`: {} weights after {} epochs, seed {}.",
            self.dataset,
            self.recipe,
            if is_ema { "averaged" } else { "plain" },
            self.epochs,
            self.seed,
        );
        let entries = [
            ("forger.recipe", self.recipe.as_str()),
            ("forger.recipe_toml", &self.recipe_toml),
            ("forger.seed", &self.seed),
            ("forger.epochs", &self.epochs),
            ("forger.dataset", &self.dataset),
            (LATENT, NORMAL),
            ("forger.metrics", &self.metrics),
        ];
        let classes = self.classes.as_deref().map(|names| (CLASSES, names));
        entries
            .into_iter()
            .chain(classes)
            .fold(model.with_doc(&doc), |model, (key, value)| model.with_metadata(key, value))
    }
}

/// Gives a JSON list of names as it is.
fn names(json: &str) -> Result<String, ExportError> {
    serde_json::from_str::<Vec<String>>(json)
        .map(|_| json.to_owned())
        .map_err(|error| ExportError::DamagedMetadata { key: "classes", reason: sentence(&error) })
}

/// Says whether the file is a checkpoint, else it is a generator's file.
fn check_format(file: &WeightsFile) -> Result<bool, ExportError> {
    match file.metadata.get("format").map(String::as_str) {
        Some(FORMAT) => Ok(true),
        Some(GENERATOR_FORMAT) => Ok(false),
        found => {
            let found = found.map_or_else(|| "missing".to_owned(), |format| format!("`{}`", short(format)));
            Err(ExportError::Format { found, expected: FORMAT })
        }
    }
}

fn architecture(file: &WeightsFile) -> Result<Architecture, ExportError> {
    let damaged = |error: serde_json::Error| damaged_architecture(sentence(&error));
    let json = text(file, "architecture")?;
    if json.len() > ARCHITECTURE_LIMIT {
        return Err(damaged_architecture(format!("it has {} bytes, more than any network's", json.len())));
    }
    let json: Value = serde_json::from_str(&json).map_err(damaged)?;
    let kind = json["kind"].as_str().ok_or_else(|| damaged_architecture("it names no `kind`".to_owned()))?;
    if !Architecture::KINDS.contains(&kind) {
        return Err(ExportError::ArchitectureKind { found: short(kind) });
    }
    let architecture: Architecture = serde_json::from_value(json).map_err(damaged)?;
    // Before anything else of the file, so that what is wrong with it is told in these words.
    if let Architecture::Mlp(mlp) = &architecture {
        mlp.network().map_err(damaged_architecture)?;
    }
    Ok(architecture)
}

fn damaged_architecture(reason: String) -> ExportError {
    ExportError::DamagedMetadata { key: "architecture", reason }
}

fn text(file: &WeightsFile, key: &'static str) -> Result<String, ExportError> {
    file.metadata.get(key).cloned().ok_or(ExportError::MissingMetadata { key })
}

/// Gives the text itself of an entry that is a JSON object, so that its numbers stay as they were written.
fn json_object(file: &WeightsFile, key: &'static str) -> Result<String, ExportError> {
    let text = text(file, key)?;
    match serde_json::from_str::<AnyObject>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(ExportError::DamagedMetadata { key, reason: sentence(&error) }),
    }
}

/// Reads a JSON object, of which nothing is kept.
struct AnyObject;

impl<'de> Deserialize<'de> for AnyObject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> serde::de::Visitor<'de> for Entries {
            type Value = AnyObject;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a map")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<AnyObject, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(AnyObject)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn is_generator(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|name| name.starts_with(GENERATOR_PREFIX))
}

#[cfg(test)]
mod tests;
