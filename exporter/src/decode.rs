//! From ONNX's messages to a network: what `encode.rs` writes, and the same operators as other programs write them.
//!
//! Constants that are only unpacked (Constant, Cast, DequantizeLinear) are unpacked here. Whatever else a node does, that
//! the network has no part for, is an error that names it, never a guess.

use std::collections::{HashMap, HashSet};

use net::architecture::Window;
use prost::Message;
use prost::bytes::Bytes;

use crate::constants::{bytes_of, int8s, int64s, shape_of, tensor_of};
use crate::graph::{Graph, Value};
use crate::infer::RANK_LIMIT;
use crate::model::Model;
use crate::onnx::{
    AttributeProto, DataType, DimensionValue, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};
use crate::onnx_error::{OnnxError, is_name, short};
use crate::op::Op;
use crate::precision::channel_of;
use crate::tensor::Tensor;

/// Sets the slope of LeakyRelu where the node gives none.
const DEFAULT_SLOPE: f32 = 0.01;
/// Sets the epsilon of BatchNormalization where the node gives none.
const DEFAULT_EPSILON: f32 = 1e-5;

impl Model {
    /// Reads a model file of the operators that a [`Graph`] has, whoever wrote it. Weights that are stored small come
    /// out as the float32 that runtimes compute with.
    ///
    /// # Errors
    /// Fails with an [`OnnxError`] that says which part is not understood.
    pub fn from_onnx(onnx: &[u8]) -> Result<Self, OnnxError> {
        read(onnx)
    }
}

/// Decodes the messages of a file, once it is known that they do not fill the memory.
pub(crate) fn message(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    interface::envelope::check(bytes)?;
    // Weights then stay slices of this one copy.
    ModelProto::decode(Bytes::copy_from_slice(bytes))
        .map_err(|_| interface::envelope::damaged("its fields are damaged").into())
}

/// Reads a whole file.
fn read(bytes: &[u8]) -> Result<Model, OnnxError> {
    let message = message(bytes)?;
    let graph = message.graph.as_ref().ok_or_else(|| interface("graph", "there is none"))?;
    let mut model = network(graph)?.with_doc(&message.doc_string);
    model.metadata = message.metadata_props.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    Ok(model)
}

fn network(graph: &GraphProto) -> Result<Model, OnnxError> {
    let mut constants: HashMap<&str, Constant> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), Constant::Stored(tensor))).collect();
    // Old writers list the weights among the inputs too.
    let inputs: Vec<_> = graph.input.iter().filter(|input| !constants.contains_key(&*input.name)).collect();
    let (input, class) = match inputs[..] {
        [input] => (input, None),
        [first, second] if is_class(second) => (first, Some(second)),
        [first, second] if is_class(first) => (second, Some(first)),
        _ => return Err(interface("input", &format!("there are {}, not one and perhaps a class", inputs.len()))),
    };
    if let Some(value) = graph.input.iter().chain(&graph.output).find(|value| !is_name(&value.name)) {
        return Err(interface("graph", &format!("the name `{}` is too long, or not of one line", short(&value.name))));
    }
    let (mut builder, z) = Graph::new(&input.name, &open_shape(input)?);
    let mut values: HashMap<&str, Value> = HashMap::from([(input.name.as_str(), z)]);

    // The names that nodes have got so far, and those that others will want.
    let mut named: HashSet<String> = graph.node.iter().map(|node| node.name.clone()).collect();
    let mut joined = None;
    let mut is_joined = false;
    for node in &graph.node {
        if let Some(class) = class.filter(|class| node.input.contains(&class.name)) {
            // What follows the look-up is told there.
            let [rows] = &node.output[..] else { return Err(misfit(node, "it has more than one result")) };
            joined = Some((rows, looked_up(node, class, &constants)?));
            continue;
        }
        let [output] = &node.output[..] else { return Err(misfit(node, "it has more than one result")) };
        if values.contains_key(output.as_str()) || constants.contains_key(output.as_str()) {
            return Err(misfit(node, "its result has the name of another value"));
        }
        if let Some(constant) = unpacked(node, &constants)? {
            constants.insert(output, constant);
            continue;
        }
        if let Some((rows, embedding)) = joined.take_if(|(rows, _)| node.input.contains(rows)) {
            if node.op_type != "Concat" || node.input != [&*input.name, rows] || axis(node, -1) != 1 {
                return Err(misfit(
                    node,
                    "it does something else with a class than to put its row behind the latent vector",
                ));
            }
            let value = builder.join_class(&values[input.name.as_str()], embedding)?;
            named.extend(["class", "class.embedding", "class.joined"].map(str::to_owned));
            values.insert(output, value);
            is_joined = true;
            continue;
        }
        let (op, taken) = operation(node, &values, &constants)?;
        let told = if node.name.is_empty() { output } else { &node.name };
        // Tensors are named after their node, so a node is called what the file calls its tensors.
        let by_weights = named_after_weights(node, &op).filter(|name| !named.contains(name));
        let name = by_weights.unwrap_or_else(|| told.clone());
        if !is_name(&name) {
            return Err(misfit(node, "its name is too long, or not of one line"));
        }
        let value = builder.node(&name, op, &taken)?;
        named.insert(name);
        values.insert(output, value);
    }
    if let Some(class) = class.filter(|_| !is_joined) {
        return Err(interface("input", &format!("nothing is made of `{}`", short(&class.name))));
    }
    let [output] = &graph.output[..] else {
        return Err(interface("output", &format!("there are {}, not one", graph.output.len())));
    };
    let value = values.get(&*output.name).ok_or_else(|| interface("output", "no node computes it"))?;
    let declared = open_shape(output)?;
    if declared != value.shape() {
        let reason = format!("it is declared as {declared:?} and comes out as {:?}, batch apart", value.shape());
        return Err(interface("output", &reason));
    }
    Ok(builder.finish(value, &output.name)?)
}

/// Finds what stands before `.weight`, `.bias` and the rest in the names of a node's constants, if it is one and the same: as
/// PyTorch and `encode.rs` name them.
fn named_after_weights(node: &NodeProto, op: &Op) -> Option<String> {
    let constants = op.constants();
    let first = constants.first()?;
    let name = node.input.get(1)?.strip_suffix(first.role)?.strip_suffix('.')?;
    let is_so = |(index, constant): (usize, &crate::op::Constant)| {
        let found = node.input.get(index + 1).and_then(|found| found.strip_prefix(name)?.strip_prefix('.'));
        found == Some(constant.role)
    };
    (!name.is_empty() && constants.iter().enumerate().all(is_so)).then(|| name.to_owned())
}

/// Says whether an input is the class of each picture: int64 `[batch]`.
fn is_class(value: &ValueInfoProto) -> bool {
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    tensor.is_some_and(|tensor| {
        tensor.elem_type == DataType::Int64 as i32 && tensor.shape.as_ref().is_some_and(|shape| shape.dim.len() == 1)
    })
}

/// Gives the rows that a node looks classes up in.
fn looked_up(
    node: &NodeProto,
    class: &ValueInfoProto,
    constants: &HashMap<&str, Constant>,
) -> Result<Tensor, OnnxError> {
    let embedding = match (&*node.op_type, &node.input[..]) {
        ("Gather", [embedding, indices]) if *indices == class.name && axis(node, 0) == 0 => constants.get(&**embedding),
        _ => return Err(misfit(node, "it does something else with a class than to look up its row")),
    };
    match embedding {
        Some(Constant::Stored(tensor)) => tensor_of(tensor),
        Some(Constant::Unpacked(tensor)) => Ok(tensor.clone()),
        None => Err(misfit(node, "it looks classes up in no constant of the file")),
    }
}

/// Gives a node's `axis`, of a value with two dimensions; `default` where it has none.
fn axis(node: &NodeProto, default: i64) -> i64 {
    let axis = attribute(node, "axis").map_or(default, |axis| axis.i);
    if axis == -1 { 1 } else { axis }
}

/// Holds a constant of the file, as it is stored or unpacked by a node.
enum Constant<'a> {
    Stored(&'a TensorProto),
    Unpacked(Tensor),
}

/// Gives what a node does that only unpacks a constant; nothing for any other node.
fn unpacked<'a>(
    node: &'a NodeProto,
    constants: &HashMap<&str, Constant<'a>>,
) -> Result<Option<Constant<'a>>, OnnxError> {
    let stored = |index: usize| match node.input.get(index).and_then(|name| constants.get(name.as_str())) {
        Some(Constant::Stored(tensor)) => Some(*tensor),
        _ => None,
    };
    match (node.op_type.as_str(), stored(0)) {
        ("Constant", _) => {
            let value = attribute(node, "value").and_then(|attribute| attribute.t.as_ref());
            value.map(|tensor| Some(Constant::Stored(tensor))).ok_or_else(|| misfit(node, "its value is no tensor"))
        }
        ("Cast", Some(tensor)) => {
            if attribute(node, "to").map(|to| to.i) != Some(DataType::Float as i64) {
                return Err(misfit(node, "it casts a constant to another type than float32"));
            }
            Ok(Some(Constant::Unpacked(tensor_of(tensor)?)))
        }
        ("DequantizeLinear", Some(tensor)) => dequantized(node, tensor, stored(1), stored(2)).map(Some),
        _ => Ok(None),
    }
}

/// Gives scale · (q - zero point), the scale for each index along the axis or one for all.
fn dequantized<'a>(
    node: &NodeProto,
    tensor: &TensorProto,
    scale: Option<&TensorProto>,
    zero_point: Option<&TensorProto>,
) -> Result<Constant<'a>, OnnxError> {
    let shape = shape_of(tensor)?;
    let scale = tensor_of(scale.ok_or_else(|| misfit(node, "its scale is no constant"))?)?;
    if let Some(zero_point) = zero_point
        && bytes_of(zero_point)?.iter().any(|&byte| byte != 0)
    {
        return Err(misfit(node, "it has a zero point other than 0"));
    }
    let quantized = int8s(tensor)?;
    let axis = attribute(node, "axis").map_or(1, |axis| axis.i);
    let axis = if axis < 0 { axis.checked_add(shape.len() as i64).unwrap_or(-1) } else { axis };
    let axis = usize::try_from(axis).ok().filter(|&axis| axis < shape.len());
    let values = match (scale.values.as_slice(), axis) {
        ([scale], _) => quantized.iter().map(|&q| f32::from(q) * scale).collect(),
        (scales, Some(axis)) if scales.len() == shape[axis] => {
            let channel = channel_of(&shape, axis);
            quantized.iter().enumerate().map(|(position, &q)| f32::from(q) * scales[channel(position)]).collect()
        }
        _ => return Err(misfit(node, "its scales are not one for each channel")),
    };
    Ok(Constant::Unpacked(Tensor { shape, values }))
}

/// Gives the operation of a node, and the values that it takes.
fn operation<'v>(
    node: &NodeProto,
    values: &'v HashMap<&str, Value>,
    constants: &HashMap<&str, Constant>,
) -> Result<(Op, Vec<&'v Value>), OnnxError> {
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return Err(misfit(
            node,
            &format!("the operator `{}` is of the domain `{}`", short(&node.op_type), short(&node.domain)),
        ));
    }
    let input = |index: usize| node.input.get(index).map(String::as_str).filter(|name| !name.is_empty());
    let value = |index: usize| input(index).and_then(|name| values.get(name));
    let constant = |index: usize| -> Result<Tensor, OnnxError> {
        let name = input(index).ok_or_else(|| misfit(node, &format!("it has no input {}", index + 1)))?;
        match constants.get(name) {
            Some(Constant::Stored(tensor)) => tensor_of(tensor),
            Some(Constant::Unpacked(tensor)) => Ok(tensor.clone()),
            None => Err(misfit(node, &format!("its input `{}` is no constant of the file", short(name)))),
        }
    };
    let bias = |index: usize| input(index).map(|_| constant(index)).transpose();
    let list = |index: usize| -> Result<&TensorProto, OnnxError> {
        match input(index).and_then(|name| constants.get(name)) {
            Some(Constant::Stored(tensor)) => Ok(*tensor),
            _ => Err(misfit(node, &format!("its input {} is no constant of the file", index + 1))),
        }
    };
    let settings = Settings { node };
    let x = value(0);
    let op = match node.op_type.as_str() {
        "Gemm" => {
            settings.only(&[("transA", 0), ("transB", 1)])?;
            settings.only_floats(&[("alpha", 1.0), ("beta", 1.0)])?;
            if attribute(node, "transB").is_none() {
                return Err(misfit(node, "its weight is stored the other way round (transB is 0)"));
            }
            Op::Gemm { weight: constant(1)?, bias: bias(2)? }
        }
        "MatMul" => Op::MatMul { weight: constant(1)? },
        "Add" => {
            return match (x, value(1)) {
                (Some(x), Some(y)) => Ok((Op::Add, vec![x, y])),
                (Some(x), None) => Ok((Op::AddConstant { addend: constant(1)? }, vec![x])),
                (None, Some(y)) => Ok((Op::AddConstant { addend: constant(0)? }, vec![y])),
                (None, None) => Err(misfit(node, "nothing in the file computes its inputs")),
            };
        }
        "LeakyRelu" => Op::LeakyRelu { slope: attribute(node, "alpha").map_or(DEFAULT_SLOPE, |alpha| alpha.f) },
        "Relu" => Op::Relu,
        "Tanh" => Op::Tanh,
        "Sigmoid" => Op::Sigmoid,
        "Reshape" => {
            settings.only(&[("allowzero", 0)])?;
            let x = x.map_or(&[][..], Value::shape);
            Op::Reshape { shape: new_shape(node, &int64s(list(1)?)?, x)? }
        }
        "Flatten" => {
            settings.only(&[("axis", 1)])?;
            Op::Flatten
        }
        "BatchNormalization" => {
            settings.only(&[("training_mode", 0), ("spatial", 1)])?;
            let epsilon = attribute(node, "epsilon").map_or(DEFAULT_EPSILON, |epsilon| epsilon.f);
            let [scale, bias, mean, variance] = [constant(1)?, constant(2)?, constant(3)?, constant(4)?];
            Op::BatchNormalization { scale, bias, mean, variance, epsilon }
        }
        "Conv" | "ConvTranspose" => {
            let (weight, bias) = (constant(1)?, bias(2)?);
            let window = settings.window(&weight.shape)?;
            match node.op_type.as_str() {
                "Conv" => Op::Conv { weight, bias, window },
                _ => Op::ConvTranspose { weight, bias, window },
            }
        }
        "Resize" => Op::Resize { factor: settings.factor(&tensor_of(list(2)?)?)? },
        other => return Err(misfit(node, &format!("the operator `{}` is not one of a generator's", short(other)))),
    };
    let x = x.ok_or_else(|| misfit(node, "nothing in the file computes its first input"))?;
    Ok((op, vec![x]))
}

/// Reads the settings of a node; what is not understood must have the value that changes nothing.
struct Settings<'a> {
    node: &'a NodeProto,
}

impl Settings<'_> {
    fn only(&self, allowed: &[(&str, i64)]) -> Result<(), OnnxError> {
        let wrong =
            allowed.iter().find(|(name, value)| attribute(self.node, name).is_some_and(|found| found.i != *value));
        wrong.map_or(Ok(()), |(name, value)| Err(misfit(self.node, &format!("its `{name}` is not {value}"))))
    }

    fn only_floats(&self, allowed: &[(&str, f32)]) -> Result<(), OnnxError> {
        let wrong =
            allowed.iter().find(|(name, value)| attribute(self.node, name).is_some_and(|found| found.f != *value));
        wrong.map_or(Ok(()), |(name, value)| Err(misfit(self.node, &format!("its `{name}` is not {value}"))))
    }

    fn text(&self, name: &str, allowed: &[&str]) -> Result<(), OnnxError> {
        let Some(found) = attribute(self.node, name) else { return Ok(()) };
        match allowed.iter().any(|allowed| found.s == allowed.as_bytes()) {
            true => Ok(()),
            false => Err(misfit(self.node, &format!("its `{name}` is not {}", allowed.join(" or ")))),
        }
    }

    /// Gives the one number of a list that is the same for rows and columns, and at all edges.
    fn uniform(&self, name: &str, default: usize) -> Result<usize, OnnxError> {
        let Some(list) = attribute(self.node, name).map(|attribute| &attribute.ints) else { return Ok(default) };
        let first = list.first().and_then(|&first| usize::try_from(first).ok());
        match first.filter(|_| list.iter().all(|other| *other == list[0])) {
            Some(first) => Ok(first),
            None => Err(misfit(self.node, &format!("its `{name}` differ from one another, or are negative"))),
        }
    }

    fn window(&self, weight: &[usize]) -> Result<Window, OnnxError> {
        self.text("auto_pad", &["NOTSET"])?;
        if attribute(self.node, "output_shape").is_some() {
            return Err(misfit(self.node, "it gives an `output_shape`"));
        }
        if let Some(kernel) = attribute(self.node, "kernel_shape") {
            let kernel: Vec<usize> = kernel.ints.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
            if weight.get(2..) != Some(&kernel[..]) {
                return Err(misfit(self.node, "its `kernel_shape` is not that of its weight"));
            }
        }
        let groups = attribute(self.node, "group").map_or(Ok(1), |group| usize::try_from(group.i));
        Ok(Window {
            stride: self.uniform("strides", 1)?,
            padding: self.uniform("pads", 0)?,
            dilation: self.uniform("dilations", 1)?,
            groups: groups.map_err(|_| misfit(self.node, "its `group` is negative"))?,
            output_padding: self.uniform("output_padding", 0)?,
        })
    }

    /// Gives the factor of a nearest-neighbour enlargement by a whole number.
    fn factor(&self, scales: &Tensor) -> Result<usize, OnnxError> {
        self.text("mode", &["nearest"])?;
        let transformation = attribute(self.node, "coordinate_transformation_mode");
        let nearest = attribute(self.node, "nearest_mode");
        let is =
            |attribute: Option<&AttributeProto>, text: &str| attribute.is_some_and(|found| found.s == text.as_bytes());
        // By a whole factor the default, half_pixel and round_prefer_floor, meets the very same neighbours.
        let asymmetric = is(transformation, "asymmetric") && is(nearest, "floor");
        let half_pixel = (transformation.is_none() || is(transformation, "half_pixel"))
            && (nearest.is_none() || is(nearest, "round_prefer_floor"));
        match scales.values[..] {
            [1.0, 1.0, rows, columns]
                if rows == columns && rows.fract() == 0.0 && rows >= 1.0 && (asymmetric || half_pixel) =>
            {
                Ok(rows as usize)
            }
            _ => Err(misfit(self.node, "it is not a nearest-neighbour enlargement by a whole factor")),
        }
    }
}

/// Gives the shape that Reshape makes, batch apart: its constant must keep the first dimension, as 0 or -1.
fn new_shape(node: &NodeProto, target: &[i64], x: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let Some((0 | -1, rest)) = target.split_first() else {
        return Err(misfit(node, "it does not keep the pictures of a batch apart"));
    };
    let numbers = Tensor::count(x).unwrap_or(0);
    let sizes = rest.iter().enumerate().map(|(index, &size)| match size {
        0 => x.get(index).copied(),
        _ => usize::try_from(size).ok(),
    });
    let known: usize = sizes.clone().flatten().fold(1, usize::saturating_mul);
    let open = sizes.clone().filter(Option::is_none).count();
    // With the batch given by 0, one other size may be left open.
    if open > usize::from(target[0] == 0) || rest.iter().any(|&size| size < -1) {
        return Err(misfit(node, "it leaves open more than the batch"));
    }
    let inferred = numbers.checked_div(known).unwrap_or(0);
    Ok(sizes.map(|size| size.unwrap_or(inferred)).collect())
}

/// Gives the sizes of a float32 value whose first dimension is open, batch apart.
fn open_shape(value: &ValueInfoProto) -> Result<Vec<usize>, OnnxError> {
    let told = || format!("`{}` is not float32 [batch, …] with only the batch left open", short(&value.name));
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let shape =
        tensor.filter(|tensor| tensor.elem_type == DataType::Float as i32).and_then(|tensor| tensor.shape.as_ref());
    let dims = shape.map(|shape| shape.dim.as_slice()).and_then(<[_]>::split_first);
    let Some((batch, rest)) = dims else { return Err(interface("graph", &told())) };
    let size = |value: &Option<DimensionValue>| match value {
        Some(DimensionValue::DimValue(size)) => usize::try_from(*size).ok().filter(|&size| size > 0),
        _ => None,
    };
    let sizes: Option<Vec<usize>> = rest.iter().map(|dimension| size(&dimension.value)).collect();
    match sizes.filter(|sizes| size(&batch.value).is_none() && (1..=RANK_LIMIT).contains(&sizes.len())) {
        Some(sizes) => Ok(sizes),
        None => Err(interface("graph", &told())),
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn interface(part: &'static str, reason: &str) -> OnnxError {
    OnnxError::Interface { part, reason: reason.to_owned() }
}

fn misfit(node: &NodeProto, reason: &str) -> OnnxError {
    let name = if node.name.is_empty() { &node.op_type } else { &node.name };
    OnnxError::Node { node: short(name), reason: reason.to_owned() }
}
