//! What was left in training mode: BatchNormalization and Dropout.
//!
//! In training mode a picture is normalised by the statistics of its batch. Pictures are drawn one at a time, so those are the
//! picture's own, and what gives them is InstanceNormalization: the very numbers that ONNX Runtime gives for one latent vector.
//! A layer without rows and columns has no statistics of its own, so there the running ones stand in. Dropout, which would give
//! another picture each time, drops nothing. tract 0.23.9 refuses the second results of BatchNormalization, and Dropout that is
//! to drop.

use std::collections::{HashMap, HashSet};

use crate::onnx::{GraphProto, NodeProto};
use crate::port::Names;

/// Nodes that follow one another directly.
const LONGEST: usize = 64;

pub(super) fn to_inference(graph: &mut GraphProto) -> Vec<String> {
    let names = Names::of(graph);
    let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let is_wanted =
        |name: &String| !name.is_empty() && (!names.consumers(name).is_empty() || outputs.contains(name.as_str()));
    let mut dropped: HashMap<String, String> = HashMap::new();
    let (mut by_itself, mut by_running) = (Vec::new(), Vec::new());
    for (index, node) in graph.node.iter().enumerate() {
        let alone = !node.output.iter().skip(1).any(is_wanted);
        // Until opset 13 the number of results says it.
        let in_training = node.output.len() > 1 || node.attribute("training_mode").is_some_and(|mode| mode.i != 0);
        if node.is("BatchNormalization") && alone && in_training {
            match node.input(0).is_some_and(|x| has_rows_and_columns(x, &names)) {
                true => by_itself.push(index),
                false => by_running.push(index),
            }
        } else if node.is("Dropout")
            && alone
            && let ([input, ..], [output, ..]) = (&node.input[..], &node.output[..])
            // An output of the model keeps its name.
            && !outputs.contains(output.as_str())
        {
            dropped.insert(output.clone(), input.clone());
        }
    }
    let mut told = Vec::new();
    let trains = |node: &NodeProto| node.is("Dropout") && node.input(2).is_some();
    for (is_so, phrase) in [
        (!by_itself.is_empty(), "BatchNormalization in training mode, by each picture's own statistics"),
        (!by_running.is_empty(), "BatchNormalization in training mode, by its running statistics"),
        (graph.node.iter().any(trains), "Dropout in training mode, nothing dropped"),
    ] {
        told.extend(is_so.then(|| phrase.to_owned()));
    }
    for index in by_running {
        graph.node[index].output.truncate(1);
        graph.node[index].attribute.retain(|attribute| attribute.name != "training_mode");
    }
    for index in by_itself {
        let node = &mut graph.node[index];
        node.op_type = "InstanceNormalization".into();
        node.output.truncate(1);
        node.input.truncate(3);
        node.attribute.retain(|attribute| attribute.name == "epsilon");
    }
    graph
        .node
        .retain(|node| !(node.is("Dropout") && node.output.first().is_some_and(|name| dropped.contains_key(name))));
    for input in graph.node.iter_mut().flat_map(|node| &mut node.input) {
        // One after the other; a circle of them ends.
        for _ in 0..dropped.len().min(LONGEST) {
            let Some(source) = dropped.get(input.as_str()) else { break };
            input.clone_from(source);
        }
    }
    told
}

/// Whether a value is known to have more dimensions than batch and channels, by what makes it.
fn has_rows_and_columns(value: &str, names: &Names) -> bool {
    let mut value = value;
    for _ in 0..LONGEST {
        let Some(node) = names.producer(value) else { return false };
        match node.op_type.as_str() {
            "Conv" | "ConvTranspose" | "Upsample" | "Resize" | "DepthToSpace" | "InstanceNormalization" => return true,
            "Reshape" => {
                let shape = node.input(1).and_then(|name| names.constants.get(name));
                return shape.and_then(|shape| shape.dims.first()).is_some_and(|&rank| rank > 2);
            }
            "Gemm" | "MatMul" | "Flatten" => return false,
            _ => match node.input(0) {
                Some(input) => value = input,
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{AttributeProto, ValueInfoProto};

    fn normalised(after: &str) -> GraphProto {
        GraphProto {
            node: vec![
                NodeProto::new(after, "", &["z", "w"], &["y"]),
                NodeProto::new("Relu", "", &["y"], &["x"]),
                NodeProto::new("BatchNormalization", "", &["x", "s", "b", "m", "v"], &["a", "mean", "var"])
                    .with(AttributeProto::int("training_mode", 1))
                    .with(AttributeProto::float("epsilon", 0.5)),
                NodeProto::new("Dropout", "", &["a", "ratio", "train"], &["c", "mask"]),
                NodeProto::new("Dropout", "", &["c"], &["d"]),
                NodeProto::new("Tanh", "", &["d"], &["image"]),
            ],
            output: vec![ValueInfoProto { name: "image".into(), ..Default::default() }],
            ..Default::default()
        }
    }

    #[test]
    fn normalisation_keeps_one_result_and_dropout_goes() {
        for (after, op_type, inputs, phrase) in [
            ("Conv", "InstanceNormalization", 3, "by each picture's own statistics"),
            ("Gemm", "BatchNormalization", 5, "by its running statistics"),
        ] {
            let mut graph = normalised(after);
            let told = to_inference(&mut graph);
            assert!(told[0].ends_with(phrase), "{told:?}");
            assert_eq!(told[1], "Dropout in training mode, nothing dropped");
            assert_eq!(graph.node.len(), 4);
            let node = &graph.node[2];
            assert_eq!(
                (node.op_type.as_str(), node.input.len(), &node.output[..]),
                (op_type, inputs, &["a".to_owned()][..])
            );
            assert_eq!(node.attribute.iter().map(|attribute| &attribute.name[..]).collect::<Vec<_>>(), ["epsilon"]);
            assert_eq!(graph.node[3].input, ["a"]);
        }
    }

    #[test]
    fn dropout_that_ends_a_model_or_gives_its_mask_stays() {
        let mut graph = GraphProto {
            node: vec![
                NodeProto::new("Dropout", "", &["z"], &["a", "mask"]),
                NodeProto::new("Mul", "", &["a", "mask"], &["b"]),
                NodeProto::new("Dropout", "", &["b"], &["image"]),
            ],
            output: vec![ValueInfoProto { name: "image".into(), ..Default::default() }],
            ..Default::default()
        };
        let before = graph.clone();
        assert_eq!(to_inference(&mut graph), [""; 0]);
        assert_eq!(graph, before);
    }
}
