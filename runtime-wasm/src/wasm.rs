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
    /// An `Error` that says what is wrong with the bytes, with what to do about it as its `hint`. Its name is `NoModel` if no
    /// build would take them.
    pub fn load(bytes: &[u8]) -> Result<Generator, js_sys::Error> {
        crate::Generator::from_bytes(bytes).map(Generator).map_err(|error| thrown(&error))
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

    /// How many classes the model is told one of; 0 if it is told none.
    #[wasm_bindgen(getter)]
    pub fn classes(&self) -> usize {
        self.0.classes()
    }

    /// A `Float32Array` of n · latentSize numbers, and the class of each, to one of n pictures; of class 0 where there is none.
    /// Each picture is copied once, from where tract left it to an array that is the caller's own.
    ///
    /// # Errors
    /// An `Error` that says what is wrong with the numbers.
    pub fn generate(&self, z: &[f32], classes: Option<Vec<u32>>) -> Result<Float32Array, JsError> {
        let pixels: usize = self.0.image_shape().iter().product();
        let images = Float32Array::new_with_length((z.len() / self.0.latent_size() * pixels) as u32);
        let mut taken = 0;
        self.0.generate_in_parts(z, &classes.unwrap_or_default(), |part| {
            let end = taken + part.len() as u32;
            images.subarray(taken, end).copy_from(part);
            taken = end;
        })?;
        Ok(images)
    }
}

#[cfg(feature = "all-operators")]
#[wasm_bindgen]
impl Generator {
    /// Reads a model of anyone's. `names` and `files`: what was chosen along with it, for weights that are kept beside it.
    /// `wishes`: input, output, layout and range as the user says them, each empty where it is to be found out.
    ///
    /// # Errors
    /// As of `load`.
    #[wasm_bindgen(js_name = loadAny)]
    pub fn load_any(
        bytes: Vec<u8>,
        names: Vec<String>,
        files: Vec<js_sys::Uint8Array>,
        wishes: Vec<String>,
    ) -> Result<Generator, js_sys::Error> {
        let wishes = wishes_of(&wishes).map_err(|message| js_sys::Error::new(&message))?;
        // A browser gives a file's name alone, whatever folder the model has it in.
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut beside = |name: &str| {
            let place = names.iter().position(|other| last(other) == last(name))?;
            files.get(place).map(js_sys::Uint8Array::to_vec)
        };
        crate::Generator::of_anyones(bytes, &mut beside, &wishes).map(Generator).map_err(|error| thrown(&error))
    }

    /// What was taken for what, as keys and values in turn; nothing for Forger's own models.
    #[wasm_bindgen(getter)]
    pub fn taken(&self) -> Vec<String> {
        let told = self.0.interface().map(|interface| interface.told()).unwrap_or_default();
        told.into_iter().flat_map(|(key, value)| [key.to_owned(), value]).collect()
    }

    /// The names that may be said to be the latent vector's, and those that may be said to be the picture's; in
    /// front of both stands how many the former are.
    #[wasm_bindgen(getter)]
    pub fn ends(&self) -> Vec<String> {
        let Some(interface) = self.0.interface() else { return Vec::new() };
        let [inputs, outputs] =
            [interface.inputs, interface.outputs].map(|names| names.into_iter().take(MOST_ENDS).collect::<Vec<_>>());
        [vec![inputs.len().to_string()], inputs, outputs].concat()
    }

    /// The inputs that are one number each and neither latent vector nor class, as names and where they rest in turn.
    #[wasm_bindgen(getter)]
    pub fn settings(&self) -> Vec<String> {
        let rest = self.0.interface().map(|interface| interface.taken.rest).unwrap_or_default();
        let settings = rest.into_iter().filter(interface::Rest::is_setting).take(MOST_ENDS);
        settings.flat_map(|rest| [rest.name, rest.value.to_string()]).collect()
    }

    /// Sets where such an input rests.
    ///
    /// # Errors
    /// An `Error` if the model has no such input.
    #[wasm_bindgen(js_name = setRest)]
    pub fn set_rest(&self, name: &str, value: f32) -> Result<(), js_sys::Error> {
        self.0.set_rest(name, value).map_err(|message| js_sys::Error::new(&message))
    }
}

/// Of a hostile file's thousands of inputs and outputs a page lists no more.
#[cfg(feature = "all-operators")]
const MOST_ENDS: usize = 32;

#[cfg(feature = "all-operators")]
fn wishes_of(texts: &[String]) -> Result<interface::Wishes, String> {
    let text = |index: usize| texts.get(index).filter(|text| !text.is_empty());
    Ok(interface::Wishes {
        input: text(0).cloned(),
        output: text(1).cloned(),
        layout: text(2).map(|layout| layout.parse()).transpose()?,
        range: text(3).map(|range| range.parse()).transpose()?,
    })
}

/// A JavaScript error: the sentence, what to do, and whether that is the last word.
fn thrown(error: &crate::LoadError) -> js_sys::Error {
    let thrown = js_sys::Error::new(&error.to_string());
    // A plain object takes every property.
    let _ = js_sys::Reflect::set(&thrown, &"hint".into(), &error.hint().into());
    if matches!(error, crate::LoadError::NoModel(_)) {
        thrown.set_name("NoModel");
    }
    thrown
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
