//! Recipes without TOML's whole grammar: as plain lines, and as numbers.
//!
//! The built-in perceptrons' recipes are lines of `key = value`. Whoever has to be small, as what a page trains by, reads these
//! alone and leaves everything else, each refusal with its words among it, to [`Recipe::parse`]: what is read here is read there
//! to the same recipe.

use std::ops::RangeBounds;

use super::keys::Range;
use super::{BUILT_IN, Loss, Recipe, Sweep};

/// Marks the types that a key's field may have as ones that a line says and a number holds.
pub(super) trait Plain: Sized + Copy {
    /// Reads the value as TOML writes it; none where it takes more than these lines to read it.
    fn read(text: &str) -> Option<Self>;
    /// Gives the number that holds the value, which its range is asked about too.
    fn number(self) -> f64;
    /// Gives the value that a number holds; none if it holds none.
    fn of_number(number: f64) -> Option<Self>;
}

impl Plain for usize {
    fn read(text: &str) -> Option<Self> {
        let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_short = text.len() <= 15 && (text == "0" || !text.starts_with('0'));
        (is_whole && is_short).then(|| digits(text)).and_then(|number| number.try_into().ok())
    }
    fn number(self) -> f64 {
        self as f64
    }
    fn of_number(number: f64) -> Option<Self> {
        ((number as usize) as f64 == number).then_some(number as usize)
    }
}

impl Plain for f64 {
    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
    fn number(self) -> f64 {
        self
    }
    fn of_number(number: f64) -> Option<Self> {
        Some(number)
    }
}

/// Makes a type plain that has only a few values, each of a name.
macro_rules! named {
    ($type:ty: $($name:literal $value:expr),*) => {
        impl Plain for $type {
            fn read(text: &str) -> Option<Self> {
                [$(($name, $value)),*].into_iter().find(|(name, _)| *name == text).map(|(_, value)| value)
            }
            fn number(self) -> f64 {
                [$($value),*].iter().position(|value| *value == self).unwrap_or_default() as f64
            }
            fn of_number(number: f64) -> Option<Self> {
                [$($value),*].get(usize::of_number(number)?).copied()
            }
        }
    };
}

named!(bool: "false" false, "true" true);
named!(Loss: "\"non-saturating\"" Loss::NonSaturating, "\"relativistic\"" Loss::Relativistic);
named!(Sweep: "\"fresh\"" Sweep::Fresh, "\"held\"" Sweep::Held);

/// Gives the number that holds a value of type `T`, if it is within the key's range.
pub(super) fn within<T: Plain>(number: f64, range: Range) -> Option<T> {
    (number.is_finite() && range.contains(&number)).then(|| T::of_number(number)).flatten()
}

impl Recipe {
    /// Reads a built-in recipe by its name, or one as TOML, with the lines `changes` over it, as [`Recipe::load`] and
    /// [`Recipe::parse`] do; none where it is more than plain lines, or anything is wrong with it, which these then tell.
    pub fn plain(name_or_text: &str, changes: &str) -> Option<Self> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == name_or_text);
        let (told, changed) = (lines(built_in.map_or(name_or_text, |(_, text)| text))?, lines(changes)?);
        let mut known = 0;
        let recipe = Self::from_plain(|key| {
            let of = |lines: &[(&'_ str, &'_ str)]| lines.iter().position(|(name, _)| *name == key);
            let (told_at, changed_at) = (of(&told), of(&changed));
            known += usize::from(told_at.is_some()) + usize::from(changed_at.is_some());
            changed_at.map(|at| changed[at].1).or(told_at.map(|at| told[at].1))
        })?;
        (known == told.len() + changed.len() && !recipe.has_lame_penalty()).then_some(recipe)
    }
}

/// Takes plain lines apart into keys and values; none if there is anything else among them, or a key twice.
fn lines(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut lines: Vec<(&str, &str)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, rest) = line.split_once('=')?;
        let (key, rest) = (key.trim(), rest.trim());
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = match rest.strip_prefix('"') {
            Some(inner) => {
                let end = inner.find('"')?;
                let is_plain = inner[..end].bytes().all(|byte| byte >= b' ' && byte != b'\\' && byte != 0x7f);
                let after = inner[end + 1..].trim_start();
                if !is_plain || !(after.is_empty() || after.starts_with('#')) {
                    return None;
                }
                &rest[..end + 2]
            }
            None => rest.split('#').next()?.trim_end(),
        };
        if !is_key || lines.iter().any(|(name, _)| *name == key) {
            return None;
        }
        lines.push((key, value));
    }
    Some(lines)
}

/// Gives the text between quotation marks.
pub(super) fn quoted(text: &str) -> Option<String> {
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Reads a decimal number that is exact or one division or multiplication away from exact, and so rounded as it should be: of 15
/// digits at most, 10^22 at most (Clinger, "How to read floating point numbers accurately", 1990).
fn decimal(text: &str) -> Option<f64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (mantissa, ""),
    };
    let (down, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let all_digits = [whole, fraction, exponent].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_whole = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    if !all_digits || !is_whole || whole.len() + fraction.len() > 15 || exponent.is_empty() || exponent.len() > 2 {
        return None;
    }
    let number = (digits(whole) * 10u64.pow(fraction.len() as u32) + digits(fraction)) as f64;
    let exponent = digits(exponent) as i64 * if down { -1 } else { 1 } - fraction.len() as i64;
    let power = (0..exponent.unsigned_abs()).try_fold(1.0, |power, tens| (tens < 22).then_some(power * 10.0))?;
    let number = if exponent < 0 { number / power } else { number * power };
    Some(if negative { -number } else { number })
}

/// Gives the number of at most 15 digits.
fn digits(text: &str) -> u64 {
    text.bytes().fold(0, |number, digit| 10 * number + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;

    #[test]
    fn plain_lines_are_read_as_toml_is() {
        for (name, changes) in [
            ("seed", ""),
            ("stable", ""),
            ("classes", "classes = false"),
            ("stable", "hidden = 64 # wide\n\n  lr=1e-3\nr1_gamma = 0\nr1_gamma_final=0.0\nloss = \"non-saturating\""),
            ("seed", "adam_epsilon = 12.5E-9\nlr = 3\nlr_final = 0.1234567890123\nname = \"a b # c\""),
            ("seed", "d_input_offset = -1.75\nema_ramp = true\nsweep = \"held\"\nema = 0.0"),
        ] {
            let whole = Recipe::load(name, &changes.parse::<Table>().unwrap()).unwrap();
            assert_eq!(Recipe::plain(name, changes), Some(whole.clone()), "{name} {changes}");
            assert_eq!(Recipe::from_numbers(whole.name.clone(), whole.numbers()), Some(whole.clone()), "{changes}");
            assert_eq!(Recipe::plain(&whole.to_toml(), ""), Some(whole), "{name} {changes}");
        }
    }

    #[test]
    fn what_is_more_than_plain_or_wrong_is_left_to_toml() {
        for (recipe, changes) in [
            ("conv", ""),
            ("no recipe", ""),
            ("stable", "lr = 0"),
            ("stable", "lr = .5"),
            ("stable", "lr = 1."),
            ("stable", "lr = 01.0"),
            ("stable", "lr = inf"),
            ("stable", "lr = \"fast\""),
            ("stable", "lr = 0.123456789012345678"),
            ("stable", "lr = 1e-30"),
            ("stable", "lr = 1_0.0"),
            ("stable", "lr ="),
            ("stable", "lr"),
            ("stable", "lrr = 1"),
            ("stable", "hidden = 0"),
            ("stable", "hidden = 20000"),
            ("stable", "hidden = 1.5"),
            ("stable", "hidden = -1"),
            ("stable", "hidden = 1\nhidden = 2"),
            ("stable", "r1_gamma = 0"),
            ("stable", "loss = \"hinge\""),
            ("stable", "loss = 'relativistic'"),
            ("stable", "name = \"a\\n\""),
            ("stable", "[generator]\nlayers = []"),
            ("stable", "generator.layers = []"),
            ("stable", "ema_ramp = 1"),
        ] {
            assert_eq!(Recipe::plain(recipe, changes), None, "{recipe} {changes}");
        }
        let seed = Recipe::plain("seed", "").unwrap();
        let mut numbers = seed.numbers();
        numbers[0] = 0.5;
        assert_eq!(Recipe::from_numbers("half a coordinate".to_owned(), numbers), None);
        numbers[0] = f64::NAN;
        assert_eq!(Recipe::from_numbers("none".to_owned(), numbers), None);
    }

    #[test]
    fn numbers_are_rounded_as_toml_rounds_them() {
        for text in ["0.1", "0.2", "0.9998", "1e-8", "2.5e22", "123456789012345e-22", "0.30000000000001", "7", "-0.75"]
        {
            assert_eq!(decimal(text), text.parse().ok(), "{text}");
        }
    }
}
