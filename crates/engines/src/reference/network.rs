//! A chain of dense layers and functions in candle's terms; both networks are one.

use candle_core::{DType, Device, Module, Tensor, Var};
use candle_nn::Linear;
use net::Activation;

use super::error::Result;

/// Layers over trainable parameters.
pub struct Network {
    /// Its stages, and names and shapes of the parameters.
    pub description: net::Network,
    /// Weight and bias of each stage, in the layout's order.
    pub vars: Vec<Var>,
}

/// The same layers over constants: what flows through is differentiated, they are not.
pub struct Frozen<'a> {
    description: &'a net::Network,
    tensors: Vec<Tensor>,
}

/// What a forward pass leaves.
pub struct Pass {
    /// What each stage's function was given: [batch, outputs of the stage].
    pub before: Vec<Tensor>,
    /// What the last stage's function gave: [batch, out].
    pub output: Tensor,
}

impl Network {
    /// Trainable layers that start at `flat`, in `layout`'s order.
    ///
    /// # Errors
    /// candle's, when the device cannot hold them.
    pub fn new(description: net::Network, flat: &[f32], device: &Device, dtype: DType) -> Result<Self> {
        let tensors = tensors_of(&description, flat, device, dtype)?;
        let vars = tensors.iter().map(Var::from_tensor).collect::<candle_core::Result<_>>()?;
        Ok(Self { description, vars })
    }

    /// Cuts a flat buffer into tensors of this network's shapes, on its device and in its type.
    ///
    /// # Errors
    /// candle's, when the device cannot hold them.
    pub fn tensors_of(&self, flat: &[f32]) -> Result<Vec<Tensor>> {
        tensors_of(&self.description, flat, self.vars[0].device(), self.vars[0].dtype())
    }

    /// input: [batch, in] -> output: [batch, out].
    ///
    /// # Errors
    /// candle's.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(&self.description, &self.vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>(), input)
    }

    /// This network with its parameters as constants.
    ///
    /// # Errors
    /// candle's.
    pub fn frozen(&self) -> Result<Frozen<'_>> {
        self.with_constants(&self.vars.iter().map(Var::as_detached_tensor).collect::<Vec<_>>())
    }

    /// This network's layers over other values.
    ///
    /// # Errors
    /// candle's.
    pub fn with_constants(&self, tensors: &[Tensor]) -> Result<Frozen<'_>> {
        Ok(Frozen { description: &self.description, tensors: tensors.iter().map(Tensor::detach).collect() })
    }

    /// Gradients of `loss` by each parameter, in the layout's order.
    ///
    /// # Errors
    /// candle's.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>> {
        let store = loss.backward()?;
        self.vars.iter().map(|var| Ok(store.get(var).cloned().map_or_else(|| var.zeros_like(), Ok)?.detach())).collect()
    }

    /// The weight of stage `stage`: [out, in].
    pub fn weight(&self, stage: usize) -> &Tensor {
        self.vars[2 * stage].as_tensor()
    }
}

impl Frozen<'_> {
    /// input: [batch, in] -> output: [batch, out].
    ///
    /// # Errors
    /// candle's.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(self.description, &self.tensors, input)
    }
}

/// The least that a leaky ReLU was given in a pass, in units of the root mean square of all that it was given: where that is next to
/// nothing, rounding decides which way it bends.
#[cfg(test)]
pub fn nearest_kink(description: &net::Network, pass: &Pass) -> Result<f64> {
    let mut nearest = f64::INFINITY;
    for (stage, before) in description.stages.iter().zip(&pass.before) {
        if matches!(stage.activation, Activation::LeakyRelu(_)) {
            let values: Vec<f64> = before.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
            let root = (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt();
            let least = values.iter().fold(f64::INFINITY, |least, value| least.min(value.abs()));
            nearest = nearest.min(least / root);
        }
    }
    Ok(nearest)
}

/// The derivative of a function at `before`: of straight pieces a constant almost everywhere, of tanh itself a function that can be
/// differentiated again. None if it is 1.
///
/// # Errors
/// candle's.
pub fn derivative(activation: Activation, before: &Tensor) -> Result<Option<Tensor>> {
    match activation {
        Activation::Identity => Ok(None),
        Activation::LeakyRelu(slope) => {
            let positive = before.detach().gt(0f64)?;
            let ones = before.ones_like()?.detach();
            Ok(Some(positive.where_cond(&ones, &(&ones * slope)?)?))
        }
        Activation::Tanh => Ok(Some((1.0 - before.tanh()?.sqr()?)?)),
    }
}

fn forward(description: &net::Network, parameters: &[Tensor], input: &Tensor) -> Result<Pass> {
    let (mut before, mut output) = (Vec::new(), input.clone());
    for (stage, parameters) in description.stages.iter().zip(parameters.chunks_exact(2)) {
        let sums = Linear::new(parameters[0].clone(), Some(parameters[1].clone())).forward(&output)?;
        output = match stage.activation {
            Activation::Identity => sums.clone(),
            Activation::LeakyRelu(slope) => candle_nn::ops::leaky_relu(&sums, slope)?,
            Activation::Tanh => sums.tanh()?,
        };
        before.push(sums);
    }
    Ok(Pass { before, output })
}

fn tensors_of(description: &net::Network, flat: &[f32], device: &Device, dtype: DType) -> Result<Vec<Tensor>> {
    description
        .tensors
        .iter()
        .map(|spec| {
            let tensor = Tensor::from_slice(&flat[spec.range.clone()], spec.shape.as_slice(), device)?;
            Ok(tensor.to_dtype(dtype)?)
        })
        .collect()
}
