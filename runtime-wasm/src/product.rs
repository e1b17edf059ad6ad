//! The product of a fully connected layer, `x · W + b`: where nearly all the time of a picture goes.
//!
//! Equals: plain loops, one sum for each output, its terms in the order of the inputs, the bias last. One picture and a
//! picture in a batch are therefore the same to the last bit.
//!
//! Layout: W is cut into panels of eight outputs; a panel holds, input by input, the eight weights side by side. A tile of
//! the result stays in registers while its panel streams by: four pictures by one panel in a batch, one picture by four
//! panels alone.
//!
//! Bound: 2 · inputs · outputs operations a picture; alone, reading W once from the second-level cache. In V8 on x86, for the
//! products of the default network: 0.59 ms for a hundred with relaxed SIMD (42 GFLOP/s), 0.73 without; 10 µs for one. Tiles
//! of 3, 5, 6, 7 and 8 pictures take 0.68, 1.16, 1.08, 0.96 and 0.94 ms, since V8 moves sums to memory from 5 on; tract's own
//! kernel for this shape has 16 sums and takes 2.0 ms.

use crate::activation::Activation;
use crate::lanes::{Arithmetic, LANES, Lanes};

/// Pictures in a tile of a batch.
const ROWS: usize = 4;
/// Panels in a tile of one picture: eight sums under way hide the latency of one.
const PANELS: usize = 4;

/// A layer's weights and biases in panels; what fills the last panel up is zero.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panels {
    inputs: usize,
    outputs: usize,
    /// [panel][input][lane].
    weights: Vec<[f32; LANES]>,
    /// [panel][lane].
    biases: Vec<[f32; LANES]>,
}

impl Panels {
    /// `weight(input, output)` is a weight; `bias`: [outputs].
    pub(crate) fn new(inputs: usize, bias: &[f32], weight: impl Fn(usize, usize) -> f32) -> Panels {
        let outputs = bias.len();
        let lanes = |panel: usize, value: &dyn Fn(usize) -> f32| -> [f32; LANES] {
            std::array::from_fn(|lane| panel * LANES + lane).map(|o| if o < outputs { value(o) } else { 0.0 })
        };
        let panels = outputs.div_ceil(LANES);
        let weights = (0..panels).flat_map(|panel| (0..inputs).map(move |input| (panel, input)));
        Panels {
            inputs,
            outputs,
            weights: weights.map(|(panel, input)| lanes(panel, &|output| weight(input, output))).collect(),
            biases: (0..panels).map(|panel| lanes(panel, &|output| bias[output])).collect(),
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `y = activation(x · W + b)`. `x`: [n, inputs], `y`: [n, outputs], both row-major.
    ///
    /// # Panics
    /// If `x` and `y` are not of as many whole rows.
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], activation: Activation) {
        assert_eq!(x.len() * self.outputs, y.len() * self.inputs, "as many rows in as out");
        #[cfg(target_arch = "wasm32")]
        self.multiply_by::<crate::lanes::Compiled>(x, y, activation);
        #[cfg(not(target_arch = "wasm32"))]
        natively::multiply(self, x, y, activation);
    }

    #[inline(always)]
    fn multiply_by<A: Arithmetic>(&self, x: &[f32], y: &mut [f32], activation: Activation) {
        let rows = ROWS * self.inputs;
        let mut blocks = x.chunks_exact(rows).zip(y.chunks_exact_mut(ROWS * self.outputs));
        let mut interleaved = Vec::new();
        for (x, y) in &mut blocks {
            self.block::<A, ROWS>(x, y, &mut interleaved, activation);
        }
        let done = x.len() / rows * ROWS;
        let rest = (x[done * self.inputs..].chunks_exact(self.inputs))
            .zip(y[done * self.outputs..].chunks_exact_mut(self.outputs));
        for (x, y) in rest {
            self.row::<A>(x, y, activation);
        }
    }

    /// `R` pictures by each panel in turn.
    #[inline(always)]
    fn block<A: Arithmetic, const R: usize>(
        &self,
        x: &[f32],
        y: &mut [f32],
        interleaved: &mut Vec<[f32; R]>,
        activation: Activation,
    ) {
        // Input by input, so that the inner loop reads one stream of x and one of W.
        interleaved.clear();
        interleaved.extend((0..self.inputs).map(|input| std::array::from_fn(|row| x[row * self.inputs + input])));
        for (panel, (weights, bias)) in self.weights.chunks_exact(self.inputs).zip(&self.biases).enumerate() {
            let mut sums = [Lanes::splat(0.0); R];
            for (x, w) in interleaved.iter().zip(weights) {
                let w = Lanes::load(w);
                for (sum, &x) in sums.iter_mut().zip(x) {
                    *sum = A::multiply_add(Lanes::splat(x), w, *sum);
                }
            }
            for (row, sum) in y.chunks_exact_mut(self.outputs).zip(sums) {
                store::<A>(sum, bias, &mut row[panel * LANES..], activation);
            }
        }
    }

    /// One picture by [`PANELS`] panels at a time.
    #[inline(always)]
    fn row<A: Arithmetic>(&self, x: &[f32], y: &mut [f32], activation: Activation) {
        let whole = self.biases.len() / PANELS * PANELS;
        for panel in (0..whole).step_by(PANELS) {
            let weights: [&[[f32; LANES]]; PANELS] =
                std::array::from_fn(|i| &self.weights[(panel + i) * self.inputs..][..x.len()]);
            let mut sums = [Lanes::splat(0.0); PANELS];
            for (input, &x) in x.iter().enumerate() {
                let x = Lanes::splat(x);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = A::multiply_add(x, Lanes::load(&weights[input]), *sum);
                }
            }
            for (i, sum) in sums.into_iter().enumerate() {
                store::<A>(sum, &self.biases[panel + i], &mut y[(panel + i) * LANES..], activation);
            }
        }
        for panel in whole..self.biases.len() {
            let mut sum = Lanes::splat(0.0);
            for (&x, w) in x.iter().zip(&self.weights[panel * self.inputs..]) {
                sum = A::multiply_add(Lanes::splat(x), Lanes::load(w), sum);
            }
            store::<A>(sum, &self.biases[panel], &mut y[panel * LANES..], activation);
        }
    }
}

/// Adds the bias, applies the activation, and writes a panel of one picture, of which the last may be cut short.
#[inline(always)]
fn store<A: Arithmetic>(sum: Lanes, bias: &[f32; LANES], y: &mut [f32], activation: Activation) {
    let values = activation.of::<A>(sum.add(Lanes::load(bias))).to_array();
    match y.first_chunk_mut::<LANES>() {
        Some(y) => *y = values,
        None => y.copy_from_slice(&values[..y.len()]),
    }
}

/// Picks the arithmetic that the processor has.
#[cfg(not(target_arch = "wasm32"))]
mod natively {
    use super::{Activation, Panels};
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    use crate::lanes::Fused;
    #[cfg(not(target_arch = "aarch64"))]
    use crate::lanes::Separate;

    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "instructions that not every processor has can only be called so")]
    pub(super) fn multiply(panels: &Panels, x: &[f32], y: &mut [f32], activation: Activation) {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has just said that it has both.
            unsafe { with_avx2(panels, x, y, activation) }
        } else {
            panels.multiply_by::<Separate>(x, y, activation);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn with_avx2(panels: &Panels, x: &[f32], y: &mut [f32], activation: Activation) {
        panels.multiply_by::<Fused>(x, y, activation);
    }

    #[cfg(target_arch = "aarch64")]
    pub(super) fn multiply(panels: &Panels, x: &[f32], y: &mut [f32], activation: Activation) {
        panels.multiply_by::<Fused>(x, y, activation);
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn multiply(panels: &Panels, x: &[f32], y: &mut [f32], activation: Activation) {
        panels.multiply_by::<Separate>(x, y, activation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [-1, 1) that look random and are the same everywhere.
    fn number(index: usize) -> f32 {
        let mixed = (index as u32).wrapping_mul(0x9E37_79B9);
        ((mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    #[test]
    fn it_equals_plain_loops_for_every_shape() {
        // Around the borders of tiles: of four pictures, of a panel of eight outputs, of four panels.
        for (rows, inputs, outputs) in
            [(1, 1, 1), (1, 5, 7), (3, 3, 8), (4, 100, 31), (5, 4, 32), (8, 9, 33), (13, 128, 65), (100, 2, 784)]
        {
            let weight = |input: usize, output: usize| number(output * inputs + input);
            let bias: Vec<f32> = (0..outputs).map(|output| number(1_000_000 + output)).collect();
            let x: Vec<f32> = (0..rows * inputs).map(|index| number(2_000_000 + index)).collect();
            let mut y = vec![f32::NAN; rows * outputs];
            Panels::new(inputs, &bias, weight).multiply(&x, &mut y, Activation::None);
            for (row, y) in x.chunks(inputs).zip(y.chunks(outputs)) {
                for (output, &found) in y.iter().enumerate() {
                    let terms =
                        row.iter().enumerate().map(|(input, x)| f64::from(*x) * f64::from(weight(input, output)));
                    let expected = terms.clone().sum::<f64>() + f64::from(bias[output]);
                    // Each of `inputs` roundings is at most half an ulp of the sum of magnitudes.
                    let magnitude = terms.map(f64::abs).sum::<f64>() + 1.0;
                    let bound = (inputs + 2) as f64 * f64::from(f32::EPSILON) / 2.0 * magnitude;
                    let difference = (f64::from(found) - expected).abs();
                    assert!(difference <= bound, "{rows} x {inputs} x {outputs}: {found} for {expected}");
                }
            }
        }
    }

    #[test]
    fn a_picture_is_the_same_alone_and_in_a_batch() {
        let (rows, inputs, outputs) = (14, 37, 45);
        let bias: Vec<f32> = (0..outputs).map(number).collect();
        let panels = Panels::new(inputs, &bias, |input, output| number(output * inputs + input));
        let x: Vec<f32> = (0..rows * inputs).map(|index| number(7 * index)).collect();
        let mut batch = vec![0.0; rows * outputs];
        panels.multiply(&x, &mut batch, Activation::Tanh);
        for (x, expected) in x.chunks(inputs).zip(batch.chunks(outputs)) {
            let mut alone = vec![0.0; outputs];
            panels.multiply(x, &mut alone, Activation::Tanh);
            assert_eq!(alone, expected);
        }
    }
}
