//! Runs of a study on this machine: worker processes, each a trainer on one run, as many as cores and memory allow.
//!
//! One thread each beats many threads each: a step of these networks is too short to share out well (README has the
//! figures). A process each, since a run that crashes then takes nobody with it. Workers hold the other end of a pipe from
//! us: when we are gone, even by a kill, they write a checkpoint and give their runs back.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use super::folder::{Entry, Owner, State, StudyFolder, failures, this_host};
use super::plan::{Plan, assumed_shapes};
use super::worker::RunResult;
use engines::choose::cores;
use failure::{Failure, Result};
use judge::Judge;
use run::train::Outcome;

/// How the runs are to be done here.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Worker processes; else as many as cores and memory allow.
    pub workers: Option<usize>,
    /// Threads of each.
    pub threads: usize,
    /// Nothing on standard error but errors.
    pub quiet: bool,
}

/// Exit codes of a worker that was asked to stop, by its leash or by a signal to all of us.
const INTERRUPTED: [i32; 4] = [129, 130, 140, 143];
/// How often the queue, Ctrl-C and other processes' runs are looked at.
const TICK: Duration = Duration::from_millis(200);

/// What the threads that listen to workers report.
enum News {
    Epoch(u32, u64),
    Ended(u32),
}

/// The epoch that an event of a worker reports as over; none for any other event, and for what is meant for people.
fn epoch_of(line: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Line {
        event: String,
        epoch: u64,
    }
    let Line { event, epoch } = serde_json::from_str(line).ok()?;
    (event == "epoch").then_some(epoch)
}

struct Worker {
    index: usize,
    child: Child,
    /// Dropped to stop it.
    leash: Option<ChildStdin>,
}

/// Works through the queue until it is empty or `stop` is set.
///
/// # Errors
/// A disk that refuses, or a worker that cannot be started. Runs that fail are counted and told, not returned.
pub fn work_through(study: &StudyFolder, options: &PoolOptions, stop: &AtomicBool) -> Result<(Outcome, usize)> {
    let workers = options.workers.unwrap_or_else(|| workers_that_fit(&study.plan, options.threads).0);
    make_judges(study, options.quiet)?;
    let mut pool = Pool {
        study,
        options,
        at_work: HashMap::new(),
        news: channel(),
        board: Board::new(study, options.quiet)?,
        began: Instant::now(),
        told_of_others: false,
    };
    pool.board.say(&format!(
        "{}: {} runs, {} done; {workers} at a time, {} thread{} each",
        study.plan.name,
        study.plan.runs.len(),
        pool.board.done_before,
        options.threads,
        if options.threads == 1 { "" } else { "s" }
    ));
    let outcome = pool.run(workers, stop);
    // Whatever went wrong, nobody is left behind at work.
    pool.let_go();
    pool.board.finish();
    let failed = study.list(State::Failed)?;
    let outcome = outcome?;
    pool.tell_the_end(outcome, &failed);
    Ok((outcome, failed.len()))
}

struct Pool<'a> {
    study: &'a StudyFolder,
    options: &'a PoolOptions,
    at_work: HashMap<u32, Worker>,
    news: (Sender<News>, Receiver<News>),
    board: Board,
    began: Instant,
    told_of_others: bool,
}

impl Pool<'_> {
    fn run(&mut self, workers: usize, stop: &AtomicBool) -> Result<Outcome> {
        loop {
            let stopping = stop.load(Ordering::Relaxed);
            if stopping {
                self.at_work.values_mut().for_each(|worker| worker.leash = None);
            }
            let mut others = 0;
            if !stopping && self.at_work.len() < workers {
                others = self.others()?;
                for entry in self.study.list(State::Queued)?.into_iter().take(workers - self.at_work.len()) {
                    self.start(entry.index)?;
                }
            }
            if self.at_work.is_empty() && (stopping || others == 0) {
                return Ok(if stopping { Outcome::Interrupted } else { Outcome::Done });
            }
            self.listen()?;
        }
    }

    /// Puts back what is nobody's; counts the runs of other processes of this machine, which may yet come back.
    fn others(&mut self) -> Result<usize> {
        let (host, ours) = (this_host(), &self.at_work);
        let left = self.study.recover(|pid| ours.contains_key(&pid))?;
        let is_here = |entry: &&Entry| matches!(&entry.owner, Some(Owner::Process { host: of, .. }) if *of == host);
        let is_ours =
            |entry: &&Entry| matches!(&entry.owner, Some(Owner::Process { pid, .. }) if ours.contains_key(pid));
        let elsewhere: Vec<String> = left
            .iter()
            .filter(|entry| !is_here(entry))
            .filter_map(|e| e.owner.as_ref().map(Owner::to_string))
            .collect();
        if !self.told_of_others && !elsewhere.is_empty() {
            self.told_of_others = true;
            self.board.say(&format!(
                "{} runs are at work elsewhere, by {}: if they are gone, `trainer study retry` puts their runs back",
                elsewhere.len(),
                elsewhere.join(", ")
            ));
        }
        Ok(left.iter().filter(|entry| is_here(entry) && !is_ours(entry)).count())
    }

    fn start(&mut self, index: usize) -> Result<()> {
        let cannot = |error: io::Error| Failure::failed(format!("a worker process cannot be started: {error}"));
        let log = OpenOptions::new().create(true).append(true).open(self.study.log(index)).map_err(cannot)?;
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command.args(["study", "run"]).arg(self.study.path()).args(["--index", &index.to_string(), "--leashed"]);
        command.args(["--threads", &self.options.threads.to_string()]);
        // A worker of a pool that itself runs within a Slurm task is still this machine's.
        command.env_remove("SLURM_ARRAY_JOB_ID").env_remove("SLURM_ARRAY_TASK_ID");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().map_err(cannot)?;
        let (pid, leash) = (child.id(), child.stdin.take());
        let said = child.stdout.take().expect("it was asked for");
        let news = self.news.0.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(io::Result::ok) {
                if let Some(epoch) = epoch_of(&line) {
                    let _ = news.send(News::Epoch(pid, epoch));
                }
            }
            let _ = news.send(News::Ended(pid));
        });
        self.at_work.insert(pid, Worker { index, child, leash });
        self.board.at_work(self.at_work.len());
        Ok(())
    }

    /// Waits for news, at most a tick, and takes what there is.
    fn listen(&mut self) -> Result<()> {
        let first = match self.news.1.recv_timeout(TICK) {
            Ok(news) => news,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                News::Epoch(pid, epoch) => {
                    if let Some(worker) = self.at_work.get(&pid) {
                        self.board.epoch(worker.index, epoch);
                    }
                }
                News::Ended(pid) => self.ended(pid)?,
            }
            next = self.news.1.try_recv().ok();
        }
        Ok(())
    }

    fn ended(&mut self, pid: u32) -> Result<()> {
        let Some(Worker { index, mut child, .. }) = self.at_work.remove(&pid) else { return Ok(()) };
        let status = child.wait().map_err(|error| Failure::failed(format!("a worker is lost: {error}")))?;
        let owner = Owner::Process { host: this_host(), pid };
        let what = format!("its process ended by {status}; `{}` has its last words", self.study.log(index).display());
        let name = self.study.plan.run_name(index);
        match self.study.after_worker(index, &owner, &what)? {
            Some(State::Done) => self.board.done(index, &name, RunResult::read(&self.study.done(index)).ok()),
            Some(State::Failed) => {
                let last = failures(&self.study.failed(index)).pop().unwrap_or_default();
                self.board.failed(index, &name, last.lines().next().unwrap_or_default());
            }
            // Interrupted by us, or it crashed for the first time.
            Some(State::Queued)
                if !status.code().is_some_and(|code| INTERRUPTED.contains(&code)) && !status.success() =>
            {
                self.board.say(&format!("{name}: {what}; it is tried once more"));
            }
            _ => {}
        }
        self.board.at_work(self.at_work.len());
        Ok(())
    }

    /// Stops whoever is at work, and waits for each.
    fn let_go(&mut self) {
        self.at_work.values_mut().for_each(|worker| worker.leash = None);
        for (_, mut worker) in self.at_work.drain() {
            let _ = worker.child.wait();
        }
    }

    fn tell_the_end(&self, outcome: Outcome, failed: &[Entry]) {
        let hours = self.began.elapsed().as_secs_f64() / 3600.0;
        let finished = self.board.finished;
        let rate = if finished > 0 { format!(", {:.0} runs an hour", finished as f64 / hours) } else { String::new() };
        self.board.say(&format!("{finished} runs done in {}{rate}", duration(hours * 3600.0)));
        if outcome == Outcome::Interrupted {
            self.board.say("stopped; the same command goes on from here");
        }
        for entry in failed {
            let why = failures(&entry.path).pop().unwrap_or_default();
            let why = why.lines().next().unwrap_or_default().to_owned();
            self.board.say(&format!("failed: {}: {why}", self.study.plan.run_name(entry.index)));
        }
        if !failed.is_empty() {
            self.board.say(&format!("`trainer study retry {}` tries failed runs again", self.study.path().display()));
        }
    }
}

/// What people see: a bar where standard error is a terminal, and a line for each run that ends.
struct Board {
    quiet: bool,
    bar: Option<ProgressBar>,
    /// Epochs done, by run.
    epochs: Vec<u64>,
    of_run: Vec<u64>,
    done_before: usize,
    finished: usize,
    failed: usize,
    at_work: usize,
    began: Instant,
}

impl Board {
    fn new(study: &StudyFolder, quiet: bool) -> Result<Self> {
        let of_run: Vec<u64> = (0..study.plan.runs.len()).map(|index| study.plan.setting(index).epochs).collect();
        let mut epochs = vec![0; of_run.len()];
        let done = study.list(State::Done)?;
        done.iter().for_each(|entry| epochs[entry.index] = of_run[entry.index]);
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(8);
            let bar = ProgressBar::with_draw_target(Some(study.plan.epochs()), target);
            let style = "{bar:30} {percent:>3}%  {msg}  {elapsed} gone, {eta} left";
            bar.set_style(ProgressStyle::with_template(style).expect("the template is constant").progress_chars("━╸─"));
            bar.set_position(epochs.iter().sum());
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        let done_before = done.len();
        Ok(Self { quiet, bar, epochs, of_run, done_before, finished: 0, failed: 0, at_work: 0, began: Instant::now() })
    }

    fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        let write = || {
            let _ = writeln!(io::stderr(), "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn epoch(&mut self, index: usize, epoch: u64) {
        self.epochs[index] = epoch + 1;
        self.show();
    }

    fn at_work(&mut self, count: usize) {
        self.at_work = count;
        self.show();
    }

    fn done(&mut self, index: usize, name: &str, result: Option<RunResult>) {
        self.finished += 1;
        self.epochs[index] = self.of_run[index];
        let fid =
            result.as_ref().and_then(|result| result.fid).map_or_else(String::new, |fid| format!("  FID {fid:.1}"));
        let collapsed = result.and_then(|result| result.collapsed()) == Some(true);
        let count = self.done_before + self.finished;
        let collapsed = if collapsed { "  collapsed" } else { "" };
        self.say(&format!("{count}/{}  {name}{fid}{collapsed}", self.of_run.len()));
        self.show();
    }

    fn failed(&mut self, index: usize, name: &str, why: &str) {
        self.failed += 1;
        self.epochs[index] = self.of_run[index];
        self.say(&format!("failed  {name}: {why}"));
        self.show();
    }

    fn show(&self) {
        let Some(bar) = &self.bar else { return };
        let hours = self.began.elapsed().as_secs_f64() / 3600.0;
        bar.set_position(self.epochs.iter().sum());
        let rate =
            if self.finished > 0 { format!(", {:.0} an hour", self.finished as f64 / hours) } else { String::new() };
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let done = self.done_before + self.finished;
        bar.set_message(format!("{done}/{} runs{failed}, {} at work{rate}", self.of_run.len(), self.at_work));
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Makes the judges that runs need, once each: every run would train the same one.
///
/// # Errors
/// Pictures that cannot be read, or a file that cannot be written.
pub fn make_judges(study: &StudyFolder, quiet: bool) -> Result<()> {
    let mut seen = Vec::new();
    for setting in &study.plan.settings {
        let key = (&setting.data, setting.size, &setting.colour);
        let file = study.judge(setting);
        // The built-in MNIST of its own size has a judge built in.
        let built_in = setting.data == "mnist" && setting.size.is_none_or(|size| size == data::DEFAULT_SIZE);
        if built_in || seen.contains(&key) || study.plan.evaluate_every(setting) == 0 || file.exists() {
            continue;
        }
        seen.push(key);
        let mut say = |line: &str| {
            if !quiet {
                eprintln!("{line}");
            }
        };
        let dataset = data::Dataset::open(&setting.source(), &mut say)?;
        if Judge::cannot_be(&dataset).is_none() {
            Judge::of(&dataset, Some(&file), cores(), &mut say)?;
        }
    }
    Ok(())
}

/// Memory of a run beside its networks, in bytes: program, MNIST unpacked, and what the judge compares. 170 MiB were
/// measured at the most (README); the rest is for other pictures and other machines.
const RUN_MEMORY: u64 = 256 << 20;
/// Bytes a parameter of G or D: weights, two moments, gradient, average, and a checkpoint being written.
const BYTES_A_PARAMETER: u64 = 40;

/// Workers that fit this machine, and why not more, in words.
pub fn workers_that_fit(plan: &Plan, threads: usize) -> (usize, String) {
    workers_that_fit_on(cores(), available_memory(), plan, threads)
}

/// Workers that fit a machine of `cores` cores with `memory` bytes to be had, if that is known; and why not more.
fn workers_that_fit_on(cores: usize, memory: Option<u64>, plan: &Plan, threads: usize) -> (usize, String) {
    let by_cores = (cores / threads.max(1)).max(1);
    let parameters = plan.settings.iter().map(|setting| {
        let recipe = &setting.recipe;
        let shapes = assumed_shapes(&setting.data, setting.size, &setting.colour).into_iter();
        let fitting = shapes.filter(|&shape| recipe.misfits(shape).is_empty());
        let parameters =
            fitting.map(|data| recipe.generator_network(data).len() + recipe.discriminator_network(data).len());
        parameters.max().unwrap_or(0) as u64
    });
    let need = RUN_MEMORY + BYTES_A_PARAMETER * parameters.max().unwrap_or(0);
    let by_memory = memory.map_or(usize::MAX, |bytes| usize::try_from(bytes / need).unwrap_or(usize::MAX).max(1));
    let (limit, why) = if by_memory < by_cores { (by_memory, "memory") } else { (by_cores, "cores") };
    let runs = plan.runs.len().max(1);
    if runs < limit { (runs, "runs".to_owned()) } else { (limit, why.to_owned()) }
}

/// Bytes that can be had, cgroups counted, where the system tells.
fn available_memory() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024;
    let group = number("/sys/fs/cgroup/memory.max").zip(number("/sys/fs/cgroup/memory.current"));
    Some(group.map_or(machine, |(most, used)| machine.min(most.saturating_sub(used))))
}

/// Seconds as people say them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::StudyFile;

    #[test]
    fn workers_are_bound_by_cores_memory_and_runs() {
        let plan = |text: &str| StudyFile::parse(text.to_owned(), "s.toml", std::path::Path::new(".")).unwrap().plan;
        let fit = |text: &str, cores, gib: Option<u64>, threads| {
            workers_that_fit_on(cores, gib.map(|gib| gib << 30), &plan(text), threads)
        };
        let many = "seed = \"0..5000\"";
        // 16,384² weights within G and D each, and some 13 million at their ends: 5.6e8 parameters of 40 bytes, 21 GiB a run.
        let huge = "seed = \"0..5000\"\nhidden = 16384";
        for (name, text, cores, gib, threads, expected) in [
            ("one run", "seed = 0", 8, Some(64), 1, (1, "runs")),
            ("a core each", many, 8, Some(64), 1, (8, "cores")),
            ("two cores each", many, 8, Some(64), 2, (4, "cores")),
            ("more threads than cores", many, 8, Some(64), 100, (1, "cores")),
            ("a quarter of a GiB each", many, 64, Some(4), 1, (15, "memory")),
            ("huge networks", huge, 8, Some(96), 1, (4, "memory")),
            ("memory for none is tried with one", huge, 8, Some(1), 1, (1, "memory")),
            ("nobody knows the memory", huge, 8, None, 1, (8, "cores")),
        ] {
            assert_eq!(fit(text, cores, gib, threads), (expected.0, expected.1.to_owned()), "{name}");
        }
        let here = workers_that_fit(&plan(many), 1);
        assert_eq!(
            here,
            workers_that_fit_on(cores(), available_memory(), &plan(many), 1),
            "this machine's own numbers"
        );
    }

    #[test]
    fn an_epoch_is_read_from_the_event_and_from_nothing_else() {
        let event = |epoch| run::events::EpochEvent::new(epoch, 100, &run::checkpoint::EpochSums::default());
        assert_eq!(epoch_of(&run::events::Event::Epoch(event(41)).to_line()), Some(41));
        let warning = run::events::Event::Warning { epoch: 7, message: "D overpowers G".to_owned() };
        for other in [&warning.to_line(), "on epoch 41", "{\"event\":\"epoch\"}", "41", "", "{"] {
            assert_eq!(epoch_of(other), None, "{other}");
        }
    }

    #[test]
    fn durations_are_short() {
        for (seconds, expected) in [(5.4, "5 s"), (300.0, "5 min"), (7200.0, "2.0 h"), (259_200.0, "3.0 days")] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
