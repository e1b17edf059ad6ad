//! What a run goes on from, and what is said when it is not quite what was asked for.

use crate::checkpoint::{Checkpoint, Identity};
use crate::console::Console;
use crate::folder::{Found, RunFolder};
use engines::Engine;
use failure::{Failure, Result};

/// The checkpoint that `--resume` goes on from; nothing where there is no run yet, so that one command begins a run and goes on
/// with it.
///
/// # Errors
/// None that can be read, or one of a run with other settings: which, and both values of each.
pub(crate) fn checkpoint_to_resume(
    folder: &RunFolder,
    identity: &Identity,
    console: &Console,
) -> Result<Option<Checkpoint>> {
    let Some(Found { checkpoint, fallback }) = folder.checkpoint()? else {
        let folder = folder.path().display();
        console.say(&format!("`--resume`: there is no run in `{folder}` yet, so one begins"));
        return Ok(None);
    };
    let mut differences = checkpoint.identity.differences(identity);
    let [planned, now] = [checkpoint.identity.epochs, identity.epochs];
    if now > planned {
        differences.retain(|difference| !difference.starts_with("--epochs:"));
    }
    if !differences.is_empty() {
        let list = differences.join("\n  ");
        let message = format!("`--resume`: the run in `{}` has other settings:\n  {list}", folder.path().display());
        return Err(Failure::usage(message).hint("give the run's own settings, or another `--out` for a new run"));
    }
    if now > planned {
        console.say(&format!(
            "the run was planned with `--epochs {planned}` and goes on to {now}: from here on its schedules are those of {now}, so \
             the bytes are not those of a run planned for {now} from the start"
        ));
    }
    if let Some(why) = fallback {
        console.warn(&why);
        folder.take_previous()?;
    }
    Ok(Some(checkpoint))
}

/// Engine, device and threads, as a checkpoint keeps them.
pub(crate) fn made_by(engine: &dyn Engine, threads: usize) -> [String; 3] {
    [engine.name().to_owned(), engine.device(), threads.to_string()]
}

/// A run may go on with another engine, device or number of threads, but not to the same bytes.
pub(crate) fn say_what_changed(checkpoint: &Checkpoint, now: &[String; 3], console: &Console) {
    let pairs = ["engine", "device", "threads"].iter().zip(checkpoint.made_by.iter().zip(now));
    // The fused engine gives the same bits on any number of threads, as its tests have it.
    let is_fused = [&checkpoint.made_by[0], &now[0]].iter().all(|engine| *engine == "fused");
    let changed: Vec<String> = pairs
        .filter(|(name, (before, now))| before != now && !(is_fused && **name == "threads"))
        .map(|(name, (before, now))| format!("{name} {before} before, {now} now"))
        .collect();
    if !changed.is_empty() {
        console.warn(&format!("{}: the bytes may differ from those of a run never interrupted", changed.join("; ")));
    }
}
