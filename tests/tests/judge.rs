//! The judge's figures against NumPy's and SciPy's, on the features that it sees in real and in generated pictures.

use std::fs;

use data::Dataset;
use judge::lenet::FEATURES;
use judge::{Judge, Yardstick};
use serde_json::Value;
use tests::models::models;
use tests::tools::python;

/// Two ways to the same figure differ by rounding alone; the bar for FID is half a percent.
const FID: f64 = 0.005;
/// A picture whose distance is a rounding away from a radius may count as in or out.
const SHARE: f64 = 0.002;
/// Of the 10,000 that the trainer is judged by: both ways are the same for any count, and neighbours cost its square.
const PICTURES: usize = 3_000;

#[test]
fn fid_precision_and_recall_are_those_of_an_independent_implementation() {
    let mut dataset = Dataset::mnist().unwrap();
    dataset.test.bytes.truncate(PICTURES * dataset.test.pixels());
    dataset.test.labels.truncate(PICTURES);
    let judge = Judge::of(&dataset, None, 2, &mut |_| ()).unwrap();
    let yardstick = Yardstick::new(judge, &dataset.test, 2);
    let folder = tempfile::tempdir().unwrap();
    let [real_file, generated_file] = ["real", "generated"].map(|name| folder.path().join(name));
    let write = |path, features: &[f32]| {
        let bytes: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(path, bytes).unwrap();
    };
    let count = yardstick.samples();
    write(&real_file, &yardstick.judge().see_pictures(&dataset.test, count, 2).features);

    let mut subjects = vec![(
        "real training pictures".to_owned(),
        yardstick.judge().see_pictures(&dataset.train, count, 2),
        yardstick.floor(&dataset.train),
    )];
    for model in models() {
        let generator = runtime_wasm::Generator::from_bytes(&model.onnx).unwrap();
        let images = generator.generate(&noise::sample_z(0, count, generator.latent_size())).unwrap();
        subjects.push((model.name, yardstick.judge().see(&images, 2), yardstick.score(&images, &[])));
    }
    for (name, seen, scores) in subjects {
        write(&generated_file, &seen.features);
        let Some(said) = python("fid.py", &[&real_file, &generated_file, FEATURES.to_string().as_ref()]) else {
            return;
        };
        let said: Value = serde_json::from_str(&said).unwrap();
        for (key, ours, bound) in [
            ("fid", scores.fid, FID * scores.fid),
            ("precision", scores.precision, SHARE),
            ("recall", scores.recall, SHARE),
        ] {
            let theirs = said[key].as_f64().unwrap();
            println!("{name}: {key} {ours}, by NumPy and SciPy {theirs}");
            assert!((ours - theirs).abs() <= bound, "{name}: {key} is {ours}, by NumPy and SciPy {theirs}");
        }
    }
}
