//! Two small things of tract 0.23.9: Pad that goes round to the other side (`wrap`, since opset 19), which it has not, and
//! ConstantOfShape that says no value, whose zeros it takes to be float64 where ONNX has float32.

use std::collections::HashMap;

use crate::onnx::{AttributeProto, AttributeType, GraphProto, NodeProto, TensorProto};
use crate::port::Names;
use crate::rewrite::{fresh, replace_nodes};

/// Pads that go round, as the last and first rows set beside the value: no pad is longer than what it goes round.
pub(super) fn around(graph: &mut GraphProto) -> Option<String> {
    let names = Names::of(graph);
    let base = fresh(graph, "wrapped");
    let mut replaced: HashMap<usize, (Vec<NodeProto>, Vec<TensorProto>)> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        let wraps = node.attribute("mode").is_some_and(|mode| mode.s == "wrap".as_bytes());
        if node.is("Pad") && wraps {
            replaced.extend(beside(node, &names, &format!("{base}.{index}")).map(|new| (index, new)));
        }
    }
    if replaced.is_empty() {
        return None;
    }
    for (index, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        match replaced.remove(&index) {
            Some((nodes, tensors)) => {
                graph.node.extend(nodes);
                graph.initializer.extend(tensors);
            }
            None => graph.node.push(node),
        }
    }
    Some("Pad that goes round, as Concat".to_owned())
}

fn beside(node: &NodeProto, names: &Names, base: &str) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
    let list = |index: usize| names.constants.get(node.input(index)?)?.to_int64s();
    let pads = list(1)?;
    let axes = match node.input(3) {
        Some(_) => list(3)?,
        None => (0..pads.len() as i64 / 2).collect(),
    };
    if pads.len() != 2 * axes.len() || pads.iter().any(|&pad| pad < 0) {
        return None;
    }
    let (mut nodes, mut tensors) = (Vec::new(), Vec::new());
    let mut value = node.input(0)?.to_owned();
    for (place, &axis) in axes.iter().enumerate() {
        let (before, after) = (pads[place], pads[axes.len() + place]);
        if before == 0 && after == 0 {
            continue;
        }
        let base = format!("{base}.{place}");
        let mut part = |what: &str, start: i64, end: i64| {
            let [starts, ends, along, part] =
                ["starts", "ends", "axes", "part"].map(|word| format!("{base}.{what}.{word}"));
            for (name, number) in [(&starts, start), (&ends, end), (&along, axis)] {
                tensors.push(TensorProto::int64s(name, &[1], &[number]));
            }
            nodes.push(NodeProto::new("Slice", &part, &[&value, &starts, &ends, &along], &[&part]));
            part
        };
        let mut parts = Vec::new();
        if before > 0 {
            parts.push(part("before", -before, i64::from(i32::MAX)));
        }
        parts.push(value.clone());
        if after > 0 {
            parts.push(part("after", 0, after));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        nodes.push(NodeProto::new("Concat", &base, &parts, &[&base]).with(AttributeProto::int("axis", axis)));
        value = base;
    }
    let output = node.output.first()?.clone();
    match nodes.last_mut() {
        Some(last) => last.output = vec![output],
        None => nodes.push(NodeProto::new("Identity", base, &[&value], &[&output])),
    }
    Some((nodes, tensors))
}

/// Zeros that a ConstantOfShape does not tell the type of.
pub(super) fn with_zeros(graph: &mut GraphProto) -> Option<String> {
    let changed = replace_nodes(graph, |node| {
        if !node.is("ConstantOfShape") || node.attribute("value").is_some() {
            return None;
        }
        let zero = Some(Box::new(TensorProto::floats("", &[1], &[0.0])));
        let value = AttributeProto {
            name: "value".into(),
            t: zero,
            r#type: AttributeType::Tensor as i32,
            ..Default::default()
        };
        Some(vec![node.clone().with(value)])
    });
    changed.then(|| "ConstantOfShape, its zeros told".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pad_that_goes_round_sets_its_ends_beside_the_value() {
        let pad = NodeProto::new("Pad", "", &["x", "p"], &["y"]).with(AttributeProto::text("mode", "wrap"));
        for (name, pads, expected) in [
            ("both", [0, 1, 0, 2], &["Slice", "Slice", "Concat"][..]),
            ("two axes", [1, 0, 0, 1], &["Slice", "Concat", "Slice", "Concat"]),
            ("none", [0; 4], &["Identity"]),
        ] {
            let mut graph = GraphProto {
                node: vec![pad.clone()],
                initializer: vec![TensorProto::int64s("p", &[4], &pads)],
                ..Default::default()
            };
            assert!(around(&mut graph).is_some(), "{name}");
            assert_eq!(graph.node.iter().map(|node| node.op_type.as_str()).collect::<Vec<_>>(), expected, "{name}");
            assert_eq!(graph.node.last().unwrap().output, ["y"], "{name}");
        }
        let reflect = NodeProto::new("Pad", "", &["x", "p"], &["y"]).with(AttributeProto::text("mode", "reflect"));
        assert_eq!(around(&mut GraphProto { node: vec![reflect], ..Default::default() }), None);
    }

    #[test]
    fn zeros_are_float32() {
        let node = NodeProto::new("ConstantOfShape", "", &["shape"], &["zeros"]);
        let mut graph = GraphProto { node: vec![node], ..Default::default() };
        assert!(with_zeros(&mut graph).is_some());
        assert_eq!(graph.node[0].attribute("value").unwrap().t.as_ref().unwrap().to_floats().unwrap(), [0.0]);
        assert_eq!(with_zeros(&mut graph), None, "once is enough");
    }
}
