//! The fused step is the reference's, by the rule of [`crate::equality`].

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device};
use proptest::prelude::*;

use super::Mlp;
use crate::equality::{self, PORTABLE, STATS, TOTAL, one_step, squares, step_at};
use crate::reference::Reference;
use crate::{Engine, State, Stepwise};
use data::{Dataset, Pictures};
use gan::recipe::{Recipe, StepRates};

fn check(pictures: &Arc<Pictures>, name: &str, flags: &str) {
    check_on(pictures, name, flags, &["cpu/mlp"]);
}

fn check_on(pictures: &Arc<Pictures>, name: &str, flags: &str, engines: &[&str]) {
    let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
    equality::check_on_the_cpu(pictures, &recipe, &format!("{name} {flags:?}"), engines);
}

#[test]
fn one_step_equals_the_references_within_the_rule() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    // Two hidden layers are taken by the engine for any chain too.
    for name in ["seed", "stable", "classes"] {
        for flags in ["", "hidden = 33\nbatch = 3"] {
            check_on(&pictures, name, flags, &["cpu/mlp", "cpu/layers", PORTABLE]);
        }
        for flags in ["hidden = 64\nbatch = 1", "hidden = 20\nbatch = 128"] {
            check(&pictures, name, flags);
        }
    }
    // Wide enough beside the batch that g is made.
    check_on(&pictures, "stable", "hidden = 96\nbatch = 40", &["cpu/mlp", PORTABLE]);
    // Black is -1 to `seed`'s D and 0 to `stable`'s; here it is the other way round, and neither.
    check(&pictures, "stable", "hidden = 40\nbatch = 50\nd_input_offset = 0.0");
    check(&pictures, "seed", "hidden = 40\nbatch = 50\nd_input_offset = 1.0");
    check(&pictures, "stable", "hidden = 96\nbatch = 40\nd_input_offset = 0.6");
    // Classes where g is made, where black is not 0, and without a penalty.
    check(&pictures, "classes", "hidden = 96\nbatch = 40");
    check(&pictures, "classes", "hidden = 40\nbatch = 50\nd_input_offset = 0.0");
    check(&pictures, "seed", "hidden = 40\nbatch = 50\nclasses = true");
    // One penalty without the other.
    check(&pictures, "stable", "hidden = 40\nbatch = 50\nr2_gamma = 0.0\nr2_gamma_final = 0.0");
}

#[test]
fn pictures_on_white_take_the_dense_way_to_the_same_step() {
    let mut pictures = Dataset::mnist().unwrap().test;
    pictures.bytes.iter_mut().for_each(|byte| *byte = 255 - *byte);
    let pictures = Arc::new(pictures);
    check(&pictures, "seed", "hidden = 48\nbatch = 50");
    for offset in [-1.0, 0.6] {
        check(&pictures, "stable", &format!("hidden = 48\nbatch = 50\nd_input_offset = {offset:?}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_widths_and_batch_give_the_references_step(
        hidden in 1usize..200, batch in 1usize..60, latent in 1usize..50, stable: bool, classes: bool, white: bool, threads in 1usize..4,
    ) {
        // Against a plain bound here: one state's ratio of errors is luck, see above. f32 sums of 784 terms err by less
        // than this unless what they add up to cancels, so each tensor is measured beside the largest of its network.
        let mut pictures = Dataset::mnist().unwrap().test;
        if white {
            pictures.bytes.iter_mut().for_each(|byte| *byte = 255 - *byte);
        }
        let pictures = Arc::new(pictures);
        let flags = format!("hidden = {hidden}\nbatch = {batch}\nlatent = {latent}\nclasses = {classes}").parse().unwrap();
        let recipe = Recipe::load(if stable { "stable" } else { "seed" }, &flags).unwrap();
        let state = State::initial(&recipe, pictures.shape, 5);
        let still = StepRates { lr: 0.0, ..recipe.rates(0, TOTAL) };
        // A leaky ReLU that flips in one minibatch is luck (see `equality::NEAREST`); an error is there in all three.
        let mut least = BTreeMap::new();
        for draw in 0..3 {
            let mut ours = Mlp::new(&recipe, pictures.clone(), &state, threads);
            let mut judge = Reference::new(&recipe, pictures.clone(), &state, Device::Cpu, DType::F64).unwrap();
            let stats = step_at(&mut ours, &recipe, &pictures, 0, draw, still);
            let truth = step_at(&mut judge, &recipe, &pictures, 0, draw, still);
            prop_assert!((stats.d_loss - truth.d_loss).abs() < STATS * (1.0 + truth.d_loss.abs()));
            prop_assert!((stats.g_loss - truth.g_loss).abs() < STATS * (1.0 + truth.g_loss.abs()));
            let squares = squares(&ours.probe().unwrap(), &judge.probe().unwrap());
            for kind in ["logits", "gradient.generator", "gradient.discriminator", "parameter"] {
                let of_kind = || squares.iter().filter(|(name, _)| name.starts_with(kind));
                let largest = of_kind().map(|(_, [_, norm])| *norm).fold(f64::MIN_POSITIVE, f64::max);
                for (name, [distance, _]) in of_kind() {
                    let error = (distance / largest).sqrt();
                    prop_assert!(error.is_finite(), "{}", name);
                    let slot = least.entry(name.clone()).or_insert(error);
                    *slot = error.min(*slot);
                }
            }
        }
        for (name, error) in least {
            prop_assert!(error < 2e-5, "{}: {:.1e}", name, error);
        }
    }
}

#[test]
fn adam_moves_every_parameter_as_its_formula_says() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
        let mut engine = Mlp::new(&recipe, pictures.clone(), &State::initial(&recipe, pictures.shape, 3), 1);
        for step in 0..20 {
            let before = engine.state(0).unwrap();
            one_step(&mut engine, &recipe, &pictures, step, step);
            let after = engine.state(0).unwrap();
            equality::check_adam(&recipe, step, &before, &after, &engine.probe().unwrap());
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for (name, flags) in [
        ("seed", ""),
        ("stable", ""),
        ("stable", "hidden = 70\nbatch = 33"),
        ("seed", "hidden = 33\nbatch = 20"),
        ("stable", "hidden = 300\nbatch = 17\nlatent = 9"),
        ("classes", ""),
        ("classes", "hidden = 70\nbatch = 130\nd_input_offset = 0.0"),
    ] {
        let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
        let first = State::initial(&recipe, pictures.shape, 3);
        let after = |threads| {
            let mut engine = Mlp::new(&recipe, pictures.clone(), &first, threads);
            for step in 0..10 {
                one_step(&mut engine, &recipe, &pictures, step, step);
            }
            engine.state(0).unwrap()
        };
        let alone = after(1);
        for threads in [2, 3, 5, 7, 11, 16] {
            assert!(alone == after(threads), "{name} {flags:?}: {threads} threads and one part");
        }
    }
}

#[test]
fn pictures_are_those_of_the_reference() {
    let pictures = Arc::new(Dataset::mnist().unwrap().test);
    for name in ["seed", "stable"] {
        let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
        let state = State::initial(&recipe, pictures.shape, 8);
        let z = noise::sample_z(4, 7, recipe.latent);
        let ours = Mlp::new(&recipe, pictures.clone(), &state, 1).generate(0, &z).unwrap();
        let theirs = Reference::new(&recipe, pictures.clone(), &state, Device::Cpu, DType::F64).unwrap();
        let worst = ours.iter().zip(theirs.generate(0, &z).unwrap()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-6, "{name}: {worst}");
    }
}
