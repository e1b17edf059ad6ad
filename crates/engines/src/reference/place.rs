//! Where candle computes.

use std::sync::Arc;

use candle_core::{DType, Device};

use super::Reference;
use crate::choose::DeviceChoice;
use crate::{Engine, State};
use failure::{Failure, Result};
use gan::{Pictures, Recipe};

/// Holds a device that candle can use, found before the state that a run goes on from is known.
pub struct Place(Device);

impl Place {
    /// Finds the device that is asked for, and says for people which it is.
    ///
    /// # Errors
    /// Refuses a GPU that is not there, or that this build has no backend for.
    pub fn new(choice: DeviceChoice) -> Result<(Self, String)> {
        let (device, reason) = match choice {
            DeviceChoice::Cpu => (Device::Cpu, "on the CPU".to_owned()),
            DeviceChoice::Gpu(index) => {
                let index = index.unwrap_or(0);
                (candle_gpu(index)?, format!("on GPU {index}"))
            }
            DeviceChoice::Auto => match candle_gpu(0) {
                Ok(device) => (device, "on GPU 0, found by auto".to_owned()),
                Err(failure) => (Device::Cpu, format!("on the CPU: {}", failure.message)),
            },
        };
        Ok((Self(device), reason))
    }

    /// Makes the reference engine, which goes on here from `state`.
    ///
    /// # Errors
    /// Fails if the device cannot hold the tensors.
    pub fn engine(&self, recipe: &Recipe, pictures: Arc<Pictures>, state: &State) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Reference::new(recipe, pictures, state, self.0.clone(), DType::F32)?))
    }
}

/// Opens GPU `index` by the backend of candle that this build has, CUDA or Metal.
///
/// # Errors
/// Fails if the build has neither or the GPU cannot be used, with what to do.
fn candle_gpu(index: usize) -> Result<Device> {
    let hint = "drop `--device` to train on the CPU";
    let opened = if cfg!(feature = "cuda") {
        Device::new_cuda(index)
    } else if cfg!(feature = "metal") {
        Device::new_metal(index)
    } else {
        return Err(Failure::failed("this build has no GPU backend")
            .hint(format!("build with `--features cuda` or `--features metal`, or {hint}")));
    };
    opened.map_err(|error| {
        let text = error.to_string();
        Failure::failed(format!("GPU {index} cannot be used: {}", text.lines().next().unwrap_or_default())).hint(hint)
    })
}
