//! What lies in a device's buffers besides the arena and the state: their order, their sizes, the rows of rates and statistics,
//! and the words of the control buffer, as plain data that any device can be given.

use failure::{Failure, Result};
use gan::adam::corrected_rate;
use gan::{Pictures, Recipe, StepRates, StepStats};

use crate::places::{RATES, SEEDS, STATS};
use crate::plan::{Plan, words_of_bytes};

/// Makes a row of the device's rates for step `step`: Adam's rate with both bias corrections, the penalties' weights
/// for one picture, what the moving average keeps and takes; the rest is 0.
pub fn rates_of(recipe: &Recipe, rates: &StepRates, step: u64) -> [f32; RATES] {
    let batch = recipe.batch as f64;
    [
        corrected_rate(rates.lr, recipe.beta1, recipe.beta2, step),
        rates.r1_gamma / batch,
        rates.r2_gamma / batch,
        rates.ema_decay,
        1.0 - rates.ema_decay,
        0.0,
        0.0,
        0.0,
    ]
    .map(|rate| rate as f32)
}

/// Gives the statistics of a step, from the row that the device reported.
pub fn stats_of(row: &[f32; STATS]) -> StepStats {
    StepStats::from_row(row.map(f64::from))
}

/// Says how large each buffer must be.
pub struct Sizes {
    /// Gives the bytes of each buffer, in the order of [`NAMES`], which is that of the bindings.
    pub bytes: [u64; 7],
}

impl Sizes {
    /// Works out the sizes for `replicas` runs by one plan on the same pictures.
    ///
    /// # Errors
    /// Fails if a buffer has more than a kernel's 32-bit numbers can count, and says what to make smaller.
    pub fn new(plan: &Plan, pictures: &Pictures, replicas: usize) -> Result<Self> {
        let words = [
            words_of_pictures(plan, pictures).max(1),
            replicas * plan.order_len,
            plan.steps * RATES,
            SEEDS + 2 * replicas,
            replicas * plan.places.arena_len(),
            replicas * plan.places.state_len,
            replicas * plan.steps * STATS,
        ];
        let bytes = words.map(|words| 4 * words as u64);
        if words.iter().any(|&words| words > u32::MAX as usize) || pictures.bytes.len() > u32::MAX as usize {
            let gib = bytes.iter().sum::<u64>() >> 30;
            return Err(Failure::failed(format!(
                "the run needs {gib} GiB on the GPU, more than its kernels can count"
            ))
            .hint("give fewer `--replicas`, a smaller `--batch` or `--hidden`, or `--device cpu`"));
        }
        Ok(Self { bytes })
    }
}

/// Counts the words of the buffer of pictures: their bytes, and behind them a class each where there are classes.
fn words_of_pictures(plan: &Plan, pictures: &Pictures) -> usize {
    let bytes = words_of_bytes(pictures.shape, pictures.count());
    if plan.classes.0 > 0 { bytes + pictures.count() } else { bytes }
}

/// Gives what the buffer of pictures holds: their bytes, four to a word, the last word filled up with zeros; behind them the
/// labels, a word each, where there are classes.
pub fn contents_of_pictures(plan: &Plan, pictures: &Pictures) -> Vec<u8> {
    let mut contents = Vec::with_capacity(4 * words_of_pictures(plan, pictures));
    contents.extend(&pictures.bytes);
    contents.resize(pictures.bytes.len().next_multiple_of(4), 0);
    if plan.classes.0 > 0 {
        contents.extend(pictures.labels.iter().flat_map(|&label| u32::from(label).to_le_bytes()));
    }
    contents
}

/// Counts the bindings, the first ones, that kernels only read.
pub const READ_ONLY: usize = 3;
/// Names the buffers, in the order of their bindings.
pub const NAMES: [&str; 7] = ["pictures", "order", "rates", "control", "arena", "state", "stats"];

/// Gives the words of the control buffer that begin a stretch: the next step is number `step` and has row 0 of order,
/// rates and report; `draws` says whether its noise is drawn on the device; `seeds` has one for each replica.
pub fn control(step: u64, draws: bool, seeds: &[u64]) -> Vec<u32> {
    let words = |number: u64| [number as u32, (number >> 32) as u32];
    let [low, high] = words(step);
    let mut control = vec![0, 0, low, high, u32::from(draws), 0, 0, 0];
    control.extend(seeds.iter().flat_map(|&seed| words(seed)));
    control
}
