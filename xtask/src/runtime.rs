//! The WebAssembly that the page loads: six modules, the JavaScript that binds them, and compressed copies of the modules.
//!
//! | file | for |
//! | --- | --- |
//! | `runtime_relaxed_bg.wasm` | Forger's models in a browser with relaxed SIMD, bound by `runtime.js` |
//! | `runtime_bg.wasm` | the same in one without, bound by the same |
//! | `full_bg.wasm` | models with other operators, bound by `full.js` |
//! | `trainer_relaxed_bg.wasm` | training in a browser with relaxed SIMD, bound by `trainer.js` |
//! | `trainer_bg.wasm` | the same in one without, bound by the same |
//! | `trainer-files_bg.wasm` | files of what was trained, bound by `trainer-files.js` |
//!
//! Binding, shrinking and compressing take longer than everything else about a site, so their result is kept until a
//! compiled module changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::wasm::Variant;
use crate::wasm_opt::WasmOpt;
use crate::{files, wasm, workspace};

/// Raised when what is done below changes, so that an older result is not taken for a new one.
const MAKING: u32 = 5;
/// Holds what the folder was made from.
const STAMP: &str = ".made-from";
/// What is compiled, what it is called, and the script that binds it.
const MODULES: [(Variant, &str, &str); 6] = [
    (Variant::Small, "runtime_bg.wasm", "runtime.js"),
    (Variant::SmallRelaxed, "runtime_relaxed_bg.wasm", "runtime.js"),
    (Variant::Full, "full_bg.wasm", "full.js"),
    (Variant::Trainer, "trainer_bg.wasm", "trainer.js"),
    (Variant::TrainerRelaxed, "trainer_relaxed_bg.wasm", "trainer.js"),
    (Variant::TrainerFiles, "trainer-files_bg.wasm", "trainer-files.js"),
];

/// Says whether the runtime was ever built here; it may have changed since.
pub(crate) fn was_built() -> bool {
    folder().join(STAMP).exists()
}

/// Builds what Forger's own models need of the runtime, as it comes out of the compiler: half the work, and enough for the first
/// page on the machine that builds it. Gives the folder it is in.
///
/// # Errors
/// If there is no toolchain, or a step fails.
pub(crate) fn build_first() -> Result<PathBuf> {
    let is_first = |variant: &Variant| matches!(variant, Variant::Small | Variant::SmallRelaxed);
    let compiled = compile(MODULES.into_iter().filter(|(variant, ..)| is_first(variant)))?;
    let folder = workspace::target().join("wasm/first");
    files::replace_folder(&folder, |folder| {
        compiled.iter().try_for_each(|(module, script, path)| bind(path, script, module, folder))
    })?;
    Ok(folder)
}

/// Builds the runtime, if it has changed; gives the folder it is in.
///
/// # Errors
/// If there is no toolchain, or a step fails.
pub(crate) fn build() -> Result<PathBuf> {
    // cargo gives both variants of a module one name, and so compiles each of them again after the other: once a command.
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = &*built {
        return Ok(folder.clone());
    }
    Ok(built.insert(build_all()?).clone())
}

fn build_all() -> Result<PathBuf> {
    let compiled = compile(MODULES.into_iter())?;
    let wasm_opt = WasmOpt::find();
    let folder = folder();

    let made_from = made_from(&compiled, wasm_opt.is_some())?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == made_from) {
        return Ok(folder);
    }
    files::replace_folder(&folder, |folder| -> Result<()> {
        // Shrinking and compressing keep one core busy each, so the modules go through it side by side.
        std::thread::scope(|scope| {
            let mut finishing = Vec::new();
            for (module, script, compiled) in &compiled {
                eprintln!("binding and compressing `{module}`");
                bind(compiled, script, module, folder)?;
                let path = folder.join(module);
                // By brotli, the largest module grows by it.
                let wasm_opt = wasm_opt.as_ref().filter(|_| *module != "full_bg.wasm");
                finishing.push(scope.spawn(move || -> Result<()> {
                    wasm_opt.map_or(Ok(()), |wasm_opt| wasm_opt.shrink(&path))?;
                    Ok(files::compress(&path)?)
                }));
            }
            finishing.into_iter().try_for_each(|done| done.join().expect("what goes wrong is an error"))
        })?;
        Ok(fs::write(folder.join(STAMP), &made_from)?)
    })?;
    Ok(folder)
}

fn folder() -> PathBuf {
    workspace::target().join("wasm/runtime")
}

/// Compiles modules: what each is called, the script that binds it, and where it is.
fn compile(
    modules: impl Iterator<Item = (Variant, &'static str, &'static str)>,
) -> Result<Vec<(&'static str, &'static str, PathBuf)>> {
    let toolchain = wasm::toolchain()?;
    modules.map(|(variant, module, script)| Ok((module, script, wasm::compile(&toolchain, variant)?))).collect()
}

fn made_from(compiled: &[(&str, &str, PathBuf)], wasm_opt: bool) -> Result<String> {
    let mut made_from = format!("{MAKING} {wasm_opt}");
    for (name, _, path) in compiled {
        let module = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let sum = files::sha256(&module);
        // cargo gives modules of different packages the same name, and takes the one for the other where they share a folder.
        ensure!(!made_from.contains(&sum), "`{name}` is the same as a module before it");
        made_from += &format!(" {name} {sum}");
    }
    Ok(made_from)
}

/// Runs wasm-bindgen. As a library it has the version of `wasm-bindgen` in our lockfile, which it must have.
///
/// A module knows the script that binds it by name, so two modules of one script are bound under its name, one after the
/// other, and only then get names of their own; the script must come out the same both times.
fn bind(compiled: &Path, script: &str, module: &str, folder: &Path) -> Result<()> {
    let bound = tempfile::tempdir_in(folder)?;
    let script = script.trim_end_matches(".js");
    Bindgen::new()
        .input_path(compiled)
        .out_name(script)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(bound.path())
        .context("wasm-bindgen cannot read the compiled runtime")?;
    files::copy(&bound.path().join(format!("{script}_bg.wasm")), &folder.join(module))?;
    for extension in ["js", "d.ts"] {
        let name = format!("{script}.{extension}");
        let text = fs::read(bound.path().join(&name))?;
        match fs::read(folder.join(&name)) {
            Ok(other) => ensure!(other == text, "`{name}` does not bind `{module}` as it binds the module before it"),
            Err(_) => fs::write(folder.join(&name), text)?,
        }
    }
    Ok(())
}
