//! A stage's linear map by its three products: all that a step does with one.
//!
//! `apply` takes rows forward, `apply_transposed` takes errors back, and `weight_gradient` is what two rows, one on either side,
//! add to the weight's gradient. They belong together by <W x, e> = <x, W' e> = <W, e x'>, which the tests below hold them to. A
//! kind of map is these three products of its own: [`dense`], [`conv`].

use std::ops::Range;

use super::dense::Dense;
use super::{conv, dense};
use linear::product::{Matrix, MatrixMut};
use net::{Map, Stage};

/// Holds a stage's linear map with its weight.
#[derive(Clone, Copy)]
pub struct LinearMap<'a> {
    pub stage: &'a Stage,
    /// Holds W as [`Map`] says: row-major, its first size first.
    pub weight: &'a [f32],
}

impl LinearMap<'_> {
    /// Writes out = W x, row by row. x: [n, inputs]; out: [n, outputs].
    pub fn apply(self, x: Matrix, out: &mut MatrixMut) {
        match self.stage.map {
            Map::Dense => self.dense().apply(x, out),
            Map::Conv(shape) => conv::apply(shape, self.weight, x, out),
            Map::ConvTranspose(shape) => conv::apply_transposed(shape, self.weight, x, out),
        }
    }

    /// Writes out = W' e, row by row. e: [n, outputs]; out: [n, inputs].
    pub fn apply_transposed(self, e: Matrix, out: &mut MatrixMut) {
        match self.stage.map {
            Map::Dense => self.dense().apply_transposed(e, out),
            Map::Conv(shape) => conv::apply_transposed(shape, self.weight, e, out),
            Map::ConvTranspose(shape) => conv::apply(shape, self.weight, e, out),
        }
    }

    fn dense(&self) -> Dense<'_> {
        Dense { weight: self.weight, inputs: self.stage.inputs, outputs: self.stage.outputs }
    }
}

/// Writes `rows` of the gradient by the stage's W, summed over all rows of e and x. e: [n, outputs]; x: [n, inputs]; out: those
/// rows of the weight, taken as a matrix.
pub fn weight_gradient(stage: &Stage, e: Matrix, x: Matrix, rows: Range<usize>, out: &mut [f32]) {
    match stage.map {
        Map::Dense => dense::weight_gradient(e, x, rows, out),
        Map::Conv(shape) => conv::weight_gradient(shape, e, x, rows, out),
        Map::ConvTranspose(shape) => conv::weight_gradient(shape, x, e, rows, out),
    }
}

#[cfg(test)]
mod tests {
    use net::{Conv, Layer, Network};
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

    /// Holds the three products of a stage to the map's definition, in f64, and to each other.
    fn check(stage: &Stage, n: usize, cut: f64, seed: u64) -> Result<(), TestCaseError> {
        let (inputs, outputs) = (stage.inputs, stage.outputs);
        let weight = numbers(seed, stage.weight.len());
        let (x, e) = (numbers(seed ^ 1, n * inputs), numbers(seed ^ 2, n * outputs));
        let map = LinearMap { stage, weight: &weight };
        let (mut wx, mut we) = (vec![f32::NAN; n * outputs], vec![f32::NAN; n * inputs]);
        let (rows, errors) = (Matrix::new(&x, n, inputs), Matrix::new(&e, n, outputs));
        map.apply(rows, &mut MatrixMut::new(&mut wx, n, outputs));
        map.apply_transposed(errors, &mut MatrixMut::new(&mut we, n, inputs));
        let all = stage.weight_rows();
        let cut = (cut * all as f64) as usize;
        let mut gradient = vec![f32::NAN; weight.len()];
        let (above, below) = gradient.split_at_mut(cut * weight.len() / all);
        for (range, out) in [(0..cut, above), (cut..all, below)] {
            if !range.is_empty() {
                weight_gradient(stage, errors, rows, range, out);
            }
        }
        // Of each: the sum, and the sum of magnitudes, by which its rounding is measured.
        let mut sums = [wx.len(), we.len(), gradient.len()].map(|count| vec![[0.0f64; 2]; count]);
        let mut add = |product: usize, place: usize, a: f32, b: f32| {
            let term = f64::from(a) * f64::from(b);
            sums[product][place] = [sums[product][place][0] + term, sums[product][place][1] + term.abs()];
        };
        for row in 0..n {
            stage.visit_products(|output, input, w| {
                let (output, input) = (row * outputs + output, row * inputs + input);
                add(0, output, weight[w], x[input]);
                add(1, input, weight[w], e[output]);
                add(2, w, e[output], x[input]);
            });
        }
        for ((what, got), sums) in [("W x", &wx), ("W' e", &we), ("e x'", &gradient)].into_iter().zip(&sums) {
            for (i, (&got, [sum, weight])) in got.iter().zip(sums).enumerate() {
                let error = (f64::from(got) - sum).abs();
                prop_assert!(error <= 1e-6 * weight, "{what}, number {i}: off by {error}");
            }
        }
        // <W x, e> = <x, W' e> = <W, e x'>.
        let bound = 1e-6 * (weight_of(&wx, &e) + weight_of(&x, &we) + weight_of(&weight, &gradient));
        prop_assert!((inner(&wx, &e) - inner(&x, &we)).abs() <= bound);
        prop_assert!((inner(&wx, &e) - inner(&weight, &gradient)).abs() <= bound);
        Ok(())
    }

    fn only_stage(inputs: impl Into<net::Size>, layer: Layer, outputs: impl Into<net::Size>) -> Stage {
        Network::new("generator", inputs, &[layer], outputs).unwrap().stages.remove(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_three_products_of_a_dense_map_are_of_one_map(
            n in 1usize..40, inputs in 1usize..90, outputs in 1usize..90, cut in 0.0f64..1.0, seed: u64,
        ) {
            check(&only_stage(inputs, Layer::dense(outputs), outputs), n, cut, seed)?;
        }

        #[test]
        fn the_three_products_of_a_convolution_are_of_one_map(
            n in 1usize..5, from in [1usize..5, 1usize..12, 1usize..12], channels in 1usize..12, kernel in 1usize..6,
            stride in 1usize..4, padding in 0usize..3, times in 1usize..4, cut in 0.0f64..1.0, seed: u64,
        ) {
            if let Some(conv) = Conv::over(from, channels, kernel, stride, padding, times) {
                let padding = Some(padding);
                let layer = Layer::Conv { channels: Some(channels), kernel, stride, padding, upsample: times };
                check(&only_stage(from, layer, conv.to), n, cut, seed)?;
            }
            if let Some(conv) = Conv::under(from, channels, kernel, stride, padding) {
                let layer = Layer::ConvTranspose { channels: Some(channels), kernel, stride, padding: Some(padding) };
                check(&only_stage(from, layer, conv.from), n, cut, seed)?;
            }
        }
    }
}
