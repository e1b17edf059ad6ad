//! Everything that the next step depends on: parameters, Adam's moments, the moving average, the step's number.

use crate::DataShape;
use crate::recipe::Recipe;
use net::{Initial, Network};

/// Holds one network's parameters and Adam's two moments, each flat in the order of its [`Network`].
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Holds weights and biases.
    pub parameters: Vec<f32>,
    /// Holds Adam's first moment, as many numbers as there are parameters.
    pub m: Vec<f32>,
    /// Holds Adam's second moment, as many numbers as there are parameters.
    pub v: Vec<f32>,
}

/// Holds a run between two steps: everything that the next step depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Counts the steps done, and so numbers the next one.
    pub step: u64,
    /// Holds G's parameters and their moments.
    pub generator: Slot,
    /// Holds D's parameters and their moments.
    pub discriminator: Slot,
    /// Holds the moving average of G's parameters, where the recipe keeps one.
    pub ema: Option<Vec<f32>>,
}

impl State {
    /// Makes the state before step 0 of the run of `seed`, for pictures of this shape: Glorot-uniform weights
    /// (Glorot, Bengio, 2010), zero biases, zero moments; the average starts at G's first weights.
    pub fn initial(recipe: &Recipe, data: DataShape, seed: u64) -> Self {
        let generator = Slot::initial(&recipe.generator_network(data), seed, 0);
        let discriminator = Slot::initial(&recipe.discriminator_network(data), seed, 1);
        let ema = recipe.has_ema().then(|| generator.parameters.clone());
        Self { step: 0, generator, discriminator, ema }
    }

    /// Says whether every number of it is finite; one that is not has spoiled the run.
    pub fn is_finite(&self) -> bool {
        let slots = [&self.generator, &self.discriminator];
        let tensors = slots.iter().flat_map(|slot| [&slot.parameters, &slot.m, &slot.v]).chain(&self.ema);
        tensors.flatten().all(|value| value.is_finite())
    }

    /// Gives the parameters that are exported, flat: the moving average where there is one, else G's own.
    pub fn exported(&self) -> &[f32] {
        self.ema.as_deref().unwrap_or(&self.generator.parameters)
    }
}

impl Slot {
    fn initial(network: &Network, seed: u64, number: u64) -> Self {
        let mut parameters = vec![0.0; network.len()];
        let mut uniform = vec![0.0; network.len()];
        noise::fill_uniform(seed, number, 1.0, &mut uniform);
        for tensor in &network.tensors {
            let Initial::Uniform { limit } = tensor.initial else { continue };
            for (slot, unit) in parameters[tensor.range.clone()].iter_mut().zip(&uniform[tensor.range.clone()]) {
                *slot = unit * limit as f32;
            }
        }
        Self { parameters, m: vec![0.0; network.len()], v: vec![0.0; network.len()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_start_glorot_uniform_and_biases_at_zero() {
        let recipe = Recipe::load("stable", &Default::default()).unwrap();
        let data = DataShape::grey(28, 28);
        let state = State::initial(&recipe, data, 4);
        let network = recipe.generator_network(data);
        for tensor in &network.tensors {
            let values = &state.generator.parameters[tensor.range.clone()];
            if tensor.shape.len() == 1 {
                assert!(values.iter().all(|&v| v == 0.0), "{}", tensor.name);
                continue;
            }
            let limit = (6.0 / (tensor.shape[0] + tensor.shape[1]) as f64).sqrt();
            let variance = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / values.len() as f64;
            assert!(values.iter().all(|&v| f64::from(v).abs() <= limit * (1.0 + 1e-6)), "{}", tensor.name);
            assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.05, "{}: variance {variance}", tensor.name);
        }
        assert_ne!(state, State::initial(&recipe, data, 5));
        assert_eq!(state.exported(), state.generator.parameters);
    }
}
