//! From a picture of any size to one of the size that is asked for, in grey or in colour: the middle is cut out, then scaled.
//!
//! Grey is 0.299 red + 0.587 green + 0.114 blue, as ITU-R BT.601 has it and Pillow and PyTorch's transforms compute it: to
//! the byte what `Image.convert("L")` gives. In colour, what differs by a whole factor alone, as pixel art does, is scaled by
//! taking pixels as they are; everything else is averaged.

use std::borrow::Cow;

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, GenericImageView, GrayImage, ImageBuffer, Luma, Pixel, Rgb, RgbImage, RgbaImage, SubImage};

use crate::colour::shows_colours;

/// What was done to a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// It had other proportions.
    pub cropped: bool,
    /// It had another size.
    pub scaled: bool,
    /// It was scaled by a whole factor, and each of its pixels is still one of its colours.
    pub stepped: bool,
    /// It had colours, and has none now.
    pub greyed: bool,
}

/// A picture in the size that was asked for, 0 black to 255 white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// As it looks on black: [rows, columns] in grey, [3, rows, columns] in colour.
    pub on_black: Vec<u8>,
    /// As it looks on white, if one can see through it somewhere.
    pub on_white: Option<Vec<u8>>,
    /// Mean grey of what is not transparent, each pixel counted by how opaque it is.
    pub ink: u8,
    /// What was done to it.
    pub done: Framing,
}

/// In which size and colours a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Whether in colour, else in grey.
    pub in_colour: bool,
    /// Rows and columns in which it is looked at for colours, if anybody wants to know whether it shows some.
    pub looked_at: Option<[usize; 2]>,
}

/// A picture as it was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The picture.
    pub framed: Framed,
    /// Whether it shows colours; never of one that was not looked at for them.
    pub is_coloured: bool,
}

/// `picture` as it is wanted.
pub fn frame(picture: &DynamicImage, wanted: Wanted) -> Looked {
    let Wanted { size, in_colour, looked_at } = wanted;
    // Coloured as it is wanted, it is looked at as it is.
    let looks = |rgb: &Framed| looked_at.is_some() && shows_colours(pixels_of(&rgb.on_black));
    if in_colour {
        let framed = frame_rgb(picture, size);
        return Looked { is_coloured: looks(&framed), framed };
    }
    let is_coloured = picture.color().has_color() && looked_at.is_some_and(|size| looks(&frame_rgb(picture, size)));
    Looked { framed: frame_grey(picture, size), is_coloured }
}

/// The grey picture of `size`, rows and columns, out of `picture`.
pub fn frame_grey(picture: &DynamicImage, size: [usize; 2]) -> Framed {
    let greyed = picture.color().has_color();
    let fit = |image: &GrayImage| {
        let (fitted, done) = fit(image, size);
        (fitted.into_raw(), Framing { greyed, ..done })
    };
    if let Some((Layers { on_black, on_white }, ink)) = with_alpha(picture) {
        let (black, done) = fit(&on_black);
        return Framed { on_black: black, on_white: Some(fit(&on_white).0), ink, done };
    }
    let (on_black, done) = fit(&to_grey(picture));
    Framed { on_black, on_white: None, ink: 0, done }
}

/// The coloured picture of `size`, rows and columns, out of `picture`.
pub fn frame_rgb(picture: &DynamicImage, size: [usize; 2]) -> Framed {
    if !picture.color().has_color() {
        return frame_grey_thrice(picture, size);
    }
    let fit = |image: &RgbImage| {
        let (fitted, done) = fit_in_steps(image, size).unwrap_or_else(|| fit(image, size));
        (planes(fitted.as_raw()), done)
    };
    // Its grey twin says what the ink is, and whether one can see through it at all.
    if let Some(ink) = with_alpha(picture).map(|(_, ink)| ink) {
        let seen = rgba_of(picture);
        let on = |ground: u32| {
            RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
                let image::Rgba([red, green, blue, alpha]) = *seen.get_pixel(x, y);
                Rgb([red, green, blue].map(|channel| over(channel, alpha, ground)))
            })
        };
        let (on_black, done) = fit(&on(0));
        return Framed { on_black, on_white: Some(fit(&on(255)).0), ink, done };
    }
    let (on_black, done) = fit(&rgb_of(picture));
    Framed { on_black, on_white: None, ink: 0, done }
}

/// The coloured picture of one without colours, which is kept in one channel until it is small.
fn frame_grey_thrice(picture: &DynamicImage, size: [usize; 2]) -> Framed {
    let fit = |image: &GrayImage| {
        let (fitted, done) = fit_in_steps(image, size).unwrap_or_else(|| fit(image, size));
        (fitted.as_raw().repeat(3), done)
    };
    if let Some((Layers { on_black, on_white }, ink)) = with_alpha(picture) {
        let (black, done) = fit(&on_black);
        return Framed { on_black: black, on_white: Some(fit(&on_white).0), ink, done };
    }
    let (on_black, done) = fit(&to_grey(picture));
    Framed { on_black, on_white: None, ink: 0, done }
}

/// Bytes that a picture of `bytes` bytes takes at most while it is framed as it is wanted: itself, a copy in other colours, and
/// what is between scaling its columns and its rows. sides: [rows, columns], or the other way round where it is turned.
pub fn needed(bytes: u64, sides: [u64; 2], wanted: Wanted) -> u64 {
    /// Three channels, a number of four bytes each.
    const BETWEEN: u64 = 3 * 4;
    let sizes = [Some(wanted.size), wanted.looked_at].into_iter().flatten();
    let longest = sides[0].max(sides[1]);
    let between = sizes.map(|[rows, columns]| BETWEEN * longest.max(columns as u64) * rows as u64).max();
    // No copy has more channels than the picture itself, or more bytes for one.
    bytes.saturating_mul(2).saturating_add(between.unwrap_or(0))
}

/// The same for pictures that are bytes already, planes of `shape` = [channels, rows, columns], one channel or three.
///
/// # Panics
/// If `bytes` are not as many as that.
pub fn frame_bytes(bytes: &[u8], [channels, rows, columns]: [usize; 3], size: [usize; 2]) -> Vec<u8> {
    const HOLDS: &str = "as many bytes as the picture has pixels";
    let (width, height) = (columns as u32, rows as u32);
    if channels == 1 {
        let grey: GrayImage = ImageBuffer::from_raw(width, height, bytes.to_vec()).expect(HOLDS);
        return fit(&grey, size).0.into_raw();
    }
    let pixels = pixels_of(bytes).flatten().collect();
    let rgb: RgbImage = ImageBuffer::from_raw(width, height, pixels).expect(HOLDS);
    planes(fit_in_steps(&rgb, size).unwrap_or_else(|| fit(&rgb, size)).0.as_raw())
}

/// The grey of a colour.
pub fn grey_of([red, green, blue]: [u8; 3]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16) as u8
}

/// [rows, columns, 3] as [3, rows, columns].
pub fn planes(pixels: &[u8]) -> Vec<u8> {
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
}

/// The colour of each pixel of [3, rows, columns].
pub fn pixels_of(planes: &[u8]) -> impl Iterator<Item = [u8; 3]> {
    let pixels = planes.len() / 3;
    (0..pixels).map(move |at| [planes[at], planes[pixels + at], planes[2 * pixels + at]])
}

fn to_grey(picture: &DynamicImage) -> Cow<'_, GrayImage> {
    if !picture.color().has_color() {
        return picture.as_luma8().map_or_else(|| Cow::Owned(picture.to_luma8()), Cow::Borrowed);
    }
    let rgb = rgb_of(picture);
    Cow::Owned(GrayImage::from_fn(rgb.width(), rgb.height(), |x, y| Luma([grey_of(rgb.get_pixel(x, y).0)])))
}

/// A picture in colour, itself where it is so already.
fn rgb_of(picture: &DynamicImage) -> Cow<'_, RgbImage> {
    picture.as_rgb8().map_or_else(|| Cow::Owned(picture.to_rgb8()), Cow::Borrowed)
}

/// A picture in colour and with its opacity, itself where it is so already.
fn rgba_of(picture: &DynamicImage) -> Cow<'_, RgbaImage> {
    picture.as_rgba8().map_or_else(|| Cow::Owned(picture.to_rgba8()), Cow::Borrowed)
}

/// A grey picture on both grounds.
struct Layers {
    on_black: GrayImage,
    on_white: GrayImage,
}

/// A channel of which `alpha` of 255 is seen over `ground`, to nearest.
fn over(channel: u8, alpha: u8, ground: u32) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    ((channel * alpha + ground * (255 - alpha) + 127) / 255) as u8
}

/// A picture that one can see through, in grey on both grounds, with its ink; nothing where every pixel is opaque.
fn with_alpha(picture: &DynamicImage) -> Option<(Layers, u8)> {
    if !picture.color().has_alpha() {
        return None;
    }
    let (width, height) = (picture.width(), picture.height());
    let mut layers = Layers { on_black: GrayImage::new(width, height), on_white: GrayImage::new(width, height) };
    let (mut ink, mut opacity) = (0u64, 0u64);
    let mut put = |(x, y): (u32, u32), grey: u8, alpha: u8| {
        layers.on_black.put_pixel(x, y, Luma([over(grey, alpha, 0)]));
        layers.on_white.put_pixel(x, y, Luma([over(grey, alpha, 255)]));
        ink += u64::from(grey) * u64::from(alpha);
        opacity += u64::from(alpha);
    };
    if picture.color().has_color() {
        for (x, y, image::Rgba([red, green, blue, alpha])) in rgba_of(picture).enumerate_pixels() {
            put((x, y), grey_of([*red, *green, *blue]), *alpha);
        }
    } else {
        for (x, y, image::LumaA([grey, alpha])) in picture.to_luma_alpha8().enumerate_pixels() {
            put((x, y), *grey, *alpha);
        }
    }
    let is_clear = opacity < 255 * u64::from(width) * u64::from(height);
    is_clear.then(|| (layers, ink.checked_div(opacity).unwrap_or(0) as u8))
}

/// An image whose channels are bytes.
type Bytes<P> = ImageBuffer<P, Vec<u8>>;

/// The middle of `image` in the proportions of `size`, not copied, and whether anything was cut off.
fn middle<P: Pixel<Subpixel = u8> + 'static>(
    image: &Bytes<P>,
    [rows, columns]: [usize; 2],
) -> (SubImage<&Bytes<P>>, bool) {
    let (width, height) = image.dimensions();
    let part = |side: u32, of: usize, to: usize| {
        let part = u64::from(side) * of as u64 / to as u64;
        u32::try_from(part.max(1)).unwrap_or(u32::MAX)
    };
    // Of two that fit the height or the width, the one within the picture.
    let (cut_width, cut_height) = match part(height, columns, rows) {
        fits if fits <= width => (fits, height),
        _ => (width, part(width, rows, columns).min(height)),
    };
    let (x, y) = ((width - cut_width) / 2, (height - cut_height) / 2);
    (crop_imm(image, x, y, cut_width, cut_height), (cut_width, cut_height) != (width, height))
}

/// Cuts and scales by averaging.
fn fit<P: Pixel<Subpixel = u8> + 'static>(image: &Bytes<P>, size: [usize; 2]) -> (Bytes<P>, Framing) {
    let (middle, cropped) = middle(image, size);
    let (width, height) = (size[1] as u32, size[0] as u32);
    let scaled = middle.dimensions() != (width, height);
    // The triangle is as wide as the reduction: it averages over all of what becomes one pixel.
    let fitted = if scaled { resize(&*middle, width, height, FilterType::Triangle) } else { middle.to_image() };
    (fitted, Framing { cropped, scaled, ..Framing::default() })
}

/// Cuts and scales by a whole factor, pixel by pixel, where that loses nothing: up, or down from squares of one colour each.
fn fit_in_steps<P: Pixel<Subpixel = u8> + PartialEq + 'static>(
    image: &Bytes<P>,
    size: [usize; 2],
) -> Option<(Bytes<P>, Framing)> {
    let (middle, cropped) = middle(image, size);
    let ((from_width, from_height), (width, height)) = (middle.dimensions(), (size[1] as u32, size[0] as u32));
    let done = Framing { cropped, scaled: true, stepped: true, greyed: false };
    let factor = |large: [u32; 2], small: [u32; 2]| {
        let factor = large[0] / small[0];
        (factor > 1 && [small[0] * factor, small[1] * factor] == large).then_some(factor)
    };
    if let Some(factor) = factor([width, height], [from_width, from_height]) {
        let up = Bytes::from_fn(width, height, |x, y| middle.get_pixel(x / factor, y / factor));
        return Some((up, done));
    }
    let factor = factor([from_width, from_height], [width, height])?;
    let small = Bytes::from_fn(width, height, |x, y| middle.get_pixel(x * factor, y * factor));
    let same = middle.pixels().all(|(x, y, pixel)| *small.get_pixel(x / factor, y / factor) == pixel);
    same.then_some((small, done))
}

#[cfg(test)]
mod tests {
    use image::{LumaA, Rgba};

    use super::*;

    fn frame(picture: &DynamicImage, side: usize) -> Framed {
        frame_grey(picture, [side; 2])
    }

    #[test]
    fn a_picture_of_the_right_size_is_taken_byte_by_byte() {
        let bytes: Vec<u8> = (0..16).collect();
        let picture = DynamicImage::ImageLuma8(GrayImage::from_raw(4, 4, bytes.clone()).unwrap());
        let framed = frame(&picture, 4);
        assert_eq!((framed.on_black, framed.done, framed.on_white), (bytes.clone(), Framing::default(), None));
        assert_eq!(frame_bytes(&bytes, [1, 4, 4], [4, 4]), bytes);
    }

    #[test]
    fn the_middle_is_cut_out_and_averaged_down() {
        // Three squares side by side, black, grey and white: the middle one is what stays.
        let wide = GrayImage::from_fn(24, 8, |x, _| image::Luma([[0, 100, 255][x as usize / 8]]));
        let Framed { on_black: bytes, done, .. } = frame(&DynamicImage::ImageLuma8(wide.clone()), 4);
        assert_eq!(bytes, [100; 16]);
        assert_eq!(done, Framing { cropped: true, scaled: true, ..Framing::default() });
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
    #[test]
    fn a_rectangle_is_cut_in_its_own_proportions() {
        // Ten columns of which the middle five make 2 to 1 with ten rows.
        let wide = GrayImage::from_fn(10, 10, |x, _| Luma([if (2..7).contains(&x) { 200 } else { 0 }]));
        let framed = frame_grey(&DynamicImage::ImageLuma8(wide), [4, 2]);
        assert_eq!((framed.on_black, framed.done.cropped), (vec![200; 8], true));
        let flat = frame_grey(&DynamicImage::ImageLuma8(GrayImage::new(3, 1)), [40, 1]);
        assert_eq!(flat.on_black.len(), 40);
    }

    #[test]
    fn colour_is_kept_in_planes_and_pixel_art_in_its_own_colours() {
        let art = RgbImage::from_fn(2, 2, |x, y| {
            Rgb([[250, 0, 0], [0, 240, 0], [0, 0, 230], [9, 9, 9]][(2 * y + x) as usize])
        });
        let planes = [250, 0, 0, 9, 0, 240, 0, 9, 0, 0, 230, 9];
        let framed = frame_rgb(&art.clone().into(), [2, 2]);
        assert_eq!((&framed.on_black[..], framed.done), (&planes[..], Framing::default()));
        // Twice and thrice as large, and back: no colour that it did not have.
        let stepped = Framing { scaled: true, stepped: true, ..Framing::default() };
        for factor in [2, 3] {
            let large = frame_rgb(&art.clone().into(), [2 * factor; 2]);
            assert_eq!(large.done, stepped);
            assert_eq!(frame_bytes(&planes, [3, 2, 2], [2 * factor; 2]), large.on_black);
            let back = frame_bytes(&large.on_black, [3, 2 * factor, 2 * factor], [2, 2]);
            assert_eq!(back, planes, "{factor}");
        }
        // What is no such picture is averaged.
        let photo = RgbImage::from_fn(4, 4, |x, _| Rgb([if x % 2 == 0 { 0 } else { 200 }, 0, 0]));
        let small = frame_rgb(&photo.into(), [2, 2]);
        assert!(!small.done.stepped && small.on_black[..4].iter().all(|byte| byte.abs_diff(100) < 40), "{small:?}");
    }

    #[test]
    fn a_coloured_drawing_is_seen_on_both_grounds() {
        let mut clear = RgbaImage::from_pixel(1, 2, Rgba([255, 0, 0, 255]));
        clear.put_pixel(0, 1, Rgba([0, 200, 0, 128]));
        let framed = frame_rgb(&clear.into(), [2, 1]);
        assert_eq!(framed.on_black, [255, 0, 0, 100, 0, 0]);
        assert_eq!(framed.on_white.unwrap(), [255, 127, 0, 227, 0, 127]);
    }

    #[test]
    fn whether_it_shows_colours_is_asked_for_beside_how_it_is_wanted() {
        let grey = DynamicImage::ImageLuma8(GrayImage::from_pixel(2, 2, Luma([7])));
        let red = DynamicImage::ImageRgb8(RgbImage::from_pixel(2, 2, Rgb([200, 0, 0])));
        for (picture, shows, in_grey, in_colour) in [(grey, false, 7, [7; 3]), (red, true, 60, [200, 0, 0])] {
            for looked_at in [None, Some([1, 1])] {
                let of = |in_colour| super::frame(&picture, Wanted { size: [2, 2], in_colour, looked_at });
                let (one, three) = (of(false), of(true));
                assert_eq!(one.framed.on_black, [in_grey; 4]);
                assert_eq!(three.framed.on_black, in_colour.map(|channel| [channel; 4]).concat());
                let expected = shows && looked_at.is_some();
                assert_eq!([one.is_coloured, three.is_coloured], [expected; 2], "{looked_at:?}");
            }
        }
    }

    #[test]
    fn what_has_no_colours_is_the_same_in_colour_whichever_way_it_is_kept() {
        let shade = |x: u32, y: u32| (x * 37 + y * 91) as u8;
        for size in [[3, 5], [16, 8], [4, 4], [12, 9]] {
            let grey = GrayImage::from_fn(8, 6, |x, y| Luma([shade(x, y)]));
            let rgb = RgbImage::from_fn(8, 6, |x, y| Rgb([shade(x, y); 3]));
            assert_eq!(frame_rgb(&grey.into(), size), frame_rgb(&rgb.into(), size), "{size:?}");
            let grey = image::GrayAlphaImage::from_fn(8, 6, |x, y| LumaA([shade(x, y), shade(y, x)]));
            let rgba = RgbaImage::from_fn(8, 6, |x, y| {
                let s = shade(x, y);
                Rgba([s, s, s, shade(y, x)])
            });
            assert_eq!(frame_rgb(&grey.into(), size), frame_rgb(&rgba.into(), size), "{size:?} with opacity");
        }
    }
}
