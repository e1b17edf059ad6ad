//! Arrays of numbers as files hold them, taken for pictures or for labels.

use half::f16;

use crate::colour::{self, Colour};
use crate::framing::grey_of;

/// No real picture set is larger; a header that says so is damaged, and must not make us allocate.
pub const MOST_BYTES: u64 = 4 << 30;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Of so many bytes, with a sign or without.
    Integer {
        /// 1, 2, 4 or 8.
        bytes: usize,
        /// Whether it may be below zero.
        signed: bool,
    },
    /// IEEE 754 of 2, 4 or 8 bytes.
    Float(usize),
    /// A byte that is 0 or 1.
    Bool,
}

impl Number {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::Integer { bytes, .. } | Self::Float(bytes) => bytes,
            Self::Bool => 1,
        }
    }
}

/// Numbers with their dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// For pictures [count, rows, columns] or alike, for labels [count] or alike.
    pub dims: Vec<usize>,
    /// As many as the product of `dims`, the last of these counted fastest.
    pub values: Values,
}

/// The numbers of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned bytes, as they are.
    Bytes(Vec<u8>),
    /// Any other integers.
    Integers(Vec<i64>),
    /// Any fractions.
    Floats(Vec<f32>),
}

impl Values {
    /// Reads the numbers that `bytes` are, which start with the highest byte if `big_endian`.
    pub fn read(number: Number, big_endian: bool, bytes: Vec<u8>) -> Self {
        let size = number.bytes();
        let word = |chunk: &[u8]| {
            let mut word = [0; 8];
            word[..size].copy_from_slice(chunk);
            if big_endian {
                word[..size].reverse();
            }
            u64::from_le_bytes(word)
        };
        match number {
            Number::Integer { bytes: 1, signed: false } => Self::Bytes(bytes),
            Number::Bool => Self::Bytes(bytes.iter().map(|&byte| if byte == 0 { 0 } else { 255 }).collect()),
            Number::Integer { signed, .. } => {
                let unused = 64 - 8 * size as u32;
                let integer = |chunk: &[u8]| {
                    let word = word(chunk) as i64;
                    if signed { (word << unused) >> unused } else { word }
                };
                Self::Integers(bytes.chunks_exact(size).map(integer).collect())
            }
            Number::Float(_) => {
                let float = |chunk: &[u8]| match size {
                    2 => f16::from_bits(word(chunk) as u16).to_f32(),
                    4 => f32::from_bits(word(chunk) as u32),
                    _ => f64::from_bits(word(chunk)) as f32,
                };
                Self::Floats(bytes.chunks_exact(size).map(float).collect())
            }
        }
    }
}

/// Pictures of one size, 0 black to 255 white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Squares {
    /// `count * channels * rows * columns` bytes, in planes.
    pub bytes: Vec<u8>,
    /// How many.
    pub count: usize,
    /// Channels, rows and columns.
    pub image: [usize; 3],
    /// What was done to them, as the rest of a sentence about them.
    pub done: Vec<String>,
}

/// Takes an array for pictures, in grey or in colour.
///
/// # Errors
/// Dimensions or values that are none of pictures, and grey pictures where coloured ones are asked for, as the rest of a sentence
/// about the array.
pub fn pictures(array: Array, asked: Colour) -> Result<Squares, String> {
    let Array { dims, values } = array;
    let mut done = Vec::new();
    let bytes = to_bytes(values, &mut done)?;
    let [count, pixels @ ..] = &dims[..] else { return Err("is a single number, no pictures".to_owned()) };
    // [rows, columns], and where there are channels, how many and whether they come last.
    let (sides, channels) = match *pixels {
        [flat] | [flat, 1] | [1, flat] if flat.isqrt().pow(2) == flat => ([flat.isqrt(); 2], None),
        [rows, columns] | [rows, columns, 1] | [1, rows, columns] => ([rows, columns], None),
        [rows, columns, channels @ (3 | 4)] => ([rows, columns], Some((channels, true))),
        [channels @ (3 | 4), rows, columns] => ([rows, columns], Some((channels, false))),
        _ => {
            return Err(format!(
                "has the dimensions {dims:?}, which are none of pictures: [count, rows, columns] is wanted, or [count, \
                 pixels] of square ones"
            ));
        }
    };
    if bytes.is_empty() {
        return Err("holds no picture".to_owned());
    }
    let [rows, columns] = sides;
    let Some((channels, are_last)) = channels else {
        if asked == Colour::Rgb {
            return Err(format!("{GREY_ALONE}: [count, {rows}, {columns}, 3] would be in colour"));
        }
        return Ok(Squares { bytes, count: *count, image: [1, rows, columns], done });
    };
    done.push(order(pixels, are_last));
    if channels == 4 {
        done.push("without their fourth channel, opacity".to_owned());
    }
    let pixels = rows * columns;
    // From one pixel to the next, and from one of its channels to the next.
    let [step, apart] = if are_last { [channels, 1] } else { [1, pixels] };
    let colour_at = |picture: &[u8], at: usize| {
        let first = at * step;
        [picture[first], picture[first + apart], picture[first + 2 * apart]]
    };
    let each = || bytes.chunks_exact(bytes.len() / count);
    let coloured = match asked {
        Colour::Grey => 0,
        _ => each().filter(|p| colour::shows_colours((0..pixels).map(|at| colour_at(p, at)))).count(),
    };
    let (taken, why, mixed) = colour::decide(asked, coloured, *count);
    if taken == Colour::Rgb {
        done.push(why);
        done.extend(mixed);
        let plane = |picture, channel: usize| (0..pixels).map(move |at| colour_at(picture, at)[channel]);
        let bytes = each().flat_map(|picture| (0..3).flat_map(move |channel| plane(picture, channel))).collect();
        return Ok(Squares { bytes, count: *count, image: [3, rows, columns], done });
    }
    done.push("turned grey".to_owned());
    if asked == Colour::Auto {
        done.push(why);
    }
    let bytes = each().flat_map(|p| (0..pixels).map(move |at| grey_of(colour_at(p, at)))).collect();
    Ok(Squares { bytes, count: *count, image: [1, rows, columns], done })
}

/// Which way coloured pictures of the dimensions `pixels` are taken to have been saved, with a word of it where they could be
/// either.
fn order(pixels: &[usize], are_last: bool) -> String {
    let [named, other] = if are_last { ["last", "first"] } else { ["first", "last"] };
    match pixels {
        [3 | 4, _, 3 | 4] => format!("with channels {named} ({pixels:?} could be channels {other} too)"),
        _ => format!("with channels {named}"),
    }
}

/// How the sentence about pictures without colours begins, where colours are asked for.
pub(crate) const GREY_ALONE: &str = "holds grey pictures, and `--colour rgb` asks for coloured ones";

/// From what files have pixels in to bytes.
fn to_bytes(values: Values, done: &mut Vec<String>) -> Result<Vec<u8>, String> {
    match values {
        Values::Bytes(bytes) if bytes.iter().all(|&byte| byte <= 1) && bytes.contains(&1) => {
            done.push("of zeros and ones, so that 1 is white".to_owned());
            Ok(bytes.iter().map(|byte| byte * 255).collect())
        }
        Values::Bytes(bytes) => Ok(bytes),
        Values::Integers(integers) => {
            let (low, high) = integers.iter().fold((0, 0), |(low, high), &n| (n.min(low), n.max(high)));
            let white = match high {
                _ if low < 0 || high > 65_535 => {
                    return Err(format!(
                        "has values from {low} to {high}, which are none of pixels: 0 to 255 are wanted"
                    ));
                }
                0..LOW => high.max(1),
                LOW..256 => 255,
                _ => 65_535,
            };
            if white != 255 {
                done.push(format!("of values up to {high}, so that {white} is white"));
            }
            Ok(integers.iter().map(|&n| ((n * 255 + white / 2) / white) as u8).collect())
        }
        Values::Floats(floats) => {
            if floats.iter().any(|value| !value.is_finite()) {
                return Err("has values that are no numbers (NaN or infinite)".to_owned());
            }
            let (low, high) = floats.iter().fold((0.0f32, 0.0f32), |(low, high), &x| (x.min(low), x.max(high)));
            let (black, white) = match (low, high) {
                (-1.0..0.0, 0.0..=1.0) => (-1.0, 1.0),
                (0.0, 0.0..=1.0) => (0.0, 1.0),
                (0.0, 0.0..LOW_FLOAT) => (0.0, high),
                (0.0, 0.0..=255.0) => (0.0, 255.0),
                _ => {
                    return Err(format!(
                        "has values from {low} to {high}, which are none of pixels: 0 to 1, -1 to 1 or 0 to 255 are wanted"
                    ));
                }
            };
            done.push(format!("of fractions, so that {black} is black and {white} white"));
            // To nearest.
            Ok(floats.iter().map(|&x| ((x - black) / (white - black) * 255.0).round() as u8).collect())
        }
    }
}

/// A largest value below this is not of bytes but of fewer shades, as the 0 to 16 of scikit-learn's digits.
const LOW: i64 = 32;
const LOW_FLOAT: f32 = LOW as f32;

/// Takes an array for labels, one a picture.
///
/// # Errors
/// Dimensions or values that are none of labels, as the rest of a sentence about the array.
pub fn labels(array: Array) -> Result<Vec<i64>, String> {
    let Array { dims, values } = array;
    let wrong =
        || Err(format!("has the dimensions {dims:?}, which are none of labels: one number a picture is wanted"));
    let numbers: Vec<i64> = match values {
        Values::Bytes(bytes) => bytes.into_iter().map(i64::from).collect(),
        Values::Integers(integers) => integers,
        Values::Floats(floats) => {
            if let Some(part) = floats.iter().find(|x| x.fract() != 0.0 || !x.is_finite()) {
                return Err(format!("has {part} among its labels: whole numbers are wanted"));
            }
            floats.into_iter().map(|x| x as i64).collect()
        }
    };
    match dims[..] {
        [_] | [_, 1] | [1, _] => Ok(numbers),
        [_, columns] if columns > 1 => {
            let rows = || numbers.chunks_exact(columns);
            let highest = numbers.iter().copied().max().unwrap_or(0);
            let one_hot = |row: &[i64]| {
                row.iter().all(|&n| n == 0 || n == highest) && row.iter().filter(|&&n| n == highest).count() == 1
            };
            if highest > 0 && rows().all(one_hot) {
                return Ok(rows().map(|row| row.iter().position(|&n| n == highest).unwrap_or(0) as i64).collect());
            }
            // QMNIST: class, who wrote it, where it is in NIST's files.
            if columns == QMNIST { Ok(rows().map(|row| row[0]).collect()) } else { wrong() }
        }
        _ => wrong(),
    }
}

/// Numbers about each picture in QMNIST's files of labels; the first is the class.
const QMNIST: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const I16: Number = Number::Integer { bytes: 2, signed: true };

    #[test]
    fn numbers_of_every_kind_are_read() {
        assert_eq!(Values::read(I16, true, vec![0xff, 0xfe, 1, 0]), Values::Integers(vec![-2, 256]));
        assert_eq!(Values::read(I16, false, vec![0xfe, 0xff, 0, 1]), Values::Integers(vec![-2, 256]));
        let unsigned = Number::Integer { bytes: 2, signed: false };
        assert_eq!(Values::read(unsigned, true, vec![0xff, 0xfe]), Values::Integers(vec![65_534]));
        let longs = [(-5i64).to_be_bytes(), 7i64.to_be_bytes()].concat();
        assert_eq!(
            Values::read(Number::Integer { bytes: 8, signed: true }, true, longs),
            Values::Integers(vec![-5, 7])
        );
        assert_eq!(Values::read(Number::Float(4), true, 0.5f32.to_be_bytes().to_vec()), Values::Floats(vec![0.5]));
        assert_eq!(Values::read(Number::Float(8), false, 0.25f64.to_le_bytes().to_vec()), Values::Floats(vec![0.25]));
        assert_eq!(Values::read(Number::Float(2), false, vec![0, 0x3c]), Values::Floats(vec![1.0]));
        assert_eq!(Values::read(Number::Bool, false, vec![0, 1]), Values::Bytes(vec![0, 255]));
    }

    #[test]
    fn pictures_come_in_many_shapes_and_ranges() {
        let of = |dims: &[usize], values| pictures(Array { dims: dims.to_vec(), values }, Colour::Grey);
        let square = |dims: &[usize], values| of(dims, values).map(|s| ([s.image[1], s.image[2]], s.bytes));
        let grey = || Values::Bytes(vec![0, 9, 200, 255]);
        for dims in [&[1, 2, 2][..], &[1, 2, 2, 1], &[1, 1, 2, 2], &[1, 4], &[1, 4, 1]] {
            assert_eq!(square(dims, grey()), Ok(([2, 2], vec![0, 9, 200, 255])), "{dims:?}");
        }
        let last = Values::Bytes(vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]);
        let first = Values::Bytes(vec![255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9]);
        assert_eq!(square(&[1, 2, 2, 3], last), Ok(([2, 2], vec![76, 150, 29, 9])));
        assert_eq!(square(&[1, 3, 2, 2], first), Ok(([2, 2], vec![76, 150, 29, 9])));
        let floats = |values: &[f32]| square(&[1, 2, 2], Values::Floats(values.to_vec())).map(|(_, bytes)| bytes);
        assert_eq!(floats(&[0.0, 0.5, 1.0, 0.2]), Ok(vec![0, 128, 255, 51]));
        assert_eq!(floats(&[-1.0, 0.0, 1.0, 0.0]), Ok(vec![0, 128, 255, 128]));
        assert_eq!(floats(&[0.0, 16.0, 8.0, 0.0]), Ok(vec![0, 255, 128, 0]));
        assert_eq!(floats(&[0.0, 255.0, 8.0, 0.0]), Ok(vec![0, 255, 8, 0]));
        assert!(floats(&[0.0, 1e9, 8.0, 0.0]).unwrap_err().contains("none of pixels"));
        assert!(floats(&[0.0, f32::NAN, 8.0, 0.0]).unwrap_err().contains("no numbers"));
        let integers = |values: &[i64]| square(&[1, 2, 2], Values::Integers(values.to_vec())).map(|(_, bytes)| bytes);
        assert_eq!(integers(&[0, 65_535, 257, 514]), Ok(vec![0, 255, 1, 2]));
        assert_eq!(integers(&[0, 200, 1, 2]), Ok(vec![0, 200, 1, 2]));
        assert!(integers(&[-3, 0, 0, 0]).unwrap_err().contains("from -3"));
        assert_eq!(square(&[2, 1, 2], Values::Bytes(vec![0, 1, 1, 0])), Ok(([1, 2], vec![0, 255, 255, 0])));
        assert!(of(&[2, 7], Values::Bytes(vec![0; 14])).unwrap_err().contains("[2, 7]"));
    }

    #[test]
    fn coloured_pictures_are_planes_whichever_way_they_were_saved() {
        let of = |dims: &[usize], bytes: Vec<u8>, asked| {
            pictures(Array { dims: dims.to_vec(), values: Values::Bytes(bytes) }, asked)
        };
        let last = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];
        let first = vec![255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9];
        let with_opacity = [&first[..], &[7; 4]].concat();
        for asked in [Colour::Auto, Colour::Rgb] {
            for (dims, bytes) in
                [([1, 2, 2, 3], last.clone()), ([1, 3, 2, 2], first.clone()), ([1, 4, 2, 2], with_opacity.clone())]
            {
                let squares = of(&dims, bytes, asked).unwrap();
                assert_eq!((squares.image, squares.bytes, squares.count), ([3, 2, 2], first.clone(), 1), "{dims:?}");
                assert!(squares.done.iter().any(|line| line.contains("in colour")), "{:?}", squares.done);
            }
        }
        // Three equal channels are grey, unless asked for.
        let grey = of(&[1, 2, 1, 3], vec![5, 5, 5, 9, 9, 9], Colour::Auto).unwrap();
        assert_eq!((grey.image, &grey.bytes[..]), ([1, 2, 1], &[5, 9][..]));
        let asked = of(&[1, 2, 1, 3], vec![5, 5, 5, 9, 9, 9], Colour::Rgb).unwrap();
        assert_eq!((asked.image, &asked.bytes[..]), ([3, 2, 1], &[5, 9, 5, 9, 5, 9][..]));
        let refused = of(&[1, 2, 2], vec![0; 4], Colour::Rgb).unwrap_err();
        assert!(refused.contains("grey pictures, and `--colour rgb` asks for coloured ones"), "{refused}");
    }

    #[test]
    fn the_order_of_channels_that_was_taken_is_said() {
        for (dims, image, said, opacity) in [
            ([1, 5, 6, 3], [3, 5, 6], "with channels last", false),
            ([1, 3, 5, 6], [3, 5, 6], "with channels first", false),
            ([1, 4, 5, 3], [3, 4, 5], "with channels last ([4, 5, 3] could be channels first too)", false),
            ([1, 4, 5, 6], [3, 5, 6], "with channels first", true),
        ] {
            let bytes = (0..dims.iter().product::<usize>()).map(|i| i as u8).collect();
            let squares = pictures(Array { dims: dims.to_vec(), values: Values::Bytes(bytes) }, Colour::Rgb).unwrap();
            assert_eq!((squares.image, squares.done[0].as_str()), (image, said), "{dims:?}");
            assert_eq!(squares.done.iter().any(|line| line.contains("opacity")), opacity, "{dims:?}");
        }
    }

    #[test]
    fn labels_come_in_many_shapes() {
        let of = |dims: &[usize], values| labels(Array { dims: dims.to_vec(), values });
        assert_eq!(of(&[3], Values::Bytes(vec![1, 2, 200])), Ok(vec![1, 2, 200]));
        assert_eq!(of(&[2, 1], Values::Integers(vec![-1, 26])), Ok(vec![-1, 26]));
        assert_eq!(of(&[2, 3], Values::Floats(vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0])), Ok(vec![2, 0]));
        let qmnist: Vec<i64> = [[5, 0, 258, 1, 2, 15, 0, 0], [0, 0, 897, 1, 2, 3, 0, 0]].concat();
        assert_eq!(of(&[2, 8], Values::Integers(qmnist)), Ok(vec![5, 0]));
        assert!(of(&[2], Values::Floats(vec![0.5, 1.0])).unwrap_err().contains("0.5"));
        assert!(of(&[2, 3], Values::Bytes(vec![7, 8, 9, 1, 2, 3])).unwrap_err().contains("[2, 3]"));
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(dims in proptest::collection::vec(0usize..5, 0..5), floats in any::<bool>(), fill in any::<f32>()) {
            let count = dims.iter().product();
            let values = if floats { Values::Floats(vec![fill; count]) } else { Values::Integers(vec![fill as i64; count]) };
            let array = Array { dims, values };
            let _ = labels(array.clone());
            let _ = pictures(array.clone(), Colour::Rgb);
            let _ = pictures(array, Colour::Auto);
        }
    }
}
