//! The losses, each a mean over the minibatch of logits: [batch, 1].
//!
//! All are written with softplus(x) = ln(1 + e^x), in the form that neither overflows nor takes the logarithm of zero:
//! the sigmoid cross-entropy of logit x and target t is softplus(x) - t x.

use candle_core::Tensor;

use super::error::Result;

/// D's loss: real pictures against `real_label`, generated ones against 0.
///
/// # Errors
/// candle's.
pub fn discriminator(real: &Tensor, fake: &Tensor, real_label: f64) -> Result<Tensor> {
    Ok((cross_entropy(real, real_label)? + cross_entropy(fake, 0.0)?)?)
}

/// G's non-saturating loss: generated pictures against 1.
///
/// # Errors
/// candle's.
pub fn generator(fake: &Tensor) -> Result<Tensor> {
    cross_entropy(fake, 1.0)
}

/// The relativistic loss, for D as (real, fake), for G as (fake, real): softplus of how far the pair's second logit is
/// above its first.
///
/// # Errors
/// candle's.
pub fn relativistic(wanted_above: &Tensor, wanted_below: &Tensor) -> Result<Tensor> {
    Ok(softplus(&(wanted_below - wanted_above)?)?.mean_all()?)
}

/// Mean sigmoid cross-entropy of `logits` against one target.
///
/// # Errors
/// candle's.
pub fn cross_entropy(logits: &Tensor, target: f64) -> Result<Tensor> {
    Ok((softplus(logits)? - (logits * target)?)?.mean_all()?)
}

/// max(x, 0) + ln(1 + e^-|x|).
fn softplus(x: &Tensor) -> Result<Tensor> {
    let correction = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    Ok((x.relu()? + correction)?)
}
