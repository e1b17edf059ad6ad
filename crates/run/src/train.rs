//! A run from start to end: pictures and noise into the engine, checkpoints, samples and the model out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::checkpoint::Identity;
use crate::console::Console;
use crate::events::{Event, EventLog};
use crate::fleet::{self, Fleet};
use crate::folder::RunFolder;
use crate::run::{Prepared, Run, sheet_sides};
use crate::show::tensorboard::EventFile;
use data::{Dataset, Reading, Source, cache};
use engines::choose::{Choice, DeviceChoice, EngineChoice};
use failure::{Failure, Result};
use gan::recipe::Recipe;
use judge::schedule::JUDGE_FILE;
use judge::schedule::Schedule;

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
    let mut opened = None;
    let outcome = train_logged(options, stop, console, &mut opened);
    if let Err(failure) = &outcome {
        EventLog::write_failure(opened, options.log_json.as_deref(), failure);
    }
    outcome
}

fn train_logged(
    options: &Options,
    stop: &AtomicBool,
    console: &mut Console,
    opened: &mut Option<EventLog>,
) -> Result<Outcome> {
    let began = Instant::now();
    let choice = Choice::new(options.engine, options.device, options.threads)?;
    fleet::check(options, &choice)?;
    let members = fleet::members(options);
    let folders = members.iter().map(|(_, out)| RunFolder::prepare(out)).collect::<Result<Vec<_>>>()?;
    let log = opened.insert(EventLog::open(options.log_json.as_deref())?);
    let decoded = folders[0].path().join(cache::FILE);
    let mut say = |line: &str| console.say(line);
    let Some(dataset) = Dataset::read(&options.source, &mut Reading::new(&mut say, stop, Some(&decoded)))? else {
        return Ok(Outcome::Interrupted);
    };
    let recipe = Recipe { batch: batch_for(options, dataset.train.count(), console)?, ..options.recipe.clone() };
    let kept = folders[0].path().join(JUDGE_FILE);
    let mut say = |line: &str| console.say(line);
    let schedule = Schedule::new(options.evaluate_every, options.epochs, &dataset, &kept, options.threads, &mut say)?;
    let pictures = Arc::new(dataset.train);
    let checksum = pictures.checksum();
    let identity = |seed| Identity {
        recipe: recipe.clone(),
        seed,
        epochs: options.epochs,
        dataset: dataset.name.clone(),
        pictures_crc32: checksum,
        image_shape: dataset.image_shape,
    };
    let prepare = |(folder, &(seed, _)): (RunFolder, &(u64, PathBuf))| {
        Prepared::new(identity(seed), &pictures, folder, options.resume, options.overwrite, console)
    };
    let prepared = folders.into_iter().zip(&members).map(prepare).collect::<Result<Vec<_>>>()?;
    let mut fleet = Fleet::start(prepared, &pictures, &choice, console)?;
    let first = fleet.leader();
    // What was shown at or after the first step to come is dropped; the last epoch's end, at the step before, stays.
    let shown_from = if first.at.step == 0 { 0 } else { first.at.step + 1 };
    let mut board = options.tensorboard.as_deref().map(|folder| EventFile::create(folder, shown_from)).transpose()?;
    log.write(&Event::Start {
        recipe: &options.recipe.name,
        engine: first.engine.name(),
        device: &first.engine.device(),
        seed: options.seed,
        threads: options.threads,
        parameters: first.parameters(),
        dataset: &first.identity.dataset,
        resumed_at_step: first.at.step,
    });
    // On a GPU they are no matter of the steps.
    let threads = match options.threads {
        _ if choice.is_gpu() => String::new(),
        1 => ", 1 thread".to_owned(),
        threads => format!(", {threads} threads"),
    };
    console.say(&format!(
        "{} on {} with {} parameters, engine {} {}{threads}, {}",
        options.recipe.name,
        first.identity.dataset,
        first.parameters(),
        first.engine.name(),
        choice.reason,
        fleet::seeds(options)
    ));
    console.start(first.at.step, first.total_steps());
    while fleet.leader().at.epoch < options.epochs {
        if !fleet.rest_of_epoch(stop, console)? {
            console.finish();
            for run in fleet.runs() {
                run.write_checkpoint()?;
                run.write_report()?;
            }
            let epoch = fleet.leader().at.epoch;
            console.say(&format!("stopped in epoch {epoch}; `--resume` goes on from there"));
            return Ok(Outcome::Interrupted);
        }
        let mut said = false;
        for run in fleet.runs() {
            let events = run.close_epoch(schedule.as_ref())?;
            if options.keep_models.contains(&run.at.epoch) {
                run.folder.write_kept_model(run.at.epoch, &run.model()?)?;
            }
            let who = fleet::who(options, run.identity.seed);
            for event in &events {
                log.write(event);
                match event {
                    Event::Epoch(event) if said => console.epoch_beside(&who, event, options.epochs),
                    Event::Epoch(event) => console.epoch(event, options.epochs),
                    Event::Evaluation { epoch, scores, .. } => {
                        console.evaluation(&who, *epoch, scores, schedule.as_ref().map_or(0, Schedule::classes));
                    }
                    Event::Warning { message, .. } => console.warn(&format!("{who}{message}")),
                    Event::Start { .. } | Event::Failed { .. } | Event::Done { .. } => {}
                }
            }
            said = true;
            show_on_board(&mut board, run, &events, console);
        }
    }
    console.finish();
    let wall_seconds = || began.elapsed().as_secs_f64();
    for run in fleet.runs() {
        run.close()?;
        let out = run.folder.out().display().to_string();
        log.write(&Event::Done { out: &out, train_seconds: run.at.train_seconds, wall_seconds: wall_seconds() });
        console.say(&format!(
            "wrote {out} and {} after {:.1} s ({:.1} s in steps)",
            run.folder.path().display(),
            wall_seconds(),
            run.at.train_seconds
        ));
    }
    fleet.end()?;
    Ok(Outcome::Done)
}

/// The size of a minibatch: the recipe's, or all pictures where there are fewer and nobody asked for it.
fn batch_for(options: &Options, pictures: usize, console: &Console) -> Result<usize> {
    let batch = options.recipe.batch;
    if batch <= pictures || pictures == 0 {
        return Ok(batch);
    }
    if options.keeps_batch {
        return Err(Failure::usage(format!("a minibatch of {batch} is more than the {pictures} training pictures"))
            .hint(format!("give `--batch {pictures}` or fewer, or more pictures")));
    }
    console.say(&format!("a minibatch is of {pictures} pictures and not of {batch}: there are no more to train on"));
    Ok(pictures)
}

/// Writes what the events of an epoch say, and its sheet, for TensorBoard. A board that can no longer be written is given
/// up: it must not end a training run.
fn show_on_board(board: &mut Option<EventFile>, run: &Run, events: &[Event], console: &Console) {
    let Some(file) = board else { return };
    let scalars: Vec<(String, f64)> = events.iter().flat_map(Event::numbers).collect();
    let scalars: Vec<(&str, f64)> = scalars.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let sides = sheet_sides(run.identity.image_shape);
    if let Err(failure) = file.write(run.at.step, &scalars, &[("samples", sides, &run.last_sheet)]) {
        console.warn(&format!("{}; the run goes on without it", failure.message));
        *board = None;
    }
}
