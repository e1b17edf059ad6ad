//! A model trained for the demo or the tests; kept, and taken again when the same trainer would train the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{files, program, workspace};

/// What to train.
pub(crate) struct Settings<'a> {
    /// Passes over the training pictures.
    pub(crate) epochs: u32,
    /// A built-in recipe or a file; the trainer's own default if `None`.
    pub(crate) recipe: Option<&'a str>,
}

/// Compiles the trainer in release mode and gives its program.
///
/// # Errors
/// If it does not compile.
pub(crate) fn release_trainer() -> Result<PathBuf> {
    eprintln!("compiling the trainer");
    program::run(program::cargo().args(["build", "--release", "--package", "trainer"]))?;
    Ok(workspace::target().join(format!("release/trainer{}", std::env::consts::EXE_SUFFIX)))
}

/// Trains with the program `trainer` into `out`, unless that has been done.
///
/// # Errors
/// If training fails.
pub(crate) fn train(trainer: &Path, settings: &Settings, out: &Path) -> Result<()> {
    let made_from = made_from(trainer, settings)?;
    let stamp = files::with_suffix(out, "made-from");
    if out.exists() && fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == made_from) {
        eprintln!("taking `{}`, which this trainer made with these settings", out.display());
        return Ok(());
    }
    // The stamp must never stand beside a model that it doesn't belong to.
    if stamp.exists() {
        fs::remove_file(&stamp).with_context(|| format!("cannot remove `{}`", stamp.display()))?;
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    eprintln!("training for {} epochs", settings.epochs);
    let mut command = Command::new(trainer);
    command.arg("--epochs").arg(settings.epochs.to_string()).arg("--out").arg(out);
    if let Some(recipe) = settings.recipe {
        command.args(["--recipe", recipe]);
    }
    program::run(&mut command)?;
    fs::write(&stamp, made_from).with_context(|| format!("cannot write `{}`", stamp.display()))
}

/// Everything the model depends on, in one line.
fn made_from(trainer: &Path, settings: &Settings) -> Result<String> {
    let hash = |path: &Path| -> Result<String> {
        Ok(files::sha256(&fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?))
    };
    let recipe = match settings.recipe {
        Some(file) if Path::new(file).is_file() => hash(Path::new(file))?,
        Some(name) => name.to_owned(),
        None => "default".to_owned(),
    };
    Ok(format!("trainer {} epochs {} recipe {recipe}\n", hash(trainer)?, settings.epochs))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_model_is_trained_once_for_the_same_trainer_and_settings() {
        let room = tempfile::tempdir().unwrap();
        let [trainer, out, log] = ["trainer", "deep/gen.onnx", "log"].map(|name| room.path().join(name));
        let write_trainer = |exit: u8| {
            // Arguments: --epochs N --out FILE [--recipe R]
            let script = format!("#!/bin/sh\necho \"$2 $6\" >> {}\necho model > $4\nexit {exit}\n", log.display());
            fs::write(&trainer, script).unwrap();
            fs::set_permissions(&trainer, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let runs = || fs::read_to_string(&log).unwrap().lines().count();
        let train = |epochs, recipe| train(&trainer, &Settings { epochs, recipe }, &out);

        write_trainer(0);
        for (name, epochs, recipe, expected) in [
            ("first", 2, None, 1),
            ("again", 2, None, 1),
            ("other epochs", 3, None, 2),
            ("other recipe", 3, Some("seed"), 3),
            ("back to the first", 2, None, 4),
        ] {
            train(epochs, recipe).unwrap();
            assert_eq!(runs(), expected, "{name}");
        }
        write_trainer(1);
        assert!(train(2, None).is_err(), "another trainer, which fails");
        assert!(train(2, None).is_err(), "and has left no stamp");
        assert_eq!(fs::read_to_string(&log).unwrap().lines().nth(2), Some("3 seed"));
    }
}
