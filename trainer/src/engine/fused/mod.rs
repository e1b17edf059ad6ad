//! The fused engine on the CPU: the step derived by hand, over flat buffers made once.
//!
//! It equals [`crate::engine::reference`] (the suite in `tests.rs` holds every tensor of a step to it) and differs in
//! what it leaves out: no graph, no gradient that nobody uses, no buffer made in a step.
//!
//! A real and a generated picture make a pair, and the pairs are the rows of one matrix X: [2 batch, pixels], real and
//! generated in turn, so that D's products run over both at once. With h1, h2 D's activations, m1, m2 the derivatives of
//! its leaky ReLUs, and s the derivative of the loss by each logit, D's backward pass and its gradient penalty share one
//! chain,
//!
//! ```text
//! a2 = m2 * w3        a1 = m1 * (a2 W2)        g = a1 W1          the logit's gradient by the input
//! dW1 = a1' (s X + c g)                        c = gamma / batch  of the real or the generated picture
//! e1 = c m1 * (g W1')
//! dW2 = a2' (s h1 + e1)
//! dw3 = sum of s h2 + m2 * (e1 W2')
//! ```
//!
//! since the loss's own error signals are s a2 and s a1. G's update reuses G's forward pass: its weights have not moved.
//!
//! A step has four phases, each shared by the threads of a [`Pool`] and ended by a join: what is local to a pair, by
//! pairs; D's gradient and its Adam, by parameters; what of G's update is local to a pair; G's gradient, Adam and moving
//! average, by parameters. So nothing is ever summed by two threads, and any number of them gives the same bits.
//!
//! FLOPs a step of `stable`, width 128, batch 100: 332 million, of which 24 million are the updated D's logits on real
//! pictures; `seed` needs neither those nor the penalties, and 222 million.

pub mod adam;
pub mod elementwise;
mod loss;
mod networks;
mod pool;
pub mod product;

use std::sync::Arc;

use super::state::{State, discriminator_layout, generator_layout};
use super::{Engine, Probe, StepInput, StepStats, judge_discriminator};
use crate::dataset::Pictures;
use crate::failure::Result;
use crate::layout::Layout;
use crate::recipe::{Loss, Recipe};
use adam::Adam;
use elementwise::{add_rows, add_scaled, blend_rows, copy_scaled, mask, mask_scaled, tanh_derivative};
use networks::{LayerGradient, Network, gradient};
use pool::{Pool, cuts_evenly};
use product::{Matrix, MatrixMut};

/// Training by hand-derived steps on the CPU.
pub struct Fused {
    recipe: Recipe,
    pictures: Arc<Pictures>,
    state: State,
    g_layout: Layout,
    d_layout: Layout,
    pool: Pool,
    /// Where the parts begin and end, in pairs of pictures and in parameters of either network.
    pair_cuts: Vec<usize>,
    g_cuts: Vec<usize>,
    d_cuts: Vec<usize>,
    rows: Rows,
    ones: Vec<f32>,
    d_gradient: Vec<f32>,
    g_gradient: Vec<f32>,
    /// Logits of the last step for [`Engine::probe`]: before D's update, real and generated, and after it; [batch] each.
    logits: [Vec<f32>; 3],
}

/// What a step keeps for each picture. [`Fused`]'s header names most of it; all of it is row-major, and of 2 batch rows,
/// a real picture's and then a generated one's in turn, unless said otherwise.
struct Rows {
    x: Vec<f32>,
    h1: Vec<f32>,
    h2: Vec<f32>,
    logits: Vec<f32>,
    /// s, the derivative of the loss by each logit.
    signal: Vec<f32>,
    a1: Vec<f32>,
    a2: Vec<f32>,
    e1: Vec<f32>,
    by_a2: Vec<f32>,
    /// g, then s X + c g; in G's update, the gradient by generated pictures.
    by_input: Vec<f32>,
    /// Squared norms of the rows of g; in G's update, of the gradients by generated pictures.
    squares: Vec<f32>,
    /// c.
    penalty: Vec<f32>,
    /// The loss of each pair: [batch].
    losses: Vec<f32>,
    /// G's activations and its gradients by them, generated pictures alone: [batch, width].
    g_h1: Vec<f32>,
    g_h2: Vec<f32>,
    g_by_h1: Vec<f32>,
    g_by_h2: Vec<f32>,
}

impl Rows {
    fn new(batch: usize, width: usize, pixels: usize) -> Self {
        let (both, one) =
            (|columns: usize| vec![0.0; 2 * batch * columns], |columns: usize| vec![0.0; batch * columns]);
        Self {
            x: both(pixels),
            h1: both(width),
            h2: both(width),
            logits: both(1),
            signal: both(1),
            a1: both(width),
            a2: both(width),
            e1: both(width),
            by_a2: both(width),
            by_input: both(pixels),
            squares: both(1),
            penalty: both(1),
            losses: one(1),
            g_h1: one(width),
            g_h2: one(width),
            g_by_h1: one(width),
            g_by_h2: one(width),
        }
    }
}

impl Fused {
    /// An engine that goes on from `state`, on at most `threads` threads.
    pub fn new(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, threads: usize) -> Self {
        let pixels = pictures.pixels;
        let (g_layout, d_layout) = (generator_layout(recipe, pixels), discriminator_layout(recipe, pixels));
        let batch = recipe.batch;
        let pool = Pool::new(threads.min(most_parts(recipe)));
        let parts = pool.parts();
        Self {
            pair_cuts: cuts_evenly(batch, parts),
            g_cuts: g_layout.cuts(parts),
            d_cuts: d_layout.cuts(parts),
            pool,
            rows: Rows::new(batch, recipe.hidden, pixels),
            ones: vec![1.0; 2 * batch],
            d_gradient: vec![0.0; d_layout.len()],
            g_gradient: vec![0.0; g_layout.len()],
            logits: std::array::from_fn(|_| vec![0.0; batch]),
            recipe: recipe.clone(),
            state: state.clone(),
            pictures,
            g_layout,
            d_layout,
        }
    }

    /// Everything of D's update that is local to a pair of pictures: the pictures, D's passes, the penalties' chain.
    fn d_rows(&mut self, input: &StepInput, gammas: [f32; 2]) {
        let Self { recipe, pictures, state, g_layout, d_layout, pool, pair_cuts, rows, .. } = self;
        let slope = recipe.leaky_slope as f32;
        let g = Network { layout: g_layout, parameters: &state.generator.parameters, slope };
        let d = Network { layout: d_layout, parameters: &state.discriminator.parameters, slope };
        let (pixels, width, latent) = (pictures.pixels, recipe.hidden, recipe.latent);
        let Rows {
            x, h1, h2, logits, signal, a1, a2, e1, by_a2, by_input, squares, penalty, losses, g_h1, g_h2, ..
        } = rows;
        for pair in penalty.chunks_exact_mut(2) {
            pair.copy_from_slice(&gammas);
        }
        let cuts = &*pair_cuts;
        let penalty = &*penalty;
        pool.split(
            cuts,
            [x, h1, h2, logits, signal, a1, a2, e1, by_a2, by_input, squares, losses, g_h1, g_h2],
            |part, [x, h1, h2, logits, signal, a1, a2, e1, by_a2, by_input, squares, losses, g_h1, g_h2]| {
                let (from, to) = (cuts[part], cuts[part + 1]);
                let (n, n2) = (to - from, 2 * (to - from));
                for (row, &index) in x.chunks_exact_mut(2 * pixels).zip(&input.indices[from..to]) {
                    pictures.scaled(index, &mut row[..pixels]);
                }
                let z = Matrix::new(&input.z[from * latent..to * latent], n, latent);
                let (mut g_h1, mut g_h2) = (MatrixMut::new(g_h1, n, width), MatrixMut::new(g_h2, n, width));
                g.images(z, &mut g_h1, &mut g_h2, &mut MatrixMut::odd_rows(x, n, pixels));

                let x = Matrix::new(x, n2, pixels);
                let (mut h1, mut h2) = (MatrixMut::new(h1, n2, width), MatrixMut::new(h2, n2, width));
                d.logits(x, &mut h1, &mut h2, &mut MatrixMut::new(logits, n2, 1));
                loss::of_d(recipe, logits, signal, losses);

                let (h1, h2) = (h1.read(), h2.read());
                let (mut a1, mut a2) = (MatrixMut::new(a1, n2, width), MatrixMut::new(a2, n2, width));
                let mut e1 = MatrixMut::new(e1, n2, width);
                d.chain(h2, &mut a1, &mut a2);
                if gammas == [0.0, 0.0] {
                    mask_scaled(&mut a1, h1, slope, Matrix::new(signal, n2, 1));
                    copy_scaled(&mut e1, h1, signal);
                    return;
                }
                mask(&mut a1, h1, slope);
                let mut by_input = MatrixMut::new(by_input, n2, pixels);
                by_input.product(a1.read(), d.weight(0));
                e1.product(by_input.read(), d.weight(0).t());
                let penalty = &penalty[2 * from..2 * to];
                mask_scaled(&mut e1, h1, slope, Matrix::new(penalty, n2, 1));
                blend_rows(&mut by_input, penalty, x, signal, squares);
                let mut by_a2 = MatrixMut::new(by_a2, n2, width);
                by_a2.product(e1.read(), d.weight(1).t());
                mask(&mut by_a2, h2, slope);
                add_scaled(&mut e1, h1, signal);
            },
        );
    }

    /// D's gradient and Adam, each part on parameters of its own.
    fn d_parameters(&mut self, adam: Adam, penalised: bool) {
        let Self { pictures, recipe, state, d_layout, pool, d_cuts, rows, ones, d_gradient, .. } = self;
        let (n2, width, pixels) = (2 * recipe.batch, recipe.hidden, pictures.pixels);
        let all = |data, columns| Matrix::new(data, n2, columns);
        let signal = &rows.signal[..];
        // Without penalties a1 holds s a1, so that X itself is the product's other side.
        let (first_input, first_weights) = if penalised { (&rows.by_input, signal) } else { (&rows.x, &ones[..]) };
        let layers = [
            LayerGradient { error: all(&rows.a1, width), input: all(first_input, pixels), weights: first_weights },
            LayerGradient { error: all(&rows.a2, width), input: all(&rows.e1, width), weights: signal },
            LayerGradient { error: all(signal, 1), input: all(&rows.h2, width), weights: ones },
        ];
        let (cuts, output_weight) = (&*d_cuts, d_layout.weight(2));
        let (by_a2, ones, layout) = (all(&rows.by_a2, width), &*ones, &*d_layout);
        let slot = &mut state.discriminator;
        pool.split(cuts, [&mut slot.parameters, &mut slot.m, &mut slot.v, d_gradient], |part, [theta, m, v, out]| {
            let range = cuts[part]..cuts[part + 1];
            gradient(layout, range.clone(), &layers, out);
            if penalised && range.contains(&output_weight.start) {
                add_rows(&mut out[output_weight.start - range.start..output_weight.end - range.start], by_a2, ones);
            }
            adam::update(adam, theta, m, v, out);
        });
    }

    /// Everything of G's update that is local to a pair of pictures: the updated D's opinion, and G's errors.
    fn g_rows(&mut self) {
        let Self { recipe, pictures, state, g_layout, d_layout, pool, pair_cuts, rows, .. } = self;
        let slope = recipe.leaky_slope as f32;
        let g = Network { layout: g_layout, parameters: &state.generator.parameters, slope };
        let d = Network { layout: d_layout, parameters: &state.discriminator.parameters, slope };
        let (pixels, width) = (pictures.pixels, recipe.hidden);
        let Rows { x, h1, h2, logits, signal, a1, a2, by_input, squares, losses, g_h1, g_h2, g_by_h1, g_by_h2, .. } =
            rows;
        let (cuts, x, g_h1, g_h2) = (&*pair_cuts, &x[..], &g_h1[..], &g_h2[..]);
        pool.split(
            cuts,
            [h1, h2, logits, signal, a1, a2, by_input, squares, losses, g_by_h1, g_by_h2],
            |part, [h1, h2, logits, signal, a1, a2, by_input, squares, losses, g_by_h1, g_by_h2]| {
                let (from, to) = (cuts[part], cuts[part + 1]);
                let n = to - from;
                let x = &x[2 * pixels * from..2 * pixels * to];
                // Only the relativistic loss looks at D's opinion of the real pictures again.
                if recipe.loss == Loss::Relativistic {
                    let (mut h1, mut h2) = (MatrixMut::new(h1, 2 * n, width), MatrixMut::new(h2, 2 * n, width));
                    let x = Matrix::new(x, 2 * n, pixels);
                    d.logits(x, &mut h1, &mut h2, &mut MatrixMut::new(logits, 2 * n, 1));
                } else {
                    let (mut h1, mut h2) = (MatrixMut::odd_rows(h1, n, width), MatrixMut::odd_rows(h2, n, width));
                    let x = Matrix::odd_rows(x, n, pixels);
                    d.logits(x, &mut h1, &mut h2, &mut MatrixMut::odd_rows(logits, n, 1));
                }
                loss::of_g(recipe, logits, signal, losses);

                let (h1, h2) = (Matrix::odd_rows(h1, n, width), Matrix::odd_rows(h2, n, width));
                let (mut a1, mut a2) = (MatrixMut::odd_rows(a1, n, width), MatrixMut::odd_rows(a2, n, width));
                d.chain(h2, &mut a1, &mut a2);
                mask_scaled(&mut a1, h1, slope, Matrix::odd_rows(signal, n, 1));
                let mut by_output = MatrixMut::odd_rows(by_input, n, pixels);
                by_output.product(a1.read(), d.weight(0));
                let images = Matrix::odd_rows(x, n, pixels);
                tanh_derivative(&mut by_output, images, &mut MatrixMut::odd_rows(squares, n, 1));
                let rows = from * width..to * width;
                g.hidden_errors(
                    by_output.read(),
                    Matrix::new(&g_h1[rows.clone()], n, width),
                    Matrix::new(&g_h2[rows], n, width),
                    &mut MatrixMut::new(g_by_h1, n, width),
                    &mut MatrixMut::new(g_by_h2, n, width),
                );
            },
        );
    }

    /// G's gradient, Adam and the moving average, each part on parameters of its own.
    fn g_parameters(&mut self, adam: Adam, z: &[f32]) {
        let Self { pictures, recipe, state, g_layout, pool, g_cuts, rows, ones, g_gradient, .. } = self;
        let (n, width, pixels) = (recipe.batch, recipe.hidden, pictures.pixels);
        let all = |data, columns| Matrix::new(data, n, columns);
        let by_output = Matrix::odd_rows(&rows.by_input, n, pixels);
        let layers = [
            LayerGradient { error: all(&rows.g_by_h1, width), input: all(z, recipe.latent), weights: ones },
            LayerGradient { error: all(&rows.g_by_h2, width), input: all(&rows.g_h1, width), weights: ones },
            LayerGradient { error: by_output, input: all(&rows.g_h2, width), weights: ones },
        ];
        let (cuts, layout) = (&*g_cuts, &*g_layout);
        let State { generator: slot, ema, .. } = state;
        let (theta, m, v) = (&mut slot.parameters[..], &mut slot.m[..], &mut slot.v[..]);
        match ema {
            Some(ema) => pool.split(cuts, [theta, m, v, ema, g_gradient], |part, [theta, m, v, ema, out]| {
                gradient(layout, cuts[part]..cuts[part + 1], &layers, out);
                adam::update_with_ema(adam, theta, m, v, ema, out);
            }),
            None => pool.split(cuts, [theta, m, v, g_gradient], |part, [theta, m, v, out]| {
                gradient(layout, cuts[part]..cuts[part + 1], &layers, out);
                adam::update(adam, theta, m, v, out);
            }),
        }
    }

    /// What D's update reports, from its logits and losses.
    fn d_stats(&mut self, gammas: [f32; 2]) -> StepStats {
        let [real, fake, _] = &mut self.logits;
        for (i, pair) in self.rows.logits.chunks_exact(2).enumerate() {
            (real[i], fake[i]) = (pair[0], pair[1]);
        }
        let norm = |gamma: f32, first: usize| {
            let of_half = self.rows.squares.iter().skip(first).step_by(2);
            if gamma > 0.0 { mean(of_half.map(|&square| f64::from(square))) } else { 0.0 }
        };
        StepStats {
            d_loss: mean(self.rows.losses.iter().map(|&loss| f64::from(loss))),
            d_real: mean(real.iter().map(|&logit| loss::sigmoid(f64::from(logit)))),
            d_fake: mean(fake.iter().map(|&logit| loss::sigmoid(f64::from(logit)))),
            r1: norm(gammas[0], 0),
            r2: norm(gammas[1], 1),
            ..judge_discriminator(self.recipe.loss, real, fake)
        }
    }
}

/// More parts than this would each have too few rows to be worth a thread, and their products too small a shape: `gemm`
/// sums small ones in another order, and the number of threads would show in the bits.
fn most_parts(recipe: &Recipe) -> usize {
    if recipe.hidden <= 64 { 1 } else { (recipe.batch / 8).max(1) }
}

impl Engine for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn device(&self) -> String {
        "cpu".to_owned()
    }

    fn step(&mut self, input: &StepInput) -> Result<StepStats> {
        let batch = self.recipe.batch as f64;
        let gammas = [input.rates.r1_gamma, input.rates.r2_gamma].map(|gamma| (gamma / batch) as f32);
        let adam = Adam::new(&self.recipe, &input.rates, input.step);
        self.d_rows(input, gammas);
        self.d_parameters(adam, gammas != [0.0, 0.0]);
        let stats = self.d_stats(gammas);
        self.g_rows();
        self.g_parameters(adam, input.z);
        self.state.step = input.step + 1;
        for (slot, pair) in self.logits[2].iter_mut().zip(self.rows.logits.chunks_exact(2)) {
            *slot = pair[1];
        }
        // The signals are of the mean over the batch; of a picture's own loss they are `batch` times that.
        let reaching = self.rows.squares.iter().skip(1).step_by(2).map(|&square| f64::from(square)).sum::<f64>();
        let g_loss = mean(self.rows.losses.iter().map(|&loss| f64::from(loss)));
        Ok(StepStats { g_loss, g_gradient: (reaching * batch).sqrt(), ..stats })
    }

    fn state(&self) -> Result<State> {
        Ok(self.state.clone())
    }

    fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        let (latent, width, pixels) = (self.recipe.latent, self.recipe.hidden, self.pictures.pixels);
        let n = z.len() / latent;
        let (mut h1, mut h2, mut images) = (vec![0.0; n * width], vec![0.0; n * width], vec![0.0; n * pixels]);
        let slope = self.recipe.leaky_slope as f32;
        Network { layout: &self.g_layout, parameters: self.state.exported(), slope }.images(
            Matrix::new(z, n, latent),
            &mut MatrixMut::new(&mut h1, n, width),
            &mut MatrixMut::new(&mut h2, n, width),
            &mut MatrixMut::new(&mut images, n, pixels),
        );
        Ok(images)
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        let names = ["logits.real", "logits.fake", "logits.updated"];
        let logits = names.into_iter().zip(&self.logits).map(|(name, values)| (name.to_owned(), &values[..]));
        let flat = [
            ("gradient", &self.d_layout, &self.d_gradient),
            ("gradient", &self.g_layout, &self.g_gradient),
            ("parameter", &self.g_layout, &self.state.generator.parameters),
            ("parameter", &self.d_layout, &self.state.discriminator.parameters),
        ];
        let tensors = flat.into_iter().flat_map(|(prefix, layout, flat)| {
            layout.tensors.iter().map(move |spec| (format!("{prefix}.{}", spec.name), &flat[spec.range.clone()]))
        });
        let widen =
            |(name, values): (String, &[f32])| Probe { name, values: values.iter().map(|&v| v.into()).collect() };
        Ok(logits.chain(tensors).map(widen).collect())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

#[cfg(test)]
mod tests;
