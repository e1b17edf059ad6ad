//! Engines: what turns a minibatch and its noise into one update of D and one of G.
//!
//! Every engine is given the same inputs, made outside of it (image indices, z, rates), and holds the same state, so
//! engines can be compared step by step and a run can move from one to another. Engines do no I/O and print nothing.
//! [`reference`] is the readable one and the judge; [`fused`], on the CPU, and [`gpu`] are held equal to it by tests.

#[cfg(test)]
mod equality;
pub mod fused;
pub mod gpu;
pub mod reference;
mod state;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::failure::Result;
use crate::noise;
use crate::philox::Stream;
use crate::recipe::{Loss, Recipe, StepRates};

pub use state::{Slot, State, discriminator_layout, generator_layout};

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

/// What one step reports: means over the minibatch, measured before the update each belongs to.
// `default` lets a checkpoint of an older version, whose sums have fewer fields, be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepStats {
    /// D's loss without penalties.
    pub d_loss: f64,
    /// G's loss.
    pub g_loss: f64,
    /// Mean of sigmoid(D(x)) over real pictures, in D's update.
    pub d_real: f64,
    /// Mean of sigmoid(D(G(z))), in D's update.
    pub d_fake: f64,
    /// Mean squared norm of the gradient of D's logit by a real picture; 0 where R1 is off.
    pub r1: f64,
    /// The same by a generated picture; 0 where R2 is off.
    pub r2: f64,
    /// Mean of D's logits on real pictures, less that on generated ones, in D's update.
    pub d_margin: f64,
    /// Share of the real pictures that D gets right, in its update: a logit above 0, or, under the relativistic loss,
    /// above its partner's.
    pub d_accuracy_real: f64,
    /// The same of the generated pictures: a logit below 0, or below the partner's.
    pub d_accuracy_fake: f64,
    /// The gradient that reaches G: the norm of the gradient of a generated picture's loss by its pixels, as the root of
    /// the mean square over the minibatch, in G's update.
    pub g_gradient: f64,
}

impl StepStats {
    /// Each value turned to another by `f`, given the same value of `other`.
    pub(crate) fn zip_with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            d_loss: f(self.d_loss, other.d_loss),
            g_loss: f(self.g_loss, other.g_loss),
            d_real: f(self.d_real, other.d_real),
            d_fake: f(self.d_fake, other.d_fake),
            r1: f(self.r1, other.r1),
            r2: f(self.r2, other.r2),
            d_margin: f(self.d_margin, other.d_margin),
            d_accuracy_real: f(self.d_accuracy_real, other.d_accuracy_real),
            d_accuracy_fake: f(self.d_accuracy_fake, other.d_accuracy_fake),
            g_gradient: f(self.g_gradient, other.g_gradient),
        }
    }

    /// Whether every value is a number: a loss that is not ends the run.
    pub fn is_finite(&self) -> bool {
        // The accuracies are counts: always numbers.
        let Self { d_loss, g_loss, d_real, d_fake, r1, r2, d_margin, g_gradient, .. } = self;
        [d_loss, g_loss, d_real, d_fake, r1, r2, d_margin, g_gradient].iter().all(|v| v.is_finite())
    }
}

/// What D's logits say of it: [`StepStats::d_margin`] and the two accuracies. real, fake: [batch] each.
pub(crate) fn judge_discriminator(loss: Loss, real: &[f32], fake: &[f32]) -> StepStats {
    let mut stats = StepStats::default();
    for (&real, &fake) in real.iter().zip(fake) {
        let (real, fake) = (f64::from(real), f64::from(fake));
        let (right_on_real, right_on_fake) = match loss {
            Loss::NonSaturating => (real > 0.0, fake < 0.0),
            Loss::Relativistic => (real > fake, real > fake),
        };
        stats.d_margin += real - fake;
        stats.d_accuracy_real += f64::from(u8::from(right_on_real));
        stats.d_accuracy_fake += f64::from(u8::from(right_on_fake));
    }
    let batch = real.len() as f64;
    stats.zip_with(&stats, |sum, _| sum / batch)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_is_judged_by_zero_or_by_the_partner_as_its_loss_has_it() {
        let (real, fake) = ([1.0, -1.0, 3.0, -3.0], [-1.0, -2.0, 4.0, -0.5]);
        let judged = |loss| {
            let StepStats { d_margin, d_accuracy_real, d_accuracy_fake, .. } = judge_discriminator(loss, &real, &fake);
            (d_margin, d_accuracy_real, d_accuracy_fake)
        };
        assert_eq!(judged(Loss::NonSaturating), (-0.125, 0.5, 0.75));
        assert_eq!(judged(Loss::Relativistic), (-0.125, 0.5, 0.5));
    }
}
