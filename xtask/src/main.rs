//! Set-up and orchestration: what a person would otherwise type, in the right order, with the tools it needs.
//!
//! This crate starts programs and moves files. It holds no product logic: how to train is in `trainer`, how a model is
//! written in `exporter`, how it is run in `runtime-wasm`. Whatever it installs goes under `target/`, except for what
//! only a system's package manager can install, and each thing installed is said aloud.
//!
//! * `site`: [`site`] has the library of that name put the static site together around the [`runtime`] (compiled by [`wasm`],
//!   shrunk by [`wasm_opt`]).
//! * `dist`: [`dist`] packs the programs and the ready page for a machine without Rust.
//! * `package`: [`package`] puts the npm package together from the same.
//! * `demo`: [`demo`] trains by [`model`], builds the site and serves it.
//! * `judge`: [`judge`] has the trainer make the judge that it ships with.
//! * `avatars`: [`avatars`] draws the built-in avatars.
//! * `test`: [`test`] fetches what the tests need ([`browser`], [`onnxruntime`], [`python`], [`fashion_mnist`], [`slurm`],
//!   [`vulkan`]), runs every test of the workspace and counts them by [`summary`].
//! * `gpu-check`: [`gpu_check`] packs the GPU engine's tests and bench for a machine without Rust.
//! * `bench`: [`bench`] measures what the README tells.
//!
//! Standard error tells what is going on; standard output carries results alone.

mod apt;
mod avatars;
mod bench;
mod browser;
mod demo;
mod dist;
mod fashion_mnist;
mod files;
mod gpu_check;
mod hint;
mod judge;
mod model;
mod node;
mod onnxruntime;
mod package;
mod program;
mod python;
mod runtime;
mod site;
mod slurm;
mod summary;
mod test;
mod vulkan;
mod wasm;
mod wasm_opt;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Builds, tests and serves Forger")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the README tells
    Bench(bench::Arguments),
    /// Train a generator, build the page around it and serve it
    Demo(demo::Arguments),
    /// Put the download for this platform together: programs, page, licences
    Dist(dist::Arguments),
    /// Pack what checks and times the GPU engine on a machine without Rust
    GpuCheck(gpu_check::Arguments),
    /// Put the npm package of the runtime together
    Package(package::Arguments),
    /// Put the static site of a model together
    Site(site::Arguments),
    /// Draw the avatars that ship with the trainer again
    Avatars,
    /// Train the judge that ships with the trainer again
    Judge,
    /// Fetch what the tests need, then run every test there is
    Test(test::Arguments),
}

fn main() -> ExitCode {
    if let Some(code) = bench::build::in_rustcs_place() {
        return code;
    }
    let outcome = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments).map(|()| true),
        Command::Demo(arguments) => demo::run(&arguments).map(|()| true),
        Command::Dist(arguments) => dist::run(&arguments).map(|()| true),
        Command::GpuCheck(arguments) => gpu_check::run(&arguments).map(|()| true),
        Command::Package(arguments) => package::run(&arguments).map(|()| true),
        Command::Site(arguments) => site::run(&arguments).map(|()| true),
        Command::Avatars => avatars::run().map(|()| true),
        Command::Judge => judge::run().map(|()| true),
        Command::Test(arguments) => test::run(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
