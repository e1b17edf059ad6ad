//! A model's inputs and outputs, as its file tells them.

use std::collections::{HashMap, HashSet};

use crate::onnx::{DimensionValue, GraphProto, NodeProto, TensorProto, ValueInfoProto, data_type, element_name};
use crate::refusal::short;

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// ONNX's number for the type of its numbers.
    pub element: i32,
    /// Its sizes, `None` for those left open; none at all where the file tells no shape.
    pub dims: Option<Vec<Option<usize>>>,
}

impl Port {
    /// Reads what a file tells. Sizes of 0 and -1 are how some writers leave one open.
    pub fn of(value: &ValueInfoProto) -> Port {
        let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let size = |value: &Option<DimensionValue>| match value {
            Some(DimensionValue::DimValue(size)) => usize::try_from(*size).ok().filter(|&size| size > 0),
            _ => None,
        };
        let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
        let dims = shape.map(|shape| shape.dim.iter().map(|dimension| size(&dimension.value)).collect());
        Port { name: value.name.clone(), element: tensor.map_or(0, |tensor| tensor.elem_type), dims }
    }

    /// Whether its numbers are broken ones, of any width.
    pub fn is_float(&self) -> bool {
        matches!(self.element, data_type::FLOAT | data_type::FLOAT16 | data_type::DOUBLE | data_type::BFLOAT16)
    }

    /// Whether its numbers are whole.
    pub fn is_integer(&self) -> bool {
        (2..=7).contains(&self.element) || matches!(self.element, 12 | 13)
    }

    /// In words: "`z`, float32 [?, 100]".
    pub fn describe(&self) -> String {
        let shape = match &self.dims {
            None => "of no told shape".to_owned(),
            Some(dims) => {
                let sizes = dims.iter().take(8);
                let sizes = sizes.map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()));
                format!("[{}]", sizes.collect::<Vec<_>>().join(", "))
            }
        };
        format!("`{}`, {} {shape}", short(&self.name), element_name(self.element))
    }
}

/// Ports in words, the first few of them.
pub(crate) fn describe(ports: &[Port]) -> String {
    /// More than a reader takes in; a hostile file could name thousands.
    const SHOWN: usize = 4;
    let mut parts: Vec<String> = ports.iter().take(SHOWN).map(Port::describe).collect();
    if ports.len() > SHOWN {
        parts.push(format!("and {} more", ports.len() - SHOWN));
    }
    if parts.is_empty() { "nothing".into() } else { parts.join("; ") }
}

/// A graph with its names looked up.
pub(crate) struct Names<'a> {
    pub(crate) constants: HashMap<&'a str, &'a TensorProto>,
    producers: HashMap<&'a str, &'a NodeProto>,
    consumers: HashMap<&'a str, Vec<(&'a NodeProto, usize)>>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(graph: &'a GraphProto) -> Names<'a> {
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut producers = HashMap::new();
        let mut consumers: HashMap<&str, Vec<(&NodeProto, usize)>> = HashMap::new();
        for node in &graph.node {
            if node.is("Constant")
                && let Some(tensor) = node.attribute("value").and_then(|value| value.t.as_deref())
                && let Some(output) = node.output.first()
            {
                constants.insert(output, tensor);
            }
            for output in &node.output {
                producers.insert(output.as_str(), node);
            }
            for (index, input) in node.input.iter().enumerate() {
                consumers.entry(input).or_default().push((node, index));
            }
        }
        Names { constants, producers, consumers }
    }

    /// The node that gives a value.
    pub(crate) fn producer(&self, name: &str) -> Option<&'a NodeProto> {
        self.producers.get(name).copied()
    }

    /// The nodes that take a value, and as which input.
    pub(crate) fn consumers(&self, name: &str) -> &[(&'a NodeProto, usize)] {
        self.consumers.get(name).map_or(&[], Vec::as_slice)
    }
}

/// What a graph takes: its inputs without the constants, which old writers list among them.
pub fn inputs(graph: &GraphProto) -> Vec<Port> {
    let sparse = graph.sparse_initializer.iter().filter_map(|tensor| tensor.values.as_ref());
    let constants: HashSet<&str> = graph.initializer.iter().chain(sparse).map(|tensor| tensor.name.as_str()).collect();
    graph.input.iter().filter(|input| !constants.contains(input.name.as_str())).map(Port::of).collect()
}
