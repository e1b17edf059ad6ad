//! The clock that steps are timed by. WebAssembly has none of its own: there a step takes no time, and whoever runs the module
//! measures.

#[cfg(target_arch = "wasm32")]
pub(crate) use none::Clock;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use system::Clock;

#[cfg(not(target_arch = "wasm32"))]
mod system {
    use std::time::Instant;

    /// Measures from when it is started.
    pub(crate) struct Clock(Instant);

    impl Clock {
        /// Starts now.
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        /// Gives the seconds since the start.
        pub(crate) fn seconds(&self) -> f64 {
            self.0.elapsed().as_secs_f64()
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod none {
    /// Stands still.
    pub(crate) struct Clock;

    impl Clock {
        /// Starts.
        pub(crate) fn start() -> Self {
            Self
        }

        /// Gives 0.
        pub(crate) fn seconds(&self) -> f64 {
            0.0
        }
    }
}
