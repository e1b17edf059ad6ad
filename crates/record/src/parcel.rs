//! A run between two steps as bytes for the same program's other half: what a page trains by writes it, and what makes files of
//! it, which is fetched only then, reads it; and the other way round.
//!
//! It is the [`Checkpoint`] without its formats: numbers and texts one after another, each text and each list behind its length,
//! little-endian. It is no file: nothing but the very same version reads it.

use gan::recipe::Recipe;
use gan::{DataShape, Slot, State, StepStats};

use crate::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use crate::epoch::EpochEvent;

/// A checkpoint, and the last whole epoch as it was told, from which the checkpoint's `metrics` are yet to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// The run; what it was asked for beside its identity is not carried.
    pub checkpoint: Checkpoint,
    /// The last whole epoch, where there was one since the run was begun or gone on with.
    pub last_epoch: Option<EpochEvent>,
}

/// Bounds the pixels of a picture, so that no product of sizes overflows; a network for so many would fit into no memory.
const MOST_PIXELS: usize = 1 << 24;

/// A recipe as bytes; none if it has layers of its own.
pub fn recipe_to_bytes(recipe: &Recipe) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    out.recipe(recipe);
    (recipe.generator.is_none() && recipe.discriminator.is_none()).then_some(out.0)
}

/// The recipe of [`recipe_to_bytes`]; none of other bytes.
pub fn recipe_from_bytes(bytes: &[u8]) -> Option<Recipe> {
    let mut read = Reader(bytes);
    read.recipe().filter(|_| read.0.is_empty())
}

impl Parcel {
    /// The checkpoint, with the last epoch's means in its `metrics`.
    pub fn into_checkpoint(self) -> Checkpoint {
        let metrics = self.last_epoch.map(|epoch| epoch.reproducible::<()>(None));
        Checkpoint { metrics: metrics.unwrap_or(self.checkpoint.metrics), ..self.checkpoint }
    }

    /// The bytes. Layers of the recipe's own are no part of them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Checkpoint { identity, state, epochs_done, sums, train_seconds, metrics, made_by, parity, .. } =
            &self.checkpoint;
        let mut out = Writer::default();
        out.recipe(&identity.recipe);
        out.wholes([identity.seed, identity.epochs, identity.pictures_crc32.into()]);
        out.wholes(identity.data.image.map(|size| size as u64));
        out.text(&identity.dataset);
        out.texts(&identity.classes);
        out.texts(made_by);
        out.text(metrics);
        out.wholes([state.step, *epochs_done, sums.steps]);
        out.numbers([*train_seconds, sums.seconds]);
        out.numbers(sums.sums.row());
        for Slot { parameters, m, v } in [&state.generator, &state.discriminator] {
            [parameters, m, v].into_iter().for_each(|floats| out.floats(floats));
        }
        out.floats(state.ema.as_deref().unwrap_or_default());
        out.whole(parity.labels.len() as u64);
        out.wholes(parity.labels.iter().map(|&label| label as u64));
        [&parity.z, &parity.image].into_iter().for_each(|floats| out.floats(floats));
        if let Some(EpochEvent { epoch, steps, ms_per_step, images_per_second, means, spread }) = &self.last_epoch {
            out.wholes([*epoch, *steps]);
            out.numbers([*ms_per_step, *images_per_second, *spread]);
            out.numbers(means.row());
        }
        out.0
    }

    /// Reads the bytes; none of bytes that are not [`Parcel::to_bytes`]'s, or whose lengths are not those of the recipe's networks.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut read = Reader(bytes);
        let recipe = read.recipe()?;
        let [seed, epochs, crc32] = read.wholes()?;
        let image = read.wholes()?.map(|size| size as usize);
        image.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).filter(|&p| p <= MOST_PIXELS)?;
        let dataset = read.text()?;
        let classes = read.texts()?;
        let made_by = read.texts()?.try_into().ok()?;
        let metrics = read.text()?;
        let [step, epochs_done, steps] = read.wholes()?;
        let [train_seconds, seconds] = read.numbers()?;
        let sums = EpochSums { steps, seconds, sums: read.statistics()? };
        let mut slot = || Some(Slot { parameters: read.floats()?, m: read.floats()?, v: read.floats()? });
        let [generator, discriminator] = [slot()?, slot()?];
        let ema = Some(read.floats()?).filter(|ema| !ema.is_empty());
        let labels = read.count()?;
        let labels = (0..labels).map(|_| read.count()).collect::<Option<_>>()?;
        let parity = Parity { z: read.floats()?, image: read.floats()?, labels };
        let last_epoch = if read.0.is_empty() {
            None
        } else {
            let [epoch, steps] = read.wholes()?;
            let [ms_per_step, images_per_second, spread] = read.numbers()?;
            Some(EpochEvent { epoch, steps, ms_per_step, images_per_second, spread, means: read.statistics()? })
        };
        let data = DataShape { image, classes: classes.len() };
        let pictures_crc32 = crc32.try_into().ok()?;
        let identity = Identity { recipe, seed, epochs, dataset, pictures_crc32, data, classes };
        let (g, d) = identity.layouts();
        let fits = |slot: &Slot, len| [&slot.parameters, &slot.m, &slot.v].iter().all(|floats| floats.len() == len);
        let ema_fits = ema.as_ref().map_or(0, Vec::len) == if identity.recipe.has_ema() { g.len() } else { 0 };
        if !read.0.is_empty() || !fits(&generator, g.len()) || !fits(&discriminator, d.len()) || !ema_fits {
            return None;
        }
        let state = State { step, generator, discriminator, ema };
        let checkpoint =
            Checkpoint { identity, state, epochs_done, sums, train_seconds, metrics, made_by, parity, asked: None };
        Some(Self { checkpoint, last_epoch })
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn whole(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn wholes(&mut self, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|number| self.whole(number));
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = f64>) {
        self.wholes(numbers.into_iter().map(f64::to_bits));
    }

    fn text(&mut self, text: &str) {
        self.whole(text.len() as u64);
        self.0.extend(text.bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.whole(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn floats(&mut self, floats: &[f32]) {
        self.whole(floats.len() as u64);
        floats.iter().for_each(|float| self.0.extend(float.to_le_bytes()));
    }

    fn recipe(&mut self, recipe: &Recipe) {
        self.text(&recipe.name);
        self.numbers(recipe.numbers());
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn whole(&mut self) -> Option<u64> {
        self.bytes(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn wholes<const N: usize>(&mut self) -> Option<[u64; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.whole()?;
        }
        Some(numbers)
    }

    fn count(&mut self) -> Option<usize> {
        self.whole()?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        String::from_utf8(self.bytes(count)?.to_vec()).ok()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.count()?;
        (0..count).map(|_| self.text()).collect()
    }

    fn floats(&mut self) -> Option<Vec<f32>> {
        let bytes = self.count()?.checked_mul(4)?;
        Some(self.bytes(bytes)?.as_chunks().0.iter().map(|float| f32::from_le_bytes(*float)).collect())
    }

    fn numbers<const N: usize>(&mut self) -> Option<[f64; N]> {
        self.wholes().map(|numbers| numbers.map(f64::from_bits))
    }

    fn statistics(&mut self) -> Option<StepStats> {
        self.numbers().map(StepStats::from_row)
    }

    fn recipe(&mut self) -> Option<Recipe> {
        let name = self.text()?;
        Recipe::from_numbers(name, self.numbers()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    fn parcel(recipe: &str, last_epoch: Option<EpochEvent>) -> Parcel {
        let recipe = Recipe::plain(recipe, "hidden = 5\nlatent = 3\nbatch = 4").unwrap();
        let data = DataShape::grey(4, 5).with_classes(if recipe.classes { 2 } else { 0 });
        let classes = (0..data.classes).map(|label| format!("class {label}, 종류")).collect();
        let identity = Identity {
            seed: 1 << 52,
            epochs: 3,
            dataset: "그림".into(),
            pictures_crc32: u32::MAX,
            data,
            classes,
            recipe,
        };
        let state = State { step: 7, ..State::initial(&identity.recipe, data, 9) };
        let mut at = Progress { epoch: 1, train_seconds: 0.1, ..Progress::default() };
        at.take(&[StepStats { d_loss: 0.7, g_gradient: 1e-9, ..StepStats::default() }], 0.25).unwrap();
        at.step = 7;
        let z = [0.25; 12];
        let drawn = |inputs: &[f32]| Ok(inputs.iter().flat_map(|x| [*x; 4]).chain([0.5; 200]).take(80).collect());
        let made_by = ["fused", "a GPU", "1"].map(str::to_owned);
        let checkpoint = Checkpoint::of(identity, state, &at, "{\"epoch\":0}".into(), made_by, &z, drawn).unwrap();
        Parcel { checkpoint, last_epoch }
    }

    fn event() -> EpochEvent {
        let sums = EpochSums { steps: 3, seconds: 0.5, sums: StepStats { d_real: 2.5, ..StepStats::default() } };
        EpochEvent { spread: 0.75, ..EpochEvent::new(1, 4, &sums) }
    }

    #[test]
    fn a_parcel_survives_the_way() {
        for (recipe, last_epoch) in [("seed", None), ("stable", Some(event())), ("classes", None)] {
            let parcel = parcel(recipe, last_epoch);
            assert_eq!(Parcel::from_bytes(&parcel.to_bytes()), Some(parcel), "{recipe}");
        }
    }

    #[test]
    fn a_damaged_parcel_is_none_and_no_panic() {
        let bytes = parcel("stable", Some(event())).to_bytes();
        for cut in 0..bytes.len() {
            // What ends before the last epoch is a parcel without one.
            let read = Parcel::from_bytes(&bytes[..cut]);
            assert!(read.is_none_or(|parcel| parcel.last_epoch.is_none()), "{cut}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let _ = Parcel::from_bytes(&damaged);
        }
    }

    #[test]
    fn the_last_epoch_is_what_the_metrics_are_made_from() {
        let checkpoint = parcel("seed", Some(event())).into_checkpoint();
        assert_eq!(checkpoint.metrics, event().reproducible::<()>(None));
        assert_eq!(parcel("seed", None).into_checkpoint().metrics, "{\"epoch\":0}");
    }

    #[test]
    fn a_recipe_goes_the_way_alone_and_layers_of_its_own_stay() {
        let recipe = Recipe::plain("stable", "lr = 0.001").unwrap();
        assert_eq!(recipe_from_bytes(&recipe_to_bytes(&recipe).unwrap()), Some(recipe));
        let layers = Recipe::load("conv", &toml::Table::new()).unwrap();
        assert_eq!(recipe_to_bytes(&layers), None);
        assert_eq!(recipe_from_bytes(b"no recipe"), None);
    }
}
