//! Errors that end with the next step: what is wrong, an empty line, then `hint: ` and what to do about it.

use anyhow::Error;

/// An error that says `what` is wrong and what to do `next`.
pub(crate) fn hinted(what: impl std::fmt::Display, next: impl std::fmt::Display) -> Error {
    anyhow::anyhow!("{what}\n\nhint: {next}")
}
