//! A generator in plain f64 loops, straight from the checkpoint's tensors: the judge of every runtime.
//!
//! Written on its own from the checkpoint's contract, so that it shares no mistake with what it judges.

use safetensors::SafeTensors;
use serde::Deserialize;

/// A generator's layers.
pub struct Plain {
    layers: Vec<Layer>,
    architecture: Architecture,
}

#[derive(Deserialize)]
struct Architecture {
    latent: usize,
    hidden: Vec<usize>,
    leaky_slope: f64,
}

/// weight: [outputs, inputs], bias: [outputs].
struct Layer {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl Plain {
    /// Reads a checkpoint: the average of the weights where there is one.
    ///
    /// # Panics
    /// If it is not one.
    pub fn read(checkpoint: &[u8]) -> Self {
        let (_, header) = SafeTensors::read_metadata(checkpoint).unwrap();
        let architecture = &header.metadata().as_ref().unwrap()["architecture"];
        let architecture: Architecture = serde_json::from_str(architecture).unwrap();
        let file = SafeTensors::deserialize(checkpoint).unwrap();
        let prefix = if file.tensor("ema.generator.output.bias").is_ok() { "ema." } else { "" };
        let tensor = |name: String| -> Vec<f64> {
            let words = file.tensor(&name).unwrap().data().chunks_exact(4);
            words.map(|word| f64::from(f32::from_le_bytes(word.try_into().unwrap()))).collect()
        };
        let hidden = (1..=architecture.hidden.len()).map(|number| format!("hidden{number}"));
        let names = hidden.chain(["output".to_owned()]).map(|layer| format!("{prefix}generator.{layer}"));
        let layers =
            names.map(|name| Layer { weight: tensor(format!("{name}.weight")), bias: tensor(format!("{name}.bias")) });
        Self { layers: layers.collect(), architecture }
    }

    /// Coordinates of z.
    pub fn latent(&self) -> usize {
        self.architecture.latent
    }

    /// z: [n, latent] -> [n, pixels], in [-1, 1], rounded to f32 once, at the end.
    pub fn generate(&self, z: &[f32]) -> Vec<f32> {
        z.chunks_exact(self.latent()).flat_map(|z| self.picture(z)).collect()
    }

    fn picture(&self, z: &[f32]) -> Vec<f32> {
        let (output, hidden) = self.layers.split_last().unwrap();
        let mut value: Vec<f64> = z.iter().map(|&z| f64::from(z)).collect();
        for layer in hidden {
            let leaky = |x: f64| if x < 0.0 { self.architecture.leaky_slope * x } else { x };
            value = layer.apply(&value).into_iter().map(leaky).collect();
        }
        output.apply(&value).into_iter().map(|x| x.tanh() as f32).collect()
    }
}

impl Layer {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let products = self.weight.chunks_exact(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>());
        products.zip(&self.bias).map(|(product, bias)| product + bias).collect()
    }
}
