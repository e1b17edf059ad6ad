//! Random numbers as training uses them: normal latents, uniform weights, and the order of an epoch's images.
//!
//! Element `i` of a stream is lane `i % 4` of Philox block `i / 4`, whatever the length asked for, so a prefix of a
//! longer sequence is the shorter one, and any element can be made alone.

use crate::philox::{Stream, block};

/// Fills `out` with samples of N(0, 1) from (`seed`, `stream`, `step`): Box and Muller's transform of 24-bit uniforms,
/// in f64, rounded once to f32. The largest magnitude is sqrt(2 ln 2^24), about 5.77.
///
/// Source: Box, Muller, "A Note on the Generation of Random Normal Deviates", 1958.
pub fn fill_normal(seed: u64, stream: Stream, step: u64, out: &mut [f32]) {
    for (index, chunk) in out.chunks_mut(4).enumerate() {
        let [a, b, c, d] = block(seed, stream, step, index as u32);
        let (n0, n1) = box_muller(a, b);
        let (n2, n3) = box_muller(c, d);
        for (slot, value) in chunk.iter_mut().zip([n0, n1, n2, n3]) {
            *slot = value;
        }
    }
}

/// `count` latent vectors of `latent` coordinates each, one after another: z: [count, latent].
pub fn sample_z(seed: u64, count: usize, latent: usize) -> Vec<f32> {
    let mut z = vec![0.0; count * latent];
    fill_normal(seed, Stream::Samples, 0, &mut z);
    z
}

/// Fills `out` with uniform samples of [-limit, limit) for starting weights.
pub fn fill_uniform(seed: u64, step: u64, limit: f64, out: &mut [f32]) {
    for (index, chunk) in out.chunks_mut(4).enumerate() {
        let words = block(seed, Stream::Weights, step, index as u32);
        for (slot, word) in chunk.iter_mut().zip(words) {
            *slot = ((2.0 * unit(word) - 1.0) * limit) as f32;
        }
    }
}

/// The order in which epoch `epoch` visits `count` images: a permutation of 0..count by Fisher and Yates.
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

/// The upper 24 bits of a word as a number in [0, 1).
fn unit(word: u32) -> f64 {
    f64::from(word >> 8) * 2f64.powi(-24)
}

fn box_muller(radius: u32, angle: u32) -> (f32, f32) {
    // One step above `unit` keeps the logarithm finite.
    let r = (-2.0 * (unit(radius) + 2f64.powi(-24)).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * unit(angle)).sin_cos();
    ((r * cos) as f32, (r * sin) as f32)
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
