//! Sigmoid cross-entropy: D is to say 1 of real pictures and 0 of generated ones; G wants it to say 1 of its own.
//!
//! Sources: Goodfellow et al., "Generative Adversarial Nets", 2014 (the loss for G of section 3, whose gradient does not vanish
//! where D is sure); Salimans et al., "Improved Techniques for Training GANs", 2016 (one-sided label smoothing, section 3.4). The
//! cross-entropy of logit x and target t is softplus(x) - t x.

use super::{DLoss, GLoss, Pair, Terms, sigmoid, softplus};

/// Holds what this loss is made of; its header has the equations.
pub const TERMS: Terms = Terms {
    d_loss,
    g_loss,
    g_looks_at_real: false,
    only_differences: false,
    d_is_right: |Pair { real, fake }| [real > 0.0, fake < 0.0],
    wgsl: include_str!("non_saturating.wgsl"),
};

fn d_loss(Pair { real, fake }: Pair, real_label: f64) -> DLoss {
    DLoss {
        value: softplus(real) - real_label * real + softplus(fake),
        by_real: sigmoid(real) - real_label,
        by_fake: sigmoid(fake),
    }
}

fn g_loss(Pair { fake, .. }: Pair) -> GLoss {
    GLoss { value: softplus(-fake), by_fake: -sigmoid(-fake) }
}
