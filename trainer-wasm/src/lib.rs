//! The trainer for a page: the fused engine of the CPU, its noise, its order of pictures and its files, compiled to WebAssembly.
//!
//! ```
//! use gan::recipe::Recipe;
//! use trainer_wasm::{Settings, Trainer, files};
//! # let pictures = gan::Pictures { bytes: vec![40; 64 * 16], labels: vec![0; 64], shape: gan::DataShape::grey(4, 4) };
//! let recipe = Recipe::plain("stable", "hidden = 8").unwrap();
//! let settings = Settings { recipe, seed: 7, epochs: 2, dataset: "dots", classes: vec![] };
//! let mut trainer = Trainer::start(&settings, pictures)?;
//! while !trainer.is_done() {
//!     let taken = trainer.advance(10)?; // ten steps, or what is left of the epoch
//!     println!("D's loss {}", taken.means.d_loss);
//! }
//! let onnx = files::export(&trainer.parcel()?.to_bytes())?;
//! # assert!(!onnx.is_empty());
//! # Ok::<(), failure::Failure>(())
//! ```
//!
//! Invariants:
//! * The same seed, recipe and pictures make the run that `trainer --device cpu` makes, but for the rounding of its products
//!   ([`linear::portable`]): every number that is drawn, every rate and every file comes from the same code.
//! * It reads no file, no clock and no flag. Whoever runs it says how long steps took.
//! * No input panics: a panic ends the module for good.
//!
//! It is two modules: what trains, which knows no format and is small, and what makes files of a run ([`files`], by the feature of
//! that name), which a page fetches when somebody asks for one. `xtask` compiles the first twice, with relaxed SIMD and without.
//!
//! Start in `trainer.rs`; `gpu.rs` has what a GPU is given and gives back, `wasm.rs` and `wasm_files.rs` are the JavaScript faces,
//! `tile.rs` is where the time goes.

pub mod files;
mod gpu;
mod trainer;

#[cfg(target_arch = "wasm32")]
mod thrown;
#[cfg(all(target_arch = "wasm32", not(feature = "files")))]
mod tile;
#[cfg(all(target_arch = "wasm32", not(feature = "files")))]
mod wasm;
#[cfg(all(target_arch = "wasm32", feature = "files"))]
mod wasm_files;

pub use gpu::{ForDevice, ForEpoch};
pub use trainer::{LEAST_PICTURES, Settings, Taken, Trainer};
