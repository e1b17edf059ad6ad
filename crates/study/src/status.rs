//! `trainer study status`: how far each run is, by the folders, and by Slurm where it is asked.

use std::fmt::Write;

use serde::Serialize;

use super::folder::{Entry, Owner, State, StudyFolder, failures};
use super::slurm::{self, Submitted, Tasks};
use failure::Result;

/// Where a study stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// Name of the study.
    pub name: String,
    /// All runs.
    pub runs: usize,
    /// Wait: in Slurm, or for somebody to go on with the study.
    pub queued: usize,
    /// Of these, wait in Slurm's queue.
    pub waiting_in_slurm: usize,
    /// Are at work.
    pub running: usize,
    /// Are done.
    pub done: usize,
    /// Failed as often as they may.
    pub failed: Vec<Trouble>,
    /// Were at work, and nobody is at work on them.
    pub lost: Vec<Trouble>,
    /// What could not be found out.
    pub unknown: Option<String>,
}

/// A run that needs somebody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trouble {
    /// The run.
    pub run: String,
    /// What is known.
    pub why: String,
}

/// Looks; changes nothing but the claims of this machine's processes that are gone, whose runs go back to the queue.
///
/// # Errors
/// A folder that cannot be read.
pub fn status(study: &StudyFolder) -> Result<Status> {
    let submitted = Submitted::read(study)?;
    let running = study.recover(|_| false)?;
    let is_slurm = |entry: &Entry| matches!(entry.owner, Some(Owner::Slurm { .. }));
    let asks = submitted.is_some() || running.iter().any(is_slurm);
    let (tasks, unknown) = match asks.then(slurm::queue) {
        None => (Some(Tasks::new()), None),
        Some(Ok(tasks)) => (Some(tasks), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let queued = study.list(State::Queued)?;
    let waiting = |entry: &&Entry| {
        let task = submitted.as_ref().and_then(|submitted| submitted.task_of(entry.index));
        task.zip(tasks.as_ref()).is_some_and(|(task, tasks)| tasks.contains_key(&task))
    };
    let lost: Vec<&Entry> = running.iter().filter(|entry| lost(entry, tasks.as_ref())).collect();
    let jobs: Vec<u64> = lost
        .iter()
        .filter_map(|entry| match entry.owner {
            Some(Owner::Slurm { job, .. }) => Some(job),
            _ => None,
        })
        .collect();
    let ended = slurm::accounts(&jobs);
    let name = |entry: &Entry| study.plan.run_name(entry.index);
    let why_lost = |entry: &Entry| match &entry.owner {
        Some(Owner::Slurm { job, task }) => {
            let state = ended.get(&(*job, *task)).map_or("no longer in Slurm's queue", String::as_str);
            format!("{state}; task {job}_{task}, `{}`", slurm::log(study, *job, *task).display())
        }
        _ => "nobody is at work on it".to_owned(),
    };
    let why_failed = |entry: &Entry| {
        let last = failures(&entry.path).pop().unwrap_or_else(|| "it does not say why".to_owned());
        last.lines().next().unwrap_or_default().to_owned()
    };
    Ok(Status {
        name: study.plan.name.clone(),
        runs: study.plan.runs.len(),
        queued: queued.len(),
        waiting_in_slurm: queued.iter().filter(waiting).count(),
        running: running.len() - lost.len(),
        done: study.list(State::Done)?.len(),
        failed: study.list(State::Failed)?.iter().map(|e| Trouble { run: name(e), why: why_failed(e) }).collect(),
        lost: lost.iter().map(|entry| Trouble { run: name(entry), why: why_lost(entry) }).collect(),
        unknown,
    })
}

fn lost(entry: &Entry, tasks: Option<&Tasks>) -> bool {
    entry.owner.as_ref().zip(tasks).is_some_and(|(owner, tasks)| slurm::is_lost(owner, tasks))
}

/// Puts back what failed, what is lost, and what another machine's processes left; gives how many.
///
/// # Errors
/// Slurm that cannot be asked whose runs it still has, or a disk that refuses.
pub fn put_back(study: &StudyFolder) -> Result<usize> {
    let mut count = 0;
    for entry in study.list(State::Failed)? {
        study.retry(&entry)?;
        count += 1;
    }
    let before = study.list(State::Running)?.len();
    let left = study.recover(|_| false)?;
    count += before.saturating_sub(left.len());
    let is_slurm = |entry: &&Entry| matches!(entry.owner, Some(Owner::Slurm { .. }));
    if left.iter().any(|entry| is_slurm(&entry)) {
        let tasks = slurm::queue().map_err(|why| {
            failure::Failure::failed(format!("runs are at work in Slurm, which cannot be asked: {why}"))
                .hint("give the command where the cluster's jobs are submitted")
        })?;
        for entry in left.iter().filter(is_slurm).filter(|entry| lost(entry, Some(&tasks))) {
            count += usize::from(study.requeue_if_free(entry)?);
        }
    }
    // The user's word is that these machines are no longer at work; those that are hold a lock where locks reach.
    for entry in left.iter().filter(|entry| matches!(entry.owner, Some(Owner::Process { .. }))) {
        count += usize::from(study.requeue_if_free(entry)?);
    }
    Ok(count)
}

/// For people.
pub fn text(status: &Status) -> String {
    let Status { name, runs, queued, waiting_in_slurm, running, done, failed, lost, unknown } = status;
    let mut text = format!("{name}: {runs} runs\n");
    let in_slurm =
        if *waiting_in_slurm > 0 { format!("  ({waiting_in_slurm} in Slurm's queue)") } else { String::new() };
    let _ =
        writeln!(text, "queued   {queued}{in_slurm}\nrunning  {running}\ndone     {done}\nfailed   {}", failed.len());
    if !lost.is_empty() {
        let _ = writeln!(text, "lost     {}", lost.len());
    }
    for (what, list) in [("failed", failed), ("lost", lost)] {
        for Trouble { run, why } in list {
            let _ = writeln!(text, "{what}: {run}: {why}");
        }
    }
    if let Some(why) = unknown {
        let _ = writeln!(text, "Slurm cannot be asked: {why}");
    }
    text
}
