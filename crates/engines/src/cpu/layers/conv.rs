//! A convolution by its three products, picture by picture: each is a matrix product with a picture's columns, which are laid out
//! in memory first, or spread over the picture afterwards.
//!
//! Column p holds what place p of the window sees: [channels in · kernel², places]. With W as [channels out, channels in · kernel²]
//! a convolution is W times columns, its transpose is W' times the errors spread back over the picture, and the weight's gradient
//! is errors times columns'. A transposed convolution is the same three with its two sides exchanged.
//!
//! Columns are laid out in memory of the thread's own, kept from step to step: no step allocates but a thread's first.

use std::cell::RefCell;
use std::ops::Range;

use linear::product::{Matrix, MatrixMut};
use net::Conv;

thread_local! {
    /// Holds the columns of one picture.
    static COLUMNS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Writes out = x convolved with W. weight: [channels out, channels in · kernel²]; x: [n, numbers of `from`]; out: [n, numbers
/// of `to`].
pub fn apply(conv: Conv, weight: &[f32], x: Matrix, out: &mut MatrixMut) {
    let weight = weights(conv, weight);
    with_columns(conv, |columns| {
        for (x, out) in x.iter_rows().zip(out.iter_rows()) {
            lay_out(conv, x, columns);
            MatrixMut::new(out, conv.to[0], conv.places()).product(weight, matrix(conv, columns));
        }
    });
}

/// Writes out = the transpose of [`apply`] for e. e: [n, numbers of `to`]; out: [n, numbers of `from`].
pub fn apply_transposed(conv: Conv, weight: &[f32], e: Matrix, out: &mut MatrixMut) {
    let weight = weights(conv, weight);
    with_columns(conv, |columns| {
        for (e, out) in e.iter_rows().zip(out.iter_rows()) {
            let e = Matrix::new(e, conv.to[0], conv.places());
            MatrixMut::new(columns, conv.column(), conv.places()).product(weight.t(), e);
            spread(conv, columns, out);
        }
    });
}

/// Writes out = `rows` of the gradient by W, summed over pictures. e: [n, numbers of `to`], the errors of what comes out; x: [n,
/// numbers of `from`]; out: [rows, channels in · kernel²].
pub fn weight_gradient(conv: Conv, e: Matrix, x: Matrix, rows: Range<usize>, out: &mut [f32]) {
    let places = conv.places();
    out.fill(0.0);
    let mut out = MatrixMut::new(out, rows.len(), conv.column());
    with_columns(conv, |columns| {
        for (e, x) in e.iter_rows().zip(x.iter_rows()) {
            lay_out(conv, x, columns);
            let e = Matrix::new(&e[rows.start * places..rows.end * places], rows.len(), places);
            out.add_product(e, matrix(conv, columns).t());
        }
    });
}

fn weights(conv: Conv, weight: &[f32]) -> Matrix<'_> {
    Matrix::new(weight, conv.to[0], conv.column())
}

fn matrix(conv: Conv, columns: &[f32]) -> Matrix<'_> {
    Matrix::new(columns, conv.column(), conv.places())
}

fn with_columns(conv: Conv, work: impl FnOnce(&mut [f32])) {
    COLUMNS.with_borrow_mut(|columns| {
        let count = conv.column() * conv.places();
        if columns.len() < count {
            columns.resize(count, 0.0);
        }
        work(&mut columns[..count]);
    });
}

/// Goes through the rows of the columns: for each channel, row and column of the kernel, and each row of places, calls `row` with the
/// row of the picture that is met, if there is one, the kernel's column, and the places' numbers among all columns.
fn rows_of(conv: Conv, mut row: impl FnMut(Option<Range<usize>>, usize, Range<usize>)) {
    let ([channels, height, width], [_, rows, columns]) = (conv.from, conv.to);
    let mut start = 0;
    for channel in 0..channels {
        for tap_row in 0..conv.kernel {
            for tap_column in 0..conv.kernel {
                for place in 0..rows {
                    let met = conv.meets(place, tap_row, height).map(|row| {
                        let first = (channel * height + row) * width;
                        first..first + width
                    });
                    row(met, tap_column, start..start + columns);
                    start += columns;
                }
            }
        }
    }
}

/// Gives the places of a row whose window's column `tap` is within the picture.
fn within(conv: Conv, tap: usize) -> Range<usize> {
    let first = conv.padding.saturating_sub(tap).div_ceil(conv.stride);
    let end = (conv.from[2] * conv.upsample + conv.padding).saturating_sub(tap).div_ceil(conv.stride);
    let end = end.min(conv.to[2]);
    first.min(end)..end
}

/// Lays the columns of a picture out. x: [numbers of `from`]; columns: [channels in · kernel², places].
fn lay_out(conv: Conv, x: &[f32], columns: &mut [f32]) {
    rows_of(conv, |met, tap, places| {
        let places = &mut columns[places];
        let Some(met) = met else { return places.fill(0.0) };
        let (x, inside) = (&x[met], within(conv, tap));
        places[..inside.start].fill(0.0);
        places[inside.end..].fill(0.0);
        if inside.is_empty() {
            return;
        }
        let first = inside.start * conv.stride + tap - conv.padding;
        let places = &mut places[inside];
        match (conv.stride, conv.upsample) {
            (1, 1) => places.copy_from_slice(&x[first..first + places.len()]),
            (stride, 1) => places.iter_mut().zip(x[first..].iter().step_by(stride)).for_each(|(slot, x)| *slot = *x),
            (stride, times) => {
                places.iter_mut().enumerate().for_each(|(i, slot)| *slot = x[(first + i * stride) / times])
            }
        }
    });
}

/// Sums columns up where they came from. columns: [channels in · kernel², places]; x: [numbers of `from`].
fn spread(conv: Conv, columns: &[f32], x: &mut [f32]) {
    x.fill(0.0);
    rows_of(conv, |met, tap, places| {
        let (Some(met), inside) = (met, within(conv, tap)) else { return };
        if inside.is_empty() {
            return;
        }
        let (x, places) = (&mut x[met], &columns[places]);
        let first = inside.start * conv.stride + tap - conv.padding;
        let places = &places[inside];
        match (conv.stride, conv.upsample) {
            (1, 1) => x[first..].iter_mut().zip(places).for_each(|(slot, place)| *slot += place),
            (stride, 1) => x[first..].iter_mut().step_by(stride).zip(places).for_each(|(slot, place)| *slot += place),
            (stride, times) => {
                places.iter().enumerate().for_each(|(i, place)| x[(first + i * stride) / times] += place)
            }
        }
    });
}
