//! The avatars that ship, `crates/data/avatars/`: drawn again by a script in Node.js, by packages of a committed lockfile.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::Command;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::{node, program, workspace};

/// Where they lie, from the root of the workspace.
const DRAWN: &str = "crates/data/avatars/avatars-idx4-ubyte.gz";

/// Draws the avatars in their place, and says whether they came out as they were. Only what is packed counts: another version
/// of a packer may pack the same pictures otherwise, and then the file stays.
///
/// # Errors
/// If there is no Node.js, npm fails, or the file cannot be written.
pub(crate) fn run() -> Result<()> {
    node::check()?;
    let folder = workspace::root().join("xtask/avatars");
    node::npm_ci(&folder)?;
    let drawn = tempfile::NamedTempFile::new()?;
    program::run(Command::new("node").arg(folder.join("draw.js")).arg(drawn.path()))?;
    let pictures = fs::read(drawn.path())?;
    let path = workspace::root().join(DRAWN);
    let same = unpacked(&path).is_some_and(|before| before == pictures);
    if !same {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&pictures)?;
        exporter::write_whole(&path, &packer.finish()?)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let size = fs::metadata(&path).with_context(|| format!("cannot read `{}`", path.display()))?.len();
    println!("`{}`: {size} bytes, {}", path.display(), if same { "as it was" } else { "another one" });
    Ok(())
}

fn unpacked(path: &std::path::Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path).ok()?).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
