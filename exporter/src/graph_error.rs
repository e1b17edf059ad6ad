//! What can be wrong with a graph: at which node, with which tensor, and both shapes.

use thiserror::Error;

/// Why a graph cannot be built as asked. Shapes are written out: `[batch, 3]` for a value, `[5, 3]` for a constant, with
/// a word in the place of a size that may be any. The one with six texts has them boxed, so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A constant does not have the shape that the value it meets calls for.
    #[error("node `{node}`: the tensor `{tensor}` has the shape {found}; `{value}` {value_shape} calls for {expected}")]
    TensorShape {
        /// The node's name.
        node: Box<str>,
        /// The constant's name.
        tensor: Box<str>,
        /// The constant's shape.
        found: Box<str>,
        /// The name of the value that it meets.
        value: Box<str>,
        /// That value's shape.
        value_shape: Box<str>,
        /// The shape that would fit.
        expected: Box<str>,
    },
    /// A value does not have the shape that the operator takes.
    #[error("node `{node}`: the value `{value}` has the shape {found}; {expected} is needed")]
    ValueShape {
        /// The node's name.
        node: String,
        /// The value's name.
        value: String,
        /// The value's shape.
        found: String,
        /// What would fit.
        expected: String,
    },
    /// A tensor's shape calls for another count of numbers than there are.
    #[error("node `{node}`: the tensor `{tensor}` has the shape {shape} and {found} numbers")]
    TensorCount {
        /// The node's name.
        node: String,
        /// The constant's name.
        tensor: String,
        /// The constant's shape.
        shape: String,
        /// How many numbers it holds.
        found: usize,
    },
    /// A number that no runtime computes with: NaN, an infinity, or a variance below 0.
    #[error("node `{node}`: the tensor `{tensor}` holds {value} at position {position}")]
    TensorValue {
        /// The node's name.
        node: String,
        /// The constant's name.
        tensor: String,
        /// The number.
        value: String,
        /// Where, counted row-major from 0.
        position: usize,
    },
    /// A setting of an operator that ONNX does not allow.
    #[error("node `{node}`: {reason}")]
    Setting {
        /// The node's name.
        node: String,
        /// Which setting, and what it must be.
        reason: String,
    },
    /// Two things in one file cannot have one name.
    #[error("the name `{name}` is taken: each node, and each tensor named after it, needs its own")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// The value was made by another graph.
    #[error("node `{node}`: the value `{value}` belongs to another graph")]
    ForeignValue {
        /// The node's name, or what the value was given for.
        node: String,
        /// The value's name.
        value: String,
    },
    /// A picture's worth of numbers that is beyond what this crate writes.
    #[error("node `{node}`: its result {shape} is larger than {limit} numbers a picture")]
    TooLarge {
        /// The node's name.
        node: String,
        /// The result's shape.
        shape: String,
        /// The most numbers.
        limit: usize,
    },
    /// Half precision has no such number.
    #[error("node `{node}`: the tensor `{tensor}` holds {value}, which is beyond float16")]
    BeyondHalf {
        /// The node's name.
        node: String,
        /// The constant's name.
        tensor: String,
        /// The number.
        value: String,
    },
    /// The parity vectors are not those of this graph.
    #[error(
        "the parity vectors hold {z} latent numbers and {image} pixels; the graph takes {inputs} and gives {outputs}"
    )]
    Parity {
        /// Numbers of all latent vectors.
        z: usize,
        /// Numbers of all pictures.
        image: usize,
        /// Numbers that one latent vector has.
        inputs: usize,
        /// Numbers that one picture has.
        outputs: usize,
    },
}

impl GraphError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TensorShape { .. } | Self::ValueShape { .. } | Self::TensorCount { .. } => {
                "give the tensors that the network was trained with, in the order of its layers"
            }
            Self::TensorValue { .. } => "the training diverged: train again with a lower rate or another seed",
            Self::Setting { .. } => "change that setting of the layer",
            Self::DuplicateName { .. } => "give each layer another name",
            Self::ForeignValue { .. } => "use only values that this graph's own methods have returned",
            Self::TooLarge { .. } => "use smaller strides or factors",
            Self::BeyondHalf { .. } => "use `--precision f32` or `--precision int8`",
            Self::Parity { .. } => "give whole latent vectors, and one picture for each",
        }
    }
}

/// A value's shape as messages tell it: the open dimension in front.
pub(crate) fn with_batch(shape: &[usize]) -> String {
    let sizes = shape.iter().map(usize::to_string);
    format!("[{}]", ["batch".to_owned()].into_iter().chain(sizes).collect::<Vec<_>>().join(", "))
}

/// A shape of which some sizes are free: those are words.
pub(crate) fn pattern(sizes: &[&dyn std::fmt::Display]) -> String {
    format!("[{}]", sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
