//! `exporter checkpoint.safetensors --out gen.onnx`, and what else can be done with a model file: the library behind a
//! command line.
//!
//! Exit codes: 0 done, 1 failed (`verify` and `diff`: or found a difference), 2 bad usage. Standard output carries what
//! was asked for (`inspect`, `verify`, `diff`), standard error what was done and what went wrong.

mod program;

use std::process::ExitCode;

use clap::Parser;

use program::CommandLine;

fn main() -> ExitCode {
    match program::run(&CommandLine::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
