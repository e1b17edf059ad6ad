//! Files that are no generator: the runtime refuses them in one sentence that a visitor of the page can read.

use runtime_wasm::Generator;
use tests::models::models;
use tests::tools::python;

/// The sentence for these bytes.
///
/// # Panics
/// If they are taken, or if the sentence is none.
fn refusal(name: &str, bytes: &[u8]) -> String {
    /// More is not read by anyone.
    const LONGEST: usize = 300;
    let Err(error) = Generator::from_bytes(bytes) else { panic!("{name} is taken for a generator") };
    let sentence = error.to_string();
    let is_readable = !sentence.is_empty()
        && sentence.len() <= LONGEST
        && sentence.chars().all(|character| !character.is_control())
        // What Rust's `Debug` and tract's stacks of contexts leave behind.
        && !["Some(", "Error(", "Error {", "::", "\\n", "stack backtrace"].iter().any(|trace| sentence.contains(trace));
    assert!(is_readable, "{name}: {sentence}");
    sentence
}

#[test]
fn other_files_are_refused() {
    let model = &models()[0];
    for (name, bytes, expected) in [
        ("nothing", &b""[..], "the model file is empty"),
        ("a web page", b"<!doctype html><html></html>", "this is not an ONNX model: "),
        ("JSON", br#"{"model":"generator"}"#, "this is not an ONNX model: "),
        ("zeros", &[0; 1000], "this is not an ONNX model: "),
        ("the checkpoint", &model.checkpoint, "this is not an ONNX model: "),
    ] {
        let sentence = refusal(name, bytes);
        assert!(sentence.starts_with(expected), "{name}: {sentence}");
    }
}

#[test]
fn a_file_that_is_cut_short_is_refused() {
    for model in models() {
        // Behind the graph, the largest part by far, only the opset and the metadata follow; a file cut there between
        // two entries is a whole model that says less of itself, which no reader can tell.
        let graph_end = model.onnx.len() - metadata_length(&model.onnx);
        let lengths = (1..graph_end).step_by(4_099).chain(1..1_000).chain(graph_end - 1_000..graph_end);
        for length in lengths {
            let sentence = refusal(&format!("{}, cut to {length}", model.name), &model.onnx[..length]);
            assert!(
                sentence.starts_with("the model file is cut short: ")
                    || sentence.starts_with("this is not an ONNX model: "),
                "{}, cut to {length}: {sentence}",
                model.name
            );
        }
    }
}

/// At most so many bytes stand behind the graph: where the first key of the metadata begins, less what frames it.
fn metadata_length(onnx: &[u8]) -> usize {
    /// The opset's entry before the metadata, and the two lengths and tags before the first key, take less than this.
    const FRAME: usize = 32;
    let key = b"forger.recipe";
    let start = onnx.windows(key.len()).position(|window| window == key).expect("the model has metadata");
    onnx.len() - start + FRAME
}

#[test]
fn valid_models_that_are_no_generators_are_refused_with_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    if python("other_models.py", &[folder.path()]).is_none() {
        return;
    }
    for (name, expected) in [
        ("classifier", "the model's inputs are not a generator's: `picture`, float32 [batch, 1, 28, 28]"),
        (
            "conditional",
            "the model's inputs are not a generator's: `z`, float32 [batch, 100]; `label`, float32 [batch, 10]",
        ),
        ("convolutional", "the model uses the operator `Relu`"),
        ("double", "the model's inputs are not a generator's: `z`, float64 [batch, 100]"),
    ] {
        let bytes = std::fs::read(folder.path().join(format!("{name}.onnx"))).unwrap();
        let sentence = refusal(name, &bytes);
        assert!(sentence.starts_with(expected), "{name}: {sentence}");
    }
}
