//! `trainer study`: many training runs, compared. A GAN's result varies by its seed as much as by its recipe, so a question
//! about recipes is a question about many runs of each.
//!
//! [`file`] reads the study file into a [`plan`]; [`folder`] keeps it on the disk, where a run's place says how far it is;
//! [`worker`] does one run; [`pool`] starts workers on this machine, [`slurm`] leaves that to a cluster; [`status`] looks,
//! [`estimate`] previews, and [`report`] says by [`statistics`] what the runs show.

pub mod estimate;
pub mod file;
pub mod folder;
pub mod plan;
pub mod pool;
pub mod report;
pub mod slurm;
pub mod statistics;
pub mod status;
pub mod worker;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use failure::{Failure, Result};
use file::StudyFile;
use folder::{State, StudyFolder};
use pool::PoolOptions;
use run::requests::Requests;
use run::train::Outcome;
use slurm::{Request, Submitted};
use worker::Ending;

/// Flags of `trainer study`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct StudyArgs {
    /// Another job than going on with the runs.
    #[command(subcommand)]
    pub action: Option<StudyAction>,
    /// The study file: TOML, a key of training or of a recipe with a value or a list
    #[arg(required = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The study's folder; one that is there is gone on with
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Show the runs and how long they would take, by a short trial
    #[arg(long, conflicts_with = "slurm")]
    dry_run: bool,
    /// How the runs are done.
    #[command(flatten)]
    how: HowArgs,
}

/// Flags of whatever goes on with runs.
#[derive(Debug, Args)]
pub struct HowArgs {
    /// Runs at a time, a process each [default: as many as cores and memory allow]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Threads of each run [default: the study file's, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Nothing on standard error but errors
    #[arg(long)]
    quiet: bool,
    /// Leave the runs to a cluster: write a job array and submit it by sbatch
    #[arg(long, conflicts_with = "workers")]
    slurm: bool,
    /// What is asked of it.
    #[command(flatten)]
    request: Request,
}

/// Jobs on a study that is there.
#[derive(Debug, Subcommand)]
pub enum StudyAction {
    /// What the runs show: report.html, CSV, JSON and best.onnx, and a table
    Report {
        /// The study's folder
        #[arg(value_name = "DIR")]
        study: PathBuf,
    },
    /// How far the runs are, by the folders and by Slurm
    Status {
        /// The study's folder
        #[arg(value_name = "DIR")]
        study: PathBuf,
        /// Print JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Put failed and lost runs back into the queue, and go on
    Retry {
        /// The study's folder
        #[arg(value_name = "DIR")]
        study: PathBuf,
        /// How the runs are done.
        #[command(flatten)]
        how: Box<HowArgs>,
    },
    /// Do one run: what workers and Slurm tasks are started as
    #[command(hide = true)]
    Run {
        /// The study's folder
        #[arg(value_name = "DIR")]
        study: PathBuf,
        /// The run's index
        #[arg(long, value_name = "N")]
        index: usize,
        /// Threads of the engine
        #[arg(long, value_name = "N", default_value_t = 1)]
        threads: u16,
        /// Stop when standard input ends
        #[arg(long)]
        leashed: bool,
    },
}

/// How a subcommand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Done,
    /// With runs that failed, told already.
    WithFailures,
    /// By Ctrl-C; the same command goes on.
    Interrupted,
}

impl StudyArgs {
    /// Threads of this process's own numeric work.
    pub fn threads(&self) -> usize {
        match &self.action {
            Some(StudyAction::Run { threads, .. }) => usize::from(*threads).max(1),
            _ => self.how.threads.map_or(1, usize::from),
        }
    }
}

/// Does what was asked for; `listen` gives what signals ask for, for what can be stopped.
///
/// # Errors
/// Everything that [`Failure`] can say.
pub fn study(args: &StudyArgs, listen: impl FnOnce() -> Result<Requests>) -> Result<Ended> {
    match &args.action {
        None => begin_or_go_on(args, listen),
        Some(StudyAction::Report { study }) => {
            print(&report::report(&StudyFolder::open(study)?)?);
            Ok(Ended::Done)
        }
        Some(StudyAction::Status { study, json }) => {
            let status = status::status(&StudyFolder::open(study)?)?;
            let as_json = || serde_json::to_string_pretty(&status).expect("numbers and texts are JSON") + "\n";
            print(&if *json { as_json() } else { status::text(&status) });
            Ok(Ended::Done)
        }
        Some(StudyAction::Retry { study, how }) => {
            let study = StudyFolder::open(study)?;
            let count = status::put_back(&study)?;
            say(how.quiet, &format!("{count} runs are back in the queue"));
            let submitted = Submitted::read(&study)?;
            match submitted {
                // A study that was on a cluster goes on there, as it was asked for then.
                Some(Submitted { request, .. }) if how.slurm || how.workers.is_none() => {
                    submit(&study, how, how.request.clone().or(&request))
                }
                _ => go_on(&study, how, how.request.clone(), listen),
            }
        }
        Some(StudyAction::Run { study, index, threads, leashed }) => {
            let study = StudyFolder::open(study)?;
            if *index >= study.plan.runs.len() {
                let message = format!("`--index {index}`: the study has {} runs, from 0", study.plan.runs.len());
                return Err(Failure::usage(message));
            }
            let requests = listen()?;
            if *leashed {
                worker::stop_with_parent(requests.stop.clone());
            }
            match worker::work(&study, *index, usize::from(*threads), &requests)? {
                Ending::Done => {}
                Ending::NotOurs => eprintln!("run {index} is somebody else's, or over"),
                Ending::Interrupted => return Ok(Ended::Interrupted),
            }
            Ok(Ended::Done)
        }
    }
}

fn begin_or_go_on(args: &StudyArgs, listen: impl FnOnce() -> Result<Requests>) -> Result<Ended> {
    let file = args.file.as_deref().unwrap_or(Path::new(""));
    if files::has_literal_home(&args.out) {
        let out = args.out.display();
        let message = format!("`--out {out}`: `~` stands for your home only where the shell replaces it");
        return Err(Failure::usage(message).hint("leave the quotes away, or write `$HOME`"));
    }
    let StudyFile { text, plan, request } = StudyFile::read(file)?;
    if args.dry_run {
        let threads = args.how.threads.map_or(plan.threads, usize::from);
        let workers = args.how.workers.map(usize::from);
        let quiet = args.how.quiet;
        print(&estimate::preview(&plan, workers, threads, &mut |line| say(quiet, line))?);
        return Ok(Ended::Done);
    }
    let study = StudyFolder::create_or_open(&args.out, &plan, &text)?;
    go_on(&study, &args.how, args.how.request.clone().or(&request), listen)
}

fn go_on(
    study: &StudyFolder,
    how: &HowArgs,
    request: Request,
    listen: impl FnOnce() -> Result<Requests>,
) -> Result<Ended> {
    if how.slurm {
        return submit(study, how, request);
    }
    let options = PoolOptions {
        workers: how.workers.map(usize::from),
        threads: how.threads.map_or(study.plan.threads, usize::from),
        quiet: how.quiet,
    };
    let requests = listen()?;
    let (outcome, failed) = pool::work_through(study, &options, &requests.stop)?;
    Ok(match outcome {
        Outcome::Interrupted => Ended::Interrupted,
        Outcome::Done if failed > 0 => Ended::WithFailures,
        Outcome::Done => Ended::Done,
    })
}

fn submit(study: &StudyFolder, how: &HowArgs, request: Request) -> Result<Ended> {
    let tasks = slurm::queue().map_err(|why| {
        Failure::failed(why)
            .hint("give the command where the cluster's jobs are submitted; without `--slurm` the runs are done here")
    })?;
    let indices = slurm::unsubmitted(study, &tasks)?;
    if indices.is_empty() {
        let queued = study.list(State::Queued)?.len();
        say(how.quiet, &format!("nothing to submit: {queued} runs wait, all of them in Slurm's queue"));
        return Ok(Ended::Done);
    }
    pool::make_judges(study, how.quiet)?;
    let threads = how.threads.map_or(study.plan.threads, usize::from);
    slurm::submit(study, &indices, &request, threads, &mut |line| say(how.quiet, line))?;
    say(how.quiet, &format!("`trainer study status {}` shows how far they are", study.path().display()));
    Ok(Ended::Done)
}

/// Results go to standard output; a reader that has gone away (`| head`) is no failure.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn say(quiet: bool, line: &str) {
    if !quiet {
        eprintln!("{line}");
    }
}
