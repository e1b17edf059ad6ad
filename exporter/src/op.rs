//! The operators that a generator may be made of, each with its constants and settings, and the shape it gives.
//!
//! Every value is float32 [batch, …] with the batch open; shapes here are without it. Source: the operators' definitions
//! on <https://onnx.ai/onnx/operators/> at opset 17.

use net::architecture::Window;

use crate::tensor::Tensor;

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// x Wᵀ + b: weight [outputs, inputs], bias [outputs].
    Gemm { weight: Tensor, bias: Option<Tensor> },
    /// x W along the last dimension: weight [inputs, outputs].
    MatMul { weight: Tensor },
    /// The sum of two values of one shape.
    Add,
    /// x + c, where c has the sizes of the last dimensions of x, or 1.
    AddConstant { addend: Tensor },
    /// x where x is positive, else slope · x.
    LeakyRelu { slope: f32 },
    /// max(x, 0).
    Relu,
    /// tanh x.
    Tanh,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// The same numbers under another shape.
    Reshape { shape: Vec<usize> },
    /// The same numbers as one row.
    Flatten,
    /// scale (x - mean) / sqrt(variance + epsilon) + bias, each [channels].
    BatchNormalization { scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: f32 },
    /// weight [outputs, inputs / groups, rows, columns], bias [outputs].
    Conv { weight: Tensor, bias: Option<Tensor>, window: Window },
    /// weight [inputs, outputs / groups, rows, columns], bias [outputs].
    ConvTranspose { weight: Tensor, bias: Option<Tensor>, window: Window },
    /// Each number repeated `factor` times along rows and columns.
    Resize { factor: usize },
}

/// A constant of an operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant<'a> {
    /// What is appended to the node's name: `weight`.
    pub(crate) role: &'static str,
    pub(crate) tensor: &'a Tensor,
    /// The dimension of the output channels, of a constant large enough to be worth storing in fewer bits.
    pub(crate) channels: Option<usize>,
}

impl Op {
    /// ONNX's name.
    pub(crate) fn op_type(&self) -> &'static str {
        match self {
            Op::Gemm { .. } => "Gemm",
            Op::MatMul { .. } => "MatMul",
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

    /// The float constants in the order of the operator's inputs.
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

    /// The same, to be changed: only the numbers may be, not the shapes.
    pub(crate) fn constants_mut(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        match self {
            Op::Gemm { weight, bias } | Op::Conv { weight, bias, .. } | Op::ConvTranspose { weight, bias, .. } => {
                [("weight", weight)].into_iter().chain(bias.as_mut().map(|bias| ("bias", bias))).collect()
            }
            Op::MatMul { weight } => vec![("weight", weight)],
            Op::AddConstant { addend } => vec![("addend", addend)],
            Op::BatchNormalization { scale, bias, mean, variance, .. } => {
                vec![("weight", scale), ("bias", bias), ("running_mean", mean), ("running_var", variance)]
            }
            _ => Vec::new(),
        }
    }

    /// Names after the node's own that its parts may take in the file: all of them are kept free.
    pub(crate) fn reserved(&self) -> Vec<String> {
        let mut reserved = Vec::new();
        for constant in self.constants() {
            reserved.push(constant.role.to_owned());
            if constant.channels.is_some() {
                reserved.extend(["scale", "float"].map(|part| format!("{}.{part}", constant.role)));
            }
        }
        match self {
            Op::Reshape { .. } => reserved.push("shape".to_owned()),
            Op::Resize { .. } => reserved.push("scales".to_owned()),
            _ => {}
        }
        reserved
    }
}
