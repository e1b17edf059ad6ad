//! From pixels in [-1, 1] to PNG: single pictures side by side on a sheet.

use failure::{Failure, Result};

/// Maps a pixel from [-1, 1] to a byte, 0 black to 255 white, to the nearest; `toByte` of the page follows the same rule.
pub fn to_byte(value: f32) -> u8 {
    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
}

/// Writes a PNG of pictures in rows of `columns`, edge to edge: grey of one channel, in colour of three.
/// images: [n, channels, rows, columns] of `shape` = [channels, rows, columns].
///
/// # Errors
/// A shape with other than one channel or three.
pub fn sheet(images: &[f32], shape: [usize; 3], columns: usize) -> Result<Vec<u8>> {
    let [channels, height, width] = shape;
    if !matches!(channels, 1 | 3) {
        return Err(Failure::failed(format!("pictures of {channels} channels cannot be drawn as a sheet")));
    }
    let lines = (images.len() / shape.iter().product::<usize>()).div_ceil(columns);
    let mut bytes = vec![0u8; lines * height * columns * width * channels];
    for (index, image) in images.chunks_exact(channels * height * width).enumerate() {
        let (line, column) = (index / columns, index % columns);
        for (number, row) in image.chunks_exact(width).enumerate() {
            let (channel, y) = (number / height, number % height);
            let start = ((line * height + y) * columns + column) * width * channels + channel;
            for (slot, &value) in bytes[start..].iter_mut().step_by(channels).zip(row) {
                *slot = to_byte(value);
            }
        }
    }
    encode(&bytes, channels, (columns * width) as u32, (lines * height) as u32)
}

/// Reads the bytes of a PNG that [`sheet`] made: [rows, columns] in grey, [rows, columns, 3] in colour; gives nothing of any
/// other file.
pub fn decode(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    let is_ours = matches!(info.color_type, png::ColorType::Grayscale | png::ColorType::Rgb);
    (is_ours && info.bit_depth == png::BitDepth::Eight).then_some(bytes)
}

fn encode(bytes: &[u8], channels: usize, width: u32, height: u32) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Failure::failed(format!("a picture cannot be written as PNG: {error}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(bytes).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data::scale_byte;

    #[test]
    fn bytes_survive_the_way_to_pixels_and_back() {
        for byte in 0..=255 {
            assert_eq!(to_byte(scale_byte(byte)), byte);
        }
        assert_eq!((to_byte(-7.0), to_byte(7.0), to_byte(f32::NAN)), (0, 255, 0));
    }

    #[test]
    fn a_sheet_puts_each_picture_in_its_place() {
        // Three pictures of 1 by 2, two a row: black-white, white-black, white-white.
        let file = sheet(&[-1., 1., 1., -1., 1., 1.], [1, 1, 2], 2).unwrap();
        let info = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap().info().size();
        assert_eq!(info, (4, 2));
        assert_eq!(decode(&file).unwrap(), [0, 255, 255, 0, 255, 255, 0, 0]);
        assert!(decode(&file[..file.len() / 2]).is_none() && decode(b"").is_none());
        assert!(sheet(&[0.0; 8], [2, 2, 2], 1).is_err());
    }

    #[test]
    fn a_coloured_sheet_has_the_channels_of_each_pixel_side_by_side() {
        // Red and white, then blue and black, one below the other.
        let pictures = [[1., 1.], [-1., 1.], [-1., 1.], [-1., -1.], [-1., -1.], [1., -1.]].concat();
        let file = sheet(&pictures, [3, 1, 2], 1).unwrap();
        assert_eq!(decode(&file).unwrap(), [255, 0, 0, 255, 255, 255, 0, 0, 255, 0, 0, 0]);
    }
}
