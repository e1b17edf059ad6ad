//! Generators as ONNX: what was trained in goes out as a model file, and what is in such a file can be told.
//!
//! candle, like most of Rust, has no ONNX export. With the tensors in a safetensors file and the layers named in their
//! order, this crate writes one; it knows no training framework.
//!
//! ```
//! use exporter::{Architecture, Layer, Model, Precision, Window};
//! # let value = |shape: &[usize]| safetensors::tensor::Dtype::F32.bitsize() / 8 * shape.iter().product::<usize>();
//! # let shapes = [("fc.weight", vec![18, 4]), ("fc.bias", vec![18]), ("up.weight", vec![2, 1, 4, 4])];
//! # let bytes: Vec<_> = shapes.iter().map(|(name, shape)| (name, shape, vec![0u8; value(shape)])).collect();
//! # let views = bytes.iter().map(|(name, shape, bytes)| {
//! #     (*name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap())
//! # });
//! # let weights = safetensors::serialize(views, None)?;
//! // let weights = std::fs::read("gen.safetensors")?; // what candle's `VarMap::save` has written
//! let twice = Window { stride: 2, padding: 1, ..Window::default() };
//! let layers = [
//!     Layer::gemm("fc"), // `fc.weight` [18, 4], `fc.bias` [18]
//!     Layer::relu(),
//!     Layer::reshape(&[2, 3, 3]),
//!     Layer::conv_transpose("up", twice), // `up.weight` [2, 1, 4, 4]
//!     Layer::tanh(),
//! ];
//! let model = Model::from_safetensors(&weights, &Architecture::sequential(4, layers))?;
//! let onnx = model.to_onnx(Precision::F16)?;
//! # assert_eq!(model.output_shape(), [1, 6, 6]);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("gen.onnx");
//! exporter::write_whole(&path, &onnx)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | take |
//! | --- | --- |
//! | export a checkpoint of Forger's trainer | [`export`] |
//! | export any weights | [`Model::from_safetensors`], [`Model::to_onnx`] |
//! | build any other graph | [`Graph`] |
//! | get weights out of a model file | [`Model::from_onnx`], [`Model::to_safetensors`] |
//! | make any safetensors file smaller | [`round()`] |
//! | see what is in a model file | [`Summary::of`], [`Comparison::of`] |
//!
//! Invariants:
//! * The same input gives the same bytes, on every machine: no clock, no path, no hash order.
//! * No input panics: bytes of any kind end in a model or in an error that says what, where, and what to do.
//! * Nothing that is written is invalid: shapes are checked when a graph is built.
//! * No training framework in this crate's tree, and of the workspace's other crates `net`, which describes networks,
//!   `interface`, which says what a stranger's file is, and `files` alone. The program's feature `run` brings the runtimes tract
//!   and ONNX Runtime; the library has no part of them.
//!
//! Start in `model.rs` for what everything here is about, in `graph.rs` for how a network is built, in `encode.rs` for what the
//! model file holds, in `checkpoint.rs` for what is read.

#![deny(missing_docs)]

mod any_weights;
mod assemble;
mod checkpoint;
mod comparison;
mod constants;
mod decode;
mod encode;
mod error;
mod evaluate;
mod graph;
mod graph_error;
mod infer;
mod model;
mod onnx;
mod onnx_error;
mod op;
mod precision;
mod round;
mod rounded;
mod summary;
mod tensor;
mod weights_file;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod fixture;

pub use any_weights::weights_of;
pub use checkpoint::FORMAT as CHECKPOINT_FORMAT;
pub use comparison::{Comparison, Difference, PictureDifference, WeightDifference};
pub use error::ExportError;
pub use files::{folder_of, write_whole};
pub use graph::{Graph, Value};
pub use graph_error::GraphError;
pub use model::{Model, Parity};
pub use net::architecture::{Architecture, Layer, Mlp, Sequential, Window};
pub use onnx_error::OnnxError;
pub use precision::Precision;
pub use round::round;
pub use summary::{Operation, Port, Stored, Summary};
pub use tensor::Tensor;

/// Turns a checkpoint into an ONNX model of its generator: of the weights' average (`ema.generator.*`) where the
/// checkpoint has one, else of the weights themselves (`generator.*`).
///
/// `checkpoint` and the result are whole files. The model takes `z`, float32 [batch, latent], and gives `image`,
/// float32 [batch, channels, rows, columns] in [-1, 1].
///
/// # Errors
/// Fails with an [`ExportError`] that says what is wrong with the checkpoint.
pub fn export(checkpoint: &[u8]) -> Result<Vec<u8>, ExportError> {
    Ok(Model::from_checkpoint(checkpoint)?.to_onnx(Precision::F32)?)
}

/// Does what [`export`] does, for whoever has just written the checkpoint and knows its generator's `architecture`: the checkpoint's
/// own description is not read, and what reads descriptions is no part of the program then.
///
/// # Errors
/// As [`export`], and where the tensors are not those of `architecture`.
pub fn export_as(checkpoint: &[u8], architecture: &Architecture) -> Result<Vec<u8>, ExportError> {
    Ok(checkpoint::read_as(checkpoint, architecture)?.to_onnx(Precision::F32)?)
}
