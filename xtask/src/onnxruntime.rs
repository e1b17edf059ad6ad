//! ONNX Runtime's shared library, the judge of what a model draws.
//!
//! It comes out of the wheel that Python users install, which is the one form of it that every package mirror has. The
//! wheel is named to the letter, whatever Python asks for it, and held to its hash.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::hint::hinted;
use crate::{files, program, workspace};

const VERSION: &str = "1.32.0";

/// The wheel for one system.
struct Wheel {
    platform: &'static str,
    sha256: &'static str,
    library: &'static str,
}

/// The wheel for this system, if there is one.
fn wheel() -> Option<Wheel> {
    let (platform, sha256, library) = match (OS, ARCH) {
        ("linux", "x86_64") => (
            "manylinux_2_28_x86_64",
            "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
            "libonnxruntime.so.1.32.0",
        ),
        ("linux", "aarch64") => (
            "manylinux_2_28_aarch64",
            "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
            "libonnxruntime.so.1.32.0",
        ),
        ("macos", "aarch64") => (
            "macosx_14_0_arm64",
            "366b9e53d07812cc5c92822cecf7563b76a8a0f32ba3bb8dd232a206ac3bcb6c",
            "libonnxruntime.1.32.0.dylib",
        ),
        ("windows", "x86_64") => {
            ("win_amd64", "d7e0c45cc5f456ad7805e6dd256a7662736cda9c2fd17becae194eb3c2f6df72", "onnxruntime.dll")
        }
        _ => return None,
    };
    Some(Wheel { platform, sha256, library })
}

/// Gives the library, fetching it with the given Python if need be. `ORT_DYLIB_PATH` names another one.
///
/// # Errors
/// If there is none for this system, it can't be fetched, or it isn't the one that was pinned.
pub(crate) fn library(python: &Path) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let Some(wheel) = wheel() else {
        return Err(hinted(
            format_args!("ONNX Runtime {VERSION} is not published for {OS} on {ARCH}"),
            "build it, and name its shared library in `ORT_DYLIB_PATH`",
        ));
    };
    let folder = workspace::tool(&format!("onnxruntime-{VERSION}"));
    let library = folder.join(wheel.library);
    if !library.exists() {
        eprintln!("installing ONNX Runtime {VERSION} in `{}`", folder.display());
        files::replace_folder(&folder, |folder| fetch(python, &wheel, folder))?;
    }
    Ok(library)
}

/// Puts the library of a wheel into a folder.
fn fetch(python: &Path, wheel: &Wheel, folder: &Path) -> Result<()> {
    let download = tempfile::tempdir()?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]);
    // One of the wheels for a system is as good as another, since only the library is taken; a fixed one has one hash.
    pip.args(["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--platform", wheel.platform]);
    pip.arg("--dest").arg(download.path()).arg(format!("onnxruntime=={VERSION}"));
    program::run_silently(&mut pip).context("ONNX Runtime cannot be fetched")?;

    let downloaded = files::list(download.path(), &|_| false)?;
    let [name] = &downloaded[..] else { bail!("pip fetched {} files, not one wheel", downloaded.len()) };
    let bytes = fs::read(download.path().join(name))?;
    let found = files::sha256(&bytes);
    if found != wheel.sha256 {
        bail!("`{}` is not the wheel it should be: its SHA-256 is {found}, expected {}", name.display(), wheel.sha256);
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes))?;
    let mut library = Vec::new();
    archive.by_name(&format!("onnxruntime/capi/{}", wheel.library))?.read_to_end(&mut library)?;
    Ok(fs::write(folder.join(wheel.library), library)?)
}
