//! From `--engine` and `--device` to an engine, with the reason told where `auto` chose.

use std::sync::Arc;

use crate::cpu;
use crate::cpu::layers::Layers;
use crate::gpu::device::Adapter;
use crate::gpu::{self, Gpu, Setup};
use crate::reference::place::Place;
use crate::{Engine, State};
use failure::{Failure, Result};
use gan::Pictures;
use gan::recipe::Recipe;

/// Says which engine `--engine` asks for. The text of the variants is that of `--help`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "flags", derive(clap::ValueEnum))]
pub enum EngineChoice {
    /// The fastest that can run here
    #[default]
    Auto,
    /// candle's autograd, readable
    Reference,
    /// The step derived by hand, on the CPU or any vendor's GPU
    Fused,
    /// On the CPU the one for any chain of layers, even where a faster one takes the networks: to measure it.
    #[cfg_attr(feature = "flags", value(hide = true))]
    Layers,
}

/// Says which device `--device` asks for; reads itself from `auto`, `cpu`, `gpu` or `gpu:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// Takes a GPU where one is found that the engine can use, else the CPU.
    #[default]
    Auto,
    /// Takes the CPU, even where there is a GPU.
    Cpu,
    /// Takes the first GPU, or the adapter of this index in the list of `trainer devices`; or fails and says why.
    Gpu(Option<usize>),
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(None)),
            _ => text
                .strip_prefix("gpu:")
                .and_then(|index| index.parse().ok())
                .map(|index| Self::Gpu(Some(index)))
                .ok_or_else(|| "give `auto`, `cpu`, `gpu` or `gpu:N`".to_owned()),
        }
    }
}

/// Counts the cores that the process may use, limits by cgroups and affinity taken into account; 1 if it cannot be
/// known.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl EngineChoice {
    /// Gives the threads that the engine is to use: as many as were `asked` for, else all [`cores`]. But one for
    /// candle, which waits for its threads in a spin barrier: any other work on the machine makes that slower than no
    /// threads at all.
    pub fn threads(self, asked: Option<u16>) -> usize {
        match (asked, self) {
            (Some(asked), _) => usize::from(asked),
            (None, Self::Reference) => 1,
            (None, Self::Auto | Self::Fused | Self::Layers) => cores(),
        }
    }
}

/// Holds an engine that can be had, chosen before the state that it goes on from is known.
pub struct Choice {
    engine: Chosen,
    /// Says for people what was chosen and why, as `on the CPU: no GPU was found ...`.
    pub reason: String,
    /// Counts the threads that the engine will use on the CPU.
    pub threads: usize,
}

/// Holds what a choice comes to, with the device that was found for it.
enum Chosen {
    Fused,
    Layers,
    /// Runs the fused engine on this adapter. Where `auto` has found it, the CPU takes over if it cannot be opened.
    Gpu {
        adapter: Box<Adapter>,
        by_auto: bool,
    },
    Reference(Place),
}

impl Choice {
    /// Decides which engine runs where, and fails early where what was asked for is not to be had.
    ///
    /// # Errors
    /// Refuses a GPU that is not there or that this build has no backend for, and `--engine layers` on a GPU.
    pub fn new(engine: EngineChoice, device: DeviceChoice, threads: usize) -> Result<Self> {
        let (engine, reason) = match (engine, device) {
            (EngineChoice::Reference, device) => {
                let (place, reason) = Place::new(device)?;
                (Chosen::Reference(place), reason)
            }
            (EngineChoice::Layers, DeviceChoice::Gpu(_)) => {
                return Err(Failure::usage("`--engine layers` is of the CPU").hint("drop `--device`, or give `cpu`"));
            }
            (EngineChoice::Layers, _) => (Chosen::Layers, "layer by layer, on the CPU".to_owned()),
            (_, DeviceChoice::Cpu) => (Chosen::Fused, "on the CPU".to_owned()),
            (_, DeviceChoice::Gpu(index)) => {
                let adapter = Box::new(gpu::device::choose(index)?);
                let reason = format!("on {}", adapter.description.name);
                (Chosen::Gpu { adapter, by_auto: false }, reason)
            }
            (_, DeviceChoice::Auto) => match gpu::device::choose(None) {
                Ok(adapter) => {
                    let reason = format!("on {}, found by auto", adapter.description.name);
                    (Chosen::Gpu { adapter: Box::new(adapter), by_auto: true }, reason)
                }
                Err(failure) => (Chosen::Fused, format!("on the CPU: {}", failure.message)),
            },
        };
        Ok(Self { engine, reason, threads })
    }

    /// Names the chosen engine as [`Engine::name`] will: `reference` or `fused`.
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Chosen::Fused | Chosen::Layers | Chosen::Gpu { .. } => "fused",
            Chosen::Reference(_) => "reference",
        }
    }

    /// Says whether the choice is the fused engine on a GPU, which alone trains several runs at once.
    pub fn is_gpu(&self) -> bool {
        matches!(self.engine, Chosen::Gpu { .. })
    }

    /// Makes the engine of as many runs as there are `states`, each going on from one. A GPU that `auto` found and that
    /// cannot be opened is told of by `say`, and the CPU goes on with a single run.
    ///
    /// # Errors
    /// Fails if a device cannot hold the tensors or cannot be opened, and refuses several runs where they are not on a
    /// GPU.
    pub fn engine(
        &self,
        recipe: &Recipe,
        pictures: Arc<Pictures>,
        states: &[State],
        say: &mut dyn FnMut(&str),
    ) -> Result<Box<dyn Engine>> {
        let alone = || match states {
            [state] => Ok(state),
            _ => Err(Failure::usage("several runs at once take the fused engine on a GPU")),
        };
        let on_cpu = |pictures| Ok(cpu::engine(recipe, pictures, alone()?, self.threads) as Box<dyn Engine>);
        match &self.engine {
            Chosen::Fused => on_cpu(pictures),
            Chosen::Layers => Ok(Box::new(Layers::new(recipe, pictures, alone()?, self.threads))),
            Chosen::Gpu { adapter, by_auto } => {
                let setup = Setup { recipe, pictures: pictures.clone(), states, keeps_gradients: false };
                match Gpu::with(&setup, |needs| gpu::device::open(adapter, needs)) {
                    Ok(engine) => Ok(Box::new(engine)),
                    Err(failure) if *by_auto && states.len() == 1 => {
                        say(&format!("{}; the CPU goes on", failure.message));
                        on_cpu(pictures)
                    }
                    Err(failure) => Err(failure),
                }
            }
            Chosen::Reference(place) => place.engine(recipe, pictures, alone()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_the_flag_says() {
        let cases = [
            ("auto", Ok(DeviceChoice::Auto)),
            ("cpu", Ok(DeviceChoice::Cpu)),
            ("gpu", Ok(DeviceChoice::Gpu(None))),
            ("gpu:3", Ok(DeviceChoice::Gpu(Some(3)))),
            ("gpu:", Err(())),
            ("tpu", Err(())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<DeviceChoice>().map_err(drop), expected, "{text}");
        }
    }
}
