//! What a step says of itself: one list of statistics, from which everything follows that must know them.
//!
//! From the rows come the fields of [`StepStats`], its JSON in events and checkpoints, the row that a GPU reports and the numbers
//! of its places in the kernels, and the curves of a run's report. A new statistic is a row here and each engine's computing of
//! it; the row's name is its name in JSON, so that rows keep their names and their order, and new ones come last.

use serde::{Deserialize, Serialize};

use crate::loss::{Loss, Pair};

/// Describes one statistic of a step: its row in the list, but for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistic {
    /// Names the statistic in JSON, in the tags of TensorBoard and, in capitals, in the kernels; for example `d_loss`.
    pub name: &'static str,
    /// Says whether a value that is no finite number ends the run.
    pub must_be_finite: bool,
    /// Says in which chart of a report its curve is drawn, and what the curve is called; none draws none.
    pub chart: Option<(Chart, &'static str)>,
}

/// Names the charts of a report that show statistics of steps, as means over each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// Shows the losses of D and of G, without penalties.
    Losses,
    /// Shows shares of pictures, from 0 to 1.
    Shares,
    /// Shows how far D's logits on real pictures lie above those on generated ones.
    Margin,
    /// Shows the gradient that reaches G, on a logarithmic scale.
    Gradient,
}

/// Makes the struct and the list of its rows: documentation and name of the field, whether it must be finite, its curve.
macro_rules! statistics {
    ($($(#[$doc:meta])* $name:ident, $must_be_finite:literal, $chart:expr;)*) => {
        /// Holds what one step reports: means over the minibatch, measured before the update that each belongs to.
        // `default` lets a checkpoint of an older version, whose sums have fewer fields, be read.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct StepStats {
            $($(#[$doc])* pub $name: f64,)*
        }

        /// Lists the statistics of a step, in the order of [`StepStats::row`].
        pub const STATISTICS: [Statistic; StepStats::COUNT] = [
            $(Statistic { name: stringify!($name), must_be_finite: $must_be_finite, chart: $chart }),*
        ];

        impl StepStats {
            /// Counts the statistics of a step, and so the values of a row.
            pub const COUNT: usize = [$(stringify!($name)),*].len();

            /// Gives the values in the order of [`STATISTICS`].
            pub fn row(&self) -> [f64; Self::COUNT] {
                [$(self.$name),*]
            }

            /// Takes the values in the order of [`STATISTICS`].
            pub fn from_row(row: [f64; Self::COUNT]) -> Self {
                let [$($name),*] = row;
                Self { $($name),* }
            }
        }
    };
}

statistics! {
    /// Gives D's loss without its penalties, as a mean over pairs.
    d_loss, true, Some((Chart::Losses, "D's loss"));
    /// Gives G's loss against the updated D, as a mean over pairs.
    g_loss, true, Some((Chart::Losses, "G's loss"));
    /// Gives the mean of sigmoid(D(x)) over the real pictures, in D's update.
    d_real, true, None;
    /// Gives the mean of sigmoid(D(G(z))) over the generated pictures, in D's update.
    d_fake, true, None;
    /// Gives the mean squared norm of the gradient of D's logit by a real picture; 0 where R1 is off.
    r1, true, None;
    /// Gives the mean squared norm of the gradient of D's logit by a generated picture; 0 where R2 is off.
    r2, true, None;
    /// Gives the mean of D's logits on real pictures, less that on generated ones, in D's update.
    d_margin, true, Some((Chart::Margin, "margin"));
    /// Gives the share of the real pictures that D gets right, in its update: a logit above 0, or, under the relativistic
    /// loss, above its partner's. A count, and so always a number.
    d_accuracy_real, false, Some((Chart::Shares, "D right on real"));
    /// Gives the share of the generated pictures that D gets right, in its update: a logit below 0, or, under the
    /// relativistic loss, below its partner's. A count, and so always a number.
    d_accuracy_fake, false, Some((Chart::Shares, "D right on generated"));
    /// Measures the gradient that reaches G: the norm of the gradient of a generated picture's loss by its pixels, as the
    /// root of the mean square over the minibatch, in G's update.
    g_gradient, true, Some((Chart::Gradient, "gradient"));
}

impl StepStats {
    /// Turns each value into another by `f`, which is given the value of `self` and that of `other`.
    pub fn zip_with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let (own, other) = (self.row(), other.row());
        Self::from_row(std::array::from_fn(|i| f(own[i], other[i])))
    }

    /// Says whether every value is finite that must be: a loss that is not ends the run.
    pub fn is_finite(&self) -> bool {
        STATISTICS.iter().zip(self.row()).all(|(statistic, value)| !statistic.must_be_finite || value.is_finite())
    }
}

/// Says what D's logits tell of it: [`StepStats::d_margin`] and the two accuracies; all else is 0. real, fake: [batch] each.
pub fn judge_discriminator(loss: Loss, real: &[f32], fake: &[f32]) -> StepStats {
    let mut stats = StepStats::default();
    for (&real, &fake) in real.iter().zip(fake) {
        let (real, fake) = (f64::from(real), f64::from(fake));
        let [right_on_real, right_on_fake] = (loss.terms().d_is_right)(Pair { real, fake });
        stats.d_margin += real - fake;
        stats.d_accuracy_real += f64::from(u8::from(right_on_real));
        stats.d_accuracy_fake += f64::from(u8::from(right_on_fake));
    }
    let batch = real.len() as f64;
    stats.zip_with(&stats, |sum, _| sum / batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_is_judged_by_zero_or_by_the_partner_as_its_loss_has_it() {
        let (real, fake) = ([1.0, -1.0, 3.0, -3.0], [-1.0, -2.0, 4.0, -0.5]);
        let judged = |loss| {
            let StepStats { d_margin, d_accuracy_real, d_accuracy_fake, .. } = judge_discriminator(loss, &real, &fake);
            (d_margin, d_accuracy_real, d_accuracy_fake)
        };
        assert_eq!(judged(Loss::NonSaturating), (-0.125, 0.5, 0.75));
        assert_eq!(judged(Loss::Relativistic), (-0.125, 0.5, 0.5));
    }

    #[test]
    fn json_has_the_names_and_the_order_of_the_list() {
        let stats = StepStats::from_row(std::array::from_fn(|i| i as f64));
        assert_eq!(
            serde_json::to_string(&stats).unwrap(),
            r#"{"d_loss":0.0,"g_loss":1.0,"d_real":2.0,"d_fake":3.0,"r1":4.0,"r2":5.0,"d_margin":6.0,"d_accuracy_real":7.0,"d_accuracy_fake":8.0,"g_gradient":9.0}"#
        );
        assert_eq!((stats.row()[9], STATISTICS[9].name), (stats.g_gradient, "g_gradient"));
        // As a checkpoint of an older version has it.
        assert_eq!(serde_json::from_str::<StepStats>(r#"{"d_loss":2.0}"#).unwrap().d_loss, 2.0);
    }

    #[test]
    fn whatever_must_be_finite_ends_a_run_where_it_is_not() {
        for (i, statistic) in STATISTICS.iter().enumerate() {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut row = [1.0; StepStats::COUNT];
                row[i] = value;
                assert_eq!(StepStats::from_row(row).is_finite(), !statistic.must_be_finite, "{}", statistic.name);
            }
        }
        assert!(StepStats::default().is_finite());
    }
}
