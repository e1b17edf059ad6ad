//! What a user is told when something goes wrong: what, where, and what to do about it.

use std::borrow::Cow;
use std::fmt;

/// Says whose move it is after a failure, and so the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Means that the command line or a recipe asks for something that cannot be: exit code 2.
    Usage,
    /// Means that the request was sound and the work itself failed: exit code 1.
    Failed,
}

/// Tells people what went wrong and, where there is one, the next step. Displayed, it is the message, then a line
/// `hint:` after a blank one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Says whose move it is, and so the exit code.
    pub kind: Kind,
    /// Says what went wrong and where; lowercase, no final period, literals in backticks.
    pub message: String,
    /// Says what to do about it, in words like the message's; none where there is nothing to suggest.
    pub hint: Option<String>,
}

/// Gives what fallible functions of Forger return: a value, or a [`Failure`] for people.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Makes a failure of the work itself, with no hint yet: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hint: None }
    }

    /// Makes a failure of a request that cannot be met, with no hint yet: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hint: None }
    }

    /// Says what to do about it, in place of any older hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Gives the exit code that the process is to end with: 1 if the work failed, 2 if the request cannot be.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&for_terminals(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {}", for_terminals(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// Gives `text` with every control character in it written out, as `\u{1b}`, but for ends of lines and tabs: names of other people's
/// files may hold what a terminal obeys.
pub fn for_terminals(text: &str) -> Cow<'_, str> {
    let is_obeyed = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let written = |letter: char| if is_obeyed(letter) { letter.escape_default().to_string() } else { letter.into() };
    Cow::Owned(text.chars().map(written).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_terminal_would_obey_is_written_out() {
        let failure = Failure::failed("`a\u{1b}[31m\u{7}.png`: it is cut\n\tshort").hint("mend `é\r`");
        assert_eq!(failure.to_string(), "`a\\u{1b}[31m\\u{7}.png`: it is cut\n\tshort\n\nhint: mend `é\\r`");
    }
}
