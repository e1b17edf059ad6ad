//! From `--engine` and `--device` to an engine, with the reason told where `auto` chose.

use std::sync::Arc;

use candle_core::{DType, Device};

use crate::dataset::Pictures;
use crate::engine::reference::Reference;
use crate::engine::{Engine, State};
use crate::failure::{Failure, Result};
use crate::recipe::Recipe;

/// `--engine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineChoice {
    /// The fastest that can run here
    #[default]
    Auto,
    /// candle's autograd, readable
    Reference,
    /// Ours, by hand
    Fused,
}

/// `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU where this build can use one, the CPU everywhere else.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this index, or a clear failure.
    Gpu(usize),
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(0)),
            _ => text
                .strip_prefix("gpu:")
                .and_then(|index| index.parse().ok())
                .map(Self::Gpu)
                .ok_or_else(|| "give `auto`, `cpu`, `gpu` or `gpu:N`".to_owned()),
        }
    }
}

/// An engine could be chosen; before its state is known.
pub struct Choice {
    device: Device,
    /// What was chosen and why, for people.
    pub reason: String,
    /// Threads that the engine will use.
    pub threads: usize,
}

impl Choice {
    /// Decides, and fails early where what was asked for is not to be had.
    ///
    /// # Errors
    /// A GPU that is not there, or an engine that is not built yet.
    pub fn new(engine: EngineChoice, device: DeviceChoice, threads: usize) -> Result<Self> {
        if engine == EngineChoice::Fused {
            return Err(Failure::usage("`--engine fused` is not in this version")
                .hint("drop `--engine`, or give `--engine reference`"));
        }
        let (device, reason) = match device {
            DeviceChoice::Cpu => (Device::Cpu, "asked for the CPU".to_owned()),
            DeviceChoice::Gpu(index) => (gpu(index)?, format!("asked for GPU {index}")),
            DeviceChoice::Auto => match gpu(0) {
                Ok(device) => (device, "auto found a GPU".to_owned()),
                Err(failure) => (Device::Cpu, format!("auto took the CPU: {}", failure.message)),
            },
        };
        Ok(Self { device, reason, threads })
    }

    /// The engine, going on from `state`.
    ///
    /// # Errors
    /// A device that cannot hold the tensors.
    pub fn engine(&self, recipe: &Recipe, pictures: Arc<Pictures>, state: &State) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Reference::new(recipe, pictures, state, self.device.clone(), DType::F32)?))
    }
}

fn gpu(index: usize) -> Result<Device> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_the_flag_says() {
        let cases = [
            ("auto", Ok(DeviceChoice::Auto)),
            ("cpu", Ok(DeviceChoice::Cpu)),
            ("gpu", Ok(DeviceChoice::Gpu(0))),
            ("gpu:3", Ok(DeviceChoice::Gpu(3))),
            ("gpu:", Err(())),
            ("tpu", Err(())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<DeviceChoice>().map_err(drop), expected, "{text}");
        }
    }
}
