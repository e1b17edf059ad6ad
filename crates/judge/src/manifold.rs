//! Precision and recall: how many generated pictures look real, and how many real ones the generator could have drawn.
//!
//! The manifold of a set is the union of balls, one round each picture's features, that reaches to its third nearest
//! neighbour in the set. Precision is the share of generated pictures in the real manifold, recall that of real pictures
//! in the generated one.
//!
//! A hundred million distances are one matrix product. It is f32, on features moved to the middle of the real ones, so
//! that little cancels in |a|^2 - 2 a b + |b|^2.
//!
//! Source: Kynkäänniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for assessing generative
//! models", 2019, with their k = 3.

use super::parallel::in_order;
use linear::product::{Matrix, MatrixMut};

/// Counts the neighbours that a ball reaches to: k of the paper.
const NEIGHBOURS: usize = 3;
/// Counts the rows, and [`COLUMNS`] the columns, of the block of products that is computed at a time: 800 kB, which
/// stays in a core's cache.
const ROWS: usize = 100;
const COLUMNS: usize = 2000;
/// Counts the numbers looked at together, for the compiler to vectorise.
const LANES: usize = 16;

/// Holds the features of a set of n pictures, and how far the ball round each reaches.
#[derive(Clone, Debug)]
pub struct Manifold {
    /// Counts the features of a picture.
    k: usize,
    /// Holds the features less the centre: [n, k].
    features: Vec<f32>,
    /// Holds the squared length of each picture's features: [n].
    squares: Vec<f32>,
    /// Holds the squared radius of each picture's ball: [n].
    radii: Vec<f32>,
}

impl Manifold {
    /// Measures the balls of a set. features: [n, k]; `centre`: [k], the same for all sets that are compared. Fewer
    /// than four pictures have fewer neighbours than three: their balls reach to the farthest.
    pub fn new(features: &[f32], centre: &[f64], threads: usize) -> Self {
        let k = centre.len();
        let centred = features.iter().enumerate().map(|(i, &x)| (f64::from(x) - centre[i % k]) as f32);
        let features: Vec<f32> = centred.collect();
        let squares: Vec<f32> = features.chunks_exact(k).map(|row| row.iter().map(|x| x * x).sum()).collect();
        let mut manifold = Self { k, features, squares, radii: Vec::new() };
        let nearest = |block: usize| {
            let mut nearest = vec![Nearest::default(); ROWS];
            manifold.for_each_tile(block, &manifold, |row, start, products| {
                // |a - b|^2 - |a|^2, which is nearest where the distance is.
                let offsets = &manifold.squares[start..start + products.len()];
                products.iter_mut().zip(offsets).for_each(|(value, square)| *value = square - 2.0 * *value);
                nearest[row].take(products, (block * ROWS + row).checked_sub(start));
            });
            nearest
        };
        let nearest = in_order(manifold.blocks(), threads, nearest).into_iter().flatten();
        let radii = nearest.zip(&manifold.squares).map(|(nearest, square)| nearest.farthest() + square).collect();
        manifold.radii = radii;
        manifold
    }

    /// Gives the share of `a`'s pictures that lie in `b`'s manifold, and of `b`'s in `a`'s. With generated pictures as
    /// `a` and real ones as `b` these are precision and recall (Kynkäänniemi et al., 2019).
    pub fn shares(a: &Manifold, b: &Manifold, threads: usize) -> [f64; 2] {
        // |a - b|^2 <= r^2 for some b, where |a|^2 + min over b of (|b|^2 - r^2 - 2 a b) <= 0; and the other way round.
        let offsets = |manifold: &Manifold| -> Vec<f32> {
            manifold.squares.iter().zip(&manifold.radii).map(|(square, radius)| square - radius).collect()
        };
        let (of_a, of_b) = (offsets(a), offsets(b));
        let block = |block: usize| {
            let (mut rows, mut columns) = (vec![f32::INFINITY; ROWS], vec![f32::INFINITY; b.squares.len()]);
            a.for_each_tile(block, b, |row, start, products| {
                let offset = of_a[block * ROWS + row];
                for (least, value) in columns[start..].iter_mut().zip(&*products) {
                    *least = smaller(*least, offset - 2.0 * value);
                }
                products.iter_mut().zip(&of_b[start..]).for_each(|(value, offset)| *value = offset - 2.0 * *value);
                rows[row] = smaller(rows[row], least(products));
            });
            (rows, columns)
        };
        let (mut rows, mut columns) = (Vec::new(), vec![f32::INFINITY; b.squares.len()]);
        for (least_of_rows, least_of_columns) in in_order(a.blocks(), threads, block) {
            rows.extend(least_of_rows);
            columns.iter_mut().zip(least_of_columns).for_each(|(least, value)| *least = smaller(*least, value));
        }
        let share = |least: &[f32], squares: &[f32]| {
            let inside = least.iter().zip(squares).filter(|(least, square)| *least + *square <= 0.0).count();
            inside as f64 / squares.len() as f64
        };
        [share(&rows, &a.squares), share(&columns, &b.squares)]
    }

    /// Counts the pieces of [`ROWS`] pictures, the last of them shorter.
    fn blocks(&self) -> usize {
        self.squares.len().div_ceil(ROWS)
    }

    /// Calls `take` for each row a of a block and each run of columns b of `other`: the row in the block, the first
    /// column, and the products a b, to do with as it likes.
    fn for_each_tile(&self, block: usize, other: &Manifold, mut take: impl FnMut(usize, usize, &mut [f32])) {
        let k = self.k;
        let end = self.features.len().min((block + 1) * ROWS * k);
        let features = &self.features[block * ROWS * k..end];
        let rows = features.len() / k;
        let mut products = vec![0.0; rows * COLUMNS];
        for (start, columns) in (0..).step_by(COLUMNS).zip(other.features.chunks(COLUMNS * k)) {
            let width = columns.len() / k;
            let products = &mut products[..rows * width];
            let by_columns = Matrix::new(columns, width, k).t();
            MatrixMut::new(products, rows, width).product(Matrix::new(features, rows, k), by_columns);
            for (row, products) in products.chunks_exact_mut(width).enumerate() {
                take(row, start, products);
            }
        }
    }
}

/// Holds the smallest few numbers so far, rising.
#[derive(Clone)]
struct Nearest([f32; NEIGHBOURS]);

impl Default for Nearest {
    fn default() -> Self {
        Self([f32::INFINITY; NEIGHBOURS])
    }
}

impl Nearest {
    /// Takes `values` in, but for the one at `itself`, if that is among them.
    fn take(&mut self, values: &[f32], itself: Option<usize>) {
        for (first, chunk) in (0..).step_by(LANES).zip(values.chunks(LANES)) {
            // Nearly every chunk holds nothing near.
            if least(chunk) >= self.0[NEIGHBOURS - 1] {
                continue;
            }
            for (index, &value) in (first..).zip(chunk) {
                if value < self.0[NEIGHBOURS - 1] && Some(index) != itself {
                    let place = self.0.partition_point(|&near| near <= value);
                    self.0[place..].rotate_right(1);
                    self.0[place] = value;
                }
            }
        }
    }

    fn farthest(&self) -> f32 {
        self.0.iter().copied().filter(|value| value.is_finite()).fold(f32::NEG_INFINITY, f32::max)
    }
}

/// Gives the smallest of `values`.
fn least(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::INFINITY; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &value)| *lane = smaller(*lane, value));
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(f32::INFINITY, smaller)
}

/// Gives the smaller of two in one instruction, where `f32::min` looks for NaN.
fn smaller(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noise;
    use noise::philox::Stream;

    const K: usize = 6;

    fn cloud(n: usize, step: u64, deviation: f32, mean: f32) -> Vec<f32> {
        let mut values = vec![0.0; n * K];
        noise::fill_normal(3, Stream::Samples, step, &mut values);
        values.iter().map(|x| mean + deviation * x).collect()
    }

    /// The definition, by sorting plain f64 distances.
    fn plain_share(a: &[f32], b: &[f32]) -> f64 {
        let distance = |x: &[f32], y: &[f32]| -> f64 {
            x.iter().zip(y).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum()
        };
        let radii: Vec<f64> = b
            .chunks_exact(K)
            .map(|row| {
                let mut all: Vec<f64> = b.chunks_exact(K).map(|other| distance(row, other)).collect();
                all.sort_unstable_by(f64::total_cmp);
                // all[0] is the distance to itself.
                all[NEIGHBOURS]
            })
            .collect();
        let inside = |row: &&[f32]| b.chunks_exact(K).zip(&radii).any(|(ball, &radius)| distance(row, ball) <= radius);
        a.chunks_exact(K).filter(inside).count() as f64 / (a.len() / K) as f64
    }

    #[test]
    fn shares_are_those_of_the_definition() {
        // More than a block each way, and sizes that no block divides.
        let (real, other) = (cloud(2345, 0, 1.0, 0.2), cloud(511, 1, 1.3, 0.0));
        let [a, b] = [&real, &other].map(|features| Manifold::new(features, &[0.1; K], 1));
        let shares = Manifold::shares(&a, &b, 1);
        assert_eq!(shares, [plain_share(&real, &other), plain_share(&other, &real)]);
        assert!(shares.iter().all(|share| (0.1..0.99).contains(share)), "{shares:?} tells nothing");
    }

    #[test]
    fn clouds_apart_share_nothing_and_a_cloud_all_with_itself() {
        let [here, there] =
            [cloud(300, 0, 1.0, 0.0), cloud(300, 1, 1.0, 40.0)].map(|features| Manifold::new(&features, &[0.0; K], 2));
        assert_eq!(Manifold::shares(&here, &there, 2), [0.0, 0.0]);
        assert_eq!(Manifold::shares(&here, &here, 2), [1.0, 1.0]);
    }

    #[test]
    fn one_picture_drawn_again_and_again_recalls_nothing() {
        let real = Manifold::new(&cloud(400, 0, 1.0, 0.0), &[0.0; K], 1);
        let collapsed = Manifold::new(&[0.05; 400 * K], &[0.0; K], 1);
        assert_eq!(Manifold::shares(&real, &collapsed, 1), [0.0, 1.0]);
    }

    #[test]
    fn threads_change_nothing_and_few_pictures_are_no_trouble() {
        let (a, b) = (cloud(700, 0, 1.0, 0.0), cloud(650, 1, 1.1, 0.0));
        let share = |threads| {
            let [a, b] = [&a, &b].map(|features| Manifold::new(features, &[0.0; K], threads));
            (a.radii.clone(), Manifold::shares(&a, &b, threads))
        };
        assert_eq!(share(1), share(3));
        for n in [1, 2, 3, 4] {
            let few = Manifold::new(&cloud(n, 5, 1.0, 0.0), &[0.0; K], 1);
            let shares = Manifold::shares(&few, &few, 1);
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{n}: {shares:?}");
        }
    }
}
