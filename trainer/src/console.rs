//! What a run tells people: `on epoch N` on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::StepStats;
use crate::events::EpochEvent;
use crate::judge::Scores;

/// Talks on standard error, with a live bar where that is a terminal.
pub struct Console {
    quiet: bool,
    bar: Option<ProgressBar>,
}

impl Console {
    /// `quiet` leaves only `on epoch N` and errors.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, bar: None }
    }

    /// One line for people.
    pub fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        self.aside(|| {
            let _ = writeln!(io::stderr(), "{line}");
        });
    }

    /// Shows a bar over `total` steps, `done` of them done, where standard error is a terminal.
    pub fn start(&mut self, done: u64, total: u64) {
        if self.quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
        let style = "{bar:30} {percent:>3}%  {msg}  {elapsed} gone, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is constant").progress_chars("━╸─"));
        bar.set_position(done);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(500));
        self.bar = Some(bar);
    }

    /// Moves the bar by one step.
    pub fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// The end of an epoch: the original's line, and for people what happened in it.
    pub fn epoch(&self, event: &EpochEvent, epochs: u64) {
        self.aside(|| {
            // A reader that has gone away (`| head`) must not end the run.
            let _ = writeln!(io::stdout(), "on epoch {}", event.epoch).and_then(|()| io::stdout().flush());
        });
        let StepStats { d_loss, g_loss, d_real, d_fake, .. } = event.means;
        let ms_per_step = event.ms_per_step;
        let losses = format!("d_loss {d_loss:.3}  g_loss {g_loss:.3}  D(x) {d_real:.2}  D(G(z)) {d_fake:.2}");
        match &self.bar {
            Some(bar) => bar.set_message(format!("epoch {}/{epochs}  {losses}", event.epoch + 1)),
            None => self.say(&format!("epoch {}/{epochs}: {losses}  {ms_per_step:.2} ms a step", event.epoch + 1)),
        }
    }

    /// What the judge found after epoch `epoch`, of `classes` classes.
    pub fn evaluation(&self, epoch: u64, scores: &Scores, classes: usize) {
        let Scores { fid, classes: covered, precision, recall, .. } = scores;
        self.say(&format!(
            "judged after epoch {}: FID {fid:.2}  {covered} of {classes} classes  precision {precision:.2}  recall {recall:.2}",
            epoch + 1
        ));
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn aside(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}
