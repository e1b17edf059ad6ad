//! A training run: the loop over epochs, what it leaves in its folder, and what it shows.

pub mod asked;
pub mod console;
pub mod events;
mod fleet;
pub mod folder;
pub mod history;
mod options;
pub mod requests;
mod resume;
mod run;
mod session;
pub mod show;
pub mod sweep;
pub mod train;

pub use record::{checkpoint, watch};
