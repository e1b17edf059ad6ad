//! A multilayer perceptron made with candle, exported: `cargo run --package exporter --example mlp -- FOLDER`.
//!
//! Writes `mlp.onnx` into the folder, with proof pictures that candle drew, and checks them against plain f64 arithmetic.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, Module, VarBuilder, VarMap, linear};
use exporter::{Architecture, Layer, Model, Precision};

/// Sizes of a small generator: 16 coordinates of z, pictures of 8 x 8.
const LATENT: usize = 16;
const HIDDEN: usize = 32;
const SIDE: usize = 8;

struct Generator {
    hidden: Linear,
    output: Linear,
}

impl Module for Generator {
    fn forward(&self, z: &Tensor) -> candle_core::Result<Tensor> {
        let x = candle_nn::ops::leaky_relu(&self.hidden.forward(z)?, 0.2)?;
        self.output.forward(&x)?.tanh()?.reshape(((), 1, SIDE, SIDE))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: mlp FOLDER")?;
    let (weights, out) = (Path::new(&folder).join("mlp.safetensors"), Path::new(&folder).join("mlp.onnx"));

    // A network as candle makes them; training would go here.
    let varmap = VarMap::new();
    let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
    let generator = Generator {
        hidden: linear(LATENT, HIDDEN, vb.pp("hidden"))?,
        output: linear(HIDDEN, SIDE * SIDE, vb.pp("output"))?,
    };
    varmap.save(&weights)?;

    // The export.
    let layers = [
        Layer::gemm("hidden"),
        Layer::leaky_relu(0.2),
        Layer::gemm("output"),
        Layer::tanh(),
        Layer::reshape(&[1, SIDE, SIDE]),
    ];
    let model = Model::from_safetensors(&std::fs::read(&weights)?, &Architecture::sequential(LATENT, layers))?;

    // Proof for whoever runs the file elsewhere: what candle draws.
    let z = Tensor::randn(0f32, 1.0, (4, LATENT), &Device::Cpu)?;
    let image = generator.forward(&z)?;
    let [z, image] = [z, image].map(|tensor| tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>()));
    let (z, image) = (z?, image?);
    let model = model.with_parity(&z, &[], &image)?;
    exporter::write_whole(&out, &model.to_onnx(Precision::F32)?)?;

    let exact = model.evaluate(&z, &[]);
    let largest = exact.iter().zip(&image).map(|(exact, &drawn)| (exact - f64::from(drawn)).abs()).fold(0.0, f64::max);
    println!("wrote `{}`; candle and f64 arithmetic differ by at most {largest:.1e}", out.display());
    if largest > 1e-5 { Err("the exported network is another one".into()) } else { Ok(()) }
}
