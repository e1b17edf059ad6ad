//! Writes trained generators as ONNX: the bytes of a checkpoint in, the bytes of a model file out.
//!
//! A checkpoint is a safetensors file; only its metadata and the tensors of the generator are read. The model file is
//! ONNX, opset 17, and carries where it came from in `metadata_props`.
//!
//! ```no_run
//! let checkpoint = std::fs::read("gen.run/checkpoint.safetensors")?;
//! let onnx = exporter::export(&checkpoint)?;
//! exporter::write_whole("gen.onnx".as_ref(), &onnx)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//! * The same checkpoint gives the same bytes, on every machine: no clock, no path, no hash order.
//! * No input panics: bytes of any kind end in a model or in an [`ExportError`].
//! * No training framework in this crate's tree, and none of the workspace's other crates.
//!
//! Start in `model.rs` for what the model file holds, in `checkpoint.rs` for what is read.

mod architecture;
mod checkpoint;
mod error;
mod graph;
mod model;
mod onnx;
mod write_whole;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod fixture;

pub use architecture::{Architecture, Mlp};
pub use checkpoint::FORMAT as CHECKPOINT_FORMAT;
pub use error::ExportError;
pub use write_whole::{folder_of, write_whole};

/// Turns a checkpoint into an ONNX model of its generator: of the weights' average (`ema.generator.*`) where the
/// checkpoint has one, else of the weights themselves (`generator.*`).
///
/// `checkpoint` and the result are whole files. The model takes `z`, float32 [batch, latent], and gives `image`,
/// float32 [batch, channels, rows, columns] in [-1, 1].
///
/// # Errors
/// An [`ExportError`] that says what is wrong with the checkpoint.
pub fn export(checkpoint: &[u8]) -> Result<Vec<u8>, ExportError> {
    let checkpoint = checkpoint::Checkpoint::read(checkpoint)?;
    Ok(prost::Message::encode_to_vec(&model::model(&checkpoint)))
}
