//! What tract lacks, put into what it has: small passes over a graph before it is handed over.
//!
//! Each pass names what it works around, so that it can go when tract has it (tract 0.23.9 is what they were written for), and
//! gives what the user is told. A pass changes no number that the model gives, with two exceptions that are told as such:
//! half precision is computed in single, and of what was left in training mode nothing is random, nothing another picture's.

mod functions;
mod fused;
mod matmul;
mod pads;
mod quantized;
mod resize;
mod shapes;
mod single;
mod training;
mod wrap;

use std::collections::{HashMap, HashSet};

use crate::onnx::{GraphProto, ModelProto, NodeProto, is_onnx};
use crate::refusal::Refusal;

#[cfg(any(feature = "run", test))]
pub(crate) use shapes::wants_shapes;
pub use shapes::with_shapes;

/// Puts a model into what tract takes, as far as that can be done without knowing the shapes of its values. Tells what was
/// rewritten, a phrase each.
///
/// # Errors
/// A [`Refusal`] if functions of the model's own never end.
pub fn rewrite(model: &mut ModelProto) -> Result<Vec<String>, Refusal> {
    let mut told = Vec::new();
    told.extend(functions::inline(model)?);
    told.extend(single::to_single(model));
    let opset = opset(model);
    let Some(graph) = &mut model.graph else { return Ok(told) };
    told.extend(fused::unfuse(graph));
    told.extend(quantized::dequantize(graph));
    told.extend(training::to_inference(graph));
    told.extend(resize::from_upsample(graph, opset));
    told.extend(pads::without_negative(graph, opset));
    told.extend(wrap::around(graph));
    told.extend(wrap::with_zeros(graph));
    told.extend(matmul::of_vectors(graph));
    name_random(graph);
    prune(graph);
    Ok(told)
}

/// The version of ONNX's own operators.
pub(crate) fn opset(model: &ModelProto) -> i64 {
    model.opset_import.iter().find(|opset| is_onnx(&opset.domain)).map_or(0, |opset| opset.version)
}

const RANDOM: [&str; 6] =
    ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"];

/// The operators that draw random numbers in a graph.
pub fn random_operators(graph: &GraphProto) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for node in &graph.node {
        if RANDOM.contains(&node.op_type.as_str()) && !found.contains(&node.op_type) {
            found.push(node.op_type.clone());
        }
    }
    found
}

/// tract 0.23.9 tells RandomNormalLike from RandomNormal by the name that the node has, not by its operator.
fn name_random(graph: &mut GraphProto) {
    for node in graph.node.iter_mut().filter(|node| RANDOM.contains(&node.op_type.as_str())) {
        if node.op_type.ends_with("Like") != node.name.ends_with("Like") {
            node.name += if node.op_type.ends_with("Like") { ".Like" } else { "." };
        }
    }
}

/// Takes away what no output needs: a node that cannot be run there is no reason to refuse the model.
fn prune(graph: &mut GraphProto) {
    let producers: HashMap<&str, usize> = graph
        .node
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.output.iter().map(move |name| (name.as_str(), index)))
        .collect();
    let mut needed = vec![false; graph.node.len()];
    let mut wanted: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let mut seen: HashSet<&str> = wanted.iter().copied().collect();
    while let Some(name) = wanted.pop() {
        let Some(&index) = producers.get(name) else { continue };
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        each_name(&graph.node[index], &mut |name| {
            if seen.insert(name) {
                wanted.push(name);
            }
        });
    }
    let mut needed = needed.into_iter();
    graph.node.retain(|_| needed.next().unwrap_or(true));
}

/// The names that a node takes, those that its graphs take from outside too.
fn each_name<'a>(node: &'a NodeProto, visit: &mut dyn FnMut(&'a str)) {
    node.input.iter().for_each(|name| visit(name));
    for graph in node.attribute.iter().flat_map(|attribute| attribute.g.as_deref().into_iter().chain(&attribute.graphs))
    {
        graph.output.iter().for_each(|output| visit(&output.name));
        graph.node.iter().for_each(|node| each_name(node, visit));
    }
}

/// A name that no value of the graph has yet.
pub(crate) fn fresh(graph: &GraphProto, wish: &str) -> String {
    let taken = |name: &str| {
        graph.node.iter().any(|node| node.output.iter().any(|output| output == name))
            || graph.initializer.iter().any(|tensor| tensor.name == name)
            || graph.input.iter().any(|input| input.name == name)
    };
    (0..)
        .map(|number| format!("{wish}.{number}"))
        .find(|name| !taken(name))
        .expect("there are more numbers than values")
}

/// Replaces nodes one by one: `replace` gives what stands for a node, or nothing if it stays.
pub(crate) fn replace_nodes(
    graph: &mut GraphProto,
    mut replace: impl FnMut(&NodeProto) -> Option<Vec<NodeProto>>,
) -> bool {
    let mut changed = false;
    for node in std::mem::take(&mut graph.node) {
        match replace(&node) {
            Some(nodes) => {
                changed = true;
                graph.node.extend(nodes);
            }
            None => graph.node.push(node),
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{TensorProto, ValueInfoProto};

    fn value(name: &str) -> ValueInfoProto {
        ValueInfoProto { name: name.into(), ..Default::default() }
    }

    #[test]
    fn what_no_output_needs_is_taken_away() {
        let mut graph = GraphProto {
            node: vec![
                NodeProto::new("Relu", "", &["z"], &["a"]),
                NodeProto::new("NoSuch", "", &["z"], &["unused"]),
                NodeProto::new("Tanh", "", &["a"], &["image"]),
            ],
            output: vec![value("image")],
            ..Default::default()
        };
        prune(&mut graph);
        assert_eq!(graph.node.iter().map(|node| &node.op_type).collect::<Vec<_>>(), ["Relu", "Tanh"]);
    }

    #[test]
    fn random_operators_are_named_once() {
        let random = |output: &str| NodeProto::new("RandomNormalLike", "", &["x"], &[output]);
        let graph = GraphProto { node: vec![random("a"), random("b")], ..Default::default() };
        assert_eq!(random_operators(&graph), ["RandomNormalLike"]);
    }

    #[test]
    fn a_fresh_name_is_nobodys() {
        let graph = GraphProto {
            initializer: vec![TensorProto::floats("x.0", &[], &[1.0])],
            node: vec![NodeProto::new("Relu", "", &["z"], &["x.1"])],
            ..Default::default()
        };
        assert_eq!(fresh(&graph, "x"), "x.2");
    }
}
