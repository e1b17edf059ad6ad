//! From pixels in [-1, 1] to PNG: single pictures side by side on a sheet.

use failure::{Failure, Result};

/// Maps a pixel from [-1, 1] to a byte, 0 black to 255 white, to the nearest; `toByte` of the page follows the same rule.
pub fn to_byte(value: f32) -> u8 {
    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
}

/// Writes a grey PNG of pictures in rows of `columns`, edge to edge.
/// images: [n, rows, columns] of `shape` = [1, rows, columns].
///
/// # Errors
/// A shape with other than one channel.
pub fn sheet(images: &[f32], shape: [usize; 3], columns: usize) -> Result<Vec<u8>> {
    let [channels, height, width] = shape;
    if channels != 1 {
        return Err(Failure::failed(format!("pictures of {channels} channels cannot be drawn as a grey sheet")));
    }
    let pixels = height * width;
    let lines = (images.len() / pixels).div_ceil(columns);
    let mut bytes = vec![0u8; lines * height * columns * width];
    for (index, image) in images.chunks_exact(pixels).enumerate() {
        let (line, column) = (index / columns, index % columns);
        for (y, row) in image.chunks_exact(width).enumerate() {
            let start = ((line * height + y) * columns + column) * width;
            for (slot, &value) in bytes[start..start + width].iter_mut().zip(row) {
                *slot = to_byte(value);
            }
        }
    }
    encode(&bytes, (columns * width) as u32, (lines * height) as u32)
}

/// Reads the grey bytes of a PNG that [`sheet`] made, row by row; gives nothing of any other file.
pub fn decode(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut grey = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut grey).ok()?;
    (info.color_type == png::ColorType::Grayscale && info.bit_depth == png::BitDepth::Eight).then_some(grey)
}

fn encode(grey: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Failure::failed(format!("a picture cannot be written as PNG: {error}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(grey).map_err(failed)?;
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
        assert!(sheet(&[0.0; 12], [3, 2, 2], 1).is_err());
    }
}
