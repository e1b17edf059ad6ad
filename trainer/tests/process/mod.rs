//! The `trainer` binary as a process.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::small_mnist::SmallMnist;

/// Training flags that make an epoch of the small set 11 steps of a small network.
pub const SMALL: [&str; 6] = ["--batch", "20", "--hidden", "16", "--latent", "8"];

pub fn trainer(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    command.args(args).stdin(Stdio::null());
    command
}

pub fn run(args: &[&str]) -> Output {
    trainer(args).output().expect("the binary is built")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn run_small(data: &SmallMnist, out: &Path, more: &[&str]) -> Output {
    run(&[&["--data", data.path(), "--out", out.to_str().unwrap()], &SMALL[..], more].concat())
}
