//! The reference is held to two things it does not share a line with: losses in plain f64 loops, and their finite
//! differences. Networks are tiny, so every single parameter is checked.

use std::sync::Arc;

use candle_core::{DType, Device};

use super::Reference;
use crate::{Engine, Probe, State, StepInput, StepStats, Stepwise};
use data::{Pictures, scale_byte};
use gan::DataShape;
use gan::recipe::{Layers, Loss, Recipe, StepRates};
use net::{Activation, Layer, Network};
use noise::philox::{Stream, block};

const PIXELS: usize = 6;
const SHAPE: DataShape = DataShape { image: [1, 2, 3], classes: 0 };
const BATCH: usize = 4;
/// Central differences at step 1e-5 in f64: truncation about 1e-10, rounding about 1e-11.
const DIFFERENCE: f64 = 1e-5;
const TOLERANCE: f64 = 1e-7;

struct Case {
    name: &'static str,
    recipe: Recipe,
    rates: StepRates,
}

/// Name, recipe to start from, rates, layers of G and of D.
type Chain<'a> = (&'static str, &'a str, StepRates, &'a [Layer], &'a [Layer]);

fn cases() -> Vec<Case> {
    let tiny: toml::Table = "latent = 3\nhidden = 5\nbatch = 4".parse().unwrap();
    let load = |name| Recipe::load(name, &tiny).unwrap();
    let rates = StepRates { lr: 0.01, r1_gamma: 0.0, r2_gamma: 0.0, ema_decay: 0.9 };
    let mut penalised_seed = load("seed");
    penalised_seed.ema = 0.5;
    let mut cases = vec![
        Case { name: "seed", recipe: load("seed"), rates },
        Case { name: "seed with R1 alone", recipe: penalised_seed, rates: StepRates { r1_gamma: 0.7, ..rates } },
        Case { name: "relativistic alone", recipe: load("stable"), rates },
        Case { name: "stable", recipe: load("stable"), rates: StepRates { r1_gamma: 0.5, r2_gamma: 0.3, ..rates } },
    ];
    let (dense, end, leaky, tanh) = (Layer::dense, Layer::dense_to_output(), Layer::leaky_relu, Layer::Tanh);
    let penalised = StepRates { r1_gamma: 0.5, r2_gamma: 0.3, ..rates };
    let conv = |channels, kernel, stride, padding, upsample| {
        let (channels, padding) = (Some(channels), Some(padding));
        Layer::Conv { channels, kernel, stride, padding, upsample }
    };
    let transpose = |channels, kernel, stride, padding| {
        let (channels, padding) = (Some(channels), Some(padding));
        Layer::ConvTranspose { channels, kernel, stride, padding }
    };
    let reshape = |channels, rows, columns| Layer::Reshape { channels, rows: Some(rows), columns: Some(columns) };
    let chains: [Chain; 8] = [
        (
            "convolutions of every kind",
            "stable",
            penalised,
            // 2 x 1 x 2, 2 x 2 x 4, 3 x 1 x 2, 1 x 2 x 3.
            &[
                end.clone(),
                leaky(0.3),
                reshape(2, 1, 2),
                conv(2, 3, 1, 1, 2),
                leaky(0.2),
                conv(3, 2, 2, 0, 1),
                leaky(0.1),
                transpose(1, 2, 1, 0),
                tanh.clone(),
            ],
            // 1 x 2 x 3, 2 x 1 x 2, 2 x 2 x 3, 1 x 4 x 6.
            &[
                conv(2, 3, 2, 1, 1),
                leaky(0.3),
                transpose(2, 2, 1, 0),
                leaky(0.2),
                conv(1, 3, 1, 1, 2),
                leaky(0.1),
                end.clone(),
            ],
        ),
        (
            "windows that leave an edge out",
            "seed",
            rates,
            // 2 x 1 x 2, 2 x 1 x 3, 1 x 2 x 3.
            &[dense(4), reshape(2, 1, 2), tanh.clone(), transpose(2, 3, 2, 1), leaky(0.2), end.clone(), tanh.clone()],
            // 1 x 2 x 3, 2 x 1 x 1, 1 x 1 x 1.
            &[conv(2, 2, 2, 0, 1), tanh.clone(), conv(1, 1, 1, 0, 1)],
        ),
        ("one layer each", "stable", penalised, &[end.clone(), tanh.clone()], std::slice::from_ref(&end)),
        (
            "deep and narrow",
            "stable",
            penalised,
            &[dense(2), leaky(0.1), dense(1), leaky(0.3), dense(4), leaky(0.0), end.clone(), tanh.clone()],
            &[dense(3), leaky(0.1), dense(1), leaky(0.3), dense(2), leaky(0.5), dense(3), leaky(0.2), end.clone()],
        ),
        (
            "unequal widths, and layers with no function between",
            "stable",
            penalised,
            &[dense(7), dense(2), leaky(0.2), end.clone(), tanh.clone()],
            &[dense(2), dense(5), leaky(0.2), dense(3), end.clone()],
        ),
        (
            "tanh inside of G",
            "stable",
            penalised,
            &[dense(5), tanh.clone(), dense(3), leaky(0.2), end.clone(), tanh.clone()],
            &[dense(4), leaky(0.0), end.clone()],
        ),
        (
            "tanh inside of D, and no penalty",
            "seed",
            rates,
            &[dense(5), tanh.clone(), end.clone(), tanh.clone()],
            &[dense(5), tanh.clone(), dense(3), leaky(0.2), end.clone()],
        ),
        (
            "tanh inside of D, relativistic",
            "stable",
            rates,
            &[dense(4), leaky(0.2), end.clone(), tanh.clone()],
            &[dense(3), leaky(0.2), dense(5), tanh.clone(), end.clone()],
        ),
    ];
    for (name, recipe, rates, g, d) in chains {
        let layers = |layers: &[Layer]| Some(Layers { layers: layers.to_vec() });
        let recipe = Recipe { generator: layers(g), discriminator: layers(d), ..load(recipe) };
        cases.push(Case { name, recipe, rates });
    }
    cases
}

fn pictures() -> Arc<Pictures> {
    let bytes = (0..PIXELS as u32 * 9).map(|i| block(1, Stream::Samples, 0, i)[0] as u8).collect();
    Arc::new(Pictures { bytes, labels: vec![0; 9], shape: SHAPE })
}

/// A state in the middle of things: biases and moments away from zero.
fn late_state(recipe: &Recipe) -> State {
    let mut state = State::initial(recipe, SHAPE, 3);
    state.step = 40;
    for (seed, slot) in [(1, &mut state.generator), (2, &mut state.discriminator)] {
        let mut noise = vec![0.0; slot.parameters.len()];
        noise::fill_normal(seed, Stream::Weights, 9, &mut noise);
        slot.parameters.iter_mut().zip(&noise).for_each(|(p, n)| *p += 0.1 * n);
        slot.m.iter_mut().zip(&noise).for_each(|(m, n)| *m = 0.01 * n);
        slot.v.iter_mut().zip(&noise).for_each(|(v, n)| *v = 0.02 * n.abs() + 0.001);
    }
    state
}

/// Runs one step of the f64 reference; gives its probes and what it reported.
fn step(case: &Case, state: &State, indices: &[u32], z: &[f32]) -> (Vec<Probe>, StepStats, Reference) {
    let device = Device::Cpu;
    let mut engine = Reference::new(&case.recipe, pictures(), state, device, DType::F64).unwrap();
    let input = StepInput { step: state.step, indices, inputs: z, rates: case.rates };
    let stats = engine.step(&input).unwrap();
    assert!(stats.is_finite());
    (engine.probe().unwrap(), stats, engine)
}

mod plain {
    //! One sample at a time, one multiplication at a time.
    use super::*;

    pub fn widen(values: &[f32]) -> Vec<f64> {
        values.iter().map(|&v| f64::from(v)).collect()
    }

    fn affine(network: &Network, parameters: &[f64], layer: usize, input: &[f64]) -> Vec<f64> {
        let (stage, bias) = (&network.stages[layer], &parameters[network.bias(layer)]);
        let sums = linear(network, parameters, layer, input);
        sums.iter().enumerate().map(|(i, sum)| sum + bias[i / stage.plane()]).collect()
    }

    fn linear(network: &Network, parameters: &[f64], layer: usize, input: &[f64]) -> Vec<f64> {
        let (stage, weight) = (&network.stages[layer], &parameters[network.weight(layer)]);
        let mut sums = vec![0.0; stage.outputs];
        stage.visit_products(|output, x, w| sums[output] += weight[w] * input[x]);
        sums
    }

    /// What a function gives, and its derivative there.
    fn function(activation: Activation, x: f64) -> [f64; 2] {
        match activation {
            Activation::Identity => [x, 1.0],
            Activation::LeakyRelu(_) if x > 0.0 => [x, 1.0],
            Activation::LeakyRelu(slope) => [slope * x, slope],
            Activation::Tanh => [x.tanh(), 1.0 / x.cosh().powi(2)],
        }
    }

    pub fn forward(network: &Network, parameters: &[f64], input: &[f64]) -> Vec<f64> {
        let stages = network.stages.iter().enumerate();
        stages.fold(input.to_vec(), |x, (layer, stage)| {
            let sums = affine(network, parameters, layer, &x);
            sums.into_iter().map(|sum| function(stage.activation, sum)[0]).collect()
        })
    }

    /// Squared norm of the logit's gradient by its input, in forward mode: the derivative along each pixel is carried
    /// through the layers, the other way round from how the reference has it.
    fn squared_gradient(network: &Network, parameters: &[f64], input: &[f64]) -> f64 {
        let along = |pixel: usize| -> f64 {
            let mut x = input.to_vec();
            let mut moved: Vec<f64> = (0..input.len()).map(|i| if i == pixel { 1.0 } else { 0.0 }).collect();
            for (layer, stage) in network.stages.iter().enumerate() {
                let by_sum = linear(network, parameters, layer, &moved).into_iter();
                let sums = affine(network, parameters, layer, &x);
                let of = |sum: &f64| function(stage.activation, *sum);
                moved = by_sum.zip(&sums).map(|(by_sum, sum)| of(sum)[1] * by_sum).collect();
                x = sums.iter().map(|sum| of(sum)[0]).collect();
            }
            moved[0]
        };
        (0..input.len()).map(|pixel| along(pixel).powi(2)).sum()
    }

    fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    fn cross_entropy(logit: f64, target: f64) -> f64 {
        -target * sigmoid(logit).ln() - (1.0 - target) * (1.0 - sigmoid(logit)).ln()
    }

    pub fn d_loss(case: &Case, network: &Network, d: &[f64], real: &[Vec<f64>], fake: &[Vec<f64>]) -> f64 {
        let (recipe, rates) = (&case.recipe, &case.rates);
        let mut sum = 0.0;
        for (x, y) in real.iter().zip(fake) {
            let (x, y) = (&seen(recipe, x), &seen(recipe, y));
            let on_real = forward(network, d, x)[0];
            let on_fake = forward(network, d, y)[0];
            sum += match recipe.loss {
                Loss::NonSaturating => cross_entropy(on_real, recipe.real_label) + cross_entropy(on_fake, 0.0),
                Loss::Relativistic => cross_entropy(on_real - on_fake, 1.0),
            };
            for (picture, gamma) in [(x, rates.r1_gamma), (y, rates.r2_gamma)] {
                if gamma > 0.0 {
                    sum += gamma / 2.0 * squared_gradient(network, d, picture);
                }
            }
        }
        sum / real.len() as f64
    }

    pub fn g_loss(
        case: &Case,
        [g_network, d_network]: [&Network; 2],
        g: &[f64],
        d: &[f64],
        real: &[Vec<f64>],
        z: &[f64],
    ) -> f64 {
        let recipe = &case.recipe;
        let fakes = generate(recipe, g_network, g, z);
        let losses = real.iter().zip(&fakes).map(|(x, y)| g_loss_of(recipe, d_network, d, x, y));
        losses.sum::<f64>() / real.len() as f64
    }

    /// G's loss of one generated picture `y`, paired with the real picture `x`.
    fn g_loss_of(recipe: &Recipe, network: &Network, d: &[f64], x: &[f64], y: &[f64]) -> f64 {
        let (x, y) = (&seen(recipe, x), &seen(recipe, y));
        let on_fake = forward(network, d, y)[0];
        match recipe.loss {
            Loss::NonSaturating => cross_entropy(on_fake, 1.0),
            Loss::Relativistic => cross_entropy(on_fake - forward(network, d, x)[0], 1.0),
        }
    }

    /// A picture as D sees it.
    pub fn seen(recipe: &Recipe, picture: &[f64]) -> Vec<f64> {
        picture.iter().map(|x| x + recipe.d_input_offset).collect()
    }

    /// Root of the mean squared norm of the gradient of each picture's loss by its pixels.
    pub fn gradient_by_pictures(
        case: &Case,
        network: &Network,
        d: &[f64],
        real: &[Vec<f64>],
        fake: &[Vec<f64>],
    ) -> f64 {
        let squared_norm = |(x, y): (&Vec<f64>, &Vec<f64>)| -> f64 {
            gradient(y, |y| g_loss_of(&case.recipe, network, d, x, y)).iter().map(|g| g * g).sum()
        };
        (real.iter().zip(fake).map(squared_norm).sum::<f64>() / real.len() as f64).sqrt()
    }

    pub fn generate(recipe: &Recipe, network: &Network, g: &[f64], z: &[f64]) -> Vec<Vec<f64>> {
        let picture = |z: &[f64]| forward(network, g, z);
        z.chunks(recipe.latent).map(picture).collect()
    }

    pub fn gradient(parameters: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let moved = |i: usize, by: f64| {
            let mut copy = parameters.to_vec();
            copy[i] += by;
            loss(&copy)
        };
        (0..parameters.len()).map(|i| (moved(i, DIFFERENCE) - moved(i, -DIFFERENCE)) / (2.0 * DIFFERENCE)).collect()
    }

    /// TensorFlow's documentation of Adam, term by term, for one scalar.
    pub fn adam(recipe: &Recipe, lr: f64, step: u64, theta: f64, m: f64, v: f64, g: f64) -> f64 {
        let t = step as i32 + 1;
        let m = recipe.beta1 * m + (1.0 - recipe.beta1) * g;
        let v = recipe.beta2 * v + (1.0 - recipe.beta2) * g * g;
        let lr_t = lr * (1.0 - recipe.beta2.powi(t)).sqrt() / (1.0 - recipe.beta1.powi(t));
        theta - lr_t * m / (v.sqrt() + recipe.adam_epsilon)
    }
}

fn close(name: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{name}");
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{name}[{i}]: {a}, expected {b}");
    }
}

/// The named probes of one network, joined in the network's order.
fn joined(probes: &[Probe], prefix: &str, network: &Network) -> Vec<f64> {
    let find =
        |name: &str| probes.iter().find(|p| p.name == format!("{prefix}.{name}")).expect("every tensor is probed");
    network.tensors.iter().flat_map(|spec| find(&spec.name).values.clone()).collect()
}

#[test]
fn one_whole_step_equals_plain_f64_arithmetic() {
    let pictures = pictures();
    let indices = [7, 0, 3, 8];
    let mut z = vec![0.0; BATCH * 3];
    noise::fill_normal(5, Stream::TrainingZ, 40, &mut z);
    let real: Vec<Vec<f64>> = indices
        .iter()
        .map(|&i| pictures.bytes[i as usize * PIXELS..][..PIXELS].iter().map(|&b| f64::from(scale_byte(b))).collect())
        .collect();
    for case in cases() {
        let (recipe, name) = (&case.recipe, case.name);
        let state = late_state(recipe);
        let (g_network, d_network) = (recipe.generator_network(SHAPE), recipe.discriminator_network(SHAPE));
        let (probes, stats, engine) = step(&case, &state, &indices, &z);
        let (g, d) = (plain::widen(&state.generator.parameters), plain::widen(&state.discriminator.parameters));
        let z64 = plain::widen(&z);
        let fake = plain::generate(recipe, &g_network, &g, &z64);

        let d_gradient = plain::gradient(&d, |d| plain::d_loss(&case, &d_network, d, &real, &fake));
        close(&format!("{name}: D's gradient"), &joined(&probes, "gradient", &d_network), &d_gradient, TOLERANCE);

        let moved = |slot: &super::Slot, gradient: &[f64]| -> Vec<f64> {
            let (theta, m, v) = (plain::widen(&slot.parameters), plain::widen(&slot.m), plain::widen(&slot.v));
            let one = |i: usize| plain::adam(recipe, case.rates.lr, state.step, theta[i], m[i], v[i], gradient[i]);
            (0..theta.len()).map(one).collect()
        };
        let new_d = moved(&state.discriminator, &d_gradient);
        close(&format!("{name}: D after the step"), &joined(&probes, "parameter", &d_network), &new_d, TOLERANCE);

        let g_gradient =
            plain::gradient(&g, |g| plain::g_loss(&case, [&g_network, &d_network], g, &new_d, &real, &z64));
        close(&format!("{name}: G's gradient"), &joined(&probes, "gradient", &g_network), &g_gradient, TOLERANCE);
        let reaching = plain::gradient_by_pictures(&case, &d_network, &new_d, &real, &fake);
        close(&format!("{name}: the gradient that reaches G"), &[stats.g_gradient], &[reaching], TOLERANCE);
        let new_g = moved(&state.generator, &g_gradient);
        close(&format!("{name}: G after the step"), &joined(&probes, "parameter", &g_network), &new_g, TOLERANCE);

        if let Some(before) = &state.ema {
            let decay = case.rates.ema_decay;
            let expected: Vec<f64> =
                before.iter().zip(&new_g).map(|(&a, b)| decay * f64::from(a) + (1.0 - decay) * b).collect();
            let got = plain::widen(&engine.state(0).unwrap().ema.unwrap());
            // The state is f32.
            close(&format!("{name}: EMA"), &got, &expected, f64::from(f32::EPSILON));
        }
    }
}

#[test]
fn the_losses_reported_are_those_of_plain_arithmetic() {
    for case in cases() {
        let recipe = &case.recipe;
        let state = late_state(recipe);
        let (g_network, d_network) = (recipe.generator_network(SHAPE), recipe.discriminator_network(SHAPE));
        let mut z = vec![0.0; BATCH * 3];
        noise::fill_normal(5, Stream::TrainingZ, 40, &mut z);
        let pictures = pictures();
        let mut engine = Reference::new(recipe, pictures.clone(), &state, Device::Cpu, DType::F64).unwrap();
        let rates = StepRates { r1_gamma: 0.0, r2_gamma: 0.0, ..case.rates };
        let stats = engine.step(&StepInput { step: 40, indices: &[0, 1, 2, 3], inputs: &z, rates }).unwrap();
        let real: Vec<Vec<f64>> = (0..BATCH)
            .map(|i| pictures.bytes[i * PIXELS..][..PIXELS].iter().map(|&b| f64::from(scale_byte(b))).collect())
            .collect();
        let bare = Case { name: case.name, recipe: recipe.clone(), rates };
        let fake = plain::generate(recipe, &g_network, &plain::widen(&state.generator.parameters), &plain::widen(&z));
        let d_loss = plain::d_loss(&bare, &d_network, &plain::widen(&state.discriminator.parameters), &real, &fake);
        close(&format!("{}: d_loss", case.name), &[stats.d_loss], &[d_loss], 1e-12);
        let logits = |pictures: &[Vec<f64>]| -> f64 {
            let d = plain::widen(&state.discriminator.parameters);
            let logit = |x: &Vec<f64>| plain::forward(&d_network, &d, &plain::seen(recipe, x))[0];
            pictures.iter().map(logit).sum::<f64>() / BATCH as f64
        };
        // Logits are judged in f32, whatever the engine computes in.
        close(&format!("{}: margin", case.name), &[stats.d_margin], &[logits(&real) - logits(&fake)], 1e-6);
        assert!((0.0..=1.0).contains(&stats.d_real) && (0.0..=1.0).contains(&stats.d_fake), "{stats:?}");
    }
}

#[test]
fn losses_stay_finite_at_logits_where_the_textbook_form_does_not() {
    use candle_core::Tensor;
    for dtype in [DType::F32, DType::F64] {
        let logits = |values: &[f64]| {
            Tensor::from_slice(values, (values.len(), 1), &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
        };
        let (high, low) = (logits(&[200.0]), logits(&[-200.0]));
        let value = |t: Tensor| super::scalar(&t).unwrap();
        let of_d = |loss, real, fake, label| value(super::loss::of_d(loss, real, fake, label).unwrap());
        let of_g = |loss, real: &Tensor, fake| value(super::loss::of_g(loss, || Ok(real.clone()), fake).unwrap());
        assert_eq!(of_d(Loss::NonSaturating, &low, &high, 1.0), 400.0);
        assert_eq!(of_d(Loss::NonSaturating, &high, &low, 1.0), 0.0);
        assert_eq!(of_g(Loss::NonSaturating, &low, &high), 0.0);
        assert_eq!(of_g(Loss::NonSaturating, &low, &low), 200.0);
        assert_eq!(of_d(Loss::Relativistic, &low, &high, 1.0), 400.0);
        assert_eq!(of_g(Loss::Relativistic, &high, &low), 400.0);
        let label_smoothed = of_d(Loss::NonSaturating, &high, &low, 0.9);
        assert!((label_smoothed - 20.0).abs() < 1e-4, "{label_smoothed}");
    }
}

#[test]
fn generate_uses_the_moving_average_where_there_is_one() {
    for case in cases() {
        let state = late_state(&case.recipe);
        let z = noise::sample_z(1, 2, 3);
        let (_, _, engine) = step(&case, &state, &[0, 1], &z);
        let after = engine.state(0).unwrap();
        let network = case.recipe.generator_network(SHAPE);
        let expected =
            plain::generate(&case.recipe, &network, &plain::widen(after.exported()), &plain::widen(&z)).concat();
        close(case.name, &plain::widen(&engine.generate(0, &z).unwrap()), &expected, 1e-6);
    }
}
