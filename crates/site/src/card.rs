//! The picture that a shared link shows, drawn by the model itself: seven samples, one a row, each at fourteen values of z[0], and a seal
//! around the one in hand. What the page is about, at the size that services for messages want.

use exporter::Model;
use failure::{Failure, Result};

use crate::lively;

const WIDTH: usize = 1200;
const HEIGHT: usize = 630;
const COLUMNS: usize = 14;
const ROWS: usize = 7;
/// Pixels a side of a tile.
const SIDE: usize = 84;
const LEFT: usize = (WIDTH - COLUMNS * SIDE) / 2;
const TOP: usize = (HEIGHT - ROWS * SIDE) / 2;
/// The seed whose samples are drawn: the page's first.
const SEED: u64 = 1;
/// How much what is a clear picture and no smudge counts more than what moves far.
const CLARITY: i32 = 12;
/// Ink on paper, as the page has it, and the seal.
const PAPER: [u8; 3] = [0xf3, 0xef, 0xe6];
const INK: [u8; 3] = [0x1d, 0x1b, 0x18];
const SEAL: [u8; 3] = [0xb3, 0x36, 0x1b];
/// The column and the row of the tile with the seal.
const SEALED: [usize; 2] = [9, 3];
const THICKNESS: usize = 6;

/// Draws the card of a model, whose file is `onnx`, and gives it as PNG: grey pictures as ink on paper, others in their colours.
///
/// # Errors
/// Says why it cannot be drawn: an operator that `exporter` does not know, pictures that are none, a network that takes long.
pub fn draw(onnx: &[u8]) -> Result<Vec<u8>> {
    let model = lively::read(onnx)?;
    let &[channels @ (1 | 3), height, width] = model.output_shape() else {
        return Err(Failure::failed(format!("pictures of {:?} cannot be drawn", model.output_shape())));
    };
    let (latent, classes) = (model.input_shape().iter().product::<usize>(), model.classes());
    let samples = noise::sample_z(SEED, lively::SAMPLES, latent);
    let class = |sample: usize| if classes == 0 { 0 } else { sample % classes };
    let mut pixels = vec![PAPER; WIDTH * HEIGHT];
    for (row, sample) in chosen(&model, &samples, class).into_iter().enumerate() {
        let z = samples[sample * latent..(sample + 1) * latent].repeat(COLUMNS);
        let [low, high] = lively::ENDS;
        let values = (0..COLUMNS).map(|column| low + (high - low) * column as f32 / (COLUMNS - 1) as f32);
        let images = lively::with_first(&model, &z, values, |_| class(sample));
        for (column, image) in images.chunks_exact(channels * height * width).enumerate() {
            let is_sealed = [column, row] == SEALED;
            for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
                // Nearest neighbours: the pixels are to be seen.
                let at = y * height / SIDE * width + x * width / SIDE;
                let edge = x.min(y).min(SIDE - 1 - x).min(SIDE - 1 - y);
                let colour = if is_sealed && edge < THICKNESS { SEAL } else { colour(image, channels, at) };
                pixels[(TOP + row * SIDE + y) * WIDTH + LEFT + column * SIDE + x] = colour;
            }
        }
    }
    png(pixels.as_flattened())
}

/// The samples that z[0] changes most from one clear picture to another, of as many classes as there are, best first.
fn chosen(model: &Model, samples: &[f32], class: impl Fn(usize) -> usize) -> Vec<usize> {
    let [low, high] = lively::ENDS.map(|end| lively::with_first(model, samples, std::iter::repeat(end), &class));
    let pixels = low.len() / lively::SAMPLES;
    let scores: Vec<f64> = low
        .chunks_exact(pixels)
        .zip(high.chunks_exact(pixels))
        .map(|(low, high)| lively::distance(low, high) * lively::clarity(low).min(lively::clarity(high)).powi(CLARITY))
        .collect();
    let mut order: Vec<usize> = (0..lively::SAMPLES).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut seen = std::collections::BTreeSet::new();
    let (firsts, rest): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&sample| seen.insert(class(sample)));
    firsts.into_iter().chain(rest).take(ROWS).collect()
}

/// The colour of pixel `at` of a picture in planes, from -1 to 1.
fn colour(image: &[f64], channels: usize, at: usize) -> [u8; 3] {
    let share = |value: f64| ((value + 1.0) / 2.0).clamp(0.0, 1.0);
    if channels == 1 {
        let ink = share(image[at]);
        let mixed = |i: usize| f64::from(PAPER[i]) + (f64::from(INK[i]) - f64::from(PAPER[i])) * ink;
        return [0, 1, 2].map(|i| mixed(i).round() as u8);
    }
    let plane = image.len() / channels;
    [0, 1, 2].map(|channel| (share(image[channel * plane + at]) * 255.0).round() as u8)
}

fn png(pixels: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Failure::failed(format!("a card cannot be written as PNG: {error}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lively::tests::{convolution, perceptron};

    /// The pixels of a card, in rows.
    fn decoded(file: &[u8]) -> Vec<[u8; 3]> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        assert_eq!(reader.info().size(), (WIDTH as u32, HEIGHT as u32));
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        bytes.as_chunks().0.to_vec()
    }

    /// The pixel in the middle of a tile.
    fn middle(card: &[[u8; 3]], column: usize, row: usize) -> [u8; 3] {
        card[(TOP + row * SIDE + SIDE / 2) * WIDTH + LEFT + column * SIDE + SIDE / 2]
    }

    #[test]
    fn a_grey_model_draws_in_ink_on_paper_with_a_seal() {
        for onnx in [perceptron([1, 5, 7], 0), perceptron([1, 5, 7], 3), convolution(28)] {
            let file = draw(&onnx).unwrap();
            let card = decoded(&file);
            assert_eq!((card[0], card[(TOP + 3 * SIDE) * WIDTH + LEFT + 9 * SIDE]), (PAPER, SEAL));
            // Between paper and ink, and nothing else beside the seal.
            let is_mixed = |[red, green, blue]: [u8; 3]| red >= green && green >= blue && red - blue <= 13;
            assert!(card.iter().all(|&pixel| pixel == SEAL || is_mixed(pixel)));
            let columns: std::collections::BTreeSet<_> = (0..COLUMNS).map(|column| middle(&card, column, 0)).collect();
            assert!(columns.len() > 3, "z[0] moves what is drawn: {columns:?}");
            assert_eq!(file, draw(&onnx).unwrap(), "the same each time");
        }
    }

    #[test]
    fn a_colour_model_draws_in_its_colours() {
        let card = decoded(&draw(&perceptron([3, 4, 4], 0)).unwrap());
        let colours = (0..COLUMNS).map(|column| middle(&card, column, 2));
        assert!(
            colours.clone().any(|[red, green, blue]| green > red || blue > green),
            "{:?}",
            colours.collect::<Vec<_>>()
        );
    }

    #[test]
    fn pictures_of_other_channels_are_a_sentence() {
        assert!(draw(&perceptron([2, 4, 4], 0)).unwrap_err().message.contains("[2, 4, 4]"));
    }
}
