//! `exporter verify gen.onnx`: the proof pictures, recomputed by everything that can run the model here.

use std::path::{Path, PathBuf};

use exporter::{Model, OnnxError, Parity};

use super::failure::Failure;
use super::files;
use super::output::tell;
use super::runtimes::{ANYONES, Drawn, Refusal, draw, draw_of_anyones};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The model file
    model: PathBuf,
    /// The largest difference that a pixel may have
    #[arg(long, default_value_t = 1e-5)]
    tolerance: f64,
}

/// Tells whether all runtimes agree with the file, or with each other where it holds no pictures of its own.
pub(crate) fn run(Arguments { model: path, tolerance }: &Arguments) -> Result<bool, Failure> {
    let onnx = files::read_onnx(path)?;
    let model = match Model::from_onnx(&onnx) {
        Ok(model) => model,
        Err(error @ OnnxError::NoModel(_)) => return Err(files::misread(path, &error)),
        Err(error) => return of_anyones(path, &onnx, *tolerance, &error),
    };
    let parity = model.parity().ok_or_else(|| Failure {
        message: format!("`{}` holds no proof pictures of its own network (`forger.parity`)", path.display()),
        hint: "export it from a checkpoint, or from weights with the tensors `parity.z` and `parity.image`",
    })?;
    let mut agree = true;
    for drawn in draw(&onnx, &model, &parity) {
        let (line, is_well) = judge(&drawn, &model, &parity, *tolerance);
        tell!("{line}");
        agree &= is_well;
    }
    if !agree {
        eprintln!("error: `{}` does not draw its proof pictures within {tolerance:e}", path.display());
        eprintln!("\nhint: the file was changed after its export: export it again, or pass a larger `--tolerance`");
    }
    Ok(agree)
}

/// A model that this crate does not evaluate: tract against ONNX Runtime on the same random latent vectors.
fn of_anyones(path: &Path, onnx: &[u8], tolerance: f64, why: &OnnxError) -> Result<bool, Failure> {
    let absent = |reason: String| Failure {
        message: format!("`{}` cannot be verified: {reason}", path.display()),
        hint: "it is no network that `exporter` evaluates, so two runtimes are held against each other: name ONNX \
               Runtime's library by `ORT_DYLIB_PATH`",
    };
    let [tract, other] = draw_of_anyones(onnx).map_err(|reason| absent(format!("{reason} ({why})")))?;
    let pictures = |drawn: Drawn| match drawn.pictures {
        Ok(pictures) => Ok(pictures),
        Err(Refusal::Absent(reason) | Refusal::Failed(reason)) => Err(absent(format!("{}: {reason}", drawn.runtime))),
    };
    let (a, b) = (pictures(tract)?, pictures(other)?);
    let largest = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, |worst: f64, next| {
        // A NaN is the worst there is; `f64::max` would pass over it.
        if next > worst || next.is_nan() { next } else { worst }
    });
    tell!("tract and ONNX Runtime: {ANYONES} pictures of random z, largest difference {largest:.1e}");
    let agree = a.len() == b.len() && largest <= tolerance;
    if !agree {
        eprintln!("error: `{}` is not drawn alike by the two, within {tolerance:e}", path.display());
        eprintln!("\nhint: rounded weights need a larger `--tolerance`: 0.005 for half precision, 0.02 for int8");
    }
    Ok(agree)
}

/// A line about a runtime, and whether it speaks for the file.
pub(crate) fn judge(drawn: &Drawn, model: &Model, parity: &Parity, tolerance: f64) -> (String, bool) {
    let runtime = drawn.runtime;
    let pictures = match &drawn.pictures {
        Ok(pictures) => pictures,
        Err(Refusal::Absent(reason)) => return (format!("{runtime}: skipped: {reason}"), true),
        Err(Refusal::Failed(reason)) => return (format!("{runtime}: failed: {reason}"), false),
    };
    let expected = parity.image.concat();
    if pictures.len() != expected.len() {
        return (format!("{runtime}: failed: {} pixels instead of {}", pictures.len(), expected.len()), false);
    }
    let differences = pictures.iter().zip(&expected).map(|(drawn, &told)| (drawn - f64::from(told)).abs());
    // A NaN is the worst there is; `f64::max` would pass over it.
    let worst =
        |worst: (usize, f64), next: (usize, f64)| if next.1 > worst.1 || next.1.is_nan() { next } else { worst };
    let (position, largest) = differences.enumerate().fold((0, 0.0), worst);
    let count = parity.z.len();
    match largest <= tolerance {
        true => (format!("{runtime}: {count} pictures, largest difference {largest:.1e}"), true),
        false => {
            let (found, told) = (pictures[position], expected[position]);
            let place = place(model.output_shape(), position);
            (format!("{runtime}: {place} is {found:.7} and should be {told:.7}, a difference of {largest:.1e}"), false)
        }
    }
}

/// A pixel's place in words; `position` counts through all pictures.
fn place(shape: &[usize], position: usize) -> String {
    let pixels: usize = shape.iter().product();
    let (picture, pixel) = (position / pixels, position % pixels);
    match *shape {
        [1, _, columns] => format!("picture {picture}, row {}, column {}", pixel / columns, pixel % columns),
        [_, rows, columns] => format!(
            "picture {picture}, channel {}, row {}, column {}",
            pixel / (rows * columns),
            pixel / columns % rows,
            pixel % columns
        ),
        _ => format!("picture {picture}, number {pixel}"),
    }
}
