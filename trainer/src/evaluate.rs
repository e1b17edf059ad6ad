//! `trainer evaluate` and `trainer judge`: ONNX generators scored beside each other, and the judge that scores them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::generator::Generator;
use data::{Colour, Dataset, Source};
use engines::choose::cores;
use failure::{Failure, Result, for_terminals};
use judge::schedule::{EVALUATION_SEED, JUDGE_FILE};
use judge::{Judge, SAMPLES, Scores, Task, Yardstick};

/// Pictures are judged in no more rows: a judge of 256 by 256 takes hours to train, and tells kinds apart by what is seen in fewer.
/// (The networks by which FID is commonly taken have one size too.)
const LARGEST_JUDGED: usize = 64;
/// Nor in fewer than a judge can take.
const SMALLEST_JUDGED: usize = 16;

/// Which pictures, the way round that a run was trained on them.
#[derive(Debug, Args)]
struct PictureArgs {
    /// mnist, avatars (built in), a folder of pictures or idx files, an .npz
    #[arg(long, value_name = "DATA", default_value = "mnist")]
    data: String,
    /// Black for white, as in training
    #[arg(long)]
    invert: bool,
    /// Rows for columns, as in training
    #[arg(long)]
    transpose: bool,
    /// auto, grey or rgb, as in training
    #[arg(long, value_name = "COLOUR", default_value = "auto", value_parser = |word: &str| word.parse::<Colour>())]
    colour: Colour,
}

impl PictureArgs {
    /// Reads them in rows and columns of `size`, or as they are.
    fn read(&self, size: Option<[usize; 2]>, colour: Colour) -> Result<Dataset> {
        let &Self { ref data, invert, transpose, .. } = self;
        let source = Source { size, colour, invert, transpose, ..Source::of(data) };
        Dataset::open(&source, &mut |line| eprintln!("{}", for_terminals(line)))
    }

    /// The channels, rows and columns in which the pictures of `generator`, the file at `path`, are judged; `own` are the pictures
    /// as they are, in its colours.
    fn judged_shape(own: &Dataset, generator: &Generator, path: &Path) -> [usize; 3] {
        let size @ [rows, columns] = generator.size();
        let [channels, have_rows, have_columns] = own.image_shape();
        // A run was judged in its own size, and its figures are to come out again.
        if rows != columns || kept_judge(path).is_some() {
            return [channels, size[0], size[1]];
        }
        // Real pictures that were made larger would show no more than they do.
        let most = if have_rows == have_columns { have_rows.min(LARGEST_JUDGED) } else { LARGEST_JUDGED };
        let side = rows.min(most).max(SMALLEST_JUDGED);
        [channels, side, side]
    }

    /// The same pictures as `own`, in the shape in which the generator at `path` is judged.
    fn of_shape(&self, own: &Dataset, [channels, rows, columns]: [usize; 3], path: &Path) -> Result<Dataset> {
        let refused = |reason: String| Failure::failed(format!("`{}` cannot be judged: {reason}", path.display()));
        let [_, have_rows, have_columns] = own.image_shape();
        let dataset = if [rows, columns] == [have_rows, have_columns] {
            own.clone()
        } else if !data::is_built_in(&self.data) || rows == columns {
            // Sizes are asked for as the files have them, before they are turned.
            let size = if self.transpose { [columns, rows] } else { [rows, columns] };
            self.read(Some(size), if channels == 1 { Colour::Grey } else { Colour::Rgb })?
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

/// The real pictures as they are, by whether they are in colour; read once each, and only if a model asks for them.
struct Real<'a> {
    asked: &'a PictureArgs,
    /// As they were asked for: in colour, or in grey.
    own: Dataset,
    /// In grey, where the others are not.
    grey: Option<Dataset>,
}

impl<'a> Real<'a> {
    fn read(asked: &'a PictureArgs) -> Result<Self> {
        Ok(Self { asked, own: asked.read(None, asked.colour)?, grey: None })
    }

    fn are_coloured(&self) -> bool {
        self.own.image_shape()[0] > 1
    }

    /// Those that the pictures of a model are compared with: in colour where it draws colours and they have some.
    ///
    /// # Errors
    /// A grey model where colour is asked for, and pictures that cannot be read once more.
    fn of(&mut self, generator: &Generator, path: &Path) -> Result<&Dataset> {
        if !self.are_coloured() || generator.is_coloured() {
            return Ok(&self.own);
        }
        let path = path.display();
        if self.asked.colour == Colour::Rgb {
            let message = format!("`{path}` draws grey pictures, and `--colour rgb` asks for judging in colour");
            return Err(Failure::failed(message)
                .hint("leave `--colour` out: it is judged in grey then, and coloured models in colour"));
        }
        eprintln!("`{path}` draws grey pictures: it is judged in grey");
        if self.grey.is_none() {
            self.grey = Some(self.asked.read(None, Colour::Grey)?);
        }
        Ok(self.grey.as_ref().expect("it was read just now"))
    }

    /// Those in grey or in colour, as they are.
    fn in_channels(&self, channels: usize) -> &Dataset {
        self.grey.as_ref().filter(|_| channels == 1).unwrap_or(&self.own)
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
    /// 1 where they were judged in grey, 3 in colour.
    judged_channels: usize,
    /// What the model's numbers were taken to mean.
    range: String,
    #[serde(flatten)]
    scores: Scores,
}

/// The judge of pictures of one size, and what real ones score by it.
#[derive(Serialize)]
struct Size {
    size: [usize; 2],
    channels: usize,
    judge_accuracy: f64,
    judge_task: Task,
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
    // All pictures before the work, for the same reason.
    let mut real = Real::read(&args.pictures)?;
    let mut judged_shapes = Vec::new();
    let mut shapes: Vec<[usize; 3]> = Vec::new();
    for (generator, path) in generators.iter().zip(&args.models) {
        let shape @ [channels, rows, columns] = PictureArgs::judged_shape(real.of(generator, path)?, generator, path);
        if let Some(remark) = generator.remark(channels > 1) {
            eprintln!("{remark}");
        }
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
        if [rows, columns] != generator.size() {
            let [drawn_rows, drawn_columns] = generator.size();
            let path = path.display();
            eprintln!("`{path}` draws {drawn_rows} by {drawn_columns}: judged scaled to {rows} by {columns}");
        }
        judged_shapes.push(shape);
    }
    let datasets = shapes
        .iter()
        .map(|&shape| {
            let first = judged_shapes.iter().position(|judged| *judged == shape).expect("it is one of theirs");
            args.pictures.of_shape(real.in_channels(shape[0]), shape, &args.models[first])
        })
        .collect::<Result<Vec<_>>>()?;
    let mut models: Vec<Option<Line>> = generators.iter().map(|_| None).collect();
    let mut judged = Vec::new();
    for (&shape, dataset) in shapes.iter().zip(&datasets) {
        let of_shape: Vec<usize> = (0..generators.len()).filter(|&index| judged_shapes[index] == shape).collect();
        let kept = kept_judge(&args.models[of_shape[0]]);
        let judge = Judge::of(dataset, kept.as_deref(), threads, &mut |line| eprintln!("{line}"))?;
        let yardstick = Yardstick::new(judge, &dataset.test, threads);
        let [channels, size @ ..] = shape;
        for index in of_shape {
            let generator = &mut generators[index];
            let z = noise::sample_z(args.seed, yardstick.samples(), generator.latent());
            // A model of other classes than the judge's was asked for none of these.
            let comparable = generator.classes() == yardstick.judge().classes();
            let asked = if comparable { generator.asked(yardstick.samples()) } else { Vec::new() };
            let scores = yardstick.score(&generator.generate(&z, shape, threads)?, &asked);
            let (model, range) = (args.models[index].display().to_string(), generator.range().to_string());
            let line =
                Line { model, size: generator.size(), judged_size: size, judged_channels: channels, range, scores };
            models[index] = Some(line);
        }
        let floor = yardstick.floor(&dataset.train);
        let judge = yardstick.judge();
        let (judge_accuracy, judge_task, classes) = (judge.accuracy(), judge.task(), judge.classes());
        judged.push(Size { size, channels, judge_accuracy, judge_task, floor, classes });
    }
    let first = judged.first().expect("there is a model, so there is a size");
    let report = Report {
        dataset: real.own.name.clone(),
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
    let dataset = args.pictures.read(None, args.pictures.colour)?;
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
    let judge_of = |line: &Line| {
        let is_its = |judged: &&Size| (judged.size, judged.channels) == (line.judged_size, line.judged_channels);
        report.sizes.iter().find(is_its).map_or(0, |it| it.classes)
    };
    let several = report.sizes.len() > 1;
    let colours = report.sizes.iter().any(|judged| judged.channels != report.sizes[0].channels);
    let apart = |&Size { size: [rows, columns], channels, .. }: &Size| {
        let colour = if channels == 1 { ", grey" } else { ", in colour" };
        format!(", {rows} by {columns}{}", if colours { colour } else { "" })
    };
    let models = report.models.iter().map(|line| (line.model.clone(), line.scores, judge_of(line)));
    let real = report.sizes.iter().map(|judged| {
        let name = "real training pictures".to_owned();
        (if several { name + &apart(judged) } else { name }, judged.floor, judged.classes)
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
        // A judge of turns knows no classes.
        let (covered, kl) = match classes {
            0 => ("-".to_owned(), "-".to_owned()),
            _ => (format!("{covered}/{classes}"), format!("{kl:.4}")),
        };
        let in_class = in_class.map_or_else(String::new, |share| format!("  {share:>8.4}"));
        text +=
            &format!("{name:width$}  {fid:>8.3}  {covered:>7}  {kl:>6}  {precision:>9.4}  {recall:>6.4}{in_class}\n");
    }
    for judged in &report.sizes {
        let scaled = if several { apart(judged) + "," } else { ",".to_owned() };
        let what = match judged.judge_task {
            Task::Classes => "by a judge that is right on",
            Task::Turns => "by a judge that learned how pictures are turned and mirrored, right on",
        };
        text += &format!(
            "{} pictures each against the test pictures of {}{scaled} {what} {:.2} % of these\n",
            judged.floor.samples.min(SAMPLES),
            report.dataset,
            100.0 * judged.judge_accuracy
        );
    }
    if report.sizes.iter().any(|judged| judged.judge_task == Task::Turns) {
        text += "there are no classes to learn: such scores are of this set alone, and no others compare with them\n";
    }
    if several {
        text += "scores of different sizes are of different judges: compare within a size\n";
    }
    text
}
