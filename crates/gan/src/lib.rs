//! What a GAN's training is, whatever engine does it: the recipe, the rates of a step, its statistics, and the state between two
//! steps.

pub mod adam;
pub mod classes;
pub mod loss;
pub mod pictures;
pub mod recipe;
pub mod state;
pub mod statistics;

pub use classes::Classes;
pub use loss::Loss;
pub use pictures::{DataShape, Pictures};
pub use recipe::{Layers, Recipe, StepRates};
pub use state::{Slot, State};
pub use statistics::{STATISTICS, Statistic, StepStats, judge_discriminator};
