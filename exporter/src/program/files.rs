//! Files named on the command line: read, and written whole.

use std::fs;
use std::path::Path;

use exporter::OnnxError;
use prost::Message;
use prost::bytes::Bytes;

use super::failure::Failure;

/// Reads a file of this kind.
pub(crate) fn read(path: &Path, hint: &'static str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure { message: format!("`{}` cannot be read: {error}", path.display()), hint })
}

/// Reads a model file, of any operators. Weights that it keeps in files of its folder are taken in, where those are there.
pub(crate) fn read_onnx(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path, "give a model file, `gen.onnx`")?;
    let Ok(mut model) = interface::envelope::decode(Bytes::copy_from_slice(&bytes)) else { return Ok(bytes) };
    if interface::external::files(&mut model).is_empty() {
        return Ok(bytes);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    // Where one is missing, what needs its numbers says so.
    match interface::external::take_in(&mut model, &mut |name| interface::external::read_beside(folder, name)) {
        Ok(()) => Ok(model.encode_to_vec()),
        Err(_) => Ok(bytes),
    }
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
