//! `exporter checkpoint.safetensors --out gen.onnx`: the library behind a command line.
//!
//! Exit codes: 0 done, 1 failed, 2 bad usage. Standard output stays empty; what was done is told on standard error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Writes the generator of a checkpoint as ONNX
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The `checkpoint.safetensors` of a run folder
    checkpoint: PathBuf,
    /// The ONNX file to write; one that is there is replaced
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    out: PathBuf,
}

/// What went wrong and where, and what to do about it.
struct Failure {
    message: String,
    hint: &'static str,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, hint }) => {
            eprintln!("error: {message}\n\nhint: {hint}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { checkpoint, out }: &Arguments) -> Result<(), Failure> {
    check_out(out, checkpoint)?;
    let bytes = fs::read(checkpoint).map_err(|error| Failure {
        message: format!("`{}` cannot be read: {error}", checkpoint.display()),
        hint: "give the `checkpoint.safetensors` of a run folder",
    })?;
    let onnx = exporter::export(&bytes).map_err(|error| Failure {
        message: format!("`{}` cannot be exported: {error}", checkpoint.display()),
        hint: error.hint(),
    })?;
    exporter::write_whole(out, &onnx).map_err(|error| Failure {
        message: format!("`{}` cannot be written: {error}", out.display()),
        hint: "give a file in a folder that you may write to with `--out`",
    })?;
    eprintln!("wrote `{}`, {} bytes", out.display(), onnx.len());
    Ok(())
}

/// Refuses what the operating system would explain badly or, the checkpoint itself, let pass.
fn check_out(out: &Path, checkpoint: &Path) -> Result<(), Failure> {
    let hint = "give another file with `--out`, or make the folder first";
    let failure = |what: String| Failure { message: format!("`--out {}` {what}", out.display()), hint };
    exporter::folder_of(out).map_err(failure)?;
    match (fs::canonicalize(out), fs::canonicalize(checkpoint)) {
        (Ok(out), Ok(checkpoint)) if out == checkpoint => Err(failure("is the checkpoint itself".to_owned())),
        _ => Ok(()),
    }
}
