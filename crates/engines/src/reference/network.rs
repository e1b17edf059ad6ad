//! A chain of linear maps and functions in candle's terms; both networks are one.

use candle_core::{DType, Device, Module, Tensor, Var};
use candle_nn::Linear;
use net::{Activation, Conv, Map, Stage};

use super::error::Result;

/// Holds a network whose parameters are trained: candle differentiates by them.
pub struct Network {
    /// Describes the network's stages, and the names and shapes of its parameters.
    pub description: net::Network,
    /// Holds the weight and the bias of each stage, in the description's order.
    pub vars: Vec<Var>,
}

/// Holds a network whose parameters are constants: what flows through it is differentiated, they are not.
pub struct Frozen<'a> {
    description: &'a net::Network,
    tensors: Vec<Tensor>,
}

/// Holds what a forward pass leaves.
pub struct Pass {
    /// Holds what each stage's function was given: [batch, outputs of the stage].
    pub before: Vec<Tensor>,
    /// Holds what the last stage's function gave: [batch, outputs of the network].
    pub output: Tensor,
}

impl Network {
    /// Makes a network whose parameters start at `flat`, which has them in the description's order.
    ///
    /// # Errors
    /// Fails if the device cannot hold the tensors.
    pub fn new(description: net::Network, flat: &[f32], device: &Device, dtype: DType) -> Result<Self> {
        let tensors = tensors_of(&description, flat, device, dtype)?;
        let vars = tensors.iter().map(Var::from_tensor).collect::<candle_core::Result<_>>()?;
        Ok(Self { description, vars })
    }

    /// Cuts a flat buffer into tensors of this network's shapes, on its device and in its type.
    ///
    /// # Errors
    /// Fails if the device cannot hold the tensors.
    pub fn tensors_of(&self, flat: &[f32]) -> Result<Vec<Tensor>> {
        tensors_of(&self.description, flat, self.vars[0].device(), self.vars[0].dtype())
    }

    /// Runs the network over a minibatch: input [batch, inputs] -> output [batch, outputs].
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(&self.description, &self.vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>(), input)
    }

    /// Gives this network with its parameters as they are now, as constants.
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn frozen(&self) -> Result<Frozen<'_>> {
        self.with_constants(&self.vars.iter().map(Var::as_detached_tensor).collect::<Vec<_>>())
    }

    /// Gives this network with `tensors` in place of its parameters, as constants in the same order.
    ///
    /// # Errors
    /// Never, as it stands: detaching a tensor cannot fail.
    pub fn with_constants(&self, tensors: &[Tensor]) -> Result<Frozen<'_>> {
        Ok(Frozen { description: &self.description, tensors: tensors.iter().map(Tensor::detach).collect() })
    }

    /// Gives the gradients of the scalar `loss` by each parameter, in the description's order; zeros where it does not
    /// depend on one.
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>> {
        let store = loss.backward()?;
        self.vars.iter().map(|var| Ok(store.get(var).cloned().map_or_else(|| var.zeros_like(), Ok)?.detach())).collect()
    }

    /// Takes errors back through the linear map of stage `stage`, counted from 0: e [batch, outputs] -> e W [batch, inputs].
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn transposed(&self, stage: usize, errors: &Tensor) -> Result<Tensor> {
        let (map, weight) = (self.description.stages[stage].map, self.vars[2 * stage].as_tensor());
        Ok(match map {
            // Row vectors here, so that a product by W' from the left reads as a product by W from the right.
            Map::Dense => errors.contiguous()?.matmul(weight)?,
            Map::Conv(conv) => conv_back(conv, weight, errors)?,
            Map::ConvTranspose(conv) => conv_forward(conv, weight, errors)?,
        })
    }
}

impl Frozen<'_> {
    /// Runs the network over a minibatch: input [batch, inputs] -> output [batch, outputs].
    ///
    /// # Errors
    /// Fails if candle does: the device is out of memory, or lost.
    pub fn forward(&self, input: &Tensor) -> Result<Pass> {
        forward(self.description, &self.tensors, input)
    }
}

/// Gives the least that a leaky ReLU was given in a pass, in units of the root mean square of all that it was given:
/// where that is next to nothing, rounding decides which slope it takes.
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

/// Gives the derivative of a function where it was given `before`, of the same shape: of straight pieces a constant
/// almost everywhere, of tanh itself a function that can be differentiated again. None if it is 1.
///
/// # Errors
/// Fails if candle does: the device is out of memory, or lost.
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
        let sums = sums(stage, &parameters[0], &parameters[1], &output)?;
        output = match stage.activation {
            Activation::Identity => sums.clone(),
            Activation::LeakyRelu(slope) => candle_nn::ops::leaky_relu(&sums, slope)?,
            Activation::Tanh => sums.tanh()?,
        };
        before.push(sums);
    }
    Ok(Pass { before, output })
}

/// Gives W x + b of a stage: x [batch, inputs] -> [batch, outputs].
fn sums(stage: &Stage, weight: &Tensor, bias: &Tensor, x: &Tensor) -> Result<Tensor> {
    let sums = match stage.map {
        Map::Dense => return Ok(Linear::new(weight.clone(), Some(bias.clone())).forward(x)?),
        Map::Conv(conv) => conv_forward(conv, weight, x)?,
        Map::ConvTranspose(conv) => conv_back(conv, weight, x)?,
    };
    let channels = bias.elem_count();
    let planes = sums.reshape(((), channels, stage.plane()))?;
    Ok(planes.broadcast_add(&bias.reshape((1, channels, 1))?)?.flatten_from(1)?)
}

/// Convolves: x [batch, numbers of `from`] -> [batch, numbers of `to`].
fn conv_forward(conv: Conv, weight: &Tensor, x: &Tensor) -> Result<Tensor> {
    let ([channels, rows, columns], times) = (conv.from, conv.upsample);
    let n = x.dim(0)?;
    let x = x.reshape((n, channels, rows, 1, columns, 1))?.broadcast_as((n, channels, rows, times, columns, times))?;
    let mut x = x.contiguous()?.reshape((n, channels, rows * times, columns * times))?;
    for (dimension, size, seen) in seen_by_windows(conv) {
        // Zeros before and behind, or what no window reaches left out: so a window fits a whole number of times, of which candle
        // knows the gradient whatever the sizes.
        let reached = size.min(seen - conv.padding);
        x = x.narrow(dimension, 0, reached)?;
        x = x.pad_with_zeros(dimension, conv.padding, seen - conv.padding - reached)?;
    }
    Ok(x.conv2d(weight, 0, conv.stride, 1, 1)?.flatten_from(1)?)
}

/// Does the transpose of [`conv_forward`]: e [batch, numbers of `to`] -> [batch, numbers of `from`].
fn conv_back(conv: Conv, weight: &Tensor, errors: &Tensor) -> Result<Tensor> {
    let ([channels, rows, columns], times) = (conv.from, conv.upsample);
    let n = errors.dim(0)?;
    let errors = errors.contiguous()?.reshape((n, conv.to[0], conv.to[1], conv.to[2]))?;
    let mut x = errors.conv_transpose2d(weight, 0, 0, conv.stride, 1)?;
    for (dimension, size, seen) in seen_by_windows(conv) {
        let reached = size.min(seen - conv.padding);
        x = x.narrow(dimension, conv.padding, reached)?.pad_with_zeros(dimension, 0, size - reached)?;
    }
    let x = x.contiguous()?.reshape((n, channels, rows, times, columns, times))?;
    Ok(x.sum((3, 5))?.flatten_from(1)?)
}

/// Gives, for rows and for columns, the dimension, how many there are, and how many all windows see together, zeros at the edges
/// among them.
fn seen_by_windows(conv: Conv) -> [(usize, usize, usize); 2] {
    [1, 2].map(|side| (side + 1, conv.from[side] * conv.upsample, (conv.to[side] - 1) * conv.stride + conv.kernel))
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
