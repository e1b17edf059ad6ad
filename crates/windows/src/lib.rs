//! What the windows of a convolution see of a picture, laid out in rows, and such rows summed up where windows overlap.
//!
//! Row p of the windows holds what place p of the kernel sees: [places, channels in · kernel²]. With W as [channels out, channels in ·
//! kernel²] a convolution is W windows', its transpose is errors' W summed up, and the weight's gradient is errors times windows. A
//! transposed convolution is the same three with its two sides exchanged. Engines and the page's runtime make their products of this.
//!
//! Windows are taken from a copy of the picture with its zeros around it, so that a window's row is a handful of numbers in a row,
//! whatever the edges, strides and repeated rows. Whoever keeps a [`Windows`] allocates nothing for a convolution no larger than one before.

use std::ops::Range;

use net::Conv;

/// Says whether the loops over the usual kernels are compiled one by one.
const WRITTEN_OUT: bool = !cfg!(target_arch = "wasm32");

/// Holds the memory that a picture's windows need.
#[derive(Default)]
pub struct Windows {
    /// Holds the picture with zeros around it, its rows and columns repeated, as far as windows reach: [channels in, rows, columns].
    framed: Vec<f32>,
    /// Holds what each place sees: [places, channels in · kernel²].
    rows: Vec<f32>,
}

/// Holds the windows of one convolution, picture after picture.
pub struct Fitted<'a> {
    conv: Conv,
    framed: &'a mut [f32],
    rows: &'a mut [f32],
}

impl Windows {
    /// Makes windows without any memory yet.
    pub const fn new() -> Self {
        Self { framed: Vec::new(), rows: Vec::new() }
    }

    /// Makes room for a convolution: for [`Conv::seen`] numbers, which what reads convolutions from elsewhere looks at first.
    pub fn of(&mut self, conv: Conv) -> Fitted<'_> {
        let Self { framed, rows } = self;
        let [height, width] = conv.framed();
        framed.clear();
        framed.resize(conv.from[0] * height * width, 0.0);
        let count = conv.column() * conv.places();
        rows.resize(rows.len().max(count), 0.0);
        Fitted { conv, framed, rows: &mut rows[..count] }
    }
}

impl Fitted<'_> {
    /// Lays out what the windows of a picture see. x: the numbers of `from`; gives [places, channels in · kernel²].
    ///
    /// # Panics
    /// If there are fewer numbers.
    pub fn lay_out(&mut self, x: &[f32]) -> &[f32] {
        lay_out(self.conv, x, self.framed, self.rows);
        self.rows
    }

    /// Gives the windows to be written, before [`Fitted::sum_up`]: [places, channels in · kernel²].
    pub fn rows_mut(&mut self) -> &mut [f32] {
        self.rows
    }

    /// Writes the sums of what windows hold for each number that they see. x: the numbers of `from`.
    ///
    /// # Panics
    /// If there is room for fewer numbers.
    pub fn sum_up(&mut self, x: &mut [f32]) {
        sum_up(self.conv, self.rows, self.framed, x);
        // As `lay_out` needs it.
        self.framed.fill(0.0);
    }
}

/// Goes through the rows of the framed picture that have a row of the picture: calls `row` with the one's numbers, those between
/// the zeros, and with the other's.
fn rows_within(conv: Conv, mut row: impl FnMut(Range<usize>, Range<usize>)) {
    let ([channels, height, width], [rows, columns]) = (conv.from, conv.framed());
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
    // Written out for the usual kernels, so that a window's row is one or two moves; not for the browser, where bytes count too.
    match conv.kernel {
        3 if WRITTEN_OUT => windows_rows(conv, 3, framed, windows, |framed, window| window.copy_from_slice(framed)),
        4 if WRITTEN_OUT => windows_rows(conv, 4, framed, windows, |framed, window| window.copy_from_slice(framed)),
        kernel => windows_rows(conv, kernel, framed, windows, |framed, window| window.copy_from_slice(framed)),
    }
}

/// Sums windows up where they overlap. windows: [places, channels in · kernel²]; x: [numbers of `from`].
fn sum_up(conv: Conv, windows: &mut [f32], framed: &mut [f32], x: &mut [f32]) {
    let add = |framed: &mut [f32], window: &mut [f32]| framed.iter_mut().zip(window).for_each(|(slot, w)| *slot += *w);
    framed.fill(0.0);
    match conv.kernel {
        3 if WRITTEN_OUT => windows_rows(conv, 3, framed, windows, add),
        4 if WRITTEN_OUT => windows_rows(conv, 4, framed, windows, add),
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
    let ([channels, ..], [_, rows, columns], [height, width]) = (conv.from, conv.to, conv.framed());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_see_what_the_map_says_and_sums_go_back_there() {
        let mut windows = Windows::new();
        for (from, [kernel, stride, padding, upsample]) in [
            ([2, 5, 4], [3, 1, 1, 1]),
            ([1, 6, 7], [4, 2, 1, 1]),
            ([3, 3, 2], [3, 1, 1, 2]),
            ([2, 7, 5], [2, 3, 0, 1]),
            ([1, 2, 2], [1, 1, 2, 1]),
        ] {
            let conv = Conv::over(from, 1, kernel, stride, padding, upsample).unwrap();
            let [channels, height, width] = from;
            let x: Vec<f32> = (1..=channels * height * width).map(|i| i as f32).collect();
            let mut fitted = windows.of(conv);
            assert_eq!(fitted.framed.len() + fitted.rows.len(), conv.seen(), "{conv:?}");
            let mut expected = vec![0.0; conv.column() * conv.places()];
            let mut seen = vec![0.0; x.len()];
            for (i, slot) in expected.iter_mut().enumerate() {
                let (place, tap) = (i / conv.column(), i % conv.column());
                let (channel, row, column) = (tap / (kernel * kernel), tap / kernel % kernel, tap % kernel);
                let row = conv.meets(place / conv.to[2], row, height);
                if let Some((row, column)) = row.zip(conv.meets(place % conv.to[2], column, width)) {
                    let at = (channel * height + row) * width + column;
                    *slot = x[at];
                    seen[at] += x[at];
                }
            }
            // Twice, and once more after a sum: memory is used again.
            for _ in 0..2 {
                assert_eq!(fitted.lay_out(&x), expected, "{conv:?}");
                let mut summed = vec![f32::NAN; x.len()];
                fitted.sum_up(&mut summed);
                assert_eq!(summed, seen, "{conv:?}");
            }
        }
    }
}
