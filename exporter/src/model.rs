//! A finished network, with what its file tells about it.
//!
//! What makes one and what is made of it stands where it is done, each as a part of `impl Model`: `graph.rs` builds one,
//! `checkpoint.rs` and `decode.rs` read one, `encode.rs` writes one, `rounded.rs` makes it small, `evaluate.rs` runs it.

use serde::{Deserialize, Serialize};

use crate::graph_error::GraphError;
use crate::op::{Constant, Op};
use crate::tensor::Tensor;

/// Names the key of the metadata that holds latent vectors and their pictures.
pub(crate) const PARITY: &str = "forger.parity";

/// Names the input that says of which class a picture is to be.
pub(crate) const CLASS: &str = "class";

/// Holds a generator: a network whose shapes fit from end to end, its weights, and the metadata of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Lists the operations, the input first; each takes the values of earlier ones only.
    pub(crate) nodes: Vec<Node>,
    /// Counts the nodes before the one whose value is the result.
    pub(crate) output: usize,
    /// Holds what the file says of itself in a sentence.
    pub(crate) doc: String,
    /// Lists keys and texts, in the order of the file.
    pub(crate) metadata: Vec<(String, String)>,
}

/// Holds an operation and the value it gives; the first of a graph is its input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// Names the value: the node's own name but where the graph's output was given another.
    pub(crate) value: String,
    /// Holds the operation; none for the input.
    pub(crate) op: Option<Op>,
    /// Lists the positions of the nodes whose values it takes.
    pub(crate) takes: Vec<usize>,
    /// Gives the value's sizes, without the batch.
    pub(crate) shape: Vec<usize>,
}

/// Holds a few latent vectors and the picture that each of them gives: proof for whoever runs the file elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// Holds the latent vectors: `[count][latent]`.
    pub z: Vec<Vec<f32>>,
    /// Holds the class of each picture: `[count]`; empty where the model takes none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<usize>,
    /// Holds the picture of each, row-major: `[count][pixels]`.
    pub image: Vec<Vec<f32>>,
}

impl Model {
    pub(crate) fn new(nodes: Vec<Node>, output: usize) -> Self {
        Self { nodes, output, doc: String::new(), metadata: Vec::new() }
    }

    /// Puts a sentence about the model into it, which viewers show, in place of an older one.
    pub fn with_doc(mut self, doc: &str) -> Self {
        doc.clone_into(&mut self.doc);
        self
    }

    /// Puts an entry of metadata into the model, in place of an older one with this key.
    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        match self.metadata.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.metadata.push((key.to_owned(), value.to_owned())),
        }
        self
    }

    /// Puts proof of what it draws into the model: `z` [count, latent] and the pictures `image` [count, pixels] that
    /// the network gave for them where it was trained, row-major; `class` [count] says of which class each is, and is
    /// empty where the model takes none. They go into the metadata as `forger.parity`.
    ///
    /// # Errors
    /// Refuses numbers that are not whole vectors, equally many of both, all finite; and classes that are not there.
    pub fn with_parity(self, z: &[f32], class: &[usize], image: &[f32]) -> Result<Self, GraphError> {
        let [inputs, outputs] = [self.input_shape(), self.output_shape()].map(|shape| shape.iter().product::<usize>());
        let whole = z.len().is_multiple_of(inputs) && image.len().is_multiple_of(outputs);
        let finite = z.iter().chain(image).all(|value| value.is_finite());
        if !whole || z.len() / inputs != image.len() / outputs || !finite {
            return Err(GraphError::Parity { z: z.len(), image: image.len(), inputs, outputs });
        }
        if !self.are_classes(class, z.len() / inputs) {
            return Err(GraphError::ParityClass {
                found: class.to_vec(),
                classes: self.classes(),
                count: z.len() / inputs,
            });
        }
        let rows = |values: &[f32], size| values.chunks_exact(size).map(<[f32]>::to_vec).collect();
        Ok(self.with_parity_of(&Parity { z: rows(z, inputs), class: class.to_vec(), image: rows(image, outputs) }))
    }

    pub(crate) fn with_parity_of(self, parity: &Parity) -> Self {
        // Every number is the shortest decimal that reads back to the same float32.
        self.with_metadata(PARITY, &serde_json::to_string(parity).expect("finite numbers are always JSON"))
    }

    /// Lists the entries of metadata, key and text, in the order of the file.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Gives the latent vectors and pictures of `forger.parity`, if it has some that are this network's.
    pub fn parity(&self) -> Option<Parity> {
        let (_, json) = self.metadata().find(|(key, _)| *key == PARITY)?;
        let parity: Parity = serde_json::from_str(json).ok()?;
        let [inputs, outputs] = [self.input_shape(), self.output_shape()].map(|shape| shape.iter().product::<usize>());
        let whole = parity.z.len() == parity.image.len()
            && !parity.z.is_empty()
            && parity.z.iter().all(|z| z.len() == inputs)
            && self.are_classes(&parity.class, parity.z.len())
            && parity.image.iter().all(|image| image.len() == outputs);
        whole.then_some(parity)
    }

    /// Counts the classes that a picture can be asked for; 0 where the model takes none.
    pub fn classes(&self) -> usize {
        let embedding = self.nodes.iter().find_map(|node| match &node.op {
            Some(Op::JoinClass { embedding }) => Some(embedding),
            _ => None,
        });
        embedding.map_or(0, |embedding| embedding.shape[0])
    }

    /// Says whether these are classes for `count` pictures: one for each, or none where the model takes none.
    fn are_classes(&self, class: &[usize], count: usize) -> bool {
        match self.classes() {
            0 => class.is_empty(),
            classes => class.len() == count && class.iter().all(|&class| class < classes),
        }
    }

    /// Gives the sizes of the input, without the batch: for z [batch, 100] they are [100].
    pub fn input_shape(&self) -> &[usize] {
        &self.nodes[0].shape
    }

    /// Gives the sizes of the output, without the batch: for grey pictures [1, rows, columns].
    pub fn output_shape(&self) -> &[usize] {
        &self.nodes[self.output].shape
    }

    /// Lists the weights by their names in the file, float32 as a runtime computes with them.
    pub fn weights(&self) -> Vec<(String, &Tensor)> {
        let operations = self.nodes.iter().filter_map(|node| Some((node, node.op.as_ref()?)));
        let constants =
            operations.flat_map(|(node, op)| op.constants().into_iter().map(move |constant| (node, constant)));
        constants.map(|(node, constant)| (constant_name(node, &constant), constant.tensor)).collect()
    }
}

/// Gives a constant's name in the file, the node's in front.
pub(crate) fn constant_name(node: &Node, constant: &Constant) -> String {
    format!("{}.{}", node.name, constant.role)
}
