//! The models of a site: where each lies, and the list that the page offers them by.
//!
//! What the list says is what the models say of themselves. Models of one run of training (same recipe, seed and data) that
//! differ in their epochs become one choice of the page, with a slider through the epochs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use exporter::Summary;

use crate::hint::hinted;

/// A model and its entry in the list.
pub(crate) struct Model {
    pub(crate) entry: Entry,
    pub(crate) bytes: Vec<u8>,
}

/// One line of `models.json`.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// What links call the model; it stays the same when models are added.
    pub(crate) id: String,
    /// From the root of the site.
    pub(crate) file: String,
    pub(crate) recipe: String,
    pub(crate) epochs: u64,
    /// The same for all models of one run of training.
    pub(crate) run: String,
}

impl Entry {
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let Self { id, file, recipe, epochs, run } = self;
        serde_json::json!({ "id": id, "file": file, "recipe": recipe, "epochs": epochs, "run": run })
    }
}

/// Reads the models of a site. The first is the one that visitors meet, and the site's `gen.onnx`.
///
/// # Errors
/// If a file can't be read, or is no model.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<Model>> {
    let mut taken = BTreeSet::new();
    let read = |(place, file): (usize, &PathBuf)| {
        let (bytes, summary) = read_one(file)?;
        Ok(Model { entry: entry(place, file, &summary, &mut taken), bytes })
    };
    files.iter().enumerate().map(read).collect()
}

fn read_one(file: &Path) -> Result<(Vec<u8>, Summary)> {
    if !file.exists() {
        return Err(hinted(
            format_args!("there is no model at `{}`", file.display()),
            "train one with `cargo run --release --package trainer -- --out gen.onnx`",
        ));
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let summary = Summary::of(&bytes)
        .map_err(|error| hinted(format_args!("`{}` cannot be shown: {error}", file.display()), error.hint()))?;
    Ok((bytes, summary))
}

fn entry(place: usize, file: &Path, summary: &Summary, taken: &mut BTreeSet<String>) -> Entry {
    let told = |key: &str| summary.metadata.get(&format!("forger.{key}")).cloned().unwrap_or_default();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let recipe = match told("recipe") {
        recipe if recipe.is_empty() => stem.into_owned(),
        recipe => recipe,
    };
    let epochs = told("epochs").parse().unwrap_or(0);
    let name = match epochs {
        0 => plain(&recipe),
        epochs => format!("{}-{epochs}", plain(&recipe)),
    };
    let alternatives = (2..).map(|n| format!("{name}-{n}"));
    let id = std::iter::once(name.clone()).chain(alternatives).find(|id| !taken.contains(id)).expect("it is endless");
    taken.insert(id.clone());
    Entry {
        file: if place == 0 { "gen.onnx".into() } else { format!("models/{id}.onnx") },
        run: format!("{recipe}, seed {}, {}", told("seed"), told("dataset")),
        id,
        recipe,
        epochs,
    }
}

/// A name for files and links, out of any text: letters, digits, and `-` for whatever else.
fn plain(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    if plain.is_empty() { "model".into() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that passes for a model, with this metadata.
    fn model(metadata: &[(&str, &str)]) -> Vec<u8> {
        let text = |field: u8, text: &str| [&[field << 3 | 2, text.len() as u8], text.as_bytes()].concat();
        let mut bytes = b"\x08\x08\x3a\x00".to_vec();
        for (key, value) in metadata {
            let entry = [text(1, &format!("forger.{key}")), text(2, value)].concat();
            bytes.extend([&[14 << 3 | 2, entry.len() as u8], &entry[..]].concat());
        }
        bytes
    }

    #[test]
    fn models_are_named_by_what_they_say_of_themselves() {
        let room = tempfile::tempdir().unwrap();
        let told =
            |recipe, epochs| model(&[("recipe", recipe), ("epochs", epochs), ("seed", "7"), ("dataset", "mnist")]);
        let files = [
            ("a.onnx", told("stable", "50")),
            ("b.onnx", told("stable", "5")),
            ("c.onnx", told("stable", "5")),
            ("d.onnx", told("../My Recipe", "x")),
            ("My Own.onnx", model(&[])),
        ]
        .map(|(name, bytes)| {
            let path = room.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        });
        let entries: Vec<_> = read(&files).unwrap().into_iter().map(|model| model.entry).collect();
        let expected = [
            ("stable-50", "gen.onnx", "stable", 50, "stable, seed 7, mnist"),
            ("stable-5", "models/stable-5.onnx", "stable", 5, "stable, seed 7, mnist"),
            ("stable-5-2", "models/stable-5-2.onnx", "stable", 5, "stable, seed 7, mnist"),
            ("---my-recipe", "models/---my-recipe.onnx", "../My Recipe", 0, "../My Recipe, seed 7, mnist"),
            ("my-own", "models/my-own.onnx", "My Own", 0, "My Own, seed , "),
        ]
        .map(|(id, file, recipe, epochs, run)| Entry {
            id: id.into(),
            file: file.into(),
            recipe: recipe.into(),
            epochs,
            run: run.into(),
        });
        assert_eq!(entries, expected);
    }

    #[test]
    fn a_missing_file_and_a_wrong_one_are_told_apart() {
        let room = tempfile::tempdir().unwrap();
        let path = |name: &str| room.path().join(name);
        std::fs::write(path("page.onnx"), "<html>").unwrap();
        std::fs::write(path("cut.onnx"), &model(&[("recipe", "stable")])[..9]).unwrap();
        for (name, expected) in
            [("none.onnx", "there is no model at"), ("page.onnx", "not an ONNX model"), ("cut.onnx", "cut short")]
        {
            let error = read(&[path(name)]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected) && error.contains("\n\nhint: "), "{name}: {error}");
        }
    }
}
