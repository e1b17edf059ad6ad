//! A network in plain f64 loops: what its file means, against which everything that runs it can be judged.
//!
//! The equations are those of ONNX's operators, in order, one picture at a time. Slow on purpose.

use net::architecture::Window;

use crate::model::Model;
use crate::op::Op;
use crate::tensor::Tensor;

impl Model {
    /// Computes what the network gives by f64 arithmetic, without rounding errors to speak of: z [n, latent] -> [n,
    /// pixels], row-major. `class` [n] says of which class each picture is to be; of class 0 where it ends, and not looked
    /// at where the model takes none. Slow; it is there to judge what runs the file.
    ///
    /// # Panics
    /// If `z` is not whole latent vectors, or there is no such class.
    pub fn evaluate(&self, z: &[f32], class: &[usize]) -> Vec<f64> {
        let inputs: usize = self.input_shape().iter().product();
        assert!(z.len().is_multiple_of(inputs), "{} numbers are not whole vectors of {inputs}", z.len());
        let classes = class.iter().copied().chain(std::iter::repeat(0));
        z.chunks_exact(inputs).zip(classes).flat_map(|(z, class)| draw(self, z, class)).collect()
    }
}

fn draw(model: &Model, z: &[f32], class: usize) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (index, node) in model.nodes.iter().enumerate() {
        let value = match &node.op {
            None => z.iter().map(|&z| f64::from(z)).collect(),
            Some(op) => {
                let x = node.takes[0];
                if let Op::JoinClass { embedding } = op {
                    let row =
                        embedding.values.chunks_exact(embedding.shape[1]).nth(class).expect("a class that there is");
                    let joined = values[x].iter().copied().chain(row.iter().map(|&number| f64::from(number)));
                    values.push(joined.collect());
                    continue;
                }
                let other = node.takes.get(1).map_or(&[][..], |&other| &values[other]);
                apply(op, &values[x], &model.nodes[x].shape, other, &node.shape)
            }
        };
        values.push(value);
        // A deep network of large pictures would otherwise hold all of them at once.
        for &taken in &node.takes {
            if taken != model.output && !model.nodes[index + 1..].iter().any(|later| later.takes.contains(&taken)) {
                values[taken] = Vec::new();
            }
        }
    }
    std::mem::take(&mut values[model.output])
}

/// Does one operation on x of `shape`, to a value of shape `to`.
fn apply(op: &Op, x: &[f64], shape: &[usize], other: &[f64], to: &[usize]) -> Vec<f64> {
    let each = |function: &dyn Fn(f64) -> f64| x.iter().map(|&x| function(x)).collect();
    match op {
        Op::Gemm { weight, bias } => {
            let row = |(output, row): (usize, &[f32])| dot(row, x) + bias_of(bias, output);
            weight.values.chunks_exact(x.len()).enumerate().map(row).collect()
        }
        Op::MatMul { weight } => {
            let &[inputs, outputs] = weight.shape.as_slice() else { unreachable!("checked when the graph was built") };
            let product = |x: &[f64], output: usize| -> f64 {
                (0..inputs).map(|input| x[input] * f64::from(weight.values[input * outputs + output])).sum()
            };
            x.chunks_exact(inputs).flat_map(|x| (0..outputs).map(move |output| product(x, output))).collect()
        }
        Op::JoinClass { .. } => unreachable!("it takes the class too, which `draw` has"),
        Op::Add => x.iter().zip(other).map(|(x, y)| x + y).collect(),
        Op::AddConstant { addend } => {
            let position = broadcast(shape, &addend.shape);
            x.iter().enumerate().map(|(index, x)| x + f64::from(addend.values[position(index)])).collect()
        }
        Op::LeakyRelu { slope } => each(&|x| if x < 0.0 { f64::from(*slope) * x } else { x }),
        Op::Relu => each(&|x| x.max(0.0)),
        Op::Tanh => each(&f64::tanh),
        Op::Sigmoid => each(&|x| 1.0 / (1.0 + (-x).exp())),
        Op::Reshape { .. } | Op::Flatten => x.to_vec(),
        Op::BatchNormalization { scale, bias, mean, variance, epsilon } => {
            let inner = x.len() / shape[0];
            let number = |tensor: &Tensor, index: usize| f64::from(tensor.values[index / inner]);
            let normalized = |(index, x): (usize, &f64)| {
                let deviation = (number(variance, index) + f64::from(*epsilon)).sqrt();
                number(scale, index) * (x - number(mean, index)) / deviation + number(bias, index)
            };
            x.iter().enumerate().map(normalized).collect()
        }
        Op::Conv { weight, bias, window } => conv(x, shape, weight, bias, window, to),
        Op::ConvTranspose { weight, bias, window } => conv_transpose(x, shape, weight, bias, window, to),
        Op::Resize { factor } => {
            let (rows, columns) = (to[1], to[2]);
            let nearest = |index: usize| {
                let (channel, row, column) = (index / (rows * columns), index / columns % rows, index % columns);
                x[(channel * shape[1] + row / factor) * shape[2] + column / factor]
            };
            (0..to.iter().product()).map(nearest).collect()
        }
    }
}

fn conv(x: &[f64], from: &[usize], weight: &Tensor, bias: &Option<Tensor>, window: &Window, to: &[usize]) -> Vec<f64> {
    let [inputs, kernel_rows, kernel_columns] = [weight.shape[1], weight.shape[2], weight.shape[3]];
    let per_group = to[0] / window.groups;
    let mut y = Vec::with_capacity(to.iter().product());
    for output in 0..to[0] {
        let first = output / per_group * inputs;
        for (row, column) in (0..to[1]).flat_map(|row| (0..to[2]).map(move |column| (row, column))) {
            let mut sum = bias_of(bias, output);
            for (input, a, b) in cells(inputs, kernel_rows, kernel_columns) {
                let from_row = (row * window.stride + a * window.dilation).checked_sub(window.padding);
                let from_column = (column * window.stride + b * window.dilation).checked_sub(window.padding);
                let (Some(i), Some(j)) = (from_row, from_column) else { continue };
                if i < from[1] && j < from[2] {
                    let weight = weight.values[((output * inputs + input) * kernel_rows + a) * kernel_columns + b];
                    sum += f64::from(weight) * x[((first + input) * from[1] + i) * from[2] + j];
                }
            }
            y.push(sum);
        }
    }
    y
}

fn conv_transpose(
    x: &[f64],
    from: &[usize],
    weight: &Tensor,
    bias: &Option<Tensor>,
    window: &Window,
    to: &[usize],
) -> Vec<f64> {
    let [outputs, kernel_rows, kernel_columns] = [weight.shape[1], weight.shape[2], weight.shape[3]];
    let per_group = from[0] / window.groups;
    let area = to[1] * to[2];
    let mut y: Vec<f64> = (0..to[0]).flat_map(|output| std::iter::repeat_n(bias_of(bias, output), area)).collect();
    for (input, i, j) in cells(from[0], from[1], from[2]) {
        let x = x[(input * from[1] + i) * from[2] + j];
        let first = input / per_group * outputs;
        for (output, a, b) in cells(outputs, kernel_rows, kernel_columns) {
            let row = (i * window.stride + a * window.dilation).checked_sub(window.padding);
            let column = (j * window.stride + b * window.dilation).checked_sub(window.padding);
            let (Some(row), Some(column)) = (row, column) else { continue };
            if row < to[1] && column < to[2] {
                let weight = weight.values[((input * outputs + output) * kernel_rows + a) * kernel_columns + b];
                y[((first + output) * to[1] + row) * to[2] + column] += f64::from(weight) * x;
            }
        }
    }
    y
}

/// Lists all positions of three dimensions, the last one fastest.
fn cells(depth: usize, rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..depth * rows * columns).map(move |index| (index / (rows * columns), index / columns % rows, index % columns))
}

fn dot(row: &[f32], x: &[f64]) -> f64 {
    row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum()
}

fn bias_of(bias: &Option<Tensor>, index: usize) -> f64 {
    bias.as_ref().map_or(0.0, |bias| f64::from(bias.values[index]))
}

/// Gives the position in a constant, whose sizes are the last ones of `shape` or 1, that belongs to a position in
/// `shape`.
fn broadcast<'a>(shape: &'a [usize], constant: &'a [usize]) -> impl Fn(usize) -> usize + 'a {
    let last = &shape[shape.len() - constant.len()..];
    move |mut index| {
        let (mut position, mut stride) = (0, 1);
        for (&size, &own) in last.iter().zip(constant).rev() {
            if own > 1 {
                position += index % size * stride;
            }
            stride *= own;
            index /= size;
        }
        position
    }
}
