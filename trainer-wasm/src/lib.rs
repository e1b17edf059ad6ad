//! The trainer for a page: the fused engine of the CPU, its noise, its order of pictures and its files, compiled to WebAssembly.
//!
//! ```
//! use trainer_wasm::{Settings, Trainer};
//! # let pictures = gan::Pictures { bytes: vec![40; 64 * 16], labels: vec![0; 64], shape: gan::DataShape::grey(4, 4) };
//! let settings = Settings { recipe: "stable", changes: "hidden = 8", seed: 7, epochs: 2, dataset: "dots", classes: vec![] };
//! let mut trainer = Trainer::start(&settings, pictures)?;
//! while !trainer.is_done() {
//!     let taken = trainer.advance(10)?; // ten steps, or what is left of the epoch
//!     println!("D's loss {}", taken.means.d_loss);
//! }
//! let onnx = trainer.export()?;
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
//! Start in `trainer.rs`; `wasm.rs` is the JavaScript face, `tile.rs` where the time goes. `xtask` compiles it twice, with relaxed
//! SIMD and without.

mod trainer;

#[cfg(target_arch = "wasm32")]
mod tile;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use trainer::{LEAST_PICTURES, Settings, Taken, Trainer};
