//! `exporter round judge.safetensors --out small.safetensors`.

use std::path::PathBuf;

use super::failure::Failure;
use super::files;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The safetensors file, of any network
    weights: PathBuf,
    /// The file to write; one that is there is replaced
    #[arg(long, value_name = "FILE", default_value = "rounded.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(Arguments { weights, out }: &Arguments) -> Result<(), Failure> {
    files::check_out(out, weights, "weights file")?;
    let bytes = files::read(weights, "give a safetensors file of float32 weights")?;
    let rounded = exporter::round(&bytes).map_err(|error| Failure {
        message: format!("`{}` cannot be rounded: {error}", weights.display()),
        hint: "give a safetensors file of float32 weights, copied whole",
    })?;
    files::write(out, &rounded)
}
