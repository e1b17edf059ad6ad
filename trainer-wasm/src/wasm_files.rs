//! The JavaScript face of [`crate::files`].

use js_sys::{Error, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::files;
use crate::thrown::thrown;

/// A recipe, as `Training.start` takes it. `recipe`: a name or TOML; `changes`: TOML that is put over it.
///
/// # Errors
/// An `Error` that says what is wrong with the recipe.
#[wasm_bindgen]
pub fn recipe(recipe: &str, changes: &str) -> Result<Uint8Array, Error> {
    given(files::recipe(recipe, changes))
}

/// A run's `parcel` as a checkpoint.
///
/// # Errors
/// An `Error` if it is none.
#[wasm_bindgen]
pub fn checkpoint(parcel: &[u8]) -> Result<Uint8Array, Error> {
    given(files::checkpoint(parcel))
}

/// The generator of a run's `parcel` as ONNX.
///
/// # Errors
/// An `Error` if it is none.
#[wasm_bindgen]
pub fn model(parcel: &[u8]) -> Result<Uint8Array, Error> {
    given(files::export(parcel))
}

/// A checkpoint as a parcel, as `Training.resume` takes it.
///
/// # Errors
/// An `Error` that says what is wrong with the checkpoint.
#[wasm_bindgen]
pub fn open(checkpoint: &[u8]) -> Result<Uint8Array, Error> {
    given(files::open(checkpoint))
}

fn given(bytes: failure::Result<Vec<u8>>) -> Result<Uint8Array, Error> {
    bytes.map(|bytes| Uint8Array::from(&bytes[..])).map_err(thrown)
}
