//! What a generator is made of: the part of a checkpoint that says how its tensors are to be wired.
//!
//! It travels as JSON in the checkpoint's metadata, the kind of network in front:
//! `{"kind":"mlp","latent":100,"hidden":[128,128],"leaky_slope":0.2,"image":[1,28,28]}`, or layer by layer:
//! `{"kind":"sequential","latent":100,"layers":[{"op":"gemm","name":"fc"},{"op":"tanh"}]}`. Sizes are those of the
//! tensors, so a layer tells only what they do not.

use serde::{Deserialize, Serialize};

use crate::op::Window;

/// The network of a generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Architecture {
    /// Fully connected layers, their sizes told.
    Mlp(Mlp),
    /// Any layers, one after the other.
    Sequential(Sequential),
}

/// Layers one after the other, from z [batch, latent] to the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequential {
    /// Coordinates of the latent vector z.
    pub latent: usize,
    /// First to last.
    pub layers: Vec<Layer>,
}

/// A layer. One with weights is named as its tensors are: `up1` has `up1.weight` and, where the file has one,
/// `up1.bias`, laid out as PyTorch and candle do. One without is named after the layer before it unless it has a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "fields that say what they are: a name, a shape, a slope")]
#[non_exhaustive]
pub enum Layer {
    /// Fully connected: weight [outputs, inputs].
    Gemm { name: String },
    /// Fully connected along the last dimension: weight [inputs, outputs], no bias.
    MatMul { name: String },
    /// The constant `NAME.addend` added.
    Add { name: String },
    /// A convolution.
    Conv {
        name: String,
        #[serde(default, skip_serializing_if = "is_default")]
        window: Window,
    },
    /// A transposed convolution.
    ConvTranspose {
        name: String,
        #[serde(default, skip_serializing_if = "is_default")]
        window: Window,
    },
    /// Batch normalization as after training: `weight`, `bias`, `running_mean`, `running_var`.
    BatchNormalization {
        name: String,
        #[serde(default = "default_epsilon")]
        epsilon: f32,
    },
    /// x where x is positive, else `slope` · x.
    LeakyRelu {
        slope: f32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// max(x, 0).
    Relu {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// tanh x.
    Tanh {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// 1 / (1 + exp(-x)).
    Sigmoid {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The same numbers as [batch, shape…].
    Reshape {
        shape: Vec<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The same numbers as one row.
    Flatten {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Rows and columns repeated `factor` times.
    Resize {
        factor: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
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

impl Architecture {
    /// The kinds there are, as JSON names them.
    pub(crate) const KINDS: [&str; 2] = ["mlp", "sequential"];

    /// Fully connected layers; the arguments are the fields of [`Mlp`].
    pub fn mlp(latent: usize, hidden: Vec<usize>, leaky_slope: f64, image: [usize; 3]) -> Self {
        Architecture::Mlp(Mlp { latent, hidden, leaky_slope, image })
    }

    /// Layers one after the other, from z [batch, latent].
    pub fn sequential(latent: usize, layers: impl Into<Vec<Layer>>) -> Self {
        Architecture::Sequential(Sequential { latent, layers: layers.into() })
    }
}

impl Layer {
    /// Fully connected.
    pub fn gemm(name: &str) -> Self {
        Layer::Gemm { name: name.to_owned() }
    }

    /// A convolution.
    pub fn conv(name: &str, window: Window) -> Self {
        Layer::Conv { name: name.to_owned(), window }
    }

    /// A transposed convolution.
    pub fn conv_transpose(name: &str, window: Window) -> Self {
        Layer::ConvTranspose { name: name.to_owned(), window }
    }

    /// Batch normalization with the usual epsilon, 1e-5.
    pub fn batch_normalization(name: &str) -> Self {
        Layer::BatchNormalization { name: name.to_owned(), epsilon: default_epsilon() }
    }

    /// Leaky ReLU.
    pub fn leaky_relu(slope: f32) -> Self {
        Layer::LeakyRelu { slope, name: None }
    }

    /// ReLU.
    pub fn relu() -> Self {
        Layer::Relu { name: None }
    }

    /// The hyperbolic tangent.
    pub fn tanh() -> Self {
        Layer::Tanh { name: None }
    }

    /// The logistic function.
    pub fn sigmoid() -> Self {
        Layer::Sigmoid { name: None }
    }

    /// The same numbers under another shape, batch apart.
    pub fn reshape(shape: &[usize]) -> Self {
        Layer::Reshape { shape: shape.to_vec(), name: None }
    }

    /// Rows and columns repeated.
    pub fn resize(factor: usize) -> Self {
        Layer::Resize { factor, name: None }
    }
}

/// Epsilon of PyTorch and candle.
fn default_epsilon() -> f32 {
    1e-5
}

fn is_default(window: &Window) -> bool {
    *window == Window::default()
}

/// A tensor that an architecture calls for.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
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

    /// The same network layer by layer: Gemm and LeakyRelu for each hidden layer, then Gemm, Tanh and Reshape.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let names = self.names();
        let (output, hidden) = names.split_last().expect("there is always the output layer");
        let mut layers = Vec::new();
        for name in hidden {
            let slope = self.leaky_slope as f32;
            layers.push(Layer::gemm(name));
            layers.push(Layer::LeakyRelu { slope, name: Some(format!("{name}.activation")) });
        }
        layers.push(Layer::gemm(output));
        layers.push(Layer::Tanh { name: Some(format!("{output}.activation")) });
        layers.push(Layer::Reshape { shape: self.image.to_vec(), name: Some("image".to_owned()) });
        layers
    }

    /// The tensors that these layers take: weight [outputs, inputs] and bias [outputs] of each, first to last.
    pub(crate) fn tensors(&self) -> Vec<Wanted> {
        let inputs = [self.latent].into_iter().chain(self.hidden.iter().copied());
        let outputs = self.hidden.iter().copied().chain([self.pixels()]);
        let layers = self.names().into_iter().zip(inputs.zip(outputs));
        let tensors = layers.flat_map(|(name, (inputs, outputs))| {
            [
                Wanted { name: format!("{name}.weight"), shape: vec![outputs, inputs] },
                Wanted { name: format!("{name}.bias"), shape: vec![outputs] },
            ]
        });
        tensors.collect()
    }

    /// `generator.hidden1`, …, `generator.output`.
    fn names(&self) -> Vec<String> {
        let hidden = (1..=self.hidden.len()).map(|number| format!("generator.hidden{number}"));
        hidden.chain(["generator.output".to_owned()]).collect()
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
    fn layers_tell_what_their_tensors_do_not() {
        let window = Window { stride: 2, padding: 1, ..Window::default() };
        let architecture = Architecture::sequential(
            100,
            [
                Layer::reshape(&[100, 1, 1]),
                Layer::conv_transpose("up1", window),
                Layer::batch_normalization("norm1"),
                Layer::relu(),
                Layer::conv("out", Window::default()),
                Layer::tanh(),
            ],
        );
        let json = concat!(
            r#"{"kind":"sequential","latent":100,"layers":[{"op":"reshape","shape":[100,1,1]},"#,
            r#"{"op":"conv_transpose","name":"up1","window":"#,
            r#"{"stride":2,"padding":1,"dilation":1,"groups":1,"output_padding":0}},"#,
            r#"{"op":"batch_normalization","name":"norm1","epsilon":0.00001},{"op":"relu"},"#,
            r#"{"op":"conv","name":"out"},{"op":"tanh"}]}"#
        );
        assert_eq!(serde_json::to_string(&architecture).unwrap(), json);
        assert_eq!(serde_json::from_str::<Architecture>(json).unwrap(), architecture);
        let short =
            json.replace(r#","dilation":1,"groups":1,"output_padding":0"#, "").replace(r#","epsilon":0.00001"#, "");
        assert_eq!(
            serde_json::from_str::<Architecture>(&short).unwrap(),
            architecture,
            "what is usual may be left out"
        );
        for (name, wrong) in [("stride", "strides"), ("shape", "shapes"), ("tanh", "gelu")] {
            let wrong = json.replace(name, wrong);
            assert!(serde_json::from_str::<Architecture>(&wrong).is_err(), "{name}");
        }
    }

    #[test]
    fn every_kind_is_listed() {
        for architecture in [Architecture::mlp(1, vec![], 0.2, [1, 1, 1]), Architecture::sequential(1, [])] {
            let json = serde_json::to_value(&architecture).unwrap();
            assert!(Architecture::KINDS.iter().any(|kind| json["kind"] == *kind), "{json}");
        }
    }

    #[test]
    fn tensors_chain_from_z_to_the_pixels() {
        let chain = |hidden: Vec<usize>| -> Vec<(String, Vec<usize>)> {
            let mlp = Mlp { latent: 5, hidden, leaky_slope: 0.2, image: [3, 2, 2] };
            mlp.tensors().into_iter().map(|tensor| (tensor.name, tensor.shape)).collect()
        };
        let layer = |name: &str, inputs, outputs| {
            [
                (format!("generator.{name}.weight"), vec![outputs, inputs]),
                (format!("generator.{name}.bias"), vec![outputs]),
            ]
        };
        assert_eq!(chain(vec![]), layer("output", 5, 12));
        let three = [layer("hidden1", 5, 7), layer("hidden2", 7, 9), layer("output", 9, 12)];
        assert_eq!(chain(vec![7, 9]), three.concat());
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
