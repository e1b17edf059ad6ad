//! The losses: how D's logits of a real picture and of a generated one are scored.
//!
//! A loss is one file here and one line in [`Loss::terms`]; whatever trains, on a CPU or on a GPU, asks there. The reference
//! engine alone writes each loss a second time, in its own arithmetic (`engines::reference::loss`): it is the judge of the others,
//! and a judge that asks the judged finds nothing.
//!
//! All of it is about one pair, a real picture's logit and a generated one's; a minibatch's loss is the mean over its pairs. A
//! minibatch has a hundred of them, so f64 costs nothing.

use serde::{Deserialize, Serialize};

mod non_saturating;
mod relativistic;

/// Names how D's logits are scored, as a recipe's key `loss` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Takes the sigmoid cross-entropy, with the non-saturating loss for G (Goodfellow et al., "Generative Adversarial
    /// Nets", 2014).
    NonSaturating,
    /// Takes the sigmoid cross-entropy of paired differences of logits (Jolicoeur-Martineau, "The relativistic
    /// discriminator", 2018; as paired in R3GAN, 2024).
    Relativistic,
}

impl Loss {
    /// Lists every loss that there is, in the order of the variants.
    pub const ALL: [Self; 2] = [Self::NonSaturating, Self::Relativistic];

    /// Gives what the loss is made of: its values, its derivatives, its WGSL.
    pub fn terms(self) -> &'static Terms {
        match self {
            Self::NonSaturating => &non_saturating::TERMS,
            Self::Relativistic => &relativistic::TERMS,
        }
    }
}

/// Holds what a loss is made of; whatever trains asks here.
pub struct Terms {
    /// Gives D's loss of a pair; the second argument is the target for real pictures (a recipe's `real_label`).
    pub d_loss: fn(Pair, f64) -> DLoss,
    /// Gives G's loss of a pair, under the D that was just updated.
    pub g_loss: fn(Pair) -> GLoss,
    /// Says whether G's loss looks at the real picture's logit too, so that the updated D must be asked for it again.
    pub g_looks_at_real: bool,
    /// Says whether only differences of logits count, so that nothing holds the logits themselves in place.
    pub only_differences: bool,
    /// Says whether D is right about the real picture of a pair, and about the generated one: its accuracy counts
    /// these.
    pub d_is_right: fn(Pair) -> [bool; 2],
    /// Says all of this as WGSL functions of two logits, `real` and `fake`: `loss_of_d`, the loss and its derivatives
    /// by both, `loss_of_g`, the loss and its derivative by the second, and `d_is_right`. They may call `softplus` and
    /// `sigmoid`, and read `REAL_LABEL`.
    pub wgsl: &'static str,
}

/// Holds the logits that D gives to a pair of pictures, a real and a generated one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Holds the logit of the pair's real picture.
    pub real: f64,
    /// Holds the logit of the pair's generated picture.
    pub fake: f64,
}

/// Holds D's loss of a pair and its derivatives by both logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DLoss {
    /// Holds the loss itself, of this one pair.
    pub value: f64,
    /// Holds the derivative by the real picture's logit.
    pub by_real: f64,
    /// Holds the derivative by the generated picture's logit.
    pub by_fake: f64,
}

/// Holds G's loss of a pair and its derivative by the logit that G has a part in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GLoss {
    /// Holds the loss itself, of this one pair.
    pub value: f64,
    /// Holds the derivative by the generated picture's logit.
    pub by_fake: f64,
}

/// Gives ln(1 + e^x), without overflow at any x.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Gives 1 / (1 + e^-x): the derivative of [`softplus`], and the chance that D gives to a picture of being real by its
/// logit x.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits from far below to far above each other.
    fn pairs() -> impl Iterator<Item = Pair> {
        let logits = [-30.0, -3.0, -0.4, 0.0, 0.7, 2.0, 30.0];
        logits.into_iter().flat_map(move |real| logits.map(|fake| Pair { real, fake }))
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        const STEP: f64 = 1e-5;
        let slope = |f: &dyn Fn(f64) -> f64| (f(STEP) - f(-STEP)) / (2.0 * STEP);
        for loss in Loss::ALL {
            let Terms { d_loss, g_loss, .. } = loss.terms();
            for pair in pairs() {
                let Pair { real, fake } = pair;
                for label in [1.0, 0.9] {
                    let by_real = slope(&|by| d_loss(Pair { real: real + by, fake }, label).value);
                    let by_fake = slope(&|by| d_loss(Pair { real, fake: fake + by }, label).value);
                    let told = d_loss(pair, label);
                    assert!((told.by_real - by_real).abs() < 1e-8, "{loss:?}, {pair:?}: {told:?}, not {by_real}");
                    assert!((told.by_fake - by_fake).abs() < 1e-8, "{loss:?}, {pair:?}: {told:?}, not {by_fake}");
                }
                let by_fake = slope(&|by| g_loss(Pair { real, fake: fake + by }).value);
                let told = g_loss(pair);
                assert!((told.by_fake - by_fake).abs() < 1e-8, "{loss:?}, {pair:?}: {told:?}, not {by_fake}");
            }
        }
    }

    #[test]
    fn what_a_loss_looks_at_is_what_its_values_depend_on() {
        for loss in Loss::ALL {
            let terms = loss.terms();
            let (pair, other) = (Pair { real: 0.3, fake: -0.8 }, Pair { real: 1.1, fake: -0.8 });
            assert_eq!((terms.g_loss)(pair) != (terms.g_loss)(other), terms.g_looks_at_real, "{loss:?}");
            let moved = Pair { real: pair.real + 0.7, fake: pair.fake + 0.7 };
            let change = (terms.d_loss)(moved, 1.0).value - (terms.d_loss)(pair, 1.0).value;
            assert_eq!(change.abs() < 1e-12, terms.only_differences, "{loss:?}: {change}");
        }
    }

    #[test]
    fn values_stay_finite_at_logits_where_the_textbook_form_does_not() {
        for loss in Loss::ALL {
            for pair in [Pair { real: 800.0, fake: -800.0 }, Pair { real: -800.0, fake: 800.0 }] {
                let (d, g) = ((loss.terms().d_loss)(pair, 0.9), (loss.terms().g_loss)(pair));
                assert!([d.value, d.by_real, d.by_fake, g.value, g.by_fake].iter().all(|v| v.is_finite()), "{loss:?}");
            }
        }
        assert_eq!((softplus(800.0), softplus(-800.0), softplus(0.0)), (800.0, 0.0, std::f64::consts::LN_2));
    }

    #[test]
    fn each_loss_has_its_functions_in_wgsl() {
        for loss in Loss::ALL {
            for signature in [
                "fn loss_of_d(real: f32, fake: f32) -> vec3<f32> {",
                "fn loss_of_g(real: f32, fake: f32) -> vec2<f32> {",
                "fn d_is_right(real: f32, fake: f32) -> vec2<bool> {",
            ] {
                assert!(loss.terms().wgsl.contains(signature), "{loss:?}: {signature}");
            }
        }
    }
}
