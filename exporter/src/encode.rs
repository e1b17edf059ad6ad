//! From a network to ONNX's messages.
//!
//! Constants stand in the order of the nodes that take them; a weight that is stored small goes through a node of its
//! own, Cast or DequantizeLinear, which runtimes compute once, when they load the file. Descriptions for viewers are
//! made here from the shapes, so that they are true.

use net::architecture::Window;

use crate::graph_error::GraphError;
use crate::model::{CLASS, Model, Node, constant_name};
use crate::onnx::{
    AttributeProto, AttributeType, DataType, DimensionProto, DimensionValue, GraphProto, IR_VERSION, ModelProto,
    NodeProto, OPSET_VERSION, OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::op::{Constant, Op};
use crate::precision::{Precision, Stored, store};
use crate::rounded::beyond_half;
use crate::tensor::Tensor;

/// Names the program that wrote the file.
const PRODUCER: &str = "forger";
/// Names the open dimension.
const BATCH: &str = "batch";
/// Stands in the shape given to Reshape for a size as large as the other dimensions leave it.
const INFERRED: i64 = -1;
/// Names the key of the metadata that says where z is to be drawn from.
pub(crate) const LATENT: &str = "forger.latent";
/// Names the key of the metadata that names the classes, a JSON list.
pub(crate) const CLASSES: &str = "forger.classes";
/// Stands for its value: independent numbers, mean 0, deviation 1.
pub(crate) const NORMAL: &str = "normal(0,1)";

impl Model {
    /// Writes the bytes of the model file: ONNX, opset 17, IR version 8. The same model gives the same bytes.
    ///
    /// In a precision other than float32 the parity pictures are those of the rounded weights, by f64 arithmetic, so
    /// that runtimes can still be held to them; `forger.precision` says how far they are from the pictures that were
    /// there before.
    ///
    /// # Errors
    /// Fails if a weight is beyond that precision.
    pub fn to_onnx(&self, precision: Precision) -> Result<Vec<u8>, GraphError> {
        let rounded;
        let model = match precision {
            Precision::F32 => self,
            _ => {
                rounded = self.rounded(precision)?;
                &rounded
            }
        };
        Ok(prost::Message::encode_to_vec(&message(model, precision)?))
    }
}

/// Makes the message of a model whose weights are rounded already.
fn message(model: &Model, precision: Precision) -> Result<ModelProto, GraphError> {
    let mut graph = GraphProto {
        name: "generator".to_owned(),
        doc_string: "Draws one picture for each latent vector.".to_owned(),
        ..Default::default()
    };
    // No `value_info`: every reader infers the shapes between, and tract, given a fixed batch, stumbles over open ones.
    for node in &model.nodes {
        match &node.op {
            None => graph.input.push(value_info(&node.value, &node.shape, input_doc(model))),
            Some(op) => add_node(&mut graph, model, node, op, precision)?,
        }
    }
    if model.classes() > 0 {
        graph.input.push(class_info(model));
    }
    let output = &model.nodes[model.output];
    graph.output.push(value_info(&output.value, &output.shape, output_doc(model)));
    let entries = model.metadata.iter();
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: model.doc.clone(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET_VERSION }],
        metadata_props: entries
            .map(|(key, value)| StringStringEntryProto { key: key.clone(), value: value.clone() })
            .collect(),
    })
}

/// Adds a node, with its constants and the nodes that unpack them in front of it.
fn add_node(
    graph: &mut GraphProto,
    model: &Model,
    node: &Node,
    op: &Op,
    precision: Precision,
) -> Result<(), GraphError> {
    if let Op::JoinClass { embedding } = op {
        return add_class(graph, model, node, embedding);
    }
    let mut input: Vec<String> = node.takes.iter().map(|&taken| model.nodes[taken].value.clone()).collect();
    for constant in op.constants() {
        input.push(add_constant(graph, node, &constant, precision)?);
    }
    match op {
        Op::Reshape { shape } => {
            let name = format!("{}.shape", node.name);
            let target: Vec<i64> = [INFERRED].into_iter().chain(dims(shape)).collect();
            let raw = target.iter().flat_map(|size| size.to_le_bytes()).collect();
            graph.initializer.push(tensor(&name, &[target.len()], DataType::Int64, raw));
            input.push(name);
        }
        Op::Resize { factor } => {
            let name = format!("{}.scales", node.name);
            let scales = [1.0, 1.0, *factor as f32, *factor as f32];
            graph.initializer.push(tensor(&name, &[scales.len()], DataType::Float, float_bytes(&scales)));
            // The input between is a region of interest, which nothing here has.
            input.extend([String::new(), name]);
        }
        _ => {}
    }
    graph.node.push(NodeProto {
        input,
        output: vec![node.value.clone()],
        name: node.name.clone(),
        op_type: op.op_type().to_owned(),
        attribute: attributes(op),
        doc_string: node_doc(op),
        domain: String::new(),
    });
    Ok(())
}

/// Adds the two nodes that look a class up and put its row behind z. The rows are stored whole: they are few.
fn add_class(graph: &mut GraphProto, model: &Model, node: &Node, embedding: &Tensor) -> Result<(), GraphError> {
    let rows = format!("{}.embedding", node.name);
    let weight = format!("{rows}.weight");
    graph.initializer.push(tensor(&weight, &embedding.shape, DataType::Float, float_bytes(&embedding.values)));
    let nodes = [
        ("Gather", vec![weight, CLASS.to_owned()], rows.clone(), 0),
        ("Concat", vec![model.nodes[node.takes[0]].value.clone(), rows], node.value.clone(), 1),
    ];
    graph.node.extend(nodes.map(|(op_type, input, output, axis)| NodeProto {
        input,
        name: output.clone(),
        output: vec![output],
        op_type: op_type.to_owned(),
        attribute: vec![int_attribute("axis", axis)],
        ..Default::default()
    }));
    Ok(())
}

/// Adds a constant, and gives the name under which it is float32.
fn add_constant(
    graph: &mut GraphProto,
    node: &Node,
    constant: &Constant,
    precision: Precision,
) -> Result<String, GraphError> {
    let (name, shape) = (constant_name(node, constant), &constant.tensor.shape);
    let Some(channels) = constant.channels else {
        graph.initializer.push(tensor(&name, shape, DataType::Float, float_bytes(&constant.tensor.values)));
        return Ok(name);
    };
    let stored = store(constant.tensor, channels, precision);
    let (input, op_type, attribute) = match stored.map_err(|value| beyond_half(&node.name, constant.role, value))? {
        Stored::F32(bytes) => {
            graph.initializer.push(tensor(&name, shape, DataType::Float, bytes));
            return Ok(name);
        }
        Stored::F16(bytes) => {
            graph.initializer.push(tensor(&name, shape, DataType::Float16, bytes));
            (vec![name.clone()], "Cast", int_attribute("to", DataType::Float as i64))
        }
        Stored::Int8 { values, scales } => {
            let raw = values.into_iter().map(|value| value as u8).collect();
            graph.initializer.push(tensor(&name, shape, DataType::Int8, raw));
            let scale = format!("{name}.scale");
            graph.initializer.push(tensor(&scale, &[scales.len()], DataType::Float, float_bytes(&scales)));
            (vec![name.clone(), scale], "DequantizeLinear", int_attribute("axis", channels as i64))
        }
    };
    let float = format!("{name}.float");
    graph.node.push(NodeProto {
        input,
        output: vec![float.clone()],
        name: float.clone(),
        op_type: op_type.to_owned(),
        attribute: vec![attribute],
        ..Default::default()
    });
    Ok(float)
}

fn attributes(op: &Op) -> Vec<AttributeProto> {
    match op {
        Op::Gemm { .. } => vec![int_attribute("transB", 1)],
        Op::LeakyRelu { slope } => vec![float_attribute("alpha", *slope)],
        Op::Flatten => vec![int_attribute("axis", 1)],
        Op::BatchNormalization { epsilon, .. } => vec![float_attribute("epsilon", *epsilon)],
        Op::Conv { weight, window, .. } => window_attributes(&weight.shape[2..], window),
        Op::ConvTranspose { weight, window, .. } => {
            let mut attributes = window_attributes(&weight.shape[2..], window);
            attributes.push(ints_attribute("output_padding", &[window.output_padding; 2]));
            attributes
        }
        Op::Resize { .. } => {
            [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")]
                .map(|(name, value)| string_attribute(name, value))
                .into()
        }
        _ => Vec::new(),
    }
}

fn window_attributes(kernel: &[usize], window: &Window) -> Vec<AttributeProto> {
    vec![
        ints_attribute("kernel_shape", kernel),
        ints_attribute("strides", &[window.stride; 2]),
        ints_attribute("pads", &[window.padding; 4]),
        ints_attribute("dilations", &[window.dilation; 2]),
        int_attribute("group", window.groups as i64),
    ]
}

fn node_doc(op: &Op) -> String {
    let convolution = |kind: &str, weight: &[usize], [inputs, outputs]: [usize; 2]| {
        format!("{kind}, {inputs} to {outputs} channels, kernel {} x {}.", weight[2], weight[3])
    };
    match op {
        Op::Gemm { weight, .. } => format!("Fully connected, {} to {}.", weight.shape[1], weight.shape[0]),
        Op::MatMul { weight } => format!("Fully connected, {} to {}.", weight.shape[0], weight.shape[1]),
        Op::Conv { weight, window, .. } => {
            let shape = &weight.shape;
            convolution("Convolution", shape, [shape[1] * window.groups, shape[0]])
        }
        Op::ConvTranspose { weight, window, .. } => {
            let shape = &weight.shape;
            convolution("Transposed convolution", shape, [shape[0], shape[1] * window.groups])
        }
        _ => String::new(),
    }
}

fn input_doc(model: &Model) -> String {
    match model.metadata().any(|entry| entry == (LATENT, NORMAL)) {
        true => "Latent vectors, each number drawn from normal(0, 1).".to_owned(),
        false => "One latent vector for each picture.".to_owned(),
    }
}

/// Describes the output, with its range where the last operation that computes has one.
fn output_doc(model: &Model) -> String {
    let mut node = &model.nodes[model.output];
    let shape = node.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    while let Some(Op::Reshape { .. } | Op::Flatten) = node.op {
        node = &model.nodes[node.takes[0]];
    }
    match node.op {
        Some(Op::Tanh) => format!("Pictures of {shape}, -1 (black) to 1 (white)."),
        Some(Op::Sigmoid) => format!("Pictures of {shape}, 0 (black) to 1 (white)."),
        _ => format!("Pictures of {shape}."),
    }
}

/// Describes the input that says of which class each picture is to be.
fn class_info(model: &Model) -> ValueInfoProto {
    let doc = format!("The class of each picture, 0 to {}.", model.classes() - 1);
    let mut info = value_info(CLASS, &[], doc);
    if let Some(TypeProto { tensor_type: Some(tensor) }) = &mut info.r#type {
        tensor.elem_type = DataType::Int64 as i32;
    }
    info
}

/// Gives a value's name and type, float32, the open dimension in front.
fn value_info(name: &str, shape: &[usize], doc_string: String) -> ValueInfoProto {
    let open = [DimensionValue::DimParam(BATCH.to_owned())];
    let sizes = dims(shape).into_iter().map(DimensionValue::DimValue);
    let dim = open.into_iter().chain(sizes).map(|value| DimensionProto { value: Some(value) }).collect();
    let tensor = TensorTypeProto { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor) }), doc_string }
}

fn tensor(name: &str, shape: &[usize], data_type: DataType, raw_data: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: dims(shape),
        data_type: data_type as i32,
        name: name.to_owned(),
        raw_data: raw_data.into(),
        ..Default::default()
    }
}

fn float_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn attribute(name: &str, r#type: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: r#type as i32, ..Default::default() }
}

fn float_attribute(name: &str, f: f32) -> AttributeProto {
    AttributeProto { f, ..attribute(name, AttributeType::Float) }
}

fn int_attribute(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i, ..attribute(name, AttributeType::Int) }
}

fn ints_attribute(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto { ints: dims(values), ..attribute(name, AttributeType::Ints) }
}

fn string_attribute(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: value.as_bytes().to_vec().into(), ..attribute(name, AttributeType::String) }
}

/// Gives sizes in int64, as ONNX counts.
fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&size| i64::try_from(size).expect("a size in memory fits in an i64")).collect()
}

#[cfg(test)]
mod tests;
