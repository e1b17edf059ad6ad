//! Failures as JavaScript's errors.

use failure::Failure;
use js_sys::Error;

/// Makes a JavaScript error: the sentence, and what to do as its `hint`.
pub(crate) fn thrown(failure: Failure) -> Error {
    let thrown = Error::new(&failure.message);
    if let Some(hint) = &failure.hint {
        // A plain object takes every property.
        let _ = js_sys::Reflect::set(&thrown, &"hint".into(), &hint.as_str().into());
    }
    thrown
}
