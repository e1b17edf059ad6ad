//! What a run shows of itself: animations, the report, event files for TensorBoard, the comparison, named failures.

mod process;
mod small_mnist;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use process::{run, run_small, text};
use serde_json::Value;
use small_mnist::SmallMnist;

fn json_lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn frames(path: &Path) -> (usize, [u16; 2]) {
    let mut decoder = gif::DecodeOptions::new().read_info(fs::File::open(path).unwrap()).unwrap();
    let size = [decoder.width(), decoder.height()];
    let mut count = 0;
    while decoder.read_next_frame().unwrap().is_some() {
        count += 1;
    }
    (count, size)
}

#[test]
fn a_run_leaves_animations_and_a_page_that_needs_nothing_else() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "3"]).status.success());
    let run = dir.path().join("gen.run");
    assert_eq!(frames(&run.join("training.gif")), (3, [280, 280]));
    assert_eq!(frames(&run.join("sweep.gif")), (100, [140, 140]));
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.matches("<svg viewBox").count() >= 5, "losses, accuracy, margin, gradient, spread");
    assert!(page.matches("src=\"data:image/png;base64,iVBOR").count() == 2, "samples and sweep");
    assert!(page.contains("stable on ") && page.contains("3 of 3 epochs"));
    for foreign in ["<script", "http://", "https://", "<link", "src=\"/"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_has_a_report_too() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let args = [&["--data", data.path(), "--out", out.to_str().unwrap(), "--epochs", "100000"], &process::SMALL[..]];
    let mut child = process::trainer(&args.concat()).stdout(std::process::Stdio::null()).spawn().unwrap();
    while !dir.path().join("gen.run/checkpoint.safetensors").exists() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(fs::read_to_string(dir.path().join("gen.run/report.html")).unwrap().contains("of 100000 epochs"));
}

#[test]
fn the_real_tensorboard_reads_what_a_resumed_run_wrote() {
    let Some(python) = std::env::var_os("FORGER_PYTHON") else {
        assert!(std::env::var_os("FORGER_REQUIRE_ALL").is_none(), "FORGER_PYTHON must name an interpreter");
        println!("skipped: FORGER_PYTHON names no Python with the package `tensorboard`");
        return;
    };
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let (out, board) = (dir.path().join("gen.onnx"), dir.path().join("board"));
    let flags = ["--epochs", "3", "--tensorboard", board.to_str().unwrap()];
    assert!(run_small(&data, &out, &flags).status.success());
    // The newest checkpoint is lost, so the third epoch is trained and written again: it must not be shown twice.
    fs::remove_file(dir.path().join("gen.run/checkpoint.safetensors")).unwrap();
    assert!(run_small(&data, &out, &[&flags[..], &["--resume"]].concat()).status.success());
    assert_eq!(fs::read_dir(&board).unwrap().count(), 2);

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tools/event_files.py");
    let output = Command::new(python).arg(script).arg(&board).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let metrics = json_lines(&dir.path().join("gen.run/metrics.jsonl"));
    for key in ["d_loss", "g_loss", "d_margin", "g_gradient", "spread"] {
        let points = shown["scalars"][key].as_array().unwrap_or_else(|| panic!("{key} is not shown"));
        let steps: Vec<u64> = points.iter().map(|point| point[0].as_u64().unwrap()).collect();
        assert_eq!(steps, [11, 22, 33], "{key}");
        for (point, event) in points.iter().zip(metrics.iter().filter(|event| event["event"] == "epoch")) {
            let (got, expected) = (point[1].as_f64().unwrap(), event[key].as_f64().unwrap());
            assert!((got - expected).abs() <= 1e-6 * expected.abs(), "{key}: {got}, {expected} in metrics.jsonl");
        }
    }
    let sheet = shown["images"]["samples"].as_array().unwrap().last().unwrap();
    assert_eq!((sheet[0].as_u64(), sheet[1].as_u64(), sheet[2].as_u64()), (Some(33), Some(280), Some(280)));
    let png = fs::read(dir.path().join("gen.run/samples/epoch-002.png")).unwrap();
    let hex: String = png.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sheet[3].as_str(), Some(&*hex));
}

#[test]
fn runs_are_compared_by_what_they_ended_with_and_what_differs() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let (a, b) = (dir.path().join("a.onnx"), dir.path().join("b.onnx"));
    assert!(run_small(&data, &a, &["--epochs", "2"]).status.success());
    assert!(run_small(&data, &b, &["--epochs", "1", "--seed", "4", "--lr", "0.001"]).status.success());
    let html = dir.path().join("both.html");
    let (a_run, html_path) = (dir.path().join("a.run"), html.to_str().unwrap());
    // A folder and a model are the same run.
    let output = run(&["compare", a_run.to_str().unwrap(), b.to_str().unwrap(), "--html", html_path]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    let words = |start: &str| -> Vec<String> {
        let line = table.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {table}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words("a.run")[1], "stable");
    assert_eq!((&*words("a.run")[3], &*words("a.run")[4], &*words("b.onnx")[4]), ("0", "2/2", "1/1"));
    assert_eq!(words("--seed")[1..], ["0", "4"]);
    assert_eq!(words("recipe's lr ")[2..], ["0.002", "0.001"]);
    assert!(!table.contains("recipe's hidden"), "only what differs: {table}");
    let metrics = json_lines(&a_run.join("metrics.jsonl"));
    let last = metrics.iter().filter_map(|event| event["d_loss"].as_f64()).next_back().unwrap();
    assert!(table.contains(&chart::short(last)), "{last} in {table}");
    let page = fs::read_to_string(html).unwrap();
    assert!(
        page.contains("a.run: D's loss, last") && page.contains("b.onnx: D's loss, last") && !page.contains("<script")
    );
}

#[test]
fn what_is_no_run_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let damaged = dir.path().join("damaged.run");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("checkpoint.safetensors"), "no checkpoint").unwrap();
    let cases: [(PathBuf, &str); 3] = [
        (dir.path().join("nothing"), "is no run"),
        (dir.path().to_owned(), "is no run"),
        (damaged, "the checkpoint is damaged"),
    ];
    for (path, expected) in cases {
        let output = run(&["compare", path.to_str().unwrap()]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
    }
}

mod named_failures {
    //! Real runs on the whole of MNIST, networks as they are.

    use super::*;

    /// The messages of `epochs` epochs of a recipe.
    fn warnings(recipe: &str, seed: u64, epochs: u32) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        let (seed, epochs) = (seed.to_string(), epochs.to_string());
        // What the judge adds is tested beside the thresholds; here the signs of a batch must do alone.
        let out = ["--out", out.to_str().unwrap(), "--evaluate-every", "0"];
        let output = run(&[&["--recipe", recipe, "--seed", &seed, "--epochs", &epochs], &out[..]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let metrics = json_lines(&dir.path().join("gen.run/metrics.jsonl"));
        let events = metrics.iter().filter(|event| event["event"] == "warning");
        let messages: Vec<String> = events.map(|event| event["message"].as_str().unwrap().to_owned()).collect();
        let said = text(&output.stderr);
        for message in &messages {
            assert_eq!(said.matches(&format!("warning: {message}")).count(), 1, "said once: {said}");
        }
        messages
    }

    #[test]
    fn the_seed_recipe_triggers_both_and_stable_neither() {
        let seed = warnings("seed", 0, 2);
        assert_eq!(seed.len(), 2, "{seed:?}");
        assert!(seed[0].starts_with("D overpowers G: ") && seed[1].starts_with("mode collapse: "), "{seed:?}");
        assert_eq!(warnings("stable", 0, 2), [""; 0]);
    }

    #[test]
    fn ten_seeds_of_stable_trigger_nothing_and_of_seed_both() {
        if std::env::var_os("FORGER_LONG").is_none() {
            println!("skipped: FORGER_LONG asks for tests that take minutes");
            return;
        }
        for seed in 0..10 {
            assert_eq!(warnings("stable", seed, 4), [""; 0], "stable, seed {seed}");
            assert_eq!(warnings("seed", seed, 4).len(), 2, "seed, seed {seed}");
        }
    }
}
