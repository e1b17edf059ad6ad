//! Training from start to end. The loop is here; what happens at each of its turns is in [`crate::session`].

use std::path::Path;

use failure::Result;

use crate::checkpoint::Checkpoint;
use crate::console::Console;
use crate::events::EventLog;
use crate::fleet;
use crate::folder::checkpoint_beside;
use crate::requests::{Pause, Requests};
use crate::session::Session;

pub use crate::options::Options;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The model is written.
    Done,
    /// A stop was asked for; a checkpoint is written.
    Interrupted,
}

/// The checkpoint that the run of the model `out` would go on from, for its settings; none where there is no run yet. Of several
/// replicas, that of the first, whose seed is `seed`.
///
/// # Errors
/// A checkpoint that is there and cannot be read.
pub fn kept(out: &Path, seed: u64, replicas: usize) -> Result<Option<Checkpoint>> {
    if replicas == 1 { checkpoint_beside(out) } else { checkpoint_beside(&fleet::out_of(out, seed)) }
}

/// Trains, until done or until a stop is asked for; a failure ends the events too.
///
/// # Errors
/// Everything that [`failure::Failure`] can say; what can be found out before the first step is.
pub fn train(options: &Options, requests: &Requests, console: &mut Console) -> Result<Outcome> {
    let mut log = None;
    let outcome = train_logged(options, requests, console, &mut log);
    if let Err(failure) = &outcome {
        EventLog::write_failure(log, options.log_json.as_deref(), failure);
    }
    outcome
}

/// Trains, with `log` open as soon as the run's folders are its own.
fn train_logged(
    options: &Options,
    requests: &Requests,
    console: &mut Console,
    log: &mut Option<EventLog>,
) -> Result<Outcome> {
    let Some(mut session) = Session::prepare(options, &requests.stop, console, log)? else {
        return Ok(Outcome::Interrupted);
    };
    session.begin()?;
    while session.epochs_done() < options.epochs {
        match session.rest_of_epoch(requests)? {
            Pause::EndOfEpoch => session.close_epoch()?,
            Pause::Checkpoint => session.checkpoint()?,
            Pause::Stop => {
                session.interrupt()?;
                return Ok(Outcome::Interrupted);
            }
        }
    }
    session.close()?;
    Ok(Outcome::Done)
}
