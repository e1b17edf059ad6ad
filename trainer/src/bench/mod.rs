//! `trainer bench`: how long a step takes on this machine, as JSON, one line a round.
//!
//! A round is what training does between two checkpoints: noise, steps, nothing else. The FLOPs of a step are those of the
//! dense formulas (G's forward pass once, no gradient that nobody uses), whatever an engine leaves out or does twice, so
//! that the figures of all engines, and of other programs, are shares of the same work.
//!
//! [`gpu`] has steps on a GPU, and counts what they ask of the host.

pub mod gpu;

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use data::Dataset;
use engines::choose::{Choice, DeviceChoice, EngineChoice};
use engines::cpu::mlp;
use engines::{Engine, State, StepInput};
use failure::{Failure, Result};
use gan::recipe::Recipe;
use noise::philox::Stream;

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
    let flops_per_step = flops_per_step(recipe, pictures.pixels);
    let (engine, device, mut run): (_, _, Box<dyn FnMut(u64) -> Result<()>>) = match options.device {
        DeviceChoice::Gpu(index) => {
            let mut run = gpu::on_gpu(recipe, pictures, *replicas, index)?;
            ("fused", run.device(), Box::new(move |count| run.steps(count)))
        }
        _ if *replicas > 1 => {
            return Err(Failure::usage("`--replicas` is for GPUs").hint("give `--device gpu` too, or drop it"));
        }
        device => {
            let choice = Choice::new(options.engine, device, *threads)?;
            let engine =
                choice.engine(recipe, pictures.clone(), &State::initial(recipe, pictures.pixels, 0), &mut |_| ())?;
            (choice.engine_name(), engine.device(), step_by_step(engine, recipe, pictures.count()))
        }
    };
    run(WARM_UP)?;
    for _ in 0..options.rounds {
        let began = Instant::now();
        run(*steps)?;
        let seconds = began.elapsed().as_secs_f64() / *steps as f64;
        let steps_of_all = *replicas as f64 / seconds;
        report(&Round {
            engine,
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

/// Does as many steps as it is told to, one by one, noise included.
fn step_by_step(
    mut engine: Box<dyn Engine>,
    recipe: &Recipe,
    pictures: usize,
) -> Box<dyn FnMut(u64) -> Result<()> + '_> {
    let order = noise::permutation(0, 0, pictures);
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    // Real schedules, as if a run of 50 epochs had begun.
    let total = 50 * (pictures / recipe.batch).max(1) as u64;
    let mut step = 0;
    Box::new(move |count| {
        for _ in 0..count {
            noise::fill_normal(0, Stream::TrainingZ, step, &mut z);
            let first = (step as usize * recipe.batch) % (pictures - recipe.batch + 1);
            let indices = &order[first..first + recipe.batch];
            let rates = recipe.rates(step % total, total);
            engine.step(&StepInput { step, indices, z: &z, rates })?;
            step += 1;
        }
        Ok(())
    })
}

/// FLOPs of one step by the dense formulas of [`fused`]'s header, products alone, a multiplication and an addition each.
pub fn flops_per_step(recipe: &Recipe, pixels: usize) -> u64 {
    let [n, latent, width, pixels] = [recipe.batch, recipe.latent, recipe.hidden, pixels].map(|size| size as u64);
    let hidden = width * width;
    let d_forward = pixels * width + hidden + width;
    let g_forward = n * (latent * width + hidden + width * pixels);
    let penalised = recipe.r1_gamma + recipe.r2_gamma > 0.0;
    // The chain, dW1 and dW2; with penalties also g, e1 and e1 W2'.
    let d_backward = 2 * n * (hidden + pixels * width + hidden);
    let d_penalty = if penalised { 2 * n * (2 * pixels * width + hidden) } else { 0 };
    let of_updated = if recipe.loss.terms().g_looks_at_real { 2 * n } else { n };
    let through_d = n * (hidden + pixels * width);
    let g_backward = n * (2 * pixels * width + 2 * hidden + latent * width);
    2 * (g_forward + 2 * n * d_forward + d_backward + d_penalty + of_updated * d_forward + through_d + g_backward)
}

/// GFLOP/s of matrix products of a size that fits the caches, one on each of `threads` threads, the best of some rounds: the
/// most that a step could reach here.
pub fn peak_gflops(threads: usize) -> f64 {
    const SIZE: usize = 512;
    const ROUNDS: usize = 12;
    let mut best = 0f64;
    for _ in 0..ROUNDS {
        let seconds = mlp::products_on_all_threads(threads, SIZE);
        best = best.max(threads as f64 * 2.0 * (SIZE as f64).powi(3) / seconds / 1e9);
    }
    best
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
            let flops = flops_per_step(&Recipe::load(name, &toml::Table::new()).unwrap(), 784);
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
    fn the_peak_is_that_of_a_processor() {
        // Between a slow core at scalar speed and the fastest that there are.
        let peak = peak_gflops(1);
        assert!((0.5..2_000.0).contains(&peak), "{peak}");
    }
}
