//! What a run reports to programs: one JSON object a line, as it happens.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use failure::{Failure, Result};
use judge::Scores;
pub use record::epoch::EpochEvent;

/// One line of `--log-json`; an epoch's lines go into the run's `metrics.jsonl` too.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Comes before the first step of a sitting.
    Start {
        /// Names the recipe.
        recipe: &'a str,
        /// Names what does the steps: `reference` or `fused`.
        engine: &'a str,
        /// Says what the engine runs on: `cpu`, or the GPU's name.
        device: &'a str,
        /// Is the key of every random number.
        seed: u64,
        /// Counts the engine's threads.
        threads: usize,
        /// Counts the parameters of G and D together.
        parameters: usize,
        /// Names the data set.
        dataset: &'a str,
        /// Counts the steps done in earlier sittings; 0 for a run that starts.
        resumed_at_step: u64,
    },
    /// Comes after each epoch.
    Epoch(EpochEvent),
    /// Comes after an epoch whose generator was judged.
    Evaluation {
        /// Numbers the epoch, from 0.
        epoch: u64,
        /// Holds what the judge found.
        #[serde(flatten)]
        scores: Scores,
        /// Counts the classes that the judge tells apart.
        of_classes: usize,
        /// Says how many seconds judging took; they are no part of any step's time.
        seconds: f64,
    },
    /// Tells of a failure with a name, once in a run.
    Warning {
        /// Numbers the epoch, from 0.
        epoch: u64,
        /// Holds the sentence that people are told.
        message: String,
    },
    /// Comes instead of the model where there is none.
    Failed {
        /// Says what went wrong and where.
        message: &'a str,
        /// Says what to do about it, where something can be done.
        hint: Option<&'a str>,
    },
    /// Comes after the model is written.
    Done {
        /// Names the model file.
        out: &'a str,
        /// Sums up the seconds spent in steps, over all sittings of the run.
        train_seconds: f64,
        /// Says how many seconds this sitting took from start to end.
        wall_seconds: f64,
    },
}

impl Event<'_> {
    /// Writes the event as one line of JSON, without the line's end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("events are plain structs of finite numbers")
    }

    /// Gives the event's numbers by name, all but the epoch's: the scalars of an event file for TensorBoard.
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let value = serde_json::to_value(self).expect("events are plain structs of finite numbers");
        let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "epoch");
        fields.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()
    }
}

/// The place that events are written to: nowhere, a file, or standard output.
pub struct EventLog {
    target: Option<Box<dyn Write>>,
    /// Why it was given up, until somebody asks.
    given_up: Option<io::Error>,
}

impl EventLog {
    /// Opens `target`: a path, or `-` for standard output; without one, events go nowhere.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn open(target: Option<&Path>) -> Result<Self> {
        let to = |target| Self { target, given_up: None };
        let Some(path) = target else { return Ok(to(None)) };
        if path == Path::new("-") {
            return Ok(to(Some(Box::new(io::stdout()))));
        }
        let file = File::create(path).map_err(|error| {
            Failure::failed(format!("`--log-json {}` cannot be written: {error}", path.display()))
                .hint("give a file in a folder that exists, or `-` for standard output")
        })?;
        Ok(to(Some(Box::new(file))))
    }

    /// Writes how a run ended that failed. Where it failed before its log was opened, there is only standard output to write
    /// to: a file may be the log of another run, which is why this one failed.
    pub fn write_failure(log: Option<Self>, target: Option<&Path>, failure: &Failure) {
        let on_stdout = target.filter(|path| *path == Path::new("-"));
        let Ok(mut log) = log.map_or_else(|| Self::open(on_stdout), Ok) else { return };
        log.write(&Event::Failed { message: &failure.message, hint: failure.hint.as_deref() });
    }

    /// Writes one event. A log that can no longer be written (a closed pipe, a full disk) is given up: it must not end a training
    /// run.
    pub fn write(&mut self, event: &Event) {
        let Some(target) = &mut self.target else { return };
        if let Err(error) = writeln!(target, "{}", event.to_line()).and_then(|()| target.flush()) {
            self.target = None;
            self.given_up = Some(error);
        }
    }

    /// Says why the log was given up, once, in a sentence; a reader that has gone away knows it.
    pub fn given_up(&mut self) -> Option<String> {
        let error = self.given_up.take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)?;
        Some(format!("the events can no longer be written: {error}; the run goes on without them"))
    }
}

#[cfg(test)]
mod tests {
    use engines::StepStats;
    use record::epoch::EpochSums;

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_log_that_cannot_be_written_is_told_once() {
        let mut log = EventLog::open(Some(Path::new("/dev/full"))).unwrap();
        assert_eq!(log.given_up(), None);
        for _ in 0..2 {
            log.write(&Event::Failed { message: "", hint: None });
        }
        assert!(log.given_up().is_some_and(|why| why.contains("No space left on device")));
        assert_eq!(log.given_up(), None);
    }

    #[test]
    fn events_have_the_names_of_the_contract() {
        let mut sums = EpochSums::default();
        let stats =
            StepStats { d_loss: 1.0, g_loss: 2.0, d_real: 0.5, d_fake: 0.25, r1: 0.0, r2: 0.0, ..Default::default() };
        sums.add(&stats, 0.5);
        sums.add(&StepStats { d_loss: 3.0, ..stats }, 0.5);
        let epoch = EpochEvent::new(4, 100, &sums);
        assert_eq!(
            serde_json::to_string(&Event::Epoch(epoch)).unwrap(),
            r#"{"event":"epoch","epoch":4,"steps":2,"ms_per_step":500.0,"images_per_second":200.0,"d_loss":2.0,"g_loss":2.0,"d_real":0.5,"d_fake":0.25,"r1":0.0,"r2":0.0,"d_margin":0.0,"d_accuracy_real":0.0,"d_accuracy_fake":0.0,"g_gradient":0.0,"spread":0.0}"#
        );
        let scores =
            Scores { samples: 10, fid: 8.5, classes: 9, kl: 0.25, precision: 0.5, recall: 0.75, in_class: None };
        let json = epoch.reproducible(Some(&scores));
        assert!(!json.contains("second") && json.contains(r#""fid":8.5"#), "{json}");
        assert!(!epoch.reproducible::<Scores>(None).contains("fid"));
        assert_eq!(
            serde_json::to_string(&Event::Evaluation { epoch: 4, scores, of_classes: 10, seconds: 1.5 }).unwrap(),
            r#"{"event":"evaluation","epoch":4,"samples":10,"fid":8.5,"classes":9,"kl":0.25,"precision":0.5,"recall":0.75,"of_classes":10,"seconds":1.5}"#
        );
        let failed = Event::Failed { message: "the disk is full", hint: None };
        assert_eq!(failed.to_line(), r#"{"event":"failed","message":"the disk is full","hint":null}"#);
        let done = Event::Done { out: "gen.onnx", train_seconds: 1.0, wall_seconds: 2.0 };
        assert_eq!(
            serde_json::to_string(&done).unwrap(),
            r#"{"event":"done","out":"gen.onnx","train_seconds":1.0,"wall_seconds":2.0}"#
        );
    }
}
