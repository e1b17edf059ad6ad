//! The runtime as the page loads it: `runtime.js`, `runtime_bg.wasm`, and the compressed copies of the latter.
//!
//! Binding, shrinking and compressing take longer than everything else about a site, so their result is kept until the
//! compiled module changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::wasm_opt::WasmOpt;
use crate::{files, wasm, workspace};

/// Raised when what is done below changes, so that an older result is not taken for a new one.
const MAKING: u32 = 2;
/// Holds what the folder was made from.
const STAMP: &str = ".made-from";

/// Builds the runtime, if it has changed; gives the folder it is in.
///
/// # Errors
/// If there is no toolchain, or a step fails.
pub(crate) fn build() -> Result<PathBuf> {
    let compiled = wasm::compile(&wasm::toolchain()?)?;
    let wasm_opt = WasmOpt::find();
    let folder = workspace::target().join("wasm/runtime");

    let module = fs::read(&compiled).with_context(|| format!("cannot read `{}`", compiled.display()))?;
    let made_from = format!("{MAKING} {} {}", files::sha256(&module), wasm_opt.is_some());
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == made_from) {
        return Ok(folder);
    }
    files::replace_folder(&folder, |folder| {
        eprintln!("writing the JavaScript bindings");
        bind(&compiled, folder)?;
        let module = folder.join("runtime_bg.wasm");
        if let Some(wasm_opt) = wasm_opt {
            eprintln!("shrinking the module with wasm-opt");
            wasm_opt.shrink(&module)?;
        }
        eprintln!("compressing it");
        files::compress(&module)?;
        Ok(fs::write(folder.join(STAMP), made_from)?)
    })?;
    Ok(folder)
}

/// Runs wasm-bindgen. As a library it has the version of `wasm-bindgen` in our lockfile, which it must have.
fn bind(compiled: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name("runtime")
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen cannot read the compiled runtime")
}
