//! `trainer`: reads the command line, trains, and turns the outcome into an exit code.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use engines::choose::cores;
use engines::gpu::device;
use failure::{Failure, Result};
use gan::recipe::{BUILT_IN, Recipe};
use run::console::Console;
use run::events::EventLog;
use run::show::compare::compare;
use run::train::{Outcome, train};
use study::{self, Ended, StudyArgs};
use trainer::bench;
use trainer::cli::{BenchArgs, Cli, Command, GpuPlanArgs, RecipesAction, TrainArgs};
use trainer::evaluate;
use trainer::page;
use trainer::signals;
use trainer::written;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let outcome = match &cli.command {
        Some(Command::Recipes { action }) => recipes(action.as_ref()),
        Some(Command::Bench(args)) => measure(args),
        Some(Command::Evaluate(args)) => evaluate::evaluate(args).map(|()| 0),
        Some(Command::Judge(args)) => evaluate::judge(args).map(|()| 0),
        Some(Command::Compare { runs, html }) => compare(runs, html.as_deref()).and_then(print),
        Some(Command::Page(args)) => page::page(args).map(|()| 0),
        Some(Command::Devices { json }) => print(devices(*json)),
        Some(Command::Study(args)) => many(args),
        Some(Command::Completions { shell }) => print(completions(*shell)),
        Some(Command::Man) => manual().and_then(print),
        Some(Command::GpuPlan(args)) => write_plan(args).map(|()| 0),
        None => run(&cli.train),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(args: &TrainArgs) -> Result<u8> {
    let options =
        args.options().inspect_err(|failure| EventLog::write_failure(None, args.log_json.as_deref(), failure))?;
    limit_threads(options.threads);
    let requests = signals::listen()?;
    let json_on_stdout = args.log_json.as_deref() == Some(Path::new("-"));
    let mut console = Console::new(args.quiet).beside_json(json_on_stdout);
    let outcome = train(&options, &requests, &mut console);
    // The bar would otherwise stand between the reader and an error.
    console.finish();
    Ok(match outcome? {
        Outcome::Done => 0,
        Outcome::Interrupted => signals::exit_code(),
    })
}

fn many(args: &StudyArgs) -> Result<u8> {
    limit_threads(args.threads());
    Ok(match study::study(args, signals::listen)? {
        Ended::Done => 0,
        Ended::WithFailures => 1,
        Ended::Interrupted => signals::exit_code(),
    })
}

fn devices(json: bool) -> String {
    let adapters: Vec<_> = device::adapters().into_iter().map(|adapter| adapter.description).collect();
    if json { device::json(&adapters, cores()) } else { device::table(&adapters, cores()) }
}

fn measure(args: &BenchArgs) -> Result<u8> {
    let options = args.options()?;
    limit_threads(options.threads);
    let say = |line: String| {
        // A reader that has gone away (`| head`) is no failure.
        let _ = writeln!(io::stdout(), "{line}");
    };
    if args.peak {
        say(format!("{{\"threads\":{},\"gflops\":{:.1}}}", options.threads, bench::peak_gflops(options.threads)));
        return Ok(0);
    }
    if args.counts {
        let line = |recording: &_| say(serde_json::to_string(recording).expect("numbers are JSON"));
        bench::gpu::recordings(&options, line)?;
        return Ok(0);
    }
    bench::rounds(&options, |round| say(serde_json::to_string(round).expect("numbers are JSON")))?;
    Ok(0)
}

fn write_plan(args: &GpuPlanArgs) -> Result<()> {
    written::write(&written::plan(&args.recipe()?, usize::from(args.steps))?, &args.out)
}

fn recipes(action: Option<&RecipesAction>) -> Result<u8> {
    let text = match action {
        None => BUILT_IN.iter().map(|(name, _)| format!("{name}\n")).collect(),
        Some(RecipesAction::Show { name }) => match BUILT_IN.iter().find(|(known, _)| known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => Recipe::load(name, &toml::Table::new())?.to_toml(),
        },
    };
    print(text)
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trainer", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of the whole command in roff, subcommands and their flags included.
fn manual() -> Result<String> {
    let mut page = Vec::new();
    let mut render = |command: clap::Command| clap_mangen::Man::new(command).render(&mut page);
    let mut command = Cli::command();
    command.build();
    let rendered = with_subcommands(&command).into_iter().try_for_each(&mut render);
    rendered.map_err(|error| Failure::failed(format!("the manual cannot be written: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The command and every one below it, at any depth, that is shown.
fn with_subcommands(command: &clap::Command) -> Vec<clap::Command> {
    let shown = command.get_subcommands().filter(|one| one.get_name() != "help" && !one.is_hide_set());
    std::iter::once(command.clone()).chain(shown.flat_map(with_subcommands)).collect()
}

/// Results go to standard output; a reader that has gone away (`| head`) is no failure, a full disk is.
fn print(text: String) -> Result<u8> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(0),
    }
}

/// Prints what clap has to say instead of a command: the help on standard output, a slip on standard error.
fn explain(error: &clap::Error) -> ExitCode {
    match error.print().and_then(|()| io::stdout().flush()) {
        Err(refused) if refused.kind() != io::ErrorKind::BrokenPipe && !error.use_stderr() => ExitCode::FAILURE,
        _ => ExitCode::from(error.exit_code() as u8),
    }
}

/// candle, and the pool that gemm splits products over, read their thread counts from the environment, once.
#[allow(unsafe_code, reason = "there is no other way to set candle's thread count")]
fn limit_threads(threads: usize) {
    for name in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        // SAFETY: the process has a single thread here: called before signals are listened for, the bar and candle start.
        unsafe { std::env::set_var(name, threads.to_string()) };
    }
}
