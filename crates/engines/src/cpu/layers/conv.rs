//! A convolution by its three products, picture by picture: each is a matrix product with what the windows of a picture see, which
//! is laid out in memory first, or summed up into the picture afterwards.
//!
//! Row p of the windows holds what place p sees: [places, channels in · kernel²]. With W as [channels out, channels in · kernel²] a
//! convolution is W windows', its transpose is errors' W summed up where windows overlap, and the weight's gradient is errors times
//! windows. A transposed convolution is the same three with its two sides exchanged.
//!
//! Windows are taken from a copy of the picture with its zeros around it, so that a window's row is a handful of numbers in a row,
//! whatever the edges, strides and repeated rows. Both lie in memory of the thread's own, kept from step to step: no step allocates
//! but a thread's first.

use std::cell::RefCell;
use std::ops::Range;

use linear::product::{Matrix, MatrixMut};
use net::Conv;

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { framed: Vec::new(), windows: Vec::new() }) };
}

/// Holds what a product needs for one picture.
struct Scratch {
    /// Holds the picture with zeros around it, its rows and columns repeated, as far as windows reach: [channels in, rows, columns].
    framed: Vec<f32>,
    /// Holds what each place sees: [places, channels in · kernel²].
    windows: Vec<f32>,
}

/// Writes out = x convolved with W. weight: [channels out, channels in · kernel²]; x: [n, numbers of `from`]; out: [n, numbers
/// of `to`].
pub fn apply(conv: Conv, weight: &[f32], x: Matrix, out: &mut MatrixMut) {
    let weight = weights(conv, weight);
    with_scratch(conv, |framed, windows| {
        for (x, out) in x.iter_rows().zip(out.iter_rows()) {
            lay_out(conv, x, framed, windows);
            MatrixMut::new(out, conv.to[0], conv.places()).product(weight, matrix(conv, windows).t());
        }
    });
}

/// Writes out = the transpose of [`apply`] for e. e: [n, numbers of `to`]; out: [n, numbers of `from`].
pub fn apply_transposed(conv: Conv, weight: &[f32], e: Matrix, out: &mut MatrixMut) {
    let weight = weights(conv, weight);
    with_scratch(conv, |framed, windows| {
        for (e, out) in e.iter_rows().zip(out.iter_rows()) {
            let e = Matrix::new(e, conv.to[0], conv.places());
            MatrixMut::new(windows, conv.places(), conv.column()).product(e.t(), weight);
            sum_up(conv, windows, framed, out);
        }
    });
}

/// Writes out = `rows` of the gradient by W, summed over pictures. e: [n, numbers of `to`], the errors of what comes out; x: [n,
/// numbers of `from`]; out: [rows, channels in · kernel²].
pub fn weight_gradient(conv: Conv, e: Matrix, x: Matrix, rows: Range<usize>, out: &mut [f32]) {
    let places = conv.places();
    out.fill(0.0);
    let mut out = MatrixMut::new(out, rows.len(), conv.column());
    with_scratch(conv, |framed, windows| {
        for (e, x) in e.iter_rows().zip(x.iter_rows()) {
            lay_out(conv, x, framed, windows);
            let e = Matrix::new(&e[rows.start * places..rows.end * places], rows.len(), places);
            out.add_product(e, matrix(conv, windows));
        }
    });
}

fn weights(conv: Conv, weight: &[f32]) -> Matrix<'_> {
    Matrix::new(weight, conv.to[0], conv.column())
}

fn matrix(conv: Conv, windows: &[f32]) -> Matrix<'_> {
    Matrix::new(windows, conv.places(), conv.column())
}

/// Lends the picture with its frame, all zeros, and the windows.
fn with_scratch(conv: Conv, work: impl FnOnce(&mut [f32], &mut [f32])) {
    SCRATCH.with_borrow_mut(|Scratch { framed, windows }| {
        let [rows, columns] = framed_size(conv);
        framed.clear();
        framed.resize(conv.from[0] * rows * columns, 0.0);
        windows.resize(windows.len().max(conv.column() * conv.places()), 0.0);
        work(framed, &mut windows[..conv.column() * conv.places()]);
    });
}

/// Counts the rows and the columns that all windows together see.
fn framed_size(conv: Conv) -> [usize; 2] {
    [1, 2].map(|side| (conv.to[side] - 1) * conv.stride + conv.kernel)
}

/// Goes through the rows of the framed picture that have a row of the picture: calls `row` with the one's numbers, those between
/// the zeros, and with the other's.
fn rows_within(conv: Conv, mut row: impl FnMut(Range<usize>, Range<usize>)) {
    let ([channels, height, width], [rows, columns]) = (conv.from, framed_size(conv));
    let inside = conv.padding..columns.min(conv.padding + width * conv.upsample);
    for (channel, framed_row) in (0..channels).flat_map(|channel| (0..rows).map(move |row| (channel, row))) {
        let at = framed_row.checked_sub(conv.padding).map(|at| at / conv.upsample).filter(|&at| at < height);
        if let Some(at) = at.filter(|_| !inside.is_empty()) {
            let (framed, from) = ((channel * rows + framed_row) * columns, (channel * height + at) * width);
            row(framed + inside.start..framed + inside.end, from..from + width);
        }
    }
}

/// Lays out what the windows of a picture see. x: [numbers of `from`]; framed: with zeros around; windows: [places, channels in ·
/// kernel²].
fn lay_out(conv: Conv, x: &[f32], framed: &mut [f32], windows: &mut [f32]) {
    rows_within(conv, |framed_row, row| {
        let (framed, x) = (&mut framed[framed_row], &x[row]);
        match conv.upsample {
            1 => framed.copy_from_slice(&x[..framed.len()]),
            times => framed.iter_mut().enumerate().for_each(|(i, slot)| *slot = x[i / times]),
        }
    });
    // Written out for the usual kernels, so that a window's row is one or two moves.
    match conv.kernel {
        3 => windows_rows(conv, 3, framed, windows, |framed, window| window.copy_from_slice(framed)),
        4 => windows_rows(conv, 4, framed, windows, |framed, window| window.copy_from_slice(framed)),
        kernel => windows_rows(conv, kernel, framed, windows, |framed, window| window.copy_from_slice(framed)),
    }
}

/// Sums windows up where they overlap. windows: [places, channels in · kernel²]; x: [numbers of `from`].
fn sum_up(conv: Conv, windows: &mut [f32], framed: &mut [f32], x: &mut [f32]) {
    let add = |framed: &mut [f32], window: &mut [f32]| framed.iter_mut().zip(window).for_each(|(slot, w)| *slot += *w);
    framed.fill(0.0);
    match conv.kernel {
        3 => windows_rows(conv, 3, framed, windows, add),
        4 => windows_rows(conv, 4, framed, windows, add),
        kernel => windows_rows(conv, kernel, framed, windows, add),
    }
    x.fill(0.0);
    rows_within(conv, |framed_row, row| {
        let (framed, x) = (&framed[framed_row], &mut x[row]);
        match conv.upsample {
            1 => x.iter_mut().zip(framed).for_each(|(slot, value)| *slot += value),
            times => framed.iter().enumerate().for_each(|(i, value)| x[i / times] += value),
        }
    });
}

/// Goes through the rows of all windows, place by place: calls `each` with the numbers of the framed picture and of the window.
#[inline(always)]
fn windows_rows(
    conv: Conv,
    kernel: usize,
    framed: &mut [f32],
    windows: &mut [f32],
    each: impl Fn(&mut [f32], &mut [f32]),
) {
    let ([channels, ..], [_, rows, columns], [height, width]) = (conv.from, conv.to, framed_size(conv));
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row * width + column) * conv.stride));
    for (place, window) in places.zip(windows.chunks_exact_mut(channels * kernel * kernel)) {
        for (channel, window) in window.chunks_exact_mut(kernel * kernel).enumerate() {
            let first = channel * height * width + place;
            // One check for all rows of the kernel.
            let framed = &mut framed[first..first + (kernel - 1) * width + kernel];
            for (row, window) in window.chunks_exact_mut(kernel).enumerate() {
                each(&mut framed[row * width..row * width + kernel], window);
            }
        }
    }
}
