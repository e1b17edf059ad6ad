//! Training from start to end. The loop is here; what happens at each of its turns is in [`crate::session`].

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use data::Source;
use engines::choose::{DeviceChoice, EngineChoice};
use failure::Result;
use gan::recipe::Recipe;

use crate::console::Console;
use crate::events::EventLog;
use crate::session::Session;

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
    /// Lose a finished run that is in the run folder, rather than move it aside.
    pub overwrite: bool,
    /// Where events go.
    pub log_json: Option<PathBuf>,
    /// Where event files for TensorBoard go.
    pub tensorboard: Option<PathBuf>,
    /// Threads of the engine.
    pub threads: usize,
    /// Epochs between evaluations; 0 for none at all.
    pub evaluate_every: u64,
    /// Epochs done, from 1, after each of which the model is kept in the run folder.
    pub keep_models: Vec<u64>,
    /// Whether the size of a minibatch was asked for: then it is not lowered to the pictures that there are.
    pub keeps_batch: bool,
    /// Runs of as many seeds, from `seed` on, at once.
    pub replicas: usize,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The model is written.
    Done,
    /// `stop` was set; a checkpoint is written.
    Interrupted,
}

/// Trains, until done or until `stop` is set; a failure ends the events too.
///
/// # Errors
/// Everything that [`failure::Failure`] can say; what can be found out before the first step is.
pub fn train(options: &Options, stop: &AtomicBool, console: &mut Console) -> Result<Outcome> {
    let mut log = None;
    let outcome = train_logged(options, stop, console, &mut log);
    if let Err(failure) = &outcome {
        EventLog::write_failure(log, options.log_json.as_deref(), failure);
    }
    outcome
}

/// Trains, with `log` open as soon as the run's folders are its own.
fn train_logged(
    options: &Options,
    stop: &AtomicBool,
    console: &mut Console,
    log: &mut Option<EventLog>,
) -> Result<Outcome> {
    let Some(mut session) = Session::prepare(options, stop, console, log)? else {
        return Ok(Outcome::Interrupted);
    };
    session.begin()?;
    while session.epochs_done() < options.epochs {
        if !session.rest_of_epoch(stop)? {
            session.interrupt()?;
            return Ok(Outcome::Interrupted);
        }
        session.close_epoch()?;
    }
    session.close()?;
    Ok(Outcome::Done)
}
