//! Zero-centred gradient penalties: R1 on real pictures, R2 on generated ones.
//!
//! Source: Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018, section 4.1.
//! The gradient of D's logit by its input x is, for this network,
//!
//! ```text
//! dD/dx = W1' (m1 * W2' (m2 * w3))
//! ```
//!
//! with the masks m (the derivatives of the leaky ReLU, 1 or its slope) constant almost everywhere. Written out like
//! this, its squared norm is an ordinary function of W1, W2 and w3, and first-order autograd differentiates it.

use candle_core::Tensor;

use super::error::Result;
use super::network::{Network, Pass};

/// The mean over the minibatch of the squared norm of dD/dx: a scalar.
///
/// # Errors
/// candle's.
pub fn mean_squared_gradient(discriminator: &Network, pass: &Pass) -> Result<Tensor> {
    let gradient = input_gradient(discriminator, pass)?;
    Ok(gradient.sqr()?.sum(1)?.mean_all()?)
}

/// dD/dx for each picture of the minibatch: [batch, pixels].
///
/// # Errors
/// candle's.
pub fn input_gradient(discriminator: &Network, pass: &Pass) -> Result<Tensor> {
    // Row vectors here, so that a product by W' from the left reads as a product by W from the right.
    let chain2 = discriminator.mask(&pass.pre2)?.broadcast_mul(discriminator.weight(2))?;
    let chain1 = (chain2.matmul(discriminator.weight(1))? * discriminator.mask(&pass.pre1)?)?;
    Ok(chain1.matmul(discriminator.weight(0))?)
}
