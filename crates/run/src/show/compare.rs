//! Runs side by side: what each ended with, and the settings in which they differ.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::folder::read_run;
use crate::history::History;
use crate::show::report;
use chart::{escape, short};
use failure::{Failure, Result};

/// One run, as it is found on the disk.
struct Run {
    name: String,
    checkpoint: Checkpoint,
    history: History,
}

/// A column of the table: its heading, and the metric it shows the last value of.
const METRICS: [(&str, &str); 8] = [
    ("FID", "fid"),
    ("classes", "classes"),
    ("recall", "recall"),
    ("d_loss", "d_loss"),
    ("g_loss", "g_loss"),
    ("margin", "d_margin"),
    ("spread", "spread"),
    ("ms/step", "ms_per_step"),
];

/// Writes a table of the runs for people, and their settings that differ; the file `html` gets both with the runs' curves.
///
/// # Errors
/// A path that is no run, or a page that cannot be written.
pub fn compare(paths: &[PathBuf], html: Option<&Path>) -> Result<String> {
    let runs = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let (table, differences) = (table(&runs), differences(&runs));
    if let Some(file) = html {
        let named: Vec<_> = runs.iter().map(|run| (run.name.as_str(), &run.history)).collect();
        let body = [html_table(&table), html_table(&differences), report::charts(&named)].concat();
        files::write_whole(file, report::page("Runs compared", &body).as_bytes()).map_err(|error| {
            Failure::failed(format!("`--html {}` cannot be written: {error}", file.display()))
                .hint("give a file in a folder that exists")
        })?;
    }
    let differences = if differences.len() > 1 { format!("\n{}", aligned(&differences)) } else { String::new() };
    Ok(aligned(&table) + &differences)
}

fn read(path: &Path) -> Result<Run> {
    let (checkpoint, metrics) = read_run(path)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Run { name, checkpoint, history: History::parse(metrics.lines()) })
}

fn table(runs: &[Run]) -> Vec<Vec<String>> {
    let fixed = ["run", "recipe", "data", "seed", "epochs"].into_iter();
    let heading = fixed.chain(METRICS.iter().map(|(heading, _)| *heading)).map(str::to_owned).collect();
    let row = |run: &Run| {
        let identity = &run.checkpoint.identity;
        let mut row = vec![
            run.name.clone(),
            identity.recipe.name.clone(),
            identity.dataset.clone(),
            identity.seed.to_string(),
            format!("{}/{}", run.checkpoint.epochs_done, identity.epochs),
        ];
        row.extend(METRICS.iter().map(|(_, key)| run.history.last(key).map_or_else(|| "-".to_owned(), short)));
        row
    };
    std::iter::once(heading).chain(runs.iter().map(row)).collect()
}

/// A heading, and a row for every setting that is not the same in all runs.
fn differences(runs: &[Run]) -> Vec<Vec<String>> {
    let heading = std::iter::once("setting".to_owned()).chain(runs.iter().map(|run| run.name.clone())).collect();
    let settings: Vec<Vec<(String, String)>> = runs.iter().map(|run| run.checkpoint.identity.settings()).collect();
    let names = settings.first().into_iter().flatten().map(|(name, _)| name);
    let row = |name: &String| {
        let value = |one: &Vec<(String, String)>| one.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        let values: Vec<String> = settings.iter().map(|one| value(one).unwrap_or_default()).collect();
        let distinct: BTreeSet<&String> = values.iter().collect();
        (distinct.len() > 1).then(|| std::iter::once(name.clone()).chain(values.clone()).collect())
    };
    std::iter::once(heading).chain(names.filter_map(row)).collect()
}

/// Writes a table in columns as wide as their widest cell, the first to the left, the others to the right.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Writes a table as HTML, its first row as the heading; it is an empty text if there are no other rows.
pub fn html_table(rows: &[Vec<String>]) -> String {
    let Some((heading, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else { return String::new() };
    let cells = |row: &Vec<String>, tag: &str| -> String {
        row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect()
    };
    let rows: String = rows.iter().map(|row| format!("<tr>{}</tr>", cells(row, "td"))).collect();
    format!("<table><thead><tr>{}</tr></thead><tbody>{rows}</tbody></table>", cells(heading, "th"))
}
