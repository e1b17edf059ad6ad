//! From a picture of any size to a grey square one: the middle is cut out, then scaled.

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, GrayImage};

/// What was done to a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// It was not square.
    pub cropped: bool,
    /// It had another size.
    pub scaled: bool,
    /// It had colours.
    pub greyed: bool,
}

/// A grey square of `size` by `size` pixels out of `picture`: [size, size] bytes, 0 black to 255 white. What is transparent
/// is seen on black, as digits are.
pub fn frame(picture: &DynamicImage, size: usize) -> (Vec<u8>, Framing) {
    let (grey, cropped, scaled) = square(&on_black(picture), size);
    (grey.into_raw(), Framing { cropped, scaled, greyed: picture.color().has_color() })
}

/// The same for a picture that is grey already: bytes [rows, columns].
///
/// # Panics
/// If `bytes` are not rows times columns.
pub fn frame_grey(bytes: &[u8], [rows, columns]: [usize; 2], size: usize) -> Vec<u8> {
    let grey = GrayImage::from_raw(columns as u32, rows as u32, bytes.to_vec());
    square(&grey.expect("as many bytes as the picture has pixels"), size).0.into_raw()
}

fn on_black(picture: &DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let seen = picture.to_luma_alpha8();
    GrayImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [grey, alpha] = seen.get_pixel(x, y).0;
        // To nearest.
        image::Luma([((u32::from(grey) * u32::from(alpha) + 127) / 255) as u8])
    })
}

/// Cuts and scales; tells whether it had to.
fn square(grey: &GrayImage, size: usize) -> (GrayImage, bool, bool) {
    let (width, height) = grey.dimensions();
    let side = width.min(height);
    let middle = crop_imm(grey, (width - side) / 2, (height - side) / 2, side, side).to_image();
    let size = size as u32;
    // The triangle is as wide as the reduction: it averages over all of what becomes one pixel.
    let scaled = if side == size { middle } else { resize(&middle, size, size, FilterType::Triangle) };
    (scaled, width != height, side != size)
}

#[cfg(test)]
mod tests {
    use image::{LumaA, Rgb, RgbImage};

    use super::*;

    #[test]
    fn a_picture_of_the_right_size_is_taken_byte_by_byte() {
        let bytes: Vec<u8> = (0..16).collect();
        let picture = DynamicImage::ImageLuma8(GrayImage::from_raw(4, 4, bytes.clone()).unwrap());
        assert_eq!(frame(&picture, 4), (bytes.clone(), Framing::default()));
        assert_eq!(frame_grey(&bytes, [4, 4], 4), bytes);
    }

    #[test]
    fn the_middle_is_cut_out_and_averaged_down() {
        // Three squares side by side, black, grey and white: the middle one is what stays.
        let wide = GrayImage::from_fn(24, 8, |x, _| image::Luma([[0, 100, 255][x as usize / 8]]));
        let (bytes, done) = frame(&DynamicImage::ImageLuma8(wide.clone()), 4);
        assert_eq!(bytes, [100; 16]);
        assert_eq!(done, Framing { cropped: true, scaled: true, greyed: false });
        let tall = image::imageops::rotate90(&wide);
        assert_eq!(frame(&DynamicImage::ImageLuma8(tall), 8).0, [100; 64]);
        // A fine checkerboard becomes its mean, which picking single pixels would miss.
        let board = GrayImage::from_fn(64, 64, |x, y| image::Luma([if (x + y) % 2 == 0 { 0 } else { 200 }]));
        let (bytes, _) = frame(&DynamicImage::ImageLuma8(board), 4);
        assert!(bytes.iter().all(|byte| byte.abs_diff(100) <= 2), "{bytes:?}");
    }

    #[test]
    fn colours_turn_grey_and_what_is_transparent_black() {
        let green = DynamicImage::ImageRgb8(RgbImage::from_pixel(2, 2, Rgb([0, 255, 0])));
        let (bytes, done) = frame(&green, 2);
        assert!(done.greyed && bytes[0] > 150 && bytes[0] < 255, "{bytes:?}");
        let mut clear = image::GrayAlphaImage::from_pixel(2, 2, LumaA([255, 255]));
        clear.put_pixel(0, 0, LumaA([255, 0]));
        clear.put_pixel(1, 0, LumaA([200, 128]));
        assert_eq!(frame(&DynamicImage::ImageLumaA8(clear), 2).0, [0, 100, 255, 255]);
    }
}
