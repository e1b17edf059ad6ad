//! What can be wrong with a checkpoint: what, where, and what to do about it.

use net::architecture::Architecture;
use thiserror::Error;

use crate::graph_error::GraphError;

/// Why a checkpoint gives no model. The message says what and where, [`ExportError::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The bytes are another kind of file.
    #[error("the checkpoint is not a safetensors file: {reason}")]
    NotSafetensors {
        /// What was found instead.
        reason: String,
    },
    /// The file ends before all that its header announces.
    #[error("the checkpoint is cut short: {expected} bytes expected, {found} found")]
    Truncated {
        /// Bytes that the file says it has, at least.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// A safetensors file from elsewhere, or from another version of Forger.
    #[error("the file is not a checkpoint of this version: its metadata `format` is {found}, not `{expected}`")]
    Format {
        /// The format found, in backticks, or `missing`.
        found: String,
        /// The format that this version reads.
        expected: &'static str,
    },
    /// The metadata says less than a model file tells.
    #[error("the checkpoint lacks the metadata `{key}`")]
    MissingMetadata {
        /// Its key.
        key: &'static str,
    },
    /// An entry of the metadata is not what its key promises.
    #[error("the checkpoint's metadata `{key}` is damaged: {reason}")]
    DamagedMetadata {
        /// Its key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A network that this version does not know.
    #[error("the checkpoint holds an architecture of the kind `{found}`, known: {}", known_kinds())]
    ArchitectureKind {
        /// The kind found.
        found: String,
    },
    /// The architecture calls for a tensor that is not there.
    #[error("the checkpoint lacks the tensor `{name}`, which its architecture calls for")]
    MissingTensor {
        /// The tensor's name.
        name: String,
    },
    /// The generator has a tensor for which the architecture has no place, so the model would be another network.
    #[error("the checkpoint's tensor `{name}` has no place in its architecture")]
    UnexpectedTensor {
        /// The tensor's name.
        name: String,
    },
    /// A tensor does not have the shape that the architecture gives it.
    #[error("the checkpoint's tensor `{name}` has the shape {found:?}, its architecture calls for {expected:?}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// By the architecture.
        expected: Vec<usize>,
        /// In the file.
        found: Vec<usize>,
    },
    /// A tensor of other numbers than float32.
    #[error("the checkpoint's tensor `{name}` is {found}, not F32")]
    TensorType {
        /// The tensor's name.
        name: String,
        /// The type as safetensors names it.
        found: String,
    },
    /// A weight is NaN or infinite: the training has failed.
    #[error("the checkpoint's tensor `{name}` holds {value} at position {position}")]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// `NaN`, `inf` or `-inf`.
        value: String,
        /// Where, counted row-major from 0.
        position: usize,
    },
    /// The tensors do not make a network.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ExportError {
    /// What to do about it.
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
