//! The losses in candle's terms, each a mean over the minibatch of logits: [batch, 1].
//!
//! Here alone a loss is written a second time, and not taken from `gan::loss`: from the same papers, in other arithmetic, and with no
//! derivative, which is autograd's to find. So the judge of the other engines shares no line with what it judges.
//!
//! All are written with softplus(x) = ln(1 + e^x), in the form that neither overflows nor takes the logarithm of zero:
//! the sigmoid cross-entropy of logit x and target t is softplus(x) - t x.

use candle_core::Tensor;

use super::error::Result;
use gan::Loss;

/// D's loss. In the non-saturating one real pictures stand against `real_label`, generated ones against 0; in the relativistic one
/// the real picture of a pair is to be above.
///
/// # Errors
/// candle's.
pub fn of_d(loss: Loss, real: &Tensor, fake: &Tensor, real_label: f64) -> Result<Tensor> {
    match loss {
        Loss::NonSaturating => Ok((cross_entropy(real, real_label)? + cross_entropy(fake, 0.0)?)?),
        Loss::Relativistic => below(fake, real),
    }
}

/// G's loss. In the non-saturating one generated pictures stand against 1; in the relativistic one the generated picture of a pair
/// is to be above, and `real` are asked for.
///
/// # Errors
/// candle's, and those of `real`.
pub fn of_g(loss: Loss, real: impl FnOnce() -> Result<Tensor>, fake: &Tensor) -> Result<Tensor> {
    match loss {
        Loss::NonSaturating => cross_entropy(fake, 1.0),
        Loss::Relativistic => below(&real()?, fake),
    }
}

/// The mean over pairs of the softplus of how far a pair's `lower` logit is above its `upper` one.
fn below(lower: &Tensor, upper: &Tensor) -> Result<Tensor> {
    Ok(softplus(&(lower - upper)?)?.mean_all()?)
}

/// Mean sigmoid cross-entropy of `logits` against one target.
fn cross_entropy(logits: &Tensor, target: f64) -> Result<Tensor> {
    Ok((softplus(logits)? - (logits * target)?)?.mean_all()?)
}

/// max(x, 0) + ln(1 + e^-|x|).
fn softplus(x: &Tensor) -> Result<Tensor> {
    let correction = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    Ok((x.relu()? + correction)?)
}
