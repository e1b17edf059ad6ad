//! `--replicas R`: runs of R seeds in the same dispatches of one GPU, since one such network leaves most of it idle.
//!
//! Each replica is an ordinary run with a run folder of its own, `gen-SEED.run` beside `gen-SEED.onnx`, and comes to the bytes
//! that its seed alone would have come to. One whose losses stop being numbers is left where its last checkpoint is; the
//! others go on.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::console::Console;
use crate::run::{Prepared, Run};
use crate::train::Options;
use data::Pictures;
use engines::choose::Choice;
use engines::gpu::Gpu;
use engines::{Engine, Probe, State, StepInput, StepStats, Stretch};
use failure::{Failure, Result};

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
    let stem = options.out.file_stem().unwrap_or_default().to_string_lossy();
    let extension = options.out.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    let of_seed = |seed| (seed, options.out.with_file_name(format!("{stem}-{seed}{extension}")));
    (0..options.replicas as u64).map(|i| of_seed(options.seed.wrapping_add(i))).collect()
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

/// Runs that are trained together: one, or the replicas of one engine.
pub(crate) struct Fleet {
    runs: Vec<Run>,
    /// Why a run was left behind.
    lost: Vec<Option<Failure>>,
    shared: Option<Rc<RefCell<Gpu>>>,
}

impl Fleet {
    /// Makes the engine.
    ///
    /// # Errors
    /// As [`Choice::engine`], and replicas whose checkpoints are of different steps.
    pub(crate) fn start(
        prepared: Vec<Prepared>,
        pictures: &Arc<Pictures>,
        choice: &Choice,
        console: &Console,
    ) -> Result<Self> {
        let recipe = &prepared[0].identity.recipe;
        let (engines, shared): (Vec<Box<dyn Engine>>, _) = if prepared.len() == 1 {
            (vec![choice.engine(recipe, pictures.clone(), &prepared[0].state, &mut |line| console.warn(line))?], None)
        } else {
            let states: Vec<State> = prepared.iter().map(|one| one.state.clone()).collect();
            if let Some(other) = prepared.iter().find(|one| one.state.step != states[0].step) {
                let (seed, step, first) = (other.identity.seed, other.state.step, states[0].step);
                return Err(Failure::failed(format!(
                    "the checkpoint of seed {seed} is of step {step}, that of seed {} of step {first}: they cannot go on together",
                    prepared[0].identity.seed
                ))
                .hint("go on with each alone, by its own `--seed`, `--out` and `--resume`: the bytes are the same"));
            }
            let shared = Rc::new(RefCell::new(choice.replicas(recipe, pictures.clone(), &states)?));
            let member = |index| Box::new(Replica { shared: shared.clone(), index }) as Box<dyn Engine>;
            ((0..prepared.len()).map(member).collect(), Some(shared))
        };
        let of_one = |(one, engine)| Run::new(one, pictures, engine, choice.threads, console);
        let runs: Vec<Run> = prepared.into_iter().zip(engines).map(of_one).collect();
        Ok(Self { lost: vec![None; runs.len()], runs, shared })
    }

    /// The runs that are still trained.
    pub(crate) fn runs(&mut self) -> impl Iterator<Item = &mut Run> {
        self.runs.iter_mut().zip(&self.lost).filter(|(_, lost)| lost.is_none()).map(|(run, _)| run)
    }

    /// The first of them.
    pub(crate) fn leader(&self) -> &Run {
        let mut alive = self.runs.iter().zip(&self.lost).filter(|(_, lost)| lost.is_none());
        alive.next().map_or(&self.runs[0], |(run, _)| run)
    }

    /// Trains what is left of the epoch; false if `stop` was set before its end.
    ///
    /// # Errors
    /// The engine's, and a divergence that leaves no run.
    pub(crate) fn rest_of_epoch(&mut self, stop: &AtomicBool, console: &Console) -> Result<bool> {
        let Some(shared) = self.shared.clone() else { return self.runs[0].rest_of_epoch(stop, console) };
        let leader = self.leader();
        let (epoch, epochs, end) = (leader.at.epoch, leader.identity.epochs, leader.end_of_epoch());
        if leader.at.step == end || stop.load(Ordering::Relaxed) {
            return Ok(leader.at.step == end);
        }
        let orders: Vec<Vec<u32>> = self.runs.iter().map(Run::order).collect();
        let of_leader = leader.stretch(&[]);
        let stretches: Vec<Stretch> = (self.runs.iter().zip(&orders))
            .map(|(run, order)| Stretch { seed: run.identity.seed, order, ..of_leader })
            .collect();
        let (began, mut told) = (Instant::now(), 0);
        let stats = shared.borrow_mut().stretches(&stretches, &mut |done| {
            console.steps(done - told, epoch, epochs, &leader.at.sums);
            told = done;
            !stop.load(Ordering::Relaxed)
        })?;
        let seconds = began.elapsed().as_secs_f64();
        for ((run, lost), stats) in self.runs.iter_mut().zip(&mut self.lost).zip(&stats) {
            if lost.is_none() {
                *lost = run.at.take(stats, seconds).err();
                if let Some(failure) = lost {
                    console.warn(&format!("seed {} is left behind: {}", run.identity.seed, failure.message));
                }
            }
        }
        match self.lost.iter().all(Option::is_some) {
            true => Err(self.lost[0].clone().expect("all are lost")),
            false => Ok(self.leader().at.step == end),
        }
    }

    /// After the last epoch.
    ///
    /// # Errors
    /// If a run was left behind: the first one's reason.
    pub(crate) fn end(self) -> Result<()> {
        self.lost.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

/// One run's part of the engine that all share. Steps are taken by [`Fleet::rest_of_epoch`], for all at once.
struct Replica {
    shared: Rc<RefCell<Gpu>>,
    index: usize,
}

impl Engine for Replica {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn device(&self) -> String {
        self.shared.borrow().device()
    }

    fn step(&mut self, _: &StepInput) -> Result<StepStats> {
        Err(Failure::failed("a replica takes no step without the others"))
    }

    fn state(&self) -> Result<State> {
        self.shared.borrow().state_of(self.index)
    }

    fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        self.shared.borrow().generate_of(self.index, z)
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        self.shared.borrow().probe_of(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Options;

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
            overwrite: false,
            log_json: None,
            tensorboard: None,
            threads: 1,
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
