//! One run on one thread, a few steps at a time.

use std::sync::Arc;

use engines::cpu::layers::pictures_of;
use engines::cpu::mlp::Mlp;
use engines::{Engine, Stretch};
use failure::{Failure, Result};
use gan::recipe::Recipe;
use gan::{Classes, Pictures, State, StepStats};
use kernels::places::Places;
use record::checkpoint::{Checkpoint, EpochSums, Identity};
use record::epoch::EpochEvent;
use record::parcel::Parcel;
use record::progress::Progress;
use record::watch::{Signs, Watch};

/// Counts the fewest pictures that a run is begun with: fewer are learnt by heart.
pub const LEAST_PICTURES: usize = 64;
/// Counts the pictures of the sheet, and how many stand in a row of it, as on the trainer's.
const SHEET: usize = 100;
const SHEET_COLUMNS: usize = 10;

/// Says what a run is to be.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Holds every hyperparameter.
    pub recipe: Recipe,
    /// Keys every random number.
    pub seed: u64,
    /// Counts the passes over the pictures; the schedules of the rates are stretched over them.
    pub epochs: u64,
    /// Names the data set, for the model file.
    pub dataset: &'a str,
    /// Names the classes of the pictures by their labels, for a recipe that is told them.
    pub classes: Vec<String>,
}

/// Says what came of some steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// Counts them: as many as were asked for, or what was left of the epoch.
    pub steps: u64,
    /// Holds the means of what they reported.
    pub means: StepStats,
    /// Names the failures that have shown at the end of an epoch, in the trainer's words, each once in a run.
    pub warnings: Vec<String>,
}

/// Holds a run under way.
pub struct Trainer {
    identity: Identity,
    pictures: Arc<Pictures>,
    pub(crate) way: Way,
    at: Progress,
    /// Holds the means of the last whole epoch before this part of the run, and that of this part.
    metrics: String,
    last_epoch: Option<EpochEvent>,
    watch: Watch,
    sheet_z: Vec<f32>,
    /// Holds the pictures of the epoch under way, and its number.
    order: (u64, Vec<u32>),
}

/// Says what takes the steps.
#[allow(clippy::large_enum_variant, reason = "a run has one")]
pub(crate) enum Way {
    /// This module itself.
    Cpu(Mlp),
    /// A GPU, by whoever drives it; the state is as it was last read back.
    Gpu { name: String, places: Places, state: State },
}

impl Trainer {
    /// Begins a run on `pictures`. A minibatch is of all of them where there are fewer than the recipe's.
    ///
    /// # Errors
    /// Refuses a recipe that is none or does not fit the pictures, no epochs, and fewer than [`LEAST_PICTURES`] pictures.
    pub fn start(settings: &Settings, pictures: Pictures) -> Result<Self> {
        let recipe = &settings.recipe;
        check_pictures(&pictures)?;
        if settings.epochs == 0 {
            return Err(Failure::usage("a run of no epochs trains nothing").hint("give one or more"));
        }
        recipe.fits(pictures.shape)?;
        Mlp::takes(recipe, pictures.shape).map_err(other_networks)?;
        let recipe = Recipe { batch: recipe.batch.min(pictures.count()), ..recipe.clone() };
        let data = pictures.shape.with_classes(recipe.classes_of(pictures.shape).0);
        let identity = Identity {
            seed: settings.seed,
            epochs: settings.epochs,
            dataset: settings.dataset.to_owned(),
            pictures_crc32: pictures.checksum(),
            data,
            classes: if recipe.classes { class_names(settings, data.classes) } else { Vec::new() },
            recipe,
        };
        let state = State::initial(&identity.recipe, data, identity.seed);
        Ok(Self::going_on(identity, pictures, &state, Progress::default(), "{}".to_owned()))
    }

    /// Goes on from a checkpoint, of this module or of the trainer, on the pictures that it was begun with.
    ///
    /// # Errors
    /// Refuses other pictures than the checkpoint's, and networks that are not trained here.
    pub fn resume(checkpoint: Checkpoint, pictures: Pictures) -> Result<Self> {
        let at = checkpoint.progress();
        let Checkpoint { identity, state, metrics, .. } = checkpoint;
        check_pictures(&pictures)?;
        Mlp::takes(&identity.recipe, identity.data).map_err(other_networks)?;
        let known = identity.pictures_crc32 != 0;
        if identity.data.image != pictures.shape.image || (known && identity.pictures_crc32 != pictures.checksum()) {
            return Err(Failure::usage("the checkpoint is of a run on other pictures")
                .hint("take the pictures that it was begun with, or begin anew"));
        }
        if identity.recipe.batch > pictures.count() {
            return Err(Failure::usage(format!(
                "the checkpoint's minibatches are of {} pictures, and there are {}",
                identity.recipe.batch,
                pictures.count()
            ))
            .hint("take the pictures that it was begun with, or begin anew"));
        }
        Ok(Self::going_on(identity, pictures, &state, at, metrics))
    }

    fn going_on(identity: Identity, pictures: Pictures, state: &State, at: Progress, metrics: String) -> Self {
        let pictures = Arc::new(pictures);
        Self {
            way: Way::Cpu(Mlp::new(&identity.recipe, pictures.clone(), state, 1)),
            watch: Watch::new(&pictures, &[]),
            sheet_z: noise::sample_z(identity.seed, SHEET, identity.recipe.latent),
            order: (at.epoch, noise::permutation(identity.seed, at.epoch, pictures.count())),
            at,
            metrics,
            last_epoch: None,
            identity,
            pictures,
        }
    }

    /// Counts the steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.pictures.count() / self.identity.recipe.batch) as u64
    }

    /// Counts the steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.steps_per_epoch() * self.identity.epochs
    }

    /// Says how far the run is.
    pub fn at(&self) -> &Progress {
        &self.at
    }

    /// Says what the run is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Says whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.at.epoch >= self.identity.epochs
    }

    /// Takes at most `steps` steps, and none beyond the end of the epoch, where the failures with a name are looked for. It takes
    /// none where a GPU does.
    ///
    /// # Errors
    /// Fails where training has diverged, with the step; the run is then at its end.
    pub fn advance(&mut self, steps: u64) -> Result<Taken> {
        if self.is_done() {
            return Ok(Taken::default());
        }
        self.draw_order();
        let steps = steps.min(self.end_of_epoch() - self.at.step);
        let (seed, first, total_steps, done) = (self.identity.seed, self.at.step, self.total_steps(), self.seen());
        let Way::Cpu(engine) = &mut self.way else { return Ok(Taken::default()) };
        let stretch = Stretch { seed, first, steps, total_steps, order: &self.order.1[done..] };
        let mut taken = Vec::with_capacity(steps as usize);
        engine.advance(&[stretch], &mut |progress| {
            taken.extend(progress.stats.first().copied().unwrap_or_default());
            true
        })?;
        self.take(&taken)
    }

    /// Counts steps that were done, and closes the epoch that they end.
    pub(crate) fn take(&mut self, stats: &[StepStats]) -> Result<Taken> {
        self.at.take(stats, 0.0)?;
        let mut sums = EpochSums::default();
        stats.iter().for_each(|stats| sums.add(stats, 0.0));
        let warnings = if self.at.step == self.end_of_epoch() { self.close_epoch()? } else { Vec::new() };
        Ok(Taken { steps: sums.steps, means: sums.means(), warnings })
    }

    /// Gives the step that the next epoch begins with.
    pub(crate) fn end_of_epoch(&self) -> u64 {
        (self.at.epoch + 1) * self.steps_per_epoch()
    }

    /// Gives the pictures that are left of the epoch, one minibatch after another.
    pub(crate) fn order(&mut self) -> &[u32] {
        self.draw_order();
        &self.order.1[self.seen()..]
    }

    /// Counts the pictures of the epoch that steps have seen.
    fn seen(&self) -> usize {
        (self.at.step % self.steps_per_epoch()) as usize * self.identity.recipe.batch
    }

    fn draw_order(&mut self) {
        if self.order.0 != self.at.epoch {
            self.order = (self.at.epoch, noise::permutation(self.identity.seed, self.at.epoch, self.pictures.count()));
        }
    }

    /// Adds the seconds that steps took, by the clock of whoever runs the module.
    pub fn add_seconds(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.at.train_seconds += seconds;
            self.at.sums.seconds += seconds;
        }
    }

    fn close_epoch(&mut self) -> Result<Vec<String>> {
        let spread = self.watch.spread(&self.sheet()?, self.identity.pixels());
        let event = EpochEvent { spread, ..EpochEvent::new(self.at.epoch, self.identity.recipe.batch, &self.at.sums) };
        self.last_epoch = Some(event);
        self.at.sums = EpochSums::default();
        self.at.epoch += 1;
        Ok(self.watch.after_epoch(&Signs { steps: self.at.step, means: event.means, spread, classes: None }))
    }

    /// Draws the sheet: a hundred pictures of z that stay the same all through the run. [100, pixels], in [-1, 1].
    ///
    /// # Errors
    /// None on the CPU; the engine's, where it has some.
    pub fn sheet(&self) -> Result<Vec<f32>> {
        self.draw(&self.sheet_z, |i| i / SHEET_COLUMNS)
    }

    /// Gives the run as a parcel: [`crate::files`] makes a checkpoint or a model of it, and [`Trainer::resume`] goes on from its
    /// checkpoint.
    ///
    /// # Errors
    /// Fails where some weights are no longer numbers.
    pub fn parcel(&self) -> Result<Parcel> {
        let device = match &self.way {
            Way::Cpu(_) => "cpu by WebAssembly".to_owned(),
            Way::Gpu { name, .. } => format!("{name} by WebGPU"),
        };
        let checkpoint = Checkpoint::of(
            self.identity.clone(),
            self.state()?,
            &self.at,
            self.metrics.clone(),
            ["fused".to_owned(), device, "1".to_owned()],
            &self.sheet_z,
            |inputs| self.generate(inputs),
        )?;
        Ok(Parcel { checkpoint, last_epoch: self.last_epoch })
    }

    /// Gives everything that the next step depends on; of a GPU, as it was last read back.
    pub(crate) fn state(&self) -> Result<State> {
        match &self.way {
            Way::Cpu(engine) => engine.state(0),
            Way::Gpu { state, .. } => Ok(state.clone()),
        }
    }

    pub(crate) fn pictures(&self) -> &Arc<Pictures> {
        &self.pictures
    }

    fn classes(&self) -> Classes {
        self.identity.recipe.classes_of(self.identity.data)
    }

    fn draw(&self, z: &[f32], class: impl Fn(usize) -> usize) -> Result<Vec<f32>> {
        let classes = self.classes();
        let labels = (0..).map(|i| class(i) % classes.0.max(1));
        self.generate(&classes.inputs(z, self.identity.recipe.latent, labels))
    }

    /// Draws by the generator that is exported, of its inputs.
    fn generate(&self, inputs: &[f32]) -> Result<Vec<f32>> {
        match &self.way {
            Way::Cpu(engine) => engine.generate(0, inputs),
            Way::Gpu { places, state, .. } => Ok(pictures_of(&places.networks[0], state.exported(), inputs)),
        }
    }
}

pub(crate) fn other_networks(why: String) -> Failure {
    Failure::usage(format!("a page trains perceptrons of two hidden layers alone, and {why}"))
        .hint("train other networks by the program `trainer`, on a GPU if there is one")
}

/// Names for classes that have none are their numbers.
fn class_names(settings: &Settings, count: usize) -> Vec<String> {
    (0..count).map(|label| settings.classes.get(label).cloned().unwrap_or_else(|| label.to_string())).collect()
}

fn check_pictures(pictures: &Pictures) -> Result<()> {
    let (count, pixels) = (pictures.count(), pictures.pixels());
    if pixels == 0 || pictures.bytes.len() != count * pixels {
        return Err(Failure::usage(format!(
            "{} bytes are not {count} pictures of {:?}",
            pictures.bytes.len(),
            pictures.shape.image
        ))
        .hint("give channels times rows times columns bytes for each picture"));
    }
    if count < LEAST_PICTURES {
        let plural = if count == 1 { "" } else { "s" };
        return Err(Failure::usage(format!("{count} picture{plural} are too few to learn from"))
            .hint(format!("give at least {LEAST_PICTURES}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gan::DataShape;

    use super::*;
    use crate::files;

    /// Pictures that differ, with two classes.
    fn pictures(count: usize) -> Pictures {
        let bytes = (0..count * 36).map(|i| if i % 5 == i / 36 % 5 { 255 } else { (i % 3) as u8 }).collect();
        let labels = (0..count).map(|i| (i % 2) as u16).collect();
        Pictures { bytes, labels, shape: DataShape::grey(6, 6).with_classes(2) }
    }

    fn settings(recipe: &str) -> Settings<'static> {
        let recipe = Recipe::plain(recipe, "hidden = 12\nbatch = 16\nlatent = 5").unwrap();
        let classes = vec!["even".to_owned(), "odd".to_owned()];
        Settings { recipe, seed: 3, epochs: 2, dataset: "stripes", classes }
    }

    fn export(trainer: &Trainer) -> Vec<u8> {
        files::export(&trainer.parcel().unwrap().to_bytes()).unwrap()
    }

    fn resume(checkpoint: &[u8], pictures: Pictures) -> Result<Trainer> {
        let parcel = Parcel::from_bytes(&files::open(checkpoint)?).unwrap();
        Trainer::resume(parcel.into_checkpoint(), pictures)
    }

    fn run(trainer: &mut Trainer, steps: u64) {
        while !trainer.is_done() {
            let taken = trainer.advance(steps).unwrap();
            assert!(taken.steps > 0 && taken.means.is_finite(), "{taken:?}");
        }
    }

    #[test]
    fn how_many_steps_are_taken_at_once_changes_no_byte() {
        for recipe in ["seed", "stable", "classes"] {
            let exported = |steps| {
                let mut trainer = Trainer::start(&settings(recipe), pictures(80)).unwrap();
                assert_eq!((trainer.steps_per_epoch(), trainer.total_steps()), (5, 10));
                run(&mut trainer, steps);
                export(&trainer)
            };
            assert!(exported(1) == exported(3), "{recipe}");
        }
    }

    #[test]
    fn a_run_that_goes_on_from_its_checkpoint_is_the_run() {
        let mut whole = Trainer::start(&settings("stable"), pictures(80)).unwrap();
        run(&mut whole, 4);
        let mut first = Trainer::start(&settings("stable"), pictures(80)).unwrap();
        first.advance(3).unwrap();
        let mut rest = resume(&files::checkpoint(&first.parcel().unwrap().to_bytes()).unwrap(), pictures(80)).unwrap();
        assert_eq!(rest.at().step, 3);
        run(&mut rest, 100);
        assert!(export(&rest) == export(&whole));
    }

    #[test]
    fn what_cannot_be_trained_is_refused_in_words() {
        let start = |epochs, pictures: Pictures| {
            let settings = Settings { epochs, ..settings("stable") };
            Trainer::start(&settings, pictures).err().map(|failure| failure.message).unwrap_or_default()
        };
        let cut = Pictures { bytes: vec![0; 99], ..pictures(64) };
        for (name, found, part) in [
            ("few", start(1, pictures(10)), "10 pictures are too few"),
            ("cut", start(1, cut), "99 bytes are not 64 pictures"),
            ("no epochs", start(0, pictures(64)), "no epochs"),
        ] {
            assert!(found.contains(part), "{name}: {found:?}");
        }
        let mut other = pictures(64);
        other.bytes[7] ^= 1;
        let begun = Trainer::start(&settings("stable"), pictures(64)).unwrap().parcel().unwrap().to_bytes();
        let begun = files::checkpoint(&begun).unwrap();
        let refused = resume(&begun, other).err().map(|failure| failure.message);
        assert!(refused.is_some_and(|message| message.contains("other pictures")));
        assert!(resume(&begun[..90], pictures(64)).is_err());
    }

    #[test]
    fn fewer_pictures_than_a_minibatch_are_one_minibatch() {
        let recipe = Recipe::plain("stable", "hidden = 8").unwrap();
        let settings = Settings { recipe, ..settings("stable") };
        let trainer = Trainer::start(&settings, pictures(70)).unwrap();
        assert_eq!((trainer.identity().recipe.batch, trainer.total_steps()), (70, 2));
    }

    #[test]
    fn the_model_says_where_it_comes_from_and_draws_what_it_says() {
        let mut trainer = Trainer::start(&settings("stable"), pictures(80)).unwrap();
        run(&mut trainer, 10);
        let model = exporter::Model::from_onnx(&export(&trainer)).unwrap();
        let told = |key: &str| model.metadata().find(|(name, _)| *name == key).map(|(_, text)| text.to_owned());
        assert_eq!(told("forger.recipe").as_deref(), Some("stable"));
        assert_eq!(told("forger.dataset").as_deref(), Some("stripes"));
        let parity = model.parity().unwrap();
        assert_eq!(parity.z.concat(), noise::sample_z(3, 4, 5));
        assert_eq!(parity.image[2], trainer.sheet().unwrap()[72..108]);
    }
}
