//! What a run was asked for beside what decides its weights, kept in its checkpoints so that `--resume` alone asks for it again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Pictures, machine and output, as flags ask for them. Where the events of a sitting go is asked for anew each time: a log is
/// of its sitting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// `mnist`, `avatars`, or a path from the root on, so that it is found from any folder.
    pub data: String,
    /// Rows of a picture, and its columns where `columns` says no other number, if not the files' own.
    pub size: Option<usize>,
    /// Columns of a picture that is not square.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<usize>,
    /// `auto`, `grey` or `rgb`. Runs of versions that knew no colour were grey.
    #[serde(default = "grey")]
    pub colour: String,
    /// Whether a picture that cannot be read fails the run.
    pub strict: bool,
    /// Whether black and white change places.
    pub invert: bool,
    /// Whether rows and columns change places.
    pub transpose: bool,
    /// Whether there are mirror images beside the pictures.
    #[serde(default)]
    pub mirror: bool,
    /// `auto`, `reference`, `fused` or `layers`.
    pub engine: String,
    /// `auto`, `cpu`, `gpu` or `gpu:N`.
    pub device: String,
    /// Threads, if a number was asked for.
    pub threads: Option<u16>,
    /// Epochs between evaluations.
    pub evaluate_every: u64,
    /// Epochs after which the model is kept too.
    pub keep_models: Vec<u64>,
    /// Folder of event files for TensorBoard, from the root on.
    pub tensorboard: Option<PathBuf>,
}

fn grey() -> String {
    "grey".to_owned()
}
