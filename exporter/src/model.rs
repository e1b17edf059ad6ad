//! The model file of a generator: the contract between whoever trains and whoever runs.
//!
//! Input `z`, float32 [batch, latent]; output `image`, float32 [batch, channels, rows, columns] in [-1, 1]; between
//! them Gemm and LeakyRelu for each hidden layer, then Gemm, Tanh and Reshape. `metadata_props` say where the weights
//! came from and hold a few z with the pictures that the trainer computed for them (`forger.parity`): enough to prove on
//! any runtime that the model gives what was trained.

use serde::Serialize;

use crate::checkpoint::{Checkpoint, Parity};
use crate::graph::GraphBuilder;
use crate::onnx::{GraphProto, IR_VERSION, ModelProto, OPSET_VERSION, OperatorSetIdProto, StringStringEntryProto};

/// Who wrote the file.
const PRODUCER: &str = "forger";
/// Where z is to be drawn from.
const LATENT: &str = "normal(0,1)";

/// The ONNX model of a checkpoint.
pub(crate) fn model(checkpoint: &Checkpoint) -> ModelProto {
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!(
            "The generator of a GAN trained on {} with the recipe `{}`: {} weights after {} epochs, seed {}.",
            checkpoint.provenance.dataset,
            checkpoint.provenance.recipe,
            if checkpoint.is_ema { "averaged" } else { "plain" },
            checkpoint.provenance.epochs,
            checkpoint.provenance.seed,
        ),
        graph: Some(graph(checkpoint)),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET_VERSION }],
        metadata_props: metadata_props(checkpoint),
    }
}

fn graph(checkpoint: &Checkpoint) -> GraphProto {
    let architecture = &checkpoint.architecture;
    let [channels, rows, columns] = architecture.image;
    let mut graph = GraphBuilder::new("generator", "Draws one picture for each latent vector.");
    let mut value = graph.input("z", architecture.latent, "Latent vectors, each number drawn from normal(0, 1).");
    for weights in &checkpoint.layers {
        let layer = &weights.layer;
        let doc = format!("Fully connected, {} to {}.", layer.inputs, layer.outputs);
        value = graph.gemm(&layer.name, &value, &weights.weight, &weights.bias, &doc);
        let is_last = std::ptr::eq(weights, checkpoint.layers.last().expect("there is always the output layer"));
        let activation = format!("{}.activation", layer.name);
        value = match is_last {
            true => graph.tanh(&activation, &value),
            false => graph.leaky_relu(&activation, &value, architecture.leaky_slope as f32),
        };
    }
    let image = graph.reshape("image", &value, &architecture.image);
    graph.finish(&image, &format!("Pictures of {channels} x {rows} x {columns}, -1 (black) to 1 (white)."))
}

/// In this order in the file, which ONNX leaves to us.
fn metadata_props(checkpoint: &Checkpoint) -> Vec<StringStringEntryProto> {
    let provenance = &checkpoint.provenance;
    let parity = checkpoint.parity.as_ref().map(|parity| parity_json(parity, checkpoint));
    let entries = [
        ("forger.recipe", Some(provenance.recipe.clone())),
        ("forger.recipe_toml", Some(provenance.recipe_toml.clone())),
        ("forger.seed", Some(provenance.seed.clone())),
        ("forger.epochs", Some(provenance.epochs.clone())),
        ("forger.dataset", Some(provenance.dataset.clone())),
        ("forger.latent", Some(LATENT.to_owned())),
        ("forger.metrics", Some(provenance.metrics.clone())),
        ("forger.parity", parity),
    ];
    let present = entries.into_iter().filter_map(|(key, value)| Some((key, value?)));
    present.map(|(key, value)| StringStringEntryProto { key: key.to_owned(), value }).collect()
}

/// `{"z":[[…],…],"image":[[…],…]}`, every number the shortest decimal that reads back to the same float32.
fn parity_json(parity: &Parity, checkpoint: &Checkpoint) -> String {
    #[derive(Serialize)]
    struct Rows<'a> {
        z: Vec<&'a [f32]>,
        image: Vec<&'a [f32]>,
    }
    let rows = Rows {
        z: parity.z.chunks_exact(checkpoint.architecture.latent).collect(),
        image: parity.image.chunks_exact(checkpoint.architecture.pixels()).collect(),
    };
    serde_json::to_string(&rows).expect("finite numbers are always JSON")
}
