//! `trainer evaluate`, `trainer judge` and the evaluations of a run, as a user meets them.

mod small_mnist;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use small_mnist::SmallMnist;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trainer")).args(args).stdin(Stdio::null()).output().expect("the binary is built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Trains on the small set; gives the events `evaluation`.
fn train(data: &SmallMnist, out: &Path, more: &[&str]) -> Vec<Value> {
    let small = ["--batch", "20", "--hidden", "16", "--latent", "8", "--quiet", "--log-json", "-"];
    let output = run(&[&["--data", data.path(), "--out", out.to_str().unwrap()], &small[..], more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let events = text(&output.stdout);
    let events = events.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap());
    events.filter(|event: &Value| event["event"] == "evaluation").collect()
}

fn json(args: &[&str]) -> Value {
    let output = run(&[&["evaluate", "--json"], args].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const SCORES: [&str; 6] = ["samples", "fid", "classes", "kl", "precision", "recall"];

#[test]
fn a_run_is_judged_at_intervals_and_at_its_end_and_evaluate_says_the_same() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    let evaluations = train(&data, &out, &["--epochs", "5", "--evaluate-every", "2"]);
    let epochs: Vec<_> = evaluations.iter().map(|event| event["epoch"].as_u64().unwrap()).collect();
    assert_eq!(epochs, [1, 3, 4]);
    let metrics = fs::read_to_string(dir.path().join("gen.run/metrics.jsonl")).unwrap();
    assert_eq!(metrics.matches(r#""event":"evaluation""#).count(), 3, "{metrics}");
    let judge = fs::metadata(dir.path().join("gen.run/judge.safetensors")).unwrap().modified().unwrap();

    let name = out.to_str().unwrap();
    let report = json(&[name, name, "--data", data.path()]);
    let last = &evaluations[2];
    assert_eq!(report["models"].as_array().unwrap().len(), 2);
    assert_eq!(report["models"][0], report["models"][1], "the same model twice");
    for key in SCORES {
        let (in_run, after) = (last[key].as_f64().unwrap(), report["models"][0][key].as_f64().unwrap());
        // Engine and tract round the pictures differently; of 40 pictures one more or less inside is 0.025.
        assert!((in_run - after).abs() <= 1e-3 * in_run.abs() + 0.026, "{key}: {in_run} in the run, {after} after it");
        assert!(report["floor"][key].is_number(), "{key} of the floor");
    }
    // The model file carries its scores.
    let onnx = text(&fs::read(&out).unwrap());
    assert!(onnx.contains(&format!(r#""fid":{}"#, last["fid"])), "`forger.metrics` lacks {last}");
    let now = fs::metadata(dir.path().join("gen.run/judge.safetensors")).unwrap().modified().unwrap();
    assert_eq!(judge, now, "the judge is trained once");
}

#[test]
fn evaluating_again_gives_every_digit_again_on_any_number_of_threads() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    train(&data, &out, &["--epochs", "1", "--evaluate-every", "0"]);
    assert!(!dir.path().join("gen.run/judge.safetensors").exists(), "nothing is judged where that is not wanted");
    let args = [out.to_str().unwrap(), "--data", data.path()];
    let first = json(&[&args[..], &["--threads", "1"]].concat());
    for threads in ["1", "3"] {
        assert_eq!(json(&[&args[..], &["--threads", threads]].concat()), first, "{threads} threads");
    }
    assert_ne!(json(&[&args[..], &["--seed", "1"]].concat())["models"], first["models"]);
    let output = text(&run(&[&["evaluate"], &args[..]].concat()).stdout);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 4, "{output}");
    assert!(lines[0].contains("FID") && lines[0].contains("recall"), "{output}");
    let fid = format!("{:.3}", first["models"][0]["fid"].as_f64().unwrap());
    assert!(lines[1].starts_with(args[0]) && lines[1].contains(&fid), "{output}");
    assert!(lines[2].starts_with("real training pictures"), "{output}");
}

#[test]
fn a_judge_of_a_data_set_is_written_on_demand() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let [one, two] = ["1", "2"].map(|threads| {
        let out = dir.path().join(format!("judge{threads}.safetensors"));
        let args = ["judge", "--data", data.path(), "--threads", threads, "--out", out.to_str().unwrap()];
        let output = run(&args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("% of the test pictures"), "{}", text(&output.stderr));
        fs::read(out).unwrap()
    });
    assert!(one == two, "threads change the judge");
}

#[test]
fn a_run_on_pictures_without_kinds_goes_on_without_a_judge() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let labels = Path::new(data.path()).join("train-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8..].fill(0);
    fs::write(&labels, bytes).unwrap();
    let out = dir.path().join("gen.onnx");
    let args = ["--data", data.path(), "--out", out.to_str().unwrap(), "--epochs", "1", "--batch", "20"];
    let output = run(&args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("going on without evaluations: the pictures of"), "{}", text(&output.stderr));
    let failed = run(&["evaluate", out.to_str().unwrap(), "--data", data.path()]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("are all of one class"), "{}", text(&failed.stderr));
}

/// Models of other makers: the same generator with black at 0, and one in colour, of another size, that is told a class.
#[test]
fn generators_of_any_range_size_and_colour_stand_in_one_table() {
    use interface::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto};
    use interface::onnx::{
        DimensionProto, DimensionValue, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    };
    use prost::Message;

    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    train(&data, &out, &["--epochs", "1", "--evaluate-every", "0"]);
    let write = |name: &str, model: &ModelProto| {
        let path = dir.path().join(name);
        fs::write(&path, model.encode_to_vec()).unwrap();
        path.to_str().unwrap().to_owned()
    };

    let mut unit = interface::envelope::decode(fs::read(&out).unwrap().into()).unwrap();
    let graph = unit.graph.as_mut().unwrap();
    let image = graph.output[0].name.clone();
    graph.initializer.push(TensorProto::floats("half", &[], &[0.5]));
    graph.node.push(NodeProto::new("Mul", "halved", &[&image, "half"], &["halved"]));
    graph.node.push(NodeProto::new("Add", "lifted", &["halved", "half"], &["pixels"]));
    graph.output[0].name = "pixels".into();
    let unit = write("unit.onnx", &unit);

    let value = |name: &str, elem_type: i32, sizes: &[i64]| {
        let size = |&size: &i64| DimensionProto { value: Some(DimensionValue::DimValue(size)), ..Default::default() };
        let shape = Some(TensorShapeProto { dim: sizes.iter().map(size).collect() });
        let r#type = Some(TypeProto { tensor_type: Some(TensorTypeProto { elem_type, shape }), ..Default::default() });
        ValueInfoProto { name: name.into(), r#type, ..Default::default() }
    };
    let numbers = |count: usize| -> Vec<f32> { (0..count).map(|index| (index as f32 * 0.7).sin()).collect() };
    let colour = |side: i64| GraphProto {
        name: "main_graph".into(),
        node: vec![
            NodeProto::new("Gather", "row", &["table", "labels"], &["row"]),
            NodeProto::new("Mul", "told", &["noise", "row"], &["told"]),
            NodeProto::new("MatMul", "product", &["told", "w"], &["flat"]),
            NodeProto::new("Sigmoid", "light", &["flat"], &["light"]),
            NodeProto::new("Reshape", "shaped", &["light", "shape"], &["rgb"])
                .with(AttributeProto::int("allowzero", 0)),
        ],
        initializer: vec![
            TensorProto::floats("table", &[10, 6], &numbers(60)),
            TensorProto::floats("w", &[6, side * side * 3], &numbers(6 * 3 * (side * side) as usize)),
            TensorProto::int64s("shape", &[4], &[-1, side, side, 3]),
        ],
        input: vec![value("noise", 1, &[1, 6]), value("labels", 7, &[1])],
        output: vec![value("rgb", 1, &[1, side, side, 3])],
        ..Default::default()
    };
    let [other, large, tiny] = [("other.onnx", 20), ("large.onnx", 100), ("tiny.onnx", 8)].map(|(name, side)| {
        let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 17 }];
        let graph = Some(colour(side));
        write(name, &ModelProto { ir_version: 8, opset_import, graph, ..Default::default() })
    });

    let signed = out.to_str().unwrap();
    let report = json(&[signed, &unit, &other, "--data", data.path()]);
    let models = report["models"].as_array().unwrap();
    assert_eq!([&models[0]["range"], &models[1]["range"], &models[2]["range"]], ["-1..1", "0..1", "0..1"]);
    for key in SCORES {
        let [signed, unit] = [0, 1].map(|index: usize| models[index][key].as_f64().unwrap());
        assert!(
            (signed - unit).abs() <= 1e-3 * signed.abs() + 0.026,
            "{key}: {signed} and {unit} of the same pictures"
        );
    }
    assert_eq!([&models[0]["size"], &models[2]["size"]], [&serde_json::json!([28, 28]), &serde_json::json!([20, 20])]);
    assert!(models[2]["fid"].as_f64().unwrap() > 0.0 && report["sizes"].as_array().unwrap().len() == 2);

    // Larger and smaller than any judge here: scaled, and said so.
    let scaled = json(&[&large, &tiny, signed, "--data", data.path()]);
    let size = |index: usize, key: &str| scaled["models"][index][key][0].as_u64().unwrap();
    assert_eq!(
        [0, 1, 2].map(|index| [size(index, "size"), size(index, "judged_size")]),
        [[100, 28], [8, 16], [28, 28]]
    );
    assert_eq!(scaled["models"][2], report["models"][0], "by the same judge as alone");
    let output = run(&["evaluate", &large, "--data", data.path(), "--threads", "1"]);
    assert!(text(&output.stderr).contains("draws 100 by 100: judged scaled to 28 by 28"), "{}", text(&output.stderr));

    let output = run(&["evaluate", signed, &other, "--data", data.path()]);
    let (table, said) = (text(&output.stdout), text(&output.stderr));
    assert!(table.contains("real training pictures, 20 by 20") && table.contains("compare within a size"), "{table}");
    for expected in ["black and white are 0..1", "10 classes are drawn evenly", "colour is judged as grey"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Said otherwise, the same pictures are others.
    let wrong = json(&[&unit, "--data", data.path(), "--range", "-1..1"]);
    assert_ne!(wrong["models"][0]["fid"], report["models"][1]["fid"]);
}

#[test]
fn what_cannot_be_judged_is_refused_in_a_line_and_a_hint() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    train(&data, &out, &["--epochs", "1", "--evaluate-every", "0"]);
    let good = fs::read(&out).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good_name = out.to_str().unwrap().to_owned();
    let missing = dir.path().join("no.onnx").to_str().unwrap().to_owned();
    let cases: Vec<(&str, Vec<String>, i32, &str)> = vec![
        ("no model", vec![], 2, "required"),
        ("missing", vec![missing], 1, "no.onnx` cannot be read"),
        ("a folder", vec![dir.path().to_str().unwrap().to_owned()], 1, "cannot be read"),
        ("empty", vec![write("empty.onnx", b"")], 1, "empty.onnx` cannot be judged"),
        ("text", vec![write("text.onnx", b"this is no model")], 1, "text.onnx` cannot be judged"),
        ("cut short", vec![write("cut.onnx", &good[..good.len() / 2])], 1, "cut.onnx` cannot be judged"),
        ("the second of two", vec![good_name.clone(), write("two.onnx", b"x")], 1, "two.onnx` cannot be judged"),
        ("no such data", vec![good_name.clone(), "--data".into(), "/no/such/folder".into()], 1, "is no folder"),
        ("no threads", vec![good_name, "--threads".into(), "0".into()], 2, "--threads"),
    ];
    for (name, args, code, expected) in cases {
        let args: Vec<&str> = ["evaluate"].into_iter().chain(args.iter().map(String::as_str)).collect();
        let output = run(&args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        assert!(said.starts_with("error: ") && said.contains(expected), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert!(output.stdout.is_empty(), "{name}: {}", text(&output.stdout));
    }
    let nowhere = run(&["judge", "--out", "/no/such/folder/judge.safetensors"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("does not exist"), "{}", text(&nowhere.stderr));
}

#[test]
fn no_bit_flipped_in_a_model_makes_it_panic() {
    let (data, dir) = (SmallMnist::new(), tempfile::tempdir().unwrap());
    let out = dir.path().join("gen.onnx");
    train(&data, &out, &["--epochs", "1", "--evaluate-every", "0"]);
    let good = fs::read(&out).unwrap();
    let (mut taken, mut refused) = (0, 0);
    // The graph's structure is in the first few hundred bytes and in the last thousand; weights are in between.
    let places = (0..40).map(|i| i * 17 % 600).chain((0..40).map(|i| good.len() - 1 - i * 29));
    for place in places {
        let mut bytes = good.clone();
        bytes[place] ^= 0x55;
        // In the place of the good one, whose run folder keeps the judge.
        fs::write(&out, &bytes).unwrap();
        let output = run(&["evaluate", out.to_str().unwrap(), "--data", data.path(), "--threads", "1"]);
        let said = text(&output.stderr);
        assert!(!said.contains("panicked"), "byte {place}: {said}");
        match output.status.code() {
            Some(0) => taken += 1,
            Some(1 | 2) => {
                assert!(said.contains("error: "), "byte {place}: {said}");
                refused += 1;
            }
            other => panic!("byte {place}: exit code {other:?}, {said}"),
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused: the places hit nothing");
}
