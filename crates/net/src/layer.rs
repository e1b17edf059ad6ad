//! What a network may be made of, as recipes and checkpoints write it.

use serde::{Deserialize, Serialize};

use crate::Activation;

/// Describes one layer of a chain, as a recipe writes it: `{ layer = "dense", width = 256 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// Sums all inputs for every output, each with a weight of its own, and adds a bias.
    Dense {
        /// Counts the numbers that come out; left out, they are as many as the network must give: pixels of a picture,
        /// or D's one logit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<usize>,
    },
    /// Leaves x as it is where it is above 0, else multiplies it by `slope`, number by number.
    LeakyRelu {
        /// Multiplies negative numbers, at least 0 and below 1; 0 is the plain ReLU.
        slope: f64,
    },
    /// Takes the hyperbolic tangent, number by number: what comes out is in (-1, 1).
    Tanh,
}

impl Layer {
    /// Lists the names of the kinds of layer, as recipes write them in the key `layer`.
    pub const KINDS: &[&str] = &["dense", "leaky-relu", "tanh"];

    /// Gives the function that the layer is, number by number; none if it is a linear map.
    pub fn activation(&self) -> Option<Activation> {
        match *self {
            Self::Dense { .. } => None,
            Self::LeakyRelu { slope } => Some(Activation::LeakyRelu(slope)),
            Self::Tanh => Some(Activation::Tanh),
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_kinds_are_those_that_are_written() {
        let written = [Layer::dense(1), Layer::leaky_relu(0.1), Layer::Tanh]
            .map(|layer| serde_json::to_value(layer).unwrap()["layer"].as_str().unwrap().to_owned());
        assert_eq!(written, Layer::KINDS);
    }
}
