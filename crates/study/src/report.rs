//! `trainer study report`: what the runs show, as a page, tables, and the best model.
//!
//! A run that failed has no figures: it is counted, and left out of the means. Which settings differ is asked of every pair
//! (of each with the first, where there are many), for FID, recall and collapse, by permutation tests; Holm's correction is
//! over all that is asked in one report.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::folder::{State, StudyFolder, failures};
use super::statistics::{CONFIDENCE, RESAMPLES, Summary, holm, mean, permutation_p, share_interval, summary};
use super::worker::{MODEL, RUN, RunResult};
use chart::{Scale, Strip, escape, short, strips};
use failure::{Failure, Result};
use run::show::compare::{aligned, html_table};
use run::show::report::{Picture, figure, page};

/// What is described of each setting: its key, what people call it, how it is drawn, and where it is found.
type Metric = (&'static str, &'static str, Scale, fn(&RunResult) -> Option<f64>);

const METRICS: [Metric; 6] = [
    ("fid", "FID (lower is better)", Scale::Logarithmic, |run| run.fid),
    ("recall", "Recall", Scale::Linear, |run| run.recall),
    ("precision", "Precision", Scale::Linear, |run| run.precision),
    ("classes", "Classes covered", Scale::Linear, |run| run.classes),
    ("spread", "Spread of the samples, as a share of the data's", Scale::Linear, |run| run.spread),
    ("train_seconds", "Seconds in steps", Scale::Linear, |run| Some(run.train_seconds)),
];

/// What settings are compared by.
const COMPARED: [&str; 3] = ["fid", "recall", "collapsed"];
/// Up to here every pair is compared.
const ALL_PAIRS: usize = 20;
/// Shuffles of a test: enough for its least p to stand after the correction, within these.
const SHUFFLES: [usize; 2] = [10_000, 200_000];
const SHUFFLES_A_QUESTION: usize = 1000;
/// Below this an adjusted p counts as beyond chance.
const ALPHA: f64 = 0.05;

const PAGE: &str = "report.html";
const JSON: &str = "report.json";
const SETTINGS_CSV: &str = "settings.csv";
const RUNS_CSV: &str = "runs.csv";
/// The best model.
pub const BEST: &str = "best.onnx";

/// A run that is done.
struct Done {
    index: usize,
    setting: usize,
    result: RunResult,
}

/// What the runs of one setting show.
#[derive(Serialize)]
struct Described {
    setting: String,
    values: std::collections::BTreeMap<String, String>,
    runs: usize,
    done: usize,
    failed: usize,
    collapsed: Option<Share>,
    metrics: std::collections::BTreeMap<&'static str, Option<Summary>>,
}

/// A share of runs, with Wilson's interval.
#[derive(Serialize)]
struct Share {
    count: usize,
    of: usize,
    share: f64,
    interval: [f64; 2],
}

/// Two settings by one metric.
#[derive(Serialize)]
struct Difference {
    metric: &'static str,
    a: String,
    b: String,
    /// Mean of b less mean of a.
    difference: f64,
    p: f64,
    p_adjusted: f64,
    beyond_chance: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    study: &'a str,
    runs: usize,
    done: usize,
    failed: usize,
    confidence: f64,
    resamples: usize,
    shuffles: usize,
    settings: &'a [Described],
    differences: &'a [Difference],
    best: Option<Best>,
}

#[derive(Serialize)]
struct Best {
    run: String,
    fid: f64,
    model: &'static str,
}

/// Writes the report's files into the study folder; gives the table for people.
///
/// # Errors
/// No run that is done, a result that cannot be read, or a disk that refuses.
pub fn report(study: &StudyFolder) -> Result<String> {
    let plan = &study.plan;
    let done = study.list(State::Done)?;
    let failed = study.list(State::Failed)?;
    if done.is_empty() {
        return Err(Failure::failed(format!("no run of the study in `{}` is done yet", study.path().display()))
            .hint("`trainer study status` shows how far they are"));
    }
    let read = |index: usize, path: &Path| {
        Ok(Done { index, setting: plan.runs[index].setting, result: RunResult::read(path)? })
    };
    let done = done.iter().map(|entry| read(entry.index, &entry.path)).collect::<Result<Vec<_>>>()?;
    let failed_of = |setting| failed.iter().filter(|entry| plan.runs[entry.index].setting == setting).count();
    let settings: Vec<Described> =
        (0..plan.settings.len()).map(|setting| describe(study, setting, &done, failed_of(setting))).collect();
    let (differences, shuffles) = differences(study, &done);
    let best = done.iter().filter_map(|run| Some((run.result.fid?, run))).filter(|(fid, _)| fid.is_finite());
    let best = best.min_by(|(a, _), (b, _)| a.total_cmp(b));
    let pictured = best.as_ref().map(|(fid, run)| (plan.run_name(run.index), *fid, study.done(run.index)));
    if let Some((_, _, folder)) = &pictured {
        let model = folder.join(MODEL);
        let bytes = fs::read(&model)
            .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", model.display())))?;
        write(study, BEST, &bytes)?;
    }
    let best = pictured.as_ref().map(|(run, fid, _)| Best { run: run.clone(), fid: *fid, model: BEST });
    let (rows, compared) = (table(&settings), difference_table(&differences));
    let whole = Report {
        study: &plan.name,
        runs: plan.runs.len(),
        done: done.len(),
        failed: failed.len(),
        confidence: CONFIDENCE,
        resamples: RESAMPLES,
        shuffles,
        settings: &settings,
        differences: &differences,
        best,
    };
    let json = serde_json::to_string_pretty(&whole).expect("numbers and texts are JSON") + "\n";
    write(study, JSON, json.as_bytes())?;
    write(study, SETTINGS_CSV, settings_csv(&settings).as_bytes())?;
    write(study, RUNS_CSV, runs_csv(study, &done).as_bytes())?;
    let mut body = heading(&whole);
    body += &html_table(&rows);
    for (key, title, scale, get) in METRICS {
        let values: Vec<Vec<f64>> = (0..plan.settings.len()).map(|setting| of(&done, setting, get)).collect();
        let pairs = settings.iter().zip(&values);
        let drawn: Vec<Strip> = pairs
            .map(|(one, values)| {
                let summary = one.metrics[key].as_ref();
                let (mean, interval) =
                    (summary.map(|summary| summary.mean), summary.and_then(|summary| summary.interval));
                Strip { label: &one.setting, values, mean, interval }
            })
            .collect();
        body += &strips(title, scale, &drawn);
    }
    body += "<h2>Which settings differ</h2>";
    body += &methods(&differences, shuffles, plan.settings.len());
    body += &html_table(&compared);
    for entry in &failed {
        let why = failures(&entry.path).pop().unwrap_or_default();
        let name = escape(&plan.run_name(entry.index));
        let _ = write!(body, "<p class=\"warning\"><strong>{name} failed:</strong> {}</p>", escape(&why));
    }
    if let Some((name, fid, folder)) = &pictured {
        body += &best_picture(name, *fid, folder);
    }
    write(study, PAGE, page(&format!("Study: {}", plan.name), &body).as_bytes())?;
    Ok(text(study, &rows, &differences, whole.best.as_ref()))
}

fn of(done: &[Done], setting: usize, get: impl Fn(&RunResult) -> Option<f64>) -> Vec<f64> {
    done.iter().filter(|run| run.setting == setting).filter_map(|run| get(&run.result)).collect()
}

fn collapse(run: &RunResult) -> Option<f64> {
    run.collapsed().map(|collapsed| if collapsed { 1.0 } else { 0.0 })
}

fn describe(study: &StudyFolder, setting: usize, done: &[Done], failed: usize) -> Described {
    let plan = &study.plan;
    let describe_metric = |(number, (key, _, _, get)): (usize, Metric)| {
        (key, summary(&of(done, setting, get), purpose(setting, setting, number)))
    };
    let collapsed = of(done, setting, collapse);
    let count = collapsed.iter().filter(|&&one| one > 0.0).count();
    Described {
        setting: plan.settings[setting].name.clone(),
        values: plan.settings[setting].values.clone(),
        runs: plan.runs.iter().filter(|run| run.setting == setting).count(),
        done: done.iter().filter(|run| run.setting == setting).count(),
        failed,
        collapsed: (!collapsed.is_empty()).then(|| Share {
            count,
            of: collapsed.len(),
            share: mean(&collapsed),
            interval: share_interval(count, collapsed.len()),
        }),
        metrics: METRICS.into_iter().enumerate().map(describe_metric).collect(),
    }
}

/// Numbers the draws of one question, so that no two share any.
fn purpose(a: usize, b: usize, metric: usize) -> u64 {
    (a as u64) << 40 | (b as u64) << 16 | metric as u64
}

fn differences(study: &StudyFolder, done: &[Done]) -> (Vec<Difference>, usize) {
    let count = study.plan.settings.len();
    let firsts = if count <= ALL_PAIRS { count } else { 1 };
    let pairs: Vec<(usize, usize)> = (0..firsts).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let shuffles = (pairs.len() * COMPARED.len() * SHUFFLES_A_QUESTION).clamp(SHUFFLES[0], SHUFFLES[1]);
    let mut list = Vec::new();
    for (number, metric) in COMPARED.into_iter().enumerate() {
        let get = |run: &RunResult| match metric {
            "fid" => run.fid,
            "recall" => run.recall,
            _ => collapse(run),
        };
        let values: Vec<Vec<f64>> = (0..count).map(|setting| of(done, setting, get)).collect();
        for &(a, b) in &pairs {
            let draws = purpose(a, b, METRICS.len() + number);
            let Some(p) = permutation_p(&values[a], &values[b], shuffles, draws) else { continue };
            let name = |setting: usize| study.plan.settings[setting].name.clone();
            let difference = mean(&values[b]) - mean(&values[a]);
            list.push(Difference {
                metric,
                a: name(a),
                b: name(b),
                difference,
                p,
                p_adjusted: 1.0,
                beyond_chance: false,
            });
        }
    }
    let adjusted = holm(&list.iter().map(|one| one.p).collect::<Vec<_>>());
    for (one, p) in list.iter_mut().zip(adjusted) {
        (one.p_adjusted, one.beyond_chance) = (p, p < ALPHA);
    }
    (list, shuffles)
}

fn table(settings: &[Described]) -> Vec<Vec<String>> {
    let heading = [
        "setting",
        "done",
        "failed",
        "collapsed",
        "FID mean",
        "95 %",
        "median",
        "deviation",
        "recall",
        "classes",
        "seconds",
    ];
    let row = |one: &Described| {
        let metric = |key: &str| one.metrics[key].as_ref();
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        let interval = metric("fid").and_then(|fid| fid.interval);
        vec![
            one.setting.clone(),
            format!("{}/{}", one.done, one.runs),
            one.failed.to_string(),
            one.collapsed.as_ref().map_or_else(|| "-".to_owned(), |share| format!("{}/{}", share.count, share.of)),
            number(metric("fid").map(|fid| fid.mean)),
            interval
                .map_or_else(|| "-".to_owned(), |[low, high]| format!("{}\u{a0}to\u{a0}{}", short(low), short(high))),
            number(metric("fid").map(|fid| fid.median)),
            number(metric("fid").map(|fid| fid.deviation)),
            number(metric("recall").map(|recall| recall.mean)),
            number(metric("classes").map(|classes| classes.mean)),
            number(metric("train_seconds").map(|seconds| seconds.mean)),
        ]
    };
    std::iter::once(heading.map(str::to_owned).to_vec()).chain(settings.iter().map(row)).collect()
}

fn difference_table(differences: &[Difference]) -> Vec<Vec<String>> {
    let heading = ["settings", "by", "difference", "p", "p, corrected", "beyond chance"].map(str::to_owned).to_vec();
    let row = |one: &Difference| {
        vec![
            format!("{} against {}", one.b, one.a),
            one.metric.to_owned(),
            short(one.difference),
            short(one.p),
            short(one.p_adjusted),
            if one.beyond_chance { "yes" } else { "no" }.to_owned(),
        ]
    };
    std::iter::once(heading).chain(differences.iter().map(row)).collect()
}

fn heading(report: &Report) -> String {
    format!(
        "<p>{} of {} runs done, {} failed. A dot is a run, the upright line their mean, the level one its 95 % interval: \
         percentiles of {RESAMPLES} bootstrapped means (of the share of collapsed runs: Wilson's, in the JSON). A run has \
         collapsed if at its end its samples are spread less than a quarter as far as the data, or any class has less than \
         1 % of its pictures.</p>",
        report.done, report.runs, report.failed
    )
}

fn methods(differences: &[Difference], shuffles: usize, settings: usize) -> String {
    if differences.is_empty() {
        return "<p>Nothing can be compared: it takes two settings with two runs done of each.</p>".to_owned();
    }
    let asked = if settings <= ALL_PAIRS { "Every pair of settings" } else { "Each setting with the first" };
    format!(
        "<p>{asked}, by the means of FID and recall and the share of collapsed runs: two-sided permutation tests of \
         {shuffles} shuffles, with Holm's correction for {} comparisons. Beyond chance is a corrected p below {ALPHA}; with \
         three runs of each or fewer, none can be.</p>",
        differences.len()
    )
}

fn best_picture(name: &str, fid: f64, folder: &Path) -> String {
    let samples = folder.join(RUN).join("samples");
    let names = fs::read_dir(&samples).into_iter().flatten().flatten().map(|entry| entry.path());
    let sheet = names.filter(|path| path.extension().is_some_and(|end| end == "png")).max();
    let Some(file) = sheet.and_then(|path| fs::read(path).ok()) else { return String::new() };
    let title = format!("The best run, {name}, FID {}: {BEST}", short(fid));
    format!("<h2>The best model</h2>{}", figure(&Picture { title: &title, file: &file }))
}

fn text(study: &StudyFolder, rows: &[Vec<String>], differences: &[Difference], best: Option<&Best>) -> String {
    let mut text = aligned(rows);
    let beyond: Vec<&Difference> = differences.iter().filter(|one| one.beyond_chance).collect();
    let _ = writeln!(
        text,
        "\n{} of {} comparisons beyond chance (permutation tests, Holm)",
        beyond.len(),
        differences.len()
    );
    for one in beyond {
        let _ = writeln!(
            text,
            "  {} against {}: {} {}, p {}",
            one.b,
            one.a,
            one.metric,
            Rounded(one.difference),
            short(one.p_adjusted)
        );
    }
    if let Some(Best { run, fid, .. }) = best {
        let _ = writeln!(text, "best: {run}, FID {}, as `{}`", short(*fid), study.path().join(BEST).display());
    }
    let _ = writeln!(text, "`{}` has all of it", study.path().join(PAGE).display());
    text
}

/// A short number with its sign.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 >= 0.0 { "+" } else { "" };
        write!(f, "{sign}{}", short(self.0))
    }
}

fn settings_csv(settings: &[Described]) -> String {
    let mut text = "setting,runs,done,failed,collapsed,collapsed_low,collapsed_high".to_owned();
    for (key, ..) in METRICS {
        for what in ["mean", "median", "deviation", "least", "greatest", "low", "high"] {
            let _ = write!(text, ",{key}_{what}");
        }
    }
    text.push('\n');
    for one in settings {
        let _ = write!(text, "{},{},{},{}", csv(&one.setting), one.runs, one.done, one.failed);
        match &one.collapsed {
            Some(Share { share, interval: [low, high], .. }) => {
                let _ = write!(text, ",{share},{low},{high}");
            }
            None => text += ",,,",
        }
        for (key, ..) in METRICS {
            let numbers = one.metrics[key].as_ref().map(|metric| {
                let [low, high] = metric.interval.map_or([None; 2], |ends| ends.map(Some));
                let Summary { mean, median, deviation, least, greatest, .. } = *metric;
                [Some(mean), Some(median), Some(deviation), Some(least), Some(greatest), low, high]
            });
            for number in numbers.unwrap_or([None; 7]) {
                let _ = write!(text, ",{}", number.map_or_else(String::new, |number| number.to_string()));
            }
        }
        text.push('\n');
    }
    text
}

fn runs_csv(study: &StudyFolder, done: &[Done]) -> String {
    let keys: Vec<&str> = METRICS.iter().map(|(key, ..)| *key).collect();
    let mut text = format!("run,setting,seed,{},collapsed,was_named_collapsed\n", keys.join(","));
    for run in done {
        let plan = &study.plan;
        let (name, setting) = (plan.run_name(run.index), &plan.settings[run.setting].name);
        let _ = write!(text, "{name},{},{}", csv(setting), plan.runs[run.index].seed);
        for (.., get) in METRICS {
            let _ = write!(text, ",{}", get(&run.result).map_or_else(String::new, |number| number.to_string()));
        }
        let collapsed = run.result.collapsed().map_or_else(String::new, |collapsed| collapsed.to_string());
        let _ = writeln!(text, ",{collapsed},{}", run.result.was_named_collapsed);
    }
    text
}

/// RFC 4180.
fn csv(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn write(study: &StudyFolder, name: &str, bytes: &[u8]) -> Result<()> {
    let file = study.path().join(name);
    files::write_whole(&file, bytes)
        .map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", file.display())))
}
