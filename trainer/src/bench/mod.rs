//! `trainer bench`: how long a step takes on this machine, as JSON, one line a round.
//!
//! A round is what training does between two checkpoints: noise, steps, nothing else. The FLOPs of a step are those of the
//! dense formulas (G's forward pass once, no gradient that nobody uses), whatever an engine leaves out or does twice, so
//! that the figures of all engines, and of other programs, are shares of the same work.
//!
//! [`gpu`] has steps on a GPU, and counts what they ask of the host.

#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_gpu.rs"]
pub mod gpu;

use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use data::Dataset;
use engines::choose::{Choice, DeviceChoice, EngineChoice};
use engines::cpu::mlp;
use engines::{Engine, State, Stretch};
use failure::{Failure, Result};
use gan::DataShape;
use gan::recipe::Recipe;

/// Steps before the clock starts: caches fill, threads wake.
const WARM_UP: u64 = 20;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// Every hyperparameter.
    pub recipe: Recipe,
    /// `--engine`.
    pub engine: EngineChoice,
    /// `--device`.
    pub device: DeviceChoice,
    /// Runs at once, on a GPU.
    pub replicas: usize,
    /// Threads of the engine.
    pub threads: usize,
    /// Steps of a round.
    pub steps: u64,
    /// Lines of output.
    pub rounds: u64,
}

/// One round.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    engine: &'static str,
    device: String,
    recipe: String,
    hidden: usize,
    batch: usize,
    threads: usize,
    replicas: usize,
    steps: u64,
    /// Of a step of all replicas.
    ms_per_step: f64,
    images_per_second: f64,
    flops_per_step: u64,
    gflops: f64,
    /// The most memory that the process ever held, in MiB, where the system tells.
    peak_memory_mib: Option<f64>,
}

/// Measures `options.rounds` rounds on MNIST; each is given to `report` when it is done.
///
/// # Errors
/// As training's.
pub fn rounds(options: &Options, mut report: impl FnMut(&Round)) -> Result<()> {
    let Options { recipe, threads, steps, replicas, .. } = options;
    let pictures = Arc::new(Dataset::mnist()?.train);
    recipe.fits(pictures.shape)?;
    let flops_per_step = flops_per_step(recipe, pictures.shape);
    if *replicas > 1 && !matches!(options.device, DeviceChoice::Gpu(_)) {
        return Err(Failure::usage("`--replicas` is for GPUs").hint("give `--device gpu` too, or drop it"));
    }
    let choice = Choice::new(options.engine, options.device, *threads)?;
    let states: Vec<_> = (0..*replicas as u64).map(|seed| State::initial(recipe, pictures.shape, seed)).collect();
    let count = pictures.count();
    let engine = choice.engine(recipe, pictures, &states, &mut |_| ())?;
    let (name, device) = (engine.name(), engine.device());
    let mut run = Bench::new(engine, recipe, *replicas, count);
    run.steps(WARM_UP)?;
    for _ in 0..options.rounds {
        let began = Instant::now();
        run.steps(*steps)?;
        let seconds = began.elapsed().as_secs_f64() / *steps as f64;
        let steps_of_all = *replicas as f64 / seconds;
        report(&Round {
            engine: name,
            device: device.clone(),
            recipe: recipe.name.clone(),
            hidden: recipe.hidden,
            batch: recipe.batch,
            threads: *threads,
            replicas: *replicas,
            steps: *steps,
            ms_per_step: seconds * 1e3,
            images_per_second: recipe.batch as f64 * steps_of_all,
            flops_per_step,
            gflops: flops_per_step as f64 * steps_of_all / 1e9,
            peak_memory_mib: peak_memory_mib(),
        });
    }
    Ok(())
}

/// Runs of the seeds from 0 on, trained as [`run::train`] has it: epoch after epoch, nothing read in between.
pub(crate) struct Bench<E> {
    engine: E,
    recipe: Recipe,
    members: usize,
    pictures: usize,
    step: u64,
}

impl<E: DerefMut<Target: Engine>> Bench<E> {
    /// `engine` is about to take its first step with each of its `members`.
    pub(crate) fn new(engine: E, recipe: &Recipe, members: usize, pictures: usize) -> Self {
        Self { engine, recipe: recipe.clone(), members, pictures, step: 0 }
    }

    /// The engine that is timed.
    #[cfg(feature = "gpu")]
    pub(crate) fn engine(&self) -> &E::Target {
        &self.engine
    }

    /// Takes every member `count` steps on, its noise included.
    ///
    /// # Errors
    /// As training's.
    pub(crate) fn steps(&mut self, count: u64) -> Result<()> {
        let of_an_epoch = (self.pictures / self.recipe.batch).max(1) as u64;
        let end = self.step + count;
        while self.step < end {
            let (epoch, done) = (self.step / of_an_epoch, self.step % of_an_epoch);
            let steps = (of_an_epoch - done).min(end - self.step);
            let seeds = 0..self.members as u64;
            let orders: Vec<_> = seeds.map(|seed| noise::permutation(seed, epoch, self.pictures)).collect();
            // Real schedules, as if a run of 50 epochs had begun.
            let total_steps = end.max(50 * of_an_epoch);
            let stretches: Vec<_> = (0..)
                .zip(&orders)
                .map(|(seed, order)| {
                    let order = &order[done as usize * self.recipe.batch..];
                    Stretch { seed, first: self.step, steps, total_steps, order }
                })
                .collect();
            self.engine.advance(&stretches, &mut |_| true)?;
            self.step += steps;
        }
        Ok(())
    }
}

/// FLOPs of one step by the dense formulas of [`engines::cpu::mlp`]'s header, products alone, a multiplication and an addition each.
pub fn flops_per_step(recipe: &Recipe, data: DataShape) -> u64 {
    let (g, d) = (recipe.generator_network(data), recipe.discriminator_network(data));
    let rows = recipe.batch as u64;
    let both = 2 * rows;
    let update_d = both * (2 * d.flops_forward() + d.flops_back(false));
    // g, and the tangent that goes forward from it.
    let penalty =
        if recipe.has_penalty() { both * (d.flops_back(true) - d.flops_back(false) + d.flops_forward()) } else { 0 };
    let seen_again = if recipe.loss.terms().g_looks_at_real { both } else { rows };
    let through_d = seen_again * d.flops_forward() + rows * d.flops_back(true);
    let update_g = rows * (2 * g.flops_forward() + g.flops_back(false));
    update_d + penalty + through_d + update_g
}

/// GFLOP/s of matrix products of a size that fits the caches, one on each of `threads` threads, the best of some rounds: the
/// most that a step could reach here.
pub fn peak_gflops(threads: usize) -> f64 {
    const SIZE: usize = 512;
    const ROUNDS: usize = 12;
    best_gflops(threads, SIZE, ROUNDS, || mlp::products_on_all_threads(threads, SIZE))
}

/// The most GFLOP/s of `rounds` rounds, each of which takes the seconds that `round` gives for one product of two matrices of
/// `size` by `size` on each of `threads` threads: a multiplication and an addition for each of size³ terms.
fn best_gflops(threads: usize, size: usize, rounds: usize, mut round: impl FnMut() -> f64) -> f64 {
    let least = (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min);
    threads as f64 * 2.0 * (size as f64).powi(3) / least / 1e9
}

/// `VmHWM` of Linux's `/proc/self/status`.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flops_are_those_of_the_published_count() {
        for (name, expected) in [("seed", 222e6), ("stable", 332e6)] {
            let flops = flops_per_step(&Recipe::load(name, &toml::Table::new()).unwrap(), DataShape::grey(28, 28));
            assert!((flops as f64 / expected - 1.0).abs() < 0.01, "{name}: {flops}");
        }
    }

    #[test]
    fn a_round_counts_its_steps_and_takes_time() {
        let recipe = Recipe::load("seed", &"hidden = 8\nbatch = 5".parse().unwrap()).unwrap();
        let (engine, device) = (EngineChoice::Fused, DeviceChoice::Cpu);
        let options = Options { recipe, engine, device, replicas: 1, threads: 1, steps: 3, rounds: 2 };
        let mut seen = Vec::new();
        rounds(&options, |round| seen.push(round.clone())).unwrap();
        assert_eq!(seen.len(), 2);
        for round in seen {
            assert!(round.ms_per_step > 0.0 && round.gflops > 0.0, "{round:?}");
            assert_eq!((round.engine, round.steps, round.hidden, round.batch), ("fused", 3, 8, 5));
            assert!((round.images_per_second * round.ms_per_step / 1e3 - 5.0).abs() < 1e-9, "{round:?}");
        }
    }

    #[test]
    fn the_peak_counts_two_operations_a_term_and_takes_the_best_round() {
        for (threads, size, seconds, expected) in [
            (1, 1000, vec![1.0], 2.0),
            (4, 1000, vec![1.0], 8.0),
            (1, 500, vec![0.5], 0.5),
            (2, 1000, vec![4.0, 0.25, 2.0], 16.0),
        ] {
            let (rounds, mut left) = (seconds.len(), seconds.iter());
            let found = best_gflops(threads, size, rounds, || *left.next().unwrap());
            assert_eq!(found, expected, "{threads} threads, {seconds:?}");
            assert_eq!(left.next(), None, "every round is run");
        }
    }

    #[test]
    fn the_peak_is_measured_on_products_that_are_computed() {
        // A loop of one multiplication and one addition at a time cannot be faster than vectorised products.
        let mut sum = 0f32;
        let began = std::time::Instant::now();
        let terms = 4_000_000u32;
        for i in 0..terms {
            sum = std::hint::black_box(sum * 0.5 + i as f32);
        }
        let scalar = 2.0 * f64::from(terms) / began.elapsed().as_secs_f64() / 1e9;
        let peak = peak_gflops(1);
        assert!(peak > scalar, "{peak} GFLOP/s, and {scalar} of a scalar loop ({sum})");
        // Sixteen lanes, two units, a fused multiply-add, 10 GHz: more than any core there is.
        assert!(peak < 640.0, "{peak} GFLOP/s");
    }
}
