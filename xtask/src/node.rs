//! Node.js and what npm installs, always from a committed lockfile.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::hint::hinted;
use crate::{files, program};

/// Node's test runner and its `--test-reporter` are what we use of it.
const OLDEST: u32 = 20;
/// Written into `node_modules` once it is whole: the lockfile's hash.
const STAMP: &str = "node_modules/.forger-lockfile";

/// Checks that Node.js and npm are there, and not too old.
///
/// # Errors
/// If not: says what to install.
pub(crate) fn check() -> Result<()> {
    let next = format!("install Node.js {OLDEST} or newer, npm included");
    if program::find("node").is_none() || program::find("npm").is_none() {
        return Err(hinted("Node.js or npm is not on the PATH", next));
    }
    let version = program::run_silently(Command::new("node").arg("--version"))?;
    match major(&version) {
        Some(major) if major >= OLDEST => Ok(()),
        _ => Err(hinted(format_args!("Node.js {} is too old", version.trim()), next)),
    }
}

/// Installs what `folder/package-lock.json` lists into `folder/node_modules`, unless that is what's there.
///
/// # Errors
/// If there is no lockfile or npm fails.
pub(crate) fn npm_ci(folder: &Path) -> Result<()> {
    let lockfile = folder.join("package-lock.json");
    let lockfile = std::fs::read(&lockfile).with_context(|| format!("cannot read `{}`", lockfile.display()))?;
    let wanted = files::sha256(&lockfile);
    let stamp = folder.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("installing npm packages in `{}`", folder.display());
    program::run_silently(npm().current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write `{}`", stamp.display()))
}

fn npm() -> Command {
    // On Windows npm is a batch file, which must be called by its full name.
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        for (version, expected) in [("v20.20.2\n", Some(20)), ("v9.0.0", Some(9)), ("20.1.0", None), ("", None)] {
            assert_eq!(major(version), expected, "{version:?}");
        }
    }
}
