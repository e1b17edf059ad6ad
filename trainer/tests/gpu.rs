//! Training on a GPU through the program, by a software driver where there is no GPU: devices, replicas, and runs that go
//! from one device to another.

mod process;
mod small_mnist;

use std::fs;
use std::path::Path;
use std::process::Output;

use process::{SMALL, run, run_small, text, trainer};
use small_mnist::SmallMnist;

/// The first adapter as `--device` takes it; says so if there is none, which fails where nothing may be skipped.
fn adapter() -> Option<String> {
    let devices: serde_json::Value = serde_json::from_slice(&run(&["devices", "--json"]).stdout).unwrap();
    let adapters = devices["adapters"].as_array().unwrap();
    if adapters.is_empty() {
        assert!(
            std::env::var_os("FORGER_REQUIRE_ALL").is_none_or(|v| v != "1"),
            "no Vulkan, Metal or DirectX 12 driver"
        );
        println!("skipped: no Vulkan, Metal or DirectX 12 driver was found");
    }
    // A software driver, if there is one: these tests are of what is done, not of how fast.
    let software = adapters.iter().position(|adapter| adapter["kind"] == "software");
    adapters.first().map(|_| format!("gpu:{}", software.unwrap_or(0)))
}

/// The program where no driver can be found.
fn without_driver(args: &[&str]) -> Output {
    trainer(args).env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent").output().unwrap()
}

fn settings<'a>(device: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["--device", device, "--epochs", "4", "--evaluate-every", "0"], more].concat()
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_gpu_auto_takes_the_cpu_and_says_why_and_gpu_fails() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let args = |device| {
        [&["--data", data.path(), "--out", out.to_str().unwrap()], &SMALL[..], &settings(device, &[])].concat()
    };
    let output = without_driver(&args("auto"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("engine fused on the CPU: no GPU was found"), "{}", text(&output.stderr));
    for (device, expected) in [("gpu", "no GPU was found"), ("gpu:1", "there is no `gpu:1`: there is none")] {
        let output = without_driver(&args(device));
        assert_eq!(output.status.code(), Some(1), "{device}");
        let message = text(&output.stderr);
        assert!(
            message.contains(expected) && message.contains("hint: ") && message.contains("libvulkan1"),
            "{message}"
        );
    }
    let devices = text(&without_driver(&["devices"]).stdout);
    assert!(
        devices.starts_with("cpu ") && devices.contains("`--device auto` takes the CPU: no GPU was found"),
        "{devices}"
    );
}

#[test]
fn a_software_driver_is_listed_as_one_and_taken_by_its_number_alone() {
    let Some(device) = adapter() else { return };
    let devices: serde_json::Value = serde_json::from_slice(&run(&["devices", "--json"]).stdout).unwrap();
    let adapters = devices["adapters"].as_array().unwrap();
    let table = text(&run(&["devices"]).stdout);
    for adapter in adapters {
        let line = format!("gpu:{}", adapter["index"]);
        let line = table.lines().find(|text| text.starts_with(&line)).unwrap_or_else(|| panic!("{line} in\n{table}"));
        assert!(line.contains(adapter["name"].as_str().unwrap()), "{line}");
        assert_eq!(line.contains("software"), adapter["kind"] == "software", "{line}");
    }
    if adapters.iter().any(|adapter| adapter["kind"] != "software") {
        return;
    }
    assert_eq!(devices["auto"], "cpu");
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let output = run_small(&data, &out, &settings("gpu", &[]));
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("which runs on the CPU") && message.contains(&format!("--device {device}")), "{message}");
}

#[test]
fn a_run_on_a_gpu_is_repeatable_and_resumes_to_the_same_bytes() {
    let Some(device) = adapter() else { return };
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    for recipe in ["seed", "stable"] {
        let run_to = |name: &str, more: &[&str]| {
            let out = dir.path().join(format!("{recipe}-{name}.onnx"));
            let output = run_small(&data, &out, &settings(&device, &[&["--recipe", recipe], more].concat()));
            assert!(output.status.success(), "{recipe} {name}: {}", text(&output.stderr));
            bytes(&out)
        };
        let whole = run_to("whole", &[]);
        assert!(whole == run_to("again", &[]), "{recipe}: a second run");
        interrupt_after(
            &data,
            &dir.path().join(format!("{recipe}-cut.onnx")),
            &settings(&device, &["--recipe", recipe]),
        );
        assert!(whole == run_to("cut", &["--resume"]), "{recipe}: after an interruption");
    }
}

/// Starts a run and interrupts it after its first epoch.
fn interrupt_after(data: &SmallMnist, out: &Path, settings: &[&str]) {
    let args = [&["--data", data.path(), "--out", out.to_str().unwrap()], &SMALL[..], settings].concat();
    let mut child =
        trainer(&args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "on epoch 0");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_goes_from_the_cpu_to_a_gpu_and_back() {
    let Some(device) = adapter() else { return };
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    for (from, to) in [("cpu", device.as_str()), (&device, "cpu")] {
        let out = dir.path().join(format!("from-{}.onnx", from.replace(':', "-")));
        // So many that the CPU, at a few milliseconds an epoch, is still at it when it is interrupted.
        let epochs = if from == "cpu" { "20" } else { "4" };
        interrupt_after(&data, &out, &settings(from, &["--epochs", epochs]));
        let output = run_small(&data, &out, &settings(to, &["--epochs", epochs, "--resume"]));
        let message = text(&output.stderr);
        assert!(output.status.success(), "{from} to {to}: {message}");
        assert!(message.contains("device") && message.contains("the bytes may differ"), "{from} to {to}: {message}");
    }
}

#[test]
fn replicas_are_the_runs_of_their_seeds() {
    let Some(device) = adapter() else { return };
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("many.onnx");
    let output = run_small(&data, &out, &settings(&device, &["--replicas", "3", "--seed", "7", "--keep-models", "2"]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().filter(|line| line.starts_with("on epoch ")).count(), 4);
    for seed in ["7", "8", "9"] {
        let alone = dir.path().join(format!("alone-{seed}.onnx"));
        assert!(run_small(&data, &alone, &settings(&device, &["--seed", seed])).status.success());
        let together = dir.path().join(format!("many-{seed}.onnx"));
        assert!(bytes(&alone) == bytes(&together), "seed {seed}");
        let folder = together.with_extension("run");
        for file in ["checkpoint.safetensors", "metrics.jsonl", "models/epochs-002.onnx"] {
            assert!(folder.join(file).exists(), "seed {seed}: {file}");
        }
    }
    assert!(!out.exists() && !out.with_extension("run").exists(), "nothing without a seed in its name");
}

#[test]
fn replicas_are_refused_where_they_cannot_be() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let output = run_small(&data, &out, &settings("cpu", &["--replicas", "2"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("`--replicas 2` takes the fused engine on a GPU"),
        "{}",
        text(&output.stderr)
    );
    let Some(device) = adapter() else { return };
    let log = dir.path().join("log.jsonl");
    let output = run_small(&data, &out, &settings(&device, &["--replicas", "2", "--log-json", log.to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`--log-json` writes one run's events"), "{}", text(&output.stderr));
}

/// FID of a run's last evaluation.
fn fid(out: &Path) -> f64 {
    let metrics = text(&bytes(&out.with_extension("run").join("metrics.jsonl")));
    let events = metrics.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let last = events.filter(|event| event["event"] == "evaluation").reduce(|_, last| last);
    last.expect("a run ends with an evaluation")["fid"].as_f64().unwrap()
}

/// Whole runs are compared by FID, never by their numbers: rounding makes trajectories part after a few steps.
#[test]
fn a_short_training_is_as_good_as_the_cpus() {
    if std::env::var_os("FORGER_LONG").is_none_or(|v| v != "1") {
        println!("skipped: minutes of a software driver; `cargo xtask test --long` runs it");
        return;
    }
    let Some(device) = adapter() else { return };
    let dir = tempfile::tempdir().unwrap();
    let train = |out: &Path, more: &[&str]| {
        let out = out.to_str().unwrap();
        let output = run(&[&["--epochs", "1", "--hidden", "32", "--out", out], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    train(&dir.path().join("gpu.onnx"), &["--device", &device, "--replicas", "3"]);
    for seed in ["0", "1", "2"] {
        train(&dir.path().join(format!("cpu-{seed}.onnx")), &["--device", "cpu", "--seed", seed]);
    }
    let [gpu, cpu] =
        ["gpu", "cpu"].map(|kind| [0, 1, 2].map(|seed| fid(&dir.path().join(format!("{kind}-{seed}.onnx")))));
    println!("FID on the GPU {gpu:.1?}, on the CPU {cpu:.1?}");
    let mean = |fids: [f64; 3]| fids.iter().sum::<f64>() / 3.0;
    let all = [gpu, cpu].concat();
    let spread = all.iter().copied().fold(f64::MIN, f64::max) - all.iter().copied().fold(f64::MAX, f64::min);
    assert!((mean(gpu) - mean(cpu)).abs() <= spread / 2.0, "on the GPU {gpu:.1?}, on the CPU {cpu:.1?}");
}
