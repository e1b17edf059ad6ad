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

/// Pictures without rounding errors to speak of, and how far from them float32 may be.
pub struct Judgement {
    /// [n, pixels], in [-1, 1].
    pub pictures: Vec<f64>,
    /// What one float32 runtime's rounding may cost a pixel: the largest over all layers and pictures of
    /// sqrt(k) u S, where a layer adds up k terms whose magnitudes sum up to S, and u = 2^-24. By Higham and Mary ("A New
    /// Approach to Probabilistic Rounding Error Analysis", 2019) a sum is off by no more than a small multiple of it, in
    /// whatever order it is added up; leaky ReLU and tanh do not enlarge an error. Measured: a tenth of it, which is the
    /// room for what one layer's error becomes in the next.
    pub float32_error: f64,
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

    /// z: [n, latent] -> [n, pixels], in [-1, 1].
    pub fn generate(&self, z: &[f32]) -> Judgement {
        let mut judgement = Judgement { pictures: Vec::new(), float32_error: 0.0 };
        for z in z.chunks_exact(self.latent()) {
            self.draw(z, &mut judgement);
        }
        judgement
    }

    fn draw(&self, z: &[f32], judgement: &mut Judgement) {
        let (output, hidden) = self.layers.split_last().unwrap();
        let mut value: Vec<f64> = z.iter().map(|&z| f64::from(z)).collect();
        for layer in hidden {
            let leaky = |x: f64| if x < 0.0 { self.architecture.leaky_slope * x } else { x };
            judgement.float32_error = judgement.float32_error.max(layer.float32_error(&value));
            value = layer.apply(&value).into_iter().map(leaky).collect();
        }
        judgement.float32_error = judgement.float32_error.max(output.float32_error(&value));
        judgement.pictures.extend(output.apply(&value).into_iter().map(f64::tanh));
    }
}

impl Layer {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let products = self.weight.chunks_exact(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>());
        products.zip(&self.bias).map(|(product, bias)| product + bias).collect()
    }

    /// The largest of [`Judgement::float32_error`]'s sqrt(k) u S over the outputs.
    fn float32_error(&self, x: &[f64]) -> f64 {
        /// Half the distance of 1 to the next float32.
        const UNIT_ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
        let rows = self.weight.chunks_exact(x.len()).zip(&self.bias);
        let sizes = rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| (w * x).abs()).sum::<f64>() + bias.abs());
        sizes.fold(0.0, f64::max) * ((x.len() + 1) as f64).sqrt() * UNIT_ROUNDOFF
    }
}
