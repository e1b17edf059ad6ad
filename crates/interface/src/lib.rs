//! What an ONNX generator of anyone's takes and gives: found out from the file, said, and put into the one form that the
//! rest of Forger works with: latent vectors in, pictures [n, channels, height, width] from -1 to 1 out.
//!
//! Generators come from PyTorch, Keras and a dozen converters, and no two name their ends alike. The steps, each of its own
//! use:
//!
//! 1. [`decode`](envelope::decode) reads the file, or says what it is instead ([`NoModel`]);
//! 2. [`external::take_in`] fetches weights that are kept beside it, and from nowhere else;
//! 3. [`free_settings`] makes inputs of settings that rest somewhere, [`Taken::of`] tells the latent vector, the class and the settings among the inputs;
//! 4. [`rewrite`](rewrite::rewrite) puts what tract lacks into what it has;
//! 5. [`Picture::among`] finds the picture among what came out, [`Range`] what its numbers mean.
//!
//! The feature `run` brings tract and does all of it: [`Generator`].
//!
//! ```
//! # use interface::{Range, what_is};
//! assert_eq!(what_is(b"404: Not Found").unwrap().to_string(),
//!            "this is not an ONNX model: it is a server's answer: `404: Not Found`");
//! assert_eq!(Range::by_values(&[0.0, 9.0, 250.0]), Range::Byte);
//! ```
//!
//! Invariants:
//! * No input panics, and memory stays within a small multiple of the file (`envelope`, `tests/hostile.rs`).
//! * No name in a file leads out of its folder (`external`).
//! * What was rewritten is told; nothing else that a model computes is changed.
//! * Without `run` nothing of tract is in the tree.
//!
//! Start in `taken.rs` and `picture.rs` for how the ends are told, in `rewrite.rs` for what is mended, in `run.rs` for how it
//! comes together.

pub mod envelope;
pub mod external;
mod no_model;
pub mod onnx;
mod picture;
mod port;
mod random;
mod range;
mod refusal;
pub mod rewrite;
#[cfg(feature = "run")]
mod run;
mod taken;

pub use no_model::{NoModel, what_is};
pub use picture::{Given, Layout, Picture};
pub use port::{Port, inputs};
pub use random::normal;
pub use range::Range;
pub use refusal::Refusal;
#[cfg(feature = "run")]
pub use run::{Filled, Generator, Interface, Wishes};
pub use taken::{Batch, Class, Latent, Rest, Taken, free_settings};
