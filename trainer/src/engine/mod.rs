//! Engines: what turns a minibatch and its noise into one update of D and one of G.
//!
//! Every engine is given the same inputs, made outside of it (image indices, z, rates), and holds the same state, so
//! engines can be compared step by step and a run can move from one to another. Engines do no I/O, draw no noise and
//! print nothing. [`reference`] is the readable one and the judge; [`fused`] is held equal to it by tests.

pub mod fused;
pub mod reference;
mod state;

use serde::{Deserialize, Serialize};

use crate::failure::Result;
use crate::recipe::StepRates;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
        }
    }

    /// Whether every value is a number: a loss that is not ends the run.
    pub fn is_finite(&self) -> bool {
        [self.d_loss, self.g_loss, self.d_real, self.d_fake, self.r1, self.r2].iter().all(|v| v.is_finite())
    }
}

/// A named tensor of the last step, in f64: what engines are compared by.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `logits.real`, `logits.fake`, `gradient.NAME` or `parameter.NAME`.
    pub name: String,
    /// Flat, row-major.
    pub values: Vec<f64>,
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
