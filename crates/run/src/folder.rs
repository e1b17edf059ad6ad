//! The files of a run: `gen.onnx` beside the folder `gen.run/` with its checkpoint, metrics, samples and sweep.
//!
//! Everything here is written whole or not at all, by a temporary file and a rename. The checkpoint before the newest is
//! kept, so that a damaged newest one costs an epoch and not the run.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::show::sheet;
use failure::{Failure, Result};

/// Where a run's files go.
#[derive(Debug)]
pub struct RunFolder {
    out: PathBuf,
    folder: PathBuf,
    /// Whether there was no folder before.
    is_new: bool,
    /// Keeps other processes out until this is dropped; the system lets go of it however the process ends.
    _lock: Option<File>,
}

/// A checkpoint that was found in a run folder.
#[derive(Debug)]
pub struct Found {
    /// What to go on from.
    pub checkpoint: Checkpoint,
    /// Why this is the one before the newest, where it is, as a sentence.
    pub fallback: Option<String>,
}

const CHECKPOINT: &str = "checkpoint.safetensors";
/// The checkpoint before the newest.
const PREVIOUS: &str = "checkpoint.previous.safetensors";
/// The newest checkpoint, whole on the disk, before the others make room for it.
const NEXT: &str = "checkpoint.next.safetensors";
const METRICS: &str = "metrics.jsonl";
const SAMPLES: &str = "samples";
/// Models from the way, for whoever asked for them.
const MODELS: &str = "models";
/// The hundred pictures of z\[0\] moved from -1 to 0.98, as a sheet.
pub const SWEEP: &str = "sweep.png";
/// The same, one after the other.
pub const SWEEP_GIF: &str = "sweep.gif";
/// The sample sheets, epoch after epoch.
pub const TRAINING_GIF: &str = "training.gif";
/// The run as a page.
pub const REPORT: &str = "report.html";
/// Every file of a run directly in its folder.
const OF_A_RUN: [&str; 8] = [CHECKPOINT, PREVIOUS, NEXT, METRICS, SWEEP, SWEEP_GIF, TRAINING_GIF, REPORT];

impl RunFolder {
    /// Finds out that everything can be written before any work is done, and makes the run folder.
    ///
    /// # Errors
    /// A folder that does not exist or cannot be written to, or an output that is a folder.
    pub fn prepare(out: &Path) -> Result<Self> {
        let hint = "give another file with `--out`, or make the folder first";
        let cannot = |what: String| Failure::failed(format!("`--out {}` {what}", out.display())).hint(hint);
        // A link is written through: what counts is the folder that it leads to.
        let target = files::target_of(out).map_err(|error| cannot(format!("cannot be written: {error}")))?;
        let parent = files::folder_of(&target).map_err(cannot)?;
        if fs::metadata(&target).is_ok_and(|target| !target.is_file()) || out == Path::new("-") {
            return Err(cannot("is no file that a run folder could stand beside".to_owned()));
        }
        let folder = run_folder_of(out);
        let is_new = !folder.exists();
        let trial = parent.join(format!("{}{}-trial{TEMPORARY}", temporaries_of(&target), std::process::id()));
        fs::write(&trial, b"trial")
            .and_then(|()| fs::remove_file(&trial))
            .and_then(|()| fs::create_dir_all(folder.join(SAMPLES)))
            .map_err(|error| cannot(format!("cannot be written: {error}")))?;
        let prepared = Self { out: out.to_owned(), is_new, _lock: lock(&folder)?, folder };
        prepared.sweep_up();
        Ok(prepared)
    }

    /// The run folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The model file.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The newest checkpoint of this folder that can be read, if there is any.
    ///
    /// # Errors
    /// Checkpoints that are there and cannot be read: what is wrong with the newest.
    pub fn checkpoint(&self) -> Result<Option<Found>> {
        newest_checkpoint(&self.folder)
    }

    /// Puts the checkpoint before the newest in the place of the newest, which cannot be used: else the next one would
    /// push the good one out and keep the damaged one.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn take_previous(&self) -> Result<()> {
        self.rename(PREVIOUS, CHECKPOINT)
    }

    /// Makes `bytes` the newest checkpoint, and the newest the one before it. At any moment in between, one of the two
    /// files is there and whole.
    ///
    /// # Errors
    /// A disk that refuses it; what was there is left whole.
    pub fn write_checkpoint(&self, bytes: &[u8]) -> Result<()> {
        self.write(&self.folder.join(NEXT), bytes)?;
        if self.folder.join(CHECKPOINT).exists() {
            self.rename(CHECKPOINT, PREVIOUS)?;
        }
        self.rename(NEXT, CHECKPOINT)
    }

    /// Replaces the model file.
    ///
    /// # Errors
    /// A disk that refuses it; the one before is left whole.
    pub fn write_model(&self, onnx: &[u8]) -> Result<()> {
        self.write(&self.out, onnx)
    }

    /// Writes the model as it is after `epochs` epochs.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_kept_model(&self, epochs: u64, onnx: &[u8]) -> Result<()> {
        let path = self.folder.join(MODELS).join(format!("epochs-{epochs:03}.onnx"));
        fs::create_dir_all(self.folder.join(MODELS)).map_err(|error| self.refused(&path, &error))?;
        self.write(&path, onnx)
    }

    /// Writes the sheet of fixed z after epoch `epoch`.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_sample(&self, epoch: u64, png: &[u8]) -> Result<()> {
        self.write(&self.folder.join(SAMPLES).join(format!("epoch-{epoch:03}.png")), png)
    }

    /// The sheet after epoch `epoch` as PNG; nothing if there is none.
    pub fn sample(&self, epoch: u64) -> Vec<u8> {
        fs::read(self.folder.join(SAMPLES).join(format!("epoch-{epoch:03}.png"))).unwrap_or_default()
    }

    /// All sheets as bytes, by epoch, as [`sheet::decode`] gives them. One that cannot be read, or is of another size than most, is left out: it only
    /// costs the animation a frame.
    pub fn sheets(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.folder.join(SAMPLES)).into_iter().flatten().flatten();
        let epoch = |path: &Path| path.file_stem()?.to_str()?.strip_prefix("epoch-")?.parse::<u64>().ok();
        let mut paths: Vec<(u64, PathBuf)> =
            entries.filter_map(|entry| Some((epoch(&entry.path())?, entry.path()))).collect();
        paths.sort();
        let read = |(_, path): &(u64, PathBuf)| sheet::decode(&fs::read(path).ok()?);
        let mut sheets: Vec<Vec<u8>> = paths.iter().filter_map(read).collect();
        let size = sheets.last().map_or(0, Vec::len);
        sheets.retain(|sheet| sheet.len() == size);
        sheets
    }

    /// Writes one of [`SWEEP`], [`SWEEP_GIF`], [`TRAINING_GIF`] and [`REPORT`].
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_named(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write(&self.folder.join(name), bytes)
    }

    /// What [`RunFolder::write_named`] wrote; nothing if it did not.
    pub fn named(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).unwrap_or_default()
    }

    /// Lines of `metrics.jsonl` of the epochs before `epoch`.
    pub fn metrics_before(&self, epoch: u64) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join(METRICS)).unwrap_or_default();
        let earlier = |line: &&str| {
            let parsed = serde_json::from_str::<serde_json::Value>(line);
            parsed.is_ok_and(|event| event["epoch"].as_u64().is_some_and(|e| e < epoch))
        };
        text.lines().filter(earlier).map(str::to_owned).collect()
    }

    /// Replaces `metrics.jsonl`.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_metrics(&self, lines: &[String]) -> Result<()> {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(&self.folder.join(METRICS), text.as_bytes())
    }

    /// Moves what an earlier run left into a folder of its own within this one, `earlier-1` or the first number that is free,
    /// and gives its path. The model beside the run folder stays: the checkpoint can be exported again.
    ///
    /// # Errors
    /// Files that cannot be moved.
    pub fn set_aside(&self) -> Result<PathBuf> {
        let free = (1..).map(|n| self.folder.join(format!("earlier-{n}"))).find(|path| !path.exists());
        let aside = free.expect("there is always another number");
        let moved = (|| {
            fs::create_dir(&aside)?;
            for name in OF_A_RUN.iter().chain(&[SAMPLES, MODELS]) {
                match fs::rename(self.folder.join(name), aside.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            fs::create_dir_all(self.folder.join(SAMPLES))
        })();
        moved.map(|()| aside.clone()).map_err(|error| {
            Failure::failed(format!("the finished run cannot be moved to `{}`: {error}", aside.display()))
                .hint("give another `--out`, or `--overwrite` to lose that run")
        })
    }

    /// Takes away what an earlier run left, so that nothing in the folder is of another run than this.
    ///
    /// # Errors
    /// Files that cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let remove = |path: &Path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let cleared = (|| {
            for name in OF_A_RUN {
                remove(&self.folder.join(name))?;
            }
            // Only asked for in some runs.
            let kept = fs::read_dir(self.folder.join(MODELS)).into_iter().flatten();
            for entry in fs::read_dir(self.folder.join(SAMPLES))?.chain(kept) {
                remove(&entry?.path())?;
            }
            Ok(())
        })();
        cleared.map_err(|error: io::Error| {
            Failure::failed(format!("the earlier run in `{}` cannot be cleared: {error}", self.folder.display()))
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        files::write_whole(path, bytes).map_err(|error| self.refused(path, &error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let to = self.folder.join(to);
        fs::rename(self.folder.join(from), &to).map_err(|error| self.refused(&to, &error))
    }

    /// Why a file could not be written, and how to go on; a checkpoint is promised only where there is one.
    fn refused(&self, path: &Path, error: &io::Error) -> Failure {
        let (what, remedy) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ("the disk is full".to_owned(), "make room"),
            io::ErrorKind::FileTooLarge => {
                ("files may not be that large here".to_owned(), "raise the limit (`ulimit -f`)")
            }
            _ => (error.to_string(), "mend that"),
        };
        let then = if [CHECKPOINT, PREVIOUS].iter().any(|name| self.folder.join(name).exists()) {
            "then go on with `--resume`: the last checkpoint is whole"
        } else {
            "then train again: there was no checkpoint yet"
        };
        Failure::failed(format!("`{}` cannot be written: {what}", path.display())).hint(format!("{remedy}, {then}"))
    }

    /// Removes what a killed process was in the middle of writing. Nobody else writes here: we hold the lock.
    fn sweep_up(&self) {
        let beside = self.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let of_model = temporaries_of(&self.out);
        let [samples, models] = [SAMPLES, MODELS].map(|name| self.folder.join(name));
        for (folder, start) in [(beside, &*of_model), (&self.folder, "."), (&samples, "."), (&models, ".")] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                if name.to_str().is_some_and(|name| name.starts_with(start) && name.ends_with(TEMPORARY)) {
                    // Left where it is if it cannot be removed: it does no harm.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}

impl Drop for RunFolder {
    /// Takes a folder away that was made for a run of which nothing came: it was refused, or stopped before it began.
    fn drop(&mut self) {
        if self.is_new {
            // The system removes empty folders only.
            let _ = fs::remove_dir(self.folder.join(SAMPLES)).and_then(|()| fs::remove_dir(&self.folder));
        }
    }
}

/// The newest checkpoint of the run beside the model `out` that can be read, if there is any, for looking at: nothing is written
/// or locked.
///
/// # Errors
/// As [`RunFolder::checkpoint`].
pub fn checkpoint_beside(out: &Path) -> Result<Option<Checkpoint>> {
    Ok(newest_checkpoint(&run_folder_of(out))?.map(|found| found.checkpoint))
}

/// The checkpoint of a run folder, and its metrics as text, for looking at: nothing is written or locked. `path` is the
/// folder, the model that it stands beside, or a checkpoint in it.
///
/// # Errors
/// A path that is no run, or a run whose checkpoint cannot be read.
pub fn read_run(path: &Path) -> Result<(Checkpoint, String)> {
    if path.extension().is_some_and(|ending| ending == "safetensors") && path.is_file() {
        let bytes =
            fs::read(path).map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", path.display())))?;
        let checkpoint = Checkpoint::from_bytes(&bytes)
            .map_err(|failure| Failure { message: format!("`{}`: {}", path.display(), failure.message), ..failure })?;
        let beside = fs::read_to_string(path.with_file_name(METRICS)).unwrap_or_default();
        return Ok((checkpoint, beside));
    }
    // The folder of a study's run holds a model and its run folder, named as by default.
    let within = path.join("gen.run");
    let folder = match (path.is_dir(), within.is_dir()) {
        (true, true) => within,
        (true, false) => path.to_owned(),
        (false, _) => run_folder_of(path),
    };
    let Some(found) = newest_checkpoint(&folder)? else {
        return Err(Failure::failed(format!(
            "`{}` is no run: there is no checkpoint in `{}`",
            path.display(),
            folder.display()
        ))
        .hint("give a run folder such as `gen.run`, or the model beside it"));
    };
    Ok((found.checkpoint, fs::read_to_string(folder.join(METRICS)).unwrap_or_default()))
}

fn newest_checkpoint(folder: &Path) -> Result<Option<Found>> {
    let newest = read_checkpoint(folder, CHECKPOINT);
    if let Ok(Some(checkpoint)) = newest {
        return Ok(Some(Found { checkpoint, fallback: None }));
    }
    match (newest, read_checkpoint(folder, PREVIOUS)) {
        (Ok(_), Ok(None)) => Ok(None),
        (Ok(_), Err(failure)) | (Err(failure), Ok(None)) => Err(failure),
        (Err(failure), Err(before)) => {
            Err(Failure { message: format!("{}\n  {}", failure.message, before.message), ..failure })
        }
        (newest, Ok(Some(checkpoint))) => {
            let path = folder.join(CHECKPOINT);
            let why = newest.err().map_or_else(|| format!("`{}` is missing", path.display()), |f| f.message);
            let step = checkpoint.state.step;
            let fallback = Some(format!("{why}; going on from the one before it, of step {step}"));
            Ok(Some(Found { checkpoint, fallback }))
        }
    }
}

fn read_checkpoint(folder: &Path, name: &str) -> Result<Option<Checkpoint>> {
    let path = folder.join(name);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::failed(format!("`{}` cannot be read: {error}", path.display()))),
        Ok(bytes) => bytes,
    };
    Checkpoint::from_bytes(&bytes).map(Some).map_err(|failure| Failure {
        message: format!("`{}`: {}", path.display(), failure.message),
        hint: Some("train again without `--resume`".to_owned()),
        ..failure
    })
}

/// How the names of `files::write_whole`'s temporary files end.
const TEMPORARY: &str = ".tmp";

/// How the names of the temporary files of `path` start.
fn temporaries_of(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Locks the run folder against other processes, where the system can: nothing on one that locks no folders.
fn lock(folder: &Path) -> Result<Option<File>> {
    let Ok(handle) = File::open(folder) else { return Ok(None) };
    match handle.try_lock() {
        Ok(()) => Ok(Some(handle)),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::failed(format!("another trainer is at work in `{}`", folder.display()))
                .hint("wait for it, stop it, or give another `--out`"))
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// `gen.onnx` -> `gen.run`; a name without `.onnx` just gets `.run`.
pub fn run_folder_of(out: &Path) -> PathBuf {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    out.with_file_name(format!("{}.run", name.strip_suffix(".onnx").unwrap_or(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_folder_is_named_after_the_model() {
        for (out, expected) in
            [("gen.onnx", "gen.run"), ("a/b.onnx", "a/b.run"), ("model", "model.run"), ("a.b.onnx", "a.b.run")]
        {
            assert_eq!(run_folder_of(Path::new(out)), Path::new(expected), "{out}");
        }
    }

    #[test]
    fn an_output_that_cannot_be_is_refused_before_any_work() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        let cases = [
            ("no folder", dir.path().join("no/gen.onnx"), "does not exist"),
            ("a folder", dir.path().to_owned(), "is a folder"),
            ("under a file", file.join("gen.onnx"), "does not exist"),
            ("a folder to be", dir.path().join("no/"), "is a folder"),
            ("standard output", PathBuf::from("-"), "is no file"),
        ];
        // Not even root makes files in /proc, which is Linux's.
        let device = ("a device", PathBuf::from("/dev/null"), "is no file");
        let proc = ("a folder where nothing can be made", PathBuf::from("/proc/gen.onnx"), "cannot be written");
        for (name, out, expected) in
            cases.into_iter().chain(cfg!(target_os = "linux").then_some([proc, device]).into_iter().flatten())
        {
            let failure = RunFolder::prepare(&out).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {failure}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a refusal leaves nothing behind");
    }

    #[test]
    #[cfg(unix)]
    fn a_model_that_is_a_link_is_tried_where_it_leads() {
        use std::os::unix::fs::symlink;
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = |name: &str, target: &Path| {
            symlink(target, dir.path().join(name)).unwrap();
            dir.path().join(name)
        };
        // Leads to a file that is not there yet.
        let out = link("gen.onnx", &other.path().join("model.onnx"));
        RunFolder::prepare(&out).unwrap().write_model(b"model").unwrap();
        assert_eq!(fs::read(other.path().join("model.onnx")).unwrap(), b"model");
        assert!(fs::symlink_metadata(&out).unwrap().is_symlink());
        for (name, target, expected) in [
            ("nowhere.onnx", other.path().join("no/model.onnx"), "which does not exist"),
            ("circle.onnx", dir.path().join("circle.onnx"), "leads in a circle"),
            ("folder.onnx", other.path().to_owned(), "is a folder"),
        ] {
            let failure = RunFolder::prepare(&link(name, &target)).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {failure}");
        }
    }

    #[test]
    fn a_folder_of_a_run_that_came_to_nothing_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        drop(RunFolder::prepare(&out).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let folder = RunFolder::prepare(&out).unwrap();
        folder.write_named(REPORT, b"page").unwrap();
        drop(folder);
        assert!(dir.path().join("gen.run").join(REPORT).exists());
        fs::create_dir(dir.path().join("own.run")).unwrap();
        drop(RunFolder::prepare(&dir.path().join("own.onnx")).unwrap());
        assert!(dir.path().join("own.run").exists(), "and one that was there before stays");
    }

    #[test]
    fn what_a_killed_process_left_is_swept_up_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        fs::create_dir_all(dir.path().join("gen.run/samples")).unwrap();
        let leftovers = [".gen.onnx.7-0.tmp", "gen.run/.metrics.jsonl.7-1.tmp", "gen.run/samples/.a.png.7-2.tmp"];
        let others = [".other.onnx.7-0.tmp", "gen.onnx", "gen.run/notes.tmp"];
        leftovers.iter().chain(&others).for_each(|name| fs::write(dir.path().join(name), b"x").unwrap());
        RunFolder::prepare(&out).unwrap();
        leftovers.iter().for_each(|name| assert!(!dir.path().join(name).exists(), "{name} is still there"));
        others.iter().for_each(|name| assert!(dir.path().join(name).exists(), "{name} is gone"));
    }

    #[test]
    #[cfg(unix)]
    fn a_run_folder_is_one_processs_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("gen.onnx");
        let first = RunFolder::prepare(&out).unwrap();
        let failure = RunFolder::prepare(&out).unwrap_err();
        assert!(failure.message.contains("another trainer is at work in"), "{failure}");
        drop(first);
        RunFolder::prepare(&out).unwrap();
    }

    #[test]
    fn a_run_that_is_set_aside_is_whole_and_out_of_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::prepare(&dir.path().join("gen.onnx")).unwrap();
        for round in 1..3 {
            folder.write_checkpoint(b"weights").unwrap();
            folder.write_sample(0, b"sheet").unwrap();
            folder.write_named(REPORT, b"page").unwrap();
            let aside = folder.set_aside().unwrap();
            assert_eq!(aside, folder.path().join(format!("earlier-{round}")));
            for name in [CHECKPOINT, REPORT, "samples/epoch-000.png"] {
                assert!(aside.join(name).exists() && !folder.path().join(name).exists(), "{round}: {name}");
            }
            folder.clear().unwrap();
            assert!(aside.join(CHECKPOINT).exists(), "{round}");
        }
    }

    #[test]
    fn metrics_of_epochs_that_will_be_trained_again_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::prepare(&dir.path().join("gen.onnx")).unwrap();
        let lines: Vec<String> = (0..4).map(|epoch| format!(r#"{{"epoch":{epoch}}}"#)).collect();
        folder.write_metrics(&lines).unwrap();
        assert_eq!(folder.metrics_before(2), lines[..2]);
        folder.clear().unwrap();
        assert!(folder.metrics_before(9).is_empty());
    }
}
