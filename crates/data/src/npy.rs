//! NumPy's arrays, `.npy`, and archives of them, `.npz`.
//!
//! Magic, version, the length of a header and the header, which is a Python dictionary: `{'descr': '<f4', 'fortran_order':
//! False, 'shape': (60000, 28, 28), }`. Then the numbers. Source: NumPy's `numpy/lib/format.py`.
//!
//! Own, since the header is all there is to read: the crates for it bring a parser of Python or a whole array library.
//! An `.npz` is a ZIP, read by the crate that is in the tree below candle anyway.

use std::io::{Cursor, Read};

use crate::array::{Array, MOST_BYTES, Number, Values};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers hold a line; NumPy refuses longer ones than this too.
const LONGEST_HEADER: usize = 10_000;

/// Parses an array.
///
/// # Errors
/// A sentence without the file's name: the caller knows it.
pub fn parse(content: impl Read) -> Result<Array, String> {
    let mut content = content;
    let mut start = [0; 8];
    fill(&mut content, &mut start)?;
    let version = match start.strip_prefix(MAGIC) {
        Some(version) => version[0],
        None => return Err("is no NumPy array: its first bytes are others".to_owned()),
    };
    let length = if version == 1 {
        let mut length = [0; 2];
        fill(&mut content, &mut length)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        fill(&mut content, &mut length)?;
        u32::from_le_bytes(length) as usize
    };
    if length > LONGEST_HEADER {
        return Err(format!("has a header of {length} bytes, which cannot be"));
    }
    let mut header = vec![0; length];
    fill(&mut content, &mut header)?;
    let Header { number, big_endian, fortran, dims } = Header::parse(&String::from_utf8_lossy(&header))?;
    let expected = dims.iter().try_fold(number.bytes() as u64, |product, &dim| product.checked_mul(dim as u64));
    let expected = expected
        .filter(|&bytes| bytes <= MOST_BYTES)
        .ok_or(format!("declares the dimensions {dims:?}, which are more than {} GiB", MOST_BYTES >> 30))?;
    let mut bytes = Vec::new();
    content.take(expected).read_to_end(&mut bytes).map_err(|error| format!("cannot be unpacked: {error}"))?;
    if (bytes.len() as u64) < expected {
        return Err(format!("is cut short: {expected} bytes expected after the header, {} found", bytes.len()));
    }
    if fortran {
        bytes = last_fastest(&bytes, &dims, number.bytes());
    }
    Ok(Array { dims, values: Values::read(number, big_endian, bytes) })
}

fn fill(content: &mut impl Read, buffer: &mut [u8]) -> Result<(), String> {
    content.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "is cut short: it ends within its header".to_owned(),
        _ => format!("cannot be unpacked: {error}"),
    })
}

/// What the header says.
struct Header {
    number: Number,
    big_endian: bool,
    /// The first dimension is counted fastest.
    fortran: bool,
    dims: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Result<Self, String> {
        let odd =
            |what: &str| format!("has a header without {what}: `{}`", text.trim().chars().take(80).collect::<String>());
        let value = |key: &str| {
            let at = [format!("'{key}'"), format!("\"{key}\"")]
                .iter()
                .find_map(|quoted| Some(text.find(quoted)? + quoted.len()))?;
            text[at..].trim_start().strip_prefix(':').map(str::trim_start)
        };
        let descr = value("descr").ok_or_else(|| odd("`descr`"))?;
        let quote = descr.chars().next().filter(|quote| ['\'', '"'].contains(quote));
        let Some(descr) = quote.and_then(|quote| descr[1..].split(quote).next()) else {
            return Err("holds records of several fields, which are no pictures: save one array of them".to_owned());
        };
        let fortran = value("fortran_order").ok_or_else(|| odd("`fortran_order`"))?.starts_with("True");
        let shape = value("shape")
            .and_then(|shape| shape.strip_prefix('(')?.split(')').next())
            .ok_or_else(|| odd("`shape`"))?;
        let dims = shape.split(',').map(str::trim).filter(|dim| !dim.is_empty());
        let dims = dims
            .map(|dim| dim.trim_end_matches('L').parse().map_err(|_| odd("a `shape` of numbers")))
            .collect::<Result<_, _>>()?;
        let (big_endian, number) = number_of(descr)?;
        Ok(Self { number, big_endian, fortran, dims })
    }
}

/// `<f4`: the order of bytes, the kind of number, its bytes.
fn number_of(descr: &str) -> Result<(bool, Number), String> {
    let (big_endian, kind) = match descr.split_at_checked(1) {
        Some((">", kind)) => (true, kind),
        Some(("<" | "|" | "=", kind)) => (false, kind),
        _ => (false, descr),
    };
    let number = match kind {
        "u1" | "u2" | "u4" | "u8" | "i1" | "i2" | "i4" | "i8" => {
            Number::Integer { bytes: usize::from(kind.as_bytes()[1] - b'0'), signed: kind.starts_with('i') }
        }
        "f2" | "f4" | "f8" => Number::Float(usize::from(kind.as_bytes()[1] - b'0')),
        "b1" => Number::Bool,
        _ if kind.starts_with('O') => {
            return Err(
                "holds Python objects, not numbers: save it as `numpy.stack(list).astype(\"uint8\")`".to_owned()
            );
        }
        _ => {
            return Err(format!(
                "holds `{descr}`, which are no numbers of pixels: save it as `array.astype(\"uint8\")`"
            ));
        }
    };
    Ok((big_endian, number))
}

/// From the order that Fortran has to C's. bytes: of numbers of `size` bytes, the first of `dims` counted fastest.
fn last_fastest(bytes: &[u8], dims: &[usize], size: usize) -> Vec<u8> {
    let mut strides = Vec::new();
    let mut stride = size;
    for dim in dims {
        strides.push(stride);
        stride *= dim;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0; dims.len()];
    while out.len() < bytes.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        out.extend(&bytes[at..at + size]);
        for (i, dim) in index.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < *dim {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// Names of the arrays in an archive, without `.npy`.
///
/// # Errors
/// A sentence without the file's name.
pub fn names(archive: &[u8]) -> Result<Vec<String>, String> {
    let archive = zip::ZipArchive::new(Cursor::new(archive)).map_err(|error| damaged(&error))?;
    let arrays = archive.file_names().flatten().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned()));
    let mut names: Vec<String> = arrays.collect();
    names.sort();
    Ok(names)
}

/// One array of an archive.
///
/// # Errors
/// A sentence without the file's name.
pub fn parse_in(archive: &[u8], name: &str) -> Result<Array, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).map_err(|error| damaged(&error))?;
    let file = archive.by_name(&format!("{name}.npy")).map_err(|error| damaged(&error))?;
    parse(file).map_err(|problem| format!("holds `{name}`, which {problem}"))
}

fn damaged(error: &zip::result::ZipError) -> String {
    format!("is a damaged archive: {error}")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// A file of version 1 as NumPy writes it.
    pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, bytes: &[u8]) -> Vec<u8> {
        let fortran = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        while (header.len() + 11) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), bytes].concat()
    }

    pub(crate) fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, array) in arrays {
            writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(array).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn of(file: &[u8]) -> Result<Array, String> {
        parse(file)
    }

    #[test]
    fn arrays_of_numpy_are_read() {
        let array = of(&npy("|u1", false, "(2, 3)", &[0, 1, 2, 3, 4, 5])).unwrap();
        assert_eq!((array.dims, array.values), (vec![2, 3], Values::Bytes(vec![0, 1, 2, 3, 4, 5])));
        let fortran = of(&npy("|u1", true, "(2, 3)", &[0, 3, 1, 4, 2, 5])).unwrap();
        assert_eq!(fortran.values, Values::Bytes(vec![0, 1, 2, 3, 4, 5]));
        let longs = of(&npy("<i8", false, "(1,)", &5i64.to_le_bytes())).unwrap();
        assert_eq!((longs.dims, longs.values), (vec![1], Values::Integers(vec![5])));
        let floats = of(&npy(">f4", false, "(1, 1)", &0.5f32.to_be_bytes())).unwrap();
        assert_eq!(floats.values, Values::Floats(vec![0.5]));
        let archive =
            npz(&[("y_train", npy("|u1", false, "(1,)", &[7])), ("x_train", npy("|u1", false, "(1, 1)", &[9]))]);
        assert_eq!(names(&archive).unwrap(), ["x_train", "y_train"]);
        assert_eq!(parse_in(&archive, "x_train").unwrap().values, Values::Bytes(vec![9]));
    }

    #[test]
    fn what_is_no_array_of_numbers_is_named() {
        let whole = npy("|u1", false, "(2, 3)", &[0; 6]);
        let cases = [
            ("empty", vec![], "ends within its header"),
            ("a text", b"some text here".to_vec(), "no NumPy array"),
            ("cut short", whole[..whole.len() - 1].to_vec(), "6 bytes expected after the header, 5 found"),
            ("objects", npy("|O", false, "(2,)", &[]), "Python objects"),
            ("texts", npy("<U5", false, "(2,)", &[]), "no numbers of pixels"),
            ("fractions of two parts", npy("<c8", false, "(2,)", &[]), "no numbers of pixels"),
            ("too many", npy("<f8", false, "(99999999, 99999999, 9999999)", &[]), "more than 4 GiB"),
            ("no shape", npy("<f8", false, "7", &[]), "without `shape`"),
        ];
        for (name, file, expected) in cases {
            let message = of(&file).expect_err(name);
            assert!(message.contains(expected), "{name}: {message}");
        }
        let archive = npz(&[("a", whole)]);
        assert!(names(&archive[..archive.len() - 9]).unwrap_err().contains("damaged archive"));
        assert!(parse_in(&archive, "b").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..80), header in "[{}'a-z0-9<|,:() ]{0,80}") {
            let _ = of(&tail);
            let _ = of(&[MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &tail].concat());
            let _ = names(&tail);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0usize..1000, byte: u8, fortran: bool) {
            let mut file = npy("<u2", fortran, "(2, 3, 4)", &[5; 48]);
            let len = file.len();
            file[at % len] = byte;
            let _ = of(&file);
            let mut archive = npz(&[("x", npy("<u2", fortran, "(2, 3, 4)", &[5; 48]))]);
            let len = archive.len();
            archive[at % len] = byte;
            let _ = names(&archive);
            let _ = parse_in(&archive, "x");
        }
    }
}
