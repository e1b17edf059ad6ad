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

/// Pictures are judged in no more rows: a judge of 256 by 256 takes hours to train, and tells kinds apart by what is seen in fewer.
/// (The networks by which FID is commonly taken have one size too.)
const LARGEST_JUDGED: usize = 64;
/// Nor in fewer than a judge can take.
const SMALLEST_JUDGED: usize = 16;

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

    /// The size in which pictures of the generator at `path` are judged, which draws them in `size`.
    fn judged_size(own: &Dataset, size: [usize; 2], path: &Path) -> [usize; 2] {
        let [rows, columns] = size;
        let [_, have_rows, have_columns] = own.image_shape();
        // A run was judged in its own size, and its figures are to come out again.
        if rows != columns || kept_judge(path).is_some() {
            return size;
        }
        // Real pictures that were made larger would show no more than they do.
        let most = if have_rows == have_columns { have_rows.min(LARGEST_JUDGED) } else { LARGEST_JUDGED };
        [rows.min(most).max(SMALLEST_JUDGED); 2]
    }

    /// The same pictures as `own`, in the size in which the generator at `path` is judged.
    fn of_size(&self, own: &Dataset, [rows, columns]: [usize; 2], path: &Path) -> Result<Dataset> {
        let refused = |reason: String| Failure::failed(format!("`{}` cannot be judged: {reason}", path.display()));
        let [_, have_rows, have_columns] = own.image_shape();
        let dataset = if [rows, columns] == [have_rows, have_columns] {
            own.clone()
        } else if rows == columns {
            self.read(Some(rows))?
        } else {
            let reason = format!(
                "it draws pictures of {rows} by {columns}, those of `{}` are {have_rows} by {have_columns}, and only \
                 squares are scaled",
                own.name
            );
            return Err(refused(reason).hint("name the pictures that it was trained on by `--data`"));
        };
        match Judge::cannot_be(&dataset) {
            Some(reason) => Err(refused(reason)),
            None => Ok(dataset),
        }
    }
}

/// Flags of `trainer evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// ONNX generators of pictures, by whomever they were made: of any size, layout and range, with classes or without
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// What they are compared with.
    #[command(flatten)]
    pictures: PictureArgs,
    /// What black and white are in the models' pictures: -1..1, 0..1 or 0..255 [default: found out]
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, value_parser = |text: &str| text.parse::<interface::Range>())]
    range: Option<interface::Range>,
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
struct Report {
    dataset: String,
    /// Of the judge of the first model's size.
    judge_accuracy: f64,
    models: Vec<Line>,
    /// In the first model's size.
    floor: Scores,
    /// All sizes that were judged.
    sizes: Vec<Size>,
}

#[derive(Serialize)]
struct Line {
    model: String,
    /// Rows and columns of the pictures that it draws.
    size: [usize; 2],
    /// Those in which they were judged: no more than the real pictures have nor than 64, unless a run has a judge of its own.
    judged_size: [usize; 2],
    /// What the model's numbers were taken to mean.
    range: String,
    #[serde(flatten)]
    scores: Scores,
}

/// The judge of pictures of one size, and what real ones score by it.
#[derive(Serialize)]
struct Size {
    size: [usize; 2],
    judge_accuracy: f64,
    floor: Scores,
    #[serde(skip)]
    classes: usize,
}

/// Scores the models and prints them.
///
/// # Errors
/// A model or a data set that cannot be judged; nothing is printed then.
pub fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let threads = threads(args.threads);
    // All files first: a slip in the last name should not cost the work on the others.
    let mut generators =
        args.models.iter().map(|path| Generator::open(path, args.range)).collect::<Result<Vec<_>>>()?;
    generators.iter().filter_map(Generator::remark).for_each(|remark| eprintln!("{remark}"));
    // All pictures before the work, for the same reason.
    let own = args.pictures.read(None)?;
    let judged_sizes: Vec<[usize; 2]> = args
        .models
        .iter()
        .zip(&generators)
        .map(|(path, generator)| PictureArgs::judged_size(&own, generator.size(), path))
        .collect();
    let mut sizes: Vec<[usize; 2]> = Vec::new();
    for (size, (generator, path)) in judged_sizes.iter().zip(generators.iter().zip(&args.models)) {
        if !sizes.contains(size) {
            sizes.push(*size);
        }
        if let ([rows, columns], true) = (size, *size != generator.size()) {
            let [drawn_rows, drawn_columns] = generator.size();
            let path = path.display();
            eprintln!("`{path}` draws {drawn_rows} by {drawn_columns}: judged scaled to {rows} by {columns}");
        }
    }
    let datasets = sizes
        .iter()
        .map(|&size| {
            let first = judged_sizes.iter().position(|judged| *judged == size).expect("it is one of theirs");
            args.pictures.of_size(&own, size, &args.models[first])
        })
        .collect::<Result<Vec<_>>>()?;
    let mut models: Vec<Option<Line>> = generators.iter().map(|_| None).collect();
    let mut judged = Vec::new();
    for (size, dataset) in sizes.iter().zip(&datasets) {
        let of_size: Vec<usize> = (0..generators.len()).filter(|&index| judged_sizes[index] == *size).collect();
        let kept = kept_judge(&args.models[of_size[0]]);
        let judge = Judge::of(dataset, kept.as_deref(), threads, &mut |line| eprintln!("{line}"))?;
        let yardstick = Yardstick::new(judge, &dataset.test, threads);
        for index in of_size {
            let generator = &mut generators[index];
            let z = noise::sample_z(args.seed, yardstick.samples(), generator.latent());
            // A model of other classes than the judge's was asked for none of these.
            let comparable = generator.classes() == yardstick.judge().classes();
            let asked = if comparable { generator.asked(yardstick.samples()) } else { Vec::new() };
            let scores = yardstick.score(&generator.generate(&z, *size, threads)?, &asked);
            let (model, range) = (args.models[index].display().to_string(), generator.range().to_string());
            models[index] = Some(Line { model, size: generator.size(), judged_size: *size, range, scores });
        }
        let floor = yardstick.floor(&dataset.train);
        let judge = yardstick.judge();
        judged.push(Size { size: *size, judge_accuracy: judge.accuracy(), floor, classes: judge.classes() });
    }
    let first = judged.first().expect("there is a model, so there is a size");
    let report = Report {
        dataset: own.name.clone(),
        judge_accuracy: first.judge_accuracy,
        models: models.into_iter().flatten().collect(),
        floor: first.floor,
        sizes: judged,
    };
    let text = if args.json {
        serde_json::to_string_pretty(&report).expect("numbers and strings are JSON") + "\n"
    } else {
        table(&report)
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

fn table(report: &Report) -> String {
    let classes_of =
        |size: [usize; 2]| report.sizes.iter().find(|judged| judged.size == size).map_or(0, |it| it.classes);
    let several = report.sizes.len() > 1;
    let models = report.models.iter().map(|line| (line.model.clone(), line.scores, classes_of(line.judged_size)));
    let real = report.sizes.iter().map(|Size { size: [rows, columns], floor, classes, .. }| {
        let name = "real training pictures".to_owned();
        (if several { format!("{name}, {rows} by {columns}") } else { name }, *floor, *classes)
    });
    let lines: Vec<_> = models.chain(real).collect();
    let width = lines.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    // The last column is there where a model was asked for classes that the judge knows.
    let any_asked = lines.iter().any(|(_, scores, _)| scores.in_class.is_some());
    let title = if any_asked { "  in class" } else { "" };
    let mut text = format!(
        "{:width$}  {:>8}  {:>7}  {:>6}  {:>9}  {:>6}{title}\n",
        "", "FID", "classes", "KL", "precision", "recall"
    );
    for (name, Scores { fid, classes: covered, kl, precision, recall, in_class, .. }, classes) in &lines {
        let covered = format!("{covered}/{classes}");
        let in_class = in_class.map_or_else(String::new, |share| format!("  {share:>8.4}"));
        text +=
            &format!("{name:width$}  {fid:>8.3}  {covered:>7}  {kl:>6.4}  {precision:>9.4}  {recall:>6.4}{in_class}\n");
    }
    for Size { size: [rows, columns], judge_accuracy, floor, .. } in &report.sizes {
        let scaled = if several { format!(", {rows} by {columns},") } else { ",".to_owned() };
        text += &format!(
            "{} pictures each against the test pictures of {}{scaled} by a judge that is right on {:.2} % of these\n",
            floor.samples.min(SAMPLES),
            report.dataset,
            100.0 * judge_accuracy
        );
    }
    if several {
        text += "scores of different sizes are of different judges: compare within a size\n";
    }
    text
}
