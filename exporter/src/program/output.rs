//! Standard output, whose reader may leave before the end: `exporter inspect gen.onnx | head`.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// As `println!`, which would panic where the reader has left.
macro_rules! tell {
    ($($text:tt)*) => { $crate::program::output::line(format_args!($($text)*)) };
}
pub(crate) use tell;

/// Writes a line. Where nobody reads any more that is the end, and a good one; where it cannot be written, a bad one.
pub(crate) fn line(text: Arguments) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!(
            "error: standard output cannot be written: {error}\n\nhint: make room on its disk, or send it elsewhere"
        );
        std::process::exit(1);
    }
}
