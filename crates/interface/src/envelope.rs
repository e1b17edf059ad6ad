//! Is this an ONNX file at all, is all of it there, and is it worth the memory?
//!
//! Protobuf has no length of its own, so a decoder says the same of a cut download and of a photograph. This walk over the
//! fields tells them apart, and counts the parts before anything is made of them: two bytes can open an empty message for
//! which a decoder makes a structure a hundred times as large, so a small hostile file would fill a large memory.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use prost::Message;
use prost::bytes::Bytes;

use crate::no_model::{NoModel, what_is};
use crate::onnx::ModelProto;

/// No decoded message is larger, the spare room of a vector included.
const MESSAGE_BYTES: usize = 768;
/// A text or a list of bytes, with what its allocation costs.
const TEXT_BYTES: usize = 64;
/// A decoded file may weigh this many times its length…
const FACTOR: usize = 16;
/// … and this much more, so that small true models, whose nodes are a few bytes each, are never refused.
const ALLOWANCE: usize = 1 << 20;
/// Graphs within graphs: prost's own limit is a hundred messages.
const DEPTH: usize = 90;

/// Decodes a whole model file, unless it is something else; its numbers stay slices of `bytes`.
///
/// # Errors
/// A [`NoModel`] that says what the file is.
pub fn decode(bytes: Bytes) -> Result<ModelProto, NoModel> {
    check(&bytes)?;
    ModelProto::decode(bytes).map_err(|_| damaged("its graph is damaged"))
}

/// Checks that `bytes` are the whole fields of a model with a graph, and decode to something not much larger.
///
/// # Errors
/// A [`NoModel`] that says what the file is.
pub fn check(bytes: &[u8]) -> Result<(), NoModel> {
    if let Some(no_model) = what_is(bytes) {
        return Err(no_model);
    }
    let mut rest = bytes;
    let (mut has_version, mut has_graph, mut count) = (false, false, Count::default());
    while !rest.is_empty() {
        let unread = rest.len();
        // Every writer puts the version first. Without it, what reads as a long field is just another format.
        let cut_short = |expected: u64| match has_version {
            true => truncated(expected, bytes.len() as u64),
            false => unknown(),
        };
        let field = Field::read(&mut rest).map_err(|missing| match missing {
            Some(missing) => cut_short((bytes.len() as u64).saturating_add(missing)),
            None if unread == bytes.len() => unknown(),
            None => damaged("its fields do not follow one another"),
        })?;
        if !is_model_field(&field) {
            return Err(if has_graph { damaged("its fields do not follow one another") } else { unknown() });
        }
        has_version |= field.number == 1;
        count.texts += 1;
        if let Some(kind) = Kind::Model.within(field.number) {
            has_graph |= kind == Kind::Graph;
            walk(field.content, kind, &mut count, 1).ok_or_else(|| damaged("its graph is damaged"))?;
        }
    }
    if !has_graph {
        return Err(damaged("it holds no graph"));
    }
    let weight = count.messages.saturating_mul(MESSAGE_BYTES).saturating_add(count.texts.saturating_mul(TEXT_BYTES));
    match weight > bytes.len().saturating_mul(FACTOR).saturating_add(ALLOWANCE) {
        true => Err(damaged("nearly all of its parts are empty, and would fill the memory")),
        false => Ok(()),
    }
}

fn unknown() -> NoModel {
    NoModel {
        message: "this is not an ONNX model: it does not have the fields of one".into(),
        hint: "take the `.onnx` file of a generator",
    }
}

/// What is said of a file that begins as a model and does not go on as one.
pub fn damaged(what: &str) -> NoModel {
    NoModel {
        message: format!("this is not an ONNX model: {what}"),
        hint: "copy or download the file again, all of it",
    }
}

fn truncated(expected: u64, found: u64) -> NoModel {
    NoModel {
        message: format!("the model file is cut short: {expected} bytes expected, {found} found"),
        hint: "download or copy it again: only a part of it came",
    }
}

/// What a message is, as far as messages are within it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Value,
    Type,
    TensorType,
    Shape,
    Function,
    Leaf,
}

impl Kind {
    /// What the message in a field is; none if the field is no message.
    fn within(self, field: u64) -> Option<Kind> {
        Some(match (self, field) {
            (Kind::Model, 7) => Kind::Graph,
            (Kind::Model, 8 | 14) => Kind::Leaf,
            (Kind::Model, 25) => Kind::Function,
            (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
            (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::SparseTensor, 1 | 2) => Kind::Tensor,
            (Kind::Graph, 11..=13) | (Kind::Function, 12) => Kind::Value,
            (Kind::Graph, 15) => Kind::SparseTensor,
            (Kind::Node, 5) | (Kind::Function, 11) => Kind::Attribute,
            (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Tensor, 13) | (Kind::Function, 9) => Kind::Leaf,
            (Kind::Value, 2) => Kind::Type,
            (Kind::Type, 1) => Kind::TensorType,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Shape, 1) => Kind::Leaf,
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Count {
    messages: usize,
    texts: usize,
}

/// Counts the parts of a message; None if it is not one.
fn walk(mut rest: &[u8], kind: Kind, count: &mut Count, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    count.messages += 1;
    while !rest.is_empty() {
        let field = Field::read(&mut rest).ok()?;
        match kind.within(field.number) {
            Some(inner) if field.wire_type == LENGTH_DELIMITED => walk(field.content, inner, count, depth + 1)?,
            Some(_) => return None,
            None => count.texts += usize::from(field.wire_type == LENGTH_DELIMITED),
        }
    }
    Some(())
}

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

/// A field of a message.
struct Field<'a> {
    number: u64,
    wire_type: u64,
    /// Of a length-delimited one.
    content: &'a [u8],
}

impl<'a> Field<'a> {
    /// Takes a field off the front: `Err` with how many bytes are missing, or with nothing if it is no field.
    fn read(rest: &mut &'a [u8]) -> Result<Field<'a>, Option<u64>> {
        let tag = varint(rest)?;
        let (number, wire_type) = (tag >> 3, tag & 7);
        let length = match wire_type {
            VARINT => {
                varint(rest)?;
                0
            }
            1 => 8,
            LENGTH_DELIMITED => varint(rest)?,
            5 => 4,
            _ => return Err(None),
        };
        let available = rest.len() as u64;
        if number == 0 || length > available {
            return Err((number != 0).then_some(length - available.min(length)));
        }
        let (content, after) = rest.split_at(length as usize);
        *rest = after;
        Ok(Field { number, wire_type, content })
    }
}

/// Whether a field can be one of `ModelProto`'s, with `training_info`, `functions` and `configuration`.
fn is_model_field(field: &Field) -> bool {
    match field.wire_type {
        VARINT => matches!(field.number, 1 | 5),
        LENGTH_DELIMITED => matches!(field.number, 2 | 3 | 4 | 6 | 7 | 8 | 14 | 20 | 25 | 26),
        _ => false,
    }
}

/// Takes a base-128 number off the front.
fn varint(rest: &mut &[u8]) -> Result<u64, Option<u64>> {
    let mut value = 0u64;
    for (index, &byte) in rest.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err((rest.len() < 10).then_some(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_and_cut_files_are_told_apart() {
        let whole = [0x08, 0x08, 0x3a, 0x02, 0x12, 0x00, 0x42, 0x00];
        let unlike = "this is not an ONNX model: it does not have the fields of one";
        let cases: [(&str, &[u8], Option<&str>); 9] = [
            ("whole", &whole, None),
            ("empty", b"", Some("the model file is empty")),
            ("bytes of another format", &[0x1c, 0x00, 0x09, 0xff, 0xfe, 0x00, 0x01], Some(unlike)),
            ("no field has number 0", &[0x02, 0x00, 0x01], Some(unlike)),
            ("cut in the graph", &whole[..5], Some("the model file is cut short: 6 bytes expected, 5 found")),
            ("cut in a length", &whole[..3], Some("the model file is cut short: 4 bytes expected, 3 found")),
            ("cut before the graph", &whole[..2], Some("this is not an ONNX model: it holds no graph")),
            (
                "a graph of something else",
                &[0x08, 0x08, 0x3a, 0x03, 1, 2, 3],
                Some("this is not an ONNX model: its graph is damaged"),
            ),
            (
                "endless numbers",
                &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                Some(unlike),
            ),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(check(bytes).err().map(|error| error.to_string()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_small_file_that_would_fill_the_memory_is_refused() {
        // A million empty nodes in two bytes each.
        let nodes = [0x0a, 0x00].repeat(1 << 20);
        let mut file = vec![0x08, 0x08, 0x3a];
        prost::encoding::encode_varint(nodes.len() as u64, &mut file);
        file.extend(nodes);
        assert!(check(&file).unwrap_err().to_string().contains("would fill the memory"));
    }

    #[test]
    fn graphs_within_graphs_end() {
        // Each: a graph with a node with an attribute with a graph.
        let mut graph = vec![0x12, 0x00];
        for _ in 0..200 {
            for tag in [0x32u8, 0x2a, 0x0a] {
                let mut outer = vec![tag];
                prost::encoding::encode_varint(graph.len() as u64, &mut outer);
                outer.extend(&graph);
                graph = outer;
            }
        }
        let mut file = vec![0x08, 0x08, 0x3a];
        prost::encoding::encode_varint(graph.len() as u64, &mut file);
        file.extend(graph);
        assert!(check(&file).is_err());
    }
}
