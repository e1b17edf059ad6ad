//! Going on with a run by `--resume` alone, and starting from another run's weights.

mod process;
mod small_mnist;

use std::fs;
use std::path::Path;

use process::{SMALL, run, run_small, text, trainer};
use run::checkpoint::Checkpoint;
use small_mnist::SmallMnist;

fn checkpoint(out: &Path) -> Checkpoint {
    let file = out.with_extension("run").join("checkpoint.safetensors");
    Checkpoint::from_bytes(&fs::read(file).unwrap()).unwrap()
}

/// `trainer --resume --out OUT` and nothing else but `more`.
fn resume(out: &Path, more: &[&str]) -> std::process::Output {
    run(&[&["--resume", "--out", out.to_str().unwrap()], more].concat())
}

/// Settings that are none's defaults.
const OWN: [&str; 12] = [
    "--recipe",
    "seed",
    "--seed",
    "7",
    "--lr",
    "0.0005",
    "--evaluate-every",
    "0",
    "--threads",
    "1",
    "--engine",
    "reference",
];

#[test]
#[cfg(unix)]
fn resume_alone_takes_every_setting_and_gives_the_same_bytes() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let whole = dir.path().join("whole.onnx");
    let settings = [&["--epochs", "60"], &OWN[..]].concat();
    assert!(run_small(&data, &whole, &settings).status.success());
    let out = dir.path().join("gen.onnx");
    // A path that means another place from any other folder.
    let (parent, name) = (Path::new(data.path()).parent().unwrap(), Path::new(data.path()).file_name().unwrap());
    let words = [&["--data", name.to_str().unwrap(), "--out", out.to_str().unwrap()], &SMALL[..], &settings].concat();
    let mut child = trainer(&words).current_dir(parent).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !out.with_extension("run").join("checkpoint.safetensors").exists() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = resume(&out, &[]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("going on in epoch") && said.contains("engine reference") && said.contains("seed 7"),
        "{said}"
    );
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap(), "other bytes");
    // Once more there is nothing to train, and with more epochs there is.
    let said = text(&resume(&out, &[]).stderr);
    assert!(said.contains("the run has all of its 60 epochs"), "{said}");
    let said = text(&resume(&out, &["--epochs", "61"]).stderr);
    assert!(said.contains("goes on to 61: from here on its schedules are those of 61"), "{said}");
    assert_eq!(checkpoint(&out).epochs_done, 61);
    // What is given must be the run's.
    let output = resume(&out, &["--lr", "0.25"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("recipe's lr: 0.0005 in the run folder, 0.25 now"));
}

#[test]
fn pictures_that_were_moved_are_asked_for() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    fs::create_dir(&first).unwrap();
    for entry in fs::read_dir(data.path()).unwrap().flatten() {
        fs::copy(entry.path(), first.join(entry.file_name())).unwrap();
    }
    let out = dir.path().join("gen.onnx");
    let fixed = ["--data", first.to_str().unwrap(), "--out", out.to_str().unwrap(), "--epochs", "1"];
    assert!(run(&[&fixed[..], &SMALL].concat()).status.success());
    fs::rename(&first, &second).unwrap();
    let output = resume(&out, &["--epochs", "2"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the run's pictures were in") && said.contains("`--data`"), "{said}");
    let output = resume(&out, &["--epochs", "2", "--data", second.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // From now on it knows the place.
    assert!(resume(&out, &["--epochs", "3"]).status.success());
    assert_eq!(checkpoint(&out).epochs_done, 3);
}

#[test]
fn a_run_starts_anew_from_the_weights_of_another() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let first = dir.path().join("first.onnx");
    assert!(run_small(&data, &first, &["--epochs", "2", "--d-input-offset", "0.5"]).status.success());
    let before = checkpoint(&first);
    let out = dir.path().join("second.onnx");
    let fixed = ["--data", data.path(), "--out", out.to_str().unwrap(), "--evaluate-every", "0"];
    // A step so small that the weights stay what they were, to the eye.
    let more =
        ["--from", first.to_str().unwrap(), "--epochs", "1", "--seed", "3", "--lr", "1e-9", "--lr-final", "1e-9"];
    let output = run(&[&fixed[..], &more].concat());
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("starts from the weights of") && said.contains("of 2 epochs on"), "{said}");
    let after = checkpoint(&out);
    assert_eq!((after.state.step, after.epochs_done, after.identity.seed), (11, 1, 3));
    assert_eq!(
        (after.identity.recipe.hidden, after.identity.recipe.d_input_offset),
        (16, 0.5),
        "the recipe is that run's"
    );
    let pairs = after.state.generator.parameters.iter().zip(&before.state.generator.parameters);
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6), "other weights");

    // With `--resume` it goes on, and does not begin once more.
    let output = run(&[&fixed[..], &more, &["--resume"]].concat());
    assert!(text(&output.stderr).contains("the run has all of its 1 epochs"), "{}", text(&output.stderr));

    // A run that starts from what lies in its own folder loses nothing of it.
    let own =
        ["--data", data.path(), "--out", first.to_str().unwrap(), "--from", first.to_str().unwrap(), "--epochs", "1"];
    let output = run(&own);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(dir.path().join("first.run/earlier-1/checkpoint.safetensors").exists());

    let refusals: [(&[&str], i32, &str); 3] = [
        (&["--from", "second.onnx", "--hidden", "32"], 2, "`generator.hidden1.weight` is [16, 8] there, [32, 8] here"),
        (&["--from", "second.onnx", "--size", "20"], 2, "its weights are of other networks"),
        (&["--from", "nothing.onnx"], 1, "is no run"),
    ];
    for (flags, code, expected) in refusals {
        let words = [&["--data", data.path(), "--out", "third.onnx", "--epochs", "1"], flags].concat();
        let output = trainer(&words).current_dir(dir.path()).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(code) && said.contains(expected), "{flags:?}: {said}");
        assert!(!dir.path().join("third.run").exists(), "{flags:?}: a refusal leaves a folder");
    }
}

#[test]
fn a_network_that_does_not_fit_the_pictures_leaves_no_folder() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let recipe = dir.path().join("own.toml");
    let layers = "[generator]\nlayers = [{ layer = \"dense\", width = 64 }, { layer = \"tanh\" }]\n";
    fs::write(&recipe, gan::recipe::SEED.to_owned() + layers).unwrap();
    let out = dir.path().join("gen.onnx");
    let output = run(&["--data", data.path(), "--out", out.to_str().unwrap(), "--recipe", recipe.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("64 numbers and 784"), "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "only the recipe");
}

#[test]
fn a_home_that_no_shell_has_put_in_is_pointed_out() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 4] = [
        &["--out", "~/gen.onnx"],
        &["--log-json", "~/log"],
        &["--tensorboard", "~/board"],
        &["study", "study.toml", "--out", "~/results"],
    ];
    fs::write(dir.path().join("study.toml"), "seed = 1\nepochs = 1").unwrap();
    for words in cases {
        let output = trainer(words).current_dir(dir.path()).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains("`~` stands for your home only where the shell replaces it"), "{words:?}: {said}");
        assert!(!dir.path().join("~").exists(), "{words:?}");
    }
}

#[test]
fn a_second_run_into_the_same_tensorboard_folder_has_a_folder_of_its_own() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let board = dir.path().join("board");
    let train = |name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let output = run_small(&data, &out, &[&["--tensorboard", board.to_str().unwrap()], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert!(!train("a.onnx", &["--epochs", "1"]).contains("another run"));
    assert!(!train("a.onnx", &["--epochs", "2", "--resume"]).contains("another run"));
    let said = train("b.onnx", &["--epochs", "1"]);
    assert!(said.contains("holds the events of another run") && said.contains("board/b`"), "{said}");
    let files = |folder: &Path| fs::read_dir(folder).unwrap().flatten().filter(|one| one.path().is_file()).count();
    assert_eq!((files(&board), files(&board.join("b"))), (2, 1));
}
