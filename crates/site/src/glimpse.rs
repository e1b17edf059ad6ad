//! What the page draws its first picture by, before the network is there: the weights of a chain of dense layers, rounded to a byte
//! each with a scale a row, as `web/glimpse.js` reads them; and which sample greets, found by those very weights.

use exporter::Model;
use failure::{Failure, Result};
use interface::envelope;
use prost::bytes::Bytes;
use serde_json::json;

use crate::lively;

/// The largest of a byte's whole numbers, either way.
const MOST: f32 = 127.0;
/// The shape of MNIST's pictures: a first look is drawn of no others.
const SHAPE: [usize; 3] = [1, 28, 28];
/// The seed whose samples are looked at: the page's first.
const SEED: u64 = 1;
/// How much more counts what moves far, and what is a clear picture; as in `web/liveliest.js`.
const FAR: i32 = 2;
const CLARITY: i32 = 20;

/// A dense layer whose weights are whole numbers with a scale a row.
struct Layer {
    inputs: usize,
    /// [outputs, inputs]
    whole: Vec<i8>,
    /// [outputs]
    scales: Vec<f32>,
    /// [outputs]
    bias: Vec<f32>,
    /// What each sum goes through, as ONNX names it, with its slope.
    applied: Vec<(String, Option<f32>)>,
}

/// Rounds the weights of a model, whose file is `onnx`, and gives the safetensors file that the page draws its first picture by.
///
/// # Errors
/// Says why there is none: no chain of dense layers, or one that draws no digits.
pub fn round(onnx: &[u8]) -> Result<Vec<u8>> {
    let model = lively::read(onnx)?;
    let layers = (model.output_shape() == SHAPE).then(|| chain(onnx, &model)).flatten();
    let layers = layers.ok_or_else(|| Failure::failed("the model is no chain of dense layers that draws digits"))?;
    Ok(file(&layers, greeting(&layers)))
}

/// The layers of a chain; of a model that is told a class the first class's row is a part of the first bias.
fn chain(onnx: &[u8], model: &Model) -> Option<Vec<Layer>> {
    let graph = envelope::decode(Bytes::copy_from_slice(onnx)).ok()?.graph?;
    let weights = model.weights();
    let mut tensors = weights.iter().map(|(_, tensor)| *tensor);
    let class = if model.classes() > 0 { Some(tensors.next()?) } else { None };
    let mut inputs: usize = model.input_shape().iter().product();
    let mut layers: Vec<Layer> = Vec::new();
    for node in &graph.node {
        match node.op_type.as_str() {
            "Gemm" => {
                let weight = tensors.next()?;
                let &[outputs, width] = weight.shape() else { return None };
                let mut bias = vec![0.0; outputs];
                if node.input.len() > 2 {
                    bias = tensors.next()?.values().to_vec();
                }
                let row = class.filter(|_| layers.is_empty()).map_or(&[][..], |rows| &rows.values()[..rows.shape()[1]]);
                if width != inputs + row.len() || bias.len() != outputs {
                    return None;
                }
                let mut of_z = Vec::with_capacity(outputs * inputs);
                for (weights, bias) in weight.values().chunks_exact(width).zip(&mut bias) {
                    of_z.extend_from_slice(&weights[..inputs]);
                    *bias += weights[inputs..].iter().zip(row).map(|(weight, number)| weight * number).sum::<f32>();
                }
                layers.push(Layer::rounded(&of_z, inputs, bias));
                inputs = outputs;
            }
            function @ ("LeakyRelu" | "Relu" | "Tanh" | "Sigmoid") => {
                let alpha = node.attribute.iter().find(|attribute| attribute.name == "alpha").map(|alpha| alpha.f);
                layers.last_mut()?.applied.push((function.to_owned(), alpha));
            }
            "Reshape" | "Flatten" | "Gather" | "Concat" | "DequantizeLinear" | "Cast" => {}
            _ => return None,
        }
    }
    (tensors.next().is_none() && inputs == SHAPE.iter().product::<usize>()).then_some(layers)
}

impl Layer {
    /// weight: [outputs, inputs]
    fn rounded(weight: &[f32], inputs: usize, bias: Vec<f32>) -> Self {
        let (mut whole, mut scales) = (Vec::with_capacity(weight.len()), Vec::new());
        for row in weight.chunks_exact(inputs) {
            let largest = row.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
            let scale = if largest > 0.0 { largest / MOST } else { 1.0 };
            whole.extend(row.iter().map(|weight| (weight / scale).round() as i8));
            scales.push(scale);
        }
        Self { inputs, whole, scales, bias, applied: Vec::new() }
    }

    fn give(&self, values: &[f64]) -> Vec<f64> {
        let rows = self.whole.chunks_exact(self.inputs).zip(&self.scales).zip(&self.bias);
        rows.map(|((row, &scale), &bias)| {
            let sum: f64 = row.iter().zip(values).map(|(&weight, value)| f64::from(weight) * value).sum();
            self.applied.iter().fold(f64::from(bias) + f64::from(scale) * sum, |x, (function, alpha)| {
                match (function.as_str(), x) {
                    ("Tanh", x) => x.tanh(),
                    ("Sigmoid", x) => 1.0 / (1.0 + (-x).exp()),
                    ("LeakyRelu", x) if x < 0.0 => x * f64::from(alpha.unwrap_or(0.01)),
                    ("Relu", x) => x.max(0.0),
                    (_, x) => x,
                }
            })
        })
        .collect()
    }
}

fn draw(layers: &[Layer], z: &[f32]) -> Vec<f64> {
    layers.iter().fold(z.iter().map(|&number| f64::from(number)).collect(), |values, layer| layer.give(&values))
}

/// Which sample of the first seed greets: the one that `choose` of `web/liveliest.js` finds.
fn greeting(layers: &[Layer]) -> usize {
    let latent = layers[0].inputs;
    let samples = noise::sample_z(SEED, lively::SAMPLES, latent);
    let score = |z: &[f32]| {
        let here = draw(layers, z);
        let [low, high] = lively::ENDS.map(|end| draw(layers, &[&[end], &z[1..]].concat()));
        let lively = lively::distance(&low, &high);
        let clear = [&low, &here, &high].map(|image| lively::clarity(image)).into_iter().fold(1.0, f64::min);
        let nearest = lively::distance(&here, &low).min(lively::distance(&here, &high));
        // What lies between two digits is neither.
        lively.powi(FAR) * clear.powi(CLARITY) * (1.0 - (nearest / lively).min(1.0))
    };
    let mut best = (0, -1.0);
    for (sample, z) in samples.chunks_exact(latent).enumerate() {
        let score = score(z);
        if score > best.1 {
            best = (sample, score);
        }
    }
    best.0
}

/// A safetensors file: float32 first, so that its numbers lie where arrays of theirs may begin.
fn file(layers: &[Layer], sample: usize) -> Vec<u8> {
    let applied: Vec<_> = layers.iter().map(|layer| json!(layer.applied)).collect();
    let told = json!({ "imageShape": SHAPE, "applied": applied, "sample": sample }).to_string();
    let mut header = serde_json::Map::from_iter([("__metadata__".to_owned(), json!({ "glimpse": told }))]);
    let mut data: Vec<u8> = Vec::new();
    let mut put = |name: String, dtype: &str, shape: &[usize], bytes: Vec<u8>| {
        let offsets = [data.len(), data.len() + bytes.len()];
        header.insert(name, json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
        data.extend(bytes);
    };
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    for (place, layer) in layers.iter().enumerate() {
        put(format!("{place}.bias"), "F32", &[layer.bias.len()], floats(&layer.bias));
        put(format!("{place}.weight.scale"), "F32", &[layer.scales.len()], floats(&layer.scales));
    }
    for (place, layer) in layers.iter().enumerate() {
        let bytes = layer.whole.iter().map(|weight| weight.to_le_bytes()[0]).collect();
        put(format!("{place}.weight"), "I8", &[layer.bias.len(), layer.inputs], bytes);
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::lively::tests::{convolution, perceptron};

    /// The header of a safetensors file, and its data.
    fn parts(file: &[u8]) -> (Value, &[u8]) {
        let (length, rest) = file.split_at(8);
        let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
        assert_eq!(length % 8, 0);
        (serde_json::from_slice(&rest[..length]).unwrap(), &rest[length..])
    }

    #[test]
    fn rounded_weights_are_the_models_to_half_a_step() {
        for classes in [0, 3] {
            let onnx = perceptron(SHAPE, classes);
            let model = Model::from_onnx(&onnx).unwrap();
            let file = round(&onnx).unwrap();
            let (header, data) = parts(&file);
            let told: Value = serde_json::from_str(header["__metadata__"]["glimpse"].as_str().unwrap()).unwrap();
            assert_eq!(told["imageShape"], json!(SHAPE));
            assert_eq!(told["applied"], json!([[["LeakyRelu", 0.2f32]], [["Tanh", null]]]));
            let bytes = |name: &str| {
                let at = |i: usize| header[name]["data_offsets"][i].as_u64().unwrap() as usize;
                &data[at(0)..at(1)]
            };
            let floats = |name: &str| -> Vec<f32> {
                bytes(name).as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
            };
            assert_eq!(header["0.weight"]["shape"], json!([6, 4]));
            let weights = model.weights();
            let [whole, scales] = [bytes("1.weight"), bytes("1.weight.scale")];
            assert_eq!((whole.len(), scales.len()), (784 * 6, 784 * 4));
            let scales = floats("1.weight.scale");
            let of_file = &weights[weights.len() - 2].1;
            for (i, (&byte, &weight)) in whole.iter().zip(of_file.values()).enumerate() {
                let scale = scales[i / 6];
                let off = (f32::from(byte as i8) * scale - weight).abs();
                assert!(off <= scale * 0.5001, "{i}: {off} of a step of {scale}");
            }
            // What it draws is what the model draws of the first class, by the little that was rounded.
            let layers = chain(&onnx, &model).unwrap();
            let z = [0.5, -1.0, 2.0, 0.25];
            let drawn = draw(&layers, &z);
            let expected = model.evaluate(&z, &[0][..classes.min(1)]);
            assert!(crate::lively::distance(&drawn, &expected) < 0.02, "{classes} classes");
            assert!(told["sample"].as_u64().unwrap() < 100 && told["sample"] == greeting(&layers));
        }
    }

    #[test]
    fn what_is_no_chain_that_draws_digits_has_none() {
        for onnx in [convolution(28), perceptron([1, 8, 8], 0), perceptron([3, 28, 28], 0)] {
            assert!(round(&onnx).unwrap_err().message.contains("no chain of dense layers that draws digits"));
        }
    }
}
