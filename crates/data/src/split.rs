//! What the folders that pictures lie in mean: a split into training and tests, and classes.
//!
//! Folders around everything are stepped over. Where the folders then met are named for a split (`training` and `testing`,
//! `train`, `val` and `test`), they are one, and the classes are the folders below; else they are the classes themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// To train on.
    Train,
    /// To judge by.
    Test,
    /// Neither.
    Aside,
}

/// One picture of this many is for tests, where none are named so: a twelfth, as of MNIST's are kept out.
pub const TEST_SHARE: usize = 12;

/// What every picture is for, and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// One a picture.
    pub parts: Vec<Part>,
    /// One a picture, an index into `classes`; 0 where there are none.
    pub labels: Vec<u16>,
    /// Names of the classes; none where there are no folders of classes.
    pub classes: Vec<String>,
    /// What people should know of it, in sentences.
    pub said: Vec<String>,
}

/// Splits the pictures at `paths`, which lie below `folder` and are in order.
pub fn split(folder: &Path, paths: &[&Path]) -> Split {
    let folders: Vec<Vec<&OsStr>> = paths.iter().map(|path| folders_of(folder, path)).collect();
    let mut said = Vec::new();
    let around = common(&folders);
    let below: Vec<&[&OsStr]> = folders.iter().map(|path| &path[around..]).collect();
    let (mut parts, classes) = match by_name(&below) {
        Some(named) => divided(&below, &named, &mut said),
        None => {
            let classes = below.iter().map(|path| path.first().map(|&name| name.to_owned())).collect();
            (vec![Part::Train; paths.len()], classes)
        }
    };
    let (labels, names) = number(&parts, classes, &mut said);
    if !parts.contains(&Part::Test) {
        let mut trained = 0;
        for part in parts.iter_mut().filter(|part| **part == Part::Train) {
            trained += 1;
            if trained % TEST_SHARE == 0 {
                *part = Part::Test;
            }
        }
        let kept = trained / TEST_SHARE;
        if kept > 0 {
            said.push(format!("every twelfth picture, {kept} of {trained}, is kept for tests"));
        }
    }
    Split { parts, labels, classes: names, said }
}

/// The folders between `folder` and the file at `path`.
fn folders_of<'a>(folder: &Path, path: &'a Path) -> Vec<&'a OsStr> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.parent().map_or_else(Vec::new, |parent| parent.iter().collect())
}

/// How many folders all paths have in common.
fn common(folders: &[Vec<&OsStr>]) -> usize {
    let Some((first, rest)) = folders.split_first() else { return 0 };
    let alike = |other: &Vec<&OsStr>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    rest.iter().map(alike).min().unwrap_or(first.len())
}

/// What the folders met first are for, by their names, if all are named for a part of a split, one each, and one for
/// training.
fn by_name<'a>(below: &[&[&'a OsStr]]) -> Option<BTreeMap<&'a OsStr, Named>> {
    let names: BTreeSet<&OsStr> = below.iter().filter_map(|path| path.first().copied()).collect();
    let named = names.iter().map(|name| Some((*name, Named::of(&name.to_string_lossy())?)));
    let named = named.collect::<Option<BTreeMap<_, _>>>()?;
    let kinds: BTreeSet<Named> = named.values().copied().collect();
    (kinds.len() == named.len() && named.len() > 1 && kinds.contains(&Named::Train)).then_some(named)
}

/// What a folder says it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    Train,
    Test,
    Validation,
}

impl Named {
    /// By a word of the name: `test`, `testing`, `test_set`, `seg-test`, `TestImages`.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        let bare = words.map(|word| {
            ["set", "images", "data"].iter().fold(word, |word, end| word.strip_suffix(end).unwrap_or(word))
        });
        bare.filter_map(|word| match word {
            "train" | "training" | "trn" => Some(Self::Train),
            "test" | "testing" | "tst" | "eval" | "evaluation" => Some(Self::Test),
            "val" | "valid" | "validation" | "dev" => Some(Self::Validation),
            _ => None,
        })
        .next()
    }
}

/// Parts and classes of pictures in folders that are named for a split.
fn divided(
    below: &[&[&OsStr]],
    named: &BTreeMap<&OsStr, Named>,
    said: &mut Vec<String>,
) -> (Vec<Part>, Vec<Option<OsString>>) {
    let of = |path: &[&OsStr]| path.first().and_then(|name| named.get(name)).copied();
    let train: Vec<Vec<&OsStr>> =
        below.iter().filter(|path| of(path) == Some(Named::Train)).map(|path| path[1..].to_vec()).collect();
    let around = common(&train);
    let known: BTreeSet<&OsStr> = train.iter().filter_map(|path| path.get(around).copied()).collect();
    // Folders around the classes may have other names in each part; a class is known by its own.
    let class = |path: &[&OsStr]| -> Option<OsString> {
        path[1.min(path.len())..].iter().find(|name| known.contains(*name)).map(|&name| name.to_owned())
    };
    let classes: Vec<Option<OsString>> = below.iter().map(|path| class(path)).collect();
    let usable = |at: usize| known.is_empty() || classes[at].is_some();
    let has = |wanted| (0..below.len()).any(|at| of(below[at]) == Some(wanted) && usable(at));
    let tests = if has(Named::Test) { Named::Test } else { Named::Validation };
    let part = |at: usize| match of(below[at]) {
        Some(Named::Train) => Part::Train,
        Some(kind) if kind == tests && usable(at) => Part::Test,
        _ => Part::Aside,
    };
    let parts: Vec<Part> = (0..below.len()).map(part).collect();
    for (name, kind) in named {
        let here = |wanted| {
            let of_it = |at: &usize| below[*at].first() == Some(name) && parts[*at] == wanted;
            (0..below.len()).filter(of_it).count()
        };
        let name = name.to_string_lossy();
        let (train, test, aside) = (here(Part::Train), here(Part::Test), here(Part::Aside));
        if train > 0 {
            said.push(format!("`{name}` is trained on: {train} pictures"));
        }
        if test > 0 {
            said.push(format!("`{name}` is for tests: {test} pictures"));
        }
        if aside > 0 {
            let of_no_class = (0..below.len()).any(|at| of(below[at]) == Some(*kind) && !usable(at));
            let why = if of_no_class { ": they are of no class that is trained on" } else { "" };
            said.push(format!("`{name}`: {aside} pictures are left aside{why}"));
        }
    }
    let loose = below.iter().filter(|path| path.is_empty()).count();
    if loose > 0 {
        said.push(format!("{loose} pictures beside these folders are left aside"));
    }
    (parts, classes)
}

/// Labels by the order of the classes' names; pictures outside of every class are one too, the first.
fn number(parts: &[Part], classes: Vec<Option<OsString>>, said: &mut Vec<String>) -> (Vec<u16>, Vec<String>) {
    let used = |at: &usize| parts[*at] != Part::Aside;
    let mut counts = BTreeMap::new();
    (0..parts.len()).filter(used).for_each(|at| *counts.entry(classes[at].as_ref()).or_insert(0usize) += 1);
    let none = (vec![0; parts.len()], Vec::new());
    if counts.keys().all(Option::is_none) {
        return none;
    }
    if counts.len() > MOST_CLASSES {
        said.push(format!(
            "{} folders are more than the {MOST_CLASSES} classes there can be: all pictures are of one",
            counts.len()
        ));
        return none;
    }
    let name =
        |class: &Option<&OsString>| class.map_or("(none)".to_owned(), |name| name.to_string_lossy().into_owned());
    let names: Vec<String> = counts.keys().map(name).collect();
    said.push(count_sentence("by folder", names.iter().map(String::as_str).zip(counts.values().copied())));
    let known: Vec<Option<&OsString>> = counts.into_keys().collect();
    let labels = classes.iter().map(|class| known.binary_search(&class.as_ref()).map_or(0, |label| label as u16));
    (labels.collect(), names)
}

/// A label is a number of sixteen bits.
pub const MOST_CLASSES: usize = 1 << 16;
/// Classes that are named one by one.
const NAMED: usize = 12;

/// `3 classes by folder: a (10), b (7), c (1)`.
pub(crate) fn count_sentence<'a>(how: &str, counts: impl ExactSizeIterator<Item = (&'a str, usize)>) -> String {
    let all = counts.len();
    let named: Vec<String> = counts.take(NAMED).map(|(name, count)| format!("{name} ({count})")).collect();
    let rest = if all > NAMED { format!(" and {} more", all - NAMED) } else { String::new() };
    let plural = if all == 1 { "" } else { "es" };
    format!("{all} class{plural} {how}: {}{rest}", named.join(", "))
}

/// Paths for people: at most a few, then a count.
pub(crate) fn listed(paths: &[PathBuf], most: usize) -> String {
    let named: Vec<String> = paths.iter().take(most).map(|path| format!("`{}`", path.display())).collect();
    let rest = if paths.len() > most { format!(" and {} more", paths.len() - most) } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts as letters, labels, names of classes.
    fn of(paths: &[&str]) -> (String, Vec<u16>, Vec<String>, String) {
        let paths: Vec<PathBuf> = paths.iter().map(|path| Path::new("set").join(path)).collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let split = split(Path::new("set"), &paths);
        let letter = |part: &Part| match part {
            Part::Train => 'r',
            Part::Test => 'e',
            Part::Aside => '-',
        };
        (split.parts.iter().map(letter).collect(), split.labels, split.classes, split.said.join("\n"))
    }

    #[test]
    fn folders_are_classes_or_a_split_of_classes() {
        type Case<'a> = (&'a str, &'a [&'a str], &'a str, &'a [u16], &'a [&'a str], &'a str);
        let cases: &[Case] = &[
            ("flat", &["a.png", "b.png"], "rr", &[0, 0], &[], ""),
            ("classes", &["cat/1", "dog/1", "dog/x/2"], "rrr", &[0, 1, 1], &["cat", "dog"], "cat (1), dog (2)"),
            ("wrapped", &["zip/set/cat/1", "zip/set/dog/1"], "rr", &[0, 1], &["cat", "dog"], "2 classes by folder"),
            (
                "beside classes",
                &["cat/1", "dog/2", "loose"],
                "rrr",
                &[1, 2, 0],
                &["(none)", "cat", "dog"],
                "(none) (1)",
            ),
            (
                "mnist_png",
                &["testing/0/1", "testing/7/1", "training/0/2", "training/7/3"],
                "eerr",
                &[0, 1, 0, 1],
                &["0", "7"],
                "`training` is trained on: 2 pictures",
            ),
            (
                "unlike wrappers",
                &["seg_test/seg_test/a/1", "seg_train/seg_train/a/1", "seg_train/seg_train/b/1"],
                "err",
                &[0, 0, 1],
                &["a", "b"],
                "",
            ),
            ("no classes", &["Test/1", "Train/2"], "er", &[0, 0], &[], "`Test` is for tests: 1 pictures"),
            (
                "val for test",
                &["train/a/1", "train/b/1", "val/a/1"],
                "rre",
                &[0, 1, 0],
                &["a", "b"],
                "`val` is for tests",
            ),
            (
                "val beside test",
                &["test/1", "train/1", "valid/1"],
                "er-",
                &[0; 3],
                &[],
                "`valid`: 1 pictures are left aside",
            ),
            (
                "tests without classes",
                &["test/1.jpg", "train/a/1", "train/b/1"],
                "-rr",
                &[0, 0, 1],
                &["a", "b"],
                "of no class that is trained on",
            ),
            ("a class called train", &["bus/1", "train/1"], "rr", &[0, 1], &["bus", "train"], ""),
            ("loose", &["test/1", "train/1", "x.png"], "er-", &[0; 3], &[], "1 pictures beside these folders"),
            ("train alone", &["train/a/1", "train/b/1"], "rr", &[0, 1], &["a", "b"], ""),
        ];
        for (name, paths, parts, labels, classes, said) in cases {
            let split = of(paths);
            assert_eq!((&*split.0, &*split.1), (*parts, *labels), "{name}: {split:?}");
            assert_eq!(split.2, *classes, "{name}");
            assert!(split.3.contains(said), "{name}: {}", split.3);
        }
    }

    #[test]
    fn a_twelfth_is_for_tests_and_three_hundred_classes_are_told_apart() {
        let names: Vec<String> = (0..600).map(|i| format!("{:03}/{i:03}", i / 2)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (parts, labels, classes, said) = of(&names);
        assert_eq!((parts.matches('e').count(), parts.find('e'), labels[599], classes.len()), (50, Some(11), 299, 300));
        assert!(said.contains("300 classes by folder: 000 (2)") && said.contains("and 288 more"), "{said}");
    }

    proptest! {
        #[test]
        fn no_folders_make_it_panic(paths in proptest::collection::vec("(train|test|val|a|b|/){0,6}", 0..20)) {
            let paths: Vec<PathBuf> = paths.iter().map(|path| Path::new("set").join(path.trim_start_matches('/'))).collect();
            let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
            let split = split(Path::new("set"), &paths);
            prop_assert_eq!(split.parts.len(), paths.len());
            prop_assert!(split.labels.iter().all(|&label| usize::from(label) < split.classes.len().max(1)));
        }
    }
}
