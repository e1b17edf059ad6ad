//! The models that are trained for the demo and the tests; kept, and taken again when the same trainer would train the
//! same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{files, program, workspace};

/// What to train.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Passes over the training pictures.
    pub(crate) epochs: u32,
    /// A built-in recipe or a file; the trainer's own default if `None`.
    pub(crate) recipe: Option<&'a str>,
    /// A built-in set or a folder; the trainer's own default if `None`.
    pub(crate) data: Option<&'a str>,
}

/// Epochs of a run that the page's slider goes through, beside the last: early on, more happens in each.
const WAY: [u32; 6] = [1, 2, 3, 5, 10, 20];
/// Enough for the seed recipe to show what becomes of it; its model is there for comparison.
const MOST_SEED_EPOCHS: u32 = 20;
/// The recipe beside which every other is shown.
const SEED: &str = "seed";
/// Epochs of avatars for each epoch of MNIST. There are a sixth as many avatars, so that 110 of their epochs, which make good ones,
/// take fewer steps than the 50 of MNIST.
const AVATAR_EPOCHS: [u32; 2] = [11, 5];

/// Trains what a page shows, into `folder`: a run through its epochs, and what the seed recipe makes. Gives the models, the
/// one that visitors meet first.
///
/// # Errors
/// If training fails.
pub(crate) fn train_for_page(trainer: &Path, settings: Settings, folder: &Path) -> Result<Vec<PathBuf>> {
    let model = folder.join("gen.onnx");
    let way: Vec<u32> = WAY.into_iter().filter(|&epochs| epochs < settings.epochs).collect();
    train(trainer, settings, &way, &model)?;
    let kept = way.iter().map(|epochs| folder.join(format!("gen.run/models/epochs-{epochs:03}.onnx")));
    let mut models: Vec<PathBuf> = std::iter::once(model).chain(kept).collect();
    if settings.recipe != Some(SEED) {
        let epochs = settings.epochs.min(MOST_SEED_EPOCHS);
        let seed = folder.join("seed.onnx");
        train(trainer, Settings { epochs, recipe: Some(SEED), ..settings }, &[], &seed)?;
        models.push(seed);
    }
    Ok(models)
}

/// Trains the generator of avatars that stands beside `epochs` epochs of MNIST, into `folder`, and gives its model.
///
/// # Errors
/// If training fails.
pub(crate) fn train_avatars(trainer: &Path, epochs: u32, folder: &Path) -> Result<PathBuf> {
    let [times, over] = AVATAR_EPOCHS;
    let epochs = epochs.saturating_mul(times).div_ceil(over);
    let model = folder.join("avatars.onnx");
    train(trainer, Settings { epochs, recipe: Some("colour"), data: Some("avatars") }, &[], &model)?;
    Ok(model)
}

/// The command that compiles the trainer as the demo needs it: without candle and tract, which take longer to compile than all
/// else, and without wgpu where there is no GPU that it could find. What computes is optimised in this profile as in a release.
pub(crate) fn demo_trainer_build() -> Command {
    let mut cargo = program::cargo();
    cargo.args(["build", "--package", "trainer", "--no-default-features"]);
    if may_have_gpu(Path::new("/dev")) {
        cargo.args(["--features", "gpu"]);
    }
    cargo
}

/// Whether this machine may have a GPU: on Linux its drivers leave a file in the folder `devices`, and elsewhere there usually
/// is one.
fn may_have_gpu(devices: &Path) -> bool {
    let has = |folder: &Path, start: &str| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        names.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(start))
    };
    // NVIDIA's driver, everyone else's, and Windows' for the Linux inside it.
    !cfg!(target_os = "linux") || has(devices, "nvidia") || has(&devices.join("dri"), "renderD") || has(devices, "dxg")
}

/// Compiles the trainer as the demo needs it and gives its program.
///
/// # Errors
/// If it does not compile.
pub(crate) fn demo_trainer() -> Result<PathBuf> {
    eprintln!("compiling the trainer");
    program::run(&mut demo_trainer_build())?;
    Ok(workspace::target().join(format!("debug/trainer{}", std::env::consts::EXE_SUFFIX)))
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

/// Trains with the program `trainer` into `out`, unless that has been done. The models after the epochs `way` are kept in
/// the run folder.
fn train(trainer: &Path, settings: Settings, way: &[u32], out: &Path) -> Result<()> {
    let made_from = made_from(trainer, settings, way)?;
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
    let part = |word: &str, name: Option<&str>| name.map_or(String::new(), |name| format!(" {word} `{name}`"));
    let [recipe, data] = [part("by", settings.recipe), part("on", settings.data)];
    eprintln!("training for {} epochs{recipe}{data}", settings.epochs);
    let mut command = Command::new(trainer);
    command.arg("--epochs").arg(settings.epochs.to_string()).arg("--out").arg(out);
    if let Some(recipe) = settings.recipe {
        command.args(["--recipe", recipe]);
    }
    if !way.is_empty() {
        command.args(["--keep-models", &listed(way)]);
    }
    if let Some(data) = settings.data {
        command.args(["--data", data]);
    }
    program::run(&mut command)?;
    fs::write(&stamp, made_from).with_context(|| format!("cannot write `{}`", stamp.display()))
}

/// As the trainer reads a list.
fn listed(epochs: &[u32]) -> String {
    epochs.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Everything the model depends on, in one line.
fn made_from(trainer: &Path, settings: Settings, way: &[u32]) -> Result<String> {
    let hash = |path: &Path| -> Result<String> {
        Ok(files::sha256(&fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?))
    };
    let recipe = match settings.recipe {
        Some(file) if Path::new(file).is_file() => hash(Path::new(file))?,
        Some(name) => name.to_owned(),
        None => "default".to_owned(),
    };
    let data = settings.data.unwrap_or("default");
    Ok(format!(
        "trainer {} epochs {} recipe {recipe} data {data} way {}\n",
        hash(trainer)?,
        settings.epochs,
        listed(way)
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_gpu_is_known_by_its_drivers_file() {
        for (name, file, expected) in [
            ("none", "null", false),
            ("NVIDIA's", "nvidia0", true),
            ("another maker's", "dri/renderD128", true),
            ("a screen alone", "dri/card0", false),
            ("Windows'", "dxg", true),
        ] {
            let devices = tempfile::tempdir().unwrap();
            let path = devices.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
            assert_eq!(may_have_gpu(devices.path()), expected, "{name}");
        }
        assert!(!may_have_gpu(Path::new("/no/such/folder")));
    }

    #[test]
    fn a_model_is_trained_once_for_the_same_trainer_and_settings() {
        let room = tempfile::tempdir().unwrap();
        let [trainer, out, log] = ["trainer", "deep/gen.onnx", "log"].map(|name| room.path().join(name));
        let write_trainer = |exit: u8| {
            // Arguments: --epochs N --out FILE [--recipe R] [--keep-models N,N]
            let script = format!("#!/bin/sh\necho \"$2 $6 $8\" >> {}\necho model > $4\nexit {exit}\n", log.display());
            fs::write(&trainer, script).unwrap();
            fs::set_permissions(&trainer, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let runs =
            || fs::read_to_string(&log).unwrap().lines().map(str::trim_end).map(str::to_owned).collect::<Vec<_>>();
        let train = |epochs, recipe, way: &[u32]| train(&trainer, Settings { epochs, recipe, data: None }, way, &out);

        write_trainer(0);
        for (name, epochs, recipe, way, expected) in [
            ("first", 2, None, &[][..], 1),
            ("again", 2, None, &[], 1),
            ("other epochs", 3, None, &[], 2),
            ("other recipe", 3, Some("seed"), &[], 3),
            ("models on the way", 3, Some("seed"), &[1, 2], 4),
            ("back to the first", 2, None, &[], 5),
        ] {
            train(epochs, recipe, way).unwrap();
            assert_eq!(runs().len(), expected, "{name}");
        }
        write_trainer(1);
        assert!(train(2, None, &[]).is_err(), "another trainer, which fails");
        assert!(train(2, None, &[]).is_err(), "and has left no stamp");
        assert_eq!(runs()[2..4], ["3 seed", "3 seed 1,2"]);
    }

    #[test]
    fn a_page_has_a_run_through_its_epochs_and_the_seed_recipe_beside_it() {
        let room = tempfile::tempdir().unwrap();
        let [trainer, log] = ["trainer", "log"].map(|name| room.path().join(name));
        let script = format!("#!/bin/sh\necho \"$1 $2 $5 $6 $7 $8\" >> {}\necho model > $4\n", log.display());
        fs::write(&trainer, script).unwrap();
        fs::set_permissions(&trainer, fs::Permissions::from_mode(0o755)).unwrap();
        for (epochs, recipe, models, commands) in [
            (
                30,
                None,
                &[
                    "gen",
                    "gen.run/models/epochs-001",
                    "epochs-002",
                    "epochs-003",
                    "epochs-005",
                    "epochs-010",
                    "epochs-020",
                    "seed",
                ][..],
                &["--epochs 30 --keep-models 1,2,3,5,10,20", "--epochs 20 --recipe seed"][..],
            ),
            (
                2,
                Some("mine"),
                &["gen", "epochs-001", "seed"],
                &["--epochs 2 --recipe mine --keep-models 1", "--epochs 2 --recipe seed"],
            ),
            (1, Some("seed"), &["gen"], &["--epochs 1 --recipe seed"]),
        ] {
            let folder = room.path().join(format!("{epochs}"));
            fs::write(&log, "").unwrap();
            let found = train_for_page(&trainer, Settings { epochs, recipe, data: None }, &folder).unwrap();
            assert_eq!(found.len(), models.len(), "{epochs} epochs: {found:?}");
            for (path, end) in found.iter().zip(models) {
                assert!(
                    path.ends_with(format!("{end}.onnx")) && path.starts_with(&folder),
                    "{epochs} epochs: {path:?}"
                );
            }
            assert_eq!(fs::read_to_string(&log).unwrap().lines().map(str::trim_end).collect::<Vec<_>>(), commands);
        }
    }

    #[test]
    fn avatars_are_trained_in_colour_and_for_as_long_as_they_take() {
        let room = tempfile::tempdir().unwrap();
        let [trainer, log] = ["trainer", "log"].map(|name| room.path().join(name));
        let script = format!("#!/bin/sh\necho \"$1 $2 $5 $6 $7 $8\" >> {}\necho model > $4\n", log.display());
        fs::write(&trainer, script).unwrap();
        fs::set_permissions(&trainer, fs::Permissions::from_mode(0o755)).unwrap();
        for (epochs, expected) in [(50, 110), (1, 3)] {
            fs::write(&log, "").unwrap();
            let model = train_avatars(&trainer, epochs, room.path()).unwrap();
            assert!(model.is_file() && model.ends_with("avatars.onnx"), "{model:?}");
            let asked = format!("--epochs {expected} --recipe colour --data avatars\n");
            assert_eq!(fs::read_to_string(&log).unwrap(), asked);
        }
    }
}
