//! The idx format of MNIST's files, plain or gzip: magic, dimensions, then bytes.
//!
//! Magic is 0x0000_08DD: two zero bytes, type 8 (unsigned byte), DD dimensions; each dimension is a big-endian u32.
//! Source: LeCun, Cortes, Burges, "The MNIST database", file formats.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// An array of bytes with its dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// For images [count, rows, columns], for labels [count].
    pub dims: Vec<usize>,
    /// The product of `dims` bytes, row-major.
    pub bytes: Vec<u8>,
}

/// No real picture set is larger; a header that says so is damaged, and must not make us allocate.
const MAX_BYTES: u64 = 4 << 30;

/// Parses `content`, unpacking it first where it is gzip, and checks it against `wanted_dims` dimensions.
///
/// # Errors
/// A sentence without the file's name: the caller knows it.
pub fn parse(content: &[u8], wanted_dims: u8) -> Result<Idx, String> {
    if content.starts_with(&[0x1f, 0x8b]) {
        read(MultiGzDecoder::new(content), wanted_dims)
    } else {
        read(content, wanted_dims)
    }
}

fn read(mut source: impl Read, wanted_dims: u8) -> Result<Idx, String> {
    let mut magic = [0; 4];
    fill(&mut source, &mut magic)?;
    let wanted = [0, 0, 8, wanted_dims];
    if magic != wanted {
        return Err(format!(
            "is no idx file of {}: it starts with {}, not {}",
            if wanted_dims == 1 { "labels" } else { "images" },
            hex(magic),
            hex(wanted)
        ));
    }
    let mut dims = Vec::new();
    for _ in 0..wanted_dims {
        let mut word = [0; 4];
        fill(&mut source, &mut word)?;
        dims.push(u32::from_be_bytes(word) as usize);
    }
    let expected = dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim as u64));
    let expected = expected
        .filter(|&n| n > 0 && n <= MAX_BYTES)
        .ok_or(format!("declares the dimensions {dims:?}, which cannot be"))?;
    let mut bytes = Vec::new();
    // One byte more than expected tells a file that goes on from one that ends.
    source.take(expected + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > expected {
        return Err(format!("goes on after the {expected} bytes that its header {dims:?} declares"));
    }
    if (bytes.len() as u64) < expected {
        return Err(format!(
            "is cut short: {expected} bytes expected unpacked after the header, {} found",
            bytes.len()
        ));
    }
    Ok(Idx { dims, bytes })
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> Result<(), String> {
    source.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "is cut short: it ends within its header".to_owned(),
        _ => unreadable(&error),
    })
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "is cut short: its gzip stream ends early".to_owned(),
        _ => format!("cannot be unpacked: {error}"),
    }
}

fn hex(bytes: [u8; 4]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn images(count: u32, rows: u32, columns: u32, bytes: usize) -> Vec<u8> {
        let mut file = vec![0, 0, 8, 3];
        for dim in [count, rows, columns] {
            file.extend(dim.to_be_bytes());
        }
        file.extend((0..bytes).map(|i| i as u8));
        file
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_files_read_the_same() {
        let file = images(2, 3, 4, 24);
        let idx = parse(&file, 3).unwrap();
        assert_eq!((&idx.dims[..], idx.bytes.len(), idx.bytes[23]), (&[2, 3, 4][..], 24, 23));
        assert_eq!(parse(&gzip(&file), 3).unwrap(), idx);
    }

    #[test]
    fn damaged_files_are_named_for_what_is_wrong() {
        let zipped = gzip(&images(20, 30, 4, 2400));
        let cases = [
            ("empty", vec![], "ends within its header"),
            ("half a header", images(1, 1, 1, 0)[..9].to_vec(), "ends within its header"),
            ("cut short", images(2, 3, 4, 23), "24 bytes expected unpacked after the header, 23 found"),
            ("too long", images(2, 3, 4, 25), "goes on after the 24 bytes"),
            ("labels for images", vec![0, 0, 8, 1, 0, 0, 0, 1, 7], "00 00 08 01, not 00 00 08 03"),
            ("a PNG", b"\x89PNG\r\n\x1a\n".to_vec(), "no idx file of images"),
            ("no image", images(0, 28, 28, 0), "cannot be"),
            ("4 billion images", images(u32::MAX, u32::MAX, u32::MAX, 9), "cannot be"),
            ("gzip cut short", zipped[..zipped.len() / 2].to_vec(), "gzip stream ends early"),
            ("gzip of nonsense", [&[0x1f, 0x8b][..], &[7; 40]].concat(), "cannot be unpacked"),
        ];
        for (name, file, expected) in cases {
            let message = parse(&file, 3).expect_err(name);
            assert!(message.contains(expected), "{name}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(file in proptest::collection::vec(any::<u8>(), 0..200), dims in 1u8..4) {
            let _ = parse(&file, dims);
        }

        #[test]
        fn no_header_makes_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&[&[0, 0, 8, 3][..], &tail].concat(), 3);
        }
    }
}
