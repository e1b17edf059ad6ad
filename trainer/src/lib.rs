//! The program: its command line, and the jobs beside training.
//!
//! `main.rs` turns flags into a call of `run::train`, `study::study` or one of the jobs here, and the outcome into an exit code.

pub mod bench;
pub mod cli;
pub mod evaluate;
#[cfg(feature = "evaluate")]
mod generator;
#[cfg(not(feature = "evaluate"))]
#[path = "no_generator.rs"]
mod generator;
pub mod page;
pub mod recipe_flags;
pub mod signals;
pub mod written;
