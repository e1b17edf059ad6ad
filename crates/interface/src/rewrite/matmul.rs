//! MatMul of two vectors, which is how spectral normalisation measures a matrix: tract 0.23.9 wants a matrix among the two.
//! Their product is the sum of the products.

use std::collections::HashMap;

use crate::onnx::{AttributeProto, GraphProto, NodeProto};
use crate::rewrite::{fresh, replace_nodes};

pub(super) fn of_vectors(graph: &mut GraphProto) -> Option<String> {
    let ranks = ranks(graph);
    let product = fresh(graph, "vectors.product");
    let mut number = 0;
    let changed = replace_nodes(graph, |node| {
        let rank = |index: usize| ranks.get(node.input(index)?).copied();
        if !node.is("MatMul") || rank(0) != Some(1) || rank(1) != Some(1) {
            return None;
        }
        number += 1;
        let products = format!("{product}.{number}");
        let mul = NodeProto::new("Mul", &products, &[node.input(0)?, node.input(1)?], &[&products]);
        let sum = NodeProto::new("ReduceSum", &node.name, &[&products], &[node.output.first()?])
            .with(AttributeProto::int("keepdims", 0));
        Some(vec![mul, sum])
    });
    changed.then(|| "MatMul of two vectors, as a sum".to_owned())
}

/// The ranks of the values that follow from constants alone, as far as spectral normalisation goes.
fn ranks(graph: &GraphProto) -> HashMap<String, usize> {
    let mut ranks: HashMap<String, usize> =
        graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.dims.len())).collect();
    for node in &graph.node {
        let rank = |index: usize| ranks.get(node.input(index)?).copied();
        let found = match node.op_type.as_str() {
            "Constant" => node.attribute("value").and_then(|value| Some(value.t.as_ref()?.dims.len())),
            "MatMul" => match (rank(0), rank(1)) {
                (Some(a), Some(b)) => {
                    Some((a.max(b)).saturating_sub(usize::from(a == 1 || b == 1) + usize::from(a == 1 && b == 1)))
                }
                _ => None,
            },
            "Transpose" | "Identity" | "Cast" | "Neg" | "Sqrt" | "Abs" | "LpNormalization" => rank(0),
            "Add" | "Sub" | "Mul" | "Div" => Some(rank(0).zip(rank(1)).map_or(usize::MAX, |(a, b)| a.max(b))),
            "Reshape" => node.input(1).and_then(|name| {
                let shape = graph.initializer.iter().find(|tensor| tensor.name == name)?;
                usize::try_from(*shape.dims.first()?).ok()
            }),
            "Flatten" => Some(2),
            _ => None,
        };
        if let (Some(rank), Some(output)) = (found.filter(|&rank| rank <= 8), node.output.first()) {
            ranks.insert(output.clone(), rank);
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::TensorProto;

    #[test]
    fn two_vectors_become_a_sum_and_matrices_stay() {
        let mut graph = GraphProto {
            node: vec![
                NodeProto::new("MatMul", "", &["w", "v"], &["wv"]),
                NodeProto::new("MatMul", "sigma", &["u", "wv"], &["s"]),
                NodeProto::new("MatMul", "", &["z", "w"], &["y"]),
            ],
            initializer: vec![
                TensorProto::floats("w", &[2, 3], &[0.0; 6]),
                TensorProto::floats("v", &[3], &[0.0; 3]),
                TensorProto::floats("u", &[2], &[0.0; 2]),
            ],
            ..Default::default()
        };
        assert!(of_vectors(&mut graph).is_some());
        let told: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(told, ["MatMul", "Mul", "ReduceSum", "MatMul"]);
        assert_eq!(graph.node[1].input, ["u", "wv"]);
        assert_eq!(graph.node[2].output, ["s"]);
    }
}
