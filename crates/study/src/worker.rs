//! One run of a study from claim to end, in a process of its own: what the local pool starts, and what a Slurm task is.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::folder::{ATTEMPTS, Claim, Owner, State, StudyFolder};
use super::plan::Plan;
use engines::choose::{DeviceChoice, EngineChoice};
use failure::{Failure, Result};
use judge::schedule::JUDGE_FILE;
use run::console::Console;
use run::folder::read_run;
use run::history::History;
use run::requests::Requests;
use run::train::{Options, Outcome, train};
use run::watch;

/// The model of a run, beside `gen.run`.
pub const MODEL: &str = "gen.onnx";
/// The run folder within a run of a study.
pub const RUN: &str = "gen.run";
const RESULT: &str = "result.json";

/// What is left of a run for the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Of the last evaluation, as the next four; nothing in a study without.
    pub fid: Option<f64>,
    /// Classes covered.
    pub classes: Option<f64>,
    /// Classes that the judge tells apart.
    pub of_classes: Option<f64>,
    /// Share of the generated pictures that lie among real ones.
    pub precision: Option<f64>,
    /// Share of the real pictures that lie among the generated.
    pub recall: Option<f64>,
    /// Spread of the last sample sheet, as a share of the data's.
    pub spread: Option<f64>,
    /// Whether the run was ever told of mode collapse while it trained.
    pub was_named_collapsed: bool,
    /// Seconds in steps, all sittings together.
    pub train_seconds: f64,
}

impl RunResult {
    /// Whether the generator has collapsed at the end: what [`watch`] calls so, or any class missing. Nothing if it was not
    /// looked at.
    pub fn collapsed(&self) -> Option<bool> {
        let classes = self.classes.zip(self.of_classes).map(|(covered, of)| [covered as usize, of as usize]);
        let spread = self.spread?;
        Some(watch::is_collapse(spread, classes) || classes.is_some_and(|[covered, of]| of > 1 && covered < of))
    }

    /// The result in the folder of a run that is done.
    ///
    /// # Errors
    /// None there, or a damaged one.
    pub fn read(run: &Path) -> Result<Self> {
        let file = run.join(RESULT);
        let bad =
            |error: &dyn std::fmt::Display| Failure::failed(format!("`{}` cannot be read: {error}", file.display()));
        serde_json::from_slice(&fs::read(&file).map_err(|error| bad(&error))?).map_err(|error| bad(&error))
    }

    fn of(run: &Path) -> Result<Self> {
        let (checkpoint, metrics) = read_run(&run.join(RUN))?;
        let history = History::parse(metrics.lines());
        let named = history.texts("message").iter().any(|(_, message)| message.starts_with(watch::COLLAPSE));
        Ok(Self {
            fid: history.last("fid"),
            classes: history.last("classes"),
            of_classes: history.last("of_classes"),
            precision: history.last("precision"),
            recall: history.last("recall"),
            spread: history.last("spread"),
            was_named_collapsed: named,
            train_seconds: checkpoint.train_seconds,
        })
    }
}

/// How a worker's time with a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The run is done.
    Done,
    /// A stop was asked for; the run is back in the queue, with a checkpoint.
    Interrupted,
    /// The run is somebody else's, or over.
    NotOurs,
}

/// Works on run `index` until it is done, has failed as often as it may, or a stop is asked for.
///
/// # Errors
/// What the run failed of the last time, or a disk that refuses.
pub fn work(study: &StudyFolder, index: usize, threads: usize, requests: &Requests) -> Result<Ending> {
    let Some(claim) = study.claim(index, Owner::this_process())? else { return Ok(Ending::NotOurs) };
    loop {
        match attempt(study, &claim, index, threads, requests) {
            Ok(Outcome::Done) => {
                claim.release(State::Done)?;
                return Ok(Ending::Done);
            }
            Ok(Outcome::Interrupted) => {
                claim.release(State::Queued)?;
                return Ok(Ending::Interrupted);
            }
            Err(failure) => {
                let count = claim.note_failure(&failure.to_string())?;
                if count >= ATTEMPTS {
                    claim.release(State::Failed)?;
                    return Err(failure);
                }
                eprintln!("attempt {count} of {ATTEMPTS} failed: {failure}");
            }
        }
    }
}

fn attempt(study: &StudyFolder, claim: &Claim, index: usize, threads: usize, requests: &Requests) -> Result<Outcome> {
    let Plan { engine, device, runs, .. } = &study.plan;
    let setting = study.plan.setting(index);
    take_judge(&study.judge(setting), claim.path())?;
    let engine = EngineChoice::from_str(engine, false).map_err(Failure::usage)?;
    let options = Options {
        epochs: setting.epochs,
        out: claim.path().join(MODEL),
        recipe: setting.recipe.clone(),
        engine,
        device: device.parse::<DeviceChoice>().map_err(Failure::usage)?,
        seed: runs[index].seed,
        source: setting.source(),
        // A checkpoint that cannot be read costs the run its time, not its result.
        resume: read_run(&claim.path().join(RUN)).is_ok(),
        from: None,
        overwrite: true,
        // What the pool that started us, if one did, reads of our progress.
        log_json: Some("-".into()),
        tensorboard: None,
        threads,
        threads_asked: u16::try_from(threads).ok(),
        evaluate_every: study.plan.evaluate_every(setting),
        keep_models: Vec::new(),
        keeps_batch: setting.values.contains_key("batch"),
        replicas: 1,
    };
    let outcome = train(&options, requests, &mut Console::new(false).beside_json(true))?;
    if outcome == Outcome::Done {
        let result = RunResult::of(claim.path())?;
        let json = serde_json::to_vec_pretty(&result).expect("numbers are JSON");
        let file = claim.path().join(RESULT);
        files::write_whole(&file, &json)
            .map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", file.display())))?;
    }
    Ok(outcome)
}

/// Gives the run the judge that was made for the whole study, if there is one: minutes saved by each run.
fn take_judge(kept: &Path, run: &Path) -> Result<()> {
    let folder = run.join(RUN);
    let target = folder.join(JUDGE_FILE);
    if target.exists() || !kept.exists() {
        return Ok(());
    }
    let copied =
        fs::create_dir_all(&folder).and_then(|()| fs::read(kept)).and_then(|bytes| files::write_whole(&target, &bytes));
    copied.map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", target.display())))
}

/// Sets `stop` when standard input ends: whoever started us and holds its other end is gone, however it went.
pub fn stop_with_parent(stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut ignored = [0; 64];
        while input.read(&mut ignored).is_ok_and(|count| count > 0) {}
        stop.store(true, Ordering::Relaxed);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_collapsed_if_its_pictures_are_alike_or_a_class_is_missing() {
        let result = |spread: f64, classes: Option<f64>| RunResult {
            fid: None,
            classes,
            of_classes: classes.map(|_| 10.0),
            precision: None,
            recall: None,
            spread: Some(spread),
            was_named_collapsed: false,
            train_seconds: 1.0,
        };
        for (spread, classes, expected) in [
            (0.9, Some(10.0), false),
            (0.9, Some(9.0), true),
            (0.1, Some(10.0), true),
            (0.9, None, false),
            (0.1, None, true),
        ] {
            assert_eq!(result(spread, classes).collapsed(), Some(expected), "{spread} {classes:?}");
        }
        assert_eq!(RunResult { spread: None, ..result(0.0, None) }.collapsed(), None);
    }
}
