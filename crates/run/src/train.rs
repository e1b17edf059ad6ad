//! Training from start to end. The loop is here; what happens at each of its turns is in [`crate::session`].

use std::sync::atomic::AtomicBool;

use failure::Result;

use crate::console::Console;
use crate::events::EventLog;
use crate::session::Session;

pub use crate::options::Options;

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
