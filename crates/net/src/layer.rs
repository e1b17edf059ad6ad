//! What a network may be made of, as recipes and checkpoints write it.

use serde::{Deserialize, Serialize};

use crate::Activation;

/// Bounds the outputs of one dense layer: more are refused, since a slip of the keyboard would else ask for terabytes.
const MAX_WIDTH: usize = 1 << 16;
/// Bounds the channels of a picture between layers.
const MAX_CHANNELS: usize = 1 << 12;
/// Bounds the rows and columns of a picture between layers.
const MAX_SIDE: usize = 1 << 10;
/// Bounds a kernel's rows and columns, and its steps.
const MAX_KERNEL: usize = 16;

/// Describes one layer of a chain, as a recipe writes it: `{ layer = "dense", width = 256 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// Sums all inputs for every output, each with a weight of its own, and adds a bias.
    Dense {
        /// Counts the numbers that come out; left out, they are as many as the network must give (pixels of a picture, or
        /// D's one logit), or as the `reshape` after it takes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<usize>,
    },
    /// Slides a kernel over a picture, and adds a bias to each channel.
    Conv {
        /// Counts the channels that come out; left out, they are as many as the picture that the network must give has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Counts the kernel's rows and columns.
        #[serde(default = "three")]
        kernel: usize,
        /// Counts the steps between two places of the kernel: 2 halves rows and columns.
        #[serde(default = "one")]
        stride: usize,
        /// Counts the zeros at each edge; left out, (kernel - 1) / 2, so that a stride of 1 keeps the size of an odd kernel's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        padding: Option<usize>,
        /// Counts how often each row and column is repeated before: 2 doubles them.
        #[serde(default = "one")]
        upsample: usize,
    },
    /// Slides a kernel the other way, so that the picture grows by the stride, and adds a bias to each channel.
    ConvTranspose {
        /// Counts the channels that come out; left out, they are as many as the picture that the network must give has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Counts the kernel's rows and columns.
        #[serde(default = "four")]
        kernel: usize,
        /// Counts the steps between two places of the kernel in what comes out: 2 doubles rows and columns.
        #[serde(default = "two")]
        stride: usize,
        /// Counts the rows and columns cut off each edge; left out, (kernel - stride) / 2, so that the size grows by the stride
        /// where that is whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        padding: Option<usize>,
    },
    /// Takes the numbers for a picture, channel by channel and row by row; changes none.
    Reshape {
        /// Counts the picture's channels.
        channels: usize,
        /// Counts its rows; left out with `columns`, so many that the convolutions after it end at the picture's size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<usize>,
        /// Counts its columns; left out with `rows`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        columns: Option<usize>,
    },
    /// Leaves x as it is where it is above 0, else multiplies it by `slope`, number by number.
    LeakyRelu {
        /// Multiplies negative numbers, at least 0 and below 1; 0 is the plain ReLU.
        slope: f64,
    },
    /// Takes the hyperbolic tangent, number by number: what comes out is in (-1, 1).
    Tanh,
}

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

fn three() -> usize {
    3
}

fn four() -> usize {
    4
}

impl Layer {
    /// Lists the names of the kinds of layer, as recipes write them in the key `layer`.
    pub const KINDS: &[&str] = &["dense", "conv", "conv-transpose", "reshape", "leaky-relu", "tanh"];

    /// Gives the function that the layer is, number by number; none if it is a linear map, or only another shape.
    pub fn activation(&self) -> Option<Activation> {
        match *self {
            Self::Dense { .. } | Self::Conv { .. } | Self::ConvTranspose { .. } | Self::Reshape { .. } => None,
            Self::LeakyRelu { slope } => Some(Activation::LeakyRelu(slope)),
            Self::Tanh => Some(Activation::Tanh),
        }
    }

    /// Says whether the layer has weights.
    pub fn is_map(&self) -> bool {
        matches!(self, Self::Dense { .. } | Self::Conv { .. } | Self::ConvTranspose { .. })
    }

    /// Says whether the layer gives a picture, or looks at what it is given as one: then the network's sizes are three.
    pub fn is_of_pictures(&self) -> bool {
        matches!(self, Self::Conv { .. } | Self::ConvTranspose { .. } | Self::Reshape { .. })
    }

    /// Makes a dense layer of `width` outputs.
    pub fn dense(width: usize) -> Self {
        Self::Dense { width: Some(width) }
    }

    /// Makes a dense layer of as many outputs as the network must give.
    pub fn dense_to_output() -> Self {
        Self::Dense { width: None }
    }

    /// Makes a leaky ReLU, which multiplies negative numbers by `slope`.
    pub fn leaky_relu(slope: f64) -> Self {
        Self::LeakyRelu { slope }
    }

    /// Lists what about the layer alone cannot be, whatever stands before and after it, in words that go on after "layer 3".
    /// `outputs`: as many numbers as must come out of the network, which a dense layer may always give.
    pub(crate) fn faults(&self, outputs: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let mut within = |what: &str, value: Option<usize>, [least, most]: [usize; 2]| {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                faults.push(format!("has {what} of {value}: it must be between {least} and {most}"));
            }
        };
        match *self {
            Self::Dense { width } => {
                within("a width", width.filter(|&width| width == 0 || width != outputs), [1, MAX_WIDTH]);
            }
            Self::Conv { channels, kernel, stride, padding, upsample } => {
                within("a number of channels", channels, [1, MAX_CHANNELS]);
                within("a kernel", Some(kernel), [1, MAX_KERNEL]);
                within("a stride", Some(stride), [1, MAX_KERNEL]);
                within("a padding", padding, [0, MAX_KERNEL]);
                within("an upsampling", Some(upsample), [1, MAX_KERNEL]);
            }
            Self::ConvTranspose { channels, kernel, stride, padding } => {
                within("a number of channels", channels, [1, MAX_CHANNELS]);
                within("a kernel", Some(kernel), [1, MAX_KERNEL]);
                within("a stride", Some(stride), [1, MAX_KERNEL]);
                within("a padding", padding, [0, MAX_KERNEL]);
            }
            Self::Reshape { channels, rows, columns } => {
                within("a number of channels", Some(channels), [1, MAX_CHANNELS]);
                within("a number of rows", rows, [1, MAX_SIDE]);
                within("a number of columns", columns, [1, MAX_SIDE]);
                if rows.is_some() != columns.is_some() {
                    faults.push("says one of `rows` and `columns`: say both, or leave both out".to_owned());
                }
            }
            Self::LeakyRelu { slope } if !(0.0..1.0).contains(&slope) => {
                faults.push(format!("has a slope of {slope}: it must be at least 0 and below 1"));
            }
            Self::LeakyRelu { .. } | Self::Tanh => {}
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_kinds_are_those_that_are_written() {
        let conv = Layer::Conv { channels: None, kernel: 3, stride: 1, padding: None, upsample: 1 };
        let transposed = Layer::ConvTranspose { channels: None, kernel: 4, stride: 2, padding: None };
        let reshape = Layer::Reshape { channels: 1, rows: None, columns: None };
        let written = [Layer::dense(1), conv, transposed, reshape, Layer::leaky_relu(0.1), Layer::Tanh];
        let kinds: Vec<_> = written
            .iter()
            .map(|layer| serde_json::to_value(layer).unwrap()["layer"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds, Layer::KINDS);
        // What is usual may be left out.
        for (layer, kind) in written[1..3].iter().zip(&kinds[1..]) {
            let read: Layer = serde_json::from_value(serde_json::json!({ "layer": kind })).unwrap();
            assert_eq!(read, *layer);
        }
    }
}
