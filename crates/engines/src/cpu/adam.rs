//! Adam and the moving average in one pass over the parameters; the same formula as the reference's `adam.rs`.

use multiversion::multiversion;

use super::planted::{self, Bug};
use gan::adam::corrected_rate;
use gan::recipe::{Recipe, StepRates};

/// Holds the numbers that a step's updates have in common, rounded to f32 once.
#[derive(Clone, Copy)]
pub struct Adam {
    /// Multiplies the direction: the learning rate with both bias corrections in it.
    rate: f32,
    beta1: f32,
    beta2: f32,
    /// Holds 1 - beta1, as `rest2` does 1 - beta2, taken from the f64 values: 1 - 0.999f32 is off by 5e-5 of itself.
    rest1: f32,
    rest2: f32,
    epsilon: f32,
    /// Weighs the moving average in itself, by the decay; `take` weighs the new parameters, by 1 less the decay.
    keep: f32,
    take: f32,
}

impl Adam {
    /// Prepares the updates of step `step`, counted from 0, at the step's `rates`.
    pub fn new(recipe: &Recipe, rates: &StepRates, step: u64) -> Self {
        let decay =
            if planted::here(Bug::DecayOfNextStep) { recipe.rates(step + 1, 1).ema_decay } else { rates.ema_decay };
        let adam = Self {
            rate: corrected_rate(rates.lr, recipe.beta1, recipe.beta2, step) as f32,
            beta1: recipe.beta1 as f32,
            beta2: recipe.beta2 as f32,
            rest1: (1.0 - recipe.beta1) as f32,
            rest2: (1.0 - recipe.beta2) as f32,
            epsilon: recipe.adam_epsilon as f32,
            keep: decay as f32,
            take: (1.0 - decay) as f32,
        };
        match planted::any() {
            Some(Bug::NoBiasCorrection) => Self { rate: rates.lr as f32, ..adam },
            Some(Bug::RestOfRounded) => Self { rest2: 1.0 - adam.beta2, ..adam },
            _ => adam,
        }
    }
}

impl Adam {
    /// Moves one parameter `theta` and its moments against its gradient `g`.
    #[inline(always)]
    fn moves(self, theta: &mut f32, m: &mut f32, v: &mut f32, g: f32) {
        *m = self.beta1 * *m + self.rest1 * g;
        *v = self.beta2 * *v + self.rest2 * (g * g);
        *theta -= self.rate * *m / (v.sqrt() + self.epsilon);
    }
}

/// Moves parameters and their moments `m` and `v` against `gradient`; all of one length.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn update(adam: Adam, parameters: &mut [f32], m: &mut [f32], v: &mut [f32], gradient: &[f32]) {
    for (((theta, m), v), g) in parameters.iter_mut().zip(m).zip(v).zip(gradient) {
        adam.moves(theta, m, v, *g);
    }
}

/// Does what [`update`] does, and moves `ema`, of the same length, towards what the parameters have become.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn update_with_ema(
    adam: Adam,
    parameters: &mut [f32],
    m: &mut [f32],
    v: &mut [f32],
    ema: &mut [f32],
    gradient: &[f32],
) {
    for ((((theta, m), v), average), g) in parameters.iter_mut().zip(m).zip(v).zip(ema).zip(gradient) {
        adam.moves(theta, m, v, *g);
        *average = adam.keep * *average + adam.take * *theta;
    }
}
