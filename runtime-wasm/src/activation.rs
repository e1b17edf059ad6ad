//! What is done to each number after a product.

use crate::lanes::{Arithmetic, Lanes};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Activation {
    /// x.
    None,
    /// x where x is positive, else slope · x.
    LeakyRelu {
        /// Of the negative half.
        slope: f32,
    },
    /// tanh x.
    Tanh,
}

impl Activation {
    /// The function, in each lane.
    #[inline(always)]
    pub(crate) fn of<A: Arithmetic>(self, x: Lanes) -> Lanes {
        match self {
            Activation::None => x,
            Activation::LeakyRelu { slope } => x.positive_or(x.mul(Lanes::splat(slope))),
            Activation::Tanh => tanh::<A>(x),
        }
    }
}

/// tanh as a quotient of two polynomials, x · P(x²) / Q(x²): the minimax fit that tract's own kernel has (tract-linalg,
/// `generic::tanh`; it is Eigen's), so that the two agree to rounding. Beyond 7.5 it stays
/// 6e-7 short of 1.
#[inline(always)]
fn tanh<A: Arithmetic>(x: Lanes) -> Lanes {
    const LIMIT: f32 = 7.5;
    // From the highest power down.
    const P: [f32; 7] =
        [-8.488_493e-14, 5.277_853e-11, -2.022_500_4e-8, 1.115_424_8e-5, 3.103_95e-3, 0.130_840_04, 1.0];
    const Q: [f32; 4] = [2.546_136_6e-4, 2.449_515_4e-2, 0.464_173_32, 1.0];
    let x = x.clamp(LIMIT);
    let square = x.mul(x);
    let polynomial = |coefficients: &[f32]| {
        let (&first, rest) = coefficients.split_first().expect("neither is empty");
        rest.iter().fold(Lanes::splat(first), |sum, &c| A::multiply_add(sum, square, Lanes::splat(c)))
    };
    x.mul(polynomial(&P)).div(polynomial(&Q))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Fused, LANES, Separate};

    #[test]
    fn tanh_is_tanh_within_a_dozen_roundings() {
        // Every thousandth from -12 to 12, and what no polynomial likes.
        let points = (-12_000..=12_000).map(|i| i as f32 / 1000.0).chain([
            1e-30,
            -1e-30,
            1e30,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ]);
        for x in points {
            for found in [tanh::<Fused>(Lanes::splat(x)), tanh::<Separate>(Lanes::splat(x))] {
                let [found, ..] = found.to_array();
                let expected = f64::from(x).tanh();
                // A dozen roundings of numbers of the result's size, at half an ulp of 6e-8 each; the limit costs as much.
                let bound = 8e-7 * expected.abs() + 1e-38;
                assert!((f64::from(found) - expected).abs() <= bound, "tanh {x}: {found} for {expected}");
                assert!(found.abs() <= 1.0, "tanh {x}: {found}");
            }
        }
        assert!(tanh::<Fused>(Lanes::splat(f32::NAN)).to_array()[0].is_nan(), "NaN is not hidden");
    }

    #[test]
    fn leaky_relu_bends_at_zero() {
        let x = [-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, f32::NAN, 4.0];
        let y: [f32; LANES] = Activation::LeakyRelu { slope: 0.5 }.of::<Separate>(Lanes::load(&x)).to_array();
        assert_eq!(y[..6], [-1.0, -0.5, -0.0, 0.0, 0.5, 1.0]);
        assert!(y[6].is_nan());
        assert_eq!(y[7], 4.0);
    }
}
