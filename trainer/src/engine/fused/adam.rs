//! Adam and the moving average in one pass over the parameters; the same formula as the reference's `adam.rs`.

use crate::engine::Slot;
use crate::engine::reference::adam::corrected_rate;
use crate::recipe::Recipe;

/// Moves `slot` against `gradient`, and `ema`, where there is one, towards what it has become.
pub fn update(slot: &mut Slot, gradient: &[f32], recipe: &Recipe, lr: f64, step: u64, ema: Option<(&mut [f32], f64)>) {
    let rate = corrected_rate(lr, recipe.beta1, recipe.beta2, step) as f32;
    let (beta1, beta2) = (recipe.beta1 as f32, recipe.beta2 as f32);
    // Taken from the f64 values: 1 - 0.999f32 is off by 5e-5 of itself.
    let (rest1, rest2) = ((1.0 - recipe.beta1) as f32, (1.0 - recipe.beta2) as f32);
    let epsilon = recipe.adam_epsilon as f32;
    let Slot { parameters, m, v } = slot;
    let moments = m.iter_mut().zip(v.iter_mut());
    for ((theta, (m, v)), g) in parameters.iter_mut().zip(moments).zip(gradient) {
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * (g * g);
        *theta -= rate * *m / (v.sqrt() + epsilon);
    }
    if let Some((average, decay)) = ema {
        let (keep, take) = (decay as f32, (1.0 - decay) as f32);
        for (average, theta) in average.iter_mut().zip(parameters.iter()) {
            *average = keep * *average + take * theta;
        }
    }
}
