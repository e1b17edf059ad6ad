//! In place of the reference engine, in a build without candle: the same names, and a sentence for who asks for it.

/// As `reference/place.rs` has it.
pub mod place {
    use std::sync::Arc;

    use crate::choose::DeviceChoice;
    use crate::{Engine, State};
    use failure::{Failure, Result};
    use gan::{Pictures, Recipe};

    /// No device: there is none to be had.
    pub enum Place {}

    impl Place {
        /// Refuses.
        ///
        /// # Errors
        /// Always, with how to get a build that has the engine.
        pub fn new(_: DeviceChoice) -> Result<(Self, String)> {
            Err(Failure::usage("this build has no reference engine")
                .hint("build with cargo's default features, or leave out `--engine reference`"))
        }

        /// Is never called, for want of a place.
        ///
        /// # Errors
        /// None.
        pub fn engine(&self, _: &Recipe, _: Arc<Pictures>, _: &State) -> Result<Box<dyn Engine>> {
            match *self {}
        }
    }
}
