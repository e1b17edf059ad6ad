//! The JavaScript face: a class `Generator` and what was compiled in. `web/forger.js` is what pages use; this is under it.
//!
//! Errors become JavaScript `Error`s with the message of [`LoadError`](crate::LoadError) or
//! [`GenerateError`](crate::GenerateError).

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;

/// A generator read from the bytes of an ONNX file.
#[wasm_bindgen]
pub struct Generator(crate::Generator);

#[wasm_bindgen]
impl Generator {
    /// Reads a model.
    ///
    /// # Errors
    /// An `Error` that says what is wrong with the bytes; its name is `UnknownOperator` if another build may have it.
    pub fn load(bytes: &[u8]) -> Result<Generator, js_sys::Error> {
        let generator = crate::Generator::from_bytes(bytes).map_err(|error| {
            let thrown = js_sys::Error::new(&error.to_string());
            if matches!(error, crate::LoadError::Operator { .. }) {
                thrown.set_name("UnknownOperator");
            }
            thrown
        })?;
        Ok(Generator(generator))
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

    /// A `Float32Array` of n · latentSize numbers to one of n pictures. Each picture is copied once, from where tract left it
    /// to an array that is the caller's own.
    ///
    /// # Errors
    /// An `Error` that says what is wrong with the numbers.
    pub fn generate(&self, z: &[f32]) -> Result<Float32Array, JsError> {
        let pixels: usize = self.0.image_shape().iter().product();
        let images = Float32Array::new_with_length((z.len() / self.0.latent_size() * pixels) as u32);
        let mut taken = 0;
        self.0.generate_in_parts(z, |part| {
            let end = taken + part.len() as u32;
            images.subarray(taken, end).copy_from(part);
            taken = end;
        })?;
        Ok(images)
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

/// Whether this module was compiled to relaxed SIMD, which has fused multiply-add.
#[wasm_bindgen(js_name = relaxedSimd)]
pub fn relaxed_simd() -> bool {
    cfg!(target_feature = "relaxed-simd")
}
