//! Builds a network value by value, each value knowing its shape: what does not fit is refused where it is put in.
//!
//! A node is named after the value it makes, and its constants after the node (`up1.weight`), so one name stands for all
//! of them wherever a viewer shows them. The first dimension of every value is the open one, the batch; shapes given and
//! told here are without it. All numbers are float32.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use net::architecture::Window;

use crate::graph_error::GraphError;
use crate::infer::{Taken, infer};
use crate::model::{CLASS, Model, Node};
use crate::op::Op;
use crate::tensor::Tensor;

/// Holds a network under construction: each method adds a node and gives its value.
///
/// ```
/// use exporter::{Graph, Precision, Tensor};
///
/// let (mut graph, z) = Graph::new("z", &[2]);
/// let hidden = graph.gemm("hidden", &z, Tensor::new([3, 2], vec![0.5; 6]), None)?;
/// let hidden = graph.tanh("hidden.activation", &hidden)?;
/// let image = graph.reshape("image", &hidden, &[1, 1, 3])?;
/// let onnx: Vec<u8> = graph.finish(&image, "image")?.to_onnx(Precision::F32)?;
///
/// let (mut graph, z) = Graph::new("z", &[2]);
/// let error = graph.gemm("hidden", &z, Tensor::new([2, 3], vec![0.5; 6]), None).unwrap_err();
/// let told = "node `hidden`: the tensor `hidden.weight` has the shape [2, 3]; `z` [batch, 2] calls for [outputs, 2]";
/// assert_eq!(error.to_string(), told);
/// # Ok::<(), exporter::GraphError>(())
/// ```
#[derive(Debug)]
pub struct Graph {
    id: u64,
    nodes: Vec<Node>,
    names: HashSet<String>,
}

/// Stands for a value of a [`Graph`], float32 [batch, …]: the graph's methods give them and take them.
#[derive(Clone, Debug)]
pub struct Value {
    /// Says which graph made it: no other takes it.
    graph: u64,
    index: usize,
    name: String,
    shape: Vec<usize>,
}

impl Value {
    /// Gives the value's name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the value's sizes, without the batch.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl Graph {
    /// Makes a graph with nothing in it but its input, float32 [batch, `shape`…], and gives that input as a value.
    pub fn new(input: &str, shape: &[usize]) -> (Self, Value) {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let (name, shape) = (input.to_owned(), shape.to_vec());
        let node = Node { name: name.clone(), value: name.clone(), op: None, takes: Vec::new(), shape };
        let names = HashSet::from([name]);
        let mut graph = Self { id: COUNTER.fetch_add(1, Ordering::Relaxed), nodes: Vec::new(), names };
        let value = graph.push(node);
        (graph, value)
    }

    /// Adds x Wᵀ + b: x [batch, inputs], `weight` [outputs, inputs] and `bias` `[outputs]` give [batch, outputs].
    ///
    /// # Errors
    /// Refuses what does not fit with a [`GraphError`] that names the node, the tensor and both shapes.
    pub fn gemm(&mut self, name: &str, x: &Value, weight: Tensor, bias: Option<Tensor>) -> Result<Value, GraphError> {
        self.node(name, Op::Gemm { weight, bias }, &[x])
    }

    /// Adds x W: x [batch, …, inputs] and `weight` [inputs, outputs] give [batch, …, outputs].
    ///
    /// # Errors
    /// Refuses what does not fit with a [`GraphError`] that names the node, the tensor and both shapes.
    pub fn matmul(&mut self, name: &str, x: &Value, weight: Tensor) -> Result<Value, GraphError> {
        self.node(name, Op::MatMul { weight }, &[x])
    }

    /// Makes the class of each picture a second input of the model, called `class`, int64 `[batch]`, and puts behind z
    /// [batch, n] the row of `embedding` [classes, width] that it names: gives [batch, n + width].
    ///
    /// # Errors
    /// Refuses an `embedding` that is no matrix, z that is not the graph's own input, or a second class, with a
    /// [`GraphError`].
    pub fn join_class(&mut self, z: &Value, embedding: Tensor) -> Result<Value, GraphError> {
        self.node(CLASS, Op::JoinClass { embedding }, &[z])
    }

    /// Adds the sum of two values of one shape.
    ///
    /// # Errors
    /// Refuses two shapes, or a name that is taken, with a [`GraphError`].
    pub fn add(&mut self, name: &str, x: &Value, y: &Value) -> Result<Value, GraphError> {
        self.node(name, Op::Add, &[x, y])
    }

    /// Adds x + c: the shape of `addend` has the last sizes of x, or 1 for any of them.
    ///
    /// # Errors
    /// Refuses an `addend` that does not fit with a [`GraphError`] that names the node, the tensor and both shapes.
    pub fn add_constant(&mut self, name: &str, x: &Value, addend: Tensor) -> Result<Value, GraphError> {
        self.node(name, Op::AddConstant { addend }, &[x])
    }

    /// Adds a leaky ReLU: x where x is positive, else `slope` · x.
    ///
    /// # Errors
    /// Refuses a slope that is not finite, or a name that is taken, with a [`GraphError`].
    pub fn leaky_relu(&mut self, name: &str, x: &Value, slope: f32) -> Result<Value, GraphError> {
        self.node(name, Op::LeakyRelu { slope }, &[x])
    }

    /// Adds a ReLU: the larger of x and 0.
    ///
    /// # Errors
    /// Refuses a name that is taken, or another graph's value, with a [`GraphError`].
    pub fn relu(&mut self, name: &str, x: &Value) -> Result<Value, GraphError> {
        self.node(name, Op::Relu, &[x])
    }

    /// Adds the hyperbolic tangent of x.
    ///
    /// # Errors
    /// Refuses a name that is taken, or another graph's value, with a [`GraphError`].
    pub fn tanh(&mut self, name: &str, x: &Value) -> Result<Value, GraphError> {
        self.node(name, Op::Tanh, &[x])
    }

    /// Adds the logistic function of x, 1 / (1 + exp(-x)).
    ///
    /// # Errors
    /// Refuses a name that is taken, or another graph's value, with a [`GraphError`].
    pub fn sigmoid(&mut self, name: &str, x: &Value) -> Result<Value, GraphError> {
        self.node(name, Op::Sigmoid, &[x])
    }

    /// Adds a change of shape: the same numbers as [batch, `shape`…].
    ///
    /// # Errors
    /// Refuses a shape of another count of numbers than x has with a [`GraphError`].
    pub fn reshape(&mut self, name: &str, x: &Value, shape: &[usize]) -> Result<Value, GraphError> {
        self.node(name, Op::Reshape { shape: shape.to_vec() }, &[x])
    }

    /// Adds a change of shape: the same numbers as [batch, all of them].
    ///
    /// # Errors
    /// Refuses a name that is taken, or another graph's value, with a [`GraphError`].
    pub fn flatten(&mut self, name: &str, x: &Value) -> Result<Value, GraphError> {
        self.node(name, Op::Flatten, &[x])
    }

    /// Adds scale · (x - mean) / sqrt(variance + `epsilon`) + bias for each channel of x [batch, channels, …], as after
    /// training; `constants` are scale, bias, mean and variance, each `[channels]`.
    ///
    /// # Errors
    /// Refuses constants that do not fit, a variance below 0 or an `epsilon` that is not above 0 with a [`GraphError`].
    pub fn batch_normalization(
        &mut self,
        name: &str,
        x: &Value,
        constants: [Tensor; 4],
        epsilon: f32,
    ) -> Result<Value, GraphError> {
        let [scale, bias, mean, variance] = constants;
        self.node(name, Op::BatchNormalization { scale, bias, mean, variance, epsilon }, &[x])
    }

    /// Adds a convolution of x [batch, inputs, rows, columns] with `weight` [outputs, inputs / groups, rows, columns]
    /// and `bias` `[outputs]`.
    ///
    /// # Errors
    /// Refuses what does not fit with a [`GraphError`] that names the node, the tensor and both shapes.
    pub fn conv(
        &mut self,
        name: &str,
        x: &Value,
        weight: Tensor,
        bias: Option<Tensor>,
        window: Window,
    ) -> Result<Value, GraphError> {
        self.node(name, Op::Conv { weight, bias, window }, &[x])
    }

    /// Adds a transposed convolution, which enlarges x [batch, inputs, rows, columns]: `weight` [inputs, outputs /
    /// groups, rows, columns], `bias` `[outputs]`.
    ///
    /// # Errors
    /// Refuses what does not fit with a [`GraphError`] that names the node, the tensor and both shapes.
    pub fn conv_transpose(
        &mut self,
        name: &str,
        x: &Value,
        weight: Tensor,
        bias: Option<Tensor>,
        window: Window,
    ) -> Result<Value, GraphError> {
        self.node(name, Op::ConvTranspose { weight, bias, window }, &[x])
    }

    /// Adds an enlargement: each number of x [batch, channels, rows, columns] `factor` times along rows and columns.
    ///
    /// # Errors
    /// Refuses a factor of 0 or above 4096, or a result that is too large, with a [`GraphError`].
    pub fn resize(&mut self, name: &str, x: &Value, factor: usize) -> Result<Value, GraphError> {
        self.node(name, Op::Resize { factor }, &[x])
    }

    /// Gives the whole network, whose result is `output`, called `name` in the file.
    ///
    /// # Errors
    /// Refuses an `output` that is another graph's, or this one's own input, and a name that is another node's.
    pub fn finish(mut self, output: &Value, name: &str) -> Result<Model, GraphError> {
        self.check_own("the output", output)?;
        let node = &mut self.nodes[output.index];
        if node.op.is_none() {
            return Err(GraphError::Setting {
                node: node.name.clone(),
                reason: "the input cannot be the output".into(),
            });
        }
        if name.is_empty() || (node.name != name && self.names.contains(name)) {
            return Err(GraphError::DuplicateName { name: name.to_owned() });
        }
        node.value = name.to_owned();
        Ok(Model::new(self.nodes, output.index))
    }

    /// Adds a node; the one way into the graph.
    pub(crate) fn node(&mut self, name: &str, op: Op, taken: &[&Value]) -> Result<Value, GraphError> {
        for value in taken {
            self.check_own(name, value)?;
        }
        let node = || name.to_owned();
        let parts = op.reserved().into_iter().map(|part| format!("{name}.{part}"));
        let names: Vec<String> = [node()].into_iter().chain(parts).collect();
        if let Some(name) = names.iter().find(|name| name.is_empty() || self.names.contains(*name)) {
            return Err(GraphError::DuplicateName { name: name.clone() });
        }
        let values: Vec<Taken> = taken.iter().map(|value| Taken { name: &value.name, shape: &value.shape }).collect();
        let shape = infer(name, &op, &values)?;
        let takes: Vec<usize> = taken.iter().map(|value| value.index).collect();
        let value = match op {
            // Its node's name is the input's.
            Op::JoinClass { .. } if takes == [0] => format!("{name}.joined"),
            Op::JoinClass { .. } => {
                let reason = "a class stands behind the latent vector, and nowhere else".to_owned();
                return Err(GraphError::Setting { node: node(), reason });
            }
            _ => node(),
        };
        self.names.extend(names);
        Ok(self.push(Node { name: node(), value, op: Some(op), takes, shape }))
    }

    fn push(&mut self, node: Node) -> Value {
        let (name, shape) = (node.value.clone(), node.shape.clone());
        self.nodes.push(node);
        Value { graph: self.id, index: self.nodes.len() - 1, name, shape }
    }

    fn check_own(&self, node: &str, value: &Value) -> Result<(), GraphError> {
        if value.graph == self.id {
            return Ok(());
        }
        Err(GraphError::ForeignValue { node: node.to_owned(), value: value.name.clone() })
    }
}
