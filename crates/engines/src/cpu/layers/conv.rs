//! A convolution by its three products, picture by picture: each is a matrix product with what the picture's windows see, as
//! [`windows`] lays it out and sums it up.
//!
//! That takes memory of the thread's own, kept from step to step: no step allocates but a thread's first.

use std::cell::RefCell;
use std::ops::Range;

use linear::product::{Matrix, MatrixMut};
use net::Conv;
use windows::Windows;

thread_local! {
    static WINDOWS: RefCell<Windows> = const { RefCell::new(Windows::new()) };
}

/// Writes out = x convolved with W. weight: [channels out, channels in · kernel²]; x: [n, numbers of `from`]; out: [n, numbers
/// of `to`].
pub fn apply(conv: Conv, weight: &[f32], x: Matrix, out: &mut MatrixMut) {
    WINDOWS.with_borrow_mut(|windows| {
        let mut windows = windows.of(conv);
        for (x, out) in x.iter_rows().zip(out.iter_rows()) {
            let windows = Matrix::new(windows.lay_out(x), conv.places(), conv.column());
            MatrixMut::new(out, conv.to[0], conv.places()).product(weights(conv, weight), windows.t());
        }
    });
}

/// Writes out = the transpose of [`apply`] for e. e: [n, numbers of `to`]; out: [n, numbers of `from`].
pub fn apply_transposed(conv: Conv, weight: &[f32], e: Matrix, out: &mut MatrixMut) {
    WINDOWS.with_borrow_mut(|windows| {
        let mut windows = windows.of(conv);
        for (e, out) in e.iter_rows().zip(out.iter_rows()) {
            let e = Matrix::new(e, conv.to[0], conv.places());
            let mut rows = MatrixMut::new(windows.rows_mut(), conv.places(), conv.column());
            rows.product(e.t(), weights(conv, weight));
            windows.sum_up(out);
        }
    });
}

/// Writes out = `rows` of the gradient by W, summed over pictures. e: [n, numbers of `to`], the errors of what comes out; x: [n,
/// numbers of `from`]; out: [rows, channels in · kernel²].
pub fn weight_gradient(conv: Conv, e: Matrix, x: Matrix, rows: Range<usize>, out: &mut [f32]) {
    let places = conv.places();
    out.fill(0.0);
    let mut out = MatrixMut::new(out, rows.len(), conv.column());
    WINDOWS.with_borrow_mut(|windows| {
        let mut windows = windows.of(conv);
        for (e, x) in e.iter_rows().zip(x.iter_rows()) {
            let windows = Matrix::new(windows.lay_out(x), places, conv.column());
            let e = Matrix::new(&e[rows.start * places..rows.end * places], rows.len(), places);
            out.add_product(e, windows);
        }
    });
}

fn weights(conv: Conv, weight: &[f32]) -> Matrix<'_> {
    Matrix::new(weight, conv.to[0], conv.column())
}
