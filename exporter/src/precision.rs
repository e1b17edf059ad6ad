//! How weights are stored: as they are, as half precision, or as whole numbers of eight bits with a scale for each
//! output channel.
//!
//! Only the large constants are made smaller, the weights of the layers: biases and the constants of normalization are
//! about a hundredth of a file and stay float32. Runtimes turn them back into float32 when they load the file, so what
//! they compute with, and how fast, stays as it was.
//!
//! The eight-bit form is symmetric: w = scale · q, q from -127 to 127, scale = max |w| / 127 over the channel. The scale
//! is rounded up to sixteen significant bits, so that each product is exact in float32: every runtime computes with the
//! very same weights, and to store those again gives the same numbers.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::tensor::Tensor;

/// Bounds the whole numbers of the eight-bit form; -128 is not used, so that the range is symmetric.
const INT8_MAX: f32 = 127.0;
/// Counts the bits of a scale's significand that are dropped: 24 - 16.
const DROPPED_BITS: u32 = 8;

/// Says how a model file stores the weights of its layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Precision {
    /// Stores float32: four bytes a weight, the very weights of the training.
    #[default]
    F32,
    /// Stores float16 and an ONNX Cast: two bytes a weight, each within 5e-4 of it relatively.
    F16,
    /// Stores int8 and an ONNX DequantizeLinear: one byte a weight, each within 1/254 of its channel's largest.
    Int8,
}

/// Holds a weight as the file does.
pub(crate) enum Stored {
    /// Holds little-endian float32.
    F32(Vec<u8>),
    /// Holds little-endian float16.
    F16(Vec<u8>),
    /// Holds the whole numbers, and a scale for each channel.
    Int8 { values: Vec<i8>, scales: Vec<f32> },
}

/// Stores `tensor`, whose dimension `channels` is that of the output channels. The first number that is beyond the
/// format, if any, is the error.
pub(crate) fn store(tensor: &Tensor, channels: usize, precision: Precision) -> Result<Stored, f32> {
    match precision {
        Precision::F32 => Ok(Stored::F32(tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())),
        Precision::F16 => {
            let halves: Vec<f16> = tensor.values.iter().map(|&value| f16::from_f32(value)).collect();
            match halves.iter().position(|half| !half.is_finite()) {
                Some(position) => Err(tensor.values[position]),
                None => Ok(Stored::F16(halves.iter().flat_map(|half| half.to_le_bytes()).collect())),
            }
        }
        Precision::Int8 => Ok(store_int8(tensor, channels)),
    }
}

fn store_int8(tensor: &Tensor, channels: usize) -> Stored {
    let channel_of = channel_of(&tensor.shape, channels);
    let mut largest = vec![0f32; tensor.shape[channels]];
    for (position, value) in tensor.values.iter().enumerate() {
        let largest = &mut largest[channel_of(position)];
        *largest = largest.max(value.abs());
    }
    let scales: Vec<f32> = largest.into_iter().map(scale).collect();
    let quantized = |(position, value): (usize, &f32)| {
        let steps = f64::from(*value) / f64::from(scales[channel_of(position)]);
        steps.round_ties_even().clamp(f64::from(-INT8_MAX), f64::from(INT8_MAX)) as i8
    };
    let values = tensor.values.iter().enumerate().map(quantized).collect();
    Stored::Int8 { values, scales }
}

/// Gives `largest` / 127, rounded up to sixteen significant bits. A channel of zeros, or of numbers too small for any
/// scale, gets the least scale that keeps products exact.
fn scale(largest: f32) -> f32 {
    /// With sixteen bits below its leading one this is still a normal number.
    const LEAST: f32 = f32::MIN_POSITIVE;
    let exact = (largest / INT8_MAX).max(LEAST);
    let mask = (1u32 << DROPPED_BITS) - 1;
    let bits = exact.to_bits();
    // Positive floats are ordered as their bits are; a carry into the exponent is the next power of two, as it should be.
    let rounded_up = f32::from_bits(if bits & mask == 0 { bits } else { (bits | mask) + 1 });
    // Only next to the largest float32 of all is there no room above.
    if (INT8_MAX * rounded_up).is_finite() { rounded_up } else { f32::from_bits(bits & !mask) }
}

/// Gives the weights that a runtime computes with when it reads these bytes.
pub(crate) fn restore(stored: &Stored, shape: &[usize], channels: usize) -> Vec<f32> {
    match stored {
        Stored::F32(bytes) => floats(bytes),
        Stored::F16(bytes) => halves(bytes),
        Stored::Int8 { values, scales } => {
            let channel_of = channel_of(shape, channels);
            let values = values.iter().enumerate();
            values.map(|(position, &value)| f32::from(value) * scales[channel_of(position)]).collect()
        }
    }
}

/// Reads little-endian float32; a remainder is passed over.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// Reads little-endian float16, widened; a remainder is passed over.
pub(crate) fn halves(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|word| f16::from_le_bytes(*word).to_f32()).collect()
}

/// Says which index along the dimension `channels` a row-major position has.
pub(crate) fn channel_of(shape: &[usize], channels: usize) -> impl Fn(usize) -> usize + use<> {
    let inner: usize = shape[channels + 1..].iter().product();
    let count = shape[channels];
    move |position| position / inner % count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored_twice(tensor: &Tensor, channels: usize, precision: Precision) -> (Vec<f32>, Vec<f32>) {
        let once = restore(&store(tensor, channels, precision).unwrap(), &tensor.shape, channels);
        let again = Tensor::new(tensor.shape.clone(), once.clone());
        let twice = restore(&store(&again, channels, precision).unwrap(), &tensor.shape, channels);
        (once, twice)
    }

    #[test]
    fn each_channel_has_its_own_scale() {
        // Rows of very different size: with one scale for all, the small one would be lost.
        let rows = Tensor::new([2, 3], vec![1e-6, -2e-6, 1.27e-6, 100.0, -50.0, 3.0]);
        let Ok(Stored::Int8 { values, scales }) = store(&rows, 0, Precision::Int8) else { panic!() };
        assert_eq!(
            values,
            [63, -127, 81, 127, -63, 4],
            "127 · 50 / 100 is just below 63.5 since the scale is rounded up"
        );
        assert!(scales[0] < 2e-8 && scales[1] > 0.78);
        let columns = Tensor::new([3, 2], vec![1e-6, 100.0, -2e-6, -50.0, 1.27e-6, 3.0]);
        let Ok(Stored::Int8 { values: transposed, .. }) = store(&columns, 1, Precision::Int8) else { panic!() };
        assert_eq!(transposed, [63, 127, -127, -63, 81, 4]);
    }

    #[test]
    fn zeros_and_the_smallest_and_largest_numbers_survive() {
        for value in [0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, -f32::MAX] {
            let tensor = Tensor::new([1, 2], vec![value, 0.0]);
            let (once, twice) = stored_twice(&tensor, 0, Precision::Int8);
            assert!(once.iter().all(|value| value.is_finite()), "{value}: {once:?}");
            assert_eq!(once, twice, "{value}");
        }
        assert!(
            matches!(store(&Tensor::new([1], vec![65_520.0]), 0, Precision::F16), Err(65_520.0)),
            "rounds to infinity"
        );
        assert!(store(&Tensor::new([1], vec![65_519.0]), 0, Precision::F16).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn weights_stay_within_half_a_step_and_stay_put(values in prop::collection::vec(-1e4f32..1e4, 12)) {
            let tensor = Tensor::new([3, 4], values);
            for (precision, channels) in [(Precision::F16, 0), (Precision::Int8, 0), (Precision::Int8, 1)] {
                let (once, twice) = stored_twice(&tensor, channels, precision);
                prop_assert_eq!(&once, &twice, "{:?}", precision);
                let channel = channel_of(&tensor.shape, channels);
                for (position, (&before, &after)) in tensor.values.iter().zip(&once).enumerate() {
                    let alike = (0..12).filter(|&other| channel(other) == channel(position));
                    let largest = alike.map(|other| tensor.values[other].abs()).fold(0.0, f32::max);
                    let bound = match precision {
                        // Half a unit of eleven bits, and of the least of the numbers below them.
                        Precision::F16 => before.abs() / 2048.0 + 3e-8,
                        // Half a step, which the rounded scale makes at most 2^-15 larger.
                        _ => largest / 254.0 * (1.0 + 4e-5),
                    };
                    prop_assert!((before - after).abs() <= bound, "{:?}: {} {}", precision, before, after);
                }
            }
        }

        #[test]
        fn an_eight_bit_weight_is_exact_in_float32(largest in 1e-30f32..1e30) {
            let scale = scale(largest);
            for q in 0..=127 {
                prop_assert_eq!(f64::from(q as f32 * scale), f64::from(q) * f64::from(scale));
            }
        }
    }
}
