//! Latent vectors for a look at a model, where no data set and no seed are in play.

/// Numbers drawn from normal(0, 1), the same each time: SplitMix64 (Steele, Lea and Flood, 2014) and Box–Muller.
pub fn normal(count: usize) -> Vec<f32> {
    let mut state = 0u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        // In (0, 1), so that the logarithm is finite.
        (((word ^ (word >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    (0..count).map(|_| ((-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()) as f32).collect()
}
