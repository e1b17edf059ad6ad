//! Passes that need the shapes of values, which the runtime has found by then.
//!
//! * ConvTranspose by `output_shape`, as pads: tract 0.23.9 takes their difference to be above zero, and overflows where it is
//!   not, on 32 bits (`adjustments` in its `deconv`).
//! * Slice by steps other than one, as a choice of places: tract 0.23.9 stumbles over steps that go back.

use crate::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};
use crate::port::Names;
use crate::rewrite::fresh;

/// Whether a graph has something for [`with_shapes`] to do.
#[cfg(any(feature = "run", test))]
pub(crate) fn wants_shapes(graph: &GraphProto) -> bool {
    let names = Names::of(graph);
    graph.node.iter().any(|node| {
        node.is("ConvTranspose") && node.attribute("output_shape").is_some() || steps(node, &names).is_some()
    })
}

/// Rewrites what can only be rewritten with the shapes known: `shape` gives that of a value by its name.
pub fn with_shapes(graph: &mut GraphProto, shape: &dyn Fn(&str) -> Option<Vec<usize>>) -> Vec<String> {
    let names = Names::of(graph);
    let base = fresh(graph, "shaped");
    let (mut nodes, mut constants, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (number, node) in graph.node.iter().enumerate() {
        let new = if node.is("ConvTranspose") {
            padded(node, shape).map(|node| (vec![node], "ConvTranspose by its output's shape, by pads"))
        } else if let Some(steps) = steps(node, &names) {
            chosen(node, &names, &steps, shape, &format!("{base}.{number}"), &mut constants)
                .map(|nodes| (nodes, "Slice by steps, as a choice"))
        } else {
            None
        };
        match new {
            Some((new, phrase)) => {
                nodes.extend(new);
                if !told.iter().any(|known| known == phrase) {
                    told.push(phrase.to_owned());
                }
            }
            None => nodes.push(node.clone()),
        }
    }
    if !told.is_empty() {
        graph.node = nodes;
        graph.initializer.extend(constants);
    }
    told
}

/// ConvTranspose with the pads that its `output_shape` means.
fn padded(node: &NodeProto, shape: &dyn Fn(&str) -> Option<Vec<usize>>) -> Option<NodeProto> {
    let wanted = &node.attribute("output_shape")?.ints;
    let (x, weight) = (shape(node.input(0)?)?, shape(node.input(1)?)?);
    let (sizes, kernel) = (x.get(2..)?, weight.get(2..)?);
    let rank = sizes.len();
    if kernel.len() != rank {
        return None;
    }
    // Some writers give the batch and the channels too.
    let wanted = wanted.get(wanted.len().checked_sub(rank)?..)?;
    let setting = |name: &str, usual: i64| -> Vec<i64> {
        let given = node.attribute(name).map(|attribute| attribute.ints.clone()).filter(|list| list.len() == rank);
        given.unwrap_or_else(|| vec![usual; rank])
    };
    let (strides, dilations) = (setting("strides", 1), setting("dilations", 1));
    let mut growth = setting("output_padding", 0);
    let upper = node.attribute("auto_pad").is_some_and(|auto| auto.s == "SAME_UPPER".as_bytes());
    let mut pads = vec![0; 2 * rank];
    for axis in 0..rank {
        let spread = (i64::try_from(kernel[axis]).ok()? - 1).checked_mul(dilations[axis])?;
        let full = strides[axis].checked_mul(i64::try_from(sizes[axis]).ok()? - 1)?;
        let total = full.checked_add(growth[axis])?.checked_add(spread)?.checked_add(1)?.checked_sub(wanted[axis])?;
        if total < 0 {
            growth[axis] = growth[axis].checked_sub(total)?;
            continue;
        }
        let (small, large) = (total / 2, total - total / 2);
        (pads[axis], pads[rank + axis]) = if upper { (small, large) } else { (large, small) };
    }
    let mut node = node.clone();
    node.attribute.retain(|attribute| {
        !matches!(attribute.name.as_str(), "output_shape" | "auto_pad" | "pads" | "output_padding")
    });
    node.attribute.push(AttributeProto::ints("pads", &pads));
    if growth.iter().any(|&size| size != 0) {
        node.attribute.push(AttributeProto::ints("output_padding", &growth));
    }
    Some(node)
}

/// The steps of a Slice, if one of them is not 1.
fn steps(node: &NodeProto, names: &Names) -> Option<Vec<i64>> {
    if !node.is("Slice") {
        return None;
    }
    let steps = names.constants.get(node.input(4)?)?.to_int64s()?;
    steps.iter().any(|&step| step != 1).then_some(steps)
}

/// A Slice as one Gather for each axis.
fn chosen(
    node: &NodeProto,
    names: &Names,
    steps: &[i64],
    shape: &dyn Fn(&str) -> Option<Vec<usize>>,
    base: &str,
    constants: &mut Vec<TensorProto>,
) -> Option<Vec<NodeProto>> {
    /// An axis of a value that is worth drawing is shorter.
    const LONGEST: usize = 1 << 14;
    let dims = shape(node.input(0)?)?;
    let list = |index: usize| names.constants.get(node.input(index)?)?.to_int64s();
    let (starts, ends) = (list(1)?, list(2)?);
    let axes = match node.input(3) {
        Some(_) => list(3)?,
        None => (0..starts.len() as i64).collect(),
    };
    if [ends.len(), axes.len(), steps.len()].iter().any(|&length| length != starts.len()) || starts.is_empty() {
        return None;
    }
    let mut value = node.input(0)?.to_owned();
    let mut nodes = Vec::new();
    for (index, &axis) in axes.iter().enumerate() {
        let axis = usize::try_from(if axis < 0 { axis + dims.len() as i64 } else { axis }).ok()?;
        let size = *dims.get(axis).filter(|&&size| size <= LONGEST)?;
        let places = places(size as i64, starts[index], ends[index], steps[index])?;
        let last = index + 1 == axes.len();
        let output = if last { node.output.first()?.clone() } else { format!("{base}.{index}") };
        let name = format!("{base}.{index}.places");
        constants.push(TensorProto::int64s(&name, &[places.len() as i64], &places));
        let gather = NodeProto::new("Gather", &format!("{base}.{index}.gather"), &[&value, &name], &[&output]);
        nodes.push(gather.with(AttributeProto::int("axis", axis as i64)));
        value = output;
    }
    Some(nodes)
}

/// The places from `start` to before `end`, by ONNX's rules for what lies beyond the ends.
fn places(size: i64, start: i64, end: i64, step: i64) -> Option<Vec<i64>> {
    let from_front = |place: i64| if place < 0 { place.saturating_add(size) } else { place };
    let (start, end) = (from_front(start), from_front(end));
    let (mut place, end) = match step {
        0 => return None,
        1.. => (start.clamp(0, size), end.clamp(0, size)),
        _ => (start.clamp(-1, size - 1), end.clamp(-1, size - 1)),
    };
    let mut places = Vec::new();
    while if step > 0 { place < end } else { place > end } {
        places.push(place);
        place = place.checked_add(step)?;
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_slice_are_numpys() {
        for (size, start, end, step, expected) in [
            (4, -1, i64::MIN, -1, &[3, 2, 1, 0][..]),
            (4, 0, i64::MAX, 2, &[0, 2]),
            (5, 4, 0, -2, &[4, 2]),
            (5, -3, -1, 1, &[2, 3]),
            (5, 9, 9, 1, &[]),
            (3, 10, -10, -1, &[2, 1, 0]),
        ] {
            assert_eq!(places(size, start, end, step).unwrap(), expected, "{size} {start} {end} {step}");
        }
        assert_eq!(places(3, 0, 1, 0), None);
    }

    #[test]
    fn an_output_shape_becomes_pads() {
        for (auto, wanted, sizes, kernel, pads, growth) in [
            // 2 · 3 + 5 = 11, three too many.
            ("NOTSET", 8, 4, 5, [2, 2, 1, 1], None),
            ("SAME_LOWER", 8, 4, 5, [2, 2, 1, 1], None),
            ("SAME_UPPER", 8, 4, 5, [1, 1, 2, 2], None),
            ("NOTSET", 8, 4, 3, [1, 1, 0, 0], None),
            // 2 · 3 + 1 = 7, one too few.
            ("NOTSET", 8, 4, 1, [0; 4], Some([1, 1])),
        ] {
            let node = NodeProto::new("ConvTranspose", "", &["x", "w"], &["y"])
                .with(AttributeProto::ints("strides", &[2, 2]))
                .with(AttributeProto::ints("output_shape", &[wanted, wanted]))
                .with(AttributeProto::text("auto_pad", auto));
            let mut graph = GraphProto { node: vec![node], ..Default::default() };
            assert!(wants_shapes(&graph));
            let told = with_shapes(&mut graph, &|name| {
                Some(if name == "x" { vec![1, 4, sizes, sizes] } else { vec![4, 3, kernel, kernel] })
            });
            assert_eq!(told.len(), 1);
            let node = &graph.node[0];
            assert_eq!(node.attribute("pads").unwrap().ints, pads, "{auto} {wanted} {kernel}");
            assert_eq!(
                node.attribute("output_padding").map(|growth| &growth.ints[..]),
                growth.as_ref().map(|g| &g[..])
            );
            assert!(node.attribute("output_shape").is_none() && node.attribute("auto_pad").is_none());
        }
    }

    #[test]
    fn a_flip_becomes_a_choice() {
        let list = |name: &str, value: i64| TensorProto::int64s(name, &[1], &[value]);
        let mut graph = GraphProto {
            node: vec![NodeProto::new("Slice", "", &["x", "s", "e", "a", "d"], &["y"])],
            initializer: vec![list("s", -1), list("e", i64::MIN), list("a", 1), list("d", -1)],
            ..Default::default()
        };
        assert!(wants_shapes(&graph));
        with_shapes(&mut graph, &|_| Some(vec![2, 3]));
        assert_eq!(graph.node[0].op_type, "Gather");
        assert_eq!(graph.initializer.last().unwrap().to_int64s().unwrap(), [2, 1, 0]);
        assert_eq!(graph.node[0].output, ["y"]);
    }
}
