//! An epoch: the sums over its steps, and what is told of it when it is whole.

use gan::StepStats;
use serde::{Deserialize, Serialize};

/// Sums over the steps of the epoch under way; the means of an epoch survive an interruption inside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochSums {
    /// Steps summed up.
    pub steps: u64,
    /// Seconds of those steps.
    pub seconds: f64,
    #[serde(flatten)]
    pub(crate) sums: StepStats,
}

impl EpochSums {
    /// Adds one step.
    pub fn add(&mut self, stats: &StepStats, seconds: f64) {
        self.steps += 1;
        self.seconds += seconds;
        self.sums = self.sums.zip_with(stats, |sum, value| sum + value);
    }

    /// Means over the steps.
    pub fn means(&self) -> StepStats {
        let steps = self.steps.max(1) as f64;
        self.sums.zip_with(&self.sums, |sum, _| sum / steps)
    }
}

/// What is told of an epoch: its times, the means of [`gan::STATISTICS`] over its steps, and the spread of its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochEvent {
    /// Numbers the epoch, from 0.
    pub epoch: u64,
    /// Counts the steps of the epoch.
    pub steps: u64,
    /// Gives the wall time of a step in milliseconds, of steps alone; a step is one D and one G update.
    pub ms_per_step: f64,
    /// Counts the training pictures that a second of steps takes.
    pub images_per_second: f64,
    /// Holds what the steps reported, averaged over the epoch.
    #[serde(flatten)]
    pub means: StepStats,
    /// Says how far apart the pictures of the sample sheet are, as a share of how far apart the data's are.
    pub spread: f64,
}

impl EpochEvent {
    /// Makes the event of epoch `epoch`, from 0, from the sums over its steps, each of a minibatch of `batch` pictures. The spread
    /// is left at 0, for the caller to say.
    pub fn new(epoch: u64, batch: usize, sums: &EpochSums) -> Self {
        Self {
            epoch,
            steps: sums.steps,
            ms_per_step: sums.seconds * 1e3 / sums.steps.max(1) as f64,
            images_per_second: (sums.steps * batch as u64) as f64 / sums.seconds.max(f64::MIN_POSITIVE),
            means: sums.means(),
            spread: 0.0,
        }
    }

    /// Writes the values that a run of the same seed gives again, the judge's `scores` among them where it was asked, as JSON:
    /// what goes into the model file.
    ///
    /// # Panics
    /// If the scores are no plain struct of numbers.
    pub fn reproducible<Scores: Serialize>(&self, scores: Option<&Scores>) -> String {
        /// Joins what the epoch and its evaluation say into one object.
        #[derive(Serialize)]
        struct Both<'a, Scores> {
            #[serde(flatten)]
            epoch: &'a EpochEvent,
            #[serde(flatten)]
            scores: Option<&'a Scores>,
        }
        let mut value = serde_json::to_value(Both { epoch: self, scores }).expect("numbers are JSON");
        let object = value.as_object_mut().expect("a struct is an object");
        object.remove("ms_per_step");
        object.remove("images_per_second");
        value.to_string()
    }
}
