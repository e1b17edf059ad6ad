//! What a handful of runs lets one say: bootstrap intervals, permutation tests, Holm's correction.
//!
//! Resampling draws from the project's Philox under a fixed key, so the same runs give the same figures, on any machine.
//!
//! Sources: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 (percentile interval) and 15
//! (permutation tests); Phipson, Smyth, "Permutation P-values Should Never Be Zero", 2010; Holm, "A Simple Sequentially
//! Rejective Multiple Test Procedure", 1979; Wilson, "Probable Inference", 1927.

use serde::Serialize;

use noise::philox::{Stream, block};

/// Key of all resampling.
const KEY: u64 = 0;
/// Resamples of a bootstrap.
pub const RESAMPLES: usize = 10_000;
/// Of the intervals.
pub const CONFIDENCE: f64 = 0.95;
/// The normal distribution's quantile of that, both sides.
const Z: f64 = 1.959_963_984_540_054;

/// A metric of the runs of one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Runs that have it.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// Sample standard deviation; 0 of one run.
    pub deviation: f64,
    /// Least.
    pub least: f64,
    /// Greatest.
    pub greatest: f64,
    /// Ends of the 95 % interval of the mean: percentiles of bootstrapped means; nothing of one run.
    pub interval: Option<[f64; 2]>,
}

/// Describes `values`; `purpose` numbers the draws. Nothing of no values.
pub fn summary(values: &[f64], purpose: u64) -> Option<Summary> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (count, mean) = (values.len(), mean(values));
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Summary {
        count,
        mean,
        median: quantile(&sorted, 0.5),
        deviation: if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 },
        least: sorted[0],
        greatest: sorted[count - 1],
        interval: (count > 1).then(|| bootstrap(values, purpose)),
    })
}

fn bootstrap(values: &[f64], purpose: u64) -> [f64; 2] {
    let mut draws = Draws::new(purpose);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| values.iter().map(|_| values[draws.below(values.len())]).sum::<f64>() / values.len() as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    [quantile(&means, tail), quantile(&means, 1.0 - tail)]
}

/// Wilson's interval of a share: the bootstrap's would have no width where all runs or none are of the kind.
pub fn share_interval(hits: usize, of: usize) -> [f64; 2] {
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Exact at the ends, where rounding would leave a hair.
    let low = if hits == 0 { 0.0 } else { (centre - half) / scale };
    [low, if hits == of { 1.0 } else { (centre + half) / scale }]
}

/// Two-sided p of the difference of the means of `a` and `b`, were the runs shuffled between the two: the share of
/// `permutations` shuffles, and of what was seen, that differ by as much. Nothing where either has fewer than two.
pub fn permutation_p(a: &[f64], b: &[f64], permutations: usize, purpose: u64) -> Option<f64> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let mut pool: Vec<f64> = a.iter().chain(b).copied().collect();
    let total: f64 = pool.iter().sum();
    let difference = |of_a: f64| (of_a / a.len() as f64 - (total - of_a) / b.len() as f64).abs();
    // As much but for rounding, which depends on the order of a sum.
    let seen = difference(a.iter().sum()) * (1.0 - 1e-12);
    let mut draws = Draws::new(purpose);
    let mut as_much = 0;
    for _ in 0..permutations {
        let mut of_a = 0.0;
        for place in 0..a.len() {
            let left = pool.len() - place;
            pool.swap(place, place + draws.below(left));
            of_a += pool[place];
        }
        as_much += usize::from(difference(of_a) >= seen);
    }
    Some((1 + as_much) as f64 / (1 + permutations) as f64)
}

/// Holm's adjusted p of each: below 0.05 it stands though so many were asked.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&i, &j| ps[i].total_cmp(&ps[j]));
    let (mut adjusted, mut least) = (vec![0.0; ps.len()], 0f64);
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max((ps[index] * (ps.len() - rank) as f64).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

/// Mean of at least one value.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Linear between the two nearest of at least one sorted value.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

/// Words of one purpose, one after the other.
struct Draws {
    purpose: u64,
    next: u64,
    words: [u32; 4],
}

impl Draws {
    fn new(purpose: u64) -> Self {
        Self { purpose, next: 0, words: [0; 4] }
    }

    /// Uniform among 0..`count`; biased by less than `count` / 2^32.
    fn below(&mut self, count: usize) -> usize {
        let lane = (self.next % 4) as usize;
        if lane == 0 {
            self.words = block(KEY, Stream::Resampling, self.purpose, (self.next / 4) as u32);
        }
        self.next += 1;
        ((u64::from(self.words[lane]) * count as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    #[test]
    fn a_summary_is_what_the_textbook_says() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let s = summary(&values, 0).unwrap();
        assert_eq!((s.count, s.mean, s.median, s.least, s.greatest), (8, 5.0, 4.5, 2.0, 9.0));
        near(s.deviation, (32.0f64 / 7.0).sqrt(), 1e-12);
        // The interval of a mean is about 1.96 standard errors, of the plain deviation, to either side.
        let [low, high] = s.interval.unwrap();
        let error = 2.0 / 8f64.sqrt();
        near(low, 5.0 - 1.96 * error, 0.2);
        near(high, 5.0 + 1.96 * error, 0.2);
        assert_eq!(summary(&values, 0), summary(&values, 0), "the same draws each time");
        assert_ne!(summary(&values, 0).unwrap().interval, summary(&[2.0, 9.0], 0).unwrap().interval);
        assert_eq!(summary(&[], 0), None);
        assert_eq!(summary(&[3.0], 0).unwrap().interval, None);
    }

    #[test]
    fn the_interval_holds_the_mean_about_as_often_as_it_says() {
        // 400 samples of 20 uniform numbers, whose mean is a half.
        let mut draws = Draws::new(99);
        let mut held = 0;
        for trial in 0..400 {
            let values: Vec<f64> = (0..20).map(|_| draws.below(1 << 20) as f64 / f64::from(1 << 20)).collect();
            let [low, high] = bootstrap(&values, trial);
            held += u32::from((low..=high).contains(&0.5));
        }
        // 95 % less the percentile interval's known shortfall at 20, plus or minus three standard errors of 400 trials.
        assert!((356..=392).contains(&held), "{held} of 400");
    }

    #[test]
    fn a_permutation_test_agrees_with_all_permutations_counted() {
        // Three against three, all below all others: 2 of 20 splits are as far apart.
        let p = permutation_p(&[1.0, 2.0, 3.0], &[11.0, 12.0, 13.0], 20_000, 5).unwrap();
        near(p, 0.1, 0.01);
        near(permutation_p(&[1.0, 2.0], &[1.0, 2.0], 1000, 5).unwrap(), 1.0, 1e-9);
        let (a, b): (Vec<f64>, Vec<f64>) = ((0..10).map(f64::from).collect(), (100..110).map(f64::from).collect());
        near(permutation_p(&a, &b, 20_000, 6).unwrap(), 1.0 / 20_001.0, 2e-4);
        assert_eq!(permutation_p(&[1.0], &b, 1000, 6), None);
    }

    #[test]
    fn chance_alone_is_seldom_taken_for_a_difference() {
        let mut draws = Draws::new(3);
        let mut sample = || -> Vec<f64> { (0..8).map(|_| draws.below(1000) as f64).collect() };
        let below = (0..200).filter(|&trial| {
            let (a, b) = (sample(), sample());
            permutation_p(&a, &b, 1000, trial).unwrap() < 0.05
        });
        // 10 of 200 are expected; 20 are three standard deviations more.
        let count = below.count();
        assert!((2..=20).contains(&count), "{count} of 200");
    }

    #[test]
    fn holm_and_wilson_give_their_papers_figures() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(*got, expected, 1e-12);
        }
        assert!(holm(&[]).is_empty());
        let [low, high] = share_interval(10, 10);
        near(low, 0.7225, 1e-4);
        assert_eq!(high, 1.0);
        near(share_interval(5, 10)[0], 0.2366, 1e-4);
        assert_eq!(share_interval(0, 10)[0], 0.0);
    }
}
