//! The generator as callers see it: load once, generate any number of pictures at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use interface::envelope;
use prost::Message;
use tract_onnx::pb;

use crate::network::{self, Interface, Network};
use crate::plan::Plan;
use crate::{GenerateError, LoadError, stored};

/// Pictures in one run of the plan: a sheet of 10 by 10. More would only take more memory.
const BATCH: usize = 100;
/// A file is held in memory about five times while it is loaded; this much a browser still gives.
const FILE_LIMIT: usize = 64 << 20;

/// A generator read from an ONNX file, ready to run.
pub struct Generator {
    metadata: BTreeMap<String, String>,
    latent_size: usize,
    image_shape: [usize; 3],
    classes: usize,
    engine: Mutex<Engine>,
}

/// What runs the model.
enum Engine {
    /// Our own steps.
    Steps(Plan),
    /// The whole of tract.
    #[cfg(feature = "all-operators")]
    Any(Box<interface::Generator>),
}

impl Generator {
    /// Reads a model: an input `z`, float32 [batch, latent size], and perhaps `class`, int64 [batch]; one output `image`,
    /// float32 [batch, channels, height, width]; the batch left open in all. With the feature `all-operators` any generator of pictures, whatever its ends
    /// are called: what was taken for what is in [`interface`](Generator::interface).
    ///
    /// # Errors
    /// A [`LoadError`] whose message says what is wrong with the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Generator, LoadError> {
        Generator::of_our_own(bytes).or_else(|error| Generator::second(bytes, error))
    }

    /// What is tried for a model that is none of our own.
    #[cfg(not(feature = "all-operators"))]
    fn second(_: &[u8], error: LoadError) -> Result<Generator, LoadError> {
        Err(error)
    }

    /// What is tried for a model that is none of our own.
    #[cfg(feature = "all-operators")]
    fn second(bytes: &[u8], error: LoadError) -> Result<Generator, LoadError> {
        if matches!(error, LoadError::NoModel(_)) {
            return Err(error);
        }
        let second = Generator::of_anyones(bytes.to_vec(), &mut |_| None, &interface::Wishes::default());
        second.map_err(|refused| if error.is_precise() { error } else { refused })
    }

    /// Reads a model of anyone's by the whole of tract. `beside`: the bytes of another file that the model names.
    ///
    /// # Errors
    /// A [`LoadError`] whose message says what the file is instead, or what it lacks.
    #[cfg(feature = "all-operators")]
    pub fn of_anyones(
        bytes: Vec<u8>,
        beside: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
        wishes: &interface::Wishes,
    ) -> Result<Generator, LoadError> {
        let any = interface::Generator::from_bytes(bytes.into(), &mut |name| beside(name).map(Into::into), wishes)?;
        Ok(Generator {
            metadata: any.metadata().clone(),
            latent_size: any.latent_size(),
            image_shape: any.image_shape(),
            classes: any.classes(),
            engine: Mutex::new(Engine::Any(Box::new(any))),
        })
    }

    /// A model of Forger's own interface and operators.
    fn of_our_own(bytes: &[u8]) -> Result<Generator, LoadError> {
        if bytes.len() > FILE_LIMIT {
            let (found, limit) = (bytes.len() as u64, FILE_LIMIT as u64);
            return Err(LoadError::TooLarge { what: "the file's length in bytes", found, limit });
        }
        envelope::check(bytes)?;
        let mut model = pb::ModelProto::decode(bytes).map_err(|_| envelope::damaged("its graph is damaged"))?;
        let graph = model.graph.as_mut().ok_or_else(|| envelope::damaged("it holds no graph"))?;
        stored::unpack(graph)?;
        let Interface { latent_size, image_shape, .. } = Interface::of(graph)?;
        let plan = Plan::new(&Network::from_graph(graph)?).map_err(|reason| LoadError::Runtime { reason })?;
        let metadata = network::metadata(&model);
        let classes = plan.classes();
        let engine = Mutex::new(Engine::Steps(plan));
        let generator = Generator { metadata, latent_size, image_shape, classes, engine };
        match generator.generate(&vec![0.0; generator.latent_size()]) {
            Ok(_) => Ok(generator),
            Err(GenerateError::NotFinite { .. }) => Err(LoadError::NotFinite),
            Err(other) => Err(LoadError::Runtime { reason: other.to_string() }),
        }
    }

    /// What was taken for what, of a model that the whole of tract runs.
    #[cfg(feature = "all-operators")]
    pub fn interface(&self) -> Option<interface::Interface> {
        match &*self.engine.lock().unwrap_or_else(PoisonError::into_inner) {
            Engine::Any(any) => Some(any.interface().clone()),
            Engine::Steps(_) => None,
        }
    }

    /// Sets where an input rests that is neither latent vector nor class, by its name.
    ///
    /// # Errors
    /// A sentence if the model has no such input.
    #[cfg(feature = "all-operators")]
    pub fn set_rest(&self, name: &str, value: f32) -> Result<(), String> {
        match &mut *self.engine.lock().unwrap_or_else(PoisonError::into_inner) {
            Engine::Any(any) => any.set_rest(name, value).map_err(|refused| refused.to_string()),
            Engine::Steps(_) => Err("the model takes nothing beside its latent vector".into()),
        }
    }

    /// How many classes the model is told one of; 0 if it is told none.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many numbers make one latent vector: 100 for Forger's own models.
    pub fn latent_size(&self) -> usize {
        self.latent_size
    }

    /// Channels, height and width of a picture: [1, 28, 28] for Forger's own models.
    pub fn image_shape(&self) -> [usize; 3] {
        self.image_shape
    }

    /// The file's `metadata_props`, such as `forger.recipe`. They come from whoever made the file.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Draws a picture for each latent vector.
    ///
    /// `z`: [n, latent_size] row-major, n of any size, 0 included. Returns [n, channels · height · width], row-major;
    /// Forger's own models give values in [-1, 1], and what others give is put there.
    ///
    /// # Errors
    /// [`GenerateError`] where `z` is not whole vectors of finite numbers, or a picture is not.
    pub fn generate(&self, z: &[f32]) -> Result<Vec<f32>, GenerateError> {
        let mut images = Vec::with_capacity(z.len() / self.latent_size * self.pixels());
        self.generate_in_parts(z, &[], |part| images.extend_from_slice(part))?;
        Ok(images)
    }

    /// As [`generate`](Generator::generate), each picture of the class beside its latent vector. `classes`: [n], each below
    /// [`classes`](Generator::classes), or empty: then all are of class 0.
    ///
    /// # Errors
    /// As [`generate`](Generator::generate), and where there is no such class, or not one for each latent vector.
    pub fn generate_of(&self, z: &[f32], classes: &[u32]) -> Result<Vec<f32>, GenerateError> {
        let mut images = Vec::with_capacity(z.len() / self.latent_size * self.pixels());
        self.generate_in_parts(z, classes, |part| images.extend_from_slice(part))?;
        Ok(images)
    }

    /// As [`generate_of`](Generator::generate_of), the pictures handed to `take` some at a time, in order: for callers that put
    /// them somewhere else anyway. What was taken before an error is of no use.
    ///
    /// # Errors
    /// As [`generate_of`](Generator::generate_of).
    pub fn generate_in_parts(
        &self,
        z: &[f32],
        classes: &[u32],
        mut take: impl FnMut(&[f32]),
    ) -> Result<(), GenerateError> {
        let latent_size = self.latent_size;
        if let Some(&class) = classes.iter().find(|&&class| class as usize >= self.classes.max(1)) {
            return Err(GenerateError::Class { class, classes: self.classes });
        }
        if !z.len().is_multiple_of(latent_size) {
            return Err(GenerateError::Length { found: z.len(), latent_size });
        }
        let pictures = z.len() / latent_size;
        if !classes.is_empty() && classes.len() != pictures {
            return Err(GenerateError::Classes { found: classes.len(), pictures });
        }
        if let Some(position) = first_not_finite(z) {
            return Err(GenerateError::Latent { picture: position / latent_size, coordinate: position % latent_size });
        }
        // A thread that panicked holding the lock left a plan that is still whole: each run starts afresh.
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        for (batch, z) in z.chunks(BATCH * latent_size).enumerate() {
            let first = (batch * BATCH).min(classes.len());
            let classes = &classes[first..(first + BATCH).min(classes.len())];
            let flaw = engine.run(z, classes, |images| {
                let flaw = first_not_finite(images);
                if flaw.is_none() {
                    take(images);
                }
                flaw
            });
            match flaw.map_err(|reason| GenerateError::Runtime { reason })? {
                Some(position) => {
                    return Err(GenerateError::NotFinite { picture: batch * BATCH + position / self.pixels() });
                }
                None => continue,
            }
        }
        Ok(())
    }

    /// Numbers in one picture.
    fn pixels(&self) -> usize {
        self.image_shape.iter().product()
    }
}

impl Engine {
    fn run<T>(&mut self, z: &[f32], classes: &[u32], take: impl FnOnce(&[f32]) -> T) -> Result<T, String> {
        match self {
            Engine::Steps(plan) => plan.run(z, classes, take),
            #[cfg(feature = "all-operators")]
            Engine::Any(any) => any.generate(z, classes).map(|images| take(&images)).map_err(|error| error.to_string()),
        }
    }
}

/// Where the first NaN or infinity is.
fn first_not_finite(values: &[f32]) -> Option<usize> {
    const EXPONENT: u32 = 0x7f80_0000;
    // The usual answer first, by a loop without a way out in the middle, which the compiler vectorises: a hundred pictures
    // are looked through in a fiftieth of the time it takes to draw them.
    let all_finite = values.iter().fold(true, |all, value| all & (value.to_bits() & EXPONENT != EXPONENT));
    if all_finite { None } else { values.iter().position(|value| !value.is_finite()) }
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator")
            .field("latent_size", &self.latent_size())
            .field("image_shape", &self.image_shape())
            .finish_non_exhaustive()
    }
}
