//! Models with operators that the small runtime does not have, by the whole of tract: its ONNX reader, its optimiser, its
//! kernels.
//!
//! It is a feature of the crate, `all-operators`, since it weighs three megabytes of WebAssembly. tract's reader is not
//! written for hostile files: it may panic. Natively that is caught; in the browser it ends the module, and `loader.js`
//! starts another one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::pb;
use tract_onnx::tract_hir::internal::*;

use crate::LoadError;
use crate::plan::in_a_sentence;

/// No value in a model may have more numbers: 256 MB of float32, a quarter of what the browser's module may take.
const VALUE_LIMIT: usize = 64 << 20;

/// Any model of a generator's interface, made ready for one picture at a time.
pub(crate) struct AnyPlan {
    latent_size: usize,
    pixels: usize,
    state: TypedSimpleState,
}

impl AnyPlan {
    /// Reads and optimises a model whose input is [batch, latent_size] and whose output is [batch, pixels in some shape].
    ///
    /// # Errors
    /// A [`LoadError`] with what tract has to say.
    pub(crate) fn new(model: &pb::ModelProto, latent_size: usize, pixels: usize) -> Result<AnyPlan, LoadError> {
        let prepare = AssertUnwindSafe(|| prepare(model, latent_size));
        match catch_unwind(prepare) {
            Ok(Ok(state)) => Ok(AnyPlan { latent_size, pixels, state }),
            Ok(Err(error)) => Err(LoadError::Runtime { reason: in_a_sentence(error) }),
            Err(_) => Err(LoadError::Runtime { reason: "tract stopped in the middle of it".into() }),
        }
    }

    /// Runs picture by picture. `z`: [n, latent_size]; `take` is given [n, pixels].
    ///
    /// # Errors
    /// What tract has to say, in a sentence.
    pub(crate) fn run<T>(&mut self, z: &[f32], take: impl FnOnce(&[f32]) -> T) -> Result<T, String> {
        let mut images = Vec::with_capacity(z.len() / self.latent_size * self.pixels);
        for z in z.chunks(self.latent_size) {
            let run = AssertUnwindSafe(|| -> TractResult<()> {
                let outputs = self.state.run(tvec!(Tensor::from_shape(&[1, self.latent_size], z)?.into_tvalue()))?;
                let image = outputs[0].try_as_plain_ram()?;
                let image = image.as_slice::<f32>()?;
                ensure!(image.len() == self.pixels, "a picture has {} numbers, not {}", image.len(), self.pixels);
                images.extend_from_slice(image);
                Ok(())
            });
            catch_unwind(run).unwrap_or_else(|_| bail!("tract stopped in the middle of it")).map_err(in_a_sentence)?;
        }
        Ok(take(&images))
    }
}

fn prepare(model: &pb::ModelProto, latent_size: usize) -> TractResult<TypedSimpleState> {
    let onnx = tract_onnx::Onnx { provider: Arc::new(NoOtherFiles), ..tract_onnx::onnx() };
    let mut model = onnx.parse(model, None)?.model;
    model.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), [1, latent_size]))?;
    model.analyse(false)?;
    for node in model.nodes() {
        for output in &node.outputs {
            let Some(dims) = output.fact.shape.concretize() else { continue };
            let numbers =
                dims.iter().try_fold(1usize, |n, dim| n.checked_mul(usize::try_from(dim.to_i64().ok()?).ok()?));
            ensure!(numbers.is_some_and(|n| n <= VALUE_LIMIT), "`{}` would make a value too large to hold", node.name);
        }
    }
    TypedSimplePlan::new(model.into_optimized()?)?.spawn()
}

/// A model is one file: a path in it is of whoever made it, and leads nowhere here.
struct NoOtherFiles;

impl ModelDataResolver for NoOtherFiles {
    fn read_bytes_from_path(&self, _: &mut Vec<u8>, _: &Path, _: usize, _: Option<usize>) -> TractResult<()> {
        bail!("some weights are kept in another file")
    }
}
