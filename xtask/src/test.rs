//! Every test there is, with all they need: tools are fetched, a model is trained on MNIST and a site built around it.
//!
//! Tests find their tools in environment variables and skip what they miss; here nothing may be missing, so
//! `FORGER_REQUIRE_ALL` turns skipping into failing. The last line is `N passed, N failed` over all runners, whatever
//! happens.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::hint::hinted;
use crate::model::{self, Settings};
use crate::summary::{CargoTest, Counts, Nextest, NodeTest, Summary, Timed, slowest};
use crate::{
    browser, fashion_mnist, node, onnxruntime, package, program, python, runtime, site, slurm, vulkan, wasm, workspace,
};

/// Tests that are named at the end, for being slow.
const SLOWEST: usize = 10;
/// How the names of tests end that time the page.
const TIMED: &str = ".timed.test.js";
/// Which packages' tests cargo compiles together, as it is told on its command line.
type Selection = &'static [&'static str];
const XTASK: Selection = &["--package", "xtask"];
/// All there are. Not all at once, nor `--package trainer` alone: for each selection cargo chooses the features of what they
/// share. This program has been compiled on its own by now, and what it stands on need not be compiled again; all others are
/// compiled together, once.
const SELECTIONS: [Selection; 2] = [&["--workspace", "--exclude", "xtask"], XTASK];
/// Enough for pictures with strokes in them.
const EPOCHS: u32 = 2;
/// What the demo trains.
const EPOCHS_WHEN_LONG: u32 = 50;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Test a fully trained model (50 epochs instead of 2), and whatever else takes long (`FORGER_LONG=1`)
    #[arg(long)]
    long: bool,
}

/// Runs the tests; tells whether all passed.
///
/// # Errors
/// None that isn't counted as a failed test, and told.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let counts = run_all(arguments).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        Counts { passed: 0, failed: 1 }
    });
    println!("{counts}");
    Ok(counts.failed == 0)
}

fn run_all(arguments: &Arguments) -> Result<Counts> {
    let mut minutes = Minutes::default();
    // The tools come over the network while the compiler keeps the processor busy; then the runtime is compiled beside it, whose
    // optimising, shrinking and compressing leave all cores but one idle.
    let (compiled, tools) = std::thread::scope(|scope| {
        let tools = scope.spawn(|| tools().and_then(|tools| runtime::build().map(|_| tools)));
        eprintln!("compiling the workspace and its tests");
        let compile =
            |selection: &Selection| program::run(program::cargo().arg("test").args(*selection).arg("--no-run"));
        let compiled = SELECTIONS.iter().try_for_each(compile);
        (compiled, tools.join().expect("what goes wrong is an error"))
    });
    compiled?;
    let Tools { mut environment, drivers, python } = tools?;
    minutes.note("tools, compiling and the runtime");
    environment.extend(subject(arguments, &python)?);
    minutes.note("model, site and package");
    if arguments.long {
        slurm::prepare();
        environment.push(("FORGER_LONG", "1".into()));
    }

    let mut counts = counted("crates for the browser", wasm::check_portable());
    minutes.note("check for the browser");
    let mut times = Vec::new();
    counts += run_cargo(&environment, &drivers, &mut times)?;
    minutes.note("cargo's tests");
    let (timed, others) = browser_files()?;
    for (files, at_once) in [(others, "2"), (timed, "1")] {
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec", "--test-concurrency", at_once]).args(files);
        node.current_dir(browser_tests()).envs(environment.iter().cloned());
        counts += watch(&mut node, NodeTest::default(), &mut times)?;
    }
    minutes.note("the browser's tests");
    println!("\nthe slowest tests\n{}{minutes}", slowest(times, SLOWEST));
    Ok(counts)
}

/// Cargo's tests: programs side by side where cargo-nextest is installed, else one after the other. Examples in the
/// documentation are for cargo itself either way.
fn run_cargo(
    environment: &Environment,
    drivers: &[(&'static str, OsString)],
    times: &mut Vec<Timed>,
) -> Result<Counts> {
    let has_nextest = program::find("cargo-nextest").is_some();
    let mut counts = Counts::default();
    for selection in SELECTIONS {
        let cargo = |words: &[&str]| {
            let mut cargo = program::cargo();
            cargo.args(words).args(selection).arg("--no-fail-fast");
            cargo.envs(environment.iter().cloned()).envs(drivers.iter().cloned());
            cargo
        };
        if !has_nextest {
            counts += watch(&mut cargo(&["test"]), CargoTest::default(), times)?;
            continue;
        }
        counts += watch(&mut cargo(&["nextest", "run", "--color", "never"]), Nextest::default(), times)?;
        // A program without a library has no documentation that could run.
        if selection != XTASK {
            counts += watch(&mut cargo(&["test", "--doc"]), CargoTest::default(), times)?;
        }
    }
    Ok(counts)
}

/// One test that is no runner's.
fn counted(name: &str, outcome: Result<()>) -> Counts {
    match outcome {
        Ok(()) => {
            println!("test {name} ... ok");
            Counts { passed: 1, failed: 0 }
        }
        Err(error) => {
            println!("test {name} ... FAILED\n{error:#}");
            Counts { passed: 0, failed: 1 }
        }
    }
}

/// How long each part took, so that it is seen where the time goes.
struct Minutes {
    parts: Vec<(&'static str, f64)>,
    since: Instant,
}

impl Default for Minutes {
    fn default() -> Self {
        Self { parts: Vec::new(), since: Instant::now() }
    }
}

impl Minutes {
    /// Takes note that the part `name` is over, and the next begins.
    fn note(&mut self, name: &'static str) {
        self.parts.push((name, self.since.elapsed().as_secs_f64() / 60.0));
        self.since = Instant::now();
    }
}

impl std::fmt::Display for Minutes {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(|(name, minutes)| format!("{name} {minutes:.1}")).collect();
        let sum: f64 = self.parts.iter().map(|(_, minutes)| minutes).sum();
        write!(f, "minutes: {}; {sum:.1} in all", parts.join(", "))
    }
}

/// What the tests find their tools by.
type Environment = Vec<(&'static str, PathBuf)>;

/// What the tests lean on.
struct Tools {
    environment: Environment,
    /// For cargo's tests alone: Chromium has a driver of its own.
    drivers: Vec<(&'static str, OsString)>,
    python: PathBuf,
}

/// Installs what the tests lean on.
fn tools() -> Result<Tools> {
    let python = python::with_packages()?;
    let chromium = browser::find()?;
    let drivers = vulkan::environment(&chromium);
    node::check()?;
    node::npm_ci(&browser_tests())?;
    let onnxruntime = onnxruntime::library(&python)?;
    let mut environment = vec![
        ("FORGER_CHROMIUM", chromium),
        ("FORGER_PYTHON", python.clone()),
        ("FORGER_OLD_ONNXRUNTIME", python::with_old_onnxruntime()?),
        ("FORGER_OPENVINO", python::with_openvino()?),
        ("ORT_DYLIB_PATH", onnxruntime),
    ];
    // What not every system has a package of. Without it tests may skip, else they may not.
    let fashion_mnist = fashion_mnist::find();
    // Nor is there a GPU everywhere, if a software one.
    if fashion_mnist.is_some() && !drivers.is_empty() {
        environment.push(("FORGER_REQUIRE_ALL", "1".into()));
    }
    environment.extend(fashion_mnist.map(|folder| ("FORGER_FASHION_MNIST", folder)));
    // Whoever has one is tested in it: named, it may not be skipped.
    environment.extend(browser::find_firefox().map(|firefox| ("FORGER_FIREFOX", firefox)));
    Ok(Tools { environment, drivers, python })
}

/// Makes what is tested: a model trained here, the page around it, and pictures to hold the page to.
fn subject(arguments: &Arguments, python: &Path) -> Result<Environment> {
    let (trainer, exporter) = (built("trainer")?, built("exporter")?);
    let folder = workspace::target().join("test");
    let [site, reference] = ["site", "reference.json"].map(|name| folder.join(name));
    let epochs = if arguments.long { EPOCHS_WHEN_LONG } else { EPOCHS };
    let models = model::train_for_page(&trainer, Settings { epochs, recipe: None, data: None }, &folder)?;
    let model = models[0].clone();
    site::run(&site::Arguments { model: models, out: site.clone(), url: None })?;
    let rounded = folder.join("rounded");
    std::fs::create_dir_all(&rounded).with_context(|| format!("cannot create `{}`", rounded.display()))?;
    for precision in ["f16", "int8"] {
        let mut export = Command::new(&exporter);
        export.arg(model.with_extension("run").join("checkpoint.safetensors")).args(["--precision", precision]);
        program::run_silently(export.arg("--out").arg(rounded.join(format!("{precision}.onnx"))))?;
    }
    let script = workspace::root().join("tests/tools/reference.py");
    program::run_silently(Command::new(python).args([&script, &model, &reference]))?;
    let plans = folder.join("gpu-plans");
    std::fs::create_dir_all(&plans).with_context(|| format!("cannot create `{}`", plans.display()))?;
    for recipe in ["seed", "stable", "classes"] {
        let mut plan = Command::new(&trainer);
        plan.args(["gpu-plan", "--recipe", recipe, "--hidden", "32", "--batch", "10", "--steps", "3", "--out"]);
        program::run_silently(plan.arg(plans.join(format!("{recipe}.json"))))?;
    }
    let package = folder.join("package");
    package::run(&package::Arguments { out: Some(package.clone()) })?;
    Ok(vec![
        ("FORGER_MODEL", model),
        ("FORGER_SITE", site),
        ("FORGER_REFERENCE", reference),
        ("FORGER_PACKAGE", package),
        ("FORGER_ROUNDED", rounded),
        ("FORGER_GPU_PLANS", plans),
        ("FORGER_PROGRAMS", trainer.parent().map_or_else(PathBuf::new, Path::to_path_buf)),
    ])
}

/// A program as the tests' build has left it.
fn built(name: &str) -> Result<PathBuf> {
    let program = workspace::target().join(format!("debug/{name}{}", std::env::consts::EXE_SUFFIX));
    if program.exists() {
        return Ok(program);
    }
    Err(hinted(
        format_args!("the tests' build has left no {name} at `{}`", program.display()),
        "if cargo's configuration moves the build folder, name it in `CARGO_TARGET_DIR` too",
    ))
}

/// The files of the browser's tests: those that time the page, which get the machine for themselves, and the others.
fn browser_files() -> Result<(Vec<OsString>, Vec<OsString>)> {
    let folder = browser_tests();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        files.push(entry?.file_name());
    }
    files.sort();
    let ends = |file: &OsString, end: &str| file.to_string_lossy().ends_with(end);
    let tests = files.into_iter().filter(|file| ends(file, ".test.js"));
    let (timed, others): (Vec<_>, Vec<_>) = tests.partition(|file| ends(file, TIMED));
    // Named files that are none would leave node to look for tests by itself, and it would find all, twice.
    ensure!(!timed.is_empty() && !others.is_empty(), "there are no tests of both kinds in `{}`", folder.display());
    Ok((timed, others))
}

fn browser_tests() -> PathBuf {
    workspace::root().join("tests/browser")
}

/// Runs a test runner, showing and counting what it prints; `times` gets each test whose time it tells.
fn watch<S: Summary>(command: &mut Command, mut summary: S, times: &mut Vec<Timed>) -> Result<Counts> {
    let line = program::line(command);
    eprintln!("running {line}");
    command.stdin(Stdio::null());
    if S::ON_STANDARD_ERROR {
        command.stderr(Stdio::piped())
    } else {
        command.stdout(Stdio::piped())
    };
    let mut runner = command.spawn().with_context(|| format!("cannot start {line}"))?;
    let output: Box<dyn Read> = if S::ON_STANDARD_ERROR {
        Box::new(runner.stderr.take().expect("it was asked for"))
    } else {
        Box::new(runner.stdout.take().expect("it was asked for"))
    };
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        summary.line(&line);
    }
    times.extend(summary.times());
    Ok(summary.counts(runner.wait()?.success()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_our_own_counts_as_one_test() {
        assert_eq!(counted("this", Ok(())), Counts { passed: 1, failed: 0 });
        assert_eq!(counted("that", Err(anyhow::anyhow!("no"))), Counts { passed: 0, failed: 1 });
    }

    #[test]
    fn minutes_are_told_by_part_and_in_all() {
        let minutes = Minutes { parts: vec![("tools", 0.26), ("compiling", 14.0)], since: Instant::now() };
        assert_eq!(minutes.to_string(), "minutes: tools 0.3, compiling 14.0; 14.3 in all");
    }

    #[test]
    fn a_runner_is_counted_by_what_it_prints_and_how_it_ends() {
        let watch = |script: &str| {
            watch(Command::new("sh").args(["-c", script]), NodeTest::default(), &mut Vec::new()).unwrap()
        };
        assert_eq!(watch("echo '# pass 2'; echo '# fail 1'; exit 1"), Counts { passed: 2, failed: 1 });
        assert_eq!(watch("echo '# pass 2'; kill $$"), Counts { passed: 2, failed: 1 });
        assert_eq!(watch("printf '# pass \\0377\\n# pass 2'"), Counts { passed: 2, failed: 0 });
    }

    #[test]
    fn what_matters_is_read_where_the_runner_says_it() {
        let script = "echo 'Summary [ 1.0s] 9 tests run: 9 passed' ; echo '  PASS [   0.5s] (1/1) a b' >&2; \
                      echo ' Summary [   1.0s] 1 test run: 1 passed' >&2";
        let mut times = Vec::new();
        let counts = watch(Command::new("sh").args(["-c", script]), Nextest::default(), &mut times).unwrap();
        assert_eq!((counts, times), (Counts { passed: 1, failed: 0 }, vec![(0.5, "a b".to_owned())]));
    }
}
