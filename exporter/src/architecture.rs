//! What a generator is made of: the part of a checkpoint that says how its tensors are to be wired.
//!
//! It travels as JSON in the checkpoint's metadata, the kind of network in front:
//! `{"kind":"mlp","latent":100,"hidden":[128,128],"leaky_slope":0.2,"image":[1,28,28]}`.

use serde::{Deserialize, Serialize};

/// The network of a generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Architecture {
    /// Fully connected layers.
    Mlp(Mlp),
}

/// Fully connected layers: leaky ReLU after each hidden one, tanh after the last, whose numbers are the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Coordinates of the latent vector z.
    pub latent: usize,
    /// Widths of the hidden layers, first to last; there may be none.
    pub hidden: Vec<usize>,
    /// Slope of the leaky ReLU for negative inputs.
    pub leaky_slope: f64,
    /// [channels, rows, columns] of a picture.
    pub image: [usize; 3],
}

/// A fully connected layer: weight [outputs, inputs], bias [outputs].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dense {
    /// `generator.hidden1`, …, `generator.output`.
    pub(crate) name: String,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Architecture {
    /// The kinds there are, as JSON names them.
    pub(crate) const KINDS: [&str; 1] = ["mlp"];

    /// Fully connected layers; the arguments are the fields of [`Mlp`].
    pub fn mlp(latent: usize, hidden: Vec<usize>, leaky_slope: f64, image: [usize; 3]) -> Self {
        Architecture::Mlp(Mlp { latent, hidden, leaky_slope, image })
    }
}

impl Mlp {
    /// What is impossible about these sizes, if anything; the other methods rely on there being nothing.
    pub(crate) fn fault(&self) -> Option<String> {
        let sizes = [self.latent].into_iter().chain(self.hidden.iter().copied()).chain(self.image);
        if sizes.into_iter().any(|size| size == 0) {
            return Some("a layer or a side of the picture has the size 0".to_owned());
        }
        if self.image.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).is_none() {
            let [channels, rows, columns] = self.image;
            return Some(format!("a picture of {channels} x {rows} x {columns} numbers does not fit in memory"));
        }
        if !(self.leaky_slope as f32).is_finite() {
            return Some(format!("the leaky slope {} is not a finite float32", self.leaky_slope));
        }
        None
    }

    /// Numbers in a picture.
    pub(crate) fn pixels(&self) -> usize {
        self.image.iter().product()
    }

    /// The hidden layers, first to last, then the output layer.
    pub(crate) fn layers(&self) -> Vec<Dense> {
        let hidden_names = (1..=self.hidden.len()).map(|number| format!("generator.hidden{number}"));
        let names = hidden_names.chain(["generator.output".to_owned()]);
        let inputs = [self.latent].into_iter().chain(self.hidden.iter().copied());
        let outputs = self.hidden.iter().copied().chain([self.pixels()]);
        let sizes = inputs.zip(outputs);
        names.zip(sizes).map(|(name, (inputs, outputs))| Dense { name, inputs, outputs }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_puts_the_kind_in_front_and_reads_back() {
        let architecture = Architecture::mlp(100, vec![128, 128], 0.2, [1, 28, 28]);
        let json = r#"{"kind":"mlp","latent":100,"hidden":[128,128],"leaky_slope":0.2,"image":[1,28,28]}"#;
        assert_eq!(serde_json::to_string(&architecture).unwrap(), json);
        assert_eq!(serde_json::from_str::<Architecture>(json).unwrap(), architecture);
    }

    #[test]
    fn every_kind_is_listed() {
        let Architecture::Mlp(_) = Architecture::mlp(1, vec![], 0.2, [1, 1, 1]);
        assert_eq!(Architecture::KINDS, ["mlp"], "a kind added to the enum belongs in this list");
    }

    #[test]
    fn layers_chain_from_z_to_the_pixels() {
        let chain = |hidden: Vec<usize>| -> Vec<(String, usize, usize)> {
            let mlp = Mlp { latent: 5, hidden, leaky_slope: 0.2, image: [3, 2, 2] };
            mlp.layers().into_iter().map(|layer| (layer.name, layer.inputs, layer.outputs)).collect()
        };
        let layer = |name: &str, inputs, outputs| (format!("generator.{name}"), inputs, outputs);
        assert_eq!(chain(vec![]), [layer("output", 5, 12)]);
        assert_eq!(chain(vec![7, 9]), [layer("hidden1", 5, 7), layer("hidden2", 7, 9), layer("output", 9, 12)]);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let good = Mlp { latent: 5, hidden: vec![7], leaky_slope: 0.2, image: [1, 2, 2] };
        for (name, mlp, expected) in [
            ("good", good.clone(), None),
            ("no latent", Mlp { latent: 0, ..good.clone() }, Some("size 0")),
            ("empty layer", Mlp { hidden: vec![7, 0], ..good.clone() }, Some("size 0")),
            ("no rows", Mlp { image: [1, 0, 2], ..good.clone() }, Some("size 0")),
            ("huge picture", Mlp { image: [usize::MAX, 2, 2], ..good.clone() }, Some("does not fit in memory")),
            ("slope beyond f32", Mlp { leaky_slope: 1e300, ..good.clone() }, Some("not a finite float32")),
        ] {
            let fault = mlp.fault();
            match expected {
                None => assert_eq!(fault, None, "{name}"),
                Some(part) => assert!(fault.as_ref().is_some_and(|text| text.contains(part)), "{name}: {fault:?}"),
            }
        }
    }
}
