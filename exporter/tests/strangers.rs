//! Models that other programs wrote: told, compared part by part, and their weights taken out under their own names.

use std::fs;
use std::path::Path;
use std::process::Command;

use interface::onnx::{
    AttributeProto, DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
};
use prost::Message;

fn exporter(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_exporter"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// As PyTorch exports a generator: `noise` [n, 4, 1, 1] and `labels` [n] give `img`, 0 to 1.
fn pytorchs() -> ModelProto {
    let value = |name: &str, element: i32, sizes: &[i64]| {
        let dim = sizes.iter().map(|&size| DimensionProto {
            value: Some(if size < 1 { DimensionValue::DimParam("n".into()) } else { DimensionValue::DimValue(size) }),
            ..Default::default()
        });
        let shape = Some(TensorShapeProto { dim: dim.collect() });
        let tensor_type = Some(TensorTypeProto { elem_type: element, shape });
        let r#type = Some(TypeProto { tensor_type, ..Default::default() });
        ValueInfoProto { name: name.into(), r#type, ..Default::default() }
    };
    let numbers = |count: usize| -> Vec<f32> { (0..count).map(|index| (index as f32).sin()).collect() };
    let graph = GraphProto {
        name: "main_graph".into(),
        node: vec![
            NodeProto::new("Gather", "/emb/Gather", &["emb.weight", "labels"], &["row"]),
            NodeProto::new("Reshape", "/Reshape", &["row", "shape"], &["rows"]),
            NodeProto::new("Mul", "/Mul", &["noise", "rows"], &["h"]),
            NodeProto::new("ConvTranspose", "/up/ConvTranspose", &["h", "up.weight", "up.bias"], &["y"])
                .with(AttributeProto::ints("kernel_shape", &[6, 6])),
            NodeProto::new("Sigmoid", "/Sigmoid", &["y"], &["img"]),
        ],
        initializer: vec![
            TensorProto::floats("emb.weight", &[10, 4], &numbers(40)),
            TensorProto::floats("up.weight", &[4, 1, 6, 6], &numbers(144)),
            TensorProto::floats("up.bias", &[1], &[0.5]),
            TensorProto::int64s("shape", &[4], &[-1, 4, 1, 1]),
        ],
        input: vec![value("noise", data_type::FLOAT, &[0, 4, 1, 1]), value("labels", data_type::INT64, &[0])],
        output: vec![value("img", data_type::FLOAT, &[0, 1, 6, 6])],
        ..Default::default()
    };
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 17 }];
    ModelProto {
        ir_version: 8,
        producer_name: "pytorch".into(),
        opset_import,
        graph: Some(graph),
        ..Default::default()
    }
}

fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

#[test]
fn every_difference_is_one_and_is_named() {
    type Change = fn(&mut ModelProto);
    let cases: &[(&str, Change, &str)] = &[
        (
            "a weight",
            |model| graph(model).initializer[1] = TensorProto::floats("up.weight", &[4, 1, 6, 6], &[0.0; 144]),
            "up.weight: largest difference 1.0e0, relative 1.0e0",
        ),
        (
            "a constant",
            |model| graph(model).initializer[3] = TensorProto::int64s("shape", &[4], &[0, 4, 1, 1]),
            "tensor shape\n  - [-1, 4, 1, 1]\n  + [0, 4, 1, 1]",
        ),
        (
            "a setting",
            |model| graph(model).node[3].attribute.push(AttributeProto::ints("strides", &[2, 2])),
            "node /up/ConvTranspose (ConvTranspose)",
        ),
        (
            "a type of number",
            |model| {
                let doubles: Vec<u8> = [0.5f64].iter().flat_map(|value| value.to_le_bytes()).collect();
                let tensor = &mut graph(model).initializer[2];
                (tensor.data_type, tensor.raw_data) = (data_type::DOUBLE, doubles.into());
            },
            "tensors",
        ),
        (
            "bytes of a type that is not read",
            |model| {
                let tensor = TensorProto { name: "s".into(), dims: vec![1], data_type: 8, ..Default::default() };
                graph(model).initializer.push(TensorProto { string_data: vec!["b".into()], ..tensor });
            },
            "tensors",
        ),
        ("a function", |model| model.functions.push(Default::default()), "functions"),
        ("a field that nobody reads", |model| model.model_version = 7, "version of the model"),
    ];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.onnx"), pytorchs().encode_to_vec()).unwrap();
    assert_eq!(
        exporter(folder.path(), &["diff", "a.onnx", "a.onnx"]),
        (Some(0), "no difference\n".into(), String::new())
    );
    for (name, change, expected) in cases {
        let mut model = pytorchs();
        change(&mut model);
        fs::write(folder.path().join("b.onnx"), model.encode_to_vec()).unwrap();
        let (code, out, told) = exporter(folder.path(), &["diff", "a.onnx", "b.onnx"]);
        assert_eq!(code, Some(1), "{name}: {out}{told}");
        assert!(out.contains(expected), "{name}: {out}");
    }
    // A whole field of another version of ONNX, behind all that is known.
    let mut bytes = pytorchs().encode_to_vec();
    bytes.extend([0xd2, 0x01, 0x01, 0x00]);
    fs::write(folder.path().join("b.onnx"), bytes).unwrap();
    let (code, out, told) = exporter(folder.path(), &["diff", "a.onnx", "b.onnx"]);
    assert!(code == Some(1) && out.contains("something that this program does not read"), "{out}{told}");
}

#[test]
fn weights_in_a_file_that_is_missing_are_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let model = |file: &str| {
        let mut model = pytorchs();
        let tensor = &mut graph(&mut model).initializer[1];
        let data = std::mem::take(&mut tensor.raw_data);
        let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
        tensor.external_data = vec![entry("location", file), entry("length", &data.len().to_string())];
        tensor.data_location = Some(1);
        (model.encode_to_vec(), data)
    };
    let (bytes, data) = model("w.data");
    fs::write(folder.path().join("a.onnx"), &bytes).unwrap();
    fs::write(folder.path().join("b.onnx"), &bytes).unwrap();
    // The same name, and no numbers that could be compared.
    let (code, out, _) = exporter(folder.path(), &["diff", "a.onnx", "b.onnx"]);
    assert!(
        code == Some(1) && out.contains("tensor up.weight\n  - in a file that is not here: location w.data"),
        "{out}"
    );
    let (code, _, told) = exporter(folder.path(), &["import", "a.onnx"]);
    assert!(code == Some(1) && told.contains("its numbers are kept in another file"), "{told}");

    fs::write(folder.path().join("w.data"), data).unwrap();
    fs::write(folder.path().join("whole.onnx"), pytorchs().encode_to_vec()).unwrap();
    let (code, out, told) = exporter(folder.path(), &["diff", "a.onnx", "whole.onnx"]);
    assert_eq!(code, Some(0), "{out}{told}");
}

#[test]
fn weights_are_imported_by_the_names_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gen.onnx"), pytorchs().encode_to_vec()).unwrap();
    let (code, _, told) = exporter(folder.path(), &["import", "gen.onnx"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("these are the weights alone"), "{told}");
    let bytes = fs::read(folder.path().join("gen.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort();
    assert_eq!(names, ["emb.weight", "up.bias", "up.weight"]);
    assert_eq!(file.tensor("up.weight").unwrap().shape(), [4, 1, 6, 6]);

    // A network that is read: its nodes have PyTorch's paths for names, its tensors those of the modules.
    let mut plain = pytorchs();
    let it = graph(&mut plain);
    it.node.drain(..3);
    it.node[0].input[0] = "noise".into();
    it.input.pop();
    fs::write(folder.path().join("gen.onnx"), plain.encode_to_vec()).unwrap();
    let (code, _, told) = exporter(folder.path(), &["import", "gen.onnx"]);
    assert!(code == Some(0) && !told.contains("alone"), "{told}");
    let bytes = fs::read(folder.path().join("gen.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort();
    assert_eq!(names, ["up.bias", "up.weight"]);
}

#[test]
fn what_is_no_generator_is_told_and_still_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = pytorchs();
    graph(&mut model).node[4].op_type = "Frobnicate".into();
    fs::write(folder.path().join("gen.onnx"), model.encode_to_vec()).unwrap();
    let (code, out, told) = exporter(folder.path(), &["inspect", "gen.onnx"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(out.contains("node        /Sigmoid = Frobnicate(y)"), "{out}");
    if cfg!(feature = "run") {
        assert!(out.contains("draws       nothing: the model uses the operator `Frobnicate`"), "{out}");
    }
}

#[cfg(feature = "run")]
#[test]
fn what_was_taken_for_what_is_told_and_can_be_said_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gen.onnx"), pytorchs().encode_to_vec()).unwrap();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let (code, out, told) = exporter(folder.path(), &[&["inspect", "gen.onnx", "--json"], arguments].concat());
        assert_eq!(code, Some(0), "{told}");
        serde_json::from_str(&out).unwrap()
    };
    let told = json(&[]);
    assert_eq!(told["latent"]["input"], "noise");
    assert_eq!((&told["latent"]["size"], &told["latent"]["batch"]), (&4.into(), &"open".into()));
    assert_eq!((&told["class"]["input"], &told["class"]["count"]), (&"labels".into(), &10.into()));
    assert_eq!(told["picture"], serde_json::json!({"output": "img", "channels": 1, "height": 6, "width": 6}));
    assert_eq!((&told["layout"], &told["range"]), (&"nchw".into(), &"0..1".into()));
    assert_eq!(json(&["--range", "-1..1"])["range"], "-1..1");

    let (_, out, _) = exporter(folder.path(), &["inspect", "gen.onnx"]);
    for line in ["latent      noise: 4 numbers", "class       labels: 10 classes, its number", "range       0..1"] {
        assert!(out.lines().any(|found| found == line), "{line}\n{out}");
    }
    let (code, _, told) = exporter(folder.path(), &["inspect", "gen.onnx", "--output", "nothing"]);
    assert!(code == Some(1) && told.starts_with("error: the model has no output `nothing`; it gives `img`"), "{told}");
    let (code, _, told) = exporter(folder.path(), &["inspect", "gen.onnx", "--range", "0..2"]);
    assert!(code == Some(2) && told.contains("`0..2` is no range: -1..1, 0..1 or 0..255"), "{told}");
    let (code, out, told) = exporter(folder.path(), &["verify", "gen.onnx"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "there is nothing to hold it against");
    assert!(told.contains("name ONNX Runtime's library by `ORT_DYLIB_PATH`"), "{told}");
}
