//! One run on one thread, a few steps at a time.

use std::sync::Arc;

use engines::cpu::mlp::Mlp;
use engines::{Engine, Stretch};
use failure::{Failure, Result};
use gan::recipe::{BUILT_IN, Recipe};
use gan::{Classes, Pictures, State, StepStats};
use record::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use record::epoch::EpochEvent;
use record::progress::{Progress, diverged};
use record::watch::{Signs, Watch};

/// Counts the fewest pictures that a run is begun with: fewer are learnt by heart.
pub const LEAST_PICTURES: usize = 64;
/// Counts the pictures of the sheet, and how many stand in a row of it, as on the trainer's.
const SHEET: usize = 100;
const SHEET_COLUMNS: usize = 10;
/// Counts the latent vectors whose pictures the model file carries, as the trainer's does.
const PARITY: usize = 4;

/// Says what a run is to be.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Names a built-in recipe, or is one as TOML.
    pub recipe: &'a str,
    /// Holds keys and values that are put over the recipe's, as TOML; empty changes none.
    pub changes: &'a str,
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
    engine: Mlp,
    at: Progress,
    metrics: String,
    watch: Watch,
    sheet_z: Vec<f32>,
    /// Holds the pictures of the epoch under way, and its number.
    order: (u64, Vec<u32>),
}

impl Trainer {
    /// Begins a run on `pictures`. A minibatch is of all of them where there are fewer than the recipe's.
    ///
    /// # Errors
    /// Refuses a recipe that is none or does not fit the pictures, no epochs, and fewer than [`LEAST_PICTURES`] pictures.
    pub fn start(settings: &Settings, pictures: Pictures) -> Result<Self> {
        let changes = settings.changes.parse().map_err(|error: toml::de::Error| {
            Failure::usage(format!("the changes to the recipe are no TOML: {}", error.to_string().trim_end()))
        })?;
        let recipe = match BUILT_IN.iter().find(|(name, _)| *name == settings.recipe) {
            Some((name, text)) => Recipe::parse(text, name, &changes)?,
            None => Recipe::parse(settings.recipe, "of the page", &changes)?,
        };
        check_pictures(&pictures)?;
        if settings.epochs == 0 {
            return Err(Failure::usage("a run of no epochs trains nothing").hint("give one or more"));
        }
        recipe.fits(pictures.shape)?;
        Mlp::takes(&recipe, pictures.shape).map_err(other_networks)?;
        let recipe = Recipe { batch: recipe.batch.min(pictures.count()), ..recipe };
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
    /// Refuses a checkpoint that is damaged, and other pictures than its own.
    pub fn resume(checkpoint: &[u8], pictures: Pictures) -> Result<Self> {
        let Checkpoint { identity, state, epochs_done, sums, train_seconds, metrics, .. } =
            Checkpoint::from_bytes(checkpoint)?;
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
        let at = Progress { step: state.step, epoch: epochs_done, sums, train_seconds };
        Ok(Self::going_on(identity, pictures, &state, at, metrics))
    }

    fn going_on(identity: Identity, pictures: Pictures, state: &State, at: Progress, metrics: String) -> Self {
        let pictures = Arc::new(pictures);
        Self {
            engine: Mlp::new(&identity.recipe, pictures.clone(), state, 1),
            watch: Watch::new(&pictures, &[]),
            sheet_z: noise::sample_z(identity.seed, SHEET, identity.recipe.latent),
            order: (at.epoch, noise::permutation(identity.seed, at.epoch, pictures.count())),
            at,
            metrics,
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

    /// Takes at most `steps` steps, and none beyond the end of the epoch, where the failures with a name are looked for.
    ///
    /// # Errors
    /// Fails where training has diverged, with the step; the run is then at its end.
    pub fn advance(&mut self, steps: u64) -> Result<Taken> {
        if self.is_done() {
            return Ok(Taken::default());
        }
        if self.order.0 != self.at.epoch {
            self.order = (self.at.epoch, noise::permutation(self.identity.seed, self.at.epoch, self.pictures.count()));
        }
        let end = (self.at.epoch + 1) * self.steps_per_epoch();
        let steps = steps.min(end - self.at.step);
        let done = (self.at.step % self.steps_per_epoch()) as usize * self.identity.recipe.batch;
        let stretch = Stretch {
            seed: self.identity.seed,
            first: self.at.step,
            steps,
            total_steps: self.total_steps(),
            order: &self.order.1[done..],
        };
        let (at, mut sums, mut failure) = (&mut self.at, EpochSums::default(), None);
        self.engine.advance(&[stretch], &mut |progress| {
            let stats = progress.stats.first().copied().unwrap_or_default();
            failure = at.take(stats, progress.seconds).err();
            stats.iter().for_each(|stats| sums.add(stats, 0.0));
            failure.is_none()
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let warnings = if self.at.step == end { self.close_epoch()? } else { Vec::new() };
        Ok(Taken { steps, means: sums.means(), warnings })
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
        self.metrics = event.reproducible::<()>(None);
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

    /// Gives the run as a checkpoint: [`Trainer::resume`] goes on from it, and `trainer --from` begins from its weights.
    ///
    /// # Errors
    /// Fails where some weights are no longer numbers.
    pub fn checkpoint(&self) -> Result<Vec<u8>> {
        let latent = self.identity.recipe.latent;
        let z = self.sheet_z[..PARITY * latent].to_vec();
        let state = self.engine.state(0)?;
        // The losses of a step are those before its update, which may have been the one that went wrong.
        if !state.is_finite() {
            return Err(diverged(self.at.step, self.at.epoch, &self.at.sums.means()));
        }
        let checkpoint = Checkpoint {
            identity: self.identity.clone(),
            state,
            epochs_done: self.at.epoch,
            sums: self.at.sums,
            train_seconds: self.at.train_seconds,
            metrics: self.metrics.clone(),
            made_by: [self.engine.name().to_owned(), "cpu by WebAssembly".to_owned(), "1".to_owned()],
            parity: Parity {
                image: self.draw(&z, |i| i)?,
                labels: (0..PARITY).filter_map(|i| i.checked_rem(self.classes().0)).collect(),
                z,
            },
            asked: None,
        };
        Ok(checkpoint.to_bytes())
    }

    /// Gives the generator as ONNX, as things stand: the file that the trainer would write.
    ///
    /// # Errors
    /// As [`Trainer::checkpoint`].
    pub fn export(&self) -> Result<Vec<u8>> {
        exporter::export_as(&self.checkpoint()?, &self.identity.architecture())
            .map_err(|error| Failure::failed(format!("the export failed: {error}")))
    }

    fn classes(&self) -> Classes {
        self.identity.recipe.classes_of(self.identity.data)
    }

    fn draw(&self, z: &[f32], class: impl Fn(usize) -> usize) -> Result<Vec<f32>> {
        let classes = self.classes();
        let labels = (0..).map(|i| class(i) % classes.0.max(1));
        self.engine.generate(0, &classes.inputs(z, self.identity.recipe.latent, labels))
    }
}

fn other_networks(why: String) -> Failure {
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

    /// Pictures that differ, with two classes.
    fn pictures(count: usize) -> Pictures {
        let bytes = (0..count * 36).map(|i| if i % 5 == i / 36 % 5 { 255 } else { (i % 3) as u8 }).collect();
        let labels = (0..count).map(|i| (i % 2) as u16).collect();
        Pictures { bytes, labels, shape: DataShape::grey(6, 6).with_classes(2) }
    }

    fn settings(recipe: &str) -> Settings<'_> {
        let changes = "hidden = 12\nbatch = 16\nlatent = 5";
        let classes = vec!["even".to_owned(), "odd".to_owned()];
        Settings { recipe, changes, seed: 3, epochs: 2, dataset: "stripes", classes }
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
                trainer.export().unwrap()
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
        let mut rest = Trainer::resume(&first.checkpoint().unwrap(), pictures(80)).unwrap();
        assert_eq!(rest.at().step, 3);
        run(&mut rest, 100);
        assert!(rest.export().unwrap() == whole.export().unwrap());
    }

    #[test]
    fn what_cannot_be_trained_is_refused_in_words() {
        let start = |changes: &str, epochs, pictures: Pictures| {
            let settings = Settings { changes, epochs, ..settings("stable") };
            Trainer::start(&settings, pictures).err().map(|failure| failure.message).unwrap_or_default()
        };
        let cut = Pictures { bytes: vec![0; 99], ..pictures(64) };
        for (name, found, part) in [
            ("few", start("", 1, pictures(10)), "10 pictures are too few"),
            ("cut", start("", 1, cut), "99 bytes are not 64 pictures"),
            ("no epochs", start("", 0, pictures(64)), "no epochs"),
            ("no TOML", start("lr = ", 1, pictures(64)), "no TOML"),
            ("no such key", start("lrr = 1", 1, pictures(64)), "did you mean `lr`"),
        ] {
            assert!(found.contains(part), "{name}: {found:?}");
        }
        let mut other = pictures(64);
        other.bytes[7] ^= 1;
        let begun = Trainer::start(&settings("stable"), pictures(64)).unwrap().checkpoint().unwrap();
        let refused = Trainer::resume(&begun, other).err().map(|failure| failure.message);
        assert!(refused.is_some_and(|message| message.contains("other pictures")));
        assert!(Trainer::resume(&begun[..90], pictures(64)).is_err());
    }

    #[test]
    fn fewer_pictures_than_a_minibatch_are_one_minibatch() {
        let settings = Settings { changes: "hidden = 8", ..settings("stable") };
        let trainer = Trainer::start(&settings, pictures(70)).unwrap();
        assert_eq!((trainer.identity().recipe.batch, trainer.total_steps()), (70, 2));
    }

    #[test]
    fn the_model_says_where_it_comes_from_and_draws_what_it_says() {
        let mut trainer = Trainer::start(&settings("stable"), pictures(80)).unwrap();
        run(&mut trainer, 10);
        let model = exporter::Model::from_onnx(&trainer.export().unwrap()).unwrap();
        let told = |key: &str| model.metadata().find(|(name, _)| *name == key).map(|(_, text)| text.to_owned());
        assert_eq!(told("forger.recipe").as_deref(), Some("stable"));
        assert_eq!(told("forger.dataset").as_deref(), Some("stripes"));
        let parity = model.parity().unwrap();
        assert_eq!(parity.z.concat(), noise::sample_z(3, 4, 5));
        assert_eq!(parity.image[2], trainer.sheet().unwrap()[72..108]);
    }
}
