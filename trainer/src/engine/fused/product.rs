//! Matrix products on slices: a safe face on the `gemm` crate, which picks AVX2, AVX-512 or NEON as it runs.

use gemm::Parallelism;

/// A matrix in a slice: row-major as it is stored, or the transpose of that.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `data`: [rows, columns], row-major.
    ///
    /// # Panics
    /// If `data` is of another length.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} by {columns}");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same numbers, rows and columns exchanged.
    pub fn t(self) -> Self {
        let Self { data, rows, columns, row_stride, column_stride } = self;
        Self { data, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }
}

/// out = a b; out: [a.rows, b.columns], row-major. Each element is one sum over k in a fixed order, so the number of
/// threads does not change a bit of it.
///
/// # Panics
/// If the shapes do not fit each other.
#[allow(unsafe_code, reason = "gemm's interface is raw pointers and strides")]
pub fn product(out: &mut [f32], a: Matrix, b: Matrix, threads: usize) {
    assert_eq!(a.columns, b.rows, "inner sizes of a product");
    assert_eq!(out.len(), a.rows * b.columns, "size of a product");
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    // SAFETY: `Matrix::new` and `t` keep every index (row * row_stride + column * column_stride) inside `data`, the
    // asserts above do so for `out`, and `out` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_any_transposition_is_that_of_plain_loops() {
        let (m, n, k) = (3, 5, 4);
        let number = |i: usize| ((i * 7) % 11) as f32 - 5.0;
        let a: Vec<f32> = (0..m * k).map(number).collect();
        let b: Vec<f32> = (0..k * n).map(|i| number(i + 3)).collect();
        let mut expected = vec![0.0; m * n];
        for (i, slot) in expected.iter_mut().enumerate() {
            *slot = (0..k).map(|x| a[i / n * k + x] * b[x * n + i % n]).sum();
        }
        let transposed = |data: &[f32], rows: usize, columns: usize| -> Vec<f32> {
            (0..rows * columns).map(|i| data[i % rows * columns + i / rows]).collect()
        };
        let (at, bt) = (transposed(&a, m, k), transposed(&b, k, n));
        let mut out = vec![f32::NAN; m * n];
        for (name, left, right) in [
            ("plain", Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
            ("left transposed", Matrix::new(&at, k, m).t(), Matrix::new(&b, k, n)),
            ("right transposed", Matrix::new(&a, m, k), Matrix::new(&bt, n, k).t()),
        ] {
            for threads in [1, 2] {
                product(&mut out, left, right, threads);
                assert_eq!(out, expected, "{name}, {threads} threads");
            }
        }
    }
}
