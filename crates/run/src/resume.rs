//! What a run goes on from, and what is said when it is not quite what was asked for.

use crate::checkpoint::{Checkpoint, Identity};
use crate::console::Console;
use crate::folder::{Found, RunFolder};
use crate::options::Options;
use engines::Engine;
use failure::{Failure, Result};
use gan::State;

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
        return Err(Failure::usage(message).hint(
            "leave out what differs: `--resume` alone takes the run's own settings; or give another `--out` for a new run",
        ));
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
    let (epoch, step) = (checkpoint.epochs_done, checkpoint.state.step);
    if epoch < now {
        console.say(&format!("going on in epoch {epoch} of {now}, after step {step}"));
    } else {
        console.say(&format!("the run has all of its {now} epochs; more `--epochs` would make it longer"));
    }
    Ok(Some(checkpoint))
}

/// The first state of a run that starts from the weights of `other`: step 0, moments of zero, everything else as trained.
///
/// # Errors
/// Weights of other networks than the run's: what differs.
pub(crate) fn from_weights(
    other: &Checkpoint,
    identity: &Identity,
    options: &Options,
    console: &Console,
) -> Result<State> {
    let from = options.from.as_deref().map_or_else(String::new, |path| path.display().to_string());
    let mut state = State::initial(&identity.recipe, identity.data, identity.seed);
    let shapes = |one: &Identity| {
        let (g, d) = one.layouts();
        [g, d].map(|network| network.tensors.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect::<Vec<_>>())
    };
    let differing: Vec<String> = (shapes(&other.identity).into_iter().flatten())
        .zip(shapes(identity).into_iter().flatten())
        .filter(|(theirs, ours)| theirs != ours)
        .map(|((theirs, there), (ours, here))| {
            let ours = if theirs == ours { String::new() } else { format!("`{ours}` ") };
            format!("`{theirs}` is {there:?} there, {ours}{here:?} here")
        })
        .collect();
    let counts = [&other.identity, identity].map(|one| shapes(one).map(|tensors| tensors.len()));
    if !differing.is_empty() || counts[0] != counts[1] {
        return Err(Failure::usage(format!(
            "`--from {from}`: its weights are of other networks than this run's:\n  {}",
            differing.first().map_or("it has another number of layers", String::as_str)
        ))
        .hint("leave out `--recipe`, `--size` and the flags of the networks: that run's own are taken then"));
    }
    state.generator.parameters.clone_from(&other.state.generator.parameters);
    state.discriminator.parameters.clone_from(&other.state.discriminator.parameters);
    state.ema = state.ema.map(|_| other.state.exported().to_vec());
    console.say(&format!(
        "starts from the weights of `{from}`, of {} epochs on {}; its steps and schedules begin anew",
        other.epochs_done, other.identity.dataset
    ));
    Ok(state)
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
