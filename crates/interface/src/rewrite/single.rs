//! Half and double precision, computed in single: tract 0.23.9 mixes types within Gemm and InstanceNormalization (upstream:
//! sonos/tract issues 874 and 1103), and has no bfloat16. Weights widen exactly, so what changes is that nothing is rounded
//! to half in between.

use crate::external::each_tensor;
use crate::onnx::{AttributeProto, GraphProto, ModelProto, TensorProto, data_type};

pub(super) fn to_single(model: &mut ModelProto) -> Option<String> {
    let mut found = Vec::new();
    let graph = model.graph.as_ref()?;
    let ports = graph.input.iter().chain(&graph.output);
    found.extend(ports.filter_map(|port| Some(port.r#type.as_ref()?.tensor_type.as_ref()?.elem_type)));
    // A constant that is cast at once is how numbers are stored small; a single double is how a factor is written.
    found.extend(
        graph
            .initializer
            .iter()
            .filter(|tensor| tensor.data_type != data_type::DOUBLE || count(tensor) > 1)
            .map(|tensor| tensor.data_type),
    );
    let is_other = |element: &i32| matches!(*element, data_type::FLOAT16 | data_type::DOUBLE | data_type::BFLOAT16);
    let name = match found.into_iter().find(is_other)? {
        data_type::DOUBLE => "double",
        _ => "half",
    };
    let widened: Result<(), ()> = each_tensor(model, &mut |tensor| {
        widen(tensor);
        Ok(())
    });
    widened.expect("widening does not fail");
    of_graph(model.graph.as_mut()?);
    Some(format!("{name} precision, computed in single"))
}

fn count(tensor: &TensorProto) -> i64 {
    tensor.dims.iter().fold(1, |product: i64, &size| product.saturating_mul(size))
}

fn widen(tensor: &mut TensorProto) {
    if !matches!(tensor.data_type, data_type::FLOAT16 | data_type::DOUBLE | data_type::BFLOAT16) {
        return;
    }
    if let Some(values) = tensor.to_floats() {
        let dims = tensor.dims.clone();
        *tensor = TensorProto::floats(&std::mem::take(&mut tensor.name), &dims, &values);
    }
}

fn of_graph(graph: &mut GraphProto) {
    for value in graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info) {
        if let Some(tensor) = value.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()) {
            single(&mut tensor.elem_type);
        }
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        of_attribute(attribute);
    }
}

fn of_attribute(attribute: &mut AttributeProto) {
    if matches!(attribute.name.as_str(), "to" | "dtype")
        && let Ok(mut element) = i32::try_from(attribute.i)
    {
        single(&mut element);
        attribute.i = element.into();
    }
    attribute.g.iter_mut().for_each(|graph| of_graph(graph));
    attribute.graphs.iter_mut().for_each(of_graph);
}

fn single(element: &mut i32) {
    if matches!(*element, data_type::FLOAT16 | data_type::DOUBLE | data_type::BFLOAT16) {
        *element = data_type::FLOAT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::NodeProto;

    #[test]
    fn numbers_of_other_widths_become_single() {
        let tensor = |data_type, raw: &[u8]| TensorProto {
            name: "w".into(),
            dims: vec![2],
            data_type,
            raw_data: raw.to_vec().into(),
            ..Default::default()
        };
        let doubles = [1f64, -2.0].map(f64::to_le_bytes).concat();
        for (name, tensor) in [
            ("half", tensor(data_type::FLOAT16, &[0x00, 0x3c, 0x00, 0xc0])),
            ("half", tensor(data_type::BFLOAT16, &[0x80, 0x3f, 0x00, 0xc0])),
            ("double", tensor(data_type::DOUBLE, &doubles)),
        ] {
            let cast =
                NodeProto::new("Cast", "", &["z"], &["y"]).with(AttributeProto::int("to", tensor.data_type.into()));
            let graph = GraphProto { node: vec![cast], initializer: vec![tensor], ..Default::default() };
            let mut model = ModelProto { graph: Some(graph), ..Default::default() };
            assert_eq!(to_single(&mut model), Some(format!("{name} precision, computed in single")));
            let graph = model.graph.unwrap();
            assert_eq!(graph.initializer[0], TensorProto::floats("w", &[2], &[1.0, -2.0]));
            assert_eq!(graph.node[0].attribute[0].i, i64::from(data_type::FLOAT));
        }
    }

    #[test]
    fn a_model_in_single_precision_stays_as_it_is() {
        let graph = GraphProto { initializer: vec![TensorProto::floats("w", &[1], &[1.0])], ..Default::default() };
        let mut model = ModelProto { graph: Some(graph), ..Default::default() };
        assert_eq!(to_single(&mut model), None);
    }
}
