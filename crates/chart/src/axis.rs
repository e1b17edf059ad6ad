//! Where a value lies on an axis, and which values are written beside it.

/// The way in which values are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences take equal room.
    Linear,
    /// As [`Scale::Linear`], for what is counted: only whole numbers are written beside the axis.
    Whole,
    /// Equal ratios take equal room; values of 0 and below cannot be drawn.
    Logarithmic,
}

impl Scale {
    /// Tells whether `value` has a place on an axis of this scale.
    pub(crate) fn can_draw(self, value: f64) -> bool {
        value.is_finite() && (self != Scale::Logarithmic || value > 0.0)
    }

    /// Gives the number that is proportional to room.
    fn apply(self, value: f64) -> f64 {
        if self == Scale::Logarithmic { value.log10() } else { value }
    }

    /// Gives the value whose [`Scale::apply`] is `scaled`.
    fn undo(self, scaled: f64) -> f64 {
        if self == Scale::Logarithmic { 10f64.powf(scaled) } else { scaled }
    }
}

/// A range of values along a stretch of a drawing.
pub(crate) struct Axis {
    scale: Scale,
    /// The ends of the range, scaled.
    low: f64,
    high: f64,
    /// Where those ends lie in the drawing, in user units.
    from: f64,
    to: f64,
}

impl Axis {
    /// Spans all of `values`, of which [`Scale::can_draw`] must hold; the lowest lies at `from`, the highest at `to`, in user
    /// units. Values that are all one lie in the middle.
    pub(crate) fn around(scale: Scale, values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let scaled = values.map(|value| scale.apply(value));
        let (low, high) = scaled.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        Self { scale, low, high, from, to }
    }

    /// Gives the place of `value` in the drawing; the nearer end of the axis where it lies beyond.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = (self.scale.apply(value) - self.low) / (self.high - self.low);
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Lists the values that are written beside the axis, from the lowest.
    pub(crate) fn marks(&self) -> Vec<f64> {
        let scaled = match self.scale {
            Scale::Linear => ticks(self.low, self.high),
            Scale::Whole => ticks(self.low, self.high).into_iter().filter(|tick| tick.fract() == 0.0).collect(),
            Scale::Logarithmic => log_ticks(self.low, self.high),
        };
        scaled.into_iter().map(|mark| self.scale.undo(mark)).collect()
    }
}

/// Gives round numbers between `low` and `high`, about five.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|&step| step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

/// Gives the logarithms of 1, 2 and 5 times the powers of ten between 10^`low` and 10^`high`; of the powers alone where those would
/// be too many, evenly spaced ones where they would be too few.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let of = |factors: &[f64]| -> Vec<f64> {
        let powers = low.floor() as i32..=high.ceil() as i32;
        let all = powers.flat_map(|power| factors.iter().map(move |factor| f64::from(power) + factor.log10()));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let (fine, coarse) = (of(&[1.0, 2.0, 5.0]), of(&[1.0]));
    match (fine.len(), coarse.len()) {
        (2..=7, _) => fine,
        (_, 2..=12) => coarse,
        _ => ticks(low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::short;

    fn marks(scale: Scale, low: f64, high: f64) -> Vec<String> {
        Axis::around(scale, [low, high].into_iter(), 0.0, 1.0).marks().into_iter().map(short).collect()
    }

    #[test]
    fn a_value_lies_where_its_scale_says() {
        for (scale, values, between) in [
            (Scale::Linear, [0.0, 10.0], 5.0),
            (Scale::Whole, [1.0, 3.0], 2.0),
            (Scale::Logarithmic, [1.0, 100.0], 10.0),
        ] {
            let axis = Axis::around(scale, values.into_iter(), 200.0, 100.0);
            assert_eq!([values[0], between, values[1]].map(|value| axis.at(value)), [200.0, 150.0, 100.0], "{scale:?}");
            assert_eq!(axis.at(values[1] * 10.0), 100.0, "{scale:?} beyond its end");
        }
        let flat = Axis::around(Scale::Linear, [7.0, 7.0].into_iter(), 0.0, 10.0);
        assert_eq!(flat.at(7.0), 5.0);
    }

    #[test]
    fn round_numbers_are_written_beside_an_axis() {
        assert_eq!(marks(Scale::Linear, 0.0, 10.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(marks(Scale::Linear, 1.0, 2.0), ["1", "1.2", "1.4", "1.6", "1.8", "2"]);
        assert_eq!(marks(Scale::Whole, 1.0, 2.0), ["1", "2"]);
        assert_eq!(marks(Scale::Logarithmic, 8.0, 320.0), ["10", "20", "50", "100", "200"]);
        assert_eq!(marks(Scale::Logarithmic, 1e-3, 5e3).len(), 7);
        assert!(marks(Scale::Logarithmic, 3.1, 4.4).len() >= 2);
    }
}
