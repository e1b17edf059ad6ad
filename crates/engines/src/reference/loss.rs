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

/// Gives D's loss as a scalar; real, fake: logits, [batch, 1]. In the non-saturating loss real pictures stand against
/// `real_label` and generated ones against 0; in the relativistic one the real picture of a pair is to be above.
///
/// # Errors
/// Fails if candle does: the device is out of memory, or lost.
pub fn of_d(loss: Loss, real: &Tensor, fake: &Tensor, real_label: f64) -> Result<Tensor> {
    match loss {
        Loss::NonSaturating => Ok((cross_entropy(real, real_label)? + cross_entropy(fake, 0.0)?)?),
        Loss::Relativistic => below(fake, real),
    }
}

/// Gives G's loss as a scalar; logits: [batch, 1]. In the non-saturating loss generated pictures stand against 1; in
/// the relativistic one the generated picture of a pair is to be above, and only then is `real` called.
///
/// # Errors
/// Fails if candle does, or with what `real` fails at.
pub fn of_g(loss: Loss, real: impl FnOnce() -> Result<Tensor>, fake: &Tensor) -> Result<Tensor> {
    match loss {
        Loss::NonSaturating => cross_entropy(fake, 1.0),
        Loss::Relativistic => below(&real()?, fake),
    }
}

/// Gives the mean over pairs of softplus(`lower` - `upper`): small where each pair's `lower` logit is below its
/// `upper`.
fn below(lower: &Tensor, upper: &Tensor) -> Result<Tensor> {
    Ok(softplus(&(lower - upper)?)?.mean_all()?)
}

/// Gives the mean sigmoid cross-entropy of `logits` against one target.
fn cross_entropy(logits: &Tensor, target: f64) -> Result<Tensor> {
    Ok((softplus(logits)? - (logits * target)?)?.mean_all()?)
}

/// Gives ln(1 + e^x), written as max(x, 0) + ln(1 + e^-|x|).
fn softplus(x: &Tensor) -> Result<Tensor> {
    let correction = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    Ok((x.relu()? + correction)?)
}
