//! Sigmoid cross-entropy of paired differences: D is to give a real picture a higher logit than its generated partner; G wants
//! the opposite.
//!
//! Sources: Jolicoeur-Martineau, "The relativistic discriminator", 2018, in the pairing of Huang et al., "The GAN is dead; long
//! live the GAN!", 2024.

use super::{DLoss, GLoss, Pair, Terms, sigmoid, softplus};

/// Holds what this loss is made of; its header has the equations.
pub const TERMS: Terms = Terms {
    d_loss,
    g_loss,
    g_looks_at_real: true,
    only_differences: true,
    d_is_right: |Pair { real, fake }| [real > fake, real > fake],
    wgsl: include_str!("relativistic.wgsl"),
};

fn d_loss(Pair { real, fake }: Pair, _real_label: f64) -> DLoss {
    let by_fake = sigmoid(fake - real);
    DLoss { value: softplus(fake - real), by_real: -by_fake, by_fake }
}

fn g_loss(Pair { real, fake }: Pair) -> GLoss {
    let above = fake - real;
    GLoss { value: softplus(-above), by_fake: -sigmoid(-above) }
}
