//! Operators that ONNX Runtime's optimiser makes of two, taken apart again: a Conv, Gemm or MatMul and what follows it. tract
//! 0.23.9 has none of them.
//!
//! Source: <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md>.

use crate::onnx::{AttributeProto, GraphProto, NodeProto};
use crate::rewrite::{fresh, replace_nodes};

pub(super) fn unfuse(graph: &mut GraphProto) -> Option<String> {
    let base = fresh(graph, "unfused");
    let mut number = 0;
    let changed = replace_nodes(graph, |node| {
        if node.domain != "com.microsoft" {
            return None;
        }
        let bare_type = match node.op_type.as_str() {
            "FusedConv" => "Conv",
            "FusedGemm" => "Gemm",
            "FusedMatMul" => "MatMul",
            _ => return None,
        };
        number += 1;
        let name = |part: &str| format!("{base}.{number}.{part}");
        let mut bare = node.clone();
        bare.domain = String::new();
        bare.op_type = bare_type.into();
        let activation =
            node.attribute("activation").map(|activation| String::from_utf8_lossy(&activation.s).into_owned());
        bare.attribute.retain(|attribute| !attribute.name.starts_with("activation"));
        let output = bare.output.first()?.clone();
        let mut nodes = Vec::new();
        if bare_type == "MatMul" {
            let set = |name: &str| node.attribute(name).is_some_and(|attribute| attribute.i != 0);
            let alpha = node.attribute("alpha").map_or(1.0, |alpha| alpha.f);
            if set("transA") || set("transBatchA") || set("transBatchB") || alpha != 1.0 {
                return None;
            }
            bare.attribute.clear();
            if set("transB") {
                // A Gemm is a MatMul of matrices that may be transposed.
                bare.op_type = "Gemm".into();
                bare.attribute.push(AttributeProto::int("transB", 1));
            }
        }
        // The value that is added before the activation.
        let sum = (bare_type == "Conv").then(|| node.input(3).map(str::to_owned)).flatten();
        bare.input.truncate(3);
        let activation = activation.filter(|activation| !activation.is_empty());
        let product = if sum.is_some() || activation.is_some() { name("product") } else { output.clone() };
        bare.output = vec![product.clone()];
        nodes.push(bare);
        let mut value = product;
        if let Some(addend) = sum {
            let result = if activation.is_some() { name("sum") } else { output.clone() };
            nodes.push(NodeProto::new("Add", &name("add"), &[&value, &addend], &[&result]));
            value = result;
        }
        if let Some(activation) = activation {
            nodes.push(activated(node, &activation, &name("activation"), &value, &output)?);
        }
        Some(nodes)
    });
    changed.then(|| "operators that ONNX Runtime had made one, taken apart".to_owned())
}

fn activated(node: &NodeProto, activation: &str, name: &str, input: &str, output: &str) -> Option<NodeProto> {
    let made = NodeProto::new(activation, name, &[input], &[output]);
    let parameters =
        node.attribute("activation_params").map(|parameters| parameters.floats.clone()).unwrap_or_default();
    let parameter = |index: usize, name: &str| {
        let named = node.attribute(name).map(|attribute| attribute.f);
        parameters.get(index).copied().or(named)
    };
    Some(match activation {
        "Relu" | "Tanh" | "Sigmoid" => made,
        "LeakyRelu" => made.with(AttributeProto::float("alpha", parameter(0, "activation_alpha").unwrap_or(0.01))),
        "HardSigmoid" => made
            .with(AttributeProto::float("alpha", parameter(0, "activation_alpha").unwrap_or(0.2)))
            .with(AttributeProto::float("beta", parameter(1, "activation_beta").unwrap_or(0.5))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::AttributeType;

    #[test]
    fn what_was_fused_is_taken_apart() {
        let mut conv = NodeProto::new("FusedConv", "c", &["x", "w", "b", "skip"], &["y"])
            .with(AttributeProto::text("activation", "LeakyRelu"))
            .with(AttributeProto {
                name: "activation_params".into(),
                floats: vec![0.3],
                r#type: AttributeType::Floats as i32,
                ..Default::default()
            })
            .with(AttributeProto::ints("strides", &[1, 1]));
        conv.domain = "com.microsoft".into();
        let mut graph = GraphProto { node: vec![conv], ..Default::default() };
        assert!(unfuse(&mut graph).is_some());
        let [conv, add, act] = &graph.node[..] else { panic!("{:?}", graph.node) };
        assert_eq!((conv.op_type.as_str(), conv.domain.as_str(), conv.input.len()), ("Conv", "", 3));
        assert!(conv.attribute("strides").is_some() && conv.attribute("activation").is_none());
        assert_eq!((add.op_type.as_str(), add.input[1].as_str()), ("Add", "skip"));
        assert_eq!((act.op_type.as_str(), act.attribute("alpha").unwrap().f), ("LeakyRelu", 0.3));
        assert_eq!(act.output, ["y"]);
    }

    #[test]
    fn an_activation_that_is_not_known_stays_as_it_is() {
        let mut gemm =
            NodeProto::new("FusedGemm", "", &["x", "w"], &["y"]).with(AttributeProto::text("activation", "Odd"));
        gemm.domain = "com.microsoft".into();
        let mut graph = GraphProto { node: vec![gemm], ..Default::default() };
        assert_eq!(unfuse(&mut graph), None);
    }
}
