//! Weights that are stored smaller than float32: float16 behind a Cast, int8 behind a DequantizeLinear.
//!
//! Such a node has a constant as its input, so what it gives is a constant too: it is computed here, once, and the network
//! is read as if the file held float32. What runs is the same and as fast.
//!
//! Source: the operators Cast and DequantizeLinear of <https://onnx.ai/onnx/operators/>, opset 13 and later.

use std::collections::HashMap;

use tract_onnx::pb;
use tract_onnx::tract_hir::internal::f16;

use crate::LoadError;
use crate::network::shorten;
use pb::tensor_proto::DataType;

/// Puts a float32 constant in the place of each node that only unpacks one. A node that unpacks in another way stays: an
/// operator that is not known here, for the reader of the network to tell.
///
/// # Errors
/// [`LoadError::Weights`] where the packed numbers are not those of their declared shape.
pub(crate) fn unpack(graph: &mut pb::GraphProto) -> Result<(), LoadError> {
    let positions: HashMap<String, usize> =
        graph.initializer.iter().enumerate().map(|(position, tensor)| (tensor.name.clone(), position)).collect();
    for node in std::mem::take(&mut graph.node) {
        let input = |index: usize| Some(&graph.initializer[*positions.get(node.input.get(index)?)?]);
        let float = match (node.op_type.as_str(), input(0)) {
            ("Cast", Some(packed)) => widened(&node, packed)?,
            ("DequantizeLinear", Some(packed)) => dequantized(&node, packed, input(1), input(2))?,
            _ => None,
        };
        match float {
            Some(float) => graph.initializer.push(float),
            None => graph.node.push(node),
        }
    }
    Ok(())
}

/// Float16 as float32.
fn widened(node: &pb::NodeProto, packed: &pb::TensorProto) -> Result<Option<pb::TensorProto>, LoadError> {
    if attribute(node, "to") != Some(DataType::Float as i64) || packed.data_type != DataType::Float16 as i32 {
        return Ok(None);
    }
    let halves = bytes(packed, 2)?.chunks_exact(2);
    Ok(float32(node, packed, halves.map(|half| f16::from_le_bytes([half[0], half[1]]).to_f32())))
}

/// scale · q, the scale for each index along an axis or one for all.
fn dequantized(
    node: &pb::NodeProto,
    packed: &pb::TensorProto,
    scale: Option<&pb::TensorProto>,
    zero_point: Option<&pb::TensorProto>,
) -> Result<Option<pb::TensorProto>, LoadError> {
    let scale = scale.filter(|scale| scale.data_type == DataType::Float as i32);
    let offset =
        zero_point.is_some_and(|point| point.raw_data.iter().any(|&byte| byte != 0) || !point.int32_data.is_empty());
    let Some(scale) = scale.filter(|_| packed.data_type == DataType::Int8 as i32 && !offset) else { return Ok(None) };
    let scales: Vec<f32> =
        bytes(scale, 4)?.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let axis = attribute(node, "axis").unwrap_or(1);
    let rank = packed.dims.len() as i64;
    let axis = usize::try_from(if axis < 0 { axis.saturating_add(rank) } else { axis }).unwrap_or(usize::MAX);
    let bytes = bytes(packed, 1)?;
    // Numbers that share a scale lie in runs of this length; `bytes` has found all sizes sound.
    let run = match scales.as_slice() {
        [_] => bytes.len().max(1),
        _ if packed.dims.get(axis).is_some_and(|&size| size as usize == scales.len()) => {
            packed.dims[axis + 1..].iter().product::<i64>().max(1) as usize
        }
        _ => return Ok(None),
    };
    let values = bytes.iter().enumerate();
    let values = values.map(|(position, &byte)| f32::from(byte as i8) * scales[position / run % scales.len()]);
    Ok(float32(node, packed, values))
}

/// A constant named as the node's result.
fn float32(
    node: &pb::NodeProto,
    packed: &pb::TensorProto,
    values: impl Iterator<Item = f32>,
) -> Option<pb::TensorProto> {
    let [name] = &node.output[..] else { return None };
    Some(pb::TensorProto {
        name: name.clone(),
        dims: packed.dims.clone(),
        data_type: DataType::Float as i32,
        raw_data: values.flat_map(f32::to_le_bytes).collect(),
        ..Default::default()
    })
}

fn attribute(node: &pb::NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

/// The bytes of a constant whose numbers take `width` each: as many as its shape says.
fn bytes(tensor: &pb::TensorProto, width: usize) -> Result<&[u8], LoadError> {
    let weights = |reason: String| LoadError::Weights { name: shorten(&tensor.name), reason };
    if !tensor.external_data.is_empty() {
        return Err(weights("they are kept in another file".into()));
    }
    let sizes = tensor.dims.iter().map(|&size| usize::try_from(size).ok());
    let count = sizes.clone().try_fold(width, |product, size| product.checked_mul(size?));
    match count == Some(tensor.raw_data.len()) {
        true => Ok(&tensor.raw_data),
        false => Err(weights(format!("{:?} is declared and {} bytes are there", tensor.dims, tensor.raw_data.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, dims: &[i64], data_type: DataType, raw_data: &[u8]) -> pb::TensorProto {
        let (name, raw_data) = (name.into(), raw_data.to_vec());
        pb::TensorProto { name, dims: dims.to_vec(), data_type: data_type as i32, raw_data, ..Default::default() }
    }

    /// A node that unpacks `w` (and `s`) into `float`, with one attribute.
    fn graph(op_type: &str, attribute: (&str, i64), initializer: Vec<pb::TensorProto>) -> pb::GraphProto {
        let (name, i) = attribute;
        let node = pb::NodeProto {
            op_type: op_type.into(),
            input: vec!["w".into(), "s".into()],
            output: vec!["float".into()],
            attribute: vec![pb::AttributeProto { name: name.into(), i, ..Default::default() }],
            ..Default::default()
        };
        pb::GraphProto { node: vec![node], initializer, ..Default::default() }
    }

    fn unpacked(mut graph: pb::GraphProto) -> Result<Vec<f32>, String> {
        unpack(&mut graph).map_err(|error| error.to_string())?;
        assert!(graph.node.is_empty());
        let float = graph.initializer.last().unwrap();
        assert_eq!((float.name.as_str(), float.data_type), ("float", DataType::Float as i32));
        Ok(float.raw_data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    #[test]
    fn float16_and_int8_become_the_numbers_they_stand_for() {
        // 1, -2, the smallest and the largest of float16.
        let halves = [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b];
        let half = tensor("w", &[2, 2], DataType::Float16, &halves);
        assert_eq!(unpacked(graph("Cast", ("to", 1), vec![half])).unwrap(), [1.0, -2.0, 5.9604645e-8, 65504.0]);

        let scales = [0.5f32, 4.0].map(f32::to_le_bytes).concat();
        let quantized = tensor("w", &[2, 2], DataType::Int8, &[1, 0xff, 127, 0x81]);
        let scale = tensor("s", &[2], DataType::Float, &scales);
        for (axis, expected) in
            [(0, [0.5, -0.5, 508.0, -508.0]), (1, [0.5, -4.0, 63.5, -508.0]), (-1, [0.5, -4.0, 63.5, -508.0])]
        {
            let graph = graph("DequantizeLinear", ("axis", axis), vec![quantized.clone(), scale.clone()]);
            assert_eq!(unpacked(graph).unwrap(), expected, "axis {axis}");
        }
        let one = tensor("s", &[], DataType::Float, &scales[4..]);
        assert_eq!(
            unpacked(graph("DequantizeLinear", ("axis", 7), vec![quantized, one])).unwrap(),
            [4.0, -4.0, 508.0, -508.0]
        );
    }

    #[test]
    fn numbers_that_are_not_there_are_named() {
        let scale = tensor("s", &[2], DataType::Float, &[0; 8]);
        let half = tensor("w", &[2, 2], DataType::Float16, &[0; 4]);
        let huge = tensor("w", &[i64::MAX, i64::MAX], DataType::Int8, &[0]);
        for (graph, expected) in [
            (graph("Cast", ("to", 1), vec![half]), "[2, 2] is declared and 4 bytes are there".to_string()),
            (
                graph("DequantizeLinear", ("axis", 0), vec![huge, scale]),
                format!("[{0}, {0}] is declared and 1 bytes are there", i64::MAX),
            ),
        ] {
            assert_eq!(unpacked(graph), Err(format!("the weights `w` cannot be used: {expected}")));
        }
    }

    #[test]
    fn what_unpacks_in_another_way_is_left_as_it_is() {
        let scale = tensor("s", &[2], DataType::Float, &[0; 8]);
        let int8 = |dims: &[i64], bytes: &[u8]| tensor("w", dims, DataType::Int8, bytes);
        for (name, mut graph) in [
            ("to float64", graph("Cast", ("to", 11), vec![tensor("w", &[1], DataType::Float16, &[0; 2])])),
            ("from int64", graph("Cast", ("to", 1), vec![tensor("w", &[1], DataType::Int64, &[0; 8])])),
            ("no scale", graph("DequantizeLinear", ("axis", 0), vec![int8(&[1], &[0])])),
            (
                "three channels, two scales",
                graph("DequantizeLinear", ("axis", 0), vec![int8(&[3], &[0; 3]), scale.clone()]),
            ),
            ("no such axis", graph("DequantizeLinear", ("axis", i64::MIN), vec![int8(&[2], &[0; 2]), scale])),
        ] {
            let before = graph.clone();
            unpack(&mut graph).unwrap();
            assert_eq!(graph, before, "{name}");
        }
    }
}
