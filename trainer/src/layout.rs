//! Names, shapes and places of every parameter: the only file that knows offsets and order.
//!
//! A network's parameters are one flat `Vec<f32>`; engines, checkpoint and exporter ask here where a tensor lies.
//! Weights are [out, in], row-major, as PyTorch's Linear and ONNX's Gemm with transB have them.

use std::ops::Range;

/// One tensor of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// For example `generator.hidden1.weight`.
    pub name: String,
    /// [out, in] of a weight, [out] of a bias.
    pub shape: Vec<usize>,
    /// Where it lies in the flat buffer.
    pub range: Range<usize>,
}

/// The parameters of one multilayer perceptron with two hidden layers, in order: weight, then bias, layer by layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Widths from input to output: [in, hidden, hidden, out].
    pub widths: [usize; 4],
    /// Weight and bias of `hidden1`, `hidden2` and `output`.
    pub tensors: Vec<TensorSpec>,
}

/// Names of the layers, input side first.
pub const LAYERS: [&str; 3] = ["hidden1", "hidden2", "output"];

impl Layout {
    /// z: [batch, latent] -> image: [batch, pixels].
    pub fn generator(latent: usize, hidden: usize, pixels: usize) -> Self {
        Self::new("generator", [latent, hidden, hidden, pixels])
    }

    /// image: [batch, pixels] -> logits: [batch, 1].
    pub fn discriminator(pixels: usize, hidden: usize) -> Self {
        Self::new("discriminator", [pixels, hidden, hidden, 1])
    }

    fn new(network: &str, widths: [usize; 4]) -> Self {
        let mut tensors = Vec::new();
        let mut start = 0;
        for (layer, pair) in LAYERS.iter().zip(widths.windows(2)) {
            let (inputs, outputs) = (pair[0], pair[1]);
            for (part, shape) in [("weight", vec![outputs, inputs]), ("bias", vec![outputs])] {
                let len: usize = shape.iter().product();
                tensors.push(TensorSpec {
                    name: format!("{network}.{layer}.{part}"),
                    shape,
                    range: start..start + len,
                });
                start += len;
            }
        }
        Self { widths, tensors }
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.tensors.last().map_or(0, |t| t.range.end)
    }

    /// Whether there is no parameter; never true of a network, here because `len` is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cuts of the flat buffer into `parts` parts of about the same length, none of them inside a row of a weight or inside
    /// a bias: [parts + 1], from 0 to [`Layout::len`].
    pub fn cuts(&self, parts: usize) -> Vec<usize> {
        let cut = |part: usize| {
            let wanted = self.len() * part / parts;
            let Some(tensor) = self.tensors.iter().find(|tensor| tensor.range.contains(&wanted)) else {
                return self.len();
            };
            let row = if tensor.shape.len() == 2 { tensor.shape[1] } else { tensor.range.len() };
            tensor.range.start + (wanted - tensor.range.start + row / 2) / row * row
        };
        (0..=parts).map(cut).collect()
    }

    /// Where the weight of layer `layer` (0, 1, 2) lies.
    pub fn weight(&self, layer: usize) -> Range<usize> {
        self.tensors[2 * layer].range.clone()
    }

    /// Where the bias of layer `layer` (0, 1, 2) lies.
    pub fn bias(&self, layer: usize) -> Range<usize> {
        self.tensors[2 * layer + 1].range.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_tile_the_buffer_and_carry_the_contract_names() {
        let layout = Layout::generator(100, 128, 784);
        assert_eq!(layout.len(), 100 * 128 + 128 + 128 * 128 + 128 + 128 * 784 + 784);
        let mut end = 0;
        for tensor in &layout.tensors {
            assert_eq!(tensor.range.start, end, "{}", tensor.name);
            assert_eq!(tensor.range.len(), tensor.shape.iter().product::<usize>(), "{}", tensor.name);
            end = tensor.range.end;
        }
        let names: Vec<_> = layout.tensors.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "generator.hidden1.weight",
                "generator.hidden1.bias",
                "generator.hidden2.weight",
                "generator.hidden2.bias",
                "generator.output.weight",
                "generator.output.bias",
            ]
        );
        assert_eq!(layout.tensors[4].shape, [784, 128]);
    }
    #[test]
    fn cuts_fall_between_rows_and_share_the_work() {
        for layout in [Layout::generator(100, 128, 784), Layout::discriminator(784, 128), Layout::generator(3, 5, 4)] {
            for parts in 1..9 {
                let cuts = layout.cuts(parts);
                assert_eq!((cuts.len(), cuts[0], cuts[parts]), (parts + 1, 0, layout.len()));
                assert!(cuts.is_sorted(), "{cuts:?}");
                for &cut in &cuts[1..parts] {
                    let tensor = layout.tensors.iter().find(|tensor| tensor.range.contains(&cut)).unwrap();
                    let row = if tensor.shape.len() == 2 { tensor.shape[1] } else { tensor.range.len() };
                    assert_eq!((cut - tensor.range.start) % row, 0, "{parts} parts, cut at {cut} in {}", tensor.name);
                }
            }
        }
        let cuts = Layout::discriminator(784, 128).cuts(2);
        assert!((cuts[1] as i64 - 117_121 / 2).abs() <= 784, "{cuts:?}");
    }
}
