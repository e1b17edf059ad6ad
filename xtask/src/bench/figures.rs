//! What repeated measurements amount to, and files of them.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Median, and the middle half around it: rounds that something else disturbed do not move them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    /// A quarter of the rounds is below.
    pub(crate) lower: f64,
    /// The median.
    pub(crate) median: f64,
    /// A quarter of the rounds is above.
    pub(crate) upper: f64,
}

impl Figure {
    /// Of some measurements; `None` if there are none, or one is not a number.
    pub(crate) fn of(measurements: &[f64]) -> Option<Self> {
        if measurements.is_empty() || measurements.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mut sorted = measurements.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| sorted[(sorted.len() - 1) * quarters / 4];
        Some(Self { lower: at(1), median: at(2), upper: at(3) })
    }
}

impl std::fmt::Display for Figure {
    /// Three digits of the median; the middle half in brackets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = match self.median {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        let Self { lower, median, upper } = self;
        write!(f, "{median:.decimals$} ({lower:.decimals$}-{upper:.decimals$})")
    }
}

/// Lines of cells as a table: the first column to the left, the others to the right.
pub(crate) fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            text += &if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If its folder can't be made or written.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_round_does_not_move_the_figure() {
        for (name, measurements, expected) in [
            ("none", &[][..], None),
            ("one", &[2.0], Some((2.0, 2.0, 2.0))),
            ("five, one disturbed", &[3.0, 1.0, 900.0, 2.0, 4.0], Some((2.0, 3.0, 4.0))),
            ("one is no number", &[1.0, f64::NAN], None),
        ] {
            let found = Figure::of(measurements).map(|Figure { lower, median, upper }| (lower, median, upper));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_figure_reads_with_three_digits() {
        for (median, expected) in [(0.987, "0.99 (0.99-0.99)"), (31.26, "31.3 (31.3-31.3)"), (117.4, "117 (117-117)")] {
            assert_eq!(Figure::of(&[median]).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = [["a", "long one"], ["longer", "x"]].map(|line| line.map(String::from));
        assert_eq!(columns(&lines), "a       long one\nlonger         x\n");
    }

    #[test]
    fn a_file_is_written_into_a_new_folder_and_replaced() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("deep/web.json");
        for text in ["first", "second"] {
            write(&path, text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }
}
