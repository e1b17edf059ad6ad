//! Matrices in flat buffers, and their products by `faer`: hand-scheduled AVX2 and AVX-512 kernels, NEON by way of the
//! `gemm` crate, chosen as the program runs. In WebAssembly, for which it has none, [`portable`](crate::portable) takes its
//! place. No product allocates.
//!
//! On this network's shapes, one core of an AVX-512 machine whose peak is 113 GFLOP/s, in GFLOP/s (50 rows of pictures,
//! then 200): `faer` 0.24 104 and 112, `gemm` 0.19 with `x86-v4` 88 and 107, `matrixmultiply` 0.3 59 and 86.

use std::ops::Range;

use crate::portable;

/// Picks every second row of a matrix whose rows are a real picture's and a generated one's in turn.
#[derive(Clone, Copy)]
pub enum Half {
    /// Takes the first row of each two, the real pictures'.
    Real = 0,
    /// Takes the second row of each two, the generated pictures'.
    Generated = 1,
}

/// Shows a slice, or a part of it, as a matrix to be read; copies no number.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Shows all of `data` as a matrix: [rows, columns], row-major.
    ///
    /// # Panics
    /// If `data` is of another length.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} by {columns}");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Shows every second row of `data` as a matrix of [rows, columns]. `data`: [2 rows, columns], row-major.
    ///
    /// # Panics
    /// If `data` is of another length.
    pub fn half(data: &'a [f32], half: Half, rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), 2 * rows * columns, "a matrix of twice {rows} by {columns}");
        let data = data.get(half as usize * columns..).unwrap_or_default();
        Self { data, rows, columns, row_stride: 2 * columns, column_stride: 1 }
    }

    /// Gives the columns `range` of all rows, as a matrix over the same numbers.
    ///
    /// # Panics
    /// If there are no such columns, or the matrix is a transpose.
    pub fn columns(self, range: Range<usize>) -> Self {
        assert!(range.end <= self.columns && self.column_stride == 1, "columns {range:?} of {}", self.columns);
        Self { data: self.data.get(range.start..).unwrap_or_default(), columns: range.len(), ..self }
    }

    /// Gives the numbers of a matrix whose rows lie one behind the other, how many rows there are, and how long they
    /// are.
    ///
    /// # Panics
    /// If they do not lie so.
    pub fn rows(self) -> (&'a [f32], usize, usize) {
        assert!(self.row_stride == self.columns && self.column_stride == 1, "rows that lie apart");
        (self.data, self.rows, self.columns)
    }

    /// Transposes: gives the same numbers with rows and columns exchanged, and moves none of them.
    pub fn t(self) -> Self {
        let Self { data, rows, columns, row_stride, column_stride } = self;
        Self { data, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    /// Goes through the rows from first to last, each a slice of all its columns.
    ///
    /// # Panics
    /// If the matrix is a transpose.
    pub fn iter_rows(self) -> impl Iterator<Item = &'a [f32]> {
        assert_eq!(self.column_stride, 1, "rows of a transpose do not lie together");
        self.data.chunks(self.row_stride).take(self.rows).map(move |row| &row[..self.columns])
    }
}

/// Shows a slice, or every second row of it, as a matrix to be written, row-major.
pub struct MatrixMut<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// Shows all of `data` as a matrix: [rows, columns], row-major.
    ///
    /// # Panics
    /// If `data` is of another length.
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} by {columns}");
        Self { data, rows, columns, row_stride: columns }
    }

    /// Shows every second row of `data` as a matrix of [rows, columns]; the rows between stay as they are. `data`: [2
    /// rows, columns], row-major.
    ///
    /// # Panics
    /// If `data` is of another length.
    pub fn half(data: &'a mut [f32], half: Half, rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), 2 * rows * columns, "a matrix of twice {rows} by {columns}");
        let data = data.get_mut(half as usize * columns..).unwrap_or_default();
        Self { data, rows, columns, row_stride: 2 * columns }
    }

    /// Becomes the matrix product `a b`. Each element is one sum over k in a fixed order, whatever the number of rows.
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub fn product(&mut self, a: Matrix, b: Matrix) {
        self.accumulate(Accumulate::Replace, a, b);
    }

    /// Adds the matrix product `a b` to what is there.
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub fn add_product(&mut self, a: Matrix, b: Matrix) {
        self.accumulate(Accumulate::Add, a, b);
    }

    fn accumulate(&mut self, how: Accumulate, a: Matrix, b: Matrix) {
        #[cfg(not(target_arch = "wasm32"))]
        if !portable::is_asked_for() {
            return natively::accumulate(self, how, a, b);
        }
        portable::accumulate(self, how, a, b);
    }

    /// Goes through the rows from first to last, each a slice of all its columns, to be written.
    pub fn iter_rows(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let columns = self.columns;
        self.data.chunks_mut(self.row_stride).take(self.rows).map(move |row| &mut row[..columns])
    }

    /// Shows the same numbers as a matrix of rows of `plane` numbers: [rows · columns / plane, plane].
    ///
    /// # Panics
    /// If the rows lie apart, or are no whole number of planes.
    pub fn planes(&mut self, plane: usize) -> MatrixMut<'_> {
        assert!(
            self.row_stride == self.columns && self.columns.is_multiple_of(plane),
            "planes of {plane} in {}",
            self.columns
        );
        let rows = self.rows * self.columns / plane;
        MatrixMut { data: self.data, rows, columns: plane, row_stride: plane }
    }

    /// Shows the same numbers as a matrix to be read.
    pub fn read(&self) -> Matrix<'_> {
        let Self { ref data, rows, columns, row_stride } = *self;
        Matrix { data, rows, columns, row_stride, column_stride: 1 }
    }
}

/// Says what becomes of the numbers that a product is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accumulate {
    /// They are forgotten.
    Replace,
    /// The product is added to them.
    Add,
}

/// Shows matrices to faer.
#[cfg(not(target_arch = "wasm32"))]
mod natively {
    use faer::linalg::matmul::matmul;
    use faer::{Accum, MatMut, MatRef, Par};

    use super::{Accumulate, Matrix, MatrixMut};

    pub(super) fn accumulate(out: &mut MatrixMut, how: Accumulate, a: Matrix, b: Matrix) {
        let how = match how {
            Accumulate::Replace => Accum::Replace,
            Accumulate::Add => Accum::Add,
        };
        // Not `from_row_major_slice_with_stride_mut`: in faer 0.24.4 it takes the row stride for the columns'.
        let out = MatMut::from_column_major_slice_with_stride_mut(out.data, out.columns, out.rows, out.row_stride);
        matmul(out.transpose_mut(), how, view(a), view(b), 1.0, Par::Seq);
    }

    fn view(matrix: Matrix<'_>) -> MatRef<'_, f32> {
        let Matrix { data, rows, columns, row_stride, column_stride } = matrix;
        if column_stride == 1 {
            MatRef::from_row_major_slice_with_stride(data, rows, columns, row_stride)
        } else {
            MatRef::from_column_major_slice_with_stride(data, rows, columns, column_stride)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(i: usize) -> f32 {
        ((i * 7) % 11) as f32 - 5.0
    }

    fn transposed(data: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| data[i % rows * columns + i / rows]).collect()
    }

    #[test]
    fn a_product_of_any_transposition_is_that_of_plain_loops() {
        // Whole numbers, so that any order of the sums gives the same bits. Within a tile of the portable product, around the
        // borders of tiles, and deeper than it goes at once.
        for (m, n, k) in [(3, 5, 4), (1, 1, 1), (6, 8, 3), (13, 17, 2), (7, 9, 900), (12, 16, 384)] {
            a_product_is_that_of_plain_loops(m, n, k);
            portable::only(|| a_product_is_that_of_plain_loops(m, n, k));
        }
    }

    fn a_product_is_that_of_plain_loops(m: usize, n: usize, k: usize) {
        let a: Vec<f32> = (0..m * k).map(number).collect();
        let b: Vec<f32> = (0..k * n).map(|i| number(i + 3)).collect();
        let mut expected = vec![0.0; m * n];
        for (i, slot) in expected.iter_mut().enumerate() {
            *slot = (0..k).map(|x| a[i / n * k + x] * b[x * n + i % n]).sum();
        }
        let (at, bt) = (transposed(&a, m, k), transposed(&b, k, n));
        let mut out = vec![f32::NAN; m * n];
        for (name, left, right) in [
            ("plain", Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
            ("left transposed", Matrix::new(&at, k, m).t(), Matrix::new(&b, k, n)),
            ("right transposed", Matrix::new(&a, m, k), Matrix::new(&bt, n, k).t()),
        ] {
            MatrixMut::new(&mut out, m, n).product(left, right);
            assert_eq!(out, expected, "{name}, {m} by {n} by {k}");
        }
    }

    #[test]
    fn halves_and_columns_are_those_of_the_whole() {
        halves_and_columns();
        portable::only(halves_and_columns);
    }

    fn halves_and_columns() {
        let data: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let rows: Vec<_> = Matrix::half(&data, Half::Generated, 3, 4).iter_rows().collect();
        assert_eq!(rows, [[4.0, 5.0, 6.0, 7.0], [12.0, 13.0, 14.0, 15.0], [20.0, 21.0, 22.0, 23.0]]);
        let rows: Vec<_> = Matrix::half(&data, Half::Generated, 3, 4).columns(1..3).iter_rows().collect();
        assert_eq!(rows, [[5.0, 6.0], [13.0, 14.0], [21.0, 22.0]]);

        let mut planes = data.clone();
        let mut of_rows = MatrixMut::new(&mut planes, 3, 8);
        assert_eq!(
            of_rows.planes(4).iter_rows().map(|row| row[0]).collect::<Vec<_>>(),
            [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
        );

        // Written through one half, the other stays: [2, 2] of ones times [2, 3].
        let mut out = vec![9.0; 12];
        let (ones, b) = ([1.0; 4], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut half = MatrixMut::half(&mut out, Half::Generated, 2, 3);
        half.product(Matrix::new(&ones, 2, 2), Matrix::new(&b, 2, 3));
        assert_eq!(half.read().iter_rows().collect::<Vec<_>>(), [[5.0, 7.0, 9.0]; 2]);
        half.add_product(Matrix::new(&ones, 2, 2), Matrix::new(&b, 2, 3));
        assert_eq!(half.read().iter_rows().collect::<Vec<_>>(), [[10.0, 14.0, 18.0]; 2]);
        let rows: Vec<_> = Matrix::half(&data, Half::Real, 3, 4).iter_rows().collect();
        assert_eq!(rows, [[0.0, 1.0, 2.0, 3.0], [8.0, 9.0, 10.0, 11.0], [16.0, 17.0, 18.0, 19.0]]);
        assert_eq!(out, [9.0, 9.0, 9.0, 10.0, 14.0, 18.0, 9.0, 9.0, 9.0, 10.0, 14.0, 18.0]);
    }
}
