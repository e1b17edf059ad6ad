//! Runs a generator stored as ONNX: latent vectors in, pictures out, the same code natively and in a browser.
//!
//! The file is read by [`tract_onnx`]'s protobuf types, checked by `network`, and run by a tract plan of operators of our
//! own, a product and its activation in one. Only what a generator of this family is made of is understood (`Gemm`, `Conv`,
//! `ConvTranspose`, `Resize`, `LeakyRelu`, `Tanh`, `Reshape`, `Flatten`, and for a class one `Gather` and one `Concat`): that keeps the WebAssembly small, and lets every fault of a file be named before tract
//! sees it. With the feature `all-operators` the crate `interface` reads and draws any other generator.
//!
//! ```no_run
//! let bytes = std::fs::read("gen.onnx")?;
//! let generator = runtime_wasm::Generator::from_bytes(&bytes)?;
//! let z = vec![0.0; 2 * generator.latent_size()];
//! let pixels = generator.generate(&z)?; // two pictures, one after the other
//! assert_eq!(pixels.len(), 2 * generator.image_shape().iter().product::<usize>());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//! * No input panics: bytes and latent vectors of any kind end in a [`LoadError`] or a [`GenerateError`]. In the
//!   browser a panic would end the module for good.
//! * What comes out is finite: a generator that gives NaN or infinity is reported, not shown.
//! * Nothing of tract is in the interface, and of the workspace this crate knows `interface` (without `all-operators`
//!   only what says of a file that it is no model), and `net` and `windows` for convolutions.
//!
//! Start in `network.rs` for what a model file must be, in `plan.rs` for how it is run and `product.rs` for where the time
//! goes, in `wasm.rs` for its JavaScript face. `small/` is how it is compiled for the page.

mod activation;
mod convolution;
mod error;
mod generator;
mod lanes;
mod network;
mod plan;
mod product;
mod step;
mod stored;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::{GenerateError, LoadError};
pub use generator::Generator;

/// The version of tract that runs the models.
pub const TRACT_VERSION: &str = "0.23.9";

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_told_is_the_version_linked() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
        let (_, entry) = lock.split_once("name = \"tract-core\"\nversion = \"").unwrap();
        assert_eq!(entry.split('"').next(), Some(super::TRACT_VERSION));
    }
}
