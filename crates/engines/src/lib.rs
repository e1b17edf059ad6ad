//! Engines: what turns a minibatch and its noise into one update of D and one of G.
//!
//! An engine trains a fleet: runs of one recipe, each with its own seed. What a step is given (image indices, z, rates) follows from
//! (seed, step) alone, and all engines hold the same state, so they can be compared step by step and a run can move from one to
//! another. Engines touch no file and print nothing.
//! [`reference`] is the readable one and the judge; [`cpu`] and [`gpu`] are held equal to it by tests.

pub mod choose;
pub mod cpu;
#[cfg(test)]
mod equality;
pub mod gpu;
#[cfg(feature = "reference")]
pub mod reference;
#[cfg(not(feature = "reference"))]
#[path = "reference/absent.rs"]
pub mod reference;

use std::time::Instant;

use failure::Result;
use gan::recipe::{Recipe, StepRates};
use noise::philox::Stream;

pub use gan::{Slot, State, StepStats};

/// What one step is given.
#[derive(Clone, Copy, Debug)]
pub struct StepInput<'a> {
    /// Counts from 0; Adam's bias correction uses `step + 1`.
    pub step: u64,
    /// Which training pictures: [batch].
    pub indices: &'a [u32],
    /// Latent vectors, the same for D's and G's update: [batch, latent], row-major.
    pub z: &'a [f32],
    /// Learning rate, penalty weights, EMA decay.
    pub rates: StepRates,
}

/// Steps in a row, inside one epoch.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// Key of the run's noise.
    pub seed: u64,
    /// Number of the first step, from 0.
    pub first: u64,
    /// How many.
    pub steps: u64,
    /// Of the whole run, for the rates.
    pub total_steps: u64,
    /// Which pictures, a minibatch after another: [steps * batch] at least.
    pub order: &'a [u32],
}

/// How an advance goes.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Steps that every member has done since the last report.
    pub steps: u64,
    /// For each member, what its steps reported, one after another: those of this report, or, from an engine that keeps the host
    /// out of its loop, none until the last report has them all.
    pub stats: &'a [&'a [StepStats]],
    /// Seconds that those steps took.
    pub seconds: f64,
}

/// A fleet of runs of one recipe that are trained in step, each with its own seed; one run is a fleet of one.
pub trait Engine {
    /// `reference` or `fused`.
    fn name(&self) -> &'static str;

    /// What it runs on, for people: `cpu`, or the GPU's name.
    fn device(&self) -> String;

    /// Takes every member some steps on: a step is one update of D, then one of G against the updated D, and the moving average.
    ///
    /// `stretches`: one for each member, all of the same first step and length. `report` hears of the steps and says whether to go
    /// on. An engine may have begun some more by then, which it finishes and reports.
    ///
    /// # Errors
    /// Only what the device or library fails at; shapes are checked when the engine is made.
    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Report) -> bool) -> Result<()>;

    /// A copy of everything that a member's next step depends on.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    fn state(&self, member: usize) -> Result<State>;

    /// Pictures of a member's generator as it is exported (the moving average where there is one).
    /// z: [n, latent] -> [n, pixels], in [-1, 1].
    ///
    /// # Errors
    /// As [`Engine::advance`].
    fn generate(&self, member: usize, z: &[f32]) -> Result<Vec<f32>>;
}

/// A named tensor of the last step, in f64: what engines are compared by.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `logits.real`, `logits.fake`, `gradient.NAME` or `parameter.NAME`.
    pub name: String,
    /// Flat, row-major.
    pub values: Vec<f64>,
}

/// Single steps of a fleet's first member, and their tensors: what tests judge an engine by, one step at a time.
pub trait Stepwise: Engine {
    /// Takes one step on inputs made elsewhere.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    fn step(&mut self, input: &StepInput) -> Result<StepStats>;

    /// Tensors of the last step and the parameters after it, in a fixed order.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    fn probe(&self) -> Result<Vec<Probe>>;
}

/// [`Engine::advance`] of an engine of one member that takes a step at a time: the step's noise and rates are made here.
///
/// # Errors
/// Those of `step`.
///
/// # Panics
/// If there is not just one stretch.
pub(crate) fn step_by_step(
    recipe: &Recipe,
    stretches: &[Stretch],
    report: &mut dyn FnMut(Report) -> bool,
    mut step: impl FnMut(&StepInput) -> Result<StepStats>,
) -> Result<()> {
    let [stretch] = stretches else { panic!("{} stretches for one member", stretches.len()) };
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    let minibatches = stretch.order.chunks_exact(recipe.batch);
    for (number, indices) in (stretch.first..stretch.first + stretch.steps).zip(minibatches) {
        let began = Instant::now();
        noise::fill_normal(stretch.seed, Stream::TrainingZ, number, &mut z);
        let rates = recipe.rates(number, stretch.total_steps);
        let stats = step(&StepInput { step: number, indices, z: &z, rates })?;
        if !report(Report { steps: 1, stats: &[&[stats]], seconds: began.elapsed().as_secs_f64() }) {
            break;
        }
    }
    Ok(())
}
