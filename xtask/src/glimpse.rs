//! What the page draws its first picture by, before model and runtime have come: the first model's weights, rounded to a byte each
//! by a script in Node.js, if that is there to run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{node, program, workspace};

/// Rounds the weights of `model`. Where that isn't possible it says why, and the page draws nothing until the model has come.
pub(crate) fn round(model: &Path, out: &Path) {
    if let Err(error) = try_to_round(model, out) {
        eprintln!("going on without a first look at the model: {error:#}");
    }
}

fn try_to_round(model: &Path, out: &Path) -> Result<()> {
    node::check()?;
    let script = workspace::root().join("xtask/glimpse/round.js");
    let model: PathBuf = std::path::absolute(model)?;
    program::run_silently(Command::new("node").arg(script).arg(model).arg(out))?;
    Ok(())
}
