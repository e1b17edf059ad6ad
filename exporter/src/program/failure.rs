//! What went wrong and where, and what to do about it.

use std::fmt;

/// Ends the program; its text is what standard error gets.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "error: {}\n\nhint: {}", self.message, self.hint)
    }
}
