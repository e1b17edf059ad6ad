//! The fused step is the reference's: one step from a shared state, every tensor of it.
//!
//! The judge is the reference in f64. For each tensor the relative L2 error of the fused f32 step is at most
//! 2 max(error of the f32 reference, 4 epsilon): a correct reordering of f32 sums errs as much as any other order does.
//! Adam without a first moment moves by little more than the sign of a gradient, so where a gradient is next to nothing,
//! rounding decides which way a parameter goes. So nothing is compared across Adam: G's tensors are judged against the D
//! that the engine itself moved to, and the parameters are held to Adam's formula in f64 on the engine's own gradient.
//! Errors are root mean squares over several minibatches from the one state. Trajectories are never compared: rounding
//! makes them part after a few steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device};

use super::Fused;
use crate::dataset::{Dataset, Pictures};
use crate::engine::reference::Reference;
use crate::engine::{Engine, Probe, State, StepInput, StepStats};
use crate::noise;
use crate::philox::Stream;
use crate::recipe::{Recipe, StepRates};

const RULE: f64 = 2.0;
const FLOOR: f64 = 4.0 * f32::EPSILON as f64;
/// Minibatches that an error is averaged over.
const DRAWS: u64 = 8;
/// Relative error of the reported means, f32 sums of at most 78,400 terms.
const STATS: f64 = 1e-4;
/// Steps of a run that a late state is taken from the middle of.
const LATE: u64 = 200;
const TOTAL: u64 = 400;

/// One step on the minibatch and noise of `draw`, at the rates of `step`.
fn one_step(engine: &mut dyn Engine, recipe: &Recipe, step: u64, draw: u64) -> StepStats {
    step_at(engine, recipe, step, draw, recipe.rates(step, TOTAL))
}

fn step_at(engine: &mut dyn Engine, recipe: &Recipe, step: u64, draw: u64, rates: StepRates) -> StepStats {
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

/// Squared relative L2 error of each tensor of `probes` against the judge's.
fn squared_errors(probes: &[Probe], judge: &[Probe]) -> BTreeMap<String, f64> {
    let ours = layers(probes);
    let error = |(name, truth): (String, Vec<f64>)| {
        let values = ours.get(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(values.len(), truth.len(), "{name}");
        let distance: f64 = values.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum();
        let norm: f64 = truth.iter().map(|b| b * b).sum();
        (name, distance / norm.max(f64::MIN_POSITIVE))
    };
    layers(judge).into_iter().map(error).collect()
}

fn add(sums: &mut BTreeMap<String, f64>, errors: BTreeMap<String, f64>) {
    for (name, error) in errors {
        *sums.entry(name).or_default() += error;
    }
}

/// Takes [`DRAWS`] steps from `state`, each from that same state; gives the worst score of any tensor, and its name.
fn score(recipe: &Recipe, pictures: &Arc<Pictures>, state: &State, place: &str) -> (f64, String) {
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    let reference = |state: &State, dtype| Reference::new(recipe, pictures.clone(), state, Device::Cpu, dtype).unwrap();
    for draw in 0..DRAWS {
        // G's tensors are judged against the D that the engine under judgement itself moved to: a rate of 0 keeps it.
        let judge_g = |engine: &dyn Engine| {
            let moved = State { discriminator: engine.state().unwrap().discriminator, ..state.clone() };
            let mut judge = reference(&moved, DType::F64);
            let still = StepRates { lr: 0.0, ..recipe.rates(state.step, TOTAL) };
            let stats = step_at(&mut judge, recipe, state.step, draw, still);
            let of_g = |probe: &Probe| probe.name == "logits.updated" || probe.name.starts_with("gradient.generator");
            (judge.probe().unwrap().into_iter().filter(of_g).collect::<Vec<_>>(), stats.g_gradient)
        };
        let mut judge = reference(state, DType::F64);
        let truth = one_step(&mut judge, recipe, state.step, draw);
        let of_d = |probe: &Probe| {
            ["logits.real", "logits.fake"].contains(&&*probe.name) || probe.name.starts_with("gradient.discriminator")
        };
        let judge_d: Vec<_> = judge.probe().unwrap().into_iter().filter(of_d).collect();
        let errors = |engine: &dyn Engine, sums: &mut BTreeMap<String, f64>| {
            let probes = engine.probe().unwrap();
            add(sums, squared_errors(&probes, &judge_d));
            add(sums, squared_errors(&probes, &judge_g(engine).0));
        };
        let mut in_f32 = reference(state, DType::F32);
        one_step(&mut in_f32, recipe, state.step, draw);
        errors(&in_f32, &mut theirs);
        let mut engine = Fused::new(recipe, pictures.clone(), state, 1);
        let stats = one_step(&mut engine, recipe, state.step, draw);
        errors(&engine, &mut ours);
        for (name, got, expected) in [
            ("d_loss", stats.d_loss, truth.d_loss),
            ("d_real", stats.d_real, truth.d_real),
            ("d_fake", stats.d_fake, truth.d_fake),
            ("r1", stats.r1, truth.r1),
            ("r2", stats.r2, truth.r2),
            ("d_margin", stats.d_margin, truth.d_margin),
            ("d_accuracy_real", stats.d_accuracy_real, truth.d_accuracy_real),
            ("d_accuracy_fake", stats.d_accuracy_fake, truth.d_accuracy_fake),
            ("g_gradient", stats.g_gradient, judge_g(&engine).1),
        ] {
            let near = (got - expected).abs() <= STATS * (1.0 + expected.abs());
            assert!(near, "{place}: {name} is {got}, the reference's {expected}");
        }
    }
    let root = |sum: f64| (sum / DRAWS as f64).sqrt();
    let scores = ours.into_iter().map(|(name, sum)| (root(sum) / root(theirs[&name]).max(FLOOR), name));
    scores.max_by(|a, b| a.0.total_cmp(&b.0)).expect("a step has tensors")
}

#[test]
fn one_step_equals_the_references_within_the_rule() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for (name, hidden, batch) in [
        ("seed", 128, 100),
        ("stable", 128, 100),
        ("seed", 33, 3),
        ("stable", 33, 3),
        ("seed", 64, 1),
        ("stable", 64, 1),
        ("stable", 20, 128),
    ] {
        let flags: toml::Table = format!("hidden = {hidden}\nbatch = {batch}").parse().unwrap();
        let recipe = Recipe::load(name, &flags).unwrap();
        let early = State::initial(&recipe, pictures.pixels, 3);
        let mut runner = Fused::new(&recipe, pictures.clone(), &early, 1);
        for step in 0..LATE {
            one_step(&mut runner, &recipe, step, step);
        }
        for (age, state) in [("early", early), ("late", runner.state().unwrap())] {
            let place = format!("{name} {hidden} wide, batch {batch}, {age}");
            let (score, tensor) = score(&recipe, &pictures, &state, &place);
            println!("{place}: worst score {score:.2}, of {tensor}");
            assert!(score <= RULE, "{place}: {tensor} errs {score:.2} times as much as the reference");
        }
    }
}

#[test]
fn adam_moves_every_parameter_as_its_formula_says() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
        let mut engine = Fused::new(&recipe, pictures.clone(), &State::initial(&recipe, pictures.pixels, 3), 1);
        for step in 0..20 {
            let before = engine.state().unwrap();
            one_step(&mut engine, &recipe, step, step);
            let after = engine.state().unwrap();
            let rates = recipe.rates(step, TOTAL);
            let t = step as i32 + 1;
            let rate = rates.lr * (1.0 - recipe.beta2.powi(t)).sqrt() / (1.0 - recipe.beta1.powi(t));
            for (network, before, after, gradient) in [
                ("G", &before.generator, &after.generator, &engine.g_gradient),
                ("D", &before.discriminator, &after.discriminator, &engine.d_gradient),
            ] {
                let (mut distance, mut norm) = (0.0, 0.0);
                for (i, &g) in gradient.iter().enumerate() {
                    let g = f64::from(g);
                    let m = recipe.beta1 * f64::from(before.m[i]) + (1.0 - recipe.beta1) * g;
                    let v = recipe.beta2 * f64::from(before.v[i]) + (1.0 - recipe.beta2) * g * g;
                    let expected = f64::from(before.parameters[i]) - rate * m / (v.sqrt() + recipe.adam_epsilon);
                    distance += (f64::from(after.parameters[i]) - expected).powi(2);
                    norm += expected * expected;
                }
                let error = (distance / norm).sqrt();
                assert!(error <= FLOOR, "{name}, step {step}: {network}'s parameters err by {error:.2e}");
            }
            if let (Some(before), Some(ema)) = (before.ema, after.ema) {
                let moved = before.iter().zip(&after.generator.parameters);
                let expected =
                    moved.map(|(&a, &b)| rates.ema_decay * f64::from(a) + (1.0 - rates.ema_decay) * f64::from(b));
                let worst = expected.zip(&ema).map(|(a, &b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
                assert!(worst <= FLOOR, "step {step}: the average errs by {worst:.2e}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
        let first = State::initial(&recipe, pictures.pixels, 3);
        let after = |threads| {
            let mut engine = Fused::new(&recipe, pictures.clone(), &first, threads);
            for step in 0..20 {
                one_step(&mut engine, &recipe, step, step);
            }
            engine.state().unwrap()
        };
        assert!(after(1) == after(2), "{name}: two threads and one part");
        assert!(after(1) == after(3), "{name}: three threads and one part");
    }
}

#[test]
fn pictures_are_those_of_the_reference() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
        let state = State::initial(&recipe, pictures.pixels, 8);
        let z = noise::sample_z(4, 7, recipe.latent);
        let ours = Fused::new(&recipe, pictures.clone(), &state, 1).generate(&z).unwrap();
        let theirs = Reference::new(&recipe, pictures.clone(), &state, Device::Cpu, DType::F64).unwrap();
        let worst = ours.iter().zip(theirs.generate(&z).unwrap()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-6, "{name}: {worst}");
    }
}
