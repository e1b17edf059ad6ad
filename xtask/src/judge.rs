//! The judge that ships, trained again: `crates/judge/mnist.safetensors`.
//!
//! The trainer does the work; on the same kind of CPU the file comes out byte for byte.

use std::fs;

use anyhow::{Context, Result};

use crate::{model, program, workspace};

/// Trains the judge in its place, and says whether it came out as it was.
///
/// # Errors
/// If the trainer cannot be built, or fails.
pub(crate) fn run() -> Result<()> {
    let trainer = model::release_trainer()?;
    let path = workspace::root().join("crates/judge/mnist.safetensors");
    let before = fs::read(&path).ok();
    program::run(std::process::Command::new(trainer).arg("judge").arg("--out").arg(&path))?;
    let after = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let same = before.is_some_and(|before| before == after);
    println!("`{}`: {} bytes, {}", path.display(), after.len(), if same { "as it was" } else { "another one" });
    Ok(())
}
