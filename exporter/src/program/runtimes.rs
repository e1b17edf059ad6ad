//! What can draw the pictures of a model here: f64 arithmetic, tract, and ONNX Runtime where it is found.
//!
//! tract and ONNX Runtime come with the feature `run`; the library does not know them.

use exporter::{Model, Parity};

/// A runtime's pictures, [count · pixels], or why there are none.
pub(crate) struct Drawn {
    pub(crate) runtime: &'static str,
    pub(crate) pictures: Result<Vec<f64>, Refusal>,
}

/// Why a runtime gave no pictures.
pub(crate) enum Refusal {
    /// It is not here.
    Absent(String),
    /// It would not run the model.
    #[cfg_attr(not(feature = "run"), allow(dead_code, reason = "without runtimes none can fail"))]
    Failed(String),
}

/// The pictures of the parity vectors by everything that is here. The model has been read by this crate before, so
/// runtimes are given nothing that does not fit together.
pub(crate) fn draw(onnx: &[u8], model: &Model, parity: &Parity) -> Vec<Drawn> {
    let plain = Drawn { runtime: "f64 arithmetic", pictures: Ok(model.evaluate(&parity.z.concat())) };
    [plain].into_iter().chain(run::draw(onnx, parity)).collect()
}

#[cfg(not(feature = "run"))]
mod run {
    use super::{Drawn, Refusal};

    pub(super) fn draw(_: &[u8], _: &exporter::Parity) -> Vec<Drawn> {
        let absent =
            |runtime| Drawn { runtime, pictures: Err(Refusal::Absent("built without the feature `run`".into())) };
        ["tract", "ONNX Runtime"].map(absent).into()
    }
}

#[cfg(feature = "run")]
mod run {
    use std::io::Cursor;

    use exporter::Parity;
    use ort::session::Session;
    use ort::value::TensorRef;
    use tract_onnx::prelude::*;

    use super::{Drawn, Refusal};

    /// Names ONNX Runtime's shared library.
    const LIBRARY: &str = "ORT_DYLIB_PATH";

    pub(super) fn draw(onnx: &[u8], parity: &Parity) -> Vec<Drawn> {
        vec![
            Drawn { runtime: "tract", pictures: tract(onnx, parity).map_err(|error| failed(in_a_sentence(&error))) },
            Drawn { runtime: "ONNX Runtime", pictures: onnx_runtime(onnx, parity) },
        ]
    }

    fn failed(error: impl std::fmt::Display) -> Refusal {
        Refusal::Failed(error.to_string())
    }

    fn tract(onnx: &[u8], parity: &Parity) -> TractResult<Vec<f64>> {
        // A file may tell its values with the batch left open: tract would hold them to that.
        let reader = tract_onnx::onnx().with_ignore_value_info(true);
        let model = reader.model_for_read(&mut Cursor::new(onnx))?.with_output_fact(0, Default::default())?;
        let shape = [parity.z.len(), parity.z[0].len()];
        let plan = model.with_input_fact(0, f32::fact(shape).into())?.into_optimized()?.into_runnable()?;
        let z = Tensor::from_shape(&shape, &parity.z.concat())?;
        let outputs = plan.run(tvec!(z.into_tvalue()))?;
        let pixels = outputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        Ok(pixels.iter().map(|&pixel| f64::from(pixel)).collect())
    }

    /// tract's chain of causes on one line.
    fn in_a_sentence(error: &TractError) -> String {
        error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ")
    }

    fn onnx_runtime(onnx: &[u8], parity: &Parity) -> Result<Vec<f64>, Refusal> {
        let Some(library) = std::env::var_os(LIBRARY).filter(|path| !path.is_empty()) else {
            return Err(Refusal::Absent(format!("`{LIBRARY}` names no library of it")));
        };
        let environment = ort::init_from(&library).map_err(failed)?.build().map_err(failed)?;
        let mut session = Session::builder(&environment).map_err(failed)?.commit_from_memory(onnx).map_err(failed)?;
        let z = parity.z.concat();
        let z = TensorRef::from_array_view(([parity.z.len(), parity.z[0].len()], &z[..])).map_err(failed)?;
        let outputs = session.run(ort::inputs![z]).map_err(failed)?;
        let (_, image) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        Ok(image.iter().map(|&pixel| f64::from(pixel)).collect())
    }
}
