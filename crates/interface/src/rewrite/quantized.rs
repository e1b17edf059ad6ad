//! Operators on bytes that ONNX Runtime's quantisation writes, as the same ones on numbers between two conversions: tract
//! 0.23.9 has QLinearConv and QLinearMatMul alone.
//!
//! Source: <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md>.

use crate::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type};
use crate::port::Names;
use crate::rewrite::fresh;

pub(super) fn dequantize(graph: &mut GraphProto) -> Option<String> {
    let names = Names::of(graph);
    let base = fresh(graph, "dequantized");
    let mut nodes = Vec::new();
    let mut constants = Vec::new();
    let mut changed = false;
    for (number, node) in graph.node.iter().enumerate() {
        match replaced(node, &names, &format!("{base}.{number}"), &mut constants) {
            Some(new) => {
                changed = true;
                nodes.extend(new);
            }
            None => nodes.push(node.clone()),
        }
    }
    if !changed {
        return None;
    }
    graph.node = nodes;
    graph.initializer.extend(constants);
    Some("operators on bytes, as the same ones on numbers".to_owned())
}

fn replaced(node: &NodeProto, names: &Names, base: &str, constants: &mut Vec<TensorProto>) -> Option<Vec<NodeProto>> {
    if node.domain != "com.microsoft" {
        return None;
    }
    let output = node.output.first()?;
    let result = format!("{base}.result");
    let mut nodes = Vec::new();
    // Three inputs, bytes with scale and zero point, as one of numbers.
    let number = |index: usize, nodes: &mut Vec<NodeProto>| -> Option<String> {
        let name = format!("{base}.{index}");
        let inputs: Vec<&str> = node.input.iter().skip(index).take(3).map(String::as_str).collect();
        nodes.push(NodeProto::new("DequantizeLinear", &name, &inputs, &[&name]));
        (inputs.len() == 3).then_some(name)
    };
    let (op, scale_index) = match node.op_type.as_str() {
        "QLinearLeakyRelu" | "QLinearSigmoid" => {
            let x = number(0, &mut nodes)?;
            let mut op = NodeProto::new(node.op_type.trim_start_matches("QLinear"), base, &[&x], &[&result]);
            op.attribute.clone_from(&node.attribute);
            (op, 3)
        }
        "QLinearAdd" | "QLinearMul" => {
            let (a, b) = (number(0, &mut nodes)?, number(3, &mut nodes)?);
            (NodeProto::new(node.op_type.trim_start_matches("QLinear"), base, &[&a, &b], &[&result]), 6)
        }
        "QLinearConcat" => {
            let parts: Option<Vec<String>> =
                (0..node.input.len().saturating_sub(2) / 3).map(|part| number(2 + 3 * part, &mut nodes)).collect();
            let parts = parts?;
            let mut op = NodeProto::new("Concat", base, &[], &[&result]);
            op.input = parts;
            op.attribute.clone_from(&node.attribute);
            (op, 0)
        }
        "QLinearGlobalAveragePool" if node.attribute("channels_last").is_none_or(|last| last.i == 0) => {
            let x = number(0, &mut nodes)?;
            (NodeProto::new("GlobalAveragePool", base, &[&x], &[&result]), 3)
        }
        "QGemm" => {
            let x = number(0, &mut nodes)?;
            (gemm(node, names, base, &x, &result, constants)?, 7)
        }
        _ => return None,
    };
    nodes.push(op);
    match (node.input(scale_index), node.input(scale_index + 1)) {
        (Some(scale), Some(zero_point)) => {
            nodes.push(NodeProto::new(
                "QuantizeLinear",
                &format!("{base}.bytes"),
                &[&result, scale, zero_point],
                &[output],
            ));
        }
        // A QGemm without them gives numbers.
        _ => nodes.last_mut()?.output = vec![output.clone()],
    }
    Some(nodes)
}

/// Gemm with its weights and its bias as numbers.
fn gemm(
    node: &NodeProto,
    names: &Names,
    base: &str,
    x: &str,
    result: &str,
    constants: &mut Vec<TensorProto>,
) -> Option<NodeProto> {
    let constant = |index: usize| names.constants.get(node.input(index)?).copied();
    let setting = |name: &str| node.attribute(name).map_or(0, |attribute| attribute.i);
    let alpha = node.attribute("alpha").map_or(1.0, |alpha| alpha.f);
    if setting("transA") != 0 {
        return None;
    }
    let packed = constant(3)?;
    let (scales, zero_points) = (constant(4)?.to_floats()?, bytes(constant(5)?)?);
    let (&[rows, columns], transposed) = (&packed.dims[..], setting("transB") != 0) else { return None };
    let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
    let numbers = bytes(packed)?;
    if numbers.len() != rows.checked_mul(columns)? {
        return None;
    }
    let of = |list: &[f32], position: usize| -> Option<f32> {
        let channel = if transposed { position / columns } else { position % columns };
        list.get(if list.len() == 1 { 0 } else { channel }).copied()
    };
    let weights: Option<Vec<f32>> = (numbers.iter().enumerate())
        .map(|(position, number)| Some((number - of(&zero_points, position)?) * of(&scales, position)?))
        .collect();
    let weight_name = format!("{base}.weight");
    constants.push(TensorProto::floats(&weight_name, &packed.dims, &weights?));
    let mut op = NodeProto::new("Gemm", base, &[x, &weight_name], &[result])
        .with(AttributeProto::int("transB", transposed.into()))
        .with(AttributeProto::float("alpha", alpha));
    if let Some(bias) = node.input(6) {
        let bias = names.constants.get(bias)?;
        let x_scale = *constant(1)?.to_floats()?.first()?;
        let integers = bias.to_int64s()?;
        let bias_values: Option<Vec<f32>> = (integers.iter().enumerate())
            .map(|(channel, &number)| {
                Some(number as f32 * alpha * x_scale * scales.get(if scales.len() == 1 { 0 } else { channel })?)
            })
            .collect();
        let name = format!("{base}.bias");
        constants.push(TensorProto::floats(&name, &bias.dims, &bias_values?));
        op.input.push(name);
    }
    Some(op)
}

/// The numbers of an int8 or uint8 constant.
fn bytes(tensor: &TensorProto) -> Option<Vec<f32>> {
    let raw = &tensor.raw_data;
    let is_signed = match tensor.data_type {
        data_type::INT8 => true,
        data_type::UINT8 => false,
        _ => return None,
    };
    Some(match (raw.is_empty(), is_signed) {
        (true, _) => tensor.int32_data.iter().map(|&value| value as f32).collect(),
        (false, true) => raw.iter().map(|&byte| f32::from(byte as i8)).collect(),
        (false, false) => raw.iter().map(|&byte| f32::from(byte)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_microsoft(node: NodeProto) -> NodeProto {
        NodeProto { domain: "com.microsoft".into(), ..node }
    }

    #[test]
    fn an_operator_on_bytes_stands_between_two_conversions() {
        let node =
            of_microsoft(NodeProto::new("QLinearAdd", "", &["a", "as", "az", "b", "bs", "bz", "cs", "cz"], &["c"]));
        let mut graph = GraphProto { node: vec![node], ..Default::default() };
        assert!(dequantize(&mut graph).is_some());
        let told: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(told, ["DequantizeLinear", "DequantizeLinear", "Add", "QuantizeLinear"]);
        assert_eq!(graph.node[1].input, ["b", "bs", "bz"]);
        assert_eq!(
            (&graph.node[3].input[1..], &graph.node[3].output[0]),
            (&["cs".into(), "cz".into()][..], &"c".into())
        );
    }

    #[test]
    fn a_product_of_bytes_has_the_weights_that_they_stand_for() {
        let bytes = |name: &str, dims: &[i64], data_type: i32, raw: &[u8]| TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type,
            raw_data: raw.to_vec().into(),
            ..Default::default()
        };
        let node = of_microsoft(
            NodeProto::new("QGemm", "", &["a", "as", "az", "b", "bs", "bz", "c"], &["y"])
                .with(AttributeProto::int("transB", 1)),
        );
        let mut graph = GraphProto {
            node: vec![node],
            initializer: vec![
                TensorProto::floats("as", &[], &[0.5]),
                bytes("b", &[2, 2], data_type::INT8, &[1, 0xff, 2, 3]),
                TensorProto::floats("bs", &[2], &[0.5, 2.0]),
                bytes("bz", &[2], data_type::INT8, &[0, 1]),
                bytes("c", &[2], data_type::INT32, &[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
            ],
            ..Default::default()
        };
        assert!(dequantize(&mut graph).is_some());
        let constant = |end: &str| {
            graph.initializer.iter().find(|tensor| tensor.name.ends_with(end)).unwrap().to_floats().unwrap()
        };
        assert_eq!(constant(".weight"), [0.5, -0.5, 2.0, 4.0]);
        assert_eq!(constant(".bias"), [1.0, -1.0]);
        assert_eq!(graph.node.last().unwrap().output, ["y"], "without a scale of its own it gives numbers");
    }
}
