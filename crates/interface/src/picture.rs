//! What a model gives: which output is the picture, and how its numbers lie.

use std::fmt;
use std::str::FromStr;

use crate::onnx::element_name;
use crate::refusal::{Refusal, short};

/// No side of a picture is longer.
const SIDE_LIMIT: usize = 4096;
/// No picture has more numbers: 1024 x 1024 with opacity.
const PIXELS_LIMIT: usize = 4 * 1024 * 1024;
/// The smallest picture without a shape is 4 by 4: what is shorter is a judgement, not a picture.
const FLAT_LEAST: usize = 16;

/// An output as it came out of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub name: String,
    /// ONNX's number for the type of its numbers.
    pub element: i32,
    /// Its sizes, the batch among them.
    pub dims: Vec<usize>,
}

/// The output that is the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The output's name.
    pub name: String,
    /// 1 grey, 2 grey with opacity, 3 colour, 4 colour with opacity.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// How the numbers lie.
    pub layout: Layout,
}

/// How the numbers of pictures lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// [batch, channels, height, width]: PyTorch's.
    Nchw,
    /// [batch, height, width, channels]: Keras's.
    Nhwc,
    /// [batch, height, width]: grey, without a dimension for it.
    Nhw,
    /// [batch, pixels], a square picture, its channels one after the other.
    Flat,
}

const LAYOUTS: [(Layout, &str); 4] =
    [(Layout::Nchw, "nchw"), (Layout::Nhwc, "nhwc"), (Layout::Nhw, "nhw"), (Layout::Flat, "flat")];

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(LAYOUTS.iter().find(|(layout, _)| layout == self).expect("all are listed").1)
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = LAYOUTS.iter().find(|(_, name)| *name == text);
        found.map(|(layout, _)| *layout).ok_or_else(|| format!("`{text}` is no layout: nchw, nhwc, nhw or flat"))
    }
}

impl Picture {
    /// Numbers in one picture.
    pub fn pixels(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Which of a run's outputs is the picture. `batch`: how many were drawn; `output` and `layout`: what the user said.
    ///
    /// # Errors
    /// A [`Refusal`] if none is, or what the user said is not so.
    pub fn among(
        outputs: &[Given],
        batch: usize,
        output: Option<&str>,
        layout: Option<Layout>,
    ) -> Result<(usize, Picture), Refusal> {
        let told = || outputs.iter().take(4).map(describe).collect::<Vec<_>>().join("; ");
        if let Some(name) = output
            && !outputs.iter().any(|given| given.name == name)
        {
            return Err(Refusal::Wish {
                what: format!("the model has no output `{}`; it gives {}", short(name), told()),
            });
        }
        let candidates = outputs.iter().enumerate().filter(|(_, given)| output.is_none_or(|name| given.name == name));
        let pictures = candidates.filter_map(|(index, given)| Some((index, read(given, batch, layout)?)));
        // What has the shape of a picture goes before what could be one; then the larger one, then the first.
        let best = pictures.max_by_key(|(index, picture)| {
            (picture.layout != Layout::Flat, picture.pixels(), std::cmp::Reverse(*index))
        });
        let Some((index, picture)) = best else {
            if layout.is_some() || output.is_some() {
                return Err(Refusal::Wish {
                    what: format!("that is not how the model's pictures lie: it gives {}", told()),
                });
            }
            return Err(Refusal::NoGenerator {
                what: format!("the model gives no picture: it gives {}", told()),
                hint: "a picture is [batch, 1 to 4 channels, height, width], the channels first or last, or a flat square; \
                       take the generator's file",
            });
        };
        if picture.pixels() > PIXELS_LIMIT {
            let what = format!("a picture has {} numbers, at most {PIXELS_LIMIT} are taken", picture.pixels());
            return Err(Refusal::TooLarge { what });
        }
        Ok((index, picture))
    }

    /// Puts the numbers of pictures into the order [n, channels, height, width].
    pub fn planar(&self, values: &[f32]) -> Vec<f32> {
        if self.layout != Layout::Nhwc || self.channels == 1 {
            return values.to_vec();
        }
        let plane = self.height * self.width;
        let mut planar = Vec::with_capacity(values.len());
        for picture in values.chunks_exact(plane * self.channels) {
            for channel in 0..self.channels {
                planar.extend((0..plane).map(|pixel| picture[pixel * self.channels + channel]));
            }
        }
        planar
    }
}

fn describe(given: &Given) -> String {
    let sizes: Vec<String> = given.dims.iter().map(usize::to_string).collect();
    format!("`{}`, {} [{}]", short(&given.name), element_name(given.element), sizes.join(", "))
}

/// One output as a picture.
fn read(given: &Given, batch: usize, wish: Option<Layout>) -> Option<Picture> {
    // Text and truth values are no pixels.
    if matches!(given.element, 8 | 9) {
        return None;
    }
    let total = given.dims.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
    if batch == 0 || total == 0 || !total.is_multiple_of(batch) {
        return None;
    }
    let numbers = total / batch;
    let allowed = |layout| wish.is_none_or(|wish| wish == layout);
    let made = |channels: usize, height: usize, width: usize, layout: Layout| {
        let sides = (2..=SIDE_LIMIT).contains(&height) && (2..=SIDE_LIMIT).contains(&width);
        (sides && (1..=4).contains(&channels) && channels * height * width == numbers && allowed(layout))
            .then(|| Picture { name: given.name.clone(), channels, height, width, layout })
    };
    // Without the batch, and without ones in front that say nothing.
    let mut dims = match given.dims.split_first() {
        Some((&first, rest)) if first == batch => rest,
        _ => &given.dims,
    };
    while dims.len() > 3 && dims[0] == 1 {
        dims = &dims[1..];
    }
    let shaped = match *dims {
        [a, b, c] => {
            // Where both could be, the picture with the longer of the shorter sides is meant, and else it is PyTorch's.
            let side = |picture: &Picture| picture.height.min(picture.width);
            match (made(a, b, c, Layout::Nchw), made(c, a, b, Layout::Nhwc)) {
                (Some(first), Some(last)) if side(&last) > side(&first) => Some(last),
                (first, last) => first.or(last),
            }
        }
        // Two of several pixels: a row of as many numbers as a batch has pictures is none.
        [a, b] if a >= 4 && b >= 4 => made(1, a, b, Layout::Nhw),
        _ => None,
    };
    shaped.or_else(|| {
        if numbers < FLAT_LEAST || dims.iter().filter(|&&size| size > 1).count() > 1 && wish.is_none() {
            return None;
        }
        [1, 3].into_iter().filter(|channels| numbers.is_multiple_of(*channels)).find_map(|channels| {
            let side = (numbers / channels).isqrt();
            made(channels, side, side, Layout::Flat)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, dims: &[usize]) -> Given {
        Given { name: name.into(), element: 1, dims: dims.to_vec() }
    }

    #[test]
    fn pictures_are_told_by_their_shape() {
        for (dims, batch, expected) in [
            (&[1, 1, 28, 28][..], 1, Some((1, 28, 28, Layout::Nchw))),
            (&[64, 3, 32, 48], 64, Some((3, 32, 48, Layout::Nchw))),
            (&[1, 28, 28, 1], 1, Some((1, 28, 28, Layout::Nhwc))),
            (&[1, 64, 64, 3], 1, Some((3, 64, 64, Layout::Nhwc))),
            (&[1, 4, 32, 32], 1, Some((4, 32, 32, Layout::Nchw))),
            (&[1, 2, 32, 32], 1, Some((2, 32, 32, Layout::Nchw))),
            (&[1, 3, 4, 4], 1, Some((3, 4, 4, Layout::Nchw))),
            (&[1, 4, 4, 3], 1, Some((3, 4, 4, Layout::Nhwc))),
            (&[1, 3, 3, 3], 1, Some((3, 3, 3, Layout::Nchw))),
            (&[1, 28, 28], 1, Some((1, 28, 28, Layout::Nhw))),
            (&[5, 28, 28], 5, Some((1, 28, 28, Layout::Nhw))),
            (&[3, 64, 64], 1, Some((3, 64, 64, Layout::Nchw))),
            (&[1, 784], 1, Some((1, 28, 28, Layout::Flat))),
            (&[2, 3072], 2, Some((3, 32, 32, Layout::Flat))),
            (&[64, 1], 1, Some((1, 8, 8, Layout::Flat))),
            (&[128, 1], 2, Some((1, 8, 8, Layout::Flat))),
            (&[1, 1, 1, 3, 8, 8], 1, Some((3, 8, 8, Layout::Nchw))),
            (&[1, 1], 1, None),
            (&[1, 10], 1, None),
            (&[1, 16, 8, 8], 1, None),
            (&[1, 785], 1, None),
            (&[3, 784], 2, None),
            (&[], 1, None),
            (&[0, 3, 8, 8], 1, None),
        ] {
            let found = Picture::among(&[given("y", dims)], batch, None, None).ok();
            let found = found.map(|(_, picture)| (picture.channels, picture.height, picture.width, picture.layout));
            assert_eq!(found, expected, "{dims:?}, batch {batch}");
        }
    }

    #[test]
    fn of_several_outputs_the_picture_is_taken() {
        let outputs = [given("features", &[1, 64]), given("image", &[1, 3, 8, 8]), given("small", &[1, 3, 4, 4])];
        let name = |output, layout| Picture::among(&outputs, 1, output, layout).map(|(_, picture)| picture.name);
        assert_eq!(name(None, None).unwrap(), "image");
        assert_eq!(name(Some("small"), None).unwrap(), "small");
        assert_eq!(name(Some("features"), None).unwrap(), "features");
        assert_eq!(name(None, Some(Layout::Flat)).unwrap(), "image", "64 numbers are fewer than 192");
        assert!(name(Some("nothing"), None).unwrap_err().to_string().starts_with("the model has no output `nothing`"));
        assert!(name(Some("features"), Some(Layout::Nhwc)).is_err());
    }

    #[test]
    fn channels_that_come_last_are_put_first() {
        let picture = Picture { name: "y".into(), channels: 3, height: 1, width: 2, layout: Layout::Nhwc };
        assert_eq!(picture.planar(&[1., 2., 3., 4., 5., 6.]), [1., 4., 2., 5., 3., 6.]);
        let planar = Picture { layout: Layout::Nchw, ..picture };
        assert_eq!(planar.planar(&[1., 2., 3., 4., 5., 6.]), [1., 2., 3., 4., 5., 6.]);
    }
}
