//! What a network may be made of, as recipes and checkpoints write it.

use serde::{Deserialize, Serialize};

use crate::Activation;

/// One layer of a chain, as it is written: `{ layer = "dense", width = 256 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// Every output is a weighted sum of every input, plus a bias.
    Dense {
        /// Numbers that come out; left out, as many as the network must give: pixels of a picture, or D's one logit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<usize>,
    },
    /// x where x is above 0, else `slope` times x, number by number.
    LeakyRelu {
        /// What negative numbers are multiplied by, at least 0 and below 1; 0 is the plain ReLU.
        slope: f64,
    },
    /// The hyperbolic tangent, number by number: what comes out is in (-1, 1).
    Tanh,
}

impl Layer {
    /// The names of the kinds of layer, as they are written.
    pub const KINDS: &[&str] = &["dense", "leaky-relu", "tanh"];

    /// The function that the layer is, number by number; none if it is a linear map.
    pub fn activation(&self) -> Option<Activation> {
        match *self {
            Self::Dense { .. } => None,
            Self::LeakyRelu { slope } => Some(Activation::LeakyRelu(slope)),
            Self::Tanh => Some(Activation::Tanh),
        }
    }

    /// A dense layer of `width` outputs.
    pub fn dense(width: usize) -> Self {
        Self::Dense { width: Some(width) }
    }

    /// A dense layer of as many outputs as the network must give.
    pub fn dense_to_output() -> Self {
        Self::Dense { width: None }
    }

    /// The leaky ReLU.
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
