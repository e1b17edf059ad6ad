//! Weights stored small: what every runtime draws with them, the page's among them, and how far it is from the trained.

use std::fs;
use std::process::Command;

use exporter::{Model, Precision};
use runtime_wasm::Generator;
use tests::models::{Model as Exported, models, trained};
use tests::runtimes::runtimes;
use tests::tools::{program, say};

/// No pixel may differ by more between a runtime and the rounded weights in f64: twice what float32 itself is off by on models
/// of fifty epochs, 1.7e-5.
const TOLERANCE: f64 = 3.5e-5;
/// Of the file, what may stay beside the weights themselves: metadata, biases, names.
const REST: usize = 100_000;

/// What each precision may cost: bytes a weight, and the root mean square of the pixels' difference to the trained weights
/// over a thousand pictures, some four times what a model of fifty epochs shows. A single pixel at the edge of a stroke,
/// where tanh is steep, may move much further: it is told and not judged.
const CASES: [(Precision, usize, f64); 3] =
    [(Precision::F32, 4, 0.0), (Precision::F16, 2, 2e-3), (Precision::Int8, 1, 5e-2)];

/// How far the judge's FID may move.
const FID: [(Precision, f64); 2] = [(Precision::F16, 0.1), (Precision::Int8, 1.0)];

fn largest_difference<A: Copy + Into<f64>, B: Copy + Into<f64>>(a: &[A], b: &[B]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).abs());
    differences.fold(0.0, |largest: f64, next| if largest.is_nan() || next <= largest { largest } else { next })
}

fn root_mean_square(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn every_runtime_draws_with_weights_that_are_stored_small() {
    for Exported { name, checkpoint, .. } in models() {
        let model = Model::from_checkpoint(&checkpoint).unwrap();
        let latent = model.input_shape()[0];
        let z = noise::sample_z(1_000, 1_000, latent);
        let trained = Generator::from_bytes(&model.to_onnx(Precision::F32).unwrap()).unwrap().generate(&z).unwrap();
        let weights: usize = model.weights().iter().map(|(_, tensor)| tensor.values().len()).sum();
        for (precision, bytes, limit) in CASES {
            let onnx = model.to_onnx(precision).unwrap();
            assert!(onnx.len() < weights * bytes + REST, "{name}, {precision:?}: {} bytes", onnx.len());
            let stored = Model::from_onnx(&onnx).unwrap();
            let exact = stored.evaluate(&z[..10 * latent], &[]);
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
            let (largest, typical) = (largest_difference(&drawn, &trained), root_mean_square(&drawn, &trained));
            let length = onnx.len();
            say(&format!(
                "{name}, {precision:?}: {length} bytes; to the trained weights {largest:.1e} at most, {typical:.1e} root mean square"
            ));
            assert!(typical <= limit, "{name}, {precision:?}: {typical:e}");
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

#[test]
fn the_judge_hardly_sees_the_rounding() {
    let Some(Exported { name, checkpoint, .. }) = trained() else { return };
    let model = Model::from_checkpoint(&checkpoint).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = Command::new(program("trainer"));
    trainer.args(["evaluate", "--json"]);
    for precision in [Precision::F32].into_iter().chain(FID.map(|(precision, _)| precision)) {
        let path = folder.path().join(format!("{precision:?}.onnx"));
        fs::write(&path, model.to_onnx(precision).unwrap()).unwrap();
        trainer.arg(path);
    }
    let output = trainer.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let fid = |index: usize| report["models"][index]["fid"].as_f64().unwrap();
    for (index, (precision, limit)) in FID.into_iter().enumerate() {
        let (before, after) = (fid(0), fid(index + 1));
        say(&format!("{name}, {precision:?}: FID {before:.3} before, {after:.3} after"));
        assert!((after - before).abs() <= limit, "{precision:?}: FID {before} before, {after} after");
        assert!(after != before, "{precision:?}: it was rounded");
    }
}
