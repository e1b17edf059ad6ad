//! What should be known of pictures before anything is trained on them: copies, flat ones, a bright ground.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::Pictures;

/// Darkest to lightest pixel of a picture that shows nothing.
const FLAT: u8 = 8;
/// Pictures that the slower questions look at, spread over all.
const ASKED: usize = 2000;
/// Mean grey of the edge from which a ground is bright.
const BRIGHT: u8 = 192;
/// Standard deviation of a pixel, over pictures, below which they hardly differ.
const HARDLY: f64 = 2.0;

/// Mean of the edge up to which a ground is dark.
const DARK: u8 = 64;

/// What people should be told of `pictures`, in sentences; `may_invert`: black and white could still change places.
pub fn remarks(pictures: &Pictures, may_invert: bool) -> Vec<String> {
    let count = pictures.count();
    if count < 2 || pictures.pixels() == 0 {
        return Vec::new();
    }
    let mut said = Vec::new();
    let flat = pictures.bytes.chunks_exact(pictures.pixels()).filter(|p| is_flat(p, pictures.shape.image[0])).count();
    let distinct = distinct(pictures);
    if flat == count {
        let shade = pictures.bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>() / pictures.bytes.len() as u64;
        let shade = match shade {
            0..64 => "black",
            64..192 => "grey",
            _ => "white",
        };
        said.push(format!(
            "warning: every picture is one flat shade, {shade} on the whole: there is nothing to learn from them"
        ));
    } else if distinct == 1 {
        said.push(format!("warning: all {count} pictures are alike"));
    } else if spread(pictures) < HARDLY {
        said.push(format!("warning: the {count} pictures hardly differ from each other"));
    } else if distinct * 2 <= count {
        said.push(format!("warning: of {count} pictures only {distinct} differ, the others are copies of them"));
    } else if distinct < count && (count - distinct) * 20 >= count {
        said.push(format!("{} of {count} pictures are copies of others", count - distinct));
    }
    if flat < count && flat * 100 >= count {
        said.push(format!("warning: {flat} of {count} pictures are one flat shade"));
    }
    if flat == count {
        return said;
    }
    let ground = ground(pictures);
    if pictures.shape.image[0] > 1 {
        // Black and white turned round would turn colours round too.
        let offset = match ground {
            ..DARK => Some(("dark", 1)),
            BRIGHT.. => Some(("bright", -1)),
            _ => None,
        };
        said.extend(offset.map(|(ground, offset)| {
            format!(
                "these pictures have a {ground} ground, which D sees as 0 by `--d-input-offset {offset}`; `stable` has 1, for \
                 MNIST's dark one"
            )
        }));
    } else if may_invert && ground >= BRIGHT {
        said.push(
            "these pictures have a bright ground, and the built-in recipes were made for a dark one, as MNIST has: `--invert` \
             turns black and white round"
                .to_owned(),
        );
    }
    said
}

fn is_flat(picture: &[u8], channels: usize) -> bool {
    picture.chunks_exact(picture.len() / channels).all(|plane| {
        let (darkest, lightest) = plane.iter().fold((255, 0), |(low, high), &byte| (byte.min(low), byte.max(high)));
        lightest - darkest <= FLAT
    })
}

/// Pictures that no earlier one equals.
fn distinct(pictures: &Pictures) -> usize {
    let hasher = RandomState::new();
    // By 64 bits: among a million pictures two that differ share them once in thirty million sets.
    let seen: HashSet<u64> =
        pictures.bytes.chunks_exact(pictures.pixels()).map(|picture| hasher.hash_one(picture)).collect();
    seen.len()
}

/// Pictures spread evenly over all.
fn some(pictures: &Pictures) -> impl Iterator<Item = &[u8]> + Clone {
    let step = pictures.count().div_ceil(ASKED).max(1);
    pictures.bytes.chunks_exact(pictures.pixels()).step_by(step)
}

/// Standard deviation of a pixel over pictures, the mean over pixels.
fn spread(pictures: &Pictures) -> f64 {
    let (mut sums, mut squares) = (vec![0u64; pictures.pixels()], vec![0u64; pictures.pixels()]);
    for picture in some(pictures) {
        for (pixel, &byte) in picture.iter().enumerate() {
            sums[pixel] += u64::from(byte);
            squares[pixel] += u64::from(byte).pow(2);
        }
    }
    let n = some(pictures).count() as f64;
    let deviation = |(&sum, &square): (&u64, &u64)| (square as f64 / n - (sum as f64 / n).powi(2)).max(0.0).sqrt();
    sums.iter().zip(&squares).map(deviation).sum::<f64>() / pictures.pixels() as f64
}

/// The middle one of the pictures' means at their edge, over all channels.
fn ground(pictures: &Pictures) -> u8 {
    let [_, rows, columns] = pictures.shape.image;
    let edge = |picture: &[u8]| {
        let at_edge = |&(at, _): &(usize, &u8)| {
            let (row, column) = (at / columns % rows, at % columns);
            row == 0 || column == 0 || row + 1 == rows || column + 1 == columns
        };
        let (sum, count) =
            picture.iter().enumerate().filter(at_edge).fold((0, 0), |(s, n), (_, &b)| (s + u64::from(b), n + 1));
        (sum / u64::max(count, 1)) as u8
    };
    let mut edges: Vec<u8> = some(pictures).map(edge).collect();
    edges.sort_unstable();
    edges.get(edges.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataShape;

    fn set(count: usize, pixel: impl Fn(usize, usize) -> u8) -> Pictures {
        let bytes = (0..count).flat_map(|i| (0..16).map(move |at| (i, at))).map(|(i, at)| pixel(i, at)).collect();
        Pictures { bytes, labels: vec![0; count], shape: DataShape::grey(4, 4) }
    }

    #[test]
    fn what_spoils_a_run_is_said_before_it() {
        let digit = |i: usize, at: usize| if matches!(at, 5 | 6 | 9 | 10) { (i * 83 + at * 31) as u8 } else { 0 };
        let cases: &[(&str, Pictures, &str)] = &[
            ("black", set(20, |_, _| 0), "every picture is one flat shade, black"),
            ("one a hundred times", set(100, |_, at| at as u8 * 10), "all 100 pictures are alike"),
            ("nearly one", set(100, |i, at| at as u8 * 10 + (i % 2) as u8), "hardly differ"),
            ("mostly copies", set(100, |i, at| digit(i % 5, at)), "of 100 pictures only 5 differ"),
            (
                "some flat",
                set(100, |i, at| if i < 10 { 0 } else { digit(i, at) }),
                "10 of 100 pictures are one flat shade",
            ),
            ("on white", set(100, |i, at| 255 - digit(i, at)), "bright ground"),
        ];
        for (name, pictures, expected) in cases {
            let said = remarks(pictures, true);
            assert!(said.iter().any(|line| line.contains(expected)), "{name}: {said:?}");
        }
        assert_eq!(remarks(&set(100, digit), true), [""; 0]);
        assert_eq!(remarks(&set(100, |i, at| 255 - digit(i, at)), false), [""; 0]);
    }
    #[test]
    fn in_colour_the_ground_is_told_and_no_turning_round_advised() {
        let coloured = |ground: u8| {
            // A red, a green and a blue plane of 4 by 4 with a drawing in the middle.
            let pixel = |i: usize, at: usize| {
                if matches!(at % 16, 5 | 6 | 9 | 10) { (i * 83 + at * 31) as u8 } else { ground }
            };
            let bytes = (0..100).flat_map(|i| (0..48).map(move |at| pixel(i, at))).collect();
            let shape = DataShape { image: [3, 4, 4], classes: 0 };
            remarks(&Pictures { bytes, labels: vec![0; 100], shape }, true).join("\n")
        };
        assert!(
            coloured(250).contains("bright ground, which D sees as 0 by `--d-input-offset -1`"),
            "{}",
            coloured(250)
        );
        assert!(coloured(5).contains("dark ground"), "{}", coloured(5));
        assert_eq!(coloured(128), "");
        // One flat colour is flat, though its channels differ.
        let red = [[200; 16], [0; 16], [10; 16]].concat().repeat(5);
        let shape = DataShape { image: [3, 4, 4], classes: 0 };
        let said = remarks(&Pictures { bytes: red, labels: vec![0; 5], shape }, true).join("\n");
        assert!(said.contains("every picture is one flat shade"), "{said}");
    }
}
