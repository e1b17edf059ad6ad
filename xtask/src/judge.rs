//! The judge that ships, `crates/judge/mnist.safetensors`: trained again, and made small for the page.
//!
//! The trainer does the training; on the same kind of CPU the file comes out byte for byte. The exporter's library makes it
//! small: its program would be compiled once more for this alone.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{model, program, workspace};

/// Where it lies, from the root of the workspace.
const TRAINED: &str = "crates/judge/mnist.safetensors";

/// Trains the judge in its place, and says whether it came out as it was.
///
/// # Errors
/// If the trainer cannot be built, or fails.
pub(crate) fn run() -> Result<()> {
    let trainer = model::release_trainer()?;
    let path = workspace::root().join(TRAINED);
    let before = fs::read(&path).ok();
    program::run(std::process::Command::new(trainer).arg("judge").arg("--out").arg(&path))?;
    let after = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let same = before.is_some_and(|before| before == after);
    println!("`{}`: {} bytes, {}", path.display(), after.len(), if same { "as it was" } else { "another one" });
    Ok(())
}

/// Makes the judge small for the page, its weights rounded to a byte each; gives the folder that it is in, named after its
/// data set.
///
/// # Errors
/// If the judge cannot be read or is none, or the folder cannot be written.
pub(crate) fn for_page() -> Result<PathBuf> {
    let folder = workspace::target().join("judges");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let trained = workspace::root().join(TRAINED);
    let bytes = fs::read(&trained).with_context(|| format!("cannot read `{}`", trained.display()))?;
    let rounded = exporter::round(&bytes).with_context(|| format!("`{}` cannot be rounded", trained.display()))?;
    let small = folder.join("mnist.safetensors");
    exporter::write_whole(&small, &rounded).with_context(|| format!("cannot write `{}`", small.display()))?;
    Ok(folder)
}
