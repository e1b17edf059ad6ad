//! Pads below zero, which cut off: tract 0.23.9 takes none in Pad, and none in ConvTranspose (upstream: sonos/tract issue 991).
//! A Slice after the Pad cuts; a ConvTranspose that is to grow is padded with what its bias would give.

use std::collections::HashMap;

use crate::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};
use crate::port::Names;
use crate::rewrite::fresh;

pub(super) fn without_negative(graph: &mut GraphProto, opset: i64) -> Option<String> {
    let mut replaced: HashMap<usize, (Vec<NodeProto>, Vec<TensorProto>)> = HashMap::new();
    let names = Names::of(graph);
    let base = fresh(graph, "cut");
    for (index, node) in graph.node.iter().enumerate() {
        let base = format!("{base}.{index}");
        let new = if node.is("Pad") {
            pad(node, &names, opset, &base)
        } else if node.is("ConvTranspose") {
            conv_transpose(node, &names, opset, &base)
        } else {
            None
        };
        replaced.extend(new.map(|new| (index, new)));
    }
    if replaced.is_empty() {
        return None;
    }
    let nodes = std::mem::take(&mut graph.node);
    for (index, node) in nodes.into_iter().enumerate() {
        match replaced.remove(&index) {
            Some((nodes, tensors)) => {
                graph.node.extend(nodes);
                graph.initializer.extend(tensors);
            }
            None => graph.node.push(node),
        }
    }
    Some("pads below zero, as cuts".to_owned())
}

/// Pad by what is above zero, then Slice by what is below.
fn pad(node: &NodeProto, names: &Names, opset: i64, base: &str) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
    let as_setting = node.attribute("pads");
    let pads = match as_setting {
        Some(pads) => pads.ints.clone(),
        // With axes of its own the pads are of those alone.
        None if node.input(3).is_some() => return None,
        None => names.constants.get(node.input(1)?)?.to_int64s()?,
    };
    if pads.iter().all(|&pad| pad >= 0) || !pads.len().is_multiple_of(2) {
        return None;
    }
    let grown: Vec<i64> = pads.iter().map(|&pad| pad.max(0)).collect();
    let mut padded = node.clone();
    let [between, grown_name] = ["padded", "pads"].map(|part| format!("{base}.{part}"));
    let output = std::mem::replace(padded.output.first_mut()?, between.clone());
    let mut tensors = Vec::new();
    match padded.attribute.iter_mut().find(|attribute| attribute.name == "pads") {
        Some(setting) => setting.ints = grown,
        None => {
            padded.input[1].clone_from(&grown_name);
            tensors.push(TensorProto::int64s(&grown_name, &[grown.len() as i64], &grown));
        }
    }
    let rank = pads.len() / 2;
    let starts: Vec<i64> = pads[..rank].iter().map(|&pad| (-pad).max(0)).collect();
    let ends: Vec<i64> = pads[rank..].iter().map(|&pad| if pad < 0 { pad } else { i64::from(i32::MAX) }).collect();
    let cut = slice(&between, &output, &starts, &ends, opset, base, &mut tensors);
    Some((vec![padded, cut], tensors))
}

fn slice(
    input: &str,
    output: &str,
    starts: &[i64],
    ends: &[i64],
    opset: i64,
    base: &str,
    tensors: &mut Vec<TensorProto>,
) -> NodeProto {
    let axes: Vec<i64> = (0..starts.len() as i64).collect();
    if opset < 10 {
        return NodeProto::new("Slice", base, &[input], &[output])
            .with(AttributeProto::ints("starts", starts))
            .with(AttributeProto::ints("ends", ends))
            .with(AttributeProto::ints("axes", &axes));
    }
    let lists = [("starts", starts), ("ends", ends), ("axes", &axes)].map(|(part, list)| {
        let name = format!("{base}.{part}");
        tensors.push(TensorProto::int64s(&name, &[list.len() as i64], list));
        name
    });
    NodeProto::new("Slice", base, &[input, &lists[0], &lists[1], &lists[2]], &[output])
}

/// ConvTranspose without those pads and without bias, then Pad with zeros, then the bias.
fn conv_transpose(
    node: &NodeProto,
    names: &Names,
    opset: i64,
    base: &str,
) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
    let pads = node.attribute("pads")?.ints.clone();
    if pads.iter().all(|&pad| pad >= 0) || !pads.len().is_multiple_of(2) {
        return None;
    }
    let rank = pads.len() / 2;
    let [product, grown, amounts, addend] =
        ["product", "grown", "amounts", "bias"].map(|part| format!("{base}.{part}"));
    let mut bare = node.clone();
    let output = std::mem::replace(bare.output.first_mut()?, product.clone());
    for attribute in bare.attribute.iter_mut().filter(|attribute| attribute.name == "pads") {
        attribute.ints.iter_mut().for_each(|pad| *pad = (*pad).max(0));
    }
    let mut tensors = Vec::new();
    let bias = match node.input(2) {
        Some(name) => Some(names.constants.get(name)?.to_floats()?),
        None => None,
    };
    bare.input.truncate(2);
    let edge = |side: &[i64]| [0, 0].into_iter().chain(side.iter().map(|&pad| (-pad).max(0))).collect::<Vec<_>>();
    let all = [edge(&pads[..rank]), edge(&pads[rank..])].concat();
    let result = if bias.is_some() { grown.as_str() } else { output.as_str() };
    let padded = if opset < 11 {
        NodeProto::new("Pad", &grown, &[&product], &[result]).with(AttributeProto::ints("pads", &all))
    } else {
        tensors.push(TensorProto::int64s(&amounts, &[all.len() as i64], &all));
        NodeProto::new("Pad", &grown, &[&product, &amounts], &[result])
    };
    let mut nodes = vec![bare, padded];
    if let Some(bias) = bias {
        let dims: Vec<i64> = [1, bias.len() as i64].into_iter().chain(std::iter::repeat_n(1, rank)).collect();
        tensors.push(TensorProto::floats(&addend, &dims, &bias));
        nodes.push(NodeProto::new("Add", base, &[&grown, &addend], &[&output]));
    }
    Some((nodes, tensors))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor<'a>(graph: &'a GraphProto, name: &str) -> &'a TensorProto {
        graph.initializer.iter().find(|tensor| tensor.name == name).unwrap()
    }

    #[test]
    fn a_pad_below_zero_becomes_a_cut() {
        let mut graph = GraphProto {
            node: vec![NodeProto::new("Pad", "", &["x", "p"], &["y"])],
            initializer: vec![TensorProto::int64s("p", &[4], &[-1, 2, 0, -3])],
            ..Default::default()
        };
        assert!(without_negative(&mut graph, 17).is_some());
        let [pad, cut] = &graph.node[..] else { panic!("{:?}", graph.node) };
        assert_eq!(tensor(&graph, &pad.input[1]).to_int64s().unwrap(), [0, 2, 0, 0]);
        assert_eq!(tensor(&graph, &cut.input[1]).to_int64s().unwrap(), [1, 0]);
        assert_eq!(tensor(&graph, &cut.input[2]).to_int64s().unwrap(), [i64::from(i32::MAX), -3]);
        assert_eq!(cut.output, ["y"]);

        let old = NodeProto::new("Pad", "", &["x"], &["y"]).with(AttributeProto::ints("pads", &[0, -1]));
        let mut graph = GraphProto { node: vec![old], ..Default::default() };
        assert!(without_negative(&mut graph, 9).is_some());
        assert_eq!(graph.node[1].attribute("ends").unwrap().ints, [-1]);
    }

    #[test]
    fn a_transposed_convolution_that_grows_is_padded() {
        let node = NodeProto::new("ConvTranspose", "", &["x", "w", "b"], &["y"])
            .with(AttributeProto::ints("pads", &[0, 1, -1, 0]));
        let mut graph = GraphProto {
            node: vec![node],
            initializer: vec![TensorProto::floats("b", &[2], &[0.5, -0.5])],
            ..Default::default()
        };
        assert!(without_negative(&mut graph, 17).is_some());
        let [product, pad, add] = &graph.node[..] else { panic!("{:?}", graph.node) };
        assert_eq!(product.attribute("pads").unwrap().ints, [0, 1, 0, 0]);
        assert_eq!(product.input, ["x", "w"]);
        assert_eq!(tensor(&graph, &pad.input[1]).to_int64s().unwrap(), [0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(tensor(&graph, &add.input[1]).dims, [1, 2, 1, 1]);
        assert_eq!(add.output, ["y"]);
    }

    #[test]
    fn pads_above_zero_stay() {
        let node = NodeProto::new("Pad", "", &["x"], &["y"]).with(AttributeProto::ints("pads", &[0, 1]));
        let mut graph = GraphProto { node: vec![node], ..Default::default() };
        assert_eq!(without_negative(&mut graph, 9), None);
    }
}
