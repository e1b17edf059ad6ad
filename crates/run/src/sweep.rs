//! The closing picture of the original: z[0] moved from -1 to 0.98 in 100 steps.

use gan::recipe::Sweep;
use noise::sample_z;

/// Pictures of a sweep.
pub const FRAMES: usize = 100;

/// z: [100, latent]: z\[0\] = 0.02 i - 1 for i = 0…99, the other coordinates held at one draw or drawn anew for each.
pub fn sweep_z(seed: u64, latent: usize, kind: Sweep) -> Vec<f32> {
    let mut z = match kind {
        Sweep::Fresh => sample_z(seed, FRAMES, latent),
        Sweep::Held => sample_z(seed, 1, latent).repeat(FRAMES),
    };
    for (i, row) in z.chunks_mut(latent).enumerate() {
        row[0] = 0.02 * i as f32 - 1.0;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_coordinate_moves_when_the_rest_is_held() {
        let z = sweep_z(1, 5, Sweep::Held);
        let (first, last) = (&z[..5], &z[495..]);
        assert_eq!((z.len(), first[0]), (500, -1.0));
        assert!((last[0] - 0.98).abs() < 1e-6);
        assert_eq!(first[1..], last[1..]);
        let fresh = sweep_z(1, 5, Sweep::Fresh);
        assert_ne!(fresh[1..5], fresh[496..]);
        assert_eq!(fresh[495], last[0]);
    }
}
