//! Any ONNX generator that takes z and gives grey pictures, run by tract: what `trainer evaluate` judges.
//!
//! tract reads the file and knows its operators, all that it has, so that generators of other makers can be judged too;
//! only the shapes at both ends are looked at here.

use std::fs;
use std::io::Cursor;
use std::panic;
use std::path::Path;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use failure::{Failure, Result};

/// Pictures drawn at a time, where the file leaves the batch open.
const BATCH: usize = 100;

/// A generator read from a file.
pub struct Generator {
    name: String,
    plan: Arc<TypedRunnableModel>,
    batch: usize,
    latent: usize,
    image_shape: [usize; 3],
}

impl Generator {
    /// Reads `path`: one input [batch, latent], one output [batch, channels, rows, columns], both float32.
    ///
    /// # Errors
    /// A file that cannot be read, is no ONNX, or is no generator.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            Failure::failed(format!("`{name}` cannot be read: {error}")).hint("give the path of an ONNX generator")
        })?;
        let refused = |reason: String| {
            Failure::failed(format!("`{name}` cannot be judged: {reason}")).hint(
                "a generator takes float32 z [batch, latent] and gives float32 pictures [batch, 1, rows, columns]",
            )
        };
        guarded(|| Self::from_bytes(&name, &bytes)).map_err(refused)
    }

    fn from_bytes(name: &str, bytes: &[u8]) -> std::result::Result<Self, String> {
        // What the file says of values in between may name the batch, which is about to get a size.
        let onnx = tract_onnx::onnx().with_ignore_value_info(true);
        let model = onnx.model_for_read(&mut Cursor::new(bytes)).map_err(in_a_sentence)?;
        if (model.inputs.len(), model.outputs.len()) != (1, 1) {
            let (inputs, outputs) = (model.inputs.len(), model.outputs.len());
            return Err(format!("it has {inputs} inputs and {outputs} outputs, not one of each"));
        }
        let fact = model.input_fact(0).map_err(in_a_sentence)?;
        let dims: Vec<Option<usize>> =
            fact.shape.dims().map(|dim| dim.concretize().and_then(|dim| dim.to_usize().ok())).collect();
        let [batch, Some(latent)] = dims[..] else {
            return Err(format!("its input is {}, not [batch, latent]", shape_in_words(&dims)));
        };
        let batch = batch.unwrap_or(BATCH);
        if batch == 0 || latent == 0 {
            return Err("its input has a side of 0".to_owned());
        }
        let wanted = InferenceFact::dt_shape(f32::datum_type(), [batch, latent]);
        let plan = model
            .with_input_fact(0, wanted)
            .and_then(|model| model.with_output_fact(0, InferenceFact::default()))
            .and_then(|model| model.into_optimized())
            .map_err(in_a_sentence)?;
        let fact = plan.output_fact(0).map_err(in_a_sentence)?;
        let dims: Vec<Option<usize>> = fact.shape.iter().map(|dim| dim.to_usize().ok()).collect();
        let (&[Some(found), Some(channels), Some(rows), Some(columns)], true) =
            (&dims[..], fact.datum_type == f32::datum_type())
        else {
            let (shape, kind) = (shape_in_words(&dims), fact.datum_type);
            return Err(format!("its output is {kind:?} {shape}, not F32 [batch, channels, rows, columns]"));
        };
        if found != batch {
            return Err(format!("it makes {found} pictures of {batch} latent vectors"));
        }
        let plan = plan.into_runnable().map_err(in_a_sentence)?;
        Ok(Self { name: name.to_owned(), plan, batch, latent, image_shape: [channels, rows, columns] })
    }

    /// Coordinates of z.
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// [channels, rows, columns] of a picture.
    pub fn image_shape(&self) -> [usize; 3] {
        self.image_shape
    }

    /// Draws pictures. z: [n, latent] -> [n, pixels].
    ///
    /// # Errors
    /// A model that cannot be run, or gives pixels that are no numbers.
    pub fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        let refused = |reason: String| Failure::failed(format!("`{}` cannot be run: {reason}", self.name));
        let pixels: usize = self.image_shape.iter().product();
        let mut images = Vec::with_capacity(z.len() / self.latent * pixels);
        for chunk in z.chunks(self.batch * self.latent) {
            let mut padded = chunk.to_vec();
            padded.resize(self.batch * self.latent, 0.0);
            let drawn = guarded(|| self.batch(&padded)).map_err(refused)?;
            images.extend_from_slice(&drawn[..chunk.len() / self.latent * pixels]);
        }
        match images.iter().position(|pixel| !pixel.is_finite()) {
            Some(place) => Err(refused(format!("picture {} holds a pixel that is no number", place / pixels))),
            None => Ok(images),
        }
    }

    fn batch(&self, z: &[f32]) -> std::result::Result<Vec<f32>, String> {
        let run = || -> TractResult<Vec<f32>> {
            let z = Tensor::from_shape(&[self.batch, self.latent], z)?;
            let outputs = self.plan.run(tvec!(z.into_tvalue()))?;
            Ok(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
        };
        run().map_err(in_a_sentence)
    }
}

/// A file of a stranger's may trip an assertion inside tract: that is one more reason to refuse it, not to end, and its
/// message is for tract's makers.
fn guarded<T>(work: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.unwrap_or_else(|_| Err("tract stumbled over it".to_owned()))
}

/// tract's chain of causes on one line.
fn in_a_sentence(error: TractError) -> String {
    let causes: Vec<String> = error.chain().map(|cause| cause.to_string().replace('\n', " ")).collect();
    causes.join(": ")
}

fn shape_in_words(dims: &[Option<usize>]) -> String {
    let sides: Vec<String> =
        dims.iter().map(|dim| dim.map_or_else(|| "?".to_owned(), |side| side.to_string())).collect();
    format!("[{}]", sides.join(", "))
}
