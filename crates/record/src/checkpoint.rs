//! A run between two steps, as one safetensors file: what `--resume` goes on from and what the exporter reads.
//!
//! Tensors are named by [`net::Network`]; G's average is prefixed `ema.`, Adam's moments `adam.m.` and `adam.v.`.
//! Everything else is in the file's metadata, which maps strings to strings. Random numbers need no state of their
//! own: they follow from the seed and the step.

use std::collections::HashMap;

use exporter::{Architecture, CHECKPOINT_FORMAT};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;

use crate::asked::Asked;
pub use crate::epoch::EpochSums;
use crate::progress::{Progress, diverged};
use failure::{Failure, Result};
use gan::recipe::Recipe;
use gan::{DataShape, Slot, State};
use net::{Network, Tensor as TensorSpec};

/// What makes one run differ from another: with the same identity, engine and threads, the same bytes come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Every hyperparameter.
    pub recipe: Recipe,
    /// Key of every random number.
    pub seed: u64,
    /// Epochs of the whole run; the schedules depend on it.
    pub epochs: u64,
    /// Name of the data set.
    pub dataset: String,
    /// [`gan::Pictures::checksum`] of what is trained on; 0 where it isn't known.
    pub pictures_crc32: u32,
    /// What the pictures have in common; its classes are those that the networks are told, 0 if they are told none.
    pub data: DataShape,
    /// Names of these classes, by label.
    pub classes: Vec<String>,
}

/// A few latent vectors, their classes, and the pictures that the trainer computed for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Parity {
    /// [count, latent], row-major.
    pub z: Vec<f32>,
    /// [count], the class of each; empty where networks are told none.
    pub labels: Vec<usize>,
    /// [count, pixels], row-major.
    pub image: Vec<f32>,
}

/// The whole of a run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Which run this is.
    pub identity: Identity,
    /// Parameters, moments, average, step.
    pub state: State,
    /// Whole epochs done.
    pub epochs_done: u64,
    /// The epoch under way.
    pub sums: EpochSums,
    /// Seconds spent in steps so far.
    pub train_seconds: f64,
    /// Means of the last whole epoch, a JSON object; reproducible values only, since it goes into the model.
    pub metrics: String,
    /// Engine, device and threads that got here.
    pub made_by: [String; 3],
    /// For the model file.
    pub parity: Parity,
    /// What the run was asked for beside its identity; none in a checkpoint of a version that did not keep it.
    pub asked: Option<Asked>,
}

/// Latent vectors whose pictures the model file carries, so that any runtime can be checked against the trainer.
const PARITY: usize = 4;

impl Checkpoint {
    /// The run `identity` as it is at `at`, in the state `state`. `metrics`: of the last whole epoch; `made_by`: engine, device and
    /// threads. The first vectors of `sheet_z`, [n, latent], are the parity's, whose pictures `draw` makes of G's inputs,
    /// [n, latent + classes] -> [n, pixels].
    ///
    /// # Errors
    /// Weights that are no longer numbers, and `draw`'s.
    pub fn of(
        identity: Identity,
        state: State,
        at: &Progress,
        metrics: String,
        made_by: [String; 3],
        sheet_z: &[f32],
        draw: impl FnOnce(&[f32]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        // The losses of a step are those before its update, which may have been the one that went wrong.
        if !state.is_finite() {
            return Err(diverged(at.step, at.epoch, &at.sums.means()));
        }
        let (latent, classes) = (identity.recipe.latent, identity.recipe.classes_of(identity.data));
        let z = sheet_z[..PARITY * latent].to_vec();
        let labels: Vec<usize> = (0..PARITY).filter_map(|i| i.checked_rem(classes.0)).collect();
        let of_each = (0..PARITY).map(|i| labels.get(i).copied().unwrap_or_default());
        let image = draw(&classes.inputs(&z, latent, of_each))?;
        Ok(Self {
            state,
            epochs_done: at.epoch,
            sums: at.sums,
            train_seconds: at.train_seconds,
            metrics,
            made_by,
            parity: Parity { z, labels, image },
            asked: None,
            identity,
        })
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        Progress { step: self.state.step, epoch: self.epochs_done, sums: self.sums, train_seconds: self.train_seconds }
    }

    /// Whether epochs are left to train.
    pub fn is_unfinished(&self) -> bool {
        self.epochs_done < self.identity.epochs
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut put = |name: String, shape: Vec<usize>, values: &[f32]| {
            tensors.push((name, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect()));
        };
        let (g, d) = self.identity.layouts();
        for (layout, slot) in [(&g, &self.state.generator), (&d, &self.state.discriminator)] {
            for (prefix, flat) in [("", &slot.parameters), ("adam.m.", &slot.m), ("adam.v.", &slot.v)] {
                for spec in &layout.tensors {
                    put(format!("{prefix}{}", spec.name), spec.shape.clone(), &flat[spec.range.clone()]);
                }
            }
        }
        for spec in self.state.ema.iter().flat_map(|_| &g.tensors) {
            let ema = self.state.ema.as_ref().expect("iterated only where there is one");
            put(format!("ema.{}", spec.name), spec.shape.clone(), &ema[spec.range.clone()]);
        }
        let latent = self.identity.recipe.latent;
        let count = self.parity.z.len() / latent;
        put("parity.z".to_owned(), vec![count, latent], &self.parity.z);
        put("parity.image".to_owned(), vec![count, self.identity.pixels()], &self.parity.image);
        if !self.identity.classes.is_empty() {
            let labels: Vec<f32> = self.parity.labels.iter().map(|&label| label as f32).collect();
            put(PARITY_CLASS.to_owned(), vec![count], &labels);
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view =
                TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and length come from one layout");
            (name.as_str(), view)
        });
        let mut metadata = self.metadata();
        let checksum = checksum(&metadata, tensors.iter().map(|(name, _, bytes)| (name.as_str(), bytes.as_slice())));
        metadata.insert(CHECKSUM.to_owned(), checksum);
        safetensors::serialize(views, Some(metadata)).expect("plain f32 tensors always serialise")
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// What is wrong with the file, without its name.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let broken = |what: String| Failure::failed(format!("the checkpoint {what}"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| broken(format!("is damaged: {error}")))?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| broken(format!("is damaged: {error}")))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let text = |key: &str| metadata.get(key).ok_or_else(|| broken(format!("lacks the metadata `{key}`")));
        if text("format")? != CHECKPOINT_FORMAT {
            return Err(broken(format!(
                "has the format `{}`, this trainer reads `{CHECKPOINT_FORMAT}`",
                text("format")?
            )));
        }
        let number = |key: &str| {
            let value = text(key)?;
            value.parse::<u64>().map_err(|_| broken(format!("has `{value}` where the number `{key}` should be")))
        };
        let json = |key: &str, error: serde_json::Error| broken(format!("has damaged metadata `{key}`: {error}"));
        let image = serde_json::from_str(text("image_shape")?).map_err(|error| json("image_shape", error))?;
        let classes: Vec<String> = match metadata.get(CLASSES) {
            Some(text) => serde_json::from_str(text).map_err(|error| json(CLASSES, error))?,
            None => Vec::new(),
        };
        let identity = Identity {
            recipe: Recipe::parse(text("recipe_toml")?, "of the checkpoint", &toml::Table::new())?,
            seed: number("seed")?,
            epochs: number("epochs_total")?,
            dataset: text("dataset")?.clone(),
            pictures_crc32: metadata.get("pictures_crc32").and_then(|text| text.parse().ok()).unwrap_or(0),
            data: DataShape { image, classes: classes.len() },
            classes,
        };
        identity.recipe.fits(identity.data)?;
        let (g, d) = identity.layouts();
        let read = |name: &str, shape: &[usize]| read_tensor(&file, name, shape);
        let flat = |prefix: &str, layout: &Network| -> Result<Vec<f32>> {
            let parts =
                layout.tensors.iter().map(|TensorSpec { name, shape, .. }| read(&format!("{prefix}{name}"), shape));
            Ok(parts.collect::<Result<Vec<_>>>()?.concat())
        };
        let slot = |layout: &Network| -> Result<Slot> {
            Ok(Slot { parameters: flat("", layout)?, m: flat("adam.m.", layout)?, v: flat("adam.v.", layout)? })
        };
        let ema = identity.recipe.has_ema().then(|| flat("ema.", &g)).transpose()?;
        let state = State { step: number("step")?, generator: slot(&g)?, discriminator: slot(&d)?, ema };
        let count = file.tensor("parity.z").map_or(0, |view| view.shape().first().copied().unwrap_or(0));
        let parity = Parity {
            z: read("parity.z", &[count, identity.recipe.latent])?,
            image: read("parity.image", &[count, identity.pixels()])?,
            labels: match identity.classes.len() {
                0 => Vec::new(),
                classes => {
                    let labels = read(PARITY_CLASS, &[count])?.into_iter().map(|label| label as usize);
                    let labels: Vec<usize> = labels.collect();
                    if labels.iter().any(|&label| label >= classes) {
                        return Err(broken(format!("has a class in `{PARITY_CLASS}` that is none of its {classes}")));
                    }
                    labels
                }
            },
        };
        // Last, since whatever else is wrong is told in better words; a version before this one wrote none.
        if let Some(written) = metadata.get(CHECKSUM) {
            let tensors = file.iter().map(|(name, view)| (name, view.data()));
            if *written != checksum(&metadata, tensors) {
                return Err(broken("is damaged: its numbers are not those that were written".to_owned()));
            }
        }
        Ok(Self {
            state,
            epochs_done: number("epochs")?,
            sums: serde_json::from_str(text("sums")?).map_err(|error| json("sums", error))?,
            train_seconds: serde_json::from_str(text("train_seconds")?)
                .map_err(|error| json("train_seconds", error))?,
            metrics: text("metrics")?.clone(),
            made_by: [text("engine")?.clone(), text("device")?.clone(), text("threads")?.clone()],
            parity,
            asked: metadata
                .get(ASKED)
                .map(|text| serde_json::from_str(text).map_err(|e| json(ASKED, e)))
                .transpose()?,
            identity,
        })
    }

    fn metadata(&self) -> HashMap<String, String> {
        let identity = &self.identity;
        let recipe = &identity.recipe;
        let architecture = identity.architecture();
        let [engine, device, threads] = self.made_by.clone();
        let asked = self.asked.as_ref().map(|asked| (ASKED, json_text(asked)));
        let always = [
            ("format", CHECKPOINT_FORMAT.to_owned()),
            ("architecture", json_text(&architecture)),
            ("recipe", recipe.name.clone()),
            ("recipe_toml", recipe.to_toml()),
            ("seed", identity.seed.to_string()),
            ("epochs", self.epochs_done.to_string()),
            ("epochs_total", identity.epochs.to_string()),
            ("step", self.state.step.to_string()),
            ("dataset", identity.dataset.clone()),
            ("pictures_crc32", identity.pictures_crc32.to_string()),
            ("image_shape", json_text(&identity.data.image)),
            ("sums", json_text(&self.sums)),
            ("train_seconds", json_text(&self.train_seconds)),
            ("metrics", self.metrics.clone()),
            ("engine", engine),
            ("device", device),
            ("threads", threads),
        ];
        let classes = (!identity.classes.is_empty()).then(|| (CLASSES, json_text(&identity.classes)));
        always.into_iter().chain(asked).chain(classes).map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The metadata key of [`Checkpoint::asked`].
const ASKED: &str = "asked";
/// The metadata key of [`Identity::classes`], and the tensor of [`Parity::labels`]: where there are classes alone.
const CLASSES: &str = "classes";
const PARITY_CLASS: &str = "parity.class";
/// The metadata key of the file's checksum.
const CHECKSUM: &str = "checksum";

/// CRC-32 over everything in the file but itself. safetensors has none, and a weight with a flipped bit is a number too.
fn checksum<'a>(metadata: &'a HashMap<String, String>, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let texts = metadata.iter().filter(|(key, _)| *key != CHECKSUM).map(|(key, text)| (key.as_str(), text.as_bytes()));
    let mut parts: Vec<(&str, &[u8])> = texts.chain(tensors).collect();
    parts.sort_unstable_by_key(|(name, _)| *name);
    let mut crc = crc32fast::Hasher::new();
    for (name, bytes) in parts {
        crc.update(&(name.len() as u64).to_le_bytes());
        crc.update(name.as_bytes());
        crc.update(&(bytes.len() as u64).to_le_bytes());
        crc.update(bytes);
    }
    format!("{:08x}", crc.finalize())
}

fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs of finite numbers are always JSON")
}

impl Identity {
    /// Pixels of a picture.
    pub fn pixels(&self) -> usize {
        self.data.pixels()
    }

    /// Layouts of G and D.
    pub fn layouts(&self) -> (Network, Network) {
        (self.recipe.generator_network(self.data), self.recipe.discriminator_network(self.data))
    }

    /// The generator as a model file needs it told.
    pub fn architecture(&self) -> Architecture {
        let network = self.recipe.generator_network(self.data);
        network.architecture(self.data.image, self.recipe.classes_of(self.data).one_hot())
    }

    /// Every setting by name: flags, then the recipe's keys.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            ("--seed".to_owned(), self.seed.to_string()),
            ("--epochs".to_owned(), self.epochs.to_string()),
            ("--data".to_owned(), self.dataset.clone()),
            ("image size".to_owned(), format!("{:?}", self.data.image)),
        ];
        let recipe = self.recipe.to_toml().parse::<toml::Table>().expect("written by ourselves");
        settings.extend(recipe.into_iter().map(|(key, value)| (format!("recipe's {key}"), value.to_string())));
        settings
    }

    /// What differs from `other`, each as `name: this one's, the other's`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = self.settings().into_iter().zip(other.settings());
        // The same pictures in a folder of another name are the same pictures.
        let same_pictures = self.pictures_crc32 == other.pictures_crc32 && self.pictures_crc32 != 0;
        let differing =
            pairs.filter(|((name, ours), (_, theirs))| ours != theirs && !(same_pictures && name == "--data"));
        let mut differences: Vec<String> = differing
            .map(|((name, ours), (_, theirs))| format!("{name}: {ours} in the run folder, {theirs} now"))
            .collect();
        // Same name and size, other pictures: a folder whose files were replaced.
        let (ours, theirs) = (self.pictures_crc32, other.pictures_crc32);
        let told = differences.iter().any(|difference| difference.starts_with("--data:"));
        if !told && ours != theirs && ours != 0 && theirs != 0 {
            differences.push(format!("--data: pictures of checksum {ours:08x} in the run folder, {theirs:08x} now"));
        }
        differences
    }
}

fn read_tensor(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let view = file.tensor(name).map_err(|_| {
        Failure::failed(format!("the checkpoint lacks the tensor `{name}`")).hint("it was not written by this trainer")
    })?;
    if view.shape() != shape || view.dtype() != Dtype::F32 {
        return Err(Failure::failed(format!(
            "the checkpoint is of another architecture: tensor `{name}` is {} {:?}, its recipe needs F32 {shape:?}",
            view.dtype(),
            view.shape()
        )));
    }
    let words = view.data().chunks_exact(4);
    Ok(words.map(|word| f32::from_le_bytes(word.try_into().expect("chunks of four"))).collect())
}

#[cfg(test)]
mod tests {
    use gan::StepStats;

    use super::*;

    /// A checkpoint in which no two numbers are alike.
    fn distinct(recipe: &str) -> Checkpoint {
        let flags: toml::Table = "latent = 3\nhidden = 5".parse().unwrap();
        let recipe = Recipe::load(recipe, &flags).unwrap();
        let classes: &[&str] = if recipe.classes { &["a", "b", "c", "d"] } else { &[] };
        let identity = Identity {
            recipe,
            seed: 7,
            epochs: 9,
            dataset: "mnist".to_owned(),
            pictures_crc32: 77,
            data: DataShape::grey(2, 3).with_classes(classes.len()),
            classes: classes.iter().map(|&name| name.to_owned()).collect(),
        };
        let mut next = 0.0f32;
        let mut numbers = |count: usize| -> Vec<f32> {
            std::iter::repeat_with(|| {
                next += 0.1;
                next
            })
            .take(count)
            .collect()
        };
        let (g, d) = identity.layouts();
        let mut slot = |layout: &Network| Slot {
            parameters: numbers(layout.len()),
            m: numbers(layout.len()),
            v: numbers(layout.len()),
        };
        let (generator, discriminator) = (slot(&g), slot(&d));
        let ema = identity.recipe.has_ema().then(|| numbers(g.len()));
        let mut sums = EpochSums::default();
        sums.add(
            &StepStats {
                d_loss: 0.1,
                g_loss: 0.2,
                d_real: 0.3,
                d_fake: 0.4,
                r1: 0.5,
                r2: 0.6,
                d_margin: 0.7,
                d_accuracy_real: 0.8,
                d_accuracy_fake: 0.9,
                g_gradient: 1.1,
            },
            0.7,
        );
        Checkpoint {
            state: State { step: 41, generator, discriminator, ema },
            epochs_done: 4,
            sums,
            train_seconds: 1.0 / 3.0,
            metrics: r#"{"d_loss":0.1}"#.to_owned(),
            made_by: ["fused".to_owned(), "cpu".to_owned(), "2".to_owned()],
            parity: Parity {
                z: numbers(2 * 3),
                labels: if classes.is_empty() { Vec::new() } else { vec![1, 3] },
                image: numbers(2 * 6),
            },
            asked: Some(Asked {
                data: "/a/b".to_owned(),
                size: Some(3),
                columns: Some(5),
                colour: "rgb".to_owned(),
                strict: true,
                invert: false,
                transpose: true,
                mirror: true,
                engine: "auto".to_owned(),
                device: "gpu:1".to_owned(),
                threads: Some(2),
                evaluate_every: 5,
                keep_models: vec![1, 7],
                tensorboard: Some("/c".into()),
            }),
            identity,
        }
    }

    #[test]
    fn a_checkpoint_survives_being_written_and_read() {
        for recipe in ["seed", "stable", "classes", "colour"] {
            let checkpoint = distinct(recipe);
            assert_eq!(Checkpoint::from_bytes(&checkpoint.to_bytes()).unwrap(), checkpoint, "{recipe}");
        }
    }

    #[test]
    fn other_pictures_are_a_difference_of_their_own() {
        let ours = distinct("stable").identity;
        let other = |epochs, dataset: &str, pictures_crc32| {
            let other = Identity { epochs, dataset: dataset.to_owned(), pictures_crc32, ..ours.clone() };
            ours.differences(&other)
        };
        assert!(other(9, "moved", 77).is_empty(), "the same pictures in a folder of another name");
        let replaced = other(9, "mnist", 78);
        assert!(replaced.len() == 1 && replaced[0].starts_with("--data: pictures of checksum"), "{replaced:?}");
        // More epochs are allowed, so they must not hide it.
        let longer = other(12, "mnist", 78);
        assert!(longer.len() == 2 && longer[1].starts_with("--data: pictures of checksum"), "{longer:?}");
        let elsewhere = other(12, "moved", 78);
        assert_eq!(elsewhere.iter().filter(|one| one.starts_with("--data:")).count(), 1, "{elsewhere:?}");
    }

    #[test]
    fn one_flipped_bit_anywhere_is_found_out() {
        let bytes = distinct("stable").to_bytes();
        // Every byte of a small file; what the header's JSON says twice, in other words, may be harmless to change.
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            if let Ok(read) = Checkpoint::from_bytes(&damaged) {
                assert!(read == distinct("stable"), "a flipped bit in byte {at} goes unseen");
            }
        }
    }
}
