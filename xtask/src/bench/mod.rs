//! `cargo xtask bench`: measurements that a figure in the README comes from.
//!
//! * [`build`]: what compiling costs, by command and by crate.
//! * [`gpu`]: what the GPU engine asks of the host, and a step on a GPU.
//! * [`page`]: how light the page is, tab by tab.
//! * [`quality`]: recipes by seeds, each run judged.
//! * [`train`]: a training step, beside JAX and PyTorch.
//! * [`web`]: the runtime in a browser, beside other runtimes for the browser.
//! * [`web_training`]: a step of training in a browser, beside TensorFlow.js.

pub(crate) mod build;
mod figures;
mod gpu;
mod page;
mod peers;
mod quality;
mod train;
mod web;
mod web_training;

use anyhow::Result;
use clap::Subcommand;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// What compiling everything costs from nothing, by command and by crate
    Build(build::Arguments),
    /// A training step on this machine, beside JAX and PyTorch if asked for
    Train(train::Arguments),
    /// What the GPU engine asks of the host, and a step on a GPU where there is one
    Gpu(gpu::Arguments),
    /// The longest task of the page's main thread and its work a frame, tab by tab
    Page(page::Arguments),
    /// How good the digits of a recipe are, over several seeds
    Quality(quality::Arguments),
    /// The runtime in Chromium, beside onnxruntime-web and TensorFlow.js
    Web(web::Arguments),
    /// A step of training in Chromium, beside TensorFlow.js
    WebTraining(web_training::Arguments),
}

/// Runs a bench and prints its table.
///
/// # Errors
/// If what it needs can't be had, or a contestant fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        Bench::Build(arguments) => build::run(arguments),
        Bench::Train(arguments) => train::run(arguments),
        Bench::Gpu(arguments) => gpu::run(arguments),
        Bench::Page(arguments) => page::run(arguments),
        Bench::Quality(arguments) => quality::run(arguments),
        Bench::Web(arguments) => web::run(arguments),
        Bench::WebTraining(arguments) => web_training::run(arguments),
    }
}
