//! The model file by itself: what the official checker says of it, and that two ways to it give the same bytes.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tests::models::models;
use tests::tools::{program, python};

#[test]
fn the_official_checker_finds_nothing_wrong_and_the_contract_kept() {
    let folder = tempfile::tempdir().unwrap();
    for model in models() {
        let path = folder.path().join("gen.onnx");
        fs::write(&path, &model.onnx).unwrap();
        let Some(description) = python("check_onnx.py", &[&path]) else { return };
        let description: Value = serde_json::from_str(&description).unwrap();
        let generator = runtime_wasm::Generator::from_bytes(&model.onnx).unwrap();
        let [channels, rows, columns] = generator.image_shape();
        for (part, expected) in [
            ("ir_version", json!(8)),
            ("opsets", json!([["", 17]])),
            ("producer", json!("forger")),
            ("inputs", json!([["z", "FLOAT", ["batch", generator.latent_size()]]])),
            ("outputs", json!([["image", "FLOAT", ["batch", channels, rows, columns]]])),
            (
                "nodes",
                json!([
                    ["generator.hidden1", "Gemm"],
                    ["generator.hidden1.activation", "LeakyRelu"],
                    ["generator.hidden2", "Gemm"],
                    ["generator.hidden2.activation", "LeakyRelu"],
                    ["generator.output", "Gemm"],
                    ["generator.output.activation", "Tanh"],
                    ["image", "Reshape"],
                ]),
            ),
        ] {
            assert_eq!(description[part], expected, "{}: {part}", model.name);
        }
        let metadata = serde_json::to_value(generator.metadata()).unwrap();
        assert_eq!(description["metadata"], metadata, "{}: tract and the checker read the same metadata", model.name);
        for key in ["recipe", "recipe_toml", "seed", "epochs", "dataset", "latent", "metrics", "parity"] {
            assert!(metadata.get(format!("forger.{key}")).is_some(), "{}: forger.{key}", model.name);
        }
    }
}

#[test]
fn the_exporters_program_writes_the_trainers_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, out) = (folder.path().join("checkpoint.safetensors"), folder.path().join("exported.onnx"));
    for model in models() {
        fs::write(&checkpoint, &model.checkpoint).unwrap();
        let mut exporter = Command::new(program("exporter"));
        let output = exporter.arg(&checkpoint).arg("--out").arg(&out).output().unwrap();
        assert!(output.status.success(), "{}: {}", model.name, String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(&out).unwrap() == model.onnx, "{}: the bytes differ", model.name);
        fs::remove_file(&out).unwrap();
    }
}
