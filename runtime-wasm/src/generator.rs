//! The generator as callers see it: load once, generate any number of pictures at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prost::Message;
use tract_onnx::pb;

use crate::network::{self, Network};
use crate::plan::Plan;
use crate::{GenerateError, LoadError, envelope};

/// Pictures in the larger of the two plans: a sheet of 10 by 10 is one run.
const BATCH: usize = 100;
/// From this many pictures on, a padded batch costs less than one run for each: in V8, on the generator of the default
/// recipe, one picture takes 28 µs and a batch of 100 takes 2.2 ms.
const PADDED_FROM: usize = 79;
/// A file is held in memory about five times while it is loaded; this much a browser still gives.
const FILE_LIMIT: usize = 64 << 20;

/// A generator read from an ONNX file, ready to run.
pub struct Generator {
    metadata: BTreeMap<String, String>,
    network: Network,
    plans: Mutex<Plans>,
}

/// Plans of two sizes serve any number of pictures, so memory stays bounded and no call waits for a new plan but the
/// first large one.
struct Plans {
    single: Plan,
    /// Made when first wanted: the first picture should not wait for it.
    batch: Option<Plan>,
}

impl Generator {
    /// Reads a model: one input `z`, float32 [batch, latent size]; one output `image`, float32 [batch, channels, height,
    /// width]; the batch left open in both.
    ///
    /// # Errors
    /// A [`LoadError`] whose message says what is wrong with the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Generator, LoadError> {
        if bytes.len() > FILE_LIMIT {
            let (found, limit) = (bytes.len() as u64, FILE_LIMIT as u64);
            return Err(LoadError::TooLarge { what: "the file's length in bytes", found, limit });
        }
        envelope::check(bytes)?;
        let model =
            pb::ModelProto::decode(bytes).map_err(|_| LoadError::NotOnnx { reason: "its graph is damaged".into() })?;
        let graph = model.graph.as_ref().ok_or_else(|| LoadError::NotOnnx { reason: "it holds no graph".into() })?;
        let network = Network::from_graph(graph)?;
        let single = Plan::new(&network, 1).map_err(|reason| LoadError::Runtime { reason })?;
        let metadata = network::metadata(&model);
        let generator = Generator { metadata, network, plans: Mutex::new(Plans { single, batch: None }) };
        match generator.generate(&vec![0.0; generator.latent_size()]) {
            Ok(_) => Ok(generator),
            Err(GenerateError::NotFinite { .. }) => Err(LoadError::NotFinite),
            Err(other) => Err(LoadError::Runtime { reason: other.to_string() }),
        }
    }

    /// How many numbers make one latent vector: 100 for Forger's own models.
    pub fn latent_size(&self) -> usize {
        self.network.latent_size
    }

    /// Channels, height and width of a picture: [1, 28, 28] for Forger's own models.
    pub fn image_shape(&self) -> [usize; 3] {
        self.network.image_shape
    }

    /// The file's `metadata_props`, such as `forger.recipe`. They come from whoever made the file.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Draws a picture for each latent vector.
    ///
    /// `z`: [n, latent_size] row-major, n of any size, 0 included. Returns [n, channels · height · width], row-major;
    /// Forger's own models give values in [-1, 1].
    ///
    /// # Errors
    /// [`GenerateError`] where `z` is not whole vectors of finite numbers, or a picture is not.
    pub fn generate(&self, z: &[f32]) -> Result<Vec<f32>, GenerateError> {
        let latent_size = self.latent_size();
        if !z.len().is_multiple_of(latent_size) {
            return Err(GenerateError::Length { found: z.len(), latent_size });
        }
        if let Some(position) = z.iter().position(|value| !value.is_finite()) {
            return Err(GenerateError::Latent { picture: position / latent_size, coordinate: position % latent_size });
        }
        let pixels = self.network.pixels();
        let mut images = Vec::with_capacity(z.len() / latent_size * pixels);
        // A thread that panicked holding the lock left plans that are still whole: each run starts afresh.
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in z.chunks(BATCH * latent_size) {
            plans.run(&self.network, chunk, &mut images).map_err(|reason| GenerateError::Runtime { reason })?;
        }
        match images.iter().position(|value| !value.is_finite()) {
            Some(position) => Err(GenerateError::NotFinite { picture: position / pixels }),
            None => Ok(images),
        }
    }
}

impl Plans {
    /// Runs at most [`BATCH`] latent vectors and appends their pictures to `images`.
    fn run(&mut self, network: &Network, z: &[f32], images: &mut Vec<f32>) -> Result<(), String> {
        let pictures = z.len() / network.latent_size;
        if pictures < PADDED_FROM {
            return z.chunks(network.latent_size).try_for_each(|z| self.single.run(z, images));
        }
        let batch = match &mut self.batch {
            Some(plan) => plan,
            empty => empty.insert(Plan::new(network, BATCH)?),
        };
        if pictures == BATCH {
            return batch.run(z, images);
        }
        let mut padded = z.to_vec();
        padded.resize(BATCH * network.latent_size, 0.0);
        let wanted = images.len() + pictures * network.pixels();
        batch.run(&padded, images)?;
        images.truncate(wanted);
        Ok(())
    }
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator")
            .field("latent_size", &self.latent_size())
            .field("image_shape", &self.image_shape())
            .finish_non_exhaustive()
    }
}
