//! Any ONNX generator of pictures, for `trainer evaluate`: what `interface` makes of a file, as a judge sees it.
//!
//! The judge knows one channel. So colour is put into grey by the weights that pictures of a data set are ([`luminance`]),
//! what is see-through lies on black, and a model that overshoots is cut off at black and white, as every screen does.

use std::path::Path;

use interface::{Range, Refusal, Wishes};

use failure::{Failure, Result};

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
        let opened = interface::Generator::open(path, &wishes).map_err(|error| {
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

    /// What was found out of it, and is no matter of course: in words, or nothing.
    pub fn remark(&self) -> Option<String> {
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
            3 => remarks.push("colour is judged as grey".to_owned()),
            _ => remarks.push("it is judged as grey, on black".to_owned()),
        }
        remarks.extend(self.inner.interface().rewritten.iter().cloned());
        (!remarks.is_empty()).then(|| format!("`{}`: {}", self.name, remarks.join("; ")))
    }

    /// Draws pictures as the judge takes them, of the classes in turn where there are some: grey, from -1 to 1.
    /// z: [n, latent] -> [n, rows · columns].
    ///
    /// # Errors
    /// A model that cannot be run, or gives pixels that are no numbers.
    pub fn generate(&mut self, z: &[f32]) -> Result<Vec<f32>> {
        let refused = |reason: String| Failure::failed(format!("`{}` cannot be run: {reason}", self.name));
        let asked = self.asked(z.len() / self.inner.latent_size());
        let classes: Vec<u32> = asked.into_iter().map(|class| class as u32).collect();
        let images = self.inner.generate(z, &classes).map_err(|refusal| refused(refusal.to_string()))?;
        let [channels, rows, columns] = self.inner.image_shape();
        if let Some(place) = images.iter().position(|pixel| !pixel.is_finite()) {
            let picture = place / (channels * rows * columns);
            return Err(refused(format!("picture {picture} holds a pixel that is no number")));
        }
        Ok(grey(images, channels, rows * columns))
    }
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
            // Opacity runs from -1 to 1 too, and black is -1.
            if channels == 4 { (seen + 1.0) * (at(3) + 1.0) / 2.0 - 1.0 } else { seen }
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
    fn pictures_become_grey_and_are_cut_off() {
        assert_eq!(grey(vec![-3.0, 0.5, 2.0, -1.0], 1, 2), [-1.0, 0.5, 1.0, -1.0]);
        let red_and_white = [[1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]].concat();
        let found = grey(red_and_white.clone(), 3, 2);
        assert!((found[0] - (2.0 * 0.299 - 1.0)).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
        // See-through, and seen: the ground, and white.
        let found = grey([red_and_white, vec![-1.0, 1.0]].concat(), 4, 2);
        assert!((found[0] + 1.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
    }
}
