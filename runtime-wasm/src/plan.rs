//! A network as a tract plan: a chain of [`Step`]s, made ready for any number of pictures.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use crate::activation::Activation;
use crate::convolution::Kernel;
use crate::network::{Dense, Embedding, Layer, Network};
use crate::product::Panels;
use crate::step::{Product, Step};

/// A network made ready to run.
pub(crate) struct Plan {
    latent_size: usize,
    embedding: Option<Embedding>,
    state: TypedSimpleState,
}

impl Plan {
    /// Lays the weights out and plans the steps.
    ///
    /// # Errors
    /// What tract has to say, in a sentence.
    pub(crate) fn new(network: &Network) -> Result<Plan, String> {
        let prepare = || -> TractResult<TypedSimpleState> { TypedSimplePlan::new(wire(network)?)?.spawn() };
        let state = prepare().map_err(in_a_sentence)?;
        Ok(Plan { latent_size: network.latent_size, embedding: network.embedding.clone(), state })
    }

    /// How many classes there are; 0 if the network is told none.
    pub(crate) fn classes(&self) -> usize {
        self.embedding.as_ref().map_or(0, |embedding| embedding.classes)
    }

    /// Runs one batch. `z`: [n, latent_size], row-major; `classes`: [n], or none for class 0; `take` is given [n, pixels].
    ///
    /// # Errors
    /// What tract has to say, in a sentence.
    pub(crate) fn run<T>(&mut self, z: &[f32], classes: &[u32], take: impl FnOnce(&[f32]) -> T) -> Result<T, String> {
        let run = || -> TractResult<T> {
            let pictures = z.len() / self.latent_size;
            let input = match &self.embedding {
                None => Tensor::from_shape(&[pictures, self.latent_size], z)?,
                Some(embedding) => {
                    let joined = joined(z, self.latent_size, embedding, classes);
                    Tensor::from_shape(&[pictures, self.latent_size + embedding.width], &joined)?
                }
            };
            let outputs = self.state.run(tvec!(input.into_tvalue()))?;
            Ok(take(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?))
        };
        run().map_err(in_a_sentence)
    }
}

/// Each latent vector with the numbers of its class behind it: [n, latent_size + width].
///
/// # Panics
/// If there is no such class, which whoever is given classes has looked at.
fn joined(z: &[f32], latent_size: usize, embedding: &Embedding, classes: &[u32]) -> Vec<f32> {
    let Embedding { width, table, .. } = embedding;
    let mut rows = Vec::with_capacity(z.len() / latent_size * (latent_size + width));
    for (picture, z) in z.chunks_exact(latent_size).enumerate() {
        let class = classes.get(picture).map_or(0, |&class| class as usize);
        rows.extend_from_slice(z);
        rows.extend_from_slice(&table[class * width..(class + 1) * width]);
    }
    rows
}

/// The network as tract's typed graph, the number of pictures left open.
fn wire(network: &Network) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    let pictures = model.symbols.sym("n").to_dim();
    let mut value = model.add_source("z", f32::fact([pictures, network.inputs().to_dim()]))?;
    for (index, step) in steps(&network.layers).into_iter().enumerate() {
        value = model.wire_node(format!("step{index}"), step, &[value])?[0];
    }
    model.select_output_outlets(&[value])?;
    Ok(model)
}

/// Layers as steps: an activation goes with the product before it, if there is one.
fn steps(layers: &[Layer]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut upsample = 1;
    let step = |product| Step { product: Some(product), activation: Activation::None };
    for layer in layers {
        let activation = match layer {
            Layer::Dense(dense) => {
                steps.push(step(Product::Dense(Arc::new(panels(dense)))));
                continue;
            }
            // It goes with the convolution that follows, which looks at each number as often.
            Layer::Resize { factor } => {
                upsample = *factor;
                continue;
            }
            Layer::Convolution(convolution) => {
                let factor = std::mem::replace(&mut upsample, 1);
                steps.push(step(Product::Convolution(Arc::new(Kernel::new(convolution, factor)))));
                continue;
            }
            Layer::LeakyRelu { slope } => Activation::LeakyRelu { slope: *slope },
            Layer::Tanh => Activation::Tanh,
            // The numbers stay where they are.
            Layer::Reshape { .. } => continue,
        };
        match steps.last_mut() {
            Some(step) if step.activation == Activation::None => step.activation = activation,
            _ => steps.push(Step { product: None, activation }),
        }
    }
    steps
}

fn panels(dense: &Dense) -> Panels {
    let Dense { inputs, outputs, weight, transposed, bias } = dense;
    let (input_stride, output_stride) = if *transposed { (1, *inputs) } else { (*outputs, 1) };
    Panels::new(*inputs, bias, |input, output| weight[input * input_stride + output * output_stride])
}

/// tract's chain of causes on one line; it may quote a whole node of the file, so no more of it than one reads.
pub(crate) fn in_a_sentence(error: TractError) -> String {
    const LONGEST: usize = 200;
    let whole = error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ");
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::tract_core::ops::{change_axes::AxisOp, einsum::EinSum, math, nn};

    use super::*;

    /// The same network by tract's own operators, optimiser and kernels, for `batch` pictures.
    fn by_tract(network: &Network, batch: usize) -> TractResult<TypedSimpleState> {
        let mut model = TypedModel::default();
        let mut value = model.add_source("z", f32::fact([batch, network.inputs()]))?;
        let mut shape = vec![network.inputs()];
        for (index, layer) in network.layers.iter().enumerate() {
            let name = format!("layer{index}");
            value = match layer {
                Layer::Dense(dense) => {
                    shape = vec![dense.outputs];
                    wire_dense(&mut model, &name, dense, value)?
                }
                Layer::Convolution(_) | Layer::Resize { .. } => {
                    bail!("the whole of tract is asked for convolutions in `models.rs`")
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
        TypedSimplePlan::new(model.into_optimized()?)?.spawn()
    }

    fn wire_dense(model: &mut TypedModel, name: &str, dense: &Dense, x: OutletId) -> TractResult<OutletId> {
        let dims = if dense.transposed { [dense.outputs, dense.inputs] } else { [dense.inputs, dense.outputs] };
        let weight = model.add_const(format!("{name}.weight"), Tensor::from_shape(&dims, &dense.weight)?)?;
        let bias = model.add_const(format!("{name}.bias"), Tensor::from_shape(&[1, dense.outputs], &dense.bias)?)?;
        let axes = AxesMapping::for_numpy_matmul(2, false, dense.transposed, false)?;
        let product = EinSum::new(axes, f32::datum_type());
        let product = model.wire_node(format!("{name}.product"), product, &[x, weight])?[0];
        Ok(model.wire_node(name, math::add(), &[product, bias])?[0])
    }

    /// Numbers in [-1, 1) that look random and are the same everywhere.
    fn numbers(stream: usize, count: usize) -> Vec<f32> {
        let number = |index: usize| {
            let mixed = ((stream * 1_000_003 + index) as u32).wrapping_mul(0x9E37_79B9);
            ((mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(number).collect()
    }

    fn dense(stream: usize, inputs: usize, outputs: usize, transposed: bool) -> Layer {
        let scale = 2.0 / (inputs as f32).sqrt();
        let weight = numbers(stream, inputs * outputs).into_iter().map(|value| value * scale).collect();
        Layer::Dense(Dense { inputs, outputs, weight, transposed, bias: numbers(stream + 1, outputs) })
    }

    #[test]
    fn the_steps_give_what_tracts_own_operators_give() {
        let slope = 0.2;
        let picture = || Layer::Reshape { shape: vec![1, 28, 28] };
        for (name, layers) in [
            (
                "Forger's own shape",
                vec![
                    dense(1, 100, 128, true),
                    Layer::LeakyRelu { slope },
                    dense(3, 128, 128, true),
                    Layer::LeakyRelu { slope },
                    dense(5, 128, 784, true),
                    Layer::Tanh,
                    picture(),
                ],
            ),
            ("weights the other way, no activation", vec![dense(7, 100, 784, false), picture()]),
            (
                "activations that follow no product",
                vec![
                    Layer::Tanh,
                    Layer::LeakyRelu { slope },
                    dense(9, 100, 784, true),
                    picture(),
                    Layer::LeakyRelu { slope },
                    Layer::Tanh,
                ],
            ),
        ] {
            let network = Network { latent_size: 100, embedding: None, layers };
            for batch in [1, 6, 100] {
                let z: Vec<f32> = numbers(11, batch * 100).into_iter().map(|value| value * 3.0).collect();
                let found = Plan::new(&network).unwrap().run(&z, &[], <[f32]>::to_vec).unwrap();
                let input = Tensor::from_shape(&[batch, 100], &z).unwrap();
                let outputs = by_tract(&network, batch).unwrap().run(tvec!(input.into_tvalue())).unwrap();
                let expected = outputs[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec();
                assert_eq!(found.len(), expected.len(), "{name}");
                let difference = found.iter().zip(&expected).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
                // Sums of a hundred terms of order 1: some ulps of 4, which tanh only makes smaller.
                assert!(difference < 4e-6, "{name}, batch {batch}: {difference}");
                assert!(
                    expected.iter().any(|value| value.abs() > 0.1),
                    "{name}: a network that gives nothing proves nothing"
                );
            }
        }
    }
}
