//! Studies as a user meets them: real worker processes that are killed, a coordinator that is killed, going on, the report.

#[allow(dead_code, reason = "what one test program does not use of it, others do")]
mod process;
mod small_mnist;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use process::{run, text, trainer};
use serde_json::Value;
use small_mnist::SmallMnist;

/// A study of a small network on the small set.
struct Study {
    data: SmallMnist,
    dir: tempfile::TempDir,
}

impl Study {
    fn new(more: &str) -> Self {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let head = format!("data = \"{}\"\nbatch = 20\nhidden = 16\nlatent = 8\n", data.path());
        fs::write(dir.path().join("study.toml"), head + more).unwrap();
        Self { data, dir }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("study.toml")
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("results")
    }

    fn command(&self, more: &[&str]) -> Command {
        let (file, out) = (self.file(), self.out());
        trainer(&[&["study", file.to_str().unwrap(), "--out", out.to_str().unwrap()], more].concat())
    }

    fn go_on(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    fn ask(&self, action: &str, more: &[&str]) -> Output {
        run(&[&["study", action, self.out().to_str().unwrap()], more].concat())
    }

    /// Names of the runs in a state, without their owners.
    fn runs(&self, state: &str) -> Vec<String> {
        let entries = fs::read_dir(self.out().join(state)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Waits until a run at work has got through an epoch; gives its folder's name.
    fn wait_for_a_checkpoint(&self) -> String {
        loop {
            let with_checkpoint =
                |name: &String| self.out().join("running").join(name).join("gen.run/checkpoint.safetensors").exists();
            if let Some(name) = self.runs("running").into_iter().find(with_checkpoint) {
                return name;
            }
            std::thread::yield_now();
        }
    }

    fn models(&self) -> Vec<Vec<u8>> {
        self.runs("done")
            .iter()
            .map(|name| fs::read(self.out().join("done").join(name).join("gen.onnx")).unwrap())
            .collect()
    }
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

/// The process that a run's folder names.
fn pid_of(name: &str) -> &str {
    name.rsplit_once('.').unwrap().1
}

#[test]
fn a_study_does_every_run_once_and_each_is_an_ordinary_run() {
    let study = Study::new("seed = \"0..2\"\nrecipe = [\"seed\", \"stable\"]\nepochs = 2");
    let output = study.go_on(&["--workers", "2"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("4/4  ") && said.contains("4 runs done in") && said.contains("runs an hour"), "{said}");
    assert_eq!(study.runs("done"), ["0000-seed-s0", "0001-stable-s0", "0002-seed-s1", "0003-stable-s1"]);
    let done = study.out().join("done");
    // The same bytes as the run alone.
    let alone = study.dir.path().join("alone.onnx");
    let small = ["--data", study.data.path(), "--batch", "20", "--hidden", "16", "--latent", "8", "--epochs", "2"];
    let more = ["--recipe", "stable", "--seed", "1", "--evaluate-every", "2", "--out", alone.to_str().unwrap()];
    assert!(run(&[&small[..], &more].concat()).status.success());
    assert!(fs::read(done.join("0003-stable-s1/gen.onnx")).unwrap() == fs::read(&alone).unwrap(), "other bytes");
    // Tools for runs take them.
    let [a, b] = ["0000-seed-s0", "0001-stable-s0"].map(|name| done.join(name).display().to_string());
    let compared = text(&run(&["compare", &a, &b]).stdout);
    assert!(compared.contains("0000-seed-s0") && compared.contains("0001-stable-s0"), "{compared}");
    assert_eq!(fs::read_dir(study.out().join("judges")).unwrap().count(), 1, "one judge for all runs");
    // Once more: nothing left to do, and nothing done again.
    let changed = |name: &str| fs::metadata(done.join(name).join("gen.onnx")).unwrap().modified().unwrap();
    let before = changed("0000-seed-s0");
    assert!(study.go_on(&[]).status.success());
    assert_eq!(changed("0000-seed-s0"), before);
    assert_eq!(fs::read(study.file()).unwrap(), fs::read(study.out().join("study.toml")).unwrap());
}

#[test]
fn going_on_with_another_file_says_what_differs() {
    let study = Study::new("seed = 0\nepochs = 1\nevaluate_every = 0");
    assert!(study.go_on(&[]).status.success());
    let file = study.file();
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("epochs = 1", "epochs = 2")).unwrap();
    let output = study.go_on(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("epochs: 1 in the study folder, 2 now"), "{}", text(&output.stderr));
}

#[test]
fn dry_run_shows_runs_and_time_and_leaves_nothing() {
    let study = Study::new("seed = \"0..30\"\nepochs = 7\nlr = [0.1, 0.2]\nevaluate_every = 0");
    let output = study.go_on(&["--dry-run", "--workers", "3"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in ["lr 0.1", "lr 0.2", "  30  ", "60 runs, ", " with 3 at a time, 1 thread each"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!study.out().exists());
}

#[test]
fn a_run_that_fails_is_tried_once_more_then_told_and_the_rest_go_on() {
    // No network survives the second setting.
    let study = Study::new("seed = 0\nepochs = 2\nlr_final = 0.001\nevaluate_every = 0\nlr = [0.001, 1e30, 0.002]");
    let output = study.go_on(&["--workers", "1"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!((study.runs("done").len(), study.runs("failed").len(), study.runs("running").len()), (2, 1, 0));
    let failed = study.out().join("failed").join(&study.runs("failed")[0]);
    let failures: Vec<String> = serde_json::from_slice(&fs::read(failed.join("failures.json")).unwrap()).unwrap();
    assert_eq!(failures.len(), 2);
    assert!(failures[0].contains("training has diverged"), "{failures:?}");
    assert!(said.contains("failed: 0001-lr-1000") && said.contains("study retry"), "{said}");
    let status: Value = serde_json::from_slice(&study.ask("status", &["--json"]).stdout).unwrap();
    assert_eq!((status["done"].as_u64(), status["failed"].as_array().unwrap().len()), (Some(2), 1));
    // Going on leaves it; retry tries it twice again.
    assert_eq!(study.go_on(&[]).status.code(), Some(1));
    assert_eq!(study.ask("retry", &[]).status.code(), Some(1));
    let failures: Vec<String> = serde_json::from_slice(&fs::read(failed.join("failures.json")).unwrap()).unwrap();
    assert_eq!(failures.len(), 2);
    let report = study.ask("report", &[]);
    assert!(text(&report.stdout).contains("1/1"), "{}", text(&report.stderr));
}

#[test]
#[cfg(unix)]
fn a_worker_that_is_killed_costs_its_run_nothing_but_an_attempt() {
    let study = Study::new("seed = \"0..2\"\nepochs = 60\nevaluate_every = 0");
    let child = study.command(&["--workers", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    kill("-KILL", pid_of(&study.wait_for_a_checkpoint()));
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("it is tried once more"), "{said}");
    assert_eq!(study.runs("done").len(), 2);
    let whole = Study { data: study.data, dir: tempfile::tempdir().unwrap() };
    fs::copy(study.dir.path().join("study.toml"), whole.file()).unwrap();
    assert!(whole.go_on(&[]).status.success());
    let killed: Vec<Vec<u8>> = ["0000-stable-s0", "0001-stable-s1"]
        .iter()
        .map(|name| fs::read(study.dir.path().join("results/done").join(name).join("gen.onnx")).unwrap())
        .collect();
    assert!(whole.models() == killed, "other bytes");
}

#[test]
#[cfg(unix)]
fn a_study_stopped_and_killed_again_and_again_loses_nothing_and_does_nothing_twice() {
    let study = Study::new("seed = \"0..6\"\nepochs = 40\nevaluate_every = 0");
    for signal in ["-KILL", "-INT", "-KILL", "-TERM"] {
        let mut child = study.command(&["--workers", "2"]).stderr(Stdio::null()).spawn().unwrap();
        study.wait_for_a_checkpoint();
        kill(signal, &child.id().to_string());
        let status = child.wait().unwrap();
        if signal != "-KILL" {
            assert_eq!(status.code(), Some(if signal == "-INT" { 130 } else { 143 }), "{signal}");
            assert!(study.runs("running").is_empty(), "{signal}: all are given back");
        } else {
            // The workers notice that they are alone, and give their runs back with a checkpoint. All of them: what still
            // runs would be taken for the next one's.
            while !study.runs("running").is_empty() {
                std::thread::yield_now();
            }
        }
    }
    let done_before = study.runs("done");
    let written =
        |name: &String| fs::metadata(study.out().join("done").join(name).join("gen.onnx")).unwrap().modified().unwrap();
    let times: Vec<_> = done_before.iter().map(written).collect();
    let output = study.go_on(&["--workers", "2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(study.runs("done").len(), 6);
    for state in ["queued", "running", "failed"] {
        assert!(study.runs(state).is_empty(), "{state}");
    }
    assert_eq!(done_before.iter().map(written).collect::<Vec<_>>(), times, "what was done is not done again");
    for name in study.runs("done") {
        let metrics = fs::read_to_string(study.out().join("done").join(&name).join("gen.run/metrics.jsonl")).unwrap();
        let epochs = metrics.lines().filter(|line| line.contains("\"event\":\"epoch\"")).count();
        assert_eq!(epochs, 40, "{name}: every epoch once");
        assert!(!study.out().join("done").join(&name).join("failures.json").exists(), "a stop is no failure");
    }
}

#[test]
#[cfg(unix)]
fn a_coordinator_and_its_workers_killed_together_leave_runs_that_go_on() {
    let study = Study::new("seed = \"0..3\"\nepochs = 60\nevaluate_every = 0");
    let mut child = study.command(&["--workers", "1"]).stderr(Stdio::null()).spawn().unwrap();
    let at_work = study.wait_for_a_checkpoint();
    kill("-KILL", &child.id().to_string());
    // It may have noticed that it is alone, and be gone.
    let _ = Command::new("kill").args(["-KILL", pid_of(&at_work)]).stderr(Stdio::null()).status();
    child.wait().unwrap();
    let output = study.go_on(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(study.runs("done").len(), 3);
}

#[test]
#[cfg(unix)]
fn two_who_go_on_with_one_study_share_its_runs() {
    let study = Study::new("seed = \"0..8\"\nepochs = 3\nevaluate_every = 0");
    let start = || study.command(&["--workers", "2"]).stderr(Stdio::piped()).spawn().unwrap();
    let children = [start(), start()];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(study.runs("done").len(), 8);
    assert!(study.runs("queued").is_empty() && study.runs("failed").is_empty() && study.runs("running").is_empty());
}

#[test]
fn the_report_says_what_differs_and_leaves_page_tables_and_the_best_model() {
    let study = Study::new(
        "seed = \"0..6\"\nrecipe = \"seed\"\n[[setting]]\nname = \"as \\\"it\\\" is, <b>\"\nepochs = 1\n\
         [[setting]]\nname = \"longer\"\nepochs = 12\nrecipe = \"stable\"",
    );
    assert_eq!(study.ask("report", &[]).status.code(), Some(1), "there is no such folder yet");
    assert!(study.go_on(&["--workers", "2"]).status.success());
    let first = study.ask("report", &[]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let said = text(&first.stdout);
    for part in ["longer", "6/6", "comparisons beyond chance", "best: ", "report.html"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let page = fs::read_to_string(study.out().join("report.html")).unwrap();
    assert!(page.matches("<svg viewBox").count() >= 5 && page.contains("&lt;b&gt;"), "one chart a metric");
    for foreign in ["<script", "http://", "https://", "<link", "src=\"/", "<b>\""] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let json: Value = serde_json::from_slice(&fs::read(study.out().join("report.json")).unwrap()).unwrap();
    assert_eq!(json["settings"].as_array().unwrap().len(), 2);
    let fid = &json["settings"][1]["metrics"]["fid"];
    let mean = fid["mean"].as_f64().unwrap();
    assert!(fid["interval"][0].as_f64().unwrap() <= mean && mean <= fid["interval"][1].as_f64().unwrap(), "{fid}");
    assert_eq!(json["differences"].as_array().unwrap().len(), 3, "FID, recall and collapse of one pair");
    let csv = fs::read_to_string(study.out().join("settings.csv")).unwrap();
    assert!(csv.contains("\"as \"\"it\"\" is, <b>\",6,6,0"), "{csv}");
    assert_eq!(fs::read_to_string(study.out().join("runs.csv")).unwrap().lines().count(), 13);
    let best = json["best"]["run"].as_str().unwrap();
    let model = fs::read(study.out().join("done").join(best).join("gen.onnx")).unwrap();
    assert!(fs::read(study.out().join("best.onnx")).unwrap() == model);
    // The same runs give the same report, to the last digit.
    let again = study.ask("report", &[]);
    assert_eq!(text(&again.stdout), said);
    assert_eq!(fs::read_to_string(study.out().join("report.html")).unwrap(), page);
}

#[test]
fn bad_requests_are_refused_in_words() {
    let study = Study::new("seed = 0\nepocs = 2");
    let no = study.dir.path().join("no.toml");
    let dir = study.dir.path().to_str().unwrap();
    let file = study.file();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["study"], 2, "<FILE>"),
        (&["study", no.to_str().unwrap()], 2, "cannot be read"),
        (&["study", dir], 2, "it is a folder"),
        (&["study", file.to_str().unwrap()], 2, "study.toml:6: unknown key `epocs`: did you mean `epochs`?"),
        (&["study", file.to_str().unwrap(), "--workers", "0"], 2, "--workers"),
        (&["study", file.to_str().unwrap(), "--partition", "x"], 2, "--slurm"),
        (&["study", file.to_str().unwrap(), "--slurm", "--partition", "a b"], 2, "--partition"),
        (&["study", "report", dir], 1, "is no study's folder"),
        (&["study", "status", "/no/such/folder"], 1, "is no study's folder"),
        (&["study", "retry", dir], 1, "is no study's folder"),
        (&["study", "report"], 2, "<DIR>"),
    ];
    for (args, code, expected) in cases {
        let output = run(args);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{args:?}: {message}");
        assert!(!message.contains("panicked"), "{args:?}: {message}");
    }
}

#[test]
fn without_a_cluster_slurm_says_so_and_nothing_is_lost() {
    let study = Study::new("seed = 0\nepochs = 1\nevaluate_every = 0");
    let empty = tempfile::tempdir().unwrap();
    let output = study.command(&["--slurm"]).env("PATH", empty.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`squeue` cannot be started"), "{}", text(&output.stderr));
    assert!(study.go_on(&[]).status.success());
}

#[test]
fn the_study_of_the_documents_is_sound() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/studies/what-cures-collapse.toml");
    let plan = study::file::StudyFile::read(&file).unwrap().plan;
    assert!(plan.settings.len() >= 8);
    for setting in 0..plan.settings.len() {
        assert!(plan.runs.iter().filter(|run| run.setting == setting).count() >= 10, "at least ten seeds");
    }
}

#[test]
fn help_manual_and_completions_know_studies() {
    let help = text(&run(&["study", "--help"]).stdout);
    for part in [
        "--dry-run",
        "--workers <N>",
        "--slurm",
        "--max-at-once <N>",
        "report",
        "status",
        "retry",
        "[default: results]",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert!(!help.contains("--leashed") && !help.contains("  run "), "{help}");
    let manual = text(&run(&["man"]).stdout);
    for part in ["trainer\\-study", "\\-\\-max\\-at\\-once", "trainer\\-study\\-report"] {
        assert!(manual.contains(part), "{part}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&run(&["completions", shell]).stdout).contains("max-at-once"), "{shell}");
    }
}
