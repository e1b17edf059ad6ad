//! Functions of the model's own, written out: tract 0.23.9 knows operators alone.
//!
//! Source: `FunctionProto` in <https://onnx.ai/onnx/repo-docs/IR.html#model-local-functions>.

use std::collections::HashMap;

use crate::onnx::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};
use crate::refusal::Refusal;

/// Functions that use functions: a hostile model doubles with each.
const DEPTH: usize = 32;
const NODES: usize = 100_000;

pub(super) fn inline(model: &mut ModelProto) -> Result<Option<String>, Refusal> {
    if model.functions.is_empty() {
        return Ok(None);
    }
    let functions: HashMap<(String, String), FunctionProto> = std::mem::take(&mut model.functions)
        .into_iter()
        .map(|function| ((function.domain.clone(), function.name.clone()), function))
        .collect();
    let Some(graph) = &mut model.graph else { return Ok(None) };
    let mut calls = 0;
    let nodes = std::mem::take(&mut graph.node);
    graph.node = written_out(nodes, &functions, &mut calls, 0)?;
    Ok((calls > 0).then(|| format!("{} of the model's own, written out", plural(calls, "function"))))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn written_out(
    nodes: Vec<NodeProto>,
    functions: &HashMap<(String, String), FunctionProto>,
    calls: &mut usize,
    depth: usize,
) -> Result<Vec<NodeProto>, Refusal> {
    let endless = || Refusal::TooLarge { what: "its functions use one another without end".into() };
    if depth > DEPTH {
        return Err(endless());
    }
    let mut out = Vec::new();
    for node in nodes {
        match functions.get(&(node.domain.clone(), node.op_type.clone())) {
            None => out.push(node),
            Some(function) => {
                *calls += 1;
                let body = body(function, &node, *calls);
                out.extend(written_out(body, functions, calls, depth + 1)?);
            }
        }
        if out.len() > NODES || *calls > NODES {
            return Err(endless());
        }
    }
    Ok(out)
}

/// A function's nodes with the names and settings of one call of it.
fn body(function: &FunctionProto, call: &NodeProto, number: usize) -> Vec<NodeProto> {
    let mut names: HashMap<String, String> = HashMap::new();
    for (index, input) in function.input.iter().enumerate() {
        names.insert(input.clone(), call.input.get(index).cloned().unwrap_or_default());
    }
    for (output, given) in function.output.iter().zip(&call.output) {
        names.insert(output.clone(), given.clone());
    }
    let prefix = format!("{}.{number}.", if call.name.is_empty() { &call.op_type } else { &call.name });
    function.node.iter().map(|node| renamed(node, function, call, &mut names, &prefix)).collect()
}

fn renamed(
    node: &NodeProto,
    function: &FunctionProto,
    call: &NodeProto,
    names: &mut HashMap<String, String>,
    prefix: &str,
) -> NodeProto {
    let mut node = node.clone();
    let mut name = |old: &String| -> String {
        if old.is_empty() {
            return String::new();
        }
        names.entry(old.clone()).or_insert_with(|| format!("{prefix}{old}")).clone()
    };
    node.input = node.input.iter().map(&mut name).collect();
    node.output = node.output.iter().map(&mut name).collect();
    // Without a name it stays without one: two alike would be one too many for tract.
    if !node.name.is_empty() {
        node.name.insert_str(0, prefix);
    }
    node.attribute = std::mem::take(&mut node.attribute)
        .into_iter()
        .filter_map(|attribute| {
            let mut attribute = given(attribute, function, call)?;
            for graph in attribute.g.iter_mut().map(|graph| &mut **graph).chain(&mut attribute.graphs) {
                rename_graph(graph, function, call, names, prefix);
            }
            Some(attribute)
        })
        .collect();
    node
}

/// A setting, which a function may leave to its caller.
fn given(attribute: AttributeProto, function: &FunctionProto, call: &NodeProto) -> Option<AttributeProto> {
    if attribute.ref_attr_name.is_empty() {
        return Some(attribute);
    }
    let default = || function.attribute_proto.iter().find(|default| default.name == attribute.ref_attr_name);
    let value = call.attribute(&attribute.ref_attr_name).or_else(default)?;
    Some(AttributeProto { name: attribute.name, ref_attr_name: String::new(), ..value.clone() })
}

fn rename_graph(
    graph: &mut GraphProto,
    function: &FunctionProto,
    call: &NodeProto,
    names: &mut HashMap<String, String>,
    prefix: &str,
) {
    let nodes = std::mem::take(&mut graph.node);
    for tensor in &mut graph.initializer {
        tensor.name = names.entry(tensor.name.clone()).or_insert_with(|| format!("{prefix}{}", tensor.name)).clone();
    }
    graph.node = nodes.iter().map(|node| renamed(node, function, call, names, prefix)).collect();
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        value.name = names.entry(value.name.clone()).or_insert_with(|| format!("{prefix}{}", value.name)).clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(input: &str, output: &str) -> NodeProto {
        NodeProto { domain: "my".into(), ..NodeProto::new("Half", "", &[input], &[output]) }
    }

    fn model(function: FunctionProto, nodes: Vec<NodeProto>) -> ModelProto {
        let graph = Some(GraphProto { node: nodes, ..Default::default() });
        ModelProto { graph, functions: vec![function], ..Default::default() }
    }

    fn half(node: Vec<NodeProto>) -> FunctionProto {
        FunctionProto {
            name: "Half".into(),
            domain: "my".into(),
            input: vec!["a".into()],
            output: vec!["b".into()],
            node,
            ..Default::default()
        }
    }

    #[test]
    fn each_call_is_its_nodes_with_names_of_their_own() {
        let slope = AttributeProto { ref_attr_name: "slope".into(), ..AttributeProto::float("alpha", 0.0) };
        let mut function = half(vec![
            NodeProto::new("LeakyRelu", "act", &["a"], &["t"]).with(slope),
            NodeProto::new("Mul", "", &["t", "a"], &["b"]),
        ]);
        function.attribute_proto = vec![AttributeProto::float("slope", 0.3)];
        let calls = vec![call("x", "y"), call("y", "z").with(AttributeProto::float("slope", 0.7))];
        let mut model = model(function, calls);
        assert_eq!(inline(&mut model).unwrap().unwrap(), "2 functions of the model's own, written out");
        let nodes = &model.graph.unwrap().node;
        let told: Vec<_> =
            nodes.iter().map(|node| (node.op_type.as_str(), node.input.join(" "), &node.output[0])).collect();
        assert_eq!(told[0], ("LeakyRelu", "x".into(), &"Half.1.t".into()));
        assert_eq!(told[1], ("Mul", "Half.1.t x".into(), &"y".into()));
        assert_eq!(
            [&nodes[0].name[..], &nodes[1].name],
            ["Half.1.act", ""],
            "what has no name gets none, lest two are alike"
        );
        assert_eq!(told[3], ("Mul", "Half.2.t y".into(), &"z".into()));
        assert_eq!(
            [nodes[0].attribute[0].f, nodes[2].attribute[0].f],
            [0.3, 0.7],
            "the default, and what the call gives"
        );
    }

    #[test]
    fn functions_without_end_are_refused() {
        let mut model = model(half(vec![call("a", "t"), call("t", "b")]), vec![call("x", "y")]);
        assert!(inline(&mut model).unwrap_err().to_string().contains("without end"));
    }
}
