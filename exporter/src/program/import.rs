//! `exporter import gen.onnx --out gen.safetensors`.

use std::path::PathBuf;

use super::failure::Failure;
use super::files;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The model file
    model: PathBuf,
    /// The safetensors file to write; one that is there is replaced. `exporter` makes the same model file of it
    #[arg(long, value_name = "FILE", default_value = "gen.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(Arguments { model: path, out }: &Arguments) -> Result<(), Failure> {
    files::check_out(out, path, "model")?;
    let (_, model) = files::read_model(path)?;
    files::write(out, &model.to_safetensors())
}
