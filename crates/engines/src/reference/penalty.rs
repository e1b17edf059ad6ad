//! Zero-centred gradient penalties: R1 on real pictures, R2 on generated ones.
//!
//! Source: Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018, section 4.1.
//! The gradient of D's logit by its input x is a chain through D's stages, from the last to the first; for three of them
//!
//! ```text
//! dD/dx = W1' (f1' * W2' (f2' * w3))
//! ```
//!
//! with the derivatives f' of the functions between (of a leaky ReLU 1 or its slope) constant almost everywhere. Written out like
//! this, its squared norm is an ordinary function of the weights, and first-order autograd differentiates it.

use candle_core::Tensor;

use super::error::Result;
use super::network::{Network, Pass, derivative};

/// Gives the mean over the minibatch of the squared norm of dD/dx, as a scalar: R1 of real pictures, R2 of generated
/// ones, before their weight gamma / 2.
///
/// # Errors
/// Fails if candle does: the device is out of memory, or lost.
pub fn mean_squared_gradient(discriminator: &Network, pass: &Pass, shares: &Tensor) -> Result<Tensor> {
    let gradient = input_gradient(discriminator, pass, shares)?;
    Ok(gradient.sqr()?.sum(1)?.mean_all()?)
}

/// Gives dD/dx, the gradient of D's logit by its input, for each picture of the minibatch: [batch, pixels]. `shares`: those
/// that D's opinions have in each logit, [batch, opinions].
///
/// # Errors
/// Fails if candle does: the device is out of memory, or lost.
pub fn input_gradient(discriminator: &Network, pass: &Pass, shares: &Tensor) -> Result<Tensor> {
    let stages = &discriminator.description.stages;
    // Nothing follows the logit.
    let mut chain = discriminator.transposed(stages.len() - 1, shares)?;
    for (i, stage) in stages.iter().enumerate().rev().skip(1) {
        if let Some(derivative) = derivative(stage.activation, &pass.before[i])? {
            chain = (derivative * chain)?;
        }
        chain = discriminator.transposed(i, &chain)?;
    }
    Ok(chain)
}
