//! Networks that a recipe writes layer by layer, from the trainer's checkpoint to pictures: what runtimes draw from the model
//! file is what the layers mean, by plain f64 loops over the checkpoint's own numbers.

use gan::DataShape;
use gan::State;
use gan::recipe::Recipe;
use net::{Activation, Network};
use run::checkpoint::{Checkpoint, EpochSums, Identity, Parity};
use tests::models::Model;
use tests::runtimes;

const SEED: u64 = 5;
const PICTURES: usize = 4;
/// Float32's half unit, 6e-8, over the few hundred terms that a pixel of these networks is made of; pixels are within 1.
const PIXEL: f64 = 1e-5;

/// The generator's layers in a recipe but for the tanh at their end, each with how the checkpoint tells them and the picture that
/// comes out.
const GENERATORS: [(&str, &str, &str, [usize; 3]); 8] = [
    (
        "one hidden layer",
        r#"{ layer = "dense", width = 19 }, { layer = "leaky-relu", slope = 0.3 }, { layer = "dense" }"#,
        "mlp",
        [1, 6, 7],
    ),
    (
        "three of unequal widths",
        r#"{ layer = "dense", width = 17 }, { layer = "leaky-relu", slope = 0.1 },
           { layer = "dense", width = 31 }, { layer = "leaky-relu", slope = 0.1 },
           { layer = "dense", width = 9 }, { layer = "leaky-relu", slope = 0.1 }, { layer = "dense" }"#,
        "mlp",
        [1, 6, 7],
    ),
    (
        "a tanh inside",
        r#"{ layer = "dense", width = 17 }, { layer = "tanh" },
           { layer = "dense", width = 11 }, { layer = "leaky-relu", slope = 0.2 }, { layer = "dense" }"#,
        "sequential",
        [1, 6, 7],
    ),
    (
        "two slopes, and a layer without a function",
        r#"{ layer = "dense", width = 17 }, { layer = "leaky-relu", slope = 0.0 }, { layer = "dense", width = 8 },
           { layer = "dense", width = 13 }, { layer = "leaky-relu", slope = 0.4 }, { layer = "dense" }"#,
        "sequential",
        [1, 6, 7],
    ),
    ("no hidden layer", r#"{ layer = "dense" }"#, "sequential", [1, 6, 7]),
    (
        "transposed convolutions",
        r#"{ layer = "dense" }, { layer = "leaky-relu", slope = 0.2 }, { layer = "reshape", channels = 5 },
           { layer = "conv-transpose", channels = 4 }, { layer = "leaky-relu", slope = 0.2 },
           { layer = "conv-transpose", kernel = 3, stride = 1 }"#,
        "sequential",
        [3, 10, 6],
    ),
    (
        "convolutions after upsampling, one with a stride",
        r#"{ layer = "dense" }, { layer = "reshape", channels = 6 }, { layer = "leaky-relu", slope = 0.1 },
           { layer = "conv", channels = 5, upsample = 2 }, { layer = "leaky-relu", slope = 0.2 },
           { layer = "conv", channels = 4, kernel = 2, stride = 2, padding = 0 }, { layer = "tanh" },
           { layer = "conv", upsample = 3 }"#,
        "sequential",
        [1, 9, 6],
    ),
    (
        "z as a picture, and a dense layer after convolutions",
        r#"{ layer = "reshape", channels = 12, rows = 1, columns = 1 },
           { layer = "conv-transpose", channels = 6, kernel = 3, stride = 1, padding = 0 },
           { layer = "leaky-relu", slope = 0.2 }, { layer = "conv", channels = 7 }, { layer = "leaky-relu", slope = 0.3 },
           { layer = "dense" }"#,
        "sequential",
        [1, 6, 7],
    ),
];

/// A checkpoint of the recipe `base` with this generator, its biases not 0.
fn checkpoint(base: &str, generator: &str, image: [usize; 3]) -> Checkpoint {
    let layers = format!("[{generator}, {{ layer = \"tanh\" }}]");
    let overrides = format!("latent = 12\n[generator]\nlayers = {layers}").parse().unwrap();
    let recipe = Recipe::load(base, &overrides).unwrap();
    let data = DataShape { image, classes: 0 };
    let (dataset, classes) = ("none".to_owned(), Vec::new());
    let identity = Identity { recipe, seed: SEED, epochs: 1, dataset, pictures_crc32: 0, data, classes };
    let mut state = State::initial(&identity.recipe, identity.data, SEED);
    let (g, _) = identity.layouts();
    let mut biases = vec![0.0; g.len()];
    noise::fill_uniform(SEED, 0, 0.5, &mut biases);
    for tensor in g.tensors.iter().filter(|tensor| tensor.shape.len() == 1) {
        state.generator.parameters[tensor.range.clone()].copy_from_slice(&biases[tensor.range.clone()]);
    }
    // Other numbers than the weights', so that the two cannot be mixed up.
    state.ema = state.ema.map(|_| state.generator.parameters.iter().map(|weight| 0.75 * weight).collect());
    let mut checkpoint = Checkpoint {
        state,
        epochs_done: 1,
        sums: EpochSums::default(),
        train_seconds: 0.0,
        metrics: "{}".to_owned(),
        made_by: ["none", "cpu", "1"].map(str::to_owned),
        parity: Parity { z: Vec::new(), labels: Vec::new(), image: Vec::new() },
        asked: None,
        identity,
    };
    let z = noise::sample_z(SEED, PICTURES, 12);
    let image = pictures(&checkpoint, &z).into_iter().map(|pixel| pixel as f32).collect();
    checkpoint.parity = Parity { z, labels: Vec::new(), image };
    checkpoint
}

/// What the layers mean: z [n, latent] -> [n, pixels], one picture and one sum at a time.
fn pictures(checkpoint: &Checkpoint, z: &[f32]) -> Vec<f64> {
    let (g, _) = checkpoint.identity.layouts();
    let weights = checkpoint.state.ema.as_ref().unwrap_or(&checkpoint.state.generator.parameters);
    z.chunks_exact(g.inputs()).flat_map(|z| picture(&g, weights, z)).collect()
}

fn picture(g: &Network, weights: &[f32], z: &[f32]) -> Vec<f64> {
    let mut x: Vec<f64> = z.iter().map(|&z| f64::from(z)).collect();
    for stage in &g.stages {
        let (weight, bias) = (&weights[stage.weight.clone()], &weights[stage.bias.clone()]);
        let mut sums: Vec<f64> = (0..stage.outputs).map(|output| f64::from(bias[output / stage.plane()])).collect();
        stage.visit_products(|output, input, w| sums[output] += f64::from(weight[w]) * x[input]);
        let function = |sum: f64| match stage.activation {
            Activation::Identity => sum,
            Activation::LeakyRelu(slope) if sum < 0.0 => f64::from(slope as f32) * sum,
            Activation::LeakyRelu(_) => sum,
            Activation::Tanh => sum.tanh(),
        };
        x = sums.into_iter().map(function).collect();
    }
    x
}

#[test]
fn what_runtimes_draw_is_what_the_recipes_layers_mean() {
    for (name, layers, kind, image) in GENERATORS {
        // `stable` has an average of its weights, `seed` has none.
        for base in ["stable", "seed"] {
            let checkpoint = checkpoint(base, layers, image);
            let bytes = checkpoint.to_bytes();
            assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), checkpoint, "{name}: the checkpoint reads back");
            let header = String::from_utf8_lossy(&bytes);
            assert!(header.contains(&format!(r#"{{\"kind\":\"{kind}\""#)), "{name}: it is told as `{kind}`");
            let onnx = exporter::export(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            let model = Model { name: name.to_owned(), onnx, checkpoint: bytes };
            let z = noise::sample_z(SEED + 1, PICTURES, 12);
            let expected = pictures(&checkpoint, &z);
            for mut runtime in runtimes::of_the_file(&model) {
                let found = runtime.generate(&z);
                assert_eq!(found.len(), expected.len(), "{name}, {base}: {}", runtime.name);
                let differences =
                    found.iter().zip(&expected).map(|(found, expected)| (f64::from(*found) - expected).abs());
                let largest = differences.fold(0.0, f64::max);
                assert!(largest <= PIXEL, "{name}, {base}: {} is off by {largest:e}", runtime.name);
            }
        }
    }
}
