//! Gradients by a network's parameters: what all rows of the minibatch add up to, cut by parameters.

use std::ops::Range;

use super::super::elementwise::sum_rows;
use linear::product::{Matrix, MatrixMut};
use net::Network;

/// Holds what the gradients by one layer's parameters are made of: dW = error' input, db = the sum over rows of
/// `weights[b] * error`. Both matrices have one row for each row of the minibatch.
pub struct Layer<'a> {
    pub error: Matrix<'a>,
    pub input: Matrix<'a>,
    pub weights: &'a [f32],
}

/// Gives the tensors of `network` that have parameters in `range`: each one's index, which of its rows they are (for a
/// bias: which elements), and its part of `out`. The ends of `range` lie between rows.
pub fn pieces<'a>(
    network: &Network,
    range: Range<usize>,
    mut out: &'a mut [f32],
) -> impl Iterator<Item = (usize, Range<usize>, &'a mut [f32])> {
    network.tensors.iter().enumerate().filter_map(move |(index, tensor)| {
        let (from, to) = (tensor.range.start.max(range.start), tensor.range.end.min(range.end));
        if from >= to {
            return None;
        }
        let (piece, rest) = std::mem::take(&mut out).split_at_mut(to - from);
        out = rest;
        let row = tensor.shape.get(1).copied().unwrap_or(1);
        Some((index, (from - tensor.range.start) / row..(to - tensor.range.start) / row, piece))
    })
}

impl Layer<'_> {
    /// Writes the rows `rows` of dW: out [rows, columns].
    pub fn weight(&self, rows: Range<usize>, columns: usize, out: &mut [f32]) {
        MatrixMut::new(out, rows.len(), columns).product(self.error.columns(rows).t(), self.input);
    }

    /// Writes the elements `elements` of db.
    pub fn bias(&self, elements: Range<usize>, out: &mut [f32]) {
        sum_rows(out, self.error.columns(elements), self.weights);
    }
}
