//! The page of a generator as a static site: its files put together, with the models, in a folder that any host can serve.
//!
//! `cargo xtask site` and `trainer page` write the same site by it. What the page is made of ([`Parts`]) must be there: the one
//! compiles it, to the other it comes with the download. Nothing here starts a program or asks a network.
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//!
//! let parts = site::Parts::within(Path::new("share/forger/page"));
//! let models = site::models::read(&[PathBuf::from("gen.onnx")])?;
//! let out = Path::new("site");
//! site::refuse_to_replace_what_is_not_ours(out)?;
//! site::folder::replace(out, |folder| site::assemble(folder, &parts, &models, None, &site::folder::gzip))?;
//! site::serve::serve(&site::serve::listen(None)?, out)?;
//! # Ok::<(), failure::Failure>(())
//! ```
//!
//! Invariants:
//! * A site appears whole or not at all, and replaces nothing but a site (`folder::replace`, `site.json`).
//! * A model that the page could not show is refused before anything is written, in the words of `exporter` and `interface`.
//! * The server answers this machine alone, with files of its folder alone.
//!
//! Start in `assemble.rs`.

mod assemble;
pub mod card;
pub mod folder;
pub mod glimpse;
mod lively;
pub mod models;
mod parts;
mod preload;
pub mod serve;

pub use assemble::{
    CARD, GLIMPSE, assemble, folder_address, is_worth_compressing, put_first_looks, refuse_to_replace_what_is_not_ours,
};
pub use parts::Parts;
