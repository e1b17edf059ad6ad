//! The weights of any model file, whatever its network is, by the names that the file gives them.

use prost::bytes::Bytes;

use interface::envelope;
use interface::external::is_external;
use interface::onnx::TensorProto;

use crate::onnx_error::{OnnxError, short};
use crate::tensor::Tensor;
use crate::weights_file;

/// The weights of any model file as a safetensors file, float32, by the names that the file gives them. Whole numbers, such
/// as shapes, are left out.
///
/// # Errors
/// An [`OnnxError`] if the bytes are no model, or a weight's numbers are not there.
pub fn weights_of(onnx: &[u8]) -> Result<Vec<u8>, OnnxError> {
    let model = envelope::decode(Bytes::copy_from_slice(onnx))?;
    let unreadable = |tensor: &TensorProto, reason: &str| OnnxError::Constant {
        name: short(&tensor.name),
        reason: reason.to_owned(),
    };
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for tensor in model.graph.iter().flat_map(|graph| &graph.initializer) {
        if is_external(tensor) {
            return Err(unreadable(tensor, "its numbers are kept in another file"));
        }
        let Some(values) = tensor.to_floats() else { continue };
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let shape = shape.filter(|shape| Tensor::count(shape) == Some(values.len()));
        let shape = shape.ok_or_else(|| unreadable(tensor, "it holds another number of values than its shape says"))?;
        if tensors.iter().any(|(name, _)| *name == tensor.name) {
            return Err(unreadable(tensor, "there are two of this name"));
        }
        tensors.push((tensor.name.clone(), Tensor { shape, values }));
    }
    let named: Vec<(String, &Tensor)> = tensors.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    Ok(weights_file::write(&named, &[]))
}
