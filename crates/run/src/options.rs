//! What a run is asked for, whoever asks: the command line, a study's worker, a test.

use std::path::PathBuf;

use data::Source;
use engines::choose::{DeviceChoice, EngineChoice};
use gan::recipe::Recipe;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Epochs of the whole run.
    pub epochs: u64,
    /// The model file.
    pub out: PathBuf,
    /// Every hyperparameter.
    pub recipe: Recipe,
    /// `--engine`.
    pub engine: EngineChoice,
    /// `--device`.
    pub device: DeviceChoice,
    /// Key of every random number.
    pub seed: u64,
    /// Which pictures.
    pub source: Source,
    /// Go on from the run folder.
    pub resume: bool,
    /// The run whose weights a new run starts from, as a path that [`crate::folder::read_run`] takes.
    pub from: Option<PathBuf>,
    /// Lose a finished run that is in the run folder, rather than move it aside.
    pub overwrite: bool,
    /// Where events go.
    pub log_json: Option<PathBuf>,
    /// Where event files for TensorBoard go.
    pub tensorboard: Option<PathBuf>,
    /// Threads of the engine.
    pub threads: usize,
    /// The same, if a number was asked for.
    pub threads_asked: Option<u16>,
    /// Epochs between evaluations; 0 for none at all.
    pub evaluate_every: u64,
    /// Epochs done, from 1, after each of which the model is kept in the run folder.
    pub keep_models: Vec<u64>,
    /// Whether the size of a minibatch was asked for: then it is not lowered to the pictures that there are.
    pub keeps_batch: bool,
    /// Runs of as many seeds, from `seed` on, at once.
    pub replicas: usize,
}
