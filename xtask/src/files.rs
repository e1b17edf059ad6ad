//! Folders and files as the library `site` handles them, and the copies that only what is made here has: compressed by brotli,
//! whose encoder the trainer does without.

use std::path::Path;

pub(crate) use ::site::folder::{copy, list, replace as replace_folder, sha256, size, with_suffix};
use ::site::folder::{gzip, read, write};
use failure::{Failure, Result};

/// Writes `FILE.br` and `FILE.gz` beside a file, as small as those formats get, unless they are there.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn compress(file: &Path) -> Result<()> {
    brotli_beside(file)?;
    gzip(file)
}

/// Writes `FILE.br` beside a file, unless it is there.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn brotli_beside(file: &Path) -> Result<()> {
    let packed = with_suffix(file, "br");
    if !packed.exists() {
        write(&packed, &brotli(&read(file)?)?)?;
    }
    Ok(())
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    // Quality 11 with a window as wide as the format allows: written once, downloaded by everyone.
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)
        .map_err(|error| Failure::failed(format!("brotli: {error}")))?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn compressed_copies_unpack_to_the_file() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("file.wasm");
        let bytes: Vec<u8> = (0..20_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        fs::write(&file, &bytes).unwrap();
        compress(&file).unwrap();

        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &fs::read(with_suffix(&file, "br")).unwrap()[..], &mut unpacked).unwrap();
        assert!(unpacked == bytes, "br");
        let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
        unpacked.write_all(&fs::read(with_suffix(&file, "gz")).unwrap()).unwrap();
        assert!(unpacked.finish().unwrap() == bytes, "gz");
    }
}
