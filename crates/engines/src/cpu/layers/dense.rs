//! A dense map by its three products.
//!
//! A map to one number, as D's logit is, has vectors for products: plain loops, since a library's kernels for vectors sum in other
//! orders for other numbers of rows, and the number of threads must not show in the bits.

use std::ops::Range;

use super::super::elementwise::{Picked, dots, outer, sum_rows};
use super::super::planted::{self, Bug};
use linear::product::{Matrix, MatrixMut};

/// Holds a dense layer's linear map.
#[derive(Clone, Copy)]
pub struct Dense<'a> {
    /// Holds W: [outputs, inputs], row-major.
    pub weight: &'a [f32],
    pub inputs: usize,
    pub outputs: usize,
}

impl Dense<'_> {
    /// Writes out = x W'. x: [n, inputs]; out: [n, outputs].
    pub fn apply(self, x: Matrix, out: &mut MatrixMut) {
        match self.outputs {
            1 => dots(out, x, Picked::one(self.weight), Picked::one(&[0.0])),
            _ => out.product(x, self.matrix().t()),
        }
    }

    /// Writes out = e W. e: [n, outputs]; out: [n, inputs].
    pub fn apply_transposed(self, e: Matrix, out: &mut MatrixMut) {
        match self.outputs {
            1 => outer(out, e, self.weight),
            _ if planted::here(Bug::TransposedIndex) && self.inputs == self.outputs => {
                out.product(e, self.matrix().t())
            }
            _ => out.product(e, self.matrix()),
        }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::new(self.weight, self.outputs, self.inputs)
    }
}

/// Writes out = `rows` of e' x, a part of the gradient by W. e: [n, outputs]; x: [n, inputs]; out: [rows, inputs].
pub fn weight_gradient(e: Matrix, x: Matrix, rows: Range<usize>, out: &mut [f32]) {
    let (weights, _, outputs) = e.rows();
    let columns = out.len() / rows.len();
    match outputs {
        1 => sum_rows(out, x, weights),
        _ => MatrixMut::new(out, rows.len(), columns).product(e.columns(rows).t(), x),
    }
}
