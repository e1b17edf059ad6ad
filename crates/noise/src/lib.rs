//! Random numbers as training uses them: normal latents, uniform weights, and the order of an epoch's images.
//!
//! Element `i` of a stream is lane `i % 4` of Philox block `i / 4`, whatever the length asked for, so a prefix of a
//! longer sequence is the shorter one, and any element can be made alone.

pub mod philox;

use multiversion::multiversion;

use crate::philox::{LANES, Stream, block, blocks};

/// Fills `out` with samples of N(0, 1) from (`seed`, `stream`, `step`): Box and Muller's transform of 24-bit uniforms,
/// in f64, rounded once to f32. The largest magnitude is sqrt(2 ln 2^24), about 5.77.
///
/// Sixteen blocks at a time, so that it vectorises; no function of the platform's mathematics library is called, so
/// every machine draws the same bits.
///
/// Source: Box, Muller, "A Note on the Generation of Random Normal Deviates", 1958.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn fill_normal(seed: u64, stream: Stream, step: u64, out: &mut [f32]) {
    let (whole, rest) = out.as_chunks_mut::<{ 4 * LANES }>();
    let mut first = 0;
    for chunk in whole {
        normals(seed, stream, step, first, chunk);
        first += LANES as u32;
    }
    let mut last = [0.0; 4 * LANES];
    normals(seed, stream, step, first, &mut last);
    rest.copy_from_slice(&last[..rest.len()]);
}

/// Draws the normals of [`LANES`] blocks from block `first` on.
#[inline(always)]
fn normals(seed: u64, stream: Stream, step: u64, first: u32, out: &mut [f32; 4 * LANES]) {
    let words = blocks(seed, stream, step, first);
    for half in [0, 2] {
        let (mut cosines, mut sines) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            (cosines[i], sines[i]) = box_muller(words[half][i], words[half + 1][i]);
        }
        for i in 0..LANES {
            (out[4 * i + half], out[4 * i + half + 1]) = (cosines[i], sines[i]);
        }
    }
}

/// Draws `count` latent vectors of `latent` coordinates each, to make pictures that are shown of: z [count, latent],
/// row-major.
pub fn sample_z(seed: u64, count: usize, latent: usize) -> Vec<f32> {
    let mut z = vec![0.0; count * latent];
    fill_normal(seed, Stream::Samples, 0, &mut z);
    z
}

/// Fills `out` with uniform samples of [-limit, limit) for starting weights, from (`seed`, `step`); see
/// [`Stream::Weights`].
pub fn fill_uniform(seed: u64, step: u64, limit: f64, out: &mut [f32]) {
    for (index, chunk) in out.chunks_mut(4).enumerate() {
        let words = block(seed, Stream::Weights, step, index as u32);
        for (slot, word) in chunk.iter_mut().zip(words) {
            *slot = ((2.0 * unit(word) - 1.0) * limit) as f32;
        }
    }
}

/// Gives the order in which epoch `epoch` visits `count` images: a permutation of 0..count by Fisher and Yates.
///
/// A word is scaled to a range by multiplication; the bias of that, count / 2^32, is 1.3e-5 for MNIST.
pub fn permutation(seed: u64, epoch: u64, count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    let mut words = [0; 4];
    for i in 0..count.saturating_sub(1) {
        if i % 4 == 0 {
            words = block(seed, Stream::Permutation, epoch, (i / 4) as u32);
        }
        let left = (count - i) as u64;
        let pick = (u64::from(words[i % 4]) * left) >> 32;
        order.swap(i, i + pick as usize);
    }
    order
}

/// Gives the upper 24 bits of a word as a number in [0, 1).
fn unit(word: u32) -> f64 {
    f64::from(word >> 8) * 2f64.powi(-24)
}

#[inline(always)]
fn box_muller(radius: u32, angle: u32) -> (f32, f32) {
    // One step above `unit` keeps the logarithm finite.
    let r = (-2.0 * ln_of_fraction((radius >> 8) + 1)).sqrt();
    let (sin, cos) = sin_cos_of_turn(angle >> 8);
    ((r * cos) as f32, (r * sin) as f32)
}

/// Gives ln(k / 2^24) for k in 1..=2^24, to a relative 1e-13.
///
/// k is 2^e m with m within a factor sqrt(2) of 1, and ln m = 2 artanh(s), s = (m - 1) / (m + 1), by its series to the
/// 15th power; |s| is at most 0.172, and the first term left out below 2e-14 of the sum.
#[inline(always)]
fn ln_of_fraction(k: u32) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = f64::from(k as i32).to_bits();
    let m = f64::from_bits(bits & MANTISSA | 1f64.to_bits());
    let above = m > std::f64::consts::SQRT_2;
    let m = if above { 0.5 * m } else { m };
    let e = f64::from((bits >> 52) as i32 - 1023 - 24 + i32::from(above));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let tail = 2.0 / 9.0 + s2 * (2.0 / 11.0 + s2 * (2.0 / 13.0 + s2 * (2.0 / 15.0)));
    e * std::f64::consts::LN_2 + s * (2.0 + s2 * (2.0 / 3.0 + s2 * (2.0 / 5.0 + s2 * (2.0 / 7.0 + s2 * tail))))
}

/// Gives sine and cosine of k / 2^24 of a turn, for k below 2^24, to an absolute 1e-13: the nearest quarter is taken
/// off exactly, in whole numbers, and an eighth of a turn at most is left for the Taylor series.
#[inline(always)]
fn sin_cos_of_turn(k: u32) -> (f64, f64) {
    let quarter = (k + (1 << 21)) >> 22;
    let rest = k as i32 - (quarter << 22) as i32;
    let x = f64::from(rest) * (std::f64::consts::FRAC_PI_2 / f64::from(1 << 22));
    let x2 = x * x;
    let sin_tail = 1.0 / 362_880.0 + x2 * (-1.0 / 39_916_800.0 + x2 * (1.0 / 6_227_020_800.0));
    let cos_tail = 1.0 / 40_320.0 + x2 * (-1.0 / 3_628_800.0 + x2 * (1.0 / 479_001_600.0 - x2 / 87_178_291_200.0));
    let sin = x + x * x2 * (-1.0 / 6.0 + x2 * (1.0 / 120.0 + x2 * (-1.0 / 5040.0 + x2 * sin_tail)));
    let cos = 1.0 + x2 * (-0.5 + x2 * (1.0 / 24.0 + x2 * (-1.0 / 720.0 + x2 * cos_tail)));
    let (sin, cos) = if quarter & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let sin = if quarter & 2 == 2 { -sin } else { sin };
    let cos = if (quarter + 1) & 2 == 2 { -cos } else { cos };
    (sin, cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let mut z = vec![0.0f32; 200_000];
        fill_normal(7, Stream::TrainingZ, 3, &mut z);
        let moment = |k: i32| z.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / z.len() as f64;
        // Five standard errors of each sample moment of a true normal: sqrt(var / n).
        let n = (z.len() as f64).sqrt();
        for (k, expected, deviation) in
            [(1, 0.0, 1.0), (2, 1.0, 2f64.sqrt()), (3, 0.0, 15f64.sqrt()), (4, 3.0, 96f64.sqrt())]
        {
            assert!((moment(k) - expected).abs() < 5.0 * deviation / n, "moment {k}: {}", moment(k));
        }
    }

    #[test]
    fn the_bits_of_a_seed_are_those_of_every_other_reader() {
        // FNV-1a over the bits of 100,000 numbers each; tests/browser/philox.test.js holds the page to the same.
        for (seed, expected) in [(0, 0xb44b01bu32), (7, 0xfb78d48e), ((1 << 32) + 7, 0x308f6b73)] {
            let bytes = sample_z(seed, 1000, 100).into_iter().flat_map(f32::to_le_bytes);
            let found = bytes.fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            assert_eq!(found, expected, "seed {seed}: {found:08x}");
        }
    }

    #[test]
    fn normals_are_those_of_the_textbook_formula() {
        // The same words through the platform's own functions: all but one in ten thousand must round to the same f32, and
        // that one to a neighbour.
        let mut z = vec![0.0f32; 400_003];
        fill_normal(3, Stream::TrainingZ, 5, &mut z);
        let mut others = 0;
        for (i, pair) in z.chunks_exact(2).enumerate() {
            let words = block(3, Stream::TrainingZ, 5, (i / 2) as u32);
            let (radius, angle) = (words[2 * (i % 2)], words[2 * (i % 2) + 1]);
            let r = (-2.0 * (unit(radius) + 2f64.powi(-24)).ln()).sqrt();
            let turn = std::f64::consts::TAU * unit(angle);
            for (got, expected) in pair.iter().zip([r * turn.cos(), r * turn.sin()]) {
                let near = (f64::from(*got) - expected).abs();
                assert!(near <= expected.abs() * f64::from(f32::EPSILON) + 1e-12, "{i}: {got}, not {expected}");
                others += usize::from(*got != expected as f32);
            }
        }
        assert!(others < 40, "{others} of 400,000 differ");
    }

    #[test]
    fn logarithm_and_sine_are_within_their_bounds_over_their_whole_range() {
        for k in (1..=1 << 24).step_by(7).chain([1, 2, 3, (1 << 24) - 1, 1 << 24]) {
            let truth = (f64::from(k) / f64::from(1 << 24)).ln();
            assert!((ln_of_fraction(k) - truth).abs() <= 1e-13 * truth.abs(), "ln of {k}: {}", ln_of_fraction(k));
        }
        for k in (0..1 << 24).step_by(7).chain([1 << 21, 1 << 22, 3 << 21, (1 << 24) - 1]) {
            let (truth, got) =
                ((std::f64::consts::TAU * f64::from(k) / f64::from(1 << 24)).sin_cos(), sin_cos_of_turn(k));
            assert!(
                (got.0 - truth.0).abs() <= 1e-13 && (got.1 - truth.1).abs() <= 1e-13,
                "{k}: {got:?}, not {truth:?}"
            );
        }
    }

    #[test]
    fn a_shorter_fill_is_a_prefix_of_a_longer_one() {
        let (mut short, mut long) = (vec![0.0; 7], vec![0.0; 40]);
        fill_normal(1, Stream::Samples, 9, &mut short);
        fill_normal(1, Stream::Samples, 9, &mut long);
        assert_eq!(short, long[..7]);
    }

    #[test]
    fn a_permutation_visits_every_image_once_and_differs_by_epoch_and_seed() {
        let order = permutation(5, 0, 1001);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1001).collect::<Vec<u32>>());
        assert_ne!(order, permutation(5, 1, 1001));
        assert_ne!(order, permutation(6, 0, 1001));
        assert!(permutation(0, 0, 0).is_empty());
    }

    #[test]
    fn a_permutation_favours_no_place() {
        // Where each of 8 images lands, over 4,000 epochs: chi-squared with 7 * 7 degrees of freedom, 85.4 at p = 0.001.
        let mut places = [[0f64; 8]; 8];
        for epoch in 0..4000 {
            for (place, image) in permutation(11, epoch, 8).into_iter().enumerate() {
                places[image as usize][place] += 1.0;
            }
        }
        let chi2: f64 = places.iter().flatten().map(|&n| (n - 500.0).powi(2) / 500.0).sum();
        assert!(chi2 < 85.4, "chi-squared {chi2}, places {places:?}");
    }

    #[test]
    fn uniform_weights_fill_their_range_and_stay_inside() {
        let mut w = vec![0.0f32; 10_000];
        fill_uniform(3, 0, 0.25, &mut w);
        assert!(w.iter().all(|v| v.abs() <= 0.25));
        assert!(w.iter().any(|&v| v > 0.249) && w.iter().any(|&v| v < -0.249));
    }
}
