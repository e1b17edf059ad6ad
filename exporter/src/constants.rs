//! Numbers out of a file's constants, in each of the ways that ONNX stores them.

use crate::onnx::{DataType, TensorProto};
use crate::onnx_error::{OnnxError, sentence, short};
use crate::precision::{floats, halves};
use crate::tensor::Tensor;

/// Reads the numbers of a constant as float32.
pub(crate) fn tensor_of(tensor: &TensorProto) -> Result<Tensor, OnnxError> {
    let shape = shape_of(tensor)?;
    let values = match tensor.data_type() {
        DataType::Float if tensor.raw_data.is_empty() => tensor.float_data.clone(),
        DataType::Float => floats(bytes_of(tensor)?),
        DataType::Float16 if tensor.raw_data.is_empty() => {
            let bits: Vec<u8> = tensor.int32_data.iter().flat_map(|&bits| (bits as u16).to_le_bytes()).collect();
            halves(&bits)
        }
        DataType::Float16 => halves(bytes_of(tensor)?),
        _ => return Err(unreadable(tensor, "it is neither float32 nor float16")),
    };
    counted(tensor, &shape, values.len())?;
    Ok(Tensor { shape, values })
}

/// Reads the numbers of an int8 constant.
pub(crate) fn int8s(tensor: &TensorProto) -> Result<Vec<i8>, OnnxError> {
    if tensor.data_type() != DataType::Int8 {
        return Err(unreadable(tensor, "it is not int8"));
    }
    let values: Vec<i8> = match tensor.raw_data.is_empty() {
        true => tensor.int32_data.iter().map(|&value| value as i8).collect(),
        false => bytes_of(tensor)?.iter().map(|&byte| byte as i8).collect(),
    };
    counted(tensor, &shape_of(tensor)?, values.len())?;
    Ok(values)
}

/// Reads the numbers of a list of int64.
pub(crate) fn int64s(tensor: &TensorProto) -> Result<Vec<i64>, OnnxError> {
    if tensor.data_type() != DataType::Int64 || tensor.dims.len() != 1 {
        return Err(unreadable(tensor, "it is no list of int64"));
    }
    let values: Vec<i64> = match tensor.raw_data.is_empty() {
        true => tensor.int64_data.clone(),
        false => bytes_of(tensor)?.as_chunks().0.iter().map(|word| i64::from_le_bytes(*word)).collect(),
    };
    counted(tensor, &shape_of(tensor)?, values.len())?;
    Ok(values)
}

/// Gives a constant's raw bytes, unless they are in another file.
pub(crate) fn bytes_of(tensor: &TensorProto) -> Result<&[u8], OnnxError> {
    match tensor.external_data.is_empty() {
        true => Ok(&tensor.raw_data),
        false => Err(unreadable(tensor, "its numbers are kept in another file")),
    }
}

/// Gives a constant's sizes, unless one is negative.
pub(crate) fn shape_of(tensor: &TensorProto) -> Result<Vec<usize>, OnnxError> {
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
    shape.ok_or_else(|| unreadable(tensor, "its shape has negative sizes"))
}

fn counted(tensor: &TensorProto, shape: &[usize], found: usize) -> Result<(), OnnxError> {
    if !tensor.external_data.is_empty() {
        return Err(unreadable(tensor, "its numbers are kept in another file"));
    }
    match Tensor::count(shape) == Some(found) {
        true => Ok(()),
        false => Err(unreadable(tensor, &sentence(&format!("its shape is {shape:?} and it holds {found} numbers")))),
    }
}

fn unreadable(tensor: &TensorProto, reason: &str) -> OnnxError {
    OnnxError::Constant { name: short(&tensor.name), reason: reason.to_owned() }
}
