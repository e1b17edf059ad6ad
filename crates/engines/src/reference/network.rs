//! A multilayer perceptron with two hidden layers, in candle's terms; both networks are one.

use candle_core::{DType, Device, Module, Tensor, Var};
use candle_nn::Linear;

use super::error::Result;

/// Layers over trainable parameters.
pub struct Network {
    /// Names and shapes of the parameters.
    pub layout: net::Network,
    /// Weight and bias of each layer, in the layout's order.
    pub vars: Vec<Var>,
    slope: f64,
}

/// The same layers over constants: what flows through is differentiated, they are not.
pub struct Frozen {
    tensors: Vec<Tensor>,
    slope: f64,
}

/// What a forward pass leaves.
pub struct Pass {
    /// Before the first leaky ReLU: [batch, hidden].
    pub pre1: Tensor,
    /// Before the second leaky ReLU: [batch, hidden].
    pub pre2: Tensor,
    /// The last layer's, with no activation: [batch, out].
    pub output: Tensor,
}

impl Network {
    /// Trainable layers that start at `flat`, in `layout`'s order.
    ///
    /// # Errors
    /// candle's, when the device cannot hold them.
    pub fn new(layout: net::Network, flat: &[f32], slope: f64, device: &Device, dtype: DType) -> Result<Self> {
        let tensors = tensors_of(&layout, flat, device, dtype)?;
        let vars = tensors.iter().map(Var::from_tensor).collect::<candle_core::Result<_>>()?;
        Ok(Self { layout, vars, slope })
    }

    /// Cuts a flat buffer into tensors of this network's shapes, on its device and in its type.
    ///
    /// # Errors
    /// candle's, when the device cannot hold them.
    pub fn tensors_of(&self, flat: &[f32]) -> Result<Vec<Tensor>> {
        tensors_of(&self.layout, flat, self.vars[0].device(), self.vars[0].dtype())
    }

    /// input: [batch, in] -> output: [batch, out].
    ///
    /// # Errors
    /// candle's.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(&self.vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>(), self.slope, input)
    }

    /// This network with its parameters as constants.
    ///
    /// # Errors
    /// candle's.
    pub fn frozen(&self) -> Result<Frozen> {
        self.with_constants(&self.vars.iter().map(Var::as_detached_tensor).collect::<Vec<_>>())
    }

    /// This network's layers over other values.
    ///
    /// # Errors
    /// candle's.
    pub fn with_constants(&self, tensors: &[Tensor]) -> Result<Frozen> {
        Ok(Frozen { tensors: tensors.iter().map(Tensor::detach).collect(), slope: self.slope })
    }

    /// Gradients of `loss` by each parameter, in the layout's order.
    ///
    /// # Errors
    /// candle's.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>> {
        let store = loss.backward()?;
        self.vars.iter().map(|var| Ok(store.get(var).cloned().map_or_else(|| var.zeros_like(), Ok)?.detach())).collect()
    }

    /// The weight of layer `layer` (0, 1, 2): [out, in].
    pub fn weight(&self, layer: usize) -> &Tensor {
        self.vars[2 * layer].as_tensor()
    }

    /// The derivative of the leaky ReLU at `pre`, a constant almost everywhere: 1 or the slope.
    ///
    /// # Errors
    /// candle's.
    pub fn mask(&self, pre: &Tensor) -> Result<Tensor> {
        let positive = pre.detach().gt(0f64)?;
        let ones = pre.ones_like()?.detach();
        Ok(positive.where_cond(&ones, &(&ones * self.slope)?)?)
    }
}

impl Frozen {
    /// input: [batch, in] -> output: [batch, out].
    ///
    /// # Errors
    /// candle's.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(&self.tensors, self.slope, input)
    }
}

fn forward(parameters: &[Tensor], slope: f64, input: &Tensor) -> Result<Pass> {
    let layer = |i: usize| Linear::new(parameters[2 * i].clone(), Some(parameters[2 * i + 1].clone()));
    let pre1 = layer(0).forward(input)?;
    let pre2 = layer(1).forward(&candle_nn::ops::leaky_relu(&pre1, slope)?)?;
    let output = layer(2).forward(&candle_nn::ops::leaky_relu(&pre2, slope)?)?;
    Ok(Pass { pre1, pre2, output })
}

fn tensors_of(layout: &net::Network, flat: &[f32], device: &Device, dtype: DType) -> Result<Vec<Tensor>> {
    layout
        .tensors
        .iter()
        .map(|spec| {
            let tensor = Tensor::from_slice(&flat[spec.range.clone()], spec.shape.as_slice(), device)?;
            Ok(tensor.to_dtype(dtype)?)
        })
        .collect()
}
