//! The keys of a recipe, a row each: whatever must know of a key follows from its row.
//!
//! From the rows come the fields of [`Recipe`], how TOML is read and which values are refused, the flags of the command line
//! with their lines in `--help`, and what a study file may vary. A new key is a row here, its value in both files of
//! `recipes/`, and its use.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::plain::{self, Plain};
use super::{Layers, Loss, Sweep};

/// Bounds widths, as `MAX_BATCH` does batches: numbers beyond are slips of the keyboard, and memory would run out before a step is
/// done.
const MAX_WIDTH: f64 = 16_384.0;
const MAX_BATCH: f64 = 50_000.0;
/// Serves as the range of a key whose values are no numbers.
const ANY: Range = (Unbounded, Unbounded);

/// Holds the numbers that a key may have, from the first bound to the second.
pub type Range = (Bound<f64>, Bound<f64>);

/// Describes one key of a recipe: its row in the table, but for its value.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Names the key in TOML and JSON, as `lr_final`; its flag has dashes, as `--lr-final`.
    pub name: &'static str,
    /// Says what type its values have.
    pub kind: Kind,
    /// Holds the numbers that it may have; everything, where its values are no numbers.
    pub range: Range,
    /// Says what the key is for, on one line of `--help`.
    pub help: &'static str,
    /// Gives the value that recipes and checkpoints written before there was this key are read with, if they can be.
    older: fn() -> Option<Value>,
    /// Says what is wrong with a value of the right kind, in the words of the field's own type.
    check: fn(Value) -> Option<String>,
}

/// Says what type a key's values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Takes a text of one's own, as the recipe's name.
    Text,
    /// Takes a whole number, at least 0.
    Whole,
    /// Takes a number; a whole one is taken as well.
    Number,
    /// Takes true or false, which the flag says as `--ema-ramp true`.
    Switch,
    /// Takes one of a few names; holds the word that `--help` puts for it, as `LOSS`.
    Choice(&'static str),
}

impl Kind {
    /// Gives the name that TOML has for the type, as `float`.
    pub fn toml_name(self) -> &'static str {
        match self {
            Self::Text | Self::Choice(_) => "string",
            Self::Whole => "integer",
            Self::Number => "float",
            Self::Switch => "boolean",
        }
    }

    /// Gives the value, with a whole number made a float where the key wants one: `lr = 1` means 1.0.
    pub fn widen(self, value: Value) -> Value {
        match (self, value) {
            (Self::Number, Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        }
    }
}

impl Key {
    /// Says what is wrong with `value`, widened before by [`Kind::widen`], in a sentence that starts with the key if it
    /// can.
    pub(super) fn problem(&self, value: &Value) -> Option<String> {
        let (name, wanted) = (self.name, self.kind.toml_name());
        if value.type_str() != wanted {
            let article = if wanted.starts_with('i') { "an" } else { "a" };
            return Some(format!("`{name}` must be {article} `{wanted}`"));
        }
        let number = match value {
            Value::Integer(whole) => Some(*whole as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        match number {
            Some(number) if !number.is_finite() || !self.range.contains(&number) => {
                Some(format!("`{name}` is {number}: it must be {}", words(self.range)))
            }
            _ => (self.check)(value.clone()),
        }
    }

    /// Gives the value of recipes and checkpoints that are older than the key; none if every one of them has it.
    pub(super) fn older(&self) -> Option<Value> {
        (self.older)()
    }
}

/// Tells a range in words that go on after "it must be".
fn words(range: Range) -> String {
    let low = match range.0 {
        Included(low) => format!("at least {low}"),
        Excluded(low) => format!("above {low}"),
        Unbounded => String::new(),
    };
    let high = match range.1 {
        Included(high) => format!("at most {high}"),
        Excluded(high) => format!("below {high}"),
        Unbounded => String::new(),
    };
    match range {
        (Included(low), Included(high)) => format!("between {low} and {high}"),
        (Excluded(_), Unbounded) => format!("a number {low}"),
        (_, Unbounded) => low,
        (Unbounded, _) => high,
        _ => format!("{low} and {high}"),
    }
}

/// Marks the types that a key's field may have, and says what each one's values look like.
trait Keyed: DeserializeOwned {
    const KIND: Kind;

    fn check(value: Value) -> Option<String> {
        value.try_into::<Self>().err().map(|error| error.message().to_owned())
    }
}

impl Keyed for String {
    const KIND: Kind = Kind::Text;
}
impl Keyed for usize {
    const KIND: Kind = Kind::Whole;
}
impl Keyed for f64 {
    const KIND: Kind = Kind::Number;
}
impl Keyed for bool {
    const KIND: Kind = Kind::Switch;
}
impl Keyed for Loss {
    const KIND: Kind = Kind::Choice("LOSS");
}
impl Keyed for Sweep {
    const KIND: Kind = Kind::Choice("KIND");
}

const fn row<T: Keyed>(name: &'static str, range: Range, help: &'static str, older: fn() -> Option<Value>) -> Key {
    Key { name, kind: T::KIND, range, help, older, check: T::check }
}

/// Makes the struct and the table of its rows: documentation, name and type of the field, the value that files from before the
/// key are read with (`= value`, where there is one), its range, its line in `--help`.
macro_rules! recipe {
    ($($(#[$doc:meta])* $key:ident: $type:ty $(= $older:literal)?, $range:expr, $help:literal;)*) => {
        /// Holds every hyperparameter of a run; a file, flags or a checkpoint says them.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Recipe {
            /// Names the recipe in logs, in reports and in the model.
            pub name: String,
            $($(#[$doc])* pub $key: $type,)*
            /// Says G layer by layer; where it is left out, G is the perceptron of two hidden layers that `hidden` and
            /// `leaky_slope` say.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub generator: Option<Layers>,
            /// Says D layer by layer; where it is left out, D is the perceptron of two hidden layers that `hidden` and
            /// `leaky_slope` say.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub discriminator: Option<Layers>,
        }

        /// Lists the keys with a flag, all but the name, in the order in which recipes are written.
        pub const KEYS: &[Key] =
            &[$(row::<$type>(stringify!($key), $range, $help, || { None::<Value>$(.or(Some(Value::from($older))))? })),*];

        /// Counts the keys of [`KEYS`].
        const COUNT: usize = [$(stringify!($key)),*].len();

        impl Recipe {
            /// Gives the values of the keys, but the name, as numbers, in their order: a switch is 0 or 1, a name its place among
            /// those there are. Layers are no part of it.
            pub fn numbers(&self) -> [f64; COUNT] {
                [$(self.$key.number()),*]
            }

            /// Makes the recipe of [`Recipe::numbers`] and its name; none if a number holds no value that its key may have.
            pub fn from_numbers(name: String, numbers: [f64; COUNT]) -> Option<Self> {
                let [$($key),*] = numbers;
                $(let $key = plain::within::<$type>($key, $range)?;)*
                Some(Self { name, $($key,)* generator: None, discriminator: None })
            }

            /// Makes the recipe whose keys have the values that `told` gives, as TOML writes them, or the older files' value; none
            /// if one is missing or not to be read.
            pub(super) fn from_plain<'a>(mut told: impl FnMut(&str) -> Option<&'a str>) -> Option<Self> {
                let name = plain::quoted(told(NAME_KEY)?)?;
                let numbers = [$(match told(stringify!($key)) {
                    Some(text) => <$type as Plain>::read(text)?,
                    None => None::<$type>$(.or(Some($older)))??,
                }.number()),*];
                Self::from_numbers(name, numbers)
            }
        }
    };
}

const NAME_KEY: &str = "name";
/// Describes the key that names a recipe: a file's alone, with no flag.
pub(super) const NAME: Key = row::<String>(NAME_KEY, ANY, "Name of the recipe", || None);

recipe! {
    /// Counts the coordinates of the latent vector z.
    latent: usize, (Included(1.0), Included(MAX_WIDTH)), "Coordinates of z";
    /// Sets the width of both hidden layers, of G and of D, where no layers are given.
    hidden: usize, (Included(1.0), Included(MAX_WIDTH)), "Width of both hidden layers of both networks";
    /// Multiplies what is below 0 in a leaky ReLU, where no layers are given.
    leaky_slope: f64, (Included(0.0), Excluded(1.0)), "Slope of the leaky ReLU";
    /// Says whether G and D are told the classes of pictures, see [`crate::classes`]. Written only where they are: what is made by a
    /// recipe without classes is the same to the byte as before there was this key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    classes: bool = false, ANY, "Whether G and D are told the class of a picture";
    /// Says how D's logits are scored.
    loss: Loss, ANY, "non-saturating or relativistic";
    /// Sets D's target for real pictures; below 1 is one-sided label smoothing. The non-saturating loss alone has it.
    real_label: f64, (Excluded(0.0), Included(1.0)), "D's target for real pictures";
    /// Shifts every pixel, -1 (black) to 1 (white), by so much before D sees it: 1 makes black 0.
    d_input_offset: f64 = 0.0, (Included(-2.0), Included(2.0)), "Added to every pixel that D sees; 1 makes black 0";
    /// Weighs the gradient penalty on real pictures at the start of the run.
    r1_gamma: f64, (Included(0.0), Unbounded), "Weight of R1 at the start";
    /// Weighs the gradient penalty on real pictures at the end of the run; log-linear between.
    r1_gamma_final: f64, (Included(0.0), Unbounded), "Weight of R1 at the end";
    /// Weighs the gradient penalty on generated pictures at the start of the run.
    r2_gamma: f64, (Included(0.0), Unbounded), "Weight of R2 at the start";
    /// Weighs the gradient penalty on generated pictures at the end of the run; log-linear between.
    r2_gamma_final: f64, (Included(0.0), Unbounded), "Weight of R2 at the end";
    /// Counts the real pictures of a minibatch; as many are generated.
    batch: usize, (Included(1.0), Included(MAX_BATCH)), "Pictures in a minibatch";
    /// Sets Adam's learning rate for both networks at the start of the run.
    lr: f64, (Excluded(0.0), Unbounded), "Adam's learning rate";
    /// Sets Adam's learning rate at the end of the run; linear between, once the rate begins to fall.
    lr_final: f64, (Excluded(0.0), Unbounded), "Learning rate at the end";
    /// Says after which fraction of the run the rate begins to fall.
    lr_hold: f64, (Included(0.0), Included(1.0)), "Fraction of the run before the rate falls";
    /// Sets Adam's decay of the first moment.
    beta1: f64, (Included(0.0), Excluded(1.0)), "Adam's decay of the first moment";
    /// Sets Adam's decay of the second moment.
    beta2: f64, (Included(0.0), Excluded(1.0)), "Adam's decay of the second moment";
    /// Guards Adam against division by zero: it is added to the root of the second moment.
    adam_epsilon: f64, (Excluded(0.0), Unbounded), "Adam's guard against division by zero";
    /// Sets the decay of the exponential moving average of G's weights; 0 keeps no average.
    ema: f64, (Included(0.0), Excluded(1.0)), "Decay of the average of G's weights; 0 for none";
    /// Says whether that decay ramps up from the start of the run.
    ema_ramp: bool, ANY, "Whether that decay ramps up";
    /// Says what the other coordinates do in the closing sweep of z\[0\].
    sweep: Sweep, ANY, "fresh or held: the other coordinates of the sweep";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_in_words() {
        let cases = [
            ((Included(1.0), Included(16_384.0)), "between 1 and 16384"),
            ((Included(-2.0), Included(2.0)), "between -2 and 2"),
            ((Included(0.0), Excluded(1.0)), "at least 0 and below 1"),
            ((Excluded(0.0), Included(1.0)), "above 0 and at most 1"),
            ((Excluded(0.0), Unbounded), "a number above 0"),
            ((Included(0.0), Unbounded), "at least 0"),
            ((Unbounded, Excluded(3.0)), "below 3"),
        ];
        for (range, expected) in cases {
            assert_eq!(words(range), expected);
        }
    }

    #[test]
    fn a_range_includes_what_it_says_and_nothing_that_is_no_number() {
        let refused = |name: &str, value: f64| {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            key.problem(&Value::Float(value)).is_some()
        };
        for (name, good, bad) in [
            ("leaky_slope", [0.0, 0.999], [-1e-9, 1.0]),
            ("real_label", [1e-9, 1.0], [0.0, 1.001]),
            ("d_input_offset", [-2.0, 2.0], [-2.001, 2.001]),
            ("lr", [1e-300, 1e300], [0.0, f64::INFINITY]),
            ("r1_gamma", [0.0, 1e9], [-1e-9, f64::NAN]),
            ("lr_hold", [0.0, 1.0], [-0.001, 1.001]),
        ] {
            assert_eq!(good.map(|value| refused(name, value)), [false; 2], "{name}");
            assert_eq!(bad.map(|value| refused(name, value)), [true; 2], "{name}");
        }
    }

    #[test]
    fn only_a_key_younger_than_the_files_there_are_may_be_left_out() {
        let with_value: Vec<&str> = KEYS.iter().filter(|key| key.older().is_some()).map(|key| key.name).collect();
        assert_eq!(with_value, ["classes", "d_input_offset"]);
    }
}
