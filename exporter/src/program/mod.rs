//! The command line: what may be asked, and who answers.

mod diff;
mod export;
mod failure;
mod files;
mod import;
mod inspect;
mod output;
mod round;
mod runtimes;
mod taken;
mod verify;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Writes the generator of a checkpoint as ONNX, and tells what is in a model file
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    export: export::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write weights as ONNX; without a subcommand that is what is done
    Export(export::Arguments),
    /// Write the weights of a model file as safetensors
    Import(import::Arguments),
    /// Write a safetensors file with its weights in one byte each
    Round(round::Arguments),
    /// Tell what is in a model file
    Inspect(inspect::Arguments),
    /// Recompute the proof pictures of a model file; fails where they differ
    Verify(verify::Arguments),
    /// Tell how two model files differ; fails if they do
    Diff(diff::Arguments),
}

/// Does what was asked; tells whether all is well.
pub(crate) fn run(arguments: &CommandLine) -> Result<bool, Failure> {
    match &arguments.command {
        None => export::run(&arguments.export).map(|()| true),
        Some(Command::Export(arguments)) => export::run(arguments).map(|()| true),
        Some(Command::Import(arguments)) => import::run(arguments).map(|()| true),
        Some(Command::Round(arguments)) => round::run(arguments).map(|()| true),
        Some(Command::Inspect(arguments)) => inspect::run(arguments).map(|()| true),
        Some(Command::Verify(arguments)) => verify::run(arguments),
        Some(Command::Diff(arguments)) => diff::run(arguments),
    }
}
