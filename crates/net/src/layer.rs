//! What a network may be made of, as recipes and checkpoints write it.

use serde::{Deserialize, Serialize};

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
