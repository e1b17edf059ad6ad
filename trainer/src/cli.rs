//! The command line: flags and subcommands, as clap reads them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::bench;
use crate::evaluate::{EvaluateArgs, JudgeArgs};
use crate::page::PageArgs;
use crate::recipe_flags::RecipeFlags;
use data::{Colour, Source};
use engines::choose::{DeviceChoice, EngineChoice};
use failure::{Failure, Result};
use gan::recipe::Recipe;
use run::asked;
use run::checkpoint::Checkpoint;
use run::folder::read_run;
use run::train::Options;
use study::StudyArgs;

/// Trains a GAN on MNIST or on your own pictures and writes its generator as ONNX.
#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    // `--help` is to be as short as `-h`.
    disable_help_flag = true,
    after_help = "`trainer` alone trains 50 epochs of `stable` on MNIST: two minutes of one core."
)]
pub struct Cli {
    /// Another job than training.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print this help
    #[arg(short, long, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    /// Flags of training.
    #[command(flatten)]
    pub train: TrainArgs,
}

impl Cli {
    /// Reads a command line, the program's name first, and keeps which flags of training were given.
    ///
    /// # Errors
    /// What clap has to say instead: a slip, or the help that was asked for.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> std::result::Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let matches =
            Self::command().try_get_matches_from(&words).map_err(|error| several_folders(&words).unwrap_or(error))?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut Self::command()))?;
        let is_given = |flag: &&clap::Id| matches.value_source(flag.as_str()) == Some(ValueSource::CommandLine);
        cli.train.given = matches.ids().filter(is_given).map(|flag| flag.as_str().to_owned()).collect();
        Ok(cli)
    }
}

/// The slip of more than one folder after `--data`, as a shell makes of `*` or of a blank in a name: clap takes the second for a
/// subcommand, and says so.
fn several_folders(words: &[OsString]) -> Option<clap::Error> {
    let at = words.iter().position(|word| word == "--data")?;
    let given = words[at + 1..].iter().take_while(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let second = given.clone().nth(1)?.to_string_lossy();
    let count = given.count();
    let message = format!(
        "`--data` takes one folder, and {count} words follow it, the second is `{second}`: name a folder alone, not its files, and \
         put a name with blanks into quotes\n"
    );
    Some(Cli::command().error(clap::error::ErrorKind::TooManyValues, message))
}

/// Jobs other than training.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the built-in recipes, or print one
    Recipes {
        /// What to do; nothing lists the names
        #[command(subcommand)]
        action: Option<RecipesAction>,
    },
    /// Time training steps on this machine; one JSON object a round
    Bench(Box<BenchArgs>),
    /// Score ONNX generators: FID, classes, precision and recall
    Evaluate(EvaluateArgs),
    /// Train the judge of a data set and write it to a file
    Judge(JudgeArgs),
    /// Write the page of ONNX generators as a static site, and serve it
    Page(PageArgs),
    /// Set runs side by side: settings that differ, losses, scores
    Compare {
        /// Run folders, or the models that they stand beside
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<PathBuf>,
        /// Write the curves of all as one page too
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// List what `--device` can take, and what auto would
    Devices {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Many runs at once, here or on a Slurm cluster, compared
    Study(Box<StudyArgs>),
    /// Print the completions of a shell: bash, zsh, fish, elvish or powershell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Write the GPU's kernels down, with what they start from and come to, for a browser to run
    #[command(hide = true)]
    GpuPlan(Box<GpuPlanArgs>),
}

/// Flags of `trainer gpu-plan`.
#[derive(Debug, Args)]
pub struct GpuPlanArgs {
    /// seed, stable, classes, fine, colour, conv, or a TOML file
    #[arg(long, value_name = "RECIPE", default_value = "stable")]
    recipe: String,
    /// Steps that the file has room for
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: u16,
    /// The file, JSON
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Single values of the recipe.
    #[command(flatten)]
    overrides: RecipeFlags,
}

impl GpuPlanArgs {
    /// Reads and checks the recipe that the flags ask for.
    ///
    /// # Errors
    /// A recipe that cannot be used.
    pub fn recipe(&self) -> Result<Recipe> {
        Recipe::load(&self.recipe, self.overrides.table())
    }
}

/// Flags of `trainer bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Measure the machine's peak in matrix products instead
    #[arg(long)]
    pub peak: bool,
    /// seed, stable, classes, fine, colour, conv, or a TOML file
    #[arg(long, value_name = "RECIPE", default_value = "stable")]
    pub recipe: String,
    /// What does the training step
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: EngineChoice,
    /// cpu, gpu or gpu:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: DeviceChoice,
    /// Runs at once, on a GPU
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub replicas: u16,
    /// Count what an epoch asks of the host instead, on a device that does nothing
    #[arg(long, hide = true)]
    pub counts: bool,
    /// Threads of the engine [default: the cores it may use; reference: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Steps of a round
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub steps: u64,
    /// Rounds, one line each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rounds: u64,
    /// Single values of the recipe.
    #[command(flatten)]
    pub overrides: RecipeFlags,
}

impl BenchArgs {
    /// Turns the flags into what is to be measured, the recipe read and checked.
    ///
    /// # Errors
    /// A recipe that cannot be used.
    pub fn options(&self) -> Result<bench::Options> {
        Ok(bench::Options {
            recipe: Recipe::load(&self.recipe, self.overrides.table())?,
            engine: self.engine,
            device: self.device,
            replicas: usize::from(self.replicas),
            threads: self.engine.threads(self.threads),
            steps: self.steps,
            rounds: self.rounds,
        })
    }
}

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesAction {
    /// Print a recipe as TOML
    Show {
        /// seed, stable, classes, fine, colour, conv, or a TOML file
        name: String,
    },
}

/// Flags of training, grouped as `--help` shows them.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Passes over the training pictures
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = TRAINING, allow_negative_numbers = true, value_parser = whole::<u64>(1..=1_000_000))]
    pub epochs: u64,
    /// seed, stable, classes, fine, colour, conv, or a TOML file
    #[arg(long, value_name = "RECIPE", default_value = "stable", help_heading = TRAINING)]
    pub recipe: String,
    /// Key of every random number
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = TRAINING, allow_negative_numbers = true, value_parser = whole::<u64>(0..=u64::MAX))]
    pub seed: u64,
    /// Runs of N seeds from --seed on, at once on one GPU: gen-SEED.onnx each
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = TRAINING, value_parser = whole::<u16>(1..=4096))]
    pub replicas: u16,
    /// Go on from the run folder by its settings; begin where there is no run yet
    #[arg(long, help_heading = TRAINING)]
    pub resume: bool,
    /// Start anew from the weights of a run, by its recipe unless another is given
    #[arg(long, value_name = "RUN", help_heading = TRAINING)]
    pub from: Option<PathBuf>,
    /// Replace a finished run in the run folder, rather than move it aside
    #[arg(long, help_heading = TRAINING)]
    pub overwrite: bool,
    /// mnist, avatars (built in), a folder of pictures or idx files, an .npz
    #[arg(long, value_name = "DATA", default_value = "mnist", help_heading = PICTURES)]
    pub data: String,
    /// Sides of a picture, or width x height: 16, 32x24 [default: the files' own; 28]
    #[arg(long, value_name = "N|WxH", help_heading = PICTURES, allow_negative_numbers = true, value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// auto, grey or rgb: auto is by how many of the pictures show colours
    #[arg(long, value_name = "COLOUR", default_value = "auto", help_heading = PICTURES, value_parser = |word: &str| word.parse::<Colour>())]
    pub colour: Colour,
    /// Train on the mirror image of each picture too
    #[arg(long, help_heading = PICTURES)]
    pub mirror: bool,
    /// Fail if a picture cannot be read, rather than skip it
    #[arg(long, help_heading = PICTURES)]
    pub strict: bool,
    /// Black for white: for drawings on a white ground
    #[arg(long, help_heading = PICTURES)]
    pub invert: bool,
    /// Rows for columns: for EMNIST, which lies on its side
    #[arg(long, help_heading = PICTURES)]
    pub transpose: bool,
    /// auto, cpu, gpu or gpu:N
    #[arg(long, value_name = "DEVICE", default_value = "auto", help_heading = MACHINE)]
    pub device: DeviceChoice,
    /// What does the training step
    #[arg(long, value_name = "ENGINE", default_value = "auto", help_heading = MACHINE)]
    pub engine: EngineChoice,
    /// Threads of the engine [default: the cores it may use; reference: 1]
    #[arg(long, value_name = "N", help_heading = MACHINE, value_parser = whole::<u16>(1..=1024))]
    pub threads: Option<u16>,
    /// The ONNX model; beside it the run folder, .run for .onnx
    #[arg(long, value_name = "FILE", default_value = "gen.onnx", help_heading = OUTPUT)]
    pub out: PathBuf,
    /// Write one JSON object a line; - for standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub log_json: Option<PathBuf>,
    /// Write event files for TensorBoard
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    pub tensorboard: Option<PathBuf>,
    /// Epochs between evaluations; the last has one anyway; 0 for none
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = OUTPUT, allow_negative_numbers = true, value_parser = whole::<u64>(0..=u64::MAX))]
    pub evaluate_every: u64,
    /// Epochs after which to keep the model too, as 1,5,20: in models/ of the run folder
    #[arg(long, value_name = "N,N", value_delimiter = ',', help_heading = OUTPUT, value_parser = whole::<u64>(0..=u64::MAX))]
    pub keep_models: Vec<u64>,
    /// Nothing on standard error but errors
    #[arg(long, help_heading = OUTPUT)]
    pub quiet: bool,
    /// Single values of the recipe.
    #[command(flatten)]
    pub overrides: RecipeFlags,
    /// Flags that were given, by name.
    #[arg(skip)]
    given: BTreeSet<String>,
}

const TRAINING: &str = "Training";
const PICTURES: &str = "Pictures";
const MACHINE: &str = "Machine";
const OUTPUT: &str = "Output";

impl TrainArgs {
    /// Turns the flags into the options of a run, the recipe read and checked.
    ///
    /// # Errors
    /// A recipe that cannot be used, a run that cannot be read, and paths that start with a `~` that no shell has replaced.
    pub fn options(&self) -> Result<Options> {
        self.no_literal_home()?;
        let replicas = usize::from(self.replicas);
        let kept = if self.resume { run::train::kept(&self.out, self.seed, replicas)? } else { None };
        let options = match (kept, &self.from) {
            (Some(run), _) => self.as_before(self.asked(Some(&run))?, &run)?,
            (None, Some(from)) => {
                let from = read_run(from)?.0;
                let mut options = self.asked(Some(&from))?;
                let [channels, rows, columns] = from.identity.data.image;
                // Sizes are asked for as the files have them, before they are turned.
                let size = if self.transpose { [columns, rows] } else { [rows, columns] };
                options.source.size = options.source.size.or(Some(size));
                if !self.given.contains("colour") && !data::is_built_in(&options.source.data) {
                    options.source.colour = if channels == 1 { Colour::Grey } else { Colour::Rgb };
                }
                options
            }
            (None, None) => self.asked(None)?,
        };
        let epochs = options.epochs;
        if let Some(never) = options.keep_models.iter().find(|&&epoch| epoch == 0 || epoch > epochs) {
            let message = format!("`--keep-models {never}` is after no epoch of this run, which has {epochs}");
            return Err(Failure::usage(message).hint(format!("give numbers from 1 to {epochs}")));
        }
        Ok(options)
    }

    /// The options as the flags and their defaults have them, but for the recipe: that of `run`, if no other is given.
    fn asked(&self, run: Option<&Checkpoint>) -> Result<Options> {
        let recipe = match run.filter(|_| !self.given.contains("recipe")) {
            Some(run) => Recipe::parse(&run.identity.recipe.to_toml(), "of the run", self.overrides.table())?,
            None => Recipe::load(&self.recipe, self.overrides.table())?,
        };
        Ok(Options {
            epochs: self.epochs,
            out: self.out.clone(),
            recipe,
            engine: self.engine,
            device: self.device,
            seed: self.seed,
            source: Source {
                data: self.data.clone(),
                size: self.size,
                colour: self.colour,
                strict: self.strict,
                invert: self.invert,
                transpose: self.transpose,
                mirror: self.mirror,
            },
            keeps_batch: self.overrides.table().contains_key("batch"),
            resume: self.resume,
            from: self.from.clone(),
            overwrite: self.overwrite,
            log_json: self.log_json.clone(),
            tensorboard: self.tensorboard.clone(),
            threads: self.engine.threads(self.threads),
            threads_asked: self.threads,
            evaluate_every: self.evaluate_every,
            keep_models: self.keep_models.clone(),
            replicas: usize::from(self.replicas),
        })
    }

    /// The options of a run that is gone on with: its own, but for what was given.
    fn as_before(&self, flags: Options, run: &Checkpoint) -> Result<Options> {
        let given = |flag: &str| self.given.contains(flag);
        let identity = &run.identity;
        let mut options = Options {
            epochs: if given("epochs") { flags.epochs } else { identity.epochs },
            seed: if given("seed") { flags.seed } else { identity.seed },
            // It has begun already.
            from: None,
            ..flags
        };
        let Some(asked) = &run.asked else {
            // An older run, which knew its pictures' channels alone.
            if !given("colour") && !data::is_built_in(&options.source.data) {
                options.source.colour = if identity.data.image[0] == 1 { Colour::Grey } else { Colour::Rgb };
            }
            return Ok(options);
        };
        let mut source = asked::source(asked);
        if given("data") {
            source.data = options.source.data;
        } else if !data::is_built_in(&source.data) && is_nothing(Path::new(&source.data)) {
            let message = format!("`--resume`: the run's pictures were in `{}`, and nothing is there now", source.data);
            return Err(Failure::failed(message).hint(
                "say where they are with `--data`: the same pictures in a folder of another name are gone on with",
            ));
        }
        source.size = options.source.size.or(source.size);
        if given("colour") {
            source.colour = options.source.colour;
        }
        source.mirror |= options.source.mirror;
        source.strict |= options.source.strict;
        source.invert |= options.source.invert;
        source.transpose |= options.source.transpose;
        options.source = source;
        // What this version no longer knows is chosen anew.
        if !given("engine") {
            options.engine = EngineChoice::from_str(&asked.engine, false).unwrap_or_default();
        }
        if !given("device") {
            options.device = asked.device.parse().unwrap_or_default();
        }
        options.threads_asked = options.threads_asked.or(asked.threads);
        options.threads = options.engine.threads(options.threads_asked);
        if !given("evaluate_every") {
            options.evaluate_every = asked.evaluate_every;
        }
        if !given("keep_models") {
            options.keep_models.clone_from(&asked.keep_models);
        }
        options.tensorboard = options.tensorboard.or_else(|| asked.tensorboard.clone());
        Ok(options)
    }

    /// Refuses paths that would make a folder of the name `~`.
    fn no_literal_home(&self) -> Result<()> {
        let paths = [
            ("out", Some(&self.out)),
            ("log-json", self.log_json.as_ref()),
            ("tensorboard", self.tensorboard.as_ref()),
            ("from", self.from.as_ref()),
        ];
        for (flag, path) in paths {
            if let Some(path) = path.filter(|path| files::has_literal_home(path)) {
                return Err(Failure::usage(format!(
                    "`--{flag} {}`: `~` stands for your home only where the shell replaces it",
                    path.display()
                ))
                .hint("leave the quotes away, or write `$HOME`"));
            }
        }
        Ok(())
    }
}

/// A reader of whole numbers within `range` that says what is wanted.
fn whole<T: TryFrom<u64>>(
    range: std::ops::RangeInclusive<u64>,
) -> impl Fn(&str) -> std::result::Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number =
            text.parse().ok().filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("a whole number from {} to {} is wanted", range.start(), range.end()))
    }
}

/// Sides that a picture may have.
const SIDES: std::ops::RangeInclusive<usize> = 4..=512;

/// Rows and columns of `28`, or of `32x24`, which is width and height.
fn size(text: &str) -> std::result::Result<[usize; 2], String> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
    match (height.parse(), width.parse()) {
        (Ok(rows), Ok(columns)) if SIDES.contains(&rows) && SIDES.contains(&columns) => Ok([rows, columns]),
        _ => Err(format!("a side from {} to {} is wanted, or two as 32x24", SIDES.start(), SIDES.end())),
    }
}

/// Whether a path is neither there nor the start of the names of a set's files.
fn is_nothing(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let beside = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut names = beside.map(|entry| entry.file_name().to_string_lossy().to_lowercase());
    !path.exists() && !names.any(|other| other.starts_with(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn slips_are_told_in_words() {
        let cases: [(&[&str], &str); 6] = [
            (&["--seed", "-1"], "a whole number from 0 to 18446744073709551615 is wanted"),
            (&["--epochs", "1e3"], "a whole number from 1 to 1000000 is wanted"),
            (&["--threads", "0"], "a whole number from 1 to 1024 is wanted"),
            (&["--keep-models", "1,,2"], "a whole number from 0 to 18446744073709551615 is wanted"),
            (&["--data", "my", "pictures", "--seed", "1"], "`--data` takes one folder, and 2 words follow it"),
            (&["--epochs", "2", "--data", "a.png", "b.png", "c.png"], "3 words follow it, the second is `b.png`"),
        ];
        for (words, expected) in cases {
            let words = ["trainer"].iter().chain(words).map(OsString::from);
            let said = Cli::read(words).expect_err(expected).to_string();
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }

    #[test]
    fn a_size_is_a_side_or_width_and_height() {
        assert_eq!((size("28"), size("32x24"), size("4X512")), (Ok([28, 28]), Ok([24, 32]), Ok([512, 4])));
        for wrong in ["", "x", "3", "28x", "513", "-5", "16x16x3", "1e2"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_flag_overrides_one_value_of_the_recipe() {
        let options = |args: &[&str]| {
            let args = [&["trainer"], args].concat();
            Cli::try_parse_from(args).unwrap().train.options()
        };
        let recipe = options(&["--recipe", "seed", "--lr", "0.5", "--ema-ramp", "true"]).unwrap().recipe;
        assert_eq!((recipe.lr, recipe.ema_ramp, recipe.beta1), (0.5, true, 0.9));
        assert!(options(&["--lr", "-1"]).unwrap_err().message.contains("`lr` is -1"));
        assert!(options(&["--lr", "nan"]).unwrap_err().message.contains("`lr` is NaN"));
    }
}
