//! The runtime beside its peers, on one model in one browser: `xtask/bench-web/` measures, this sets up and tells.
//!
//! The peers are npm packages from the lockfile there; they go under `target/`, and no part of the site is theirs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::figures::{self, Figure};
use crate::{browser, files, node, program, site, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generator, as ONNX
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    model: PathBuf,
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
/// If a tool or a package can't be had, or a contestant fails or draws other pictures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let measured = measure("run.js", arguments.rounds, || site_of(&arguments.model))?;
    tell(&measured, table, arguments.json.as_deref())
}

/// Runs a script of `xtask/bench-web/` on the site, which is asked for once all tools are there; gives what it measured.
///
/// # Errors
/// If a tool, a package or the site can't be had, or the script fails.
pub(super) fn measure(script: &str, rounds: u32, site: impl FnOnce() -> Result<PathBuf>) -> Result<Value> {
    let chromium = browser::find()?;
    node::check()?;
    let folder = install()?;
    let site = site()?;
    eprintln!("measuring in {rounds} rounds");
    let mut command = Command::new("node");
    command.arg(script).current_dir(&folder);
    command.env("FORGER_CHROMIUM", chromium).env("FORGER_SITE", &site);
    command.env("FORGER_ROUNDS", rounds.to_string());
    let said = program::run_silently(&mut command)?;
    serde_json::from_str(said.trim()).context("the bench printed no JSON")
}

/// Builds the bench's own site around a model; gives its folder.
///
/// # Errors
/// If the site can't be built.
pub(super) fn site_of(model: &Path) -> Result<PathBuf> {
    let site = workspace::target().join("bench/site");
    site::run(&site::Arguments { model: vec![model.to_owned()], out: site.clone(), url: None })?;
    Ok(site)
}

/// Prints what was measured as a table, and writes it where that is asked for.
///
/// # Errors
/// If it makes no table, or can't be written.
pub(super) fn tell(measured: &Value, table: fn(&Value) -> Result<String>, json: Option<&Path>) -> Result<()> {
    print!("{}", table(measured)?);
    match json {
        Some(path) => figures::write(path, &(serde_json::to_string_pretty(measured)? + "\n")),
        None => Ok(()),
    }
}

/// Puts the measuring pages and the peers' packages under `target/`; gives their folder.
///
/// # Errors
/// If a file can't be copied or a package can't be had.
fn install() -> Result<PathBuf> {
    let folder = workspace::tool("bench-web");
    let ours = workspace::root().join("xtask/bench-web");
    for file in files::list(&ours, &|name| name == "node_modules")? {
        files::copy(&ours.join(&file), &folder.join(&file))?;
    }
    node::npm_ci(&folder)?;
    Ok(folder)
}

/// One line a contestant: median and middle half of each figure.
fn table(measured: &Value) -> Result<String> {
    let results = measured["results"].as_object().context("the bench measured nobody")?;
    let mut lines = vec![
        [
            "",
            "download",
            "first picture ms",
            "after bytes ms",
            "one picture us",
            "100 pictures ms",
            "wasm memory",
            "heap",
        ]
        .map(String::from),
    ];
    for (name, result) in results {
        let bytes = |key: &str| result[key].as_u64().map_or("-".into(), files::size);
        let figure = |key: &str| -> String {
            let numbers: Option<Vec<f64>> =
                result[key].as_array().and_then(|all| all.iter().map(Value::as_f64).collect());
            numbers.and_then(|numbers| Figure::of(&numbers)).map_or("-".into(), |figure| figure.to_string())
        };
        lines.push([
            name.clone(),
            bytes("wireBytes"),
            figure("firstPictureMs"),
            figure("afterBytesMs"),
            figure("singleUs"),
            figure("hundredMs"),
            bytes("wasmBytes"),
            bytes("heapBytes"),
        ]);
    }
    let mut text = figures::columns(&lines);
    let note = json!({ "rounds": measured["rounds"], "browser": measured["browser"] });
    text += &format!(
        "\nmedian and middle half of {} rounds, {}; download by brotli, without the model\n",
        note["rounds"],
        note["browser"].as_str().unwrap_or("an unknown browser")
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_contestant() {
        let result = json!({
            "wireBytes": 1_150_000, "firstPictureMs": [50.0, 60.0, 70.0], "afterBytesMs": [9.0], "singleUs": [30.0], "hundredMs": [1.5],
            "wasmBytes": 2_000_000, "heapBytes": 900_000
        });
        let measured = json!({ "rounds": 3, "browser": "Chromium 1", "results": { "forger": result, "other": {} } });
        let table = table(&measured).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with(
                "forger   1.15 MB  60.0 (50.0-60.0)  9.00 (9.00-9.00)  30.0 (30.0-30.0)  1.50 (1.50-1.50)"
            ),
            "{table}"
        );
        assert!(lines[2].starts_with("other          -  "), "{table}");
        assert!(lines[1..3].iter().all(|line| line.len() == lines[0].len()), "{table}");
        assert!(lines[4].starts_with("median and middle half of 3 rounds, Chromium 1"), "{table}");
    }
}
