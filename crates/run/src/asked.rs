//! From options to what is kept of them, and back: [`Asked`] is what `--resume` alone asks for again.

use std::path::Path;

use data::Source;
use engines::choose::{DeviceChoice, EngineChoice};
pub use record::asked::Asked;

use crate::options::Options;

/// Keeps what `options` asks for.
pub fn of(options: &Options) -> Asked {
    let Source { data, size, colour, strict, invert, transpose, mirror } = options.source.clone();
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A folder whose own path is no Unicode can be named as it was, from where it was.
    let data = match whole(Path::new(&data)).to_str() {
        Some(whole) if !data::is_built_in(&data) => whole.to_owned(),
        _ => data,
    };
    let engine = match options.engine {
        EngineChoice::Auto => "auto",
        EngineChoice::Reference => "reference",
        EngineChoice::Fused => "fused",
        EngineChoice::Layers => "layers",
    };
    let device = match options.device {
        DeviceChoice::Auto => "auto".to_owned(),
        DeviceChoice::Cpu => "cpu".to_owned(),
        DeviceChoice::Gpu(None) => "gpu".to_owned(),
        DeviceChoice::Gpu(Some(index)) => format!("gpu:{index}"),
    };
    // A name that is no Unicode cannot be kept as JSON.
    let tensorboard = options.tensorboard.as_deref().filter(|folder| folder.to_str().is_some()).map(whole);
    Asked {
        data,
        size: size.map(|[rows, _]| rows),
        columns: size.and_then(|[rows, columns]| (rows != columns).then_some(columns)),
        colour: colour.to_string(),
        strict,
        invert,
        transpose,
        mirror,
        engine: engine.to_owned(),
        device,
        threads: options.threads_asked,
        evaluate_every: options.evaluate_every,
        keep_models: options.keep_models.clone(),
        tensorboard,
    }
}

/// Gives the pictures that were asked for.
pub fn source(asked: &Asked) -> Source {
    let Asked { data, size, columns, colour, strict, invert, transpose, mirror, .. } = asked.clone();
    let size = size.map(|rows| [rows, columns.unwrap_or(rows)]);
    // What this version no longer knows is chosen anew.
    let colour = colour.parse().unwrap_or_default();
    Source { data, size, colour, strict, invert, transpose, mirror }
}

#[cfg(test)]
mod tests {
    use data::Colour;

    use super::*;

    #[test]
    fn what_an_older_version_kept_was_grey_and_square() {
        let kept = r#"{"data":"/a","size":20,"strict":false,"invert":true,"transpose":false,"engine":"auto","device":"auto",
            "threads":null,"evaluate_every":10,"keep_models":[],"tensorboard":null}"#;
        let found = source(&serde_json::from_str(kept).unwrap());
        let expected = Source { size: Some([20, 20]), colour: Colour::Grey, invert: true, ..Source::of("/a") };
        assert_eq!(found, expected);
    }
}
