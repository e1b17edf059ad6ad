//! The pictures that a run is trained on or judged by, as bytes.

use multiversion::multiversion;

/// Pictures of one size as bytes, 0 black to 255 white, with their labels.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// `count * pixels` bytes, row-major.
    pub bytes: Vec<u8>,
    /// One label a picture.
    pub labels: Vec<u16>,
    /// Rows times columns.
    pub pixels: usize,
}

impl Pictures {
    /// Number of pictures.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The bytes of picture `index`: [pixels].
    pub fn picture(&self, index: u32) -> &[u8] {
        &self.bytes[index as usize * self.pixels..][..self.pixels]
    }

    /// CRC-32 of the pixels, by which a data set is known again.
    pub fn checksum(&self) -> u32 {
        crc32fast::hash(&self.bytes)
    }

    /// Writes picture `index`, scaled to [-1, 1], to `out`: [pixels].
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

/// Maps a byte to [-1, 1].
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
}
