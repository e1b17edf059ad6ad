//! An ONNX model as a generator: one latent vector in, a chain of layers, one picture out.
//!
//! A model of this family is a chain, since each of its operators takes one computed value and constants. So the graph
//! is walked from `image` back to `z`, checking shapes on the way forth, and everything else in the file is ignored as
//! ONNX asks. Sizes are compared with the bytes that are really there before anything of that size is allocated.
//!
//! A generator that is told a class has one thing more, at the head of the chain: a Gather takes the class's row out of a
//! table, and a Concat puts it behind z.
//!
//! Source: the operators Gemm, Conv, ConvTranspose, Resize, LeakyRelu, Tanh, Reshape, Flatten, Gather and Concat of <https://onnx.ai/onnx/operators/>, opset 13 and later.

use std::collections::{BTreeMap, HashMap};

use net::{Conv, Map};
use tract_onnx::pb;

use crate::LoadError;

/// The operators understood, for messages.
const OPERATORS: [&str; 8] = ["Conv", "ConvTranspose", "Flatten", "Gemm", "LeakyRelu", "Reshape", "Resize", "Tanh"];
/// What only a generator with classes has besides.
const CLASS_OPERATORS: [&str; 2] = ["Concat", "Gather"];
/// The slope of `LeakyRelu` where the node does not give one, by ONNX's definition.
const DEFAULT_SLOPE: f32 = 0.01;
/// No layer may be wider than a 256 x 256 picture in colour: a batch of 100 of them is 79 MB, which a phone's browser
/// still gives.
const WIDTH_LIMIT: usize = 3 * 256 * 256;
/// No kernel, stride or padding may be larger: none that people use is.
const WINDOW_LIMIT: i64 = 64;
/// What all windows of a picture see together, and the picture with its zeros, may be no more numbers: 64 MB.
const SEEN_LIMIT: usize = 1 << 24;

/// A generator's layers in the order they are applied, shapes checked from end to end.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) latent_size: usize,
    /// What is put behind a latent vector, of a generator that is told a class.
    pub(crate) embedding: Option<Embedding>,
    pub(crate) layers: Vec<Layer>,
}

/// The numbers that stand for each class.
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    pub(crate) classes: usize,
    pub(crate) width: usize,
    /// [classes, width], row-major.
    pub(crate) table: Vec<f32>,
}

/// One step from a [batch, …] value to the next.
#[derive(Debug)]
pub(crate) enum Layer {
    /// x · W + b.
    Dense(Dense),
    /// x where x is positive, else slope · x.
    LeakyRelu { slope: f32 },
    /// tanh x.
    Tanh,
    /// The same numbers under another shape, [batch] apart.
    Reshape { shape: Vec<usize> },
    /// Each row and column so many times. A convolution follows.
    Resize { factor: usize },
    /// A window that slides over a picture.
    Convolution(Convolution),
}

/// A convolution, or the transpose of one.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// What goes in and what comes out of the convolution; the transpose has them exchanged.
    pub(crate) conv: Conv,
    pub(crate) transposed: bool,
    /// [channels of `to`, channels of `from`, kernel, kernel].
    pub(crate) weight: Vec<f32>,
    /// [channels of what comes out].
    pub(crate) bias: Vec<f32>,
}

/// What a convolution takes and what it gives, or its transpose: [channels, rows, columns] of both.
pub(crate) fn sides(conv: Conv, transposed: bool) -> [[usize; 3]; 2] {
    let map = if transposed { Map::ConvTranspose(conv) } else { Map::Conv(conv) };
    [map.takes(), map.gives()].map(|side| side.expect("a convolution leads from picture to picture"))
}

/// A fully connected layer.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Row-major: [outputs, inputs] if `transposed`, else [inputs, outputs].
    pub(crate) weight: Vec<f32>,
    pub(crate) transposed: bool,
    /// [outputs].
    pub(crate) bias: Vec<f32>,
}

impl Network {
    /// Reads the graph of a decoded model.
    pub(crate) fn from_graph(graph: &pb::GraphProto) -> Result<Network, LoadError> {
        let Interface { latent_size, image_shape, has_class } = Interface::of(graph)?;
        let initializers = initializers(graph);
        let Chain { joined, nodes } = chain(graph, has_class)?;
        let embedding = joined.map(|nodes| read_embedding(nodes, &initializers)).transpose()?;
        let mut shape = vec![latent_size + embedding.as_ref().map_or(0, |embedding| embedding.width)];
        let mut layers = Vec::new();
        for node in nodes {
            let layer = read_layer(node, &initializers, &shape)?;
            if let Some(Layer::Resize { .. }) = layers.last()
                && !matches!(layer, Layer::Convolution(Convolution { transposed: false, .. }))
            {
                let reason = "it follows a Resize, which here goes with a Conv alone".into();
                return Err(LoadError::Graph { node: title(node), reason });
            }
            shape = layer.output_shape(shape);
            layers.push(layer);
        }
        if let Some(Layer::Resize { .. }) = layers.last() {
            let reason = "no Conv follows the Resize that gives it".into();
            return Err(LoadError::Graph { node: "image".into(), reason });
        }
        if shape != image_shape {
            let reason =
                format!("it is declared as [batch, {}] and comes out as [batch, {}]", list(&image_shape), list(&shape));
            return Err(LoadError::Graph { node: "image".into(), reason });
        }
        Ok(Network { latent_size, embedding, layers })
    }

    /// How many numbers the first layer is given for a picture.
    pub(crate) fn inputs(&self) -> usize {
        self.latent_size + self.embedding.as_ref().map_or(0, |embedding| embedding.width)
    }
}

/// What any generator takes and gives.
pub(crate) struct Interface {
    pub(crate) latent_size: usize,
    /// Channels, height, width.
    pub(crate) image_shape: [usize; 3],
    /// Whether it is told a class too.
    pub(crate) has_class: bool,
}

impl Interface {
    /// Reads it off a graph.
    pub(crate) fn of(graph: &pb::GraphProto) -> Result<Interface, LoadError> {
        let initializers = initializers(graph);
        // Old writers list the weights among the inputs too.
        let inputs: Vec<_> = graph.input.iter().filter(|input| !initializers.contains_key(&*input.name)).collect();
        let outputs: Vec<_> = graph.output.iter().collect();
        let (class, latent): (Vec<_>, Vec<_>) = inputs.iter().copied().partition(|input| is_class(input));
        let latent_size = latent_size(&latent).filter(|_| class.len() < 2);
        let latent_size = latent_size.ok_or_else(|| LoadError::Inputs { found: describe(&inputs) })?;
        let image_shape = image_shape(&outputs).ok_or_else(|| LoadError::Outputs { found: describe(&outputs) })?;
        within_limit("the latent size", latent_size)?;
        let pixels = image_shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        within_limit("the number of pixels", pixels.unwrap_or(usize::MAX))?;
        Ok(Interface { latent_size, image_shape, has_class: !class.is_empty() })
    }
}

fn initializers(graph: &pb::GraphProto) -> HashMap<&str, &pb::TensorProto> {
    graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect()
}

impl Layer {
    /// The shape after this layer of a value that had `shape` before it, [batch] apart.
    fn output_shape(&self, shape: Vec<usize>) -> Vec<usize> {
        match self {
            Layer::Dense(dense) => vec![dense.outputs],
            Layer::Reshape { shape } => shape.clone(),
            Layer::Resize { factor } => vec![shape[0], shape[1] * factor, shape[2] * factor],
            Layer::Convolution(Convolution { conv, transposed, .. }) => sides(*conv, *transposed)[1].to_vec(),
            Layer::LeakyRelu { .. } | Layer::Tanh => shape,
        }
    }
}

/// `metadata_props` as a map. Where a key is given twice, the last one counts.
pub(crate) fn metadata(model: &pb::ModelProto) -> BTreeMap<String, String> {
    model.metadata_props.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}

/// Whether an input is `class`, int64 [batch] with the batch left open.
fn is_class(input: &pb::ValueInfoProto) -> bool {
    use pb::tensor_shape_proto::dimension::Value;
    let int64 = pb::tensor_proto::DataType::Int64 as i32;
    let shape = tensor_type(input).filter(|tensor| tensor.elem_type == int64).and_then(|tensor| tensor.shape.as_ref());
    let is_open = shape.is_some_and(|shape| match &shape.dim[..] {
        [batch] => !matches!(batch.value, Some(Value::DimValue(_))),
        _ => false,
    });
    input.name == "class" && is_open
}

/// The latent size, if the only input besides a class is `z`, float32 [batch, latent size] with the batch left open.
fn latent_size(inputs: &[&pb::ValueInfoProto]) -> Option<usize> {
    match inputs {
        [z] if z.name == "z" => match float_shape(z)?.as_slice() {
            [None, Some(latent)] => Some(*latent),
            _ => None,
        },
        _ => None,
    }
}

/// The picture's shape, if the only output is `image`, float32 [batch, channels, height, width].
fn image_shape(outputs: &[&pb::ValueInfoProto]) -> Option<[usize; 3]> {
    match outputs {
        [image] if image.name == "image" => match *float_shape(image)?.as_slice() {
            [None, Some(channels @ (1 | 3)), Some(height), Some(width)] => Some([channels, height, width]),
            _ => None,
        },
        _ => None,
    }
}

/// The dimensions of a float32 value, `None` for those left open; no shape at all for other types.
fn float_shape(value: &pb::ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let tensor = tensor_type(value)?;
    if tensor.elem_type != pb::tensor_proto::DataType::Float as i32 {
        return None;
    }
    tensor
        .shape
        .as_ref()?
        .dim
        .iter()
        .map(|dim| match dim.value {
            Some(pb::tensor_shape_proto::dimension::Value::DimValue(size)) => {
                usize::try_from(size).ok().filter(|&size| size > 0).map(Some)
            }
            _ => Some(None),
        })
        .collect()
}

fn tensor_type(value: &pb::ValueInfoProto) -> Option<&pb::type_proto::Tensor> {
    let pb::type_proto::Value::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()?;
    Some(tensor)
}

/// Values as a message tells them: "`z`, float32 [batch, 100]".
fn describe(values: &[&pb::ValueInfoProto]) -> String {
    use pb::tensor_shape_proto::dimension::Value;
    /// More than a reader takes in; a hostile file could name thousands.
    const SHOWN: usize = 4;

    let mut parts: Vec<String> = values
        .iter()
        .take(SHOWN)
        .map(|value| {
            let name = shorten(&value.name);
            let Some(tensor) = tensor_type(value) else { return format!("`{name}`, not a tensor") };
            let element = match pb::tensor_proto::DataType::try_from(tensor.elem_type) {
                Ok(pb::tensor_proto::DataType::Float) => "float32".to_string(),
                Ok(pb::tensor_proto::DataType::Double) => "float64".to_string(),
                Ok(other) => other.as_str_name().to_lowercase(),
                Err(_) => format!("type {}", tensor.elem_type),
            };
            let dims = tensor.shape.iter().flat_map(|shape| &shape.dim).take(8).map(|dim| match &dim.value {
                Some(Value::DimValue(size)) => size.to_string(),
                Some(Value::DimParam(name)) if !name.is_empty() => shorten(name),
                _ => "?".to_string(),
            });
            format!("`{name}`, {element} [{}]", dims.collect::<Vec<_>>().join(", "))
        })
        .collect();
    if values.len() > SHOWN {
        parts.push(format!("and {} more", values.len() - SHOWN));
    }
    if parts.is_empty() { "there are none".into() } else { parts.join("; ") }
}

/// The nodes of a graph in the order in which they are run.
struct Chain<'a> {
    /// What puts the numbers of a class behind z: a Gather and a Concat.
    joined: Option<[&'a pb::NodeProto; 2]>,
    /// From there, or from `z`, to `image`.
    nodes: Vec<&'a pb::NodeProto>,
}

fn chain(graph: &pb::GraphProto, has_class: bool) -> Result<Chain<'_>, LoadError> {
    for node in &graph.node {
        let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
        let operator = node.op_type.as_str();
        if !standard || !(OPERATORS.contains(&operator) || has_class && CLASS_OPERATORS.contains(&operator)) {
            let prefix = if standard { String::new() } else { format!("{}.", shorten(&node.domain)) };
            return Err(LoadError::Operator { operator: prefix + &shorten(operator), known: OPERATORS.join(", ") });
        }
    }
    let producers: HashMap<&str, &pb::NodeProto> =
        graph.node.iter().flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node))).collect();
    let mut nodes = Vec::new();
    let mut joined = None;
    let mut value = "image";
    while value != "z" {
        let Some(&node) = producers.get(value) else {
            return Err(LoadError::Graph { node: shorten(value), reason: "nothing in the file computes it".into() });
        };
        if node.op_type == "Concat" {
            joined = Some([gather(node, &producers)?, node]);
            break;
        }
        // A chain visits a node once; a longer walk goes round in a circle.
        if nodes.len() == graph.node.len() {
            return Err(LoadError::Graph { node: title(node), reason: "it takes its own result".into() });
        }
        nodes.push(node);
        value = node.input.first().map_or("", String::as_str);
    }
    if has_class && joined.is_none() {
        return Err(LoadError::Graph { node: "class".into(), reason: "no Concat puts its numbers behind `z`".into() });
    }
    nodes.reverse();
    Ok(Chain { joined, nodes })
}

/// The node that gives what a Concat puts behind z.
fn gather<'a>(
    concat: &pb::NodeProto,
    producers: &HashMap<&str, &'a pb::NodeProto>,
) -> Result<&'a pb::NodeProto, LoadError> {
    let found = match &concat.input[..] {
        [z, other] if z == "z" => producers.get(other.as_str()).filter(|node| node.op_type == "Gather").copied(),
        _ => None,
    };
    found.ok_or_else(|| {
        let reason = "it joins something else than `z` and what a Gather finds for `class`, in this order";
        LoadError::Graph { node: title(concat), reason: reason.into() }
    })
}

/// The table of a model's classes: the Gather must take rows of it by `class`, and the Concat put them behind `z`.
fn read_embedding(
    [gather, concat]: [&pb::NodeProto; 2],
    initializers: &HashMap<&str, &pb::TensorProto>,
) -> Result<Embedding, LoadError> {
    let misfit = |node: &pb::NodeProto, reason: String| Err(LoadError::Graph { node: title(node), reason });
    // Of two dimensions, the first is also the second last.
    let axis = attribute(gather, "axis").map_or(0, |axis| axis.i);
    if !matches!(axis, 0 | -2) {
        return misfit(gather, format!("it takes no rows of its table, one for each class (its axis is {axis})"));
    }
    let axis = attribute(concat, "axis").map(|axis| axis.i);
    if !matches!(axis, Some(1 | -1)) {
        let axis = axis.map_or("missing".into(), |axis| axis.to_string());
        return misfit(concat, format!("it does not join along the numbers of a picture (its axis is {axis})"));
    }
    let [name, class] = &gather.input[..] else { return misfit(gather, "it takes a table and `class`".into()) };
    if class != "class" {
        return misfit(gather, format!("it looks `{}` up, not `class`", shorten(class)));
    }
    let (dims, table) = floats(name, initializers)?;
    let (classes, width) = match dims[..] {
        [classes, width] if classes > 0 && width > 0 => (classes, width),
        _ => return misfit(gather, format!("its table is [{}], not [classes, width]", list(&dims))),
    };
    within_limit("the width of a class", width)?;
    Ok(Embedding { classes, width, table })
}

/// One node as a layer on a value of `shape`, [batch] apart.
fn read_layer(
    node: &pb::NodeProto,
    initializers: &HashMap<&str, &pb::TensorProto>,
    shape: &[usize],
) -> Result<Layer, LoadError> {
    match node.op_type.as_str() {
        "Gemm" => read_gemm(node, initializers, shape).map(Layer::Dense),
        "LeakyRelu" => {
            let slope = attribute(node, "alpha").map_or(DEFAULT_SLOPE, |alpha| alpha.f);
            Ok(Layer::LeakyRelu { slope })
        }
        "Reshape" => read_reshape(node, initializers, shape).map(|shape| Layer::Reshape { shape }),
        "Tanh" => Ok(Layer::Tanh),
        "Flatten" => read_flatten(node, shape).map(|shape| Layer::Reshape { shape }),
        "Resize" => read_resize(node, initializers, shape),
        "Conv" => read_convolution(node, initializers, shape, false).map(Layer::Convolution),
        "ConvTranspose" => read_convolution(node, initializers, shape, true).map(Layer::Convolution),
        // `chain` lets nothing else through; were an operator only listed there, it would be refused here, and not drawn wrongly.
        other => Err(LoadError::Operator { operator: shorten(other), known: OPERATORS.join(", ") }),
    }
}

/// Gemm is alpha · x · B + beta · C; alpha and beta are taken into the weights.
fn read_gemm(
    node: &pb::NodeProto,
    initializers: &HashMap<&str, &pb::TensorProto>,
    shape: &[usize],
) -> Result<Dense, LoadError> {
    let misfit = |reason: String| LoadError::Graph { node: title(node), reason };
    let &[inputs] = shape else {
        return Err(misfit(format!("it takes [batch, size] and is given [batch, {}]", list(shape))));
    };
    if attribute(node, "transA").is_some_and(|attribute| attribute.i != 0) {
        return Err(misfit("it would mix the pictures of a batch (transA)".into()));
    }
    let transposed = attribute(node, "transB").is_some_and(|attribute| attribute.i != 0);
    let alpha = attribute(node, "alpha").map_or(1.0, |attribute| attribute.f);
    let beta = attribute(node, "beta").map_or(1.0, |attribute| attribute.f);

    let weight_name = node.input.get(1).map_or("", String::as_str);
    let (dims, mut weight) = floats(weight_name, initializers)?;
    let (weight_inputs, outputs) = match (dims.as_slice(), transposed) {
        (&[inputs, outputs], false) => (inputs, outputs),
        (&[outputs, inputs], true) => (inputs, outputs),
        _ => return Err(misfit(format!("its weights are [{}], not a matrix", list(&dims)))),
    };
    if weight_inputs != inputs {
        return Err(misfit(format!("its weights take {weight_inputs} numbers and it is given {inputs}")));
    }
    within_limit("a layer's width", outputs)?;
    let mut bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        None => vec![0.0; outputs],
        Some(name) => {
            let (dims, bias) = floats(name, initializers)?;
            match dims.as_slice() {
                [size] | [1, size] if *size == outputs => bias,
                _ => return Err(misfit(format!("its bias is [{}] and its result [batch, {outputs}]", list(&dims)))),
            }
        }
    };
    weight.iter_mut().for_each(|value| *value *= alpha);
    bias.iter_mut().for_each(|value| *value *= beta);
    Ok(Dense { inputs, outputs, weight, transposed, bias })
}

/// All numbers of a picture in a line.
fn read_flatten(node: &pb::NodeProto, shape: &[usize]) -> Result<Vec<usize>, LoadError> {
    match attribute(node, "axis").map_or(1, |axis| axis.i) {
        1 => Ok(vec![shape.iter().product()]),
        axis => {
            let reason = format!("it does not keep the pictures of a batch apart (its axis is {axis})");
            Err(LoadError::Graph { node: title(node), reason })
        }
    }
}

/// Rows and columns repeated a whole number of times, as a convolution after it can do itself.
fn read_resize(
    node: &pb::NodeProto,
    initializers: &HashMap<&str, &pb::TensorProto>,
    shape: &[usize],
) -> Result<Layer, LoadError> {
    let misfit = |reason: String| LoadError::Graph { node: title(node), reason };
    let &[channels, rows, columns] = shape else {
        return Err(misfit(format!("it takes [batch, channels, height, width] and is given [batch, {}]", list(shape))));
    };
    let is = |name: &str, usual: &str, taken: &str| {
        attribute(node, name).map_or(usual.as_bytes(), |attribute| &attribute.s[..]) == taken.as_bytes()
    };
    let repeats = is("mode", "nearest", "nearest")
        && is("coordinate_transformation_mode", "half_pixel", "asymmetric")
        && is("nearest_mode", "round_prefer_floor", "floor");
    if !repeats {
        return Err(misfit("it does more than repeat rows and columns (nearest, asymmetric, floor)".into()));
    }
    let (_, scales) = floats(node.input.get(2).map_or("", String::as_str), initializers)?;
    let factor = match scales[..] {
        [1.0, 1.0, rows, columns] if rows == columns && rows >= 1.0 && rows.fract() == 0.0 => rows as usize,
        _ => return Err(misfit("it does not repeat rows and columns a whole number of times".into())),
    };
    let numbers = [channels, rows, columns, factor, factor].iter().fold(1usize, |all, &size| all.saturating_mul(size));
    within_limit("a layer's width", numbers)?;
    Ok(Layer::Resize { factor })
}

/// A convolution whose window is the same along rows and columns, or the transpose of one.
fn read_convolution(
    node: &pb::NodeProto,
    initializers: &HashMap<&str, &pb::TensorProto>,
    shape: &[usize],
    transposed: bool,
) -> Result<Convolution, LoadError> {
    let misfit = |reason: String| LoadError::Graph { node: title(node), reason };
    let &[channels, rows, columns] = shape else {
        return Err(misfit(format!("it takes [batch, channels, height, width] and is given [batch, {}]", list(shape))));
    };
    let (dims, weight) = floats(node.input.get(1).map_or("", String::as_str), initializers)?;
    let &[to, from, kernel, width] = dims.as_slice() else {
        return Err(misfit(format!("its weights are [{}], not those of a kernel", list(&dims))));
    };
    if kernel != width || kernel == 0 || kernel as i64 > WINDOW_LIMIT || to == 0 || from == 0 {
        return Err(misfit(format!("its weights are [{}], and a kernel is a square here", list(&dims))));
    }
    let taken = if transposed { to } else { from };
    if taken != channels {
        return Err(misfit(format!("its weights take {taken} channels and it is given {channels}")));
    }
    let same = |name: &str, usual: i64, [least, most]: [i64; 2]| -> Result<usize, LoadError> {
        let values = attribute(node, name).map_or(vec![usual], |attribute| attribute.ints.clone());
        match values.split_first() {
            Some((&first, rest)) if rest.iter().all(|&value| value == first) && (least..=most).contains(&first) => {
                Ok(first as usize)
            }
            _ => Err(misfit(format!(
                "its {name} are not the same along rows and columns, or not from {least} to {most}"
            ))),
        }
    };
    let pads_itself = attribute(node, "auto_pad").is_some_and(|attribute| attribute.s != b"NOTSET");
    let groups = attribute(node, "group").map_or(1, |attribute| attribute.i);
    if pads_itself || groups != 1 || attribute(node, "output_shape").is_some() {
        return Err(misfit("its groups, automatic pads or given output are not known here".into()));
    }
    same("kernel_shape", kernel as i64, [kernel as i64; 2])?;
    same("dilations", 1, [1, 1])?;
    same("output_padding", 0, [0, 0])?;
    let stride = same("strides", 1, [1, WINDOW_LIMIT])?;
    let padding = same("pads", 0, [0, WINDOW_LIMIT])?;
    let conv = match transposed {
        false => Conv::over([from, rows, columns], to, kernel, stride, padding, 1),
        true => Conv::under([to, rows, columns], from, kernel, stride, padding),
    };
    let conv = conv.ok_or_else(|| misfit(format!("its window leaves nothing of [batch, {}]", list(shape))))?;
    let [taken, given] = sides(conv, transposed);
    let count = |sizes: [usize; 3]| sizes.iter().fold(1usize, |all, &size| all.saturating_mul(size));
    within_limit("a layer's width", count(taken).max(count(given)))?;
    let seen = conv.seen();
    if seen > SEEN_LIMIT {
        let (what, limit) = ("what the windows of a layer see", SEEN_LIMIT as u64);
        return Err(LoadError::TooLarge { what, found: seen as u64, limit });
    }
    let outputs = given[0];
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        None => vec![0.0; outputs],
        Some(name) => match floats(name, initializers)? {
            (dims, bias) if dims == [outputs] => bias,
            (dims, _) => return Err(misfit(format!("its bias is [{}] for {outputs} channels", list(&dims)))),
        },
    };
    Ok(Convolution { conv, transposed, weight, bias })
}

/// The new shape, [batch] apart: the constant must keep the first dimension, as 0 or -1, and name the others.
fn read_reshape(
    node: &pb::NodeProto,
    initializers: &HashMap<&str, &pb::TensorProto>,
    shape: &[usize],
) -> Result<Vec<usize>, LoadError> {
    let misfit = |reason: &str| LoadError::Graph { node: title(node), reason: reason.into() };
    let name = node.input.get(1).map_or("", String::as_str);
    let target = integers(name, initializers)?;
    let wanted: Option<Vec<usize>> = match target.split_first() {
        Some((0 | -1, rest)) => rest.iter().map(|&size| usize::try_from(size).ok().filter(|&size| size > 0)).collect(),
        _ => None,
    };
    let wanted = wanted.ok_or_else(|| misfit("it does not keep the pictures of a batch apart"))?;
    let numbers = wanted.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    if numbers != Some(shape.iter().product()) {
        return Err(misfit(&format!("it makes [batch, {}] of [batch, {}]", list(&wanted), list(shape))));
    }
    Ok(wanted)
}

/// A float32 constant: its dimensions and its values, row-major, all finite.
fn floats(name: &str, initializers: &HashMap<&str, &pb::TensorProto>) -> Result<(Vec<usize>, Vec<f32>), LoadError> {
    let unusable = |reason: String| LoadError::Weights { name: shorten(name), reason };
    let tensor = constant(name, initializers)?;
    if tensor.data_type != pb::tensor_proto::DataType::Float as i32 {
        return Err(unusable("they are not float32".into()));
    }
    let (dims, count) = dimensions(tensor)?;
    let values: Vec<f32> = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        // ONNX's raw data is little-endian on every machine. A remainder would be part of a number: counted as one more.
        let whole = tensor.raw_data.len().is_multiple_of(4);
        let values = tensor.raw_data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        values.chain((!whole).then_some(0.0)).collect()
    };
    if Some(values.len()) != count {
        return Err(unusable(format!("[{}] is declared and {} numbers are there", list(&dims), values.len())));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(unusable("they hold NaN or infinity".into()));
    }
    Ok((dims, values))
}

/// An int64 constant of one dimension.
fn integers(name: &str, initializers: &HashMap<&str, &pb::TensorProto>) -> Result<Vec<i64>, LoadError> {
    let tensor = constant(name, initializers)?;
    let (dims, count) = dimensions(tensor)?;
    let values: Vec<i64> = if tensor.raw_data.is_empty() {
        tensor.int64_data.clone()
    } else {
        let raw = tensor.raw_data.chunks_exact(8);
        raw.map(|b| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])).collect()
    };
    if tensor.data_type != pb::tensor_proto::DataType::Int64 as i32 || dims.len() != 1 || Some(values.len()) != count {
        return Err(LoadError::Weights { name: shorten(name), reason: "they are not a list of int64".into() });
    }
    Ok(values)
}

fn constant<'a>(
    name: &str,
    initializers: &HashMap<&str, &'a pb::TensorProto>,
) -> Result<&'a pb::TensorProto, LoadError> {
    let unusable = |reason: &str| LoadError::Weights { name: shorten(name), reason: reason.into() };
    let tensor = initializers.get(name).ok_or_else(|| unusable("they are not in the file as an initializer"))?;
    if !tensor.external_data.is_empty() {
        return Err(unusable("they are kept in another file"));
    }
    Ok(tensor)
}

/// A tensor's dimensions, and how many numbers that is unless it overflows.
fn dimensions(tensor: &pb::TensorProto) -> Result<(Vec<usize>, Option<usize>), LoadError> {
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
    let Some(dims) = dims.filter(|dims| dims.len() <= 8) else {
        return Err(LoadError::Weights { name: shorten(&tensor.name), reason: "their shape makes no sense".into() });
    };
    let count = dims.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    Ok((dims, count))
}

fn within_limit(what: &'static str, found: usize) -> Result<(), LoadError> {
    if found <= WIDTH_LIMIT {
        return Ok(());
    }
    Err(LoadError::TooLarge { what, found: found as u64, limit: WIDTH_LIMIT as u64 })
}

fn attribute<'a>(node: &'a pb::NodeProto, name: &str) -> Option<&'a pb::AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A node's name for messages; ONNX lets it be empty.
fn title(node: &pb::NodeProto) -> String {
    shorten(if node.name.is_empty() { &node.op_type } else { &node.name })
}

fn list(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// A string of the file, short enough for a sentence: a hostile one may hold megabytes.
pub(crate) fn shorten(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.into(),
    }
}
