//! From `--engine` and `--device` to an engine, with the reason told where `auto` chose.

use std::sync::Arc;

use candle_core::{DType, Device};

use crate::dataset::Pictures;
use crate::engine::fused::Fused;
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
    /// The step derived by hand, on the CPU
    Fused,
}

/// `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// What the engine runs best on.
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

/// Cores that the process may use, cgroups and affinity counted.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl EngineChoice {
    /// Threads of the engine, if nothing else is `asked`: all [`cores`]. But one for candle, which waits for its threads in a
    /// spin barrier: any other work on the machine makes that slower than no threads at all.
    pub fn threads(self, asked: Option<u16>) -> usize {
        match (asked, self) {
            (Some(asked), _) => usize::from(asked),
            (None, Self::Reference) => 1,
            (None, Self::Auto | Self::Fused) => cores(),
        }
    }
}

/// An engine that can be had, before the state it goes on from is known.
pub struct Choice {
    engine: Chosen,
    /// What was chosen and why, for people.
    pub reason: String,
    /// Threads that the engine will use.
    pub threads: usize,
}

enum Chosen {
    Fused,
    Reference(Device),
}

impl Choice {
    /// Decides, and fails early where what was asked for is not to be had.
    ///
    /// # Errors
    /// A GPU that is not there, or an engine that does not run on the device asked for.
    pub fn new(engine: EngineChoice, device: DeviceChoice, threads: usize) -> Result<Self> {
        let (engine, reason) = match (engine, device) {
            (EngineChoice::Fused, DeviceChoice::Gpu(_)) => {
                return Err(Failure::usage("`--engine fused` runs on the CPU only")
                    .hint("give `--device cpu`, or `--engine reference` for the GPU"));
            }
            (EngineChoice::Reference, DeviceChoice::Cpu) => (Chosen::Reference(Device::Cpu), "on the CPU".to_owned()),
            (_, DeviceChoice::Gpu(index)) => (Chosen::Reference(gpu(index)?), format!("on GPU {index}")),
            (EngineChoice::Reference, DeviceChoice::Auto) => match gpu(0) {
                Ok(device) => (Chosen::Reference(device), "on GPU 0, found by auto".to_owned()),
                Err(failure) => (Chosen::Reference(Device::Cpu), format!("on the CPU: {}", failure.message)),
            },
            // candle launches hundreds of kernels for a step of networks this small, so the CPU is auto's choice even
            // where a GPU could be had.
            (EngineChoice::Auto | EngineChoice::Fused, DeviceChoice::Cpu | DeviceChoice::Auto) => {
                (Chosen::Fused, "on the CPU, where the fused engine runs".to_owned())
            }
        };
        Ok(Self { engine, reason, threads })
    }

    /// `reference` or `fused`.
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Chosen::Fused => "fused",
            Chosen::Reference(_) => "reference",
        }
    }

    /// The engine, going on from `state`.
    ///
    /// # Errors
    /// A device that cannot hold the tensors.
    pub fn engine(&self, recipe: &Recipe, pictures: Arc<Pictures>, state: &State) -> Result<Box<dyn Engine>> {
        Ok(match &self.engine {
            Chosen::Fused => Box::new(Fused::new(recipe, pictures, state, self.threads)),
            Chosen::Reference(device) => Box::new(Reference::new(recipe, pictures, state, device.clone(), DType::F32)?),
        })
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
