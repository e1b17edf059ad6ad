//! Pictures over time as a looping GIF: the samples over the epochs, and the sweep.

use gif::{Encoder, Frame, Repeat};

use crate::show::sheet::to_byte;
use failure::{Failure, Result};

/// Greys of the palette: more would cost bytes and show nothing at the size of a digit.
const GREYS: usize = 32;
/// Of 1, the best, to 30, the fastest: how the 256 colours of a frame are found where it has more.
const QUANTIZED_IN: i32 = 10;
/// Frames of a training GIF; longer runs are thinned out evenly.
const MOST_FRAMES: usize = 60;
/// Hundredths of a second.
const SAMPLE_DELAY: u16 = 16;
const LAST_DELAY: u16 = 200;
const SWEEP_DELAY: u16 = 5;
/// Pixels of the GIF a pixel of the sweep's pictures becomes.
const SWEEP_ZOOM: usize = 5;

/// Makes `training.gif` of sheets as bytes, [rows, columns] in grey or [rows, columns, 3] in colour, one an epoch; the last one
/// stays for a while.
///
/// # Errors
/// Sheets that no GIF can hold.
pub fn training(sheets: &[Vec<u8>], [rows, columns]: [usize; 2]) -> Result<Vec<u8>> {
    let kept = evenly(sheets.len(), MOST_FRAMES);
    let frames = kept.iter().map(|&index| {
        let delay = if index + 1 == sheets.len() { LAST_DELAY } else { SAMPLE_DELAY };
        (sheets[index].clone(), delay)
    });
    encode(frames, [rows, columns])
}

/// Makes `sweep.gif` of the pictures of a sweep, [n, channels, rows, columns] in [-1, 1], one after the other.
///
/// # Errors
/// Pictures that no GIF can hold.
pub fn sweep(images: &[f32], [channels, rows, columns]: [usize; 3]) -> Result<Vec<u8>> {
    let enlarge = |image: &[f32]| -> Vec<u8> {
        let pixel = |row: usize, column: usize| {
            (0..channels).map(move |channel| to_byte(image[(channel * rows + row) * columns + column]))
        };
        (0..rows * SWEEP_ZOOM)
            .flat_map(|y| (0..columns * SWEEP_ZOOM).map(move |x| (y / SWEEP_ZOOM, x / SWEEP_ZOOM)))
            .flat_map(|(row, column)| pixel(row, column))
            .collect()
    };
    let frames = images.chunks_exact(channels * rows * columns).map(|image| (enlarge(image), SWEEP_DELAY));
    encode(frames, [rows * SWEEP_ZOOM, columns * SWEEP_ZOOM])
}

/// At most `most` of 0..count, evenly, the first and the last among them.
fn evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|i| i * (count - 1) / (most - 1)).collect()
}

fn encode(frames: impl Iterator<Item = (Vec<u8>, u16)>, [rows, columns]: [usize; 2]) -> Result<Vec<u8>> {
    let failed = |what: String| Failure::failed(format!("pictures cannot be written as GIF: {what}"));
    let side = |pixels: usize| {
        let too_many = |_| failed(format!("it would have {pixels} pixels a side, and {} are the most", u16::MAX));
        u16::try_from(pixels).map_err(too_many)
    };
    let (width, height) = (side(columns)?, side(rows)?);
    let palette: Vec<u8> = (0..GREYS).flat_map(|i| [((i * 255 + (GREYS - 1) / 2) / (GREYS - 1)) as u8; 3]).collect();
    let mut file = Vec::new();
    let encoded = (|| {
        let mut encoder = Encoder::new(&mut file, width, height, &palette)?;
        encoder.set_repeat(Repeat::Infinite)?;
        for (bytes, delay) in frames {
            if bytes.len() == 3 * rows * columns {
                // Each frame has a palette of its own, exact where 256 colours do.
                let frame = Frame::from_rgb_speed(width, height, &bytes, QUANTIZED_IN);
                encoder.write_frame(&Frame { delay, ..frame })?;
                continue;
            }
            let indices: Vec<u8> =
                bytes.iter().map(|&byte| ((usize::from(byte) * (GREYS - 1) + 127) / 255) as u8).collect();
            let frame = Frame { delay, width, height, buffer: indices.into(), ..Frame::default() };
            encoder.write_frame(&frame)?;
        }
        Ok(())
    })();
    encoded.map_err(|error: gif::EncodingError| failed(error.to_string()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (delay, grey bytes) of each frame.
    fn decode(file: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(file).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.buffer.chunks(4).map(|pixel| pixel[0]).collect()));
        }
        frames
    }

    #[test]
    fn a_training_gif_has_each_sheet_to_the_nearest_grey_and_holds_the_last() {
        let sheets: Vec<Vec<u8>> = vec![vec![0, 255, 100, 3], vec![255, 0, 200, 90]];
        let frames = decode(&training(&sheets, [2, 2]).unwrap());
        assert_eq!(frames.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(), [SAMPLE_DELAY, LAST_DELAY]);
        for ((_, got), sheet) in frames.iter().zip(&sheets) {
            // Half of a step between greys.
            assert!(got.iter().zip(sheet).all(|(a, b)| a.abs_diff(*b) <= 5), "{got:?} for {sheet:?}");
        }
        assert_eq!((frames[0].1[0], frames[0].1[1]), (0, 255));
    }

    #[test]
    fn a_long_run_is_thinned_out_from_first_to_last() {
        let kept = evenly(1000, MOST_FRAMES);
        assert_eq!((kept.len(), kept[0], kept[MOST_FRAMES - 1]), (MOST_FRAMES, 0, 999));
        assert_eq!(evenly(3, MOST_FRAMES), [0, 1, 2]);
    }

    #[test]
    fn a_sweep_shows_one_enlarged_picture_after_the_other() {
        let frames = decode(&sweep(&[-1.0, 1.0, 1.0, -1.0], [1, 1, 2]).unwrap());
        assert_eq!(frames.len(), 2);
        let row = |a: u8, b: u8| [[a; SWEEP_ZOOM], [b; SWEEP_ZOOM]].concat().repeat(SWEEP_ZOOM);
        assert_eq!((&frames[0].1, &frames[1].1), (&row(0, 255), &row(255, 0)));
    }
    #[test]
    fn colours_stay_colours() {
        // Red and blue, side by side; then green and white.
        let planes = [[1.0, -1.0], [-1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]].concat();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let file = sweep(&planes, [3, 1, 2]).unwrap();
        let mut decoder = options.read_info(&file[..]).unwrap();
        for ends in [[[255, 0, 0, 255], [0, 0, 255, 255]], [[0, 255, 0, 255], [255, 255, 255, 255]]] {
            let frame = decoder.read_next_frame().unwrap().unwrap();
            assert_eq!((frame.buffer.len(), frame.delay), (2 * SWEEP_ZOOM * SWEEP_ZOOM * 4, SWEEP_DELAY));
            assert_eq!([&frame.buffer[..4], &frame.buffer[frame.buffer.len() - 4..]], [&ends[0][..], &ends[1][..]]);
        }
    }
}
