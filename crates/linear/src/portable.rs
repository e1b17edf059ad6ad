//! The matrix product without a library: what WebAssembly runs, and natively what tests hold it to.
//!
//! Both factors are packed, a panel of six rows of A and one of eight columns of B each in the order in which they are read, so
//! that the innermost loop runs through two streams and keeps its 48 sums in twelve registers of four: with two for B and one
//! for A that is all but one of the sixteen that x86 has. A panel of B stays in the first cache while all of A passes it.
//!
//! Each element is one sum over k from its beginning to its end, whatever the number of rows: in [`DEPTH`]s where k is larger.
//! The innermost loop is a [`Tile`]. The one here is plain Rust, which a compiler makes SIMD128 of; a module compiled for
//! relaxed SIMD brings its own, whose multiply-add rounds once ([`set_tile`]).
//!
//! On one core whose peak with registers of four is 48 GFLOP/s: see `trainer-wasm`, which says what it comes to in a step.

use std::cell::{Cell, RefCell};

use crate::product::{Accumulate, Matrix, MatrixMut};

/// Counts the rows of a tile.
pub const ROWS: usize = 6;
/// Counts the columns of a tile.
pub const COLUMNS: usize = 8;
/// Bounds the terms that are summed up before they are added to the result: a panel of B is 12 kB then.
const DEPTH: usize = 384;

/// Sums up a tile of the product: a column of A's panel times a row of B's, over all k. a: [k, 6], b: [k, 8] -> [6, 8].
pub type Tile = fn(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS];

thread_local! {
    static TILE: Cell<Tile> = const { Cell::new(plain_tile) };
    static ASKED_FOR: Cell<bool> = const { Cell::new(false) };
    /// Grows to the largest panels that were asked for, and stays: no product allocates but the first of its size.
    static PACKED: RefCell<Packed> = const { RefCell::new(Packed { a: Vec::new(), b: Vec::new() }) };
}

struct Packed {
    a: Vec<[f32; ROWS]>,
    b: Vec<[f32; COLUMNS]>,
}

/// Sets what sums up the tiles of this thread's products from now on.
pub fn set_tile(tile: Tile) {
    TILE.set(tile);
}

/// Does `work` with every product of this thread by this module, where else a library would do them: how a test holds it to
/// other engines.
pub fn only<T>(work: impl FnOnce() -> T) -> T {
    let before = ASKED_FOR.replace(true);
    let done = work();
    ASKED_FOR.set(before);
    done
}

/// Says whether [`only`] is at work on this thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_asked_for() -> bool {
    ASKED_FOR.get()
}

/// Writes or adds the product `a b`.
///
/// # Panics
/// If the shapes do not fit each other.
pub(crate) fn accumulate(out: &mut MatrixMut, how: Accumulate, a: Matrix, b: Matrix) {
    let (rows, depth, columns) = (a.rows, a.columns, b.columns);
    assert!(
        b.rows == depth && out.rows == rows && out.columns == columns,
        "[{rows}, {depth}] by [{}, {columns}] into [{}, {}]",
        b.rows,
        out.rows,
        out.columns
    );
    let tile = TILE.get();
    if depth == 0 && how == Accumulate::Replace {
        out.iter_rows().for_each(|row| row.fill(0.0));
    }
    PACKED.with_borrow_mut(|Packed { a: packed_a, b: packed_b }| {
        for from in (0..depth).step_by(DEPTH) {
            let deep = from..depth.min(from + DEPTH);
            let k = deep.len();
            let adds = how == Accumulate::Add || from > 0;
            pack(packed_a, a, deep.clone());
            pack(packed_b, b.t(), deep);
            for (column, b) in (0..columns).step_by(COLUMNS).zip(packed_b.chunks_exact(k)) {
                let width = COLUMNS.min(columns - column);
                for (row, a) in (0..rows).step_by(ROWS).zip(packed_a.chunks_exact(k)) {
                    let sums = tile(a, b);
                    let height = ROWS.min(rows - row);
                    for (i, sums) in sums.iter().enumerate().take(height) {
                        let slot = &mut out.data[(row + i) * out.row_stride + column..][..width];
                        write(slot, sums, adds);
                    }
                }
            }
        }
    });
}

#[inline(always)]
fn write(out: &mut [f32], sums: &[f32; COLUMNS], adds: bool) {
    match <&mut [f32; COLUMNS]>::try_from(&mut *out) {
        Ok(whole) if adds => (0..COLUMNS).for_each(|i| whole[i] += sums[i]),
        Ok(whole) => *whole = *sums,
        Err(_) if adds => out.iter_mut().zip(sums).for_each(|(slot, sum)| *slot += sum),
        Err(_) => out.copy_from_slice(&sums[..out.len()]),
    }
}

/// Lays the columns `deep` of a matrix out by panels of `N` rows, those of a panel side by side; rows that fill no panel are
/// filled up with zeros. -> [panels, deep, N].
fn pack<const N: usize>(panels: &mut Vec<[f32; N]>, matrix: Matrix, deep: std::ops::Range<usize>) {
    let Matrix { data, rows, row_stride, column_stride, .. } = matrix;
    let k = deep.len();
    let len = rows.div_ceil(N) * k;
    if panels.len() < len {
        panels.resize(len, [0.0; N]);
    }
    for (first, panel) in (0..rows).step_by(N).zip(panels.chunks_exact_mut(k)) {
        let height = N.min(rows - first);
        if column_stride == 1 {
            if height < N {
                panel.fill([0.0; N]);
            }
            for i in 0..height {
                let row = &data[(first + i) * row_stride + deep.start..][..k];
                panel.iter_mut().zip(row).for_each(|(column, value)| column[i] = *value);
            }
        } else {
            for (column, x) in panel.iter_mut().zip(deep.clone()) {
                let values = &data[x * column_stride + first..][..height];
                match <&[f32; N]>::try_from(values) {
                    Ok(values) => *column = *values,
                    Err(_) => {
                        *column = [0.0; N];
                        column[..height].copy_from_slice(values);
                    }
                }
            }
        }
    }
}

/// Sums a tile up in plain Rust: each product is rounded, then each sum.
pub fn plain_tile(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}
