//! The JavaScript face: a class `Generator` and what was compiled in. `web/forger.js` is what pages use; this is under it.
//!
//! Errors become JavaScript `Error`s with the message of [`LoadError`](crate::LoadError) or
//! [`GenerateError`](crate::GenerateError).

use wasm_bindgen::prelude::*;

/// A generator read from the bytes of an ONNX file.
#[wasm_bindgen]
pub struct Generator(crate::Generator);

#[wasm_bindgen]
impl Generator {
    /// Reads a model.
    ///
    /// # Errors
    /// An `Error` that says what is wrong with the bytes.
    pub fn load(bytes: &[u8]) -> Result<Generator, JsError> {
        Ok(Generator(crate::Generator::from_bytes(bytes)?))
    }

    /// How many numbers make one latent vector.
    #[wasm_bindgen(getter, js_name = latentSize)]
    pub fn latent_size(&self) -> usize {
        self.0.latent_size()
    }

    /// Channels, height, width.
    #[wasm_bindgen(getter, js_name = imageShape)]
    pub fn image_shape(&self) -> Vec<u32> {
        self.0.image_shape().map(|size| size as u32).to_vec()
    }

    /// The file's metadata, as keys and values in turn.
    #[wasm_bindgen(getter)]
    pub fn metadata(&self) -> Vec<String> {
        self.0.metadata().iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
    }

    /// A `Float32Array` of n · latentSize numbers to one of n pictures.
    ///
    /// # Errors
    /// An `Error` that says what is wrong with the numbers.
    pub fn generate(&self, z: &[f32]) -> Result<Vec<f32>, JsError> {
        Ok(self.0.generate(z)?)
    }
}

/// The version of tract that runs the models.
#[wasm_bindgen(js_name = tractVersion)]
pub fn tract_version() -> String {
    crate::TRACT_VERSION.into()
}

/// Whether this module was compiled to 128-bit SIMD.
#[wasm_bindgen]
pub fn simd128() -> bool {
    cfg!(target_feature = "simd128")
}
