//! A DCGAN generator made with candle, exported: `cargo run --package exporter --example dcgan -- FOLDER`.
//!
//! Transposed convolutions with batch normalization, after Radford, Metz and Chintala ("Unsupervised Representation
//! Learning with Deep Convolutional Generative Adversarial Networks", 2015), for pictures of 28 x 28. Writes
//! `dcgan.onnx` into the folder, with proof pictures that candle drew, and checks them against plain f64 arithmetic.

use std::path::Path;

use candle_core::{DType, Device, ModuleT, Tensor};
use candle_nn::{
    BatchNorm, ConvTranspose2d, ConvTranspose2dConfig, Init, Module, VarBuilder, VarMap, batch_norm, conv_transpose2d,
};
use exporter::{Architecture, Layer, Model, Precision, Window};

/// Coordinates of z.
const LATENT: usize = 32;
/// Channels of the two inner layers.
const WIDE: usize = 16;
const NARROW: usize = 8;

struct Generator {
    up1: ConvTranspose2d,
    norm1: BatchNorm,
    up2: ConvTranspose2d,
    norm2: BatchNorm,
    up3: ConvTranspose2d,
}

impl Generator {
    fn new(vb: &VarBuilder) -> candle_core::Result<Self> {
        let first = ConvTranspose2dConfig::default();
        let twice = ConvTranspose2dConfig { stride: 2, padding: 1, ..Default::default() };
        // Off their starting values, so that a constant that is left out or mixed up is seen.
        let statistics = |name: &str, channels| -> candle_core::Result<BatchNorm> {
            let vb = vb.pp(name);
            vb.get_with_hints(channels, "running_mean", Init::Uniform { lo: -0.1, up: 0.1 })?;
            vb.get_with_hints(channels, "running_var", Init::Uniform { lo: 0.1, up: 0.5 })?;
            vb.get_with_hints(channels, "weight", Init::Uniform { lo: 0.5, up: 1.5 })?;
            vb.get_with_hints(channels, "bias", Init::Uniform { lo: -0.5, up: 0.5 })?;
            batch_norm(channels, 1e-5, vb)
        };
        Ok(Self {
            up1: conv_transpose2d(LATENT, WIDE, 7, first, vb.pp("up1"))?,
            norm1: statistics("norm1", WIDE)?,
            up2: conv_transpose2d(WIDE, NARROW, 4, twice, vb.pp("up2"))?,
            norm2: statistics("norm2", NARROW)?,
            up3: conv_transpose2d(NARROW, 1, 4, twice, vb.pp("up3"))?,
        })
    }

    /// z [n, LATENT] -> [n, 1, 28, 28], in [-1, 1].
    fn forward(&self, z: &Tensor) -> candle_core::Result<Tensor> {
        let x = self.up1.forward(&z.reshape(((), LATENT, 1, 1))?)?;
        let x = self.norm1.forward_t(&x, false)?.relu()?;
        let x = self.norm2.forward_t(&self.up2.forward(&x)?, false)?.relu()?;
        self.up3.forward(&x)?.tanh()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: dcgan FOLDER")?;
    let (weights, out) = (Path::new(&folder).join("dcgan.safetensors"), Path::new(&folder).join("dcgan.onnx"));

    // A network as candle makes them; training would go here.
    let varmap = VarMap::new();
    let generator = Generator::new(&VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
    varmap.save(&weights)?;

    // The export.
    let twice = Window { stride: 2, padding: 1, ..Window::default() };
    let layers = [
        Layer::reshape(&[LATENT, 1, 1]),
        Layer::conv_transpose("up1", Window::default()),
        Layer::batch_normalization("norm1"),
        Layer::relu(),
        Layer::conv_transpose("up2", twice),
        Layer::batch_normalization("norm2"),
        Layer::relu(),
        Layer::conv_transpose("up3", twice),
        Layer::tanh(),
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
