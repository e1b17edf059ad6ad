//! Eight float32 numbers side by side, and the arithmetic that networks are made of.
//!
//! In the browser these are two SIMD128 registers. Where relaxed SIMD is there, multiply and add are one instruction that
//! rounds once, as the trainer's own kernels do; the compiler never makes that instruction by itself, so it is named here.
//! Natively this is an array that the compiler vectorises, fused where the processor can.

/// How many numbers stand side by side.
pub(crate) const LANES: usize = 8;

/// Whether `a · b + c` rounds once or twice.
pub(crate) trait Arithmetic {
    /// `a · b + c` in each lane.
    fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes;
}

#[cfg(target_arch = "wasm32")]
pub(crate) use in_the_browser::{Compiled, Lanes};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use natively::{Fused, Lanes, Separate};

#[cfg(target_arch = "wasm32")]
mod in_the_browser {
    use core::arch::wasm32::*;

    use super::{Arithmetic, LANES};

    /// Two registers.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes(v128, v128);

    #[rustfmt::skip]
    impl Lanes {
        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Lanes {
            Lanes(f32x4_splat(x), f32x4_splat(x))
        }

        /// Four neighbours become one load.
        #[inline(always)]
        pub(crate) fn load(x: &[f32; LANES]) -> Lanes {
            Lanes(f32x4(x[0], x[1], x[2], x[3]), f32x4(x[4], x[5], x[6], x[7]))
        }

        #[inline(always)]
        pub(crate) fn to_array(self) -> [f32; LANES] {
            let Lanes(a, b) = self;
            [
                f32x4_extract_lane::<0>(a), f32x4_extract_lane::<1>(a), f32x4_extract_lane::<2>(a), f32x4_extract_lane::<3>(a),
                f32x4_extract_lane::<0>(b), f32x4_extract_lane::<1>(b), f32x4_extract_lane::<2>(b), f32x4_extract_lane::<3>(b),
            ]
        }

        #[inline(always)]
        pub(crate) fn mul(self, other: Lanes) -> Lanes {
            Lanes(f32x4_mul(self.0, other.0), f32x4_mul(self.1, other.1))
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Lanes) -> Lanes {
            Lanes(f32x4_add(self.0, other.0), f32x4_add(self.1, other.1))
        }

        #[inline(always)]
        pub(crate) fn div(self, other: Lanes) -> Lanes {
            Lanes(f32x4_div(self.0, other.0), f32x4_div(self.1, other.1))
        }

        /// Within [-limit, limit]; NaN stays NaN.
        #[inline(always)]
        pub(crate) fn clamp(self, limit: f32) -> Lanes {
            let [low, high] = [f32x4_splat(-limit), f32x4_splat(limit)];
            let clamp = |x| f32x4_pmax(f32x4_pmin(x, high), low);
            Lanes(clamp(self.0), clamp(self.1))
        }

        /// Itself where it is positive, `other` elsewhere.
        #[inline(always)]
        pub(crate) fn positive_or(self, other: Lanes) -> Lanes {
            let zero = f32x4_splat(0.0);
            let pick = |x, other| v128_bitselect(x, other, f32x4_gt(x, zero));
            Lanes(pick(self.0, other.0), pick(self.1, other.1))
        }
    }

    /// What this module was compiled to.
    pub(crate) struct Compiled;

    impl Arithmetic for Compiled {
        #[cfg(target_feature = "relaxed-simd")]
        #[inline(always)]
        fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
            Lanes(f32x4_relaxed_madd(a.0, b.0, c.0), f32x4_relaxed_madd(a.1, b.1, c.1))
        }

        #[cfg(not(target_feature = "relaxed-simd"))]
        #[inline(always)]
        fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
            a.mul(b).add(c)
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod natively {
    use super::{Arithmetic, LANES};

    /// An array.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes([f32; LANES]);

    impl Lanes {
        #[inline(always)]
        fn each(self, other: Lanes, of: impl Fn(f32, f32) -> f32) -> Lanes {
            Lanes(std::array::from_fn(|i| of(self.0[i], other.0[i])))
        }

        #[inline(always)]
        pub(crate) fn splat(x: f32) -> Lanes {
            Lanes([x; LANES])
        }

        #[inline(always)]
        pub(crate) fn load(x: &[f32; LANES]) -> Lanes {
            Lanes(*x)
        }

        #[inline(always)]
        pub(crate) fn to_array(self) -> [f32; LANES] {
            self.0
        }

        #[inline(always)]
        pub(crate) fn mul(self, other: Lanes) -> Lanes {
            self.each(other, |a, b| a * b)
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Lanes) -> Lanes {
            self.each(other, |a, b| a + b)
        }

        #[inline(always)]
        pub(crate) fn div(self, other: Lanes) -> Lanes {
            self.each(other, |a, b| a / b)
        }

        /// Within [-limit, limit]; NaN stays NaN.
        #[inline(always)]
        pub(crate) fn clamp(self, limit: f32) -> Lanes {
            Lanes(self.0.map(|x| x.clamp(-limit, limit)))
        }

        /// Itself where it is positive, `other` elsewhere.
        #[inline(always)]
        pub(crate) fn positive_or(self, other: Lanes) -> Lanes {
            self.each(other, |a, b| if a > 0.0 { a } else { b })
        }
    }

    /// Rounds once.
    pub(crate) struct Fused;

    impl Arithmetic for Fused {
        #[inline(always)]
        fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
            Lanes(std::array::from_fn(|i| a.0[i].mul_add(b.0[i], c.0[i])))
        }
    }

    /// Rounds the product, then the sum.
    pub(crate) struct Separate;

    impl Arithmetic for Separate {
        #[inline(always)]
        fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
            a.mul(b).add(c)
        }
    }
}
