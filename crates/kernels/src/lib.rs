//! A training step as compute kernels: dispatches, their WGSL, and what lies where in a device's buffers.
//!
//! A [`plan::Plan`] follows from a recipe and the two networks of it; it is plain data, which any device that compiles WGSL
//! can run. The WGSL lies in `wgsl/`, a file for each thing that a kernel is made of; `step.rs` says in which order things are
//! done, `kernel.rs` puts a kernel's files together behind its constants, and `places.rs` knows where everything lies.

pub mod buffers;
mod kernel;
pub mod places;
pub mod plan;
mod step;
mod written_out;
