//! `trainer page`: the site of a model, and a look at it, from the ready page that comes with a download.
//!
//! The site is the one that `cargo xtask site` writes.

use std::ffi::OsString;
use std::io;
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
    /// Write the site to this folder and stop, instead of to `site` and serving it; a site that is already there is replaced
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Serve on this port of this machine, with `--out` too; else on 8000 or any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Stop when the site is written
    #[arg(long, conflicts_with = "port")]
    pub no_serve: bool,
    /// Where the site will lie, as https://me.example/forger/
    #[arg(long, value_name = "ADDRESS")]
    pub url: Option<String>,
}

/// Writes the site and serves it until the program is stopped, or comes back at once if it isn't to serve: where a folder was named,
/// it is not, unless a port was too.
///
/// # Errors
/// If there is no ready page beside the program, a model is none, the folder is not a site's, or the port is taken: all of
/// that before anything is written.
pub fn page(args: &PageArgs) -> Result<()> {
    let parts = Parts::beside(&program_folder(std::env::current_exe(), std::env::args_os().next())?)?;
    let models = models::read(&args.models)?;
    let address = args.url.as_deref().map(site::folder_address).transpose()?;
    let out = args.out.as_deref().unwrap_or(Path::new("site"));
    refuse_the_working_folder(out)?;
    site::refuse_to_replace_what_is_not_ours(out)?;
    let serves = !args.no_serve && (args.out.is_none() || args.port.is_some());
    let listener = if serves { Some(serve::listen(args.port)?) } else { None };
    folder::replace(out, |new| {
        site::put_first_looks(new, &models[0], &mut |line| eprintln!("{line}"))?;
        site::assemble(new, &parts, &models, address.as_deref(), &folder::gzip)
    })?;
    eprintln!("the site is in `{}`; any host of static files can serve it", out.display());
    match listener {
        Some(listener) => serve::serve(&listener, out),
        None => Ok(()),
    }
}

/// A site is written beside its folder and takes its place; the folder that one stands in would be gone from under one's feet.
fn refuse_the_working_folder(out: &Path) -> Result<()> {
    let is_here =
        out.canonicalize().ok().zip(std::env::current_dir().ok()).is_some_and(|(out, here)| here.starts_with(out));
    if !is_here {
        return Ok(());
    }
    Err(Failure::usage(format!("`--out {}` is the folder that this was started in, or one above it", out.display()))
        .hint("give a folder of its own, as `--out site`"))
}

/// The folder that the program lies in, wherever a link to it leads from. `told` is what the system says; Linux without `/proc`,
/// as in a bare chroot, says nothing, and then the word counts that the program was started by.
fn program_folder(told: io::Result<PathBuf>, started_as: Option<OsString>) -> Result<PathBuf> {
    let as_started = || started_as.map(PathBuf::from).filter(|path| path.components().count() > 1);
    let program = told.ok().or_else(as_started).and_then(|program| program.canonicalize().ok());
    let folder = program.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    folder.ok_or_else(|| {
        Failure::failed("the system does not tell where this program lies, beside which its page is")
            .hint("start it by its whole path")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_by_the_system_or_by_how_it_was_started() {
        let room = tempfile::tempdir().unwrap();
        let program = room.path().canonicalize().unwrap().join("trainer");
        std::fs::write(&program, "").unwrap();
        let silent = || Err(io::Error::from(io::ErrorKind::NotFound));
        let folder = program.parent().unwrap();
        assert_eq!(program_folder(Ok(program.clone()), None).unwrap(), folder);
        assert_eq!(program_folder(silent(), Some(program.clone().into())).unwrap(), folder);
        for unknown in [None, Some("trainer".into()), Some("/no/such/trainer".into())] {
            let failure = program_folder(silent(), unknown).unwrap_err();
            assert_eq!(failure.hint.as_deref(), Some("start it by its whole path"));
        }
    }
}
