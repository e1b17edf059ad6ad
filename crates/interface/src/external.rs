//! Weights that are kept beside the model, in files of their own: `gen.onnx` with `gen.onnx.data`.
//!
//! PyTorch writes them by default since 2.9. The model names each file by a path, and whoever made the model chose it: so a
//! name is looked up among the files of the model's folder, and leads nowhere else.
//!
//! Source: <https://onnx.ai/onnx/repo-docs/ExternalData.html>.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path};

use prost::bytes::Bytes;

use crate::onnx::{AttributeProto, GraphProto, ModelProto, TensorProto};
use crate::refusal::{Refusal, short};

/// What [`TensorProto::data_location`] is for numbers in another file.
const EXTERNAL: i32 = 1;

/// The names of the files that hold numbers of this model, in the order in which they are met, each once.
pub fn files(model: &mut ModelProto) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let _: Result<(), ()> = each_tensor(model, &mut |tensor| {
        if is_external(tensor) {
            let name = entry(tensor, "location").unwrap_or_default();
            if seen.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
        }
        Ok(())
    });
    names
}

/// Takes the numbers of all other files into the model. `read`: the bytes of a file by the name that the model has for it.
///
/// # Errors
/// A [`Refusal`] that names the file which is not there, or too short, or outside the model's folder.
pub fn take_in(model: &mut ModelProto, read: &mut dyn FnMut(&str) -> Option<Bytes>) -> Result<(), Refusal> {
    let mut known: HashMap<String, Bytes> = HashMap::new();
    each_tensor(model, &mut |tensor| {
        if !is_external(tensor) {
            return Ok(());
        }
        let name = entry(tensor, "location").unwrap_or_default().to_owned();
        let refused = |why: &str| Refusal::OtherFile { file: short(&name), why: why.to_owned() };
        if !is_beside(&name) {
            return Err(refused("outside the model's folder"));
        }
        let bytes = match known.get(&name) {
            Some(bytes) => bytes.clone(),
            None => {
                let bytes = read(&name).ok_or_else(|| refused("not here"))?;
                known.insert(name.clone(), bytes.clone());
                bytes
            }
        };
        let number = |key: &str| entry(tensor, key).map(|text| text.trim().parse::<usize>());
        let start = number("offset").unwrap_or(Ok(0)).map_err(|_| refused("pointed into by no number"))?;
        let length = match number("length") {
            Some(length) => length.map_err(|_| refused("pointed into by no number"))?,
            None => bytes.len().saturating_sub(start),
        };
        let end = start.checked_add(length).filter(|&end| end <= bytes.len());
        let end = end.ok_or_else(|| refused(&format!("too short: {} bytes", bytes.len())))?;
        tensor.raw_data = bytes.slice(start..end);
        tensor.external_data.clear();
        tensor.data_location = None;
        Ok(())
    })
}

/// Whether the numbers of a tensor are in another file.
pub fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(EXTERNAL) || !tensor.external_data.is_empty() && tensor.raw_data.is_empty()
}

/// Whether a path stays in the folder that it starts from.
pub fn is_beside(name: &str) -> bool {
    let plain = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    // A path of Windows is one of ours too, wherever this runs.
    !name.is_empty() && !name.contains(['\\', ':']) && Path::new(name).components().all(plain)
}

/// Reads a file of the model's folder; none where there is none, or where a link leads out of the folder.
#[cfg(not(target_family = "wasm"))]
pub fn read_beside(folder: &Path, name: &str) -> Option<Bytes> {
    if !is_beside(name) {
        return None;
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    if !path.starts_with(&folder) || !path.is_file() {
        return None;
    }
    std::fs::read(path).ok().map(Bytes::from)
}

fn entry<'a>(tensor: &'a TensorProto, key: &str) -> Option<&'a str> {
    tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
}

/// Visits every tensor of a model, those in the settings of nodes and in graphs within graphs too.
pub(crate) fn each_tensor<E>(
    model: &mut ModelProto,
    visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(graph) = &mut model.graph {
        of_graph(graph, visit)?;
    }
    for node in model.functions.iter_mut().flat_map(|function| &mut function.node) {
        node.attribute.iter_mut().try_for_each(|attribute| of_attribute(attribute, visit))?;
    }
    Ok(())
}

fn of_graph<E>(graph: &mut GraphProto, visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), E>) -> Result<(), E> {
    graph.initializer.iter_mut().try_for_each(&mut *visit)?;
    for tensor in &mut graph.sparse_initializer {
        tensor.values.iter_mut().chain(&mut tensor.indices).try_for_each(&mut *visit)?;
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        of_attribute(attribute, visit)?;
    }
    Ok(())
}

fn of_attribute<E>(
    attribute: &mut AttributeProto,
    visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), E>,
) -> Result<(), E> {
    attribute.t.iter_mut().try_for_each(|tensor| visit(tensor))?;
    attribute.tensors.iter_mut().try_for_each(&mut *visit)?;
    attribute.g.iter_mut().try_for_each(|graph| of_graph(graph, visit))?;
    attribute.graphs.iter_mut().try_for_each(|graph| of_graph(graph, visit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::StringStringEntryProto;

    fn tensor(location: &str, offset: &str, length: &str) -> TensorProto {
        let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
        TensorProto {
            name: "w".into(),
            dims: vec![1],
            data_type: 1,
            external_data: vec![entry("location", location), entry("offset", offset), entry("length", length)],
            data_location: Some(EXTERNAL),
            ..Default::default()
        }
    }

    fn model(tensors: Vec<TensorProto>) -> ModelProto {
        ModelProto { graph: Some(GraphProto { initializer: tensors, ..Default::default() }), ..Default::default() }
    }

    #[test]
    fn numbers_are_taken_from_their_place_in_the_other_file() {
        let mut model = model(vec![tensor("w.data", "4", "4"), tensor("w.data", "0", "4")]);
        assert_eq!(files(&mut model), ["w.data"]);
        let mut read = 0;
        let data = [1f32.to_le_bytes(), 2f32.to_le_bytes()].concat();
        take_in(&mut model, &mut |name| {
            read += 1;
            (name == "w.data").then(|| Bytes::from(data.clone()))
        })
        .unwrap();
        let tensors = &model.graph.as_ref().unwrap().initializer;
        assert_eq!([tensors[0].to_floats().unwrap(), tensors[1].to_floats().unwrap()], [[2.0], [1.0]]);
        assert_eq!(read, 1, "each file is read once");
        assert_eq!(files(&mut model), [""; 0]);
    }

    #[test]
    fn a_file_that_is_missing_short_or_elsewhere_is_named() {
        for (tensor, expected) in [
            (tensor("gone.data", "0", "4"), "`gone.data`, which is not here"),
            (tensor("w.data", "8", "4"), "`w.data`, which is too short: 8 bytes"),
            (tensor("w.data", "0", "18446744073709551615"), "`w.data`, which is too short: 8 bytes"),
            (tensor("w.data", "0", "four"), "`w.data`, which is pointed into by no number"),
            (tensor("../w.data", "0", "4"), "`../w.data`, which is outside the model's folder"),
            (tensor("/etc/passwd", "0", "4"), "`/etc/passwd`, which is outside the model's folder"),
            (tensor("C:\\w.data", "0", "4"), "`C:\\w.data`, which is outside the model's folder"),
        ] {
            let mut model = model(vec![tensor]);
            let error = take_in(&mut model, &mut |name| (name == "w.data").then(|| Bytes::from_static(&[0; 8])));
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("the model's weights are in another file, {expected}"));
        }
    }

    #[test]
    fn no_link_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("models");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(folder.path().join("secret"), b"secret").unwrap();
        std::fs::write(inside.join("w.data"), b"data").unwrap();
        assert_eq!(read_beside(&inside, "w.data").unwrap().as_ref(), b"data");
        assert_eq!(read_beside(&inside, "../secret"), None);
        assert_eq!(read_beside(&inside, "."), None, "a folder is no file");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
            assert_eq!(read_beside(&inside, "link"), None);
        }
    }
}
