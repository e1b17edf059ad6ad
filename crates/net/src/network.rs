//! What follows from a list of layers: sizes, parameters, faults, costs.

use std::fmt;
use std::ops::Range;

use crate::fit::fit;
use crate::{Layer, Map, Size};

/// Names the function that follows a linear map, number by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Changes nothing: what comes out is what the linear map gave.
    Identity,
    /// Leaves x as it is where it is above 0, else multiplies it by this slope.
    LeakyRelu(f64),
    /// Takes the hyperbolic tangent: what comes out is in (-1, 1).
    Tanh,
}

impl Activation {
    /// Says whether the function is made of straight pieces, so that its derivative is constant almost everywhere: the
    /// gradient penalties R1 and R2 need that of a discriminator.
    pub fn is_piecewise_linear(self) -> bool {
        // Every one by name: a new function that were taken for pieces would make penalties wrong without a word.
        match self {
            Self::Identity | Self::LeakyRelu(_) => true,
            Self::Tanh => false,
        }
    }
}

/// Joins a linear map with the function after it: y = f(W x + b).
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Names the stage in its network: `hidden1`, `hidden2` and so on, the last one `output`.
    pub name: String,
    /// Says which kind of linear map W is.
    pub map: Map,
    /// Counts the numbers that go in, for one row.
    pub inputs: usize,
    /// Counts the numbers that come out, for one row.
    pub outputs: usize,
    /// Says what happens to each number that the linear map gives.
    pub activation: Activation,
    /// Says where the weight lies in the flat buffer of parameters: [outputs, inputs] of a dense map, row-major, as
    /// [`Map`] says of the others.
    pub weight: Range<usize>,
    /// Says where the bias lies in the flat buffer of parameters: one for each [`Stage::plane`] outputs.
    pub bias: Range<usize>,
}

impl Stage {
    /// Counts the outputs that share a bias, one behind the other: 1, or the rows times the columns of a channel.
    pub fn plane(&self) -> usize {
        self.outputs / self.bias.len()
    }

    /// Counts the rows of the weight taken as a matrix, which are as many as its first size says.
    pub fn weight_rows(&self) -> usize {
        match self.map {
            Map::Dense => self.outputs,
            Map::Conv(conv) | Map::ConvTranspose(conv) => conv.to[0],
        }
    }

    /// Calls `visit` with (output, input, weight) for every product of a weight and an input that an output is a sum of: what the
    /// linear map is, number by number. Engines have faster ways; this is what they are tested by.
    pub fn visit_products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        match self.map {
            Map::Dense => {
                for weight in 0..self.outputs * self.inputs {
                    visit(weight / self.inputs, weight % self.inputs, weight);
                }
            }
            Map::Conv(conv) => conv.visit_products(visit),
            Map::ConvTranspose(conv) => conv.visit_products(|output, input, weight| visit(input, output, weight)),
        }
    }

    /// Counts the multiplications and additions of its product for one row, in FLOPs; those with zeros at the edges of a picture count
    /// too. The product forward, the one back, and the weight's gradient cost the same.
    pub fn flops(&self) -> u64 {
        2 * self.weight.len() as u64 * self.map.uses() as u64
    }
}

/// Says how the numbers of a parameter begin, before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Draws each uniformly between minus and plus a limit: sqrt(6 / (inputs + outputs)) of Glorot and Bengio,
    /// "Understanding the difficulty of training deep feedforward neural networks", 2010.
    Uniform {
        /// Bounds the magnitude of each number, above 0.
        limit: f64,
    },
    /// Starts every number at 0, as biases do.
    Zero,
}

/// Describes one tensor of a network's parameters; its numbers lie in a flat buffer elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Names the tensor in checkpoints and model files, for example `generator.hidden1.weight`.
    pub name: String,
    /// Gives its sizes: [outputs, inputs] of a weight, as PyTorch's Linear and ONNX's Gemm with transB have it, and of a
    /// convolution as PyTorch and ONNX have theirs; [outputs] or [channels] of a bias.
    pub shape: Vec<usize>,
    /// Says where it lies in the flat buffer, in numbers, row-major.
    pub range: Range<usize>,
    /// Says how its numbers begin.
    pub initial: Initial,
}

/// Says what about a list of layers cannot be, and where. Displayed, it is a sentence that starts with the layer, if
/// there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Numbers the layer, from 1; none if the fault is about the list as a whole.
    pub layer: Option<usize>,
    /// Says what is wrong, and what would be right, in words that go on after the layer's number.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "layer {layer} {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Describes a network whose sizes are known and fit together; it holds no parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Names the network, and with it its tensors: `generator` or `discriminator`.
    pub name: String,
    /// Lists the linear maps from input to output, each with the function after it; there is at least one.
    pub stages: Vec<Stage>,
    /// Lists the parameters in the order of the flat buffer: weight, then bias, stage by stage.
    pub tensors: Vec<Tensor>,
}

impl Network {
    /// Makes the network that `layers` make of `inputs`, where `outputs` must come out.
    ///
    /// # Errors
    /// Lists every fault: no layer with weights, two functions in a row, one before anything that can be learned, a number that
    /// cannot be, a convolution of what is no picture, sizes that do not meet, outputs that are not `outputs`.
    pub fn new(
        name: &str,
        inputs: impl Into<Size>,
        layers: &[Layer],
        outputs: impl Into<Size>,
    ) -> Result<Self, Vec<Fault>> {
        let inputs = inputs.into();
        Ok(Self::of_maps(name, inputs.count(), &fit(inputs, layers, outputs.into())?))
    }

    /// Lists what about each layer alone cannot be, whatever goes in and must come out.
    pub fn faults_of_each(layers: &[Layer]) -> Vec<Fault> {
        let of_one = |(number, layer): (usize, &Layer)| {
            layer.faults(0).into_iter().map(move |what| Fault { layer: Some(number), what })
        };
        (1..).zip(layers).flat_map(of_one).collect()
    }

    /// Makes a multilayer perceptron: `widths` from input to output, leaky ReLUs of `slope` between, `last` at its end.
    ///
    /// # Panics
    /// If there are fewer than two widths.
    pub fn mlp(name: &str, widths: &[usize], slope: f64, last: Activation) -> Self {
        let (&inputs, outputs) = widths.split_first().expect("an input");
        assert!(!outputs.is_empty(), "an output");
        let of = |i: usize| if i + 1 == outputs.len() { last } else { Activation::LeakyRelu(slope) };
        let maps: Vec<_> = outputs.iter().enumerate().map(|(i, &width)| (Map::Dense, width, of(i))).collect();
        Self::of_maps(name, inputs, &maps)
    }

    /// Lays the parameters of these maps out, each with what it gives and the function after it.
    fn of_maps(name: &str, inputs: usize, maps: &[(Map, usize, Activation)]) -> Self {
        let (mut stages, mut tensors) = (Vec::new(), Vec::new());
        let (mut inputs, mut start) = (inputs, 0);
        for (i, &(map, outputs, activation)) in maps.iter().enumerate() {
            let stage = if i + 1 == maps.len() { "output".to_owned() } else { format!("hidden{}", i + 1) };
            let shape = map.weight_shape(inputs, outputs);
            let weight = start..start + shape.iter().product::<usize>();
            let bias = weight.end..weight.end + map.biases(outputs);
            start = bias.end;
            let limit = (6.0 / map.fans(inputs, outputs).iter().sum::<f64>()).sqrt();
            for (part, shape, range, initial) in [
                ("weight", shape, &weight, Initial::Uniform { limit }),
                ("bias", vec![bias.len()], &bias, Initial::Zero),
            ] {
                tensors.push(Tensor { name: format!("{name}.{stage}.{part}"), shape, range: range.clone(), initial });
            }
            stages.push(Stage { name: stage, map, inputs, outputs, activation, weight, bias });
            inputs = outputs;
        }
        Self { name: name.to_owned(), stages, tensors }
    }

    /// Counts the parameters: the numbers of the flat buffer.
    pub fn len(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// Says whether there is no parameter: never true of a network, and here because `len` is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts the numbers that go in, for one row: coordinates of z, or pixels.
    pub fn inputs(&self) -> usize {
        self.stages[0].inputs
    }

    /// Counts the numbers that come out, for one row: pixels, or the one logit.
    pub fn outputs(&self) -> usize {
        self.stages[self.stages.len() - 1].outputs
    }

    /// Gives the function at the end, which a generator's pictures and a discriminator's logit come from.
    pub fn last_activation(&self) -> Activation {
        self.stages[self.stages.len() - 1].activation
    }

    /// Says whether a gradient penalty can be worked out by one backward and one tangent pass: every function is made
    /// of straight pieces.
    pub fn is_piecewise_linear(&self) -> bool {
        self.stages.iter().all(|stage| stage.activation.is_piecewise_linear())
    }

    /// Says whether every linear map is a dense one.
    pub fn is_dense(&self) -> bool {
        self.stages.iter().all(|stage| stage.map == Map::Dense)
    }

    /// Gives the hidden width and the slope, if this is a perceptron of two hidden layers of one width with leaky ReLUs
    /// of one slope between and `last` at the end: the engine made for just that takes no other.
    pub fn two_hidden(&self, last: Activation) -> Option<(usize, f64)> {
        let [first, second, output] = &self.stages[..] else { return None };
        if !self.is_dense() {
            return None;
        }
        match (first.activation, second.activation) {
            (Activation::LeakyRelu(slope), Activation::LeakyRelu(other))
                if slope == other && first.outputs == second.outputs && output.activation == last =>
            {
                Some((first.outputs, slope))
            }
            _ => None,
        }
    }

    /// Counts the FLOPs of a forward pass of one row.
    pub fn flops_forward(&self) -> u64 {
        self.stages.iter().map(Stage::flops).sum()
    }

    /// Counts the FLOPs of passing a row's error back to the input, the first stage's own product included only if
    /// `to_input`.
    pub fn flops_back(&self, to_input: bool) -> u64 {
        let first = if to_input { 0 } else { 1 };
        self.stages[first..].iter().map(Stage::flops).sum()
    }

    /// Cuts the flat buffer into `parts` parts of about the same length, none of them inside a row of a weight or
    /// inside a bias: [parts + 1], from 0 to [`Network::len`].
    pub fn cuts(&self, parts: usize) -> Vec<usize> {
        let cut = |part: usize| {
            let wanted = self.len() * part / parts;
            let Some(tensor) = self.tensors.iter().find(|tensor| tensor.range.contains(&wanted)) else {
                return self.len();
            };
            let row = row_of(tensor);
            tensor.range.start + (wanted - tensor.range.start + row / 2) / row * row
        };
        (0..=parts).map(cut).collect()
    }

    /// Says where the weight of stage `stage`, counted from 0, lies in the flat buffer: of a dense map [outputs, inputs], row-major.
    pub fn weight(&self, stage: usize) -> Range<usize> {
        self.stages[stage].weight.clone()
    }

    /// Says where the bias of stage `stage`, counted from 0, lies in the flat buffer: [outputs], of convolutions [channels].
    pub fn bias(&self, stage: usize) -> Range<usize> {
        self.stages[stage].bias.clone()
    }
}

/// Counts the numbers of a row of a weight, taken as a matrix, or of a whole bias.
fn row_of(tensor: &Tensor) -> usize {
    if tensor.shape.len() > 1 { tensor.shape[1..].iter().product() } else { tensor.range.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator() -> Network {
        Network::mlp("generator", &[100, 128, 128, 784], 0.2, Activation::Tanh)
    }

    #[test]
    fn tensors_tile_the_buffer_and_carry_the_contract_names() {
        let network = generator();
        assert_eq!(network.len(), 100 * 128 + 128 + 128 * 128 + 128 + 128 * 784 + 784);
        let mut end = 0;
        for tensor in &network.tensors {
            assert_eq!(tensor.range.start, end, "{}", tensor.name);
            assert_eq!(tensor.range.len(), tensor.shape.iter().product::<usize>(), "{}", tensor.name);
            end = tensor.range.end;
        }
        let names: Vec<_> = network.tensors.iter().map(|t| t.name.as_str()).collect();
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
        assert_eq!(network.tensors[4].shape, [784, 128]);
    }

    #[test]
    fn cuts_fall_between_rows_and_share_the_work() {
        let d = Network::mlp("discriminator", &[784, 128, 128, 1], 0.2, Activation::Identity);
        let small = Network::mlp("generator", &[3, 5, 5, 4], 0.2, Activation::Tanh);
        let deep = Network::mlp("generator", &[3, 5, 7, 2, 4], 0.2, Activation::Tanh);
        for network in [generator(), d.clone(), small, deep] {
            for parts in 1..9 {
                let cuts = network.cuts(parts);
                assert_eq!((cuts.len(), cuts[0], cuts[parts]), (parts + 1, 0, network.len()));
                assert!(cuts.is_sorted(), "{cuts:?}");
                for &cut in &cuts[1..parts] {
                    let tensor = network.tensors.iter().find(|tensor| tensor.range.contains(&cut)).unwrap();
                    let row = row_of(tensor);
                    assert_eq!((cut - tensor.range.start) % row, 0, "{parts} parts, cut at {cut} in {}", tensor.name);
                }
            }
        }
        let cuts = d.cuts(2);
        assert!((cuts[1] as i64 - 117_121 / 2).abs() <= 784, "{cuts:?}");
    }

    #[test]
    fn layers_become_stages_and_the_last_width_follows_from_what_must_come_out() {
        let layers = [
            Layer::dense(5),
            Layer::leaky_relu(0.1),
            Layer::dense(3),
            Layer::dense(7),
            Layer::Tanh,
            Layer::dense_to_output(),
        ];
        let network = Network::new("discriminator", 9, &layers, 1).unwrap();
        let stages: Vec<_> =
            network.stages.iter().map(|s| (s.name.as_str(), s.inputs, s.outputs, s.activation)).collect();
        assert_eq!(
            stages,
            [
                ("hidden1", 9, 5, Activation::LeakyRelu(0.1)),
                ("hidden2", 5, 3, Activation::Identity),
                ("hidden3", 3, 7, Activation::Tanh),
                ("output", 7, 1, Activation::Identity),
            ]
        );
        assert_eq!((network.inputs(), network.outputs()), (9, 1));
        assert!(!network.is_piecewise_linear());
        assert_eq!(network.flops_forward(), 2 * (45 + 15 + 21 + 7));
        assert_eq!(network.flops_back(false), 2 * (15 + 21 + 7));
        assert_eq!(network.two_hidden(Activation::Identity), None);
        assert_eq!(generator().two_hidden(Activation::Tanh), Some((128, 0.2)));
        assert_eq!(generator().two_hidden(Activation::Identity), None);
    }

    #[test]
    fn the_same_layers_are_the_same_network_as_the_shorthand() {
        let layers = [
            Layer::dense(128),
            Layer::leaky_relu(0.2),
            Layer::dense(128),
            Layer::leaky_relu(0.2),
            Layer::dense_to_output(),
            Layer::Tanh,
        ];
        assert_eq!(Network::new("generator", 100, &layers, 784).unwrap(), generator());
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let layers = [Layer::Tanh, Layer::dense(0), Layer::leaky_relu(1.5), Layer::Tanh, Layer::dense(6)];
        let faults = Network::new("generator", 4, &layers, 5).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        for expected in [
            "layer 1 is a function with no dense layer or convolution before it",
            "layer 2 has a width of 0",
            "layer 3 has a slope of 1.5",
            "layer 4 is a function with no dense layer or convolution before it",
            "the last dense layer gives 6 numbers and 5 must come out",
        ] {
            assert!(told.iter().any(|text| text.contains(expected)), "{expected} is not in {told:?}");
        }
        let no_width = [Layer::dense_to_output(), Layer::Tanh, Layer::dense_to_output()];
        let told: Vec<String> =
            Network::new("generator", 4, &no_width, 5).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["layer 1 has no width: only that of the last dense layer may be left out, and of one before a reshape"]
        );
        assert!(Network::new("generator", 4, &[], 5).unwrap_err()[0].to_string().contains("no dense layer"));
    }
}
