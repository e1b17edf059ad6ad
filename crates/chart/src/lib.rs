//! Measured numbers as SVG: curves over epochs or sizes, and strips of a dot for each run.
//!
//! A figure for a report takes its colours from the page around it (`currentColor`, and the class `grid` for the lines behind);
//! a drawing for a file of its own brings them along. Neither has a script or a file beside it.

mod axis;
mod curves;
mod strips;

pub use axis::Scale;
pub use curves::{Curves, Series};
pub use strips::{Strip, strips};

/// Writes plain text as HTML, within elements or attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes a number with three digits that count.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || value == 0.0 {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.1e}");
    }
    let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (12.345, "12.3"),
            (1234.5, "1234"),
            (0.012345, "0.0123"),
            (1e-7, "1.0e-7"),
        ] {
            assert_eq!(short(value), expected);
        }
    }
}
