//! The study folder: where a run's folder stands says how far the run is.
//!
//! ```text
//! results/study.toml                    the file it was made from, to the letter
//!         plan.json                     every run with every value
//!         queued/0003-seed-s3/          waits
//!         running/0003-seed-s3@HOST.PID/  is at work, and whose it is
//!         done/0003-seed-s3/            gen.onnx, gen.run/, result.json
//!         failed/0003-seed-s3/          failures.json says why
//!         logs/, judges/, slurm/
//! ```
//!
//! A run is claimed, finished, given back and given up by one rename of its folder, so that of several who claim it one gets
//! it, and a process that is killed at any moment leaves it in one state, with its checkpoint. The owner is in the folder's
//! name, since whatever was written after the rename could be missing. A process that works on a run holds a lock on its
//! folder; where another process of this machine can take it, the owner is gone.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::plan::{Plan, Setting};
use failure::{Failure, Result};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits.
    Queued,
    /// Is at work, or was when its process ended.
    Running,
    /// Has left its model and its result.
    Done,
    /// Failed as often as it may.
    Failed,
}

impl State {
    /// In the order in which runs go through them.
    pub const ALL: [State; 4] = [State::Queued, State::Running, State::Done, State::Failed];

    /// The folder of its runs.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
        }
    }
}

/// Whose a run at work is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A process of a machine.
    Process {
        /// The machine's name.
        host: String,
        /// The process's number there.
        pid: u32,
    },
    /// A task of a Slurm job array.
    Slurm {
        /// `SLURM_ARRAY_JOB_ID`.
        job: u64,
        /// `SLURM_ARRAY_TASK_ID`.
        task: u64,
    },
}

/// Gives `plan` with the colour of each setting of `kept` where its file says none: what is not said has meant grey before.
fn with_colours_of(kept: &Plan, plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for (ours, theirs) in plan.settings.iter_mut().zip(&kept.settings) {
        if !ours.values.iter().any(|(key, _)| key == "colour") {
            ours.colour.clone_from(&theirs.colour);
        }
    }
    plan
}

impl Owner {
    /// This process: the Slurm task that it is, if it is one.
    pub fn this_process() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        match (number("SLURM_ARRAY_JOB_ID"), number("SLURM_ARRAY_TASK_ID")) {
            (Some(job), Some(task)) => Self::Slurm { job, task },
            _ => Self::Process { host: this_host(), pid: std::process::id() },
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some((job, task)) = text.strip_prefix("slurm-").and_then(|rest| rest.split_once('_'))
            && let (Ok(job), Ok(task)) = (job.parse(), task.parse())
        {
            return Some(Self::Slurm { job, task });
        }
        let (host, pid) = text.rsplit_once('.')?;
        Some(Self::Process { host: host.to_owned(), pid: pid.parse().ok()? })
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Process { host, pid } => write!(f, "{host}.{pid}"),
            Self::Slurm { job, task } => write!(f, "slurm-{job}_{task}"),
        }
    }
}

/// The name of this machine, as a part of a file name.
pub fn this_host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    super::plan::slug(if name.trim().is_empty() { "localhost" } else { name.trim() })
}

/// A run's folder as it was found.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The run's place in the plan.
    pub index: usize,
    /// Whose it is, while it is at work.
    pub owner: Option<Owner>,
    /// The folder.
    pub path: PathBuf,
}

/// A study on the disk.
#[derive(Clone, Debug)]
pub struct StudyFolder {
    path: PathBuf,
    /// Its runs.
    pub plan: Plan,
}

const PLAN: &str = "plan.json";
/// The study file as it was given.
pub const STUDY: &str = "study.toml";
const LOGS: &str = "logs";
const JUDGES: &str = "judges";
/// What a run failed of, a list of texts.
const FAILURES: &str = "failures.json";
/// A run that fails is tried this often in all.
pub const ATTEMPTS: usize = 2;

impl StudyFolder {
    /// The study of `plan` at `path`: made if there is nothing yet, else the one that is there, if it has the same runs.
    ///
    /// # Errors
    /// Another study there (what differs), something else there, or a disk that refuses.
    pub fn create_or_open(path: &Path, plan: &Plan, text: &str) -> Result<Self> {
        if !path.join(PLAN).exists() {
            Self::create(path, plan, text)?;
        }
        let study = Self::open(path)?;
        let differences = study.plan.differences(&with_colours_of(&study.plan, plan));
        if !differences.is_empty() {
            let list = differences.join("\n  ");
            return Err(Failure::usage(format!("the study in `{}` is another one:\n  {list}", path.display())).hint(
                format!(
                    "go on with the file that it was made from, `{}`, or give another `--out` for a new study",
                    path.join(STUDY).display()
                ),
            ));
        }
        Ok(study)
    }

    /// Makes the whole folder under another name, then renames it: there is never half a study.
    fn create(path: &Path, plan: &Plan, text: &str) -> Result<()> {
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::failed(format!("`--out {}` cannot be made a study's folder: {error}", path.display()))
        };
        let elsewhere = "give another `--out`, or take away what is there";
        match fs::read_dir(path).map(Iterator::count) {
            Ok(1..) => {
                return Err(cannot(&"it holds other things than a study").hint(elsewhere));
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(cannot(&"it is a file").hint(elsewhere));
            }
            _ => {}
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| cannot(&"it has no name").hint(elsewhere))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = parent.join(format!(".{name}.{}.tmp", std::process::id()));
        let made = (|| {
            fs::create_dir(&temporary)?;
            State::ALL.iter().try_for_each(|state| fs::create_dir(temporary.join(state.name())))?;
            [LOGS, JUDGES].iter().try_for_each(|name| fs::create_dir(temporary.join(name)))?;
            for index in 0..plan.runs.len() {
                fs::create_dir(temporary.join(State::Queued.name()).join(plan.run_name(index)))?;
            }
            files::write_whole(&temporary.join(STUDY), text.as_bytes())?;
            let json = serde_json::to_vec_pretty(plan).expect("plain structs of numbers and texts are JSON");
            files::write_whole(&temporary.join(PLAN), &json)?;
            // An empty folder gives way to it; whatever else there is by now makes this fail.
            fs::rename(&temporary, path)
        })();
        if made.is_err() {
            let _ = fs::remove_dir_all(&temporary);
        }
        // Another process that made the same study in the meantime is as good as we are.
        if path.join(PLAN).exists() {
            return Ok(());
        }
        made.map_err(|error| cannot(&error).hint("make the folder that it is to be in first, or give another `--out`"))
    }

    /// The study that is there.
    ///
    /// # Errors
    /// No study there, or one that cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.join(PLAN);
        let text = fs::read(&file).map_err(|error| {
            let message = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                    format!("`{}` is no study's folder: there is no `{PLAN}` in it", path.display())
                }
                _ => format!("`{}` cannot be read: {error}", file.display()),
            };
            Failure::failed(message).hint("give the folder that `trainer study FILE --out DIR` made")
        })?;
        let damaged = |what: &dyn std::fmt::Display| {
            Failure::failed(format!("`{}` is damaged: {what}", file.display()))
                .hint(format!("make the study again from `{}` in another folder", path.join(STUDY).display()))
        };
        let plan: Plan = serde_json::from_slice(&text).map_err(|error| damaged(&error))?;
        if plan.format != Plan::FORMAT {
            return Err(damaged(&format!("its format is `{}`, this trainer knows `{}`", plan.format, Plan::FORMAT)));
        }
        if let Some(run) = plan.runs.iter().find(|run| run.setting >= plan.settings.len()) {
            return Err(damaged(&format!(
                "a run has the setting {}, and there are {}",
                run.setting,
                plan.settings.len()
            )));
        }
        Ok(Self { path: path.to_owned(), plan })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where what run `index` says goes.
    pub fn log(&self, index: usize) -> PathBuf {
        self.path.join(LOGS).join(format!("{index:04}.log"))
    }

    /// Where the judge of a data set is kept for all runs. MNIST's is built in.
    pub fn judge(&self, Setting { data, size, colour, .. }: &Setting) -> PathBuf {
        let key = crc32fast::hash(format!("{data}\n{size:?}\n{colour}").as_bytes());
        self.path.join(JUDGES).join(format!("{key:08x}.safetensors"))
    }

    /// The runs in a state, by index.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn list(&self, state: State) -> Result<Vec<Entry>> {
        let folder = self.path.join(state.name());
        let entries = fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let entries =
            entries.map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", folder.display())))?;
        let mut list: Vec<Entry> = entries.iter().filter_map(|entry| self.entry(&entry.path())).collect();
        list.sort_by_key(|entry| entry.index);
        Ok(list)
    }

    /// What is not named as a run of the plan is somebody else's.
    fn entry(&self, path: &Path) -> Option<Entry> {
        let file = path.file_name()?.to_str()?;
        let (name, owner) = file.split_once('@').map_or((file, None), |(name, owner)| (name, Owner::parse(owner)));
        let index: usize = name.split('-').next()?.parse().ok()?;
        let is_ours = index < self.plan.runs.len() && self.plan.run_name(index) == name;
        is_ours.then(|| Entry { index, owner, path: path.to_owned() })
    }

    fn place(&self, state: State, index: usize) -> PathBuf {
        self.path.join(state.name()).join(self.plan.run_name(index))
    }

    fn running_place(&self, index: usize, owner: &Owner) -> PathBuf {
        self.path.join(State::Running.name()).join(format!("{}@{owner}", self.plan.run_name(index)))
    }

    /// Takes run `index` from the queue. A Slurm task that Slurm starts again finds what it had at work before.
    ///
    /// # Errors
    /// A disk that refuses. `None`: somebody else has it, or it is over.
    pub fn claim(&self, index: usize, owner: Owner) -> Result<Option<Claim>> {
        let (queued, ours) = (self.place(State::Queued, index), self.running_place(index, &owner));
        // Locked before it is renamed, so that it is never seen at work and unlocked.
        let mut lock = try_lock(&queued);
        if matches!(lock, Lock::Busy) {
            return Ok(None);
        }
        match fs::rename(&queued, &ours) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Also where a network file system did the rename and lost its answer.
                lock = try_lock(&ours);
            }
            Err(error) => {
                return Err(Failure::failed(format!("run {index} cannot be claimed: {error}"))
                    .hint("the study folder must be writable, on a file system that this machine shares"));
            }
        }
        match lock {
            Lock::Held(file) if ours.is_dir() => {
                Ok(Some(Claim { study: self.clone(), index, path: ours, _lock: file }))
            }
            _ => Ok(None),
        }
    }

    /// Puts the runs back into the queue whose process on this machine is gone; gives those that are left. Of processes
    /// that are `watched`, somebody will hear that they are gone, and count it.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn recover(&self, watched: impl Fn(u32) -> bool) -> Result<Vec<Entry>> {
        let host = this_host();
        let mut left = Vec::new();
        for entry in self.list(State::Running)? {
            let here = matches!(&entry.owner, Some(Owner::Process { host: of, pid }) if *of == host && !watched(*pid));
            if !here || !self.requeue_if_free(&entry)? {
                left.push(entry);
            }
        }
        Ok(left)
    }

    /// Puts a run at work back into the queue, unless a process of this machine holds it.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn requeue_if_free(&self, entry: &Entry) -> Result<bool> {
        let lock = try_lock(&entry.path);
        if matches!(lock, Lock::Busy) {
            return Ok(false);
        }
        self.requeue(entry)?;
        drop(lock);
        Ok(true)
    }

    /// Puts a run back into the queue; that somebody else did so first is as well.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn requeue(&self, entry: &Entry) -> Result<()> {
        rename(&entry.path, &self.place(State::Queued, entry.index))
    }

    /// Puts a failed run back into the queue, its failures forgotten.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn retry(&self, entry: &Entry) -> Result<()> {
        match fs::remove_file(entry.path.join(FAILURES)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(&entry.path, &error)),
            _ => self.requeue(entry),
        }
    }

    /// After a process that worked on `index` for us ended without a word: counts that as a failure, and puts the run back
    /// into the queue or gives it up. Gives the state that the run is in now.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn after_worker(&self, index: usize, owner: &Owner, what: &str) -> Result<Option<State>> {
        let path = self.running_place(index, owner);
        if path.is_dir() {
            let state = if note_failure(&path, what)? < ATTEMPTS { State::Queued } else { State::Failed };
            rename(&path, &self.place(state, index))?;
            return Ok(Some(state));
        }
        Ok([State::Done, State::Failed, State::Queued].into_iter().find(|&state| self.place(state, index).is_dir()))
    }

    /// The folder of a run that is done.
    pub fn done(&self, index: usize) -> PathBuf {
        self.place(State::Done, index)
    }

    /// The folder of a run that failed.
    pub fn failed(&self, index: usize) -> PathBuf {
        self.place(State::Failed, index)
    }
}

/// A run that is this process's.
#[derive(Debug)]
pub struct Claim {
    study: StudyFolder,
    index: usize,
    path: PathBuf,
    _lock: Option<File>,
}

impl Claim {
    /// The run's folder, while it is claimed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts a failure; gives how many there are.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn note_failure(&self, what: &str) -> Result<usize> {
        note_failure(&self.path, what)
    }

    /// Lets go of the run, as being in `state`.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn release(self, state: State) -> Result<()> {
        rename(&self.path, &self.study.place(state, self.index))
    }
}

/// What a run failed of, attempt by attempt.
pub fn failures(run: &Path) -> Vec<String> {
    fs::read(run.join(FAILURES)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn note_failure(run: &Path, what: &str) -> Result<usize> {
    let mut list = failures(run);
    list.push(what.to_owned());
    let json = serde_json::to_vec_pretty(&list).expect("texts are JSON");
    files::write_whole(&run.join(FAILURES), &json).map_err(|error| refused(run, &error))?;
    Ok(list.len())
}

enum Lock {
    /// Ours; without a file where the system locks no folders.
    Held(Option<File>),
    Busy,
    Gone,
}

fn try_lock(folder: &Path) -> Lock {
    let handle = match File::open(folder) {
        Ok(handle) => handle,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Lock::Gone,
        Err(_) => return Lock::Held(None),
    };
    match handle.try_lock() {
        Ok(()) => Lock::Held(Some(handle)),
        Err(TryLockError::WouldBlock) => Lock::Busy,
        Err(TryLockError::Error(_)) => Lock::Held(None),
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => Ok(()),
        Err(error) => Err(refused(to, &error)),
        Ok(()) => Ok(()),
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        .hint("mend that and give the same command again: what is done stays done")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::StudyFile;

    fn plan(text: &str) -> Plan {
        StudyFile::parse(text.to_owned(), "study.toml", Path::new(".")).unwrap().plan
    }

    fn study(dir: &Path, text: &str) -> StudyFolder {
        StudyFolder::create_or_open(&dir.join("results"), &plan(text), text).unwrap()
    }

    fn process(pid: u32) -> Owner {
        Owner::Process { host: this_host(), pid }
    }

    fn counts(study: &StudyFolder) -> [usize; 4] {
        State::ALL.map(|state| study.list(state).unwrap().len())
    }

    #[test]
    fn a_study_of_a_version_without_colours_is_gone_on_with_in_grey() {
        let dir = tempfile::tempdir().unwrap();
        let text = "seed = 1\nhidden = [32, 64]";
        drop(study(dir.path(), text));
        let kept = dir.path().join("results").join(PLAN);
        let mut older: serde_json::Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
        for setting in older["settings"].as_array_mut().unwrap() {
            assert_eq!(setting.as_object_mut().unwrap().remove("colour"), Some("auto".into()));
        }
        fs::write(&kept, older.to_string()).unwrap();
        let again = study(dir.path(), text);
        assert!(again.plan.settings.iter().all(|setting| setting.colour == "grey"));
        let other = format!("{text}\ncolour = \"rgb\"");
        let failure = StudyFolder::create_or_open(&dir.path().join("results"), &plan(&other), &other).unwrap_err();
        assert!(failure.message.contains("colour: grey in the study folder, rgb now"), "{failure}");
    }

    #[test]
    fn of_many_who_claim_a_run_one_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        let study = study(dir.path(), "seed = \"0..50\"");
        let claim = |pid: u32| -> Vec<Claim> {
            (0..50).filter_map(|index| study.claim(index, process(pid)).unwrap()).collect()
        };
        let all: Vec<Vec<Claim>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=4).map(|pid| scope.spawn(move || claim(pid))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut indices: Vec<usize> = all.iter().flatten().map(|claim| claim.index).collect();
        indices.sort_unstable();
        assert!(indices.into_iter().eq(0..50), "each once");
        assert_eq!(counts(&study), [0, 50, 0, 0]);
        for (number, claim) in all.into_iter().flatten().enumerate() {
            claim.release(if number % 2 == 0 { State::Done } else { State::Queued }).unwrap();
        }
        assert_eq!(counts(&study), [25, 0, 25, 0]);
    }

    #[test]
    fn a_run_whose_owner_is_gone_is_put_back_and_another_machine_s_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let study = study(dir.path(), "seed = \"0..4\"");
        let alive = study.claim(0, process(1)).unwrap().unwrap();
        drop(study.claim(1, process(2)).unwrap().unwrap());
        drop(study.claim(2, Owner::Process { host: "elsewhere".to_owned(), pid: 3 }).unwrap().unwrap());
        drop(study.claim(3, Owner::Slurm { job: 17, task: 3 }).unwrap().unwrap());
        assert_eq!(study.recover(|pid| pid == 2).unwrap().len(), 4, "its coordinator will hear of it");
        let left: Vec<usize> = study.recover(|_| false).unwrap().iter().map(|entry| entry.index).collect();
        assert_eq!(left, [0, 2, 3]);
        assert_eq!(counts(&study), [1, 3, 0, 0]);
        // Slurm starts a task again under the same number: it goes on with its run.
        assert!(study.claim(3, Owner::Slurm { job: 18, task: 3 }).unwrap().is_none());
        assert!(study.claim(3, Owner::Slurm { job: 17, task: 3 }).unwrap().is_some());
        assert!(study.claim(0, process(1)).unwrap().is_none(), "it is locked");
        alive.release(State::Done).unwrap();
    }

    #[test]
    fn a_worker_that_ends_without_a_word_costs_its_run_an_attempt() {
        let dir = tempfile::tempdir().unwrap();
        let study = study(dir.path(), "seed = 0");
        for expected in [State::Queued, State::Failed] {
            drop(study.claim(0, process(7)).unwrap().unwrap());
            assert_eq!(study.after_worker(0, &process(7), "killed").unwrap(), Some(expected));
        }
        let failed = study.list(State::Failed).unwrap();
        assert_eq!(failures(&failed[0].path), ["killed", "killed"]);
        study.retry(&failed[0]).unwrap();
        assert!(failures(&study.list(State::Queued).unwrap()[0].path).is_empty());
    }

    #[test]
    fn a_folder_that_is_no_study_is_left_alone_and_another_study_says_what_differs() {
        let dir = tempfile::tempdir().unwrap();
        let text = "seed = 0\nepochs = 2";
        let made = |path: &Path, text: &str| StudyFolder::create_or_open(path, &plan(text), text);
        fs::write(dir.path().join("file"), b"").unwrap();
        let cases = [
            ("a file", dir.path().join("file"), "it is a file"),
            ("other things", dir.path().to_owned(), "it holds other things than a study"),
            ("no folder above", dir.path().join("no/results"), "cannot be made a study's folder"),
        ];
        for (name, path, expected) in cases {
            let failure = made(&path, text).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {failure}");
        }
        let results = dir.path().join("results");
        fs::create_dir(&results).unwrap();
        made(&results, text).unwrap();
        made(&results, &format!("# again\n{text}")).unwrap();
        assert_eq!(fs::read_to_string(results.join(STUDY)).unwrap(), text);
        let failure = made(&results, "seed = 0\nepochs = 3").unwrap_err();
        assert!(failure.message.contains("epochs: 2 in the study folder, 3 now"), "{failure}");
        assert_eq!(failure.exit_code(), 2);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing half-made is left");
        for (damage, expected) in [("{", "is damaged"), ("{}", "is damaged")] {
            fs::write(results.join(PLAN), damage).unwrap();
            let failure = StudyFolder::open(&results).unwrap_err();
            assert!(failure.message.contains(expected), "{failure}");
        }
        assert!(StudyFolder::open(dir.path()).unwrap_err().message.contains("is no study's folder"));
    }

    #[test]
    fn owners_are_read_back_from_a_folder_s_name() {
        for owner in [Owner::Slurm { job: 4, task: 0 }, Owner::Process { host: "node.a.b".to_owned(), pid: 12 }] {
            assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
        }
        assert_eq!(Owner::parse("nobody"), None);
    }
}
