//! A plan written down: the kernels of a few steps, all that they start from, and what they are to report, as JSON.
//!
//! Browsers compile WGSL by other compilers than wgpu's, which refuse what that one lets through. So the plan is run by a real
//! one too, in `tests/browser/webgpu.test.js`, which needs no more than this file. What the steps are to report is what the
//! CPU's fused engine says of them.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use data::{Dataset, Pictures};
use engines::cpu;
use engines::{State, StepStats, Stretch};
use failure::{Failure, Result};
use gan::STATISTICS;
use gan::recipe::Recipe;
use kernels::buffers::{NAMES, READ_ONLY, Sizes, contents_of_pictures, control, rates_of};
use kernels::places::STATS;
use kernels::plan::{Dispatch, Plan};

const SEED: u64 = 0;
/// What the rates go by: a run of 50 epochs on MNIST.
const TOTAL_STEPS: u64 = 27_500;
/// The file.
#[derive(Debug, Serialize)]
pub struct Written {
    recipe: String,
    batch: usize,
    steps: usize,
    /// How far rounding alone may move all of D's logits in a step. Under the relativistic loss D's last bias has no gradient
    /// but for rounding, of which Adam makes steps of full length.
    logits_drift: f64,
    /// Those of one step, in order.
    dispatches: Vec<Dispatch>,
    /// In the order of their bindings.
    buffers: Vec<Buffer>,
    /// Names of the numbers that a step reports.
    reported: [&'static str; STATS],
    /// What it is to report: a row each step.
    expected: Vec<[f64; STATS]>,
}

#[derive(Debug, Serialize)]
struct Buffer {
    name: &'static str,
    bytes: u64,
    read_only: bool,
    /// 32-bit words that it begins with; the rest is zero.
    words: Vec<u32>,
}

/// The first `steps` steps of a run of `recipe` on MNIST's first test pictures: few, so that the file is small.
///
/// # Errors
/// More steps than there are pictures for.
pub fn plan(recipe: &Recipe, steps: usize) -> Result<Written> {
    let Pictures { mut bytes, mut labels, shape } = Dataset::mnist()?.test;
    recipe.fits(shape)?;
    let count = steps * recipe.batch;
    if count > labels.len() {
        return Err(Failure::usage(format!("`--steps {steps}` takes {count} pictures, of {}", labels.len()))
            .hint("give fewer `--steps`, or a smaller `--batch`"));
    }
    bytes.truncate(count * shape.pixels());
    labels.truncate(count);
    let pictures = Arc::new(Pictures { bytes, labels, shape });
    let state = State::initial(recipe, shape, SEED);
    let order: Vec<u32> = (0..count as u32).collect();
    let plan = Plan::new(recipe, shape, count, false)?;

    let rates = (0..steps as u64).flat_map(|step| rates_of(recipe, &recipe.rates(step, TOTAL_STEPS), step));
    let bits = |floats: &[f32]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    let words = |bytes: Vec<u8>| bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let mut contents = [
        words(contents_of_pictures(&plan, &pictures)),
        order.clone(),
        bits(&rates.collect::<Vec<_>>()),
        control(0, true, &[SEED]),
        Vec::new(),
        bits(&plan.places.pack(&state)),
        Vec::new(),
    ];
    let sizes = Sizes::new(&plan, &pictures, 1)?;
    let buffers = (0..NAMES.len()).map(|i| {
        let mut words = std::mem::take(&mut contents[i]);
        words.truncate(words.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1));
        Buffer { name: NAMES[i], bytes: sizes.bytes[i], read_only: i < READ_ONLY, words }
    });

    Ok(Written {
        recipe: recipe.name.clone(),
        batch: recipe.batch,
        steps,
        logits_drift: if recipe.loss.terms().only_differences { recipe.lr } else { 0.0 },
        buffers: buffers.collect(),
        dispatches: plan.dispatches,
        reported: STATISTICS.map(|statistic| statistic.name),
        expected: expected(recipe, pictures, &state, &order)?,
    })
}

/// Writes it, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn write(written: &Written, file: &Path) -> Result<()> {
    let json = serde_json::to_vec(written).expect("numbers and texts are JSON");
    files::write_whole(file, &json)
        .map_err(|error| Failure::failed(format!("`--out {}` cannot be written: {error}", file.display())))
}

fn expected(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, order: &[u32]) -> Result<Vec<[f64; STATS]>> {
    let steps = (order.len() / recipe.batch) as u64;
    let stretch = Stretch { seed: SEED, first: 0, steps, total_steps: TOTAL_STEPS, order };
    let mut rows = Vec::new();
    cpu::engine(recipe, pictures, state, 1).advance(&[stretch], &mut |report| {
        rows.extend(report.stats[0].iter().map(StepStats::row));
        true
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_all_that_its_steps_start_from_and_what_they_come_to() {
        for (name, dispatches) in [("seed", 15), ("stable", 18), ("classes", 18)] {
            let recipe = Recipe::load(name, &"hidden = 8\nbatch = 5".parse().unwrap()).unwrap();
            let written = plan(&recipe, 3).unwrap();
            assert_eq!((written.dispatches.len(), written.expected.len()), (dispatches, 3), "{name}");
            assert!(written.expected.iter().flatten().all(|value| value.is_finite()), "{name}");
            for buffer in &written.buffers {
                assert!(4 * buffer.words.len() as u64 <= buffer.bytes, "{name}: {}", buffer.name);
            }
            // Little-endian, as the kernels take them apart.
            let pictures = Dataset::mnist().unwrap().test;
            let mut bytes: Vec<u8> = written.buffers[0].words.iter().flat_map(|word| word.to_le_bytes()).collect();
            if name == "classes" {
                // The words behind the pictures are their classes.
                assert!(
                    written.buffers[0].words[15 * 196..].iter().eq(pictures.labels[..15]
                        .iter()
                        .map(|l| u32::from(*l))
                        .collect::<Vec<_>>()
                        .iter())
                );
                bytes.truncate(15 * 784);
            }
            bytes.resize(15 * 784, 0);
            assert!(bytes == pictures.bytes[..15 * 784], "{name}");
        }
    }

    #[test]
    fn more_steps_than_pictures_are_refused() {
        let recipe = Recipe::load("seed", &toml::Table::new()).unwrap();
        assert!(plan(&recipe, 101).unwrap_err().message.contains("10100 pictures, of 10000"));
    }
}
