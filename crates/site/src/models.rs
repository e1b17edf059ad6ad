//! The models of a site: where each lies, and the list that the page offers them by.
//!
//! What the list says is what the models say of themselves. Models of one run of training (same recipe, seed and data) that
//! differ in their epochs become one choice of the page, with a slider through the epochs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use exporter::Summary;
use failure::{Failure, Result};
use interface::{Taken, envelope, external, free_settings};
use prost::bytes::Bytes;

use crate::folder;

/// Holds a model and its entry in the list.
pub struct Model {
    /// Says what the page lists it as.
    pub entry: Entry,
    /// Holds the file as it is.
    pub bytes: Vec<u8>,
}

/// Is one line of `models.json`.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// Tells links the model; it stays the same when models are added.
    pub id: String,
    /// Says where the file lies, from the root of the site.
    pub file: String,
    /// Names the recipe, or the file where the model names none.
    pub recipe: String,
    /// Counts the passes over the training pictures; 0 where the model does not say.
    pub epochs: u64,
    /// Tells runs of training apart: the same for all models of one.
    pub run: String,
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
pub fn read(files: &[PathBuf]) -> Result<Vec<Model>> {
    let mut taken = BTreeSet::new();
    let read = |(place, file): (usize, &PathBuf)| {
        let (bytes, summary) = read_one(file)?;
        Ok(Model { entry: entry(place, file, &summary, &mut taken), bytes })
    };
    files.iter().enumerate().map(read).collect()
}

fn read_one(file: &Path) -> Result<(Vec<u8>, Summary)> {
    if !file.exists() {
        return Err(Failure::usage(format!("there is no model at `{}`", file.display()))
            .hint("train one with `trainer --out gen.onnx`"));
    }
    let bytes = folder::read(file)?;
    let refused = |error: &dyn std::fmt::Display, hint: &str| {
        Failure::usage(format!("`{}` cannot be shown: {error}", file.display())).hint(hint)
    };
    let summary = Summary::of(&bytes).map_err(|error| refused(&error, error.hint()))?;
    refuse_what_the_page_would(&bytes, &refused)?;
    Ok((bytes, summary))
}

/// Refuses what is a model, but none that draws: the page would say so to every visitor.
fn refuse_what_the_page_would(bytes: &[u8], refused: &dyn Fn(&dyn std::fmt::Display, &str) -> Failure) -> Result<()> {
    let mut model = envelope::decode(Bytes::copy_from_slice(bytes)).map_err(|no| refused(&no, no.hint))?;
    if let Some(other) = external::files(&mut model).first() {
        let other: String = other.chars().take(80).flat_map(char::escape_debug).collect();
        return Err(refused(
            &format_args!("its weights are in another file, `{other}`"),
            "make one file of the two: `python -c \"import onnx; onnx.save(onnx.load('gen.onnx'), 'whole.onnx')\"`",
        ));
    }
    free_settings(&mut model);
    let graph = model.graph.unwrap_or_default();
    Taken::of(&graph, None).map_err(|refusal| refused(&refusal, refusal.hint()))?;
    Ok(())
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

/// A name for files and links, out of any text: letters, digits, and `-` for whatever else; no longer than a file's name may be.
fn plain(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    if plain.is_empty() { "model".into() } else { plain }
}

#[cfg(test)]
mod tests {
    use interface::onnx::{
        DimensionProto, DimensionValue, GraphProto, ModelProto, StringStringEntryProto, TensorProto, TensorShapeProto,
        TensorTypeProto, TypeProto, ValueInfoProto, data_type,
    };
    use prost::Message;

    use super::*;

    /// The least that passes for a generator, with this metadata.
    fn model(metadata: &[(&str, &str)]) -> Vec<u8> {
        let metadata = metadata
            .iter()
            .map(|(key, value)| StringStringEntryProto { key: format!("forger.{key}"), value: (*value).into() });
        let graph = GraphProto { input: vec![input("z", &[1, 3])], ..Default::default() };
        let metadata_props = metadata.collect();
        ModelProto { ir_version: 8, graph: Some(graph), metadata_props, ..Default::default() }.encode_to_vec()
    }

    /// An input of float32.
    fn input(name: &str, sizes: &[i64]) -> ValueInfoProto {
        let dim = sizes
            .iter()
            .map(|&size| DimensionProto { value: Some(DimensionValue::DimValue(size)), ..Default::default() });
        let shape = Some(TensorShapeProto { dim: dim.collect() });
        let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
        let r#type = Some(TypeProto { tensor_type, ..Default::default() });
        ValueInfoProto { name: name.into(), r#type, ..Default::default() }
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

    fn write_model(path: &Path, graph: GraphProto) {
        let model = ModelProto { ir_version: 8, graph: Some(graph), ..Default::default() };
        std::fs::write(path, model.encode_to_vec()).unwrap();
    }

    #[test]
    fn a_missing_file_and_a_wrong_one_are_told_apart() {
        let room = tempfile::tempdir().unwrap();
        let path = |name: &str| room.path().join(name);
        std::fs::write(path("page.onnx"), "<html>").unwrap();
        std::fs::write(path("cut.onnx"), &model(&[("recipe", "stable")])[..9]).unwrap();
        let outside = TensorProto {
            name: "w".into(),
            data_location: Some(1),
            external_data: vec![StringStringEntryProto { key: "location".into(), value: "w.data".into() }],
            ..Default::default()
        };
        let graph = GraphProto { input: vec![input("z", &[1, 3])], initializer: vec![outside], ..Default::default() };
        write_model(&path("torn.onnx"), graph);
        write_model(
            &path("netD.onnx"),
            GraphProto {
                input: vec![input("picture", &[1, 3, 64, 64])],
                output: vec![input("validity", &[1, 1])],
                ..Default::default()
            },
        );
        for (name, expected) in [
            ("none.onnx", "there is no model at"),
            ("page.onnx", "not an ONNX model"),
            ("cut.onnx", "cut short"),
            ("torn.onnx", "its weights are in another file, `w.data`"),
            ("netD.onnx", "this is a discriminator, not a generator"),
        ] {
            let error = read(&[path(name)]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected) && error.contains("\n\nhint: "), "{name}: {error}");
        }
    }
}
