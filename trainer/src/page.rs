//! `trainer page`: the site of a model, and a look at it, from the ready page that comes with a download.
//!
//! The site is the one that `cargo xtask site` writes, but for two files that Node.js draws there: the picture that a shared
//! link shows, and the weights of the first look. Without them the page begins when the model has come.

use std::path::{Path, PathBuf};

use clap::Args;
use failure::{Failure, Result};
use site::{Parts, folder, models, serve};

/// Flags of `trainer page`.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// The generators, as ONNX: visitors meet the first, and choose among them
    #[arg(required = true, value_name = "MODEL")]
    pub models: Vec<PathBuf>,
    /// The folder to write; a site that is already there is replaced
    #[arg(long, value_name = "DIR", default_value = "site")]
    pub out: PathBuf,
    /// Serve on this port of this machine, else on 8000 or any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Stop when the site is written
    #[arg(long, conflicts_with = "port")]
    pub no_serve: bool,
    /// Where the site will lie, as https://me.example/forger/
    #[arg(long, value_name = "ADDRESS")]
    pub url: Option<String>,
}

/// Writes the site and serves it until the program is stopped, or comes back at once if it isn't to serve.
///
/// # Errors
/// If there is no ready page beside the program, a model is none, the folder is not a site's, or the port is taken: all of
/// that before anything is written.
pub fn page(args: &PageArgs) -> Result<()> {
    let parts = Parts::beside(&program_folder()?)?;
    let models = models::read(&args.models)?;
    let address = args.url.as_deref().map(site::folder_address).transpose()?;
    site::refuse_to_replace_what_is_not_ours(&args.out)?;
    let listener = if args.no_serve { None } else { Some(serve::listen(args.port)?) };
    folder::replace(&args.out, |new| site::assemble(new, &parts, &models, address.as_deref(), &folder::gzip))?;
    eprintln!("the site is in `{}`; any host of static files can serve it", args.out.display());
    match listener {
        Some(listener) => serve::serve(&listener, &args.out),
        None => Ok(()),
    }
}

/// The folder that the program lies in, wherever a link to it leads from.
fn program_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().and_then(|program| program.canonicalize());
    let folder = program.as_deref().ok().and_then(Path::parent).map(Path::to_path_buf);
    folder.ok_or_else(|| Failure::failed("the system does not tell where this program lies, beside which its page is"))
}
