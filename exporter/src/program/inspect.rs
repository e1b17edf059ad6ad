//! `exporter inspect gen.onnx`: what is in a model file, as a table or as JSON.

use std::path::{Path, PathBuf};

use exporter::{Model, Port, Summary};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::tell;
use super::runtimes::{Refusal, draw};
use super::taken::{Missing, Taken};
use super::{files, taken, verify};

/// Longer texts of the metadata are cut in the table; `--json` has them whole.
const TEXT: usize = 80;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The model file, of any operators
    model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    wishes: taken::Wishes,
}

pub(crate) fn run(Arguments { model: path, json, wishes }: &Arguments) -> Result<(), Failure> {
    let onnx = files::read_onnx(path)?;
    let summary = Summary::of(&onnx).map_err(|error| files::misread(path, &error))?;
    let model = Model::from_onnx(&onnx).ok();
    let taken = taken::look(&onnx, wishes);
    match json {
        true => tell!("{}", as_json(&summary, &onnx, model.as_ref(), &taken)),
        false => print_table(path, &summary, &onnx, model.as_ref(), &taken),
    }
    // What the user asked for and is not so is a failure; that a model is no generator is what was asked.
    match taken {
        Err(Missing::Wish(message)) => Err(Failure { message, hint: "leave the choice out to have it found out" }),
        _ => Ok(()),
    }
}

fn as_json(summary: &Summary, onnx: &[u8], model: Option<&Model>, taken: &Result<Taken, Missing>) -> Value {
    let mut value = serde_json::to_value(summary).expect("names and numbers are always JSON");
    match taken {
        Ok(taken) => taken.json.iter().for_each(|(key, part)| value[*key] = part.clone()),
        Err(missing) => value["no_generator"] = missing.to_string().into(),
    }
    let checked = model.and_then(|model| Some((model, model.parity()?)));
    value["parity"] = checked.map_or(Value::Null, |(model, parity)| {
        let expected = parity.image.concat();
        let runtimes = draw(onnx, model, &parity).into_iter().map(|drawn| match drawn.pictures {
            Ok(pictures) => {
                let differences = pictures.iter().zip(&expected).map(|(drawn, &told)| (drawn - f64::from(told)).abs());
                json!({ "runtime": drawn.runtime, "max_pixel_difference": differences.fold(0.0, f64::max) })
            }
            Err(Refusal::Absent(reason)) => json!({ "runtime": drawn.runtime, "skipped": reason }),
            Err(Refusal::Failed(reason)) => json!({ "runtime": drawn.runtime, "failed": reason }),
        });
        json!({ "pictures": parity.z.len(), "runtimes": runtimes.collect::<Vec<_>>() })
    });
    value
}

fn print_table(path: &Path, summary: &Summary, onnx: &[u8], model: Option<&Model>, taken: &Result<Taken, Missing>) {
    let opsets = summary.opset.iter().map(|(domain, version)| match domain.as_str() {
        "" => version.to_string(),
        domain => format!("{version} of {}", line(domain)),
    });
    row("file", &format!("{}, {} bytes", path.display(), summary.bytes));
    row("made by", &line(&summary.producer));
    row("says", &line(&summary.doc));
    row("versions", &format!("opset {}, IR {}", opsets.collect::<Vec<_>>().join(", "), summary.ir_version));
    summary.inputs.iter().for_each(|input| row("input", &port(input)));
    summary.outputs.iter().for_each(|output| row("output", &port(output)));
    match taken {
        Ok(taken) => taken.told.iter().for_each(|(key, text)| row(key, &line(text))),
        Err(missing) => row("draws", &line(&format!("nothing: {missing}"))),
    }
    row("parameters", &summary.parameters.to_string());
    for node in &summary.nodes {
        row("node", &line(&format!("{} = {}({})", node.name, node.operator, node.inputs.join(", "))));
    }
    for tensor in &summary.tensors {
        row(
            "tensor",
            &line(&format!("{}: {} {:?}, {} bytes", tensor.name, tensor.element, tensor.shape, tensor.bytes)),
        );
    }
    for (key, text) in &summary.metadata {
        row("metadata", &format!("{} = {}", line(key), cut(&line(text))));
    }
    match model.and_then(|model| Some((model, model.parity()?))) {
        None => row("parity", "none that can be checked"),
        Some((model, parity)) => {
            for drawn in draw(onnx, model, &parity) {
                row("parity", &verify::judge(&drawn, model, &parity, f64::INFINITY).0);
            }
        }
    }
}

fn row(name: &str, text: &str) {
    tell!("{name:<11} {text}");
}

fn port(port: &Port) -> String {
    line(&format!("{}: {} [{}]", port.name, port.element, port.shape.join(", ")))
}

/// A text of the file on one line, without what a terminal would obey.
fn line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}
