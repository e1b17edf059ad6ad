//! Any chain of linear maps on the CPU: the step derived by hand, a product at a time.
//!
//! A network is a chain of linear maps W_i, each followed by a bias and a pointwise function f_i: with x_0 the input,
//! x_i = f_i(W_i x_(i-1) + b_i). All that a step asks of a linear map are the three products of [`map`]. Back from a unit logit
//! they give the chain a, from D's last stage L to its first, and its penalties need no second derivative: where functions are made
//! of straight pieces, f' is constant almost everywhere, and the chain's tangent t goes forward through the same derivatives. With
//! s the derivative of the loss by each row's logit, c = gamma / batch of a real or a generated picture, and * number by number,
//!
//! ```text
//! a_L = 1              a_i = f_i' * W_(i+1)' a_(i+1)        g = W_1' a_1        the logit's gradient by the input
//! t_0 = c g            t_i = f_i' * W_i t_(i-1)
//! dW_i = a_i (s x_(i-1) + t_(i-1))'                         db_i = s a_i        each summed over rows
//! ```
//!
//! a_L is 1 where D gives one number; where it has opinions by class, it is the two shares that make the row's logit ([`gan::classes`]).
//! Without a penalty there is no t, s itself starts the chain, and the inputs stay as they are. G's update is the same without a
//! tangent: D's chain from s to the generated pictures, and on through G, whose forward pass is still there from D's update.
//!
//! The real pictures' rows come first, then the generated ones'. [`passes`] has the passes; each product is one task of a thread
//! [`Pool`], cut by rows of its result, so any number of threads gives the same bits. No step allocates.
//!
//! It equals [`crate::reference`] by the suite in [`crate::equality`], as [`super::mlp`] does, which for two hidden layers has two
//! ways round the products with W_1 (the ink of real pictures, and K and M in place of g): there 332 MFLOP of `stable`'s step
//! become 260.

mod conv;
mod dense;
mod map;
mod passes;

use std::sync::Arc;

use super::adam::Adam;
use super::elementwise::{add_scaled, blend_rows, scale_rows, sum_with, tanh_derivative_and_squares};
use super::pairs;
use super::planted::{self, Bug};
use crate::{Engine, Probe, Progress, StepInput, Stepwise, Stretch, step_by_step};
use failure::Result;
use gan::recipe::Recipe;
use gan::{Classes, Pictures, State, StepStats};
use linear::pool::Pool;
use linear::product::{Matrix, MatrixMut};
use net::Network;
use passes::{Passes, Update, forward_stage, map, matrix, times_derivative};

/// Trains by hand-derived steps on the CPU, any chain of linear maps.
pub struct Layers {
    recipe: Recipe,
    pictures: Arc<Pictures>,
    state: State,
    pool: Pool,
    /// Has a row for each generated picture: [batch].
    g: Passes,
    /// Has a row for each real picture, then one for each generated one: [2 batch], as everything below unless said
    /// otherwise.
    d: Passes,
    /// Holds pictures as D sees them, the recipe's offset added: [2 batch, pixels].
    x: Vec<f32>,
    /// Holds t, and then what meets the errors in the weights' gradients: of stage i, [2 batch, inputs of stage i].
    /// Empty without a penalty.
    tangents: Vec<Vec<f32>>,
    classes: Classes,
    /// Holds the class of each row's picture, of a pair the same twice.
    labels: Vec<usize>,
    /// Holds D's logit of each row: what its last stage gives, by the row's class.
    opinion: Vec<f32>,
    /// Holds s, the derivative of the loss by each row's logit.
    signal: Vec<f32>,
    /// Holds the squared norms of the rows of g; in G's update, of the gradients by generated pictures.
    squares: Vec<f32>,
    /// Holds the loss of each pair: [batch].
    losses: Vec<f32>,
    /// Holds c, the penalty's weight of each row.
    penalty: Vec<f32>,
    /// Weighs rows where all count alike.
    ones: Vec<f32>,
    d_gradient: Vec<f32>,
    g_gradient: Vec<f32>,
    /// Keeps the last step's logits for [`Stepwise::probe`]: before D's update, real and generated, and after it;
    /// [batch] each.
    logits: [Vec<f32>; 3],
}

impl Layers {
    /// Makes an engine that goes on from `state`, on at most `threads` threads: fewer where a thread would get less
    /// than eight pairs of pictures.
    pub fn new(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, threads: usize) -> Self {
        let (batch, pixels) = (recipe.batch, pictures.pixels());
        let g = Passes::new(recipe.generator_network(pictures.shape), batch);
        let d = Passes::new(recipe.discriminator_network(pictures.shape), 2 * batch);
        let both = |columns: usize| vec![0.0; 2 * batch * columns];
        let tangents = if recipe.has_penalty() { &d.network.stages[..] } else { &[] };
        Self {
            pool: Pool::new(threads.min((batch / 8).max(1))),
            x: both(pixels),
            tangents: tangents.iter().map(|stage| both(stage.inputs)).collect(),
            classes: recipe.classes_of(pictures.shape),
            labels: vec![0; 2 * batch],
            opinion: both(1),
            signal: both(1),
            squares: both(1),
            losses: vec![0.0; batch],
            penalty: both(1),
            ones: vec![1.0; 2 * batch],
            d_gradient: vec![0.0; d.network.len()],
            g_gradient: vec![0.0; g.network.len()],
            logits: std::array::from_fn(|_| vec![0.0; batch]),
            recipe: recipe.clone(),
            state: state.clone(),
            pictures,
            g,
            d,
        }
    }

    /// Writes the minibatch's pictures as D sees them, the real ones and those that G makes of z.
    fn pictures(&mut self, input: &StepInput) {
        let Self { recipe, pictures, state, pool, g, x, labels, .. } = self;
        let (batch, pixels, offset) = (recipe.batch, pictures.pixels(), recipe.d_input_offset as f32);
        let (of_real, of_generated) = labels.split_at_mut(batch);
        for ((real, generated), &index) in of_real.iter_mut().zip(of_generated).zip(input.indices) {
            *real = pictures.label(index);
            *generated = *real;
        }
        let (real, generated) = x.split_at_mut(batch * pixels);
        pool.split_evenly(batch, batch / 8, [real], |part, [real]| {
            for (row, &index) in real.chunks_exact_mut(pixels).zip(&input.indices[part]) {
                pictures.scaled(index, row);
                row.iter_mut().for_each(|x| *x += offset);
            }
        });
        g.forward(pool, &state.generator.parameters, input.inputs, 0..batch);
        let images = g.output();
        pool.split_evenly(batch, batch / 8, [generated], |part, [generated]| {
            let images = matrix(images, 0, &part, pixels);
            sum_with(&mut MatrixMut::new(generated, part.len(), pixels), images, offset);
        });
    }

    /// Runs D forward and back, and the penalties' tangent where there is one; `penalties`: c of real and of generated
    /// pictures.
    fn d_rows(&mut self, penalties: [f32; 2]) {
        let rows = 0..2 * self.recipe.batch;
        let parameters = &self.state.discriminator.parameters;
        self.d.forward(&mut self.pool, parameters, &self.x, rows.clone());
        logits(self.classes, self.d.output(), &self.labels, &mut self.opinion);
        let (signal, losses) = (&mut self.signal, &mut self.losses);
        pairs::of_d(&self.recipe, halves(&self.opinion, signal, losses));
        let start = if self.tangents.is_empty() { &self.signal } else { &self.ones };
        let errors = self.d.errors.last_mut().expect("a network has a stage");
        by_opinion(self.classes, start, &self.labels, errors);
        self.d.backward(&mut self.pool, parameters, rows);
        if !self.tangents.is_empty() {
            self.tangents(penalties);
        }
    }

    /// Works out t of the header, and adds s x to each: what meets the chain.
    fn tangents(&mut self, [real, generated]: [f32; 2]) {
        let Self { recipe, state, pool, d, x, tangents, signal, squares, penalty, .. } = self;
        let (n, parameters) = (2 * recipe.batch, &state.discriminator.parameters);
        penalty[..recipe.batch].fill(real);
        penalty[recipe.batch..].fill(generated);
        d.to_input(pool, parameters, 0..n, &mut tangents[0]);
        let (signal, penalty) = (&*signal, &*penalty);
        for (i, stage) in d.network.stages.iter().enumerate() {
            let (before, after) = tangents.split_at_mut(i + 1);
            let (tangent, next) = (&mut before[i], after.first_mut());
            let given = if i == 0 { &x[..] } else { &d.outputs[i - 1] };
            let blend = |part: &std::ops::Range<usize>, tangent: &mut [f32], squares: &mut [f32]| {
                let (given, signal) = (matrix(given, 0, part, stage.inputs), &signal[part.clone()]);
                let mut tangent = MatrixMut::new(tangent, part.len(), stage.inputs);
                match i {
                    // Until here it has held g itself.
                    0 => blend_rows(&mut tangent, &penalty[part.clone()], given, signal, squares),
                    _ => add_scaled(&mut tangent, given, signal),
                }
            };
            let most = n / 8;
            let Some(next) = next else {
                pool.split_evenly(n, most, [tangent, squares], |part, [tangent, squares]| {
                    blend(&part, tangent, squares)
                });
                continue;
            };
            pool.split_evenly(
                n,
                passes::pieces(n, stage),
                [tangent, squares, next],
                |part, [tangent, squares, next]| {
                    let mut next = MatrixMut::new(next, part.len(), stage.outputs);
                    map(stage, parameters).apply(Matrix::new(tangent, part.len(), stage.inputs), &mut next);
                    if !planted::here(Bug::MaskLeftOut) {
                        times_derivative(&mut next, matrix(&d.outputs[i], 0, &part, stage.outputs), stage.activation);
                    }
                    if i == 0 {
                        scale_rows(&mut next, &penalty[part.clone()]);
                    }
                    blend(&part, tangent, squares);
                },
            );
        }
    }

    /// Works out D's gradient and moves D by it.
    fn d_update(&mut self, adam: Adam) {
        let Self { state, pool, d, x, tangents, signal, ones, d_gradient, .. } = self;
        let update = Update {
            adam,
            slot: &mut state.discriminator,
            ema: None,
            gradient: d_gradient,
            weights: if tangents.is_empty() { ones } else { signal },
        };
        d.update(pool, update, |stage| match tangents.get(stage) {
            Some(blended) => blended,
            None if stage == 0 => x,
            None => &d.outputs[stage - 1],
        });
    }

    /// Asks the updated D about the generated pictures, and takes G's errors back through G.
    fn g_rows(&mut self) {
        let Self { recipe, pictures, state, pool, g, d, x, signal, squares, losses, classes, labels, opinion, .. } =
            self;
        let (batch, pixels, parameters) = (recipe.batch, pictures.pixels(), &state.discriminator.parameters);
        let looks_at_real = recipe.loss.terms().g_looks_at_real && !planted::here(Bug::StaleLogits);
        d.forward(pool, parameters, x, if looks_at_real { 0 } else { batch }..2 * batch);
        logits(*classes, d.output(), labels, opinion);
        pairs::of_g(recipe, halves(opinion, signal, losses));
        let generated = batch..2 * batch;
        let errors = &mut d.errors.last_mut().expect("a network has a stage")[batch * classes.opinions()..];
        by_opinion(*classes, &signal[generated.clone()], &labels[generated.clone()], errors);
        d.backward(pool, parameters, generated.clone());
        let (last, images) = (g.errors.last_mut().expect("a network has a stage"), g.outputs.last().expect("as many"));
        d.to_input(pool, parameters, generated, last);
        pool.split_evenly(batch, batch / 8, [last, &mut squares[..batch]], |part, [by_image, squares]| {
            let n = part.len();
            let (mut by_image, mut squares) = (MatrixMut::new(by_image, n, pixels), MatrixMut::new(squares, n, 1));
            // A recipe is refused unless its G ends in tanh.
            tanh_derivative_and_squares(&mut by_image, matrix(images, 0, &part, pixels), &mut squares);
        });
        g.backward(pool, &state.generator.parameters, 0..batch);
    }

    /// Works out G's gradient, moves G by it, and the moving average.
    fn g_update(&mut self, adam: Adam, inputs: &[f32]) {
        let Self { recipe, state, pool, g, ones, g_gradient, .. } = self;
        let State { generator: slot, ema, .. } = state;
        let ema = ema.as_deref_mut();
        let update = Update { adam, slot, ema, gradient: g_gradient, weights: &ones[..recipe.batch] };
        g.update(pool, update, |stage| if stage == 0 { inputs } else { &g.outputs[stage - 1] });
    }
}

/// Pairs logits, signals and losses up where the real pictures' rows come first: [2 batch], [2 batch], [batch].
fn halves<'a>(logits: &[f32], signal: &'a mut [f32], losses: &'a mut [f32]) -> impl Iterator<Item = pairs::Row<'a>> {
    let (real, fake) = logits.split_at(losses.len());
    let (by_real, by_fake) = signal.split_at_mut(losses.len());
    let signals = by_real.iter_mut().zip(by_fake).map(|(by_real, by_fake)| [by_real, by_fake]);
    real.iter()
        .zip(fake)
        .map(|(&real, &fake)| [real, fake])
        .zip(signals)
        .zip(losses)
        .map(|((logits, signals), loss)| (logits, signals, loss))
}

impl Engine for Layers {
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
        Ok(self.state.clone())
    }

    fn generate(&self, _: usize, inputs: &[f32]) -> Result<Vec<f32>> {
        Ok(pictures_of(&self.g.network, self.state.exported(), inputs))
    }
}

impl Stepwise for Layers {
    fn step(&mut self, input: &StepInput) -> Result<StepStats> {
        let batch = self.recipe.batch;
        let penalties = pairs::penalties(&self.recipe, &input.rates);
        let adam = Adam::new(&self.recipe, &input.rates, input.step);
        self.pictures(input);
        self.d_rows(penalties);
        let (real, fake) = self.opinion.split_at(batch);
        self.logits[0].copy_from_slice(real);
        self.logits[1].copy_from_slice(fake);
        let (of_real, of_fake) = self.squares.split_at(batch);
        let squares = [(of_real, penalties[0]), (of_fake, penalties[1])].map(|(of, c)| (c > 0.0).then(|| of.iter()));
        let stats = pairs::d_stats(self.recipe.loss, [real, fake], &self.losses, squares);
        self.d_update(adam);
        self.g_rows();
        self.g_update(adam, input.inputs);
        self.state.step = input.step + 1;
        self.logits[2].copy_from_slice(&self.opinion[batch..]);
        let [g_loss, g_gradient] = pairs::g_stats(&self.losses, self.squares[..batch].iter());
        Ok(StepStats { g_loss, g_gradient, ..stats })
    }

    fn probe(&self) -> Result<Vec<Probe>> {
        let gradients = [&self.d_gradient[..], &self.g_gradient];
        Ok(super::probes([&self.d.network, &self.g.network], &self.logits, gradients, &self.state))
    }
}

/// Makes each row's logit of what D's last stage gave: [rows, opinions] -> [rows].
fn logits(classes: Classes, opinions: &[f32], labels: &[usize], logits: &mut [f32]) {
    let rows = opinions.chunks_exact(classes.opinions());
    for ((logit, row), &label) in logits.iter_mut().zip(rows).zip(labels) {
        *logit = classes.logit(row, label);
    }
}

/// Takes errors of logits back to what D's last stage gave: [rows] -> [rows, opinions].
fn by_opinion(classes: Classes, by_logit: &[f32], labels: &[usize], errors: &mut [f32]) {
    let rows = errors.chunks_exact_mut(classes.opinions());
    for ((row, &error), &label) in rows.zip(by_logit).zip(labels) {
        for (opinion, slot) in row.iter_mut().enumerate() {
            *slot = error * classes.share(opinion, label);
        }
    }
}

/// Draws pictures by a generator with the given parameters, whatever engine trained it: G's inputs [n, latent + classes]
/// -> [n, pixels], in [-1, 1].
pub fn pictures_of(network: &Network, parameters: &[f32], inputs: &[f32]) -> Vec<f32> {
    let n = inputs.len() / network.inputs();
    network.stages.iter().fold(inputs.to_vec(), |x, stage| {
        let mut out = vec![0.0; n * stage.outputs];
        let x = Matrix::new(&x, n, stage.inputs);
        forward_stage(stage, parameters, x, &mut MatrixMut::new(&mut out, n, stage.outputs));
        out
    })
}

#[cfg(test)]
mod tests;
