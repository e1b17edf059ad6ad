//! The innermost loop of every product, by relaxed SIMD where this module was compiled for it: multiply and add are one
//! instruction that rounds once, as in the trainer's own kernels.

/// Sets the fastest tile that this module may run.
pub(crate) fn use_fastest() {
    #[cfg(target_feature = "relaxed-simd")]
    linear::portable::set_tile(fused::tile);
}

#[cfg(target_feature = "relaxed-simd")]
mod fused {
    use core::arch::wasm32::{f32x4, f32x4_extract_lane, f32x4_relaxed_madd, f32x4_splat, v128};

    use linear::portable::{COLUMNS, ROWS};

    pub(super) fn tile(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS] {
        let mut sums = [[f32x4_splat(0.0); 2]; ROWS];
        for (a, b) in a.iter().zip(b) {
            let b = [f32x4(b[0], b[1], b[2], b[3]), f32x4(b[4], b[5], b[6], b[7])];
            for (sums, a) in sums.iter_mut().zip(a) {
                let a = f32x4_splat(*a);
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = f32x4_relaxed_madd(a, b, *sum);
                }
            }
        }
        sums.map(|[low, high]| {
            let [a, b] = [low, high].map(array);
            [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]
        })
    }

    #[inline(always)]
    fn array(x: v128) -> [f32; 4] {
        [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x), f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)]
    }
}
