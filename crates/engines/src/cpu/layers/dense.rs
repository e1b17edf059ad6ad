//! A linear map by its three products: all that a step does with one.
//!
//! `apply` takes rows forward, `apply_transposed` takes errors back, and `weight_gradient` is what two rows, one on either side,
//! add to the weight's gradient. They belong together by <W x, e> = <x, W' e> = <W, e x'>, which the tests below hold them to. A
//! layer of another kind is these three products of its own.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut numbers = vec![0.0; count];
        noise::fill_normal(seed, noise::philox::Stream::Samples, 0, &mut numbers);
        numbers
    }

    fn inner(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    /// Gives the sum of the magnitudes that an inner product adds up: its rounding is measured by it.
    fn weight_of(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) * f64::from(b)).abs()).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_three_products_are_of_one_map(
            n in 1usize..40, inputs in 1usize..90, outputs in 1usize..90, cut in 0.0f64..1.0, seed: u64,
        ) {
            let weight = numbers(seed, outputs * inputs);
            let (x, e) = (numbers(seed ^ 1, n * inputs), numbers(seed ^ 2, n * outputs));
            let map = Dense { weight: &weight, inputs, outputs };
            let (mut wx, mut we) = (vec![f32::NAN; n * outputs], vec![f32::NAN; n * inputs]);
            let (rows, errors) = (Matrix::new(&x, n, inputs), Matrix::new(&e, n, outputs));
            map.apply(rows, &mut MatrixMut::new(&mut wx, n, outputs));
            map.apply_transposed(errors, &mut MatrixMut::new(&mut we, n, inputs));
            let cut = (cut * outputs as f64) as usize;
            let mut gradient = vec![f32::NAN; outputs * inputs];
            let (above, below) = gradient.split_at_mut(cut * inputs);
            for (range, out) in [(0..cut, above), (cut..outputs, below)] {
                if !range.is_empty() {
                    weight_gradient(errors, rows, range, out);
                }
            }
            // Of a row x and of a row e, with W as it lies: the definition.
            for (row, x) in x.chunks(inputs).enumerate() {
                for (output, w) in weight.chunks(inputs).enumerate() {
                    let error = (f64::from(wx[row * outputs + output]) - inner(w, x)).abs();
                    prop_assert!(error <= 1e-6 * weight_of(w, x), "row {}, output {}: off by {}", row, output, error);
                }
            }
            for (i, &got) in gradient.iter().enumerate() {
                let column = |values: &[f32], width: usize, index: usize| -> Vec<f32> {
                    values.chunks(width).map(|row| row[index]).collect()
                };
                let (e, x) = (column(&e, outputs, i / inputs), column(&x, inputs, i % inputs));
                let error = (f64::from(got) - inner(&e, &x)).abs();
                prop_assert!(error <= 1e-6 * weight_of(&e, &x), "gradient {}: off by {}", i, error);
            }
            // <Wx, e> = <x, W'e> = <W, e x'>.
            let bound = 1e-6 * (weight_of(&wx, &e) + weight_of(&x, &we) + weight_of(&weight, &gradient));
            prop_assert!((inner(&wx, &e) - inner(&x, &we)).abs() <= bound);
            prop_assert!((inner(&wx, &e) - inner(&weight, &gradient)).abs() <= bound);
        }
    }
}
