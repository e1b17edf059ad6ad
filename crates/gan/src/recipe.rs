//! Recipes: every hyperparameter of a run as data.
//!
//! `seed` and `stable` are embedded; `--recipe FILE` reads any other TOML file of the same keys, and each key is also a
//! flag. All wrong values are reported at once, an unknown key with the nearest known one.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use failure::{Failure, Result};
use net::{Activation, Fault, Layer, Network};

pub use crate::loss::Loss;

/// The original algorithm to the letter.
pub const SEED: &str = include_str!("../recipes/seed.toml");
/// The default.
pub const STABLE: &str = include_str!("../recipes/stable.toml");
/// The built-in recipes by name.
pub const BUILT_IN: [(&str, &str); 2] = [("seed", SEED), ("stable", STABLE)];

/// What the other coordinates do in the closing sweep of z\[0\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// New noise for each picture, as in the original.
    Fresh,
    /// The same noise for all pictures.
    Held,
}

/// Every hyperparameter of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Shown in logs and in the model.
    pub name: String,
    /// Coordinates of the latent vector z.
    pub latent: usize,
    /// Width of both hidden layers, of G and of D.
    pub hidden: usize,
    /// Slope of the leaky ReLU for negative inputs.
    pub leaky_slope: f64,
    /// How D's logits are scored.
    pub loss: Loss,
    /// D's target for real pictures; below 1 is one-sided label smoothing. Non-saturating loss only.
    pub real_label: f64,
    /// Added to every pixel, -1 (black) to 1 (white), before D sees it: 1 makes black 0. Recipes without this key have 0.
    pub d_input_offset: f64,
    /// Weight of the gradient penalty on real pictures at the start of the run.
    pub r1_gamma: f64,
    /// The same at the end; log-linear between.
    pub r1_gamma_final: f64,
    /// Weight of the gradient penalty on generated pictures at the start of the run.
    pub r2_gamma: f64,
    /// The same at the end; log-linear between.
    pub r2_gamma_final: f64,
    /// Pictures in a minibatch.
    pub batch: usize,
    /// Adam's learning rate for both networks.
    pub lr: f64,
    /// Learning rate at the end of the run.
    pub lr_final: f64,
    /// Fraction of the run before the rate begins to fall.
    pub lr_hold: f64,
    /// Adam's decay of the first moment.
    pub beta1: f64,
    /// Adam's decay of the second moment.
    pub beta2: f64,
    /// Adam's guard against division by zero, added to the root of the second moment.
    pub adam_epsilon: f64,
    /// Decay of the exponential moving average of G's weights; 0 keeps none.
    pub ema: f64,
    /// Whether that decay ramps up from the start of the run.
    pub ema_ramp: bool,
    /// What the other coordinates do in the closing sweep.
    pub sweep: Sweep,
    /// G layer by layer; else the perceptron of two hidden layers that `hidden` and `leaky_slope` say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Layers>,
    /// D layer by layer; else the perceptron of two hidden layers that `hidden` and `leaky_slope` say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Layers>,
}

/// A network as a recipe writes it: `[generator]` with `layers = [{ layer = "dense", width = 256 }, ...]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// From input to output; the last dense layer's width may be left out.
    pub layers: Vec<Layer>,
}

/// Tables that a recipe may have beside its keys.
const NETWORKS: [&str; 2] = ["generator", "discriminator"];
/// The key that may say that both networks are the shorthand's; it is the only value there is.
const SHORTHAND: (&str, &str) = ("network", "mlp");

/// What changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRates {
    /// Adam's learning rate.
    pub lr: f64,
    /// Weight of R1.
    pub r1_gamma: f64,
    /// Weight of R2.
    pub r2_gamma: f64,
    /// Decay of the moving average at this step.
    pub ema_decay: f64,
}

impl Recipe {
    /// Reads `seed`, `stable` or a TOML file, and puts `overrides` (key, value) over its values.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML, and every unknown key, wrong type and value out of range, together.
    pub fn load(name_or_file: &str, overrides: &Table) -> Result<Self> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
            return Self::parse(text, name_or_file, overrides);
        }
        let path = Path::new(name_or_file);
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("recipe `{name_or_file}` is not built in and cannot be read as a file: {error}"))
                .hint("give `seed`, `stable` or the path of a TOML file; `trainer recipes show stable` prints one to start from")
        })?;
        Self::parse(&text, name_or_file, overrides)
    }

    /// Reads a recipe from TOML; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Recipe::load`].
    pub fn parse(text: &str, origin: &str, overrides: &Table) -> Result<Self> {
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
            Failure::usage(format!("recipe `{origin}` is not TOML: {}", error.to_string().trim_end()))
        })?;
        // The one key younger than files and checkpoints that people may have.
        table.entry("d_input_offset").or_insert(Value::Float(0.0));
        for (key, value) in overrides {
            table.insert(key.clone(), value.clone());
        }
        Self::from_table(table).map_err(|problems| refusal(origin, &problems))
    }

    /// Reads a recipe from its keys and values.
    ///
    /// # Errors
    /// Every unknown key, wrong type and value out of range: a sentence each, which starts with the key if there is one.
    pub fn from_table(mut table: Table) -> std::result::Result<Self, Vec<String>> {
        let known = known_keys();
        let mut problems: Vec<String> = Vec::new();
        match table.remove(SHORTHAND.0) {
            None => {}
            Some(Value::String(kind)) if kind == SHORTHAND.1 => {}
            Some(other) => problems.push(format!(
                "`network` is {other}: it must be \"mlp\"; other networks are tables, `[generator]` and `[discriminator]`"
            )),
        }
        for key in table.keys().filter(|key| !known.contains_key(*key) && !NETWORKS.contains(&key.as_str())) {
            problems.push(match nearest(key, known.keys()) {
                Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
                None => format!("unknown key `{key}`"),
            });
        }
        for key in known.keys().filter(|key| !table.contains_key(*key)) {
            problems.push(format!("`{key}` is missing"));
        }
        for (key, value) in &mut table {
            widen_integer(value, known.get(key));
            if let Some(wanted) = known.get(key).filter(|wanted| wanted.type_str() != value.type_str()) {
                problems.push(format!("`{key}` must be {} `{}`", article(wanted), wanted.type_str()));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let recipe: Recipe = table.try_into().map_err(|error: toml::de::Error| vec![error.message().to_owned()])?;
        let problems = recipe.problems();
        if problems.is_empty() { Ok(recipe) } else { Err(problems) }
    }

    /// The recipe as TOML, complete: what [`Recipe::parse`] reads back.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a flat struct of numbers and strings is always TOML")
    }

    /// Whether the exported weights are a moving average.
    pub fn has_ema(&self) -> bool {
        self.ema > 0.0
    }

    /// G, which makes pictures of `pixels` numbers from `latent` ones.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn generator_network(&self, pixels: usize) -> Network {
        self.network_of_generator(pixels).expect("the recipe was found to fit")
    }

    /// D, which makes one logit from pictures of `pixels` numbers.
    ///
    /// # Panics
    /// If the layers do not fit, which [`Recipe::fits`] tells before.
    pub fn discriminator_network(&self, pixels: usize) -> Network {
        self.network_of_discriminator(pixels).expect("the recipe was found to fit")
    }

    fn network_of_generator(&self, pixels: usize) -> std::result::Result<Network, Vec<Fault>> {
        match &self.generator {
            Some(Layers { layers }) => Network::new("generator", self.latent, layers, pixels),
            None => {
                let widths = [self.latent, self.hidden, self.hidden, pixels];
                Ok(Network::mlp("generator", &widths, self.leaky_slope, Activation::Tanh))
            }
        }
    }

    fn network_of_discriminator(&self, pixels: usize) -> std::result::Result<Network, Vec<Fault>> {
        match &self.discriminator {
            Some(Layers { layers }) => Network::new("discriminator", pixels, layers, 1),
            None => {
                let widths = [pixels, self.hidden, self.hidden, 1];
                Ok(Network::mlp("discriminator", &widths, self.leaky_slope, Activation::Identity))
            }
        }
    }

    /// Whether the weight of either gradient penalty is above 0.
    pub fn has_penalty(&self) -> bool {
        self.r1_gamma + self.r2_gamma > 0.0
    }

    /// Checks that both networks fit each other and pictures of `pixels` numbers.
    ///
    /// # Errors
    /// Every fault of either network, each with its place.
    pub fn fits(&self, pixels: usize) -> Result<()> {
        let problems = self.network_problems(Some(pixels));
        if problems.is_empty() { Ok(()) } else { Err(refusal(&self.name, &problems)) }
    }

    /// What is wrong with the networks; of pictures of any size, if their size is not known yet.
    fn network_problems(&self, pixels: Option<usize>) -> Vec<String> {
        let last_width = |layers: &Option<Layers>| {
            let layers = layers.iter().flat_map(|layers| &layers.layers);
            layers
                .rev()
                .find_map(|layer| if let Layer::Dense { width } = layer { Some(*width) } else { None })
                .flatten()
        };
        let mut problems = Vec::new();
        let mut tell = |network: &str, faults: &[Fault]| {
            problems.extend(faults.iter().map(|fault| format!("`[{network}]`: {fault}")));
        };
        let at_the_end = |what: &str| [Fault { layer: None, what: what.to_owned() }];
        match self.network_of_generator(pixels.or(last_width(&self.generator)).unwrap_or(1)) {
            Err(faults) => tell("generator", &faults),
            Ok(g) if g.last_activation() != Activation::Tanh => tell(
                "generator",
                &at_the_end(
                    "it must end in { layer = \"tanh\" }, since the pictures it learns from are between -1 and 1",
                ),
            ),
            Ok(_) => {}
        }
        match self.network_of_discriminator(pixels.unwrap_or(1)) {
            Err(faults) => tell("discriminator", &faults),
            Ok(d) => {
                if d.last_activation() != Activation::Identity {
                    tell(
                        "discriminator",
                        &at_the_end("its last dense layer gives the logit, so no function may follow it: take it out"),
                    );
                }
                if self.has_penalty() && !d.is_piecewise_linear() {
                    tell(
                        "discriminator",
                        &at_the_end(
                            "a gradient penalty (`r1_gamma`, `r2_gamma`) needs functions made of straight pieces: take \
                             \"leaky-relu\" in place of \"tanh\", or set both weights to 0",
                        ),
                    );
                }
            }
        }
        problems
    }

    /// Rates of step `step` of a run of `total` steps; step counts from 0.
    pub fn rates(&self, step: u64, total: u64) -> StepRates {
        let progress = step as f64 / total.max(1) as f64;
        let falling = if progress <= self.lr_hold { 0.0 } else { (progress - self.lr_hold) / (1.0 - self.lr_hold) };
        let ramp = (1.0 + step as f64) / (10.0 + step as f64);
        StepRates {
            lr: self.lr + (self.lr_final - self.lr) * falling,
            r1_gamma: log_linear(self.r1_gamma, self.r1_gamma_final, progress),
            r2_gamma: log_linear(self.r2_gamma, self.r2_gamma_final, progress),
            ema_decay: if self.ema_ramp { self.ema.min(ramp) } else { self.ema },
        }
    }

    /// Everything about the values that cannot be, in words.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut number = |key: &str, value: f64, ok: bool, wanted: &str| {
            if !ok || !value.is_finite() {
                problems.push(format!("`{key}` is {value}: it must be {wanted}"));
            }
        };
        for (key, value, most) in
            [("latent", self.latent, MAX_WIDTH), ("hidden", self.hidden, MAX_WIDTH), ("batch", self.batch, MAX_BATCH)]
        {
            number(key, value as f64, (1..=most).contains(&value), &format!("between 1 and {most}"));
        }
        number("leaky_slope", self.leaky_slope, (0.0..1.0).contains(&self.leaky_slope), "at least 0 and below 1");
        number("real_label", self.real_label, self.real_label > 0.0 && self.real_label <= 1.0, "above 0 and at most 1");
        number("d_input_offset", self.d_input_offset, self.d_input_offset.abs() <= 2.0, "between -2 and 2");
        for (key, value) in [("lr", self.lr), ("lr_final", self.lr_final), ("adam_epsilon", self.adam_epsilon)] {
            number(key, value, value > 0.0, "a number above 0");
        }
        number("lr_hold", self.lr_hold, (0.0..=1.0).contains(&self.lr_hold), "between 0 and 1");
        for (key, value) in [("beta1", self.beta1), ("beta2", self.beta2), ("ema", self.ema)] {
            number(key, value, (0.0..1.0).contains(&value), "at least 0 and below 1");
        }
        for (key, start, end) in
            [("r1_gamma", self.r1_gamma, self.r1_gamma_final), ("r2_gamma", self.r2_gamma, self.r2_gamma_final)]
        {
            number(key, start, start >= 0.0, "at least 0");
            number(&format!("{key}_final"), end, end >= 0.0, "at least 0");
            if (start == 0.0) != (end == 0.0) {
                number(key, start, false, &format!("0 just when `{key}_final` is, since it moves log-linearly"));
            }
        }
        problems.extend(self.network_problems(None));
        problems
    }
}

/// Beyond these a value is a slip of the keyboard, and memory would run out before a step is done.
const MAX_WIDTH: usize = 16_384;
const MAX_BATCH: usize = 50_000;

fn log_linear(start: f64, end: f64, progress: f64) -> f64 {
    if start == 0.0 { 0.0 } else { (start.ln() + (end.ln() - start.ln()) * progress).exp() }
}

/// Keys and the type of each, read off a built-in recipe.
pub fn known_keys() -> Table {
    STABLE.parse().expect("the built-in recipe is TOML")
}

/// `lr = 1` means 1.0.
fn widen_integer(value: &mut Value, wanted: Option<&Value>) {
    if let (Value::Integer(integer), Some(Value::Float(_))) = (&*value, wanted) {
        *value = Value::Float(*integer as f64);
    }
}

fn article(value: &Value) -> &'static str {
    if value.type_str().starts_with(['a', 'i']) { "an" } else { "a" }
}

/// The known key that is most like `key`, if any is like it.
pub fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    known
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn refusal(origin: &str, problems: &[String]) -> Failure {
    let list = problems.join("\n  ");
    Failure::usage(format!("recipe `{origin}` cannot be used:\n  {list}"))
        .hint("`trainer recipes show stable` prints a complete recipe; a flag such as `--lr` overrides one value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, Value)]) -> Result<Recipe> {
        let overrides = pairs.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
        Recipe::load("stable", &overrides)
    }

    #[test]
    fn the_built_in_recipes_are_those_of_the_design() {
        let seed = Recipe::load("seed", &Table::new()).unwrap();
        assert_eq!((seed.batch, seed.latent, seed.hidden), (100, 100, 128));
        assert_eq!((seed.lr, seed.beta1, seed.beta2, seed.real_label), (0.001, 0.9, 0.999, 0.9));
        assert_eq!(seed.rates(27_499, 27_500).lr, 0.001);
        assert_eq!((seed.loss, seed.sweep, seed.has_ema()), (Loss::NonSaturating, Sweep::Fresh, false));
        let stable = Recipe::load("stable", &Table::new()).unwrap();
        assert_eq!((stable.loss, stable.sweep, stable.has_ema()), (Loss::Relativistic, Sweep::Held, true));
    }

    #[test]
    fn a_recipe_survives_being_written_and_read() {
        for (name, _) in BUILT_IN {
            let recipe = Recipe::load(name, &Table::new()).unwrap();
            assert_eq!(Recipe::parse(&recipe.to_toml(), name, &Table::new()).unwrap(), recipe, "{name}");
        }
    }

    #[test]
    fn rates_follow_the_schedule() {
        let stable = Recipe::load("stable", &Table::new()).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        let (start, half, nine_tenths, end) =
            (stable.rates(0, 1000), stable.rates(500, 1000), stable.rates(900, 1000), stable.rates(1000, 1000));
        near(start.lr, 0.002);
        near(half.lr, 0.002);
        near(nine_tenths.lr, 0.0014);
        near(end.lr, 0.0008);
        near(start.r1_gamma, 2.0);
        near(half.r1_gamma, 0.6f64.sqrt());
        near(end.r2_gamma, 0.3);
        near(start.ema_decay, 0.1);
        near(stable.rates(50_000, 100_000).ema_decay, 0.9998);
    }

    #[test]
    fn bad_values_are_refused_together_and_by_name() {
        type Case<'a> = (&'a str, &'a [(&'a str, Value)], &'a [&'a str]);
        let cases: [Case; 6] = [
            (
                "negative and NaN",
                &[("lr", (-0.1).into()), ("beta1", f64::NAN.into())],
                &["`lr` is -0.1", "`beta1` is NaN"],
            ),
            ("infinite", &[("lr", f64::INFINITY.into())], &["`lr` is inf"]),
            ("zero batch", &[("batch", 0.into())], &["`batch` is 0: it must be between 1 and"]),
            (
                "unknown",
                &[("learning_rte", 1.0.into()), ("btach", 3.into())],
                &["`btach`: did you mean `batch`?", "`learning_rte`"],
            ),
            ("wrong type", &[("lr", "fast".into())], &["`lr` must be a `float`"]),
            (
                "one gamma zero",
                &[("r1_gamma", 0.0.into())],
                &["`r1_gamma` is 0: it must be 0 just when `r1_gamma_final` is"],
            ),
        ];
        for (name, overrides, expected) in cases {
            let failure = with(overrides).expect_err(name);
            for part in expected {
                assert!(failure.message.contains(part), "{name}: {} lacks {part}", failure.message);
            }
            assert_eq!(failure.exit_code(), 2, "{name}");
        }
    }

    #[test]
    fn an_unknown_loss_names_the_known_ones() {
        let failure = with(&[("loss", "hinge".into())]).unwrap_err();
        assert!(failure.message.contains("non-saturating") && failure.message.contains("relativistic"), "{failure}");
    }

    #[test]
    fn whole_numbers_do_for_rates() {
        assert_eq!(with(&[("lr", 1.into())]).unwrap().lr, 1.0);
    }
}
