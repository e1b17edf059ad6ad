//! Training on the CPU, by steps derived by hand over flat buffers.
//!
//! [`layers`] takes any chain of linear maps, product by product as the equations have it; [`mlp`] takes perceptrons of two hidden
//! layers alone, and does less arithmetic for them. [`engine`] gives the faster of those that take a recipe's networks.

use std::sync::Arc;

use gan::recipe::Recipe;
use gan::{Pictures, State};
use net::Network;

use crate::{Probe, Stepwise};
use layers::Layers;
use mlp::Mlp;

mod adam;
mod elementwise;
pub mod layers;
pub mod mlp;
mod pairs;
#[cfg_attr(not(test), allow(unused, reason = "tests alone plant bugs"))]
pub(crate) mod planted;

/// Makes the fastest engine of the CPU that takes the recipe's networks, going on from `state`, on at most `threads`
/// threads: [`Mlp`] where [`Mlp::takes`] them, else [`Layers`].
pub fn engine(recipe: &Recipe, pictures: Arc<Pictures>, state: &State, threads: usize) -> Box<dyn Stepwise> {
    match Mlp::takes(recipe, pictures.shape) {
        Ok(()) => Box::new(Mlp::new(recipe, pictures, state, threads)),
        Err(_) => Box::new(Layers::new(recipe, pictures, state, threads)),
    }
}

/// Gives what [`Stepwise::probe`] tells of a step; networks and gradients: D's, then G's. logits: before D's update, of
/// real and of generated pictures, and of generated ones after it, [batch] each; gradients, and the parameters in
/// `state`: flat.
fn probes([d, g]: [&Network; 2], logits: &[Vec<f32>; 3], gradients: [&[f32]; 2], state: &State) -> Vec<Probe> {
    let names = ["logits.real", "logits.fake", "logits.updated"];
    let logits = names.into_iter().zip(logits).map(|(name, values)| (name.to_owned(), &values[..]));
    let flat = [
        ("gradient", d, gradients[0]),
        ("gradient", g, gradients[1]),
        ("parameter", g, &state.generator.parameters),
        ("parameter", d, &state.discriminator.parameters),
    ];
    let tensors = flat.into_iter().flat_map(|(prefix, network, flat)| {
        network.tensors.iter().map(move |spec| (format!("{prefix}.{}", spec.name), &flat[spec.range.clone()]))
    });
    let widen = |(name, values): (String, &[f32])| Probe { name, values: values.iter().map(|&v| v.into()).collect() };
    logits.chain(tensors).map(widen).collect()
}
