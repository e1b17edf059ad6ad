//! A training step: ours by either engine, on one thread and on all, beside other libraries, in turn, round after round.
//!
//! Ours is `trainer bench`, one process a round. Shares of the machine's peak are of the best matrix product found in the
//! same run; FLOPs are those of the dense formulas, the same for everybody.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use chart::{Curves, Scale, Series};
use serde_json::{Value, json};

use super::figures::{self, Figure};
use super::peers::{Library, Peer};
use crate::{program, workspace};

const RECIPES: [&str; 2] = ["seed", "stable"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Libraries to measure beside ours, installed under target/: jax, torch
    #[arg(long, value_name = "LIBRARY", value_delimiter = ',')]
    peers: Vec<Library>,
    /// How often everything is measured, the contestants in turn
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Steps of a round of ours
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Measure how a step grows with batch and width instead, and draw it here, as SVG
    #[arg(long, value_name = "FILE")]
    growth: Option<PathBuf>,
    /// Write every measurement here, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, prints a table, and writes the measurements where that is asked for.
///
/// # Errors
/// If the trainer can't be built, a library can't be had, or a contestant fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    program::run(program::cargo().args(["build", "--release", "--package", "trainer"]))?;
    let trainer = workspace::target().join("release").join(format!("trainer{}", std::env::consts::EXE_SUFFIX));
    let measured = match &arguments.growth {
        Some(path) => growth(&trainer, arguments, path)?,
        None => contest(&trainer, arguments)?,
    };
    match &arguments.json {
        Some(path) => figures::write(path, &(serde_json::to_string_pretty(&measured)? + "\n")),
        None => Ok(()),
    }
}

/// One line of the table, and its measurements.
struct Contestant {
    name: String,
    kind: Kind,
    ms_per_step: Vec<f64>,
    memory_mib: Option<f64>,
}

enum Kind {
    Ours { engine: &'static str, threads: usize, beside_a_busy_process: bool },
    Peer(Peer),
}

impl Contestant {
    fn ours(engine: &'static str, threads: usize, beside_a_busy_process: bool) -> Self {
        let s = if threads == 1 { "" } else { "s" };
        let beside = if beside_a_busy_process { ", a core taken" } else { "" };
        let kind = Kind::Ours { engine, threads, beside_a_busy_process };
        Self { name: format!("{engine}, {threads} thread{s}{beside}"), kind, ms_per_step: Vec::new(), memory_mib: None }
    }

    fn measure(&mut self, trainer: &Path, recipe: &str, steps: u32) -> Result<f64> {
        let ms = match &mut self.kind {
            Kind::Peer(peer) => peer.ms_per_step()?,
            Kind::Ours { engine, threads, beside_a_busy_process } => {
                // The reference is slow, and as steady in fewer steps.
                let steps = if *engine == "reference" { steps.div_ceil(4) } else { steps };
                let round = || ours(trainer, &["--recipe", recipe, "--engine", engine], *threads, steps);
                let round = if *beside_a_busy_process { beside_a_busy_thread(round) } else { round() }?;
                self.memory_mib = round["peak_memory_mib"].as_f64().or(self.memory_mib);
                number(&round, "ms_per_step")?
            }
        };
        self.ms_per_step.push(ms);
        Ok(ms)
    }
}

fn contest(trainer: &Path, arguments: &Arguments) -> Result<Value> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut peaks, mut recipes) = (Vec::new(), serde_json::Map::new());
    for recipe in RECIPES {
        let mut contestants = vec![Contestant::ours("reference", 1, false), Contestant::ours("fused", 1, false)];
        if cores > 1 {
            contestants.push(Contestant::ours("fused", cores, false));
            contestants.push(Contestant::ours("fused", cores, true));
        }
        for library in &arguments.peers {
            let peers = library.start(recipe)?.into_iter();
            contestants.extend(peers.map(|peer| Contestant {
                name: peer.name.clone(),
                kind: Kind::Peer(peer),
                ms_per_step: Vec::new(),
                memory_mib: None,
            }));
        }
        // Compiling and the first pages of everybody's memory are not the step's.
        for contestant in &mut contestants {
            contestant.measure(trainer, recipe, arguments.steps)?;
            contestant.ms_per_step.clear();
        }
        eprintln!("measuring {recipe} in {} rounds", arguments.rounds);
        for _ in 0..arguments.rounds {
            for contestant in &mut contestants {
                contestant.measure(trainer, recipe, arguments.steps)?;
            }
            peaks.push(peak(trainer, cores)?);
        }
        let flops = number(&ours(trainer, &["--recipe", recipe], 1, 1)?, "flops_per_step")?;
        let best = peaks.iter().copied().fold(0.0, f64::max);
        println!("{}", table(recipe, flops, best, cores, &contestants)?);
        let measured: serde_json::Map<_, _> = contestants
            .into_iter()
            .map(|c| (c.name, json!({ "ms_per_step": c.ms_per_step, "peak_memory_mib": c.memory_mib })))
            .collect();
        recipes.insert(recipe.to_owned(), json!({ "flops_per_step": flops, "contestants": measured }));
    }
    let best = peaks.iter().copied().fold(0.0, f64::max);
    println!(
        "median and middle half of {} rounds; peak {best:.0} GFLOP/s on {cores} threads, the best of all rounds",
        arguments.rounds
    );
    Ok(json!({ "rounds": arguments.rounds, "cores": cores, "peak_gflops": best, "recipes": recipes }))
}

fn table(recipe: &str, flops: f64, peak: f64, cores: usize, contestants: &[Contestant]) -> Result<String> {
    let jax = contestants.iter().find(|c| c.name.starts_with("JAX")).and_then(|c| Figure::of(&c.ms_per_step));
    let mut lines = vec![[recipe, "ms a step", "GFLOP/s", "of peak", "to JAX", "memory"].map(String::from)];
    for contestant in contestants {
        let figure = Figure::of(&contestant.ms_per_step).context("a contestant took no part")?;
        let gflops = flops / figure.median / 1e6;
        let threads = match contestant.kind {
            Kind::Ours { threads, .. } => threads,
            Kind::Peer(_) => cores,
        };
        lines.push([
            contestant.name.clone(),
            figure.to_string(),
            format!("{gflops:.0}"),
            format!("{:.0} %", 100.0 * gflops / (peak * threads as f64 / cores as f64)),
            jax.map_or("-".into(), |jax| format!("{:.2}", figure.median / jax.median)),
            contestant.memory_mib.map_or("-".into(), |mib| format!("{mib:.0} MiB")),
        ]);
    }
    Ok(figures::columns(&lines))
}

/// How a step of `stable` grows: with the batch at width 128, and with the width at batch 100.
fn growth(trainer: &Path, arguments: &Arguments, path: &Path) -> Result<Value> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let sweeps = [
        ("batch", "--batch", vec![10, 20, 50, 100, 200, 500, 1000]),
        ("width", "--hidden", vec![32, 64, 128, 256, 512, 1024]),
    ];
    let mut series = Vec::new();
    let mut measured = serde_json::Map::new();
    let mut lines = vec![["stable", "ms a step", "steps/s", "GFLOP/s", "of peak"].map(String::from)];
    let mut peaks = Vec::new();
    for (name, flag, sizes) in sweeps {
        let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
        let mut flops = vec![0.0; sizes.len()];
        for _ in 0..arguments.rounds {
            for (i, size) in sizes.iter().enumerate() {
                let size_text = size.to_string();
                // As long a round for each: a step's time is about its work's.
                let steps =
                    (u64::from(arguments.steps) * 100 * 128 / (size * 128).max(100 * 128) as u64).max(10) as u32;
                let round = ours(trainer, &["--recipe", "stable", flag, &size_text], cores, steps)?;
                rounds[i].push(number(&round, "ms_per_step")?);
                flops[i] = number(&round, "flops_per_step")?;
            }
            peaks.push(peak(trainer, cores)?);
        }
        let best = peaks.iter().copied().fold(0.0, f64::max);
        let mut points = Vec::new();
        for ((size, rounds), flops) in sizes.iter().zip(&rounds).zip(&flops) {
            let figure = Figure::of(rounds).context("no rounds")?;
            let gflops = flops / figure.median / 1e6;
            let share = format!("{:.0} %", 100.0 * gflops / best);
            let steps_per_second = 1e3 / figure.median;
            points.push((*size as f64, steps_per_second));
            let row = [figure.to_string(), format!("{steps_per_second:.0}"), format!("{gflops:.0}"), share];
            let [a, b, c, d] = row;
            lines.push([format!("{name} {size}"), a, b, c, d]);
            measured.insert(format!("{name} {size}"), json!({ "ms_per_step": rounds, "flops_per_step": flops }));
        }
        series.push(Series { label: name.to_owned(), points });
    }
    print!("{}", figures::columns(&lines));
    let title = format!("Steps a second of stable, {cores} threads: batch at width 128, width at batch 100");
    let [x, y] = ["batch, or width", "steps a second"].map(|name| (name, Scale::Logarithmic));
    let plot = Curves { title: &title, x, y, series: &series }.file().context("there is nothing to draw")?;
    figures::write(path, &plot)?;
    Ok(json!({ "rounds": arguments.rounds, "cores": cores, "stable": measured }))
}

/// One round of `trainer bench`.
fn ours(trainer: &Path, flags: &[&str], threads: usize, steps: u32) -> Result<Value> {
    let mut command = Command::new(trainer);
    command.args(["bench", "--rounds", "1", "--steps"]).arg(steps.to_string());
    command.arg("--threads").arg(threads.to_string()).args(flags);
    let said = program::run_silently(&mut command)?;
    serde_json::from_str(said.trim()).context("`trainer bench` printed no JSON")
}

fn peak(trainer: &Path, threads: usize) -> Result<f64> {
    let mut command = Command::new(trainer);
    command.args(["bench", "--peak", "--threads"]).arg(threads.to_string());
    number(&serde_json::from_str(program::run_silently(&mut command)?.trim())?, "gflops")
}

fn number(value: &Value, key: &str) -> Result<f64> {
    let number = value[key].as_f64().with_context(|| format!("no number `{key}` in {value}"))?;
    ensure!(number > 0.0, "`{key}` is {number}");
    Ok(number)
}

/// Does `work` while a thread of ours keeps a core busy.
fn beside_a_busy_thread<T>(work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut x = 1u64;
            while !done.load(Ordering::Relaxed) {
                for _ in 0..10_000 {
                    x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                }
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_ratios_and_shares_of_the_peak() {
        let with = |mut contestant: Contestant, ms: f64| {
            contestant.ms_per_step = vec![ms; 3];
            contestant
        };
        let mut jax = with(Contestant::ours("JAX", 2, false), 4.0);
        jax.memory_mib = Some(99.6);
        let contestants =
            [with(Contestant::ours("fused", 1, false), 2.0), with(Contestant::ours("fused", 2, true), 1.0), jax];
        let table = table("seed", 100e6, 200.0, 2, &contestants).unwrap();
        let lines: Vec<Vec<&str>> =
            table.lines().map(|l| l.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
        assert_eq!(lines[0], ["seed", "ms a step", "GFLOP/s", "of peak", "to JAX", "memory"]);
        assert_eq!(lines[1], ["fused, 1 thread", "2.00 (2.00-2.00)", "50", "50 %", "0.50", "-"]);
        assert_eq!(lines[2], ["fused, 2 threads, a core taken", "1.00 (1.00-1.00)", "100", "50 %", "0.25", "-"]);
        assert_eq!(lines[3], ["JAX, 2 threads", "4.00 (4.00-4.00)", "25", "12 %", "1.00", "100 MiB"]);
    }

    #[test]
    fn work_beside_a_busy_thread_is_done_and_the_thread_ends() {
        assert_eq!(beside_a_busy_thread(|| 7), 7);
    }

    #[test]
    fn numbers_that_are_none_are_named() {
        assert_eq!(number(&json!({ "a": 2 }), "a").unwrap(), 2.0);
        for (value, expected) in [(json!({}), "no number `a`"), (json!({ "a": 0 }), "`a` is 0")] {
            assert!(number(&value, "a").unwrap_err().to_string().contains(expected), "{value}");
        }
    }
}
