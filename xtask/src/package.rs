//! Puts the npm package together: `forger.js`, the custom element, their declarations and the compiled runtime.
//!
//! The folder is what `npm pack` and `npm publish` want; nothing is published here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{files, runtime, workspace};

/// The modules of `web/` that the package is made of, and nothing of the page.
const MODULES: [&str; 20] = [
    "courier.js",
    "error.js",
    "forger.js",
    "latent-explorer.js",
    "loader.js",
    "node-files.js",
    "opening.js",
    "others.js",
    "philox.js",
    "pixels.js",
    "simd.js",
    "source.js",
    "sweep.js",
    "trainer-gpu.js",
    "trainer-loader.js",
    "trainer-pictures.js",
    "trainer-session.js",
    "trainer-worker.js",
    "trainer.js",
    "worker.js",
];
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to write, `package` in cargo's build folder if not given; a package that is already there is replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Builds the runtime and writes the package; prints the folder.
///
/// # Errors
/// If building fails or the folder can't be written.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let out = arguments.out.clone().unwrap_or_else(|| workspace::target().join("package"));
    let runtime = runtime::build()?;
    files::replace_folder(&out, |folder| assemble(folder, &workspace::root(), &runtime))?;
    eprintln!("the package is in `{}`: `npm pack {}` makes a file of it", out.display(), out.display());
    Ok(())
}

/// Fills the empty folder `package`.
pub(crate) fn assemble(package: &Path, root: &Path, runtime: &Path) -> Result<()> {
    let web = root.join("web");
    for module in MODULES {
        files::copy(&web.join(module), &package.join(module))?;
    }
    for file in files::list(&web.join("npm"), &|name| name.starts_with('.'))? {
        files::copy(&web.join("npm").join(&file), &package.join(&file))?;
    }
    for licence in LICENCES {
        files::copy(&root.join(licence), &package.join(licence))?;
    }
    // Compressed copies are for hosts of pages; a package is compressed as a whole.
    for file in files::list(runtime, &|name| name.starts_with('.') || name.ends_with(".br") || name.ends_with(".gz"))? {
        files::copy(&runtime.join(&file), &package.join("runtime").join(&file))?;
    }
    let manifest = package.join("package.json");
    let mut fields: Value = serde_json::from_slice(&fs::read(&manifest)?).context("web/npm/package.json is no JSON")?;
    fields["version"] = env!("CARGO_PKG_VERSION").into();
    Ok(fs::write(manifest, serde_json::to_string_pretty(&fields)? + "\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_holds_all_that_its_modules_import_and_its_version() {
        let runtime = tempfile::tempdir().unwrap();
        for file in ["runtime.js", "runtime_bg.wasm", "runtime_bg.wasm.br", ".made-from"] {
            fs::write(runtime.path().join(file), file).unwrap();
        }
        let package = tempfile::tempdir().unwrap();
        assemble(package.path(), &workspace::root(), runtime.path()).unwrap();
        let files = files::list(package.path(), &|_| false).unwrap();
        let has = |name: &str| files.contains(&PathBuf::from(name));
        for file in ["package.json", "README.md", "forger.d.ts", "LICENSE-MIT", "runtime/runtime_bg.wasm"] {
            assert!(has(file), "{file}");
        }
        assert!(!has("runtime/runtime_bg.wasm.br") && !has("runtime/.made-from"), "{files:?}");
        for module in MODULES {
            for import in imports(&fs::read_to_string(package.path().join(module)).unwrap()) {
                let name = import.trim_start_matches("./");
                assert!(name.starts_with("runtime/") || has(name), "{module} imports {import}");
            }
        }
        let manifest: Value = serde_json::from_slice(&fs::read(package.path().join("package.json")).unwrap()).unwrap();
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
        for export in [&manifest["exports"]["."], &manifest["exports"]["./latent-explorer.js"]] {
            for kind in ["types", "default"] {
                assert!(has(export[kind].as_str().unwrap().trim_start_matches("./")), "{export}");
            }
        }
    }

    /// What a module imports by a relative path, and the worker that it starts.
    fn imports(text: &str) -> Vec<String> {
        let starts = ["from './", "import('./", "new URL('./"].into_iter().flat_map(|start| text.match_indices(start));
        starts.filter_map(|(at, _)| text[at..].split('\'').nth(1).map(str::to_owned)).collect()
    }
}
