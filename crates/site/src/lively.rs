//! What z[0] does to a model's samples, found by drawing them: which change most, and are clear pictures at both ends.

use exporter::Model;
use failure::{Failure, Result};

/// How many samples of a seed there are on the page.
pub(crate) const SAMPLES: usize = 100;
/// How far z[0] is moved to see what it does: the ends of its slider.
pub(crate) const ENDS: [f32; 2] = [-3.0, 3.0];
/// Multiplications that a picture may take: some hundreds are drawn.
const MOST_PRODUCTS: usize = 1 << 24;

/// Reads a model that can be drawn here.
///
/// # Errors
/// Says why it cannot: an operator that `exporter` does not know, a network that takes long, no number to move.
pub(crate) fn read(onnx: &[u8]) -> Result<Model> {
    let model = Model::from_onnx(onnx).map_err(|error| Failure::failed(error.to_string()))?;
    // A kernel's weights are each used for every pixel, at most.
    let plane: usize = model.output_shape().iter().skip(1).product();
    let uses = |dims: &[usize]| if dims.len() > 2 { plane } else { 1 };
    let products: usize = model.weights().iter().map(|(_, tensor)| tensor.values().len() * uses(tensor.shape())).sum();
    if products > MOST_PRODUCTS {
        return Err(Failure::failed(format!(
            "a picture may take {products} multiplications, and {MOST_PRODUCTS} are the most for drawing hundreds"
        )));
    }
    if model.input_shape().iter().product::<usize>() == 0 {
        return Err(Failure::failed("there is no z[0] to move"));
    }
    Ok(model)
}

/// The pictures of z [n, latent] with z[0] of each put to a value: [n, pixels]. class: of each.
pub(crate) fn with_first(
    model: &Model,
    z: &[f32],
    values: impl Iterator<Item = f32>,
    class: impl Fn(usize) -> usize,
) -> Vec<f64> {
    let latent: usize = model.input_shape().iter().product();
    let mut moved = z.to_vec();
    moved.chunks_exact_mut(latent).zip(values).for_each(|(z, value)| z[0] = value);
    let classes: Vec<usize> = (0..z.len() / latent).map(class).collect();
    model.evaluate(&moved, &classes)
}

/// The mean of absolute differences.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

/// From 0, all grey, to 1, black and white.
pub(crate) fn clarity(image: &[f64]) -> f64 {
    image.iter().map(|value| value.abs().min(1.0)).sum::<f64>() / image.len() as f64
}

#[cfg(test)]
pub(crate) mod tests {
    use exporter::{Graph, Precision, Tensor};

    use super::*;

    /// Numbers that are the same each time, about from -1 to 1.
    fn numbers(shape: &[usize], seed: usize) -> Tensor {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect();
        Tensor::new(shape, values)
    }

    /// The file of a perceptron of two layers that draws pictures of `image` of z [4], of a class if there are some.
    pub(crate) fn perceptron(image: [usize; 3], classes: usize) -> Vec<u8> {
        let (mut graph, z) = Graph::new("z", &[4]);
        let pixels = image.iter().product();
        let joined = if classes > 0 { graph.join_class(&z, numbers(&[classes, classes], 1)).unwrap() } else { z };
        let (weight, bias) = (numbers(&[6, 4 + classes], 2), Some(numbers(&[6], 3)));
        let hidden = graph.gemm("hidden1", &joined, weight, bias).unwrap();
        let hidden = graph.leaky_relu("hidden1.activation", &hidden, 0.2).unwrap();
        let output = graph.gemm("output", &hidden, numbers(&[pixels, 6], 4), Some(numbers(&[pixels], 5))).unwrap();
        let output = graph.tanh("output.activation", &output).unwrap();
        let output = graph.reshape("image", &output, &image).unwrap();
        graph.finish(&output, "generator").unwrap().to_onnx(Precision::F32).unwrap()
    }

    /// The file of a network whose kernel moves over a picture of `side` by `side`.
    pub(crate) fn convolution(side: usize) -> Vec<u8> {
        let (mut graph, z) = Graph::new("z", &[4]);
        let flat = graph.gemm("hidden1", &z, numbers(&[side * side, 4], 1), None).unwrap();
        let plane = graph.reshape("plane", &flat, &[1, side, side]).unwrap();
        let window = exporter::Window { padding: 1, ..Default::default() };
        let output = graph.conv("output", &plane, numbers(&[1, 1, 3, 3], 2), None, window).unwrap();
        let output = graph.tanh("output.activation", &output).unwrap();
        graph.finish(&output, "generator").unwrap().to_onnx(Precision::F32).unwrap()
    }

    #[test]
    fn what_would_take_long_or_is_not_understood_is_a_sentence() {
        assert!(read(&convolution(28)).is_ok());
        let told = |onnx: &[u8]| read(onnx).err().map(|failure| failure.message).unwrap_or_default();
        assert!(told(&convolution(1200)).contains("and 16777216 are the most"), "{}", told(&convolution(1200)));
        assert!(!told(b"no model").is_empty());
    }
}
