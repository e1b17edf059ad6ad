//! The picture that a shared link shows: drawn by the model itself, in Node.js, if that is there to draw it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{node, package, program, workspace};

/// Draws the card of `model`. Where that isn't possible it says why, and the site has none.
pub(crate) fn draw(model: &Path, runtime: &Path, out: &Path) {
    if let Err(error) = try_to_draw(model, runtime, out) {
        eprintln!("going on without a picture for shared links: {error:#}");
    }
}

fn try_to_draw(model: &Path, runtime: &Path, out: &Path) -> Result<()> {
    node::check()?;
    let package = tempfile::tempdir()?;
    package::assemble(package.path(), &workspace::root(), runtime)?;
    let script = workspace::root().join("xtask/share-card/card.js");
    let model: PathBuf = std::path::absolute(model)?;
    program::run_silently(Command::new("node").arg(script).arg(package.path()).arg(model).arg(out))?;
    Ok(())
}
