//! One flag for each key of a recipe, made from the table of the keys: type, line of `--help` and all.

use std::sync::LazyLock;

use clap::builder::ValueParser;
use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use toml::{Table, Value};

use gan::recipe::{KEYS, Key, Kind};

/// The values of a recipe that flags were given for.
#[derive(Clone, Debug, Default)]
pub struct RecipeFlags(Table);

const HEADING: &str = "Single values of the recipe (defaults: `trainer recipes show RECIPE`)";

/// Each key with the name of its flag, which clap borrows for as long as the program runs.
static FLAGS: LazyLock<Vec<(&Key, String)>> =
    LazyLock::new(|| KEYS.iter().map(|key| (key, key.name.replace('_', "-"))).collect());

impl RecipeFlags {
    /// Gives the flags that were given, as keys of a recipe with their values, unchecked.
    pub fn table(&self) -> &Table {
        &self.0
    }
}

impl Args for RecipeFlags {
    fn augment_args(command: Command) -> Command {
        command.next_help_heading(HEADING).args(FLAGS.iter().map(|(key, flag)| arg(key, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RecipeFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let given = KEYS.iter().filter_map(|key| Some((key.name.to_owned(), value_of(key, matches)?)));
        self.0.extend(given);
        Ok(())
    }
}

fn arg(key: &Key, flag: &'static str) -> Arg {
    let (value_name, parser): (_, ValueParser) = match key.kind {
        Kind::Whole => ("N", value_parser!(usize).into()),
        Kind::Number => ("X", value_parser!(f64).into()),
        Kind::Switch => ("BOOL", value_parser!(bool)),
        Kind::Choice(name) => (name, value_parser!(String)),
        Kind::Text => ("TEXT", value_parser!(String)),
    };
    let negative = key.kind == Kind::Number;
    let arg = Arg::new(key.name)
        .long(flag)
        .value_name(value_name)
        .value_parser(parser)
        .allow_negative_numbers(negative)
        .help(key.help);
    match key.kind {
        // The flag alone says yes.
        Kind::Switch => arg.num_args(0..=1).default_missing_value("true"),
        _ => arg,
    }
}

fn value_of(key: &Key, matches: &ArgMatches) -> Option<Value> {
    let name = key.name;
    match key.kind {
        // What TOML has no room for is beyond every range too.
        Kind::Whole => matches.get_one::<usize>(name).map(|&n| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))),
        Kind::Number => matches.get_one::<f64>(name).map(|&number| Value::Float(number)),
        Kind::Switch => matches.get_one::<bool>(name).map(|&switch| Value::Boolean(switch)),
        Kind::Choice(_) | Kind::Text => matches.get_one::<String>(name).cloned().map(Value::String),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        flags: RecipeFlags,
    }

    #[test]
    fn every_key_has_its_flag_and_comes_back_as_a_value_of_its_type() {
        for key in KEYS {
            let (text, expected) = match key.kind {
                Kind::Whole => ("7", Value::Integer(7)),
                Kind::Number => ("-0.5", Value::Float(-0.5)),
                Kind::Switch => ("false", Value::Boolean(false)),
                Kind::Choice(_) | Kind::Text => ("held", Value::String("held".to_owned())),
            };
            let flag = format!("--{}", key.name.replace('_', "-"));
            let line = Line::try_parse_from(["trainer", &flag, text]).unwrap();
            assert_eq!(line.flags.table(), &Table::from_iter([(key.name.to_owned(), expected)]));
        }
        let alone = Line::try_parse_from(["trainer", "--classes", "--batch", "7"]).unwrap();
        assert_eq!(alone.flags.table()["classes"], Value::Boolean(true), "a switch alone says yes");
        let none = Line::try_parse_from(["trainer"]).unwrap();
        assert!(none.flags.table().is_empty());
    }

    #[test]
    fn values_of_another_type_are_refused_by_the_name_of_the_flag() {
        for (flag, text) in [("--batch", "1.5"), ("--batch", "many"), ("--lr", "fast"), ("--ema-ramp", "1")] {
            let message = Line::try_parse_from(["trainer", flag, text]).unwrap_err().to_string();
            assert!(message.contains(flag) && message.contains(text), "{message}");
        }
    }
}
