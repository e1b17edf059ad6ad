//! What a run reports to programs: one JSON object a line, as it happens.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::checkpoint::EpochSums;
use engines::StepStats;
use failure::{Failure, Result};
use judge::Scores;

/// One line of `--log-json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Before the first step.
    Start {
        /// Name of the recipe.
        recipe: &'a str,
        /// `reference` or `fused`.
        engine: &'a str,
        /// What it runs on.
        device: &'a str,
        /// Key of every random number.
        seed: u64,
        /// Threads of the engine.
        threads: usize,
        /// Parameters of G and D together.
        parameters: usize,
        /// Name of the data set.
        dataset: &'a str,
        /// Steps done before, when a run goes on.
        resumed_at_step: u64,
    },
    /// After each epoch.
    Epoch(EpochEvent),
    /// After an epoch whose generator was judged.
    Evaluation {
        /// The epoch, from 0.
        epoch: u64,
        /// What the judge found.
        #[serde(flatten)]
        scores: Scores,
        /// Classes that the judge tells apart.
        of_classes: usize,
        /// How long that took; no part of any step's time.
        seconds: f64,
    },
    /// A failure with a name, said once.
    Warning {
        /// The epoch, from 0.
        epoch: u64,
        /// What people are told.
        message: String,
    },
    /// Instead of the model: why there is none.
    Failed {
        /// What went wrong and where.
        message: &'a str,
        /// What to do about it, where something can be done.
        hint: Option<&'a str>,
    },
    /// After the model is written.
    Done {
        /// The model file.
        out: &'a str,
        /// Seconds in steps, all sittings of the run together.
        train_seconds: f64,
        /// Seconds from start to end of this process's run.
        wall_seconds: f64,
    },
}

/// Means over an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochEvent {
    /// From 0.
    pub epoch: u64,
    /// Steps of the epoch.
    pub steps: u64,
    /// Wall time of steps alone; a step is one D and one G update.
    pub ms_per_step: f64,
    /// Training pictures a second, of steps alone.
    pub images_per_second: f64,
    /// What the steps reported, averaged.
    #[serde(flatten)]
    pub means: StepStats,
    /// How far apart the pictures of the sample sheet are, as a share of how far apart the data's are.
    pub spread: f64,
}

impl Event<'_> {
    /// One line of JSON, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("events are plain structs of finite numbers")
    }

    /// Its numbers by name, but for the epoch's.
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let value = serde_json::to_value(self).expect("events are plain structs of finite numbers");
        let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "epoch");
        fields.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()
    }
}

impl EpochEvent {
    /// The means of `sums`, over minibatches of `batch`; the spread is for the caller to say.
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

    /// The values that a run of the same seed gives again, those of the judge among them where it was asked, as JSON: what
    /// goes into the model file.
    pub fn reproducible(&self, scores: Option<&Scores>) -> String {
        /// What the epoch and its evaluation say as one object.
        #[derive(Serialize)]
        struct Both<'a> {
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

/// Where events go: nowhere, a file, or standard output.
pub struct EventLog(Option<Box<dyn Write>>);

impl EventLog {
    /// Opens `target`: a path, or `-` for standard output.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn open(target: Option<&Path>) -> Result<Self> {
        let Some(path) = target else { return Ok(Self(None)) };
        if path == Path::new("-") {
            return Ok(Self(Some(Box::new(io::stdout()))));
        }
        let file = File::create(path).map_err(|error| {
            Failure::failed(format!("`--log-json {}` cannot be written: {error}", path.display()))
                .hint("give a file in a folder that exists, or `-` for standard output")
        })?;
        Ok(Self(Some(Box::new(file))))
    }

    /// Writes how a run ended that failed. Where it failed before its log was opened, there is only standard output to write
    /// to: a file may be the log of another run, which is why this one failed.
    pub fn write_failure(log: Option<Self>, target: Option<&Path>, failure: &Failure) {
        let on_stdout = target.filter(|path| *path == Path::new("-"));
        let Ok(mut log) = log.map_or_else(|| Self::open(on_stdout), Ok) else { return };
        log.write(&Event::Failed { message: &failure.message, hint: failure.hint.as_deref() });
    }

    /// Writes one event. A log that can no longer be written (a closed pipe, a full disk) is given up, once and
    /// silently: it must not end a training run.
    pub fn write(&mut self, event: &Event) {
        let Some(target) = &mut self.0 else { return };
        if writeln!(target, "{}", event.to_line()).and_then(|()| target.flush()).is_err() {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let scores = Scores { samples: 10, fid: 8.5, classes: 9, kl: 0.25, precision: 0.5, recall: 0.75 };
        let json = epoch.reproducible(Some(&scores));
        assert!(!json.contains("second") && json.contains(r#""fid":8.5"#), "{json}");
        assert!(!epoch.reproducible(None).contains("fid"));
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
