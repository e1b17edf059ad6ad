//! What can be wrong with a graph: at which node, with which tensor, and both shapes.

use thiserror::Error;

/// Says why a graph cannot be built as asked. Shapes are written out: `[batch, 3]` for a value, `[5, 3]` for a
/// constant, with a word in the place of a size that may be any. The one with six texts has them boxed, so that results
/// stay small.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Means that a constant does not have the shape that the value it meets calls for.
    #[error("node `{node}`: the tensor `{tensor}` has the shape {found}; `{value}` {value_shape} calls for {expected}")]
    TensorShape {
        /// Names the node whose constant it is.
        node: Box<str>,
        /// Names the constant, the node's name in front.
        tensor: Box<str>,
        /// Gives the constant's shape.
        found: Box<str>,
        /// Names the value that it meets.
        value: Box<str>,
        /// Gives that value's shape.
        value_shape: Box<str>,
        /// Gives the shape that would fit.
        expected: Box<str>,
    },
    /// Means that a value does not have the shape that the operator takes.
    #[error("node `{node}`: the value `{value}` has the shape {found}; {expected} is needed")]
    ValueShape {
        /// Names the node that takes it.
        node: String,
        /// Names the value.
        value: String,
        /// Gives the value's shape.
        found: String,
        /// Gives the shape that would fit.
        expected: String,
    },
    /// Means that a tensor's shape calls for another count of numbers than there are.
    #[error("node `{node}`: the tensor `{tensor}` has the shape {shape} and {found} numbers")]
    TensorCount {
        /// Names the node whose constant it is.
        node: String,
        /// Names the constant, the node's name in front.
        tensor: String,
        /// Gives the constant's shape.
        shape: String,
        /// Counts the numbers that it holds.
        found: usize,
    },
    /// Means that there is a number that no runtime computes with: NaN, an infinity, or a variance below 0.
    #[error("node `{node}`: the tensor `{tensor}` holds {value} at position {position}")]
    TensorValue {
        /// Names the node whose constant it is.
        node: String,
        /// Names the constant, the node's name in front.
        tensor: String,
        /// Gives the number.
        value: String,
        /// Says where in the constant it is, counted row-major from 0.
        position: usize,
    },
    /// Means that an operator has a setting that ONNX does not allow.
    #[error("node `{node}`: {reason}")]
    Setting {
        /// Names the node.
        node: String,
        /// Says which setting it is, and what it must be.
        reason: String,
    },
    /// Means that two things in one file would have one name.
    #[error("the name `{name}` is taken: each node, and each tensor named after it, needs its own")]
    DuplicateName {
        /// Gives the name that is taken already.
        name: String,
    },
    /// Means that a value was made by another graph.
    #[error("node `{node}`: the value `{value}` belongs to another graph")]
    ForeignValue {
        /// Names the node, or says what the value was given for.
        node: String,
        /// Names the value.
        value: String,
    },
    /// Means that a picture's worth of a value is more numbers than this crate writes.
    #[error("node `{node}`: its result {shape} is larger than {limit} numbers a picture")]
    TooLarge {
        /// Names the node whose result it is.
        node: String,
        /// Gives the result's shape.
        shape: String,
        /// Counts the most numbers that there may be.
        limit: usize,
    },
    /// Means that half precision has no such number.
    #[error("node `{node}`: the tensor `{tensor}` holds {value}, which is beyond float16")]
    BeyondHalf {
        /// Names the node whose constant it is.
        node: String,
        /// Names the constant, the node's name in front.
        tensor: String,
        /// Gives the number that is too large.
        value: String,
    },
    /// Means that the parity vectors are not those of this graph.
    #[error(
        "the parity vectors hold {z} latent numbers and {image} pixels; the graph takes {inputs} and gives {outputs}"
    )]
    Parity {
        /// Counts the numbers of all latent vectors.
        z: usize,
        /// Counts the numbers of all pictures.
        image: usize,
        /// Counts the numbers that one latent vector has.
        inputs: usize,
        /// Counts the numbers that one picture has.
        outputs: usize,
    },
    /// Means that the classes of the parity vectors are not those of this graph.
    #[error("the parity vectors are {count} of the classes {found:?}; the graph takes {classes} classes")]
    ParityClass {
        /// Lists the classes that were given.
        found: Vec<usize>,
        /// Counts the classes that there are, from 0.
        classes: usize,
        /// Counts the latent vectors.
        count: usize,
    },
}

impl GraphError {
    /// Says what to do about it, for a line after the message.
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
            Self::ParityClass { .. } => "give a class for each latent vector, and none where the network takes none",
        }
    }
}

/// Writes a value's shape as messages tell it: the open dimension in front.
pub(crate) fn with_batch(shape: &[usize]) -> String {
    let sizes = shape.iter().map(usize::to_string);
    format!("[{}]", ["batch".to_owned()].into_iter().chain(sizes).collect::<Vec<_>>().join(", "))
}

/// Writes a shape of which some sizes are free: those are words.
pub(crate) fn pattern(sizes: &[&dyn std::fmt::Display]) -> String {
    format!("[{}]", sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
