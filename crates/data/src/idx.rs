//! The idx format of MNIST's files, plain or gzip: magic, dimensions, then numbers.
//!
//! Magic is 0x0000_TTDD: two zero bytes, the type TT (8 unsigned byte, 9 signed byte, 0x0b, 0x0c and 0x0d, 0x0e integers of 2
//! and 4 bytes, fractions of 4 and 8), DD dimensions; each dimension is a big-endian u32, and so are the numbers.
//! Source: LeCun, Cortes, Burges, "The MNIST database", file formats.

use std::io::Read;

use flate2::bufread::GzDecoder;

use crate::array::{Array, MOST_BYTES, Number, Values};

/// Zeros after the end, as archives and disks fill up blocks, are no damage, up to this many.
const MOST_PADDING: u64 = 1 << 20;

/// Parses `content`, unpacking it first where it is gzip.
///
/// # Errors
/// A sentence without the file's name: the caller knows it.
pub fn parse(content: &[u8]) -> Result<Array, String> {
    if content.starts_with(&[0x1f, 0x8b]) { read(Members { rest: content, member: None }) } else { read(content) }
}

fn read(mut source: impl Read) -> Result<Array, String> {
    let mut magic = [0; 4];
    fill(&mut source, &mut magic)?;
    let number = match magic {
        [0, 0, 8, _] => Number::Integer { bytes: 1, signed: false },
        [0, 0, 9, _] => Number::Integer { bytes: 1, signed: true },
        [0, 0, 11, _] => Number::Integer { bytes: 2, signed: true },
        [0, 0, 12, _] => Number::Integer { bytes: 4, signed: true },
        [0, 0, 13, _] => Number::Float(4),
        [0, 0, 14, _] => Number::Float(8),
        _ => {
            return Err(format!(
                "is no idx file: it starts with {}, not 00 00 08 03 as pictures or 00 00 08 01 as labels",
                hex(magic)
            ));
        }
    };
    let mut dims = Vec::new();
    for _ in 0..magic[3] {
        let mut word = [0; 4];
        fill(&mut source, &mut word)?;
        dims.push(u32::from_be_bytes(word) as usize);
    }
    let expected = dims.iter().try_fold(number.bytes() as u64, |product, &dim| product.checked_mul(dim as u64));
    let expected = expected
        .filter(|&n| n > 0 && n <= MOST_BYTES && !dims.is_empty())
        .ok_or(format!("declares the dimensions {dims:?}, which cannot be"))?;
    let mut bytes = Vec::new();
    source.by_ref().take(expected).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if (bytes.len() as u64) < expected {
        return Err(format!(
            "is cut short: {expected} bytes expected unpacked after the header, {} found",
            bytes.len()
        ));
    }
    let mut after = Vec::new();
    source.take(MOST_PADDING + 1).read_to_end(&mut after).map_err(|error| unreadable(&error))?;
    if after.len() as u64 > MOST_PADDING || after.iter().any(|&byte| byte != 0) {
        return Err(format!("goes on after the {expected} bytes that its header {dims:?} declares"));
    }
    Ok(Array { dims, values: Values::read(number, true, bytes) })
}

/// What is packed in a gzip file: one member after the other, as long as another begins. As with `gzip` itself, what
/// follows the last is no part of it.
struct Members<'a> {
    rest: &'a [u8],
    member: Option<GzDecoder<&'a [u8]>>,
}

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if let Some(member) = &mut self.member {
                let read = member.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
            }
            if let Some(member) = self.member.take() {
                self.rest = member.into_inner();
            }
            if !self.rest.starts_with(&[0x1f, 0x8b]) {
                return Ok(0);
            }
            self.member = Some(GzDecoder::new(self.rest));
        }
    }
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
        let idx = parse(&file).unwrap();
        let Values::Bytes(bytes) = &idx.values else { panic!("no bytes") };
        assert_eq!((&idx.dims[..], bytes.len(), bytes[23]), (&[2, 3, 4][..], 24, 23));
        assert_eq!(parse(&gzip(&file)).unwrap(), idx);
        let members = [gzip(&file[..20]), gzip(&file[20..])].concat();
        assert_eq!(parse(&members).unwrap(), idx, "in two members");
        for (name, padded) in [
            ("zeros after a gzip", [&gzip(&file)[..], &[0; 600]].concat()),
            ("a word after a gzip", [&gzip(&file)[..], b"tail"].concat()),
            ("zeros after a plain file", [&file[..], &[0; 600]].concat()),
        ] {
            assert_eq!(parse(&padded).unwrap(), idx, "{name}");
        }
    }

    #[test]
    fn numbers_of_every_type_are_read() {
        let ints =
            parse(&[&[0, 0, 12, 1, 0, 0, 0, 2][..], &7i32.to_be_bytes(), &(-1i32).to_be_bytes()].concat()).unwrap();
        assert_eq!((ints.dims, ints.values), (vec![2], Values::Integers(vec![7, -1])));
        let floats = parse(&[&[0, 0, 14, 1, 0, 0, 0, 1][..], &0.5f64.to_be_bytes()].concat()).unwrap();
        assert_eq!(floats.values, Values::Floats(vec![0.5]));
    }

    #[test]
    fn damaged_files_are_named_for_what_is_wrong() {
        let zipped = gzip(&images(20, 30, 4, 2400));
        let cases = [
            ("empty", vec![], "ends within its header"),
            ("half a header", images(1, 1, 1, 0)[..9].to_vec(), "ends within its header"),
            ("cut short", images(2, 3, 4, 23), "24 bytes expected unpacked after the header, 23 found"),
            ("too long", images(2, 3, 4, 25), "goes on after the 24 bytes"),
            ("a type that there is not", vec![0, 0, 10, 1, 0, 0, 0, 1, 7], "00 00 0a 01, not 00 00 08 03"),
            ("a PNG", b"\x89PNG\r\n\x1a\n".to_vec(), "no idx file"),
            ("no image", images(0, 28, 28, 0), "cannot be"),
            ("no dimensions", vec![0, 0, 8, 0], "cannot be"),
            ("4 billion images", images(u32::MAX, u32::MAX, u32::MAX, 9), "cannot be"),
            ("gzip cut short", zipped[..zipped.len() / 2].to_vec(), "gzip stream ends early"),
            ("gzip of nonsense", [&[0x1f, 0x8b][..], &[7; 40]].concat(), "cannot be unpacked"),
        ];
        for (name, file, expected) in cases {
            let message = parse(&file).expect_err(name);
            assert!(message.contains(expected), "{name}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&file);
        }

        #[test]
        fn no_header_makes_it_panic(number in 8u8..15, dims in 0u8..5, tail in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&[&[0, 0, number, dims][..], &tail].concat());
        }
    }
}
