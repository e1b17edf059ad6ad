//! `exporter [export] CHECKPOINT --out gen.onnx`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use exporter::{Architecture, ExportError, Model, Precision};

use super::failure::Failure;
use super::files;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The `checkpoint.safetensors` of a run folder, or any safetensors file with `--architecture`
    #[arg(required = true)]
    checkpoint: Option<PathBuf>,
    /// The ONNX file to write; one that is there is replaced
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    out: PathBuf,
    /// How weights are stored
    #[arg(long, value_enum, default_value_t)]
    precision: Stored,
    /// The layers that the weights are of, as JSON; a checkpoint holds its own
    #[arg(long, value_name = "FILE")]
    architecture: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Stored {
    /// Four bytes a weight, as trained
    #[default]
    F32,
    /// Two bytes a weight
    F16,
    /// One byte a weight, and a scale for each output channel
    Int8,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let checkpoint = arguments.checkpoint.as_ref().expect("clap asks for it");
    files::check_out(&arguments.out, checkpoint, "checkpoint")?;
    let bytes = files::read(checkpoint, "give the `checkpoint.safetensors` of a run folder")?;
    let cannot = |error: ExportError| Failure {
        message: format!("`{}` cannot be exported: {error}", checkpoint.display()),
        hint: error.hint(),
    };
    let model = match &arguments.architecture {
        None => Model::from_checkpoint(&bytes),
        Some(path) => Model::from_safetensors(&bytes, &architecture(path)?),
    };
    let precision = match arguments.precision {
        Stored::F32 => Precision::F32,
        Stored::F16 => Precision::F16,
        Stored::Int8 => Precision::Int8,
    };
    let model = model.map_err(cannot)?;
    let onnx = model.to_onnx(precision).map_err(|error| cannot(error.into()))?;
    files::write(&arguments.out, &onnx)?;
    if precision != Precision::F32 {
        tell_rounding(&onnx);
    }
    Ok(())
}

/// Says what the rounding did to the pictures.
fn tell_rounding(onnx: &[u8]) {
    let rounded = Model::from_onnx(onnx).expect("the file was written by this program");
    let told = rounded.metadata().find(|(key, _)| *key == "forger.precision").map(|(_, json)| json.to_owned());
    let told = told.and_then(|json| serde_json::from_str::<serde_json::Value>(&json).ok());
    if let Some(largest) = told.as_ref().and_then(|told| told["max_pixel_difference"].as_f64()) {
        eprintln!("largest pixel difference to the trained weights: {largest}, where a grey of 256 is 0.0078");
    }
}

fn architecture(path: &Path) -> Result<Architecture, Failure> {
    let hint =
        "give a file as `{\"kind\":\"sequential\",\"latent\":100,\"layers\":[{\"op\":\"gemm\",\"name\":\"fc\"}]}`";
    let json = files::read(path, hint)?;
    serde_json::from_slice(&json)
        .map_err(|error| Failure { message: format!("`{}` is no architecture: {error}", path.display()), hint })
}
