//! How two model files differ: in what they say, in their weights, in what they draw.
//!
//! A difference that cannot be looked into is a difference: "no difference" is said of files that were compared whole.

mod parts;

use std::collections::BTreeSet;

use interface::normal;
use prost::bytes::Bytes;
use serde::Serialize;

use crate::model::Model;
use crate::onnx_error::OnnxError;
use crate::summary::Summary;

/// Counts the pictures that two models are compared by.
const PICTURES: usize = 16;
/// Bounds the values of networks that are drawn by f64 arithmetic: with more numbers it would take minutes.
const VALUE_LIMIT: usize = 1 << 20;

/// Lists the differences of two model files. As JSON it has these very fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Lists what the files say differently: versions, inputs, nodes, metadata.
    pub told: Vec<Difference>,
    /// Lists the weights whose numbers or shapes differ, float32 as runtimes compute with them.
    pub weights: Vec<WeightDifference>,
    /// Compares the pictures for the same latent vectors; none if the two do not take and give the same shapes, hold
    /// operators that this crate does not evaluate, or are too large for it.
    pub pictures: Option<PictureDifference>,
}

/// Holds something that one file says and the other does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Says what it is about: `opset`, `metadata forger.seed`.
    pub what: String,
    /// Repeats what the first file says; empty if it says nothing.
    pub before: String,
    /// Repeats what the second file says; empty if it says nothing.
    pub after: String,
}

/// Says how far apart a weight is in two files.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WeightDifference {
    /// Names the tensor, as the files do.
    pub name: String,
    /// Gives the largest difference of two numbers in one place; none if one file lacks the tensor or has it in another
    /// shape.
    pub max: Option<f64>,
    /// Gives the Euclidean norm of the difference over that of the first file's tensor.
    pub relative: Option<f64>,
}

/// Says how far apart the pictures are that two models draw for the same latent vectors, by f64 arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PictureDifference {
    /// Counts the latent vectors compared, drawn from normal(0, 1).
    pub count: usize,
    /// Gives the largest difference of two pixels in one place.
    pub max: f64,
    /// Gives the root of the mean square difference over all pixels.
    pub rms: f64,
}

impl Comparison {
    /// Compares two whole model files.
    ///
    /// # Errors
    /// Fails with an [`OnnxError`] if one of them is something else.
    pub fn of(before: &[u8], after: &[u8]) -> Result<Self, OnnxError> {
        let mut told = told(&Summary::of(before)?, &Summary::of(after)?);
        let (mut weights, pictures) = match (Model::from_onnx(before), Model::from_onnx(after)) {
            (Ok(before), Ok(after)) => (weights(&before, &after), pictures(&before, &after)),
            _ => (Vec::new(), None),
        };
        // Whatever this crate can read as its own: every tensor by its bytes, every node by its settings.
        let whole = |bytes: &[u8]| interface::envelope::decode(Bytes::copy_from_slice(bytes));
        let (before_message, after_message) = (whole(before)?, whole(after)?);
        parts::compare(&before_message, &after_message, &mut told, &mut weights);
        let is_empty = told.is_empty() && weights.is_empty();
        if is_empty && before != after && !parts::are_read_whole(before, after, &before_message, &after_message) {
            // The decoder passes over what it does not know.
            told.push(Difference {
                what: "something that this program does not read".to_owned(),
                before: format!("{} bytes", before.len()),
                after: format!("{} bytes", after.len()),
            });
        }
        Ok(Self { told, weights, pictures })
    }

    /// Says whether no difference was found, in what the files say, in weights or in pictures.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.weights.is_empty() && self.pictures.is_none_or(|pictures| pictures.max == 0.0)
    }
}

fn told(before: &Summary, after: &Summary) -> Vec<Difference> {
    let ports = |ports: &[crate::summary::Port]| {
        let ports = ports.iter().map(|port| format!("{} {} [{}]", port.name, port.element, port.shape.join(", ")));
        ports.collect::<Vec<_>>().join("; ")
    };
    let nodes = |summary: &Summary| {
        let nodes =
            summary.nodes.iter().map(|node| format!("{} = {}({})", node.name, node.operator, node.inputs.join(", ")));
        nodes.collect::<Vec<_>>()
    };
    let tensors = |summary: &Summary| {
        let tensors =
            summary.tensors.iter().map(|tensor| format!("{} {} {:?}", tensor.name, tensor.element, tensor.shape));
        tensors.collect::<Vec<_>>()
    };
    let mut pairs = vec![
        ("IR version".to_owned(), before.ir_version.to_string(), after.ir_version.to_string()),
        ("opset".to_owned(), format!("{:?}", before.opset), format!("{:?}", after.opset)),
        ("producer".to_owned(), before.producer.clone(), after.producer.clone()),
        ("description".to_owned(), before.doc.clone(), after.doc.clone()),
        ("inputs".to_owned(), ports(&before.inputs), ports(&after.inputs)),
        ("outputs".to_owned(), ports(&before.outputs), ports(&after.outputs)),
    ];
    pairs.extend(lines("nodes", &nodes(before), &nodes(after)));
    pairs.extend(lines("tensors", &tensors(before), &tensors(after)));
    let keys: BTreeSet<&String> = before.metadata.keys().chain(after.metadata.keys()).collect();
    for key in keys {
        let text = |summary: &Summary| summary.metadata.get(key).cloned().unwrap_or_default();
        pairs.push((format!("metadata {key}"), text(before), text(after)));
    }
    let differing = pairs.into_iter().filter(|(_, before, after)| before != after);
    differing.map(|(what, before, after)| Difference { what, before, after }).collect()
}

/// Lists the lines of two lists that are in one of them alone.
fn lines(what: &str, before: &[String], after: &[String]) -> Vec<(String, String, String)> {
    let only = |these: &[String], others: &[String]| {
        let others: BTreeSet<&String> = others.iter().collect();
        these.iter().filter(|line| !others.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    let order = if before.len() == after.len() && before != after {
        format!("{what} (or their order)")
    } else {
        what.to_owned()
    };
    let (mut removed, added) = (only(before, after), only(after, before));
    if removed.is_empty() && added.is_empty() && before != after {
        removed = "in another order".to_owned();
    }
    vec![(order, removed, added)]
}

fn weights(before: &Model, after: &Model) -> Vec<WeightDifference> {
    let (before, after) = (before.weights(), after.weights());
    let names: Vec<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
    let find = |weights: &[(String, &crate::Tensor)], name: &String| {
        weights.iter().find(|(other, _)| other == name).map(|(_, tensor)| (*tensor).clone())
    };
    let mut seen = BTreeSet::new();
    let mut differences = Vec::new();
    for name in names.into_iter().filter(|name| seen.insert(*name)) {
        let (max, relative) = match (find(&before, name), find(&after, name)) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(a), Some(b)) if a.shape == b.shape => {
                let pairs = || a.values.iter().zip(&b.values).map(|(a, b)| (f64::from(*a), f64::from(*b)));
                let norm = pairs().map(|(a, _)| a * a).sum::<f64>().sqrt();
                let distance = pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
                let relative = (norm > 0.0).then(|| distance / norm);
                (Some(pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)), relative)
            }
            _ => (None, None),
        };
        differences.push(WeightDifference { name: name.clone(), max, relative });
    }
    differences
}

fn pictures(before: &Model, after: &Model) -> Option<PictureDifference> {
    if before.classes() != after.classes()
        || before.input_shape() != after.input_shape()
        || before.output_shape() != after.output_shape()
    {
        return None;
    }
    let numbers = |model: &Model| model.nodes.iter().map(|node| node.shape.iter().product()).max().unwrap_or(0);
    if numbers(before).max(numbers(after)) > VALUE_LIMIT {
        return None;
    }
    let z = normal(PICTURES * before.input_shape().iter().product::<usize>());
    // Of the classes in turn, where there are some.
    let classes: Vec<usize> = (0..PICTURES).map(|picture| picture % before.classes().max(1)).collect();
    let [before, after] = [before, after].map(|model| model.evaluate(&z, &classes));
    let differences: Vec<f64> = before.iter().zip(after).map(|(a, b)| (a - b).abs()).collect();
    let mean_square =
        differences.iter().map(|difference| difference * difference).sum::<f64>() / differences.len() as f64;
    let max = differences.iter().copied().fold(0.0, f64::max);
    Some(PictureDifference { count: PICTURES, max, rms: mean_square.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Parts;
    use crate::{Precision, export};

    #[test]
    fn a_file_is_the_same_as_itself() {
        let onnx = export(&Parts::new().bytes()).unwrap();
        let comparison = Comparison::of(&onnx, &onnx).unwrap();
        assert!(comparison.is_empty(), "{comparison:?}");
        assert_eq!(comparison.pictures.unwrap().count, PICTURES);
    }

    #[test]
    fn what_changed_is_named_and_measured() {
        let before = export(&Parts::new().bytes()).unwrap();
        let mut other = Parts::new();
        other.set("seed", "8");
        other.put("ema.generator.output.bias", &[14], 0.75);
        let comparison = Comparison::of(&before, &export(&other.bytes()).unwrap()).unwrap();
        let what: Vec<&str> = comparison.told.iter().map(|difference| difference.what.as_str()).collect();
        assert_eq!(what, ["description", "metadata forger.seed"]);
        assert_eq!((comparison.told[1].before.as_str(), comparison.told[1].after.as_str()), ("7", "8"));
        let [bias] = &comparison.weights[..] else { panic!("{:?}", comparison.weights) };
        assert_eq!(bias.name, "generator.output.bias");
        assert!((bias.max.unwrap() - 0.25).abs() < 1e-6);
        assert!(comparison.pictures.unwrap().max > 0.0);
    }

    #[test]
    fn a_rounded_file_differs_by_its_rounding() {
        let model = Model::from_checkpoint(&Parts::new().bytes()).unwrap();
        let [whole, half] = [Precision::F32, Precision::F16].map(|precision| model.to_onnx(precision).unwrap());
        let comparison = Comparison::of(&whole, &half).unwrap();
        let tensors = comparison.told.iter().find(|difference| difference.what.starts_with("tensors")).unwrap();
        assert!(tensors.before.contains("generator.hidden1.weight float32 [5, 3]"), "{tensors:?}");
        assert!(tensors.after.contains("generator.hidden1.weight float16 [5, 3]"), "{tensors:?}");
        assert!(comparison.weights.iter().all(|weight| weight.name.ends_with(".weight")), "{:?}", comparison.weights);
        assert!(comparison.weights.iter().all(|weight| weight.relative.unwrap() < 1.0 / 2048.0));
    }

    #[test]
    fn other_shapes_are_told_without_pictures() {
        let before = export(&Parts::new().bytes()).unwrap();
        let mut wider = Parts::new();
        wider.remove("ema.");
        wider.remove("parity.");
        wider.set("architecture", r#"{"kind":"mlp","latent":4,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7]}"#);
        wider.put("generator.hidden1.weight", &[5, 4], 0.0);
        let comparison = Comparison::of(&before, &export(&wider.bytes()).unwrap()).unwrap();
        assert_eq!(comparison.pictures, None);
        let weight = comparison.weights.iter().find(|weight| weight.name == "generator.hidden1.weight").unwrap();
        assert_eq!((weight.max, weight.relative), (None, None));
        assert!(comparison.told.iter().any(|difference| difference.what == "inputs"));
    }
}
