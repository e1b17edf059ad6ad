//! What can be wrong with a model file, for whoever reads one.

use thiserror::Error;

use crate::graph_error::GraphError;

/// Says why bytes are not a model that can be read. The message says what and where, [`OnnxError::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// Means that the bytes are another kind of file, or damaged.
    #[error(transparent)]
    NoModel(#[from] interface::NoModel),
    /// Means that the network is more, or less, than one input, one output and nodes between them.
    #[error("the model's {part} cannot be read: {reason}")]
    Interface {
        /// Says which part it is about: `input`, `output` or `graph`.
        part: &'static str,
        /// Says what is wrong with it, for the end of a sentence.
        reason: String,
    },
    /// Means that a node does what this crate has no part for.
    #[error("node `{node}`: {reason}")]
    Node {
        /// Gives the node's name, or its operator's where it has none.
        node: String,
        /// Says what the node does.
        reason: String,
    },
    /// Means that the numbers of a constant are not there, or of a type that is not read.
    #[error("the tensor `{name}` cannot be read: {reason}")]
    Constant {
        /// Names the constant.
        name: String,
        /// Says what is wrong with it, for the end of a sentence.
        reason: String,
    },
    /// Means that the operators do not fit together, and says where.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl OnnxError {
    /// Says what to do about it, for a line after the message.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoModel(no_model) => no_model.hint,
            Self::Interface { .. } | Self::Node { .. } => {
                "only networks of the operators that `exporter` writes can be read back; `exporter inspect` lists the file's"
            }
            Self::Constant { .. } => "give a file that holds its weights, as float32, float16 or int8",
            Self::Graph(_) => {
                "the file was changed, or written by a program that does not check shapes: export it again"
            }
        }
    }
}

/// Cuts a name out of a file short enough for a sentence, on one line: a hostile one may hold megabytes.
pub(crate) fn short(name: &str) -> String {
    cut(name, 60)
}

/// Cuts what a library says of a file, which may repeat any part of it, to a sentence.
pub(crate) fn sentence(text: &impl std::fmt::Display) -> String {
    cut(&text.to_string(), 300)
}

fn cut(text: &str, longest: usize) -> String {
    let mut line = text.chars().map(|character| if character.is_control() { '?' } else { character });
    let mut start: String = line.by_ref().take(longest).collect();
    if line.next().is_some() {
        start.push('…');
    }
    start
}

/// Says whether a text of a file may be a node's name, and stand in messages as it is.
pub(crate) fn is_name(text: &str) -> bool {
    const LONGEST: usize = 200;
    text.len() <= LONGEST && !text.chars().any(char::is_control)
}
