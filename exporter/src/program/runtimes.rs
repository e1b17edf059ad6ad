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
    let plain = Drawn { runtime: "f64 arithmetic", pictures: Ok(model.evaluate(&parity.z.concat(), &parity.class)) };
    [plain].into_iter().chain(run::draw(onnx, parity)).collect()
}

/// Pictures that two runtimes are held against each other by.
pub(crate) const ANYONES: usize = 4;

/// Pictures of any generator for the same random latent vectors: by tract, and by ONNX Runtime.
///
/// # Errors
/// Why tract draws none.
pub(crate) fn draw_of_anyones(onnx: &[u8]) -> Result<[Drawn; 2], String> {
    run::draw_of_anyones(onnx)
}

#[cfg(not(feature = "run"))]
mod run {
    use super::{Drawn, Refusal};

    pub(super) fn draw(_: &[u8], _: &exporter::Parity) -> Vec<Drawn> {
        let absent =
            |runtime| Drawn { runtime, pictures: Err(Refusal::Absent("built without the feature `run`".into())) };
        ["tract", "ONNX Runtime"].map(absent).into()
    }

    pub(super) fn draw_of_anyones(_: &[u8]) -> Result<[Drawn; 2], String> {
        Err("built without the feature `run`".into())
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
        let mut model = model.with_input_fact(0, f32::fact(shape).into())?;
        let mut inputs = tvec!(Tensor::from_shape(&shape, &parity.z.concat())?.into_tvalue());
        if !parity.class.is_empty() {
            model = model.with_input_fact(1, i64::fact([parity.class.len()]).into())?;
            inputs.push(Tensor::from_shape(&[parity.class.len()], &classes_of(parity))?.into_tvalue());
        }
        let plan = model.into_optimized()?.into_runnable()?;
        let outputs = plan.run(inputs)?;
        let pixels = outputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        Ok(pixels.iter().map(|&pixel| f64::from(pixel)).collect())
    }

    /// The class of each picture, as ONNX wants them.
    fn classes_of(parity: &Parity) -> Vec<i64> {
        parity.class.iter().map(|&class| class as i64).collect()
    }

    /// tract's chain of causes on one line.
    fn in_a_sentence(error: &TractError) -> String {
        error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ")
    }

    pub(super) fn draw_of_anyones(onnx: &[u8]) -> Result<[Drawn; 2], String> {
        let opened = interface::Generator::from_bytes(onnx.to_vec().into(), &mut |_| None, &Default::default());
        let mut generator = opened.map_err(|refusal| refusal.to_string())?;
        let z = interface::normal(super::ANYONES * generator.latent_size());
        let by_tract = generator.generate(&z, &[]).map_err(|refusal| refusal.to_string())?;
        let by_tract = by_tract.into_iter().map(f64::from).collect();
        // One session for all: ONNX Runtime takes one environment in a process.
        let by_other = session(onnx).and_then(|mut session| {
            z.chunks(generator.latent_size()).try_fold(Vec::new(), |mut all, z| {
                all.extend(anyones_by_onnx_runtime(&mut session, &generator, z)?);
                Ok(all)
            })
        });
        Ok([Drawn { runtime: "tract", pictures: Ok(by_tract) }, Drawn { runtime: "ONNX Runtime", pictures: by_other }])
    }

    /// One picture, of class 0 and with the other inputs at rest.
    fn anyones_by_onnx_runtime(
        session: &mut Session,
        generator: &interface::Generator,
        z: &[f32],
    ) -> Result<Vec<f64>, Refusal> {
        use ort::value::{DynValue, Tensor};

        let interface = generator.interface();
        let mut inputs: Vec<(String, DynValue)> = Vec::new();
        for input in interface.filled_inputs(z) {
            let shape = input.dims.clone();
            let value = match input.element {
                interface::onnx::data_type::FLOAT => Tensor::from_array((shape, input.values)).map(Tensor::into_dyn),
                interface::onnx::data_type::DOUBLE => {
                    Tensor::from_array((shape, input.values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()))
                        .map(Tensor::into_dyn)
                }
                interface::onnx::data_type::INT64 => {
                    Tensor::from_array((shape, input.values.iter().map(|&x| x as i64).collect::<Vec<_>>()))
                        .map(Tensor::into_dyn)
                }
                interface::onnx::data_type::INT32 => {
                    Tensor::from_array((shape, input.values.iter().map(|&x| x as i32).collect::<Vec<_>>()))
                        .map(Tensor::into_dyn)
                }
                other => {
                    let name = interface::onnx::element_name(other);
                    return Err(Refusal::Failed(format!("an input of {name} is not given here")));
                }
            };
            inputs.push((input.name, value.map_err(failed)?));
        }
        let outputs = session.run(inputs).map_err(failed)?;
        let image = outputs.get(&interface.picture.name).ok_or_else(|| failed("it gives no such output"))?;
        let values: Vec<f32> = match image.try_extract_tensor::<f32>() {
            Ok((_, image)) => image.to_vec(),
            Err(_) => match image.try_extract_tensor::<u8>() {
                Ok((_, image)) => image.iter().map(|&byte| f32::from(byte)).collect(),
                Err(error) => return Err(failed(error)),
            },
        };
        let one = interface.picture.pixels();
        let values = values.get(..one).ok_or_else(|| failed("its picture is of another size"))?;
        Ok(generator.finished(values).into_iter().map(f64::from).collect())
    }

    fn session(onnx: &[u8]) -> Result<Session, Refusal> {
        let Some(library) = std::env::var_os(LIBRARY).filter(|path| !path.is_empty()) else {
            return Err(Refusal::Absent(format!("`{LIBRARY}` names no library of it")));
        };
        let environment = ort::init_from(&library).map_err(failed)?.build().map_err(failed)?;
        Session::builder(&environment).map_err(failed)?.commit_from_memory(onnx).map_err(failed)
    }

    fn onnx_runtime(onnx: &[u8], parity: &Parity) -> Result<Vec<f64>, Refusal> {
        let mut session = session(onnx)?;
        let z = parity.z.concat();
        let z = TensorRef::from_array_view(([parity.z.len(), parity.z[0].len()], &z[..])).map_err(failed)?;
        let classes = classes_of(parity);
        let outputs = if classes.is_empty() {
            session.run(ort::inputs![z])
        } else {
            session.run(ort::inputs![z, TensorRef::from_array_view(([classes.len()], &classes[..])).map_err(failed)?])
        };
        let outputs = outputs.map_err(failed)?;
        let (_, image) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        Ok(image.iter().map(|&pixel| f64::from(pixel)).collect())
    }
}
