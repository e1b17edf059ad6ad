//! From nothing to a page in the browser: train, build the site, serve it.
//!
//! What can fail fast goes first: the port, the folder and the WebAssembly compiler are seen to before minutes of
//! training. What the first page can do without comes last, while it is served: the runtime for models of other makers, and
//! making the other one small.

use std::path::PathBuf;

use ::site::{refuse_to_replace_what_is_not_ours, serve};
use anyhow::Result;

use crate::model::{self, Settings};
use crate::{runtime, site, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passes over the training pictures
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// `seed`, `stable` or a TOML file; the trainer's default if not given
    #[arg(long)]
    recipe: Option<String>,
    /// Train a generator of another set too, and put it on the page beside MNIST's: `avatars`, in colour
    #[arg(long, value_name = "SET")]
    with: Option<Beside>,
    /// Serve on this port of this machine; if not given, on 8000 or else a free one
    #[arg(long)]
    port: Option<u16>,
    /// Stop when the site is written
    #[arg(long, conflicts_with = "port")]
    no_serve: bool,
    /// The folder of the site; a site that is already there is replaced
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the site will lie, if it is to be published: see `cargo xtask site --help`
    #[arg(long, value_name = "ADDRESS")]
    url: Option<String>,
}

/// A set beside MNIST.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Beside {
    Avatars,
}

/// Runs the demo; comes back only if it isn't to serve, or can't.
///
/// # Errors
/// If a step fails: says which, and what to do.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let out = arguments.out.clone().unwrap_or_else(|| workspace::root().join("site"));
    let listener = if arguments.no_serve { None } else { Some(serve::listen(arguments.port)?) };
    refuse_to_replace_what_is_not_ours(&out)?;
    // Whoever builds the runtime for the first time is not to wait for what shows no digit.
    let is_first = listener.is_some() && !runtime::was_built();
    let runtime = if is_first { runtime::build_first()? } else { runtime::build()? };

    let trainer = model::demo_trainer()?;
    let settings = Settings { epochs: arguments.epochs, recipe: arguments.recipe.as_deref(), data: None };
    let folder = workspace::target().join("demo");
    let mut models = model::train_for_page(&trainer, settings, &folder)?;
    if let Some(Beside::Avatars) = arguments.with {
        models.push(model::train_avatars(&trainer, arguments.epochs, &folder)?);
    }

    let site = site::Arguments { model: models, out: out.clone(), url: arguments.url.clone() };
    site::run_with(&site, &runtime)?;
    let Some(listener) = listener else { return Ok(()) };
    std::thread::scope(|scope| {
        if is_first {
            scope.spawn(|| complete(&site));
        }
        Ok(serve::serve(&listener, &out)?)
    })
}

/// Puts the whole site in the place of the first one.
fn complete(site: &site::Arguments) {
    eprintln!("compiling, beside that, what draws models of other makers: the page takes them in some minutes");
    match site::run(site) {
        Ok(()) => eprintln!("the page takes models of other makers from now on"),
        Err(error) => eprintln!("going on without models of other makers: {error:#}"),
    }
}
