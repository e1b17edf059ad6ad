//! One model, every runtime: the same pictures.

use std::collections::BTreeMap;

use serde::Deserialize;
use tests::models::{Model, models};
use tests::plain::Plain;
use tests::runtimes::runtimes;
use tests::tools::say;

/// No pixel of two runtimes may differ by more: an eight-bit picture has steps of 2/255, 784 times as large. Runtimes that
/// add up in the same order with the same fused products are a few roundings of tanh apart, about 1e-6; it is not a bound
/// for every order, which [`Judgement::float32_error`](tests::plain::Judgement::float32_error) is.
const TOLERANCE: f64 = 1e-5;
/// Half a step of an eight-bit picture.
const VISIBLE: f64 = 1.0 / 255.0;
/// Latent vectors in the comparison.
const COUNT: usize = 1_000;
/// Of those vectors; no other sample has it.
const SEED: u64 = 1_000;

/// The largest difference of two pixels in the same place; NaN, which is within no tolerance, if one of them is NaN.
///
/// # Panics
/// If there are not equally many of them.
fn difference<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).abs());
    // `f64::max` would pass over a NaN.
    differences.fold(0.0, |largest: f64, next| if largest.is_nan() || next <= largest { largest } else { next })
}

fn latent(model: &Model) -> usize {
    runtime_wasm::Generator::from_bytes(&model.onnx).unwrap().latent_size()
}

#[test]
fn a_thousand_pictures_are_the_same_by_every_runtime() {
    for model in models() {
        let z = noise::sample_z(SEED, COUNT, latent(&model));
        let drawn: Vec<(&str, Vec<f32>)> =
            runtimes(&model).into_iter().map(|mut runtime| (runtime.name, runtime.generate(&z))).collect();
        for (position, (name, pictures)) in drawn.iter().enumerate() {
            for (other, others) in &drawn[..position] {
                let largest = difference(pictures, others);
                say(&format!("{}: {name} against {other}: max difference {largest:.1e}", model.name));
                assert!(largest <= TOLERANCE, "{}: {name} against {other}: {largest:e}", model.name);
            }
        }
        // Equal pictures say little if they are all one picture.
        let pixels = drawn[0].1.len() / COUNT;
        assert!(difference(&drawn[0].1[..pixels], &drawn[0].1[pixels..2 * pixels]) > 0.1, "{}", model.name);
    }
}

#[test]
fn no_runtime_is_further_from_f64_than_float32_makes_it() {
    for model in models() {
        let plain = Plain::read(&model.checkpoint);
        let z = noise::sample_z(SEED, COUNT, plain.latent());
        let judgement = plain.generate(&z);
        // A bound that a visible mistake could pass under would prove nothing.
        assert!(judgement.float32_error < VISIBLE / 10.0, "{}: {:e}", model.name, judgement.float32_error);
        for mut runtime in runtimes(&model) {
            let pictures: Vec<f64> = runtime.generate(&z).into_iter().map(f64::from).collect();
            let largest = difference(&pictures, &judgement.pictures);
            say(&format!(
                "{}: {} against plain f64: max difference {largest:.1e}, at most {:.1e} expected",
                model.name, runtime.name, judgement.float32_error
            ));
            assert!(largest <= judgement.float32_error, "{}: {}: {largest:e}", model.name, runtime.name);
        }
    }
}

#[test]
fn the_parity_vectors_of_the_file_hold_on_every_runtime() {
    #[derive(Deserialize)]
    struct Parity {
        z: Vec<Vec<f32>>,
        image: Vec<Vec<f32>>,
    }
    for model in models() {
        let generator = runtime_wasm::Generator::from_bytes(&model.onnx).unwrap();
        let metadata: &BTreeMap<String, String> = generator.metadata();
        let parity: Parity = serde_json::from_str(&metadata["forger.parity"]).unwrap();
        assert!(!parity.z.is_empty(), "{}", model.name);
        assert!(parity.z.iter().all(|z| z.len() == generator.latent_size()), "{}", model.name);
        for mut runtime in runtimes(&model) {
            let pictures = runtime.generate(&parity.z.concat());
            let largest = difference(&pictures, &parity.image.concat());
            say(&format!("{}: {} against the parity vectors: max difference {largest:.1e}", model.name, runtime.name));
            assert!(largest <= TOLERANCE, "{}: {}: {largest:e}", model.name, runtime.name);
        }
    }
}

#[test]
fn a_wrong_weight_is_seen() {
    // The suite can fail: runtimes of two models, of the same network with other weights, do not agree.
    let [stable, seed] = ["stable", "seed"].map(tests::models::invented);
    let z = noise::sample_z(SEED, 10, latent(&stable));
    for (mut one, mut other) in runtimes(&stable).into_iter().zip(runtimes(&seed)) {
        assert!(difference(&one.generate(&z), &other.generate(&z)) > 0.1, "{}", one.name);
    }
    assert!(difference(&[0.0, f32::NAN, 0.0], &[0.0; 3]).is_nan(), "a NaN is a difference");
}
