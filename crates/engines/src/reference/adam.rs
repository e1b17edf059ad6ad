//! Adam in TensorFlow's form, with its moments in plain sight.
//!
//! Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015, in the order given just before its section 2.1:
//! the bias corrections go into the rate, and epsilon is added to the root of the uncorrected second moment.

use candle_core::{Tensor, Var};
use gan::adam::corrected_rate;

use super::error::Result;

/// Holds the moments and the constants of one network's optimiser.
pub struct Adam {
    /// Holds the first moments, a tensor for each of the network's parameters and of its shape.
    pub m: Vec<Tensor>,
    /// Holds the second moments, a tensor for each of the network's parameters and of its shape.
    pub v: Vec<Tensor>,
    /// Decays the first moment, in [0, 1).
    pub beta1: f64,
    /// Decays the second moment, in [0, 1).
    pub beta2: f64,
    /// Guards against division by zero: it is added to the root of the second moment.
    pub epsilon: f64,
}

impl Adam {
    /// Moves each parameter against its gradient, and the moments with it. `lr` is the rate before bias correction;
    /// `step` counts from 0.
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn update(&mut self, vars: &[Var], gradients: &[Tensor], lr: f64, step: u64) -> Result<()> {
        let rate = corrected_rate(lr, self.beta1, self.beta2, step);
        for (i, (var, gradient)) in vars.iter().zip(gradients).enumerate() {
            self.m[i] = ((&self.m[i] * self.beta1)? + (gradient * (1.0 - self.beta1))?)?;
            self.v[i] = ((&self.v[i] * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
            let direction = (&self.m[i] / (self.v[i].sqrt()? + self.epsilon)?)?;
            var.set(&(var.as_detached_tensor() - (direction * rate)?)?)?;
        }
        Ok(())
    }
}
