//! What a step says of itself.

use serde::{Deserialize, Serialize};

use crate::loss::{Loss, Pair};

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
    pub fn zip_with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
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
pub fn judge_discriminator(loss: Loss, real: &[f32], fake: &[f32]) -> StepStats {
    let mut stats = StepStats::default();
    for (&real, &fake) in real.iter().zip(fake) {
        let (real, fake) = (f64::from(real), f64::from(fake));
        let [right_on_real, right_on_fake] = (loss.terms().d_is_right)(Pair { real, fake });
        stats.d_margin += real - fake;
        stats.d_accuracy_real += f64::from(u8::from(right_on_real));
        stats.d_accuracy_fake += f64::from(u8::from(right_on_fake));
    }
    let batch = real.len() as f64;
    stats.zip_with(&stats, |sum, _| sum / batch)
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
