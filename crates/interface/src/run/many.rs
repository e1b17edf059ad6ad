//! Thousands of pictures at once, natively: many latent vectors in one run where the model takes them, on all cores.
//!
//! The rounds are cut by the model alone, so the number of threads changes no bit.

use std::path::Path;
use std::thread;

use super::{Generator, Plan, Refusal, Wishes, drawn, guard};
use crate::external;
use crate::onnx::ModelProto;

impl Generator {
    /// Opens a model file as [`Generator::open`] does, made ready for [`Generator::generate_many`]: that takes a little
    /// longer.
    ///
    /// # Errors
    /// A [`Refusal`]: what the file is instead, or what it lacks.
    pub fn open_for_many(path: &Path, wishes: &Wishes) -> std::io::Result<Result<Generator, Refusal>> {
        let bytes = std::fs::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Generator::built(bytes.into(), &mut |name| external::read_beside(folder, name), wishes, true))
    }

    /// Latent vectors in one run of [`Generator::generate_many`].
    pub fn at_once(&self) -> usize {
        self.wide.as_ref().unwrap_or(&self.plan).batch()
    }

    /// Draws what [`Generator::generate`] draws, but for how sums are rounded, on up to `threads` threads.
    ///
    /// # Errors
    /// Those of [`Generator::generate`].
    pub fn generate_many(&mut self, z: &[f32], classes: &[u32], threads: usize) -> Result<Vec<f32>, Refusal> {
        self.can_draw(z, classes)?;
        let plan = self.wide.as_ref().unwrap_or(&self.plan);
        let (size, batch) = (self.latent_size(), plan.batch());
        let rounds = z.len().div_ceil(batch * size);
        // Random numbers drawn inside come one after the other.
        let threads = if self.interface.random.is_empty() { threads.clamp(1, rounds.max(1)) } else { 1 };
        let share = rounds.div_ceil(threads) * batch;
        let (interface, output) = (&self.interface, self.output);
        let parts = z.chunks((share * size).max(1)).enumerate();
        let twins =
            parts.map(|part| Ok((part, guard::caught(|| plan.twin())?))).collect::<Result<Vec<_>, Refusal>>()?;
        let parts: Vec<Result<Vec<f32>, Refusal>> = thread::scope(|scope| {
            let workers: Vec<_> = twins
                .into_iter()
                .map(|((part, z), mut own)| {
                    let first = (part * share).min(classes.len());
                    let classes = &classes[first..(first + share).min(classes.len())];
                    scope.spawn(move || drawn(&mut own, output, interface, z, classes).map(|raw| interface.signed(raw)))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("what panics in it is caught")).collect()
        });
        Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Makes the plan for many ready; where it cannot be made, one picture is drawn at a time.
    pub(super) fn widen(&mut self, model: Option<ModelProto>) {
        let Some(model) = model else { return };
        let (taken, one) = (&self.interface.taken, &mut self.plan);
        self.wide = guard::caught(|| Ok(Plan::wide(model, taken, one))).unwrap_or(None);
    }
}
