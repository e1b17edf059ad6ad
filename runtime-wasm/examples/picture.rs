//! The runtime as a plain Rust crate: prints a generator's picture as text.
//!
//! ```sh
//! cargo run --package runtime-wasm --example picture -- gen.onnx 0.5
//! ```
//!
//! The number is z[0]; the other coordinates are zero.

use std::process::ExitCode;

use runtime_wasm::Generator;

/// From black to white.
const INK: &[u8] = b" .:-=+*#%@";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [model] => draw(model, "0"),
        [model, z0] => draw(model, z0),
        _ => Err("usage: picture MODEL.onnx [z0]".into()),
    };
    match outcome {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn draw(model: &str, z0: &str) -> Result<String, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(model).map_err(|error| format!("`{model}` cannot be read: {error}"))?;
    let z0 = z0.parse::<f32>().map_err(|_| format!("z[0] is a number, not `{z0}`"))?;
    let generator = Generator::from_bytes(&bytes)?;
    let mut z = vec![0.0; generator.latent_size()];
    z[0] = z0;
    let pixels = generator.generate(&z)?;
    let [_, _, width] = generator.image_shape();
    let ink = |value: f32| {
        let level = (value + 1.0) / 2.0 * (INK.len() - 1) as f32;
        // Twice, since characters are twice as high as wide.
        [char::from(INK[level.round().clamp(0.0, (INK.len() - 1) as f32) as usize]); 2]
    };
    let rows =
        pixels.chunks(width).map(|row| row.iter().flat_map(|&value| ink(value)).chain(['\n']).collect::<String>());
    Ok(rows.collect())
}
