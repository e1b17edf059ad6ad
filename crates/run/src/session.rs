//! What happens at each turn of the training loop: preparation, the end of an epoch, an interruption, the end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use data::{Dataset, Reading, cache};
use engines::choose::Choice;
use failure::{Failure, Result};
use gan::recipe::Recipe;
use judge::schedule::{JUDGE_FILE, Schedule};

use crate::checkpoint::Identity;
use crate::console::Console;
use crate::events::{Event, EventLog};
use crate::fleet::{self, Fleet};
use crate::folder::{RunFolder, read_run};
use crate::options::Options;
use crate::requests::{Pause, Requests};
use crate::run::{Prepared, Run, sheet_sides};
use crate::show::tensorboard::{EventFile, Picture};

/// A fleet that is trained, and whoever is told of it.
pub(crate) struct Session<'a> {
    options: &'a Options,
    console: &'a mut Console,
    began: Instant,
    choice: Choice,
    schedule: Option<Schedule>,
    fleet: Fleet,
    log: &'a mut EventLog,
    board: Option<EventFile>,
}

impl<'a> Session<'a> {
    /// Reads the pictures, finds the engine, opens the run folders and `log`, and says what cannot be before the first step is
    /// taken; nothing if `stop` was set while it read.
    ///
    /// # Errors
    /// Everything that can be found out before the first step.
    pub(crate) fn prepare(
        options: &'a Options,
        stop: &AtomicBool,
        console: &'a mut Console,
        log: &'a mut Option<EventLog>,
    ) -> Result<Option<Self>> {
        let began = Instant::now();
        let choice = Choice::new(options.engine, options.device, options.threads)?;
        fleet::check(options, &choice)?;
        let members = fleet::members(options);
        let folders = members.iter().map(|(_, out)| RunFolder::prepare(out)).collect::<Result<Vec<_>>>()?;
        let log = log.insert(EventLog::open(options.log_json.as_deref())?);
        let decoded = folders[0].path().join(cache::FILE);
        let mut say = |line: &str| console.say(line);
        let Some(dataset) = Dataset::read(&options.source, &mut Reading::new(&mut say, stop, Some(&decoded)))? else {
            return Ok(None);
        };
        options.recipe.fits(dataset.shape())?;
        // A judge is trained on the pictures as they are, whatever a run makes of them.
        let mirrored = options.source.mirror.then(|| dataset.train.clone().and_mirrored());
        let train = mirrored.as_ref().unwrap_or(&dataset.train);
        if mirrored.is_some() {
            let (name, count) = (&dataset.name, dataset.train.count());
            console.say(&format!("{name}: {count} pictures and the mirror image of each, {} an epoch", train.count()));
        }
        let batch = batch_for(options, train.count(), console)?;
        let recipe = Recipe { batch, ..options.recipe.clone() };
        let kept = folders[0].path().join(JUDGE_FILE);
        let checksum = train.checksum();
        let identity = |seed| Identity {
            recipe: recipe.clone(),
            seed,
            epochs: options.epochs,
            dataset: dataset.name.clone(),
            pictures_crc32: checksum,
            data: dataset.shape().with_classes(recipe.classes_of(dataset.shape()).0),
            classes: if recipe.classes { dataset.classes.clone() } else { Vec::new() },
        };
        let from = options.from.as_deref().map(read_run).transpose()?.map(|(checkpoint, _)| checkpoint);
        let pairs = folders.into_iter().zip(&members);
        // Before a judge is trained, which may take minutes.
        let prepared = pairs
            .map(|(folder, &(seed, _))| Prepared::new(identity(seed), train, folder, options, from.as_ref(), console))
            .collect::<Result<Vec<_>>>()?;
        let mut say = |line: &str| console.say(line);
        let schedule =
            Schedule::new(options.evaluate_every, options.epochs, &dataset, &kept, options.threads, &mut say)?;
        let pictures = Arc::new(mirrored.unwrap_or(dataset.train));
        let fleet = Fleet::start(prepared, &pictures, &choice, console)?;
        // What was shown at or after the first step to come is dropped; the last epoch's end, at the step before, stays.
        let first = fleet.leader().at.step;
        let shown_from = if first == 0 { 0 } else { first + 1 };
        let board = options.tensorboard.as_deref().map(|folder| EventFile::create(folder, &options.out, shown_from));
        let board = board.transpose()?;
        if let (Some(file), Some(asked)) = (&board, options.tensorboard.as_deref())
            && file.folder() != asked
        {
            console.say(&format!(
                "`--tensorboard {}` holds the events of another run: those of this one go to `{}`",
                asked.display(),
                file.folder().display()
            ));
        }
        Ok(Some(Self { options, console, began, choice, schedule, fleet, log, board }))
    }

    /// Tells what is trained, on what, by what.
    ///
    /// # Errors
    /// An event log that cannot be written.
    pub(crate) fn begin(&mut self) -> Result<()> {
        let Self { options, console, choice, fleet, log, .. } = self;
        let (engine, leader) = (fleet.engine(), fleet.leader());
        log.write(&Event::Start {
            recipe: &options.recipe.name,
            engine: engine.name(),
            device: &engine.device(),
            seed: options.seed,
            threads: options.threads,
            parameters: leader.parameters(),
            dataset: &leader.identity.dataset,
            resumed_at_step: leader.at.step,
        });
        log.given_up().iter().for_each(|why| console.warn(why));
        // On a GPU they are no matter of the steps.
        let threads = match options.threads {
            _ if choice.is_gpu() => String::new(),
            1 => ", 1 thread".to_owned(),
            threads => format!(", {threads} threads"),
        };
        console.say(&format!(
            "{} on {} with {} parameters, engine {} {}{threads}, {}",
            options.recipe.name,
            leader.identity.dataset,
            leader.parameters(),
            engine.name(),
            choice.reason,
            fleet::seeds(options)
        ));
        console.start(leader.at.step, leader.total_steps());
        Ok(())
    }

    /// Whole epochs that are done.
    pub(crate) fn epochs_done(&self) -> u64 {
        self.fleet.leader().at.epoch
    }

    /// Trains what is left of the epoch, or until something is asked for before its end; says which.
    ///
    /// # Errors
    /// The engine's, and a divergence that leaves no run.
    pub(crate) fn rest_of_epoch(&mut self, requests: &Requests) -> Result<Pause> {
        self.fleet.rest_of_epoch(requests, self.console)
    }

    /// Writes what each run is at, and goes on.
    ///
    /// # Errors
    /// A checkpoint that cannot be written.
    pub(crate) fn checkpoint(&mut self) -> Result<()> {
        for (run, member) in self.fleet.runs() {
            run.write_checkpoint(member)?;
        }
        let at = &self.fleet.leader().at;
        self.console.say(&format!("a checkpoint is written, as asked, after step {} in epoch {}", at.step, at.epoch));
        Ok(())
    }

    /// Writes what each run is at, so that it can go on from there.
    ///
    /// # Errors
    /// A checkpoint or report that cannot be written.
    pub(crate) fn interrupt(&mut self) -> Result<()> {
        self.console.finish();
        for (run, member) in self.fleet.runs() {
            run.write_checkpoint(member)?;
            run.write_report(member)?;
        }
        let epoch = self.epochs_done();
        self.console.say(&format!("stopped in epoch {epoch}; `--resume` goes on from there"));
        Ok(())
    }

    /// Does what the end of an epoch asks for, and tells of it: sheet, scores, warnings, checkpoint, a model that is kept.
    ///
    /// # Errors
    /// Files that cannot be written, and what the engine fails at.
    pub(crate) fn close_epoch(&mut self) -> Result<()> {
        let Self { options, console, schedule, fleet, log, board, .. } = self;
        let mut is_first = true;
        for (run, member) in fleet.runs() {
            let events = run.close_epoch(member, schedule.as_ref())?;
            if options.keep_models.contains(&run.at.epoch) {
                run.folder.write_kept_model(run.at.epoch, &run.model(member)?)?;
            }
            let who = fleet::who(options, run.identity.seed);
            for event in &events {
                log.write(event);
                match event {
                    Event::Epoch(event) if is_first => console.epoch(event, options.epochs),
                    Event::Epoch(event) => console.epoch_beside(&who, event, options.epochs),
                    Event::Evaluation { epoch, scores, .. } => {
                        console.evaluation(&who, *epoch, scores, schedule.as_ref().map_or(0, Schedule::classes));
                    }
                    Event::Warning { message, .. } => console.warn(&format!("{who}{message}")),
                    Event::Start { .. } | Event::Failed { .. } | Event::Done { .. } => {}
                }
            }
            log.given_up().iter().for_each(|why| console.warn(why));
            is_first = false;
            show_on_board(board, run, &events, console);
        }
        Ok(())
    }

    /// Writes sweep, film, report and model of each run, and tells where they are.
    ///
    /// # Errors
    /// Files that cannot be written, and the reason of a run that was left behind.
    pub(crate) fn close(self) -> Result<()> {
        let Self { options, console, began, mut fleet, log, .. } = self;
        console.finish();
        for (run, member) in fleet.runs() {
            let missing = run.close(member)?;
            let who = fleet::who(options, run.identity.seed);
            missing.iter().for_each(|line| console.warn(&format!("{who}{line}")));
            let out = run.folder.out().display().to_string();
            let wall_seconds = began.elapsed().as_secs_f64();
            log.write(&Event::Done { out: &out, train_seconds: run.at.train_seconds, wall_seconds });
            console.say(&format!(
                "wrote {out} and {} after {wall_seconds:.1} s ({:.1} s in steps)",
                run.folder.path().display(),
                run.at.train_seconds
            ));
        }
        fleet.end()
    }
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
    let plural = if pictures == 1 { "" } else { "s" };
    console.say(&format!(
        "a minibatch is of {pictures} picture{plural} and not of {batch}: there are no more to train on"
    ));
    Ok(pictures)
}

/// Writes what the events of an epoch say, and its sheet, for TensorBoard. A board that can no longer be written is given
/// up: it must not end a training run.
fn show_on_board(board: &mut Option<EventFile>, run: &Run, events: &[Event], console: &Console) {
    let Some(file) = board else { return };
    let scalars: Vec<(String, f64)> = events.iter().flat_map(Event::numbers).collect();
    let scalars: Vec<(&str, f64)> = scalars.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let image = run.identity.data.image;
    let samples = Picture { tag: "samples", channels: image[0], sides: sheet_sides(image), png: &run.last_sheet };
    if let Err(failure) = file.write(run.at.step, &scalars, &[samples]) {
        console.warn(&format!("{}; the run goes on without it", failure.message));
        *board = None;
    }
}
