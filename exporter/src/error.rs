//! What can be wrong with a checkpoint: what, where, and what to do about it.

use net::architecture::Architecture;
use thiserror::Error;

use crate::graph_error::GraphError;

/// Says why a checkpoint gives no model. The message says what and where, [`ExportError::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Means that the bytes are another kind of file.
    #[error("the checkpoint is not a safetensors file: {reason}")]
    NotSafetensors {
        /// Says what was found instead, or what is wrong with the header.
        reason: String,
    },
    /// Means that the file ends before all that its header announces.
    #[error("the checkpoint is cut short: {expected} bytes expected, {found} found")]
    Truncated {
        /// Counts the bytes that the file says it has, at least.
        expected: u64,
        /// Counts the bytes that it has.
        found: u64,
    },
    /// Means that it is a safetensors file from elsewhere, or from another version of Forger.
    #[error("the file is not a checkpoint of this version: its metadata `format` is {found}, not `{expected}`")]
    Format {
        /// Names the format found, in backticks, or says `missing`.
        found: String,
        /// Names the format that this version reads.
        expected: &'static str,
    },
    /// Means that the metadata says less than a model file tells.
    #[error("the checkpoint lacks the metadata `{key}`")]
    MissingMetadata {
        /// Names the entry that is not there.
        key: &'static str,
    },
    /// Means that an entry of the metadata is not what its key promises.
    #[error("the checkpoint's metadata `{key}` is damaged: {reason}")]
    DamagedMetadata {
        /// Names the damaged entry.
        key: &'static str,
        /// Says what is wrong with it, for the end of a sentence.
        reason: String,
    },
    /// Means that the checkpoint holds a network that this version does not know.
    #[error("the checkpoint holds an architecture of the kind `{found}`, known: {}", known_kinds())]
    ArchitectureKind {
        /// Names the kind found, cut short if it is long.
        found: String,
    },
    /// Means that the architecture calls for a tensor that is not there.
    #[error("the checkpoint lacks the tensor `{name}`, which its architecture calls for")]
    MissingTensor {
        /// Names the missing tensor, as the file would.
        name: String,
    },
    /// Means that the generator has a tensor for which the architecture has no place, so the model would be another
    /// network.
    #[error("the checkpoint's tensor `{name}` has no place in its architecture")]
    UnexpectedTensor {
        /// Names the tensor, as the file does.
        name: String,
    },
    /// Means that a tensor does not have the shape that the architecture gives it.
    #[error("the checkpoint's tensor `{name}` has the shape {found:?}, its architecture calls for {expected:?}")]
    TensorShape {
        /// Names the tensor, as the file does.
        name: String,
        /// Gives its shape by the architecture.
        expected: Vec<usize>,
        /// Gives its shape in the file.
        found: Vec<usize>,
    },
    /// Means that a tensor holds other numbers than float32.
    #[error("the checkpoint's tensor `{name}` is {found}, not F32")]
    TensorType {
        /// Names the tensor, as the file does.
        name: String,
        /// Names the type as safetensors does, for example `F16`.
        found: String,
    },
    /// Means that a weight is NaN or infinite: the training has failed.
    #[error("the checkpoint's tensor `{name}` holds {value} at position {position}")]
    NotFinite {
        /// Names the tensor, as the file does.
        name: String,
        /// Says which number it is: `NaN`, `inf` or `-inf`.
        value: String,
        /// Says where in the tensor it is, counted row-major from 0.
        position: usize,
    },
    /// Means that the tensors do not make a network, and says where.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ExportError {
    /// Says what to do about it, for a line after the message.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotSafetensors { .. } => "give the `checkpoint.safetensors` of a run folder",
            Self::Truncated { .. } => "copy the file again, or train again",
            Self::Format { .. } => {
                "give the `checkpoint.safetensors` of a run folder written by this version of `trainer`"
            }
            Self::ArchitectureKind { .. } => "export it with the version of Forger that trained it",
            Self::NotFinite { .. } => "the training diverged: train again with a lower `--lr` or another `--seed`",
            Self::MissingMetadata { .. }
            | Self::DamagedMetadata { .. }
            | Self::MissingTensor { .. }
            | Self::UnexpectedTensor { .. }
            | Self::TensorShape { .. }
            | Self::TensorType { .. } => {
                "give a file and an architecture of one training; export again where it was trained"
            }
            Self::Graph(error) => error.hint(),
        }
    }
}

fn known_kinds() -> String {
    Architecture::KINDS.map(|kind| format!("`{kind}`")).join(", ")
}
