//! Why a model is not drawn, in sentences that a visitor of the page can act on.

use thiserror::Error;

use crate::no_model::NoModel;

/// Why a file is no generator that can be drawn with. The message says what and where, [`Refusal::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file is something else than a model.
    #[error(transparent)]
    NoModel(#[from] NoModel),
    /// The model is no generator of pictures.
    #[error("{what}")]
    NoGenerator {
        /// What it is instead, as a sentence without its full stop.
        what: String,
        /// What to do about it, for a line that starts with `hint: `.
        hint: &'static str,
    },
    /// Some numbers are kept in another file, which is not there.
    #[error("the model's weights are in another file, `{file}`, which is {why}")]
    OtherFile {
        /// Its name, as the model has it.
        file: String,
        /// `not here`, or what is wrong with it.
        why: String,
    },
    /// What the user asked for is not in the model.
    #[error("{what}")]
    Wish {
        /// What was asked, and what there is.
        what: String,
    },
    /// A picture or a value would be larger than is worth trying.
    #[error("the model is too large: {what}")]
    TooLarge {
        /// What is large, its size, and the limit.
        what: String,
    },
    /// An operator that no runtime here has.
    #[error("the model uses the operator `{operator}`, which this runtime does not have")]
    Operator {
        /// Its name, the domain in front if it is not ONNX's own.
        operator: String,
    },
    /// The model holds together as a file, and could not be made ready or run.
    #[error("the model could not be run: {reason}")]
    Runtime {
        /// The runtime's own account.
        reason: String,
    },
    /// The pictures are none.
    #[error("the model gives pixels that are not numbers, even for z = 0")]
    NotFinite,
}

impl Refusal {
    /// What to do about it, for a line that starts with `hint: `.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::NoModel(no_model) => no_model.hint,
            Refusal::NoGenerator { hint, .. } => hint,
            Refusal::OtherFile { .. } => {
                "put both files side by side (on the page: drop them together), or make one of them: in Python \
                 `onnx.save(onnx.load('gen.onnx'), 'one.onnx')`"
            }
            Refusal::Wish { .. } => "give one of the names that `exporter inspect` lists, or leave the choice out",
            Refusal::TooLarge { .. } => "take a smaller model",
            Refusal::Operator { .. } => {
                "export the generator again with an ordinary opset, such as 17, and without optimising it for a device"
            }
            Refusal::Runtime { .. } => {
                "run it through `onnx-simplifier` or export it again with another opset; if that does not help, report it"
            }
            Refusal::NotFinite => "check the weights: some of them may be NaN",
        }
    }
}

/// A text of a file, short enough for a sentence and of one line: a hostile one may hold megabytes.
pub(crate) fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut characters = text.chars().map(|character| if character.is_control() { '?' } else { character });
    let mut start: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        start.push('…');
    }
    start
}
