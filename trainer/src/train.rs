//! A run from start to end: pictures and noise into the engine, checkpoints, samples and the model out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::animation;
use crate::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use crate::choose::{Choice, DeviceChoice, EngineChoice};
use crate::console::Console;
use crate::dataset::{Dataset, Pictures, Source};
use crate::engine::{Engine, State, StepInput, StepStats};
use crate::events::{EpochEvent, Event, EventLog};
use crate::failure::{Failure, Result};
use crate::history::History;
use crate::judge::evaluate::JUDGE_FILE;
use crate::judge::schedule::{Evaluation, Schedule};
use crate::noise;
use crate::philox::Stream;
use crate::pictures;
use crate::recipe::Recipe;
use crate::report::{Picture, report};
use crate::resume::{checkpoint_to_resume, made_by, say_what_changed};
use crate::run_folder::{REPORT, RunFolder, SWEEP, SWEEP_GIF, TRAINING_GIF};
use crate::sweep::sweep_z;
use crate::tensorboard::EventFile;
use crate::watch::{Signs, Watch};

/// Pictures on a sample sheet, and how many stand in a row of it.
const SHEET: usize = 100;
const SHEET_COLUMNS: usize = 10;
/// Latent vectors whose pictures the model file carries, so that any runtime can be checked against the trainer.
const PARITY: usize = 4;
/// A loss beyond this has exploded. The largest epoch's mean of `seed`, which is unstable, is 7.
const LARGEST_LOSS: f64 = 1e5;

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
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The model is written.
    Done,
    /// `stop` was set; a checkpoint is written.
    Interrupted,
}

/// Trains, until done or until `stop` is set.
///
/// # Errors
/// Everything that [`Failure`] can say; what can be found out before the first step is.
pub fn train(options: &Options, stop: &AtomicBool, console: &mut Console) -> Result<Outcome> {
    let began = Instant::now();
    let choice = Choice::new(options.engine, options.device, options.threads)?;
    let folder = RunFolder::prepare(&options.out)?;
    let mut log = EventLog::open(options.log_json.as_deref())?;
    let dataset = Dataset::open(&options.source, &mut |line| console.say(line))?;
    let identity = Identity {
        recipe: options.recipe.clone(),
        seed: options.seed,
        epochs: options.epochs,
        dataset: dataset.name.clone(),
        pictures_crc32: dataset.train.checksum(),
        image_shape: dataset.image_shape,
    };
    let kept = folder.path().join(JUDGE_FILE);
    let mut say = |line: &str| console.say(line);
    let schedule = Schedule::new(options.evaluate_every, options.epochs, &dataset, &kept, options.threads, &mut say)?;
    let mut run = Run::start(identity, dataset.train, &choice, folder, options.resume, console)?;
    // What was shown at or after the first step to come is dropped; the last epoch's end, at the step before, stays.
    let first = if run.step == 0 { 0 } else { run.step + 1 };
    let mut board = options.tensorboard.as_deref().map(|folder| EventFile::create(folder, first)).transpose()?;
    log.write(&Event::Start {
        recipe: &options.recipe.name,
        engine: run.engine.name(),
        device: &run.engine.device(),
        seed: options.seed,
        threads: options.threads,
        parameters: run.parameters(),
        dataset: &run.identity.dataset,
        resumed_at_step: run.step,
    });
    console.say(&format!(
        "{} on {} with {} parameters, engine {} {}, {} thread{}, seed {}",
        options.recipe.name,
        run.identity.dataset,
        run.parameters(),
        run.engine.name(),
        choice.reason,
        options.threads,
        if options.threads == 1 { "" } else { "s" },
        options.seed
    ));
    console.start(run.step, run.total_steps());
    while run.epoch < options.epochs {
        if !run.rest_of_epoch(stop, console)? {
            console.finish();
            run.write_checkpoint()?;
            run.write_report()?;
            console.say(&format!("stopped in epoch {}; `--resume` goes on from there", run.epoch));
            return Ok(Outcome::Interrupted);
        }
        let events = run.close_epoch(schedule.as_ref())?;
        if options.keep_models.contains(&run.epoch) {
            run.folder.write_kept_model(run.epoch, &run.model()?)?;
        }
        for event in &events {
            log.write(event);
            match event {
                Event::Epoch(event) => console.epoch(event, options.epochs),
                Event::Evaluation { epoch, scores, .. } => {
                    console.evaluation(*epoch, scores, schedule.as_ref().map_or(0, Schedule::classes));
                }
                Event::Warning { message, .. } => console.warn(message),
                Event::Start { .. } | Event::Done { .. } => {}
            }
        }
        show_on_board(&mut board, &run, &events, console);
    }
    console.finish();
    run.close()?;
    let out = options.out.display().to_string();
    let wall_seconds = began.elapsed().as_secs_f64();
    log.write(&Event::Done { out: &out, train_seconds: run.train_seconds, wall_seconds });
    console.say(&format!(
        "wrote {out} and {} after {:.1} s ({:.1} s in steps)",
        run.folder.path().display(),
        wall_seconds,
        run.train_seconds
    ));
    Ok(Outcome::Done)
}

/// Writes what the events of an epoch say, and its sheet, for TensorBoard. A board that can no longer be written is given
/// up: it must not end a training run.
fn show_on_board(board: &mut Option<EventFile>, run: &Run, events: &[Event], console: &Console) {
    let Some(file) = board else { return };
    let scalars: Vec<(String, f64)> = events.iter().flat_map(Event::numbers).collect();
    let scalars: Vec<(&str, f64)> = scalars.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let sides = sheet_sides(run.identity.image_shape);
    if let Err(failure) = file.write(run.step, &scalars, &[("samples", sides, &run.last_sheet)]) {
        console.warn(&format!("{}; the run goes on without it", failure.message));
        *board = None;
    }
}

/// A run under way.
struct Run {
    identity: Identity,
    pictures: Arc<Pictures>,
    folder: RunFolder,
    engine: Box<dyn Engine>,
    threads: usize,
    steps_per_epoch: u64,
    step: u64,
    epoch: u64,
    sums: EpochSums,
    train_seconds: f64,
    metrics: String,
    lines: Vec<String>,
    sheet_z: Vec<f32>,
    /// PNG of the sheet after the last whole epoch.
    last_sheet: Vec<u8>,
    watch: Watch,
}

impl Run {
    fn start(
        identity: Identity,
        pictures: Pictures,
        choice: &Choice,
        folder: RunFolder,
        resume: bool,
        console: &Console,
    ) -> Result<Self> {
        let recipe = &identity.recipe;
        let steps_per_epoch = (pictures.count() / recipe.batch) as u64;
        if steps_per_epoch == 0 {
            let count = pictures.count();
            return Err(Failure::usage(format!(
                "`--batch {}` is more than the {count} training pictures",
                recipe.batch
            )));
        }
        let earlier = if resume { Some(checkpoint_to_resume(&folder, &identity, console)?) } else { None };
        if earlier.is_none() {
            if folder.checkpoint().is_ok_and(|found| found.is_some_and(|f| f.checkpoint.is_unfinished())) {
                console.say("an unfinished run in the run folder is replaced; `--resume` would have gone on with it");
            }
            folder.clear()?;
        }
        let state = match &earlier {
            Some(checkpoint) => checkpoint.state.clone(),
            None => State::initial(recipe, identity.pixels(), identity.seed),
        };
        let pictures = Arc::new(pictures);
        let engine = choice.engine(recipe, pictures.clone(), &state)?;
        if let Some(checkpoint) = &earlier {
            say_what_changed(checkpoint, &made_by(&*engine, choice.threads), console);
        }
        let epoch = earlier.as_ref().map_or(0, |c| c.epochs_done);
        let lines = folder.metrics_before(epoch);
        let said = History::parse(lines.iter().map(String::as_str)).texts("message");
        Ok(Self {
            watch: Watch::new(&pictures, &said.into_iter().map(|(_, message)| message).collect::<Vec<_>>()),
            last_sheet: epoch.checked_sub(1).map_or_else(Vec::new, |last| folder.sample(last)),
            lines,
            sheet_z: noise::sample_z(identity.seed, SHEET, recipe.latent),
            pictures,
            folder,
            engine,
            threads: choice.threads,
            steps_per_epoch,
            step: state.step,
            epoch,
            sums: earlier.as_ref().map_or_else(EpochSums::default, |c| c.sums),
            train_seconds: earlier.as_ref().map_or(0.0, |c| c.train_seconds),
            metrics: earlier.map_or_else(|| "{}".to_owned(), |c| c.metrics),
            identity,
        })
    }

    fn total_steps(&self) -> u64 {
        self.steps_per_epoch * self.identity.epochs
    }

    fn parameters(&self) -> usize {
        let (g, d) = self.identity.layouts();
        g.len() + d.len()
    }

    /// Trains what is left of the epoch; false if `stop` was set before its end.
    fn rest_of_epoch(&mut self, stop: &AtomicBool, console: &Console) -> Result<bool> {
        let Identity { recipe, seed, .. } = &self.identity;
        let order = noise::permutation(*seed, self.epoch, self.pictures.count());
        let mut z = vec![0.0; recipe.batch * recipe.latent];
        let end = (self.epoch + 1) * self.steps_per_epoch;
        while self.step < end {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let began = Instant::now();
            let first = (self.step % self.steps_per_epoch) as usize * recipe.batch;
            noise::fill_normal(*seed, Stream::TrainingZ, self.step, &mut z);
            let stats = self.engine.step(&StepInput {
                step: self.step,
                indices: &order[first..first + recipe.batch],
                z: &z,
                rates: recipe.rates(self.step, self.total_steps()),
            })?;
            let seconds = began.elapsed().as_secs_f64();
            if !stats.is_finite() || stats.d_loss.abs().max(stats.g_loss.abs()) > LARGEST_LOSS {
                return Err(diverged(self.step, self.epoch, &stats));
            }
            self.sums.add(&stats, seconds);
            self.train_seconds += seconds;
            self.step += 1;
            console.step(self.epoch, self.identity.epochs, &self.sums);
        }
        Ok(true)
    }

    /// After the last step of an epoch: its means, its sheet, its scores where it is time for them, what is to be said of
    /// it, a checkpoint.
    fn close_epoch(&mut self, schedule: Option<&Schedule>) -> Result<Vec<Event<'static>>> {
        let sheet = self.engine.generate(&self.sheet_z)?;
        self.last_sheet = pictures::sheet(&sheet, self.identity.image_shape, SHEET_COLUMNS)?;
        self.folder.write_sample(self.epoch, &self.last_sheet)?;
        let spread = self.watch.spread(&sheet, self.identity.pixels());
        let event = EpochEvent { spread, ..EpochEvent::new(self.epoch, self.identity.recipe.batch, &self.sums) };
        let mut events = vec![Event::Epoch(event)];
        let latent = self.identity.recipe.latent;
        let evaluation = match schedule {
            Some(schedule) => schedule.after(self.epoch + 1, latent, &*self.engine)?.zip(Some(schedule.classes())),
            None => None,
        };
        let scores = evaluation.map(|(evaluation, _)| evaluation.scores);
        if let Some((Evaluation { scores, seconds }, of_classes)) = evaluation {
            events.push(Event::Evaluation { epoch: self.epoch, scores, of_classes, seconds });
        }
        let classes = evaluation.map(|(evaluation, classes)| [evaluation.scores.classes, classes]);
        let said = self.watch.after_epoch(&Signs { steps: self.step, means: event.means, spread, classes });
        events.extend(said.into_iter().map(|message| Event::Warning { epoch: self.epoch, message }));
        self.lines.extend(events.iter().map(Event::to_line));
        self.folder.write_metrics(&self.lines)?;
        self.metrics = event.reproducible(scores.as_ref());
        self.sums = EpochSums::default();
        self.epoch += 1;
        self.write_checkpoint()?;
        Ok(events)
    }

    /// After the last epoch, whose end has left a checkpoint: the sweep and the model.
    fn close(&mut self) -> Result<()> {
        let recipe = &self.identity.recipe;
        let sweep = self.engine.generate(&sweep_z(self.identity.seed, recipe.latent, recipe.sweep))?;
        let shape = self.identity.image_shape;
        self.folder.write_named(SWEEP, &pictures::sheet(&sweep, shape, SHEET_COLUMNS)?)?;
        self.folder.write_named(SWEEP_GIF, &animation::sweep(&sweep, shape)?)?;
        self.folder.write_named(TRAINING_GIF, &animation::training(&self.folder.sheets(), sheet_sides(shape))?)?;
        self.write_report()?;
        self.folder.write_model(&self.model()?)
    }

    /// The generator as ONNX, as things stand.
    fn model(&self) -> Result<Vec<u8>> {
        exporter::export(&self.checkpoint()?.to_bytes())
            .map_err(|error| Failure::failed(format!("the export failed: {error}")))
    }

    /// The run as a page, as things stand.
    fn write_report(&self) -> Result<()> {
        let history = History::parse(self.lines.iter().map(String::as_str));
        let sweep = self.folder.named(SWEEP);
        let titled = [("Samples of the last epoch", &self.last_sheet), ("z[0] from -1 to 0.98", &sweep)];
        let pictures = titled.into_iter().filter(|(_, file)| !file.is_empty());
        let pictures: Vec<Picture> = pictures.map(|(title, file)| Picture { title, file }).collect();
        self.folder.write_named(REPORT, report(&self.checkpoint()?, &history, &pictures).as_bytes())
    }

    fn write_checkpoint(&self) -> Result<()> {
        self.folder.write_checkpoint(&self.checkpoint()?.to_bytes())
    }

    /// A checkpoint as things stand.
    fn checkpoint(&self) -> Result<Checkpoint> {
        let z = self.sheet_z[..PARITY * self.identity.recipe.latent].to_vec();
        let state = self.engine.state()?;
        // The losses of a step are those before its update, which may have been the one that went wrong.
        if !state.is_finite() {
            return Err(diverged(self.step, self.epoch, &self.sums.means()));
        }
        Ok(Checkpoint {
            identity: self.identity.clone(),
            state,
            epochs_done: self.epoch,
            sums: self.sums,
            train_seconds: self.train_seconds,
            metrics: self.metrics.clone(),
            made_by: made_by(&*self.engine, self.threads),
            parity: Parity { image: self.engine.generate(&z)?, z },
        })
    }
}

/// Rows and columns of a sample sheet in pixels.
fn sheet_sides([_, rows, columns]: [usize; 3]) -> [usize; 2] {
    [rows * SHEET.div_ceil(SHEET_COLUMNS), columns * SHEET_COLUMNS]
}

fn diverged(step: u64, epoch: u64, stats: &StepStats) -> Failure {
    let StepStats { d_loss, g_loss, .. } = stats;
    Failure::failed(format!(
        "training has diverged at step {step}, in epoch {epoch}: D's loss is {d_loss:.3e}, G's {g_loss:.3e}, and some weights \
         or losses are no longer numbers to go on with"
    ))
    .hint("the checkpoint of the last whole epoch is kept; try a lower `--lr` or a larger `--r1-gamma`")
}
