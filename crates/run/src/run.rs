//! One run under way: its progress, and what it leaves at the end of an epoch and at its own.

use std::sync::Arc;

use crate::asked::{self, Asked};
use crate::checkpoint::{Checkpoint, EpochSums, Identity};
use crate::console::Console;
use crate::events::{EpochEvent, Event};
use crate::folder::{REPORT, RunFolder, SWEEP, SWEEP_GIF, TRAINING_GIF};
use crate::history::History;
use crate::options::Options;
use crate::resume::{checkpoint_to_resume, from_weights, made_by, say_what_changed};
use crate::show::animation;
use crate::show::report::{Picture, report};
use crate::show::sheet;
use crate::sweep::sweep_z;
use data::Pictures;
use engines::{Engine, State, Stretch};
use failure::{Failure, Result};
use gan::Classes;
use judge::schedule::{Evaluation, Schedule};
pub use record::progress::Progress;
use record::watch::{Signs, Watch};

/// Pictures on a sample sheet, and how many stand in a row of it.
const SHEET: usize = 100;
const SHEET_COLUMNS: usize = 10;

/// What a run goes on from, before there is an engine.
pub struct Prepared {
    pub identity: Identity,
    folder: RunFolder,
    asked: Asked,
    earlier: Option<Checkpoint>,
    /// Where the engine is to begin.
    pub state: State,
}

impl Prepared {
    /// From the folder's checkpoint if it is to be gone on with, else from the start in an emptied folder, by the weights of
    /// `from` if there is such a run; a finished run that was in the folder is moved aside, unless it is to be overwritten.
    ///
    /// # Errors
    /// A checkpoint to go on from of another run, weights of other networks, or too few pictures.
    pub fn new(
        identity: Identity,
        pictures: &Pictures,
        folder: RunFolder,
        options: &Options,
        from: Option<&Checkpoint>,
        console: &Console,
    ) -> Result<Self> {
        let asked = asked::of(options);
        let (count, batch) = (pictures.count(), identity.recipe.batch);
        if count < batch {
            return Err(Failure::usage(format!("`--batch {batch}` is more than the {count} training pictures")));
        }
        let earlier = if options.resume { checkpoint_to_resume(&folder, &identity, console)? } else { None };
        let state = match (&earlier, from) {
            (Some(checkpoint), _) => checkpoint.state.clone(),
            (None, Some(other)) => from_weights(other, &identity, options, console)?,
            (None, None) => State::initial(&identity.recipe, identity.data, identity.seed),
        };
        if earlier.is_none() {
            match folder.checkpoint() {
                // What a run starts from is not lost to it either.
                Ok(Some(found)) if found.checkpoint.is_unfinished() && from.is_none() => {
                    console
                        .say("an unfinished run in the run folder is replaced; `--resume` would have gone on with it");
                }
                Ok(Some(_)) if !options.overwrite => {
                    let aside = folder.set_aside()?;
                    console.say(&format!(
                        "the finished run that was here is kept in `{}`; `--overwrite` would have replaced it",
                        aside.display()
                    ));
                }
                _ => {}
            }
            folder.clear()?;
        }
        Ok(Self { identity, folder, asked, earlier, state })
    }
}

/// One run's part of the engine that trains it.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// The engine of the whole fleet.
    pub engine: &'a dyn Engine,
    /// Which of its members this run is.
    pub index: usize,
}

impl Member<'_> {
    fn state(self) -> Result<State> {
        self.engine.state(self.index)
    }

    /// Draws of G's inputs: [n, latent + classes] -> [n, pixels].
    fn generate(self, inputs: &[f32]) -> Result<Vec<f32>> {
        self.engine.generate(self.index, inputs)
    }
}

/// A run under way.
pub struct Run {
    pub identity: Identity,
    pictures: Arc<Pictures>,
    pub folder: RunFolder,
    asked: Asked,
    threads: usize,
    steps_per_epoch: u64,
    pub at: Progress,
    metrics: String,
    lines: Vec<String>,
    sheet_z: Vec<f32>,
    /// PNG of the sheet after the last whole epoch.
    pub last_sheet: Vec<u8>,
    watch: Watch,
}

impl Run {
    /// The run of `prepared`, on the engine that was made for it.
    pub fn new(
        prepared: Prepared,
        pictures: &Arc<Pictures>,
        engine: &dyn Engine,
        threads: usize,
        console: &Console,
    ) -> Self {
        let Prepared { identity, folder, asked, earlier, .. } = prepared;
        if let Some(checkpoint) = &earlier {
            say_what_changed(checkpoint, &made_by(engine, threads), console);
        }
        let epoch = earlier.as_ref().map_or(0, |c| c.epochs_done);
        let lines = folder.metrics_before(epoch);
        let said = History::parse(lines.iter().map(String::as_str)).texts("message");
        Self {
            watch: Watch::new(pictures, &said.into_iter().map(|(_, message)| message).collect::<Vec<_>>()),
            last_sheet: epoch.checked_sub(1).map_or_else(Vec::new, |last| folder.sample(last)),
            lines,
            sheet_z: noise::sample_z(identity.seed, SHEET, identity.recipe.latent),
            steps_per_epoch: (pictures.count() / identity.recipe.batch) as u64,
            pictures: pictures.clone(),
            folder,
            asked,
            threads,
            at: earlier.as_ref().map(Checkpoint::progress).unwrap_or_default(),
            metrics: earlier.map_or_else(|| "{}".to_owned(), |c| c.metrics),
            identity,
        }
    }

    pub fn total_steps(&self) -> u64 {
        self.steps_per_epoch * self.identity.epochs
    }

    pub fn parameters(&self) -> usize {
        let (g, d) = self.identity.layouts();
        g.len() + d.len()
    }

    /// The step that the next epoch begins with.
    pub fn end_of_epoch(&self) -> u64 {
        (self.at.epoch + 1) * self.steps_per_epoch
    }

    /// Which pictures come in what is left of the epoch.
    pub fn order(&self) -> Vec<u32> {
        let mut order = noise::permutation(self.identity.seed, self.at.epoch, self.pictures.count());
        order.drain(..(self.at.step % self.steps_per_epoch) as usize * self.identity.recipe.batch);
        order
    }

    /// What is left of the epoch.
    pub fn stretch<'a>(&self, order: &'a [u32]) -> Stretch<'a> {
        let (first, total_steps) = (self.at.step, self.total_steps());
        Stretch { seed: self.identity.seed, first, steps: self.end_of_epoch() - first, total_steps, order }
    }

    /// After the last step of an epoch: its means, its sheet, its scores where it is time for them, what is to be said of
    /// it, a checkpoint.
    pub fn close_epoch(&mut self, member: Member, schedule: Option<&Schedule>) -> Result<Vec<Event<'static>>> {
        let sheet = self.draw(member, &self.sheet_z, |i| i / SHEET_COLUMNS)?;
        self.last_sheet = sheet::sheet(&sheet, self.identity.data.image, SHEET_COLUMNS)?;
        self.folder.write_sample(self.at.epoch, &self.last_sheet)?;
        let spread = self.watch.spread(&sheet, self.identity.pixels());
        let event = EpochEvent { spread, ..EpochEvent::new(self.at.epoch, self.identity.recipe.batch, &self.at.sums) };
        let mut events = vec![Event::Epoch(event)];
        let latent = self.identity.recipe.latent;
        let evaluation = match schedule {
            Some(schedule) => schedule
                .after(self.at.epoch + 1, latent, self.classes(), &mut |inputs| member.generate(inputs))?
                .zip(Some(schedule.classes())),
            None => None,
        };
        let scores = evaluation.map(|(evaluation, _)| evaluation.scores);
        if let Some((Evaluation { scores, seconds }, of_classes)) = evaluation {
            events.push(Event::Evaluation { epoch: self.at.epoch, scores, of_classes, seconds });
        }
        let classes = evaluation.map(|(evaluation, classes)| [evaluation.scores.classes, classes]);
        let said = self.watch.after_epoch(&Signs { steps: self.at.step, means: event.means, spread, classes });
        events.extend(said.into_iter().map(|message| Event::Warning { epoch: self.at.epoch, message }));
        self.lines.extend(events.iter().map(Event::to_line));
        self.folder.write_metrics(&self.lines)?;
        self.metrics = event.reproducible(scores.as_ref());
        self.at.sums = EpochSums::default();
        self.at.epoch += 1;
        self.write_checkpoint(member)?;
        Ok(events)
    }

    /// After the last epoch, whose end has left a checkpoint: the model, then what is looked at. Says which films there are none
    /// of, and why: a picture that no GIF can hold costs nothing else.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn close(&mut self, member: Member) -> Result<Vec<String>> {
        self.folder.write_model(&self.model(member)?)?;
        let recipe = &self.identity.recipe;
        let sweep = self.draw(member, &sweep_z(self.identity.seed, recipe.latent, recipe.sweep), |_| 0)?;
        let shape = self.identity.data.image;
        self.folder.write_named(SWEEP, &sheet::sheet(&sweep, shape, SHEET_COLUMNS)?)?;
        self.write_report(member)?;
        let mut missing = Vec::new();
        for (name, film) in [
            (SWEEP_GIF, animation::sweep(&sweep, shape)),
            (TRAINING_GIF, animation::training(&self.folder.sheets(), sheet_sides(shape))),
        ] {
            match film {
                Ok(film) => self.folder.write_named(name, &film)?,
                Err(failure) => missing.push(format!("there is no `{name}`: {}", failure.message)),
            }
        }
        Ok(missing)
    }

    /// What G and D are told of classes.
    fn classes(&self) -> Classes {
        self.identity.recipe.classes_of(self.identity.data)
    }

    /// Pictures of z [n, latent], number i of class `class(i)`, counted round where there are not so many: [n, pixels].
    fn draw(&self, member: Member, z: &[f32], class: impl Fn(usize) -> usize) -> Result<Vec<f32>> {
        let classes = self.classes();
        let labels = (0..).map(|i| class(i) % classes.0.max(1));
        member.generate(&classes.inputs(z, self.identity.recipe.latent, labels))
    }

    /// The generator as ONNX, as things stand.
    pub fn model(&self, member: Member) -> Result<Vec<u8>> {
        exporter::export(&self.checkpoint(member)?.to_bytes())
            .map_err(|error| Failure::failed(format!("the export failed: {error}")))
    }

    /// The run as a page, as things stand.
    pub fn write_report(&self, member: Member) -> Result<()> {
        let history = History::parse(self.lines.iter().map(String::as_str));
        let sweep = self.folder.named(SWEEP);
        let titled = [("Samples of the last epoch", &self.last_sheet), ("z[0] from -1 to 0.98", &sweep)];
        let pictures = titled.into_iter().filter(|(_, file)| !file.is_empty());
        let pictures: Vec<Picture> = pictures.map(|(title, file)| Picture { title, file }).collect();
        self.folder.write_named(REPORT, report(&self.checkpoint(member)?, &history, &pictures).as_bytes())
    }

    pub fn write_checkpoint(&self, member: Member) -> Result<()> {
        self.folder.write_checkpoint(&self.checkpoint(member)?.to_bytes())
    }

    /// A checkpoint as things stand.
    fn checkpoint(&self, member: Member) -> Result<Checkpoint> {
        let taken = Checkpoint::of(
            self.identity.clone(),
            member.state()?,
            &self.at,
            self.metrics.clone(),
            made_by(member.engine, self.threads),
            &self.sheet_z,
            |inputs| member.generate(inputs),
        )?;
        Ok(Checkpoint { asked: Some(self.asked.clone()), ..taken })
    }
}

/// Rows and columns of a sample sheet in pixels.
pub fn sheet_sides([_, rows, columns]: [usize; 3]) -> [usize; 2] {
    [rows * SHEET.div_ceil(SHEET_COLUMNS), columns * SHEET_COLUMNS]
}
