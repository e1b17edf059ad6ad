//! Perceptrons of two hidden layers on the CPU: the step derived by hand for just these, over flat buffers made once.
//!
//! It equals [`crate::reference`] (the suite in `tests.rs` holds every tensor of a step to it) and differs in
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
//! Where there are classes, w3 is that of the row's class and of all summed up, and dw3 goes to both.
//!
//! Two things make the products smaller than these formulas have them:
//!
//! * Real pictures are mostly black; their products take only their [`ink`]. Where the recipe's offset makes black 0, that
//!   is all; else the black ground comes in by a row that all pictures share.
//! * In networks that are narrow beside the batch, g is never made. With M = W1 W1' and K = a1' (c a1), both
//!   [width, width], g W1' = a1 M, the squared norms of g are the diagonal of a1 M a1', and a1' (c g) = K W1. Which way has
//!   fewer FLOPs is reckoned when the engine is made, see [`Penalty`].
//!
//! A step has four phases, each shared by the threads of a [`Pool`] and ended by a join: what is local to a pair, by
//! pairs; D's gradient and its Adam, by parameters; what of G's update is local to a pair; G's gradient, Adam and moving
//! average, by parameters; K and M are a short phase more each. So nothing is ever summed by two threads, and any number of
//! them gives the same bits.
//!
//! FLOPs a step, width 128, batch 100, by the formulas: 222 million for `seed`, 332 million for `stable`; done on MNIST,
//! with ink and without g: about 190 and 260 million.

mod gradient;
mod ink;
mod networks;

use std::sync::Arc;

use super::adam::{self, Adam};
use super::elementwise::{
    add_rows, add_scaled, blend_rows, copy_scaled, mask, mask_scaled, row_dots, sum_rows, sum_with,
    tanh_derivative_and_squares,
};
use super::pairs;
use super::planted::{self, Bug};
use crate::clock::Clock;
use crate::{Engine, Probe, Progress, StepInput, Stepwise, Stretch, step_by_step};
use failure::Result;
use gan::recipe::Recipe;
use gan::{Classes, DataShape, Pictures, Slot, State, StepStats};
use gradient::{Layer, pieces};
use ink::Inks;
use linear::pool::{Pool, cuts_evenly};
use linear::product::{Half, Matrix, MatrixMut};
use net::{Activation, Network};
use networks::{DiscriminatorPasses, GeneratorPasses, LastLayers, Real, first_layer};

/// Trains by hand-derived steps on the CPU, perceptrons of two hidden layers alone.
pub struct Mlp {
    recipe: Recipe,
    pictures: Arc<Pictures>,
    /// Holds the run's state as everywhere, but for D's first weight and its moments, which lie transposed: [pixels,
    /// width].
    state: State,
    g_network: Network,
    d_network: Network,
    /// Describes D with the first weight's shape as it lies here: [pixels, width].
    d_transposed: Network,
    penalty: Penalty,
    pool: Pool,
    /// Says where the parts begin and end: here in pairs of pictures, below in parameters of either network, and in
    /// rows of K and M.
    pair_cuts: Vec<usize>,
    g_cuts: Vec<usize>,
    d_cuts: Vec<usize>,
    width_cuts: Vec<usize>,
    rows: Rows,
    /// Holds the ink of all pictures, where it is worth it.
    inks: Option<Inks>,
    /// Holds K of the header: [width, width]. M is of the same shape.
    k: Vec<f32>,
    m: Vec<f32>,
    ones: Vec<f32>,
    classes: Classes,
    /// Holds the class of each pair's pictures: [batch].
    labels: Vec<usize>,
    last: LastLayers,
    /// Holds the share that each number of D's last layer has in a row's logit, and that times s: [2 batch, opinions].
    /// Empty without classes, where the one number's is 1.
    shares: Vec<f32>,
    signal_shares: Vec<f32>,
    d_gradient: Vec<f32>,
    g_gradient: Vec<f32>,
    /// Keeps the last step's logits for [`Stepwise::probe`]: before D's update, real and generated, and after it;
    /// [batch] each.
    logits: [Vec<f32>; 3],
}

/// Says how D's gradient penalty is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Penalty {
    /// Leaves it out: the recipe has none.
    Off,
    /// Makes g, the logit's gradient by the input, as the formulas have it.
    ByInput,
    /// Uses K and M in place of g.
    ByWidth,
}

impl Penalty {
    /// Picks the way with the fewer multiplications; `inks`: whether real pictures' products take their ink alone.
    fn new(recipe: &Recipe, pixels: usize, inks: bool) -> Self {
        let (n, width) = (recipe.batch, recipe.hidden);
        // g, e1 and dW1, each over all 2 n rows.
        let by_input = 6 * n * width * pixels;
        // M and K W1; a1 M and K; dW1, half of which ink makes cheap.
        let by_width =
            2 * width * width * pixels + 4 * n * width * width + if inks { n } else { 2 * n } * width * pixels;
        match recipe.has_penalty() {
            false => Self::Off,
            true if by_width < by_input => Self::ByWidth,
            true => Self::ByInput,
        }
    }
}

/// Holds what a step keeps for each picture. [`Mlp`]'s header names most of it; all of it is row-major, and of 2 batch
/// rows, a real picture's and then a generated one's in turn, unless said otherwise.
struct Rows {
    /// Holds pictures as D sees them, the recipe's offset added: real ones only where they are needed.
    x: Vec<f32>,
    /// Holds generated pictures as G gave them: [batch, pixels].
    images: Vec<f32>,
    h1: Vec<f32>,
    h2: Vec<f32>,
    logits: Vec<f32>,
    /// Holds s, the derivative of the loss by each logit.
    signal: Vec<f32>,
    a1: Vec<f32>,
    /// Holds s a1; `penalty_a1` holds c a1.
    signal_a1: Vec<f32>,
    penalty_a1: Vec<f32>,
    a2: Vec<f32>,
    e1: Vec<f32>,
    /// Holds m2 * (e1 W2'), the penalty's part of the gradient by w3, row by row.
    by_a2: Vec<f32>,
    /// Holds g, then s X + c g, where g is made; in G's update, the gradient by generated pictures.
    by_input: Vec<f32>,
    /// Holds the squared norms of the rows of g; in G's update, of the gradients by generated pictures.
    squares: Vec<f32>,
    /// Holds c, the penalty's weight of each row.
    penalty: Vec<f32>,
    /// Holds the loss of each pair: [batch].
    losses: Vec<f32>,
    /// Holds G's activations and, below, its gradients by them, of generated pictures alone: [batch, width].
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
            images: one(pixels),
            h1: both(width),
            h2: both(width),
            logits: both(1),
            signal: both(1),
            a1: both(width),
            signal_a1: both(width),
            penalty_a1: both(width),
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

impl Mlp {
    /// Checks that the recipe's networks, for pictures of this shape, are what this engine is made for: both of
    /// them with two hidden layers, of one width and one slope in all.
    ///
    /// # Errors
    /// Says in words what about them is otherwise.
    pub fn takes(recipe: &Recipe, data: DataShape) -> std::result::Result<(), String> {
        shape(recipe, data).map(|_| ())
    }

    /// Makes an engine that goes on from `state`, on at most `threads` threads: fewer where a thread would get too few
    /// pictures.
    ///
    /// # Panics
    /// If it does not take the recipe's networks, which [`Mlp::takes`] tells.
    pub fn new(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, threads: usize) -> Self {
        let pixels = pictures.pixels();
        let (hidden, leaky_slope) = shape(recipe, pictures.shape).expect("the caller has asked whether it takes them");
        let recipe = &Recipe { hidden, leaky_slope, generator: None, discriminator: None, ..recipe.clone() };
        let (g_network, d_network) =
            (recipe.generator_network(pictures.shape), recipe.discriminator_network(pictures.shape));
        let mut d_transposed = d_network.clone();
        d_transposed.tensors[0].shape.reverse();
        let (batch, width) = (recipe.batch, recipe.hidden);
        let pool = Pool::new(threads.min(most_parts(recipe)));
        let parts = pool.parts();
        let inks = Inks::new(&pictures.bytes, pixels);
        let classes = recipe.classes_of(pictures.shape);
        let shares = if classes.0 > 0 { vec![0.0; 2 * batch * classes.opinions()] } else { Vec::new() };
        let mut state = state.clone();
        transpose_first(&mut state.discriminator, &d_network, [width, pixels]);
        let mut engine = Self {
            penalty: Penalty::new(recipe, pixels, inks.is_some()),
            pair_cuts: cuts_evenly(batch, parts),
            g_cuts: g_network.cuts(parts),
            d_cuts: d_transposed.cuts(parts),
            width_cuts: cuts_evenly(width, parts),
            pool,
            rows: Rows::new(batch, width, pixels),
            inks,
            k: vec![0.0; width * width],
            m: vec![0.0; width * width],
            ones: vec![1.0; 2 * batch],
            classes,
            labels: vec![0; batch],
            last: LastLayers::new(classes, width),
            shares: shares.clone(),
            signal_shares: shares,
            d_gradient: vec![0.0; d_network.len()],
            g_gradient: vec![0.0; g_network.len()],
            logits: std::array::from_fn(|_| vec![0.0; batch]),
            recipe: recipe.clone(),
            state,
            pictures,
            g_network,
            d_network,
            d_transposed,
        };
        engine.make_m();
        engine
    }

    /// Does everything of D's update that is local to a pair of pictures: the pictures, D's passes, the penalties'
    /// chain. `gammas`: c of real and of generated pictures.
    fn d_rows(&mut self, input: &StepInput, gammas: [f32; 2]) {
        for (label, &index) in self.labels.iter_mut().zip(input.indices) {
            *label = self.pictures.label(index);
        }
        self.last.take(&self.d_network, &self.state.discriminator.parameters);
        let Self { recipe, pictures, state, g_network, d_network, pool, pair_cuts, rows, inks, m, .. } = self;
        let (slope, g, d) = passes(recipe, state, [g_network, d_network]);
        let (labels, last) = (&self.labels[..], &self.last);
        let (pixels, width, latent) = (pictures.pixels(), recipe.hidden, g_network.inputs());
        let offset = recipe.d_input_offset as f32;
        let Rows { x, h1, h2, logits, signal, a1, signal_a1, penalty_a1, a2, e1, by_a2, by_input, .. } = rows;
        let Rows { squares, penalty, losses, images, g_h1, g_h2, g_by_h1, .. } = rows;
        for pair in penalty.chunks_exact_mut(2) {
            pair.copy_from_slice(&gammas);
        }
        let (how, cuts, penalty) = (self.penalty, &*pair_cuts, &*penalty);
        let m = Matrix::new(m, width, width);
        let of_rows: [&mut [f32]; 18] = [
            x, h1, h2, logits, signal, a1, signal_a1, penalty_a1, a2, e1, by_a2, by_input, squares, losses, images,
            g_h1, g_h2, g_by_h1,
        ];
        pool.split(cuts, of_rows, |part, of_rows| {
            let [x, h1, h2, logits, signal, a1, signal_a1, penalty_a1, a2, e1, by_a2, by_input, ..] = of_rows;
            let [.., squares, losses, images, g_h1, g_h2, scratch] = of_rows;
            let (from, to) = (cuts[part], cuts[part + 1]);
            let (n, n2) = (to - from, 2 * (to - from));
            let penalty = &penalty[2 * from..2 * to];

            let real = Real { inks: inks.as_ref(), indices: &input.indices[from..to] };
            if inks.is_none() || how == Penalty::ByInput {
                for (row, &index) in x.chunks_exact_mut(2 * pixels).zip(real.indices) {
                    let row = &mut row[..pixels];
                    pictures.scaled(index, row);
                    row.iter_mut().for_each(|x| *x += offset);
                }
            }
            let z = Matrix::new(&input.inputs[from * latent..to * latent], n, latent);
            let (mut g_h1, mut g_h2) = (MatrixMut::new(g_h1, n, width), MatrixMut::new(g_h2, n, width));
            let mut images = MatrixMut::new(images, n, pixels);
            g.images(z, &mut g_h1, &mut g_h2, &mut images);
            sum_with(&mut MatrixMut::half(x, Half::Generated, n, pixels), images.read(), offset);

            first_layer(d, x, real, true, h1, &mut scratch[..width]);
            let (h1, mut h2) = (Matrix::new(h1, n2, width), MatrixMut::new(h2, n2, width));
            let last = last.of(&labels[from..to], 2);
            d.rest(h1, &mut h2, &mut MatrixMut::new(logits, n2, 1), last);
            pairs::of_d(recipe, in_turn(logits, signal, losses));

            let h2 = h2.read();
            let (mut a1, mut a2) = (MatrixMut::new(a1, n2, width), MatrixMut::new(a2, n2, width));
            d.chain(h2, &mut a1, &mut a2, last);
            mask(&mut a1, h1, slope);
            let a1 = a1.read();
            copy_scaled(&mut MatrixMut::new(signal_a1, n2, width), a1, signal);
            let mut e1 = MatrixMut::new(e1, n2, width);
            match how {
                Penalty::Off => return copy_scaled(&mut e1, h1, signal),
                Penalty::ByWidth => {
                    e1.product(a1, m);
                    row_dots(squares, a1, e1.read());
                    copy_scaled(&mut MatrixMut::new(penalty_a1, n2, width), a1, penalty);
                }
                Penalty::ByInput => {
                    let mut by_input = MatrixMut::new(by_input, n2, pixels);
                    by_input.product(a1, d.w1());
                    e1.product(by_input.read(), d.w1().t());
                    blend_rows(&mut by_input, penalty, Matrix::new(x, n2, pixels), signal, squares);
                }
            }
            mask_scaled(&mut e1, h1, slope, Matrix::new(penalty, n2, 1));
            let mut by_a2 = MatrixMut::new(by_a2, n2, width);
            by_a2.product(e1.read(), d.w2().t());
            if !planted::here(Bug::MaskLeftOut) {
                mask(&mut by_a2, h2, slope);
            }
            add_scaled(&mut e1, h1, signal);
        });
    }

    /// Makes K of the header, each part rows of its own.
    fn make_k(&mut self) {
        let Self { recipe, pool, width_cuts, rows, k, penalty: Penalty::ByWidth, .. } = self else { return };
        let (n2, width) = (2 * recipe.batch, recipe.hidden);
        let (a1, penalty_a1) = (Matrix::new(&rows.a1, n2, width), Matrix::new(&rows.penalty_a1, n2, width));
        let cuts = &*width_cuts;
        pool.split(cuts, [k], |part, [k]| {
            let of_part = cuts[part]..cuts[part + 1];
            MatrixMut::new(k, of_part.len(), width).product(penalty_a1.columns(of_part).t(), a1);
        });
    }

    /// Makes M of the header, each part rows of its own: for the next step, whenever W1 has moved.
    fn make_m(&mut self) {
        let Self { recipe, pictures, state, d_network, pool, width_cuts, m, penalty: Penalty::ByWidth, .. } = self
        else {
            return;
        };
        let (pixels, width) = (pictures.pixels(), recipe.hidden);
        let w1_by_pixel = Matrix::new(&state.discriminator.parameters[d_network.weight(0)], pixels, width);
        let cuts = &*width_cuts;
        pool.split(cuts, [m], |part, [m]| {
            let of_part = cuts[part]..cuts[part + 1];
            MatrixMut::new(m, of_part.len(), width).product(w1_by_pixel.columns(of_part).t(), w1_by_pixel);
        });
    }

    /// Works out D's gradient and moves D by it, each part on parameters of its own.
    fn d_parameters(&mut self, adam: Adam, indices: &[u32]) {
        self.share_signals();
        let Self { pictures, recipe, state, d_transposed, pool, d_cuts, rows, inks, k, ones, d_gradient, .. } = self;
        let opinions = self.classes.opinions();
        let (shares, signal_shares) = (&self.shares[..], &self.signal_shares[..]);
        let (n2, width, pixels) = (2 * recipe.batch, recipe.hidden, pictures.pixels());
        let all = |data, columns| Matrix::new(data, n2, columns);
        let signal = &rows.signal[..];
        let (a2, h2, by_a2) = (all(&rows.a2, width), all(&rows.h2, width), all(&rows.by_a2, width));
        let first = FirstLayer {
            how: self.penalty,
            x: all(&rows.x, pixels),
            by_input: all(&rows.by_input, pixels),
            generated: Matrix::half(&rows.x, Half::Generated, recipe.batch, pixels),
            real: Real { inks: inks.as_ref(), indices },
            a1: all(&rows.a1, width),
            signal_a1: &rows.signal_a1,
            k: Matrix::new(k, width, width),
            ones,
            black: black(recipe),
        };
        let signal_a1 = all(&rows.signal_a1, width);
        let hidden2 = Layer { error: a2, input: all(&rows.e1, width), weights: signal };
        let (cuts, transposed, how, ones) = (&*d_cuts, &*d_transposed, self.penalty, &*ones);
        let slot = &mut state.discriminator;
        pool.split(cuts, [&mut slot.parameters, &mut slot.m, &mut slot.v, d_gradient], |part, [theta, m, v, out]| {
            for (tensor, rows, out) in pieces(transposed, cuts[part]..cuts[part + 1], out) {
                match tensor {
                    // The first weight begins where the parameters do, so this piece of it does where `theta` does.
                    0 => first.gradient(rows, &theta[..out.len()], out),
                    1 => sum_rows(out, signal_a1, ones),
                    2 => hidden2.weight(rows, width, out),
                    3 if planted::here(Bug::BiasUnweighted) => sum_rows(out, a2.columns(rows), ones),
                    3 => hidden2.bias(rows, out),
                    4 if opinions > 1 => {
                        let mut out = MatrixMut::new(out, rows.len(), width);
                        out.product(all(signal_shares, opinions).columns(rows.clone()).t(), h2);
                        if how != Penalty::Off {
                            out.add_product(all(shares, opinions).columns(rows).t(), by_a2);
                        }
                    }
                    _ if opinions > 1 => sum_rows(out, all(signal_shares, opinions).columns(rows), ones),
                    4 => {
                        sum_rows(out, h2, signal);
                        if how != Penalty::Off {
                            add_rows(out, by_a2, ones);
                        }
                    }
                    _ => sum_rows(out, all(signal, 1), ones),
                }
            }
            adam::update(adam, theta, m, v, out);
        });
    }

    /// Says how the rows' signals are shared out among the numbers of D's last layer; nothing without classes.
    fn share_signals(&mut self) {
        let Self { classes, labels, shares, signal_shares, rows, .. } = self;
        let opinions = classes.opinions();
        let of_rows = shares.chunks_exact_mut(opinions).zip(signal_shares.chunks_exact_mut(opinions));
        for (row, ((shares, signals), signal)) in of_rows.zip(&rows.signal).enumerate() {
            for (opinion, (share, signalled)) in shares.iter_mut().zip(signals).enumerate() {
                *share = classes.share(opinion, labels[row / 2]);
                *signalled = *share * signal;
            }
        }
    }

    /// Does everything of G's update that is local to a pair of pictures: the updated D's opinion, and G's errors.
    fn g_rows(&mut self, indices: &[u32]) {
        self.last.take(&self.d_network, &self.state.discriminator.parameters);
        let (labels, last) = (&self.labels[..], &self.last);
        let Self { recipe, pictures, state, g_network, d_network, pool, pair_cuts, rows, inks, .. } = self;
        let (slope, g, d) = passes(recipe, state, [g_network, d_network]);
        let (pixels, width) = (pictures.pixels(), recipe.hidden);
        let Rows { x, h1, h2, logits, signal, a1, a2, by_input, squares, losses, .. } = rows;
        let Rows { images, g_h1, g_h2, g_by_h1, g_by_h2, .. } = rows;
        let (cuts, x, images, g_h1, g_h2) = (&*pair_cuts, &x[..], &images[..], &g_h1[..], &g_h2[..]);
        let real_too = recipe.loss.terms().g_looks_at_real && !planted::here(Bug::StaleLogits);
        let of_rows: [&mut [f32]; 11] = [h1, h2, logits, signal, a1, a2, by_input, squares, losses, g_by_h1, g_by_h2];
        pool.split(cuts, of_rows, |part, of_rows| {
            let [h1, h2, logits, signal, a1, a2, by_input, squares, losses, g_by_h1, g_by_h2] = of_rows;
            let (from, to) = (cuts[part], cuts[part + 1]);
            let n = to - from;
            let x = &x[2 * pixels * from..2 * pixels * to];
            let images = &images[pixels * from..pixels * to];
            let real = Real { inks: inks.as_ref(), indices: &indices[from..to] };
            first_layer(d, x, real, real_too, h1, &mut g_by_h1[..width]);
            if real_too {
                let (h1, mut h2) = (Matrix::new(h1, 2 * n, width), MatrixMut::new(h2, 2 * n, width));
                d.rest(h1, &mut h2, &mut MatrixMut::new(logits, 2 * n, 1), last.of(&labels[from..to], 2));
            } else {
                let h1 = Matrix::half(h1, Half::Generated, n, width);
                let mut h2 = MatrixMut::half(h2, Half::Generated, n, width);
                d.rest(h1, &mut h2, &mut MatrixMut::half(logits, Half::Generated, n, 1), last.of(&labels[from..to], 1));
            }
            pairs::of_g(recipe, in_turn(logits, signal, losses));

            let generated = |data, columns| Matrix::half(data, Half::Generated, n, columns);
            let (h1, h2) = (generated(h1, width), generated(h2, width));
            let mut a1 = MatrixMut::half(a1, Half::Generated, n, width);
            let mut a2 = MatrixMut::half(a2, Half::Generated, n, width);
            d.chain(h2, &mut a1, &mut a2, last.of(&labels[from..to], 1));
            mask_scaled(&mut a1, h1, slope, generated(signal, 1));
            let mut by_output = MatrixMut::half(by_input, Half::Generated, n, pixels);
            by_output.product(a1.read(), d.w1());
            let mut squares = MatrixMut::half(squares, Half::Generated, n, 1);
            tanh_derivative_and_squares(&mut by_output, Matrix::new(images, n, pixels), &mut squares);
            let rows = from * width..to * width;
            g.hidden_errors(
                by_output.read(),
                Matrix::new(&g_h1[rows.clone()], n, width),
                Matrix::new(&g_h2[rows], n, width),
                &mut MatrixMut::new(g_by_h1, n, width),
                &mut MatrixMut::new(g_by_h2, n, width),
            );
        });
    }

    /// Works out G's gradient, moves G by it, and the moving average, each part on parameters of its own.
    fn g_parameters(&mut self, adam: Adam, inputs: &[f32]) {
        let Self { pictures, recipe, state, g_network, pool, g_cuts, rows, ones, g_gradient, .. } = self;
        let (n, width, pixels, network) = (recipe.batch, recipe.hidden, pictures.pixels(), &*g_network);
        let all = |data, columns| Matrix::new(data, n, columns);
        let by_output = Matrix::half(&rows.by_input, Half::Generated, n, pixels);
        let layers = [
            Layer { error: all(&rows.g_by_h1, width), input: all(inputs, network.inputs()), weights: ones },
            Layer { error: all(&rows.g_by_h2, width), input: all(&rows.g_h1, width), weights: ones },
            Layer { error: by_output, input: all(&rows.g_h2, width), weights: ones },
        ];
        let cuts = &*g_cuts;
        let gradient = |part: usize, out: &mut [f32]| {
            for (tensor, rows, out) in pieces(network, cuts[part]..cuts[part + 1], out) {
                match tensor % 2 {
                    0 => layers[tensor / 2].weight(rows, network.stages[tensor / 2].inputs, out),
                    _ => layers[tensor / 2].bias(rows, out),
                }
            }
        };
        let State { generator: slot, ema, .. } = state;
        let (theta, m, v) = (&mut slot.parameters[..], &mut slot.m[..], &mut slot.v[..]);
        match ema {
            Some(ema) => pool.split(cuts, [theta, m, v, ema, g_gradient], |part, [theta, m, v, ema, out]| {
                gradient(part, out);
                adam::update_with_ema(adam, theta, m, v, ema, out);
            }),
            None => pool.split(cuts, [theta, m, v, g_gradient], |part, [theta, m, v, out]| {
                gradient(part, out);
                adam::update(adam, theta, m, v, out);
            }),
        }
    }

    /// Gives what D's update reports, from its logits and losses.
    fn d_stats(&mut self, gammas: [f32; 2]) -> StepStats {
        let [real, fake, _] = &mut self.logits;
        for (i, pair) in self.rows.logits.chunks_exact(2).enumerate() {
            (real[i], fake[i]) = (pair[0], pair[1]);
        }
        let squares =
            [0, 1].map(|first| (gammas[first] > 0.0).then(|| self.rows.squares.iter().skip(first).step_by(2)));
        pairs::d_stats(self.recipe.loss, [real, fake], &self.rows.losses, squares)
    }
}

/// Gives the seconds that a product of two matrices of `size` by `size` takes while each of `threads` threads does one
/// of its own: what the machine can do, for `trainer bench` to hold a step to.
pub fn products_on_all_threads(threads: usize, size: usize) -> f64 {
    let mut pool = Pool::new(threads);
    let cuts: Vec<usize> = (0..=threads).collect();
    let (a, b) = (vec![0.5; size * size], vec![0.25; size * size]);
    let mut out = vec![0.0; threads * size * size];
    let mut products = || {
        pool.split(&cuts, [&mut out], |_, [out]| {
            MatrixMut::new(out, size, size).product(Matrix::new(&a, size, size), Matrix::new(&b, size, size));
        });
    };
    // The first one makes the kernels' buffers.
    products();
    let began = Clock::start();
    products();
    began.seconds()
}

/// Gives the width of the hidden layers and the slope of the leaky ReLUs, if both networks are what this engine takes.
fn shape(recipe: &Recipe, data: DataShape) -> std::result::Result<(usize, f64), String> {
    let of = |network: Network, last| {
        network.two_hidden(last).ok_or(format!(
            "the {} is something else than two hidden layers of one width with leaky ReLUs of one slope",
            network.name
        ))
    };
    let g = of(recipe.generator_network(data), Activation::Tanh)?;
    let d = of(recipe.discriminator_network(data), Activation::Identity)?;
    if g != d {
        let [(g_width, g_slope), (d_width, d_slope)] = [g, d];
        return Err(format!(
            "the generator is {g_width} wide with a slope of {g_slope}, the discriminator {d_width} with {d_slope}"
        ));
    }
    Ok(g)
}

/// Gives the leaky ReLU's slope, and the passes of G and of D, which the networks describe, by the parameters in
/// `state`.
fn passes<'a>(
    recipe: &Recipe,
    state: &'a State,
    [g, d]: [&'a Network; 2],
) -> (f32, GeneratorPasses<'a>, DiscriminatorPasses<'a>) {
    let slope = planted::slope(recipe.leaky_slope);
    let (of_g, of_d) = (&state.generator.parameters, &state.discriminator.parameters);
    let g = GeneratorPasses { network: g, parameters: of_g, slope };
    (slope, g, DiscriminatorPasses { network: d, parameters: of_d, slope, black: black(recipe) })
}

/// Counts the parts that a step can be cut into. More would each have too few rows to be worth a thread, and their
/// products too small a shape: libraries have kernels of their own for those, which may sum in another order, and the
/// number of threads must not show in the bits.
fn most_parts(recipe: &Recipe) -> usize {
    if recipe.hidden <= 64 { 1 } else { (recipe.batch / 8).max(1) }
}

impl Engine for Mlp {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn device(&self) -> String {
        "cpu".to_owned()
    }

    fn advance(&mut self, stretches: &[Stretch], report: &mut dyn FnMut(Progress) -> bool) -> Result<()> {
        let recipe = self.recipe.clone();
        step_by_step(&recipe, &self.pictures.clone(), stretches, report, |input| self.step(input))
    }

    fn state(&self, _: usize) -> Result<State> {
        let mut state = self.state.clone();
        let (pixels, width) = (self.d_network.stages[0].inputs, self.d_network.stages[0].outputs);
        transpose_first(&mut state.discriminator, &self.d_network, [pixels, width]);
        Ok(state)
    }

    fn generate(&self, _: usize, inputs: &[f32]) -> Result<Vec<f32>> {
        Ok(super::layers::pictures_of(&self.g_network, self.state.exported(), inputs))
    }
}

impl Stepwise for Mlp {
    fn step(&mut self, input: &StepInput) -> Result<StepStats> {
        let gammas = pairs::penalties(&self.recipe, &input.rates);
        let adam = Adam::new(&self.recipe, &input.rates, input.step);
        self.d_rows(input, gammas);
        self.make_k();
        self.d_parameters(adam, input.indices);
        self.make_m();
        let stats = self.d_stats(gammas);
        self.g_rows(input.indices);
        self.g_parameters(adam, input.inputs);
        self.state.step = input.step + 1;
        for (slot, pair) in self.logits[2].iter_mut().zip(self.rows.logits.chunks_exact(2)) {
            *slot = pair[1];
        }
        let [g_loss, g_gradient] = pairs::g_stats(&self.rows.losses, self.rows.squares.iter().skip(1).step_by(2));
        Ok(StepStats { g_loss, g_gradient, ..stats })
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        let (pixels, width) = (self.d_network.stages[0].inputs, self.d_network.stages[0].outputs);
        let mut d_gradient = self.d_gradient.clone();
        transpose(&mut d_gradient[self.d_network.weight(0)], [pixels, width]);
        let networks = [&self.d_network, &self.g_network];
        Ok(super::probes(networks, &self.logits, [&d_gradient, &self.g_gradient], &self.state(0)?))
    }
}

/// Pairs logits, signals and losses up where the rows are a real picture's and a generated one's in turn: [2 pairs], [2
/// pairs], [pairs].
fn in_turn<'a>(logits: &[f32], signal: &'a mut [f32], losses: &'a mut [f32]) -> impl Iterator<Item = pairs::Row<'a>> {
    let (logits, signal) = (logits.as_chunks::<2>().0, signal.as_chunks_mut::<2>().0);
    logits.iter().zip(signal).zip(losses).map(|((logits, signal), loss)| (*logits, signal.each_mut(), loss))
}

/// Holds what the gradient by D's first weight, as it lies here, is made of; the names are those of [`Rows`].
struct FirstLayer<'a> {
    how: Penalty,
    x: Matrix<'a>,
    by_input: Matrix<'a>,
    generated: Matrix<'a>,
    real: Real<'a>,
    a1: Matrix<'a>,
    signal_a1: &'a [f32],
    k: Matrix<'a>,
    ones: &'a [f32],
    black: f32,
}

impl FirstLayer<'_> {
    /// Writes the rows of the pixels `range`, from `weight`, the same rows of the weight: both [range, width].
    fn gradient(&self, range: std::ops::Range<usize>, weight: &[f32], out: &mut [f32]) {
        let (rows, batch) = (range.len(), self.ones.len() / 2);
        let width = out.len() / rows;
        if self.how == Penalty::ByInput {
            let blended = self.by_input.columns(range).t();
            return MatrixMut::new(out, rows, width).product(blended, self.a1);
        }
        if let Some(inks) = self.real.inks {
            let half = |half| Matrix::half(self.signal_a1, half, batch, width);
            let (all_black, others) = out.split_at_mut(width);
            if self.black == 0.0 {
                all_black.fill(0.0);
            } else {
                sum_rows(all_black, half(Half::Real), &self.ones[..batch]);
                all_black.iter_mut().for_each(|value| *value *= self.black);
            }
            others.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(all_black));
            ink::add_outer(out, range.clone(), inks, self.real.indices, half(Half::Real));
            let generated = self.generated.columns(range).t();
            MatrixMut::new(out, rows, width).add_product(generated, half(Half::Generated));
        } else {
            let error = Matrix::new(self.signal_a1, 2 * batch, width);
            MatrixMut::new(out, rows, width).product(self.x.columns(range).t(), error);
        }
        if self.how == Penalty::ByWidth {
            MatrixMut::new(out, rows, width).add_product(Matrix::new(weight, rows, width), self.k);
        }
    }
}

/// Gives a black pixel as D sees it, the recipe's offset added.
fn black(recipe: &Recipe) -> f32 {
    (recipe.d_input_offset - 1.0) as f32
}

/// Turns the first weight of `slot` and its moments from [rows, columns] to [columns, rows], in place.
fn transpose_first(slot: &mut Slot, network: &Network, shape: [usize; 2]) {
    for flat in [&mut slot.parameters, &mut slot.m, &mut slot.v] {
        transpose(&mut flat[network.weight(0)], shape);
    }
}

fn transpose(values: &mut [f32], [rows, columns]: [usize; 2]) {
    let before = values.to_vec();
    for (i, slot) in values.iter_mut().enumerate() {
        *slot = before[i % rows * columns + i / rows];
    }
}

#[cfg(test)]
mod tests;
