//! A generator that is told which class to draw, from the trainer's checkpoint to pictures: candle, plain f64 arithmetic, tract,
//! ONNX Runtime, OpenVINO and ONNX's own reference implementation draw the same, of each class.

use std::fs;

use exporter::{Model, Precision};
use gan::recipe::Recipe;
use gan::{DataShape, State};
use interface::{Generator, Wishes};
use ort::session::Session;
use ort::value::TensorRef;
use run::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use tests::reference::reference_pictures;
use tests::tools::{onnx_runtime, python_of, say};

const CLASSES: usize = 5;
const PICTURES: usize = 11;
/// Float32's half unit over the two hundred terms that a pixel is made of; pixels are within 1.
const PIXEL: f64 = 1e-5;

fn checkpoint(flags: &str) -> Checkpoint {
    let recipe = Recipe::load("classes", &format!("latent = 9\nhidden = 21\n{flags}").parse().unwrap()).unwrap();
    let data = DataShape::grey(6, 7).with_classes(CLASSES);
    let names = ["cat", "dog", "\"quoted\"", "", "고양이"].map(str::to_owned);
    let state = State::initial(&recipe, data, 3);
    let (z, labels) = (noise::sample_z(1, 2, 9), vec![4, 1]);
    let (dataset, classes) = ("none".to_owned(), names.to_vec());
    let identity = Identity { recipe, seed: 3, epochs: 1, dataset, pictures_crc32: 0, data, classes };
    let mut checkpoint = Checkpoint {
        state,
        epochs_done: 1,
        sums: EpochSums::default(),
        train_seconds: 0.0,
        metrics: "{}".to_owned(),
        made_by: ["none", "cpu", "1"].map(str::to_owned),
        parity: Parity { z: Vec::new(), labels: Vec::new(), image: Vec::new() },
        asked: None,
        identity,
    };
    let inputs = checkpoint.identity.recipe.classes_of(data).inputs(&z, 9, labels.iter().copied());
    let image = reference_pictures(&checkpoint.to_bytes(), &inputs).unwrap();
    checkpoint.parity = Parity { z, labels, image };
    checkpoint
}

/// A generator of one's own beside the recipe's.
const OWN: &str =
    "generator.layers = [{ layer = 'dense', width = 17 }, { layer = 'tanh' }, { layer = 'dense' }, { layer = 'tanh' }]";

/// Which class each picture is asked for as.
fn asked_for() -> Vec<usize> {
    (0..PICTURES).map(|picture| (3 * picture + 1) % CLASSES).collect()
}

#[test]
fn every_runtime_draws_the_class_that_is_asked_for() {
    for flags in ["", OWN] {
        let checkpoint = checkpoint(flags);
        let bytes = checkpoint.to_bytes();
        assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), checkpoint, "the checkpoint reads back");
        let onnx = exporter::export(&bytes).unwrap();
        let z = noise::sample_z(8, PICTURES, 9);
        let classes = asked_for();
        let inputs = checkpoint.identity.recipe.classes_of(checkpoint.identity.data).inputs(&z, 9, classes.clone());
        let expected = reference_pictures(&bytes, &inputs).unwrap();
        let near = |runtime: &str, found: &mut dyn Iterator<Item = f64>| {
            let found: Vec<f64> = found.collect();
            assert_eq!(found.len(), expected.len(), "{runtime}");
            let differences = found.iter().zip(&expected).map(|(a, &b)| (a - f64::from(b)).abs());
            let largest = differences.fold(0.0, f64::max);
            assert!(largest <= PIXEL, "{flags}: {runtime} is off by {largest:e}");
        };
        let model = exporter::Model::from_onnx(&onnx).unwrap();
        assert_eq!(model.classes(), CLASSES);
        near("f64 arithmetic", &mut model.evaluate(&z, &classes).into_iter());
        assert_eq!(model.parity().unwrap().class, [4, 1]);
        let names = model.metadata().find(|(key, _)| *key == "forger.classes").unwrap().1.to_owned();
        assert_eq!(serde_json::from_str::<Vec<String>>(&names).unwrap(), checkpoint.identity.classes);

        let mut tract = Generator::from_bytes(onnx.clone().into(), &mut |_| None, &Wishes::default()).unwrap();
        assert_eq!((tract.latent_size(), tract.classes()), (9, CLASSES));
        let asked: Vec<u32> = classes.iter().map(|&class| class as u32).collect();
        near("tract", &mut tract.generate(&z, &asked).unwrap().into_iter().map(f64::from));

        let Some(environment) = onnx_runtime() else { continue };
        let mut session = Session::builder(environment).unwrap().commit_from_memory(&onnx).unwrap();
        let asked: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
        let z = TensorRef::from_array_view(([PICTURES, 9], &z[..])).unwrap();
        let asked = TensorRef::from_array_view(([PICTURES], &asked[..])).unwrap();
        let outputs = session.run(ort::inputs!["z" => z, "class" => asked]).unwrap();
        let (_, image) = outputs["image"].try_extract_tensor::<f32>().unwrap();
        near("ONNX Runtime", &mut image.iter().map(|&pixel| f64::from(pixel)));
    }
}

#[test]
fn runtimes_of_others_draw_it_too_in_every_precision() {
    let folder = tempfile::tempdir().unwrap();
    let (z, classes) = (noise::sample_z(8, PICTURES, 9), asked_for());
    let mut count = 0;
    for flags in ["", OWN] {
        let model = Model::from_onnx(&exporter::export(&checkpoint(flags).to_bytes()).unwrap()).unwrap();
        for precision in [Precision::F32, Precision::F16, Precision::Int8] {
            let onnx = model.to_onnx(precision).unwrap();
            let image = Model::from_onnx(&onnx).unwrap().evaluate(&z, &classes);
            let case = serde_json::json!({ "latent": 9, "z": z, "class": classes, "image": image });
            fs::write(folder.path().join(format!("{count}.onnx")), onnx).unwrap();
            fs::write(folder.path().join(format!("{count}.json")), case.to_string()).unwrap();
            count += 1;
        }
    }
    for (variable, tool, script) in [
        ("FORGER_OPENVINO", "Python with the package `openvino`", "run_openvino.py"),
        ("FORGER_OLD_ONNXRUNTIME", "Python with an old package `onnxruntime`", "run_onnxruntime.py"),
        ("FORGER_PYTHON", "Python with the packages of the tests", "check_networks.py"),
    ] {
        let Some(told) = python_of(variable, tool, script, &[folder.path()]) else { continue };
        say(told.trim());
        assert!(told.trim().ends_with(&format!("{count} networks")), "{told}");
    }
}
