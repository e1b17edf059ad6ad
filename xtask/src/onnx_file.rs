//! Tells an ONNX file from anything else, cheaply: before minutes of building, not instead of reading it.
//!
//! ONNX is a protobuf message (`ModelProto` in onnx.proto3) without a magic number. What can be seen from outside: its
//! fields follow one another to the very end of the file, `ir_version` (1) is a number, and there is a `graph` (7).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::hint::hinted;

const IR_VERSION: u64 = 1;
const GRAPH: u64 = 7;
/// Of `ModelProto`: entries with a key (1) and a value (2).
const METADATA_PROPS: u64 = 14;

/// Reads a file that looks like an ONNX model.
///
/// # Errors
/// If it can't be read, or is something else, or cut short.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if !path.exists() {
        return Err(hinted(
            format_args!("there is no model at `{}`", path.display()),
            "train one with `cargo run --release --package trainer -- --out gen.onnx`",
        ));
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    if !looks_whole(&bytes) {
        return Err(hinted(
            format_args!("`{}` is not an ONNX model, or it is cut short", path.display()),
            "give the `.onnx` file that `trainer` or `exporter` wrote",
        ));
    }
    Ok(bytes)
}

fn looks_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let (mut ir_version, mut graph) = (false, false);
    while !rest.is_empty() {
        let Some((field, wire_type, _)) = next_field(&mut rest) else { return false };
        ir_version |= field == IR_VERSION && wire_type == 0;
        graph |= field == GRAPH && wire_type == 2;
    }
    ir_version && graph
}

/// What a model says of itself, such as `forger.recipe`. Of a key that comes twice the last value counts; what is not text
/// is left out.
pub(crate) fn metadata(model: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = model;
    while let Some((field, wire_type, mut entry)) = next_field(&mut rest) {
        if field != METADATA_PROPS || wire_type != 2 {
            continue;
        }
        let [mut key, mut value] = [None, None];
        while let Some((field, _, content)) = next_field(&mut entry) {
            let text = std::str::from_utf8(content).ok().map(str::to_owned);
            match field {
                1 => key = text,
                2 => value = text,
                _ => {}
            }
        }
        found.extend(key.zip(value));
    }
    found
}

/// Moves past one protobuf field; gives its number, wire type and content.
fn next_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, u64, &'a [u8])> {
    let tag = varint(rest)?;
    let wire_type = tag & 7;
    let length = match wire_type {
        0 => varint(rest).map(|_| 0)?,
        1 => 8,
        2 => usize::try_from(varint(rest)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (content, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some((tag >> 3, wire_type, content))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ir_version 8, producer "f", a graph of three bytes.
    const MODEL: &[u8] = b"\x08\x08\x12\x01f\x3a\x03abc";

    #[test]
    fn only_a_whole_model_passes() {
        for (name, bytes, expected) in [
            ("a model", MODEL, true),
            ("a model cut short", &MODEL[..MODEL.len() - 1], false),
            ("its head alone", &MODEL[..5], false),
            ("nothing", b"", false),
            ("text", b"hello, this is a text", false),
            ("a gzip file", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", false),
            ("an endless number", &[0xff; 40], false),
        ] {
            assert_eq!(looks_whole(bytes), expected, "{name}");
        }
    }

    #[test]
    fn a_model_tells_its_metadata() {
        let mut model = MODEL.to_vec();
        model.extend(
            b"\x72\x08\x0a\x01k\x12\x03one\x72\x06\x0a\x01k\x12\x01v\x72\x06\x0a\x01w\x12\x01\xff\x72\x03\x0a\x01x",
        );
        assert_eq!(metadata(&model), [("k".to_owned(), "v".to_owned())].into());
        for length in 0..model.len() {
            metadata(&model[..length]);
        }
    }

    #[test]
    fn a_missing_file_and_a_wrong_one_are_told_apart() {
        let room = tempfile::tempdir().unwrap();
        let wrong = room.path().join("wrong.onnx");
        std::fs::write(&wrong, "<html>").unwrap();
        for (path, expected) in
            [(room.path().join("none.onnx"), "there is no model at"), (wrong, "is not an ONNX model")]
        {
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("\n\nhint: "), "{error}");
        }
    }
}
