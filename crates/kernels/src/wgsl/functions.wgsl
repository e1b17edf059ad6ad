// Functions of our own in place of the driver's, whose errors differ a hundredfold between drivers. Each has its bound
// beside it; functions.rs holds them to it over their whole range, on every driver at hand.
//
// What is no number stays none, and infinities go where they belong. `min` drops a NaN, and under fast mathematics a compiler
// may take it that there are none and drop a comparison too; so signs and NaNs are told in whole numbers.

const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -0.00021219444;
const LOG2_E: f32 = 1.44269504;

// `value`, or `x` where that is no number.
fn unless_nan(x: f32, value: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return bitcast<f32>(select(bitcast<u32>(value), bits, is_nan));
}

fn is_negative(x: f32) -> bool {
    return (bitcast<u32>(x) >> 31u) == 1u;
}

fn power_of_2(n: i32) -> f32 {
    return bitcast<f32>(u32(n + 127) << 23u);
}

// e^x, to a relative 2e-7 for x in [-87, 87]: 2^n e^r with |r| at most ln(2) / 2, the latter by its Taylor series to the 7th
// power, whose first term left out is below 6e-9. LN2_HIGH is short enough for n times it to be exact. 2^n comes as two
// factors: beyond 89 their product is infinite, below -104 it is 0.
fn exp_of(x: f32) -> f32 {
    let within = min(max(x, -104.0), 89.0);
    let n = floor(within * LOG2_E + 0.5);
    let r = (within - n * LN2_HIGH) - n * LN2_LOW;
    let tail = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let e_r = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * tail))));
    let half = i32(n) / 2;
    return unless_nan(x, e_r * power_of_2(half) * power_of_2(i32(n) - half));
}

// tanh x, to an absolute 2e-7. 1 - 2 / (e^2|x| + 1) loses nothing where tanh is near 1; below 0.35 it would lose digits, and
// the Taylor series takes over, whose first term left out is below 5e-9. Beyond 10, f32 cannot tell tanh from 1.
fn tanh_of(x: f32) -> f32 {
    let size = abs(x);
    let far = 1.0 - 2.0 / (exp_of(2.0 * min(size, 10.0)) + 1.0);
    let x2 = x * x;
    let tail = -17.0 / 315.0 + x2 * (62.0 / 2835.0 + x2 * (-1382.0 / 155925.0));
    let near = x + x * x2 * (-1.0 / 3.0 + x2 * (2.0 / 15.0 + x2 * tail));
    return unless_nan(x, select(select(far, -far, is_negative(x)), near, size < 0.35));
}

// 1 / (1 + e^-x), to a relative 4e-7.
fn sigmoid(x: f32) -> f32 {
    let e = exp_of(-min(abs(x), 87.0));
    return unless_nan(x, select(1.0, e, is_negative(x)) / (1.0 + e));
}

// ln(1 + u) for u in [0, 1], to a relative 4e-7: 2 artanh(s), s = u / (2 + u) at most 1/3, by its series to the 15th power.
fn ln_1p(u: f32) -> f32 {
    let s = u / (2.0 + u);
    let s2 = s * s;
    let tail = 1.0 / 9.0 + s2 * (1.0 / 11.0 + s2 * (1.0 / 13.0 + s2 * (1.0 / 15.0)));
    return 2.0 * s * (1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * tail))));
}

// ln(1 + e^x), to 4e-7 of itself or of 1: without overflow.
fn softplus(x: f32) -> f32 {
    return unless_nan(x, select(x, 0.0, is_negative(x)) + ln_1p(exp_of(-min(abs(x), 87.0))));
}

// ln(k / 2^24) for k in 1..=2^24, to a relative 4e-7. k is 2^e m with m within a factor sqrt(2) of 1.
fn ln_of_fraction(k: u32) -> f32 {
    let place = firstLeadingBit(k);
    var m = f32(k) * bitcast<f32>((127u - place) << 23u);
    var e = f32(place) - 24.0;
    if (m > 1.41421356) {
        m = 0.5 * m;
        e = e + 1.0;
    }
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = 2.0 * s + s * s2 * (2.0 / 3.0 + s2 * (2.0 / 5.0 + s2 * (2.0 / 7.0 + s2 * (2.0 / 9.0))));
    return e * LN2_HIGH + (e * LN2_LOW + series);
}

// Cosine and sine of k / 2^24 of a turn, for k below 2^24, to an absolute 2e-7: the nearest quarter is taken off exactly, in
// whole numbers, and an eighth of a turn at most is left for the Taylor series.
fn cos_sin_of_turn(k: u32) -> vec2<f32> {
    let quarter = (k + (1u << 21u)) >> 22u;
    let rest = i32(k) - i32(quarter << 22u);
    let x = f32(rest) * (1.57079633 / 4194304.0);
    let x2 = x * x;
    let sine = x + x * x2 * (-1.0 / 6.0 + x2 * (1.0 / 120.0 + x2 * (-1.0 / 5040.0 + x2 * (1.0 / 362880.0))));
    let cosine = 1.0 + x2 * (-0.5 + x2 * (1.0 / 24.0 + x2 * (-1.0 / 720.0 + x2 * (1.0 / 40320.0))));
    let turned = select(vec2<f32>(cosine, sine), vec2<f32>(sine, cosine), (quarter & 1u) == 1u);
    return vec2<f32>(
        select(turned.x, -turned.x, ((quarter + 1u) & 2u) == 2u),
        select(turned.y, -turned.y, (quarter & 2u) == 2u),
    );
}

// Two normals of two words, as Box and Muller's transform has them: see noise.rs.
fn box_muller(radius: u32, angle: u32) -> vec2<f32> {
    return sqrt(-2.0 * ln_of_fraction((radius >> 8u) + 1u)) * cos_sin_of_turn(angle >> 8u);
}
