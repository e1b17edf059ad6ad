//! The GPU engine: what an epoch asks of the host, which any machine can tell, and how long a step takes, where there is a GPU.
//!
//! Both are `trainer bench`. The first runs on wgpu's device that does nothing, so it has what recording costs and no more. A
//! software driver is not a GPU, and not timed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::figures::{self, Figure};
use crate::{program, workspace};

const RECIPES: [&str; 2] = ["seed", "stable"];
const REPLICAS: [&str; 5] = ["1", "4", "16", "64", "256"];
const WIDTHS: [&str; 4] = ["128", "256", "512", "1024"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Steps of a round on a GPU
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// A trainer to measure, in place of one built here
    #[arg(long, value_name = "FILE")]
    trainer: Option<PathBuf>,
    /// Write every measurement here, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, prints tables, and writes the measurements where that is asked for.
///
/// # Errors
/// If the trainer can't be built, or fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let trainer = match &arguments.trainer {
        Some(trainer) => trainer.clone(),
        None => {
            program::run(program::cargo().args(["build", "--release", "--package", "trainer"]))?;
            workspace::target().join("release").join(format!("trainer{}", std::env::consts::EXE_SUFFIX))
        }
    };
    let (host, gpus) = recording(&trainer, arguments)?;
    let speed = match gpus.first() {
        Some(gpu) => speed(&trainer, arguments, gpu)?,
        None => {
            println!("no GPU here, so none was timed");
            Value::Null
        }
    };
    match &arguments.json {
        Some(path) => {
            figures::write(path, &(serde_json::to_string_pretty(&json!({ "host": host, "gpu": speed }))? + "\n"))
        }
        None => Ok(()),
    }
}

/// What an epoch asks of the host; and the GPUs there are, as `--device` takes them.
fn recording(trainer: &Path, arguments: &Arguments) -> Result<(Value, Vec<String>)> {
    let header =
        ["an epoch", "dispatches a step", "submissions", "bytes read", "us a dispatch, recorded", "all of the host's"];
    let (mut lines, mut all, mut gpus) = (vec![header.map(String::from)], serde_json::Map::new(), Vec::new());
    for recipe in RECIPES {
        // In the first round submissions are still growing.
        let rounds = (arguments.rounds + 1).to_string();
        let rounds = bench(trainer, &["--counts", "--recipe", recipe, "--rounds", &rounds])?.split_off(1);
        let last = rounds.last().context("`trainer bench --counts` printed nothing")?;
        let number = |key: &str| last[key].as_u64().with_context(|| format!("no `{key}` in {last}"));
        let figure = |key: &str| -> Result<String> { Ok(median(&rounds, key)?.to_string()) };
        lines.push([
            recipe.to_owned(),
            (number("dispatches")? / number("steps")?).to_string(),
            number("submissions")?.to_string(),
            number("bytes_read")?.to_string(),
            figure("recording_us_per_dispatch")?,
            figure("host_us_per_dispatch")?,
        ]);
        let found = last["gpus"].as_array().into_iter().flatten();
        gpus = found.filter_map(|gpu| Some(gpu["device"].as_str()?.to_owned())).collect();
        all.insert(recipe.to_owned(), rounds.into());
    }
    println!("{}", figures::columns(&lines));
    println!("median and middle half of {} epochs, on a device that does nothing\n", arguments.rounds);
    Ok((all.into(), gpus))
}

/// Milliseconds a step, by replicas and by width.
fn speed(trainer: &Path, arguments: &Arguments, gpu: &str) -> Result<Value> {
    let (rounds, steps) = (arguments.rounds.to_string(), arguments.steps.to_string());
    let mut lines = vec![["", "ms a step", "runs at once", "steps of a run a second, of all"].map(String::from)];
    let mut all = Vec::new();
    for recipe in RECIPES {
        let widths = WIDTHS.iter().map(|width| ("1", *width));
        for (replicas, width) in REPLICAS.iter().map(|replicas| (*replicas, "128")).chain(widths.skip(1)) {
            let flags =
                ["--recipe", recipe, "--engine", "fused", "--device", gpu, "--replicas", replicas, "--hidden", width];
            let measured = bench(trainer, &[&flags[..], &["--rounds", &rounds, "--steps", &steps]].concat())?;
            let figure = median(&measured, "ms_per_step")?;
            let of_all = replicas.parse::<f64>()? * 1e3 / figure.median;
            lines.push([
                format!("{recipe}, {width} wide"),
                figure.to_string(),
                replicas.to_owned(),
                format!("{of_all:.0}"),
            ]);
            all.push(json!({ "recipe": recipe, "hidden": width, "replicas": replicas, "rounds": measured }));
        }
    }
    println!("{}", figures::columns(&lines));
    println!("median and middle half of {} rounds of {steps} steps on {gpu}", arguments.rounds);
    Ok(all.into())
}

/// What `trainer bench` says, a JSON object a line.
fn bench(trainer: &Path, flags: &[&str]) -> Result<Vec<Value>> {
    let said = program::run_silently(Command::new(trainer).arg("bench").args(flags))?;
    let read = |line| serde_json::from_str(line).with_context(|| format!("`trainer bench` said {line:?}"));
    said.lines().map(read).collect()
}

fn median(rounds: &[Value], key: &str) -> Result<Figure> {
    let numbers: Vec<f64> = rounds.iter().filter_map(|round| round[key].as_f64()).collect();
    Figure::of(&numbers).filter(|_| numbers.len() == rounds.len()).with_context(|| format!("a round has no `{key}`"))
}
