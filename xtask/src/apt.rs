//! Debian's and Ubuntu's packages, where there are any and we may install them.

use std::process::Command;

use anyhow::Result;

use crate::program;

/// Whether packages can be installed: `apt-get` is there and we are root.
///
/// We never call `sudo`: nobody expects a build tool to ask for a password. Callers print the command instead.
pub(crate) fn available() -> bool {
    program::find("apt-get").is_some() && is_root()
}

/// Installs packages; the lists are fetched if it takes that.
///
/// # Errors
/// With apt's output, if it fails with fresh lists too.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    eprintln!("installing Debian's {}", packages.join(", "));
    // A fresh machine has no lists and an old one stale ones: both show as a failure, and are rare enough to be found
    // out that way.
    if install_by_the_lists_there_are(packages).is_ok() {
        return Ok(());
    }
    program::run_silently(apt_get().arg("update"))?;
    install_by_the_lists_there_are(packages)
}

/// What an ordinary user types to have `packages`.
pub(crate) fn by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

fn install_by_the_lists_there_are(packages: &[&str]) -> Result<()> {
    program::run_silently(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages)).map(drop)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    program::run_silently(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
