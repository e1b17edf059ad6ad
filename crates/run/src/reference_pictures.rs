//! Pictures that the reference engine draws of a checkpoint file: what runtimes are held to.

use std::sync::Arc;

use candle_core::{DType, Device};
use engines::Engine;
use engines::reference::Reference;
use failure::{Failure, Result};
use gan::Pictures;

use crate::checkpoint::Checkpoint;

/// Pictures of the generator that a checkpoint file would be exported as, by candle on the CPU.
/// z: [n, latent] -> [n, pixels], in [-1, 1].
///
/// # Errors
/// A checkpoint that cannot be read, or z of another latent size.
pub fn reference_pictures(checkpoint: &[u8], z: &[f32]) -> Result<Vec<f32>> {
    let Checkpoint { identity, state, .. } = Checkpoint::from_bytes(checkpoint)?;
    if !z.len().is_multiple_of(identity.recipe.latent) {
        let (len, latent) = (z.len(), identity.recipe.latent);
        return Err(Failure::failed(format!("{len} numbers are no latent vectors of {latent} coordinates")));
    }
    let none = Arc::new(Pictures { bytes: Vec::new(), labels: Vec::new(), pixels: identity.pixels() });
    let reference = Reference::new(&identity.recipe, none, &state, Device::Cpu, DType::F32)?;
    reference.generate(0, z)
}
