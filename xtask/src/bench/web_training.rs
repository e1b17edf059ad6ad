//! A step of training in a browser, beside TensorFlow.js on the same networks: `xtask/bench-web/run-training.js` measures, this sets up
//! and tells.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::{self, Figure};
use super::web;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The site's generator, as ONNX: any will do, since none of it is trained
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    model: PathBuf,
    /// A site that is there, in place of one that is built for the bench
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    site: Option<PathBuf>,
    /// How often everything is measured, the contestants in turn
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Write every measurement here, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, prints a table, and writes the measurements where that is asked for.
///
/// # Errors
/// If a tool or a package can't be had, or a contestant fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let site = || match &arguments.site {
        Some(site) => Ok(std::path::absolute(site)?),
        None => web::site_of(&arguments.model),
    };
    let measured = web::measure("run-training.js", arguments.rounds, site)?;
    web::tell(&measured, table, arguments.json.as_deref())
}

/// One line a contestant: median and middle half, and how many times as long as ours a step of the same recipe takes.
fn table(measured: &Value) -> Result<String> {
    let results = measured["results"].as_object().context("the bench measured nobody")?;
    let figure = |name: &str| -> Option<Figure> {
        let numbers: Option<Vec<f64>> = results.get(name)?["msPerStep"].as_array()?.iter().map(Value::as_f64).collect();
        Figure::of(&numbers?)
    };
    let mut lines = vec![["", "ms a step", "times ours"].map(String::from)];
    for name in results.keys() {
        let recipe = name.rsplit_once(", ").map_or("", |(_, recipe)| recipe);
        let (own, ours) = (figure(name), figure(&format!("forger, {recipe}")));
        let times = own.zip(ours).map_or("-".into(), |(own, ours)| format!("{:.1}", own.median / ours.median));
        lines.push([name.clone(), own.map_or("-".into(), |figure| figure.to_string()), times]);
    }
    let mut text = figures::columns(&lines);
    text += &format!(
        "\nmedian and middle half of {} rounds, {}; a step is one D and one G update on 100 pictures, on one thread\n",
        measured["rounds"],
        measured["browser"].as_str().unwrap_or("an unknown browser")
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_holds_each_to_ours_of_the_same_recipe() {
        let result = |ms: f64| json!({ "msPerStep": [ms, ms, ms] });
        let measured = json!({ "rounds": 3, "browser": "Chromium 1", "results": {
            "forger, seed": result(5.0), "tfjs cpu, seed": result(500.0), "forger, stable": result(10.0), "tfjs wasm, seed": {}
        } });
        let table = table(&measured).unwrap();
        let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(line("tfjs cpu, seed").ends_with(" 500 (500-500)       100.0"), "{table}");
        assert!(line("forger, stable").ends_with("10.0 (10.0-10.0)         1.0"), "{table}");
        assert!(line("tfjs wasm").ends_with("-           -"), "{table}");
    }
}
