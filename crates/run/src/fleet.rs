//! `--replicas R`: runs of R seeds in the same dispatches of one GPU, since one such network leaves most of it idle.
//!
//! Each replica is an ordinary run with a run folder of its own, `gen-SEED.run` beside `gen-SEED.onnx`, and comes to the bytes
//! that its seed alone would have come to. One whose losses stop being numbers is left where its last checkpoint is; the
//! others go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engines::choose::Choice;
use engines::{Engine, State, Stretch};
use failure::{Failure, Result};
use gan::Pictures;

use crate::console::Console;
use crate::options::Options;
use crate::requests::{Pause, Requests};
use crate::run::{Member, Prepared, Run};

/// Refuses what several runs at once cannot have.
///
/// # Errors
/// An engine that trains one run only, or a flag that writes one file for all.
pub(crate) fn check(options: &Options, choice: &Choice) -> Result<()> {
    if options.replicas == 1 {
        return Ok(());
    }
    if !choice.is_gpu() {
        return Err(Failure::usage(format!("`--replicas {}` takes the fused engine on a GPU", options.replicas))
            .hint("give `--device gpu`, see `trainer devices`; many runs on a CPU are `trainer study`'s work"));
    }
    for (flag, given) in [("--log-json", options.log_json.is_some()), ("--tensorboard", options.tensorboard.is_some())]
    {
        if given {
            return Err(Failure::usage(format!(
                "`{flag}` writes one run's events and there are {} runs",
                options.replicas
            ))
            .hint("each run folder has its own in metrics.jsonl, and `trainer compare` sets runs side by side"));
        }
    }
    Ok(())
}

/// Seed and model file of each run.
pub(crate) fn members(options: &Options) -> Vec<(u64, PathBuf)> {
    if options.replicas == 1 {
        return vec![(options.seed, options.out.clone())];
    }
    let seeds = (0..options.replicas as u64).map(|i| options.seed.wrapping_add(i));
    seeds.map(|seed| (seed, out_of(&options.out, seed))).collect()
}

/// The model file of one of several runs: `gen-3.onnx` of `gen.onnx`.
pub(crate) fn out_of(out: &Path, seed: u64) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let extension = out.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    out.with_file_name(format!("{stem}-{seed}{extension}"))
}

/// `seed 3`, or `seeds 3 to 6`.
pub(crate) fn seeds(options: &Options) -> String {
    match options.replicas as u64 {
        1 => format!("seed {}", options.seed),
        replicas => format!("seeds {} to {}", options.seed, options.seed.wrapping_add(replicas - 1)),
    }
}

/// What stands before a line about one of several runs.
pub(crate) fn who(options: &Options, seed: u64) -> String {
    if options.replicas == 1 { String::new() } else { format!("seed {seed}: ") }
}

/// Runs that are trained together, and the engine that trains them; one run is a fleet of one.
pub(crate) struct Fleet {
    engine: Box<dyn Engine>,
    runs: Vec<Run>,
    /// Why a run was left behind, if it was.
    lost: Vec<Option<Failure>>,
}

impl Fleet {
    /// Makes the engine for runs that are `prepared`.
    ///
    /// # Errors
    /// As [`Choice::engine`], and runs whose checkpoints are of different steps.
    pub(crate) fn start(
        prepared: Vec<Prepared>,
        pictures: &Arc<Pictures>,
        choice: &Choice,
        console: &Console,
    ) -> Result<Self> {
        let states: Vec<State> = prepared.iter().map(|one| one.state.clone()).collect();
        if let Some(other) = prepared.iter().find(|one| one.state.step != states[0].step) {
            let (seed, step, first) = (other.identity.seed, other.state.step, states[0].step);
            return Err(Failure::failed(format!(
                "the checkpoint of seed {seed} is of step {step}, that of seed {} of step {first}: they cannot go on together",
                prepared[0].identity.seed
            ))
            .hint("go on with each alone, by its own `--seed`, `--out` and `--resume`: the bytes are the same"));
        }
        let recipe = &prepared[0].identity.recipe;
        let engine = choice.engine(recipe, pictures.clone(), &states, &mut |line| console.warn(line))?;
        let of_one = |one| Run::new(one, pictures, &*engine, choice.threads, console);
        let runs: Vec<Run> = prepared.into_iter().map(of_one).collect();
        Ok(Self { lost: vec![None; runs.len()], runs, engine })
    }

    /// The engine that trains them all.
    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The runs that are still trained, each with its part of the engine.
    pub(crate) fn runs(&mut self) -> impl Iterator<Item = (&mut Run, Member<'_>)> {
        let engine = &*self.engine;
        let all = self.runs.iter_mut().zip(&self.lost).enumerate();
        all.filter(|(_, (_, lost))| lost.is_none()).map(move |(index, (run, _))| (run, Member { engine, index }))
    }

    /// The first run that is still trained.
    pub(crate) fn leader(&self) -> &Run {
        let mut alive = self.runs.iter().zip(&self.lost).filter(|(_, lost)| lost.is_none());
        alive.next().map_or(&self.runs[0], |(run, _)| run)
    }

    /// Trains what is left of the epoch, or until something is asked for before its end; says which.
    ///
    /// A run that diverges is left behind while others go on.
    ///
    /// # Errors
    /// The engine's, and a divergence that leaves no run.
    pub(crate) fn rest_of_epoch(&mut self, requests: &Requests, console: &Console) -> Result<Pause> {
        let leader = self.leader();
        let (epoch, epochs, end) = (leader.at.epoch, leader.identity.epochs, leader.end_of_epoch());
        if leader.at.step == end {
            return Ok(Pause::EndOfEpoch);
        }
        if let Some(asked) = requests.take() {
            return Ok(asked);
        }
        let orders: Vec<Vec<u32>> = self.runs.iter().map(Run::order).collect();
        let of_leader = leader.stretch(&[]);
        let stretches: Vec<Stretch> = (self.runs.iter().zip(&orders))
            .map(|(run, order)| Stretch { seed: run.identity.seed, order, ..of_leader })
            .collect();
        let Self { engine, runs, lost } = self;
        let before = lost.clone();
        engine.advance(&stretches, &mut |report| {
            for ((run, lost), stats) in runs.iter_mut().zip(&mut *lost).zip(report.stats) {
                if lost.is_none() {
                    *lost = run.at.take(stats, report.seconds).err();
                }
            }
            let leader = lost.iter().position(Option::is_none);
            console.steps(report.steps, epoch, epochs, &runs[leader.unwrap_or(0)].at.sums);
            leader.is_some() && !requests.is_any()
        })?;
        if lost.iter().all(Option::is_some) {
            return Err(lost[0].clone().expect("all are lost"));
        }
        for ((run, failure), told) in runs.iter().zip(&*lost).zip(before) {
            if let (Some(failure), None) = (failure, told) {
                console.warn(&format!("seed {} is left behind: {}", run.identity.seed, failure.message));
            }
        }
        if self.leader().at.step == end {
            return Ok(Pause::EndOfEpoch);
        }
        Ok(requests.take().expect("only what is asked for ends a stretch before its last step"))
    }

    /// Ends after the last epoch.
    ///
    /// # Errors
    /// If a run was left behind: the first one's reason.
    pub(crate) fn end(self) -> Result<()> {
        self.lost.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn one_run_keeps_its_name_and_many_are_named_by_their_seeds() {
        let options = |replicas| Options {
            epochs: 1,
            out: "a/gen.onnx".into(),
            recipe: gan::Recipe::load("seed", &toml::Table::new()).unwrap(),
            engine: Default::default(),
            device: Default::default(),
            seed: 4,
            source: data::Source::of("mnist"),
            resume: false,
            from: None,
            overwrite: false,
            log_json: None,
            tensorboard: None,
            threads: 1,
            threads_asked: None,
            evaluate_every: 0,
            keep_models: Vec::new(),
            keeps_batch: false,
            replicas,
        };
        let one = options(1);
        assert_eq!(members(&one), [(4, "a/gen.onnx".into())]);
        assert_eq!((seeds(&one), who(&one, 4)), ("seed 4".to_owned(), String::new()));
        let many = options(3);
        assert_eq!(members(&many), [4, 5, 6].map(|seed| (seed, format!("a/gen-{seed}.onnx").into())));
        assert_eq!((seeds(&many), who(&many, 5)), ("seeds 4 to 6".to_owned(), "seed 5: ".to_owned()));
    }
}
