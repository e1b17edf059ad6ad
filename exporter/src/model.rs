//! A finished network, with what its file tells about it.

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::checkpoint;
use crate::decode;
use crate::encode;
use crate::error::ExportError;
use crate::evaluate;
use crate::graph::Node;
use crate::graph_error::GraphError;
use crate::onnx_error::{OnnxError, short};
use crate::op::Constant;
use crate::precision::{Precision, restore, store};
use crate::tensor::Tensor;
use crate::weights_file;

/// Key of the metadata that holds latent vectors and their pictures.
pub(crate) const PARITY: &str = "forger.parity";
/// Key of the metadata that says how weights were rounded.
pub(crate) const PRECISION: &str = "forger.precision";

/// A generator: a network whose shapes fit from end to end, its weights, and the metadata of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The input first; each takes the values of earlier ones only.
    pub(crate) nodes: Vec<Node>,
    /// Position of the node whose value is the result.
    pub(crate) output: usize,
    /// What the file says of itself in a sentence.
    pub(crate) doc: String,
    /// In the order of the file.
    pub(crate) metadata: Vec<(String, String)>,
}

/// A few latent vectors and the picture that each of them gives: proof for whoever runs the file elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// `[count][latent]`.
    pub z: Vec<Vec<f32>>,
    /// `[count][pixels]`.
    pub image: Vec<Vec<f32>>,
}

/// `forger.precision`.
#[derive(Serialize, Deserialize)]
struct Rounded {
    weights: Precision,
    /// Largest difference that the rounding made to a pixel of the parity pictures; absent without those.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_pixel_difference: Option<f64>,
}

impl Model {
    pub(crate) fn new(nodes: Vec<Node>, output: usize) -> Self {
        Self { nodes, output, doc: String::new(), metadata: Vec::new() }
    }

    /// The generator of a checkpoint that Forger's trainer wrote, or of a file of [`to_safetensors`](Self::to_safetensors).
    ///
    /// # Errors
    /// An [`ExportError`] that says what is wrong with the file.
    pub fn from_checkpoint(checkpoint: &[u8]) -> Result<Self, ExportError> {
        checkpoint::read(checkpoint)
    }

    /// The network of `architecture` with the weights of a safetensors file from anywhere, float32. If the file has
    /// `parity.z` [count, latent] and `parity.image` [count, pixels], they become the model's proof pictures; tensors
    /// that the architecture does not call for are passed over.
    ///
    /// # Errors
    /// An [`ExportError`] that says which tensor is missing or does not fit.
    pub fn from_safetensors(weights: &[u8], architecture: &Architecture) -> Result<Self, ExportError> {
        checkpoint::read_weights(weights, architecture)
    }

    /// Reads a model file of the operators that a [`Graph`](crate::Graph) has, whoever wrote it. Weights that are
    /// stored small come out as the float32 that runtimes compute with.
    ///
    /// # Errors
    /// An [`OnnxError`] that says which part is not understood.
    pub fn from_onnx(onnx: &[u8]) -> Result<Self, OnnxError> {
        decode::read(onnx)
    }

    /// The weights as a safetensors file, float32, named as in the model file, with the metadata that
    /// [`from_checkpoint`](Self::from_checkpoint) makes the same model of. (A graph that is no chain of layers has no
    /// such description: then it is the weights alone.)
    pub fn to_safetensors(&self) -> Vec<u8> {
        checkpoint::write_generator(self)
    }

    /// The same with a sentence about it, which viewers show.
    pub fn with_doc(mut self, doc: &str) -> Self {
        doc.clone_into(&mut self.doc);
        self
    }

    /// The same with an entry of metadata, which takes the place of an older one with this key.
    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        match self.metadata.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.metadata.push((key.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same with proof of what it draws: `z` [count, latent] and the pictures `image` [count, pixels] that the
    /// network gave for them where it was trained, row-major. They go into the metadata as `forger.parity`.
    ///
    /// # Errors
    /// If the numbers are not whole vectors, equally many of both, all finite.
    pub fn with_parity(self, z: &[f32], image: &[f32]) -> Result<Self, GraphError> {
        let [inputs, outputs] = [self.input_shape(), self.output_shape()].map(|shape| shape.iter().product::<usize>());
        let whole = z.len().is_multiple_of(inputs) && image.len().is_multiple_of(outputs);
        let finite = z.iter().chain(image).all(|value| value.is_finite());
        if !whole || z.len() / inputs != image.len() / outputs || !finite {
            return Err(GraphError::Parity { z: z.len(), image: image.len(), inputs, outputs });
        }
        let rows = |values: &[f32], size| values.chunks_exact(size).map(<[f32]>::to_vec).collect();
        Ok(self.with_parity_of(&Parity { z: rows(z, inputs), image: rows(image, outputs) }))
    }

    fn with_parity_of(self, parity: &Parity) -> Self {
        // Every number is the shortest decimal that reads back to the same float32.
        self.with_metadata(PARITY, &serde_json::to_string(parity).expect("finite numbers are always JSON"))
    }

    /// The entries of metadata, in the order of the file.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The latent vectors and pictures of `forger.parity`, if it has some that are this network's.
    pub fn parity(&self) -> Option<Parity> {
        let (_, json) = self.metadata().find(|(key, _)| *key == PARITY)?;
        let parity: Parity = serde_json::from_str(json).ok()?;
        let [inputs, outputs] = [self.input_shape(), self.output_shape()].map(|shape| shape.iter().product::<usize>());
        let whole = parity.z.len() == parity.image.len()
            && !parity.z.is_empty()
            && parity.z.iter().all(|z| z.len() == inputs)
            && parity.image.iter().all(|image| image.len() == outputs);
        whole.then_some(parity)
    }

    /// Sizes of the input, batch apart.
    pub fn input_shape(&self) -> &[usize] {
        &self.nodes[0].shape
    }

    /// Sizes of the output, batch apart.
    pub fn output_shape(&self) -> &[usize] {
        &self.nodes[self.output].shape
    }

    /// The weights by their names in the file, float32 as a runtime computes with them.
    pub fn weights(&self) -> Vec<(String, &Tensor)> {
        let operations = self.nodes.iter().filter_map(|node| Some((node, node.op.as_ref()?)));
        let constants =
            operations.flat_map(|(node, op)| op.constants().into_iter().map(move |constant| (node, constant)));
        constants.map(|(node, constant)| (constant_name(node, &constant), constant.tensor)).collect()
    }

    /// What the network gives by f64 arithmetic, without rounding errors to speak of: z [n, latent] -> [n, pixels],
    /// row-major. Slow; it is there to judge what runs the file.
    ///
    /// # Panics
    /// If `z` is not whole latent vectors.
    pub fn evaluate(&self, z: &[f32]) -> Vec<f64> {
        let inputs: usize = self.input_shape().iter().product();
        assert!(z.len().is_multiple_of(inputs), "{} numbers are not whole vectors of {inputs}", z.len());
        evaluate::evaluate(self, z)
    }

    /// The bytes of the model file: ONNX, opset 17, IR version 8. The same model gives the same bytes.
    ///
    /// In a precision other than float32 the parity pictures are those of the rounded weights, by f64 arithmetic, so
    /// that runtimes can still be held to them; `forger.precision` says how far they are from the pictures that were
    /// there before.
    ///
    /// # Errors
    /// If a weight is beyond that precision.
    pub fn to_onnx(&self, precision: Precision) -> Result<Vec<u8>, GraphError> {
        let rounded;
        let model = match precision {
            Precision::F32 => self,
            _ => {
                rounded = self.rounded(precision)?;
                &rounded
            }
        };
        Ok(prost::Message::encode_to_vec(&encode::model(model, precision)?))
    }

    /// The network with the weights that a file of this precision holds.
    fn rounded(&self, precision: Precision) -> Result<Self, GraphError> {
        let mut rounded = self.clone();
        for node in &mut rounded.nodes {
            let Some(op) = &mut node.op else { continue };
            let axes: Vec<Option<usize>> = op.constants().iter().map(|constant| constant.channels).collect();
            for ((role, tensor), channels) in op.constants_mut().into_iter().zip(axes) {
                let Some(channels) = channels else { continue };
                let stored =
                    store(tensor, channels, precision).map_err(|value| beyond_half(&node.name, role, value))?;
                tensor.values = restore(&stored, &tensor.shape, channels);
            }
        }
        let known = self.metadata().find(|(key, _)| *key == PRECISION).map(|(_, json)| serde_json::from_str(json));
        if matches!(known, Some(Ok(Rounded { weights, .. })) if weights == precision) && rounded.nodes == self.nodes {
            // Read from such a file: what its rounding once did to the pictures is known from there alone.
            return Ok(rounded);
        }
        let Some(Parity { z, image: before }) = self.parity() else {
            let told = Rounded { weights: precision, max_pixel_difference: None };
            return Ok(rounded.with_metadata(PRECISION, &serde_json::to_string(&told).expect("plain JSON")));
        };
        let pixels = rounded.evaluate(&z.concat());
        let differences = pixels.iter().zip(before.concat()).map(|(after, before)| (after - f64::from(before)).abs());
        // Six digits are enough, and leave no room for the last bit of some machine's tanh.
        let largest = (differences.fold(0.0, f64::max) * 1e6).round() / 1e6;
        let told = Rounded { weights: precision, max_pixel_difference: Some(largest) };
        let image: Vec<f32> = pixels.iter().map(|&pixel| pixel as f32).collect();
        let image = image.chunks_exact(before[0].len()).map(<[f32]>::to_vec).collect();
        let rounded = rounded.with_metadata(PRECISION, &serde_json::to_string(&told).expect("plain JSON"));
        Ok(rounded.with_parity_of(&Parity { z, image }))
    }
}

/// The weights of any model file as a safetensors file, float32, by the names that the file gives them. Whole numbers, such
/// as shapes, are left out.
///
/// # Errors
/// An [`OnnxError`] if the bytes are no model, or a weight's numbers are not there.
pub fn weights_of(onnx: &[u8]) -> Result<Vec<u8>, OnnxError> {
    let model = interface::envelope::decode(prost::bytes::Bytes::copy_from_slice(onnx))?;
    let unreadable = |tensor: &interface::onnx::TensorProto, reason: &str| OnnxError::Constant {
        name: short(&tensor.name),
        reason: reason.to_owned(),
    };
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for tensor in model.graph.iter().flat_map(|graph| &graph.initializer) {
        if interface::external::is_external(tensor) {
            return Err(unreadable(tensor, "its numbers are kept in another file"));
        }
        let Some(values) = tensor.to_floats() else { continue };
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let shape = shape.filter(|shape| Tensor::count(shape) == Some(values.len()));
        let shape = shape.ok_or_else(|| unreadable(tensor, "it holds another number of values than its shape says"))?;
        if tensors.iter().any(|(name, _)| *name == tensor.name) {
            return Err(unreadable(tensor, "there are two of this name"));
        }
        tensors.push((tensor.name.clone(), Tensor { shape, values }));
    }
    let named: Vec<(String, &Tensor)> = tensors.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    Ok(weights_file::write(&named, &[]))
}

/// The error of a weight that half precision does not have.
pub(crate) fn beyond_half(node: &str, role: &str, value: f32) -> GraphError {
    GraphError::BeyondHalf { node: node.to_owned(), tensor: format!("{node}.{role}"), value: value.to_string() }
}

/// A constant's name in the file.
pub(crate) fn constant_name(node: &Node, constant: &Constant) -> String {
    format!("{}.{}", node.name, constant.role)
}
