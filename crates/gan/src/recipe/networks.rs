//! The two networks of a recipe: how their tables are read, what they are, and whether they fit each other and the pictures.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::{Recipe, nearest, refusal};
use failure::Result;
use net::{Activation, Fault, Layer, Network};

/// Names both tables, G's and D's, that a recipe may have beside its keys.
pub(super) const NETWORKS: [&str; 2] = ["generator", "discriminator"];
/// Names the key of a network's table that lists its layers; [`LAYER`] is that of a layer which says its kind.
const LAYERS: &str = "layers";
const LAYER: &str = "layer";

/// Lists a network as a recipe writes it: `[generator]` with `layers = [{ layer = "dense", width = 256 }, ...]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// Lists the layers from input to output; the last dense layer's width may be left out.
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
    /// Makes G, which turns `latent` numbers into pictures of `pixels` numbers.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn generator_network(&self, pixels: usize) -> Network {
        self.network_of_generator(pixels).expect("the recipe was found to fit")
    }

    /// Makes D, which turns pictures of `pixels` numbers into one logit.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn discriminator_network(&self, pixels: usize) -> Network {
        self.network_of_discriminator(pixels).expect("the recipe was found to fit")
    }

    /// Says whether the weight of either gradient penalty is above 0.
    pub fn has_penalty(&self) -> bool {
        self.r1_gamma + self.r2_gamma > 0.0
    }

    /// Checks that both networks fit each other and pictures of `pixels` numbers.
    ///
    /// # Errors
    /// Tells every fault of either network, each with its place.
    pub fn fits(&self, pixels: usize) -> Result<()> {
        let misfits = self.misfits(pixels);
        if misfits.is_empty() { Ok(()) } else { Err(refusal(&self.name, &misfits)) }
    }

    /// Lists what [`Recipe::fits`] refuses, a sentence each that starts with the network's table; nothing if all fits. The
    /// shorthand's networks always do.
    pub fn misfits(&self, pixels: usize) -> Vec<String> {
        let table = |network: &Option<Layers>| {
            network.as_ref().map(|Layers { layers }| NetworkTable {
                layers: layers.iter().cloned().map(Some).collect(),
                faults: Vec::new(),
            })
        };
        self.problems_of_networks([table(&self.generator), table(&self.discriminator)], Some(pixels))
    }

    fn network_of_generator(&self, pixels: usize) -> std::result::Result<Network, Vec<Fault>> {
        match &self.generator {
            Some(Layers { layers }) => Network::new(NETWORKS[0], self.latent, layers, pixels),
            None => {
                let widths = [self.latent, self.hidden, self.hidden, pixels];
                Ok(Network::mlp(NETWORKS[0], &widths, self.leaky_slope, Activation::Tanh))
            }
        }
    }

    fn network_of_discriminator(&self, pixels: usize) -> std::result::Result<Network, Vec<Fault>> {
        match &self.discriminator {
            Some(Layers { layers }) => Network::new(NETWORKS[1], pixels, layers, 1),
            None => {
                let widths = [pixels, self.hidden, self.hidden, 1];
                Ok(Network::mlp(NETWORKS[1], &widths, self.leaky_slope, Activation::Identity))
            }
        }
    }

    /// Says what is wrong with the networks as their tables have them, those that cannot be read among them, each with
    /// its place; for pictures of any size, if their size is not known yet.
    pub(super) fn problems_of_networks(&self, tables: [Option<NetworkTable>; 2], pixels: Option<usize>) -> Vec<String> {
        let [g, d] = tables;
        let mut problems = Vec::new();
        if let Some(mut g) = g {
            if let Some(Layers { layers }) = g.whole() {
                let outputs = pixels.or(last_width(&layers)).unwrap_or(1);
                // One beyond its range is told elsewhere; here its product with a width must not overflow.
                let latent = self.latent.min(1 << 16);
                g.faults.extend(Network::new(NETWORKS[0], latent, &layers, outputs).err().unwrap_or_default());
            }
            g.faults.extend(end_of_generator(&g.layers));
            problems.extend(g.told(NETWORKS[0]));
        }
        if let Some(mut d) = d {
            if let Some(Layers { layers }) = d.whole() {
                let faults = Network::new(NETWORKS[1], pixels.unwrap_or(1), &layers, 1).err();
                d.faults.extend(faults.unwrap_or_default());
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
    let what = "follows the last dense layer, which gives the logit: no function may, so take it out";
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
        assert_eq!((recipe.generator_network(9).len(), recipe.discriminator_network(9).len()), (505 + 54, 10));
        assert!(recipe.fits(9).is_ok());
        let failure = recipe.fits(784).unwrap_err();
        assert!(failure.message.contains("`[generator]`: the last dense layer gives 9 numbers and 784"), "{failure}");
        assert_eq!(failure.exit_code(), 2);
        assert_eq!(Recipe::parse(&recipe.to_toml(), "own", &toml::Table::new()).unwrap(), recipe);
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
            "`[discriminator]`: layer 4 follows the last dense layer",
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
            ("[discriminator]\nlayers = []", "`[discriminator]`: there is no dense layer"),
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
