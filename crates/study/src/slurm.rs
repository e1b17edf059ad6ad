//! A study on a cluster: job arrays for the real `sbatch`, and what `squeue` and `sacct` say of them.
//!
//! A task of the array is `trainer study run DIR --index N`: it takes its run by its array index and finishes it by the
//! rename that every run is finished by. Scheduling is Slurm's alone: it limits, requeues after a node's failure (the task
//! has the same numbers then, and goes on from its checkpoint), and stops (SIGTERM: a checkpoint, the run back to `queued/`).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::folder::{Owner, State, StudyFolder};
use super::plan::slug;
use failure::{Failure, Result};

/// What is asked of the cluster, in the study file's `[slurm]` and by flags, which go first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Slurm (defaults: the study file's `[slurm]`, then the cluster's)")]
pub struct Request {
    /// Partition of the jobs
    #[arg(long, value_name = "NAME", requires = "slurm", value_parser = plain)]
    pub partition: Option<String>,
    /// Time limit of a run, as sbatch reads it: minutes, or [D-]HH:MM:SS
    #[arg(long, value_name = "TIME", requires = "slurm", value_parser = plain)]
    pub time: Option<String>,
    /// GPUs of a run, as sbatch reads it: N or TYPE:N
    #[arg(long, value_name = "N", requires = "slurm", value_parser = plain)]
    pub gpus: Option<String>,
    /// Memory of a run, as sbatch reads it, such as 1G
    #[arg(long, value_name = "SIZE", requires = "slurm", value_parser = plain)]
    pub memory: Option<String>,
    /// Account that the jobs are charged to
    #[arg(long, value_name = "NAME", requires = "slurm", value_parser = plain)]
    pub account: Option<String>,
    /// Quality of service
    #[arg(long, value_name = "NAME", requires = "slurm", value_parser = plain)]
    pub qos: Option<String>,
    /// Features that the nodes must have, as sbatch reads them, such as "a100|h100"
    #[arg(long, value_name = "LIST", requires = "slurm", value_parser = line)]
    pub constraint: Option<String>,
    /// Runs at work at a time, at most
    #[arg(long, value_name = "N", requires = "slurm", value_parser = at_least_one)]
    pub max_at_once: Option<String>,
    /// Any other option of sbatch, such as --sbatch=--exclude=n3; may be given several times
    #[arg(long, value_name = "OPTION", requires = "slurm", value_parser = option, allow_hyphen_values = true)]
    #[serde(default)]
    pub sbatch: Vec<String>,
}

/// What goes into the script's `#SBATCH` lines: nothing that ends a line or means something to a shell.
fn plain(text: &str) -> std::result::Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:,+=/".contains(c);
    if !text.is_empty() && text.chars().all(fits) && !text.starts_with('-') {
        return Ok(text.to_owned());
    }
    Err("letters, digits and - _ . : , + = / are allowed".to_owned())
}

/// What goes into such a line between double quotes, which `sbatch` takes off again.
fn line(text: &str) -> std::result::Result<String, String> {
    if !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Ok(text.to_owned());
    }
    Err("it must be one line without quotes and backslashes".to_owned())
}

/// Options that a study needs for itself, and what to do instead.
const OWN: [(&str, &str); 8] = [
    ("array", "a study numbers its runs itself; `max_at_once` limits how many are at work"),
    ("output", "the output of each run is in `logs/` of the study's folder"),
    ("error", "the output of each run is in `logs/` of the study's folder"),
    ("open-mode", "the output of each run is in `logs/` of the study's folder"),
    ("wrap", "the script is the study's own"),
    ("parsable", "it is given already"),
    ("signal", "a run is told to stop a minute before its time ends"),
    ("test-only", "`--dry-run` without `--slurm` shows what would be run"),
];

/// A long option of `sbatch`, with its value if it has one.
fn option(text: &str) -> std::result::Result<String, String> {
    let name = text.strip_prefix("--").and_then(|rest| rest.split('=').next()).unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err("it must be a long option of sbatch, such as `--exclude=n3` or `--exclusive`".to_owned());
    }
    match OWN.iter().find(|(own, _)| *own == name) {
        Some((_, why)) => Err(format!("`--{name}` cannot be given: {why}")),
        None => line(text),
    }
}

fn at_least_one(text: &str) -> std::result::Result<String, String> {
    match text.parse::<u32>() {
        Ok(n) if n > 0 => Ok(text.to_owned()),
        _ => Err("it must be a whole number from 1".to_owned()),
    }
}

impl Request {
    const KEYS: [&str; 9] =
        ["partition", "time", "gpus", "memory", "account", "qos", "constraint", "max_at_once", "sbatch"];

    /// Sets a key of `[slurm]`; one more option for `sbatch`, which may have several.
    ///
    /// # Errors
    /// An unknown key, or a value that cannot go into a script, in words.
    pub fn set(&mut self, key: &str, text: &str) -> std::result::Result<(), String> {
        let place = match key {
            "partition" => &mut self.partition,
            "time" => &mut self.time,
            "gpus" => &mut self.gpus,
            "memory" => &mut self.memory,
            "account" => &mut self.account,
            "qos" => &mut self.qos,
            "constraint" => &mut self.constraint,
            "max_at_once" => &mut self.max_at_once,
            "sbatch" => {
                self.sbatch.push(option(text).map_err(|why| format!("`sbatch` has \"{text}\": {why}"))?);
                return Ok(());
            }
            _ => {
                return Err(format!(
                    "unknown key `{key}` of `[slurm]`: there are {}; any other option of sbatch goes into the last, as `sbatch = \
                     [\"--exclude=n3\"]`",
                    Self::KEYS.join(", ")
                ));
            }
        };
        let value = match key {
            "max_at_once" => at_least_one(text),
            "constraint" => line(text),
            _ => plain(text),
        };
        *place = Some(value.map_err(|why| format!("`{key}` is \"{text}\": {why}"))?);
        Ok(())
    }

    /// This, with what it leaves open taken from `other`.
    pub fn or(self, other: &Self) -> Self {
        let pick = |mine: Option<String>, theirs: &Option<String>| mine.or_else(|| theirs.clone());
        Self {
            partition: pick(self.partition, &other.partition),
            time: pick(self.time, &other.time),
            gpus: pick(self.gpus, &other.gpus),
            memory: pick(self.memory, &other.memory),
            account: pick(self.account, &other.account),
            qos: pick(self.qos, &other.qos),
            constraint: pick(self.constraint, &other.constraint),
            max_at_once: pick(self.max_at_once, &other.max_at_once),
            // The last of two of one name is taken by sbatch.
            sbatch: other.sbatch.iter().filter(|one| !self.sbatch.contains(one)).chain(&self.sbatch).cloned().collect(),
        }
    }
}

/// What was submitted for a study so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Submitted {
    /// What the newest jobs asked for.
    pub request: Request,
    /// Job arrays, the oldest first.
    pub arrays: Vec<JobArray>,
}

/// One job array.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobArray {
    /// Slurm's number of it.
    pub job: u64,
    /// A task's run is its array index plus this.
    pub offset: usize,
    /// The runs.
    pub indices: Vec<usize>,
}

/// What Slurm says of a task: its job, its array index, and its state in Slurm's words.
pub type Tasks = HashMap<(u64, u64), String>;

const FOLDER: &str = "slurm";
const SUBMITTED: &str = "submitted.json";
/// Slurm's own default of `MaxArraySize`: array indices are below it.
const MAX_ARRAY_SIZE: usize = 1001;

impl Submitted {
    /// What the study folder has of it; nothing if the study was never on a cluster.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(study: &StudyFolder) -> Result<Option<Self>> {
        let file = study.path().join(FOLDER).join(SUBMITTED);
        let bad =
            |error: &dyn std::fmt::Display| Failure::failed(format!("`{}` cannot be read: {error}", file.display()));
        match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(bad(&error)),
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| bad(&error)),
        }
    }

    /// Job and array index of the newest submission of run `index`.
    pub fn task_of(&self, index: usize) -> Option<(u64, u64)> {
        let array = self.arrays.iter().rev().find(|array| array.indices.contains(&index))?;
        Some((array.job, (index - array.offset) as u64))
    }
}

/// Submits the runs `indices`; `say` is told of each job array.
///
/// # Errors
/// A path that sbatch cannot take, no `sbatch` here, one that refuses (its own words, and how many runs it took before), or a disk
/// that does.
pub fn submit(
    study: &StudyFolder,
    indices: &[usize],
    request: &Request,
    threads: usize,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut submitted = Submitted::read(study)?.unwrap_or_default();
    submitted.request = request.clone();
    let folder = study.path().join(FOLDER);
    let refused =
        |path: &Path, error: io::Error| Failure::failed(format!("`{}` cannot be written: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(|error| refused(&folder, error))?;
    // Tasks start in a folder of Slurm's choice.
    let whole = fs::canonicalize(study.path()).map_err(|error| refused(study.path(), error))?;
    if whole.to_str().is_none_or(|path| path.contains(['\\', '"', '\n'])) {
        let message =
            format!("`{}` cannot be named to sbatch: it has a quote, a backslash or no Unicode", whole.display());
        return Err(Failure::failed(message).hint("give another `--out`"));
    }
    let program =
        std::env::current_exe().map_err(|error| Failure::failed(format!("the trainer is not found: {error}")))?;
    let most = max_array_size();
    let mut rest = indices;
    while let Some(&first) = rest.first() {
        let offset = first / most * most;
        let count = rest.iter().take_while(|&&index| index < offset + most).count();
        let (chunk, later) = rest.split_at(count);
        rest = later;
        let text = script(&program, &whole, &study.plan.name, offset, chunk, request, threads);
        let file = folder.join(format!("array-{:03}.sh", submitted.arrays.len()));
        files::write_whole(&file, text.as_bytes()).map_err(|error| refused(&file, error))?;
        let job = sbatch(&file).map_err(|failure| half_way(failure, indices.len(), rest.len() + count))?;
        submitted.arrays.push(JobArray { job, offset, indices: chunk.to_vec() });
        let json = serde_json::to_vec_pretty(&submitted).expect("numbers and texts are JSON");
        let list = folder.join(SUBMITTED);
        files::write_whole(&list, &json).map_err(|error| refused(&list, error))?;
        say(&format!("submitted {count} runs as job array {job} ({})", file.display()));
    }
    Ok(())
}

/// A refusal of `left` runs of `all`: what was submitted before stays so, and is not submitted again.
fn half_way(failure: Failure, all: usize, left: usize) -> Failure {
    if left == all {
        return failure;
    }
    let message = format!("{}\n  {} of {all} runs are submitted, {left} are not", failure.message, all - left);
    Failure { message, ..failure }
        .hint("give the same command again when the cluster takes more: it submits the rest alone")
}

/// The script of one job array.
fn script(
    program: &Path,
    study: &Path,
    name: &str,
    offset: usize,
    indices: &[usize],
    request: &Request,
    threads: usize,
) -> String {
    let tasks: Vec<usize> = indices.iter().map(|index| index - offset).collect();
    let at_once = request.max_at_once.as_ref().map_or_else(String::new, |most| format!("%{most}"));
    // A `%` of the path itself is written twice.
    let log = format!("{}/logs/slurm-%A_%a.log", study.display().to_string().replace('%', "%%"));
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("#SBATCH --job-name={}", slug(name)),
        format!("#SBATCH --array={}{at_once}", ranges(&tasks)),
        format!("#SBATCH --ntasks=1 --cpus-per-task={threads}"),
        format!("#SBATCH --output=\"{log}\""),
        // Slurm starts a task again after its node failed; its run goes on from its checkpoint.
        "#SBATCH --requeue --open-mode=append".to_owned(),
        // A minute before the time limit: enough for a step and a checkpoint.
        "#SBATCH --signal=B:TERM@60".to_owned(),
    ];
    let asked = [
        ("partition", &request.partition),
        ("time", &request.time),
        ("gpus-per-task", &request.gpus),
        ("mem", &request.memory),
        ("account", &request.account),
        ("qos", &request.qos),
        ("constraint", &request.constraint),
    ];
    let asked = asked.iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value.as_ref()?)));
    lines.extend(asked.chain(request.sbatch.iter().cloned()).map(|option| format!("#SBATCH {}", sbatch_word(&option))));
    // `exec`, so that Slurm's signals reach the trainer itself.
    lines.push(format!(
        "exec {} study run {} --index \"$((SLURM_ARRAY_TASK_ID + {offset}))\" --threads {threads}",
        quoted(program),
        quoted(study)
    ));
    lines.join("\n") + "\n"
}

/// `0-3,7,9-10`.
fn ranges(sorted: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &n in sorted {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => parts.push((n, n)),
        }
    }
    let part =
        |&(first, last): &(usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    parts.iter().map(part).collect::<Vec<_>>().join(",")
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// An option as one word of an `#SBATCH` line, which knows double quotes; it has none itself.
fn sbatch_word(option: &str) -> String {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    if plain(value).is_ok() || value.is_empty() { option.to_owned() } else { format!("{name}=\"{value}\"") }
}

fn sbatch(file: &Path) -> Result<u64> {
    let hint = "give the command where the cluster's jobs are submitted; without `--slurm` the runs are done here";
    let said =
        ask(Command::new("sbatch").arg("--parsable").arg(file)).map_err(|why| Failure::failed(why).hint(hint))?;
    job_of(&said).ok_or_else(|| {
        Failure::failed(format!("`sbatch` gave `{}` where a job's number was expected", said.trim())).hint(
            "if `squeue` shows the job, end it by `scancel` before the command is given again: else its runs are submitted twice",
        )
    })
}

/// The job's number in what `sbatch --parsable` prints, `17` or `17;cluster`, among whatever a site's own banners add; one that
/// passes no options on says `Submitted batch job 17`.
fn job_of(said: &str) -> Option<u64> {
    said.lines().rev().find_map(|line| {
        let line = line.trim();
        let sentence = line.strip_prefix("Submitted batch job ").and_then(|rest| rest.split(' ').next());
        sentence.unwrap_or(line.split(';').next()?).parse().ok()
    })
}

/// The tasks of this user that Slurm still knows as waiting or at work.
///
/// # Errors
/// No `squeue` here, or one that fails, in words.
pub fn queue() -> std::result::Result<Tasks, String> {
    let of =
        |whose: &[&str]| ask(Command::new("squeue").args(whose).args(["--noheader", "--array", "--format=%F %K %T"]));
    // Slurm before 20.02 knows no `--me`.
    let said = of(&["--me"]).or_else(|why| {
        let user = ask(Command::new("id").arg("-un")).map_err(|_| why.clone())?;
        of(&["--user", user.trim()]).map_err(|_| why)
    })?;
    Ok(tasks_of(&said))
}

fn tasks_of(said: &str) -> Tasks {
    let task = |line: &str| {
        let [job, task, state] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        Some(((job.parse().ok()?, task.parse().ok()?), state.to_owned()))
    };
    said.lines().filter_map(task).collect()
}

/// How ended tasks of `jobs` ended, where Slurm keeps accounts; nothing where not.
pub fn accounts(jobs: &[u64]) -> Tasks {
    if jobs.is_empty() {
        return Tasks::new();
    }
    let jobs = jobs.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let said = ask(Command::new("sacct")
        .args(["--noheader", "--parsable2", "--allocations", "--format=JobID,State"])
        .args(["-j", &jobs]));
    accounts_of(&said.unwrap_or_default())
}

fn accounts_of(said: &str) -> Tasks {
    let task = |line: &str| {
        let (id, state) = line.split_once('|')?;
        let (job, task) = id.split_once('_')?;
        Some(((job.parse().ok()?, task.parse().ok()?), state.trim().to_owned()))
    };
    said.lines().filter_map(task).collect()
}

fn max_array_size() -> usize {
    let said = ask(Command::new("scontrol").args(["show", "config"])).unwrap_or_default();
    let line = said.lines().find_map(|line| line.trim().strip_prefix("MaxArraySize"));
    let number = line.and_then(|rest| rest.trim_start_matches([' ', '=']).trim().parse().ok());
    number.filter(|&size| size > 0).unwrap_or(MAX_ARRAY_SIZE)
}

/// Runs a command of Slurm's; gives what it printed, or why it failed.
fn ask(command: &mut Command) -> std::result::Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("`{name}` cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`{name}` failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Runs that Slurm should be asked for: queued, and in no job that still waits or works.
///
/// # Errors
/// A folder that cannot be read.
pub fn unsubmitted(study: &StudyFolder, tasks: &Tasks) -> Result<Vec<usize>> {
    let submitted = Submitted::read(study)?.unwrap_or_default();
    let is_known = |index: usize| submitted.task_of(index).is_some_and(|task| tasks.contains_key(&task));
    Ok(study.list(State::Queued)?.iter().map(|entry| entry.index).filter(|&index| !is_known(index)).collect())
}

/// Whether Slurm no longer knows the task that a run at work belongs to. A task that waits to be started again is known,
/// and takes its run when it is.
pub fn is_lost(owner: &Owner, tasks: &Tasks) -> bool {
    match owner {
        Owner::Slurm { job, task } => !tasks.contains_key(&(*job, *task)),
        Owner::Process { .. } => false,
    }
}

/// Where a task's output goes, for people.
pub fn log(study: &StudyFolder, job: u64, task: u64) -> PathBuf {
    study.path().join("logs").join(format!("slurm-{job}_{task}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_takes_each_run_by_its_array_index() {
        let request = Request {
            partition: Some("debug".to_owned()),
            time: Some("00:10:00".to_owned()),
            gpus: Some("a100:1".to_owned()),
            memory: Some("1G".to_owned()),
            account: Some("me".to_owned()),
            qos: Some("long".to_owned()),
            constraint: Some("a100|(h100&nvlink)".to_owned()),
            max_at_once: Some("8".to_owned()),
            sbatch: vec!["--exclude=n[3-5]".to_owned(), "--exclusive".to_owned()],
        };
        let text = script(
            Path::new("/bin/it's"),
            Path::new("/data/my 100% study"),
            "A b",
            1000,
            &[1000, 1001, 1002, 1007],
            &request,
            2,
        );
        assert_eq!(
            text,
            "#!/bin/sh\n#SBATCH --job-name=a-b\n#SBATCH --array=0-2,7%8\n#SBATCH --ntasks=1 --cpus-per-task=2\n\
             #SBATCH --output=\"/data/my 100%% study/logs/slurm-%A_%a.log\"\n#SBATCH --requeue --open-mode=append\n\
             #SBATCH --signal=B:TERM@60\n#SBATCH --partition=debug\n#SBATCH --time=00:10:00\n\
             #SBATCH --gpus-per-task=a100:1\n#SBATCH --mem=1G\n#SBATCH --account=me\n#SBATCH --qos=long\n\
             #SBATCH --constraint=\"a100|(h100&nvlink)\"\n#SBATCH --exclude=\"n[3-5]\"\n#SBATCH --exclusive\n\
             exec '/bin/it'\\''s' study run '/data/my 100% study' --index \"$((SLURM_ARRAY_TASK_ID + 1000))\" --threads 2\n"
        );
    }

    #[test]
    fn slurms_answers_are_read() {
        let tasks = tasks_of("17 0 RUNNING\n17 3 PENDING\n9 N/A RUNNING\n\n");
        assert_eq!((tasks.len(), tasks[&(17, 3)].as_str()), (2, "PENDING"));
        let ended = accounts_of("17_0|COMPLETED\n17_3|OUT_OF_MEMORY\n17_[4-9]|PENDING\n8|FAILED\n");
        assert_eq!((ended.len(), ended[&(17, 3)].as_str()), (2, "OUT_OF_MEMORY"));
        assert!(
            is_lost(&Owner::Slurm { job: 17, task: 9 }, &tasks) && !is_lost(&Owner::Slurm { job: 17, task: 0 }, &tasks)
        );
    }

    #[test]
    fn a_jobs_number_is_found_among_banners() {
        for (said, expected) in [
            ("17\n", Some(17)),
            ("17;north\n", Some(17)),
            ("*** Maintenance on 2 May ***\n\n17\n", Some(17)),
            ("-- quota: 5 of 10 --\n18;north\nThank you for waiting\n", Some(18)),
            ("Submitted batch job 19\n", Some(19)),
            ("Submitted batch job 20 on cluster north\n", Some(20)),
            ("sbatch: nothing\n", None),
            ("", None),
        ] {
            assert_eq!(job_of(said), expected, "{said:?}");
        }
    }

    #[test]
    fn options_that_a_study_needs_for_itself_are_refused() {
        let mut request = Request::default();
        for good in ["--exclude=n3", "--exclusive", "--comment=two words", "--mail-type=END,FAIL"] {
            request.set("sbatch", good).unwrap();
        }
        for (bad, expected) in [
            ("--array=1-3", "`--array` cannot be given"),
            ("--output=x", "`--output` cannot be given"),
            ("-x n3", "a long option"),
            ("exclude=n3", "a long option"),
            ("--comment=\"x", "without quotes"),
            ("--comment=a\nrm", "one line"),
        ] {
            let why = request.set("sbatch", bad).unwrap_err();
            assert!(why.contains(expected), "{bad}: {why}");
        }
        assert_eq!(request.sbatch.len(), 4);
        let flags =
            Request { sbatch: vec!["--exclude=n4".to_owned()], qos: Some("q".to_owned()), ..Request::default() };
        let both = flags.or(&request);
        assert_eq!((both.sbatch.len(), both.sbatch[4].as_str(), both.qos.as_deref()), (5, "--exclude=n4", Some("q")));
    }

    #[test]
    fn values_for_the_script_cannot_break_out_of_it() {
        for bad in ["", "a b", "a\nrm", "$(x)", "a;b", "'", "--x"] {
            assert!(plain(bad).is_err(), "{bad:?}");
        }
        for good in ["debug", "2-00:00:00", "a100:1", "4G", "short,long"] {
            assert!(plain(good).is_ok(), "{good}");
        }
    }
}
