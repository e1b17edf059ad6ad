//! What a message will take in memory, found out before it is decoded.
//!
//! In protobuf two bytes can open an empty message, for which a decoder makes a structure a hundred times as large, so
//! that a small hostile file would fill a large memory. This walk counts the parts of a file, by the few message types
//! that this crate decodes, and compares what they weigh with the file's length.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use crate::onnx_error::OnnxError;

/// Bounds the size of a decoded message, vectors' spare room included.
const MESSAGE_BYTES: usize = 512;
/// Counts the bytes that a text or a list of bytes takes, with what its allocation costs.
const TEXT_BYTES: usize = 64;
/// Lets a decoded file weigh this many times its length, and [`ALLOWANCE`] more.
const FACTOR: usize = 16;
/// Lets a decoded file weigh this much more, so that small true models, whose nodes are a few bytes each, are never refused.
const ALLOWANCE: usize = 1 << 20;

/// Describes a message type: which of its fields are messages again.
struct Shape {
    messages: &'static [(u64, &'static Shape)],
}

const LEAF: Shape = Shape { messages: &[] };
const TENSOR: Shape = Shape { messages: &[(13, &LEAF)] };
const ATTRIBUTE: Shape = Shape { messages: &[(5, &TENSOR)] };
const NODE: Shape = Shape { messages: &[(5, &ATTRIBUTE)] };
const DIMENSIONS: Shape = Shape { messages: &[(1, &LEAF)] };
const TENSOR_TYPE: Shape = Shape { messages: &[(2, &DIMENSIONS)] };
const TYPE: Shape = Shape { messages: &[(1, &TENSOR_TYPE)] };
const VALUE: Shape = Shape { messages: &[(2, &TYPE)] };
const GRAPH: Shape = Shape { messages: &[(1, &NODE), (5, &TENSOR), (11, &VALUE), (12, &VALUE), (13, &VALUE)] };
const MODEL: Shape = Shape { messages: &[(7, &GRAPH), (8, &LEAF), (14, &LEAF)] };

/// Checks that `bytes` are whole fields, none of them cut, that decode to something not much larger.
pub(crate) fn check(bytes: &[u8]) -> Result<(), OnnxError> {
    let not_onnx = |reason: &str| OnnxError::NotOnnx { reason: reason.to_owned() };
    if bytes.is_empty() {
        return Err(not_onnx("it is empty"));
    }
    let mut count = Count::default();
    walk(bytes, &MODEL, &mut count).ok_or_else(|| not_onnx("its fields do not follow one another to its end"))?;
    if !count.has_version || !count.has_graph {
        return Err(not_onnx("it does not have the fields of one"));
    }
    let (length, parts) = (bytes.len(), count.messages + count.texts);
    let weight = count.messages.saturating_mul(MESSAGE_BYTES).saturating_add(count.texts.saturating_mul(TEXT_BYTES));
    match weight > length.saturating_mul(FACTOR).saturating_add(ALLOWANCE) {
        true => Err(OnnxError::Hollow { length, parts }),
        false => Ok(()),
    }
}

#[derive(Default)]
struct Count {
    messages: usize,
    texts: usize,
    has_version: bool,
    has_graph: bool,
}

/// Counts the parts of a message; none if it is not one.
fn walk(mut rest: &[u8], shape: &Shape, count: &mut Count) -> Option<()> {
    count.messages += 1;
    let is_model = std::ptr::eq(shape, &MODEL);
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let (field, wire_type) = (tag >> 3, tag & 7);
        let length = match wire_type {
            0 => {
                varint(&mut rest)?;
                count.has_version |= field == 1;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut rest)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        rest = after;
        if wire_type != 2 {
            continue;
        }
        match shape.messages.iter().find(|(message, _)| *message == field) {
            Some((_, inner)) => {
                count.has_graph |= is_model && field == 7;
                walk(content, inner, count)?;
            }
            None => count.texts += 1,
        }
    }
    Some(())
}

/// Takes a base-128 number off the front.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(rest).ok()
}
