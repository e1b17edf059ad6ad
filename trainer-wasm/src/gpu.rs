//! A run whose steps a GPU takes: what the device is given, and what comes back of it.
//!
//! Whoever drives the device (`web/trainer-gpu.js`) makes its buffers and runs the plan's dispatches; everything that they
//! compute with comes from here, and what they report goes through the same hands as the CPU's.

use engines::cpu::mlp::Mlp;
use failure::{Failure, Result};
use kernels::buffers::{Sizes, contents_of_pictures, control, rates_of, stats_of};
use kernels::places::STATS;
use kernels::plan::{Dispatch, Plan};

use crate::trainer::{Taken, Trainer, Way};

/// Holds all that a device is given before the first step.
#[derive(Debug)]
pub struct ForDevice {
    /// Lists the kernels of a step, in order.
    pub dispatches: Vec<Dispatch>,
    /// Gives the bytes of each buffer, in the order of their bindings.
    pub bytes: [u64; 7],
    /// Holds what the first buffer begins with, and stays.
    pub pictures: Vec<u8>,
    /// Holds what the buffer of the state begins with.
    pub state: Vec<f32>,
    plan: Plan,
}

/// Holds what a device is given for the rest of an epoch.
#[derive(Debug)]
pub struct ForEpoch {
    /// Lists the pictures, one minibatch after another.
    pub order: Vec<u32>,
    /// Holds a row of rates for each step.
    pub rates: Vec<f32>,
    /// Holds the words of the control buffer.
    pub control: Vec<u32>,
    /// Counts the steps.
    pub steps: u64,
}

impl Trainer {
    /// Plans the run's step for a device, and gives all that it begins with.
    ///
    /// # Errors
    /// Declines in words what the kernels cannot take or count.
    pub fn for_device(&self) -> Result<ForDevice> {
        let (recipe, pictures) = (&self.identity().recipe, self.pictures());
        let shape = pictures.shape;
        let mut plan = Plan::new(recipe, shape, pictures.count(), false)?;
        let bytes = Sizes::new(&plan, pictures, 1)?.bytes;
        let contents = contents_of_pictures(&plan, pictures);
        let state = plan.places.pack(&self.state()?);
        Ok(ForDevice { dispatches: std::mem::take(&mut plan.dispatches), bytes, pictures: contents, state, plan })
    }

    /// Hands the steps over to the device called `name`, which was given all of `device`.
    ///
    /// # Errors
    /// None that this engine has.
    pub fn to_gpu(&mut self, name: &str, device: ForDevice) -> Result<()> {
        let state = self.state()?;
        self.way = Way::Gpu { name: name.to_owned(), places: device.plan.places, state };
        Ok(())
    }

    /// Gives what the device is to have before it goes on: what is left of the epoch.
    pub fn for_epoch(&mut self) -> ForEpoch {
        let (first, total, seed) = (self.at().step, self.total_steps(), self.identity().seed);
        let steps = self.end_of_epoch() - first;
        let recipe = &self.identity().recipe;
        let rates = (first..first + steps).flat_map(|step| rates_of(recipe, &recipe.rates(step, total), step));
        ForEpoch { rates: rates.collect(), control: control(first, true, &[seed]), steps, order: self.order().to_vec() }
    }

    /// Takes what the device's last steps reported, a row each, and the state after them, both as they lie there.
    ///
    /// # Errors
    /// Fails where training has diverged, and where the device gave something else.
    pub fn took(&mut self, stats: &[f32], state: &[f32]) -> Result<Taken> {
        let rows: Vec<_> = stats.as_chunks::<STATS>().0.iter().map(stats_of).collect();
        let step = self.at().step + rows.len() as u64;
        let left = self.end_of_epoch() - self.at().step;
        let Way::Gpu { places, state: last, .. } = &mut self.way else {
            return Err(Failure::failed("no GPU takes the steps of this run"));
        };
        if state.len() != places.state_len || !stats.len().is_multiple_of(STATS) || rows.len() as u64 > left {
            return Err(Failure::failed("what came back from the GPU is not what was asked of it"));
        }
        *last = places.unpack(step, state);
        self.take(&rows)
    }

    /// Takes the steps itself from now on, from the state that was last read back.
    ///
    /// # Errors
    /// None that this engine has.
    pub fn to_cpu(&mut self) -> Result<()> {
        let state = self.state()?;
        self.way = Way::Cpu(Mlp::new(&self.identity().recipe, self.pictures().clone(), &state, 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gan::recipe::Recipe;
    use gan::{DataShape, Pictures};
    use kernels::places::RATES;

    use super::*;
    use crate::Settings;

    fn begun() -> Trainer {
        let bytes = (0..70 * 16).map(|i| (i * 37 % 256) as u8).collect();
        let pictures = Pictures { bytes, labels: vec![0; 70], shape: DataShape::grey(4, 4) };
        let recipe = Recipe::plain("stable", "hidden = 6\nbatch = 14\nlatent = 3").unwrap();
        Trainer::start(&Settings { recipe, seed: 5, epochs: 2, dataset: "dots", classes: vec![] }, pictures).unwrap()
    }

    /// Steps of a device that computes as the CPU does: what it reported, and its state after them.
    fn steps(twin: &mut Trainer, device: &ForDevice, count: u64) -> (Vec<f32>, Vec<f32>) {
        let mut stats = Vec::new();
        for _ in 0..count {
            stats.extend(twin.advance(1).unwrap().means.row().map(|value| value as f32));
        }
        (stats, device.plan.places.pack(&twin.state().unwrap()))
    }

    #[test]
    fn what_a_device_did_is_the_run_and_the_cpu_goes_on_from_it() {
        let (mut whole, mut twin, mut trainer) = (begun(), begun(), begun());
        let [device, same] = [trainer.for_device().unwrap(), twin.for_device().unwrap()];
        assert_eq!(device.state.len() as u64 * 4, device.bytes[5]);
        trainer.to_gpu("a card", device).unwrap();
        assert_eq!(trainer.advance(3).unwrap().steps, 0, "the steps are the device's");
        let epoch = trainer.for_epoch();
        assert_eq!((epoch.steps, epoch.order.len(), epoch.rates.len()), (5, 70, 5 * RATES));
        assert_eq!(epoch.order, noise::permutation(5, 0, 70));
        for count in [2, 3, 1] {
            let (stats, state) = steps(&mut twin, &same, count);
            assert_eq!(trainer.took(&stats, &state).unwrap().steps, count);
        }
        let epoch = trainer.for_epoch();
        assert_eq!((trainer.at().epoch, epoch.steps, epoch.control[2]), (1, 4, 6));
        assert_eq!(epoch.order, noise::permutation(5, 1, 70)[14..]);
        assert_eq!(trainer.parcel().unwrap().checkpoint.made_by[1], "a card by WebGPU");
        // Lost in the middle of an epoch.
        trainer.to_cpu().unwrap();
        while !trainer.is_done() {
            trainer.advance(2).unwrap();
            whole.advance(10).unwrap();
        }
        while !whole.is_done() {
            whole.advance(10).unwrap();
        }
        let [ended, expected] = [&trainer, &whole].map(|trainer| trainer.parcel().unwrap().checkpoint);
        assert!(ended.state == expected.state && ended.parity == expected.parity);
        assert_eq!(ended.made_by, expected.made_by);
    }

    #[test]
    fn what_no_device_was_asked_for_is_refused() {
        let mut trainer = begun();
        assert!(trainer.took(&[], &[]).is_err());
        let device = trainer.for_device().unwrap();
        let state = device.state.clone();
        trainer.to_gpu("a card", device).unwrap();
        for (stats, state) in
            [(&[0.0; STATS][..], &state[1..]), (&[0.0; STATS - 1], &state), (&[0.0; 6 * STATS], &state)]
        {
            assert!(trainer.took(stats, state).is_err());
        }
        assert!(trainer.took(&[f32::NAN; STATS], &state).unwrap_err().message.contains("diverged at step 0"));
    }
}
