//! Makes a WebAssembly module smaller with Binaryen's `wasm-opt`, if Node.js is there to run it.
//!
//! It is the npm package `binaryen`, which is compiled to JavaScript: one pinned version for every system, and no
//! compiler needed. It takes the small module from 214 to 182 kB by brotli (847 to 606 kB as it is); without it the site works
//! just the same. The full module would shrink as it is and grow by brotli (1.15 to 1.21 MB), so it's left alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{files, node, program, workspace};

/// What rustc's WebAssembly may use, stated, whatever the module's own list of features says.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-relaxed-simd",
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
        command.arg(&self.0).args(["-Oz", "--converge"]).args(FEATURES).arg(module).arg("-o").arg(&small);
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
