//! `trainer study --dry-run`: the runs, and how long they would take, by a short trial of each kind of step.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;

use super::plan::{Plan, Setting};
use super::pool::{duration, workers_that_fit};
use data::{Dataset, Pictures};
use engines::choose::{Choice, DeviceChoice, EngineChoice};
use engines::{Engine, State, Stretch};
use failure::{Failure, Result};
use judge::SAMPLES;
use judge::schedule::Schedule;

/// Steps of a trial, before and on the clock.
const WARM_UP: u64 = 20;
const STEPS: u64 = 100;

/// What a run of a setting costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    start_seconds: f64,
    step_seconds: f64,
    steps: u64,
    evaluations: u64,
    evaluation_seconds: f64,
}

impl Cost {
    fn seconds(&self) -> f64 {
        self.start_seconds + self.steps as f64 * self.step_seconds + self.evaluations as f64 * self.evaluation_seconds
    }
}

/// The preview: a line for each setting, and the time of all runs with `workers` at a time, or as many as fit.
///
/// # Errors
/// Pictures that cannot be read, or an engine that is not to be had here.
pub fn preview(plan: &Plan, workers: Option<usize>, threads: usize, say: &mut dyn FnMut(&str)) -> Result<String> {
    let mut trials = Trials::new(plan, threads)?;
    let mut costs = Vec::new();
    for (number, setting) in plan.settings.iter().enumerate() {
        say(&format!("trial {} of {}: {}", number + 1, plan.settings.len(), setting.name));
        costs.push(trials.cost(plan, setting)?);
    }
    let width = plan.settings.iter().map(|setting| setting.name.chars().count()).max().unwrap_or(0).max(7);
    let mut text = format!("{:width$}  runs  epochs  ms/step   a run\n", "setting");
    for (index, (setting, cost)) in plan.settings.iter().zip(&costs).enumerate() {
        let runs = plan.runs.iter().filter(|run| run.setting == index).count();
        let _ = writeln!(
            text,
            "{:width$}  {runs:>4}  {:>6}  {:>7.2}  {:>6}",
            setting.name,
            setting.epochs,
            1e3 * cost.step_seconds,
            duration(cost.seconds())
        );
    }
    let total: f64 = plan.runs.iter().map(|run| costs[run.setting].seconds()).sum();
    let (fitting, why) = workers_that_fit(plan, threads);
    let (at_once, why) =
        workers.map_or((fitting, format!(" (as many as {why} allow)")), |asked| (asked, String::new()));
    let _ = writeln!(
        text,
        "{} runs, {} of one worker; about {} with {at_once} at a time{why}, {threads} thread{} each",
        plan.runs.len(),
        duration(total),
        duration(total / at_once.max(1) as f64),
        if threads == 1 { "" } else { "s" }
    );
    Ok(text)
}

/// A data set as it was read.
#[derive(Clone)]
struct Data {
    /// Name or folder, and size.
    key: (String, Option<usize>, String),
    pictures: Arc<Pictures>,
    tests: usize,
    read_seconds: f64,
}

/// What was measured so far, so that nothing is measured twice.
struct Trials {
    choice: Choice,
    data: Vec<Data>,
    /// What a step's time depends on, and that time.
    steps: Vec<(String, f64)>,
    /// Seconds to get a judge ready, and of one evaluation, both on 10,000 pictures of MNIST.
    judging: Option<[f64; 2]>,
    threads: usize,
}

impl Trials {
    fn new(plan: &Plan, threads: usize) -> Result<Self> {
        let engine = EngineChoice::from_str(&plan.engine, false).map_err(Failure::usage)?;
        let device = plan.device.parse::<DeviceChoice>().map_err(Failure::usage)?;
        let choice = Choice::new(engine, device, threads)?;
        Ok(Self { choice, data: Vec::new(), steps: Vec::new(), judging: None, threads })
    }

    fn cost(&mut self, plan: &Plan, setting: &Setting) -> Result<Cost> {
        let Data { pictures, tests, read_seconds, .. } = self.data(setting)?;
        setting.recipe.fits(pictures.shape)?;
        let steps_per_epoch = (pictures.count() / setting.recipe.batch) as u64;
        if steps_per_epoch == 0 {
            return Err(Failure::usage(format!(
                "setting \"{}\": `batch` {} is more than the {} training pictures",
                setting.name,
                setting.recipe.batch,
                pictures.count()
            )));
        }
        let recipe = &setting.recipe;
        let penalties = [recipe.r1_gamma > 0.0, recipe.r2_gamma > 0.0, recipe.has_ema()];
        let networks = [recipe.generator_network(pictures.shape), recipe.discriminator_network(pictures.shape)];
        let stages = networks.map(|network| network.stages);
        let key = format!("{:?} {penalties:?} {} {stages:?} {}", recipe.loss, recipe.batch, setting.data);
        let step_seconds = match self.steps.iter().find(|(known, _)| *known == key) {
            Some((_, seconds)) => *seconds,
            None => {
                let seconds = self.time_steps(setting, &pictures)?;
                self.steps.push((key, seconds));
                seconds
            }
        };
        let every = plan.evaluate_every(setting);
        let evaluations = if every == 0 { 0 } else { setting.epochs.div_ceil(every) };
        let [ready, evaluation] = if evaluations > 0 { self.judging()? } else { [0.0; 2] };
        let share = tests.min(SAMPLES) as f64 / SAMPLES as f64;
        Ok(Cost {
            start_seconds: read_seconds + ready * share,
            step_seconds,
            steps: setting.epochs * steps_per_epoch,
            evaluations,
            evaluation_seconds: evaluation * share,
        })
    }

    fn data(&mut self, setting: &Setting) -> Result<Data> {
        let key = (setting.data.clone(), setting.size, setting.colour.clone());
        if let Some(known) = self.data.iter().find(|known| known.key == key) {
            return Ok(known.clone());
        }
        let began = Instant::now();
        let dataset = Dataset::open(&setting.source(), &mut |_| ())?;
        let (pictures, tests) = (Arc::new(dataset.train), dataset.test.count());
        let data = Data { key, pictures, tests, read_seconds: began.elapsed().as_secs_f64() };
        self.data.push(data.clone());
        Ok(data)
    }

    fn time_steps(&self, setting: &Setting, pictures: &Arc<Pictures>) -> Result<f64> {
        let recipe = &setting.recipe;
        let mut engine = self.engine(setting, pictures)?;
        let order = noise::permutation(0, 0, pictures.count());
        let total_steps = setting.epochs * (pictures.count() / recipe.batch) as u64;
        // The order is gone through again where it is shorter than the trial.
        let order: Vec<u32> = order.iter().copied().cycle().take((WARM_UP + STEPS) as usize * recipe.batch).collect();
        let mut advance = |first: u64, steps: u64| {
            let order = &order[first as usize * recipe.batch..];
            engine.advance(&[Stretch { seed: 0, first, steps, total_steps, order }], &mut |_| true)
        };
        advance(0, WARM_UP)?;
        let began = Instant::now();
        advance(WARM_UP, STEPS)?;
        Ok(began.elapsed().as_secs_f64() / STEPS as f64)
    }

    fn engine(&self, setting: &Setting, pictures: &Arc<Pictures>) -> Result<Box<dyn Engine>> {
        let state = State::initial(&setting.recipe, pictures.shape, 0);
        self.choice.engine(&setting.recipe, pictures.clone(), std::slice::from_ref(&state), &mut |_| ())
    }

    /// On MNIST, whose judge is built in; other data sets cost about as much a picture.
    fn judging(&mut self) -> Result<[f64; 2]> {
        if let Some(known) = self.judging {
            return Ok(known);
        }
        let dataset = Dataset::mnist()?;
        let began = Instant::now();
        let schedule = Schedule::new(1, 1, &dataset, Path::new(""), self.threads, &mut |_| ())?;
        let ready = began.elapsed().as_secs_f64();
        let recipe = gan::recipe::Recipe::load("stable", &toml::Table::new())?;
        let state = State::initial(&recipe, dataset.shape(), 0);
        let engine = self.choice.engine(&recipe, Arc::new(dataset.train), std::slice::from_ref(&state), &mut |_| ())?;
        let evaluation = match schedule {
            Some(schedule) => schedule
                .after(1, recipe.latent, gan::Classes(0), &mut |z| engine.generate(0, z))?
                .map_or(0.0, |evaluation| evaluation.seconds),
            None => 0.0,
        };
        self.judging = Some([ready, evaluation]);
        Ok([ready, evaluation])
    }
}
