//! What a file is, by its first bytes: names lie, and many have no ending.

use std::path::Path;

use image::ImageFormat;

use crate::table;

/// As many first bytes as [`of`] looks at.
pub const LOOKED_AT: usize = 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture of a format that is read.
    Picture(ImageFormat),
    /// A picture of a format that is not read; its name.
    OtherPicture(&'static str),
    /// An array in idx format.
    Idx,
    /// An array in NumPy's format.
    Npy,
    /// A ZIP of such arrays.
    Npz,
    /// A table of pixels as text.
    Table,
    /// Something packed by gzip.
    Gzip,
    /// A file with nothing in it.
    Empty,
    /// No picture; what it is, as `text`.
    Other(&'static str),
}

impl Kind {
    /// The name of the kind, as `PNG` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture(ImageFormat::Png) => "PNG",
            Self::Picture(ImageFormat::Jpeg) => "JPEG",
            Self::Picture(ImageFormat::Gif) => "GIF",
            Self::Picture(ImageFormat::WebP) => "WebP",
            Self::Picture(ImageFormat::Bmp) => "BMP",
            Self::Picture(ImageFormat::Tiff) => "TIFF",
            Self::Picture(ImageFormat::Pnm) => "PNM",
            Self::Picture(_) => "picture",
            Self::OtherPicture(name) | Self::Other(name) => name,
            Self::Idx => "idx",
            Self::Npy => "NumPy array",
            Self::Npz => "NumPy archive",
            Self::Table => "CSV table",
            Self::Gzip => "gzip",
            Self::Empty => "empty",
        }
    }

    /// What to do with a file of this kind that was given as pictures and is not read.
    pub fn advice(self) -> &'static str {
        match self {
            _ if self.is_archive() => "unpack it and give the folder that comes of it",
            Self::Other(
                TEXT | HDF5 | MATLAB | PARQUET | ARROW | TFRECORD | LMDB | PICKLE | PYTORCH | SQLITE | CIFAR,
            )
            | Self::Table => {
                "save its pictures as PNG files, or as one array by `numpy.savez(\"set.npz\", x_train=pictures, y_train=labels)`"
            }
            Self::Other(UNFINISHED) => "let the download end, or begin it again",
            Self::Other(LFS) => "fetch the files themselves, by `git lfs pull`",
            Self::Other(HTML) => "download it again: a page was saved in its place",
            _ => {
                "give a folder of PNG, JPEG, WebP, GIF, BMP, TIFF or PNM pictures, of idx files named as MNIST's, or a NumPy \
                  `.npz`, or drop `--data` to use the built-in MNIST"
            }
        }
    }
}

impl Kind {
    /// Whether other files are packed in it.
    pub(crate) fn is_archive(self) -> bool {
        matches!(self, Self::Other(ZIP | TAR | RAR | SEVEN_ZIP | XZ | ZSTD | BZIP) | Self::Gzip)
    }

    /// Whether it is what one gets in place of a file that one has asked for.
    pub(crate) fn is_in_place_of_a_file(self) -> bool {
        matches!(self, Self::Other(HTML | LFS))
    }

    /// How much it tells of what somebody has who has no pictures: a container of pictures most, a text little, others nothing.
    pub(crate) fn tells(self) -> u8 {
        match self {
            Self::Other("unknown" | "video" | "program" | THUMBNAILS) | Self::Empty => 0,
            Self::Other(TEXT) => 1,
            _ => 2,
        }
    }
}

const TEXT: &str = "text";
const HTML: &str = "HTML";
const LFS: &str = "Git LFS pointer";
const ZIP: &str = "ZIP";
const TAR: &str = "tar";
const RAR: &str = "RAR";
const SEVEN_ZIP: &str = "7z";
const XZ: &str = "xz";
const ZSTD: &str = "Zstandard";
const BZIP: &str = "bzip2";
const HDF5: &str = "HDF5";
const MATLAB: &str = "MATLAB";
const PARQUET: &str = "Parquet";
const ARROW: &str = "Arrow";
const TFRECORD: &str = "TFRecord";
const LMDB: &str = "LMDB";
const PICKLE: &str = "Python pickle";
const PYTORCH: &str = "PyTorch file";
const CIFAR: &str = "CIFAR batch";
const UNFINISHED: &str = "unfinished download";
const THUMBNAILS: &str = "thumbnails of Windows";
const SQLITE: &str = "SQLite";

/// Bytes at a place, and what a file is that has them there. The first that fits wins.
const MAGIC: &[(usize, &[u8], Kind)] = &[
    (0, b"\x89PNG\r\n\x1a\n", Kind::Picture(ImageFormat::Png)),
    (0, b"\xff\xd8\xff", Kind::Picture(ImageFormat::Jpeg)),
    (0, b"GIF87a", Kind::Picture(ImageFormat::Gif)),
    (0, b"GIF89a", Kind::Picture(ImageFormat::Gif)),
    (8, b"WEBPVP8", Kind::Picture(ImageFormat::WebP)),
    (0, b"II*\0\x10\0\0\0CR", Kind::OtherPicture("Canon raw")),
    (0, b"II*\0", Kind::Picture(ImageFormat::Tiff)),
    (0, b"MM\0*", Kind::Picture(ImageFormat::Tiff)),
    (0, b"II+\0", Kind::Picture(ImageFormat::Tiff)),
    (0, b"MM\0+", Kind::Picture(ImageFormat::Tiff)),
    (4, b"ftypavif", Kind::OtherPicture("AVIF")),
    (4, b"ftypavis", Kind::OtherPicture("AVIF")),
    (4, b"ftyphe", Kind::OtherPicture("HEIC")),
    (4, b"ftypmif1", Kind::OtherPicture("HEIC")),
    (4, b"ftypmsf1", Kind::OtherPicture("HEIC")),
    (4, b"ftypcrx", Kind::OtherPicture("Canon raw")),
    (4, b"ftyp", Kind::Other("video")),
    (0, b"\xff\x0a", Kind::OtherPicture("JPEG XL")),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Kind::OtherPicture("JPEG XL")),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Kind::OtherPicture("JPEG 2000")),
    (0, b"\xff\x4f\xff\x51", Kind::OtherPicture("JPEG 2000")),
    (0, b"8BPS", Kind::OtherPicture("Photoshop")),
    (0, b"qoif", Kind::OtherPicture("QOI")),
    (0, b"\0\0\x01\0", Kind::OtherPicture("icon")),
    (0, b"farbfeld", Kind::OtherPicture("farbfeld")),
    (0, b"DDS ", Kind::OtherPicture("DDS")),
    (0, b"#?RADIANCE", Kind::OtherPicture("Radiance HDR")),
    (0, b"#?RGBE", Kind::OtherPicture("Radiance HDR")),
    (0, b"%!PS", Kind::OtherPicture("EPS")),
    (0, b"\xc5\xd0\xd3\xc6", Kind::OtherPicture("EPS")),
    (0, b"/* XPM */", Kind::OtherPicture("XPM")),
    (0, b"icns", Kind::OtherPicture("icon")),
    (0, b"BLP1", Kind::OtherPicture("BLP")),
    (0, b"BLP2", Kind::OtherPicture("BLP")),
    (0, b"SIMPLE  =", Kind::OtherPicture("FITS")),
    (0, b"\x76\x2f\x31\x01", Kind::OtherPicture("OpenEXR")),
    (0, b"gimp xcf", Kind::OtherPicture("GIMP")),
    (0, b"PF\n", Kind::OtherPicture("PFM")),
    (0, b"Pf\n", Kind::OtherPicture("PFM")),
    (128, b"DICM", Kind::OtherPicture("DICOM")),
    (0, b"\x93NUMPY", Kind::Npy),
    (0, b"\x1f\x8b", Kind::Gzip),
    (0, b"PK\x03\x04", Kind::Other(ZIP)),
    (0, b"PK\x05\x06", Kind::Other(ZIP)),
    (257, b"ustar", Kind::Other(TAR)),
    (0, b"Rar!\x1a\x07", Kind::Other(RAR)),
    (0, b"7z\xbc\xaf\x27\x1c", Kind::Other(SEVEN_ZIP)),
    (0, b"\xfd7zXZ\0", Kind::Other(XZ)),
    (0, b"\x28\xb5\x2f\xfd", Kind::Other(ZSTD)),
    (0, b"BZh", Kind::Other(BZIP)),
    (0, b"\x89HDF\r\n\x1a\n", Kind::Other(HDF5)),
    (0, b"MATLAB ", Kind::Other(MATLAB)),
    (0, b"PAR1", Kind::Other(PARQUET)),
    (0, b"ARROW1\0\0", Kind::Other(ARROW)),
    (16, b"\xde\xc0\xef\xbe", Kind::Other(LMDB)),
    (0, b"\xde\xc0\xef\xbe", Kind::Other(LMDB)),
    (0, b"\x80\x02", Kind::Other(PICKLE)),
    (0, b"\x80\x03", Kind::Other(PICKLE)),
    (0, b"\x80\x04\x95", Kind::Other(PICKLE)),
    (0, b"\x80\x05\x95", Kind::Other(PICKLE)),
    (0, b"SQLite format 3\0", Kind::Other(SQLITE)),
    (0, b"%PDF", Kind::Other("PDF")),
    (8, b"AVI ", Kind::Other("video")),
    (0, b"\x1aE\xdf\xa3", Kind::Other("video")),
    (0, b"\x7fELF", Kind::Other("program")),
    (0, b"version https://git-lfs", Kind::Other(LFS)),
];

/// What a file is that starts with `first`: its first [`LOOKED_AT`] bytes, or all if it has fewer.
pub fn of(first: &[u8]) -> Kind {
    if first.is_empty() {
        return Kind::Empty;
    }
    let found = MAGIC.iter().find(|(at, magic, _)| first.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    match found {
        // What the two hold is said by brands that come after the first.
        Some((_, _, Kind::OtherPicture("HEIC"))) if contains(&first[..first.len().min(64)], b"avif") => {
            Kind::OtherPicture("AVIF")
        }
        Some((_, _, Kind::Other(ZIP))) => of_zip(first),
        Some((_, _, kind)) => *kind,
        None if is_bmp(first) => Kind::Picture(ImageFormat::Bmp),
        None if is_pnm(first) => Kind::Picture(ImageFormat::Pnm),
        None if is_idx(first) => Kind::Idx,
        None if is_arrow_stream(first) => Kind::Other(ARROW),
        None if is_tfrecord(first) => Kind::Other(TFRECORD),
        None => of_text(first),
    }
}

/// What a file is that looks like something else, or like nothing, from within, by its name.
pub fn by_name(kind: Kind, path: &Path) -> Kind {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    const RAW: [&str; 9] = ["cr2", "nef", "nrw", "arw", "dng", "orf", "rw2", "pef", "srw"];
    let is = |known: &[&str]| known.iter().any(|one| ending.eq_ignore_ascii_case(one));
    match kind {
        // Browsers and wget name a file so until all of it is there.
        _ if is(&["part", "partial", "crdownload", "download", "aria2"]) => Kind::Other(UNFINISHED),
        Kind::Other("unknown") if is(&["bin"]) && stem.contains("_batch") => Kind::Other(CIFAR),
        Kind::Other("unknown") if is(&["db"]) && stem.eq_ignore_ascii_case("thumbs") => Kind::Other(THUMBNAILS),
        Kind::Other("unknown") if is(&["onnx"]) => Kind::Other("model"),
        // What is within is a preview.
        Kind::Picture(ImageFormat::Tiff) if is(&RAW) => Kind::OtherPicture("camera raw"),
        Kind::Other("unknown") if is(&RAW) => Kind::OtherPicture("camera raw"),
        Kind::Other("unknown") if is(&["tga"]) => Kind::OtherPicture("TGA"),
        Kind::Other("unknown") if is(&["pcx"]) => Kind::OtherPicture("PCX"),
        Kind::Other("unknown") if is(&["ras", "sgi", "rgb", "xwd", "emf", "wmf", "pict", "cur", "icns"]) => {
            Kind::OtherPicture("old format")
        }
        kind => kind,
    }
}

/// Two zeros, one of the format's types, one to four dimensions.
fn is_idx(first: &[u8]) -> bool {
    first.starts_with(&[0, 0]) && matches!(first[2..], [8 | 9 | 11..=14, 1..=4, ..])
}

/// `BM`, which a text may start with too; so the length of the second header, and that it leaves room for a picture.
fn is_bmp(first: &[u8]) -> bool {
    first.starts_with(b"BM") && matches!(first.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// `P` and a digit, and then a number or a comment.
fn is_pnm(first: &[u8]) -> bool {
    matches!(first, [b'P', b'1'..=b'7', white, next, ..]
        if white.is_ascii_whitespace() && (next.is_ascii_digit() || next.is_ascii_whitespace() || *next == b'#' || *next == b'W'))
}

/// A ZIP by the name of its first file: NumPy writes nothing but arrays, and PyTorch begins with a pickle.
fn of_zip(first: &[u8]) -> Kind {
    let length = first.get(26..28).map_or(0, |pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])));
    match first.get(30..30 + length).unwrap_or_default() {
        name if name.ends_with(b".npy") => Kind::Npz,
        name if name.ends_with(b"data.pkl") => Kind::Other(PYTORCH),
        _ => Kind::Other(ZIP),
    }
}

/// A stream of messages, as Hugging Face saves sets: a mark, the length of the first message, and where its root lies. Source:
/// Arrow's "Encapsulated message format".
fn is_arrow_stream(first: &[u8]) -> bool {
    matches!(first, [0xff, 0xff, 0xff, 0xff, _, _, _, 0, 16, 0, 0, 0, ..])
}

/// A record's length in eight bytes, their checksum in four, then the tag of an `Example`'s first field. Source: TensorFlow's
/// `core/lib/io/record_writer.h`.
fn is_tfrecord(first: &[u8]) -> bool {
    matches!(first, [_, _, _, _, 0, 0, 0, 0, _, _, _, _, 0x0a, 1..=255, ..])
}

fn of_text(first: &[u8]) -> Kind {
    let start = match std::str::from_utf8(first) {
        Ok(text) => text,
        // The first bytes may end within a letter.
        Err(error) if error.valid_up_to() + 4 > first.len() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or("")
        }
        Err(_) => return Kind::Other("unknown"),
    };
    if start.contains('\0') {
        return Kind::Other("unknown");
    }
    let start = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if start.contains("<svg") {
        Kind::OtherPicture("SVG")
    } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
        Kind::Other(HTML)
    } else if table::is_table(start.as_bytes()) {
        Kind::Table
    } else {
        Kind::Other(TEXT)
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        let zip_of = |name: &str| {
            let mut zip = b"PK\x03\x04".to_vec();
            zip.resize(26, 0);
            zip.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
            zip.extend(name.bytes());
            zip
        };
        let (npz, torch) = (zip_of("arr_0.npy"), zip_of("archive/data.pkl"));
        let mut bmp = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bmp.resize(60, 0);
        let cases: &[(&str, &[u8], &str)] = &[
            ("png", b"\x89PNG\r\n\x1a\n", "PNG"),
            ("jfif", b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
            ("webp", b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
            ("avif under another brand", b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
            ("heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
            ("film", b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
            ("npz", &npz, "NumPy archive"),
            ("zip", b"PK\x03\x04nothing of the kind", "ZIP"),
            ("bmp", &bmp, "BMP"),
            ("no bmp", b"BMW is a car and this is a text", "text"),
            ("pgm", b"P5\n4 4\n255\n", "PNM"),
            ("idx", &[0, 0, 8, 3, 0, 0, 0, 1], "idx"),
            ("hdr of another maker", b"#?RGBE\nFORMAT=32-bit_rle_rgbe\n", "Radiance HDR"),
            ("eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
            ("svg", b"<?xml version=\"1.0\"?>\n<svg xmlns=\"\">", "SVG"),
            ("page", b"\n<!DOCTYPE html><html>", "HTML"),
            ("words", "ein Wörterbuch".as_bytes(), "text"),
            ("half a letter", &"ab\u{fc}".as_bytes()[..3], "text"),
            ("pointer", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
            ("Kaggle's digits", b"label,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11,p12,p13,p14,p15\n", "CSV table"),
            ("names of classes", b"id,label\na.png,cat\n", "text"),
            ("MATLAB of today", b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "MATLAB"),
            ("a set of Hugging Face", b"\xff\xff\xff\xff\x80\x01\0\0\x10\0\0\0\0\0\x0a\0", "Arrow"),
            ("one of TensorFlow", b"\x2c\x01\0\0\0\0\0\0\x01\x02\x03\x04\x0a\xa9\x02", "TFRecord"),
            ("LSUN", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xde\xc0\xef\xbe\x01\0", "LMDB"),
            ("torchvision's", &torch, "PyTorch file"),
            ("nothing", b"", "empty"),
            ("noise", &[0x99, 0x01, 0xfe, 0xff, 0, 0, 0, 0], "unknown"),
        ];
        for (name, first, expected) in cases {
            assert_eq!(of(first).name(), *expected, "{name}");
        }
    }

    #[test]
    fn the_name_tells_what_the_bytes_do_not() {
        use ImageFormat::{Png, Tiff};
        for (kind, name, expected) in [
            (Kind::Picture(Tiff), "a.NEF", "camera raw"),
            (Kind::Other("unknown"), "a.tga", "TGA"),
            (Kind::Picture(Png), "a.png.part", "unfinished download"),
            (Kind::Other("unknown"), "data_batch_1.bin", "CIFAR batch"),
            (Kind::Other("unknown"), "Thumbs.db", "thumbnails of Windows"),
            (Kind::Picture(Png), "a.db", "PNG"),
        ] {
            assert_eq!(by_name(kind, Path::new(name)).name(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(first in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = of(&first);
        }
    }
}
