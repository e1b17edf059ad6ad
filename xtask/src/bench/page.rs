//! How light the page is: the main thread's longest task and its work a frame, tab by tab, as `xtask/bench-web/tabs.js` finds them.
//!
//! By CPU time, times four: on a machine a quarter as fast no task should be longer than 50 ms. It is not slowed down in fact, as
//! then a machine that others use would be measured and not the page. What does not depend on the machine is tested, in
//! `tests/browser/light.test.js`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::{self, Figure};
use super::web;

/// How much slower the machine is that it is told for.
const SLOWER: f64 = 4.0;
/// What counts as long there, in ms.
const LONG_MS: f64 = 50.0;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generator, as ONNX
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    model: PathBuf,
    /// How often each tab is visited, the tabs in turn
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Write every measurement here, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, prints a table, and writes the measurements where that is asked for.
///
/// # Errors
/// If a tool or a package can't be had, or the page fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let measured = web::measure("tabs.js", arguments.rounds, || web::site_of(&arguments.model))?;
    web::tell(&measured, table, arguments.json.as_deref())
}

/// One line a tab. Of the longest tasks the least counts: a collection of garbage falls into one or another, and what others do
/// to the caches only adds.
fn table(measured: &Value) -> Result<String> {
    let results = measured["results"].as_object().context("the bench measured no tab")?;
    let mut lines = vec![["", "longest task ms, least", "median", "CPU ms a frame"].map(String::from)];
    let mut long = Vec::new();
    for (tab, result) in results {
        let numbers = |key: &str| -> Result<Vec<f64>> {
            let all = result[key].as_array().with_context(|| format!("the bench told no {key} of {tab}"))?;
            all.iter().map(|value| value.as_f64().with_context(|| format!("{key} of {tab} is no number"))).collect()
        };
        let longest: Vec<f64> = numbers("longestMs")?.iter().map(|ms| SLOWER * ms).collect();
        let figure = |all: &[f64]| Figure::of(all).with_context(|| format!("{tab} was not measured"));
        let least = longest.iter().copied().fold(f64::INFINITY, f64::min);
        if least > LONG_MS {
            let of = result["of"].as_str().filter(|of| !of.is_empty()).unwrap_or("many small things");
            long.push(format!("{tab} is above {LONG_MS} ms: {of} (ms at full speed)\n"));
        }
        let median = figure(&longest)?.median;
        lines.push([
            tab.clone(),
            format!("{least:.0}"),
            format!("{median:.0}"),
            figure(&numbers("frameMs")?)?.to_string(),
        ]);
    }
    let mut text = figures::columns(&lines);
    text += &format!(
        "\n{} visits a tab, {}; CPU time of the main thread, of tasks times {SLOWER}: as on a machine a quarter as fast; a frame \
         while z[0] is dragged, median and middle half, at full speed\n",
        measured["rounds"],
        measured["browser"].as_str().unwrap_or("an unknown browser")
    );
    text.extend(long);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_has_a_line_for_each_tab_and_names_what_is_long() {
        let light = json!({ "longestMs": [12.0, 8.0, 10.0], "frameMs": [4.0, 5.0, 6.0], "of": "Layout 3.0" });
        let heavy = json!({ "longestMs": [20.0], "frameMs": [12.0], "of": "FunctionCall build 11.0" });
        let measured = json!({ "rounds": 3, "browser": "Chromium 1", "results": { "Draw": light, "Walk": heavy } });
        let table = table(&measured).unwrap();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["Draw", "32", "40", "5.00", "(4.00-5.00)"], "{table}");
        assert_eq!(lines[2], ["Walk", "80", "80", "12.0", "(12.0-12.0)"], "{table}");
        assert!(table.ends_with("Walk is above 50 ms: FunctionCall build 11.0 (ms at full speed)\n"), "{table}");
        assert!(!table.contains("Draw is above"), "{table}");
    }

    #[test]
    fn what_was_not_measured_is_an_error_and_no_line() {
        for (results, told) in [
            (json!({ "Draw": {} }), "the bench told no longestMs of Draw"),
            (json!({ "Draw": { "longestMs": ["a"], "frameMs": [1.0] } }), "longestMs of Draw is no number"),
            (json!({ "Draw": { "longestMs": [], "frameMs": [] } }), "Draw was not measured"),
        ] {
            let error = table(&json!({ "rounds": 1, "results": results })).unwrap_err();
            assert_eq!(error.to_string(), told);
        }
    }
}
