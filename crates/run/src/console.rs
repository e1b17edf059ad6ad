//! What a run tells people: `on epoch N` on standard output, everything else on standard error, and that too where events as
//! JSON have standard output for themselves.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::checkpoint::EpochSums;
use crate::events::EpochEvent;
use engines::StepStats;
use failure::for_terminals;
use judge::Scores;

/// Talks on standard error, with a live bar where that is a terminal.
pub struct Console {
    quiet: bool,
    /// Events go to standard output, and nothing else may.
    json_on_stdout: bool,
    bar: Option<ProgressBar>,
    /// The last that the judge found.
    fid: Option<f64>,
}

/// Steps between two changes of the live line: several a second, and nothing beside the step's own cost.
const LIVE_STEPS: u64 = 25;

impl Console {
    /// `quiet` leaves only `on epoch N` and errors.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, json_on_stdout: false, bar: None, fid: None }
    }

    /// Leaves standard output to the events of `--log-json -`, if that is what was asked for.
    pub fn beside_json(self, json_on_stdout: bool) -> Self {
        Self { json_on_stdout, ..self }
    }

    /// One line for people.
    pub fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        self.aside(|| {
            let _ = writeln!(io::stderr(), "{}", for_terminals(line));
        });
    }

    /// Something that people should know of, and that does not stop the run.
    pub fn warn(&self, line: &str) {
        self.say(&format!("warning: {line}"));
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

    /// Moves the bar by `steps` steps; `sums` are those of the epoch under way, as far as they are known.
    pub fn steps(&self, steps: u64, epoch: u64, epochs: u64, sums: &EpochSums) {
        let Some(bar) = &self.bar else { return };
        bar.inc(steps);
        if sums.steps > 0 && sums.steps.is_multiple_of(LIVE_STEPS) {
            bar.set_message(live_line(epoch, epochs, &sums.means(), self.fid));
        }
    }

    /// The end of an epoch: the original's line, and for people what happened in it.
    pub fn epoch(&self, event: &EpochEvent, epochs: u64) {
        if self.json_on_stdout {
            self.say(&format!("on epoch {}", event.epoch));
        } else {
            self.aside(|| {
                // A reader that has gone away (`| head`) must not end the run.
                let _ = writeln!(io::stdout(), "on epoch {}", event.epoch).and_then(|()| io::stdout().flush());
            });
        }
        let line = live_line(event.epoch, epochs, &event.means, self.fid);
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None => self.say(&format!("{line}  {:.2} ms a step", event.ms_per_step)),
        }
    }

    /// The end of an epoch of a run beside the first, told as `who`.
    pub fn epoch_beside(&self, who: &str, event: &EpochEvent, epochs: u64) {
        self.say(&format!("{who}{}", live_line(event.epoch, epochs, &event.means, None)));
    }

    /// What the judge found after epoch `epoch`, of `classes` classes; `who` is put before it.
    pub fn evaluation(&mut self, who: &str, epoch: u64, scores: &Scores, classes: usize) {
        let Scores { fid, classes: covered, precision, recall, in_class, .. } = scores;
        self.fid = Some(*fid);
        let in_class = in_class.map_or_else(String::new, |share| format!("  in class {:.1} %", 100.0 * share));
        let covered = if classes == 0 { String::new() } else { format!("{covered} of {classes} classes  ") };
        self.say(&format!(
            "{who}judged after epoch {}: FID {fid:.2}  {covered}precision {precision:.2}  recall {recall:.2}{in_class}",
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

/// Both losses, D's accuracy, and FID when it is known.
fn live_line(epoch: u64, epochs: u64, means: &StepStats, fid: Option<f64>) -> String {
    let StepStats { d_loss, g_loss, d_accuracy_real, d_accuracy_fake, .. } = means;
    let [real, fake] = [d_accuracy_real, d_accuracy_fake].map(|share| 100.0 * share);
    let fid = fid.map_or_else(String::new, |fid| format!("  FID {fid:.1}"));
    format!(
        "epoch {}/{epochs}  d_loss {d_loss:.3}  g_loss {g_loss:.3}  D right on {real:.0} % real, {fake:.0} % generated{fid}",
        epoch + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_has_losses_accuracy_and_fid_when_known() {
        let means = StepStats {
            d_loss: 0.5312,
            g_loss: 1.36,
            d_accuracy_real: 0.74,
            d_accuracy_fake: 0.76,
            ..Default::default()
        };
        let line = "epoch 3/50  d_loss 0.531  g_loss 1.360  D right on 74 % real, 76 % generated";
        assert_eq!(live_line(2, 50, &means, None), line);
        assert_eq!(live_line(2, 50, &means, Some(24.06)), format!("{line}  FID 24.1"));
    }
}
