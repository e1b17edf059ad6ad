//! Python with the package `onnx`, whose checker is the official judge of a model file: in a virtual environment of its
//! own, so that the system's Python stays as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::hint::hinted;
use crate::{apt, program, workspace};

/// The package's version.
const ONNX: &str = "1.23.2";
/// What Debian splits off Python.
const DEBIAN_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Gives the interpreter of the environment, which is made if need be.
///
/// # Errors
/// If there is no Python or the package can't be installed: says what to type.
pub(crate) fn with_onnx() -> Result<PathBuf> {
    let folder = workspace::tool(&format!("python-onnx-{ONNX}"));
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let check = format!("import onnx, sys; sys.exit(onnx.__version__ != '{ONNX}')");
    let works = || program::run_silently(Command::new(&interpreter).args(["-c", &check])).is_ok();
    if works() {
        return Ok(interpreter);
    }
    eprintln!("installing the Python package onnx {ONNX} in `{}`", folder.display());
    make_environment(&folder)?;
    let install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", &format!("onnx=={ONNX}")];
    program::run_silently(Command::new(&interpreter).args(install))
        .context("the Python package `onnx` cannot be installed")?;
    Ok(interpreter)
}

fn make_environment(folder: &Path) -> Result<()> {
    if make_environment_with_what_there_is(folder).is_ok() {
        return Ok(());
    }
    if apt::available() {
        apt::install(&DEBIAN_PACKAGES)?;
    }
    make_environment_with_what_there_is(folder).map_err(|error| {
        hinted(
            format_args!("no virtual environment for Python: {error:#}"),
            format_args!("install Python 3.10 or newer with `venv` (on Debian: `{}`)", apt::by_hand(&DEBIAN_PACKAGES)),
        )
    })
}

fn make_environment_with_what_there_is(folder: &Path) -> Result<()> {
    let python = program::find("python3").or_else(|| program::find("python")).context("there is no Python")?;
    program::run_silently(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder)).map(drop)
}
