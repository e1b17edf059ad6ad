//! Files named on the command line: read, and written whole.

use std::fs;
use std::path::Path;

use exporter::{Model, OnnxError};

use super::failure::Failure;

/// Reads a file of this kind.
pub(crate) fn read(path: &Path, hint: &'static str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure { message: format!("`{}` cannot be read: {error}", path.display()), hint })
}

/// Reads a model file, of any operators.
pub(crate) fn read_onnx(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path, "give a model file, `gen.onnx`")
}

/// Reads a model file as a network.
pub(crate) fn read_model(path: &Path) -> Result<(Vec<u8>, Model), Failure> {
    let onnx = read_onnx(path)?;
    let model = Model::from_onnx(&onnx).map_err(|error| misread(path, &error))?;
    Ok((onnx, model))
}

/// The failure of a model file that is none.
pub(crate) fn misread(path: &Path, error: &OnnxError) -> Failure {
    Failure { message: format!("`{}` cannot be read: {error}", path.display()), hint: error.hint() }
}

/// Refuses what the operating system would explain badly or, the input itself, let pass: before the work is done.
pub(crate) fn check_out(out: &Path, input: &Path, kind: &str) -> Result<(), Failure> {
    let hint = "give another file with `--out`, or make the folder first";
    let failure = |what: String| Failure { message: format!("`--out {}` {what}", out.display()), hint };
    exporter::folder_of(out).map_err(failure)?;
    match (fs::canonicalize(out), fs::canonicalize(input)) {
        (Ok(out), Ok(input)) if out == input => Err(failure(format!("is the {kind} itself"))),
        _ => Ok(()),
    }
}

/// Writes a file and says so.
pub(crate) fn write(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    exporter::write_whole(out, bytes).map_err(|error| Failure {
        message: format!("`{}` cannot be written: {error}", out.display()),
        hint: "give a file in a folder that you may write to with `--out`",
    })?;
    eprintln!("wrote `{}`, {} bytes", out.display(), bytes.len());
    Ok(())
}
