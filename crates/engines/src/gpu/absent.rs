//! In place of the GPU engine, in a build without wgpu: the same names, and a sentence for who asks for it.

use std::sync::Arc;

use failure::Result;
use gan::{Pictures, Recipe, State};

use crate::{Engine, Progress, Stretch};
use device::{Device, Needs};

/// No engine: there is no device to make one on.
pub enum Gpu {}

/// As the engine has it.
pub struct Setup<'a> {
    /// Holds every hyperparameter.
    pub recipe: &'a Recipe,
    /// Holds the pictures that are trained on.
    pub pictures: Arc<Pictures>,
    /// Holds the state that each replica goes on from.
    pub states: &'a [State],
    /// Says whether gradients are kept.
    pub keeps_gradients: bool,
}

impl Gpu {
    /// Refuses.
    ///
    /// # Errors
    /// Always, with how to get a build that has the engine.
    pub fn with(_: &Setup, _: impl FnOnce(&Needs) -> Result<Device>) -> Result<Self> {
        Err(device::absent())
    }
}

impl Engine for Gpu {
    fn name(&self) -> &'static str {
        match *self {}
    }

    fn device(&self) -> String {
        match *self {}
    }

    fn advance(&mut self, _: &[Stretch], _: &mut dyn FnMut(Progress) -> bool) -> Result<()> {
        match *self {}
    }

    fn state(&self, _: usize) -> Result<State> {
        match *self {}
    }

    fn generate(&self, _: usize, _: &[f32]) -> Result<Vec<f32>> {
        match *self {}
    }
}

/// As `gpu/device.rs` has it.
pub mod device {
    use std::convert::Infallible;

    use failure::{Failure, Result};

    /// No adapter: there is no interface to find one by.
    pub struct Adapter {
        /// Describes it.
        pub description: Description,
        never: Infallible,
    }

    /// Describes an adapter.
    #[derive(Clone)]
    pub struct Description {
        /// Names it.
        pub name: String,
    }

    /// What a run takes of a device.
    pub enum Needs {}

    /// No device.
    pub enum Device {}

    pub(super) fn absent() -> Failure {
        Failure::failed("this build has no GPU engine")
            .hint("build with `--features gpu`, as cargo's default features do, or give `--device cpu`")
    }

    /// Finds none.
    pub fn adapters() -> Vec<Adapter> {
        Vec::new()
    }

    /// Refuses.
    ///
    /// # Errors
    /// Always, with how to get a build that has the engine.
    pub fn choose(_: Option<usize>) -> Result<Adapter> {
        Err(absent())
    }

    /// Is never called, for want of an adapter.
    ///
    /// # Errors
    /// None.
    pub fn open(adapter: &Adapter, _: &Needs) -> Result<Device> {
        match adapter.never {}
    }

    /// Says that there is the CPU, and why no GPU is looked for; `cores` is how many it has.
    pub fn table(_: &[Description], cores: usize) -> String {
        let plural = if cores == 1 { "" } else { "s" };
        let why = absent();
        format!(
            "{:<8}the CPU, {cores} core{plural}\n\n`--device auto` takes the CPU: {}\n\nhint: {}\n",
            "cpu",
            why.message,
            why.hint.unwrap_or_default()
        )
    }

    /// Lists no adapter, as JSON; `cores` is how many the CPU has.
    pub fn json(_: &[Description], cores: usize) -> String {
        format!("{}\n", serde_json::json!({ "cores": cores, "adapters": [], "auto": "cpu" }))
    }
}
