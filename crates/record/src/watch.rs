//! Failures that have names, looked for after each epoch: D overpowers G, and mode collapse. Each is said once in a run, in plain
//! words, with its numbers; the run goes on.
//!
//! Thresholds are measured: `--recipe seed` and `--recipe stable` on MNIST, and each lies about half-way, in ratio, between
//! what the one shows and what the other does not. Over two epochs of seeds 0 to 9, `seed` was named for both every time and
//! `stable` for neither. Divergence, the third failure with a name, is no matter of an epoch: it ends the run at the step that
//! shows it, in `progress.rs`.

use gan::{Pictures, StepStats};

/// Nothing is judged in the first steps, where every generator draws the same blur.
const FIRST_STEPS: u64 = 500;

/// Means of an epoch from which D has overpowered G: its logits this far apart, and this share of either kind of picture
/// told right. `seed`, first epoch, seeds 0 and 1: margin 5.1 and 5.3, the lower share .93 and .95. `stable`, any of 50
/// epochs: margin at most .54, share at most .81 (at the end, where its margin is .45).
const MARGIN: f64 = 2.0;
const ACCURACY: f64 = 0.87;

/// Spread of the sample sheet, as a share of the data's, below which the generator has collapsed. `seed`, epochs 1 to 8,
/// seeds 0 and 1: .02 to .11. `stable`: .55 and more after the first epoch, .8 after the third, 1.03 to the end; a hundred
/// real digits: .72 to 1.20.
const SPREAD: f64 = 0.25;
/// With a judge: a class is missing if it has less than 1 % of the pictures. The generator has collapsed if more than
/// half are.
const MISSING: f64 = 0.5;

/// Watches the epochs of one run, and remembers what it has said.
#[derive(Debug)]
pub struct Watch {
    data_variance: f64,
    said_overpowers: bool,
    said_collapse: bool,
}

/// What is looked at after an epoch, besides what was said before.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// Counts the steps of the run so far.
    pub steps: u64,
    /// Holds the means of the epoch's steps.
    pub means: StepStats,
    /// Is the [`Watch::spread`] of the sample sheet: 1 for samples of the data, 0 for one picture over and over.
    pub spread: f64,
    /// Counts the classes covered and the classes there are, where the judge was asked.
    pub classes: Option<[usize; 2]>,
}

impl Watch {
    /// Makes the watch of a run on `pictures`; `said` are the run's warnings so far, which are not said again.
    pub fn new(pictures: &Pictures, said: &[String]) -> Self {
        let rows = (0..pictures.count() as u32).map(|index| {
            let mut row = vec![0.0; pictures.pixels()];
            pictures.scaled(index, &mut row);
            row
        });
        let has_said = |name: &str| said.iter().any(|message| message.starts_with(name));
        Self {
            data_variance: variance(rows, pictures.pixels()),
            said_overpowers: has_said(OVERPOWERS),
            said_collapse: has_said(COLLAPSE),
        }
    }

    /// Says how far apart pictures are, as a share of how far apart the data's are: the variance of each pixel, summed up, over
    /// that sum of the training pictures. It is 1 for samples of the data, 0 for one picture over and over.
    /// images: [n, pixels], in [-1, 1].
    pub fn spread(&self, images: &[f32], pixels: usize) -> f64 {
        variance(images.chunks_exact(pixels).map(<[f32]>::to_vec), pixels) / self.data_variance.max(f64::MIN_POSITIVE)
    }

    /// Gives what is to be said after an epoch: a message for each failure that shows for the first time.
    pub fn after_epoch(&mut self, signs: &Signs) -> Vec<String> {
        let mut messages = Vec::new();
        if signs.steps < FIRST_STEPS {
            return messages;
        }
        let StepStats { d_margin, d_accuracy_real, d_accuracy_fake, g_gradient, .. } = signs.means;
        if !self.said_overpowers && d_margin > MARGIN && d_accuracy_real.min(d_accuracy_fake) > ACCURACY {
            self.said_overpowers = true;
            messages.push(format!(
                "{OVERPOWERS}: it tells {:.0} % of the real and {:.0} % of the generated pictures right, its logits are \
                 {d_margin:.1} apart, and the gradient that reaches G has norm {g_gradient:.2}; a larger `--r1-gamma` and \
                 `--r2-gamma` or `--loss relativistic` holds D back",
                100.0 * d_accuracy_real,
                100.0 * d_accuracy_fake,
            ));
        }
        if !self.said_collapse && is_collapse(signs.spread, signs.classes) {
            self.said_collapse = true;
            let classes = signs
                .classes
                .map_or_else(String::new, |[covered, of]| format!(", and cover {covered} of {of} classes"));
            messages.push(format!(
                "{COLLAPSE}: G's pictures are spread {:.0} % as far as the data's{classes}; `--recipe stable` does not \
                 collapse",
                100.0 * signs.spread
            ));
        }
        messages
    }
}

const OVERPOWERS: &str = "D overpowers G";
/// Begins the message of a collapse, by which it is known in a run's metrics.
pub const COLLAPSE: &str = "mode collapse";

/// Says whether a generator has collapsed: its pictures hardly differ, or more than half of the classes are missing. `classes` is
/// how many are covered and how many there are, where the judge was asked.
pub fn is_collapse(spread: f64, classes: Option<[usize; 2]>) -> bool {
    spread < SPREAD || classes.is_some_and(|[covered, of]| of > 1 && (covered as f64) < MISSING * of as f64)
}

/// Variance of each pixel over the pictures, summed over the pixels; 0 of fewer than two pictures.
fn variance(pictures: impl Iterator<Item = Vec<f32>>, pixels: usize) -> f64 {
    let (mut sums, mut squares, mut count) = (vec![0.0f64; pixels], 0.0, 0.0);
    for picture in pictures {
        count += 1.0;
        for (sum, &value) in sums.iter_mut().zip(&picture) {
            *sum += f64::from(value);
            squares += f64::from(value) * f64::from(value);
        }
    }
    if count < 2.0 {
        return 0.0;
    }
    let of_means: f64 = sums.iter().map(|sum| sum * sum / count).sum();
    (squares - of_means) / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Pictures {
        Pictures { bytes: vec![0, 255, 255, 0, 0, 0, 255, 255], labels: vec![0; 4], shape: gan::DataShape::grey(1, 2) }
    }

    fn healthy() -> Signs {
        let means = StepStats { d_margin: 0.5, d_accuracy_real: 0.8, d_accuracy_fake: 0.8, ..StepStats::default() };
        Signs { steps: 550, means, spread: 0.9, classes: Some([10, 10]) }
    }

    #[test]
    fn spread_is_one_for_the_data_and_nothing_for_one_picture() {
        let watch = Watch::new(&pictures(), &[]);
        let data = [-1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 1.0];
        assert!((watch.spread(&data, 2) - 1.0).abs() < 1e-12);
        assert_eq!(watch.spread(&[0.5, 0.25].repeat(9), 2), 0.0);
        let half: Vec<f32> = data.iter().map(|value| value / 2.0).collect();
        assert!((watch.spread(&half, 2) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn each_failure_is_said_once_with_its_numbers() {
        let strong = StepStats {
            d_margin: 5.26,
            d_accuracy_real: 0.96,
            d_accuracy_fake: 0.95,
            g_gradient: 3.7,
            ..Default::default()
        };
        let sick = Signs { means: strong, spread: 0.08, classes: Some([3, 10]), ..healthy() };
        let mut watch = Watch::new(&pictures(), &[]);
        let said = watch.after_epoch(&sick);
        assert_eq!(said.len(), 2, "{said:?}");
        for part in ["D overpowers G", "96 %", "95 %", "5.3 apart", "norm 3.70"] {
            assert!(said[0].contains(part), "{part} in {}", said[0]);
        }
        for part in ["mode collapse", "8 % as far", "3 of 10 classes"] {
            assert!(said[1].contains(part), "{part} in {}", said[1]);
        }
        assert!(watch.after_epoch(&sick).is_empty());
        // A run that goes on knows what was said before.
        assert!(Watch::new(&pictures(), &said).after_epoch(&sick).is_empty());
    }

    #[test]
    fn one_sign_alone_is_enough_for_collapse_and_not_for_an_overpowering_d() {
        let said = |signs: Signs| Watch::new(&pictures(), &[]).after_epoch(&signs).len();
        let means = healthy().means;
        let cases = [
            ("healthy", healthy(), 0),
            ("no judge", Signs { classes: None, ..healthy() }, 0),
            ("few classes", Signs { classes: Some([4, 10]), ..healthy() }, 1),
            ("one class there is", Signs { classes: Some([0, 1]), ..healthy() }, 0),
            ("no spread", Signs { spread: 0.1, ..healthy() }, 1),
            ("no spread yet", Signs { spread: 0.1, steps: 499, ..healthy() }, 0),
            ("far apart, often wrong", Signs { means: StepStats { d_margin: 9.0, ..means }, ..healthy() }, 0),
            (
                "right on one kind",
                Signs { means: StepStats { d_margin: 9.0, d_accuracy_real: 0.99, ..means }, ..healthy() },
                0,
            ),
        ];
        for (name, signs, expected) in cases {
            assert_eq!(said(signs), expected, "{name}");
        }
    }
}
