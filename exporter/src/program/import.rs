//! `exporter import gen.onnx --out gen.safetensors`.

use std::path::PathBuf;

use exporter::Model;

use super::failure::Failure;
use super::files;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The model file
    model: PathBuf,
    /// The safetensors file to write; one that is there is replaced. The way back is `exporter gen.safetensors --out
    /// gen.onnx`, if the network is a chain of the layers that `exporter` writes, from `z` to `image`; of any other network
    /// these are the weights alone, as the file names them, and `--architecture` says how they are wired
    #[arg(long, value_name = "FILE", default_value = "gen.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(Arguments { model: path, out }: &Arguments) -> Result<(), Failure> {
    files::check_out(out, path, "model")?;
    let onnx = files::read_onnx(path)?;
    match Model::from_onnx(&onnx) {
        Ok(model) => files::write(out, &model.to_safetensors()),
        Err(error) => {
            let weights = exporter::weights_of(&onnx).map_err(|error| files::misread(path, &error))?;
            files::write(out, &weights)?;
            eprintln!("these are the weights alone, since the network is none that `exporter` writes: {error}");
            Ok(())
        }
    }
}
