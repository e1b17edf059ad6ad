//! Engines: what turns a minibatch and its noise into one update of D and one of G.
//!
//! An engine trains a fleet: runs of one recipe, each with its own seed. What a step is given (image indices, z, rates) follows from
//! (seed, step) alone, and all engines hold the same state, so they can be compared step by step and a run can move from one to
//! another. Engines touch no file and print nothing.
//! [`reference`] is the readable one and the judge; [`cpu`] and [`gpu`] are held equal to it by tests.

pub mod choose;
mod clock;
pub mod cpu;
#[cfg(test)]
mod equality;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "gpu/absent.rs"]
pub mod gpu;
#[cfg(feature = "reference")]
pub mod reference;
#[cfg(not(feature = "reference"))]
#[path = "reference/absent.rs"]
pub mod reference;

use clock::Clock;
use failure::Result;
use gan::Pictures;
use gan::recipe::{Recipe, StepRates};
use noise::philox::Stream;

pub use gan::{Slot, State, StepStats};

/// Holds what one training step is given from outside: pictures, noise and rates, all of which follow from (seed,
/// step).
#[derive(Clone, Copy, Debug)]
pub struct StepInput<'a> {
    /// Numbers the step in its run, from 0; Adam's bias correction uses `step + 1`.
    pub step: u64,
    /// Lists the training pictures of the minibatch by their index in [`gan::Pictures`]: [batch].
    pub indices: &'a [u32],
    /// Holds G's inputs, the same for D's and for G's update: the latent vectors, and after each the class of its pair's
    /// real picture where there are classes, as [`gan::classes`] has it. [batch, latent + classes], row-major.
    pub inputs: &'a [f32],
    /// Holds what changes from step to step: learning rate, penalty weights, decay of the moving average.
    pub rates: StepRates,
}

/// Names steps in a row, inside one epoch, of one member of a fleet.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// Keys the noise of the member's run; members of one fleet differ by it alone.
    pub seed: u64,
    /// Numbers the first step of the stretch in its run, from 0.
    pub first: u64,
    /// Counts the steps to take; `order` must have pictures for all of them.
    pub steps: u64,
    /// Counts the steps of the whole run, which the schedules of the rates are stretched over.
    pub total_steps: u64,
    /// Lists the pictures, one minibatch after another, the first step's in front: [steps * batch] at least.
    pub order: &'a [u32],
}

/// Tells how far an advance has come: what an engine reports between steps, and at their end.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Counts the steps that every member has done since the last report.
    pub steps: u64,
    /// Holds, for each member, what its steps reported, one after another: those of this report, or, from an engine
    /// that keeps the host out of its loop, none until the last report has them all.
    pub stats: &'a [&'a [StepStats]],
    /// Gives the seconds that those steps took; an engine that keeps the host out of its loop gives 0 until the last
    /// report, which has the whole time.
    pub seconds: f64,
}

/// Trains a fleet: runs of one recipe, in step with each other, each with its own seed. One run is a fleet of one.
///
/// `member` counts the runs from 0, in the order of the states that the engine was made from.
pub trait Engine {
    /// Names the engine as `--engine` does: `reference` or `fused`.
    fn name(&self) -> &'static str;

    /// Names for people what the engine runs on: `cpu`, or the GPU as its driver calls it.
    fn device(&self) -> String;

    /// Takes every member some steps on: a step is one update of D, then one of G against the updated D, and the moving
    /// average.
    ///
    /// `stretches` has one for each member, all of the same first step and length. `report` hears of the steps and says
    /// whether to go on; an engine may have begun some more by then, which it finishes and reports.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory or does not answer, or if the engine's library does. Shapes are
    /// checked when the engine is made.
    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Progress) -> bool) -> Result<()>;

    /// Copies everything that a member's next step depends on off the device.
    ///
    /// # Errors
    /// Fails if the device is lost or does not answer, or if the engine's library does.
    fn state(&self, member: usize) -> Result<State>;

    /// Draws pictures by a member's generator as it is exported, the moving average where there is one, from G's inputs
    /// as a step has them: [n, latent + classes] -> [n, pixels], in [-1, 1].
    ///
    /// # Errors
    /// Fails if the device is lost or does not answer, or if the engine's library does.
    fn generate(&self, member: usize, inputs: &[f32]) -> Result<Vec<f32>>;
}

/// Holds a named tensor of the last step, in f64: engines are compared by these.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Names the tensor: `logits.real`, `logits.fake`, `logits.updated`, `gradient.NAME` or `parameter.NAME`.
    pub name: String,
    /// Holds the tensor's numbers, flat and row-major, widened from what the engine computes in.
    pub values: Vec<f64>,
}

/// Takes single steps of a fleet's first member and shows their tensors: tests judge an engine by these, and nothing
/// that trains asks for them.
pub trait Stepwise: Engine {
    /// Takes one step on inputs made elsewhere, and gives what it reports of itself.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory or does not answer, or if the engine's library does.
    fn step(&mut self, input: &StepInput) -> Result<StepStats>;

    /// Gives the tensors of the last step and the parameters after it, in an order that is always the same.
    ///
    /// # Errors
    /// Fails if the device is lost or does not answer, or if the engine's library does.
    fn probe(&self) -> Result<Vec<Probe>>;
}

/// Does [`Engine::advance`] for an engine of one member that takes a step at a time: each step's noise and rates are
/// made here, and every step is reported.
///
/// # Errors
/// Fails with what `step` fails at; the steps before it are done and reported.
///
/// # Panics
/// If there is not just one stretch.
pub(crate) fn step_by_step(
    recipe: &Recipe,
    pictures: &Pictures,
    stretches: &[Stretch],
    report: &mut dyn FnMut(Progress) -> bool,
    mut step: impl FnMut(&StepInput) -> Result<StepStats>,
) -> Result<()> {
    let [stretch] = stretches else { panic!("{} stretches for one member", stretches.len()) };
    let classes = recipe.classes_of(pictures.shape);
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    let mut inputs = vec![0.0; recipe.batch * (recipe.latent + classes.0)];
    let minibatches = stretch.order.chunks_exact(recipe.batch);
    for (number, indices) in (stretch.first..stretch.first + stretch.steps).zip(minibatches) {
        let began = Clock::start();
        noise::fill_normal(stretch.seed, Stream::TrainingZ, number, &mut z);
        let labels = indices.iter().map(|&index| pictures.label(index));
        classes.write_inputs(&z, recipe.latent, labels, &mut inputs);
        let rates = recipe.rates(number, stretch.total_steps);
        let stats = step(&StepInput { step: number, indices, inputs: &inputs, rates })?;
        if !report(Progress { steps: 1, stats: &[&[stats]], seconds: began.seconds() }) {
            break;
        }
    }
    Ok(())
}
