//! A network as a tract plan for one batch size.
//!
//! tract picks its kernels when a plan is made: with the batch size known, a batch of 1 runs on matrix-vector kernels
//! and a larger one on matrix-matrix kernels, each with the weights packed in the order that kernel reads them. Bias,
//! leaky ReLU and the product before them become one pass.

use tract_onnx::tract_core::ops::{change_axes::AxisOp, einsum::EinSum, math, nn};
use tract_onnx::tract_hir::internal::*;

use crate::network::{Dense, Layer, Network};

/// A network made ready for `batch` pictures at a time.
pub(crate) struct Plan {
    batch: usize,
    latent_size: usize,
    state: TypedSimpleState,
}

impl Plan {
    /// Optimises `network` for batches of `batch`.
    ///
    /// # Errors
    /// What tract has to say, in a sentence.
    pub(crate) fn new(network: &Network, batch: usize) -> Result<Plan, String> {
        let prepare = || -> TractResult<TypedSimpleState> {
            TypedSimplePlan::new(wire(network, batch)?.into_optimized()?)?.spawn()
        };
        let state = prepare().map_err(in_a_sentence)?;
        Ok(Plan { batch, latent_size: network.latent_size, state })
    }

    /// Runs one batch. `z`: [batch, latent_size], row-major; appends [batch, pixels] to `images`.
    ///
    /// # Errors
    /// What tract has to say, in a sentence.
    pub(crate) fn run(&mut self, z: &[f32], images: &mut Vec<f32>) -> Result<(), String> {
        let mut run = || -> TractResult<()> {
            let input = Tensor::from_shape(&[self.batch, self.latent_size], z)?;
            let outputs = self.state.run(tvec!(input.into_tvalue()))?;
            images.extend_from_slice(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?);
            Ok(())
        };
        run().map_err(in_a_sentence)
    }
}

/// The network as tract's typed graph, `batch` fixed.
fn wire(network: &Network, batch: usize) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    let mut value = model.add_source("z", f32::fact([batch, network.latent_size]))?;
    let mut shape = vec![network.latent_size];
    for (index, layer) in network.layers.iter().enumerate() {
        let name = format!("layer{index}");
        value = match layer {
            Layer::Dense(dense) => {
                shape = vec![dense.outputs];
                wire_dense(&mut model, &name, dense, value)?
            }
            Layer::LeakyRelu { slope } => model.wire_node(name, nn::leaky_relu(*slope), &[value])?[0],
            Layer::Tanh => model.wire_node(name, math::tanh(), &[value])?[0],
            Layer::Reshape { shape: to } => {
                let from = std::mem::replace(&mut shape, to.clone());
                let dims = |sizes: &[usize]| sizes.iter().map(|size| size.to_dim()).collect();
                model.wire_node(name, AxisOp::Reshape(1, dims(&from), dims(to)), &[value])?[0]
            }
        };
    }
    model.select_output_outlets(&[value])?;
    Ok(model)
}

fn wire_dense(model: &mut TypedModel, name: &str, dense: &Dense, x: OutletId) -> TractResult<OutletId> {
    let dims = if dense.transposed { [dense.outputs, dense.inputs] } else { [dense.inputs, dense.outputs] };
    let weight = model.add_const(format!("{name}.weight"), Tensor::from_shape(&dims, &dense.weight)?)?;
    let bias = model.add_const(format!("{name}.bias"), Tensor::from_shape(&[1, dense.outputs], &dense.bias)?)?;
    let axes = AxesMapping::for_numpy_matmul(2, false, dense.transposed, false)?;
    let product = model.wire_node(format!("{name}.product"), EinSum::new(axes, f32::datum_type()), &[x, weight])?[0];
    Ok(model.wire_node(name, math::add(), &[product, bias])?[0])
}

/// tract's chain of causes on one line.
fn in_a_sentence(error: TractError) -> String {
    error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ")
}
