//! The outermost layer of a model file: is this an ONNX file at all, and is all of it there?
//!
//! Protobuf has no magic number and no length of its own, so a decoder says the same of a cut download and of a JPEG.
//! This walk over the top-level fields tells them apart: ONNX's `ModelProto` has a handful of field numbers, each with
//! one wire type, and nearly all of the file is one length-delimited field, the graph, that says how long it is.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/> and `ModelProto` in `onnx.proto`.

use crate::LoadError;

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

/// The fields of `ModelProto` as (number, wire type), with `training_info`, `functions` and `configuration`.
const MODEL_FIELDS: [(u64, u64); 12] = [
    (1, VARINT),
    (2, LENGTH_DELIMITED),
    (3, LENGTH_DELIMITED),
    (4, LENGTH_DELIMITED),
    (5, VARINT),
    (6, LENGTH_DELIMITED),
    (7, LENGTH_DELIMITED),
    (8, LENGTH_DELIMITED),
    (14, LENGTH_DELIMITED),
    (20, LENGTH_DELIMITED),
    (25, LENGTH_DELIMITED),
    (26, LENGTH_DELIMITED),
];
const IR_VERSION: u64 = 1;
const GRAPH: u64 = 7;

/// Checks that `bytes` is a whole sequence of `ModelProto`'s fields with a graph among them.
///
/// # Errors
/// [`LoadError::Empty`], [`LoadError::NotOnnx`] or [`LoadError::Truncated`].
pub(crate) fn check(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    // A host that answers a missing file with a page is the commonest reason for a model that is none.
    if bytes.trim_ascii_start().first() == Some(&b'<') {
        return Err(not_onnx("it is a web page or another text in angle brackets"));
    }
    let found = bytes.len() as u64;
    let mut rest = bytes;
    let mut seen = Vec::new();
    while !rest.is_empty() {
        // Every writer puts the version first. Without it, what reads as a long field is just another format.
        let cut_short = |expected| match seen.contains(&IR_VERSION) {
            true => LoadError::Truncated { expected, found },
            false => not_onnx("it does not have the fields of one"),
        };
        let (tag, after_tag) = varint(rest).ok_or_else(|| cut_short(found + 1))?;
        let (value, after_value) = varint(after_tag).ok_or_else(|| cut_short(found + 1))?;
        let (field, wire_type) = (tag >> 3, tag & 7);
        if !MODEL_FIELDS.contains(&(field, wire_type)) {
            return Err(not_onnx("it does not have the fields of one"));
        }
        rest = after_value;
        if wire_type == LENGTH_DELIMITED {
            let available = rest.len() as u64;
            if value > available {
                return Err(cut_short((found - available).saturating_add(value)));
            }
            rest = &rest[value as usize..];
        }
        seen.push(field);
    }
    if seen.contains(&GRAPH) { Ok(()) } else { Err(not_onnx("it holds no graph")) }
}

fn not_onnx(reason: &str) -> LoadError {
    LoadError::NotOnnx { reason: reason.into() }
}

/// Takes a base-128 number off the front of `bytes`: the number, and what follows it. `None` where the bytes end first
/// or the number has more than the ten bytes that 64 bits need.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_and_cut_files_are_told_apart() {
        let whole = [0x08, 0x08, 0x3a, 0x03, 1, 2, 3, 0x42, 0x00];
        let cases: [(&str, &[u8], Option<&str>); 9] = [
            ("whole", &whole, None),
            ("empty", b"", Some("the model file is empty")),
            (
                "a page",
                b"\n<!doctype html>",
                Some("this is not an ONNX model: it is a web page or another text in angle brackets"),
            ),
            ("a PNG", b"\x89PNG\r\n\x1a\n", Some("this is not an ONNX model: it does not have the fields of one")),
            ("text", b"hello", Some("this is not an ONNX model: it does not have the fields of one")),
            (
                "text that starts like a field",
                b"\"quoted\"",
                Some("this is not an ONNX model: it does not have the fields of one"),
            ),
            ("cut in the graph", &whole[..6], Some("the model file is cut short: 7 bytes expected, 6 found")),
            ("cut in a length", &whole[..3], Some("the model file is cut short: 4 bytes expected, 3 found")),
            ("cut before the graph", &whole[..2], Some("this is not an ONNX model: it holds no graph")),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(check(bytes).err().map(|error| error.to_string()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn endless_numbers_are_refused() {
        assert!(check(&[0xff; 64]).is_err());
        assert!(check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).is_err());
    }
}
