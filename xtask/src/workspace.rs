//! Where things are: the workspace, its build folder, and the tools installed there.

use std::path::{Path, PathBuf, absolute};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable for what it runs, so a workspace that was moved after the build is found; the value of
    // the build serves a binary started by hand.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&xtask).parent().expect("xtask/ lies in the workspace").to_path_buf()
}

/// Cargo's build folder.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => absolute(&folder).unwrap_or(folder.into()),
        None => root().join("target"),
    }
}

/// The folder of an installed tool; its name carries the version, so that a new version is a new folder.
pub(crate) fn tool(name: &str) -> PathBuf {
    target().join("tools").join(name)
}
