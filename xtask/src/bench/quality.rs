//! Recipes by seeds: how good the digits are, and how much of a figure is the seed's luck.
//!
//! The trainer trains and judges; this starts it once for each recipe and seed, and makes a table of what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::{self, Figure};
use crate::{model, program, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// `seed`, `stable` or a TOML file; may be given again
    #[arg(long, value_name = "RECIPE", default_value = "stable")]
    recipe: Vec<String>,
    /// Seeds of each recipe: 0, 1, …
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// Passes over the training pictures
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// Write every figure here, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// More flags for the trainer, after `--`: `-- --hidden 256`
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<String>,
}

/// What a run came to.
struct Outcome {
    seed: u32,
    /// The last event `evaluation`.
    evaluation: Value,
    ms_per_step: f64,
}

/// Trains, prints a line for each run as it ends and one for each recipe, and writes the figures where that is asked
/// for.
///
/// # Errors
/// If the trainer cannot be built, or a run fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let trainer = model::release_trainer()?;
    let folder = workspace::target().join("bench/quality");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let mut all = Vec::new();
    println!("{}", line("", &COLUMNS.map(|(title, _)| title.to_owned()), "ms a step"));
    for recipe in &arguments.recipe {
        let mut outcomes = Vec::new();
        for seed in 0..arguments.seeds {
            let outcome = train(&trainer, &folder, recipe, seed, arguments)?;
            let cells = COLUMNS.map(|(_, key)| number(&outcome.evaluation[key]));
            println!("{}", line(&format!("{recipe}, seed {seed}"), &cells, &format!("{:.2}", outcome.ms_per_step)));
            outcomes.push(outcome);
        }
        let (cells, steps) = spread(&outcomes);
        println!("{}", line(&format!("{recipe}, median"), &cells, &steps));
        all.extend(outcomes.iter().map(|outcome| to_json(recipe, arguments, outcome)));
    }
    match &arguments.json {
        Some(path) => figures::write(path, &(serde_json::to_string_pretty(&all)? + "\n")),
        None => Ok(()),
    }
}

/// What is shown of an evaluation: title and key.
const COLUMNS: [(&str, &str); 5] =
    [("FID", "fid"), ("classes", "classes"), ("KL", "kl"), ("precision", "precision"), ("recall", "recall")];

fn train(trainer: &Path, folder: &Path, recipe: &str, seed: u32, arguments: &Arguments) -> Result<Outcome> {
    let name = Path::new(recipe).file_stem().map_or("recipe".into(), |stem| stem.to_string_lossy());
    let [out, log] = ["onnx", "jsonl"].map(|end| folder.join(format!("{name}-{seed}.{end}")));
    let mut command = Command::new(trainer);
    command.args(["--recipe", recipe, "--seed", &seed.to_string(), "--epochs", &arguments.epochs.to_string()]);
    command.arg("--quiet").arg("--out").arg(out).arg("--log-json").arg(&log).args(&arguments.flags);
    program::run_silently(&mut command)?;
    let text = fs::read_to_string(&log).with_context(|| format!("cannot read `{}`", log.display()))?;
    outcome(seed, &text)
}

/// Reads a run's events.
fn outcome(seed: u32, log: &str) -> Result<Outcome> {
    let events = log.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>().context("a damaged log")?;
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).cloned().collect::<Vec<_>>();
    let evaluation = of("evaluation").pop().context("the trainer has not judged its generator")?;
    let steps: Vec<f64> = of("epoch").iter().filter_map(|event| event["ms_per_step"].as_f64()).collect();
    let ms_per_step = Figure::of(&steps).context("the trainer has reported no epoch")?.median;
    Ok(Outcome { seed, evaluation, ms_per_step })
}

/// Of each column the median, with the least and the largest.
fn spread(outcomes: &[Outcome]) -> ([String; 5], String) {
    let of = |values: Vec<f64>| {
        let Some(Figure { median, .. }) = Figure::of(&values) else { return "-".to_owned() };
        let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
        let [median, least, most] = [median, least, most].map(short);
        format!("{median} ({least}-{most})")
    };
    let column = |key: &str| of(outcomes.iter().filter_map(|outcome| outcome.evaluation[key].as_f64()).collect());
    (COLUMNS.map(|(_, key)| column(key)), of(outcomes.iter().map(|outcome| outcome.ms_per_step).collect()))
}

fn number(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), short)
}

/// Three digits or so; whole numbers as they are.
fn short(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn line(name: &str, cells: &[String; 5], last: &str) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:>22}")).collect();
    format!("{name:<28}{cells}{last:>22}").trim_end().to_owned()
}

fn to_json(recipe: &str, arguments: &Arguments, outcome: &Outcome) -> Value {
    serde_json::json!({
        "recipe": recipe,
        "flags": arguments.flags,
        "epochs": arguments.epochs,
        "seed": outcome.seed,
        "ms_per_step": outcome.ms_per_step,
        "evaluation": outcome.evaluation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"event":"start"}
{"event":"epoch","ms_per_step":2.0}
{"event":"evaluation","fid":30.0,"classes":9}
{"event":"epoch","ms_per_step":4.0}
{"event":"epoch","ms_per_step":3.0}
{"event":"evaluation","fid":FID,"classes":10,"recall":0.8125}
{"event":"done"}"#;

    #[test]
    fn a_run_is_what_its_last_evaluation_says() {
        let outcome = outcome(3, &LOG.replace("FID", "8.25")).unwrap();
        assert_eq!((outcome.evaluation["fid"].as_f64(), outcome.ms_per_step), (Some(8.25), 3.0));
    }

    #[test]
    fn a_recipe_is_the_median_of_its_seeds_with_the_extremes() {
        let outcomes: Vec<_> =
            ["9.5", "8.25", "8.75"].iter().map(|fid| outcome(0, &LOG.replace("FID", fid)).unwrap()).collect();
        let (cells, steps) = spread(&outcomes);
        assert_eq!(cells, ["8.75 (8.25-9.50)", "10 (10-10)", "-", "-", "0.812 (0.812-0.812)"]);
        assert_eq!(steps, "3 (3-3)");
    }

    #[test]
    fn a_run_without_an_evaluation_is_no_outcome() {
        let log = r#"{"event":"epoch","ms_per_step":2.0}"#;
        assert!(outcome(0, log).err().unwrap().to_string().contains("has not judged"));
        assert!(outcome(0, "{").is_err());
    }
}
