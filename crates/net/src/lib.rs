//! A network as data: a chain of linear maps with pointwise functions between.
//!
//! A [`Layer`] is what somebody writes down, in a recipe or in a checkpoint's metadata. A [`Network`] is what follows from a list
//! of them once it is known what goes in and what must come out: each stage's sizes, every parameter's name, shape, place and first
//! values, and what a pass costs. Engines, checkpoints, plans for a GPU and estimates of memory ask here; nobody else does
//! arithmetic on shapes.
//!
//! ```
//! use net::{Layer, Network};
//!
//! let layers = [Layer::dense(128), Layer::leaky_relu(0.2), Layer::dense_to_output(), Layer::Tanh];
//! let generator = Network::new("generator", 100, &layers, 784)?;
//! assert_eq!(generator.len(), 100 * 128 + 128 + 128 * 784 + 784);
//! assert_eq!(generator.tensors[0].name, "generator.hidden1.weight");
//! # Ok::<(), Vec<net::Fault>>(())
//! ```
//!
//! Invariants:
//! * This crate alone knows the order and the offsets of parameters.
//! * A `Network` that exists fits together: every fault was told, all at once, when it was made.
//! * No computation here, and no file: numbers about networks, never numbers of one.
//!
//! Start in `layer.rs` for what can be written, in `map.rs` for the kinds of linear map, in `fit.rs` for how sizes follow, in
//! `network.rs` for what a network is, in `architecture.rs` for how a file of weights
//! describes what its tensors are wired to.

pub mod architecture;
mod fit;
mod layer;
mod map;
mod network;

pub use layer::Layer;
pub use map::{Conv, Map, Size};
pub use network::{Activation, Fault, Initial, Network, Stage, Tensor};
