//! The two networks' passes over the rows of one part of a minibatch, and the gradients that all rows add up to.
//!
//! Every pass here is local to its rows: it reads the parameters and its own rows and writes its own rows. What sums over
//! rows, the gradients by the parameters, is cut by parameters instead, so no part adds to what another adds to.

use super::super::elementwise::{Picked, bias_leaky, bias_tanh, dots, mask, masked_weight};
use super::super::planted::{self, Bug};
use super::ink::{self, Inks};
use gan::Classes;
use linear::product::{Half, Matrix, MatrixMut};
use net::Network;

/// Runs G over rows of a minibatch, by the parameters that it holds.
#[derive(Clone, Copy)]
pub struct GeneratorPasses<'a> {
    /// Describes G: the places and shapes of its parameters.
    pub network: &'a Network,
    /// Holds G's parameters, flat.
    pub parameters: &'a [f32],
    /// Multiplies what is below 0 in each leaky ReLU.
    pub slope: f32,
}

impl<'a> GeneratorPasses<'a> {
    fn weight(self, layer: usize) -> Matrix<'a> {
        let stage = &self.network.stages[layer];
        Matrix::new(&self.parameters[stage.weight.clone()], stage.outputs, stage.inputs)
    }

    fn bias(self, layer: usize) -> &'a [f32] {
        &self.parameters[self.network.bias(layer)]
    }

    /// Draws pictures: z [n, latent] -> images [n, pixels], in [-1, 1]; leaves the hidden layers' outputs in h1, h2:
    /// [n, width].
    pub fn images(self, z: Matrix, h1: &mut MatrixMut, h2: &mut MatrixMut, images: &mut MatrixMut) {
        h1.product(z, self.weight(0).t());
        bias_leaky(h1, self.bias(0), self.slope);
        h2.product(h1.read(), self.weight(1).t());
        bias_leaky(h2, self.bias(1), self.slope);
        images.product(h2.read(), self.weight(2).t());
        bias_tanh(images, self.bias(2));
    }

    /// Takes the gradients by the output's sums, `by_output` [n, pixels], back to those by both hidden layers' sums:
    /// [n, width].
    pub fn hidden_errors(
        self,
        by_output: Matrix,
        h1: Matrix,
        h2: Matrix,
        by_h1: &mut MatrixMut,
        by_h2: &mut MatrixMut,
    ) {
        by_h2.product(by_output, self.weight(2));
        mask(by_h2, h2, self.slope);
        by_h1.product(by_h2.read(), self.weight(1));
        mask(by_h1, h1, self.slope);
    }
}

/// Runs D over rows of a minibatch, by the parameters that it holds. Here its first weight lies transposed, [pixels,
/// width]: a pixel's weights together, as [`ink`] needs them.
#[derive(Clone, Copy)]
pub struct DiscriminatorPasses<'a> {
    /// Describes D: the places and shapes of its parameters, the first weight's as elsewhere, [width, pixels].
    pub network: &'a Network,
    /// Holds D's parameters, flat, the first weight transposed.
    pub parameters: &'a [f32],
    /// Multiplies what is below 0 in each leaky ReLU.
    pub slope: f32,
    /// Holds a black pixel as D sees it, the recipe's offset added.
    pub black: f32,
}

impl<'a> DiscriminatorPasses<'a> {
    /// Gives W1: [width, pixels].
    pub fn w1(self) -> Matrix<'a> {
        let (pixels, width) = (self.network.stages[0].inputs, self.network.stages[0].outputs);
        Matrix::new(self.w1_by_pixel(), pixels, width).t()
    }

    fn w1_by_pixel(self) -> &'a [f32] {
        &self.parameters[self.network.weight(0)]
    }

    /// Gives W2: [width, width].
    pub fn w2(self) -> Matrix<'a> {
        let width = self.network.stages[0].outputs;
        Matrix::new(&self.parameters[self.network.weight(1)], width, width)
    }

    fn bias(self, layer: usize) -> &'a [f32] {
        &self.parameters[self.network.bias(layer)]
    }

    /// Gives h1 of pictures as they are: x [n, pixels] -> h1 [n, width].
    pub fn first_layer(self, x: Matrix, h1: &mut MatrixMut) {
        h1.product(x, self.w1().t());
        bias_leaky(h1, self.bias(0), self.slope);
    }

    /// Gives h1 of the real pictures `indices` by their ink alone, a row for each: h1 [n, width]. `scratch`: [width].
    pub fn first_layer_by_ink(self, inks: &Inks, indices: &[u32], h1: &mut MatrixMut, scratch: &mut [f32]) {
        let all_black = if self.black == 0.0 {
            self.bias(0)
        } else {
            ink::sum_of_rows(scratch, self.w1_by_pixel());
            for (all_black, bias) in scratch.iter_mut().zip(self.bias(0)) {
                *all_black = bias + self.black * *all_black;
            }
            scratch
        };
        let (pixels, width) = (self.network.stages[0].inputs, self.network.stages[0].outputs);
        ink::product(h1, inks, indices, Matrix::new(self.w1_by_pixel(), pixels, width));
        bias_leaky(h1, all_black, self.slope);
    }

    /// Runs what follows h1: h1 [n, width] -> h2 [n, width] and logits [n, 1].
    pub fn rest(self, h1: Matrix, h2: &mut MatrixMut, logits: &mut MatrixMut, last: LastLayer) {
        h2.product(h1, self.w2().t());
        bias_leaky(h2, self.bias(1), self.slope);
        dots(logits, h2.read(), last.weight, last.bias);
    }

    /// Gives a2 of the engine's header, and a1 but for its mask: both [n, width].
    pub fn chain(self, h2: Matrix, a1: &mut MatrixMut, a2: &mut MatrixMut, last: LastLayer) {
        masked_weight(a2, h2, last.weight, self.slope);
        let w2 = if planted::here(Bug::TransposedIndex) { self.w2().t() } else { self.w2() };
        a1.product(a2.read(), w2);
    }
}

/// Shows what makes a row's logit of h2: w3 and its bias, where there are classes those of the row's.
#[derive(Clone, Copy)]
pub struct LastLayer<'a> {
    /// Gives the weight of each row: of [width].
    pub weight: Picked<'a>,
    /// Gives the bias of each row: of [1].
    pub bias: Picked<'a>,
}

/// Holds D's last layer class by class, each summed up with what counts for all; without classes, as it is.
pub struct LastLayers {
    classes: Classes,
    /// Holds [classes or 1, width].
    weights: Vec<f32>,
    /// Holds [classes or 1].
    biases: Vec<f32>,
}

impl LastLayers {
    /// Makes room for the last layer of a D of this width.
    pub fn new(classes: Classes, width: usize) -> Self {
        let count = classes.0.max(1);
        Self { classes, weights: vec![0.0; count * width], biases: vec![0.0; count] }
    }

    /// Sums up the last layer of `network`, D's, as it stands in `parameters`.
    pub fn take(&mut self, network: &Network, parameters: &[f32]) {
        let (weight, bias) = (&parameters[network.weight(2)], &parameters[network.bias(2)]);
        let width = self.weights.len() / self.biases.len();
        for (label, (row, own)) in self.weights.chunks_exact_mut(width).zip(&mut self.biases).enumerate() {
            row.copy_from_slice(&weight[..width]);
            *own = bias[0];
            if self.classes.0 > 0 {
                let of_class = &weight[(1 + label) * width..(2 + label) * width];
                row.iter_mut().zip(of_class).for_each(|(all, own)| *all += own);
                *own += bias[1 + label];
            }
        }
    }

    /// Shows it for rows of which each `rows_a_label` are of one of these classes: `labels`, of no account without classes.
    pub fn of<'a>(&'a self, labels: &'a [usize], rows_a_label: usize) -> LastLayer<'a> {
        let labels = if self.classes.0 == 0 { &[] } else { labels };
        let width = self.weights.len() / self.biases.len();
        LastLayer {
            weight: Picked::of_classes(&self.weights, width, labels, rows_a_label),
            bias: Picked::of_classes(&self.biases, 1, labels, rows_a_label),
        }
    }
}

/// Names the real pictures of a part of the minibatch, with their ink where it is worth it.
#[derive(Clone, Copy)]
pub struct Real<'a> {
    pub inks: Option<&'a Inks>,
    pub indices: &'a [u32],
}

/// Runs D's first layer over all pictures of a part: x [2 n, pixels] -> h1 [2 n, width]; over the real ones only if
/// they are `wanted`. `scratch`: [width].
pub fn first_layer(d: DiscriminatorPasses, x: &[f32], real: Real, wanted: bool, h1: &mut [f32], scratch: &mut [f32]) {
    let (pixels, width) = (d.network.stages[0].inputs, d.network.stages[0].outputs);
    let n = real.indices.len();
    if wanted && real.inks.is_none() {
        return d.first_layer(Matrix::new(x, 2 * n, pixels), &mut MatrixMut::new(h1, 2 * n, width));
    }
    let generated = Matrix::half(x, Half::Generated, n, pixels);
    d.first_layer(generated, &mut MatrixMut::half(h1, Half::Generated, n, width));
    if let (true, Some(inks)) = (wanted, real.inks) {
        d.first_layer_by_ink(inks, real.indices, &mut MatrixMut::half(h1, Half::Real, n, width), scratch);
    }
}
