//! How a judge learns: cross-entropy, the backward pass by hand, Adam, the rate falling in a line to nothing.
//!
//! A minibatch is cut into shards whose gradients are added up in order, so that the number of threads changes no bit.
//! The gradient is held to candle's autograd by the tests below.

use data::Pictures;
use linear::product::{Matrix, MatrixMut};
use net::Initial;

use super::lenet::{Architecture, KERNEL, POOL, Pass, Stage, forward};
use super::parallel::{Buffers, in_order};
use super::turns;
use super::turns::Task;

/// Counts the passes over the pictures.
const EPOCHS: u64 = 12;
/// Counts the pictures in a minibatch, and [`SHARD`] those in the part of it that one thread takes.
const BATCH: usize = 100;
const SHARD: usize = 25;
/// Sets the rate at the start of Adam (Kingma, Ba, 2015), with its authors' decays.
const RATE: f32 = 1e-3;
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Keys the judge's random numbers: there is one judge of a data set, whatever a run's seed.
const SEED: u64 = 0;
/// Keeps its starting weights apart from those of G and D (0 and 1) in their stream.
const WEIGHTS_STEP: u64 = 16;

/// Keeps how pictures are turned apart from the starting weights in their stream: epoch e has the step after it.
const TURNS_STEP: u64 = 1 << 20;

/// Trains from scratch on what `task` asks of the pictures; gives the parameters. `say` is told of each epoch's end: its number from 1, of how many, the
/// mean loss, and the share of pictures that were right.
pub(super) fn train(
    architecture: &Architecture,
    pictures: &Pictures,
    task: Task,
    threads: usize,
    mut say: impl FnMut(u64, u64, f64, f64),
) -> Vec<f32> {
    let mut parameters = initial(architecture);
    let (mut m, mut v) = (vec![0.0; parameters.len()], vec![0.0; parameters.len()]);
    let batch = BATCH.min(pictures.count());
    let steps_per_epoch = pictures.count() / batch;
    let total = EPOCHS * steps_per_epoch as u64;
    let mut step = 0;
    let workspaces = Buffers::<Workspace>::new();
    for epoch in 0..EPOCHS {
        let order = noise::permutation(SEED, epoch, pictures.count());
        let turns = task.turns(architecture.classes(), pictures.count(), |out| {
            noise::fill_uniform(SEED, TURNS_STEP + epoch, 1.0, out);
        });
        let (mut loss, mut right) = (0.0, 0);
        for indices in order.chunks_exact(batch) {
            let shards: Vec<&[u32]> = indices.chunks(SHARD).collect();
            let parts = in_order(shards.len(), threads, |i| {
                workspaces.lend(|workspace| shard(architecture, &parameters, pictures, &turns, shards[i], workspace))
            });
            let mut gradient = vec![0.0; parameters.len()];
            for part in &parts {
                gradient.iter_mut().zip(&part.gradient).for_each(|(sum, g)| *sum += g);
                loss += part.loss;
                right += part.right;
            }
            let rate = RATE * (total - step) as f32 / total as f32;
            step += 1;
            adam(&mut parameters, [&mut m, &mut v], &gradient, 1.0 / batch as f32, rate, step);
        }
        let seen = (steps_per_epoch * batch) as f64;
        say(epoch + 1, EPOCHS, loss / seen, right as f64 / seen);
    }
    parameters
}

/// Holds sums over the pictures of a shard.
struct Part {
    gradient: Vec<f32>,
    loss: f64,
    right: usize,
}

/// Holds the buffers that a shard is worked on in.
#[derive(Default)]
struct Workspace {
    pass: Pass,
    /// Holds the loss's derivatives by the map before pooling and, below, by the patches, of the stage at hand.
    by_convolved: Vec<f32>,
    by_patches: Vec<f32>,
}

fn shard(
    architecture: &Architecture,
    parameters: &[f32],
    pictures: &Pictures,
    turns: &[usize],
    indices: &[u32],
    workspace: &mut Workspace,
) -> Part {
    let mut pixels = vec![0.0; indices.len() * pictures.pixels()];
    for (&index, out) in indices.iter().zip(pixels.chunks_exact_mut(pictures.pixels())) {
        pictures.scaled(index, out);
        if let Some(&turn) = turns.get(index as usize) {
            turns::turn(out, pictures.shape.image, turn);
        }
    }
    let label = |&index: &u32| turns.get(index as usize).copied().unwrap_or_else(|| pictures.label(index));
    let labels: Vec<usize> = indices.iter().map(label).collect();
    loss_and_gradient(architecture, parameters, &pixels, &labels, workspace)
}

/// Draws He-uniform weights (He, Zhang, Ren, Sun, 2015), and zero biases.
fn initial(architecture: &Architecture) -> Vec<f32> {
    let tensors = architecture.tensors();
    let mut parameters = vec![0.0; tensors.last().expect("a network has layers").range.end];
    noise::fill_uniform(SEED, WEIGHTS_STEP, 1.0, &mut parameters);
    for tensor in tensors {
        let limit = if let Initial::Uniform { limit } = tensor.initial { limit as f32 } else { 0.0 };
        parameters[tensor.range].iter_mut().for_each(|value| *value *= limit);
    }
    parameters
}

fn adam(parameters: &mut [f32], [m, v]: [&mut [f32]; 2], gradient: &[f32], scale: f32, rate: f32, step: u64) {
    let (bias1, bias2) = (1.0 - BETA1.powi(step as i32), 1.0 - BETA2.powi(step as i32));
    let rate = rate * bias2.sqrt() / bias1;
    let moments = m.iter_mut().zip(v.iter_mut());
    for ((theta, (m, v)), g) in parameters.iter_mut().zip(moments).zip(gradient) {
        let g = scale * g;
        *m = BETA1 * *m + (1.0 - BETA1) * g;
        *v = BETA2 * *v + (1.0 - BETA2) * g * g;
        *theta -= rate * *m / (v.sqrt() + EPSILON);
    }
}

/// Gives the cross-entropy and its gradient, each summed over the pictures. pixels: [n, channels, rows, columns]; labels: [n].
fn loss_and_gradient(
    architecture: &Architecture,
    parameters: &[f32],
    pixels: &[f32],
    labels: &[usize],
    workspace: &mut Workspace,
) -> Part {
    let n = labels.len();
    let Workspace { pass, by_convolved, by_patches } = workspace;
    forward(architecture, parameters, pixels, pass);
    let mut part = Part { gradient: vec![0.0; parameters.len()], loss: 0.0, right: 0 };
    let mut signal = part.score(&pass.dense[2], architecture.classes(), labels);
    for layer in (0..3).rev() {
        let x = if layer == 0 { &pass.maps[1] } else { &pass.dense[layer - 1] };
        let (inputs, outputs) = (architecture.dense[layer], architecture.dense[layer + 1]);
        let [weight, bias] = architecture.places(2 + layer);
        let d = Matrix::new(&signal, n, outputs);
        MatrixMut::new(&mut part.gradient[weight.clone()], outputs, inputs).product(d.t(), Matrix::new(x, n, inputs));
        sum_rows(&mut part.gradient[bias], &signal);
        let mut before = vec![0.0; n * inputs];
        MatrixMut::new(&mut before, n, inputs).product(d, Matrix::new(&parameters[weight], outputs, inputs));
        relu_derivative(&mut before, x);
        signal = before;
    }
    for layer in (0..2).rev() {
        let stage = architecture.stages[layer];
        let [weight, bias] = architecture.places(layer);
        sum_rows(&mut part.gradient[bias], &signal);
        unpool(stage, n, &pass.convolved[layer], &signal, by_convolved);
        let places = by_convolved.len() / stage.outputs;
        let d = Matrix::new(by_convolved, places, stage.outputs);
        let patches = Matrix::new(&pass.patches[layer], places, stage.patch());
        MatrixMut::new(&mut part.gradient[weight.clone()], stage.outputs, stage.patch()).product(d.t(), patches);
        if layer == 0 {
            break;
        }
        by_patches.resize(places * stage.patch(), 0.0);
        let kernels = Matrix::new(&parameters[weight], stage.outputs, stage.patch());
        MatrixMut::new(by_patches, places, stage.patch()).product(d, kernels);
        let mut before = vec![0.0; pass.maps[layer - 1].len()];
        let length = KERNEL * stage.inputs;
        stage.for_each_patch_row(n, |to, from| {
            let row = before[to..to + length].iter_mut().zip(&by_patches[from..from + length]);
            row.for_each(|(sum, g)| *sum += g);
        });
        relu_derivative(&mut before, &pass.maps[layer - 1]);
        signal = before;
    }
    part
}

impl Part {
    /// Adds up the loss and what was right; gives the loss's derivative by the logits: softmax less the truth.
    fn score(&mut self, logits: &[f32], classes: usize, labels: &[usize]) -> Vec<f32> {
        let mut signal = Vec::with_capacity(logits.len());
        for (row, &label) in logits.chunks_exact(classes).zip(labels) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|&logit| f64::from(logit - most).exp()).sum();
            self.loss += sum.ln() - f64::from(row[label] - most);
            self.right += usize::from(super::most_likely(row) == label);
            let softmax = row.iter().map(|&logit| (f64::from(logit - most).exp() / sum) as f32);
            signal.extend(softmax.enumerate().map(|(class, p)| if class == label { p - 1.0 } else { p }));
        }
        signal
    }
}

/// Writes out = the derivative by the map before pooling: each pooled number's goes to the place that was largest, the
/// first of equals.
fn unpool(stage: Stage, n: usize, convolved: &[f32], signal: &[f32], out: &mut Vec<f32>) {
    out.clear();
    out.resize(convolved.len(), 0.0);
    stage.for_each_pool(n, |from, to| {
        for channel in 0..stage.outputs {
            let mut largest = from[0] + channel;
            for place in from[1..POOL * POOL].iter().map(|start| start + channel) {
                if convolved[place] > convolved[largest] {
                    largest = place;
                }
            }
            out[largest] = signal[to + channel];
        }
    });
}

/// Writes out = the sum of the rows of `values`: [n, out.len()].
fn sum_rows(out: &mut [f32], values: &[f32]) {
    out.fill(0.0);
    for row in values.chunks_exact(out.len()) {
        out.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

/// Sets to 0 what stands where the ReLU that gave `activation` was shut, in place.
fn relu_derivative(values: &mut [f32], activation: &[f32]) {
    for (value, x) in values.iter_mut().zip(activation) {
        *value = if *x > 0.0 { *value } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor, Var};
    use candle_nn::{loss, ops};

    use super::*;

    /// Gives the loss of this network by candle's own layers, in f64: gradients by tensor, in the judge's layout.
    fn by_candle(architecture: &Architecture, parameters: &[f32], pixels: &[f32], labels: &[usize]) -> (f64, Vec<f64>) {
        let n = labels.len();
        let device = Device::Cpu;
        let vars: Vec<Var> = architecture
            .tensors()
            .into_iter()
            .map(|t| Tensor::from_slice(&parameters[t.range], t.shape, &device).unwrap().to_dtype(DType::F64).unwrap())
            .map(|tensor| Var::from_tensor(&tensor).unwrap())
            .collect();
        let [channels, rows, columns] = architecture.image_shape();
        let mut x =
            Tensor::from_slice(pixels, (n, channels, rows, columns), &device).unwrap().to_dtype(DType::F64).unwrap();
        for stage in 0..2 {
            // [outputs, 5, 5, inputs] is [outputs, inputs, 5, 5] to candle.
            let kernel = vars[2 * stage].permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
            let bias = vars[2 * stage + 1].reshape((1, (), 1, 1)).unwrap();
            let convolved = x.conv2d(&kernel, 0, 1, 1, 1).unwrap();
            let relu = convolved.broadcast_add(&bias).unwrap().relu().unwrap();
            let [r, c] = architecture.stages[stage].pooled().map(|side| side * POOL);
            // Not `max_pool2d`, whose backward pass in candle 0.11 gives a quarter of the gradient.
            let even = relu.narrow(2, 0, r).unwrap().narrow(3, 0, c).unwrap().contiguous().unwrap();
            let channels = architecture.stages[stage].outputs;
            let pools = even.reshape(&[n, channels, r / POOL, POOL, c / POOL, POOL]).unwrap();
            x = pools.max(5).unwrap().max(3).unwrap();
        }
        x = x.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap().flatten_from(1).unwrap();
        for layer in 2..5 {
            x = x.matmul(&vars[2 * layer].t().unwrap()).unwrap().broadcast_add(&vars[2 * layer + 1]).unwrap();
            if layer < 4 {
                x = x.relu().unwrap();
            }
        }
        let labels: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
        let labels = Tensor::from_slice(&labels, n, &device).unwrap();
        let nll = loss::nll(&ops::log_softmax(&x, 1).unwrap(), &labels).unwrap();
        let gradients = nll.backward().unwrap();
        // candle's loss is the mean.
        let flat = |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let gradient = vars.iter().flat_map(flat).map(|g| g * n as f64).collect();
        (nll.to_scalar::<f64>().unwrap() * n as f64, gradient)
    }

    #[test]
    fn loss_and_gradient_are_those_of_candles_autograd() {
        // Sides that pool evenly, and sides of which one is left out.
        for (shape, classes) in [([1, 28, 28], 10), ([1, 19, 22], 3), ([3, 17, 20], 8)] {
            let architecture = Architecture::new(shape, classes).unwrap();
            let mut parameters = initial(&architecture);
            for spec in architecture.tensors().iter().filter(|spec| spec.shape.len() == 1) {
                noise::fill_uniform(5, 40, 0.1, &mut parameters[spec.range.clone()]);
            }
            let n = 7;
            let mut pixels = vec![0.0; n * shape.iter().product::<usize>()];
            noise::fill_uniform(6, 41, 1.0, &mut pixels);
            let labels: Vec<usize> = (0..n).map(|i| i % classes).collect();
            let ours = loss_and_gradient(&architecture, &parameters, &pixels, &labels, &mut Workspace::default());
            let (loss, gradient) = by_candle(&architecture, &parameters, &pixels, &labels);
            assert!((ours.loss - loss).abs() < 1e-5 * loss, "{shape:?}: {} is not {loss}", ours.loss);
            for spec in architecture.tensors() {
                let pairs = || ours.gradient[spec.range.clone()].iter().zip(&gradient[spec.range.clone()]);
                let distance: f64 = pairs().map(|(&a, &b)| (f64::from(a) - b).powi(2)).sum();
                let norm: f64 = pairs().map(|(_, &b)| b * b).sum();
                // f32 against f64: a few roundings of 6e-8 each.
                let error = (distance / norm).sqrt();
                assert!(norm > 0.0 && error < 1e-5, "{shape:?}: {} errs by {error:.1e}", spec.name);
            }
        }
    }

    #[test]
    fn any_number_of_threads_trains_the_same_judge() {
        let architecture = Architecture::new([1, 28, 28], 2).unwrap();
        let mut bytes = vec![0; 60 * 784];
        for (i, picture) in bytes.chunks_exact_mut(784).enumerate() {
            // Two kinds: a bright upper half, and a bright lower half, each a little different.
            picture[(i % 2) * 392..][..392 - i].fill(200);
        }
        let pictures = Pictures {
            bytes,
            labels: (0..60).map(|i| i % 2).collect(),
            shape: data::DataShape::grey(28, 28).with_classes(2),
        };
        let train = |threads| {
            let mut last = 0.0;
            let parameters = train(&architecture, &pictures, Task::Classes, threads, |_, _, _, right| last = right);
            (parameters, last)
        };
        let (one, three) = (train(1), train(3));
        assert!(one.0 == three.0, "the parameters differ");
        assert_eq!(one.1, 1.0, "two halves can be told apart");
    }
}
