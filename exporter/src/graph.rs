//! Builds an ONNX graph value by value, each value knowing its shape.
//!
//! A node is named after the value it makes, so one name stands for both wherever a viewer shows them. The first
//! dimension of every value is the open one, `batch`; shapes here are without it. That the shapes fit is an invariant of
//! the callers, who have checked their sizes: a misfit panics.
//!
//! Source: the operators Gemm, LeakyRelu, Tanh and Reshape of <https://onnx.ai/onnx/operators/> at opset 17.

use crate::onnx::{
    AttributeProto, AttributeType, DataType, DimensionProto, DimensionValue, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Name of the open dimension.
const BATCH: &str = "batch";
/// In the shape given to Reshape: as large as the other dimensions leave it.
const INFERRED: i64 = -1;

/// A float32 value of the graph: [batch, …].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    name: String,
    /// Without the batch.
    shape: Vec<usize>,
}

/// A graph under construction; nodes come out in the order in which they were put in.
#[derive(Debug, Default)]
pub(crate) struct GraphBuilder {
    graph: GraphProto,
    values: Vec<Value>,
}

impl GraphBuilder {
    /// A graph of this name without anything in it.
    pub(crate) fn new(name: &str, doc: &str) -> Self {
        let graph = GraphProto { name: name.to_owned(), doc_string: doc.to_owned(), ..Default::default() };
        Self { graph, values: Vec::new() }
    }

    /// An input, [batch, size].
    pub(crate) fn input(&mut self, name: &str, size: usize, doc: &str) -> Value {
        let value = Value { name: name.to_owned(), shape: vec![size] };
        self.graph.input.push(value_info(&value, doc));
        value
    }

    /// x Wᵀ + b: x [batch, inputs], `weight` [outputs, inputs] and `bias` [outputs] give [batch, outputs]. The constants
    /// are named after the value, `.weight` and `.bias`.
    ///
    /// # Panics
    /// If x is not [batch, inputs] or `weight` has another size.
    pub(crate) fn gemm(&mut self, name: &str, x: &Value, weight: &[f32], bias: &[f32], doc: &str) -> Value {
        let &[inputs] = x.shape.as_slice() else { panic!("`{name}` takes [batch, inputs], not {x:?}") };
        let outputs = bias.len();
        assert_eq!(weight.len(), outputs * inputs, "`{name}` takes a weight of [{outputs}, {inputs}]");
        let weight = self.constant(format!("{name}.weight"), &[outputs, inputs], weight);
        let bias = self.constant(format!("{name}.bias"), &[outputs], bias);
        let inputs = vec![x.name.clone(), weight, bias];
        self.node("Gemm", name, inputs, vec![int_attribute("transB", 1)], vec![outputs], doc)
    }

    /// x where x is positive, else `slope` · x.
    pub(crate) fn leaky_relu(&mut self, name: &str, x: &Value, slope: f32) -> Value {
        let attributes = vec![float_attribute("alpha", slope)];
        self.node("LeakyRelu", name, vec![x.name.clone()], attributes, x.shape.clone(), "")
    }

    /// tanh x.
    pub(crate) fn tanh(&mut self, name: &str, x: &Value) -> Value {
        self.node("Tanh", name, vec![x.name.clone()], Vec::new(), x.shape.clone(), "")
    }

    /// The same numbers under another shape, batch apart. The constant is named after the value, `.shape`.
    ///
    /// # Panics
    /// If the shapes hold different numbers of numbers.
    pub(crate) fn reshape(&mut self, name: &str, x: &Value, shape: &[usize]) -> Value {
        let numbers = |shape: &[usize]| shape.iter().product::<usize>();
        assert_eq!(numbers(&x.shape), numbers(shape), "`{name}` cannot make {shape:?} of {x:?}");
        let target: Vec<i64> = [INFERRED].into_iter().chain(dims(shape)).collect();
        let constant = TensorProto {
            dims: dims(&[target.len()]),
            data_type: DataType::Int64 as i32,
            name: format!("{name}.shape"),
            raw_data: target.iter().flat_map(|size| size.to_le_bytes()).collect(),
            ..Default::default()
        };
        let inputs = vec![x.name.clone(), constant.name.clone()];
        self.graph.initializer.push(constant);
        self.node("Reshape", name, inputs, Vec::new(), shape.to_vec(), "")
    }

    /// The whole graph, giving `output`; the shapes of the values between are written down for viewers.
    pub(crate) fn finish(mut self, output: &Value, doc: &str) -> GraphProto {
        let between = self.values.iter().filter(|value| value.name != output.name);
        self.graph.value_info = between.map(|value| value_info(value, "")).collect();
        self.graph.output = vec![value_info(output, doc)];
        self.graph
    }

    fn constant(&mut self, name: String, shape: &[usize], values: &[f32]) -> String {
        self.graph.initializer.push(TensorProto {
            dims: dims(shape),
            data_type: DataType::Float as i32,
            name: name.clone(),
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Default::default()
        });
        name
    }

    fn node(
        &mut self,
        op_type: &str,
        name: &str,
        input: Vec<String>,
        attribute: Vec<AttributeProto>,
        shape: Vec<usize>,
        doc: &str,
    ) -> Value {
        let value = Value { name: name.to_owned(), shape };
        self.graph.node.push(NodeProto {
            input,
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: op_type.to_owned(),
            attribute,
            doc_string: doc.to_owned(),
        });
        self.values.push(value.clone());
        value
    }
}

fn value_info(value: &Value, doc: &str) -> ValueInfoProto {
    let batch = DimensionValue::DimParam(BATCH.to_owned());
    let sizes = dims(&value.shape).into_iter().map(DimensionValue::DimValue);
    let dim = [batch].into_iter().chain(sizes).map(|value| DimensionProto { value: Some(value) }).collect();
    let tensor = TensorTypeProto { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: value.name.clone(),
        r#type: Some(TypeProto { tensor_type: Some(tensor) }),
        doc_string: doc.to_owned(),
    }
}

fn float_attribute(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), f, r#type: AttributeType::Float as i32, ..Default::default() }
}

fn int_attribute(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i, r#type: AttributeType::Int as i32, ..Default::default() }
}

/// ONNX counts in int64.
fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&size| i64::try_from(size).expect("a size in memory fits in an i64")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> (GraphBuilder, Value) {
        let mut graph = GraphBuilder::new("test", "");
        let x = graph.input("x", 2, "");
        (graph, x)
    }

    #[test]
    fn values_carry_the_shapes_of_their_operators() {
        let (mut graph, x) = builder();
        let y = graph.gemm("y", &x, &[0.0; 12], &[0.0; 6], "");
        assert_eq!(y.shape, [6]);
        assert_eq!(graph.leaky_relu("a", &y, 0.2).shape, [6]);
        assert_eq!(graph.tanh("t", &y).shape, [6]);
        assert_eq!(graph.reshape("r", &y, &[1, 2, 3]).shape, [1, 2, 3]);
    }

    #[test]
    #[should_panic(expected = "`y` takes a weight of [3, 2]")]
    fn a_weight_of_another_size_is_a_bug() {
        let (mut graph, x) = builder();
        graph.gemm("y", &x, &[0.0; 5], &[0.0; 3], "");
    }

    #[test]
    #[should_panic(expected = "`y` takes [batch, inputs]")]
    fn a_product_with_a_picture_is_a_bug() {
        let (mut graph, x) = builder();
        let picture = graph.reshape("r", &x, &[1, 1, 2]);
        graph.gemm("y", &picture, &[0.0; 2], &[0.0; 1], "");
    }

    #[test]
    #[should_panic(expected = "`r` cannot make [1, 3]")]
    fn a_picture_of_another_size_is_a_bug() {
        let (mut graph, x) = builder();
        graph.reshape("r", &x, &[1, 3]);
    }
}
