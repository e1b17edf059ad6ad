//! candle's errors, put into our words: shapes and devices are checked before candle is called, so what it says is told as it is.

use failure::Failure;

/// Wraps an error of candle, for `?` to turn into a [`Failure`] of one line.
#[derive(Debug)]
pub struct Error(candle_core::Error);

/// Gives what the reference engine's own functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self(error)
    }
}

impl From<Error> for Failure {
    fn from(Error(error): Error) -> Self {
        // candle appends a backtrace to its message when one is enabled; the first line is the message.
        let text = error.to_string();
        Failure::failed(format!("candle: {}", text.lines().next().unwrap_or_default()))
    }
}
