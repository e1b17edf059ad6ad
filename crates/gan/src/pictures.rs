//! The pictures that a run is trained on or judged by, as bytes.

use multiversion::multiversion;

/// Says what all pictures of a set have in common: their sizes, and how many classes their labels tell apart. Both networks
/// follow from it and the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Gives [channels, rows, columns] of a picture.
    pub image: [usize; 3],
    /// Counts the classes: every label is below it. 0 where pictures have none.
    pub classes: usize,
}

impl DataShape {
    /// Makes the shape of grey pictures without classes.
    pub fn grey(rows: usize, columns: usize) -> Self {
        Self { image: [1, rows, columns], classes: 0 }
    }

    /// Gives the same pictures with `classes` classes.
    pub fn with_classes(self, classes: usize) -> Self {
        Self { classes, ..self }
    }

    /// Counts the numbers of a picture: channels times rows times columns.
    pub fn pixels(&self) -> usize {
        self.image.iter().product()
    }
}

/// Holds pictures of one size as bytes, 0 black to 255 white, with their labels.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Holds the pixels: [count, pixels], row-major, a byte each.
    pub bytes: Vec<u8>,
    /// Gives each picture's class: [count].
    pub labels: Vec<u16>,
    /// Says how large each picture is, and how many classes there are.
    pub shape: DataShape,
}

impl Pictures {
    /// Counts the pictures, by their labels.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// Counts the numbers of a picture, a byte each.
    pub fn pixels(&self) -> usize {
        self.shape.pixels()
    }

    /// Gives the bytes of picture `index`, counted from 0: [pixels].
    ///
    /// # Panics
    /// If there is no such picture.
    pub fn picture(&self, index: u32) -> &[u8] {
        let pixels = self.pixels();
        &self.bytes[index as usize * pixels..][..pixels]
    }

    /// Gives the class of picture `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such picture.
    pub fn label(&self, index: u32) -> usize {
        usize::from(self.labels[index as usize])
    }

    /// Gives the CRC-32 of the pixels, by which a data set is known again.
    pub fn checksum(&self) -> u32 {
        crc32fast::hash(&self.bytes)
    }

    /// Gives these pictures and the mirror image of each, left for right, after them: twice as many.
    pub fn and_mirrored(mut self) -> Self {
        let columns = self.shape.image[2].max(1);
        let mut mirrored = self.bytes.clone();
        mirrored.chunks_exact_mut(columns).for_each(<[u8]>::reverse);
        self.bytes.extend(mirrored);
        self.labels.extend_from_within(..);
        self
    }

    /// Writes picture `index`, scaled to [-1, 1], to `out`: [pixels].
    ///
    /// # Panics
    /// If there is no such picture.
    pub fn scaled(&self, index: u32, out: &mut [f32]) {
        scale_bytes(self.picture(index), out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw", "x86_64+avx2"))]
fn scale_bytes(bytes: &[u8], out: &mut [f32]) {
    for (slot, &byte) in out.iter_mut().zip(bytes) {
        *slot = scale_byte(byte);
    }
}

/// Maps a byte to [-1, 1]: 0, black, to -1 and 255, white, to 1.
#[inline(always)]
pub fn scale_byte(byte: u8) -> f32 {
    f32::from(byte) * (2.0 / 255.0) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_span_minus_one_to_one() {
        assert_eq!((scale_byte(0), scale_byte(255)), (-1.0, 1.0));
        assert!(scale_byte(127) < 0.0 && scale_byte(128) > 0.0);
    }
    #[test]
    fn mirror_images_come_after_the_pictures_with_their_classes() {
        let shape = DataShape { image: [2, 2, 2], classes: 2 };
        let both = Pictures { bytes: (0..16).collect(), labels: vec![0, 1], shape }.and_mirrored();
        assert_eq!((both.count(), &both.labels[..]), (4, &[0, 1, 0, 1][..]));
        assert_eq!(both.picture(2), [1, 0, 3, 2, 5, 4, 7, 6]);
        assert_eq!(both.picture(1)[0], 8);
    }
}
