//! How far a run has come, and the end of one that has diverged.

use failure::{Failure, Result};
use gan::StepStats;

use crate::epoch::EpochSums;

/// A loss beyond this has exploded. The largest epoch's mean of `seed`, which is unstable, is 7.
const LARGEST_LOSS: f64 = 1e5;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Counts the steps done.
    pub step: u64,
    /// Counts the whole epochs done.
    pub epoch: u64,
    /// Holds the sums over the steps of the epoch under way.
    pub sums: EpochSums,
    /// Sums up the seconds spent in steps.
    pub train_seconds: f64,
}

impl Progress {
    /// Counts steps that were done, by what they reported.
    ///
    /// # Errors
    /// A loss that is no number, or has exploded.
    pub fn take(&mut self, stats: &[StepStats], seconds: f64) -> Result<()> {
        let seconds_each = seconds / stats.len().max(1) as f64;
        for stats in stats {
            if !stats.is_finite() || stats.d_loss.abs().max(stats.g_loss.abs()) > LARGEST_LOSS {
                return Err(diverged(self.step, self.epoch, stats));
            }
            self.sums.add(stats, seconds_each);
            self.step += 1;
        }
        self.train_seconds += seconds;
        Ok(())
    }
}

/// Makes the failure of a run whose numbers at a step, of `epoch` counted from 0, are none to go on with.
pub fn diverged(step: u64, epoch: u64, stats: &StepStats) -> Failure {
    let StepStats { d_loss, g_loss, .. } = stats;
    Failure::failed(format!(
        "training has diverged at step {step}, in epoch {epoch}: D's loss is {d_loss:.3e}, G's {g_loss:.3e}, and some weights \
         or losses are no longer numbers to go on with"
    ))
    .hint(match epoch {
        0 => "try a lower `--lr` or a larger `--r1-gamma`",
        _ => "the checkpoint of the last whole epoch is kept; try a lower `--lr` or a larger `--r1-gamma`",
    })
}
