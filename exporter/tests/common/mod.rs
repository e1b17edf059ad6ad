//! A checkpoint with invented weights, to be spoilt in one place at a time.

#![allow(dead_code, reason = "the library's tests and the program's tests each take what they need of it")]

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, TensorView};

/// Latent size of the network of these tests; the sizes are small and all different, so that no two can be mixed up.
pub const LATENT: usize = 3;
/// Widths of its hidden layers.
pub const HIDDEN: [usize; 2] = [5, 4];
/// [channels, rows, columns] of its pictures.
pub const IMAGE: [usize; 3] = [1, 2, 7];
/// Numbers in one of its pictures.
pub const PIXELS: usize = 14;
/// Its parity vectors.
pub const PARITY: usize = 2;

/// A safetensors file in parts.
#[derive(Clone)]
pub struct Parts {
    /// The header's `__metadata__`.
    pub metadata: BTreeMap<String, String>,
    /// Type, shape and bytes by name.
    pub tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Parts {
    /// All that a run with an average and parity vectors writes, a discriminator and Adam's moments included.
    pub fn new() -> Self {
        let architecture = r#"{"kind":"mlp","latent":3,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7]}"#;
        let metadata = [
            ("format", "forger-checkpoint-1"),
            ("architecture", architecture),
            ("recipe", "stable"),
            ("recipe_toml", "name = \"stable\"\nlr = 0.002\n"),
            ("seed", "7"),
            ("epochs", "50"),
            ("dataset", "mnist"),
            ("metrics", r#"{"d_loss":0.5,"g_loss":1.25}"#),
            ("step", "27500"),
            ("of_a_later_version", "ignored"),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let mut parts = Self { metadata, tensors: BTreeMap::new() };
        for (prefix, offset) in [("", 0.0), ("ema.", 0.5), ("adam.m.", 9.0)] {
            for (name, shape) in generator() {
                parts.put(&format!("{prefix}{name}"), &shape, offset);
            }
        }
        parts.put("discriminator.hidden1.weight", &[5, PIXELS], 0.0);
        parts.put("parity.z", &[PARITY, LATENT], 0.0);
        parts.put("parity.image", &[PARITY, PIXELS], 0.0);
        parts
    }

    /// Puts a tensor: `offset`, then a hundredth more from number to number.
    pub fn put(&mut self, name: &str, shape: &[usize], offset: f32) {
        let values = (0..shape.iter().product()).map(|position: usize| offset + position as f32 / 100.0);
        let bytes = values.flat_map(f32::to_le_bytes).collect();
        self.tensors.insert(name.to_owned(), (Dtype::F32, shape.to_vec(), bytes));
    }

    /// Takes out every tensor whose name starts so.
    pub fn remove(&mut self, prefix: &str) {
        self.tensors.retain(|name, _| !name.starts_with(prefix));
    }

    /// Sets an entry of the metadata.
    pub fn set(&mut self, key: &str, value: &str) {
        self.metadata.insert(key.to_owned(), value.to_owned());
    }

    /// The numbers of a tensor.
    pub fn values(&self, name: &str) -> Vec<f32> {
        let words = self.tensors[name].2.chunks_exact(4);
        words.map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, (dtype, shape, bytes))| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        let metadata: HashMap<String, String> = self.metadata.clone().into_iter().collect();
        safetensors::serialize(views, Some(metadata)).unwrap()
    }
}

/// Names and shapes of the generator's tensors.
pub fn generator() -> Vec<(String, Vec<usize>)> {
    let layers = [("hidden1", HIDDEN[0], LATENT), ("hidden2", HIDDEN[1], HIDDEN[0]), ("output", PIXELS, HIDDEN[1])];
    let tensors = layers.into_iter().flat_map(|(layer, outputs, inputs)| {
        [
            (format!("generator.{layer}.weight"), vec![outputs, inputs]),
            (format!("generator.{layer}.bias"), vec![outputs]),
        ]
    });
    tensors.collect()
}
