//! What happens between two products, each one pass over its data, written so that the compiler vectorises it for any
//! target: no branch in a loop body, no call.

/// In place: row += bias, then the leaky ReLU. values: [n, width].
pub fn bias_leaky(values: &mut [f32], bias: &[f32], slope: f32) {
    for row in values.chunks_exact_mut(bias.len()) {
        for (value, b) in row.iter_mut().zip(bias) {
            let pre = *value + b;
            *value = if pre > 0.0 { pre } else { slope * pre };
        }
    }
}

/// In place: row += bias, then tanh. values: [n, width].
pub fn bias_tanh(values: &mut [f32], bias: &[f32]) {
    for row in values.chunks_exact_mut(bias.len()) {
        for (value, b) in row.iter_mut().zip(bias) {
            *value = tanh(*value + b);
        }
    }
}

/// In place: each value times the derivative of the leaky ReLU that gave `activation`. The sign of an activation is that
/// of what went in.
pub fn mask(values: &mut [f32], activation: &[f32], slope: f32) {
    for (value, h) in values.iter_mut().zip(activation) {
        *value *= if *h > 0.0 { 1.0 } else { slope };
    }
}

/// out = w3 times the derivative of the leaky ReLU that gave `activation`, row by row: [n, width].
pub fn masked_weight(out: &mut [f32], activation: &[f32], weight: &[f32], slope: f32) {
    let rows = out.chunks_exact_mut(weight.len()).zip(activation.chunks_exact(weight.len()));
    for (row, h) in rows {
        for ((slot, h), w) in row.iter_mut().zip(h).zip(weight) {
            *slot = if *h > 0.0 { *w } else { slope * w };
        }
    }
}

/// In place: row b times `scales[b]`. values: [n, width].
pub fn scale_rows(values: &mut [f32], scales: &[f32]) {
    let width = values.len() / scales.len();
    for (row, scale) in values.chunks_exact_mut(width).zip(scales) {
        row.iter_mut().for_each(|value| *value *= scale);
    }
}

/// In place: row b becomes `scales[b] * row + weights[b] * other's row b`.
pub fn blend_rows(values: &mut [f32], scales: &[f32], other: &[f32], weights: &[f32]) {
    let width = values.len() / scales.len();
    let rows = values.chunks_exact_mut(width).zip(other.chunks_exact(width));
    for ((row, other), (scale, weight)) in rows.zip(scales.iter().zip(weights)) {
        for (value, x) in row.iter_mut().zip(other) {
            *value = scale * *value + weight * x;
        }
    }
}

/// out = the sum over rows of `weights[b] * row b`: [width].
pub fn sum_rows(out: &mut [f32], values: &[f32], weights: &[f32]) {
    out.fill(0.0);
    for (row, weight) in values.chunks_exact(out.len()).zip(weights) {
        for (slot, value) in out.iter_mut().zip(row) {
            *slot += weight * value;
        }
    }
}

/// In place: each value times 1 - y^2, the derivative of tanh where it gave y.
pub fn tanh_derivative(values: &mut [f32], y: &[f32]) {
    for (value, y) in values.iter_mut().zip(y) {
        *value *= 1.0 - y * y;
    }
}

/// The sum of squares, in eight lanes, so that it vectorises and its order is fixed.
pub fn sum_of_squares(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value * value;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|v| v * v).sum::<f32>()
}

/// The dot product, in eight lanes likewise.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let ((a8, a_rest), (b8, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a8.iter().zip(b8) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

/// tanh(x) to within 1.2e-7 of the true value, in absolute terms, which is what a pixel is judged by.
///
/// 1 - 2 / (e^2|x| + 1) loses nothing where tanh is near 1, as most pixels are; below 0.35 it would lose digits, and
/// the Taylor series takes over, whose first term left out is below 5e-9. Beyond 10, f32 cannot tell tanh from 1;
/// `clamp` lets NaN through, so that a diverged run is seen to be one.
#[inline]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp(2.0 * size.clamp(0.0, 10.0)) + 1.0);
    let x2 = x * x;
    let tail = -17.0 / 315.0 + x2 * (62.0 / 2835.0 + x2 * (-1382.0 / 155_925.0));
    let near = x + x * x2 * (-1.0 / 3.0 + x2 * (2.0 / 15.0 + x2 * tail));
    if size < 0.35 { near } else { far.copysign(x) }
}

/// e^x for |x| up to 80: 2^n times e^r with |r| at most ln(2) / 2, the latter by its Taylor series to the 7th power, whose
/// first term left out is below 6e-9.
#[inline]
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
        let values: Vec<f32> = (0..19).map(|i| i as f32).collect();
        assert_eq!(sum_of_squares(&values), 2109.0);
        assert_eq!(dot(&values, &values), 2109.0);
        let mut out = [0.0; 2];
        sum_rows(&mut out, &[1.0, 2.0, 3.0, 4.0], &[10.0, 1.0]);
        assert_eq!(out, [13.0, 24.0]);
    }

    #[test]
    fn rows_are_scaled_and_blended_each_by_its_own() {
        let mut values = [1.0, 2.0, 3.0, 4.0];
        scale_rows(&mut values, &[2.0, 0.5]);
        assert_eq!(values, [2.0, 4.0, 1.5, 2.0]);
        blend_rows(&mut values, &[1.0, 2.0], &[1.0, 1.0, 10.0, 10.0], &[100.0, 0.1]);
        assert_eq!(values, [102.0, 104.0, 4.0, 5.0]);
    }

    #[test]
    fn a_mask_follows_the_sign_of_the_activation() {
        let mut values = [5.0, 5.0, 5.0];
        mask(&mut values, &[0.3, -0.1, 0.0], 0.2);
        assert_eq!(values, [5.0, 1.0, 1.0]);
        let mut out = [0.0; 2];
        masked_weight(&mut out, &[-1.0, 1.0], &[3.0, 4.0], 0.5);
        assert_eq!(out, [1.5, 4.0]);
    }
}
