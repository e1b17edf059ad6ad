//! Fréchet distance between two clouds of features, each taken for a normal distribution: FID.
//!
//! |mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)), where tr (A B)^(1/2) is the sum of the roots of the eigenvalues of
//! the symmetric A^(1/2) B A^(1/2). All in f64. Eigenvalues come from Jacobi's rotations: on 84 by 84 they take
//! milliseconds, are as exact as any, and fit on a screen.
//!
//! Sources: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs trained by a two time-scale update rule converge
//! to a local Nash equilibrium", 2017; Golub, Van Loan, "Matrix Computations", section 8.5.

/// Holds mean and covariance of n pictures' features, k numbers each.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Holds the mean of each feature: [k].
    pub mean: Vec<f64>,
    /// Holds the covariances of the features, divided by n - 1: [k, k], symmetric.
    pub covariance: Vec<f64>,
}

impl Moments {
    /// Takes the moments of features: [n, k], row-major, n at least 2.
    pub fn of(features: &[f32], k: usize) -> Self {
        let n = (features.len() / k) as f64;
        let mut mean = vec![0.0; k];
        for row in features.chunks_exact(k) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        mean.iter_mut().for_each(|sum| *sum /= n);
        let mut covariance = vec![0.0; k * k];
        let mut centred = vec![0.0; k];
        for row in features.chunks_exact(k) {
            centred.iter_mut().zip(row).zip(&mean).for_each(|((slot, &x), mean)| *slot = f64::from(x) - mean);
            for (i, &x) in centred.iter().enumerate() {
                let sums = &mut covariance[i * k..(i + 1) * k];
                sums.iter_mut().zip(&centred).for_each(|(sum, y)| *sum += x * y);
            }
        }
        covariance.iter_mut().for_each(|sum| *sum /= (n - 1.0).max(1.0));
        Self { mean, covariance }
    }
}

/// Gives FID, the Fréchet distance between two clouds of features taken for normal distributions (Heusel et al., 2017):
/// 0 where their moments are the same.
pub fn frechet_distance(a: &Moments, b: &Moments) -> f64 {
    let k = a.mean.len();
    let apart: f64 = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum();
    let trace = |matrix: &[f64]| (0..k).map(|i| matrix[i * k + i]).sum::<f64>();
    let (values, vectors) = eigen(&a.covariance, k);
    // A^(1/2) = V diag(root of values) V'.
    let scaled: Vec<f64> = vectors.iter().enumerate().map(|(i, v)| v * root(values[i % k])).collect();
    let half = multiply(&scaled, &transpose(&vectors, k), k);
    let (middle, _) = eigen(&multiply(&multiply(&half, &b.covariance, k), &half, k), k);
    let cross: f64 = middle.into_iter().map(root).sum();
    // Rounding may leave a hair below zero where the clouds are one.
    (apart + trace(&a.covariance) + trace(&b.covariance) - 2.0 * cross).max(0.0)
}

/// Gives the root of an eigenvalue that cannot be negative but for rounding.
fn root(value: f64) -> f64 {
    value.max(0.0).sqrt()
}

fn multiply(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    for (out, row) in out.chunks_exact_mut(k).zip(a.chunks_exact(k)) {
        for (x, b) in row.iter().zip(b.chunks_exact(k)) {
            out.iter_mut().zip(b).for_each(|(sum, y)| *sum += x * y);
        }
    }
    out
}

fn transpose(a: &[f64], k: usize) -> Vec<f64> {
    (0..k * k).map(|i| a[i % k * k + i / k]).collect()
}

/// Gives eigenvalues, and eigenvectors as columns, of a symmetric [k, k], by Jacobi's rotations, row by row, until
/// nothing is left beside the diagonal.
fn eigen(symmetric: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
    /// Each sweep squares what is left; ten do, and a matrix of NaNs must come to an end.
    const SWEEPS: usize = 60;
    let mut a = symmetric.to_vec();
    let mut vectors: Vec<f64> = (0..k * k).map(|i| if i / k == i % k { 1.0 } else { 0.0 }).collect();
    let size: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let beside: f64 = (0..k * k).filter(|i| i / k != i % k).map(|i| a[i] * a[i]).sum();
        if beside <= size * f64::EPSILON.powi(2) {
            break;
        }
        for p in 0..k {
            for q in p + 1..k {
                let off = a[p * k + q];
                if off == 0.0 {
                    continue;
                }
                let tau = (a[q * k + q] - a[p * k + p]) / (2.0 * off);
                let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                rotate(&mut a, k, |i| (i * k + p, i * k + q), c, s);
                rotate(&mut a, k, |i| (p * k + i, q * k + i), c, s);
                rotate(&mut vectors, k, |i| (i * k + p, i * k + q), c, s);
            }
        }
    }
    ((0..k).map(|i| a[i * k + i]).collect(), vectors)
}

/// Turns the k pairs that `places` names by the angle of cosine `c` and sine `s`.
fn rotate(matrix: &mut [f64], k: usize, places: impl Fn(usize) -> (usize, usize), c: f64, s: f64) {
    for i in 0..k {
        let (p, q) = places(i);
        let (x, y) = (matrix[p], matrix[q]);
        matrix[p] = c * x - s * y;
        matrix[q] = s * x + c * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noise;

    fn cloud(n: usize, k: usize, step: u64) -> Vec<f32> {
        let mut values = vec![0.0; n * k];
        noise::fill_normal(9, noise::philox::Stream::Samples, step, &mut values);
        values
    }

    #[test]
    fn moments_are_those_of_numpy() {
        // numpy.mean and numpy.cov (rowvar=False) of the four rows.
        let moments = Moments::of(&[1.0, 2.0, 3.0, 5.0, 4.0, 4.0, 0.0, 1.0], 2);
        assert_eq!(moments.mean, [2.0, 3.0]);
        let expected = [10.0 / 3.0, 3.0, 3.0, 10.0 / 3.0];
        assert!(moments.covariance.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{moments:?}");
    }

    #[test]
    fn the_distance_between_axis_parallel_clouds_is_known_in_closed_form() {
        let diagonal = |mean: [f64; 3], deviations: [f64; 3]| Moments {
            mean: mean.to_vec(),
            covariance: (0..9).map(|i| if i % 4 == 0 { deviations[i / 4].powi(2) } else { 0.0 }).collect(),
        };
        // |difference of means|^2 + |difference of standard deviations|^2, one deviation being 0.
        let a = diagonal([1.0, 2.0, 3.0], [1.0, 2.0, 0.0]);
        let b = diagonal([1.0, 0.0, 4.0], [4.0, 1.0, 2.0]);
        assert!((frechet_distance(&a, &b) - (5.0 + 9.0 + 1.0 + 4.0)).abs() < 1e-12);
        assert!((frechet_distance(&b, &a) - 19.0).abs() < 1e-12);
    }

    #[test]
    fn eigenvectors_turn_the_matrix_into_its_eigenvalues() {
        let k = 20;
        let covariance = Moments::of(&cloud(40, k, 1), k).covariance;
        let (values, vectors) = eigen(&covariance, k);
        let product = multiply(&covariance, &vectors, k);
        for (i, x) in product.iter().enumerate() {
            assert!((x - vectors[i] * values[i % k]).abs() < 1e-12, "{i}");
        }
    }

    #[test]
    fn a_cloud_is_at_no_distance_from_itself_and_at_a_known_one_from_itself_moved() {
        let k = 12;
        let here = cloud(500, k, 2);
        let there: Vec<f32> = here.iter().map(|x| x + 0.5).collect();
        let [here, there] = [here, there].map(|features| Moments::of(&features, k));
        assert!(frechet_distance(&here, &here) < 1e-9);
        // Twelve coordinates, each moved by a half.
        assert!((frechet_distance(&here, &there) - 3.0).abs() < 1e-6);
    }

    #[test]
    fn fewer_pictures_than_features_and_one_repeated_are_no_trouble() {
        let k = 30;
        let few = Moments::of(&cloud(5, k, 3), k);
        let same = Moments::of(&[1.0f32; 300], k);
        assert!(frechet_distance(&few, &few) < 1e-9);
        assert!(frechet_distance(&few, &same) > 1.0);
        assert_eq!(frechet_distance(&same, &same), 0.0);
    }
}
