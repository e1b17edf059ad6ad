//! Upsample of opsets 7 to 9 as Resize, which took its place in opset 10; and a Resize of opsets 11 and 12 that leaves its
//! region out, which tract 0.23.9 counts as if it were there.

use crate::onnx::{AttributeProto, GraphProto, TensorProto};
use crate::rewrite::{fresh, replace_nodes};

pub(super) fn from_upsample(graph: &mut GraphProto, opset: i64) -> Option<String> {
    let region = fresh(graph, "no_region");
    let mut constants = Vec::new();
    let mut upsampled = false;
    let mut number = 0;
    let scales = fresh(graph, "upsample.scales");
    replace_nodes(graph, |node| {
        let mut node = node.clone();
        if node.is("Upsample") {
            upsampled = true;
            let mode = node
                .attribute("mode")
                .map_or_else(|| "nearest".into(), |mode| String::from_utf8_lossy(&mode.s).into_owned());
            if let Some(list) = node.attribute("scales") {
                // Until opset 8 a setting, then an input.
                let name = format!("{scales}.{number}");
                number += 1;
                constants.push(TensorProto::floats(&name, &[list.floats.len() as i64], &list.floats));
                node.input.truncate(1);
                node.input.push(name);
            }
            let (x, scales) = (node.input.first()?.clone(), node.input.get(1)?.clone());
            node.input = vec![x, region.clone(), scales];
            node.op_type = "Resize".into();
            let mode = if mode == "nearest" { "nearest" } else { "linear" };
            node.attribute = vec![
                AttributeProto::text("mode", mode),
                AttributeProto::text("coordinate_transformation_mode", "asymmetric"),
                AttributeProto::text("nearest_mode", "floor"),
            ];
        } else if node.is("Resize") && (11..13).contains(&opset) && node.input.get(1).is_some_and(String::is_empty) {
            node.input[1].clone_from(&region);
        } else {
            return None;
        }
        Some(vec![node])
    });
    if graph.node.iter().any(|node| node.input.contains(&region)) {
        constants.push(TensorProto::floats(&region, &[0], &[]));
    }
    graph.initializer.extend(constants);
    upsampled.then(|| "Upsample, as Resize".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{AttributeType, NodeProto};

    #[test]
    fn upsample_becomes_resize_in_either_form() {
        let list = AttributeProto {
            name: "scales".into(),
            floats: vec![1.0, 1.0, 2.0, 2.0],
            r#type: AttributeType::Floats as i32,
            ..Default::default()
        };
        for (opset, node) in [
            (
                8,
                NodeProto::new("Upsample", "up", &["x"], &["y"])
                    .with(AttributeProto::text("mode", "nearest"))
                    .with(list),
            ),
            (9, NodeProto::new("Upsample", "up", &["x", "s"], &["y"]).with(AttributeProto::text("mode", "nearest"))),
        ] {
            let mut graph = GraphProto { node: vec![node], ..Default::default() };
            if opset == 9 {
                graph.initializer.push(TensorProto::floats("s", &[4], &[1.0, 1.0, 2.0, 2.0]));
            }
            assert_eq!(from_upsample(&mut graph, opset).as_deref(), Some("Upsample, as Resize"));
            let node = &graph.node[0];
            assert_eq!((node.op_type.as_str(), node.input.len()), ("Resize", 3), "opset {opset}");
            assert_eq!(node.attribute("coordinate_transformation_mode").unwrap().s, "asymmetric".as_bytes());
            let scales = graph.initializer.iter().find(|tensor| tensor.name == node.input[2]).unwrap();
            assert_eq!(scales.to_floats().unwrap(), [1.0, 1.0, 2.0, 2.0]);
            assert!(graph.initializer.iter().any(|tensor| tensor.name == node.input[1] && tensor.dims == [0]));
        }
    }

    #[test]
    fn a_region_that_is_left_out_is_given_as_none() {
        let mut graph =
            GraphProto { node: vec![NodeProto::new("Resize", "", &["x", "", "s"], &["y"])], ..Default::default() };
        assert_eq!(from_upsample(&mut graph, 11), None, "nothing to tell the user");
        assert!(!graph.node[0].input[1].is_empty());
        let mut newer =
            GraphProto { node: vec![NodeProto::new("Resize", "", &["x", "", "s"], &["y"])], ..Default::default() };
        from_upsample(&mut newer, 13);
        assert_eq!(newer.node[0].input[1], "");
    }
}
