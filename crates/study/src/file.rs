//! The study file: TOML in, a [`Plan`] out, and for whatever cannot be used the line, the key and what to do.
//!
//! A key has a value or a list of values; the runs are every combination. `[[setting]]` tables are named alternatives that
//! put their values over those above them: one change at a time, where a grid would try all together. `seed` is no part of
//! a setting: runs that differ in nothing else are samples of the same thing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::plan::{Plan, Run, Setting, assumed_shapes};
use super::slurm::Request;
use engines::choose::DeviceChoice;
use failure::{Failure, Result};
use gan::recipe::{self, Kind, Recipe};

/// Beyond this a study is a slip of the keyboard.
const MOST_RUNS: usize = 100_000;
/// Keys that may have lists, beside those of a recipe.
const RUN_KEYS: [&str; 6] = ["recipe", "seed", "epochs", "data", "size", "colour"];
/// Keys that all runs share.
const SHARED_KEYS: [&str; 5] = ["name", "engine", "device", "threads", "evaluate_every"];
const TABLES: [&str; 2] = ["setting", "slurm"];
/// As the flags of training have them.
const MOST_EPOCHS: i64 = 1_000_000;
const SIZES: [i64; 2] = [4, 512];

/// What a study file says, read and checked.
#[derive(Clone, Debug)]
pub struct StudyFile {
    /// Holds the file's text, to the letter.
    pub text: String,
    /// Holds the runs that it asks for.
    pub plan: Plan,
    /// Holds what it asks of a cluster.
    pub request: Request,
}

impl StudyFile {
    /// Reads and checks the file at `path`; other files that it names are looked for beside it.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML, and every value in it that cannot be used, together, each with its line.
    pub fn read(path: &Path) -> Result<Self> {
        let origin = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let what = if path.is_dir() { "it is a folder".to_owned() } else { error.to_string() };
            Failure::usage(format!("the study file `{origin}` cannot be read: {what}"))
                .hint("give the path of a TOML file; docs/studies/ has one to start from")
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(text, &origin, folder)
    }

    /// Reads a file's text; `origin` names it in errors, and `folder` is where the files that it names are looked for.
    ///
    /// # Errors
    /// As [`StudyFile::read`].
    pub fn parse(text: String, origin: &str, folder: &Path) -> Result<Self> {
        let table = DeTable::parse(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            Failure::usage(format!("the study file `{origin}` is no TOML:\n  {origin}:{line}: {}", error.message()))
        })?;
        let mut reader = Reader { text: &text, origin, folder, problems: BTreeSet::new() };
        let read = reader.study(table.get_ref());
        if reader.problems.is_empty()
            && let Some((plan, request)) = read
        {
            return Ok(Self { plan, request, text });
        }
        let list: Vec<String> = reader.problems.iter().map(|(line, what)| format!("{origin}:{line}: {what}")).collect();
        Err(Failure::usage(format!("the study file `{origin}` cannot be used:\n  {}", list.join("\n  "))).hint(
            "a key is one of training's (`seed`, `recipe`, `epochs`, `data`, `size`, `colour`) or of a recipe's \
             (`trainer recipes show stable`), with a value or a list of values",
        ))
    }
}

/// The values of a key, each with its place in the file.
#[derive(Clone, Debug)]
struct Axis {
    key: String,
    at: usize,
    values: Vec<(Value, usize)>,
}

struct Reader<'a> {
    text: &'a str,
    origin: &'a str,
    folder: &'a Path,
    /// Line and sentence; a set, since a value is met again in every combination.
    problems: BTreeSet<(usize, String)>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, what: String) {
        self.problems.insert((line_of(self.text, at), what));
    }

    fn study(&mut self, table: &DeTable) -> Option<(Plan, Request)> {
        if table.is_empty() {
            self.problem(0, "nothing is asked for: give at least `seed`, as in `seed = \"0..20\"`".to_owned());
            return None;
        }
        let mut plan = Plan {
            format: Plan::FORMAT.to_owned(),
            name: stem_of(self.origin),
            settings: Vec::new(),
            runs: Vec::new(),
            engine: "auto".to_owned(),
            device: "auto".to_owned(),
            threads: 1,
            evaluate_every: None,
        };
        let mut request = Request::default();
        let mut named: Vec<(Option<String>, usize, Vec<Axis>)> = Vec::new();
        let mut shared = Vec::new();
        for (key, value) in in_order(table) {
            let at = key.span().start;
            match &**key.get_ref() {
                "setting" => named = self.settings(at, value),
                "slurm" => request = self.slurm(at, value),
                key if SHARED_KEYS.contains(&key) => self.shared(key, at, value, &mut plan),
                key => shared.extend(self.axis(key, at, value)),
            }
        }
        if named.is_empty() {
            named.push((None, 0, Vec::new()));
        }
        let mut seeds = Vec::new();
        for (name, at, own) in &named {
            let mut axes: Vec<Axis> =
                shared.iter().filter(|axis: &&Axis| !own.iter().any(|o| o.key == axis.key)).cloned().collect();
            axes.extend(own.iter().cloned());
            self.combine(name.as_deref(), *at, &axes, &mut plan, &mut seeds);
        }
        if self.problems.is_empty() {
            self.name_twice(&plan);
            plan.runs = by_rounds(&seeds);
            let count = plan.runs.len();
            if count > MOST_RUNS {
                self.problem(0, format!("these are {count} runs: {MOST_RUNS} is the most"));
            }
        }
        Some((plan, request))
    }

    /// `[[setting]]` tables.
    fn settings(&mut self, at: usize, value: &Spanned<DeValue>) -> Vec<(Option<String>, usize, Vec<Axis>)> {
        let tables: Option<Vec<(usize, &DeTable)>> = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(|one| Some((one.span().start, one.get_ref().as_table()?))).collect());
        let Some(tables) = tables else {
            self.problem(at, "`setting` must be tables, each under its own `[[setting]]`".to_owned());
            return Vec::new();
        };
        let mut settings = Vec::new();
        for (at, table) in tables {
            let (mut name, mut axes) = (None, Vec::new());
            for (key, value) in in_order(table) {
                match &**key.get_ref() {
                    "name" => name = self.text_of("name", key.span().start, value),
                    other if SHARED_KEYS.contains(&other) || TABLES.contains(&other) => {
                        let what = format!("`{other}` is the same for all runs: put it above the first `[[setting]]`");
                        self.problem(key.span().start, what);
                    }
                    other => axes.extend(self.axis(other, key.span().start, value)),
                }
            }
            if name.is_none() {
                self.problem(at, "`name` of this `[[setting]]` is missing".to_owned());
            }
            settings.push((name, at, axes));
        }
        settings
    }

    /// A key with its value or list of values.
    fn axis(&mut self, key: &str, at: usize, value: &Spanned<DeValue>) -> Option<Axis> {
        let wanted = recipe::KEYS.iter().find(|one| one.name == key).map(|one| one.kind);
        if wanted.is_none() && !RUN_KEYS.contains(&key) {
            let known = RUN_KEYS.iter().chain(&SHARED_KEYS).chain(&TABLES).copied();
            let near = recipe::nearest(key, known.chain(recipe::KEYS.iter().map(|one| one.name)));
            let guess = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            self.problem(at, format!("unknown key `{key}`{guess}"));
            return None;
        }
        let single = std::slice::from_ref(value);
        let elements: Vec<&Spanned<DeValue>> =
            value.get_ref().as_array().map_or_else(|| single.iter().collect(), |array| array.iter().collect());
        if elements.is_empty() {
            self.problem(at, format!("`{key}` has an empty list: give it a value"));
            return None;
        }
        let mut values: Vec<(Value, usize)> = Vec::new();
        let mut seen = BTreeSet::new();
        for element in elements {
            let at = element.span().start;
            let read = match key {
                "seed" => self.seeds(element),
                _ => self.scalar(key, element, wanted).map(|value| vec![value]),
            };
            for value in read? {
                if !seen.insert(value.to_string()) {
                    self.problem(at, format!("`{key}` has {value} twice"));
                    return None;
                }
                values.push((value, at));
            }
        }
        Some(Axis { key: key.to_owned(), at, values })
    }

    /// A seed, or a range such as `"0..20"`: 0 to 19.
    fn seeds(&mut self, element: &Spanned<DeValue>) -> Option<Vec<Value>> {
        let at = element.span().start;
        let value = self.value(element);
        match &value {
            Some(Value::Integer(seed)) if *seed >= 0 => return Some(vec![Value::Integer(*seed)]),
            Some(Value::String(text)) => {
                let ends = text.split_once("..").map(|(first, end)| (first.trim().parse(), end.trim().parse()));
                if let Some((Ok(first), Ok(end))) = ends {
                    let (first, end): (i64, i64) = (first, end);
                    if first >= 0 && end > first && end - first <= MOST_RUNS as i64 {
                        return Some((first..end).map(Value::Integer).collect());
                    }
                    let why = if end <= first { "holds no seed" } else { "is no range of seeds that can be run" };
                    self.problem(at, format!("`seed` \"{text}\" {why}: `\"0..20\"` is 0 to 19"));
                    return None;
                }
            }
            _ => {}
        }
        let found = self.found(element);
        self.problem(
            at,
            format!(
                "`seed` is {found}: it must be a whole number from 0, a range such as `\"0..20\"`, or a list of these"
            ),
        );
        None
    }

    /// One value of the type that `key` has.
    fn scalar(&mut self, key: &str, element: &Spanned<DeValue>, wanted: Option<Kind>) -> Option<Value> {
        let at = element.span().start;
        let found = self.found(element);
        let must = match (key, wanted, self.value(element)) {
            ("epochs", _, Some(Value::Integer(n))) if (1..=MOST_EPOCHS).contains(&n) => return Some(Value::Integer(n)),
            ("epochs", ..) => format!("a whole number from 1 to {MOST_EPOCHS}"),
            ("size", _, Some(Value::Integer(n))) if (SIZES[0]..=SIZES[1]).contains(&n) => {
                return Some(Value::Integer(n));
            }
            ("size", ..) => format!("a whole number from {} to {}", SIZES[0], SIZES[1]),
            ("colour", _, Some(Value::String(colour))) if colour.parse::<data::Colour>().is_ok() => {
                return Some(Value::String(colour));
            }
            ("colour", ..) => "\"auto\", \"grey\" or \"rgb\"".to_owned(),
            ("data", _, Some(Value::String(data))) => return self.data(at, &data).map(Value::String),
            (_, kind, value) => {
                let kind = kind.unwrap_or(Kind::Text);
                match value.map(|value| kind.widen(value)) {
                    Some(value) if value.type_str() == kind.toml_name() => return Some(value),
                    _ => in_words(kind).to_owned(),
                }
            }
        };
        self.problem(at, format!("`{key}` is {found}: it must be {must}"));
        None
    }

    /// The data set as an absolute path, so that it is found from any working folder and any node.
    fn data(&mut self, at: usize, data: &str) -> Option<String> {
        if data::is_built_in(data) {
            return Some(data.to_owned());
        }
        match fs::canonicalize(self.folder.join(data)) {
            Ok(path) if path.is_dir() => Some(path.to_string_lossy().into_owned()),
            _ => {
                let what =
                    "it must be `mnist`, `avatars` or a folder of pictures, beside the study file or by its whole path";
                self.problem(at, format!("`data` is \"{data}\": {what}"));
                None
            }
        }
    }

    /// Every combination of `axes` but for the seeds becomes a setting.
    fn combine(&mut self, name: Option<&str>, at: usize, axes: &[Axis], plan: &mut Plan, seeds: &mut Vec<Vec<u64>>) {
        let (seed, axes): (Vec<&Axis>, Vec<&Axis>) = axes.iter().partition(|axis| axis.key == "seed");
        let own_seeds: Vec<u64> = seed.first().map_or_else(
            || vec![0],
            |axis| axis.values.iter().filter_map(|(value, _)| value.as_integer()).map(|seed| seed as u64).collect(),
        );
        let each = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
        let count = each.and_then(|count| count.checked_mul(own_seeds.len())).unwrap_or(usize::MAX);
        if count > MOST_RUNS {
            let last = axes.last().map_or(at, |axis| axis.at);
            self.problem(last, format!("with this key there are more than {MOST_RUNS} combinations"));
            return;
        }
        for number in 0..each.unwrap_or(0) {
            let mut rest = number;
            // The last key runs fastest, as the digits of a number do.
            let mut chosen: Vec<(&Axis, &(Value, usize))> = Vec::new();
            for axis in axes.iter().rev() {
                chosen.push((axis, &axis.values[rest % axis.values.len()]));
                rest /= axis.values.len();
            }
            chosen.reverse();
            if let Some(setting) = self.setting(name, at, &chosen) {
                plan.settings.push(setting);
                seeds.push(own_seeds.clone());
            }
        }
    }

    fn setting(&mut self, name: Option<&str>, at: usize, chosen: &[(&Axis, &(Value, usize))]) -> Option<Setting> {
        let value = |key: &str| chosen.iter().find(|(axis, _)| axis.key == key).map(|(_, value)| *value);
        let base = value("recipe").map_or("stable", |(value, _)| value.as_str().unwrap_or_default());
        let base_at = value("recipe").map_or(at, |(_, at)| *at);
        let mut table = self.recipe(base, base_at)?;
        for (axis, (value, _)) in chosen.iter().filter(|(axis, _)| !RUN_KEYS.contains(&&*axis.key)) {
            table.insert(axis.key.clone(), value.clone());
        }
        let recipe = match Recipe::from_table(table) {
            Ok(recipe) => recipe,
            Err(problems) => {
                for what in problems {
                    // A sentence starts with the key that it is about.
                    let key = what.split('`').nth(1).unwrap_or_default();
                    let at = value(key).map_or(base_at, |(_, at)| *at);
                    self.problem(at, what);
                }
                return None;
            }
        };
        let whole = |key: &str| value(key).and_then(|(value, _)| value.as_integer());
        let size = whole("size").map(|size| size as usize);
        // Pictures whose files have another size must say it in `size`, where a recipe says how many numbers come out of G.
        let text_of = |key| value(key).and_then(|(value, _)| value.as_str());
        let shapes = assumed_shapes(text_of("data").unwrap_or("mnist"), size, text_of("colour").unwrap_or("auto"));
        let mut misfits: Vec<_> = shapes.into_iter().map(|shape| recipe.misfits(shape)).collect();
        if misfits.iter().all(|misfits| !misfits.is_empty()) {
            let misfits = misfits.swap_remove(0);
            misfits.into_iter().for_each(|what| self.problem(base_at, what));
            return None;
        }
        let varying = chosen.iter().filter(|(axis, _)| axis.values.len() > 1);
        let parts = name.map(str::to_owned).into_iter().chain(varying.map(|(axis, (value, _))| match &*axis.key {
            "recipe" | "data" => stem_of(value.as_str().unwrap_or_default()),
            key => format!("{key} {}", plain(value)),
        }));
        let parts: Vec<String> = parts.collect();
        Some(Setting {
            name: if parts.is_empty() { stem_of(base) } else { parts.join(", ") },
            values: chosen.iter().map(|(axis, (value, _))| (axis.key.clone(), plain(value))).collect(),
            recipe,
            epochs: whole("epochs").map_or(50, |epochs| epochs as u64),
            data: value("data").and_then(|(value, _)| value.as_str()).unwrap_or("mnist").to_owned(),
            size,
            colour: value("colour").and_then(|(value, _)| value.as_str()).unwrap_or("auto").to_owned(),
        })
    }

    /// The table of a built-in recipe or of a file.
    fn recipe(&mut self, base: &str, at: usize) -> Option<Table> {
        let text = match recipe::BUILT_IN.iter().find(|(name, _)| *name == base) {
            Some((_, text)) => (*text).to_owned(),
            None => match fs::read_to_string(self.folder.join(base)) {
                Ok(text) => text,
                Err(error) => {
                    let what =
                        format!("`recipe` is \"{base}\", which is not built in and cannot be read as a file: {error}");
                    self.problem(at, what);
                    return None;
                }
            },
        };
        match text.parse() {
            Ok(table) => Some(table),
            Err(error) => {
                let error: toml::de::Error = error;
                self.problem(at, format!("`recipe` is \"{base}\", which is no TOML: {}", error.message()));
                None
            }
        }
    }

    fn shared(&mut self, key: &str, at: usize, value: &Spanned<DeValue>, plan: &mut Plan) {
        let found = self.found(value);
        let must = match (key, self.value(value)) {
            ("name", Some(Value::String(name))) if !name.trim().is_empty() => {
                return plan.name = name.trim().to_owned();
            }
            ("name", _) => "a text in quotes",
            ("engine", Some(Value::String(engine))) if ["auto", "reference", "fused"].contains(&&*engine) => {
                return plan.engine = engine;
            }
            ("engine", _) => "\"auto\", \"reference\" or \"fused\"",
            ("device", Some(Value::String(device))) if device.parse::<DeviceChoice>().is_ok() => {
                return plan.device = device;
            }
            ("device", _) => "\"auto\", \"cpu\", \"gpu\" or \"gpu:N\"",
            ("threads", Some(Value::Integer(n))) if (1..=1024).contains(&n) => return plan.threads = n as usize,
            ("threads", _) => "a whole number from 1 to 1024",
            (_, Some(Value::Integer(n))) if n >= 0 => return plan.evaluate_every = Some(n as u64),
            _ => "a whole number of epochs; 0 for no scores at all",
        };
        self.problem(at, format!("`{key}` is {found}: it must be {must}, and no list"));
    }

    fn slurm(&mut self, at: usize, value: &Spanned<DeValue>) -> Request {
        let mut request = Request::default();
        let Some(table) = value.get_ref().as_table() else {
            self.problem(at, "`slurm` must be a table: `[slurm]`".to_owned());
            return request;
        };
        for (key, value) in in_order(table) {
            let at = key.span().start;
            // Options of sbatch may be several.
            let values = match self.value(value) {
                Some(Value::Array(values)) if key.get_ref() == "sbatch" => values,
                Some(value) => vec![value],
                None => Vec::new(),
            };
            let texts: Option<Vec<String>> = values
                .into_iter()
                .map(|value| match value {
                    Value::Integer(n) => Some(n.to_string()),
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect();
            let Some(texts) = texts.filter(|texts| !texts.is_empty() || key.get_ref() == "sbatch") else {
                self.problem(at, format!("`{}` of `[slurm]` must be a text or a whole number", key.get_ref()));
                continue;
            };
            for text in texts {
                if let Err(what) = request.set(key.get_ref(), &text) {
                    self.problem(at, what);
                }
            }
        }
        request
    }

    fn text_of(&mut self, key: &str, at: usize, value: &Spanned<DeValue>) -> Option<String> {
        match self.value(value) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                let found = self.found(value);
                self.problem(at, format!("`{key}` is {found}: it must be a text in quotes"));
                None
            }
        }
    }

    /// A value as the rest of the crate knows it; none of a number too large for any type.
    fn value(&self, value: &Spanned<DeValue>) -> Option<Value> {
        let alone = format!("value = {}", self.text.get(value.span())?);
        alone.parse::<Table>().ok()?.remove("value")
    }

    /// A value as it stands in the file, for errors.
    fn found(&self, value: &Spanned<DeValue>) -> String {
        let text = self.text.get(value.span()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        if first.chars().count() > 40 || text.lines().count() > 1 {
            "of another kind".to_owned()
        } else {
            first.to_owned()
        }
    }

    fn name_twice(&mut self, plan: &Plan) {
        for (index, setting) in plan.settings.iter().enumerate() {
            let earlier = &plan.settings[..index];
            if let Some(other) = earlier.iter().find(|other| other.name == setting.name) {
                self.problem(0, format!("two settings have the name \"{}\"", other.name));
            } else if let Some(other) = earlier.iter().find(|other| other.same_runs(setting)) {
                self.problem(0, format!("the settings \"{}\" and \"{}\" are the same", other.name, setting.name));
            }
        }
    }
}

/// One seed of every setting, then the next of every setting: a study that is stopped half-way has half of each.
fn by_rounds(seeds: &[Vec<u64>]) -> Vec<Run> {
    let rounds = seeds.iter().map(Vec::len).max().unwrap_or(0);
    let of_round = |round: usize| {
        seeds.iter().enumerate().filter_map(move |(setting, own)| own.get(round).map(|&seed| Run { setting, seed }))
    };
    (0..rounds).flat_map(of_round).collect()
}

/// Entries as they stand in the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

fn in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a number",
        Kind::Whole => "a whole number",
        Kind::Switch => "true or false",
        Kind::Text | Kind::Choice(_) => "a text in quotes",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `a/own.toml` -> `own`.
fn stem_of(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<StudyFile> {
        StudyFile::parse(text.to_owned(), "study.toml", Path::new("."))
    }

    #[test]
    fn a_grid_is_every_combination_and_seeds_are_samples_of_each() {
        let plan =
            parse("seed = \"0..3\"\nrecipe = [\"seed\", \"stable\"]\nhidden = [16, 32]\nepochs = 2").unwrap().plan;
        let names: Vec<&str> = plan.settings.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(names, ["seed, hidden 16", "seed, hidden 32", "stable, hidden 16", "stable, hidden 32"]);
        assert_eq!(plan.runs.len(), 12);
        // All settings of one seed before the next seed.
        assert_eq!(plan.runs[4], Run { setting: 0, seed: 1 });
        assert_eq!((plan.settings[1].recipe.hidden, plan.settings[1].recipe.beta1), (32, 0.9));
        assert_eq!(plan.settings[2].epochs, 2);
    }

    #[test]
    fn named_settings_put_their_values_over_the_shared_ones() {
        let text = "name = \"b\"\nseed = [4, \"7..9\"]\nrecipe = \"seed\"\n[[setting]]\nname = \"as it is\"\n\
                    [[setting]]\nname = \"beta\"\nbeta1 = [0.5, 0]\n[slurm]\npartition = \"debug\"\ngpus = 1\n\
                    account = \"me\"\nsbatch = [\"--exclude=n3\", \"--exclusive\"]";
        let StudyFile { plan, request, .. } = parse(text).unwrap();
        let settings: Vec<(&str, f64)> = plan.settings.iter().map(|s| (&*s.name, s.recipe.beta1)).collect();
        assert_eq!(settings, [("as it is", 0.9), ("beta, beta1 0.5", 0.5), ("beta, beta1 0.0", 0.0)]);
        let seeds: Vec<u64> = plan.runs.iter().filter(|run| run.setting == 0).map(|run| run.seed).collect();
        assert_eq!(seeds, [4, 7, 8]);
        assert_eq!((request.partition.as_deref(), request.gpus.as_deref()), (Some("debug"), Some("1")));
        assert_eq!((request.account.as_deref(), request.sbatch.len()), (Some("me"), 2));
    }

    #[test]
    fn every_damage_is_named_with_file_line_and_key() {
        let cases = [
            ("nothing", "", "study.toml:1: nothing is asked for"),
            ("only a comment", "# a study\n", "nothing is asked for"),
            ("no TOML", "seed = 1\nepochs = = 2", "study.toml:2: "),
            ("a string left open", "seed = 1\nname = \"x", "study.toml:2: "),
            ("a key twice", "seed = 1\nseed = 2", "study.toml:2: "),
            ("a misspelt key", "seed = 1\nepocs = 3", "study.toml:2: unknown key `epocs`: did you mean `epochs`?"),
            (
                "a misspelt recipe key",
                "seed = 1\n\nbeta_1 = 0.5",
                "study.toml:3: unknown key `beta_1`: did you mean `beta1`?",
            ),
            ("an unknown table", "seed = 1\n[cluster]\nx = 1", "study.toml:2: unknown key `cluster`"),
            ("an empty list", "seed = []", "study.toml:1: `seed` has an empty list"),
            ("an empty range", "seed = \"5..5\"", "study.toml:1: `seed` \"5..5\" holds no seed"),
            ("a range upside down", "seed = \"9..2\"", "`seed` \"9..2\" holds no seed"),
            ("an endless range", "seed = \"0..99999999999\"", "is no range of seeds that can be run"),
            ("no range", "seed = \"all\"", "study.toml:1: `seed` is \"all\": it must be a whole number from 0"),
            ("a negative seed", "seed = -1", "`seed` is -1: it must be a whole number from 0"),
            ("half a seed", "seed = 1.5", "`seed` is 1.5"),
            ("a seed twice", "seed = [1, \"0..3\"]", "`seed` has 1 twice"),
            ("a list in a list", "seed = 1\nlr = [[0.1]]", "study.toml:2: `lr` is [0.1]: it must be a number"),
            ("a text for a number", "seed = 1\nlr = \"fast\"", "study.toml:2: `lr` is \"fast\": it must be a number"),
            (
                "a number out of range",
                "seed = 1\nlr = [0.1, -1]",
                "study.toml:2: `lr` is -1: it must be a number above 0",
            ),
            ("a NaN", "seed = 1\nbeta1 = nan", "study.toml:2: `beta1` is NaN"),
            ("half a gamma", "seed = 1\nr1_gamma = 0", "study.toml:2: `r1_gamma` is 0: it must be 0 just when"),
            ("a loss of another's", "seed = 1\nloss = \"hinge\"", "hinge"),
            ("no epochs", "seed = 1\nepochs = 0", "study.toml:2: `epochs` is 0: it must be a whole number from 1"),
            ("epochs as text", "seed = 1\nepochs = \"2\"", "`epochs` is \"2\""),
            ("a number too large", "seed = 1\nepochs = 99999999999999999999", "study.toml:2: `epochs` is 9999"),
            (
                "a picture too small",
                "seed = 1\nsize = 2",
                "study.toml:2: `size` is 2: it must be a whole number from 4",
            ),
            (
                "no such colour",
                "seed = 1\ncolour = \"red\"",
                "study.toml:2: `colour` is \"red\": it must be \"auto\", \"grey\" or \"rgb\"",
            ),
            ("no such data", "seed = 1\ndata = \"no-such-folder\"", "study.toml:2: `data` is \"no-such-folder\""),
            (
                "no such recipe",
                "seed = 1\nrecipe = \"stabel\"",
                "study.toml:2: `recipe` is \"stabel\", which is not built in",
            ),
            ("a list for all runs", "seed = 1\nengine = [\"auto\"]", "study.toml:2: `engine` is [\"auto\"]"),
            ("no engine", "seed = 1\nengine = \"warp\"", "`engine` is \"warp\": it must be \"auto\""),
            ("no device", "seed = 1\ndevice = \"tpu\"", "`device` is \"tpu\""),
            ("no threads", "seed = 1\nthreads = 0", "`threads` is 0"),
            ("negative evaluations", "seed = 1\nevaluate_every = -1", "`evaluate_every` is -1"),
            (
                "a setting without a name",
                "seed = 1\n[[setting]]\nlr = 1",
                "study.toml:2: `name` of this `[[setting]]` is missing",
            ),
            ("a setting that is none", "seed = 1\n[setting]\nlr = 1", "study.toml:2: `setting` must be tables"),
            (
                "a shared key in a setting",
                "seed = 1\n[[setting]]\nname = \"a\"\nthreads = 2",
                "study.toml:4: `threads` is the same for all",
            ),
            (
                "a name twice",
                "seed = 1\n[[setting]]\nname = \"a\"\n[[setting]]\nname = \"a\"\nlr = 1",
                "two settings have the name \"a\"",
            ),
            (
                "a setting twice",
                "seed = 1\n[[setting]]\nname = \"a\"\n[[setting]]\nname = \"b\"",
                "the settings \"a\" and \"b\" are the same",
            ),
            (
                "too many runs",
                "seed = \"0..90000\"\nlr = [1, 2]",
                "study.toml:2: with this key there are more than 100000",
            ),
            (
                "a wrong key for Slurm",
                "seed = 1\n[slurm]\nqueue = \"x\"",
                "study.toml:3: unknown key `queue` of `[slurm]`",
            ),
            ("a shell's signs for Slurm", "seed = 1\n[slurm]\npartition = \"a; rm b\"", "study.toml:3: `partition`"),
            (
                "an array of our own",
                "seed = 1\n[slurm]\nsbatch = [\"--array=1\"]",
                "study.toml:3: `sbatch` has \"--array=1\"",
            ),
            ("a list for one value", "seed = 1\n[slurm]\nqos = [\"a\"]", "study.toml:3: `qos` of `[slurm]` must be"),
            ("nothing at once", "seed = 1\n[slurm]\nmax_at_once = 0", "study.toml:3: `max_at_once`"),
        ];
        for (name, text, expected) in cases {
            let failure = parse(text).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {}", failure.message);
            assert_eq!(failure.exit_code(), 2, "{name}");
        }
    }

    #[test]
    fn recipe_files_may_have_layers_and_their_faults_are_told_where_the_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let layers = |width: usize| {
            let layers = format!("[discriminator]\nlayers = [{{ layer = \"dense\", width = {width} }}]\n");
            fs::write(folder.path().join("own.toml"), recipe::SEED.to_owned() + &layers).unwrap();
            let text = "seed = \"0..2\"\nrecipe = [\"stable\", \"own.toml\"]\nlatent = [8, 16]";
            StudyFile::parse(text.to_owned(), "study.toml", folder.path())
        };
        let plan = layers(1).unwrap().plan;
        let read: Vec<_> =
            plan.settings.iter().map(|one| (one.recipe.latent, one.recipe.discriminator.is_some())).collect();
        assert_eq!(read, [(8, false), (16, false), (8, true), (16, true)]);
        let kept = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&kept).unwrap(), plan);
        fs::write(
            folder.path().join("narrow.toml"),
            recipe::SEED.to_owned()
                + "[generator]\nlayers = [{ layer = \"dense\", width = 64 }, { layer = \"tanh\" }]\n",
        )
        .unwrap();
        let of_size = |size: usize| {
            let text = format!("seed = 1\nsize = {size}\nrecipe = \"narrow.toml\"");
            StudyFile::parse(text, "study.toml", folder.path())
        };
        assert!(of_size(8).is_ok());
        let message = of_size(9).unwrap_err().message;
        assert!(
            message.contains("study.toml:3: `[generator]`: the last dense layer gives 64 numbers and 81"),
            "{message}"
        );
        let message = layers(2).unwrap_err().message;
        assert!(message.contains("study.toml:2: `[discriminator]`: the last dense layer gives 2 numbers"), "{message}");
    }

    #[test]
    fn all_damages_are_told_at_once() {
        let message = parse("seed = -1\nepocs = 2\nlr = true").unwrap_err().message;
        for part in ["study.toml:1: `seed`", "study.toml:2: unknown key `epocs`", "study.toml:3: `lr`"] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([a-z_]{1,6} ?= ?[\\[\\]0-9\"a-z., -]{0,9}\n?|\\[\\[?[a-z]{1,7}\\]?\\]\n?){0,6}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_with_the_right_keys_panics(
            key in proptest::sample::select(vec!["seed", "epochs", "lr", "data", "size", "recipe", "name", "setting", "slurm"]),
            value in "\\PC{0,12}",
        ) {
            let _ = parse(&format!("{key} = {value}"));
        }
    }
}
