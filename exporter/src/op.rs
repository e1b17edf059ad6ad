//! The operators that a generator may be made of, each with its constants and settings, and the shape it gives.
//!
//! Every value is float32 [batch, …] with the batch open; shapes here are without it. Source: the operators' definitions
//! on <https://onnx.ai/onnx/operators/> at opset 17.

use net::architecture::Window;

use crate::tensor::Tensor;

/// Names the constant that holds a row for each class.
const EMBEDDING: &str = "embedding.weight";

/// Holds one operation, with its constants and settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// Gives x Wᵀ + b: weight [outputs, inputs], bias `[outputs]`.
    Gemm { weight: Tensor, bias: Option<Tensor> },
    /// Gives x W along the last dimension: weight [inputs, outputs].
    MatMul { weight: Tensor },
    /// Puts behind z the row of `embedding` [classes, width] that the class names: the one operation that looks at the
    /// model's second input, the class of each picture.
    JoinClass { embedding: Tensor },
    /// Gives the sum of two values of one shape.
    Add,
    /// Gives x + c, where c has the sizes of the last dimensions of x, or 1.
    AddConstant { addend: Tensor },
    /// Gives x where x is positive, else slope · x.
    LeakyRelu { slope: f32 },
    /// Gives max(x, 0).
    Relu,
    /// Gives tanh x.
    Tanh,
    /// Gives 1 / (1 + exp(-x)).
    Sigmoid,
    /// Gives the same numbers under another shape.
    Reshape { shape: Vec<usize> },
    /// Gives the same numbers as one row.
    Flatten,
    /// Gives scale (x - mean) / sqrt(variance + epsilon) + bias, each `[channels]`.
    BatchNormalization { scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: f32 },
    /// Convolves: weight [outputs, inputs / groups, rows, columns], bias `[outputs]`.
    Conv { weight: Tensor, bias: Option<Tensor>, window: Window },
    /// Convolves transposed: weight [inputs, outputs / groups, rows, columns], bias `[outputs]`.
    ConvTranspose { weight: Tensor, bias: Option<Tensor>, window: Window },
    /// Repeats each number `factor` times along rows and columns.
    Resize { factor: usize },
}

/// Shows a constant of an operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant<'a> {
    /// Names the constant, after the node's name: `weight`.
    pub(crate) role: &'static str,
    pub(crate) tensor: &'a Tensor,
    /// Says which dimension is that of the output channels, of a constant large enough to be worth storing in fewer
    /// bits.
    pub(crate) channels: Option<usize>,
}

impl Op {
    /// Gives ONNX's name of the operator.
    pub(crate) fn op_type(&self) -> &'static str {
        match self {
            Op::Gemm { .. } => "Gemm",
            Op::MatMul { .. } => "MatMul",
            // With a Gather before it, which looks the class up.
            Op::JoinClass { .. } => "Concat",
            Op::Add | Op::AddConstant { .. } => "Add",
            Op::LeakyRelu { .. } => "LeakyRelu",
            Op::Relu => "Relu",
            Op::Tanh => "Tanh",
            Op::Sigmoid => "Sigmoid",
            Op::Reshape { .. } => "Reshape",
            Op::Flatten => "Flatten",
            Op::BatchNormalization { .. } => "BatchNormalization",
            Op::Conv { .. } => "Conv",
            Op::ConvTranspose { .. } => "ConvTranspose",
            Op::Resize { .. } => "Resize",
        }
    }

    /// Lists the float constants in the order of the operator's inputs.
    pub(crate) fn constants(&self) -> Vec<Constant<'_>> {
        let plain = |role, tensor| Constant { role, tensor, channels: None };
        let weight = |tensor, axis| Constant { role: "weight", tensor, channels: Some(axis) };
        match self {
            Op::Gemm { weight: w, bias } | Op::Conv { weight: w, bias, .. } => {
                [weight(w, 0)].into_iter().chain(bias.as_ref().map(|bias| plain("bias", bias))).collect()
            }
            Op::ConvTranspose { weight: w, bias, .. } => {
                [weight(w, 1)].into_iter().chain(bias.as_ref().map(|bias| plain("bias", bias))).collect()
            }
            Op::MatMul { weight: w } => vec![weight(w, 1)],
            Op::JoinClass { embedding } => vec![plain(EMBEDDING, embedding)],
            Op::AddConstant { addend } => vec![plain("addend", addend)],
            Op::BatchNormalization { scale, bias, mean, variance, .. } => vec![
                plain("weight", scale),
                plain("bias", bias),
                plain("running_mean", mean),
                plain("running_var", variance),
            ],
            _ => Vec::new(),
        }
    }

    /// Lists the float constants by their roles, to be changed: only the numbers may be, not the shapes.
    pub(crate) fn constants_mut(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        match self {
            Op::Gemm { weight, bias } | Op::Conv { weight, bias, .. } | Op::ConvTranspose { weight, bias, .. } => {
                [("weight", weight)].into_iter().chain(bias.as_mut().map(|bias| ("bias", bias))).collect()
            }
            Op::MatMul { weight } => vec![("weight", weight)],
            Op::JoinClass { embedding } => vec![(EMBEDDING, embedding)],
            Op::AddConstant { addend } => vec![("addend", addend)],
            Op::BatchNormalization { scale, bias, mean, variance, .. } => {
                vec![("weight", scale), ("bias", bias), ("running_mean", mean), ("running_var", variance)]
            }
            _ => Vec::new(),
        }
    }

    /// Lists the names after the node's own that its parts may take in the file: all of them are kept free.
    pub(crate) fn reserved(&self) -> Vec<String> {
        let mut reserved = Vec::new();
        for constant in self.constants() {
            reserved.push(constant.role.to_owned());
            if constant.channels.is_some() {
                reserved.extend(["scale", "float"].map(|part| format!("{}.{part}", constant.role)));
            }
        }
        match self {
            Op::JoinClass { .. } => reserved.extend(["embedding", "joined"].map(str::to_owned)),
            Op::Reshape { .. } => reserved.push("shape".to_owned()),
            Op::Resize { .. } => reserved.push("scales".to_owned()),
            _ => {}
        }
        reserved
    }
}
