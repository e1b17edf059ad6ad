//! Signals, sent to real processes: what each asks for, and the exit code that says which it was.
#![cfg(unix)]

mod process;
mod small_mnist;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use process::{SMALL, run_small, text, trainer};
use small_mnist::SmallMnist;

/// A run that would take minutes, past its first epoch.
struct Running {
    child: Child,
    out: PathBuf,
    /// Its standard error.
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

fn words<'a>(data: &'a SmallMnist, out: &'a Path, epochs: &'a str) -> Vec<&'a str> {
    let fixed = ["--data", data.path(), "--out", out.to_str().unwrap(), "--epochs", epochs, "--evaluate-every", "0"];
    [&fixed[..], &SMALL].concat()
}

impl Running {
    fn start(command: &mut Command, out: &Path) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("epoch 1/")), "it ended before its first epoch did");
        Self { child, out: out.to_owned(), lines }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn step(&self) -> u64 {
        run::folder::read_run(&self.out).unwrap().0.state.step
    }

    fn end(mut self) -> (Option<i32>, String) {
        let said: String = self.lines.map(|line| line.unwrap() + "\n").collect();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn each_signal_that_stops_leaves_a_checkpoint_and_its_own_exit_code() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-USR2", 140)] {
        let out = dir.path().join(format!("gen{name}.onnx"));
        let running = Running::start(&mut trainer(&words(&data, &out, "1000000")), &out);
        running.signal(name);
        let (status, said) = running.end();
        // The number of SIGUSR2 is Linux's.
        assert!(status == Some(code) || name == "-USR2" && !cfg!(target_os = "linux"), "{name}: {status:?}\n{said}");
        assert!(said.contains("`--resume` goes on from there"), "{name}: {said}");
        assert!(run::folder::read_run(&out).unwrap().0.state.step > 0, "{name}");
    }
}

#[test]
fn usr1_writes_a_checkpoint_on_the_way_and_changes_no_byte() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let whole = dir.path().join("whole.onnx");
    let settings = ["--epochs", "400", "--evaluate-every", "0"];
    assert!(run_small(&data, &whole, &settings).status.success());
    let out = dir.path().join("gen.onnx");
    let running = Running::start(&mut trainer(&words(&data, &out, "400")), &out);
    for _ in 0..5 {
        let before = running.step();
        running.signal("-USR1");
        while running.step() == before {
            std::thread::yield_now();
        }
    }
    let (status, said) = running.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("a checkpoint is written, as asked, after step"), "{said}");
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap(), "other bytes");
}

#[test]
fn under_nohup_the_end_of_the_terminal_stops_nothing() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let program = trainer(&words(&data, &out, "1000000"));
    // `nohup` ignores SIGHUP and starts the program.
    let mut command = Command::new("nohup");
    command.arg(program.get_program()).args(program.get_args()).stdin(Stdio::null()).process_group(0);
    let mut running = Running::start(&mut command, &out);
    running.signal("-HUP");
    let before = running.step();
    while running.step() <= before + 11 {
        assert!(running.child.try_wait().unwrap().is_none(), "it ended");
    }
    running.signal("-TERM");
    assert_eq!(running.end().0, Some(143));
}

#[test]
fn a_signal_before_the_first_step_stops_too() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let mut child =
        trainer(&words(&data, &out, "1000000")).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // As soon as signals are listened for, whatever is under way.
    let status = format!("/proc/{}/status", child.id());
    let listens = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        caught.and_then(|bits| u64::from_str_radix(bits, 16).ok()).is_some_and(|bits| bits & (1 << 14) != 0)
    };
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux tells which signals a process listens for");
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    while !listens() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", text(&output.stderr));
}
