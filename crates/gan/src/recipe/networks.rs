//! The two networks of a recipe: how their tables are read, what they are, and whether they fit each other and the pictures.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::{Recipe, nearest, refusal};
use crate::{Classes, DataShape};
use failure::Result;
use net::{Activation, Fault, Layer, Network, Size};

/// Names both tables, G's and D's, that a recipe may have beside its keys.
pub(super) const NETWORKS: [&str; 2] = ["generator", "discriminator"];
/// Bounds the classes: with more, each is seen too seldom to be learned, and names too many to choose from.
const MOST_CLASSES: usize = 1000;
/// Names the key of a network's table that lists its layers; [`LAYER`] is that of a layer which says its kind.
const LAYERS: &str = "layers";
const LAYER: &str = "layer";

/// Lists a network as a recipe writes it: `[generator]` with `layers = [{ layer = "dense", width = 256 }, ...]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// Lists the layers from input to output; what follows from the pictures may be left out.
    pub layers: Vec<Layer>,
}

/// Holds a network's table as far as it can be read: what cannot is a fault, and none in its layer's place.
#[derive(Default)]
pub(super) struct NetworkTable {
    layers: Vec<Option<Layer>>,
    faults: Vec<Fault>,
}

impl NetworkTable {
    /// Reads the value of `generator` or `discriminator`.
    pub(super) fn read(value: Value) -> Self {
        let mut read = Self::default();
        let mut fault = |layer: Option<usize>, what: String| read.faults.push(Fault { layer, what });
        let example = "layers = [{ layer = \"dense\", width = 256 }, ...]";
        let Value::Table(mut table) = value else {
            fault(None, format!("it must be a table with {example}"));
            return read;
        };
        let layers = table.remove(LAYERS);
        for key in table.keys() {
            fault(None, unknown("key", key, &[LAYERS]));
        }
        let Some(Value::Array(layers)) = layers else {
            fault(None, format!("it must have a list of its layers: {example}"));
            return read;
        };
        for (number, layer) in (1..).zip(layers) {
            let layer = read_layer(layer).map_err(|what| fault(Some(number), what)).ok();
            read.layers.push(layer);
        }
        read
    }

    /// Tells the faults, a sentence each that starts with the name of the table.
    pub(super) fn told(&self, network: &str) -> Vec<String> {
        self.faults.iter().map(|fault| format!("`[{network}]`: {fault}")).collect()
    }

    /// Gives the layers, if every one of them could be read.
    pub(super) fn whole(&self) -> Option<Layers> {
        let layers = self.layers.iter().cloned().collect::<Option<Vec<Layer>>>()?;
        self.faults.is_empty().then_some(Layers { layers })
    }
}

/// Reads one layer, or says what is wrong with it in words that go on after "layer 3".
fn read_layer(value: Value) -> std::result::Result<Layer, String> {
    let kind = match value.get(LAYER) {
        Some(Value::String(kind)) => kind.clone(),
        _ => {
            return Err(format!("does not say its kind: write {{ {LAYER} = \"...\" }} with {}", listed(Layer::KINDS)));
        }
    };
    if !Layer::KINDS.contains(&kind.as_str()) {
        return Err(format!("is of an {}; there are {}", unknown("kind", &kind, Layer::KINDS), listed(Layer::KINDS)));
    }
    value.try_into().map_err(|error: toml::de::Error| format!("(`{kind}`) cannot be read: {}", error.message()))
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{name}`: did you mean `{near}`?"),
        None => format!("unknown {what} `{name}`"),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Recipe {
    /// Gives the classes that G and D are told of pictures of this shape: none unless the recipe says `classes`.
    pub fn classes_of(&self, data: DataShape) -> Classes {
        Classes(if self.classes { data.classes } else { 0 })
    }

    /// Makes G, which turns `latent` numbers, and the class where there are classes, into pictures of this shape.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn generator_network(&self, data: DataShape) -> Network {
        self.network_of_generator(data).expect("the recipe was found to fit")
    }

    /// Makes D, which turns pictures of this shape into [`Classes::opinions`], of which a logit is made.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn discriminator_network(&self, data: DataShape) -> Network {
        self.network_of_discriminator(data).expect("the recipe was found to fit")
    }

    /// Says whether the weight of either gradient penalty is above 0.
    pub fn has_penalty(&self) -> bool {
        self.r1_gamma + self.r2_gamma > 0.0
    }

    /// Checks that both networks fit each other and pictures of this shape.
    ///
    /// # Errors
    /// Tells every fault of either network, each with its place, and classes that the pictures do not have.
    pub fn fits(&self, data: DataShape) -> Result<()> {
        let misfits = self.misfits(data);
        if misfits.is_empty() { Ok(()) } else { Err(refusal(&self.name, &misfits)) }
    }

    /// Lists what [`Recipe::fits`] refuses, a sentence each that starts with the network's table; nothing if all fits. The
    /// shorthand's networks always do. Classes that pictures do not have come first.
    pub fn misfits(&self, data: DataShape) -> Vec<String> {
        let table = |network: &Option<Layers>| {
            network.as_ref().map(|Layers { layers }| NetworkTable {
                layers: layers.iter().cloned().map(Some).collect(),
                faults: Vec::new(),
            })
        };
        let mut misfits = self.problems_of_classes(data);
        misfits.extend(self.problems_of_networks([table(&self.generator), table(&self.discriminator)], Some(data)));
        misfits
    }

    fn problems_of_classes(&self, data: DataShape) -> Vec<String> {
        let what = match data.classes {
            _ if !self.classes => return Vec::new(),
            0 => {
                "these pictures have no classes: put them into a folder for each class, or give them labels".to_owned()
            }
            1 => "all pictures are of one class: put them into a folder for each class".to_owned(),
            2..=MOST_CLASSES => return Vec::new(),
            more => format!("{more} are more than the {MOST_CLASSES} that networks are told"),
        };
        vec![format!("`classes` is on, but {what}; or leave `--classes` out")]
    }

    fn network_of_generator(&self, data: DataShape) -> std::result::Result<Network, Vec<Fault>> {
        let inputs = self.latent + self.classes_of(data).0;
        match &self.generator {
            Some(Layers { layers }) => Network::new(NETWORKS[0], inputs, layers, data.image),
            None => {
                let widths = [inputs, self.hidden, self.hidden, data.pixels()];
                Ok(Network::mlp(NETWORKS[0], &widths, self.leaky_slope, Activation::Tanh))
            }
        }
    }

    fn network_of_discriminator(&self, data: DataShape) -> std::result::Result<Network, Vec<Fault>> {
        let outputs = self.classes_of(data).opinions();
        match &self.discriminator {
            Some(Layers { layers }) => Network::new(NETWORKS[1], data.image, layers, outputs),
            None => {
                let widths = [data.pixels(), self.hidden, self.hidden, outputs];
                Ok(Network::mlp(NETWORKS[1], &widths, self.leaky_slope, Activation::Identity))
            }
        }
    }

    /// Says what is wrong with the networks as their tables have them, those that cannot be read among them, each with
    /// its place; for pictures of any size, if their size is not known yet.
    pub(super) fn problems_of_networks(
        &self,
        tables: [Option<NetworkTable>; 2],
        data: Option<DataShape>,
    ) -> Vec<String> {
        let [g, d] = tables;
        let mut problems = Vec::new();
        if let Some(mut g) = g {
            if let Some(Layers { layers }) = g.whole() {
                // One beyond its range is told elsewhere; here its product with a width must not overflow.
                let inputs = self.latent.min(1 << 16) + data.map_or(0, |data| self.classes_of(data).0);
                let outputs = data.map(|data| Size::Planes(data.image));
                let outputs = outputs.unwrap_or(Size::Flat(last_width(&layers).unwrap_or(1)));
                g.faults.extend(faults(NETWORKS[0], inputs.into(), &layers, outputs, data));
            }
            g.faults.extend(end_of_generator(&g.layers));
            problems.extend(g.told(NETWORKS[0]));
        }
        if let Some(mut d) = d {
            if let Some(Layers { layers }) = d.whole() {
                let inputs = data.map_or(Size::Flat(1), |data| Size::Planes(data.image));
                // Until it is known how many classes there are, a width that is written down is taken for right.
                let opinions = match data {
                    None if self.classes => last_width(&layers).unwrap_or(1),
                    _ => data.map_or(Classes(0), |data| self.classes_of(data)).opinions(),
                };
                d.faults.extend(faults(NETWORKS[1], inputs, &layers, opinions.into(), data));
            }
            d.faults.extend(end_of_discriminator(&d.layers));
            if self.has_penalty() {
                d.faults.extend(not_piecewise_linear(&d.layers));
            }
            problems.extend(d.told(NETWORKS[1]));
        }
        problems
    }
}

/// Finds the faults of layers. As long as the pictures are not known, of networks with pictures between layers only those of each
/// layer alone: everything else follows from sizes.
fn faults(name: &str, inputs: Size, layers: &[Layer], outputs: Size, data: Option<DataShape>) -> Vec<Fault> {
    if data.is_none() && layers.iter().any(Layer::is_of_pictures) {
        return Network::faults_of_each(layers);
    }
    Network::new(name, inputs, layers, outputs).err().unwrap_or_default()
}

/// Gives the width of the last dense layer, where it is written down.
fn last_width(layers: &[Layer]) -> Option<usize> {
    layers.iter().rev().find_map(|layer| if let Layer::Dense { width } = layer { Some(*width) } else { None }).flatten()
}

fn end_of_generator(layers: &[Option<Layer>]) -> Option<Fault> {
    let last = layers.last()?.as_ref()?;
    let wanted = "it must end in { layer = \"tanh\" }, since the pictures it learns from are between -1 and 1";
    (last.activation() != Some(Activation::Tanh)).then(|| Fault { layer: None, what: wanted.to_owned() })
}

fn end_of_discriminator(layers: &[Option<Layer>]) -> Option<Fault> {
    let function = layers.last()?.as_ref()?.activation();
    let what = "follows the last layer with weights, which gives the logit: no function may, so take it out";
    function.map(|_| Fault { layer: Some(layers.len()), what: what.to_owned() })
}

/// Finds the layers of D that the gradient penalties cannot take.
fn not_piecewise_linear(layers: &[Option<Layer>]) -> impl Iterator<Item = Fault> {
    let what = "is not made of straight pieces, as a gradient penalty (`r1_gamma`, `r2_gamma`) needs it: take \"leaky-relu\" in \
                its place, or set both weights to 0";
    let bends = |layer: &Layer| layer.activation().is_some_and(|function| !function.is_piecewise_linear());
    let places = (1..).zip(layers).filter(move |(_, layer)| layer.as_ref().is_some_and(bends));
    places.map(move |(number, _)| Fault { layer: Some(number), what: what.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut table: toml::Table = super::super::STABLE.parse().unwrap();
        table.extend(text.parse::<toml::Table>().unwrap());
        Recipe::from_table(table).err().unwrap_or_default()
    }

    #[test]
    fn layers_make_both_networks_and_pictures_of_another_size_do_not_fit() {
        let text = "[generator]\nlayers = [{ layer = \"dense\", width = 5 }, { layer = \"leaky-relu\", slope = 0.1 }, \
                    { layer = \"dense\", width = 9 }, { layer = \"tanh\" }]\n\
                    [discriminator]\nlayers = [{ layer = \"dense\" }]";
        let recipe = Recipe::load("stable", &text.parse().unwrap()).unwrap();
        let small = DataShape::grey(3, 3);
        assert_eq!((recipe.generator_network(small).len(), recipe.discriminator_network(small).len()), (505 + 54, 10));
        assert!(recipe.fits(small).is_ok());
        let failure = recipe.fits(DataShape::grey(28, 28)).unwrap_err();
        assert!(failure.message.contains("`[generator]`: the last dense layer gives 9 numbers and 784"), "{failure}");
        assert_eq!(failure.exit_code(), 2);
        assert_eq!(Recipe::parse(&recipe.to_toml(), "own", &toml::Table::new()).unwrap(), recipe);
    }

    #[test]
    fn classes_are_inputs_of_g_and_opinions_of_d() {
        let recipe = |text: &str| Recipe::load("stable", &text.parse().unwrap()).unwrap();
        let data = DataShape::grey(3, 3).with_classes(7);
        let (without, with) = (recipe("latent = 5\nhidden = 4"), recipe("latent = 5\nhidden = 4\nclasses = true"));
        assert_eq!((without.classes_of(data), with.classes_of(data)), (Classes(0), Classes(7)));
        assert_eq!((without.generator_network(data).inputs(), with.generator_network(data).inputs()), (5, 12));
        assert_eq!((without.discriminator_network(data).outputs(), with.discriminator_network(data).outputs()), (1, 8));
        // A D of one's own leaves its last width out.
        let own = "classes = true\n[discriminator]\nlayers = [{ layer = \"dense\" }]";
        assert_eq!(recipe(own).discriminator_network(data).outputs(), 8);
        for (classes, expected) in [
            (0, "`classes` is on, but these pictures have no classes"),
            (1, "all pictures are of one class"),
            (10_000, "10000 are more than the 1000"),
        ] {
            let failure = with.fits(data.with_classes(classes)).unwrap_err();
            assert!(failure.message.contains(expected), "{failure}");
            assert!(without.fits(data.with_classes(classes)).is_ok());
        }
        let written =
            recipe("[discriminator]\nlayers = [{ layer = \"dense\", width = 1 }]\n[x]".trim_end_matches("\n[x]"));
        let with_width = Recipe { classes: true, ..written };
        assert!(with_width.fits(data).unwrap_err().message.contains("gives 1 numbers and 8 must come out"));
    }

    #[test]
    fn every_fault_of_either_network_is_told_at_once_with_its_place() {
        let told = problems(
            "lr = -1.0\n[generator]\nlayers = [{ layer = \"dense\" }, { layer = \"leakyrelu\", slope = 0.2 }, { width = 3 }, \
             { layer = \"leaky-relu\" }, { layer = \"dense\", widht = 3 }, 7]\nseed = 1\n\
             [discriminator]\nlayers = [{ layer = \"dense\", width = 0 }, { layer = \"tanh\" }, \
             { layer = \"dense\", width = 2 }, { layer = \"leaky-relu\", slope = 2 }]",
        );
        for expected in [
            "`lr` is -1: it must be a number above 0",
            "`[generator]`: unknown key `seed`",
            "`[generator]`: layer 2 is of an unknown kind `leakyrelu`: did you mean `leaky-relu`?",
            "`[generator]`: layer 3 does not say its kind",
            "`[generator]`: layer 4 (`leaky-relu`) cannot be read: missing field `slope`",
            "`[generator]`: layer 5 (`dense`) cannot be read: unknown field `widht`",
            "`[generator]`: layer 6 does not say its kind",
            "`[discriminator]`: layer 1 has a width of 0",
            "`[discriminator]`: layer 2 is not made of straight pieces",
            "`[discriminator]`: layer 4 has a slope of 2",
            "`[discriminator]`: layer 4 follows the last layer with weights",
            "`[discriminator]`: the last dense layer gives 2 numbers and 1 must come out",
        ] {
            assert!(told.iter().any(|text| text.starts_with(expected)), "{expected} is not in {told:#?}");
        }
        assert_eq!(told.len(), 12, "{told:#?}");
    }

    #[test]
    fn what_is_no_list_of_layers_is_refused_in_words() {
        for (text, expected) in [
            ("generator = 3", "`[generator]`: it must be a table with layers"),
            ("generator = {}", "`[generator]`: it must have a list of its layers"),
            ("[discriminator]\nlayer = []", "`[discriminator]`: unknown key `layer`: did you mean `layers`?"),
            ("[discriminator]\nlayers = []", "`[discriminator]`: there is no dense layer and no convolution"),
            ("[generater]\nlayers = []", "unknown key `generater`: did you mean `generator`?"),
            ("network = \"cnn\"", "`network` is \"cnn\": it must be \"mlp\""),
            (
                "[generator]\nlayers = [{ layer = \"dense\" }, { layer = \"leaky-relu\", slope = 0.2 }, { layer = \"dense\" }, \
                 { layer = \"tanh\" }]",
                "`[generator]`: layer 1 has no width",
            ),
            (
                "latent = 9223372036854775807\n[generator]\nlayers = [{ layer = \"dense\" }, { layer = \"tanh\" }]",
                "`latent` is 9223372036854776000: it must be between 1 and 16384",
            ),
            ("[generator]\nlayers = [{ layer = \"dense\" }]", "`[generator]`: it must end in { layer = \"tanh\" }"),
        ] {
            let told = problems(text);
            assert!(told.iter().any(|told| told.starts_with(expected)), "{expected} is not in {told:#?}");
        }
    }
}
