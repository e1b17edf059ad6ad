//! What is asked of a cluster, and what clusters answer that are no laboratory: `sbatch`, `squeue` and `scontrol` are scripts here
//! that write down what they are given and say what such clusters say. `slurm.rs` has a real one.
#![cfg(unix)]

#[allow(dead_code, reason = "what one test program does not use of it, others do")]
mod process;
mod small_mnist;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use process::{text, trainer};
use small_mnist::SmallMnist;

/// A study of six runs, and a folder of programs that stands before all others.
struct Site {
    data: SmallMnist,
    dir: tempfile::TempDir,
    study: PathBuf,
}

/// Gives each job the next number, and keeps its script; banners around, as sites have them.
const SBATCH: &str = "echo '*** quota: 5 of 10 ***'\nn=$(ls \"$SITE\"/job-* 2>/dev/null | wc -l)\n\
                      for last; do :; done\ncp \"$last\" \"$SITE/job-$n\"\necho \"$((40 + n));north\"\necho 'have a nice day'";
/// Knows no job.
const SQUEUE: &str = "exit 0";

impl Site {
    fn new(folder: &str, slurm: &str, programs: &[(&str, &str)]) -> Self {
        let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
        let text = format!(
            "data = \"{}\"\nbatch = 20\nhidden = 16\nseed = \"0..6\"\nepochs = 1\nevaluate_every = 0\n[slurm]\n{slurm}",
            data.path()
        );
        fs::write(dir.path().join("study.toml"), text).unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        let study = dir.path().join(folder);
        let site = Self { data, dir, study };
        programs.iter().for_each(|(name, script)| site.program(name, script));
        site
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.dir.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        let path = format!("{}:{}", self.dir.path().join("bin").display(), std::env::var("PATH").unwrap());
        trainer(words).env("PATH", path).env("SITE", self.dir.path()).output().unwrap()
    }

    fn submit(&self, more: &[&str]) -> (Option<i32>, String) {
        let (file, out) = (self.dir.path().join("study.toml"), self.study.to_str().unwrap());
        let output = self.run(&[&["study", file.to_str().unwrap(), "--out", out, "--slurm"], more].concat());
        (output.status.code(), text(&output.stderr))
    }

    fn script(&self, number: usize) -> String {
        fs::read_to_string(self.dir.path().join(format!("job-{number}"))).unwrap()
    }
}

#[test]
fn account_quality_constraint_and_any_other_option_reach_sbatch() {
    let file = "account = \"file\"\nqos = \"long\"\nconstraint = \"a100|h100\"\nsbatch = [\"--exclude=n[3-5]\", \"--exclusive\"]\n";
    let site = Site::new("100% re sults", file, &[("sbatch", SBATCH), ("squeue", SQUEUE)]);
    let (code, said) = site.submit(&["--account", "flag", "--sbatch", "--mail-type=END"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("submitted 6 runs as job array 40"), "{said}");
    let script = site.script(0);
    for line in [
        "--account=flag",
        "--qos=long",
        "--constraint=\"a100|h100\"",
        "--exclude=\"n[3-5]\"",
        "--exclusive",
        "--mail-type=END",
        "--array=0-5",
    ] {
        assert!(script.lines().any(|found| found == format!("#SBATCH {line}")), "{line} in\n{script}");
    }
    // A pattern of sbatch's own starts with a `%`.
    assert!(script.contains("/100%% re sults/logs/slurm-%A_%a.log\""), "{script}");
    assert!(script.contains("/100% re sults' --index"), "{script}");
    let (code, said) = site.submit(&["--sbatch=--array=1"]);
    assert!(code == Some(2) && said.contains("`--array` cannot be given"), "{said}");
    drop(site.data);
}

#[test]
fn a_squeue_that_does_not_know_me_is_asked_by_name() {
    let squeue = "case \"$*\" in *--me*) echo \"squeue: unrecognized option '--me'\" >&2; exit 1;; esac\n\
                  [ \"$1\" = --user ] && [ \"$2\" = \"$(id -un)\" ] && echo 'Welcome' && echo '40 2 PENDING'";
    let site = Site::new("results", "", &[("sbatch", SBATCH), ("squeue", squeue)]);
    let (code, said) = site.submit(&[]);
    assert_eq!(code, Some(0), "{said}");
    let status = site.run(&["study", "status", site.study.to_str().unwrap()]);
    assert!(text(&status.stdout).contains("(1 in Slurm's queue)"), "{}", text(&status.stdout));
}

#[test]
fn arrays_refused_half_way_leave_the_rest_for_the_next_time() {
    // Arrays of two at most, and two jobs at a time.
    let scontrol = "echo 'MaxArraySize            = 2'";
    let full = "if [ \"$(ls \"$SITE\"/job-* 2>/dev/null | wc -l)\" -ge 2 ]; then\n\
                echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1; fi\n";
    let site = Site::new("results", "", &[("squeue", SQUEUE), ("scontrol", scontrol)]);
    site.program("sbatch", &format!("{full}{SBATCH}"));
    let (code, said) = site.submit(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("job array 40") && said.contains("job array 41"), "what was taken is told: {said}");
    assert!(
        said.contains("QOSMaxSubmitJobPerUserLimit") && said.contains("4 of 6 runs are submitted, 2 are not"),
        "{said}"
    );
    assert!(said.contains("hint: give the same command again"), "{said}");
    // The four are still in the queue when the cluster takes more.
    site.program("squeue", "for t in '40 0' '40 1' '41 0' '41 1'; do echo \"$t PENDING\"; done");
    site.program("sbatch", SBATCH);
    let (code, said) = site.submit(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("submitted 2 runs as job array 42"), "{said}");
    assert!(site.script(2).contains("SLURM_ARRAY_TASK_ID + 4"), "{}", site.script(2));
}

#[test]
fn an_answer_without_a_number_says_how_not_to_submit_twice() {
    let site = Site::new("results", "", &[("sbatch", "echo thanks"), ("squeue", SQUEUE)]);
    let (code, said) = site.submit(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`thanks` where a job's number was expected") && said.contains("scancel"), "{said}");
}
