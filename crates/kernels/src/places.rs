//! Where everything lies in the device's buffers, as plain numbers: the arena's regions and the state's parts.

use gan::recipe::Recipe;
use gan::state::{Slot, State};
use net::{Network, Stage};

/// Counts the floats that a step reports: [`gan::STATISTICS`], in their order.
pub const STATS: usize = gan::StepStats::COUNT;
/// Counts the floats of a row of step rates; [`crate::buffers::rates_of`] fills it.
pub const RATES: usize = 8;
/// Counts the words of the control buffer before the replicas' seeds.
pub const SEEDS: usize = 8;

/// Lays out the scratch memory of one replica: named regions, one after another, in floats.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    /// Lists each region's name, start and length.
    regions: Vec<(String, usize, usize)>,
    len: usize,
}

impl Arena {
    fn add(&mut self, name: impl Into<String>, size: usize) {
        self.regions.push((name.into(), self.len, size));
        self.len += size;
    }

    /// Adds a region for each stage but the last: `rows` rows of what it gives, by the name `what` and the stage's
    /// number from 1.
    fn add_hidden(&mut self, what: &str, network: &Network, rows: usize) {
        let hidden = &network.stages[..network.stages.len() - 1];
        for (number, Stage { outputs, .. }) in (1..).zip(hidden) {
            self.add(format!("{what}{number}"), rows * outputs);
        }
    }

    /// Says where a region lies, in floats from the start of a replica's arena.
    ///
    /// # Panics
    /// If the arena has none of that name.
    pub fn region(&self, name: &str) -> std::ops::Range<usize> {
        let found = self.regions.iter().find(|region| region.0 == name);
        let (_, start, size) = found.unwrap_or_else(|| panic!("the arena has no region {name}"));
        *start..start + size
    }

    /// Lists every region's name and start, in the order in which they lie.
    pub fn starts(&self) -> impl Iterator<Item = (&str, usize)> + '_ {
        self.regions.iter().map(|(name, start, _)| (name.as_str(), *start))
    }
}

/// Says what lies where in a run's buffers: the arena and the state, one replica's part of each.
#[derive(Clone, Debug)]
pub struct Places {
    /// Describes G and D, in this order.
    pub networks: [Network; 2],
    /// Lays out one replica's scratch memory.
    pub arena: Arena,
    /// Counts the floats of one replica's state: G, its moments, its average where there is one, D, its moments.
    pub state_len: usize,
    /// Says where D's parameters begin in the state, in floats.
    pub d_start: usize,
    /// Says where the moving average begins in the state, in floats; none if there is no average.
    pub ema_start: Option<usize>,
}

impl Places {
    /// Lays out a run of `recipe` with the networks G and D: `partial` floats are kept of sums in parts, and gradients
    /// only if `keeps_gradients` says so.
    pub fn new(recipe: &Recipe, networks: [Network; 2], partial: usize, keeps_gradients: bool) -> Self {
        let [g, d] = &networks;
        let (batch, penalty) = (recipe.batch, recipe.has_penalty());
        // The penalty looks at real and generated pictures, G's update at generated ones alone.
        let looked_at = if penalty { 2 * batch } else { batch };
        let kept = |network: &Network| if keeps_gradients { network.len() } else { 0 };
        let mut arena = Arena::default();
        arena.add("Z", batch * g.inputs());
        arena.add("X", batch * d.inputs());
        arena.add("IMAGES", batch * g.outputs());
        // What G's hidden stages give, and its errors there.
        arena.add_hidden("G_H", g, batch);
        arena.add_hidden("G_E", g, batch);
        // What D's give, the chain from its logit back, and the penalty's tangent.
        arena.add_hidden("D_H", d, 2 * batch);
        arena.add_hidden("D_A", d, 2 * batch);
        if penalty {
            arena.add_hidden("D_T", d, 2 * batch);
        }
        for (name, size) in [
            ("BY_INPUT", looked_at * d.inputs()),
            ("PARTIAL", partial),
            ("LOGITS", 2 * batch),
            ("LOGITS_AFTER", batch),
            ("SIGNAL", 2 * batch),
            ("SQUARES", looked_at),
            ("LOSSES", batch),
            ("G_GRADIENT", kept(g)),
            ("D_GRADIENT", kept(d)),
        ] {
            arena.add(name, size);
        }
        let (g, d, averaged) = (g.len(), d.len(), recipe.has_ema());
        let d_start = 3 * g + if averaged { g } else { 0 };
        Self { networks, arena, state_len: d_start + 3 * d, d_start, ema_start: averaged.then_some(3 * g) }
    }

    /// Counts the floats of one replica's arena.
    pub fn arena_len(&self) -> usize {
        self.arena.len
    }

    /// Puts a state into the order in which it lies on the device: [state_len].
    pub fn pack(&self, state: &State) -> Vec<f32> {
        let State { generator: g, discriminator: d, ema, .. } = state;
        let average = ema.as_deref().filter(|_| self.ema_start.is_some()).unwrap_or_default();
        [&g.parameters[..], &g.m, &g.v, average, &d.parameters, &d.m, &d.v].concat()
    }

    /// Makes the state after `step` steps of how it lies on the device; `floats`: [state_len].
    pub fn unpack(&self, step: u64, floats: &[f32]) -> State {
        let slot = |start: usize, len: usize| Slot {
            parameters: floats[start..start + len].to_vec(),
            m: floats[start + len..start + 2 * len].to_vec(),
            v: floats[start + 2 * len..start + 3 * len].to_vec(),
        };
        let [g, d] = [self.networks[0].len(), self.networks[1].len()];
        State {
            step,
            generator: slot(0, g),
            discriminator: slot(self.d_start, d),
            ema: self.ema_start.map(|start| floats[start..start + g].to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use gan::DataShape;

    use super::*;

    const CHAINS: &str = "
        generator.layers = [{ layer = 'dense', width = 5 }, { layer = 'leaky-relu', slope = 0.1 }, { layer = 'dense' }, { layer = 'tanh' }]
        discriminator.layers = [{ layer = 'dense', width = 7 }, { layer = 'dense', width = 3 }, { layer = 'dense', width = 4 }, { layer = 'dense' }]
    ";

    fn places(name: &str, flags: &str) -> (Recipe, Places) {
        let recipe = Recipe::load(name, &flags.parse().unwrap()).unwrap();
        let data = DataShape::grey(5, 5);
        let networks = [recipe.generator_network(data), recipe.discriminator_network(data)];
        let places = Places::new(&recipe, networks, 100, true);
        (recipe, places)
    }

    #[test]
    fn a_state_survives_the_way_to_the_device_and_back() {
        for name in ["seed", "stable"] {
            for flags in ["hidden = 7\nlatent = 3", CHAINS] {
                let (recipe, places) = places(name, flags);
                let mut state = State { step: 9, ..State::initial(&recipe, DataShape::grey(5, 5), 1) };
                state.generator.m.fill(2.0);
                state.discriminator.v.fill(3.0);
                let packed = places.pack(&state);
                assert_eq!(packed.len(), places.state_len, "{name}");
                assert!(places.unpack(9, &packed) == state, "{name}");
            }
        }
    }

    #[test]
    fn regions_tile_the_arena() {
        for (name, flags) in [("seed", ""), ("stable", ""), ("stable", CHAINS)] {
            let (_, places) = places(name, flags);
            let mut end = 0;
            for (region, start) in places.arena.starts() {
                assert_eq!(start, end, "{name}: {region}");
                end = places.arena.region(region).end;
            }
            assert_eq!(end, places.arena_len(), "{name}");
        }
    }

    #[test]
    fn hidden_regions_are_as_wide_as_their_stages() {
        let (recipe, places) = places("stable", CHAINS);
        let b = recipe.batch;
        for (region, len) in [("G_H1", 5 * b), ("G_E1", 5 * b), ("D_H2", 6 * b), ("D_A3", 8 * b), ("D_T1", 14 * b)] {
            assert_eq!(places.arena.region(region).len(), len, "{region}");
        }
        let names: Vec<_> = places.arena.starts().map(|(name, _)| name).collect();
        assert!(!names.contains(&"G_H2") && !names.contains(&"D_H4"), "{names:?}");
    }
}
