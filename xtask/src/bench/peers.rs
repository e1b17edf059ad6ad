//! Other programs that do the same training step, each in a process that waits for its turn.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{python, workspace};

/// The versions measured.
const JAX: &str = "0.10.2";
const TORCH: &str = "2.15.0";

/// Who can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Library {
    /// One jit-compiled scan over the steps
    Jax,
    /// Eager and compiled; a download of some gigabytes
    Torch,
}

impl Library {
    /// The peers of this library: each one's name and how its script is called before recipe and images.
    fn scripts(self) -> &'static [(&'static str, &'static str, &'static [&'static str])] {
        match self {
            Self::Jax => &[("JAX, jit and scan", "jax_step.py", &[])],
            Self::Torch => &[
                ("PyTorch, eager", "torch_step.py", &["eager"]),
                ("PyTorch, compiled", "torch_step.py", &["compiled"]),
            ],
        }
    }

    fn interpreter(self) -> Result<std::path::PathBuf> {
        match self {
            Self::Jax => python::environment(&format!("jax-{JAX}"), &[&format!("jax=={JAX}")], "import jax"),
            Self::Torch => python::environment(
                &format!("torch-{TORCH}"),
                &[&format!("torch=={TORCH}"), "numpy"],
                "import torch, numpy",
            ),
        }
    }

    /// Starts this library's peers on `recipe`; they compile while the first round waits for them.
    ///
    /// # Errors
    /// If the library can't be installed or a process can't be started.
    pub(crate) fn start(self, recipe: &str) -> Result<Vec<Peer>> {
        let interpreter = self.interpreter()?;
        let images = workspace::root().join("crates/data/mnist/train-images-idx3-ubyte.gz");
        let start = |&(name, script, arguments): &(&str, &str, &[&str])| {
            let mut command = Command::new(&interpreter);
            command.arg(workspace::root().join("xtask/bench-train").join(script));
            command.args(arguments).arg(recipe).arg(&images);
            Peer::start(name, command)
        };
        self.scripts().iter().map(start).collect()
    }
}

/// A process that runs a round whenever it reads a line, and answers with one of JSON.
pub(crate) struct Peer {
    pub(crate) name: String,
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(name: &str, mut command: Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let orders = process.stdin.take().context("its standard input is piped")?;
        let answers = BufReader::new(process.stdout.take().context("its standard output is piped")?);
        Ok(Self { name: name.to_owned(), process, orders, answers })
    }

    /// Milliseconds a step in one round.
    ///
    /// # Errors
    /// If the process ends, or answers with anything else.
    pub(crate) fn ms_per_step(&mut self) -> Result<f64> {
        // A process that has ended is noticed by its answer.
        let _ = self.orders.write_all(b"\n").and_then(|()| self.orders.flush());
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if answer.is_empty() {
            bail!("{} ended ({})", self.name, self.process.wait()?);
        }
        let answer: Value = serde_json::from_str(&answer).with_context(|| format!("{} said {answer:?}", self.name))?;
        answer["ms_per_step"].as_f64().with_context(|| format!("{} told no time: {answer}", self.name))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Peer {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Peer::start("a peer", command).unwrap()
    }

    #[test]
    fn a_peer_answers_each_order_once() {
        let mut peer = shell("n=0; while read line; do n=$((n + 1)); echo \"{\\\"ms_per_step\\\": $n}\"; done");
        assert_eq!([peer.ms_per_step().unwrap(), peer.ms_per_step().unwrap()], [1.0, 2.0]);
    }

    #[test]
    fn a_peer_that_ends_or_talks_nonsense_is_named() {
        for (script, expected) in
            [("exit 3", "ended"), ("read l; echo hm", "said"), ("read l; echo {}", "told no time")]
        {
            let error = format!("{:#}", shell(script).ms_per_step().unwrap_err());
            assert!(error.contains("a peer") && error.contains(expected), "{error}");
        }
    }
}
