//! Weights stored small: what every runtime draws with them, the page's among them, and how far it is from the trained.

use exporter::{Model, Precision};
use runtime_wasm::Generator;
use tests::models::{Model as Exported, models};
use tests::runtimes::runtimes;
use tests::tools::say;

/// No pixel may differ by more between a runtime and the rounded weights in f64.
const TOLERANCE: f64 = 1e-5;
/// Of the file, what may stay beside the weights themselves: metadata, biases, names.
const REST: usize = 100_000;

/// What each precision may cost: bytes a weight, and the largest pixel difference to the trained weights over a thousand
/// pictures. Half precision keeps eleven bits: a relative error of 2^-12 in each of the 100 to 128 products of a sum, three
/// layers deep. Eight bits keep seven and a sign.
const CASES: [(Precision, usize, f64); 3] =
    [(Precision::F32, 4, 0.0), (Precision::F16, 2, 0.02), (Precision::Int8, 1, 0.3)];

fn largest_difference<A: Copy + Into<f64>, B: Copy + Into<f64>>(a: &[A], b: &[B]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).abs());
    differences.fold(0.0, |largest: f64, next| if largest.is_nan() || next <= largest { largest } else { next })
}

#[test]
fn every_runtime_draws_with_weights_that_are_stored_small() {
    for Exported { name, checkpoint, .. } in models() {
        let model = Model::from_checkpoint(&checkpoint).unwrap();
        let latent = model.input_shape()[0];
        let z = trainer::noise::sample_z(1_000, 1_000, latent);
        let trained = Generator::from_bytes(&model.to_onnx(Precision::F32).unwrap()).unwrap().generate(&z).unwrap();
        let weights: usize = model.weights().iter().map(|(_, tensor)| tensor.values().len()).sum();
        for (precision, bytes, limit) in CASES {
            let onnx = model.to_onnx(precision).unwrap();
            assert!(onnx.len() < weights * bytes + REST, "{name}, {precision:?}: {} bytes", onnx.len());
            let stored = Model::from_onnx(&onnx).unwrap();
            let exact = stored.evaluate(&z[..10 * latent]);
            for mut runtime in
                runtimes(&Exported { name: name.clone(), onnx: onnx.clone(), checkpoint: checkpoint.clone() })
            {
                // candle draws with the checkpoint's own weights, whatever the file holds.
                if runtime.name == "candle" {
                    continue;
                }
                let largest = largest_difference(&runtime.generate(&z[..10 * latent]), &exact);
                assert!(largest <= TOLERANCE, "{name}, {precision:?}, {}: {largest:e}", runtime.name);
            }
            let drawn = Generator::from_bytes(&onnx).unwrap().generate(&z).unwrap();
            let largest = largest_difference(&drawn, &trained);
            let length = onnx.len();
            say(&format!(
                "{name}, {precision:?}: {length} bytes, largest difference to the trained weights {largest:.1e}"
            ));
            assert!(largest <= limit, "{name}, {precision:?}: {largest:e}");
            assert!((largest > 0.0) == (precision != Precision::F32), "{name}, {precision:?}: it was rounded");
        }
    }
}

#[test]
fn the_file_tells_its_rounding() {
    for Exported { name, checkpoint, .. } in models() {
        let model = Model::from_checkpoint(&checkpoint).unwrap();
        for (precision, text) in [(Precision::F16, "f16"), (Precision::Int8, "int8")] {
            let generator = Generator::from_bytes(&model.to_onnx(precision).unwrap()).unwrap();
            let told: serde_json::Value = serde_json::from_str(&generator.metadata()["forger.precision"]).unwrap();
            assert_eq!(told["weights"], text, "{name}");
            assert!(told["max_pixel_difference"].as_f64().is_some_and(|largest| largest > 0.0), "{name}: {told}");
        }
    }
}
