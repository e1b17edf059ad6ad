//! A model with the weights that its file will hold, where that stores them in fewer bits.

use serde::{Deserialize, Serialize};

use crate::graph_error::GraphError;
use crate::model::{Model, Parity};
use crate::precision::{Precision, restore, store};

/// Names the key of the metadata that says how weights were rounded.
pub(crate) const PRECISION: &str = "forger.precision";

/// Holds what `forger.precision` says, as JSON.
#[derive(Serialize, Deserialize)]
struct Rounded {
    weights: Precision,
    /// Gives the largest difference that the rounding made to a pixel of the parity pictures; absent without those.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_pixel_difference: Option<f64>,
}

impl Model {
    /// Gives the network with the weights that a file of this precision holds.
    pub(crate) fn rounded(&self, precision: Precision) -> Result<Self, GraphError> {
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
        let Some(Parity { z, class, image: before }) = self.parity() else {
            let told = Rounded { weights: precision, max_pixel_difference: None };
            return Ok(rounded.with_metadata(PRECISION, &serde_json::to_string(&told).expect("plain JSON")));
        };
        let pixels = rounded.evaluate(&z.concat(), &class);
        let differences = pixels.iter().zip(before.concat()).map(|(after, before)| (after - f64::from(before)).abs());
        // Six digits are enough, and leave no room for the last bit of some machine's tanh.
        let largest = (differences.fold(0.0, f64::max) * 1e6).round() / 1e6;
        let told = Rounded { weights: precision, max_pixel_difference: Some(largest) };
        let image: Vec<f32> = pixels.iter().map(|&pixel| pixel as f32).collect();
        let image = image.chunks_exact(before[0].len()).map(<[f32]>::to_vec).collect();
        let rounded = rounded.with_metadata(PRECISION, &serde_json::to_string(&told).expect("plain JSON"));
        Ok(rounded.with_parity_of(&Parity { z, class, image }))
    }
}

/// Makes the error of a weight that half precision does not have.
pub(crate) fn beyond_half(node: &str, role: &str, value: f32) -> GraphError {
    GraphError::BeyondHalf { node: node.to_owned(), tensor: format!("{node}.{role}"), value: value.to_string() }
}
