//! The runs of a study, every value of each: what a study folder keeps, and what going on with it is held to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use data::{Colour, Source};
use gan::DataShape;
use gan::recipe::Recipe;

/// Classes that pictures are taken to have until they are read, where a recipe tells networks of them.
pub const ASSUMED_CLASSES: usize = 10;

/// Lists the shapes that pictures may have before they are read, the likeliest first: of the size that is asked for or usual, in
/// colour, in grey, or in either where the pictures decide.
pub fn assumed_shapes(data: &str, size: Option<usize>, colour: &str) -> Vec<DataShape> {
    let usual = if data == "avatars" { AVATARS_SIDE } else { data::DEFAULT_SIZE };
    let side = size.unwrap_or(usual);
    let channels: &[usize] = match (colour, data) {
        ("grey", _) | (_, "mnist") => &[1],
        ("rgb", _) | (_, "avatars") => &[3],
        _ => &[1, 3],
    };
    let shape = |&channels| DataShape { image: [channels, side, side], classes: ASSUMED_CLASSES };
    channels.iter().map(shape).collect()
}

/// Counts the rows and columns of an avatar.
const AVATARS_SIDE: usize = 16;

/// All runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`Plan::FORMAT`], so that a later version can tell.
    pub format: String,
    /// What the study is called.
    pub name: String,
    /// What is compared.
    pub settings: Vec<Setting>,
    /// A run's index is its place here.
    pub runs: Vec<Run>,
    /// `--engine` of all runs.
    pub engine: String,
    /// `--device` of all runs.
    pub device: String,
    /// Threads of a run.
    pub threads: usize,
    /// Epochs between evaluations; 0 for none, nothing for one at the end.
    pub evaluate_every: Option<u64>,
}

/// Everything about a run but its seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Told apart by this.
    pub name: String,
    /// What the study file says of it, key by key.
    pub values: BTreeMap<String, String>,
    /// Every hyperparameter.
    pub recipe: Recipe,
    /// Epochs of a run.
    pub epochs: u64,
    /// `mnist`, `avatars`, or the path of a folder.
    pub data: String,
    /// Rows and columns of a picture, if not the files' own.
    pub size: Option<usize>,
    /// `auto`, `grey` or `rgb`. Studies of versions that knew no colour were grey.
    #[serde(default = "grey")]
    pub colour: String,
}

fn grey() -> String {
    Colour::Grey.to_string()
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Index among [`Plan::settings`].
    pub setting: usize,
    /// Key of every random number.
    pub seed: u64,
}

impl Setting {
    /// The pictures of its runs.
    pub fn source(&self) -> Source {
        let colour = self.colour.parse().unwrap_or_default();
        Source { size: self.size.map(|side| [side; 2]), colour, ..Source::of(&self.data) }
    }

    /// Whether two settings differ in name only.
    pub fn same_runs(&self, other: &Self) -> bool {
        let named = |one: &Self| {
            let recipe = Recipe { name: String::new(), ..one.recipe.clone() };
            Self { name: String::new(), values: BTreeMap::new(), recipe, ..one.clone() }
        };
        named(self) == named(other)
    }
}

impl Plan {
    /// Of this version.
    pub const FORMAT: &'static str = "forger.study 1";

    /// The folder of run `index`: its number, its setting and its seed.
    pub fn run_name(&self, index: usize) -> String {
        let Run { setting, seed } = self.runs[index];
        format!("{index:04}-{}-s{seed}", slug(&self.settings[setting].name))
    }

    /// The setting of run `index`.
    pub fn setting(&self, index: usize) -> &Setting {
        &self.settings[self.runs[index].setting]
    }

    /// Epochs between evaluations of runs of `setting`.
    pub fn evaluate_every(&self, setting: &Setting) -> u64 {
        self.evaluate_every.unwrap_or(setting.epochs)
    }

    /// Epochs of all runs together.
    pub fn epochs(&self) -> u64 {
        self.runs.iter().map(|run| self.settings[run.setting].epochs).sum()
    }

    /// What `now` asks for that this plan does not, and the other way round, in words.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut list = Vec::new();
        let mut differ = |what: &str, before: &str, now: &str| {
            if before != now {
                list.push(format!("{what}: {before} in the study folder, {now} now"));
            }
        };
        let text = |value: Option<u64>| value.map_or_else(|| "at the end".to_owned(), |value| value.to_string());
        differ("name", &self.name, &now.name);
        differ("engine", &self.engine, &now.engine);
        differ("device", &self.device, &now.device);
        differ("threads", &self.threads.to_string(), &now.threads.to_string());
        differ("evaluate_every", &text(self.evaluate_every), &text(now.evaluate_every));
        for before in &self.settings {
            let name = &before.name;
            let Some(after) = now.settings.iter().find(|setting| setting.name == *name) else {
                list.push(format!("setting \"{name}\": in the study folder only"));
                continue;
            };
            let pairs = before.values_of(self).into_iter().zip(after.values_of(now));
            for ((key, old), (_, new)) in pairs.filter(|(old, new)| old != new) {
                list.push(format!("setting \"{name}\", {key}: {old} in the study folder, {new} now"));
            }
        }
        let known = |name: &str| self.settings.iter().any(|setting| setting.name == name);
        let new = now.settings.iter().filter(|setting| !known(&setting.name));
        list.extend(new.map(|setting| format!("setting \"{}\": new", setting.name)));
        if list.is_empty() && self != now {
            list.push("the order of the settings or seeds".to_owned());
        }
        list
    }
}

impl Setting {
    /// Every value, by key, for comparing.
    fn values_of(&self, plan: &Plan) -> Vec<(String, String)> {
        let setting = plan.settings.iter().position(|one| one == self);
        let seeds = plan.runs.iter().filter(|run| Some(run.setting) == setting).map(|run| run.seed.to_string());
        let seeds = seeds.collect::<Vec<_>>().join(" ");
        let size = self.size.map_or_else(|| "the files' own".to_owned(), |size| size.to_string());
        let pairs = [
            ("epochs", self.epochs.to_string()),
            ("seed", seeds),
            ("data", self.data.clone()),
            ("size", size),
            ("colour", self.colour.clone()),
        ];
        let recipe = toml::Table::try_from(&self.recipe).unwrap_or_default();
        let recipe = recipe.into_iter().map(|(key, value)| (key, value.to_string()));
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(recipe).collect()
    }
}

/// Longest part of a folder's name that tells the setting.
const SLUG: usize = 60;

/// Text as a part of a file name: letters, digits, dots and underscores, all else a dash.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let kept = c.is_ascii_alphanumeric() || c == '.' || c == '_';
        if kept || !(slug.is_empty() || slug.ends_with('-')) {
            slug.push(if kept { c } else { '-' });
        }
    }
    slug.truncate(SLUG);
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "setting".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::StudyFile;

    fn plan(text: &str) -> Plan {
        StudyFile::parse(text.to_owned(), "study.toml", std::path::Path::new(".")).unwrap().plan
    }

    #[test]
    fn runs_have_names_that_sort_and_tell_what_they_are() {
        let plan = plan("seed = \"3..5\"\n[[setting]]\nname = \"β1 0.5, R1 & R2\"");
        assert_eq!(plan.run_name(1), "0001-1-0.5-r1-r2-s4");
        for (text, expected) in [("", "setting"), ("../x", "x"), ("A b", "a-b"), ("a@b/c", "a-b-c")] {
            assert_eq!(slug(text), expected, "{text}");
        }
    }

    #[test]
    fn shapes_are_assumed_by_what_is_known_of_the_pictures() {
        let images = |data: &str, size, colour: &str| -> Vec<[usize; 3]> {
            assumed_shapes(data, size, colour).into_iter().map(|shape| shape.image).collect()
        };
        assert_eq!(images("mnist", None, "auto"), [[1, 28, 28]]);
        assert_eq!(images("avatars", None, "auto"), [[3, 16, 16]]);
        assert_eq!(images("avatars", Some(20), "grey"), [[1, 20, 20]]);
        assert_eq!(images("mine", Some(32), "rgb"), [[3, 32, 32]]);
        assert_eq!(images("mine", None, "auto"), [[1, 28, 28], [3, 28, 28]]);
    }

    #[test]
    fn a_setting_keeps_its_colour_and_one_of_an_older_version_is_grey() {
        let plan = plan("seed = 0\nsize = 20\ncolour = [\"auto\", \"rgb\"]");
        let sources: Vec<Source> = plan.settings.iter().map(Setting::source).collect();
        let expected =
            [Colour::Auto, Colour::Rgb].map(|colour| Source { size: Some([20, 20]), colour, ..Source::of("mnist") });
        assert_eq!(sources, expected);
        let mut old = serde_json::to_value(&plan.settings[1]).unwrap();
        old.as_object_mut().unwrap().remove("colour");
        assert_eq!(serde_json::from_value::<Setting>(old).unwrap().source().colour, Colour::Grey);
    }

    #[test]
    fn what_differs_is_said_by_setting_and_key() {
        let before = plan("seed = \"0..3\"\nlr = [0.1, 0.2]\nepochs = 2");
        assert!(before.differences(&before.clone()).is_empty());
        let cases = [
            (
                "seed = \"0..3\"\nlr = [0.1, 0.2]\nepochs = 3",
                "setting \"lr 0.1\", epochs: 2 in the study folder, 3 now",
            ),
            ("seed = \"0..4\"\nlr = [0.1, 0.2]\nepochs = 2", "seed: 0 1 2 in the study folder, 0 1 2 3 now"),
            ("seed = \"0..3\"\nlr = [0.1, 0.3]\nepochs = 2", "setting \"lr 0.3\": new"),
            ("seed = \"0..3\"\nlr = [0.1, 0.3]\nepochs = 2", "setting \"lr 0.2\": in the study folder only"),
            ("seed = \"0..3\"\nlr = [0.2, 0.1]\nepochs = 2", "the order of the settings"),
            ("seed = \"0..3\"\nlr = [0.1, 0.2]\nepochs = 2\nhidden = 8", "hidden: 128 in the study folder, 8 now"),
            (
                "seed = \"0..3\"\nlr = [0.1, 0.2]\nepochs = 2\nengine = \"fused\"",
                "engine: auto in the study folder, fused",
            ),
        ];
        for (text, expected) in cases {
            let list = before.differences(&plan(text)).join("\n");
            assert!(list.contains(expected), "{expected} in {list}");
        }
        // A comment more makes no other study.
        assert!(before.differences(&plan("# why\nseed = \"0..3\"\nlr = [0.1, 0.2]\nepochs = 2")).is_empty());
    }
}
