//! Recipes: every hyperparameter of a run as data.
//!
//! `seed`, `stable`, `classes`, `fine`, `colour` and `conv` are embedded; `--recipe FILE` reads any other TOML file of the same keys,
//! and each key is also a flag. Everything that is wrong is told at once, an unknown key with the nearest known one.
//!
//! `keys.rs` has a row for each key, `plain.rs` reads what takes no TOML to read, `networks.rs` has what the tables `[generator]` and
//! `[discriminator]` say, `schedule.rs` the rates of a step.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use failure::{Failure, Result};

mod keys;
mod networks;
mod plain;
mod schedule;

pub use crate::loss::Loss;
pub use keys::{KEYS, Key, Kind, Range, Recipe};
pub use networks::Layers;
pub use schedule::StepRates;

use keys::NAME;
use networks::{NETWORKS, NetworkTable};

/// Holds the recipe `seed`, the original algorithm to the letter, as TOML.
pub const SEED: &str = include_str!("../../recipes/seed.toml");
/// Holds the recipe `stable`, which is the default, as TOML.
pub const STABLE: &str = include_str!("../../recipes/stable.toml");
/// Holds the recipe `classes`, which is `stable` with classes, as TOML.
pub const CLASSES: &str = include_str!("../../recipes/classes.toml");
/// Holds the recipe `fine`, which is `classes` for the best digits, as TOML.
pub const FINE: &str = include_str!("../../recipes/fine.toml");
/// Holds the recipe `colour`, which is `stable` for pictures in colour, as TOML.
pub const COLOUR: &str = include_str!("../../recipes/colour.toml");
/// Holds the recipe `conv`, which is `stable` with convolutions, as TOML.
pub const CONV: &str = include_str!("../../recipes/conv.toml");
/// Lists the built-in recipes, each as its name and its TOML.
pub const BUILT_IN: [(&str, &str); 6] =
    [("seed", SEED), ("stable", STABLE), ("classes", CLASSES), ("fine", FINE), ("colour", COLOUR), ("conv", CONV)];

/// Says what the other coordinates do in the closing sweep of z\[0\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// Draws them anew for each picture, as in the original.
    Fresh,
    /// Keeps them the same in all pictures, so that z\[0\] alone moves.
    Held,
}

/// Names the key that may say that both networks are the shorthand's, and the only value it may have.
const SHORTHAND: (&str, &str) = ("network", "mlp");

impl Recipe {
    /// Reads `seed`, `stable`, `classes`, `fine`, `colour`, `conv` or a TOML file, and puts `overrides` (key, value) over its values.
    ///
    /// # Errors
    /// Refuses a file that cannot be read or is no TOML, and every unknown key, wrong type and value out of range,
    /// together.
    pub fn load(name_or_file: &str, overrides: &Table) -> Result<Self> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
            return Self::parse(text, name_or_file, overrides);
        }
        let path = Path::new(name_or_file);
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("recipe `{name_or_file}` is not built in and cannot be read as a file: {error}"))
                .hint("give `seed`, `stable`, `classes`, `fine`, `colour`, `conv` or the path of a TOML file; `trainer recipes show stable` prints one to start from")
        })?;
        Self::parse(&text, name_or_file, overrides)
    }

    /// Reads a recipe from TOML, and puts `overrides` over its values; `origin` names it in errors.
    ///
    /// # Errors
    /// Refuses what is no TOML, and every unknown key, wrong type and value out of range, together.
    pub fn parse(text: &str, origin: &str, overrides: &Table) -> Result<Self> {
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
            Failure::usage(format!("recipe `{origin}` is not TOML: {}", error.to_string().trim_end()))
        })?;
        table.extend(overrides.clone());
        Self::from_table(table).map_err(|problems| refusal(origin, &problems))
    }

    /// Reads a recipe from its keys and values.
    ///
    /// # Errors
    /// Refuses every unknown key, wrong type, value out of range and fault of a network: a sentence each, which starts with the key or
    /// the network's table if there is one.
    pub fn from_table(mut table: Table) -> std::result::Result<Self, Vec<String>> {
        let mut problems: Vec<String> = Vec::new();
        match table.remove(SHORTHAND.0) {
            None => {}
            Some(Value::String(kind)) if kind == SHORTHAND.1 => {}
            Some(other) => problems.push(format!(
                "`network` is {other}: it must be \"mlp\"; other networks are tables, `[generator]` and `[discriminator]`"
            )),
        }
        let tables = NETWORKS.map(|network| table.remove(network).map(NetworkTable::read));
        problems.extend(take_unknown(&mut table));
        for key in std::iter::once(&NAME).chain(KEYS) {
            let Some(value) = table.remove(key.name).or_else(|| key.older()) else {
                problems.push(format!("`{}` is missing", key.name));
                continue;
            };
            let value = key.kind.widen(value);
            problems.extend(key.problem(&value));
            table.insert(key.name.to_owned(), value);
        }
        let [generator, discriminator] = tables.each_ref().map(|read| read.as_ref().and_then(NetworkTable::whole));
        match table.try_into::<Recipe>() {
            Ok(values) => {
                let recipe = Self { generator, discriminator, ..values };
                problems.extend(recipe.problems_between_keys());
                problems.extend(recipe.problems_of_networks(tables, None));
                if problems.is_empty() { Ok(recipe) } else { Err(problems) }
            }
            // A key is missing or of a wrong type, and told so.
            Err(error) => {
                if problems.is_empty() {
                    problems.push(error.message().to_owned());
                }
                let unread = NETWORKS.iter().zip(&tables).filter_map(|(name, one)| Some(one.as_ref()?.told(name)));
                problems.extend(unread.flatten());
                Err(problems)
            }
        }
    }

    /// Writes the recipe as TOML, complete: what [`Recipe::parse`] reads back.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("numbers, strings and lists of layers are always TOML")
    }

    /// Says whether the exported weights are a moving average.
    pub fn has_ema(&self) -> bool {
        self.ema > 0.0
    }

    /// Says what is wrong with values that are right each for itself.
    fn problems_between_keys(&self) -> Vec<String> {
        self.lame_penalties()
            .map(|(key, start)| {
                format!("`{key}` is {start}: it must be 0 just when `{key}_final` is, since it moves log-linearly")
            })
            .collect()
    }

    fn has_lame_penalty(&self) -> bool {
        self.lame_penalties().next().is_some()
    }

    /// Gives the penalties whose weight is 0 at one end of the run alone, each by its key and the weight at the start.
    fn lame_penalties(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let gammas =
            [("r1_gamma", self.r1_gamma, self.r1_gamma_final), ("r2_gamma", self.r2_gamma, self.r2_gamma_final)];
        let lame = gammas.into_iter().filter(|(_, start, end)| (*start == 0.0) != (*end == 0.0));
        lame.map(|(key, start, _)| (key, start))
    }
}

/// Takes the keys that there are none of out of a recipe's table, and gives a sentence for each.
fn take_unknown(table: &mut Table) -> Vec<String> {
    let known = || std::iter::once(NAME.name).chain(KEYS.iter().map(|key| key.name));
    let unknown: Vec<String> = table.keys().filter(|key| !known().any(|name| name == *key)).cloned().collect();
    let told = |key: &String| {
        table.remove(key);
        match nearest(key, known().chain(NETWORKS)) {
            Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
            None => format!("unknown key `{key}`"),
        }
    };
    unknown.iter().map(told).collect()
}

/// Gives the known name that is most like `name` (Jaro-Winkler similarity above 0.7), for "did you mean"; none if none
/// is like it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
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
    fn built_in_recipes_are_written_as_they_are_in_their_files() {
        for (name, text) in BUILT_IN {
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            let written = Recipe::load(name, &Table::new()).unwrap().to_toml();
            // Layers are compared as values: a file has them on a line each.
            let lines = lines.take_while(|line| !line.starts_with('['));
            let written_keys = written.split("\n[").next().unwrap();
            let keys =
                |text: &str| text.lines().map(|line| line.split(" =").next().unwrap().to_owned()).collect::<Vec<_>>();
            assert_eq!(
                keys(written_keys.trim_end()),
                lines.map(|line| keys(line)[0].clone()).collect::<Vec<_>>(),
                "{name}"
            );
            assert_eq!(written.parse::<Table>().unwrap(), text.parse::<Table>().unwrap(), "{name}");
        }
    }

    #[test]
    fn a_recipe_older_than_the_offset_has_none_in_a_table_too() {
        let mut table: Table = STABLE.parse().unwrap();
        table.remove("d_input_offset");
        assert_eq!(Recipe::from_table(table.clone()).unwrap().d_input_offset, 0.0);
        table.remove("lr");
        assert_eq!(Recipe::from_table(table).unwrap_err(), ["`lr` is missing"]);
    }

    #[test]
    fn faults_of_every_kind_are_told_together() {
        let mut table: Table = STABLE.parse().unwrap();
        table.extend(
            "lr = -1\nloss = \"hinge\"\nbtach = 3\nema_ramp = 1\nr1_gamma = 0\nlatent = -5".parse::<Table>().unwrap(),
        );
        table.remove("beta2");
        table.extend("discriminator = 1".parse::<Table>().unwrap());
        assert_eq!(
            Recipe::from_table(table).unwrap_err(),
            [
                "unknown key `btach`: did you mean `batch`?",
                "`latent` is -5: it must be between 1 and 16384",
                "unknown variant `hinge`, expected `non-saturating` or `relativistic`",
                "`lr` is -1: it must be a number above 0",
                "`beta2` is missing",
                "`ema_ramp` must be a `boolean`",
                "`[discriminator]`: it must be a table with layers = [{ layer = \"dense\", width = 256 }, ...]",
            ]
        );
    }

    #[test]
    fn whole_numbers_do_for_rates() {
        assert_eq!(with(&[("lr", 1.into())]).unwrap().lr, 1.0);
    }
}
