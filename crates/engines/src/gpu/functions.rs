//! The kernels' own functions, held to their bounds over their whole range, on every driver at hand; and Philox to the word.

use super::Needs;
use super::buffers::Buffers;
use super::device::{Device, open};
use super::tests::every_adapter;
use kernels::buffers::Sizes;
use kernels::places::{RATES, SEEDS};
use kernels::plan::{ACTIVATIONS, Dispatch, FUNCTIONS, PHILOX};
use noise::philox::{Stream, block};

/// Arguments that one kernel run takes.
const MANY: usize = 1 << 22;

/// `code`, which turns `bits`, a word, into `out`, a word, on each of `words`.
fn mapped(device: &Device, code: &str, words: &[u32]) -> Vec<u32> {
    let source = format!(
        "@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(5) var<storage, read_write> out_words: array<u32>;
{FUNCTIONS}{ACTIVATIONS}{PHILOX}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
    for (var i = id.x; i < {n}u; i += 65536u) {{
        let bits = words[i];
        let x = bitcast<f32>(bits);
        var out = 0u;
        {code}
        out_words[i] = out;
    }}
}}
",
        n = words.len()
    );
    let bytes = [4, 4 * MANY as u64, 4 * RATES as u64, 4 * SEEDS as u64 + 8, 4, 4 * MANY as u64, 4];
    let buffers = Buffers::new(device, &Sizes { bytes }, MANY);
    let dispatch = Dispatch { name: "mapped".to_owned(), source, groups: [1024, 1] };
    let pipeline = buffers.pipeline(device, &dispatch);
    buffers.write_order(device, 0, words);
    let mut encoder = device.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_bind_group(0, buffers.bind_group(), &[]);
        pass.set_pipeline(&pipeline);
        pass.dispatch_workgroups(1024, 1, 1);
    }
    let index = device.queue.submit([encoder.finish()]);
    device.wait(index).unwrap();
    device.read(&buffers.state, 0, words.len()).unwrap().into_iter().map(f32::to_bits).collect()
}

/// Runs `check` on each driver; the names are those that the suite's output shows.
fn on_every_driver(check: impl Fn(&Device, &str)) {
    for adapter in every_adapter() {
        let needs = Needs { largest_buffer: 4 * MANY as u64, total: 8 * MANY as u64 };
        check(&open(&adapter, &needs).unwrap(), &adapter.description.name);
    }
}

/// The worst error of `code` on `arguments` against `truth`, as `error` measures it.
fn worst(
    device: &Device,
    code: &str,
    arguments: &[f32],
    truth: impl Fn(f64) -> f64,
    error: impl Fn(f64, f64) -> f64,
) -> (f64, f32) {
    let words: Vec<u32> = arguments.iter().map(|x| x.to_bits()).collect();
    let got = mapped(device, code, &words);
    let errors = arguments.iter().zip(got).map(|(&x, bits)| {
        let got = f64::from(f32::from_bits(bits));
        let error = error(got, truth(f64::from(x)));
        (if error.is_nan() { f64::INFINITY } else { error }, x)
    });
    errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("arguments")
}

fn relative(got: f64, truth: f64) -> f64 {
    if got == truth { 0.0 } else { (got - truth).abs() / truth.abs() }
}

fn absolute(got: f64, truth: f64) -> f64 {
    (got - truth).abs()
}

/// `count` numbers from `from` to `to`, evenly.
fn evenly(from: f32, to: f32, count: usize) -> Vec<f32> {
    (0..=count).map(|i| from + (to - from) * (i as f32 / count as f32)).collect()
}

#[test]
fn functions_are_within_their_bounds_over_their_whole_range() {
    // tanh, sigmoid and softplus take any number; near zero, where relative errors would show, down to the smallest.
    let mut any: Vec<f32> =
        [evenly(-12.0, 12.0, 1 << 20), evenly(-100.0, 100.0, 1 << 16), evenly(-0.4, 0.4, 1 << 18)].concat();
    any.extend((0..120).flat_map(|e| [2f32.powi(-e), -(2f32.powi(-e)), 3.0 * 2f32.powi(-e)]));
    any.extend([0.0, 1e30, -1e30, f32::MAX, f32::MIN]);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    on_every_driver(|device, driver| {
        let check = |name: &str, (error, argument): (f64, f32), bound: f64| {
            println!("{driver}: {name} errs by {error:.1e} at {argument}");
            assert!(error <= bound, "{driver}: {name} errs by {error:.1e} at {argument}");
        };
        let code = |call: &str| format!("out = bitcast<u32>({call});");
        let exp = worst(device, &code("exp_of(x)"), &evenly(-87.0, 87.0, 1 << 20), f64::exp, relative);
        check("exp", exp, 2e-7);
        check("tanh", worst(device, &code("tanh_of(x)"), &any, f64::tanh, absolute), 2e-7);
        let not_tiny: Vec<f32> = any.iter().copied().filter(|x| *x > -87.0).collect();
        let sigmoid = worst(device, &code("sigmoid(x)"), &not_tiny, |x| 1.0 / (1.0 + (-x).exp()), relative);
        check("sigmoid", sigmoid, 4e-7);
        let ln_1p = worst(device, &code("ln_1p(x)"), &evenly(0.0, 1.0, 1 << 20), f64::ln_1p, relative);
        check("ln_1p", ln_1p, 4e-7);
        let of_itself_or_1 = |got: f64, truth: f64| absolute(got, truth) / truth.abs().max(1.0);
        check("softplus", worst(device, &code("softplus(x)"), &any, softplus, of_itself_or_1), 4e-7);
    });
}

#[test]
fn what_is_no_number_stays_none_and_infinities_go_where_they_belong() {
    // Quiet and signalling, of either sign, with and without a payload.
    let nans = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff80_0001, 0x7fff_ffff, 0xffff_ffff];
    let infinities = [f32::INFINITY, f32::NEG_INFINITY].map(f32::to_bits);
    let slope = "activated(Activation(LEAKY_RELU, 0.2), x)";
    on_every_driver(|device, driver| {
        for (call, expected) in [
            ("exp_of(x)", [f32::INFINITY, 0.0]),
            ("tanh_of(x)", [1.0, -1.0]),
            ("sigmoid(x)", [1.0, 0.0]),
            ("softplus(x)", [f32::INFINITY, 0.0]),
            (slope, [f32::INFINITY, f32::NEG_INFINITY]),
            ("activated(Activation(TANH, 0.0), x)", [1.0, -1.0]),
        ] {
            let code = format!("out = bitcast<u32>({call});");
            for (bits, got) in nans.iter().zip(mapped(device, &code, &nans)) {
                let got = f32::from_bits(got);
                assert!(got.is_nan(), "{driver}: {call} of the NaN {bits:#x} is {got}");
            }
            let got: Vec<_> = mapped(device, &code, &infinities).into_iter().map(f32::from_bits).collect();
            assert!(got.iter().zip(expected).all(|(a, b)| absolute_or_same(*a, b)), "{driver}: {call} gives {got:?}");
        }
        // Takes u in [0, 1] alone: only NaN is asked of it.
        let got = mapped(device, "out = bitcast<u32>(ln_1p(x));", &nans);
        assert!(got.iter().all(|&bits| f32::from_bits(bits).is_nan()), "{driver}: ln_1p of NaN is {got:?}");
    });
}

/// Equal, infinities too; near zero, what is left of e^-87 counts as zero.
fn absolute_or_same(got: f32, expected: f32) -> bool {
    got == expected || (got - expected).abs() < 1e-37
}

#[test]
fn logarithm_and_sine_of_every_word_are_within_their_bounds() {
    on_every_driver(|device, driver| {
        // All 2^24 words in four runs.
        for quarter in 0..4u32 {
            let words: Vec<u32> = (0..1 << 22).map(|k| k + (quarter << 22)).collect();
            let float = |words: Vec<u32>| words.into_iter().map(|bits| f64::from(f32::from_bits(bits)));
            let ln = float(mapped(device, "out = bitcast<u32>(ln_of_fraction(bits + 1u));", &words));
            let cos = float(mapped(device, "out = bitcast<u32>(cos_sin_of_turn(bits).x);", &words));
            let sin = float(mapped(device, "out = bitcast<u32>(cos_sin_of_turn(bits).y);", &words));
            for (k, ((ln, cos), sin)) in words.iter().zip(ln.zip(cos).zip(sin)) {
                let truth = (f64::from(k + 1) / f64::from(1 << 24)).ln();
                assert!(relative(ln, truth) <= 4e-7, "{driver}: ln of {k}: {ln}, not {truth}");
                let truth = (std::f64::consts::TAU * f64::from(*k) / f64::from(1 << 24)).sin_cos();
                assert!(absolute(sin, truth.0) <= 2e-7, "{driver}: sin of {k}: {sin}, not {}", truth.0);
                assert!(absolute(cos, truth.1) <= 2e-7, "{driver}: cos of {k}: {cos}, not {}", truth.1);
            }
        }
    });
}

#[test]
fn philox_gives_the_very_words() {
    on_every_driver(|device, driver| {
        let counters: Vec<u32> = (0..1000).chain([u32::MAX, 0x8000_0000, 0xffff_0000]).collect();
        let seed = 0x0123_4567_89ab_cdef;
        for lane in 0..4 {
            let code =
                format!("out = philox(vec2<u32>(0x89abcdefu, 0x01234567u), vec4<u32>(bits, 7u, 1u, 0u))[{lane}];");
            let got = mapped(device, &code, &counters);
            for (counter, got) in counters.iter().zip(got) {
                let expected = block(seed, Stream::TrainingZ, 1 << 32 | 7, *counter)[lane];
                assert_eq!(got, expected, "{driver}: lane {lane} of block {counter}");
            }
        }
    });
}
