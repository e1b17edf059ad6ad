//! Two steps of training in colour, from the built-in avatars to pictures: the trainer's engines agree, and candle, tract and ONNX
//! Runtime draw the same of the file that comes of it.

use std::fs;
use std::process::Command;

use interface::{Generator, Wishes};
use ort::session::Session;
use ort::value::TensorRef;
use run::checkpoint::Checkpoint;
use tests::reference::reference_pictures;
use tests::tools::{onnx_runtime, program};

const PICTURES: usize = 7;
const LATENT: usize = 9;
/// Float32's half unit over the hundred terms that a pixel is made of; pixels are within 1.
const PIXEL: f64 = 1e-5;

/// Trains two steps on avatars; gives the checkpoint's bytes and the model's.
fn train(engine: &str) -> (Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("gen.onnx");
    let mut trainer = Command::new(program("trainer"));
    // Of 9,167 pictures two minibatches.
    trainer.args(
        "--data avatars --epochs 1 --batch 4500 --latent 9 --hidden 24 --evaluate-every 0 --device cpu --quiet"
            .split(' '),
    );
    let status = trainer.args(["--engine", engine, "--out"]).arg(&out).status().unwrap();
    assert!(status.success(), "{engine}");
    (fs::read(dir.path().join("gen.run/checkpoint.safetensors")).unwrap(), fs::read(&out).unwrap())
}

#[test]
fn a_model_trained_in_colour_is_drawn_alike_by_every_runtime() {
    let (checkpoint, onnx) = train("auto");
    let identity = Checkpoint::from_bytes(&checkpoint).unwrap().identity;
    assert_eq!(
        (identity.data.image, identity.recipe.latent, identity.dataset.as_str()),
        ([3, 16, 16], LATENT, "avatars")
    );
    let z = noise::sample_z(8, PICTURES, LATENT);
    let expected = reference_pictures(&checkpoint, &z).unwrap();
    assert_eq!(expected.len(), PICTURES * 768);
    // Not one channel three times over.
    let [red, green] = [&expected[..256], &expected[256..512]];
    assert!(red.iter().zip(green).any(|(a, b)| (a - b).abs() > 0.01), "its channels differ");
    let near = |runtime: &str, found: &[f32]| {
        assert_eq!(found.len(), expected.len(), "{runtime}");
        let largest = found.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
        assert!(largest <= PIXEL, "{runtime} is off by {largest:e}");
    };
    let model = exporter::Model::from_onnx(&onnx).unwrap();
    let exact: Vec<f32> = model.evaluate(&z, &[]).into_iter().map(|pixel| pixel as f32).collect();
    near("f64 arithmetic", &exact);
    let mut tract = Generator::from_bytes(onnx.clone().into(), &mut |_| None, &Wishes::default()).unwrap();
    assert_eq!(tract.image_shape(), [3, 16, 16]);
    near("tract", &tract.generate(&z, &[]).unwrap());
    let page = runtime_wasm::Generator::from_bytes(&onnx).unwrap();
    near("the page's runtime", &page.generate(&z).unwrap());

    let Some(environment) = onnx_runtime() else { return };
    let mut session = Session::builder(environment).unwrap().commit_from_memory(&onnx).unwrap();
    let z = TensorRef::from_array_view(([PICTURES, LATENT], &z[..])).unwrap();
    let outputs = session.run(ort::inputs!["z" => z]).unwrap();
    let (shape, image) = outputs["image"].try_extract_tensor::<f32>().unwrap();
    assert_eq!(shape[..], [PICTURES as i64, 3, 16, 16]);
    near("ONNX Runtime", image);
}

#[test]
fn two_engines_take_the_same_steps_in_colour() {
    let of = |engine: &str| Checkpoint::from_bytes(&train(engine).0).unwrap().state;
    let (reference, layers, fused) = (of("reference"), of("layers"), of("fused"));
    for (name, other) in [("layers", layers), ("fused", fused)] {
        // Two steps of Adam from one start: rounding alone sets them apart, and moves a weight by no more than a small part of the
        // rate, 0.002, unless its gradient is near zero; so the whole is compared, not each weight.
        let [ours, theirs] = [&reference.generator.parameters, &other.generator.parameters];
        let distance: f64 = ours.iter().zip(theirs.iter()).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let norm: f64 = ours.iter().map(|a| f64::from(*a).powi(2)).sum();
        assert!((distance / norm).sqrt() < 1e-3, "{name}: {}", (distance / norm).sqrt());
    }
}
