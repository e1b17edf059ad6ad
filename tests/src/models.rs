//! The models under test: a trained one where there is one, and always two with invented weights.

use std::fs;
use std::path::{Path, PathBuf};

use engines::State;
use gan::DataShape;
use gan::recipe::Recipe;
use noise;
use run::checkpoint::{Checkpoint, EpochSums, Identity, Parity};

use crate::reference::reference_pictures;
use crate::tools;

/// The trained model under test.
const MODEL: &str = "FORGER_MODEL";
/// Of the invented weights; the models differ by it too.
const SEED: u64 = 11;
/// Biases of training stay within this.
const BIAS_LIMIT: f32 = 0.5;
/// Parity vectors of an invented model.
const PARITY: usize = 3;

/// A model file and the checkpoint that it was made from.
pub struct Model {
    /// For messages.
    pub name: String,
    /// The model file.
    pub onnx: Vec<u8>,
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
}

/// The trained model, if `FORGER_MODEL` names one; one with invented weights for each built-in recipe: `stable` has an
/// average of its weights, `seed` has none.
///
/// # Panics
/// If `FORGER_MODEL` or its checkpoint cannot be read.
pub fn models() -> Vec<Model> {
    trained().into_iter().chain(["stable", "seed"].map(invented)).collect()
}

/// The trained model that `FORGER_MODEL` names; where it names none, that is said, or is a failure if all is required.
///
/// # Panics
/// As [`models`].
pub fn trained() -> Option<Model> {
    tools::variable(MODEL, "trained model").map(|path| read(&path))
}

/// A model with random weights, about as large as trained ones.
pub fn invented(recipe: &str) -> Model {
    let recipe = Recipe::load(recipe, &toml::Table::new()).expect("a built-in recipe");
    let data = DataShape::grey(28, 28);
    let name = format!("invented {}", recipe.name);
    let identity = Identity {
        recipe,
        seed: SEED,
        epochs: 1,
        dataset: "none".to_owned(),
        pictures_crc32: 0,
        data,
        classes: Vec::new(),
    };
    let mut checkpoint = Checkpoint {
        state: state(&identity),
        epochs_done: 1,
        sums: EpochSums::default(),
        train_seconds: 0.0,
        metrics: "{}".to_owned(),
        made_by: ["none", "cpu", "1"].map(str::to_owned),
        parity: Parity { z: Vec::new(), labels: Vec::new(), image: Vec::new() },
        asked: None,
        identity,
    };
    let z = noise::sample_z(SEED, PARITY, checkpoint.identity.recipe.latent);
    let image = reference_pictures(&checkpoint.to_bytes(), &z).expect("a checkpoint of the trainer's own");
    checkpoint.parity = Parity { z, labels: Vec::new(), image };
    let checkpoint = checkpoint.to_bytes();
    let onnx = exporter::export(&checkpoint).expect("the trainer's checkpoints can be exported");
    Model { name, onnx, checkpoint }
}

/// Starting weights with biases; the average, where there is one, has others, so that the two cannot be mixed up.
fn state(identity: &Identity) -> State {
    let (generator, _) = identity.layouts();
    let state = |seed: u64| {
        let mut state = State::initial(&identity.recipe, identity.data, seed);
        let mut biases = vec![0.0; generator.len()];
        noise::fill_uniform(seed, 0, f64::from(BIAS_LIMIT), &mut biases);
        for tensor in generator.tensors.iter().filter(|tensor| tensor.shape.len() == 1) {
            state.generator.parameters[tensor.range.clone()].copy_from_slice(&biases[tensor.range.clone()]);
        }
        state
    };
    let average = state(SEED + 1).generator.parameters;
    State { ema: identity.recipe.has_ema().then_some(average), ..state(SEED) }
}

fn read(onnx: &Path) -> Model {
    let checkpoint = onnx.with_extension("run").join("checkpoint.safetensors");
    let read = |path: &PathBuf| {
        fs::read(path).unwrap_or_else(|error| panic!("`{MODEL}`: `{}` cannot be read: {error}", path.display()))
    };
    Model { name: onnx.display().to_string(), onnx: read(&onnx.to_owned()), checkpoint: read(&checkpoint) }
}
