//! Training on the CPU, by steps derived by hand over flat buffers.

pub mod mlp;
