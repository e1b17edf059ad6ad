//! What is in a model file, of any operators, as numbers and names.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::decode::message;
use crate::onnx::{DataType, DimensionValue, GraphProto, TensorProto, ValueInfoProto};
use crate::onnx_error::OnnxError;
use crate::tensor::Tensor;

/// Lists what a model file holds, of any operators. As JSON it has these very fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Gives the length of the file.
    pub bytes: usize,
    /// Gives the version of the file format, which is 8 in this crate's files.
    pub ir_version: i64,
    /// Gives the versions of the operators' definitions by domain; ONNX's own is the empty text.
    pub opset: BTreeMap<String, i64>,
    /// Names the program that wrote the file, and its version.
    pub producer: String,
    /// Repeats what the file says of itself.
    pub doc: String,
    /// Counts the weights of the network; the scales of int8 weights are not among them.
    pub parameters: usize,
    /// Lists what the network takes.
    pub inputs: Vec<Port>,
    /// Lists what the network gives.
    pub outputs: Vec<Port>,
    /// Lists the operations, in the order of the file.
    pub nodes: Vec<Operation>,
    /// Lists the constants, in the order of the file.
    pub tensors: Vec<Stored>,
    /// Holds key and text of each entry, as the file has them.
    pub metadata: BTreeMap<String, String>,
}

/// Describes an input or an output of the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Port {
    /// Names the value, as whoever runs the file must.
    pub name: String,
    /// Names the type of its numbers, as NumPy does: `float32`.
    pub element: String,
    /// Lists its sizes, as text, and the names of the open ones.
    pub shape: Vec<String>,
}

/// Describes a node of the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Operation {
    /// Names the node; the text may be empty.
    pub name: String,
    /// Gives ONNX's name of the operator, the domain in front if it is not ONNX's own.
    pub operator: String,
    /// Names the values and constants that it takes, in the operator's order.
    pub inputs: Vec<String>,
    /// Names the values that it gives, in the operator's order.
    pub outputs: Vec<String>,
}

/// Describes a constant as the file stores it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stored {
    /// Names the constant, as the nodes that take it do.
    pub name: String,
    /// Names the type of its numbers, as NumPy does: `float32`, `float16`, `int8`.
    pub element: String,
    /// Lists its sizes, outermost first; none for a single number.
    pub shape: Vec<i64>,
    /// Counts the bytes that its numbers take in the file.
    pub bytes: usize,
}

impl Summary {
    /// Reads a whole model file, of any operators.
    ///
    /// # Errors
    /// Fails with an [`OnnxError`] if the bytes are something else.
    pub fn of(onnx: &[u8]) -> Result<Self, OnnxError> {
        let model = message(onnx)?;
        let graph = model.graph.unwrap_or_default();
        let space = if model.producer_version.is_empty() { "" } else { " " };
        Ok(Self {
            bytes: onnx.len(),
            ir_version: model.ir_version,
            opset: model.opset_import.into_iter().map(|opset| (opset.domain, opset.version)).collect(),
            producer: format!("{}{space}{}", model.producer_name, model.producer_version),
            doc: model.doc_string,
            parameters: parameters(&graph),
            inputs: graph.input.iter().map(port).collect(),
            outputs: graph.output.iter().map(port).collect(),
            tensors: graph.initializer.iter().map(stored).collect(),
            nodes: graph
                .node
                .into_iter()
                .map(|node| Operation {
                    operator: match node.domain.as_str() {
                        "" | "ai.onnx" => node.op_type,
                        domain => format!("{domain}.{}", node.op_type),
                    },
                    name: node.name,
                    inputs: node.input,
                    outputs: node.output,
                })
                .collect(),
            metadata: model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect(),
        })
    }
}

fn parameters(graph: &GraphProto) -> usize {
    let unpacking = graph.node.iter().filter(|node| node.op_type == "DequantizeLinear");
    let scales: HashSet<&str> = unpacking.flat_map(|node| node.input.iter().skip(1).map(String::as_str)).collect();
    let weights = graph.initializer.iter().filter(|tensor| {
        let is_number = matches!(
            tensor.data_type(),
            DataType::Float | DataType::Float16 | DataType::Bfloat16 | DataType::Double | DataType::Int8
        );
        is_number && !scales.contains(tensor.name.as_str())
    });
    weights.filter_map(count).fold(0, usize::saturating_add)
}

fn count(tensor: &TensorProto) -> Option<usize> {
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
    Tensor::count(&shape?)
}

fn stored(tensor: &TensorProto) -> Stored {
    let lists = tensor.float_data.len() * size_of::<f32>()
        + tensor.int32_data.len() * size_of::<i32>()
        + tensor.int64_data.len() * size_of::<i64>();
    Stored {
        name: tensor.name.clone(),
        element: element(tensor.data_type),
        shape: tensor.dims.clone(),
        bytes: tensor.raw_data.len() + lists,
    }
}

fn port(value: &ValueInfoProto) -> Port {
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let size = |value: &Option<DimensionValue>| match value {
        Some(DimensionValue::DimValue(size)) => size.to_string(),
        Some(DimensionValue::DimParam(name)) => name.clone(),
        None => "?".to_owned(),
    };
    Port {
        name: value.name.clone(),
        element: tensor.map_or_else(|| "not a tensor".to_owned(), |tensor| element(tensor.elem_type)),
        shape: dims.iter().map(|dimension| size(&dimension.value)).collect(),
    }
}

/// Gives NumPy's name of a type of numbers.
fn element(data_type: i32) -> String {
    let name = match DataType::try_from(data_type) {
        Ok(DataType::Float) => "float32",
        Ok(DataType::Double) => "float64",
        Ok(DataType::Float16) => "float16",
        Ok(DataType::Bfloat16) => "bfloat16",
        Ok(DataType::Uint8) => "uint8",
        Ok(DataType::Int8) => "int8",
        Ok(DataType::Int32) => "int32",
        Ok(DataType::Int64) => "int64",
        Ok(DataType::Bool) => "bool",
        Ok(DataType::Undefined) | Err(_) => return format!("type {data_type}"),
    };
    name.to_owned()
}
