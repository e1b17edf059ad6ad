//! Adam and the moving average in one pass over the parameters; the same formula as the reference's `adam.rs`.

use multiversion::multiversion;

use super::planted::{self, Bug};
use gan::adam::corrected_rate;
use gan::recipe::{Recipe, StepRates};

/// What a step's updates have in common.
#[derive(Clone, Copy)]
pub struct Adam {
    rate: f32,
    beta1: f32,
    beta2: f32,
    /// 1 - beta, taken from the f64 values: 1 - 0.999f32 is off by 5e-5 of itself.
    rest1: f32,
    rest2: f32,
    epsilon: f32,
    keep: f32,
    take: f32,
}

impl Adam {
    /// The updates of step `step`, from 0.
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
    /// Moves one parameter and its moments.
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

/// [`update`], and moves `ema` towards what the parameters have become.
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
