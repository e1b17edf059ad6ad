//! `exporter diff a.onnx b.onnx`.

use std::path::PathBuf;

use exporter::Comparison;

use super::failure::Failure;
use super::files;
use super::output::tell;

/// More of a text is not told: the parity vectors alone are thousands of numbers.
const TEXT: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The first model file
    before: PathBuf,
    /// The second
    after: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Tells whether the two are the same.
pub(crate) fn run(Arguments { before, after, json }: &Arguments) -> Result<bool, Failure> {
    let [a, b] = [files::read_onnx(before)?, files::read_onnx(after)?];
    for (path, bytes) in [(before, &a), (after, &b)] {
        exporter::Summary::of(bytes).map_err(|error| files::misread(path, &error))?;
    }
    let comparison = Comparison::of(&a, &b).map_err(|error| files::misread(before, &error))?;
    match json {
        true => tell!("{}", serde_json::to_value(&comparison).expect("names and numbers are always JSON")),
        false => print(&comparison),
    }
    Ok(comparison.is_empty())
}

fn print(comparison: &Comparison) {
    if comparison.is_empty() {
        tell!("no difference");
    }
    for difference in &comparison.told {
        tell!("{}", line(&difference.what));
        let lines = |sign: &str, text: &str| {
            text.lines().for_each(|text| tell!("  {sign} {}", line(text)));
        };
        lines("-", &difference.before);
        lines("+", &difference.after);
    }
    for weight in &comparison.weights {
        let name = line(&weight.name);
        match (weight.max, weight.relative) {
            (Some(max), Some(relative)) => tell!("{name}: largest difference {max:.1e}, relative {relative:.1e}"),
            (Some(max), None) => tell!("{name}: largest difference {max:.1e}, from zeros"),
            _ => tell!("{name}: in one file only, or of another shape"),
        }
    }
    if let Some(pictures) = comparison.pictures {
        let (count, max, rms) = (pictures.count, pictures.max, pictures.rms);
        tell!("{count} pictures: largest pixel difference {max:.1e}, root mean square {rms:.1e}");
    }
}

/// A text on one line, cut where it is long.
fn line(text: &str) -> String {
    let clean = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = clean.take(TEXT).collect();
    if text.chars().nth(TEXT).is_some() {
        line.push('…');
    }
    line
}
