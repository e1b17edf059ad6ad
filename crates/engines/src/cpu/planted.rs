//! Bugs that tests plant, to show that the suite which holds engines equal would find them. Outside of tests there are none, and
//! what asks for them here compiles to nothing.

/// Names a mistake that somebody could make in an engine; each variant says what is wrong then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "tests alone plant them"))]
pub enum Bug {
    /// G's loss is climbed.
    SignOfG,
    /// The derivative by a real picture's logit is of the sum over the batch, not of the mean.
    BatchNotDivided,
    /// The derivative by a real picture's logit has the wrong sign, in about one minibatch of five.
    OneMinibatchInFive,
    /// R1's weight is halved.
    PenaltyHalved,
    /// R1 and R2 have each other's weight.
    PenaltiesExchanged,
    /// A leaky ReLU's derivative is left out where the penalty's tangent passes it.
    MaskLeftOut,
    /// A weight of D is read by columns on the way back.
    TransposedIndex,
    /// A bias of D is moved as if every picture's loss had the same derivative.
    BiasUnweighted,
    /// G's loss is of what D said of real pictures before its update.
    StaleLogits,
    /// The derivative of G's last function is left out.
    TanhLeftOut,
    /// The leaky ReLU's slope is a ten-thousandth too large.
    SlopeOff,
    /// Adam's rate has no bias correction.
    NoBiasCorrection,
    /// 1 - beta2 is taken from the rounded beta2.
    RestOfRounded,
    /// The moving average has the next step's decay.
    DecayOfNextStep,
}

/// Gives the bug that is planted: none outside of tests, so that what asks is compiled away.
#[cfg(not(test))]
#[inline(always)]
pub const fn any() -> Option<Bug> {
    None
}

#[cfg(test)]
pub use tests::any;

/// Says whether this bug is the planted one.
#[inline(always)]
pub fn here(bug: Bug) -> bool {
    any() == Some(bug)
}

/// Gives a recipe's slope as an engine has it: rounded to f32, off where that bug is planted.
#[inline(always)]
pub fn slope(slope: f64) -> f32 {
    (if here(Bug::SlopeOff) { slope * 1.0001 } else { slope }) as f32
}

/// Says of about one number in five, by its bits, that it is one of them.
pub fn one_in_five(number: f32) -> bool {
    number.to_bits().is_multiple_of(5)
}

#[cfg(test)]
pub mod tests {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        /// Holds the bug of this thread alone, so that other tests know nothing of it: an engine of one thread computes
        /// on its caller's.
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Gives the bug that is planted on this thread, if one is.
    pub fn any() -> Option<Bug> {
        PLANTED.get()
    }

    /// Does `work` with `bug` planted in every engine of this thread, and none afterwards.
    pub fn with<T>(bug: Option<Bug>, work: impl FnOnce() -> T) -> T {
        PLANTED.set(bug);
        let result = work();
        PLANTED.set(None);
        result
    }

    /// Lists every bug that can be planted.
    pub const ALL: [Bug; 14] = [
        Bug::SignOfG,
        Bug::BatchNotDivided,
        Bug::OneMinibatchInFive,
        Bug::PenaltyHalved,
        Bug::PenaltiesExchanged,
        Bug::MaskLeftOut,
        Bug::TransposedIndex,
        Bug::BiasUnweighted,
        Bug::StaleLogits,
        Bug::TanhLeftOut,
        Bug::SlopeOff,
        Bug::NoBiasCorrection,
        Bug::RestOfRounded,
        Bug::DecayOfNextStep,
    ];
}
