//! One step of a network as an operator of tract: a layer with weights and the activation after it, in one pass.
//!
//! tract's graph, plan and tensors carry it; what it computes is `product.rs` and `convolution.rs`. It is an operator of its own because tract's
//! optimiser, which would make the like of it, weighs some megabytes of WebAssembly, and its kernel takes three times as long.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use crate::activation::Activation;
use crate::convolution::Kernel;
#[cfg(target_arch = "wasm32")]
pub(crate) use crate::lanes::Compiled as Plain;
use crate::lanes::Lanes;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::lanes::Separate as Plain;
use crate::product::Panels;

/// The weights of a layer, laid out for its product.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Product {
    Dense(Arc<Panels>),
    Convolution(Arc<Kernel>),
}

impl Product {
    fn inputs(&self) -> usize {
        match self {
            Product::Dense(panels) => panels.inputs(),
            Product::Convolution(kernel) => kernel.inputs(),
        }
    }

    fn outputs(&self) -> usize {
        match self {
            Product::Dense(panels) => panels.outputs(),
            Product::Convolution(kernel) => kernel.outputs(),
        }
    }
}

/// [n, inputs] to [n, outputs]: the product, if there is one, then the activation.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) product: Option<Product>,
    pub(crate) activation: Activation,
}

impl Step {
    /// `x`: [n, inputs], `y`: [n, outputs], row-major.
    fn run(&self, x: &[f32], y: &mut [f32]) {
        match &self.product {
            Some(Product::Dense(panels)) => panels.multiply(x, y, self.activation),
            Some(Product::Convolution(kernel)) => kernel.run(x, y, self.activation),
            None => y
                .iter_mut()
                .zip(x)
                .for_each(|(y, &x)| [*y, ..] = self.activation.of::<Plain>(Lanes::splat(x)).to_array()),
        }
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Step) -> bool {
        self.activation == other.activation && self.product == other.product
    }
}

impl Eq for Step {}

impl Op for Step {
    fn name(&self) -> StaticName {
        "Step".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Step {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let x = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let outputs = self.product.as_ref().map_or(inputs[0].shape()[1], Product::outputs);
        let mut result = Tensor::zero::<f32>(&[inputs[0].shape()[0], outputs])?;
        self.run(x, result.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(result.into_tvalue()))
    }
}

impl TypedOp for Step {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [x] = inputs else { bail!("a step takes one value, not {}", inputs.len()) };
        let mut shape = x.shape.clone();
        if let Some(product) = &self.product {
            if x.shape.rank() != 2 || x.shape[1] != product.inputs().to_dim() {
                bail!("a step of {} inputs is given {:?}", product.inputs(), x.shape);
            }
            shape.set(1, product.outputs().to_dim());
        }
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}
