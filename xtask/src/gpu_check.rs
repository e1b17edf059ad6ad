//! What another machine with a GPU's driver, and no Rust, needs to check the GPU engine: two programs and a script.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{files, program, workspace};

/// The engines' own tests, of which those of the GPU engine are run.
const SUITE: &str = "forger-gpu-suite";
const TRAINER: &str = "trainer";
const SCRIPT: &str = "check.sh";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to write; programs of these names that are already there are replaced
    #[arg(value_name = "DIR")]
    out: PathBuf,
}

/// Builds and packs; prints the command to run there.
///
/// # Errors
/// If building fails or the folder can't be written.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let out = &arguments.out;
    let suite = suite()?;
    program::run(program::cargo().args(["build", "--release", "--package", "trainer"]))?;
    let trainer = workspace::target().join("release").join(TRAINER);
    fs::create_dir_all(out).with_context(|| format!("cannot create `{}`", out.display()))?;
    for (from, name) in [(suite, SUITE), (trainer, TRAINER)] {
        let to = out.join(name);
        files::copy(&from, &to)?;
    }
    let script = out.join(SCRIPT);
    fs::write(&script, script_text()).with_context(|| format!("cannot write `{}`", script.display()))?;
    println!("sh {}", script.display());
    Ok(())
}

/// Builds the engines' unit tests in the release profile; gives the program.
fn suite() -> Result<PathBuf> {
    let mut cargo = program::cargo();
    cargo.args(["test", "--release", "--package", "engines", "--lib", "--no-run", "--message-format=json"]);
    let said = program::run_silently(&mut cargo)?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = messages.filter_map(|message| Some(Path::new(message["executable"].as_str()?).to_owned()));
    programs.reduce(|_, last| last).context("cargo named no test program")
}

/// Goes on after a failure, so that one run tells all of them.
fn script_text() -> String {
    format!(
        "#!/bin/sh
# Checks Forger's GPU engine on this machine: which GPUs there are, the equality suite on each, and how long a step takes on the
# first that is not a software driver. Ends with 1 if anything failed.
cd \"$(dirname \"$0\")\" || exit 1
failed=0
./{TRAINER} devices || failed=1
# A suite that has no such tests would pass.
./{SUITE} gpu:: --list | grep -q ': test$' || failed=1
FORGER_REQUIRE_ALL=1 ./{SUITE} gpu:: --nocapture || failed=1
if ./{TRAINER} devices --json | grep -q '\"auto\":\"gpu:'; then
    for recipe in seed stable; do
        for replicas in 1 4 16 64 256; do
            ./{TRAINER} bench --recipe $recipe --device gpu --replicas $replicas --steps 2000 || failed=1
        done
        for hidden in 256 512 1024; do
            ./{TRAINER} bench --recipe $recipe --device gpu --hidden $hidden --steps 2000 || failed=1
        done
    done
else
    echo 'no GPU here, so none was timed'
fi
for recipe in seed stable; do
    ./{TRAINER} bench --counts --recipe $recipe || failed=1
done
exit $failed
"
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    #[test]
    fn the_script_runs_everything_and_ends_with_1_if_anything_failed() {
        let tests = "gpu::tests::one: test";
        for (suite_ends_with, listed, auto, expected) in
            [(0, tests, "gpu:0", 0), (0, tests, "cpu", 0), (3, tests, "cpu", 1), (0, "0 tests, 0 benchmarks", "cpu", 1)]
        {
            let folder = tempfile::tempdir().unwrap();
            let program = |name: &str, text: String| {
                let path = folder.path().join(name);
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            };
            program(
                SUITE,
                format!(
                    "#!/bin/sh\ncase \"$2\" in --list) echo '{listed}'; exit 0;; esac\necho suite $FORGER_REQUIRE_ALL \"$@\"; exit \
                     {suite_ends_with}\n"
                ),
            );
            program(
                TRAINER,
                format!("#!/bin/sh\necho \"$@\"; case \"$2\" in --json) echo '{{\"auto\":\"{auto}\"}}';; esac\n"),
            );
            program(SCRIPT, script_text());
            let output = Command::new("sh").arg(folder.path().join(SCRIPT)).output().unwrap();
            assert_eq!(output.status.code(), Some(expected), "{auto}, {suite_ends_with}");
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.contains("suite 1 gpu:: --nocapture") && said.contains("--counts --recipe stable"), "{said}");
            assert_eq!(said.matches("--device gpu --replicas").count(), if auto == "cpu" { 0 } else { 10 }, "{said}");
        }
    }
}
