//! Pictures that the reference engine draws of a checkpoint file: what runtimes are held to.

use std::sync::Arc;

use engines::choose::{Choice, DeviceChoice, EngineChoice};
use failure::Result;
use gan::Pictures;
use run::checkpoint::Checkpoint;

/// Draws pictures of the generator that a checkpoint file would be exported as, by candle on the CPU.
/// z, and after each its class where the network is told one: [n, latent + classes] -> [n, pixels], in [-1, 1].
///
/// # Errors
/// A checkpoint that cannot be read.
///
/// # Panics
/// If `z` is not whole rows.
pub fn reference_pictures(checkpoint: &[u8], z: &[f32]) -> Result<Vec<f32>> {
    let Checkpoint { identity, state, .. } = Checkpoint::from_bytes(checkpoint)?;
    let width = identity.layouts().0.inputs();
    assert!(z.len().is_multiple_of(width), "{} numbers are no rows of {width}", z.len());
    let none = Arc::new(Pictures { bytes: Vec::new(), labels: Vec::new(), shape: identity.data });
    let choice = Choice::new(EngineChoice::Reference, DeviceChoice::Cpu, 1)?;
    choice.engine(&identity.recipe, none, &[state], &mut |_| {})?.generate(0, z)
}
