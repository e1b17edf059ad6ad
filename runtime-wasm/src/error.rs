//! What can be wrong with a model file or with a call, in sentences that a visitor of the page can act on.

use thiserror::Error;

/// Why bytes are not a generator that this crate runs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are something else than an ONNX model.
    #[error(transparent)]
    NoModel(#[from] interface::NoModel),
    /// The file, or a picture it would make, is larger than is worth trying in a browser's memory.
    #[error("the model is too large: {what} is {found}, at most {limit} is supported")]
    TooLarge {
        /// What is large, with its unit.
        what: &'static str,
        /// Its size.
        found: u64,
        /// The largest size that is accepted.
        limit: u64,
    },
    /// The model does not take one latent vector a picture.
    #[error(
        "the model's inputs are not a generator's: {found}; \
         expected `z`, float32 [batch, latent size], alone or with `class`, int64 [batch]"
    )]
    Inputs {
        /// Name, type and shape of each input found.
        found: String,
    },
    /// The model does not give pictures.
    #[error(
        "the model's outputs are not a generator's: {found}; \
         expected one output `image`, float32 [batch, 1 or 3 channels, height, width]"
    )]
    Outputs {
        /// Name, type and shape of each output found.
        found: String,
    },
    /// The graph holds an operator that is not linked in.
    #[error("the model uses the operator `{operator}`, which this runtime does not have (it has {known})")]
    Operator {
        /// ONNX's name of the operator.
        operator: String,
        /// The operators there are, as a list in words.
        known: String,
    },
    /// A weight is missing, has the wrong type or size, or holds something that is not a number.
    #[error("the weights `{name}` cannot be used: {reason}")]
    Weights {
        /// The initializer's name in the file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The operators do not fit together.
    #[error("the model's graph does not fit together at `{node}`: {reason}")]
    Graph {
        /// The node's name, or the value's where no node gives it.
        node: String,
        /// What does not fit.
        reason: String,
    },
    /// The model is in order as a file, and gives pictures that are not pictures.
    #[error("the model gives pixels that are not numbers, even for z = 0")]
    NotFinite,
    /// tract refused the model.
    #[error("the model could not be prepared: {reason}")]
    Runtime {
        /// tract's own account.
        reason: String,
    },
    /// It is no generator to the full runtime either, which looks for one's interface in any model.
    #[cfg(feature = "all-operators")]
    #[error(transparent)]
    Refused(#[from] interface::Refusal),
}

impl LoadError {
    /// What to do about it, for a line that starts with `hint: `.
    pub fn hint(&self) -> &'static str {
        match self {
            LoadError::NoModel(no_model) => no_model.hint,
            #[cfg(feature = "all-operators")]
            LoadError::Refused(refusal) => refusal.hint(),
            _ => "use a generator that Forger exported, and copy the file again if it is one",
        }
    }

    /// Whether the fault is the file's own: it has this runtime's interface and operators, and something in it is amiss.
    /// What another runtime says of such a file tells less.
    #[cfg(feature = "all-operators")]
    pub(crate) fn is_precise(&self) -> bool {
        matches!(self, LoadError::Weights { .. } | LoadError::Graph { .. } | LoadError::NotFinite)
    }
}

/// Why a call to [`Generator::generate`](crate::Generator::generate) gave no pictures.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The numbers given are not whole latent vectors.
    #[error("{found} numbers are not whole latent vectors: this model takes {latent_size} for each picture")]
    Length {
        /// How many numbers were given.
        found: usize,
        /// How many make one latent vector.
        latent_size: usize,
    },
    /// A class that the model has not.
    #[error("there is no class {class}: {}", told(*classes))]
    Class {
        /// The class that was asked for, from 0.
        class: u32,
        /// How many there are.
        classes: usize,
    },
    /// There are not as many classes as latent vectors.
    #[error("{found} classes are given for {pictures} latent vectors: one for each, or none at all")]
    Classes {
        /// How many classes were given.
        found: usize,
        /// How many latent vectors.
        pictures: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("z[{coordinate}] of picture {picture} is not a finite number")]
    Latent {
        /// Which latent vector, from 0.
        picture: usize,
        /// Which coordinate of it, from 0.
        coordinate: usize,
    },
    /// The network overflowed: a pixel is NaN or infinite.
    #[error("picture {picture} holds pixels that are not numbers: its z is too far out for this model")]
    NotFinite {
        /// Which picture, from 0.
        picture: usize,
    },
    /// tract failed.
    #[error("the model could not be run: {reason}")]
    Runtime {
        /// tract's own account.
        reason: String,
    },
}

/// Which classes a model has, for whoever asked for another.
fn told(classes: usize) -> String {
    match classes {
        0 => "this model is told none".into(),
        _ => format!("this model's are 0 to {}", classes - 1),
    }
}
