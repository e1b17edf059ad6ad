//! The files of a run: `gen.onnx` beside the folder `gen.run/` with its checkpoint, metrics, samples and sweep.
//!
//! Everything here is written whole or not at all, by a temporary file and a rename.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::failure::{Failure, Result};

/// Where a run's files go.
#[derive(Clone, Debug)]
pub struct RunFolder {
    out: PathBuf,
    folder: PathBuf,
}

const CHECKPOINT: &str = "checkpoint.safetensors";
const METRICS: &str = "metrics.jsonl";
const SAMPLES: &str = "samples";

impl RunFolder {
    /// Finds out that everything can be written before any work is done, and makes the run folder.
    ///
    /// # Errors
    /// A folder that does not exist or cannot be written to, or an output that is a folder.
    pub fn prepare(out: &Path) -> Result<Self> {
        let hint = "give another file with `--out`, or make the folder first";
        let cannot = |what: String| Failure::failed(format!("`--out {}` {what}", out.display())).hint(hint);
        let parent = exporter::folder_of(out).map_err(cannot)?;
        let folder = run_folder_of(out);
        let prepared = Self { out: out.to_owned(), folder };
        let trial = parent.join(format!(".forger-{}-trial", std::process::id()));
        fs::write(&trial, b"trial")
            .and_then(|()| fs::remove_file(&trial))
            .and_then(|()| fs::create_dir_all(prepared.folder.join(SAMPLES)))
            .map_err(|error| cannot(format!("cannot be written: {error}")))?;
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

    /// The checkpoint of this folder, if there is one.
    ///
    /// # Errors
    /// A checkpoint that cannot be read.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let path = self.folder.join(CHECKPOINT);
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

    /// Replaces the checkpoint.
    ///
    /// # Errors
    /// A disk that refuses it; the one before is left whole.
    pub fn write_checkpoint(&self, bytes: &[u8]) -> Result<()> {
        self.write(&self.folder.join(CHECKPOINT), bytes)
    }

    /// Replaces the model file.
    ///
    /// # Errors
    /// A disk that refuses it; the one before is left whole.
    pub fn write_model(&self, onnx: &[u8]) -> Result<()> {
        self.write(&self.out, onnx)
    }

    /// Writes the sheet of fixed z after epoch `epoch`.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_sample(&self, epoch: u64, png: &[u8]) -> Result<()> {
        self.write(&self.folder.join(SAMPLES).join(format!("epoch-{epoch:03}.png")), png)
    }

    /// Writes the sweep of z\[0\].
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write_sweep(&self, png: &[u8]) -> Result<()> {
        self.write(&self.folder.join("sweep.png"), png)
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
            for name in [CHECKPOINT, METRICS, "sweep.png"] {
                remove(&self.folder.join(name))?;
            }
            for entry in fs::read_dir(self.folder.join(SAMPLES))? {
                remove(&entry?.path())?;
            }
            Ok(())
        })();
        cleared.map_err(|error: io::Error| {
            Failure::failed(format!("the earlier run in `{}` cannot be cleared: {error}", self.folder.display()))
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        exporter::write_whole(path, bytes).map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
                .hint("make room or give another folder; the last checkpoint is whole, and `--resume` goes on from it")
        })
    }
}

/// `gen.onnx` -> `gen.run`; a name without `.onnx` just gets `.run`.
pub(crate) fn run_folder_of(out: &Path) -> PathBuf {
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
            ("a folder where nothing can be made", PathBuf::from("/proc/gen.onnx"), "cannot be written"),
        ];
        for (name, out, expected) in cases {
            let failure = RunFolder::prepare(&out).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {failure}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a refusal leaves nothing behind");
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
