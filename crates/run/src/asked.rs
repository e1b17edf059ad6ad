//! What a run was asked for beside what decides its weights, kept in its checkpoints so that `--resume` alone asks for it again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use data::{Colour, Source};
use engines::choose::{DeviceChoice, EngineChoice};

use crate::options::Options;

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

impl Asked {
    /// Keeps what `options` asks for.
    pub fn of(options: &Options) -> Self {
        let Source { data, size, colour, strict, invert, transpose, mirror } = options.source.clone();
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let data = if data::is_built_in(&data) { data } else { whole(Path::new(&data)).to_string_lossy().into_owned() };
        let engine = match options.engine {
            EngineChoice::Auto => "auto",
            EngineChoice::Reference => "reference",
            EngineChoice::Fused => "fused",
            EngineChoice::Layers => "layers",
        };
        let device = match options.device {
            DeviceChoice::Auto => "auto".to_owned(),
            DeviceChoice::Cpu => "cpu".to_owned(),
            DeviceChoice::Gpu(None) => "gpu".to_owned(),
            DeviceChoice::Gpu(Some(index)) => format!("gpu:{index}"),
        };
        // A name that is no Unicode cannot be kept as JSON.
        let tensorboard = options.tensorboard.as_deref().filter(|folder| folder.to_str().is_some()).map(whole);
        Self {
            data,
            size: size.map(|[rows, _]| rows),
            columns: size.and_then(|[rows, columns]| (rows != columns).then_some(columns)),
            colour: colour.to_string(),
            strict,
            invert,
            transpose,
            mirror,
            engine: engine.to_owned(),
            device,
            threads: options.threads_asked,
            evaluate_every: options.evaluate_every,
            keep_models: options.keep_models.clone(),
            tensorboard,
        }
    }

    /// Gives the pictures that were asked for.
    pub fn source(&self) -> Source {
        let Self { data, size, columns, colour, strict, invert, transpose, mirror, .. } = self.clone();
        let size = size.map(|rows| [rows, columns.unwrap_or(rows)]);
        // What this version no longer knows is chosen anew.
        let colour = colour.parse().unwrap_or_default();
        Source { data, size, colour, strict, invert, transpose, mirror }
    }
}

fn grey() -> String {
    Colour::Grey.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_version_kept_was_grey_and_square() {
        let kept = r#"{"data":"/a","size":20,"strict":false,"invert":true,"transpose":false,"engine":"auto","device":"auto",
            "threads":null,"evaluate_every":10,"keep_models":[],"tensorboard":null}"#;
        let source = serde_json::from_str::<Asked>(kept).unwrap().source();
        let expected = Source { size: Some([20, 20]), colour: Colour::Grey, invert: true, ..Source::of("/a") };
        assert_eq!(source, expected);
    }
}
