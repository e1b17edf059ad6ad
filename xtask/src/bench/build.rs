//! What building costs from nothing, in CPU seconds, by command and by crate: so that the weight of a new dependency is seen.
//!
//! Each command is run in a build folder of its own, which is empty before and gone after. CPU seconds, since they say the same
//! on a machine that is busy; they are read from `/proc`, so this is for Linux. By crate they are known because cargo starts this
//! very program in rustc's place ([`in_rustcs_place`]), which starts rustc and takes note.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::builder::PossibleValuesParser;

use super::figures;
use crate::wasm::{self, Variant};
use crate::{model, program, workspace};

/// Names the file that takes the notes, and tells this program that it stands in rustc's place.
const NOTES: &str = "FORGER_RUSTC_NOTES";
/// Crates that are named for each command.
const HEAVIEST: usize = 12;
/// Clock ticks of `/proc`, which Linux has a hundred of a second on every platform.
const TICKS: f64 = 100.0;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure these alone
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    only: Vec<String>,
    /// Write the tables here too, as Markdown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The builds that are measured, in the order in which a newcomer meets them.
const NAMES: [&str; 7] = ["xtask", "demo", "runtime", "trainer", "exporter", "tests", "lints"];

/// One build: what is typed for it or happens within it, and the commands, which build in `folder`.
fn commands(name: &str, folder: &Path) -> Result<(&'static str, Vec<Command>)> {
    let within = |mut command: Command| {
        command.arg("--target-dir").arg(folder);
        vec![command]
    };
    let cargo = |words: &[&str]| {
        let mut cargo = program::cargo();
        cargo.args(words);
        within(cargo)
    };
    Ok(match name {
        "xtask" => ("`cargo xtask` itself", cargo(&["build", "--package", "xtask"])),
        "demo" => ("the trainer of `cargo xtask demo`", within(model::demo_trainer_build())),
        "runtime" => {
            let toolchain = wasm::toolchain()?;
            let small =
                [Variant::Small, Variant::SmallRelaxed].map(|variant| wasm::command(&toolchain, variant, folder).0);
            ("the runtime of Forger's own models, twice", small.into())
        }
        "trainer" => {
            ("`cargo build --release --package trainer`", cargo(&["build", "--release", "--package", "trainer"]))
        }
        "exporter" => ("`cargo build --package exporter`", cargo(&["build", "--package", "exporter"])),
        "tests" => ("the workspace and its tests", cargo(&["test", "--workspace", "--no-run"])),
        "lints" => ("`cargo clippy --workspace --all-targets`", cargo(&["clippy", "--workspace", "--all-targets"])),
        other => bail!("no build is called `{other}`"),
    })
}

/// Measures the builds, prints the tables, and writes them where that is asked for.
///
/// # Errors
/// On a system without `/proc`, or if a build fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    children_seconds().context("CPU seconds are read from `/proc/self/stat`, which only Linux has")?;
    let mut overview = vec![["", "CPU s", "wall s", "crates"].map(String::from)];
    let mut details = String::new();
    for name in NAMES.iter().filter(|name| arguments.only.is_empty() || arguments.only.iter().any(|only| only == *name))
    {
        let folder = workspace::target().join("bench-build").join(name);
        let (title, commands) = commands(name, &folder)?;
        let Measured { cpu, wall, crates } = measure(&folder, commands)?;
        overview.push([title.to_owned(), format!("{cpu:.0}"), format!("{wall:.0}"), crates.len().to_string()]);
        let mut heaviest: Vec<(&String, &f64)> = crates.iter().collect();
        heaviest.sort_by(|a, b| b.1.total_cmp(a.1));
        let known: f64 = crates.values().sum();
        let _ = writeln!(details, "\n{title}: {cpu:.0} CPU s, of which rustc {known:.0}\n");
        let named = heaviest.iter().take(HEAVIEST).map(|(name, seconds)| format!("{name} {seconds:.1}"));
        let _ = writeln!(details, "{}", named.collect::<Vec<_>>().join(", "));
    }
    print!("{}{details}", figures::columns(&overview));
    let Some(out) = &arguments.out else { return Ok(()) };
    let rows = overview.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect::<Vec<_>>();
    let table = format!("{}| --- | --: | --: | --: |\n{}", rows[0], rows[1..].concat());
    let only = if arguments.only.is_empty() { String::new() } else { format!("--only {} ", arguments.only.join(",")) };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    figures::write(
        out,
        &format!(
            "# What building costs\n\nFrom nothing, on {cores} cores, by `cargo xtask bench build {only}--out {}`. Downloads are not counted, and \
             below each total stand its heaviest crates in CPU seconds.\n\n{table}{details}",
            out.display()
        ),
    )
}

struct Measured {
    /// CPU seconds of everything that was started.
    cpu: f64,
    wall: f64,
    /// CPU seconds of rustc by crate; a crate's build script counts as the crate's.
    crates: BTreeMap<String, f64>,
}

/// Runs `commands` one after another, which build in `folder`: empty before and gone after.
fn measure(folder: &Path, commands: Vec<Command>) -> Result<Measured> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let notes = folder.join("notes");
    let (before, began) = (children_seconds()?, Instant::now());
    for mut command in commands {
        program::run(command.env("RUSTC_WRAPPER", std::env::current_exe()?).env(NOTES, &notes))?;
    }
    let (cpu, wall) = (children_seconds()? - before, began.elapsed().as_secs_f64());
    let crates = sums(&fs::read_to_string(&notes).context("no compiler took notes")?)?;
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    Ok(Measured { cpu, wall, crates })
}

/// Adds up notes by crate: a line each of a name and its seconds.
fn sums(notes: &str) -> Result<BTreeMap<String, f64>> {
    let mut crates = BTreeMap::new();
    for line in notes.lines() {
        let (name, seconds) = line.split_once('\t').with_context(|| format!("`{line}` is no note"))?;
        *crates.entry(name.to_owned()).or_default() += seconds.parse::<f64>()?;
    }
    ensure!(!crates.is_empty(), "no compiler took notes");
    Ok(crates)
}

/// Where cargo has started this program in rustc's place: does what rustc was asked for, takes note of it, and gives its exit
/// code; nothing otherwise.
pub(crate) fn in_rustcs_place() -> Option<ExitCode> {
    let notes = std::env::var_os(NOTES)?;
    let mut words = std::env::args_os().skip(1);
    let status = Command::new(words.next()?).args(words).env_remove("RUSTC_WRAPPER").status();
    let crate_name = || {
        let mut words = std::env::args_os().skip_while(|word| word != "--crate-name").skip(1);
        words.next().map(|name| name.to_string_lossy().into_owned())
    };
    // cargo asks rustc for its version too, which is no crate.
    if let (Some(name), Ok(seconds)) = (crate_name().filter(|name| name != "___"), children_seconds()) {
        let name =
            if name.starts_with("build_script_") { std::env::var("CARGO_PKG_NAME").unwrap_or(name) } else { name };
        // One write, so that notes of compilers at work at the same time stay apart.
        let note = format!("{}\t{seconds:.2}\n", name.replace('-', "_"));
        let written = OpenOptions::new().create(true).append(true).open(Path::new(&notes));
        if let Err(error) = written.and_then(|mut file| file.write_all(note.as_bytes())) {
            eprintln!("error: cannot take note in `{}`: {error}", Path::new(&notes).display());
            return Some(ExitCode::FAILURE);
        }
    }
    Some(match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: cannot start rustc: {error}");
            ExitCode::FAILURE
        }
    })
}

/// CPU seconds of all processes that this one has started and waited for, and of theirs.
fn children_seconds() -> Result<f64> {
    seconds(&fs::read_to_string("/proc/self/stat")?).context("`/proc/self/stat` is not as proc(5) says")
}

/// The children's time in user mode and in the kernel: fields 16 and 17, where the second is a name in brackets that may hold
/// anything.
fn seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_children_is_found_behind_any_name() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 250 50 20 0 1 0 9999";
        assert_eq!(seconds(stat), Some(3.0));
        assert_eq!(seconds("42 (a) S 1 2"), None);
    }

    #[test]
    fn a_crates_notes_are_added_up() {
        let crates = sums("syn\t1.50\nserde\t0.25\nsyn\t0.50\n").unwrap();
        assert_eq!(crates, [("serde".to_owned(), 0.25), ("syn".to_owned(), 2.0)].into());
        assert!(sums("").is_err() && sums("syn 1.5\n").is_err() && sums("syn\tone\n").is_err());
    }

    #[test]
    fn every_build_has_its_commands() {
        for name in NAMES.iter().filter(|name| **name != "runtime") {
            assert!(!commands(name, Path::new("folder")).unwrap().1.is_empty(), "{name}");
        }
        assert!(commands("other", Path::new("folder")).is_err());
    }
}
