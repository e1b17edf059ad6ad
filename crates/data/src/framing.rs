//! From a picture of any size to a grey square one: colours become grey, the middle is cut out, then scaled.
//!
//! Grey is 0.299 red + 0.587 green + 0.114 blue, as ITU-R BT.601 has it and Pillow and PyTorch's transforms compute it: to
//! the byte what `Image.convert("L")` gives.

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, GrayImage, Luma};

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

/// A grey square, 0 black to 255 white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// As it looks on black: [size, size].
    pub on_black: Vec<u8>,
    /// As it looks on white, if one can see through it somewhere: [size, size].
    pub on_white: Option<Vec<u8>>,
    /// Mean grey of what is not transparent, each pixel counted by how opaque it is.
    pub ink: u8,
    /// What was done to it.
    pub done: Framing,
}

/// A grey square of `size` by `size` pixels out of `picture`.
pub fn frame(picture: &DynamicImage, size: usize) -> Framed {
    let greyed = picture.color().has_color();
    let seen = picture.color().has_alpha().then(|| with_alpha(picture));
    if let Some(Layers { on_black, on_white, ink }) = seen.filter(|seen| seen.ink.is_some()) {
        let (black, cropped, scaled) = square(&on_black, size);
        let white = square(&on_white, size).0;
        let done = Framing { cropped, scaled, greyed };
        return Framed { on_black: black.into_raw(), on_white: Some(white.into_raw()), ink: ink.unwrap_or(0), done };
    }
    let (square, cropped, scaled) = square(&to_grey(picture), size);
    Framed { on_black: square.into_raw(), on_white: None, ink: 0, done: Framing { cropped, scaled, greyed } }
}

/// The same for a picture that is grey already: bytes [rows, columns].
///
/// # Panics
/// If `bytes` are not rows times columns.
pub fn frame_grey(bytes: &[u8], [rows, columns]: [usize; 2], size: usize) -> Vec<u8> {
    let grey = GrayImage::from_raw(columns as u32, rows as u32, bytes.to_vec());
    square(&grey.expect("as many bytes as the picture has pixels"), size).0.into_raw()
}

/// The grey of a colour.
pub fn grey_of([red, green, blue]: [u8; 3]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16) as u8
}

fn to_grey(picture: &DynamicImage) -> GrayImage {
    if !picture.color().has_color() {
        return picture.to_luma8();
    }
    let grey = |image::Rgb(rgb): &image::Rgb<u8>| Luma([grey_of(*rgb)]);
    match picture {
        DynamicImage::ImageRgb8(rgb) => GrayImage::from_fn(rgb.width(), rgb.height(), |x, y| grey(rgb.get_pixel(x, y))),
        _ => {
            let rgb = picture.to_rgb8();
            GrayImage::from_fn(rgb.width(), rgb.height(), |x, y| grey(rgb.get_pixel(x, y)))
        }
    }
}

/// A picture on both grounds.
struct Layers {
    on_black: GrayImage,
    on_white: GrayImage,
    /// Nothing where every pixel is opaque.
    ink: Option<u8>,
}

fn with_alpha(picture: &DynamicImage) -> Layers {
    let (width, height) = (picture.width(), picture.height());
    let mut layers =
        Layers { on_black: GrayImage::new(width, height), on_white: GrayImage::new(width, height), ink: None };
    let (mut ink, mut opacity) = (0u64, 0u64);
    let mut put = |(x, y): (u32, u32), grey: u8, alpha: u8| {
        let (grey, alpha) = (u32::from(grey), u32::from(alpha));
        // To nearest.
        let on = |ground: u32| Luma([((grey * alpha + ground * (255 - alpha) + 127) / 255) as u8]);
        layers.on_black.put_pixel(x, y, on(0));
        layers.on_white.put_pixel(x, y, on(255));
        ink += u64::from(grey * alpha);
        opacity += u64::from(alpha);
    };
    if picture.color().has_color() {
        let seen = picture.to_rgba8();
        for (x, y, image::Rgba([red, green, blue, alpha])) in seen.enumerate_pixels() {
            put((x, y), grey_of([*red, *green, *blue]), *alpha);
        }
    } else {
        for (x, y, image::LumaA([grey, alpha])) in picture.to_luma_alpha8().enumerate_pixels() {
            put((x, y), *grey, *alpha);
        }
    }
    if opacity < 255 * u64::from(width) * u64::from(height) {
        layers.ink = Some(ink.checked_div(opacity).unwrap_or(0) as u8);
    }
    layers
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
    use image::{LumaA, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn a_picture_of_the_right_size_is_taken_byte_by_byte() {
        let bytes: Vec<u8> = (0..16).collect();
        let picture = DynamicImage::ImageLuma8(GrayImage::from_raw(4, 4, bytes.clone()).unwrap());
        let framed = frame(&picture, 4);
        assert_eq!((framed.on_black, framed.done, framed.on_white), (bytes.clone(), Framing::default(), None));
        assert_eq!(frame_grey(&bytes, [4, 4], 4), bytes);
    }

    #[test]
    fn the_middle_is_cut_out_and_averaged_down() {
        // Three squares side by side, black, grey and white: the middle one is what stays.
        let wide = GrayImage::from_fn(24, 8, |x, _| image::Luma([[0, 100, 255][x as usize / 8]]));
        let Framed { on_black: bytes, done, .. } = frame(&DynamicImage::ImageLuma8(wide.clone()), 4);
        assert_eq!(bytes, [100; 16]);
        assert_eq!(done, Framing { cropped: true, scaled: true, greyed: false });
        let tall = image::imageops::rotate90(&wide);
        assert_eq!(frame(&DynamicImage::ImageLuma8(tall), 8).on_black, [100; 64]);
        // A fine checkerboard becomes its mean, which picking single pixels would miss.
        let board = GrayImage::from_fn(64, 64, |x, y| image::Luma([if (x + y) % 2 == 0 { 0 } else { 200 }]));
        let bytes = frame(&DynamicImage::ImageLuma8(board), 4).on_black;
        assert!(bytes.iter().all(|byte| byte.abs_diff(100) <= 2), "{bytes:?}");
    }

    #[test]
    fn colours_turn_grey_as_pillow_turns_them() {
        // `Image.new("RGB", (2, 2), colour).convert("L").getpixel((0, 0))` of Pillow 13.
        let cases =
            [([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29), ([255, 255, 255], 255), ([12, 200, 99], 132)];
        for (colour, grey) in cases {
            let framed = frame(&DynamicImage::ImageRgb8(RgbImage::from_pixel(2, 2, Rgb(colour))), 2);
            assert_eq!((framed.on_black[0], framed.done.greyed), (grey, true), "{colour:?}");
            let [red, green, blue] = colour;
            let opaque = RgbaImage::from_pixel(2, 2, Rgba([red, green, blue, 255]));
            let framed = frame(&DynamicImage::ImageRgba8(opaque), 2);
            assert_eq!((framed.on_black[0], framed.on_white), (grey, None), "{colour:?} opaque");
        }
    }

    #[test]
    fn what_is_transparent_is_seen_on_both_grounds() {
        let mut clear = image::GrayAlphaImage::from_pixel(2, 2, LumaA([255, 255]));
        clear.put_pixel(0, 0, LumaA([255, 0]));
        clear.put_pixel(1, 0, LumaA([200, 128]));
        let framed = frame(&DynamicImage::ImageLumaA8(clear), 2);
        assert_eq!(framed.on_black, [0, 100, 255, 255]);
        assert_eq!(framed.on_white.unwrap(), [255, 227, 255, 255]);
        assert!(framed.ink > 240, "{}", framed.ink);
        let mut ink = RgbaImage::from_pixel(2, 2, Rgba([0, 0, 0, 0]));
        ink.put_pixel(1, 1, Rgba([10, 10, 10, 255]));
        let framed = frame(&DynamicImage::ImageRgba8(ink), 2);
        assert_eq!((framed.ink, framed.on_white.unwrap()), (10, vec![255, 255, 255, 10]));
        let nothing = frame(&DynamicImage::ImageRgba8(RgbaImage::new(2, 2)), 2);
        assert_eq!(nothing.on_black, [0; 4]);
    }
}
