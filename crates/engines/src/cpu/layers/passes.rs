//! A network's passes over the rows of a minibatch, stage by stage: forward, back, and the update of its parameters.
//!
//! A stage is one task of the [`Pool`]: its rows are shared out, or the rows of its weight, and nothing is summed by two threads.
//! Every pass writes into buffers that were made once.

use std::ops::Range;

use super::super::adam::{self, Adam};
use super::super::elementwise::{
    bias_alone, bias_leaky, bias_tanh, mask, plane_bias_alone, plane_bias_leaky, plane_bias_tanh, sum_planes, sum_rows,
    tanh_derivative,
};
use super::super::planted::{self, Bug};
use super::map::{LinearMap, weight_gradient};
use gan::Slot;
use linear::pool::Pool;
use linear::product::{Matrix, MatrixMut};
use net::{Activation, Map, Network, Stage};

/// Counts the rows of a product, or of a weight, that are worth a thread of their own. Fewer would be a shape for which
/// libraries have kernels that sum in another order.
const LEAST_ROWS: usize = 8;
/// Sends products with fewer weights to one thread, for both reasons: they are not worth two, and libraries sum small
/// shapes in another order.
const LEAST_WEIGHTS: usize = 64 * 64;

/// Holds a network and what its passes leave for each row of a minibatch, stage by stage.
pub struct Passes {
    pub network: Network,
    /// Holds what each stage gives: [rows, outputs of the stage].
    pub outputs: Vec<Vec<f32>>,
    /// Holds the gradients by what each stage's function is given: [rows, outputs of the stage].
    pub errors: Vec<Vec<f32>>,
}

/// Holds what moves a network's parameters.
pub struct Update<'a> {
    pub adam: Adam,
    pub slot: &'a mut Slot,
    /// Holds the moving average, where there is one.
    pub ema: Option<&'a mut [f32]>,
    /// Takes the gradient by all parameters, flat.
    pub gradient: &'a mut [f32],
    /// Weighs the errors of each row in a bias's gradient: [rows].
    pub weights: &'a [f32],
}

impl Passes {
    /// Makes the buffers for `rows` rows, once.
    pub fn new(network: Network, rows: usize) -> Self {
        let buffers = || network.stages.iter().map(|stage| vec![0.0; rows * stage.outputs]).collect();
        Self { outputs: buffers(), errors: buffers(), network }
    }

    /// Gives what the last stage gave: [rows, outputs].
    pub fn output(&self) -> &[f32] {
        self.outputs.last().expect("a network has a stage")
    }

    /// Runs the network forward over the rows `rows`. input: [all rows, inputs].
    pub fn forward(&mut self, pool: &mut Pool, parameters: &[f32], input: &[f32], rows: Range<usize>) {
        for (i, stage) in self.network.stages.iter().enumerate() {
            let (before, rest) = self.outputs.split_at_mut(i);
            let input = before.last().map_or(input, |output| output);
            let out = of_rows_mut(&mut rest[0], &rows, stage.outputs);
            pool.split_evenly(rows.len(), pieces(rows.len(), stage), [out], |part, [out]| {
                let n = part.len();
                let x = matrix(input, rows.start, &part, stage.inputs);
                forward_stage(stage, parameters, x, &mut MatrixMut::new(out, n, stage.outputs));
            });
        }
    }

    /// Takes errors back over the rows `rows`, from the last stage's, which the caller has put there, to the first's.
    pub fn backward(&mut self, pool: &mut Pool, parameters: &[f32], rows: Range<usize>) {
        for (i, stage) in self.network.stages.iter().enumerate().skip(1).rev() {
            let (before, after) = self.errors.split_at_mut(i);
            let (error, given) = (&after[0], &self.outputs[i - 1]);
            let out = of_rows_mut(&mut before[i - 1], &rows, stage.inputs);
            let activation = self.network.stages[i - 1].activation;
            pool.split_evenly(rows.len(), pieces(rows.len(), stage), [out], |part, [out]| {
                let mut out = MatrixMut::new(out, part.len(), stage.inputs);
                map(stage, parameters).apply_transposed(matrix(error, rows.start, &part, stage.outputs), &mut out);
                times_derivative(&mut out, matrix(given, rows.start, &part, stage.inputs), activation);
            });
        }
    }

    /// Takes the first stage's error to the gradient by the input: out [rows, inputs].
    pub fn to_input(&self, pool: &mut Pool, parameters: &[f32], rows: Range<usize>, out: &mut [f32]) {
        let (stage, error) = (&self.network.stages[0], &self.errors[0]);
        pool.split_evenly(rows.len(), pieces(rows.len(), stage), [out], |part, [out]| {
            let mut out = MatrixMut::new(out, part.len(), stage.inputs);
            map(stage, parameters).apply_transposed(matrix(error, rows.start, &part, stage.outputs), &mut out);
        });
    }

    /// Works out the gradient by all parameters and moves them by it. `input` gives, for each stage, the rows that its
    /// error meets in the weight's gradient: [rows, inputs].
    pub fn update<'i>(&self, pool: &mut Pool, update: Update, input: impl Fn(usize) -> &'i [f32]) {
        let Update { adam, slot, mut ema, gradient, weights } = update;
        let n = weights.len();
        for (i, stage) in self.network.stages.iter().enumerate() {
            let error = Matrix::new(&self.errors[i], n, stage.outputs);
            let x = Matrix::new(input(i), n, stage.inputs);
            let rows = stage.weight_rows();
            let most = if stage.weight.len() < LEAST_WEIGHTS { 1 } else { rows / LEAST_ROWS };
            let tensors = [(&stage.weight, rows, most), (&stage.bias, stage.bias.len(), 1)];
            for (tensor, (range, rows, most)) in tensors.into_iter().enumerate() {
                let gradient_of = |part: Range<usize>, out: &mut [f32]| match tensor {
                    0 => weight_gradient(stage, error, x, part, out),
                    _ if planted::here(Bug::BiasUnweighted) => {
                        sum_of_rows(out, error, &vec![1.0 / n as f32; n], stage.plane());
                    }
                    _ => sum_of_rows(out, error, weights, stage.plane()),
                };
                let theta = &mut slot.parameters[range.clone()];
                let (m, v) = (&mut slot.m[range.clone()], &mut slot.v[range.clone()]);
                let out = &mut gradient[range.clone()];
                match &mut ema {
                    Some(ema) => {
                        let of_all = [theta, m, v, &mut ema[range.clone()], out];
                        pool.split_evenly(rows, most, of_all, |part, [theta, m, v, ema, out]| {
                            gradient_of(part, out);
                            adam::update_with_ema(adam, theta, m, v, ema, out);
                        });
                    }
                    None => pool.split_evenly(rows, most, [theta, m, v, out], |part, [theta, m, v, out]| {
                        gradient_of(part, out);
                        adam::update(adam, theta, m, v, out);
                    }),
                }
            }
        }
    }
}

/// Counts the pieces that `rows` rows of a product of this stage are worth.
pub fn pieces(rows: usize, stage: &Stage) -> usize {
    match stage.map {
        Map::Dense if stage.weight.len() < LEAST_WEIGHTS => 1,
        Map::Dense => rows / LEAST_ROWS,
        // Each picture is a product of its own, whoever does it.
        Map::Conv(_) | Map::ConvTranspose(_) => rows * stage.flops() as usize / (2 * LEAST_WEIGHTS * LEAST_ROWS),
    }
}

/// Runs one stage forward: x [n, inputs] -> out [n, outputs].
pub fn forward_stage(stage: &Stage, parameters: &[f32], x: Matrix, out: &mut MatrixMut) {
    map(stage, parameters).apply(x, out);
    let bias = &parameters[stage.bias.clone()];
    match (stage.plane(), stage.activation) {
        (1, Activation::Identity) => bias_alone(out, bias),
        (1, Activation::LeakyRelu(slope)) => bias_leaky(out, bias, planted::slope(slope)),
        (1, Activation::Tanh) => bias_tanh(out, bias),
        (plane, Activation::Identity) => plane_bias_alone(&mut out.planes(plane), bias),
        (plane, Activation::LeakyRelu(slope)) => {
            plane_bias_leaky(&mut out.planes(plane), bias, planted::slope(slope));
        }
        (plane, Activation::Tanh) => plane_bias_tanh(&mut out.planes(plane), bias),
    }
}

/// Writes the sum over rows of `weights[b]` times row b, and over the `plane` numbers that share a bias. out: [biases]; values: [n,
/// biases · plane].
fn sum_of_rows(out: &mut [f32], values: Matrix, weights: &[f32], plane: usize) {
    match plane {
        1 => sum_rows(out, values, weights),
        plane => sum_planes(out, values, weights, plane),
    }
}

/// Multiplies by the derivative of a function where it gave `given`, in place: the gradient by what it gave becomes
/// that by what it was given. Both: [n, width].
pub fn times_derivative(values: &mut MatrixMut, given: Matrix, activation: Activation) {
    match activation {
        Activation::Identity => {}
        Activation::LeakyRelu(slope) => mask(values, given, planted::slope(slope)),
        Activation::Tanh => tanh_derivative(values, given),
    }
}

/// Gives the stage's linear map over its weight in `parameters`.
pub fn map<'a>(stage: &'a Stage, parameters: &'a [f32]) -> LinearMap<'a> {
    LinearMap { stage, weight: &parameters[stage.weight.clone()] }
}

/// Gives the rows `part`, counted from `start`, of values: [all rows, width].
pub fn matrix<'a>(values: &'a [f32], start: usize, part: &Range<usize>, width: usize) -> Matrix<'a> {
    Matrix::new(&values[(start + part.start) * width..(start + part.end) * width], part.len(), width)
}

/// Gives the rows `rows` of values: [all rows, width], to be written.
fn of_rows_mut<'a>(values: &'a mut [f32], rows: &Range<usize>, width: usize) -> &'a mut [f32] {
    &mut values[rows.start * width..rows.end * width]
}
