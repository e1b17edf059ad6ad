//! The JavaScript face: a class `Training`. `web/training/` is what pages use; this is under it.
//!
//! Errors become JavaScript `Error`s with the message of the [`Failure`], and what to do about it as their `hint`.

use failure::Failure;
use gan::{DataShape, Pictures, STATISTICS};
use js_sys::{Error, Float32Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::{LEAST_PICTURES, Settings, Taken, Trainer};

/// A run under way.
#[wasm_bindgen]
pub struct Training {
    trainer: Trainer,
    warnings: Vec<String>,
}

#[wasm_bindgen]
impl Training {
    /// Begins a run. `recipe`: a name or TOML; `changes`: TOML that is put over it. `seed`: a whole number up to 2^53. `bytes`:
    /// pictures of `shape` (channels, rows, columns), a byte each, 0 black; `labels`: the class of each, or none of them;
    /// `classes`: their names.
    ///
    /// # Errors
    /// An `Error` that says what cannot be trained, and why.
    #[allow(clippy::too_many_arguments, reason = "JavaScript's objects would have to be read field by field")]
    pub fn start(
        recipe: &str,
        changes: &str,
        seed: f64,
        epochs: u32,
        dataset: &str,
        bytes: Vec<u8>,
        shape: Vec<u32>,
        labels: Vec<u16>,
        classes: Vec<String>,
    ) -> Result<Training, Error> {
        crate::tile::use_fastest();
        let pictures = pictures(bytes, &shape, labels, classes.len()).map_err(thrown)?;
        let settings = Settings { recipe, changes, seed: seed as u64, epochs: u64::from(epochs), dataset, classes };
        let trainer = Trainer::start(&settings, pictures).map_err(thrown)?;
        Ok(Training { trainer, warnings: Vec::new() })
    }

    /// Takes at most so many steps, up to the end of the epoch; gives how many, and then the means of what they reported, in the
    /// order of `statistics`.
    ///
    /// # Errors
    /// An `Error` if training has diverged.
    pub fn advance(&mut self, steps: u32) -> Result<Vec<f64>, Error> {
        let Taken { steps, means, warnings } = self.trainer.advance(u64::from(steps)).map_err(thrown)?;
        self.warnings.extend(warnings);
        Ok(std::iter::once(steps as f64).chain(means.row()).collect())
    }

    /// Adds the seconds that steps took.
    #[wasm_bindgen(js_name = addSeconds)]
    pub fn add_seconds(&mut self, seconds: f64) {
        self.trainer.add_seconds(seconds);
    }

    /// The failures that have shown since this was last asked, in the trainer's words.
    #[wasm_bindgen(js_name = takeWarnings)]
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The sheet of a hundred pictures, one after another, from -1 to 1.
    ///
    /// # Errors
    /// An `Error` if the engine fails.
    pub fn sheet(&self) -> Result<Float32Array, Error> {
        Ok(Float32Array::from(&self.trainer.sheet().map_err(thrown)?[..]))
    }

    /// The generator as ONNX, as things stand.
    ///
    /// # Errors
    /// An `Error` if some weights are no longer numbers.
    pub fn export(&self) -> Result<Uint8Array, Error> {
        Ok(Uint8Array::from(&self.trainer.export().map_err(thrown)?[..]))
    }

    /// The run as a checkpoint.
    ///
    /// # Errors
    /// As of `export`.
    pub fn checkpoint(&self) -> Result<Uint8Array, Error> {
        Ok(Uint8Array::from(&self.trainer.checkpoint().map_err(thrown)?[..]))
    }

    /// Steps done, steps of the run, steps of an epoch, whole epochs done, epochs of the run, seconds in steps.
    #[wasm_bindgen(getter)]
    pub fn at(&self) -> Vec<f64> {
        let (trainer, at) = (&self.trainer, self.trainer.at());
        let counts = [at.step, trainer.total_steps(), trainer.steps_per_epoch(), at.epoch, trainer.identity().epochs];
        counts.into_iter().map(|count| count as f64).chain([at.train_seconds]).collect()
    }

    /// Channels, rows and columns of a picture.
    #[wasm_bindgen(getter, js_name = imageShape)]
    pub fn image_shape(&self) -> Vec<u32> {
        self.trainer.identity().data.image.map(|size| size as u32).to_vec()
    }

    /// The recipe's name.
    #[wasm_bindgen(getter)]
    pub fn recipe(&self) -> String {
        self.trainer.identity().recipe.name.clone()
    }

    /// The key of every random number.
    #[wasm_bindgen(getter)]
    pub fn seed(&self) -> f64 {
        self.trainer.identity().seed as f64
    }
}

/// The names of what a step reports.
#[wasm_bindgen]
pub fn statistics() -> Vec<String> {
    STATISTICS.iter().map(|statistic| statistic.name.to_owned()).collect()
}

/// The fewest pictures that a run is begun with.
#[wasm_bindgen(js_name = leastPictures)]
pub fn least_pictures() -> usize {
    LEAST_PICTURES
}

/// Whether this module was compiled to relaxed SIMD, which has fused multiply-add.
#[wasm_bindgen(js_name = relaxedSimd)]
pub fn relaxed_simd() -> bool {
    cfg!(target_feature = "relaxed-simd")
}

fn pictures(bytes: Vec<u8>, shape: &[u32], labels: Vec<u16>, classes: usize) -> failure::Result<Pictures> {
    let [channels, rows, columns] = shape else {
        return Err(Failure::usage("the shape of a picture is its channels, rows and columns"));
    };
    let image = [*channels, *rows, *columns].map(|size| size as usize);
    let pixels = image.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).filter(|&pixels| pixels > 0);
    let Some(pixels) = pixels else { return Err(Failure::usage(format!("there are no pictures of {image:?}"))) };
    let labels = if labels.is_empty() { vec![0; bytes.len() / pixels] } else { labels };
    if labels.iter().any(|&label| usize::from(label) >= classes.max(1)) {
        return Err(Failure::usage("a label is none of the classes").hint("name all classes"));
    }
    Ok(Pictures { bytes, labels, shape: DataShape { image, classes } })
}

/// A JavaScript error: the sentence, and what to do.
fn thrown(failure: Failure) -> Error {
    let thrown = Error::new(&failure.message);
    if let Some(hint) = &failure.hint {
        // A plain object takes every property.
        let _ = js_sys::Reflect::set(&thrown, &"hint".into(), &hint.as_str().into());
    }
    thrown
}
