//! Trains a generative adversarial network on MNIST and writes its generator as ONNX.
pub mod dataset;
pub mod engine;
pub mod failure;
pub mod idx;
pub mod layout;
pub mod noise;
pub mod philox;
pub mod recipe;
