//! The JavaScript face: a class `Training`. `web/training/` is what pages use; this is under it.
//!
//! Errors become JavaScript `Error`s with the message of the [`Failure`], and what to do about it as their `hint`.

use failure::Failure;
use gan::recipe::Recipe;
use gan::{DataShape, Pictures, STATISTICS};
use js_sys::{Error, Float32Array, Float64Array, Uint8Array, Uint32Array};
use kernels::buffers::{NAMES, READ_ONLY};
use record::parcel::{Parcel, recipe_from_bytes, recipe_to_bytes};
use wasm_bindgen::prelude::*;

use crate::gpu::{ForDevice, ForEpoch};
use crate::thrown::thrown;
use crate::{LEAST_PICTURES, Settings, Taken, Trainer};

/// A run under way.
#[wasm_bindgen]
pub struct Training {
    trainer: Trainer,
    warnings: Vec<String>,
    /// What a device is about to be given.
    device: Option<ForDevice>,
    epoch: Option<ForEpoch>,
}

#[wasm_bindgen]
impl Training {
    /// Begins a run. `recipe`: what the function `recipe` gave, of this module or of that of files. `seed`: a whole number up to
    /// 2^53. `bytes`: pictures of `shape` (channels, rows, columns), a byte each, 0 black; `labels`: the class of each, or none of
    /// them; `classes`: their names.
    ///
    /// # Errors
    /// An `Error` that says what cannot be trained, and why.
    #[allow(clippy::too_many_arguments, reason = "JavaScript's objects would have to be read field by field")]
    pub fn start(
        recipe: &[u8],
        seed: f64,
        epochs: u32,
        dataset: &str,
        bytes: Vec<u8>,
        shape: Vec<u32>,
        labels: Vec<u16>,
        classes: Vec<String>,
    ) -> Result<Training, Error> {
        crate::tile::use_fastest();
        let recipe = recipe_from_bytes(recipe).ok_or_else(damaged)?;
        let pictures = pictures(bytes, &shape, labels, classes.len()).map_err(thrown)?;
        let settings = Settings { recipe, seed: seed as u64, epochs: u64::from(epochs), dataset, classes };
        Ok(Self::of(Trainer::start(&settings, pictures).map_err(thrown)?))
    }

    /// Goes on with a run. `parcel`: what `open` of the module of files gave; the pictures as of `start`.
    ///
    /// # Errors
    /// An `Error` if these are not the run's pictures.
    pub fn resume(parcel: &[u8], bytes: Vec<u8>, shape: Vec<u32>, labels: Vec<u16>) -> Result<Training, Error> {
        crate::tile::use_fastest();
        let checkpoint = Parcel::from_bytes(parcel).ok_or_else(damaged)?.checkpoint;
        let pictures = pictures(bytes, &shape, labels, checkpoint.identity.data.classes).map_err(thrown)?;
        Ok(Self::of(Trainer::resume(checkpoint, pictures).map_err(thrown)?))
    }

    fn of(trainer: Trainer) -> Self {
        Self { trainer, warnings: Vec::new(), device: None, epoch: None }
    }

    /// Takes at most so many steps, up to the end of the epoch; gives how many, and then the means of what they reported, in the
    /// order of `statistics`.
    ///
    /// # Errors
    /// An `Error` if training has diverged.
    pub fn advance(&mut self, steps: u32) -> Result<Vec<f64>, Error> {
        let taken = self.trainer.advance(u64::from(steps)).map_err(thrown)?;
        Ok(self.told(taken))
    }

    fn told(&mut self, Taken { steps, means, warnings }: Taken) -> Vec<f64> {
        self.warnings.extend(warnings);
        std::iter::once(steps as f64).chain(means.row()).collect()
    }

    /// Plans the step for a GPU; gives the bytes of its buffers, in the order of their bindings. The other functions that begin
    /// with `gpu` say what is in them.
    ///
    /// # Errors
    /// An `Error` that says what the kernels cannot take.
    #[wasm_bindgen(js_name = gpuPlan)]
    pub fn gpu_plan(&mut self) -> Result<Float64Array, Error> {
        let device = self.device.insert(self.trainer.for_device().map_err(thrown)?);
        Ok(Float64Array::from(&device.bytes.map(|bytes| bytes as f64)[..]))
    }

    /// The WGSL of each dispatch of a step, in order.
    #[wasm_bindgen(js_name = gpuKernels)]
    pub fn gpu_kernels(&self) -> Vec<String> {
        self.device.iter().flat_map(|device| &device.dispatches).map(|dispatch| dispatch.source.clone()).collect()
    }

    /// The workgroups of each dispatch, in x and y.
    #[wasm_bindgen(js_name = gpuGroups)]
    pub fn gpu_groups(&self) -> Vec<u32> {
        self.device.iter().flat_map(|device| &device.dispatches).flat_map(|dispatch| dispatch.groups).collect()
    }

    /// What the buffer of pictures holds.
    #[wasm_bindgen(js_name = gpuPictures)]
    pub fn gpu_pictures(&self) -> Uint8Array {
        Uint8Array::from(self.device.as_ref().map_or(&[][..], |device| &device.pictures))
    }

    /// What the buffer of the state begins with.
    #[wasm_bindgen(js_name = gpuState)]
    pub fn gpu_state(&self) -> Float32Array {
        Float32Array::from(self.device.as_ref().map_or(&[][..], |device| &device.state))
    }

    /// Hands the steps over to the GPU called `name`, which was given all of its plan.
    ///
    /// # Errors
    /// An `Error` if there is no plan.
    #[wasm_bindgen(js_name = toGpu)]
    pub fn to_gpu(&mut self, name: &str) -> Result<(), Error> {
        let device = self.device.take().ok_or_else(damaged)?;
        self.trainer.to_gpu(name, device).map_err(thrown)
    }

    /// Counts the steps that are left of the epoch; the next three say what the GPU is to be given for them.
    #[wasm_bindgen(js_name = gpuEpoch)]
    pub fn gpu_epoch(&mut self) -> f64 {
        self.epoch.insert(self.trainer.for_epoch()).steps as f64
    }

    /// The pictures of these steps.
    #[wasm_bindgen(js_name = gpuOrder)]
    pub fn gpu_order(&self) -> Uint32Array {
        Uint32Array::from(self.epoch.as_ref().map_or(&[][..], |epoch| &epoch.order))
    }

    /// Their rates.
    #[wasm_bindgen(js_name = gpuRates)]
    pub fn gpu_rates(&self) -> Float32Array {
        Float32Array::from(self.epoch.as_ref().map_or(&[][..], |epoch| &epoch.rates))
    }

    /// Where they begin.
    #[wasm_bindgen(js_name = gpuControl)]
    pub fn gpu_control(&self) -> Uint32Array {
        Uint32Array::from(self.epoch.as_ref().map_or(&[][..], |epoch| &epoch.control))
    }

    /// Takes what the GPU's last steps reported, and the state after them; gives what `advance` gives.
    ///
    /// # Errors
    /// An `Error` if training has diverged.
    #[wasm_bindgen(js_name = gpuTook)]
    pub fn gpu_took(&mut self, stats: &[f32], state: &[f32]) -> Result<Vec<f64>, Error> {
        let taken = self.trainer.took(stats, state).map_err(thrown)?;
        Ok(self.told(taken))
    }

    /// Takes the steps itself from now on, from what the GPU last gave back.
    ///
    /// # Errors
    /// An `Error` if the engine fails.
    #[wasm_bindgen(js_name = toCpu)]
    pub fn to_cpu(&mut self) -> Result<(), Error> {
        self.trainer.to_cpu().map_err(thrown)
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

    /// The run as a parcel, of which the module of files makes a checkpoint or a model.
    ///
    /// # Errors
    /// An `Error` if some weights are no longer numbers.
    pub fn parcel(&self) -> Result<Uint8Array, Error> {
        Ok(Uint8Array::from(&self.trainer.parcel().map_err(thrown)?.to_bytes()[..]))
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

/// A recipe, as `Training.start` takes it, where it is a name or plain lines, and so are the changes; else nothing, and the module of
/// files reads it or says what is wrong.
#[wasm_bindgen]
pub fn recipe(recipe: &str, changes: &str) -> Option<Uint8Array> {
    let bytes = recipe_to_bytes(&Recipe::plain(recipe, changes)?)?;
    Some(Uint8Array::from(&bytes[..]))
}

/// The names of a GPU's buffers, in the order of their bindings.
#[wasm_bindgen(js_name = gpuBuffers)]
pub fn gpu_buffers() -> Vec<String> {
    NAMES.map(str::to_owned).to_vec()
}

/// How many of them kernels only read: the first.
#[wasm_bindgen(js_name = gpuReadOnly)]
pub fn gpu_read_only() -> usize {
    READ_ONLY
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

/// What one module gave the other cannot be damaged, but by whoever calls them.
fn damaged() -> Error {
    thrown(Failure::failed("what begins a run did not arrive whole").hint("begin the run anew"))
}
