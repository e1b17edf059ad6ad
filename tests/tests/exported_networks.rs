//! Networks of random architecture: built, exported, run elsewhere, read back.

use std::fs;
use std::path::Path;

use exporter::{Model, Precision};
use ort::session::Session;
use ort::value::TensorRef;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tests::networks::{choice, network};
use tests::tools::{onnx_runtime, program, python, python_of, say};
use tract_onnx::prelude::*;

/// A pixel may be off by this much of the largest of its picture: some tens of float32's half unit, 6e-8, which a chain of
/// five layers of at most 72 terms each can add up to.
const RELATIVE: f64 = 1e-5;
/// Pictures a network.
const BATCH: usize = 3;

/// Latent vectors, different in each place.
fn z_of(model: &Model) -> Vec<f32> {
    noise::sample_z(5, BATCH, model.input_shape().iter().product())
}

fn tract(onnx: &[u8], model: &Model) -> Vec<f32> {
    let shape = [BATCH, model.input_shape()[0]];
    let run = || -> TractResult<Vec<f32>> {
        let parsed = tract_onnx::onnx().model_for_read(&mut &onnx[..])?;
        // The file leaves the batch of its output open.
        let parsed = parsed.with_input_fact(0, f32::fact(shape).into())?.with_output_fact(0, Default::default())?;
        let plan = parsed.into_optimized()?.into_runnable()?;
        let outputs = plan.run(tvec!(tract_onnx::prelude::Tensor::from_shape(&shape, &z_of(model))?.into_tvalue()))?;
        Ok(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    };
    run().unwrap_or_else(|error| panic!("tract: {error:?}"))
}

fn onnxruntime(onnx: &[u8], model: &Model) -> Option<Vec<f32>> {
    // As the file means it: left alone, it rounds to eight bits what a MatMul multiplies with int8 weights.
    let exact = ("session.qdq_matmulnbits_accuracy_level", "1");
    let mut builder = Session::builder(onnx_runtime()?).unwrap().with_config_entry(exact.0, exact.1).unwrap();
    let mut session = builder.commit_from_memory(onnx).expect("ONNX Runtime takes it");
    let z = z_of(model);
    let z = TensorRef::from_array_view(([BATCH, model.input_shape()[0]], &z[..])).unwrap();
    let outputs = session.run(ort::inputs!["z" => z]).expect("ONNX Runtime runs it");
    Some(outputs["image"].try_extract_tensor::<f32>().unwrap().1.to_vec())
}

/// Compares with what the file means, by f64 arithmetic on its weights.
fn check(runtime: &str, model: &Model, found: &[f32]) {
    let expected = model.evaluate(&z_of(model), &[]);
    assert_eq!(found.len(), expected.len(), "{runtime}");
    let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs())).max(1e-3);
    for (found, expected) in found.iter().zip(&expected) {
        let difference = (f64::from(*found) - expected).abs() / largest;
        // Not `>`, which a NaN would pass.
        assert!(difference <= RELATIVE, "{runtime}: {found} instead of {expected}, {difference:e} of the largest");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn every_runtime_computes_what_the_file_means(choice in choice(), kind in 0..3) {
        let model = network(&choice);
        let precision = [Precision::F32, Precision::F16, Precision::Int8][kind as usize];
        let onnx = model.to_onnx(precision).unwrap();
        let stored = Model::from_onnx(&onnx).unwrap();
        if precision == Precision::F32 {
            prop_assert_eq!(&stored, &model, "it comes back as it was");
        }
        prop_assert!(stored.to_onnx(precision).unwrap() == onnx, "written again, the same bytes");
        check("tract", &stored, &tract(&onnx, &stored));
        if let Some(found) = onnxruntime(&onnx, &stored) {
            check("ONNX Runtime", &stored, &found);
        }
    }
}

/// Networks in a folder, as `N.onnx` and `N.json` with z and the pictures that f64 arithmetic gives.
fn write_networks(folder: &Path, count: usize) -> Vec<Model> {
    let mut runner = TestRunner::deterministic();
    let precisions = [Precision::F32, Precision::F16, Precision::Int8];
    let models = (0..count).map(|index| {
        let model = network(&choice().new_tree(&mut runner).unwrap().current());
        let onnx = model.to_onnx(precisions[index % precisions.len()]).unwrap();
        let stored = Model::from_onnx(&onnx).unwrap();
        let case = serde_json::json!({ "latent": stored.input_shape()[0], "z": z_of(&stored), "image": stored.evaluate(&z_of(&stored), &[]) });
        fs::write(folder.join(format!("{index}.onnx")), onnx).unwrap();
        fs::write(folder.join(format!("{index}.json")), case.to_string()).unwrap();
        stored
    });
    models.collect()
}

#[test]
fn the_official_checker_and_the_reference_implementation_agree() {
    let folder = tempfile::tempdir().unwrap();
    let models = write_networks(folder.path(), 60);
    let Some(told) = python("check_networks.py", &[folder.path()]) else { return };
    // Each was checked, its shapes inferred; those with a transposed convolution in groups cannot be drawn.
    let drawn: usize = told.trim().strip_suffix(" networks").and_then(|count| count.parse().ok()).expect("a count");
    say(&format!("onnx: {} networks checked, {drawn} drawn", models.len()));
    assert!(drawn > models.len() / 2 && drawn <= models.len(), "{told}");
}

#[test]
fn an_old_onnx_runtime_and_another_importer_draw_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let count = write_networks(folder.path(), 60).len();
    for (variable, tool, script, runtime) in [
        (
            "FORGER_OLD_ONNXRUNTIME",
            "Python with an old package `onnxruntime`",
            "run_onnxruntime.py",
            "onnxruntime 1.15.0",
        ),
        ("FORGER_OPENVINO", "Python with the package `openvino`", "run_openvino.py", "openvino"),
    ] {
        let Some(told) = python_of(variable, tool, script, &[folder.path()]) else { continue };
        say(told.trim());
        assert!(told.starts_with(runtime) && told.trim().ends_with(&format!(": {count} networks")), "{told}");
    }
}

#[test]
fn networks_made_with_candle_run_in_every_runtime() {
    for (example, shape) in [("mlp", [1, 8, 8]), ("dcgan", [1, 28, 28])] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new(program(&format!("examples/{example}")));
        let output = command.arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
        let onnx = fs::read(folder.path().join(format!("{example}.onnx"))).unwrap();
        let model = Model::from_onnx(&onnx).unwrap();
        assert_eq!(model.output_shape(), shape, "{example}");
        check("tract", &model, &tract(&onnx, &model));
        if let Some(found) = onnxruntime(&onnx, &model) {
            check("ONNX Runtime", &model, &found);
        }
        let parity = model.parity().expect("candle's pictures are in the file");
        let drawn = model.evaluate(&parity.z.concat(), &parity.class);
        let largest =
            drawn.iter().zip(parity.image.concat()).map(|(a, b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
        assert!(largest <= 1e-5, "{example}: candle drew something else: {largest:e}");
    }
}
