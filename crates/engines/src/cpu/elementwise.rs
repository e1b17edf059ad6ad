//! What happens between two products, each one pass over its data.
//!
//! Written so that the compiler vectorises it: no branch in a loop body, no call. `multiversion` compiles each function
//! for AVX-512, for AVX2 and for the target's plain set, and picks as it runs, so a release binary for any x86-64 is fast on
//! a new one. (On aarch64 NEON is the plain set.) All versions do the same operations in the same order, fused
//! multiply-adds excepted, which no compiler makes of Rust's `a * b + c`: so all give the same bits.

use multiversion::multiversion;

use super::planted::{self, Bug};
use linear::product::{Matrix, MatrixMut};

/// Adds the bias to each row and takes the leaky ReLU of the sums, in place. values: [n, width]; bias: [width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn bias_leaky(values: &mut MatrixMut, bias: &[f32], slope: f32) {
    for row in values.iter_rows() {
        for (value, b) in row.iter_mut().zip(bias) {
            let pre = *value + b;
            *value = if pre > 0.0 { pre } else { slope * pre };
        }
    }
}

/// Adds the bias to each row and takes tanh of the sums, in place. values: [n, width]; bias: [width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn bias_tanh(values: &mut MatrixMut, bias: &[f32]) {
    for row in values.iter_rows() {
        for (value, b) in row.iter_mut().zip(bias) {
            *value = tanh(*value + b);
        }
    }
}

/// Adds the bias to each row, in place. values: [n, width]; bias: [width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn bias_alone(values: &mut MatrixMut, bias: &[f32]) {
    for row in values.iter_rows() {
        for (value, b) in row.iter_mut().zip(bias) {
            *value += b;
        }
    }
}

/// Adds a bias to each plane and takes the leaky ReLU of the sums, in place. values: [n · channels, plane]; bias: [channels].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn plane_bias_leaky(values: &mut MatrixMut, bias: &[f32], slope: f32) {
    for (plane, b) in values.iter_rows().zip(bias.iter().cycle()) {
        for value in plane {
            let pre = *value + b;
            *value = if pre > 0.0 { pre } else { slope * pre };
        }
    }
}

/// Adds a bias to each plane and takes tanh of the sums, in place. values: [n · channels, plane]; bias: [channels].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn plane_bias_tanh(values: &mut MatrixMut, bias: &[f32]) {
    for (plane, b) in values.iter_rows().zip(bias.iter().cycle()) {
        plane.iter_mut().for_each(|value| *value = tanh(*value + b));
    }
}

/// Adds a bias to each plane, in place. values: [n · channels, plane]; bias: [channels].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn plane_bias_alone(values: &mut MatrixMut, bias: &[f32]) {
    for (plane, b) in values.iter_rows().zip(bias.iter().cycle()) {
        plane.iter_mut().for_each(|value| *value += b);
    }
}

/// Multiplies each value by the derivative of the leaky ReLU that gave `activation`, in place: 1 or `slope`, since the
/// sign of an activation is that of what went in. Both: [n, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn mask(values: &mut MatrixMut, activation: Matrix, slope: f32) {
    for (row, h) in values.iter_rows().zip(activation.iter_rows()) {
        for (value, h) in row.iter_mut().zip(h) {
            *value *= if *h > 0.0 { 1.0 } else { slope };
        }
    }
}

/// Does what [`mask`] does, and multiplies row b by `scales[b]` with it. values, activation: [n, width]; scales: [n,
/// 1].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn mask_scaled(values: &mut MatrixMut, activation: Matrix, slope: f32, scales: Matrix) {
    for ((row, h), scale) in values.iter_rows().zip(activation.iter_rows()).zip(scales.iter_rows()) {
        for (value, h) in row.iter_mut().zip(h) {
            *value *= if *h > 0.0 { scale[0] } else { slope * scale[0] };
        }
    }
}

/// Shows a vector for each row of a matrix: one for all, or that of the row's class.
#[derive(Clone, Copy)]
pub struct Picked<'a> {
    vectors: &'a [f32],
    width: usize,
    labels: &'a [usize],
    rows_a_label: usize,
}

impl<'a> Picked<'a> {
    /// Gives the same vector to every row.
    pub fn one(vector: &'a [f32]) -> Self {
        Self { vectors: vector, width: vector.len(), labels: &[], rows_a_label: 1 }
    }

    /// Gives each row the vector of its class. vectors: [classes, width]; labels: a class for each `rows_a_label` rows, or
    /// none, where there is but one vector.
    pub fn of_classes(vectors: &'a [f32], width: usize, labels: &'a [usize], rows_a_label: usize) -> Self {
        Self { vectors, width, labels, rows_a_label }
    }

    #[inline(always)]
    fn of(self, row: usize) -> &'a [f32] {
        let label = self.labels.get(row / self.rows_a_label).copied().unwrap_or(0);
        &self.vectors[label * self.width..(label + 1) * self.width]
    }
}

/// Writes out = a row's `weight` times the derivative of the leaky ReLU that gave `activation`, row by row. out,
/// activation: [n, width]; weight: of [width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn masked_weight(out: &mut MatrixMut, activation: Matrix, weight: Picked, slope: f32) {
    for (i, (row, h)) in out.iter_rows().zip(activation.iter_rows()).enumerate() {
        for ((slot, h), w) in row.iter_mut().zip(h).zip(weight.of(i)) {
            *slot = if *h > 0.0 { *w } else { slope * w };
        }
    }
}

/// Multiplies each value by 1 - y^2, the derivative of tanh where it gave y, in place. Both: [n, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn tanh_derivative(values: &mut MatrixMut, y: Matrix) {
    for (row, y) in values.iter_rows().zip(y.iter_rows()) {
        for (value, y) in row.iter_mut().zip(y) {
            *value *= 1.0 - y * y;
        }
    }
}

/// Writes out = `weight` times `scales[b]` in row b. out: [n, width]; scales: [n, 1]; weight: [width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn outer(out: &mut MatrixMut, scales: Matrix, weight: &[f32]) {
    for (row, scale) in out.iter_rows().zip(scales.iter_rows()) {
        for (slot, w) in row.iter_mut().zip(weight) {
            *slot = scale[0] * w;
        }
    }
}

/// Multiplies row b by `scales[b]`, in place. values: [n, width]; scales: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn scale_rows(values: &mut MatrixMut, scales: &[f32]) {
    for (row, scale) in values.iter_rows().zip(scales) {
        row.iter_mut().for_each(|value| *value *= scale);
    }
}

/// Writes out = other, row b times `scales[b]`. out, other: [n, width]; scales: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn copy_scaled(out: &mut MatrixMut, other: Matrix, scales: &[f32]) {
    for ((row, other), scale) in out.iter_rows().zip(other.iter_rows()).zip(scales) {
        for (slot, x) in row.iter_mut().zip(other) {
            *slot = scale * x;
        }
    }
}

/// Adds `scales[b]` times other's row b to row b, in place. values, other: [n, width]; scales: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn add_scaled(values: &mut MatrixMut, other: Matrix, scales: &[f32]) {
    for ((row, other), scale) in values.iter_rows().zip(other.iter_rows()).zip(scales) {
        for (value, x) in row.iter_mut().zip(other) {
            *value += scale * x;
        }
    }
}

/// Turns row b into `scales[b] * row + weights[b] * other's row b`, in place; `squares[b]` becomes the sum of squares
/// of what the row was. values, other: [n, width]; the rest: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn blend_rows(values: &mut MatrixMut, scales: &[f32], other: Matrix, weights: &[f32], squares: &mut [f32]) {
    let factors = scales.iter().zip(weights).zip(squares);
    for ((row, other), ((scale, weight), square)) in values.iter_rows().zip(other.iter_rows()).zip(factors) {
        // Sixteen sums in place of one, so that the loop vectorises and the order is fixed.
        let mut lanes = [0.0f32; 16];
        let ((row, row_rest), (other, other_rest)) = (row.as_chunks_mut::<16>(), other.as_chunks::<16>());
        for (row, other) in row.iter_mut().zip(other) {
            for i in 0..16 {
                lanes[i] += row[i] * row[i];
                row[i] = scale * row[i] + weight * other[i];
            }
        }
        let mut rest = 0.0;
        for (value, x) in row_rest.iter_mut().zip(other_rest) {
            rest += *value * *value;
            *value = scale * *value + weight * x;
        }
        *square = lanes.iter().sum::<f32>() + rest;
    }
}

/// Writes out = the sum over rows of `weights[b] * row b`. out: [width]; values: [n, width]; weights: [n].
pub fn sum_rows(out: &mut [f32], values: Matrix, weights: &[f32]) {
    out.fill(0.0);
    add_rows(out, values, weights);
}

/// Adds the sum over rows of `weights[b] * row b` to `out`: [width]; values: [n, width]; weights: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn add_rows(out: &mut [f32], values: Matrix, weights: &[f32]) {
    for (row, weight) in values.iter_rows().zip(weights) {
        for (slot, value) in out.iter_mut().zip(row) {
            *slot += weight * value;
        }
    }
}

/// Writes out = the sum over rows of `weights[b]` times the sum of each plane of row b. out: [channels]; values: [n, channels ·
/// plane]; weights: [n].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn sum_planes(out: &mut [f32], values: Matrix, weights: &[f32], plane: usize) {
    out.fill(0.0);
    for (row, weight) in values.iter_rows().zip(weights) {
        for (slot, plane) in out.iter_mut().zip(row.chunks_exact(plane)) {
            let mut lanes = [0.0f32; 16];
            let (whole, rest) = plane.as_chunks::<16>();
            for values in whole {
                for i in 0..16 {
                    lanes[i] += values[i];
                }
            }
            *slot += weight * (lanes.iter().sum::<f32>() + rest.iter().sum::<f32>());
        }
    }
}

/// Writes out = values + constant, both [n, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn sum_with(out: &mut MatrixMut, values: Matrix, constant: f32) {
    for (out, row) in out.iter_rows().zip(values.iter_rows()) {
        for (out, value) in out.iter_mut().zip(row) {
            *out = value + constant;
        }
    }
}

/// Does what [`tanh_derivative`] does, and writes the sum of squares of what row b was to `squares[b]`. values, y: [n,
/// width]; squares: [n, 1].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn tanh_derivative_and_squares(values: &mut MatrixMut, y: Matrix, squares: &mut MatrixMut) {
    if planted::here(Bug::TanhLeftOut) {
        return values.iter_rows().zip(squares.iter_rows()).for_each(|(row, square)| square[0] = dot(row, row));
    }
    for ((row, y), square) in values.iter_rows().zip(y.iter_rows()).zip(squares.iter_rows()) {
        let mut lanes = [0.0f32; 16];
        let ((row, row_rest), (y, y_rest)) = (row.as_chunks_mut::<16>(), y.as_chunks::<16>());
        for (row, y) in row.iter_mut().zip(y) {
            for i in 0..16 {
                lanes[i] += row[i] * row[i];
                row[i] *= 1.0 - y[i] * y[i];
            }
        }
        let mut rest = 0.0;
        for (value, y) in row_rest.iter_mut().zip(y_rest) {
            rest += *value * *value;
            *value *= 1.0 - y * y;
        }
        square[0] = lanes.iter().sum::<f32>() + rest;
    }
}

/// Writes each row's dot product with the same row of `others`: out [n]; rows, others: [n, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn row_dots(out: &mut [f32], rows: Matrix, others: Matrix) {
    for (slot, (a, b)) in out.iter_mut().zip(rows.iter_rows().zip(others.iter_rows())) {
        *slot = dot(a, b);
    }
}

/// Writes each row's dot product with its `weight`, plus its `bias`: out [n, 1]; rows: [n, width]; weight: of [width]; bias:
/// of [1].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn dots(out: &mut MatrixMut, rows: Matrix, weight: Picked, bias: Picked) {
    for (i, (slot, row)) in out.iter_rows().zip(rows.iter_rows()).enumerate() {
        slot[0] = dot(row, weight.of(i)) + bias.of(i)[0];
    }
}

/// Gives the dot product in sixteen partial sums, so that the loop vectorises and the order is fixed.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            lanes[i] += a[i] * b[i];
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Gives tanh(x) to within 1.2e-7 of the true value, in absolute terms, which is what a pixel is judged by.
///
/// 1 - 2 / (e^2|x| + 1) loses nothing where tanh is near 1, as most pixels are; below 0.35 it would lose digits, and
/// the Taylor series takes over, whose first term left out is below 5e-9. Beyond 10, f32 cannot tell tanh from 1;
/// `clamp` lets NaN through, so that a diverged run is seen to be one.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp(2.0 * size.clamp(0.0, 10.0)) + 1.0);
    let x2 = x * x;
    let tail = -17.0 / 315.0 + x2 * (62.0 / 2835.0 + x2 * (-1382.0 / 155_925.0));
    let near = x + x * x2 * (-1.0 / 3.0 + x2 * (2.0 / 15.0 + x2 * tail));
    if size < 0.35 { near } else { far.copysign(x) }
}

/// Gives e^x for |x| up to 80: 2^n times e^r with |r| at most ln(2) / 2, the latter by its Taylor series to the 7th
/// power, whose first term left out is below 6e-9.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding and taking away 1.5 * 2^23 rounds to the nearest whole number without a call.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first short enough for n times it to be exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let n = x * std::f32::consts::LOG2_E + ROUND;
    let power = f32::from_bits((n.to_bits() as i32).wrapping_shl(23).wrapping_add(0x3f80_0000) as u32);
    let n = n - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let tail = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    power * (1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * tail)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_within_its_bound_over_its_whole_range() {
        let worst = (-120_000..=120_000)
            .map(|i| i as f32 * 1e-4)
            .map(|x| (f64::from(tanh(x)) - f64::from(x).tanh()).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1.2e-7, "{worst}");
        assert_eq!((tanh(1e30), tanh(-1e30), tanh(0.0)), (1.0, -1.0, 0.0));
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn sums_take_every_element() {
        let values: Vec<f32> = (0..38).map(|i| (i % 19) as f32).collect();
        let mut out = [0.0; 2];
        dots(
            &mut MatrixMut::new(&mut out, 2, 1),
            Matrix::new(&values, 2, 19),
            Picked::one(&values[..19]),
            Picked::one(&[1.0]),
        );
        assert_eq!(out, [2110.0, 2110.0]);
        row_dots(&mut out, Matrix::new(&values, 2, 19), Matrix::new(&values, 2, 19));
        assert_eq!(out, [2109.0, 2109.0]);
        let mut out = [1.0, 2.0];
        add_rows(&mut out, Matrix::new(&[1.0, 2.0, 3.0, 4.0], 2, 2), &[10.0, 1.0]);
        assert_eq!(out, [14.0, 26.0]);
        sum_rows(&mut out, Matrix::new(&[1.0, 2.0, 3.0, 4.0], 2, 2), &[10.0, 1.0]);
        assert_eq!(out, [13.0, 24.0]);
    }

    #[test]
    fn a_channel_has_one_bias_for_all_of_its_plane() {
        let start: Vec<f32> = (0..12).map(|i| i as f32 - 6.0).collect();
        let with = |apply: fn(&mut MatrixMut, &[f32])| {
            let mut values = start.clone();
            apply(&mut MatrixMut::new(&mut values, 4, 3), &[1.0, -1.0]);
            values
        };
        let sums: Vec<f32> = start.iter().enumerate().map(|(i, x)| x + [1.0, -1.0][i / 3 % 2]).collect();
        assert_eq!(with(plane_bias_alone), sums);
        let leaky: Vec<f32> = sums.iter().map(|&sum| if sum > 0.0 { sum } else { 0.5 * sum }).collect();
        assert_eq!(with(|values, bias| plane_bias_leaky(values, bias, 0.5)), leaky);
        assert_eq!(with(plane_bias_tanh), sums.iter().map(|&sum| tanh(sum)).collect::<Vec<_>>());
        let mut out = [9.0; 2];
        let ones: Vec<f32> = (0..76).map(|i| if i < 38 { 1.0 } else { 2.0 }).collect();
        sum_planes(&mut out, Matrix::new(&ones, 2, 38), &[1.0, 10.0], 19);
        assert_eq!(out, [399.0, 399.0]);
    }

    #[test]
    fn rows_are_scaled_and_blended_each_by_its_own() {
        let (four, ones) = ([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 10.0, 10.0]);
        let mut values = [0.0; 4];
        copy_scaled(&mut MatrixMut::new(&mut values, 2, 2), Matrix::new(&four, 2, 2), &[2.0, 0.5]);
        assert_eq!(values, [2.0, 4.0, 1.5, 2.0]);
        add_scaled(&mut MatrixMut::new(&mut values, 2, 2), Matrix::new(&ones, 2, 2), &[1.0, 0.1]);
        assert_eq!(values, [3.0, 5.0, 2.5, 3.0]);
    }

    #[test]
    fn a_blend_tells_the_squares_of_what_was() {
        // Longer than the sixteen lanes, and not a multiple of them.
        let mut values: Vec<f32> = (0..38).map(|i| (i % 19) as f32).collect();
        let other = vec![1.0; 38];
        let mut squares = [0.0; 2];
        let mut matrix = MatrixMut::new(&mut values, 2, 19);
        blend_rows(&mut matrix, &[2.0, 1.0], Matrix::new(&other, 2, 19), &[1.0, 0.0], &mut squares);
        assert_eq!(squares, [2109.0, 2109.0]);
        let expected: Vec<f32> = (0..38).map(|i| if i < 19 { 2.0 * i as f32 + 1.0 } else { i as f32 - 19.0 }).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn the_derivative_of_tanh_tells_the_squares_of_what_was() {
        let mut values: Vec<f32> = (0..19).map(|i| i as f32).collect();
        let mut square = [0.0];
        let mut matrix = MatrixMut::new(&mut values, 1, 19);
        tanh_derivative_and_squares(
            &mut matrix,
            Matrix::new(&[0.5; 19], 1, 19),
            &mut MatrixMut::new(&mut square, 1, 1),
        );
        assert_eq!(square, [2109.0]);
        assert_eq!(values, (0..19).map(|i| 0.75 * i as f32).collect::<Vec<_>>());
    }

    #[test]
    fn rows_take_a_bias_a_scale_and_the_derivative_of_tanh() {
        let mut values = [1.0, 2.0, 3.0, 4.0];
        bias_alone(&mut MatrixMut::new(&mut values, 2, 2), &[10.0, 20.0]);
        assert_eq!(values, [11.0, 22.0, 13.0, 24.0]);
        scale_rows(&mut MatrixMut::new(&mut values, 2, 2), &[2.0, 0.5]);
        assert_eq!(values, [22.0, 44.0, 6.5, 12.0]);
        tanh_derivative(&mut MatrixMut::new(&mut values, 2, 2), Matrix::new(&[0.0, 0.5, -0.5, 1.0], 2, 2));
        assert_eq!(values, [22.0, 33.0, 4.875, 0.0]);
        outer(&mut MatrixMut::new(&mut values, 2, 2), Matrix::new(&[1.0, -2.0], 2, 1), &[3.0, 4.0]);
        assert_eq!(values, [3.0, 4.0, -6.0, -8.0]);
    }

    #[test]
    fn a_mask_follows_the_sign_of_the_activation() {
        let h = [0.3, -0.1, 0.0];
        let mut values = [5.0, 5.0, 5.0];
        mask(&mut MatrixMut::new(&mut values, 1, 3), Matrix::new(&h, 1, 3), 0.2);
        assert_eq!(values, [5.0, 1.0, 1.0]);
        mask_scaled(&mut MatrixMut::new(&mut values, 1, 3), Matrix::new(&h, 1, 3), 0.5, Matrix::new(&[2.0], 1, 1));
        assert_eq!(values, [10.0, 1.0, 1.0]);
        let mut out = [0.0; 2];
        masked_weight(
            &mut MatrixMut::new(&mut out, 1, 2),
            Matrix::new(&[-1.0, 1.0], 1, 2),
            Picked::one(&[3.0, 4.0]),
            0.5,
        );
        assert_eq!(out, [1.5, 4.0]);
    }
}
