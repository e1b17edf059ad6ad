//! The runtime as the page loads it: three modules, the JavaScript that binds them, and compressed copies of the modules.
//!
//! | file | for |
//! | --- | --- |
//! | `runtime_relaxed_bg.wasm` | Forger's models in a browser with relaxed SIMD, bound by `runtime.js` |
//! | `runtime_bg.wasm` | the same in one without, bound by the same |
//! | `full_bg.wasm` | models with other operators, bound by `full.js` |
//!
//! Binding, shrinking and compressing take longer than everything else about a site, so their result is kept until a
//! compiled module changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::wasm::Variant;
use crate::wasm_opt::WasmOpt;
use crate::{files, wasm, workspace};

/// Raised when what is done below changes, so that an older result is not taken for a new one.
const MAKING: u32 = 3;
/// Holds what the folder was made from.
const STAMP: &str = ".made-from";
/// What is compiled, and the names it goes by.
const MODULES: [(Variant, &str); 3] =
    [(Variant::Small, "runtime"), (Variant::SmallRelaxed, "runtime_relaxed"), (Variant::Full, "full")];

/// Builds the runtime, if it has changed; gives the folder it is in.
///
/// # Errors
/// If there is no toolchain, or a step fails.
pub(crate) fn build() -> Result<PathBuf> {
    let toolchain = wasm::toolchain()?;
    let compile = |(variant, name)| wasm::compile(&toolchain, variant).map(|path| (name, path));
    let compiled: Vec<(&str, PathBuf)> = MODULES.into_iter().map(compile).collect::<Result<_>>()?;
    let wasm_opt = WasmOpt::find();
    let folder = workspace::target().join("wasm/runtime");

    let made_from = made_from(&compiled, wasm_opt.is_some())?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == made_from) {
        return Ok(folder);
    }
    files::replace_folder(&folder, |folder| {
        for (name, compiled) in &compiled {
            eprintln!("binding and compressing `{name}`");
            bind(compiled, name, folder)?;
            let module = folder.join(format!("{name}_bg.wasm"));
            // By brotli, the largest module grows by it.
            if let Some(wasm_opt) = wasm_opt.as_ref().filter(|_| *name != "full") {
                wasm_opt.shrink(&module)?;
            }
            files::compress(&module)?;
        }
        share_bindings(folder)?;
        Ok(fs::write(folder.join(STAMP), &made_from)?)
    })?;
    Ok(folder)
}

fn made_from(compiled: &[(&str, PathBuf)], wasm_opt: bool) -> Result<String> {
    let mut made_from = format!("{MAKING} {wasm_opt}");
    for (name, path) in compiled {
        let module = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        made_from += &format!(" {name} {}", files::sha256(&module));
    }
    Ok(made_from)
}

/// One script binds both small modules; this makes sure that it may.
fn share_bindings(folder: &Path) -> Result<()> {
    let [plain, relaxed] = ["runtime.js", "runtime_relaxed.js"].map(|name| folder.join(name));
    // The name of the module to load if none is given is all that tells them apart.
    let same = fs::read_to_string(&relaxed)?.replace("runtime_relaxed", "runtime") == fs::read_to_string(&plain)?;
    ensure!(same, "the modules with and without relaxed SIMD are bound differently, which `loader.js` does not expect");
    for name in ["runtime_relaxed.js", "runtime_relaxed.d.ts", "runtime_relaxed_bg.wasm.d.ts"] {
        fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

/// Runs wasm-bindgen. As a library it has the version of `wasm-bindgen` in our lockfile, which it must have.
fn bind(compiled: &Path, name: &str, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name(name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen cannot read the compiled runtime")
}
