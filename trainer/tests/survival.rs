//! Runs that are interrupted, killed and starved of disk, and go on to the same bytes as one that never was.

mod process;
mod small_mnist;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use noise::philox::{Stream, block};
use process::{SMALL, run_small, text, trainer};
use small_mnist::SmallMnist;

/// Long enough that a signal after the first epoch always comes before the last, short enough for a test.
const EPOCHS: [&str; 4] = ["--epochs", "150", "--evaluate-every", "0"];

/// Starts a run and waits until it has finished at least one epoch.
fn start(data: &SmallMnist, out: &Path, more: &[&str]) -> Child {
    let args = [&["--data", data.path(), "--out", out.to_str().unwrap()], &SMALL[..], &EPOCHS, more].concat();
    let child = trainer(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let checkpoint = out.with_extension("run").join("checkpoint.safetensors");
    while !checkpoint.exists() {
        std::thread::yield_now();
    }
    child
}

/// The number of an epoch that a line of metrics is about, warnings and scores left out.
fn epoch_of(line: &str) -> Option<u64> {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    (event["event"] == "epoch").then(|| event["epoch"].as_u64().unwrap())
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
#[cfg(unix)]
fn resume_gives_the_same_bytes_after_ctrl_c_and_after_a_kill() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    // `seed` lives on Adam's first moments, `stable` on the moving average: what either needs must be kept.
    for recipe in ["seed", "stable"] {
        let settings = [&EPOCHS[..], &["--recipe", recipe]].concat();
        let whole = dir.path().join(format!("{recipe}.onnx"));
        assert!(run_small(&data, &whole, &settings).status.success());
        for (name, code) in [("-INT", Some(130)), ("-TERM", Some(143)), ("-KILL", None)] {
            let out = dir.path().join(format!("{recipe}{name}.onnx"));
            let mut child = start(&data, &out, &["--recipe", recipe]);
            signal(&child, name);
            let status = child.wait().unwrap();
            assert_eq!(status.code(), code, "{recipe} {name}: ended otherwise than by the signal");
            assert!(!out.exists(), "{recipe} {name}: an unfinished run leaves no model");
            let output = run_small(&data, &out, &[&settings[..], &["--resume"]].concat());
            assert!(output.status.success(), "{recipe} {name}: {}", text(&output.stderr));
            assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap(), "{recipe} {name}: other bytes");
            let metrics = fs::read_to_string(out.with_extension("run").join("metrics.jsonl")).unwrap();
            assert!(metrics.lines().filter_map(epoch_of).eq(0..150), "{recipe} {name}: {metrics}");
        }
    }
}

#[test]
fn resume_with_other_settings_says_which_differ() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "2"]).status.success());
    let cases: [(&[&str], &str); 3] = [
        (&["--epochs", "1"], "--epochs: 2 in the run folder, 1 now"),
        (&["--epochs", "2", "--seed", "9"], "--seed: 0 in the run folder, 9 now"),
        (&["--epochs", "2", "--lr", "0.5"], "recipe's lr: 0.002 in the run folder, 0.5 now"),
    ];
    for (more, expected) in cases {
        let output = run_small(&data, &out, &[more, &["--resume"]].concat());
        assert_eq!(output.status.code(), Some(2), "{expected}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn a_checkpoint_of_another_architecture_or_a_damaged_one_is_named() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "1"]).status.success());
    let path = dir.path().join("gen.run/checkpoint.safetensors");
    let good = fs::read(&path).unwrap();

    let output = run_small(&data, &out, &["--epochs", "1", "--hidden", "32", "--resume"]);
    assert!(text(&output.stderr).contains("recipe's hidden: 16 in the run folder, 32 now"));

    // The same length of text, so that the header still holds: only the recipe lies about the weights.
    let lying = find_and_replace(&good, b"hidden = 16", b"hidden = 24");
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("another architecture", lying, "of another architecture: tensor `ema.generator.hidden1.weight`"),
        ("cut short", good[..good.len() / 2].to_vec(), "is damaged"),
        ("empty", Vec::new(), "is damaged"),
        ("a text", b"hello, this is no checkpoint".to_vec(), "is damaged"),
    ];
    for (name, bytes, expected) in cases {
        fs::write(&path, bytes).unwrap();
        let output = run_small(&data, &out, &["--epochs", "1", "--resume"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let message = text(&output.stderr);
        assert!(message.contains(expected) && message.contains("checkpoint.safetensors"), "{name}: {message}");
    }
}

fn find_and_replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the recipe is in the header");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn resume_begins_a_run_goes_on_with_it_and_makes_it_longer() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    for (epochs, expected) in
        [("1", "there is no run in"), ("3", "the run was planned with `--epochs 1` and goes on to 3")]
    {
        let output = run_small(&data, &out, &["--epochs", epochs, "--resume"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let checkpoint = fs::read(dir.path().join("gen.run/checkpoint.safetensors")).unwrap();
    let checkpoint = run::checkpoint::Checkpoint::from_bytes(&checkpoint).unwrap();
    assert_eq!((checkpoint.epochs_done, checkpoint.identity.epochs, checkpoint.state.step), (3, 3, 33));
}

#[test]
fn the_same_pictures_in_a_folder_of_another_name_are_gone_on_with() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "1"]).status.success());
    let moved = SmallMnist::new();
    let output = run_small(&moved, &out, &["--epochs", "1", "--resume"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Kills of one run. The moments are spread over epochs and, within one, over steps and the writing of files.
const KILLS: u32 = 30;
/// More than that many kills let a run get through.
const KILLED_EPOCHS: [&str; 2] = ["--epochs", "400"];
/// Longest wait between the line of an epoch and the kill: several epochs of the small run.
const LONGEST_MICROSECONDS: u64 = 30_000;

/// Lets a run get past a number of epochs, then kills it at a moment that follows from `round`; tells whether it was
/// still alive.
fn kill_at_random(mut child: Child, round: u32) -> bool {
    let [epochs, part, ..] = block(0, Stream::Samples, 0, round);
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    let _ = lines.nth((epochs % 8) as usize);
    let deadline = Instant::now() + Duration::from_micros(u64::from(part) % LONGEST_MICROSECONDS);
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    let alive = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    alive
}

#[test]
#[cfg(unix)]
fn a_run_killed_dozens_of_times_gives_the_bytes_of_one_never_interrupted() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    for recipe in ["seed", "stable"] {
        let settings = [&KILLED_EPOCHS[..], &["--recipe", recipe]].concat();
        let whole = dir.path().join(format!("whole-{recipe}.onnx"));
        assert!(run_small(&data, &whole, &settings).status.success());
        let out = dir.path().join(format!("killed-{recipe}.onnx"));
        let fixed = ["--data", data.path(), "--out", out.to_str().unwrap()];
        let mut kills = 0;
        for round in 0..KILLS {
            // A kill may come before the first checkpoint: then there is nothing to resume yet.
            let resumable = fs::exists(checkpoint_of(&out)).unwrap() || fs::exists(previous_of(&out)).unwrap();
            let resume: &[&str] = if resumable { &["--resume"] } else { &[] };
            let args = [&fixed, &SMALL[..], &settings, resume].concat();
            let child = trainer(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            kills += u32::from(kill_at_random(child, round));
        }
        assert!(kills >= KILLS * 2 / 3, "{recipe}: only {kills} kills met a living run; it must be longer");
        let output = run_small(&data, &out, &[&settings[..], &["--resume"]].concat());
        assert!(output.status.success(), "{recipe}: {}", text(&output.stderr));
        assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap(), "{recipe}: other bytes after {kills} kills");
        for folder in [dir.path().to_owned(), run_of(&out), run_of(&out).join("samples")] {
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".tmp"), "{recipe}: `{name}` is left of a killed process");
            }
        }
    }
}

fn run_of(out: &Path) -> PathBuf {
    out.with_extension("run")
}

fn checkpoint_of(out: &Path) -> PathBuf {
    run_of(out).join("checkpoint.safetensors")
}

fn previous_of(out: &Path) -> PathBuf {
    run_of(out).join("checkpoint.previous.safetensors")
}

#[test]
fn a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let whole = dir.path().join("whole.onnx");
    assert!(run_small(&data, &whole, &["--epochs", "3"]).status.success());
    let expected = fs::read(&whole).unwrap();
    type Damage = fn(&Path);
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        // Among the weights, where any bytes are numbers.
        let last = bytes.len() - 5;
        bytes[last] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let cases: [(&str, Damage, &str); 4] = [
        ("cut short", |path| fs::write(path, &fs::read(path).unwrap()[..5000]).unwrap(), "is damaged"),
        ("empty", |path| fs::write(path, []).unwrap(), "is damaged"),
        ("a flipped bit", flip, "its numbers are not those that were written"),
        ("gone", |path| fs::remove_file(path).unwrap(), "is missing"),
    ];
    for (name, damage, said) in cases {
        let out = dir.path().join(format!("{name}.onnx"));
        assert!(run_small(&data, &out, &["--epochs", "3"]).status.success(), "{name}");
        fs::remove_file(&out).unwrap();
        damage(&checkpoint_of(&out));
        let output = run_small(&data, &out, &["--epochs", "3", "--resume"]);
        let message = text(&output.stderr);
        assert!(output.status.success(), "{name}: {message}");
        assert!(message.contains(said) && message.contains("going on from the one before it, of step 22"), "{message}");
        assert!(fs::read(&out).unwrap() == expected, "{name}: other bytes");
    }
}

#[test]
fn a_second_run_in_the_same_folder_is_refused_while_the_first_is_at_work() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let mut first = start(&data, &out, &[]);
    let output = run_small(&data, &out, &["--epochs", "1"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("another trainer is at work in"), "{}", text(&output.stderr));
    assert!(run_small(&data, &out, &["--epochs", "1"]).status.success(), "a killed run leaves no lock");
}

#[test]
fn resume_by_another_engine_says_that_the_bytes_may_differ() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "1", "--threads", "1"]).status.success());
    // Another number of threads makes no difference to the fused engine, and nothing is said of it.
    let output = run_small(&data, &out, &["--epochs", "1", "--resume", "--threads", "2"]);
    assert!(output.status.success() && !text(&output.stderr).contains("warning"), "{}", text(&output.stderr));
    let more = ["--epochs", "1", "--resume", "--engine", "reference", "--device", "cpu", "--threads", "2"];
    let output = run_small(&data, &out, &more);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = "warning: engine fused before, reference now; threads 1 before, 2 now";
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
}

#[test]
fn resume_on_other_pictures_of_the_same_name_says_so() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    assert!(run_small(&data, &out, &["--epochs", "1"]).status.success());
    let images = Path::new(data.path()).join("train-images-idx3-ubyte");
    let mut bytes = fs::read(&images).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(images, bytes).unwrap();
    let output = run_small(&data, &out, &["--epochs", "1", "--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--data: pictures of checksum"), "{}", text(&output.stderr));
}

mod full_disk {
    //! A small real file system, mounted where only this test sees it.

    use super::*;

    /// Room for some epochs of the small run, not for all.
    const KIBIBYTES: &str = "1500";

    /// Runs `script` by a shell that may mount file systems nobody else sees, with the environment variables `DIR` (an
    /// empty folder to mount on), `KEEP` (a folder to leave things in) and those given; none where that is not allowed.
    fn in_own_mounts(script: &str, keep: &Path, variables: &[(&str, &str)]) -> Option<std::process::Output> {
        let dir = tempfile::tempdir().unwrap();
        let shell = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
            command.env("DIR", dir.path()).env("KEEP", keep).envs(variables.iter().copied());
            command.output()
        };
        match shell("mount -t tmpfs -o size=100k none \"$DIR\"") {
            Ok(output) if output.status.success() => Some(shell(script).unwrap()),
            Ok(output) => skip(&text(&output.stderr)),
            Err(error) => skip(&format!("`unshare`: {error}")),
        }
    }

    fn skip(why: &str) -> Option<std::process::Output> {
        eprintln!("skipped: no small file system can be mounted: {}", why.trim());
        None
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_disk_that_fills_up_is_named_and_the_last_checkpoint_goes_on_to_the_same_bytes() {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let whole = dir.path().join("whole.onnx");
        let settings = ["--epochs", "40", "--evaluate-every", "0"];
        assert!(run_small(&data, &whole, &settings).status.success());
        let flags = [&["--data", data.path()], &SMALL[..], &settings].concat().join(" ");
        let script = r#"
            mount -t tmpfs -o size="$SIZE"k none "$DIR" || exit 90
            "$TRAINER" $FLAGS --out "$DIR/gen.onnx" 2>"$KEEP/first"
            echo $? >"$KEEP/code"
            ls -a "$DIR/gen.run" >"$KEEP/left"
            mount -o remount,size=100m "$DIR" || exit 91
            "$TRAINER" $FLAGS --out "$DIR/gen.onnx" --resume 2>"$KEEP/second" || exit 92
            cp "$DIR/gen.onnx" "$KEEP/gen.onnx"
        "#;
        let variables = [("SIZE", KIBIBYTES), ("TRAINER", env!("CARGO_BIN_EXE_trainer")), ("FLAGS", &*flags)];
        let Some(output) = in_own_mounts(script, dir.path(), &variables) else { return };
        let kept = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
        assert!(output.status.success(), "{output:?}\n{}\n{}", kept("first"), kept("second"));
        let message = kept("first");
        assert_eq!(kept("code"), "1\n", "{message}");
        assert!(message.contains("cannot be written: the disk is full") && message.contains("hint: "), "{message}");
        assert!(!kept("left").contains(".tmp"), "{}", kept("left"));
        assert!(!kept("second").contains("warning"), "{}", kept("second"));
        assert!(fs::read(dir.path().join("gen.onnx")).unwrap() == fs::read(&whole).unwrap(), "other bytes");
    }
}

#[test]
#[cfg(unix)]
fn a_limit_on_files_before_the_first_checkpoint_is_named_and_promises_none() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let words = [&["--data", data.path(), "--out", out.to_str().unwrap()], &SMALL[..], &EPOCHS].concat();
    let mut command = Command::new("sh");
    // Eight blocks are 4 or 8 KiB; a sample sheet has more.
    command.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_trainer")]).args(words);
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("files may not be that large here"), "{said}");
    assert!(said.contains("`ulimit -f`") && said.contains("there was no checkpoint yet"), "{said}");
}
