//! A training step as compute kernels: dispatches, their WGSL, and what lies where in a device's buffers.

pub mod buffers;
pub mod places;
pub mod plan;
