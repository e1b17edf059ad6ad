//! A network out of its description and its tensors.

use std::collections::HashSet;

use net::architecture::{Architecture, Layer, OneHot};

use crate::error::ExportError;
use crate::graph::{Graph, Value};
use crate::model::Model;
use crate::onnx_error::{is_name, short};
use crate::op::Op;
use crate::tensor::Tensor;

/// Names the file's input, as [`OUTPUT`] does its output: the interface of a generator.
pub(crate) const INPUT: &str = "z";
pub(crate) const OUTPUT: &str = "image";

/// Bounds the classes of a description: each is a row of as many numbers.
const MOST_CLASSES: usize = 4096;

/// Gives the numbers that a network is assembled of.
pub(crate) trait Tensors {
    /// Reads the tensor of this name.
    fn tensor(&self, name: &str) -> Result<Tensor, ExportError>;
    /// Says whether there is a tensor of this name.
    fn has(&self, name: &str) -> bool;
}

/// Wires the layers one after the other, from `z` to `image`.
pub(crate) fn assemble(architecture: &Architecture, tensors: &impl Tensors) -> Result<Model, ExportError> {
    let (latent, layers) = match architecture {
        Architecture::Mlp(mlp) => {
            let layers = mlp.layers();
            (mlp.latent, layers.map_err(|reason| ExportError::DamagedMetadata { key: "architecture", reason })?)
        }
        Architecture::Sequential(sequential) => (sequential.latent, sequential.layers.clone()),
    };
    if latent == 0 || layers.is_empty() {
        let reason = "it has no layers, or a latent vector of the size 0".to_owned();
        return Err(ExportError::DamagedMetadata { key: "architecture", reason });
    }
    let (mut graph, mut value) = Graph::new(INPUT, &[latent]);
    if let Some(classes) = architecture.classes() {
        value = graph.join_class(&value, one_hot(classes)?)?;
    }
    let mut names = Names::default();
    for layer in &layers {
        let name = names.of(layer);
        if !is_name(&name) {
            let reason = format!("the layer's name `{}` is too long, or not of one line", short(&name));
            return Err(ExportError::DamagedMetadata { key: "architecture", reason });
        }
        let op = operation(layer, tensors)?;
        value = add(&mut graph, &name, op, &value)?;
    }
    Ok(graph.finish(&value, OUTPUT)?)
}

/// Gives a row for each class: zeros, and the scale in the place of the class.
fn one_hot(OneHot { count, scale }: OneHot) -> Result<Tensor, ExportError> {
    if !(1..=MOST_CLASSES).contains(&count) {
        let reason = format!("it has {count} classes: there can be 1 to {MOST_CLASSES}");
        return Err(ExportError::DamagedMetadata { key: "architecture", reason });
    }
    let mut values = vec![0.0; count * count];
    values.iter_mut().step_by(count + 1).for_each(|value| *value = scale);
    Ok(Tensor::new([count, count], values))
}

/// Gives what [`one_hot`] has made such rows of; nothing for any others.
fn as_one_hot(embedding: &Tensor) -> Option<OneHot> {
    let &[count, width] = embedding.shape.as_slice() else { return None };
    let classes = OneHot { count, scale: *embedding.values.first()? };
    (count == width && one_hot(classes).ok()? == *embedding).then_some(classes)
}

fn add(graph: &mut Graph, name: &str, op: Op, value: &Value) -> Result<Value, ExportError> {
    Ok(graph.node(name, op, &[value])?)
}

/// Gives the operation of a layer, with its tensors.
fn operation(layer: &Layer, tensors: &impl Tensors) -> Result<Op, ExportError> {
    let part = |name: &str, role: &str| tensors.tensor(&format!("{name}.{role}"));
    let bias = |name: &str| match tensors.has(&format!("{name}.bias")) {
        true => part(name, "bias").map(Some),
        false => Ok(None),
    };
    Ok(match layer {
        Layer::Gemm { name } => Op::Gemm { weight: part(name, "weight")?, bias: bias(name)? },
        Layer::MatMul { name } => Op::MatMul { weight: part(name, "weight")? },
        Layer::Add { name } => Op::AddConstant { addend: part(name, "addend")? },
        Layer::Conv { name, window } => Op::Conv { weight: part(name, "weight")?, bias: bias(name)?, window: *window },
        Layer::ConvTranspose { name, window } => {
            Op::ConvTranspose { weight: part(name, "weight")?, bias: bias(name)?, window: *window }
        }
        Layer::BatchNormalization { name, epsilon } => Op::BatchNormalization {
            scale: part(name, "weight")?,
            bias: part(name, "bias")?,
            mean: part(name, "running_mean")?,
            variance: part(name, "running_var")?,
            epsilon: *epsilon,
        },
        Layer::LeakyRelu { slope, .. } => Op::LeakyRelu { slope: *slope },
        Layer::Relu { .. } => Op::Relu,
        Layer::Tanh { .. } => Op::Tanh,
        Layer::Sigmoid { .. } => Op::Sigmoid,
        Layer::Reshape { shape, .. } => Op::Reshape { shape: shape.clone() },
        Layer::Flatten { .. } => Op::Flatten,
        Layer::Resize { factor, .. } => Op::Resize { factor: *factor },
    })
}

/// Makes names for the layers that have none: after the one before them that has weights.
#[derive(Default)]
struct Names {
    before: String,
    taken: HashSet<String>,
}

impl Names {
    fn of(&mut self, layer: &Layer) -> String {
        let (name, kind) = match layer {
            Layer::Gemm { name }
            | Layer::MatMul { name }
            | Layer::Add { name }
            | Layer::Conv { name, .. }
            | Layer::ConvTranspose { name, .. }
            | Layer::BatchNormalization { name, .. } => {
                name.clone_into(&mut self.before);
                return name.clone();
            }
            Layer::LeakyRelu { name, .. } => (name, "leaky_relu"),
            Layer::Relu { name } => (name, "relu"),
            Layer::Tanh { name } => (name, "tanh"),
            Layer::Sigmoid { name } => (name, "sigmoid"),
            Layer::Reshape { name, .. } => (name, "reshape"),
            Layer::Flatten { name } => (name, "flatten"),
            Layer::Resize { name, .. } => (name, "resize"),
        };
        if let Some(name) = name {
            return name.clone();
        }
        let dot = if self.before.is_empty() { "" } else { "." };
        let first = format!("{}{dot}{kind}", self.before);
        let numbered = (2..).map(|number| format!("{first}{number}"));
        let mut names = [first.clone()].into_iter().chain(numbered);
        names.find(|name| self.taken.insert(name.clone())).expect("there are numbers without end")
    }
}

/// Describes a network that is a chain of layers with names of their own; none for any other.
pub(crate) fn describe(model: &Model) -> Option<Architecture> {
    let [latent] = *model.input_shape() else { return None };
    if model.nodes[0].value != INPUT
        || model.nodes[model.output].value != OUTPUT
        || model.output + 1 != model.nodes.len()
    {
        return None;
    }
    let mut layers = Vec::new();
    let mut classes = None;
    for (index, node) in model.nodes.iter().enumerate().skip(1) {
        if node.takes != [index - 1] {
            return None;
        }
        let name = node.name.clone();
        let named = Some(name.clone());
        layers.push(match node.op.as_ref()? {
            Op::Gemm { .. } => Layer::Gemm { name },
            Op::MatMul { .. } => Layer::MatMul { name },
            Op::Add => return None,
            Op::JoinClass { embedding } => {
                classes = Some(as_one_hot(embedding)?);
                continue;
            }
            Op::AddConstant { .. } => Layer::Add { name },
            Op::Conv { window, .. } => Layer::Conv { name, window: *window },
            Op::ConvTranspose { window, .. } => Layer::ConvTranspose { name, window: *window },
            Op::BatchNormalization { epsilon, .. } => Layer::BatchNormalization { name, epsilon: *epsilon },
            Op::LeakyRelu { slope } => Layer::LeakyRelu { slope: *slope, name: named },
            Op::Relu => Layer::Relu { name: named },
            Op::Tanh => Layer::Tanh { name: named },
            Op::Sigmoid => Layer::Sigmoid { name: named },
            Op::Reshape { shape } => Layer::Reshape { shape: shape.clone(), name: named },
            Op::Flatten => Layer::Flatten { name: named },
            Op::Resize { factor } => Layer::Resize { factor: *factor, name: named },
        });
    }
    Some(Architecture::sequential(latent, layers).with_classes(classes))
}
