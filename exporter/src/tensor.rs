//! Numbers under a shape: the constants that a graph is built of.

/// Holds a float32 tensor, row-major. It is checked where it is put into a [`Graph`](crate::Graph), which can name it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Tensor {
    /// Puts `values` under `shape`, unchecked; a graph refuses a tensor whose shape calls for another count.
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self { shape: shape.into(), values }
    }

    /// Gives the sizes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Gives the numbers, row-major: the last dimension runs fastest.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Counts the numbers that a shape calls for, unless that overflows.
    pub(crate) fn count(shape: &[usize]) -> Option<usize> {
        shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }
}
