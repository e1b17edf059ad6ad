//! A run from start to end: pictures and noise into the engine, checkpoints, samples and the model out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use crate::choose::{Choice, DeviceChoice, EngineChoice};
use crate::console::Console;
use crate::dataset::{Dataset, Pictures};
use crate::engine::{Engine, State, StepInput};
use crate::events::{EpochEvent, Event, EventLog};
use crate::failure::{Failure, Result};
use crate::judge::evaluate::JUDGE_FILE;
use crate::judge::schedule::{Evaluation, Schedule};
use crate::noise;
use crate::philox::Stream;
use crate::pictures;
use crate::recipe::Recipe;
use crate::run_folder::RunFolder;
use crate::sweep::sweep_z;

/// Pictures on a sample sheet, and how many stand in a row of it.
const SHEET: usize = 100;
const SHEET_COLUMNS: usize = 10;
/// Latent vectors whose pictures the model file carries, so that any runtime can be checked against the trainer.
const PARITY: usize = 4;

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
    /// `mnist` or a folder.
    pub data: String,
    /// Go on from the run folder.
    pub resume: bool,
    /// Where events go.
    pub log_json: Option<PathBuf>,
    /// Threads of the engine.
    pub threads: usize,
    /// Epochs between evaluations; 0 for none at all.
    pub evaluate_every: u64,
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
    let dataset = Dataset::load(&options.data)?;
    let identity = Identity {
        recipe: options.recipe.clone(),
        seed: options.seed,
        epochs: options.epochs,
        dataset: dataset.name.clone(),
        image_shape: dataset.image_shape,
    };
    let kept = folder.path().join(JUDGE_FILE);
    let mut say = |line: &str| console.say(line);
    let schedule = Schedule::new(options.evaluate_every, options.epochs, &dataset, &kept, options.threads, &mut say)?;
    let mut run = Run::start(identity, dataset.train, &choice, folder, options.resume, console)?;
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
            console.say(&format!("stopped in epoch {}; `--resume` goes on from there", run.epoch));
            return Ok(Outcome::Interrupted);
        }
        let (event, evaluation) = run.close_epoch(schedule.as_ref())?;
        log.write(&Event::Epoch(event));
        console.epoch(&event, options.epochs);
        if let (Some(evaluation), Some(schedule)) = (evaluation, &schedule) {
            log.write(&evaluation_event(event.epoch, evaluation));
            console.evaluation(event.epoch, &evaluation.scores, schedule.classes());
        }
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
        let earlier = if resume { Some(checkpoint_to_resume(&folder, &identity)?) } else { None };
        if earlier.is_none() {
            if folder.checkpoint().is_ok_and(|found| found.is_some_and(|c| c.epochs_done < c.identity.epochs)) {
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
        let epoch = earlier.as_ref().map_or(0, |c| c.epochs_done);
        Ok(Self {
            lines: folder.metrics_before(epoch),
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
            if !stats.is_finite() {
                return Err(diverged(self.step, self.epoch));
            }
            self.sums.add(&stats, seconds);
            self.train_seconds += seconds;
            self.step += 1;
            console.step();
        }
        Ok(true)
    }

    /// After the last step of an epoch: its means, its sheet, its scores where it is time for them, a checkpoint.
    fn close_epoch(&mut self, schedule: Option<&Schedule>) -> Result<(EpochEvent, Option<Evaluation>)> {
        let event = EpochEvent::new(self.epoch, self.identity.recipe.batch, &self.sums);
        let sheet = self.engine.generate(&self.sheet_z)?;
        self.folder.write_sample(self.epoch, &pictures::sheet(&sheet, self.identity.image_shape, SHEET_COLUMNS)?)?;
        self.lines.push(serde_json::to_string(&Event::Epoch(event)).expect("numbers are JSON"));
        let latent = self.identity.recipe.latent;
        let evaluation = match schedule {
            Some(schedule) => schedule.after(self.epoch + 1, latent, &*self.engine)?,
            None => None,
        };
        if let Some(evaluation) = evaluation {
            let event = evaluation_event(self.epoch, evaluation);
            self.lines.push(serde_json::to_string(&event).expect("numbers are JSON"));
        }
        self.folder.write_metrics(&self.lines)?;
        self.metrics = event.reproducible(evaluation.as_ref().map(|evaluation| &evaluation.scores));
        self.sums = EpochSums::default();
        self.epoch += 1;
        self.write_checkpoint()?;
        Ok((event, evaluation))
    }

    /// After the last epoch, whose end has left a checkpoint: the sweep and the model.
    fn close(&mut self) -> Result<()> {
        let recipe = &self.identity.recipe;
        let sweep = self.engine.generate(&sweep_z(self.identity.seed, recipe.latent, recipe.sweep))?;
        self.folder.write_sweep(&pictures::sheet(&sweep, self.identity.image_shape, SHEET_COLUMNS)?)?;
        let onnx = exporter::export(&self.checkpoint()?)
            .map_err(|error| Failure::failed(format!("the export failed: {error}")))?;
        self.folder.write_model(&onnx)
    }

    fn write_checkpoint(&self) -> Result<()> {
        self.folder.write_checkpoint(&self.checkpoint()?)
    }

    /// The bytes of a checkpoint as things stand.
    fn checkpoint(&self) -> Result<Vec<u8>> {
        let z = self.sheet_z[..PARITY * self.identity.recipe.latent].to_vec();
        let checkpoint = Checkpoint {
            identity: self.identity.clone(),
            state: self.engine.state()?,
            epochs_done: self.epoch,
            sums: self.sums,
            train_seconds: self.train_seconds,
            metrics: self.metrics.clone(),
            made_by: [self.engine.name().to_owned(), self.engine.device(), self.threads.to_string()],
            parity: Parity { image: self.engine.generate(&z)?, z },
        };
        Ok(checkpoint.to_bytes())
    }
}

fn evaluation_event(epoch: u64, Evaluation { scores, seconds }: Evaluation) -> Event<'static> {
    Event::Evaluation { epoch, scores, seconds }
}

fn checkpoint_to_resume(folder: &RunFolder, identity: &Identity) -> Result<Checkpoint> {
    let Some(checkpoint) = folder.checkpoint()? else {
        let message = format!("`--resume`: there is no checkpoint in `{}`", folder.path().display());
        return Err(Failure::failed(message).hint("train without `--resume` first"));
    };
    let differences = checkpoint.identity.differences(identity);
    if !differences.is_empty() {
        let list = differences.join("\n  ");
        let message = format!("`--resume`: the run in `{}` has other settings:\n  {list}", folder.path().display());
        return Err(Failure::usage(message).hint("give the run's own settings, or another `--out` for a new run"));
    }
    Ok(checkpoint)
}

fn diverged(step: u64, epoch: u64) -> Failure {
    Failure::failed(format!("the losses are no longer numbers at step {step}, in epoch {epoch}: training has diverged"))
        .hint("the checkpoint of the last whole epoch is kept; try a lower `--lr` or a larger `--r1-gamma`")
}
