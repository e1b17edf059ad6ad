//! When a run is judged: after every so many epochs, and after the last.
//!
//! The latent vectors are the same each time and in every run, so that figures differ by their generators alone, and
//! `trainer evaluate` of the model that a run leaves gives the figures of its last evaluation.

use std::path::Path;
use std::time::Instant;

use super::{Judge, Scores, Yardstick};
use data::Dataset;
use failure::Result;
use gan::Classes;

/// Keys the latent vectors that runs are evaluated by: the same for all, so that runs differ by their generators alone.
pub const EVALUATION_SEED: u64 = 0;
/// Names the file of a data set's judge, in the run folder.
pub const JUDGE_FILE: &str = "judge.safetensors";
/// Counts the pictures drawn at a time: the engine's buffers stay small.
const DRAWN: usize = 1000;

/// Says when a run is judged, and judges it.
pub struct Schedule {
    yardstick: Yardstick,
    every: u64,
    epochs: u64,
}

/// Holds what one evaluation of a run found, and what it cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Says how good the pictures of the generator are.
    pub scores: Scores,
    /// Gives the seconds that drawing and judging took.
    pub seconds: f64,
}

impl Schedule {
    /// Prepares evaluations every `every` epochs of `epochs`; `every` 0 is never, and nothing then. The judge of
    /// another data set than MNIST is kept in the file `kept`. Where there can be no judge, `say` is told why, and the
    /// run goes on without.
    ///
    /// # Errors
    /// Fails if a judge cannot be trained, read or written.
    pub fn new(
        every: u64,
        epochs: u64,
        dataset: &Dataset,
        kept: &Path,
        threads: usize,
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<Self>> {
        if every == 0 {
            return Ok(None);
        }
        if let Some(reason) = Judge::cannot_be(dataset) {
            say(&format!("going on without evaluations: {reason}"));
            return Ok(None);
        }
        let judge = Judge::of(dataset, Some(kept), threads, say)?;
        Ok(Some(Self { yardstick: Yardstick::new(judge, &dataset.test, threads), every, epochs }))
    }

    /// Judges a generator after `epochs_done` epochs, if it is time to; the `classes` that it is told are drawn in turn.
    /// `generate` draws: G's inputs [n, latent + classes] -> pictures [n, pixels] in [-1, 1].
    ///
    /// # Errors
    /// Fails with what `generate` fails at, and with nothing else.
    pub fn after(
        &self,
        epochs_done: u64,
        latent: usize,
        classes: Classes,
        generate: &mut dyn FnMut(&[f32]) -> Result<Vec<f32>>,
    ) -> Result<Option<Evaluation>> {
        if !epochs_done.is_multiple_of(self.every) && epochs_done != self.epochs {
            return Ok(None);
        }
        let began = Instant::now();
        let z = noise::sample_z(EVALUATION_SEED, self.yardstick.samples(), latent);
        let asked: Vec<usize> = (0..self.yardstick.samples()).filter_map(|i| i.checked_rem(classes.0)).collect();
        let inputs = classes.inputs(&z, latent, asked.iter().copied());
        let mut images = Vec::new();
        for inputs in inputs.chunks(DRAWN * (latent + classes.0)) {
            images.extend(generate(inputs)?);
        }
        let scores = self.yardstick.score(&images, &asked);
        Ok(Some(Evaluation { scores, seconds: began.elapsed().as_secs_f64() }))
    }

    /// Counts the classes that the judge tells apart.
    pub fn classes(&self) -> usize {
        self.yardstick.judge().classes()
    }
}
