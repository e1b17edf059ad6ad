//! The two networks' passes over the rows of one part of a minibatch, and the gradients that all rows add up to.
//!
//! Every pass here is local to its rows: it reads the parameters and its own rows and writes its own rows. What sums over
//! rows, the gradients by the parameters, is cut by parameters instead, so no part adds to what another adds to.

use std::ops::Range;

use super::elementwise::{add_rows, bias_leaky, bias_tanh, dots, mask, masked_weight};
use super::product::{Matrix, MatrixMut};
use crate::layout::Layout;

/// A network's parameters, and what its passes need to know of it.
#[derive(Clone, Copy)]
pub struct Network<'a> {
    pub layout: &'a Layout,
    pub parameters: &'a [f32],
    pub slope: f32,
}

impl<'a> Network<'a> {
    /// Weight of `layer`: [out, in].
    pub fn weight(self, layer: usize) -> Matrix<'a> {
        let widths = &self.layout.widths;
        Matrix::new(&self.parameters[self.layout.weight(layer)], widths[layer + 1], widths[layer])
    }

    fn bias(self, layer: usize) -> &'a [f32] {
        &self.parameters[self.layout.bias(layer)]
    }

    /// h1 and h2 of `input`, by either network's hidden layers. input: [n, in]; h1, h2: [n, width].
    fn hidden(self, input: Matrix, h1: &mut MatrixMut, h2: &mut MatrixMut) {
        h1.product(input, self.weight(0).t());
        bias_leaky(h1, self.bias(0), self.slope);
        h2.product(h1.read(), self.weight(1).t());
        bias_leaky(h2, self.bias(1), self.slope);
    }

    /// As G: z [n, latent] -> images [n, pixels].
    pub fn images(self, z: Matrix, h1: &mut MatrixMut, h2: &mut MatrixMut, images: &mut MatrixMut) {
        self.hidden(z, h1, h2);
        images.product(h2.read(), self.weight(2).t());
        bias_tanh(images, self.bias(2));
    }

    /// As G: the gradients by both hidden layers' sums, from those by the output's.
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

    /// As D: x [n, pixels] -> logits [n, 1].
    pub fn logits(self, x: Matrix, h1: &mut MatrixMut, h2: &mut MatrixMut, logits: &mut MatrixMut) {
        self.hidden(x, h1, h2);
        dots(logits, h2.read(), self.output_weight(), self.bias(2)[0]);
    }

    /// As D: a2 of the engine's header, and a1 but for its mask.
    pub fn chain(self, h2: Matrix, a1: &mut MatrixMut, a2: &mut MatrixMut) {
        masked_weight(a2, h2, self.output_weight(), self.slope);
        a1.product(a2.read(), self.weight(1));
    }

    fn output_weight(self) -> &'a [f32] {
        &self.parameters[self.layout.weight(2)]
    }
}

/// What the gradients by one layer's parameters are made of, over all rows of the minibatch:
/// dW = error' input, db = the sum over rows of `weights[b] * error`.
pub struct LayerGradient<'a> {
    pub error: Matrix<'a>,
    pub input: Matrix<'a>,
    pub weights: &'a [f32],
}

/// The part `range` of a network's gradient, in the layout's order. Its ends lie between rows of weights.
pub fn gradient(layout: &Layout, range: Range<usize>, layers: &[LayerGradient; 3], out: &mut [f32]) {
    for (index, tensor) in layout.tensors.iter().enumerate() {
        let (from, to) = (tensor.range.start.max(range.start), tensor.range.end.min(range.end));
        if from >= to {
            continue;
        }
        let out = &mut out[from - range.start..to - range.start];
        let LayerGradient { error, input, weights } = &layers[index / 2];
        let row = tensor.shape.get(1).copied().unwrap_or(1);
        let rows = (from - tensor.range.start) / row..(to - tensor.range.start) / row;
        if tensor.shape.len() == 2 {
            MatrixMut::new(out, rows.len(), row).product(error.columns(rows).t(), *input);
        } else {
            out.fill(0.0);
            add_rows(out, error.columns(rows), weights);
        }
    }
}
