//! The shape that an operator gives, and whether what it takes fits: asked for every node before it is in the graph.

use std::fmt::Display;

use net::architecture::Window;

use crate::graph_error::{GraphError, pattern, with_batch};
use crate::op::{Constant, Op};
use crate::tensor::Tensor;

/// Bounds the numbers a picture of any value: room for 64 channels of 1024 x 1024.
const VALUE_LIMIT: usize = 1 << 26;

/// Bounds the dimensions of a shape; a generator needs four.
pub(crate) const RANK_LIMIT: usize = 8;

/// Shows a value that a node takes.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    pub(crate) name: &'a str,
    /// Gives its sizes, without the batch.
    pub(crate) shape: &'a [usize],
}

/// Gives the shape, batch apart, of what the node `node` gives.
///
/// # Errors
/// Says what does not fit, with the names and both shapes.
pub(crate) fn infer(node: &str, op: &Op, taken: &[Taken]) -> Result<Vec<usize>, GraphError> {
    let x = taken[0];
    let context = Context { node, x };
    let made = if let Op::Reshape { shape } = op { shape.len() } else { 0 };
    if op.constants().iter().map(|constant| constant.tensor.shape.len()).chain([made]).any(|rank| rank > RANK_LIMIT) {
        return Err(context.setting(format!("a shape of it has more than {RANK_LIMIT} dimensions")));
    }
    for constant in op.constants() {
        check_constant(node, op, constant)?;
    }
    let shape = match op {
        Op::Gemm { weight, bias } => {
            let inputs = context.row()?;
            context.fits("weight", weight, &[&"outputs", &inputs])?;
            let outputs = weight.shape[0];
            context.bias(bias, outputs)?;
            vec![outputs]
        }
        Op::MatMul { weight } => {
            let (inputs, before) = context.last()?;
            context.fits("weight", weight, &[&inputs, &"outputs"])?;
            before.iter().copied().chain([weight.shape[1]]).collect()
        }
        Op::JoinClass { embedding } => {
            let latent = context.row()?;
            context.fits("embedding.weight", embedding, &[&"classes", &"width"])?;
            vec![latent.saturating_add(embedding.shape[1])]
        }
        Op::Add => {
            let other = taken[1];
            if other.shape != x.shape {
                let (value, found) = (other.name.to_owned(), with_batch(other.shape));
                let expected = format!("that of `{}`, {},", x.name, with_batch(x.shape));
                return Err(GraphError::ValueShape { node: node.to_owned(), value, found, expected });
            }
            x.shape.to_vec()
        }
        Op::AddConstant { addend } => {
            let depth = addend.shape.len();
            let last = x.shape.len().checked_sub(depth).map_or(&[][..], |start| &x.shape[start..]);
            let fits = last.len() == depth && addend.shape.iter().zip(last).all(|(&c, &x)| c == 1 || c == x);
            if !fits {
                return Err(context.misfit("addend", addend, "its last sizes, or 1 for any of them".to_owned()));
            }
            x.shape.to_vec()
        }
        Op::LeakyRelu { slope } if !slope.is_finite() => {
            return Err(context.setting(format!("the slope {slope} is not a finite float32")));
        }
        Op::LeakyRelu { .. } | Op::Relu | Op::Tanh | Op::Sigmoid => x.shape.to_vec(),
        Op::Reshape { shape } => {
            if shape.contains(&0) || Tensor::count(shape) != Tensor::count(x.shape) {
                return Err(context.value(format!("as many numbers as {}", with_batch(shape))));
            }
            shape.clone()
        }
        Op::Flatten => vec![x.shape.iter().product()],
        Op::BatchNormalization { scale, bias, mean, variance, epsilon } => {
            let channels = *x.shape.first().ok_or_else(|| context.value("[batch, channels, …]".to_owned()))?;
            for (role, tensor) in [("weight", scale), ("bias", bias), ("running_mean", mean), ("running_var", variance)]
            {
                context.fits(role, tensor, &[&channels])?;
            }
            if !(epsilon.is_finite() && *epsilon > 0.0) {
                return Err(context.setting(format!("epsilon is {epsilon}; it must be a finite number above 0")));
            }
            x.shape.to_vec()
        }
        Op::Conv { weight, bias, window } => conv(&context, weight, bias, window)?,
        Op::ConvTranspose { weight, bias, window } => conv_transpose(&context, weight, bias, window)?,
        Op::Resize { factor } => {
            let [channels, rows, columns] = context.picture()?;
            if !(1..=1 << 12).contains(factor) {
                return Err(context.setting(format!("the factor is {factor}; it must be 1 to 4096")));
            }
            vec![channels, rows.saturating_mul(*factor), columns.saturating_mul(*factor)]
        }
    };
    if Tensor::count(&shape).is_none_or(|count| count > VALUE_LIMIT) {
        let (node, shape) = (node.to_owned(), with_batch(&shape));
        return Err(GraphError::TooLarge { node, shape, limit: VALUE_LIMIT });
    }
    Ok(shape)
}

/// Gives (rows + 2 padding - dilation (kernel - 1) - 1) / stride + 1, and the columns alike.
fn conv(context: &Context, weight: &Tensor, bias: &Option<Tensor>, window: &Window) -> Result<Vec<usize>, GraphError> {
    let [channels, rows, columns] = context.picture()?;
    context.check_window(window, channels, false)?;
    context.fits("weight", weight, &[&"outputs", &(channels / window.groups), &"rows", &"columns"])?;
    let outputs = weight.shape[0];
    if !outputs.is_multiple_of(window.groups) {
        return Err(context.setting(format!("its {outputs} outputs cannot be split into {} groups", window.groups)));
    }
    context.bias(bias, outputs)?;
    let size = |size: usize, kernel: usize| -> Option<usize> {
        let covered = window.dilation.checked_mul(kernel - 1)?.checked_add(1)?;
        Some(window.padding.checked_mul(2)?.checked_add(size)?.checked_sub(covered)? / window.stride + 1)
    };
    let sizes = size(rows, weight.shape[2]).zip(size(columns, weight.shape[3]));
    let (rows, columns) =
        sizes.ok_or_else(|| context.misfit("weight", weight, "a kernel within its edges".to_owned()))?;
    Ok(vec![outputs, rows, columns])
}

/// Gives (rows - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1, and the columns alike.
fn conv_transpose(
    context: &Context,
    weight: &Tensor,
    bias: &Option<Tensor>,
    window: &Window,
) -> Result<Vec<usize>, GraphError> {
    let [channels, rows, columns] = context.picture()?;
    context.check_window(window, channels, true)?;
    context.fits("weight", weight, &[&channels, &"outputs / groups", &"rows", &"columns"])?;
    let outputs = weight.shape[1].saturating_mul(window.groups);
    context.bias(bias, outputs)?;
    let size = |size: usize, kernel: usize| -> Option<usize> {
        let covered = window.dilation.checked_mul(kernel - 1)?.checked_add(window.output_padding)?.checked_add(1)?;
        let whole = (size - 1).checked_mul(window.stride)?.checked_add(covered)?;
        whole.checked_sub(window.padding.checked_mul(2)?).filter(|&size| size > 0)
    };
    let sizes = size(rows, weight.shape[2]).zip(size(columns, weight.shape[3]));
    let (rows, columns) = sizes
        .ok_or_else(|| context.misfit("weight", weight, "a kernel larger than what the padding cuts off".to_owned()))?;
    Ok(vec![outputs, rows, columns])
}

/// Checks what holds of any constant: as many numbers as its shape says, all finite, no variance below 0.
fn check_constant(node: &str, op: &Op, constant: Constant) -> Result<(), GraphError> {
    let Constant { role, tensor, .. } = constant;
    let (node, name) = (node.to_owned(), format!("{node}.{role}"));
    if Tensor::count(&tensor.shape) != Some(tensor.values.len()) || tensor.values.is_empty() {
        let (shape, found) = (format!("{:?}", tensor.shape), tensor.values.len());
        return Err(GraphError::TensorCount { node, tensor: name, shape, found });
    }
    let is_variance = matches!(op, Op::BatchNormalization { .. }) && role == "running_var";
    let wrong = |value: &f32| !value.is_finite() || (is_variance && *value < 0.0);
    match tensor.values.iter().position(wrong) {
        Some(position) => {
            Err(GraphError::TensorValue { node, tensor: name, value: tensor.values[position].to_string(), position })
        }
        None => Ok(()),
    }
}

/// Holds the node and the value that it takes, for checks and their messages.
struct Context<'a> {
    node: &'a str,
    x: Taken<'a>,
}

impl Context<'_> {
    /// Gives the size of a row: of [batch, size].
    fn row(&self) -> Result<usize, GraphError> {
        match *self.x.shape {
            [size] => Ok(size),
            _ => Err(self.value("[batch, size]".to_owned())),
        }
    }

    /// Gives the last size, and the sizes before it.
    fn last(&self) -> Result<(usize, &[usize]), GraphError> {
        let (last, before) = self.x.shape.split_last().ok_or_else(|| self.value("[batch, …, size]".to_owned()))?;
        Ok((*last, before))
    }

    fn picture(&self) -> Result<[usize; 3], GraphError> {
        self.x.shape.try_into().map_err(|_| self.value("[batch, channels, rows, columns]".to_owned()))
    }

    /// Compares a constant's shape with a pattern in which a word stands for any size above 0.
    fn fits(&self, role: &str, tensor: &Tensor, expected: &[&dyn Display]) -> Result<(), GraphError> {
        let fits = tensor.shape.len() == expected.len()
            && tensor.shape.iter().zip(expected).all(|(&size, expected)| match expected.to_string().parse::<usize>() {
                Ok(expected) => size == expected,
                Err(_) => size > 0,
            });
        if fits { Ok(()) } else { Err(self.misfit(role, tensor, pattern(expected))) }
    }

    fn bias(&self, bias: &Option<Tensor>, outputs: usize) -> Result<(), GraphError> {
        bias.as_ref().map_or(Ok(()), |bias| self.fits("bias", bias, &[&outputs]))
    }

    fn check_window(&self, window: &Window, channels: usize, transposed: bool) -> Result<(), GraphError> {
        let Window { stride, padding: _, dilation, groups, output_padding } = *window;
        if [stride, dilation, groups].contains(&0) {
            return Err(self.setting("stride, dilation and groups must be 1 or more".to_owned()));
        }
        if !channels.is_multiple_of(groups) {
            return Err(self.setting(format!("its {channels} inputs cannot be split into {groups} groups")));
        }
        match (transposed, output_padding) {
            (false, 1..) => Err(self.setting("only a transposed convolution has an output padding".to_owned())),
            (true, _) if output_padding >= stride.max(dilation) && output_padding > 0 => Err(self.setting(format!(
                "the output padding {output_padding} must be less than the stride {stride} or the dilation {dilation}"
            ))),
            _ => Ok(()),
        }
    }

    fn misfit(&self, role: &str, tensor: &Tensor, expected: String) -> GraphError {
        GraphError::TensorShape {
            node: self.node.into(),
            tensor: format!("{}.{role}", self.node).into(),
            found: format!("{:?}", tensor.shape).into(),
            value: self.x.name.into(),
            value_shape: with_batch(self.x.shape).into(),
            expected: expected.into(),
        }
    }

    fn value(&self, expected: String) -> GraphError {
        let (node, value, found) = (self.node.to_owned(), self.x.name.to_owned(), with_batch(self.x.shape));
        GraphError::ValueShape { node, value, found, expected }
    }

    fn setting(&self, reason: String) -> GraphError {
        GraphError::Setting { node: self.node.to_owned(), reason }
    }
}
