//! Python with what tests check us by: `onnx`, whose checker is the official judge of a model file, `scipy`, whose matrix
//! root is the other way to FID, `tensorboard`, which has to read our event files, an old ONNX Runtime, and OpenVINO, whose
//! importer is nobody else's. In virtual environments of their own, so that the system's Python stays as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::hint::hinted;
use crate::{apt, program, workspace};

/// What every test run has, and the versions.
const PACKAGES: [(&str, &str); 3] = [("onnx", "1.23.2"), ("scipy", "1.17.1"), ("tensorboard", "2.21.0")];
const OPENVINO: &str = "2026.4.1";
/// Old versions of ONNX Runtime, the first that each version of Python has (3.11, 3.12, 3.13), with the NumPy they take.
const OLD_ONNXRUNTIMES: [(&str, &str); 3] = [("1.15.0", "numpy<2"), ("1.17.0", "numpy<2"), ("1.20.0", "numpy")];
/// What Debian splits off Python.
const DEBIAN_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Gives an interpreter with all of [`PACKAGES`], installed if need be.
///
/// # Errors
/// If there is no Python or a package can't be installed: says what to type.
pub(crate) fn with_packages() -> Result<PathBuf> {
    // The folder's name carries the versions, so that another list is another folder.
    let name = PACKAGES.map(|(package, version)| format!("{package}-{version}")).join("-");
    let pins = PACKAGES.map(|(package, version)| format!("{package}=={version}"));
    let imports = PACKAGES.map(|(package, _)| package).join(", ");
    environment(&name, &pins.each_ref().map(String::as_str), &format!("import {imports}"))
}

/// Gives an interpreter with the package `openvino`, installed if need be.
///
/// # Errors
/// As [`with_packages`].
pub(crate) fn with_openvino() -> Result<PathBuf> {
    environment(&format!("openvino-{OPENVINO}"), &[&format!("openvino=={OPENVINO}")], "import openvino")
}

/// Gives an interpreter with an old ONNX Runtime, installed if need be: the oldest that this Python takes.
///
/// # Errors
/// As [`with_packages`].
pub(crate) fn with_old_onnxruntime() -> Result<PathBuf> {
    let mut outcomes = OLD_ONNXRUNTIMES.into_iter().map(|(version, numpy)| {
        // Without the packages that its tools want: they are ten times as large as the runtime.
        let packages = ["--no-deps", &format!("onnxruntime=={version}"), numpy];
        environment(&format!("onnxruntime-{version}"), &packages, "import onnxruntime")
    });
    let first = outcomes.next().context("there are versions in the list")?;
    first.or_else(|error| outcomes.find_map(Result::ok).ok_or(error))
}

/// Gives the interpreter of an environment with these packages, made if the Python program `check` fails in it.
///
/// # Errors
/// As [`with_packages`].
pub(crate) fn environment(name: &str, packages: &[&str], check: &str) -> Result<PathBuf> {
    let folder = workspace::tool(&format!("python-{name}"));
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if program::run_silently(Command::new(&interpreter).args(["-c", check])).is_ok() {
        return Ok(interpreter);
    }
    eprintln!("installing the Python package {} in `{}`", name.replace('-', " "), folder.display());
    make_environment(&folder)?;
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"]).args(packages);
    program::run_silently(&mut install)
        .and_then(|_| program::run_silently(Command::new(&interpreter).args(["-c", check])))
        .with_context(|| format!("the Python package {} cannot be installed", name.replace('-', " ")))?;
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
