//! Studies on a real Slurm: a controller and two node daemons on this machine, started here and stopped at the end.
//!
//! Minutes long, so `cargo xtask test --long` alone runs it (`FORGER_LONG=1`), and installs Debian's `slurm-wlm` and `munge`
//! for it. It needs root, as Slurm's daemons do.

#[allow(dead_code, reason = "what one test program does not use of it, others do")]
mod process;
mod small_mnist;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use process::{text, trainer};
use serde_json::Value;
use small_mnist::SmallMnist;

/// Longer than anything here should take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(300);

/// A cluster of two nodes of one CPU, gone when dropped.
struct Cluster {
    dir: tempfile::TempDir,
    daemons: Vec<(String, Child)>,
}

impl Cluster {
    /// None, after saying why, where it cannot be.
    fn start() -> Option<Self> {
        if std::env::var_os("FORGER_LONG").is_none() {
            println!("skipped: FORGER_LONG is not set; `cargo xtask test --long` runs it");
            return None;
        }
        for program in ["munged", "slurmctld", "slurmd", "sbatch"] {
            if find(program).is_none() {
                println!("skipped: no `{program}` here; Debian and Ubuntu have it in slurm-wlm and munge");
                return None;
            }
        }
        if text(&Command::new("id").arg("-u").output().unwrap().stdout).trim() != "0" {
            println!("skipped: Slurm's daemons need root");
            return None;
        }
        let mut cluster = Self { dir: tempfile::tempdir().unwrap(), daemons: Vec::new() };
        cluster.configure();
        let path = |name: &str| cluster.path(name).display().to_string();
        let munge =
            ["socket", "key-file", "pid-file", "log-file", "seed-file"].map(|what| format!("--{what}={}", path(what)));
        let mut munged = vec!["--force", "--foreground"];
        munged.extend(munge.iter().map(String::as_str));
        cluster.daemon("munged", "munged", &munged);
        let socket = cluster.path("socket");
        wait("munged", || socket.exists().then_some(()));
        cluster.daemon("slurmctld", "slurmctld", &["-D"]);
        for node in NODES {
            cluster.daemon(node, "slurmd", &["-D", "-N", node]);
        }
        wait("two idle nodes", || {
            let said = cluster.ask("sinfo", &["--noheader", "--Node", "--format=%N %T"]);
            (said.matches(" idle").count() == NODES.len()).then_some(())
        });
        Some(cluster)
    }

    fn configure(&self) {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let host = host.trim().split('.').next().unwrap();
        // Held until all are chosen, so that they differ.
        let free: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let port = |n: usize| free[n].local_addr().unwrap().port();
        let (socket, dir) = (self.path("socket"), self.dir.path().display());
        let key: Vec<u8> =
            (0..256).map(|block| noise::philox::block(1, noise::philox::Stream::Samples, 0, block)[0] as u8).collect();
        fs::write(self.path("key-file"), key).unwrap();
        assert!(Command::new("chmod").arg("600").arg(self.path("key-file")).status().unwrap().success());
        fs::create_dir(self.path("state")).unwrap();
        let mut text = format!(
            "ClusterName=forger\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmUser=root\nSlurmdUser=root\n\
             AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={},cred_expire=5\nStateSaveLocation={dir}/state\n\
             SlurmdSpoolDir={dir}/spool-%n\nSlurmctldPidFile={dir}/ctld.pid\nSlurmdPidFile={dir}/slurmd-%n.pid\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/cons_tres\n\
             SelectTypeParameters=CR_CPU\nReturnToService=2\nSlurmdTimeout=10\nKillWait=5\nMpiDefault=none\n\
             AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n\
             SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1\n",
            port(0),
            socket.display()
        );
        for (number, node) in NODES.into_iter().enumerate() {
            fs::create_dir(self.path(&format!("spool-{node}"))).unwrap();
            text +=
                &format!("NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={} CPUs=1\n", port(number + 1));
        }
        text += "PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n";
        fs::write(self.path("slurm.conf"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn daemon(&mut self, name: &str, program: &str, args: &[&str]) {
        let log = fs::File::create(self.path(&format!("{name}.log"))).unwrap();
        let mut command = Command::new(find(program).unwrap());
        command.args(args).env("SLURM_CONF", self.path("slurm.conf")).stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        self.daemons.push((name.to_owned(), child));
    }

    /// What a command of Slurm's prints; nothing if it fails.
    fn ask(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program).args(args).env("SLURM_CONF", self.path("slurm.conf")).output().unwrap();
        text(&output.stdout)
    }

    fn trainer(&self, args: &[&str]) -> std::process::Output {
        trainer(args).env("SLURM_CONF", self.path("slurm.conf")).output().unwrap()
    }

    /// As when a machine loses its power: its daemon and all that it started end at once.
    fn take_down(&mut self, node: &str, task: u32) {
        let daemon = self.daemons.iter().position(|(name, _)| name == node).unwrap();
        let (_, mut daemon) = self.daemons.remove(daemon);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        for pid in [parent_of(task), task] {
            assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
        }
        self.ask("scontrol", &["update", &format!("NodeName={node}"), "State=DOWN", "Reason=power"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ask("scancel", &["--me"]);
        for (_, daemon) in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status();
            let _ = daemon.wait();
        }
    }
}

const NODES: [&str; 2] = ["one", "two"];

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Daemons are not on everybody's path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Looks until there is what is waited for; each look starts a process, so it does not spin.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        let _ = Command::new("true").status();
    }
}

/// The process that does run `index` of the study in `folder`.
fn process_of(folder: &Path, index: usize) -> Option<u32> {
    let (folder, index) = (fs::canonicalize(folder).ok()?.display().to_string(), index.to_string());
    let is_it = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line.split(|&byte| byte == 0).map(text).collect();
        let after = words.iter().position(|word| word == "--index").and_then(|at| words.get(at + 1));
        words.contains(&folder) && after == Some(&index)
    };
    let entries = fs::read_dir("/proc").ok()?.flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(is_it)
}

fn parent_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

fn index_of(name: &str) -> usize {
    name.split('-').next().unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_study_survives_a_killed_task_and_a_node_that_goes_down() {
    let Some(mut cluster) = Cluster::start() else { return };
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let (file, out) = (dir.path().join("study.toml"), dir.path().join("re sults"));
    let settings = format!(
        "data = \"{}\"\nbatch = 20\nhidden = 16\nlatent = 8\nseed = \"0..6\"\nepochs = 600\nevaluate_every = 0\n\
         [slurm]\npartition = \"debug\"\ntime = \"00:20:00\"\n",
        data.path()
    );
    fs::write(&file, settings).unwrap();
    let study = out.to_str().unwrap();
    let submit = ["study", file.to_str().unwrap(), "--out", study, "--slurm", "--max-at-once", "2"];
    let output = cluster.trainer(&submit);
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("submitted 6 runs as job array"), "{said}");
    let status = |cluster: &Cluster| -> Value {
        let output = cluster.trainer(&["study", "status", study, "--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // Asked twice, Slurm still has each run once.
    let again = text(&cluster.trainer(&submit).stderr);
    assert!(again.contains("nothing to submit"), "{again}");

    let at_work = |other_than: Option<usize>| -> String {
        wait("a run at work with a checkpoint", || {
            let entries = fs::read_dir(out.join("running")).unwrap().flatten();
            let with_checkpoint = |path: &PathBuf| path.join("gen.run/checkpoint.safetensors").exists();
            let names = entries.map(|entry| entry.path()).filter(with_checkpoint);
            let mut names = names.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
            names.find(|name| Some(index_of(name)) != other_than)
        })
    };
    // A task is killed, as the kernel does when memory runs out.
    let killed = index_of(&at_work(None));
    let pid = process_of(&out, killed).expect("it is at work");
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    let lost = wait("the killed run to be lost", || {
        let lost = status(&cluster)["lost"].as_array().unwrap().clone();
        (!lost.is_empty()).then_some(lost)
    });
    assert_eq!(index_of(lost[0]["run"].as_str().unwrap()), killed);
    assert!(lost[0]["why"].as_str().unwrap().contains("task "), "{lost:?}");

    // A node goes down with the run that is at work on it. Slurm starts the task again where there is a node.
    let taken = at_work(Some(killed));
    let task = taken.rsplit_once('_').unwrap().1.to_owned();
    let node = wait("the node of the task", || {
        let said = cluster.ask("squeue", &["--noheader", "--array", "--states=RUNNING", "--format=%K %N"]);
        said.lines().find_map(|line| line.trim().strip_prefix(&format!("{task} ")).map(str::to_owned))
    });
    let pid = process_of(&out, index_of(&taken)).expect("it is at work");
    let step = checkpoint_step(&out.join("running").join(&taken));
    cluster.take_down(&node, pid);

    wait("all runs but the killed one", || (status(&cluster)["done"] == 5).then_some(()));
    let resumed = out.join("done").join(taken.split('@').next().unwrap());
    assert!(resumed.is_dir(), "the run of the node that went down is done");
    let logs = fs::read_dir(out.join("logs")).unwrap().flatten().map(|entry| fs::read_to_string(entry.path()).unwrap());
    let logs: Vec<String> = logs.collect();
    assert!(
        step > 0 && logs.iter().any(|log| log.matches("stable on ").count() == 2),
        "one task was started twice: {logs:?}"
    );

    // `retry` asks Slurm for what is lost, and for nothing else.
    let output = cluster.trainer(&["study", "retry", study]);
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("submitted 1 runs as job array"), "{said}");
    wait("the killed run", || (status(&cluster)["done"] == 6).then_some(()));
    for state in ["queued", "running", "failed"] {
        assert_eq!(fs::read_dir(out.join(state)).unwrap().count(), 0, "{state}");
    }
    for entry in fs::read_dir(out.join("done")).unwrap().flatten() {
        let metrics = fs::read_to_string(entry.path().join("gen.run/metrics.jsonl")).unwrap();
        let epochs = metrics.lines().filter(|line| line.contains("\"event\":\"epoch\"")).count();
        assert_eq!(epochs, 600, "{}: every epoch once", entry.path().display());
    }
    let report = cluster.trainer(&["study", "report", study]);
    assert!(report.status.success() && text(&report.stdout).contains("6/6"), "{}", text(&report.stderr));
}

#[cfg(target_os = "linux")]
fn checkpoint_step(run: &Path) -> u64 {
    run::folder::read_run(&run.join("gen.run")).map_or(0, |(checkpoint, _)| checkpoint.state.step)
}
