//! A step of chains of any number of dense stages, of unequal widths and other functions, is what its losses say, on every
//! driver at hand: each gradient is compared with the differences of the loss itself, worked out here in f64 by plain loops.
//! So the penalty's derivative, which the kernels get from a tangent, is judged by nothing but the penalty.

use std::sync::Arc;

use super::tests::{engine, every_adapter};
use crate::equality::{TOTAL, step_at};
use crate::{Engine, Probe, State, Stepwise};
use data::Pictures;
use gan::DataShape;
use gan::recipe::{Loss, Recipe, StepRates};
use net::{Activation, Network};
use noise::philox::Stream;

/// Enough for a sum over pixels to come in parts.
const PIXELS: usize = 144;
const SHAPE: DataShape = DataShape { image: [1, 12, 12], classes: 0 };
/// Of a gradient, relative: the f32 sums have up to 145 terms, each rounded by 6e-8, a handful of them in a row, and some cancel.
const GRADIENT: f64 = 2e-5;
const LOSS: f64 = 1e-5;
/// Half the distance over which differences are taken: what is left out, its square, is as small as f64's own rounding.
const APART: f64 = 1e-5;

/// Layers of these widths with a function after each, and what ends them.
fn layers(hidden: &[(usize, &str)], end: &str) -> String {
    let hidden = hidden.iter().map(|(width, function)| format!("{{ layer = 'dense', width = {width} }},{function}"));
    hidden.collect::<String>() + end
}

const LEAKY: &str = "{ layer = 'leaky-relu', slope = 0.2 },";
const STEEP: &str = "{ layer = 'leaky-relu', slope = 0.6 },";
const RELU: &str = "{ layer = 'leaky-relu', slope = 0.0 },";
const TANH: &str = "{ layer = 'tanh' },";
const NONE: &str = "";

/// What each stage gives for one input, the last one's last.
fn outputs(network: &Network, theta: &[f64], input: &[f64]) -> Vec<Vec<f64>> {
    let mut all: Vec<Vec<f64>> = Vec::new();
    for stage in &network.stages {
        let before = all.last().map_or(input, Vec::as_slice);
        let weight = &theta[stage.weight.clone()];
        let sums = weight.chunks_exact(stage.inputs).zip(&theta[stage.bias.clone()]).map(|(row, bias)| {
            let sum: f64 = row.iter().zip(before).map(|(w, x)| w * x).sum::<f64>() + bias;
            match stage.activation {
                Activation::Identity => sum,
                Activation::LeakyRelu(slope) => {
                    if sum > 0.0 {
                        sum
                    } else {
                        slope * sum
                    }
                }
                Activation::Tanh => sum.tanh(),
            }
        });
        let sums = sums.collect();
        all.push(sums);
    }
    all
}

fn last(network: &Network, theta: &[f64], input: &[f64]) -> Vec<f64> {
    outputs(network, theta, input).pop().expect("a network has a stage")
}

/// D's logit and its derivative by the input.
fn logit_and_slope(d: &Network, theta: &[f64], input: &[f64]) -> (f64, Vec<f64>) {
    let all = outputs(d, theta, input);
    let mut error = vec![1.0];
    for (stage, given) in d.stages.iter().zip(&all).rev() {
        for (error, given) in error.iter_mut().zip(given) {
            *error *= match stage.activation {
                Activation::Identity => 1.0,
                Activation::LeakyRelu(slope) => {
                    if *given > 0.0 {
                        1.0
                    } else {
                        slope
                    }
                }
                Activation::Tanh => 1.0 - given * given,
            };
        }
        let weight = &theta[stage.weight.clone()];
        let column = |k: usize| error.iter().enumerate().map(|(row, e)| e * weight[row * stage.inputs + k]).sum();
        error = (0..stage.inputs).map(column).collect();
    }
    (all[all.len() - 1][0], error)
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn square(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum()
}

/// What one step starts from, in f64.
struct Judge<'a> {
    recipe: &'a Recipe,
    rates: StepRates,
    g: Network,
    d: Network,
    z: Vec<Vec<f64>>,
    /// As D sees them.
    real: Vec<Vec<f64>>,
}

impl Judge<'_> {
    fn fake(&self, g: &[f64]) -> Vec<Vec<f64>> {
        let seen = |z: &Vec<f64>| last(&self.g, g, z).iter().map(|x| x + self.recipe.d_input_offset).collect();
        self.z.iter().map(seen).collect()
    }

    /// D's loss without and with its penalties, and both mean squared norms.
    fn of_d(&self, d: &[f64], fake: &[Vec<f64>]) -> [f64; 4] {
        let (mut loss, mut r1, mut r2) = (0.0, 0.0, 0.0);
        for (real, fake) in self.real.iter().zip(fake) {
            let ((real, by_real), (fake, by_fake)) =
                (logit_and_slope(&self.d, d, real), logit_and_slope(&self.d, d, fake));
            loss += match self.recipe.loss {
                Loss::NonSaturating => softplus(real) - self.recipe.real_label * real + softplus(fake),
                Loss::Relativistic => softplus(fake - real),
            };
            r1 += square(&by_real);
            r2 += square(&by_fake);
        }
        let [loss, r1, r2] = [loss, r1, r2].map(|sum| sum / self.real.len() as f64);
        [loss, loss + self.rates.r1_gamma / 2.0 * r1 + self.rates.r2_gamma / 2.0 * r2, r1, r2]
    }

    /// G's loss against D.
    fn of_g(&self, g: &[f64], d: &[f64]) -> f64 {
        let pairs = self.real.iter().zip(self.fake(g));
        let loss = |(real, fake): (&Vec<f64>, Vec<f64>)| {
            let fake = last(&self.d, d, &fake)[0];
            match self.recipe.loss {
                Loss::NonSaturating => softplus(-fake),
                Loss::Relativistic => softplus(last(&self.d, d, real)[0] - fake),
            }
        };
        pairs.map(loss).sum::<f64>() / self.real.len() as f64
    }
}

/// The derivatives of `loss` at `theta`.
fn differences(theta: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let with = |i: usize, moved: f64| {
        let mut theta = theta.to_vec();
        theta[i] += moved;
        loss(&theta)
    };
    (0..theta.len()).map(|i| (with(i, APART) - with(i, -APART)) / (2.0 * APART)).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// Pictures of noise.
fn pictures() -> Arc<Pictures> {
    let count = 1000;
    let mut numbers = vec![0.0; count * PIXELS];
    noise::fill_uniform(3, 0, 127.0, &mut numbers);
    let bytes = numbers.iter().map(|x| (x + 127.5) as u8).collect();
    Arc::new(Pictures { bytes, labels: vec![0; count], shape: SHAPE })
}

/// Holds every gradient and loss of a step to the losses.
fn check(name: &str, generator: &str, discriminator: &str) {
    let flags = format!(
        "batch = 3\nlatent = 4\nd_input_offset = 0.3\ngenerator.layers = [{generator}]\ndiscriminator.layers = [{discriminator}]"
    );
    let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
    let pictures = pictures();
    let mut state = State::initial(&recipe, SHAPE, 4);
    for slot in [&mut state.generator, &mut state.discriminator] {
        // Biases too.
        slot.parameters.iter_mut().enumerate().for_each(|(i, theta)| *theta += 0.1 * (i as f32).sin());
    }
    let (step, draw) = (20, 1);
    let rates = recipe.rates(step, TOTAL);
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    noise::fill_normal(1, Stream::TrainingZ, draw, &mut z);
    let seen = |&index: &u32| {
        let mut picture = vec![0.0; PIXELS];
        pictures.scaled(index, &mut picture);
        picture.iter().map(|&x| f64::from(x) + recipe.d_input_offset).collect()
    };
    let judge = Judge {
        recipe: &recipe,
        rates,
        g: recipe.generator_network(SHAPE),
        d: recipe.discriminator_network(SHAPE),
        z: z.chunks_exact(recipe.latent).map(wide).collect(),
        real: noise::permutation(1, draw, 1000)[..recipe.batch].iter().map(seen).collect(),
    };
    let (g, d) = (wide(&state.generator.parameters), wide(&state.discriminator.parameters));
    let fake = judge.fake(&g);
    let [d_loss, _, r1, r2] = judge.of_d(&d, &fake);
    let by_d = differences(&d, |d| judge.of_d(d, &fake)[1]);
    for adapter in every_adapter() {
        let place = format!("{name}, G {generator}, D {discriminator}, {}", adapter.description.name);
        let mut gpu = engine(&adapter, &recipe, &pictures, std::slice::from_ref(&state));
        let stats = step_at(&mut gpu, &recipe, &pictures, step, draw, rates);
        let exported = gpu.state(0).unwrap();
        let drawn = gpu.generate(0, &z).unwrap();
        let expected = judge.z.iter().flat_map(|z| last(&judge.g, &wide(exported.exported()), z));
        let worst = drawn.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        assert!(drawn.len() == recipe.batch * PIXELS && worst < LOSS, "{place}: pictures err by {worst:.1e}");
        // G was moved against the D that the kernels made.
        let moved = wide(&gpu.state(0).unwrap().discriminator.parameters);
        let by_g = differences(&g, |g| judge.of_g(g, &moved));
        let probes = gpu.probe().unwrap();
        for (network, truth) in [(&judge.d, &by_d), (&judge.g, &by_g)] {
            for stage in &network.stages {
                let [begin, end] = [stage.weight.start, stage.bias.end];
                let got = gradient(&probes, &format!("gradient.{}.{}.", network.name, stage.name));
                let truth = &truth[begin..end];
                assert_eq!(got.len(), truth.len(), "{place}: {}.{}", network.name, stage.name);
                let apart: Vec<_> = got.iter().zip(truth).map(|(a, b)| a - b).collect();
                let error = (square(&apart) / square(truth)).sqrt();
                assert!(error < GRADIENT, "{place}: {}.{} errs by {error:.1e}", network.name, stage.name);
            }
        }
        let penalties = if recipe.has_penalty() { [r1, r2] } else { [0.0; 2] };
        for (what, got, expected) in [
            ("d_loss", stats.d_loss, d_loss),
            ("r1", stats.r1, penalties[0]),
            ("r2", stats.r2, penalties[1]),
            ("g_loss", stats.g_loss, judge.of_g(&g, &moved)),
        ] {
            let near = (got - expected).abs() <= LOSS * (1.0 + expected.abs());
            assert!(near, "{place}: {what} is {got}, not {expected}");
        }
    }
}

/// A layer's gradient: its weight's, then its bias's.
fn gradient(probes: &[Probe], prefix: &str) -> Vec<f64> {
    probes.iter().filter(|probe| probe.name.starts_with(prefix)).flat_map(|probe| probe.values.clone()).collect()
}

const TO_PICTURE: &str = "{ layer = 'dense' }, { layer = 'tanh' }";
const TO_LOGIT: &str = "{ layer = 'dense' }";

#[test]
fn a_chain_without_a_hidden_layer_steps_as_its_losses_say() {
    check("stable", &layers(&[], TO_PICTURE), &layers(&[], TO_LOGIT));
}

#[test]
fn a_chain_of_one_hidden_layer_steps_as_its_losses_say() {
    check("stable", &layers(&[(9, LEAKY)], TO_PICTURE), &layers(&[(5, STEEP)], TO_LOGIT));
    check("seed", &layers(&[(3, TANH)], TO_PICTURE), &layers(&[(35, TANH)], TO_LOGIT));
}

#[test]
fn a_chain_of_three_hidden_layers_steps_as_its_losses_say() {
    let g = layers(&[(5, LEAKY), (34, TANH), (6, STEEP)], TO_PICTURE);
    check("stable", &g, &layers(&[(7, LEAKY), (33, NONE), (4, STEEP)], TO_LOGIT));
}

#[test]
fn a_chain_of_four_hidden_layers_steps_as_its_losses_say() {
    let g = layers(&[(5, NONE), (8, LEAKY), (6, RELU), (7, LEAKY)], TO_PICTURE);
    check("stable", &g, &layers(&[(6, STEEP), (9, LEAKY), (3, NONE), (8, LEAKY)], TO_LOGIT));
}

#[test]
fn networks_of_unequal_depth_step_as_their_losses_say() {
    check("seed", &layers(&[], TO_PICTURE), &layers(&[(6, LEAKY), (5, TANH)], TO_LOGIT));
    check("stable", &layers(&[(6, LEAKY), (5, LEAKY)], TO_PICTURE), &layers(&[], TO_LOGIT));
}
