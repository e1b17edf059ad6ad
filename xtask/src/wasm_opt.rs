//! Makes a WebAssembly module smaller with Binaryen's `wasm-opt`, if Node.js is there to run it.
//!
//! It is the npm package `binaryen`, which is compiled to JavaScript: one pinned version for every system, and no
//! compiler needed. It takes 8 % off the module as it is (7.08 to 6.49 MB), which hosts that compress nothing and the
//! browser's compiler see; compressed by brotli the module grows by 5 % (1.15 to 1.21 MB). Without it the site works just
//! the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{files, node, program, workspace};

/// What rustc's WebAssembly may use, stated, whatever the module's own list of features says.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// `wasm-opt`, installed.
pub(crate) struct WasmOpt(PathBuf);

impl WasmOpt {
    /// Installs it if need be; `None`, after saying why, where that is not possible.
    pub(crate) fn find() -> Option<Self> {
        install().inspect_err(|error| eprintln!("going on without wasm-opt: {error:#}")).ok()
    }

    /// Rewrites a module in place, as small as it gets.
    ///
    /// # Errors
    /// If `wasm-opt` refuses the module.
    pub(crate) fn shrink(&self, module: &Path) -> Result<()> {
        let small = files::with_suffix(module, "small");
        let mut command = Command::new("node");
        command.arg(&self.0).arg("-Oz").args(FEATURES).arg(module).arg("-o").arg(&small);
        program::run_silently(&mut command)?;
        std::fs::rename(&small, module).with_context(|| format!("cannot replace `{}`", module.display()))
    }
}

fn install() -> Result<WasmOpt> {
    node::check()?;
    let folder = workspace::tool("binaryen");
    for file in ["package.json", "package-lock.json"] {
        files::copy(&workspace::root().join("xtask/binaryen").join(file), &folder.join(file))?;
    }
    node::npm_ci(&folder)?;
    Ok(WasmOpt(folder.join("node_modules/binaryen/bin/wasm-opt")))
}
