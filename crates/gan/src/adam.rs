//! What every engine's Adam shares.

/// Gives the learning rate with both bias corrections in it: lr sqrt(1 - beta2^t) / (1 - beta1^t), t = step + 1, as
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, have it just before section 2.1.
pub fn corrected_rate(lr: f64, beta1: f64, beta2: f64, step: u64) -> f64 {
    let t = (step + 1) as f64;
    lr * (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t))
}
