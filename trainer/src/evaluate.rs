//! `trainer evaluate` and `trainer judge`: ONNX generators scored beside each other, and the judge that scores them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::generator::Generator;
use data::{Dataset, Source};
use engines::choose::cores;
use failure::{Failure, Result};
use judge::schedule::{EVALUATION_SEED, JUDGE_FILE};
use judge::{Judge, SAMPLES, Scores, Yardstick};

/// Which pictures, the way round that a run was trained on them.
#[derive(Debug, Args)]
struct PictureArgs {
    /// mnist (built in), a folder of pictures or of idx files, or an .npz
    #[arg(long, value_name = "DATA", default_value = "mnist")]
    data: String,
    /// Black for white, as in training
    #[arg(long)]
    invert: bool,
    /// Rows for columns, as in training
    #[arg(long)]
    transpose: bool,
}

impl PictureArgs {
    /// Reads them as squares of `size`, or as they are.
    fn read(&self, size: Option<usize>) -> Result<Dataset> {
        let Self { data, invert, transpose } = self;
        let source = Source { size, invert: *invert, transpose: *transpose, ..Source::of(data) };
        Dataset::open(&source, &mut |line| eprintln!("{line}"))
    }
}

/// Flags of `trainer evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// ONNX generators: float32 z [n, latent] -> float32 image [n, 1, rows, columns]
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// What they are compared with.
    #[command(flatten)]
    pictures: PictureArgs,
    /// Key of the latent vectors
    #[arg(long, value_name = "N", default_value_t = EVALUATION_SEED)]
    seed: u64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Threads [default: all cores]; they change no digit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Flags of `trainer judge`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// The judge's file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What it learns from.
    #[command(flatten)]
    pictures: PictureArgs,
    /// Threads [default: all cores]; they change no bit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    dataset: &'a str,
    judge_accuracy: f64,
    models: Vec<Line>,
    floor: Scores,
}

#[derive(Serialize)]
struct Line {
    model: String,
    #[serde(flatten)]
    scores: Scores,
}

/// Scores the models and prints them.
///
/// # Errors
/// A model or a data set that cannot be judged; nothing is printed then.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let threads = threads(args.threads);
    // All files first: a slip in the last name should not cost the work on the others.
    let generators = args.models.iter().map(|path| Generator::open(path)).collect::<Result<Vec<_>>>()?;
    let dataset = args.pictures.read(None)?;
    for (path, generator) in args.models.iter().zip(&generators) {
        if generator.image_shape() != dataset.image_shape {
            let message = format!(
                "`{}` draws pictures of {:?}, those of `{}` are {:?}: [channels, rows, columns]",
                path.display(),
                generator.image_shape(),
                dataset.name,
                dataset.image_shape
            );
            return Err(Failure::usage(message).hint("name the pictures that it was trained on by `--data`"));
        }
    }
    let kept = kept_judge(&args.models[0]);
    let judge = Judge::of(&dataset, kept.as_deref(), threads, &mut |line| eprintln!("{line}"))?;
    let yardstick = Yardstick::new(judge, &dataset.test, threads);
    let mut models = Vec::new();
    for (path, generator) in args.models.iter().zip(&generators) {
        let z = noise::sample_z(args.seed, yardstick.samples(), generator.latent());
        let scores = yardstick.score(&generator.generate(&z)?);
        models.push(Line { model: path.display().to_string(), scores });
    }
    let floor = yardstick.floor(&dataset.train);
    let judge = yardstick.judge();
    let report = Report { dataset: &dataset.name, judge_accuracy: judge.accuracy(), models, floor };
    let text = if args.json {
        serde_json::to_string_pretty(&report).expect("numbers and strings are JSON") + "\n"
    } else {
        table(&report, judge.classes())
    };
    // A reader that has gone away (`| head`) is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Trains a judge and writes it.
///
/// # Errors
/// Pictures that no judge can be trained on, or a file that cannot be written.
pub fn judge(args: &JudgeArgs) -> Result<()> {
    let cannot = |what: String| Failure::failed(format!("`--out {}` {what}", args.out.display()));
    files::folder_of(&args.out).map_err(cannot)?;
    let dataset = args.pictures.read(None)?;
    let judge = Judge::train(&dataset, threads(args.threads), &mut |line| eprintln!("{line}"))?;
    files::write_whole(&args.out, &judge.to_bytes()).map_err(|error| cannot(format!("cannot be written: {error}")))
}

fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(cores, usize::from)
}

/// Where the run that made `model` keeps its judge, if there is such a folder.
fn kept_judge(model: &Path) -> Option<PathBuf> {
    let folder = run::folder::run_folder_of(model);
    folder.is_dir().then(|| folder.join(JUDGE_FILE))
}

fn table(report: &Report, classes: usize) -> String {
    let names = report.models.iter().map(|line| (line.model.clone(), line.scores));
    let lines: Vec<_> = names.chain([("real training pictures".to_owned(), report.floor)]).collect();
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text =
        format!("{:width$}  {:>8}  {:>7}  {:>6}  {:>9}  {:>6}\n", "", "FID", "classes", "KL", "precision", "recall");
    for (name, Scores { fid, classes: covered, kl, precision, recall, .. }) in &lines {
        let covered = format!("{covered}/{classes}");
        text += &format!("{name:width$}  {fid:>8.3}  {covered:>7}  {kl:>6.4}  {precision:>9.4}  {recall:>6.4}\n");
    }
    let samples = report.floor.samples.min(SAMPLES);
    text += &format!(
        "{samples} pictures each against the test pictures of {}, by a judge that is right on {:.2} % of these\n",
        report.dataset,
        100.0 * report.judge_accuracy
    );
    text
}
