//! The fused engine on the CPU: the step derived by hand, over flat buffers made once.
//!
//! It equals [`crate::engine::reference`] (the suite in `tests.rs` holds every tensor of a step to it) and differs in
//! what it leaves out: no graph, no gradient that nobody uses, no allocation in a step.
//!
//! Real and generated pictures are the two halves of one matrix X: [2 batch, pixels], so that D's products run over
//! both at once. With h1, h2 D's activations, m1, m2 the derivatives of its leaky ReLUs, and s the derivative of the
//! loss by each logit, D's backward pass and its gradient penalty share one chain,
//!
//! ```text
//! a2 = m2 * w3        a1 = m1 * (a2 W2)        g = a1 W1          the logit's gradient by the input
//! dW1 = a1' (s X + c g)                        c = gamma / batch  of the real or the generated half
//! e1 = c m1 * (g W1')
//! dW2 = a2' (s h1 + e1)
//! dw3 = sum of s h2 + m2 * (e1 W2')
//! ```
//!
//! since the loss's own error signals are s a2 and s a1. G's update reuses G's forward pass: its weights have not moved.
//!
//! FLOPs a step of `stable`, width 128, batch 100: 332 million, of which 24 million are the updated D's logits on real
//! pictures; `seed` needs neither those nor the penalties.

pub mod adam;
pub mod elementwise;
mod networks;
pub mod product;

use std::sync::Arc;

use super::state::{State, discriminator_layout, generator_layout};
use super::{Engine, Probe, StepInput, StepStats, judge_discriminator};
use crate::dataset::Pictures;
use crate::failure::Result;
use crate::layout::Layout;
use crate::recipe::{Loss, Recipe};
use elementwise::sum_of_squares;
use networks::{Discriminator, Generator};

/// Training by hand-derived steps on the CPU.
pub struct Fused {
    recipe: Recipe,
    pictures: Arc<Pictures>,
    threads: usize,
    state: State,
    g_layout: Layout,
    d_layout: Layout,
    generator: Generator,
    discriminator: Discriminator,
    /// Real pictures, then generated ones: [2 batch, pixels].
    x: Vec<f32>,
    /// Derivative of the loss by each logit: [2 batch], real first.
    signal: Vec<f32>,
    d_gradient: Vec<f32>,
    g_gradient: Vec<f32>,
    /// Logits of the last step for [`Engine::probe`]: before D's update [2 batch], after it [batch].
    logits: Vec<f32>,
    updated_logits: Vec<f32>,
}

impl Fused {
    /// An engine that goes on from `state`, on `threads` threads.
    pub fn new(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, threads: usize) -> Self {
        let (g_layout, d_layout) =
            (generator_layout(recipe, pictures.pixels), discriminator_layout(recipe, pictures.pixels));
        let batch = recipe.batch;
        let slope = recipe.leaky_slope as f32;
        Self {
            generator: Generator::new(&g_layout, batch, slope, threads),
            discriminator: Discriminator::new(&d_layout, batch, slope, threads),
            x: vec![0.0; 2 * batch * pictures.pixels],
            signal: vec![0.0; 2 * batch],
            d_gradient: vec![0.0; d_layout.len()],
            g_gradient: vec![0.0; g_layout.len()],
            logits: vec![0.0; 2 * batch],
            updated_logits: vec![0.0; batch],
            recipe: recipe.clone(),
            state: state.clone(),
            pictures,
            threads,
            g_layout,
            d_layout,
        }
    }

    fn update_discriminator(&mut self, input: &StepInput) -> StepStats {
        let batch = self.recipe.batch;
        let parameters = &self.state.discriminator.parameters;
        self.discriminator.forward(&self.d_layout, parameters, &self.x);
        self.logits.copy_from_slice(&self.discriminator.logits);
        let (real, fake) = self.logits.split_at(batch);
        let d_loss = d_signal(&self.recipe, real, fake, &mut self.signal);
        let gammas = [input.rates.r1_gamma, input.rates.r2_gamma];
        let norms = self.discriminator.backward(
            &self.d_layout,
            parameters,
            &self.x,
            &self.signal,
            gammas,
            &mut self.d_gradient,
        );
        let slot = &mut self.state.discriminator;
        adam::update(slot, &self.d_gradient, &self.recipe, input.rates.lr, input.step, None);
        StepStats {
            d_loss,
            d_real: mean(real.iter().map(|&logit| sigmoid(f64::from(logit)))),
            d_fake: mean(fake.iter().map(|&logit| sigmoid(f64::from(logit)))),
            r1: norms[0],
            r2: norms[1],
            ..judge_discriminator(self.recipe.loss, real, fake)
        }
    }

    /// Gives G's loss and the gradient that reaches it, as in [`StepStats`].
    fn update_generator(&mut self, input: &StepInput) -> [f64; 2] {
        let batch = self.recipe.batch;
        let fakes = batch * self.pictures.pixels;
        let parameters = &self.state.discriminator.parameters;
        // Only the relativistic loss looks at D's opinion of the real pictures again.
        let from = if self.recipe.loss == Loss::Relativistic { 0 } else { batch };
        self.discriminator.forward_from(&self.d_layout, parameters, &self.x, from);
        let (real, fake) = self.discriminator.logits.split_at(batch);
        self.updated_logits.copy_from_slice(fake);
        let g_loss = g_signal(&self.recipe, real, fake, &mut self.signal[batch..]);
        let by_image = self.discriminator.input_gradient(&self.d_layout, parameters, &self.signal[batch..]);
        // `by_image` is of the mean over the batch; of a picture's own loss it is `batch` times that.
        let g_gradient = (f64::from(sum_of_squares(by_image)) * batch as f64).sqrt();
        let images = &self.x[fakes..];
        let g = &self.state.generator.parameters;
        self.generator.backward(&self.g_layout, g, input.z, images, by_image, &mut self.g_gradient);
        let ema = self.state.ema.as_deref_mut().map(|average| (average, input.rates.ema_decay));
        adam::update(&mut self.state.generator, &self.g_gradient, &self.recipe, input.rates.lr, input.step, ema);
        [g_loss, g_gradient]
    }
}

impl Engine for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn device(&self) -> String {
        "cpu".to_owned()
    }

    fn step(&mut self, input: &StepInput) -> Result<StepStats> {
        let fakes = self.recipe.batch * self.pictures.pixels;
        let (real, fake) = self.x.split_at_mut(fakes);
        for (row, &index) in real.chunks_exact_mut(self.pictures.pixels).zip(input.indices) {
            self.pictures.scaled(index, row);
        }
        self.generator.forward(&self.g_layout, &self.state.generator.parameters, input.z, fake);
        let stats = self.update_discriminator(input);
        let [g_loss, g_gradient] = self.update_generator(input);
        self.state.step = input.step + 1;
        Ok(StepStats { g_loss, g_gradient, ..stats })
    }

    fn state(&self) -> Result<State> {
        Ok(self.state.clone())
    }

    fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        let count = z.len() / self.recipe.latent;
        let mut images = vec![0.0; count * self.pictures.pixels];
        let mut network = Generator::new(&self.g_layout, count, self.recipe.leaky_slope as f32, self.threads);
        network.forward(&self.g_layout, self.state.exported(), z, &mut images);
        Ok(images)
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        let (real, fake) = self.logits.split_at(self.recipe.batch);
        let logits = [("logits.real", real), ("logits.fake", fake), ("logits.updated", &self.updated_logits)];
        let flat = [
            ("gradient", &self.d_layout, &self.d_gradient),
            ("gradient", &self.g_layout, &self.g_gradient),
            ("parameter", &self.g_layout, &self.state.generator.parameters),
            ("parameter", &self.d_layout, &self.state.discriminator.parameters),
        ];
        let logits = logits.map(|(name, values)| (name.to_owned(), values)).into_iter();
        let tensors = flat.into_iter().flat_map(|(prefix, layout, flat)| {
            layout.tensors.iter().map(move |spec| (format!("{prefix}.{}", spec.name), &flat[spec.range.clone()]))
        });
        let widen =
            |(name, values): (String, &[f32])| Probe { name, values: values.iter().map(|&v| v.into()).collect() };
        Ok(logits.chain(tensors).map(widen).collect())
    }
}

/// D's loss, and in `signal` its derivative by each logit, real first. A batch has a hundred logits: f64 costs nothing.
fn d_signal(recipe: &Recipe, real: &[f32], fake: &[f32], signal: &mut [f32]) -> f64 {
    let batch = real.len() as f64;
    let (by_real, by_fake) = signal.split_at_mut(real.len());
    let mut loss = 0.0;
    for (i, (&real, &fake)) in real.iter().zip(fake).enumerate() {
        let (real, fake) = (f64::from(real), f64::from(fake));
        match recipe.loss {
            Loss::NonSaturating => {
                loss += softplus(real) - recipe.real_label * real + softplus(fake);
                by_real[i] = ((sigmoid(real) - recipe.real_label) / batch) as f32;
                by_fake[i] = (sigmoid(fake) / batch) as f32;
            }
            Loss::Relativistic => {
                loss += softplus(fake - real);
                by_fake[i] = (sigmoid(fake - real) / batch) as f32;
                by_real[i] = -by_fake[i];
            }
        }
    }
    loss / batch
}

/// G's loss, and in `signal` its derivative by each logit of a generated picture.
fn g_signal(recipe: &Recipe, real: &[f32], fake: &[f32], signal: &mut [f32]) -> f64 {
    let batch = real.len() as f64;
    let mut loss = 0.0;
    for ((&real, &fake), slot) in real.iter().zip(fake).zip(signal) {
        let above = match recipe.loss {
            Loss::NonSaturating => f64::from(fake),
            Loss::Relativistic => f64::from(fake) - f64::from(real),
        };
        loss += softplus(-above);
        *slot = (-sigmoid(-above) / batch) as f32;
    }
    loss / batch
}

/// ln(1 + e^x), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[cfg(test)]
mod tests;
