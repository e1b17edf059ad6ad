//! Any ONNX generator of pictures, for `trainer evaluate`: what `interface` makes of a file, as a judge sees it.
//!
//! Thousands are drawn, in parts that fit into memory, each on all cores. Where the judge knows one channel, colour is put into
//! grey by the weights that pictures of a data set are ([`luminance`]); what is see-through lies on black, and a model that
//! overshoots is cut off at black and white, as every screen does.

use std::path::Path;

use interface::{Range, Refusal, Wishes};

use failure::{Failure, Result};

/// Numbers of pictures that are drawn and not yet put into the judge's form: 64 MB.
const NUMBERS_AT_A_TIME: usize = 16 << 20;

/// A generator read from a file.
pub struct Generator {
    name: String,
    inner: interface::Generator,
}

impl Generator {
    /// Reads `path`, and files beside it that it keeps weights in. `range`: what its black and white are; else that is found out.
    ///
    /// # Errors
    /// A file that cannot be read, is no ONNX, or is no generator.
    pub fn open(path: &Path, range: Option<Range>) -> Result<Self> {
        let name = path.display().to_string();
        let wishes = Wishes { range, ..Wishes::default() };
        let opened = interface::Generator::open_for_many(path, &wishes).map_err(|error| {
            Failure::failed(format!("`{name}` cannot be read: {error}")).hint("give the path of an ONNX generator")
        })?;
        let refused =
            |refusal: Refusal| Failure::failed(format!("`{name}` cannot be judged: {refusal}")).hint(refusal.hint());
        let inner = opened.map_err(refused)?;
        Ok(Self { name, inner })
    }

    /// Coordinates of z.
    pub fn latent(&self) -> usize {
        self.inner.latent_size()
    }

    /// Whether its pictures have colours.
    pub fn is_coloured(&self) -> bool {
        self.inner.image_shape()[0] > 1
    }

    /// Rows and columns of a picture.
    pub fn size(&self) -> [usize; 2] {
        let [_, rows, columns] = self.inner.image_shape();
        [rows, columns]
    }

    /// How many classes it can be asked for; 0 where it takes none.
    pub fn classes(&self) -> usize {
        self.inner.classes()
    }

    /// The classes that `count` pictures are drawn of: all in turn, and none where there are none.
    pub fn asked(&self, count: usize) -> Vec<usize> {
        (0..count).filter_map(|picture| picture.checked_rem(self.classes())).collect()
    }

    /// What the model's numbers are taken to mean.
    pub fn range(&self) -> Range {
        self.inner.interface().range
    }

    /// What was found out of it, and is no matter of course: in words, or nothing. `in_colour`: how it is judged.
    pub fn remark(&self, in_colour: bool) -> Option<String> {
        let mut remarks = Vec::new();
        match self.range() {
            Range::Signed => (),
            range => remarks.push(format!("black and white are {range}")),
        }
        match self.inner.classes() {
            0 => (),
            count => remarks.push(format!("{count} classes are drawn evenly")),
        }
        match self.inner.image_shape()[0] {
            1 => (),
            3 if in_colour => (),
            _ if in_colour => remarks.push("it is judged on black".to_owned()),
            3 => remarks.push("colour is judged as grey".to_owned()),
            _ => remarks.push("it is judged as grey, on black".to_owned()),
        }
        remarks.extend(self.inner.interface().rewritten.iter().cloned());
        (!remarks.is_empty()).then(|| format!("`{}`: {}", self.name, remarks.join("; ")))
    }

    /// Draws pictures as the judge takes them, of the classes in turn where there are some: from -1 to 1, in the channels, rows
    /// and columns of `shape`, grey of one channel or, of a model in colour, three. z: [n, latent] -> [n, channels · rows · columns].
    /// The number of threads changes no bit.
    ///
    /// # Errors
    /// A model that cannot be run, or gives pixels that are no numbers.
    pub fn generate(&mut self, z: &[f32], shape: [usize; 3], threads: usize) -> Result<Vec<f32>> {
        let latent = self.inner.latent_size();
        let asked = self.asked(z.len() / latent);
        let classes: Vec<u32> = asked.into_iter().map(|class| class as u32).collect();
        let name = &self.name;
        let refused = |reason: String| Failure::failed(format!("`{name}` cannot be run: {reason}"));
        let [channels, rows, columns] = self.inner.image_shape();
        let pixels = channels * rows * columns;
        // Whole rounds, so that where the parts begin changes nothing.
        let round = self.inner.at_once();
        let part = (NUMBERS_AT_A_TIME / pixels / round).max(1) * round;
        let [judged, size @ ..] = shape;
        let mut pictures = Vec::with_capacity(z.len() / latent * shape.iter().product::<usize>());
        for (index, z) in z.chunks(part * latent).enumerate() {
            let first = (index * part).min(classes.len());
            let classes = &classes[first..(first + part).min(classes.len())];
            let images =
                self.inner.generate_many(z, classes, threads).map_err(|refusal| refused(refusal.to_string()))?;
            if let Some(place) = images.iter().position(|pixel| !pixel.is_finite()) {
                let picture = index * part + place / pixels;
                return Err(refused(format!("picture {picture} holds a pixel that is no number")));
            }
            let planes = match judged {
                1 => grey(images, channels, rows * columns),
                _ => coloured(images, channels, rows * columns),
            };
            if size == [rows, columns] {
                pictures.extend(planes);
            } else {
                planes.chunks_exact(rows * columns).for_each(|one| pictures.extend(scaled(one, [rows, columns], size)));
            }
        }
        Ok(pictures)
    }
}

/// A picture [rows, columns] in others: each new pixel is the mean of what it covers.
fn scaled(picture: &[f32], [rows, columns]: [usize; 2], [new_rows, new_columns]: [usize; 2]) -> Vec<f32> {
    let narrow: Vec<f32> = picture.chunks_exact(columns).flat_map(|row| means(row, 1, columns, new_columns)).collect();
    debug_assert_eq!(narrow.len(), rows * new_columns);
    let mut small = vec![0.0; new_rows * new_columns];
    for column in 0..new_columns {
        for (row, mean) in means(&narrow[column..], new_columns, rows, new_rows).into_iter().enumerate() {
            small[row * new_columns + column] = mean;
        }
    }
    small
}

/// Every `step`th of `values`, `count` of them, as the means of `new` equal stretches.
fn means(values: &[f32], step: usize, count: usize, new: usize) -> Vec<f32> {
    let stretch = count as f64 / new as f64;
    let mean = |place: usize| {
        let (start, end) = (place as f64 * stretch, (place + 1) as f64 * stretch);
        let covered = start.floor() as usize..(end.ceil() as usize).min(count);
        let sum: f64 = covered
            .map(|index| {
                let share = (end.min(index as f64 + 1.0) - start.max(index as f64)).max(0.0);
                share * f64::from(values[index * step])
            })
            .sum();
        (sum / stretch) as f32
    };
    (0..new).map(mean).collect()
}

/// [n, 3 or 4, pixels] as [n, 3, pixels], cut off at -1 and 1, and what is see-through on black.
fn coloured(images: Vec<f32>, channels: usize, pixels: usize) -> Vec<f32> {
    let cut = |pixel: f32| pixel.clamp(-1.0, 1.0);
    if channels == 3 {
        return images.into_iter().map(cut).collect();
    }
    let mut coloured = Vec::with_capacity(images.len() / channels * 3);
    for image in images.chunks_exact(channels * pixels) {
        let (colours, opacity) = image.split_at(3 * pixels);
        coloured
            .extend(colours.iter().enumerate().map(|(at, &colour)| on_black(cut(colour), cut(opacity[at % pixels]))));
    }
    coloured
}

/// What is seen of a number from -1, black, to 1 on black; opacity runs from -1 to 1 too.
fn on_black(seen: f32, opacity: f32) -> f32 {
    (seen + 1.0) * (opacity + 1.0) / 2.0 - 1.0
}

/// [n, channels, pixels] as [n, pixels], cut off at -1 and 1.
fn grey(images: Vec<f32>, channels: usize, pixels: usize) -> Vec<f32> {
    let cut = |pixel: f32| pixel.clamp(-1.0, 1.0);
    if channels == 1 {
        return images.into_iter().map(cut).collect();
    }
    let mut grey = Vec::with_capacity(images.len() / channels);
    for image in images.chunks_exact(channels * pixels) {
        grey.extend((0..pixels).map(|pixel| {
            let at = |channel: usize| cut(image[channel * pixels + pixel]);
            let seen = luminance([at(0), at(1), at(2)]);
            if channels == 4 { on_black(seen, at(3)) } else { seen }
        }));
    }
    grey
}

/// The grey of a colour, by the weights of `data`'s `grey_of`: those of ITU-R BT.601.
fn luminance([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_picture_is_the_means_of_what_it_covers() {
        let picture: Vec<f32> = (0..24).map(|index| index as f32).collect();
        // Squares of two: [0, 1, 6, 7] and so on.
        assert_eq!(scaled(&picture, [4, 6], [2, 3]), [3.5, 5.5, 7.5, 15.5, 17.5, 19.5]);
        // Stretches of one and a half.
        assert_eq!(means(&[0.0, 3.0, 6.0], 1, 3, 2), [1.0, 5.0]);
        // Larger: each covers a part of one.
        assert_eq!(scaled(&[1.0, 2.0, 3.0, 4.0], [2, 2], [2, 4]), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
        let grey = scaled(&[0.25; 30 * 30], [30, 30], [28, 28]);
        assert!(grey.len() == 28 * 28 && grey.iter().all(|pixel| (pixel - 0.25).abs() < 1e-6), "grey stays grey");
    }

    #[test]
    fn pictures_become_grey_and_are_cut_off() {
        assert_eq!(grey(vec![-3.0, 0.5, 2.0, -1.0], 1, 2), [-1.0, 0.5, 1.0, -1.0]);
        assert_eq!(coloured(vec![-3.0, 0.5, 2.0], 3, 1), [-1.0, 0.5, 1.0]);
        // Red half seen through, on black.
        assert_eq!(coloured(vec![1.0, -1.0, -1.0, 0.0], 4, 1), [0.0, -1.0, -1.0]);
        let red_and_white = [[1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]].concat();
        let found = grey(red_and_white.clone(), 3, 2);
        assert!((found[0] - (2.0 * 0.299 - 1.0)).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
        // See-through, and seen: the ground, and white.
        let found = grey([red_and_white, vec![-1.0, 1.0]].concat(), 4, 2);
        assert!((found[0] + 1.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
    }
}
