//! What a GAN's training is, whatever engine does it: the recipe, the rates of a step, its statistics, and the state between two
//! steps.

pub mod adam;
pub mod pictures;
pub mod recipe;
pub mod state;
pub mod statistics;

pub use pictures::Pictures;
pub use recipe::{Layers, Loss, Recipe, StepRates};
pub use state::{Slot, State};
pub use statistics::{STATISTICS, Statistic, StepStats, judge_discriminator};
