//! Engines: what turns a minibatch and its noise into one update of D and one of G.
//!
//! Every engine is given the same inputs, made outside of it (image indices, z, rates), and holds the same state, so
//! engines can be compared step by step and a run can move from one to another. Engines do no I/O and print nothing.
//! [`reference`] is the readable one and the judge; [`cpu`] and [`gpu`] are held equal to it by tests.

pub mod choose;
pub mod cpu;
#[cfg(test)]
mod equality;
pub mod gpu;
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

/// A named tensor of the last step, in f64: what engines are compared by.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `logits.real`, `logits.fake`, `gradient.NAME` or `parameter.NAME`.
    pub name: String,
    /// Flat, row-major.
    pub values: Vec<f64>,
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

/// How a stretch goes.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Steps done since the last report.
    pub steps: u64,
    /// What steps reported, one after another: those of this report, or, from an engine that keeps the host out of its loop,
    /// none until the last report has them all.
    pub stats: &'a [StepStats],
    /// Seconds that those steps took.
    pub seconds: f64,
}

/// One way of doing the training step.
pub trait Engine {
    /// `reference` or `fused`.
    fn name(&self) -> &'static str;

    /// What it runs on, for people: `cpu`, or the GPU's name.
    fn device(&self) -> String;

    /// One update of D, then one of G against the updated D, and the moving average.
    ///
    /// # Errors
    /// Only what the device or library fails at; shapes are checked when the engine is made.
    fn step(&mut self, input: &StepInput) -> Result<StepStats>;

    /// Steps in a row; `report` hears of them and says whether to go on. An engine may have begun some more by then, which it
    /// finishes and reports.
    ///
    /// # Errors
    /// As [`Engine::step`].
    fn stretch(&mut self, recipe: &Recipe, stretch: &Stretch, report: &mut dyn FnMut(Report) -> bool) -> Result<()> {
        let mut z = vec![0.0; recipe.batch * recipe.latent];
        let minibatches = stretch.order.chunks_exact(recipe.batch);
        for (step, indices) in (stretch.first..stretch.first + stretch.steps).zip(minibatches) {
            let began = Instant::now();
            noise::fill_normal(stretch.seed, Stream::TrainingZ, step, &mut z);
            let stats =
                self.step(&StepInput { step, indices, z: &z, rates: recipe.rates(step, stretch.total_steps) })?;
            if !report(Report { steps: 1, stats: &[stats], seconds: began.elapsed().as_secs_f64() }) {
                break;
            }
        }
        Ok(())
    }

    /// A copy of everything that the next step depends on.
    ///
    /// # Errors
    /// As [`Engine::step`].
    fn state(&self) -> Result<State>;

    /// Pictures of the generator that is exported (the moving average where there is one).
    /// z: [n, latent] -> [n, pixels], in [-1, 1].
    ///
    /// # Errors
    /// As [`Engine::step`].
    fn generate(&self, z: &[f32]) -> Result<Vec<f32>>;

    /// Tensors of the last step and the parameters after it, in a fixed order.
    ///
    /// # Errors
    /// As [`Engine::step`].
    fn probe(&self) -> Result<Vec<Probe>>;
}
