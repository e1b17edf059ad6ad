//! A generator as model files need it told: how the tensors of a checkpoint, or of anybody's weights, are to be wired.
//!
//! A [`Network`] is what is trained; this is what goes along with its weights, and it has words for layers that nobody trains
//! here yet. [`Network::architecture`] leads from one to the other.
//!
//! It travels as JSON in the checkpoint's metadata, the kind of network in front:
//! `{"kind":"mlp","latent":100,"hidden":[128,128],"leaky_slope":0.2,"image":[1,28,28]}`, or layer by layer:
//! `{"kind":"sequential","latent":100,"layers":[{"op":"gemm","name":"fc"},{"op":"tanh"}]}`. Sizes are those of the
//! tensors, so a layer tells only what they do not.

use serde::{Deserialize, Serialize};

use crate::{Activation, Conv, Map, Network};

/// Says how a convolution's kernel moves over a picture, the same along rows and columns; the defaults are those of
/// PyTorch and candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// Counts the steps between two places of the kernel (of a transposed convolution: between two numbers it
    /// enlarges).
    pub stride: usize,
    /// Counts the zeros at each edge (of a transposed convolution: the rows and columns cut off each edge).
    pub padding: usize,
    /// Counts the steps between two numbers of the kernel; 1 leaves no gap.
    pub dilation: usize,
    /// Counts the parts that the channels are split into, each convolved on its own.
    pub groups: usize,
    /// Counts the rows and columns added below and right of a transposed convolution's result; 0 for any other.
    pub output_padding: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { stride: 1, padding: 0, dilation: 1, groups: 1, output_padding: 0 }
    }
}

/// Says how a class goes into a network: behind z, as a row of zeros with `scale` in the place of the class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// Counts the classes: so many numbers stand behind z.
    pub count: usize,
    /// Stands in the place of the class.
    pub scale: f32,
}

/// Describes a generator's network to whoever has its tensors: how they are to be wired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Architecture {
    /// Tells fully connected layers in short, by their sizes.
    Mlp(Mlp),
    /// Tells any layers, one after the other.
    Sequential(Sequential),
}

/// Lists layers one after the other, from z [batch, latent] to the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequential {
    /// Counts the coordinates of the latent vector z.
    pub latent: usize,
    /// Says how the class that is asked for stands behind z, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<OneHot>,
    /// Lists the layers from first to last; sizes are those of their tensors.
    pub layers: Vec<Layer>,
}

/// Describes one layer of a file's network. One with weights is named as its tensors are: `up1` has `up1.weight` and, where
/// the file has one, `up1.bias`, laid out as PyTorch and candle do. One without is named after the layer before it
/// unless it has a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "fields that say what they are: a name, a shape, a slope")]
pub enum Layer {
    /// Connects fully: weight [outputs, inputs], bias [outputs] where there is one.
    Gemm { name: String },
    /// Connects fully along the last dimension: weight [inputs, outputs], no bias.
    MatMul { name: String },
    /// Adds the constant `NAME.addend`, whose sizes are the last ones of what goes in, or 1.
    Add { name: String },
    /// Convolves: weight [outputs, inputs / groups, rows, columns], bias [outputs].
    Conv {
        name: String,
        #[serde(default, skip_serializing_if = "is_default")]
        window: Window,
    },
    /// Convolves transposed, which enlarges: weight [inputs, outputs / groups, rows, columns], bias [outputs].
    ConvTranspose {
        name: String,
        #[serde(default, skip_serializing_if = "is_default")]
        window: Window,
    },
    /// Normalizes each channel as after training, by `weight`, `bias`, `running_mean` and `running_var`: [channels]
    /// each.
    BatchNormalization {
        name: String,
        #[serde(default = "default_epsilon")]
        epsilon: f32,
    },
    /// Leaves x as it is where it is positive, else multiplies it by `slope`.
    LeakyRelu {
        slope: f32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Takes the larger of x and 0.
    Relu {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Takes the hyperbolic tangent of x.
    Tanh {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Takes the logistic function of x, 1 / (1 + exp(-x)).
    Sigmoid {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Gives the same numbers as [batch, shape…].
    Reshape {
        shape: Vec<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Gives the same numbers as one row: [batch, all of them].
    Flatten {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Repeats rows and columns `factor` times.
    Resize {
        factor: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// Tells fully connected layers in short: leaky ReLU after each hidden one, tanh after the last, whose numbers are the
/// picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Counts the coordinates of the latent vector z.
    pub latent: usize,
    /// Says how the class that is asked for stands behind z, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<OneHot>,
    /// Lists the widths of the hidden layers, first to last; there may be none.
    pub hidden: Vec<usize>,
    /// Multiplies what is below 0 in each leaky ReLU.
    pub leaky_slope: f64,
    /// Gives [channels, rows, columns] of a picture.
    pub image: [usize; 3],
}

impl Architecture {
    /// Lists the names of the kinds there are, as the JSON key `kind` has them.
    pub const KINDS: [&str; 2] = ["mlp", "sequential"];

    /// Describes fully connected layers; the arguments are the fields of [`Mlp`].
    pub fn mlp(latent: usize, hidden: Vec<usize>, leaky_slope: f64, image: [usize; 3]) -> Self {
        Architecture::Mlp(Mlp { latent, classes: None, hidden, leaky_slope, image })
    }

    /// Describes layers one after the other, from z [batch, latent] to the picture.
    pub fn sequential(latent: usize, layers: impl Into<Vec<Layer>>) -> Self {
        Architecture::Sequential(Sequential { latent, classes: None, layers: layers.into() })
    }

    /// Gives the same network with a class behind z: the first layer takes so many numbers more.
    pub fn with_classes(mut self, one_hot: Option<OneHot>) -> Self {
        *match &mut self {
            Architecture::Mlp(mlp) => &mut mlp.classes,
            Architecture::Sequential(sequential) => &mut sequential.classes,
        } = one_hot;
        self
    }

    /// Says how a class stands behind z, where one does.
    pub fn classes(&self) -> Option<OneHot> {
        match self {
            Architecture::Mlp(mlp) => mlp.classes,
            Architecture::Sequential(sequential) => sequential.classes,
        }
    }
}

impl Layer {
    /// Makes a fully connected layer of the tensors `NAME.weight` and, where there is one, `NAME.bias`.
    pub fn gemm(name: &str) -> Self {
        Layer::Gemm { name: name.to_owned() }
    }

    /// Makes a convolution of the tensors `NAME.weight` and, where there is one, `NAME.bias`.
    pub fn conv(name: &str, window: Window) -> Self {
        Layer::Conv { name: name.to_owned(), window }
    }

    /// Makes a transposed convolution of the tensors `NAME.weight` and, where there is one, `NAME.bias`.
    pub fn conv_transpose(name: &str, window: Window) -> Self {
        Layer::ConvTranspose { name: name.to_owned(), window }
    }

    /// Makes a batch normalization of the tensors `NAME.weight` and so on, with the usual epsilon, 1e-5.
    pub fn batch_normalization(name: &str) -> Self {
        Layer::BatchNormalization { name: name.to_owned(), epsilon: default_epsilon() }
    }

    /// Makes a leaky ReLU without a name, which multiplies negative numbers by `slope`.
    pub fn leaky_relu(slope: f32) -> Self {
        Layer::LeakyRelu { slope, name: None }
    }

    /// Makes a ReLU without a name.
    pub fn relu() -> Self {
        Layer::Relu { name: None }
    }

    /// Makes a hyperbolic tangent without a name.
    pub fn tanh() -> Self {
        Layer::Tanh { name: None }
    }

    /// Makes a logistic function without a name.
    pub fn sigmoid() -> Self {
        Layer::Sigmoid { name: None }
    }

    /// Makes a layer without a name that gives the same numbers under another shape, `shape` being without the batch.
    pub fn reshape(shape: &[usize]) -> Self {
        Layer::Reshape { shape: shape.to_vec(), name: None }
    }

    /// Makes a layer without a name that repeats rows and columns `factor` times.
    pub fn resize(factor: usize) -> Self {
        Layer::Resize { factor, name: None }
    }
}

/// Gives the epsilon that PyTorch and candle use where none is given.
fn default_epsilon() -> f32 {
    1e-5
}

fn is_default(window: &Window) -> bool {
    *window == Window::default()
}

impl Mlp {
    /// Gives the network of these sizes, called `generator`.
    ///
    /// # Errors
    /// Says in words what is impossible about the sizes: a size of 0, more numbers than memory can have, a slope beyond
    /// float32.
    pub fn network(&self) -> Result<Network, String> {
        let Some(inputs) = self.latent.checked_add(self.classes.map_or(0, |classes| classes.count)) else {
            return Err(format!("a latent vector of {} numbers and its class do not fit in memory", self.latent));
        };
        let sizes = [self.latent].into_iter().chain(self.hidden.iter().copied()).chain(self.image);
        if sizes.into_iter().any(|size| size == 0) {
            return Err("a layer or a side of the picture has the size 0".to_owned());
        }
        let [channels, rows, columns] = self.image;
        let Some(pixels) = channels.checked_mul(rows).and_then(|plane| plane.checked_mul(columns)) else {
            return Err(format!("a picture of {channels} x {rows} x {columns} numbers does not fit in memory"));
        };
        if !(self.leaky_slope as f32).is_finite() {
            return Err(format!("the leaky slope {} is not a finite float32", self.leaky_slope));
        }
        let widths: Vec<usize> = [inputs].into_iter().chain(self.hidden.iter().copied()).chain([pixels]).collect();
        let parameters = widths
            .windows(2)
            .try_fold(0usize, |sum, pair| sum.checked_add(pair[0].checked_add(1)?.checked_mul(pair[1])?));
        match parameters {
            Some(_) => Ok(Network::mlp("generator", &widths, self.leaky_slope, Activation::Tanh)),
            None => Err(format!("layers of the widths {widths:?} do not fit in memory")),
        }
    }

    /// Tells this network layer by layer, its sizes told by its tensors alone.
    ///
    /// # Errors
    /// Says in words what is impossible about the sizes: a size of 0, more numbers than memory can have, a slope beyond
    /// float32.
    pub fn layers(&self) -> Result<Vec<Layer>, String> {
        Ok(layers(&self.network()?, self.image))
    }
}

impl Network {
    /// Describes the network as a file of its weights does; its outputs are a picture of `image` [channels, rows,
    /// columns], the last of its inputs a class as `classes` has it, where there is one. A perceptron of leaky ReLUs of
    /// one slope with a tanh at its end is told in short, any other layer by layer.
    ///
    /// # Panics
    /// If the picture has another number of pixels than the network gives, or it takes no more numbers than there are
    /// classes.
    pub fn architecture(&self, image: [usize; 3], classes: Option<OneHot>) -> Architecture {
        let latent = self.inputs() - classes.map_or(0, |classes| classes.count);
        assert!(latent > 0, "a latent vector of no numbers");
        assert_eq!(image.iter().product::<usize>(), self.outputs(), "a picture of another size than the network gives");
        let (output, hidden) = self.stages.split_last().expect("a network has a stage");
        let leaky_slope = hidden.first().map(|stage| stage.activation);
        match leaky_slope {
            Some(activation @ Activation::LeakyRelu(slope))
                if self.is_dense()
                    && output.activation == Activation::Tanh
                    && hidden.iter().all(|stage| stage.activation == activation) =>
            {
                let widths = hidden.iter().map(|stage| stage.outputs).collect();
                Architecture::mlp(latent, widths, slope, image).with_classes(classes)
            }
            _ => Architecture::sequential(latent, layers(self, image)).with_classes(classes),
        }
    }
}

/// Gives an operation for each stage and its function after it, shapes in between, then the picture's shape; named as the tensors
/// are.
fn layers(network: &Network, image: [usize; 3]) -> Vec<Layer> {
    let mut layers = Vec::new();
    // Holds the shape of what the next stage is given; none where its numbers lie in a line.
    let mut at: Option<[usize; 3]> = None;
    for stage in &network.stages {
        let name = format!("{}.{}", network.name, stage.name);
        let part = |part: &str| Some(format!("{name}.{part}"));
        match stage.map.takes() {
            None if at.is_some() => layers.push(Layer::Flatten { name: part("flatten") }),
            Some(shape) if at != Some(shape) => {
                layers.push(Layer::Reshape { shape: shape.to_vec(), name: part("reshape") })
            }
            _ => {}
        }
        if let Map::Conv(Conv { upsample: factor @ 2.., .. }) = stage.map {
            layers.push(Layer::Resize { factor, name: part("resize") });
        }
        layers.push(match stage.map {
            Map::Dense => Layer::gemm(&name),
            Map::Conv(conv) => Layer::conv(&name, conv.window()),
            Map::ConvTranspose(conv) => Layer::conv_transpose(&name, conv.window()),
        });
        at = stage.map.gives();
        match stage.activation {
            Activation::Identity => {}
            Activation::LeakyRelu(slope) => {
                layers.push(Layer::LeakyRelu { slope: slope as f32, name: part("activation") });
            }
            Activation::Tanh => layers.push(Layer::Tanh { name: part("activation") }),
        }
    }
    if at != Some(image) {
        layers.push(Layer::Reshape { shape: image.to_vec(), name: Some("image".to_owned()) });
    }
    layers
}

impl Conv {
    fn window(&self) -> Window {
        Window { stride: self.stride, padding: self.padding, ..Window::default() }
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
            let mlp = Mlp { latent: 5, classes: None, hidden, leaky_slope: 0.2, image: [3, 2, 2] };
            mlp.network().unwrap().tensors.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect()
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
    fn a_class_stands_behind_z() {
        let one_hot = OneHot { count: 3, scale: 2.0 };
        let network = Network::mlp("generator", &[8, 7, 4], 0.2, Activation::Tanh);
        let told = network.architecture([1, 2, 2], Some(one_hot));
        let json = concat!(
            r#"{"kind":"mlp","latent":5,"classes":{"count":3,"scale":2.0},"hidden":[7],"leaky_slope":0.2,"#,
            r#""image":[1,2,2]}"#
        );
        assert_eq!(serde_json::to_string(&told).unwrap(), json);
        assert_eq!(serde_json::from_str::<Architecture>(json).unwrap(), told);
        let Architecture::Mlp(mlp) = told else { panic!("{told:?}") };
        assert_eq!(mlp.network().unwrap(), network);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let good = Mlp { latent: 5, classes: None, hidden: vec![7], leaky_slope: 0.2, image: [1, 2, 2] };
        for (name, mlp, expected) in [
            ("good", good.clone(), None),
            ("no latent", Mlp { latent: 0, ..good.clone() }, Some("size 0")),
            ("empty layer", Mlp { hidden: vec![7, 0], ..good.clone() }, Some("size 0")),
            ("no rows", Mlp { image: [1, 0, 2], ..good.clone() }, Some("size 0")),
            ("huge picture", Mlp { image: [usize::MAX, 2, 2], ..good.clone() }, Some("does not fit in memory")),
            ("huge layer", Mlp { hidden: vec![usize::MAX], ..good.clone() }, Some("do not fit in memory")),
            ("huge layers", Mlp { hidden: vec![1 << 40, 1 << 40], ..good.clone() }, Some("do not fit in memory")),
            ("slope beyond f32", Mlp { leaky_slope: 1e300, ..good.clone() }, Some("not a finite float32")),
        ] {
            let fault = mlp.network().err();
            match expected {
                None => assert_eq!(fault, None, "{name}"),
                Some(part) => assert!(fault.as_ref().is_some_and(|text| text.contains(part)), "{name}: {fault:?}"),
            }
        }
    }

    #[test]
    fn a_network_is_told_in_short_where_that_says_all() {
        use crate::Layer as Chain;
        let image = [1, 2, 3];
        let told = |layers: &[Chain]| Network::new("generator", 4, layers, 6).unwrap().architecture(image, None);
        let (leaky, end) = (Chain::leaky_relu(0.2), [Chain::dense_to_output(), Chain::Tanh]);
        let chain = |hidden: &[Chain]| [hidden, &end[..]].concat();
        for widths in [vec![5], vec![5, 3], vec![5, 3, 7]] {
            let hidden: Vec<Chain> = widths.iter().flat_map(|&width| [Chain::dense(width), leaky.clone()]).collect();
            assert_eq!(told(&chain(&hidden)), Architecture::mlp(4, widths, 0.2, image));
        }
        let convolutions = r#"[{"layer":"dense"},{"layer":"reshape","channels":2},{"layer":"leaky-relu","slope":0.2},
            {"layer":"conv-transpose","channels":3},{"layer":"conv","upsample":2},{"layer":"tanh"}]"#;
        let network =
            Network::new("generator", 4, &serde_json::from_str::<Vec<Chain>>(convolutions).unwrap(), [1, 4, 8]);
        let json = serde_json::to_value(network.unwrap().architecture([1, 4, 8], None)).unwrap();
        let window = r#"{"dilation":1,"groups":1,"output_padding":0,"padding":1,"stride":2}"#;
        let same = window.replace(r#""stride":2"#, r#""stride":1"#);
        let expected = [
            r#"{"name":"generator.hidden1","op":"gemm"}"#.to_owned(),
            r#"{"name":"generator.hidden1.activation","op":"leaky_relu","slope":0.20000000298023224}"#.to_owned(),
            r#"{"name":"generator.hidden2.reshape","op":"reshape","shape":[2,1,2]}"#.to_owned(),
            format!(r#"{{"name":"generator.hidden2","op":"conv_transpose","window":{window}}}"#),
            r#"{"factor":2,"name":"generator.output.resize","op":"resize"}"#.to_owned(),
            format!(r#"{{"name":"generator.output","op":"conv","window":{same}}}"#),
            r#"{"name":"generator.output.activation","op":"tanh"}"#.to_owned(),
        ];
        let told_layers: Vec<String> = json["layers"].as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(told_layers, expected);
        for (name, hidden, expected) in [
            ("no hidden layer", vec![], vec!["gemm output", "tanh output.activation"]),
            (
                "a tanh inside",
                vec![Chain::dense(5), Chain::Tanh],
                vec!["gemm hidden1", "tanh hidden1.activation", "gemm output", "tanh output.activation"],
            ),
            (
                "two slopes",
                vec![Chain::dense(5), leaky.clone(), Chain::dense(3), Chain::leaky_relu(0.0)],
                vec![
                    "gemm hidden1",
                    "leaky_relu hidden1.activation",
                    "gemm hidden2",
                    "leaky_relu hidden2.activation",
                    "gemm output",
                    "tanh output.activation",
                ],
            ),
            (
                "a layer without a function",
                vec![Chain::dense(5), Chain::dense(3), leaky],
                vec![
                    "gemm hidden1",
                    "gemm hidden2",
                    "leaky_relu hidden2.activation",
                    "gemm output",
                    "tanh output.activation",
                ],
            ),
        ] {
            let json = serde_json::to_value(told(&chain(&hidden))).unwrap();
            let layers = json["layers"].as_array().unwrap();
            let short = |layer: &serde_json::Value| {
                let name = layer["name"].as_str().unwrap().trim_start_matches("generator.");
                format!("{} {name}", layer["op"].as_str().unwrap())
            };
            let (image, layers) = layers.split_last().unwrap();
            assert_eq!(layers.iter().map(short).collect::<Vec<_>>(), expected, "{name}");
            assert_eq!(image["shape"], serde_json::json!([1, 2, 3]), "{name}");
        }
    }
}
