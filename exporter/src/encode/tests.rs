//! The file of a checkpoint: its graph as text, its header, its metadata.

use std::collections::BTreeMap;

use prost::Message;

use crate::encode::*;
use crate::fixture::{HIDDEN, IMAGE, LATENT, PARITY, PIXELS, Parts, generator};
use crate::onnx::{AttributeProto, AttributeType, DataType, DimensionValue, TensorProto, ValueInfoProto};

fn exported(parts: &Parts) -> ModelProto {
    ModelProto::decode(crate::export(&parts.bytes()).unwrap().as_slice()).unwrap()
}

fn properties(model: &ModelProto) -> BTreeMap<&str, &str> {
    model.metadata_props.iter().map(|entry| (entry.key.as_str(), entry.value.as_str())).collect()
}

/// A graph as a person would write it down, a line for each part.
fn text(graph: &GraphProto) -> String {
    let attribute = |attribute: &AttributeProto| match attribute.r#type() {
        AttributeType::Int => format!(" {}={}", attribute.name, attribute.i),
        AttributeType::Float => format!(" {}={}", attribute.name, attribute.f),
        other => panic!("the attribute {} is {other:?}", attribute.name),
    };
    let mut lines = Vec::new();
    lines.extend(graph.input.iter().map(|value| format!("input {}", typed(value))));
    lines.extend(
        graph
            .initializer
            .iter()
            .map(|tensor| format!("constant {}: {:?} {:?}", tensor.name, tensor.data_type(), tensor.dims)),
    );
    lines.extend(graph.node.iter().map(|node| {
        let attributes: String = node.attribute.iter().map(attribute).collect();
        assert_eq!(node.output, [node.name.as_str()]);
        format!("{} = {}({}){attributes}", node.name, node.op_type, node.input.join(", "))
    }));
    lines.extend(graph.output.iter().map(|value| format!("output {}", typed(value))));
    lines.join("\n")
}

fn typed(value: &ValueInfoProto) -> String {
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()).unwrap();
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim).map(|dim| match dim.value.as_ref().unwrap() {
        DimensionValue::DimValue(size) => size.to_string(),
        DimensionValue::DimParam(name) => name.clone(),
    });
    format!("{}: {:?} [{}]", value.name, tensor.elem_type(), dims.collect::<Vec<_>>().join(", "))
}

fn floats(tensor: &TensorProto) -> Vec<f32> {
    assert_eq!(tensor.data_type(), DataType::Float);
    tensor.raw_data.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

#[test]
fn the_graph_reads_well() {
    let graph = exported(&Parts::new()).graph.unwrap();
    let expected = "\
input z: Float [batch, 3]
constant generator.hidden1.weight: Float [5, 3]
constant generator.hidden1.bias: Float [5]
constant generator.hidden2.weight: Float [4, 5]
constant generator.hidden2.bias: Float [4]
constant generator.output.weight: Float [14, 4]
constant generator.output.bias: Float [14]
constant image.shape: Int64 [4]
generator.hidden1 = Gemm(z, generator.hidden1.weight, generator.hidden1.bias) transB=1
generator.hidden1.activation = LeakyRelu(generator.hidden1) alpha=0.2
generator.hidden2 = Gemm(generator.hidden1.activation, generator.hidden2.weight, generator.hidden2.bias) transB=1
generator.hidden2.activation = LeakyRelu(generator.hidden2) alpha=0.2
generator.output = Gemm(generator.hidden2.activation, generator.output.weight, generator.output.bias) transB=1
generator.output.activation = Tanh(generator.output)
image = Reshape(generator.output.activation, image.shape)
output image: Float [batch, 1, 2, 7]";
    assert_eq!(text(&graph), expected);
    let shape = &graph.initializer.last().unwrap().raw_data;
    let shape: Vec<i64> = shape.chunks_exact(8).map(|word| i64::from_le_bytes(word.try_into().unwrap())).collect();
    assert_eq!(shape, [-1, 1, 2, 7]);
}

#[test]
fn the_header_says_what_it_is_and_who_wrote_it() {
    let model = exported(&Parts::new());
    assert_eq!(model.ir_version, 8);
    assert_eq!(model.opset_import, [OperatorSetIdProto { domain: String::new(), version: 17 }]);
    assert_eq!((model.producer_name.as_str(), model.producer_version.as_str()), ("forger", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        model.doc_string,
        "The generator of a GAN trained on mnist with the recipe `stable`: averaged weights after 50 epochs, seed 7."
    );
}

#[test]
fn weights_are_the_average_where_there_is_one() {
    let with_average = Parts::new();
    let mut plain = Parts::new();
    plain.remove("ema.");
    for (name, parts, prefix) in [("with average", with_average, "ema."), ("without", plain, "")] {
        let graph = exported(&parts).graph.unwrap();
        let constants: BTreeMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        for (tensor, _) in generator() {
            let expected = parts.values(&format!("{prefix}{tensor}"));
            assert_eq!(floats(constants[tensor.as_str()]), expected, "{name}: {tensor}");
        }
    }
}

#[test]
fn the_metadata_is_the_checkpoints() {
    let parts = Parts::new();
    let model = exported(&parts);
    let properties = properties(&model);
    for (key, expected) in [
        ("forger.recipe", "stable"),
        ("forger.recipe_toml", "name = \"stable\"\nlr = 0.002\n"),
        ("forger.seed", "7"),
        ("forger.epochs", "50"),
        ("forger.dataset", "mnist"),
        ("forger.latent", "normal(0,1)"),
        ("forger.metrics", r#"{"d_loss":0.5,"g_loss":1.25}"#),
    ] {
        assert_eq!(properties.get(key), Some(&expected), "{key}");
    }
    assert_eq!(properties.len(), 8, "these and the parity");
}

#[test]
fn parity_reads_back_to_the_same_float32() {
    #[derive(serde::Deserialize)]
    struct Rows {
        z: Vec<Vec<f32>>,
        image: Vec<Vec<f32>>,
    }
    let mut parts = Parts::new();
    // Numbers at the edges of what decimals can go wrong on.
    let z = [f32::MIN_POSITIVE, -0.0, 0.1, f32::MAX, 1.0e-45, 16_777_217.0];
    parts.tensors.get_mut("parity.z").unwrap().2 = z.iter().flat_map(|value| value.to_le_bytes()).collect();
    let model = exported(&parts);
    let json = properties(&model)["forger.parity"];
    let rows: Rows = serde_json::from_str(json).unwrap();
    assert_eq!((rows.z.len(), rows.image.len()), (PARITY, PARITY));
    assert!(rows.z.iter().all(|z| z.len() == LATENT) && rows.image.iter().all(|image| image.len() == PIXELS));
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&rows.z.concat()), bits(&z));
    assert_eq!(rows.image.concat(), parts.values("parity.image"));
    assert!(json.starts_with(r#"{"z":[[1.1754944e-38,-0.0,0.1],["#), "the shortest decimals: {json}");
}

#[test]
fn without_parity_tensors_there_is_no_parity() {
    let mut parts = Parts::new();
    parts.remove("parity.");
    assert_eq!(properties(&exported(&parts)).get("forger.parity"), None);
    parts.put("parity.z", &[0, LATENT], 0.0);
    parts.put("parity.image", &[0, PIXELS], 0.0);
    assert_eq!(properties(&exported(&parts)).get("forger.parity"), None, "nor with empty ones");
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    // Each call reads the tensors into hash maps of another order.
    let bytes = Parts::new().bytes();
    let first = crate::export(&bytes).unwrap();
    assert!((0..20).all(|_| crate::export(&bytes).unwrap() == first));

    let mut other = Parts::new();
    other.set("seed", "8");
    assert_ne!(crate::export(&other.bytes()).unwrap(), first, "the seed is in the file");
}

#[test]
fn what_is_not_the_generators_does_not_change_the_bytes() {
    let first = crate::export(&Parts::new().bytes()).unwrap();
    let mut other = Parts::new();
    other.remove("discriminator.");
    other.remove("adam.");
    other.put("generator.hidden1.weight", &[HIDDEN[0], LATENT], 77.0);
    other.set("step", "1");
    other.set("of_a_later_version", "changed");
    assert_eq!(crate::export(&other.bytes()).unwrap(), first, "the average is exported, the rest passed over");
}

#[test]
fn any_depth_gives_a_chain_of_that_depth() {
    let pixels = PIXELS;
    for (hidden, expected) in [("[]", "Gemm Tanh Reshape"), ("[6]", "Gemm LeakyRelu Gemm Tanh Reshape")] {
        let mut parts = Parts::new();
        parts.remove("generator.");
        parts.remove("ema.");
        let [channels, rows, columns] = IMAGE;
        parts.set(
                "architecture",
                &format!(
                    r#"{{"kind":"mlp","latent":3,"hidden":{hidden},"leaky_slope":0.2,"image":[{channels},{rows},{columns}]}}"#
                ),
            );
        let last = if hidden == "[]" { LATENT } else { 6 };
        if hidden != "[]" {
            parts.put("generator.hidden1.weight", &[6, LATENT], 0.0);
            parts.put("generator.hidden1.bias", &[6], 0.0);
        }
        parts.put("generator.output.weight", &[pixels, last], 0.0);
        parts.put("generator.output.bias", &[pixels], 0.0);
        let graph = exported(&parts).graph.unwrap();
        let operators: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(operators.join(" "), expected, "{hidden}");
    }
}
