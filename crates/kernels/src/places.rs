//! Where everything lies in the device's buffers, as plain numbers: the arena's regions and the state's parts.

use gan::recipe::Recipe;
use gan::state::{Slot, State};
use net::Network;

/// Floats that a step reports: [`gan::STATISTICS`], in their order.
pub const STATS: usize = gan::StepStats::COUNT;
/// Floats of a row of step rates.
pub const RATES: usize = 8;
/// Words of the control buffer before the replicas' seeds.
pub const SEEDS: usize = 8;

/// The arena of one replica: named regions, one after another, in floats.
#[derive(Clone, Debug)]
pub struct Arena {
    regions: Vec<(&'static str, usize, usize)>,
    len: usize,
}

impl Arena {
    fn new(sizes: &[(&'static str, usize)]) -> Self {
        let mut arena = Self { regions: Vec::new(), len: 0 };
        for &(name, size) in sizes {
            arena.regions.push((name, arena.len, size));
            arena.len += size;
        }
        arena
    }

    /// Where a region lies.
    pub fn region(&self, name: &str) -> std::ops::Range<usize> {
        let (_, start, size) = self.regions.iter().find(|region| region.0 == name).expect("a region of the arena");
        *start..start + size
    }

    /// Every region's name and start.
    pub fn starts(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.regions.iter().map(|(name, start, _)| (*name, *start))
    }
}

/// Sizes and places of a run.
#[derive(Clone, Debug)]
pub struct Places {
    /// Layouts of G and D.
    pub layouts: [Network; 2],
    /// Of one replica.
    pub arena: Arena,
    /// Floats of one replica's state: G, its moments, its average where there is one, D, its moments.
    pub state: usize,
    /// Where D's parameters begin in it.
    pub d: usize,
    /// Where the average begins in it.
    pub ema: Option<usize>,
}

impl Places {
    /// Of a run of `recipe` on pictures of `pixels`; products are split in at most `splits` parts, and gradients are kept
    /// only if it is said.
    pub fn new(recipe: &Recipe, pixels: usize, splits: usize, keeps_gradients: bool) -> Self {
        let layouts = [recipe.generator_network(pixels), recipe.discriminator_network(pixels)];
        let (batch, width) = (recipe.batch, recipe.hidden);
        let [g, d] = [layouts[0].len(), layouts[1].len()];
        let kept = |len| if keeps_gradients { len } else { 0 };
        let arena = Arena::new(&[
            ("Z", batch * recipe.latent),
            ("X", batch * pixels),
            ("IMAGES", batch * pixels),
            ("G_H1", batch * width),
            ("G_H2", batch * width),
            ("G_E1", batch * width),
            ("G_E2", batch * width),
            ("H1", 2 * batch * width),
            ("H2", 2 * batch * width),
            ("A1", 2 * batch * width),
            ("A2", 2 * batch * width),
            ("E1", 2 * batch * width),
            ("BY_A2", 2 * batch * width),
            ("BY_INPUT", 2 * batch * pixels),
            ("PARTIAL", splits * 2 * batch * width),
            ("LOGITS", 2 * batch),
            ("LOGITS_AFTER", batch),
            ("SIGNAL", 2 * batch),
            ("SQUARES", 2 * batch),
            ("LOSSES", batch),
            ("G_GRADIENT", kept(g)),
            ("D_GRADIENT", kept(d)),
        ]);
        let averaged = recipe.has_ema();
        let d_at = 3 * g + if averaged { g } else { 0 };
        Self { layouts, arena, state: d_at + 3 * d, d: d_at, ema: averaged.then_some(3 * g) }
    }

    /// Floats of one replica's arena.
    pub fn arena_len(&self) -> usize {
        self.arena.len
    }

    /// A state as it lies on the device.
    pub fn pack(&self, state: &State) -> Vec<f32> {
        let State { generator: g, discriminator: d, ema, .. } = state;
        let average = ema.as_deref().filter(|_| self.ema.is_some()).unwrap_or_default();
        [&g.parameters[..], &g.m, &g.v, average, &d.parameters, &d.m, &d.v].concat()
    }

    /// The state after `step` steps, from how it lies on the device.
    pub fn unpack(&self, step: u64, floats: &[f32]) -> State {
        let slot = |at: usize, len: usize| Slot {
            parameters: floats[at..at + len].to_vec(),
            m: floats[at + len..at + 2 * len].to_vec(),
            v: floats[at + 2 * len..at + 3 * len].to_vec(),
        };
        let [g, d] = [self.layouts[0].len(), self.layouts[1].len()];
        State {
            step,
            generator: slot(0, g),
            discriminator: slot(self.d, d),
            ema: self.ema.map(|at| floats[at..at + g].to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_the_way_to_the_device_and_back() {
        for name in ["seed", "stable"] {
            let recipe = Recipe::load(name, &"hidden = 7\nlatent = 3".parse().unwrap()).unwrap();
            let places = Places::new(&recipe, 25, 4, false);
            let mut state = State { step: 9, ..State::initial(&recipe, 25, 1) };
            state.generator.m.fill(2.0);
            state.discriminator.v.fill(3.0);
            let packed = places.pack(&state);
            assert_eq!(packed.len(), places.state, "{name}");
            assert!(places.unpack(9, &packed) == state, "{name}");
        }
    }

    #[test]
    fn regions_tile_the_arena() {
        let recipe = Recipe::load("stable", &toml::Table::new()).unwrap();
        let places = Places::new(&recipe, 784, 8, true);
        let mut end = 0;
        for (name, start) in places.arena.starts() {
            assert_eq!(start, end, "{name}");
            end = places.arena.region(name).end;
        }
        assert_eq!(end, places.arena_len());
    }
}
