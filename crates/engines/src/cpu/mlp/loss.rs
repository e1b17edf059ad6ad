//! The two losses of either recipe, pair by pair: a real picture's logit and then a generated one's.
//!
//! Sources: Goodfellow et al., "Generative Adversarial Nets", 2014 (non-saturating, section 3), Salimans et al., "Improved
//! Techniques for Training GANs", 2016 (one-sided label smoothing, section 3.4); Jolicoeur-Martineau, "The relativistic
//! discriminator", 2018, in the pairing of Huang et al., "The GAN is dead; long live the GAN!", 2024.
//!
//! A minibatch has a hundred pairs, so f64 costs nothing.

use gan::recipe::{Loss, Recipe};

/// D's loss of each pair, and the derivative of their mean over a batch by each logit.
/// logits, signal: [2 pairs]; losses: [pairs]; `recipe.batch` pairs are a batch.
pub fn of_d(recipe: &Recipe, logits: &[f32], signal: &mut [f32], losses: &mut [f32]) {
    let batch = recipe.batch as f64;
    for ((pair, signal), loss) in logits.chunks_exact(2).zip(signal.chunks_exact_mut(2)).zip(losses) {
        let (real, fake) = (f64::from(pair[0]), f64::from(pair[1]));
        match recipe.loss {
            Loss::NonSaturating => {
                *loss = (softplus(real) - recipe.real_label * real + softplus(fake)) as f32;
                signal[0] = ((sigmoid(real) - recipe.real_label) / batch) as f32;
                signal[1] = (sigmoid(fake) / batch) as f32;
            }
            Loss::Relativistic => {
                *loss = softplus(fake - real) as f32;
                signal[1] = (sigmoid(fake - real) / batch) as f32;
                signal[0] = -signal[1];
            }
        }
    }
}

/// G's loss of each pair, and the derivative of their mean by each logit of a generated picture; shapes as for [`of_d`],
/// and the signals of real pictures are left as they are.
pub fn of_g(recipe: &Recipe, logits: &[f32], signal: &mut [f32], losses: &mut [f32]) {
    let batch = recipe.batch as f64;
    for ((pair, signal), loss) in logits.chunks_exact(2).zip(signal.chunks_exact_mut(2)).zip(losses) {
        let above = match recipe.loss {
            Loss::NonSaturating => f64::from(pair[1]),
            Loss::Relativistic => f64::from(pair[1]) - f64::from(pair[0]),
        };
        *loss = softplus(-above) as f32;
        signal[1] = (-sigmoid(-above) / batch) as f32;
    }
}

/// ln(1 + e^x), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 1 / (1 + e^-x).
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
