//! What a recipe says of a step: the rates by the step's place in the run.

use super::Recipe;

/// Holds what changes from step to step: learning rate, weights of the penalties, decay of the average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRates {
    /// Sets Adam's learning rate, of both networks, before bias correction.
    pub lr: f64,
    /// Weighs the gradient penalty on real pictures, R1; 0 leaves it out.
    pub r1_gamma: f64,
    /// Weighs the gradient penalty on generated pictures, R2; 0 leaves it out.
    pub r2_gamma: f64,
    /// Sets the decay of the moving average of G's weights, in [0, 1).
    pub ema_decay: f64,
}

impl Recipe {
    /// Gives the rates of step `step`, counted from 0, of a run of `total` steps: the learning rate held and then
    /// linear, the penalties' weights log-linear, and a decay that ramps up at most (1 + step) / (10 + step), as
    /// TensorFlow's `ExponentialMovingAverage` has it.
    pub fn rates(&self, step: u64, total: u64) -> StepRates {
        let progress = step as f64 / total.max(1) as f64;
        let falling = if progress <= self.lr_hold { 0.0 } else { (progress - self.lr_hold) / (1.0 - self.lr_hold) };
        let ramp = (1.0 + step as f64) / (10.0 + step as f64);
        StepRates {
            lr: self.lr + (self.lr_final - self.lr) * falling,
            r1_gamma: log_linear(self.r1_gamma, self.r1_gamma_final, progress),
            r2_gamma: log_linear(self.r2_gamma, self.r2_gamma_final, progress),
            ema_decay: if self.ema_ramp { self.ema.min(ramp) } else { self.ema },
        }
    }
}

fn log_linear(start: f64, end: f64, progress: f64) -> f64 {
    if start == 0.0 { 0.0 } else { (start.ln() + (end.ln() - start.ln()) * progress).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_the_schedule() {
        let stable = Recipe::load("stable", &toml::Table::new()).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        let (start, half, nine_tenths, end) =
            (stable.rates(0, 1000), stable.rates(500, 1000), stable.rates(900, 1000), stable.rates(1000, 1000));
        near(start.lr, 0.002);
        near(half.lr, 0.002);
        near(nine_tenths.lr, 0.0014);
        near(end.lr, 0.0008);
        near(start.r1_gamma, 2.0);
        near(half.r1_gamma, 0.6f64.sqrt());
        near(end.r2_gamma, 0.3);
        near(start.ema_decay, 0.1);
        near(stable.rates(50_000, 100_000).ema_decay, 0.9998);
    }
}
