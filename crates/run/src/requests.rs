//! What a run is asked for from outside while it trains, as signals do: to stop, or to write a checkpoint and go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Flags that anybody may set, on any thread; a run looks at them between steps.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Asks the run to write a checkpoint and end.
    pub stop: Arc<AtomicBool>,
    /// Asks the run to write a checkpoint and go on; the run takes the flag down when it does.
    pub checkpoint: Arc<AtomicBool>,
}

/// What the run is to do before its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Close the epoch, which is over.
    EndOfEpoch,
    /// Write a checkpoint and go on.
    Checkpoint,
    /// Write a checkpoint and end.
    Stop,
}

impl Requests {
    /// Says whether anything is asked for.
    pub(crate) fn is_any(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.checkpoint.load(Ordering::Relaxed)
    }

    /// Takes what is asked for: a stop before a checkpoint, which it writes too.
    pub(crate) fn take(&self) -> Option<Pause> {
        match (self.stop.load(Ordering::Relaxed), self.checkpoint.swap(false, Ordering::Relaxed)) {
            (true, _) => Some(Pause::Stop),
            (false, true) => Some(Pause::Checkpoint),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_asked_for_once_and_a_stop_stays() {
        let requests = Requests::default();
        assert_eq!((requests.is_any(), requests.take()), (false, None));
        requests.checkpoint.store(true, Ordering::Relaxed);
        assert_eq!((requests.is_any(), requests.take(), requests.take()), (true, Some(Pause::Checkpoint), None));
        requests.stop.store(true, Ordering::Relaxed);
        assert_eq!((requests.take(), requests.take()), (Some(Pause::Stop), Some(Pause::Stop)));
    }
}
