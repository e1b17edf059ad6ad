//! The loss over a minibatch's pairs, a real picture and a generated one each, and what a step reports of itself; wherever an
//! engine has its rows.

use super::planted::{self, Bug};
use gan::loss::{Loss, Pair, sigmoid};
use gan::recipe::{Recipe, StepRates};
use gan::{StepStats, judge_discriminator};

/// Holds a pair's two logits, real and generated; where the derivatives of the loss by them go; where the pair's loss
/// goes.
pub type Row<'a> = ([f32; 2], [&'a mut f32; 2], &'a mut f32);

/// Gives the weights of the squared norms of the gradients by a real and by a generated picture in D's gradient: gamma
/// / batch.
pub fn penalties(recipe: &Recipe, rates: &StepRates) -> [f32; 2] {
    let [r1, r2] = [rates.r1_gamma, rates.r2_gamma].map(|gamma| (gamma / recipe.batch as f64) as f32);
    match planted::any() {
        Some(Bug::PenaltyHalved) => [r1 / 2.0, r2],
        Some(Bug::PenaltiesExchanged) => [r2, r1],
        _ => [r1, r2],
    }
}

/// Writes D's loss of each pair, and the derivatives of the mean over a batch of `recipe.batch` pairs by both logits.
pub fn of_d<'a>(recipe: &Recipe, pairs: impl Iterator<Item = Row<'a>>) {
    let (batch, loss_of) = (recipe.batch as f64, recipe.loss.terms().d_loss);
    let mut first = None;
    for (logits, [by_real, by_fake], loss) in pairs {
        let [real, fake] = logits.map(f64::from);
        let of_pair = loss_of(Pair { real, fake }, recipe.real_label);
        *loss = of_pair.value as f32;
        *by_real = (of_pair.by_real / batch) as f32;
        *by_fake = (of_pair.by_fake / batch) as f32;
        match planted::any() {
            Some(Bug::BatchNotDivided) => *by_real *= recipe.batch as f32,
            Some(Bug::OneMinibatchInFive) if planted::one_in_five(*first.get_or_insert(logits[0])) => {
                *by_real = -*by_real
            }
            _ => {}
        }
    }
}

/// Writes G's loss of each pair, and the derivative of the mean by the generated picture's logit; what stands where the
/// one by the real picture's goes is left as it is.
pub fn of_g<'a>(recipe: &Recipe, pairs: impl Iterator<Item = Row<'a>>) {
    let (batch, loss_of) = (recipe.batch as f64, recipe.loss.terms().g_loss);
    for (logits, [_, by_fake], loss) in pairs {
        let [real, fake] = logits.map(f64::from);
        let of_pair = loss_of(Pair { real, fake });
        *loss = of_pair.value as f32;
        *by_fake = (of_pair.by_fake / batch) as f32;
        if planted::here(Bug::SignOfG) {
            *by_fake = -*by_fake;
        }
    }
}

/// Gives what D's update reports, G's statistics left at 0. real, fake: D's logits, [batch]; losses: [batch];
/// `squares`: the squared norms of the gradients by real and by generated pictures, where there is a penalty on them.
pub fn d_stats<'a>(
    loss: Loss,
    [real, fake]: [&[f32]; 2],
    losses: &[f32],
    squares: [Option<impl Iterator<Item = &'a f32>>; 2],
) -> StepStats {
    let chance = |logits: &[f32]| mean(logits.iter().map(|&logit| sigmoid(f64::from(logit))));
    let [r1, r2] = squares.map(|squares| squares.map_or(0.0, |squares| mean(squares.map(|&square| f64::from(square)))));
    StepStats {
        d_loss: mean(losses.iter().map(|&loss| f64::from(loss))),
        d_real: chance(real),
        d_fake: chance(fake),
        r1,
        r2,
        ..judge_discriminator(loss, real, fake)
    }
}

/// Gives G's loss and the gradient that reaches G, as [`StepStats`] has them. losses: [batch]; `squares`: the squared
/// norms of the gradients of the mean loss by generated pictures, [batch].
pub fn g_stats<'a>(losses: &[f32], squares: impl Iterator<Item = &'a f32>) -> [f64; 2] {
    let reaching = squares.map(|&square| f64::from(square)).sum::<f64>();
    // A picture's own loss has `batch` times the gradient of the mean.
    [mean(losses.iter().map(|&loss| f64::from(loss))), (reaching * losses.len() as f64).sqrt()]
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}
