//! Forged avatars beside drawn ones: `cargo run --release -p tests --example avatars -- MODEL SHEET.png`
//!
//! The sheet has forged avatars on the left, those of the first z of seed 0 and none left out, and drawn ones on the right, the
//! first that no generator was trained on. What is printed says whether any of a thousand forged ones is a training picture again:
//! how far each is from the nearest, and how far drawn avatars that were kept for tests are from theirs.

use std::error::Error;

use data::{Colour, Dataset, Pictures};
use interface::{Generator, Wishes};
use run::show::sheet;

const FORGED: usize = 1000;
const ROWS: usize = 6;
const COLUMNS: usize = 10;
/// Pixels of the sheet that a pixel of an avatar becomes.
const ZOOM: usize = 3;
/// Of an avatar.
const SHAPE: [usize; 3] = [3, 16, 16];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, out] = &arguments[..] else { return Err("usage: avatars MODEL SHEET.png".into()) };
    let avatars = Dataset::avatars(Colour::Rgb)?;
    let opened = Generator::open(model.as_ref(), &Wishes::default())?;
    let mut generator = opened.map_err(|refusal| refusal.to_string())?;
    if generator.image_shape() != SHAPE {
        return Err(format!("`{model}` draws pictures of {:?}, not of {SHAPE:?}", generator.image_shape()).into());
    }
    let z = noise::sample_z(0, FORGED, generator.latent_size());
    let forged = generator.generate_many(&z, &[], 1).map_err(|refusal| refusal.to_string())?;
    let forged: Vec<u8> = forged.into_iter().map(sheet::to_byte).collect();
    let pixels: usize = SHAPE.iter().product();

    let mut side_by_side = Vec::new();
    for row in 0..ROWS {
        let of = |bytes: &[u8]| bytes[row * COLUMNS * pixels..][..COLUMNS * pixels].to_vec();
        side_by_side.extend([of(&forged), of(&avatars.test.bytes)].concat());
    }
    let enlarged: Vec<f32> = side_by_side.chunks_exact(pixels).flat_map(enlarged).collect();
    let [channels, rows, columns] = SHAPE;
    let png = sheet::sheet(&enlarged, [channels, rows * ZOOM, columns * ZOOM], 2 * COLUMNS)?;
    std::fs::write(out, png)?;

    for (name, bytes) in [("forged", &forged), ("kept for tests", &avatars.test.bytes)] {
        let mut nearest: Vec<f64> = bytes.chunks_exact(pixels).map(|one| nearest(one, &avatars.train)).collect();
        let equal = nearest.iter().filter(|&&distance| distance == 0.0).count();
        let ten: Vec<String> = nearest[..10].iter().map(|distance| format!("{distance:.1}")).collect();
        nearest.sort_by(f64::total_cmp);
        println!(
            "{name}: {equal} of {} equal a training picture; root mean square difference from the nearest, of 255: least {:.1}, \
             median {:.1}; the first ten: {}",
            nearest.len(),
            nearest[0],
            nearest[nearest.len() / 2],
            ten.join(" ")
        );
    }
    Ok(())
}

/// How far the nearest of `pictures` is: the root of the mean squared difference, in steps of a byte.
fn nearest(one: &[u8], pictures: &Pictures) -> f64 {
    let squares = |other: &[u8]| one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
    let least = pictures.bytes.chunks_exact(one.len()).map(squares).min().unwrap_or(u64::MAX);
    (least as f64 / one.len() as f64).sqrt()
}

/// An avatar's planes, each pixel a square of [`ZOOM`] by [`ZOOM`], in [-1, 1].
fn enlarged(planes: &[u8]) -> Vec<f32> {
    let [channels, rows, columns] = SHAPE;
    let pixel =
        |channel: usize, y: usize, x: usize| data::scale_byte(planes[(channel * rows + y / ZOOM) * columns + x / ZOOM]);
    (0..channels)
        .flat_map(|channel| (0..rows * ZOOM).map(move |y| (channel, y)))
        .flat_map(|(channel, y)| (0..columns * ZOOM).map(move |x| pixel(channel, y, x)))
        .collect()
}
