//! The rule by which engines are equal: one step from a shared state, every tensor of it.
//!
//! The judge is the reference in f64. For each tensor the relative L2 error of the engine's f32 step is at most
//! 2 max(error of the f32 reference, 4 epsilon): a correct reordering of f32 sums errs as much as any other order does.
//! Adam without a first moment moves by little more than the sign of a gradient, so where a gradient is next to nothing,
//! rounding decides which way a parameter goes. So nothing is compared across Adam: G's tensors are judged against the D
//! that the engine itself moved to, and the parameters are held to Adam's formula in f64 on the engine's own gradient.
//! A tensor's error is taken over several states of one age and a minibatch for each, as if the tensors of all were one:
//! from one state alone the same rounding of the same weights shows in every minibatch, and the ratio of two engines' luck
//! with it says nothing. Trajectories are never compared: rounding makes them part after a few steps.
//!
//! The rule holds for R1, R2 and the relativistic pairing as it stands. What they add are sums of the same kind, and the
//! pairing's cancellation, fake logit less real, is in the reference too. K and M of the engine's header are other sums
//! than the reference's: their error grows as |a1| |M| / |a1 M|, which training with a penalty keeps small, and the late
//! states below have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device};

use super::cpu::mlp::Fused;
use super::reference::Reference;
use super::{Engine, Probe, State, StepInput, StepStats, Stepwise};
use gan::Pictures;
use gan::recipe::{Recipe, StepRates};
use noise::philox::Stream;

const RULE: f64 = 2.0;
/// The same for minibatches of a handful. There the reference's library sums a product's terms in sixteen partial sums
/// (`gemm`'s kernels for results of at most 256 numbers), ours in one chain as always, and the rounding of one chain of k
/// terms errs sqrt(16) times as much as that of sixteen chains of k / 16. (Worst score found: 4.9, where R1 and the loss
/// nearly cancel in the gradient of a single pair.)
const RULE_OF_FEW: f64 = RULE * 4.0;
/// Percent of the states left out, each engine's own worst: where a leaky ReLU's input is next to nothing, rounding decides
/// which way it bends. That moves a gradient ten thousand times as far as rounding itself (8e-3 beside 4e-7), in one state of
/// ten or so, and which engine it happens to is luck.
const FLIPPED: usize = 25;
pub const FLOOR: f64 = 4.0 * f32::EPSILON as f64;
/// States of each age that an error is taken over; more where a minibatch is a handful of pictures, whose few logits
/// would else be too few numbers to take an error of.
const STATES: u64 = 12;
const STATES_OF_FEW: u64 = 40;
/// Relative error of the reported means, f32 sums of at most 78,400 terms.
pub const STATS: f64 = 1e-4;
/// Late states are taken from this step of a run on, so many steps apart, out of so many.
const LATE: u64 = 150;
const APART: u64 = 10;
pub const TOTAL: u64 = 1000;

/// One step on the minibatch and noise of `draw`, at the rates of `step`.
pub fn one_step(engine: &mut dyn Stepwise, recipe: &Recipe, step: u64, draw: u64) -> StepStats {
    step_at(engine, recipe, step, draw, recipe.rates(step, TOTAL))
}

pub fn step_at(engine: &mut dyn Stepwise, recipe: &Recipe, step: u64, draw: u64, rates: StepRates) -> StepStats {
    let order = noise::permutation(1, draw, 1000);
    let mut z = vec![0.0; recipe.batch * recipe.latent];
    noise::fill_normal(1, Stream::TrainingZ, draw, &mut z);
    let input = StepInput { step, indices: &order[..recipe.batch], z: &z, rates };
    engine.step(&input).unwrap()
}

/// The probes, with each layer's weight and bias as one tensor: a bias is the weight of a constant input. Alone, D's
/// output bias is a single number, and its gradient a sum that cancels: its error says nothing about the arithmetic.
fn layers(probes: &[Probe]) -> BTreeMap<String, Vec<f64>> {
    let mut layers: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for Probe { name, values } in probes {
        let layer = name.trim_end_matches(".weight").trim_end_matches(".bias");
        layers.entry(layer.to_owned()).or_default().extend(values);
    }
    layers
}

/// Of each tensor, the squared distance of `probes` from the judge's, and the judge's squared norm.
pub fn squares(probes: &[Probe], judge: &[Probe]) -> BTreeMap<String, [f64; 2]> {
    let ours = layers(probes);
    let error = |(name, truth): (String, Vec<f64>)| {
        let values = ours.get(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(values.len(), truth.len(), "{name}");
        let distance: f64 = values.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum();
        let norm: f64 = truth.iter().map(|b| b * b).sum();
        (name, [distance, norm])
    };
    layers(judge).into_iter().map(error).collect()
}

/// Of each tensor, what [`squares`] gave for each state.
type Squares = BTreeMap<String, Vec<[f64; 2]>>;

fn add(all: &mut Squares, squares: BTreeMap<String, [f64; 2]>) {
    for (name, of_state) in squares {
        all.entry(name).or_default().push(of_state);
    }
}

/// The relative error over all states but the worst [`FLIPPED`].
fn error(states: &[[f64; 2]]) -> f64 {
    let root = |[distance, norm]: [f64; 2]| (distance / norm.max(f64::MIN_POSITIVE)).sqrt();
    let mut states = states.to_vec();
    states.sort_by(|a, b| root(*a).total_cmp(&root(*b)));
    let kept = &states[..states.len() - states.len() * FLIPPED / 100];
    root(kept.iter().fold([0.0; 2], |sum, [distance, norm]| [sum[0] + distance, sum[1] + norm]))
}

/// An engine that can be put anywhere.
pub trait UnderJudgement {
    /// The engine, about to go on from `state`.
    fn at(&mut self, state: &State) -> &mut dyn Stepwise;
}

/// An engine under judgement, by name.
pub type Named<'a> = (String, &'a mut dyn UnderJudgement);

/// Takes a step from each of `states` with each of `engines`; gives of each the worst score of any tensor, and its name.
fn scores(
    recipe: &Recipe,
    pictures: &Arc<Pictures>,
    states: &[State],
    place: &str,
    engines: &mut [Named],
) -> Vec<(f64, String)> {
    let (mut ours, mut theirs) = (vec![Squares::new(); engines.len()], Squares::new());
    let reference = |state: &State, dtype| Reference::new(recipe, pictures.clone(), state, Device::Cpu, dtype).unwrap();
    for (draw, state) in (0..).zip(states) {
        let mut judge = reference(state, DType::F64);
        let truth = one_step(&mut judge, recipe, state.step, draw);
        let of_d = |probe: &Probe| {
            ["logits.real", "logits.fake"].contains(&&*probe.name) || probe.name.starts_with("gradient.discriminator")
        };
        let judge_d: Vec<_> = judge.probe().unwrap().into_iter().filter(of_d).collect();
        // G's tensors are judged against the D that the engine under judgement itself moved to: a rate of 0 keeps it.
        let errors = |engine: &dyn Stepwise, all: &mut Squares| {
            let moved = State { discriminator: engine.state(0).unwrap().discriminator, ..state.clone() };
            let mut judge = reference(&moved, DType::F64);
            let still = StepRates { lr: 0.0, ..recipe.rates(state.step, TOTAL) };
            let stats = step_at(&mut judge, recipe, state.step, draw, still);
            let of_g = |probe: &Probe| probe.name == "logits.updated" || probe.name.starts_with("gradient.generator");
            let judge_g: Vec<_> = judge.probe().unwrap().into_iter().filter(of_g).collect();
            let probes = engine.probe().unwrap();
            add(all, squares(&probes, &judge_d));
            add(all, squares(&probes, &judge_g));
            stats
        };
        let mut in_f32 = reference(state, DType::F32);
        one_step(&mut in_f32, recipe, state.step, draw);
        errors(&in_f32, &mut theirs);
        for ((name, engine), ours) in engines.iter_mut().zip(&mut ours) {
            let engine = engine.at(state);
            let stats = one_step(engine, recipe, state.step, draw);
            let of_g = errors(engine, ours);
            for (what, got, expected) in [
                ("d_loss", stats.d_loss, truth.d_loss),
                ("d_real", stats.d_real, truth.d_real),
                ("d_fake", stats.d_fake, truth.d_fake),
                ("r1", stats.r1, truth.r1),
                ("r2", stats.r2, truth.r2),
                ("d_margin", stats.d_margin, truth.d_margin),
                ("d_accuracy_real", stats.d_accuracy_real, truth.d_accuracy_real),
                ("d_accuracy_fake", stats.d_accuracy_fake, truth.d_accuracy_fake),
                ("g_loss", stats.g_loss, of_g.g_loss),
                ("g_gradient", stats.g_gradient, of_g.g_gradient),
            ] {
                let near = (got - expected).abs() <= STATS * (1.0 + expected.abs());
                assert!(near, "{place}, {name}: {what} is {got}, the reference's {expected}");
            }
        }
    }
    let worst = |ours: Squares| {
        let scores = ours.into_iter().map(|(name, states)| (error(&states) / error(&theirs[&name]).max(FLOOR), name));
        scores.max_by(|a, b| a.0.total_cmp(&b.0)).expect("a step has tensors")
    };
    ours.into_iter().map(worst).collect()
}

/// Holds `engines` to the rule, from early and from late states of `recipe`.
pub fn check(pictures: &Arc<Pictures>, recipe: &Recipe, of_what: &str, engines: &mut [Named]) {
    let (states, rule) = if recipe.batch < 20 { (STATES_OF_FEW, RULE_OF_FEW) } else { (STATES, RULE) };
    let early: Vec<_> = (0..states).map(|seed| State::initial(recipe, pictures.pixels, seed)).collect();
    let mut runner = Fused::new(recipe, pictures.clone(), &early[3], 1);
    let mut late = Vec::new();
    for step in 0..LATE + states * APART {
        one_step(&mut runner, recipe, step, step);
        if step >= LATE && step % APART == 0 {
            late.push(runner.state(0).unwrap());
        }
    }
    for (age, states) in [("early", early), ("late", late)] {
        let place = format!("{of_what}, {age}");
        let scores = scores(recipe, pictures, &states, &place, engines);
        for ((name, _), (score, tensor)) in engines.iter().zip(scores) {
            println!("{place}, {name}: worst score {score:.2}, of {tensor}");
            assert!(score <= rule, "{place}: {tensor} of {name} errs {score:.2} times as much as the reference");
        }
    }
}

/// Holds the parameters and the average after a step to their formulas in f64, on the engine's own gradient.
pub fn check_adam(recipe: &Recipe, step: u64, before: &State, after: &State, probes: &[Probe]) {
    let rates = recipe.rates(step, TOTAL);
    let t = step as i32 + 1;
    let rate = rates.lr * (1.0 - recipe.beta2.powi(t)).sqrt() / (1.0 - recipe.beta1.powi(t));
    let gradient = |network: &str| -> Vec<f64> {
        let of_network = probes.iter().filter(|probe| probe.name.starts_with(network));
        of_network.flat_map(|probe| probe.values.clone()).collect()
    };
    for (network, before, after, gradient) in [
        ("G", &before.generator, &after.generator, gradient("gradient.generator.")),
        ("D", &before.discriminator, &after.discriminator, gradient("gradient.discriminator.")),
    ] {
        let (mut distance, mut norm) = (0.0, 0.0);
        for (i, g) in gradient.into_iter().enumerate() {
            let m = recipe.beta1 * f64::from(before.m[i]) + (1.0 - recipe.beta1) * g;
            let v = recipe.beta2 * f64::from(before.v[i]) + (1.0 - recipe.beta2) * g * g;
            let expected = f64::from(before.parameters[i]) - rate * m / (v.sqrt() + recipe.adam_epsilon);
            distance += (f64::from(after.parameters[i]) - expected).powi(2);
            norm += expected * expected;
        }
        let error = (distance / norm).sqrt();
        assert!(error <= FLOOR, "step {step}: {network}'s parameters err by {error:.2e}");
    }
    if let (Some(before), Some(ema)) = (&before.ema, &after.ema) {
        let moved = before.iter().zip(&after.generator.parameters);
        let expected = moved.map(|(&a, &b)| rates.ema_decay * f64::from(a) + (1.0 - rates.ema_decay) * f64::from(b));
        let worst = expected.zip(ema).map(|(a, &b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
        assert!(worst <= FLOOR, "step {step}: the average errs by {worst:.2e}");
    }
}
