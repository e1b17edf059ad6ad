//! The judge's network, forward: LeNet-5's row of layers with ReLU, max pooling and wider convolutions.
//!
//! ```text
//! [1 picture] conv 5x5 -> 16, pool 2x2, conv 5x5 -> 32, pool 2x2, dense -> 120 -> 84 -> classes
//! ```
//!
//! Maps are [n, rows, columns, channels], so that a row of a 5 by 5 patch lies in one piece, a convolution is one matrix
//! product over gathered patches, and pooling runs over channels. The maximum is taken before bias and ReLU, which
//! commute with it: a quarter of the work. The 84 activations before the last layer are the features that pictures are
//! compared by.
//!
//! Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, section II.B.

use std::ops::Range;

use failure::{Failure, Result};
use linear::product::{Matrix, MatrixMut};
use net::{Initial, Tensor as TensorSpec};

/// Counts the numbers that a picture is compared by, as many as LeNet-5 has before its last layer.
pub const FEATURES: usize = 84;
/// Counts the rows, and the columns, of a convolution's kernel; [`POOL`] those of a pool.
pub(super) const KERNEL: usize = 5;
pub(super) const POOL: usize = 2;
/// Counts the maps after the first and the second convolution; LeNet-5 has 6 and 16.
const CHANNELS: [usize; 2] = [16, 32];
/// Sets the width of the first dense layer.
const HIDDEN: usize = 120;

/// Describes a convolution with its pooling: [rows, columns, inputs] -> [pooled rows, pooled columns, outputs].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Stage {
    /// Gives rows and columns between convolution and pooling.
    pub(super) fn convolved(&self) -> [usize; 2] {
        [self.rows - (KERNEL - 1), self.columns - (KERNEL - 1)]
    }

    /// Gives rows and columns after pooling, which leaves out a last odd one.
    pub(super) fn pooled(&self) -> [usize; 2] {
        self.convolved().map(|side| side / POOL)
    }

    /// Counts the numbers in a patch.
    pub(super) fn patch(&self) -> usize {
        KERNEL * KERNEL * self.inputs
    }

    /// Calls `visit` with where each row of each patch of `n` pictures starts, in the map and among the patches.
    pub(super) fn for_each_patch_row(&self, n: usize, mut visit: impl FnMut(usize, usize)) {
        let [rows, columns] = self.convolved();
        let length = KERNEL * self.inputs;
        let mut patch_row = 0;
        for picture in 0..n {
            for y in 0..rows {
                for x in 0..columns {
                    for ky in 0..KERNEL {
                        visit(((picture * self.rows + y + ky) * self.columns + x) * self.inputs, patch_row);
                        patch_row += length;
                    }
                }
            }
        }
    }

    /// Calls `visit` with where each pool of `n` pictures starts: the four places in the convolved map, and the place in
    /// the pooled one. At each, `outputs` numbers follow.
    pub(super) fn for_each_pool(&self, n: usize, mut visit: impl FnMut([usize; POOL * POOL], usize)) {
        let ([rows, columns], [pooled_rows, pooled_columns]) = (self.convolved(), self.pooled());
        let mut to = 0;
        for picture in 0..n {
            for y in 0..pooled_rows {
                for x in 0..pooled_columns {
                    let corner = ((picture * rows + POOL * y) * columns + POOL * x) * self.outputs;
                    let below = corner + columns * self.outputs;
                    visit([corner, corner + self.outputs, below, below + self.outputs], to);
                    to += self.outputs;
                }
            }
        }
    }
}

/// Holds the sizes of a judge's network, which its weights must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    pub(super) stages: [Stage; 2],
    /// Lists the widths from the last map, flattened, to the logits.
    pub(super) dense: [usize; 4],
}

impl Architecture {
    /// Gives the sizes for pictures of `image_shape` = [channels, rows, columns], grey or in colour, in `classes` classes.
    ///
    /// # Errors
    /// Refuses pictures of other than one channel or three, or too small for two convolutions and two poolings.
    pub fn new(image_shape: [usize; 3], classes: usize) -> Result<Self> {
        let [channels, rows, columns] = image_shape;
        // The smallest side that leaves a pixel: ((1 * 2 + 4) * 2 + 4).
        let smallest = (POOL + KERNEL - 1) * POOL + KERNEL - 1;
        if !matches!(channels, 1 | 3) || rows.min(columns) < smallest {
            return Err(Failure::usage(format!(
                "pictures of {channels} by {rows} by {columns} cannot be judged: the judge takes one channel or \
                 three, and at least {smallest} by {smallest} pixels"
            )));
        }
        let first = Stage { rows, columns, inputs: channels, outputs: CHANNELS[0] };
        let [rows, columns] = first.pooled();
        let second = Stage { rows, columns, inputs: CHANNELS[0], outputs: CHANNELS[1] };
        let [rows, columns] = second.pooled();
        Ok(Self { stages: [first, second], dense: [rows * columns * CHANNELS[1], HIDDEN, FEATURES, classes] })
    }

    /// Gives [channels, rows, columns] of the pictures that the network takes.
    pub fn image_shape(&self) -> [usize; 3] {
        [self.stages[0].inputs, self.stages[0].rows, self.stages[0].columns]
    }

    /// Counts the kinds of pictures that the network tells apart.
    pub fn classes(&self) -> usize {
        self.dense[3]
    }

    /// Lists name, shape and place of every parameter, weight then bias, layer by layer. A kernel is [outputs, 5, 5,
    /// inputs], a dense weight [outputs, inputs].
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut tensors: Vec<TensorSpec> = Vec::new();
        let mut put = |name: String, shape: Vec<usize>| {
            let start = tensors.last().map_or(0, |tensor| tensor.range.end);
            let range = start..start + shape.iter().product::<usize>();
            let inputs: usize = shape[1..].iter().product();
            // He-uniform (He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015), in f32 as it has always been.
            let limit = f64::from((6.0 / inputs as f32).sqrt());
            let initial = if shape.len() > 1 { Initial::Uniform { limit } } else { Initial::Zero };
            tensors.push(TensorSpec { name, shape, range, initial });
        };
        for (number, stage) in (1..).zip(&self.stages) {
            put(format!("conv{number}.weight"), vec![stage.outputs, KERNEL, KERNEL, stage.inputs]);
            put(format!("conv{number}.bias"), vec![stage.outputs]);
        }
        for (number, pair) in (1..).zip(self.dense.windows(2)) {
            put(format!("dense{number}.weight"), vec![pair[1], pair[0]]);
            put(format!("dense{number}.bias"), vec![pair[1]]);
        }
        tensors
    }

    /// Says where weight and bias of layer `layer` (0 and 1 convolutions, 2 to 4 dense) lie.
    pub(super) fn places(&self, layer: usize) -> [Range<usize>; 2] {
        let tensors = self.tensors();
        [tensors[2 * layer].range.clone(), tensors[2 * layer + 1].range.clone()]
    }
}

/// Holds what a forward pass of n pictures leaves, which is all that the backward pass needs. Made once, and filled
/// again and again: its megabytes would otherwise be asked of the system and given back for every few pictures.
#[derive(Default)]
pub(super) struct Pass {
    /// Holds the patches of each stage: [n * convolved rows * convolved columns, patch].
    pub(super) patches: [Vec<f32>; 2],
    /// Holds the map of each stage before pooling: [n, convolved rows, convolved columns, outputs].
    pub(super) convolved: [Vec<f32>; 2],
    /// Holds the map of each stage, pooled, with bias and ReLU: [n, pooled rows, pooled columns, outputs].
    pub(super) maps: [Vec<f32>; 2],
    /// Holds what the dense layers give: [n, 120], [n, 84] after ReLU, [n, classes] without.
    pub(super) dense: [Vec<f32>; 3],
}

/// Runs the network forward. parameters: flat, by [`Architecture::tensors`]; pixels: [n, channels, rows, columns], in [-1, 1].
pub(super) fn forward(architecture: &Architecture, parameters: &[f32], pixels: &[f32], pass: &mut Pass) {
    let n = pixels.len() / architecture.image_shape().iter().product::<usize>();
    let places = |layer| architecture.places(layer).map(|range| &parameters[range]);
    let side_by_side;
    let pixels = if architecture.stages[0].inputs == 1 {
        pixels
    } else {
        side_by_side = interleaved(pixels, architecture.image_shape());
        &side_by_side
    };
    let Pass { patches, convolved, maps: [first, second], dense: [hidden, features, logits] } = pass;
    for (layer, stage) in architecture.stages.into_iter().enumerate() {
        let (from, to) = if layer == 0 { (pixels, &mut *first) } else { (&**first, &mut *second) };
        convolve(stage, n, from, places(layer), &mut patches[layer], &mut convolved[layer], to);
    }
    let dense = |layer: usize, x: &[f32], out: &mut Vec<f32>, relu: bool| {
        let [weight, bias] = places(2 + layer);
        let (inputs, outputs) = (architecture.dense[layer], architecture.dense[layer + 1]);
        out.resize(n * outputs, 0.0);
        MatrixMut::new(out, n, outputs).product(Matrix::new(x, n, inputs), Matrix::new(weight, outputs, inputs).t());
        let least = if relu { 0.0 } else { f32::NEG_INFINITY };
        for row in out.chunks_exact_mut(outputs) {
            row.iter_mut().zip(bias).for_each(|(value, b)| *value = (*value + b).max(least));
        }
    };
    dense(0, second, hidden, true);
    dense(1, hidden, features, true);
    dense(2, features, logits, false);
}

/// Gives [n, channels, rows, columns] as [n, rows, columns, channels], as maps are.
fn interleaved(pixels: &[f32], [channels, rows, columns]: [usize; 3]) -> Vec<f32> {
    let plane = rows * columns;
    let picture = |planes: &[f32]| -> Vec<f32> {
        (0..plane * channels).map(|at| planes[at % channels * plane + at / channels]).collect()
    };
    pixels.chunks_exact(channels * plane).flat_map(picture).collect()
}

/// Fills the patches of `map`, the map before pooling, and the one after it.
fn convolve(
    stage: Stage,
    n: usize,
    map: &[f32],
    [weight, bias]: [&[f32]; 2],
    patches: &mut Vec<f32>,
    convolved: &mut Vec<f32>,
    pooled: &mut Vec<f32>,
) {
    let (places, length) = (n * stage.convolved().iter().product::<usize>(), KERNEL * stage.inputs);
    patches.resize(places * stage.patch(), 0.0);
    stage.for_each_patch_row(n, |from, to| patches[to..to + length].copy_from_slice(&map[from..from + length]));
    convolved.resize(places * stage.outputs, 0.0);
    let weight = Matrix::new(weight, stage.outputs, stage.patch());
    MatrixMut::new(convolved, places, stage.outputs).product(Matrix::new(patches, places, stage.patch()), weight.t());
    pooled.resize(n * stage.pooled().iter().product::<usize>() * stage.outputs, 0.0);
    stage.for_each_pool(n, |from, to| {
        let [a, b, c, d] = from.map(|start| &convolved[start..start + stage.outputs]);
        for (i, slot) in pooled[to..to + stage.outputs].iter_mut().enumerate() {
            *slot = (a[i].max(b[i]).max(c[i].max(d[i])) + bias[i]).max(0.0);
        }
    });
}
