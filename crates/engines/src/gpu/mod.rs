//! The fused engine on a GPU: the step of [`crate::cpu::mlp`] as WGSL compute kernels, on any vendor's driver, by wgpu.
//!
//! It equals [`crate::reference`], tensor by tensor, as the suite in `tests.rs` has it, on every driver at hand.
//!
//! * The crate `kernels` plans a step of a recipe's networks, chains of any number of dense stages: its dispatches, the WGSL of
//!   each, and what lies where in the device's buffers. It needs no device, and `trainer gpu-plan` writes such a plan down, with
//!   all that a few steps start from, for a browser to run it too.
//! * `device.rs` finds and opens a GPU; `buffers.rs` holds its memory.
//! * This file drives an epoch. Pictures, weights, noise, losses, Adam, the moving average and the step's number stay on the
//!   device. An epoch's order and rates go up before it (the order is drawn one after another, in half a millisecond, so there
//!   is nothing for a GPU to win), what its steps report comes back after it, and nothing crosses in between.
//!
//! Replicas are runs of other seeds in the same dispatches, the third dimension of each grid. A replica reads and writes its
//! own part of every buffer and no sum depends on how many there are, so its bytes are those of its run alone.
//!
//! Sums are in a fixed order, there are no float atomics, and logarithm, exponential, sine, cosine and tanh are polynomials
//! of our own: two runs on one adapter give the same bytes. On different adapters they differ by rounding, where one contracts
//! a multiplication and an addition and another does not.

mod buffers;
#[cfg(test)]
mod chains;
pub mod device;
#[cfg(test)]
mod functions;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Engine, Probe, Progress, StepInput, Stepwise, Stretch};
use buffers::Buffers;
use device::{Device, Needs};
use failure::Result;
use gan::recipe::Recipe;
use gan::{Pictures, State, StepStats};
use kernels::buffers::{Sizes, rates_of, stats_of};
use kernels::places::STATS;
use kernels::plan::Plan;

/// Bounds the device work of a submission, roughly: drivers end what takes seconds, and a GPU that draws a desktop too
/// should not keep it waiting.
const SUBMISSION: Duration = Duration::from_millis(250);
/// Counts the steps of the first submission, before their time is known.
const FIRST_SUBMISSION: u64 = 4;

/// Trains by WGSL kernels, one run or several at once, each a replica in the same dispatches.
pub struct Gpu {
    recipe: Recipe,
    plan: Plan,
    device: Device,
    buffers: Buffers,
    pipelines: Vec<wgpu::ComputePipeline>,
    replicas: usize,
    step: u64,
    /// Counts the steps of a submission, from how long the last ones took.
    at_a_time: u64,
    counts: Counts,
    /// Keeps the exported parameters of each replica that [`Engine::generate`] was asked for, with the step that they
    /// are of.
    exported: RefCell<Option<(u64, Vec<Vec<f32>>)>>,
}

/// Counts what was asked of the device since the engine was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Counts steps recorded, each of them once for all replicas.
    pub steps: u64,
    /// Counts kernels launched, each of them once for all replicas.
    pub dispatches: u64,
    /// Counts compute passes, one to a submission.
    pub passes: u64,
    /// Counts submissions of steps; reading state and statistics back is not among them.
    pub submissions: u64,
    /// Counts bytes of statistics that came back to the host.
    pub bytes_read: u64,
    /// Adds up the seconds that the host took to record steps.
    pub recording_seconds: f64,
}

/// Holds what is known of a run before the engine is made.
pub struct Setup<'a> {
    /// Holds every hyperparameter, both networks among them.
    pub recipe: &'a Recipe,
    /// Holds the pictures that are trained on.
    pub pictures: Arc<Pictures>,
    /// Holds the state that each replica goes on from; all of them must be at the same step.
    pub states: &'a [State],
    /// Says whether gradients are kept for [`Stepwise::probe`]; costs memory, and time in Adam.
    pub keeps_gradients: bool,
}

impl Gpu {
    /// Makes an engine on the device that `open` gives when it knows how much memory is needed.
    ///
    /// # Errors
    /// Fails if the kernels cannot take the networks or count the numbers, if `open` fails, or if the device is out of
    /// memory.
    pub fn with(setup: &Setup, open: impl FnOnce(&Needs) -> Result<Device>) -> Result<Self> {
        let Setup { recipe, pictures, states, keeps_gradients } = setup;
        let plan = Plan::new(recipe, pictures.shape, pictures.count(), *keeps_gradients)?;
        let sizes = Sizes::new(&plan, pictures, states.len())?;
        let device = open(&Needs::of(&sizes))?;
        let buffers = Buffers::new(&device, &sizes, plan.order_len);
        buffers.write_pictures(&device, pictures, plan.classes);
        for (replica, state) in states.iter().enumerate() {
            buffers.write_state(&device, replica, plan.places.state_len, &plan.places.pack(state));
        }
        let pipelines = plan.dispatches.iter().map(|dispatch| buffers.pipeline(&device, dispatch)).collect();
        device.check()?;
        Ok(Self {
            recipe: (*recipe).clone(),
            plan,
            device,
            buffers,
            pipelines,
            replicas: states.len(),
            step: states[0].step,
            at_a_time: FIRST_SUBMISSION,
            counts: Counts::default(),
            exported: RefCell::new(None),
        })
    }

    /// Goes on from `state` in place of what replica `replica` has come to.
    pub fn load(&mut self, replica: usize, state: &State) {
        self.buffers.write_state(&self.device, replica, self.plan.places.state_len, &self.plan.places.pack(state));
        self.step = state.step;
        *self.exported.borrow_mut() = None;
    }

    /// Gives what was asked of the device so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes every replica some steps on, each given its own stretch of the same length. After each submission `go_on`
    /// is told how many steps are done, and says whether to go on. Gives what each replica's steps reported: at the
    /// end, all at once.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer.
    pub fn stretches(
        &mut self,
        stretches: &[Stretch],
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Vec<Vec<StepStats>>> {
        let first = &stretches[0];
        let rates: Vec<f32> = (0..first.steps)
            .flat_map(|i| {
                rates_of(&self.recipe, &self.recipe.rates(first.first + i, first.total_steps), first.first + i)
            })
            .collect();
        self.buffers.write_rates(&self.device, &rates);
        for (replica, stretch) in stretches.iter().enumerate() {
            self.buffers.write_order(&self.device, replica, stretch.order);
        }
        let seeds: Vec<u64> = stretches.iter().map(|stretch| stretch.seed).collect();
        self.buffers.write_control(&self.device, first.first, true, &seeds);
        let done = self.submissions(first.steps, go_on)?;
        self.step = first.first + done;
        let stats = self.read_stats(done)?;
        Ok(stats)
    }

    /// Submits `steps` steps, the next submission recorded while one runs; gives how many were done.
    fn submissions(&mut self, steps: u64, go_on: &mut dyn FnMut(u64) -> bool) -> Result<u64> {
        let (mut submitted, mut done) = (0, 0);
        let mut running: Option<(wgpu::SubmissionIndex, u64)> = None;
        let mut began = Instant::now();
        loop {
            let next = if submitted < steps {
                let count = self.at_a_time.min(steps - submitted);
                submitted += count;
                Some((self.submit(count), count))
            } else {
                None
            };
            let Some((index, count)) = std::mem::replace(&mut running, next) else {
                if running.is_none() {
                    return Ok(done);
                }
                continue;
            };
            self.device.wait(index)?;
            done += count;
            let seconds = began.elapsed().as_secs_f64();
            began = Instant::now();
            let fitting = (count as f64 * SUBMISSION.as_secs_f64() / seconds.max(1e-9)) as u64;
            // Not more than double at once: the first steps wait for kernels to be made ready.
            self.at_a_time = fitting.clamp(1, 2 * count.max(self.at_a_time)).max(1);
            if !go_on(done) {
                if let Some((index, count)) = running.take() {
                    self.device.wait(index)?;
                    done += count;
                }
                return Ok(done);
            }
        }
    }

    /// Records and submits `steps` steps in one compute pass: thousands of passes have frozen a driver.
    fn submit(&mut self, steps: u64) -> wgpu::SubmissionIndex {
        let began = Instant::now();
        let mut encoder = self.device.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_bind_group(0, self.buffers.bind_group(), &[]);
            for _ in 0..steps {
                for (dispatch, pipeline) in self.plan.dispatches.iter().zip(&self.pipelines) {
                    pass.set_pipeline(pipeline);
                    pass.dispatch_workgroups(dispatch.groups[0], dispatch.groups[1], self.replicas as u32);
                }
            }
        }
        let commands = encoder.finish();
        self.counts.recording_seconds += began.elapsed().as_secs_f64();
        self.counts.steps += steps;
        self.counts.dispatches += steps * self.plan.dispatches.len() as u64;
        self.counts.passes += 1;
        self.counts.submissions += 1;
        *self.exported.borrow_mut() = None;
        self.device.queue.submit([commands])
    }

    fn read(&self, buffer: &wgpu::Buffer, start: usize, len: usize) -> Result<Vec<f32>> {
        self.device.read(buffer, start, len)
    }

    /// Reads what each replica's first `steps` steps of the stretch reported.
    fn read_stats(&mut self, steps: u64) -> Result<Vec<Vec<StepStats>>> {
        let len = steps as usize * STATS;
        let mut all = Vec::new();
        for replica in 0..self.replicas {
            let floats = self.read(&self.buffers.stats, replica * self.plan.steps * STATS, len)?;
            self.counts.bytes_read += 4 * len as u64;
            all.push(floats.as_chunks::<STATS>().0.iter().map(stats_of).collect());
        }
        Ok(all)
    }

    /// Copies everything that the next step of a replica depends on off the device.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer.
    pub fn state_of(&self, replica: usize) -> Result<State> {
        let len = self.plan.places.state_len;
        let floats = self.read(&self.buffers.state, replica * len, len)?;
        Ok(self.plan.places.unpack(self.step, &floats))
    }

    /// Draws pictures by a replica's exported generator, from G's inputs [n, latent + classes] -> [n, pixels]. They are made on the
    /// CPU: a sheet of a hundred an epoch, ten thousand where it is judged.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer.
    pub fn generate_of(&self, replica: usize, inputs: &[f32]) -> Result<Vec<f32>> {
        let mut kept = self.exported.borrow_mut();
        if kept.as_ref().is_none_or(|(step, _)| *step != self.step) {
            *kept = Some((self.step, vec![Vec::new(); self.replicas]));
        }
        let (_, of_replicas) = kept.as_mut().expect("it was made above");
        if of_replicas[replica].is_empty() {
            let len = self.plan.places.networks[0].len();
            let start = replica * self.plan.places.state_len + self.plan.places.ema_start.unwrap_or(0);
            of_replicas[replica] = self.read(&self.buffers.state, start, len)?;
        }
        Ok(crate::cpu::layers::pictures_of(&self.plan.places.networks[0], &of_replicas[replica], inputs))
    }

    /// Gives the tensors of a replica's last step and its parameters after it, as [`Stepwise::probe`] does of the first
    /// one; gradients only if they are kept.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer.
    pub fn probe_of(&self, replica: usize) -> Result<Vec<Probe>> {
        let Plan { places, .. } = &self.plan;
        let of_arena = |name: &str| {
            let region = places.arena.region(name);
            self.read(&self.buffers.arena, replica * places.arena_len() + region.start, region.len())
        };
        let mut logits = of_arena("LOGITS")?;
        let fake = logits.split_off(self.recipe.batch);
        let mut tensors = vec![
            ("logits.real".to_owned(), logits),
            ("logits.fake".to_owned(), fake),
            ("logits.updated".to_owned(), of_arena("LOGITS_AFTER")?),
        ];
        let State { generator, discriminator, .. } = self.state_of(replica)?;
        let [g, d] = &places.networks;
        let flat = [
            ("gradient", d, of_arena("D_GRADIENT")?),
            ("gradient", g, of_arena("G_GRADIENT")?),
            ("parameter", g, generator.parameters),
            ("parameter", d, discriminator.parameters),
        ];
        for (prefix, network, flat) in flat.into_iter().filter(|(_, _, flat)| !flat.is_empty()) {
            let named = network
                .tensors
                .iter()
                .map(|spec| (format!("{prefix}.{}", spec.name), flat[spec.range.clone()].to_vec()));
            tensors.extend(named);
        }
        let widen =
            |(name, values): (String, Vec<f32>)| Probe { name, values: values.into_iter().map(f64::from).collect() };
        Ok(tensors.into_iter().map(widen).collect())
    }
}

impl Engine for Gpu {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn device(&self) -> String {
        self.device.name.clone()
    }

    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Progress) -> bool) -> Result<()> {
        let began = Instant::now();
        let mut told = 0;
        let none: Vec<&[StepStats]> = vec![&[]; stretches.len()];
        let stats = self.stretches(stretches, &mut |done| {
            let steps = done - told;
            told = done;
            report(Progress { steps, stats: &none, seconds: 0.0 })
        })?;
        let all: Vec<&[StepStats]> = stats.iter().map(Vec::as_slice).collect();
        let steps = all.first().map_or(0, |stats| stats.len() as u64) - told;
        report(Progress { steps, stats: &all, seconds: began.elapsed().as_secs_f64() });
        Ok(())
    }

    fn state(&self, member: usize) -> Result<State> {
        self.state_of(member)
    }

    fn generate(&self, member: usize, inputs: &[f32]) -> Result<Vec<f32>> {
        self.generate_of(member, inputs)
    }
}

impl Stepwise for Gpu {
    fn step(&mut self, input: &StepInput) -> Result<StepStats> {
        self.buffers.write_rates(&self.device, &rates_of(&self.recipe, &input.rates, input.step));
        self.buffers.write_order(&self.device, 0, input.indices);
        self.buffers.write_control(&self.device, input.step, false, &[0]);
        self.buffers.write_arena(&self.device, self.plan.places.arena.region("Z").start, input.inputs);
        let index = self.submit(1);
        self.device.wait(index)?;
        self.step = input.step + 1;
        Ok(self.read_stats(1)?[0][0])
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        self.probe_of(0)
    }
}

#[cfg(test)]
mod tests;
