//! The parts of two files that need no understanding: tensors by their bytes, nodes by their settings.

use std::collections::{BTreeMap, BTreeSet};

use interface::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};
use prost::Message;

use super::{Difference, WeightDifference};

/// Settings are told up to this length; a tensor among them may be megabytes.
const TEXT: usize = 80;

/// Adds the differences of tensors and nodes that `told` and `weights` do not have yet.
pub(super) fn compare(
    before: &ModelProto,
    after: &ModelProto,
    told: &mut Vec<Difference>,
    weights: &mut Vec<WeightDifference>,
) {
    let empty = GraphProto::default();
    let (a, b) = (before.graph.as_ref().unwrap_or(&empty), after.graph.as_ref().unwrap_or(&empty));
    let known: BTreeSet<String> = weights.iter().map(|weight| weight.name.clone()).collect();
    tensors(&a.initializer, &b.initializer, &known, told, weights);
    nodes(&a.node, &b.node, told);
    for (what, a, b) in [
        ("functions", encoded(&before.functions), encoded(&after.functions)),
        ("sparse tensors", encoded(&a.sparse_initializer), encoded(&b.sparse_initializer)),
        ("version of the model", before.model_version.to_string(), after.model_version.to_string()),
        ("domain of the model", before.domain.clone(), after.domain.clone()),
        ("name of the graph", a.name.clone(), b.name.clone()),
        ("description of the graph", a.doc_string.clone(), b.doc_string.clone()),
        ("types of values", encoded(&a.value_info), encoded(&b.value_info)),
    ] {
        if a != b {
            told.push(Difference { what: what.to_owned(), before: a, after: b });
        }
    }
}

/// Whether two files that are not of the same bytes are still of the same parts, and nothing in them was passed over: each is as
/// long as what was read of it, so only the order of its fields is its own.
pub(super) fn are_read_whole(before: &[u8], after: &[u8], message: &ModelProto, other: &ModelProto) -> bool {
    message == other && message.encoded_len() == before.len() && other.encoded_len() == after.len()
}

/// Messages as a text that is the same for the same ones: how many, and a sum over their bytes.
fn encoded<M: Message>(messages: &[M]) -> String {
    let bytes: Vec<u8> = messages.iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    format!("{}, of the checksum {:016x}", messages.len(), checksum(&bytes))
}

/// FNV-1a, 64 bits: not against forgery, but for telling apart what is not shown whole.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Tensors of one name, in their order where a name is given twice.
fn tensors(
    before: &[TensorProto],
    after: &[TensorProto],
    known: &BTreeSet<String>,
    told: &mut Vec<Difference>,
    weights: &mut Vec<WeightDifference>,
) {
    let by_name = |tensors: &'_ [TensorProto]| {
        let mut map: BTreeMap<String, Vec<TensorProto>> = BTreeMap::new();
        for tensor in tensors {
            map.entry(tensor.name.clone()).or_default().push(tensor.clone());
        }
        map
    };
    let (ours, others) = (by_name(before), by_name(after));
    let mut seen = BTreeSet::new();
    for tensor in before {
        let Some(those) = others.get(&tensor.name) else { continue };
        if !seen.insert(&tensor.name) || known.contains(&tensor.name) {
            continue;
        }
        let these = &ours[&tensor.name];
        if these.len() != those.len() {
            let count = |count: usize| format!("{count} times");
            told.push(Difference {
                what: format!("tensor {}", tensor.name),
                before: count(these.len()),
                after: count(those.len()),
            });
        }
        for (a, b) in these.iter().zip(those) {
            tensor_pair(a, b, told, weights);
        }
    }
}

fn tensor_pair(a: &TensorProto, b: &TensorProto, told: &mut Vec<Difference>, weights: &mut Vec<WeightDifference>) {
    let what = || format!("tensor {}", a.name);
    let is_elsewhere = interface::external::is_external(a) || interface::external::is_external(b);
    if is_elsewhere {
        let place = |tensor: &TensorProto| {
            let entries = tensor.external_data.iter().map(|entry| format!("{} {}", entry.key, entry.value));
            match interface::external::is_external(tensor) {
                true => format!("in a file that is not here: {}", entries.collect::<Vec<_>>().join(", ")),
                false => "in the model".to_owned(),
            }
        };
        told.push(Difference { what: what(), before: place(a), after: place(b) });
        return;
    }
    // Of other types or shapes: told as such in the list of tensors.
    if (a.data_type, &a.dims) != (b.data_type, &b.dims) {
        return;
    }
    match (a.to_floats(), b.to_floats()) {
        (Some(x), Some(y)) if x.len() == y.len() => {
            let same = x.iter().zip(&y).all(|(x, y)| x.to_bits() == y.to_bits());
            // float64 may differ where float32 does not.
            if same && (a.data_type == 1 || numbers(a) == numbers(b)) {
                return;
            }
            let pairs = || x.iter().zip(&y).map(|(x, y)| (f64::from(*x), f64::from(*y)));
            let norm = pairs().map(|(x, _)| x * x).sum::<f64>().sqrt();
            let distance = pairs().map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
            let max = pairs().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            let relative = (norm > 0.0).then(|| distance / norm);
            weights.push(WeightDifference { name: a.name.clone(), max: Some(max), relative });
        }
        _ => {
            let (x, y) = (numbers(a), numbers(b));
            if x != y {
                told.push(Difference { what: what(), before: x, after: y });
            }
        }
    }
}

/// What a tensor holds, as a text: its numbers where they are few, else a checksum.
fn numbers(tensor: &TensorProto) -> String {
    let few = tensor.to_int64s().filter(|numbers| numbers.len() <= 8);
    few.map_or_else(
        || {
            let bare = TensorProto { name: String::new(), doc_string: String::new(), ..tensor.clone() };
            format!(
                "{} numbers of the checksum {:016x}",
                tensor.dims.iter().fold(1, |product: i64, &size| product.saturating_mul(size)),
                checksum(&bare.encode_to_vec())
            )
        },
        |numbers| format!("{numbers:?}"),
    )
}

/// Nodes of one name and operator, by their settings and results.
fn nodes(before: &[NodeProto], after: &[NodeProto], told: &mut Vec<Difference>) {
    let key = |node: &NodeProto| (node.domain.clone(), node.op_type.clone(), node.name.clone(), node.input.clone());
    let mut others: BTreeMap<_, Vec<&NodeProto>> = BTreeMap::new();
    for node in after.iter().rev() {
        others.entry(key(node)).or_default().push(node);
    }
    for node in before {
        // One that is in one file alone is told in the list of nodes.
        let Some(other) = others.get_mut(&key(node)).and_then(Vec::pop) else { continue };
        let (a, b) = (settings(node), settings(other));
        if a != b {
            let name = if node.name.is_empty() { node.output.join(", ") } else { node.name.clone() };
            told.push(Difference { what: format!("node {name} ({})", node.op_type), before: a, after: b });
        }
    }
}

/// A node's settings and results, one a line.
fn settings(node: &NodeProto) -> String {
    let mut lines: Vec<String> = node.attribute.iter().map(setting).collect();
    lines.sort();
    lines.push(format!("gives {}", node.output.join(", ")));
    if !node.doc_string.is_empty() {
        lines.push(format!("says {:016x}", checksum(node.doc_string.as_bytes())));
    }
    lines.join("\n")
}

fn setting(attribute: &AttributeProto) -> String {
    let value = if let Some(tensor) = &attribute.t {
        numbers(tensor)
    } else if !attribute.ints.is_empty() {
        format!("{:?}", attribute.ints)
    } else if !attribute.floats.is_empty() {
        format!("{:?}", attribute.floats)
    } else if !attribute.s.is_empty() {
        String::from_utf8_lossy(&attribute.s).into_owned()
    } else if attribute.g.is_some()
        || !attribute.graphs.is_empty()
        || !attribute.tensors.is_empty()
        || !attribute.strings.is_empty()
    {
        String::new()
    } else if attribute.i != 0 {
        attribute.i.to_string()
    } else {
        attribute.f.to_string()
    };
    // What is told is cut; what is compared is all of it.
    match value.char_indices().nth(TEXT) {
        None if !value.is_empty() => format!("{} = {value}", attribute.name),
        _ => format!("{} = … of the checksum {:016x}", attribute.name, checksum(&attribute.encode_to_vec())),
    }
}
