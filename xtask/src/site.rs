//! Builds what the page needs and has the library `site` put the static site together.

use std::fs;
use std::path::{Path, PathBuf};

use ::site::{Parts, folder_address, models, put_first_looks, refuse_to_replace_what_is_not_ours};
use anyhow::Result;

use crate::{files, judge, runtime, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generator, as ONNX; give more than one for visitors to choose from, the first is what they meet
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    pub(crate) model: Vec<PathBuf>,
    /// The folder to write; a site that is already there is replaced
    #[arg(long, value_name = "DIR", default_value = "site")]
    pub(crate) out: PathBuf,
    /// Where the site will lie, as https://me.example/forger/: services that show a picture of a shared link ask for its
    /// whole address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) url: Option<String>,
}

/// Builds the runtime and writes the site.
///
/// # Errors
/// If a model is none, the folder isn't ours to replace, or building fails; the folder is then as before.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    models::read(&arguments.model)?;
    refuse_to_replace_what_is_not_ours(&arguments.out)?;
    run_with(arguments, &runtime::build()?)
}

/// Writes the site around a runtime that is there.
///
/// # Errors
/// If a model is none or the folder isn't ours to replace; the folder is then as before.
pub(crate) fn run_with(arguments: &Arguments, runtime: &Path) -> Result<()> {
    let models = models::read(&arguments.model)?;
    refuse_to_replace_what_is_not_ours(&arguments.out)?;
    let parts = parts(runtime)?;
    let address = arguments.url.as_deref().map(folder_address).transpose()?;
    files::replace_folder(&arguments.out, |folder| -> Result<()> {
        put_first_looks(folder, &models[0], &mut |line| eprintln!("{line}"))?;
        Ok(::site::assemble(folder, &parts, &models, address.as_deref(), &files::compress)?)
    })?;
    tell_sizes(&arguments.out)
}

/// What every site is made of, around a runtime that is there.
///
/// # Errors
/// If the judge can't be made small.
pub(crate) fn parts(runtime: &Path) -> Result<Parts> {
    let web = workspace::root().join("web");
    Ok(Parts { web, runtime: runtime.to_owned(), judges: judge::for_page()?, pictures: pictures()? })
}

/// MNIST's ten thousand test pictures for the page to train on, and its sixty thousand. They stay packed, and are not called
/// `.gz`: some hosts would unpack what is called so on the way, and some would not.
fn pictures() -> Result<PathBuf> {
    let folder = workspace::target().join("pictures");
    let mnist = workspace::root().join("crates/data/mnist");
    files::copy(&mnist.join("t10k-images-idx3-ubyte.gz"), &folder.join("mnist-test-images.gzip"))?;
    files::copy(&mnist.join("train-images-idx3-ubyte.gz"), &folder.join("mnist-train-images.gzip"))?;
    Ok(folder)
}

fn tell_sizes(site: &Path) -> Result<()> {
    let size = |path: PathBuf| fs::metadata(path).map_or("-".into(), |metadata| files::size(metadata.len()));
    eprintln!("\n{:>10} {:>10} {:>10}", "as it is", "gzip", "brotli");
    for file in files::list(site, &|name| name.ends_with(".br") || name.ends_with(".gz"))? {
        let path = site.join(&file);
        let [gz, br] = ["gz", "br"].map(|suffix| size(files::with_suffix(&path, suffix)));
        eprintln!("{:>10} {gz:>10} {br:>10}  {}", size(path.clone()), file.display());
    }
    eprintln!("\nthe site is in `{}`", site.display());
    Ok(())
}
