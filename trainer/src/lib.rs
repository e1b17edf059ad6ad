//! Trains a generative adversarial network on MNIST and writes its generator as ONNX.
//!
//! Data flows one way: idx files -> [`dataset::Dataset`] -> [`engine::Engine::step`] -> [`checkpoint::Checkpoint`] ->
//! `exporter` -> `gen.onnx`. The loop that drives it is [`train::train`]; every hyperparameter is in
//! [`recipe::Recipe`]; every random number comes from [`noise`].
//!
//! ```
//! use trainer::{noise, recipe::Recipe};
//!
//! let stable = Recipe::load("stable", &toml::Table::new())?;
//! let z = noise::sample_z(0, 3, stable.latent);
//! assert_eq!(z.len(), 300);
//! # Ok::<(), trainer::failure::Failure>(())
//! ```
//!
//! Invariants:
//! * Engines do no I/O and print nothing; the same seed gives them the same pictures and noise.
//! * No random number depends on anything but (seed, stream, step, element).
//! * A file is written whole or not at all.
//! * Nothing here knows ONNX's fields, or a browser.
//!
//! Start in `train.rs` for the loop, in `engine/reference/` for the mathematics.

pub mod animation;
pub mod bench;
pub mod chart;
pub mod checkpoint;
pub mod choose;
pub mod cli;
pub mod compare;
pub mod console;
pub mod dataset;
pub mod engine;
pub mod events;
pub mod failure;
pub mod framing;
pub mod history;
pub mod idx;
pub mod judge;
pub mod layout;
pub mod noise;
pub mod philox;
pub mod picture_folder;
pub mod pictures;
pub mod recipe;
mod replicas;
pub mod report;
mod resume;
mod run;
pub mod run_folder;
pub mod study;
pub mod sweep;
pub mod tensorboard;
pub mod train;
pub mod watch;

pub use engine::reference;
