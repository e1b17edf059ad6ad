//! Real pictures as what is not black in them.
//!
//! Four fifths of MNIST's pixels are black, x = -1. With y = x + 1, which is 0 there, and 1 the row of ones,
//!
//! ```text
//! x W1' = y W1' - 1 W1'                     the second term is the same for every picture
//! dW1 = sum of e x = sum of e y - sum of e 1
//! ```
//!
//! so the products of D's first layer with real pictures need a fifth of the work. Where the recipe adds an offset o to what
//! D sees, the second terms have 1 - o before them: none, if that makes black 0. Worth it while a picture's ink costs
//! less than a row of a dense product, see [`COST`]; a data set on a grey or a white ground takes the dense way.

use std::ops::Range;

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use linear::product::{Matrix, MatrixMut};

/// Holds the pixels of all pictures of a data set that are not black: two bytes each, next to the one that they are in
/// the data set itself.
pub struct Inks {
    /// Counts the groups of [`GROUP`] pixels that a picture has.
    groups: usize,
    /// Says where the ink of each group of each picture begins, picture by picture, and at last where it ends.
    starts: Vec<u32>,
    /// Says which pixel of its group each is, rising.
    places: Vec<u8>,
    /// Says how bright each is, 1 to 255.
    bytes: Vec<u8>,
}

/// Pixels whose weights stay in the first-level cache while all pictures pass: 16 KB at width 128.
const GROUP: usize = 32;

/// A pixel of ink costs two to three of a dense product: the kernels here are bound by loads, not by arithmetic.
const COST: usize = 3;

impl Inks {
    /// Collects the ink of `bytes`, pictures of `pixels` pixels, 0 black to 255 white; none if it is too much to be
    /// worth it.
    pub fn new(bytes: &[u8], pixels: usize) -> Option<Self> {
        let count = bytes.iter().filter(|&&byte| byte > 0).count();
        if count * COST > bytes.len() || u32::try_from(count).is_err() {
            return None;
        }
        Some(Self::of_all(bytes, pixels, count))
    }

    /// Collects the ink whether it is worth it or not; `count` is how much to make room for.
    fn of_all(bytes: &[u8], pixels: usize, count: usize) -> Self {
        let groups = pixels.div_ceil(GROUP);
        let mut inks = Self {
            groups,
            starts: Vec::with_capacity(bytes.len() / pixels * groups + 1),
            places: Vec::with_capacity(count),
            bytes: Vec::with_capacity(count),
        };
        for group in bytes.chunks(pixels).flat_map(|picture| picture.chunks(GROUP)) {
            inks.starts.push(inks.bytes.len() as u32);
            for (place, &byte) in group.iter().enumerate().filter(|(_, byte)| **byte > 0) {
                inks.places.push(place as u8);
                inks.bytes.push(byte);
            }
        }
        inks.starts.push(inks.bytes.len() as u32);
        inks
    }

    /// Reads a byte of every cache line of the ink of these pictures. The kernels go through all pictures group by
    /// group, and wait for memory at each first touch of a line; here the loads do not wait for each other.
    #[inline(always)]
    fn fetch(&self, indices: &[u32]) {
        let mut sum = 0u32;
        for &picture in indices {
            let first = picture as usize * self.groups;
            let starts = &self.starts[first..=first + self.groups];
            sum = starts.iter().step_by(16).fold(sum, |sum, start| sum.wrapping_add(*start));
            let range = starts[0] as usize..starts[self.groups] as usize;
            for (place, byte) in self.places[range.clone()].iter().zip(&self.bytes[range]).step_by(64) {
                sum = sum.wrapping_add(u32::from(*place) + u32::from(*byte));
            }
        }
        std::hint::black_box(sum);
    }

    /// Gives the ink of one group of one picture: which pixels of the group, and y of each, in (0, 2].
    #[inline(always)]
    fn of(&self, picture: u32, group: usize) -> impl Iterator<Item = (usize, f32)> {
        let first = picture as usize * self.groups + group;
        let range = self.starts[first] as usize..self.starts[first + 1] as usize;
        let (places, bytes) = (&self.places[range.clone()], &self.bytes[range]);
        places.iter().zip(bytes).map(|(&place, &byte)| (usize::from(place), f32::from(byte) * (2.0 / 255.0)))
    }
}

/// Writes out = y W1', a row for each of the pictures `indices`. `weight` is W1 transposed, [pixels, width]; out:
/// [pictures, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn product(out: &mut MatrixMut, inks: &Inks, indices: &[u32], weight: Matrix) {
    // As many columns at a time as half the registers hold.
    if target_cfg_f!(target_feature = "avx512f") {
        product_by::<128>(out, inks, indices, weight);
    } else {
        product_by::<64>(out, inks, indices, weight);
    }
}

#[inline(always)]
fn product_by<const BLOCK: usize>(out: &mut MatrixMut, inks: &Inks, indices: &[u32], weight: Matrix) {
    let (weight, _, width) = weight.rows();
    inks.fetch(indices);
    out.iter_rows().for_each(|row| row.fill(0.0));
    for (group, weight) in weight.chunks(GROUP * width).enumerate() {
        for (row, &picture) in out.iter_rows().zip(indices) {
            let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
            let from = blocks.len() * BLOCK;
            for (b, block) in blocks.iter_mut().enumerate() {
                let mut sums = *block;
                for (place, y) in inks.of(picture, group) {
                    let row = &weight[place * width + b * BLOCK..][..BLOCK];
                    for j in 0..BLOCK {
                        sums[j] += y * row[j];
                    }
                }
                *block = sums;
            }
            if !rest.is_empty() {
                for (place, y) in inks.of(picture, group) {
                    let row = &weight[place * width + from..][..rest.len()];
                    rest.iter_mut().zip(row).for_each(|(sum, w)| *sum += y * w);
                }
            }
        }
    }
}

/// Adds y' e, over the pictures `indices`, to the rows `range` of dW1 transposed: out [range, width]; errors:
/// [pictures, width].
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn add_outer(out: &mut [f32], range: Range<usize>, inks: &Inks, indices: &[u32], errors: Matrix) {
    if target_cfg_f!(target_feature = "avx512f") {
        add_outer_by::<128>(out, range, inks, indices, errors);
    } else {
        add_outer_by::<64>(out, range, inks, indices, errors);
    }
}

#[inline(always)]
fn add_outer_by<const BLOCK: usize>(
    out: &mut [f32],
    range: Range<usize>,
    inks: &Inks,
    indices: &[u32],
    errors: Matrix,
) {
    inks.fetch(indices);
    let width = out.len() / range.len().max(1);
    for group in range.start / GROUP..range.end.div_ceil(GROUP) {
        for (&picture, error) in indices.iter().zip(errors.iter_rows()) {
            let (blocks, rest) = error.as_chunks::<BLOCK>();
            for (b, block) in blocks.iter().enumerate() {
                let e = *block;
                for (place, y) in inks.of(picture, group) {
                    let pixel = group * GROUP + place;
                    // The first and the last group may reach beyond the range.
                    if range.contains(&pixel) {
                        let row = &mut out[(pixel - range.start) * width + b * BLOCK..][..BLOCK];
                        for j in 0..BLOCK {
                            row[j] += y * e[j];
                        }
                    }
                }
            }
            if !rest.is_empty() {
                for (pixel, y) in inks.of(picture, group).map(|(place, y)| (group * GROUP + place, y)) {
                    if range.contains(&pixel) {
                        let row = &mut out[(pixel - range.start + 1) * width - rest.len()..][..rest.len()];
                        row.iter_mut().zip(rest).for_each(|(slot, e)| *slot += y * e);
                    }
                }
            }
        }
    }
}

/// Writes out = the sum over rows of `values`: [rows, width] -> [width]. Eight rows are summed at a time, so that the
/// sum's error does not grow with every row.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn sum_of_rows(out: &mut [f32], values: &[f32]) {
    const BLOCK: usize = 64;
    let width = out.len();
    out.fill(0.0);
    for eight in values.chunks(8 * width) {
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let from = blocks.len() * BLOCK;
        for (b, out) in blocks.iter_mut().enumerate() {
            let mut sums = [0.0f32; BLOCK];
            for row in eight.chunks_exact(width) {
                let row = &row[b * BLOCK..][..BLOCK];
                for j in 0..BLOCK {
                    sums[j] += row[j];
                }
            }
            for j in 0..BLOCK {
                out[j] += sums[j];
            }
        }
        for (j, slot) in rest.iter_mut().enumerate() {
            *slot += eight.chunks_exact(width).map(|row| row[from + j]).sum::<f32>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: usize = 77;

    /// Pictures with all kinds of ink: none, all, at both ends and in the pixels that fill no eight, every third.
    fn pictures() -> Vec<Vec<u8>> {
        let mut ends = vec![0; PIXELS];
        (ends[0], ends[PIXELS - 1]) = (255, 1);
        let third = (0..PIXELS).map(|i| if i % 3 == 0 { i as u8 * 3 } else { 0 }).collect();
        vec![vec![0; PIXELS], vec![7; PIXELS], ends, third]
    }

    /// Without asking whether it is worth it.
    fn inks() -> Inks {
        Inks::of_all(&pictures().concat(), PIXELS, 0)
    }

    fn y(picture: usize, pixel: usize) -> f64 {
        f64::from(pictures()[picture][pixel]) * 2.0 / 255.0
    }

    fn number(i: usize) -> f32 {
        ((i * 37) % 64) as f32 - 30.0
    }

    #[test]
    fn products_are_those_of_whole_pictures() {
        // Narrower than a block, a block, and neither.
        for width in [3, 64, 150] {
            let weight: Vec<f32> = (0..PIXELS * width).map(number).collect();
            let mut out = vec![f32::NAN; 4 * width];
            product(
                &mut MatrixMut::new(&mut out, 4, width),
                &inks(),
                &[0, 1, 2, 3],
                Matrix::new(&weight, PIXELS, width),
            );
            for (i, got) in out.iter().enumerate() {
                let (picture, j) = (i / width, i % width);
                let expected: f64 = (0..PIXELS).map(|p| y(picture, p) * f64::from(weight[p * width + j])).sum();
                assert!((f64::from(*got) - expected).abs() < 1e-3, "{picture}, {width}: {got}, not {expected}");
            }
        }
    }

    #[test]
    fn outer_products_reach_the_rows_asked_for_and_no_others() {
        for (width, range) in [(3, 0..PIXELS), (64, 7..40), (150, PIXELS - 1..PIXELS), (2, 32..64), (2, 5..5)] {
            let errors: Vec<f32> = (0..4 * width).map(number).collect();
            let mut out = vec![1.0; range.len() * width];
            add_outer(&mut out, range.clone(), &inks(), &[0, 1, 2, 3], Matrix::new(&errors, 4, width));
            for (i, got) in out.iter().enumerate() {
                let terms = (0..4).map(|r| y(r, range.start + i / width) * f64::from(errors[r * width + i % width]));
                let expected = 1.0 + terms.sum::<f64>();
                assert!((f64::from(*got) - expected).abs() < 1e-4, "{range:?}, {width}: {got}, not {expected}");
            }
        }
    }

    #[test]
    fn a_sum_of_rows_takes_every_row() {
        for (rows, width) in [(1, 3), (20, 64), (17, 150)] {
            let values: Vec<f32> = (0..rows * width).map(number).collect();
            let mut out = vec![f32::NAN; width];
            sum_of_rows(&mut out, &values);
            for (j, got) in out.iter().enumerate() {
                assert_eq!(*got, (0..rows).map(|r| values[r * width + j]).sum::<f32>(), "{rows} by {width}, {j}");
            }
        }
    }

    #[test]
    fn ink_is_for_pictures_on_black() {
        assert!(Inks::new(&[0, 0, 0, 0, 0, 0, 0, 3], 4).is_some());
        assert!(Inks::new(&[255, 255, 255, 0], 4).is_none());
    }
}
