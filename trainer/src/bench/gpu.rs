//! Steps on a GPU, and what recording them costs the host, for which no GPU is needed: wgpu has a device that does nothing.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::{Bench, Options};
use data::Dataset;
use engines::State;
use engines::gpu::device::{self, Adapter, Description, Kind, adapters};
use engines::gpu::{Gpu, Setup};
use failure::Result;

/// What one epoch of one run asks of the host and of the device; the device does nothing.
#[derive(Clone, Debug, Serialize)]
pub struct Recording {
    recipe: String,
    hidden: usize,
    batch: usize,
    steps: u64,
    dispatches: u64,
    passes: u64,
    submissions: u64,
    bytes_read: u64,
    /// Recording alone, in microseconds.
    recording_us_per_dispatch: f64,
    /// All of the host's work: the epoch's order and rates, recording, submitting, and reading what the steps report.
    host_us_per_dispatch: f64,
    /// The GPUs of this machine, as `--device` takes them, but for those that are programs.
    gpus: Vec<Found>,
}

#[derive(Clone, Debug, Serialize)]
struct Found {
    device: String,
    name: String,
}

/// An epoch a round, each given to `report` when it is done. In the first, submissions are still growing.
///
/// # Errors
/// As training's.
pub fn recordings(options: &Options, mut report: impl FnMut(&Recording)) -> Result<()> {
    let Options { recipe, .. } = options;
    let pictures = Arc::new(Dataset::mnist()?.train);
    recipe.fits(pictures.shape)?;
    let steps = (pictures.count() / recipe.batch).max(1) as u64;
    let found =
        |Adapter { description: Description { index, name, .. }, .. }| Found { device: format!("gpu:{index}"), name };
    let real = |adapter: &Adapter| adapter.description.kind != Kind::Software;
    let gpus: Vec<_> = adapters().into_iter().filter(real).map(found).collect();
    let states = [State::initial(recipe, pictures.shape, 0)];
    let count = pictures.count();
    let setup = Setup { recipe, pictures, states: &states, keeps_gradients: false };
    let mut run = Bench::new(Box::new(Gpu::with(&setup, |_| Ok(device::noop()))?), recipe, 1, count);
    for _ in 0..options.rounds {
        let before = run.engine().counts();
        let began = Instant::now();
        run.steps(steps)?;
        let seconds = began.elapsed().as_secs_f64();
        let after = run.engine().counts();
        let dispatches = after.dispatches - before.dispatches;
        let us_per_dispatch = |seconds: f64| 1e6 * seconds / dispatches as f64;
        report(&Recording {
            recipe: recipe.name.clone(),
            hidden: recipe.hidden,
            batch: recipe.batch,
            steps: after.steps - before.steps,
            dispatches,
            passes: after.passes - before.passes,
            submissions: after.submissions - before.submissions,
            bytes_read: after.bytes_read - before.bytes_read,
            recording_us_per_dispatch: us_per_dispatch(after.recording_seconds - before.recording_seconds),
            host_us_per_dispatch: us_per_dispatch(seconds),
            gpus: gpus.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engines::choose::{DeviceChoice, EngineChoice};
    use gan::recipe::Recipe;

    #[test]
    fn an_epoch_is_counted_and_takes_few_submissions() {
        for (name, dispatches) in [("seed", 15), ("stable", 18)] {
            let recipe = Recipe::load(name, &"hidden = 8\nbatch = 100".parse().unwrap()).unwrap();
            let (engine, device) = (EngineChoice::Fused, DeviceChoice::Cpu);
            let options = Options { recipe, engine, device, replicas: 1, threads: 1, steps: 3, rounds: 2 };
            let mut seen = Vec::new();
            recordings(&options, |recording| seen.push(recording.clone())).unwrap();
            assert_eq!(seen.len(), 2);
            for recording in seen {
                assert_eq!((recording.steps, recording.dispatches), (550, 550 * dispatches), "{name}");
                // Ten numbers a step.
                assert_eq!(recording.bytes_read, 550 * 40, "{name}");
                // From four steps on doubled: at most eight, were this machine slow a few more.
                assert!((1..30).contains(&recording.submissions), "{recording:?}");
                assert_eq!(recording.passes, recording.submissions);
                assert!(recording.recording_us_per_dispatch > 0.0, "{recording:?}");
                assert!(recording.recording_us_per_dispatch <= recording.host_us_per_dispatch, "{recording:?}");
            }
        }
    }
}
