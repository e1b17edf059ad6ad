//! A folder of pictures as a data set.
//!
//! A file is a picture if its first bytes say so, whatever its name. Pictures are taken in the order of their paths; what
//! their folders mean is decided in [`crate::split`]. Nothing is passed over in silence: what cannot be read is named, what
//! is no picture is counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::colour::{self, Colour};
use crate::decode::{Outcome, decode_all, is_named_a_picture, own_size};
use crate::framing::{Framed, Framing, Looked, Wanted};
use crate::kind::Kind;
use crate::split::{Part, Split, listed, split};
use crate::walk::{Listed, Walk};
use crate::{DEFAULT_SIZE, DataShape, Dataset, Pictures, Reading, Source, looks};
use failure::{Failure, Result};

/// Files named one by one in a message.
const NAMED: usize = 10;

/// Files below a folder that are named as pictures.
pub fn named_pictures(walk: &Walk) -> Vec<PathBuf> {
    walk.files.iter().map(|file| &file.path).filter(|path| is_named_a_picture(path)).cloned().collect()
}

/// Says what of a folder is left aside since arrays are read from it: `pictures`, and what could not be looked at, which fails under
/// `strict`.
///
/// # Errors
/// Under `strict`, folders and files that could not be looked at.
pub fn beside_arrays(walk: &Walk, pictures: &[PathBuf], strict: bool, reading: &mut Reading) -> Result<()> {
    if !pictures.is_empty() {
        let (count, some) = (pictures.len(), listed(pictures, 1));
        (reading.say)(&format!("arrays of a set are read, and {count} files named as pictures left aside: {some}"));
    }
    let Some(trouble) = not_looked_at(walk) else { return Ok(()) };
    if strict {
        return Err(Failure::failed(trouble).hint("mend or remove them, or drop `--strict` to skip them"));
    }
    (reading.say)(&format!("warning: {trouble}"));
    Ok(())
}

/// What could not be looked at below a folder, in a sentence.
fn not_looked_at(walk: &Walk) -> Option<String> {
    let refused: Vec<_> = walk.refused.iter().map(|(path, why)| format!("`{}`: {why}", path.display())).collect();
    (!refused.is_empty()).then(|| format!("not everything could be looked at:{}", one_a_line(&refused)))
}

/// Reads every picture that `walk` found below `folder`, in grey or in colour; says what was done to them, and which could not
/// be read, which fails under `strict`. Nothing if it was stopped.
///
/// # Errors
/// A folder with nothing to train on, and under `strict` a picture that cannot be read.
pub fn read(
    folder: &Path,
    name: String,
    walk: &Walk,
    source: &Source,
    reading: &mut Reading,
) -> Result<Option<Dataset>> {
    let ways = Ways::of(source, &walk.files);
    let Some(guess) = ways.guess(&walk.files, reading) else { return Ok(None) };
    let Some(mut heap) = heap(&walk.files, ways.wanted(guess), reading) else { return Ok(None) };
    let troubles = heap.troubles(walk);
    if !troubles.is_empty() && source.strict {
        return Err(Failure::failed(troubles.join("\n")).hint("mend or remove them, or drop `--strict` to skip them"));
    }
    if heap.pictures.is_empty() {
        return Err(nothing(folder, walk, &heap));
    }
    for trouble in troubles {
        (reading.say)(&format!("warning: {trouble}"));
    }
    if let Some(line) = heap.passed_over(walk) {
        (reading.say)(&line);
    }
    let (taken, why, mixed) = colour::decide(source.colour, heap.coloured(), heap.pictures.len());
    let wanted = ways.wanted(taken);
    if taken != guess {
        // Rare, and cheaper than to hold every picture both ways until the last one is known.
        heap = match self::heap(&walk.files, wanted, reading) {
            Some(again) => again,
            None => return Ok(None),
        };
    }
    let (paths, mut framed): (Vec<PathBuf>, Vec<Framed>) =
        heap.pictures.into_iter().map(|(path, looked)| (path, looked.framed)).unzip();
    let [rows, columns] = wanted.size;
    let (folder_name, counts) = (folder.display(), Tally::of(framed.iter()).sentence([rows, columns]));
    (reading.say)(&format!("{folder_name}: {counts}; {why}"));
    let channels = if wanted.in_colour { 3 } else { 1 };
    let (bytes, line) = on_a_ground(&mut framed, channels);
    for line in mixed.into_iter().chain(line) {
        (reading.say)(&line);
    }
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let Split { parts, labels, classes, said } = split(folder, &paths);
    let shape = DataShape { image: [channels, rows, columns], classes: classes.len() };
    said.iter().for_each(|line| (reading.say)(line));
    let room = |wanted: Part| {
        let count = parts.iter().filter(|part| **part == wanted).count();
        let bytes = Vec::with_capacity(count * shape.image.iter().product::<usize>());
        Pictures { bytes, labels: Vec::with_capacity(count), shape }
    };
    let (mut train, mut test) = (room(Part::Train), room(Part::Test));
    // Each is let go of once it is copied.
    for ((square, label), part) in bytes.into_iter().zip(labels).zip(&parts) {
        let pictures = match part {
            Part::Train => &mut train,
            Part::Test => &mut test,
            Part::Aside => continue,
        };
        pictures.bytes.extend(square);
        pictures.labels.push(label);
    }
    let set = Dataset { name, train, test, classes }.turned(source);
    looks::remarks(&set.train, !source.invert).iter().for_each(|line| (reading.say)(line));
    Ok(Some(set))
}

/// What is asked for, with the sizes that follow from it.
struct Ways {
    asked: Colour,
    /// Rows and columns in grey.
    grey: [usize; 2],
    /// Rows and columns in colour, and for being looked at for colours.
    rgb: [usize; 2],
}

impl Ways {
    fn of(source: &Source, files: &[Listed]) -> Self {
        let usual = [DEFAULT_SIZE; 2];
        let own = || if source.colour == Colour::Grey { None } else { own_size(files) };
        Self {
            asked: source.colour,
            grey: source.size.unwrap_or(usual),
            rgb: source.size.or_else(own).unwrap_or(usual),
        }
    }

    /// How pictures are wanted that are `taken` in grey or in colour.
    fn wanted(&self, taken: Colour) -> Wanted {
        let in_colour = taken == Colour::Rgb;
        let looked_at = (self.asked != Colour::Grey).then_some(self.rgb);
        Wanted { size: if in_colour { self.rgb } else { self.grey }, in_colour, looked_at }
    }

    /// Whether pictures are to be taken in grey or in colour, as asked for or, before they are all decoded, by some of them;
    /// nothing if it was stopped.
    fn guess(&self, files: &[Listed], reading: &mut Reading) -> Option<Colour> {
        if self.asked != Colour::Auto {
            return Some(self.asked);
        }
        let step = files.len().div_ceil(GUESSED_BY).max(1);
        let some: Vec<Listed> = files.iter().step_by(step).cloned().collect();
        let heap = heap(&some, self.wanted(Colour::Rgb), reading)?;
        Some(colour::decide(Colour::Auto, heap.coloured(), heap.pictures.len()).0)
    }
}

/// Files that are decoded to guess by whether a set is in colour.
const GUESSED_BY: usize = 50;

/// Decodes files as they are wanted; nothing if it was stopped.
fn heap(files: &[Listed], wanted: Wanted, reading: &mut Reading) -> Option<Heap> {
    let mut heap = Heap::default();
    for (file, outcome) in files.iter().zip(decode_all(files, wanted, reading)?) {
        heap.put(&file.path, outcome);
    }
    Some(heap)
}

/// What a folder's files are.
#[derive(Default)]
struct Heap {
    pictures: Vec<(PathBuf, Looked)>,
    /// Sentences.
    damaged: Vec<String>,
    /// Formats that are not read: how many, and the first.
    unknown: BTreeMap<&'static str, (usize, PathBuf)>,
    /// No pictures: how many of each kind, and the first.
    others: BTreeMap<&'static str, (usize, PathBuf)>,
    /// What of that says most about how to go on.
    telling: Option<Kind>,
}

impl Heap {
    fn put(&mut self, path: &Path, outcome: Outcome) {
        let count = |kinds: &mut BTreeMap<&'static str, (usize, PathBuf)>, kind: Kind| {
            kinds.entry(kind.name()).or_insert_with(|| (0, path.to_owned())).0 += 1;
        };
        match outcome {
            Outcome::Picture(looked) => self.pictures.push((path.to_owned(), *looked)),
            Outcome::Damaged(why) => self.damaged.push(format!("`{}`: {why}", path.display())),
            Outcome::Unknown(kind) => count(&mut self.unknown, kind),
            Outcome::Other(kind) => {
                if self.telling.is_none_or(|other| other.tells() < kind.tells()) {
                    self.telling = Some(kind);
                }
                count(&mut self.others, kind);
            }
        }
    }

    /// How many pictures show colours.
    fn coloured(&self) -> usize {
        self.pictures.iter().filter(|(_, looked)| looked.is_coloured).count()
    }

    /// What keeps pictures out of the set, in sentences.
    fn troubles(&self, walk: &Walk) -> Vec<String> {
        let unknown: usize = self.unknown.values().map(|(count, _)| count).sum();
        let all = self.pictures.len() + self.damaged.len() + unknown;
        let mut troubles = Vec::new();
        if !self.damaged.is_empty() {
            troubles.push(format!(
                "{} of {all} pictures cannot be read:{}",
                self.damaged.len(),
                one_a_line(&self.damaged)
            ));
        }
        troubles.extend(not_looked_at(walk));
        if unknown > 0 {
            troubles.push(format!(
                "{unknown} of {all} pictures {} not read: {}; save {} as PNG",
                if unknown == 1 { "is of a format that is" } else { "are of formats that are" },
                kinds(&self.unknown),
                if unknown == 1 { "it" } else { "them" }
            ));
        }
        troubles
    }

    fn passed_over(&self, walk: &Walk) -> Option<String> {
        let mut parts = Vec::new();
        if !self.others.is_empty() {
            parts.push(kinds(&self.others));
        }
        let counted = [
            (walk.hidden, ["whose name begins with a dot", "whose names begin with a dot"]),
            (
                walk.circles,
                [
                    "link to a folder that is read already or holds this one",
                    "links to folders that are read already or hold this one",
                ],
            ),
            (walk.special, ["that is no file", "that are no files"]),
            (walk.runs, ["run folder of a trainer", "run folders of a trainer"]),
        ];
        let told = counted.iter().filter(|(count, _)| *count > 0);
        parts.extend(told.map(|(count, [one, many])| format!("{count} {}", if *count == 1 { one } else { many })));
        (!parts.is_empty()).then(|| format!("passed over, as no pictures: {}", parts.join(", ")))
    }
}

/// The first few on lines of their own, then a count.
fn one_a_line(lines: &[String]) -> String {
    let named: String = lines.iter().take(NAMED).map(|line| format!("\n  {line}")).collect();
    let rest = lines.len().saturating_sub(NAMED);
    if rest == 0 { named } else { format!("{named}\n  and {rest} more") }
}

/// `3 AVIF (as `a.avif`), 1 text (as `b.txt`)`.
fn kinds(counted: &BTreeMap<&'static str, (usize, PathBuf)>) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let one = |(kind, (count, path)): (&&str, &(usize, PathBuf))| format!("{count} {kind} (as `{}`)", name(path));
    counted.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Why there is nothing to train on, and what was found instead.
fn nothing(folder: &Path, walk: &Walk, heap: &Heap) -> Failure {
    let folder = folder.display();
    if walk.files.is_empty() && walk.refused.is_empty() {
        let hidden =
            if walk.hidden > 0 { format!(" but {} whose names begin with a dot", walk.hidden) } else { String::new() };
        return Failure::failed(format!("`{folder}` is empty: there is no file in it or below{hidden}"))
            .hint(Kind::Empty.advice());
    }
    let found: Vec<String> = heap.troubles(walk).into_iter().chain(heap.passed_over(walk)).collect();
    let advice = match heap.telling {
        Some(kind) if heap.damaged.is_empty() && heap.unknown.is_empty() => kind.advice(),
        _ if !heap.unknown.is_empty() => "save them as PNG or JPEG, as by `magick mogrify -format png *`",
        _ => Kind::Empty.advice(),
    };
    Failure::failed(format!("`{folder}` holds no picture that can be read; {}", found.join("\n"))).hint(advice)
}

/// Pictures read, and how many of them went through what.
struct Tally {
    pictures: usize,
    cropped: usize,
    scaled: usize,
    stepped: usize,
    greyed: usize,
}

impl Tally {
    fn of<'a>(pictures: impl Iterator<Item = &'a Framed>) -> Self {
        let mut tally = Self { pictures: 0, cropped: 0, scaled: 0, stepped: 0, greyed: 0 };
        for Framed { done: Framing { cropped, scaled, stepped, greyed }, .. } in pictures {
            tally.pictures += 1;
            tally.cropped += usize::from(*cropped);
            tally.scaled += usize::from(*scaled);
            tally.stepped += usize::from(*stepped);
            tally.greyed += usize::from(*greyed);
        }
        tally
    }

    fn sentence(&self, [rows, columns]: [usize; 2]) -> String {
        let Self { pictures, cropped, scaled, stepped, greyed } = self;
        let plural = if *pictures == 1 { "" } else { "s" };
        let steps =
            if *stepped == 0 { String::new() } else { format!(" ({stepped} by a whole factor, pixel by pixel)") };
        format!(
            "{pictures} picture{plural}, {cropped} cut to their middle, {scaled} scaled to {rows} by {columns}{steps}, {greyed} \
             turned grey"
        )
    }
}

/// Ink from this grey on is light.
const LIGHT: u8 = 128;
/// What is left of a drawing whose ink is as its ground: no pixel differs from another by more.
const LOST: u8 = 16;

/// The pictures' bytes: what is transparent is put on black where most of the ink is light, and on white where most is
/// dark; single pictures that would be lost so are put on the other.
fn on_a_ground(pictures: &mut [Framed], channels: usize) -> (Vec<Vec<u8>>, Option<String>) {
    let transparent: Vec<u8> = pictures.iter().filter(|f| f.on_white.is_some()).map(|f| f.ink).collect();
    let dark = transparent.iter().filter(|&&ink| ink < LIGHT).count();
    let white = dark * 2 > transparent.len();
    let mut put = [0, 0];
    let choose = |framed: &mut Framed| {
        let black = std::mem::take(&mut framed.on_black);
        let Some(on_white) = framed.on_white.take() else { return black };
        let (first, second) = if white { (on_white, black) } else { (black, on_white) };
        let turned = range(&first, channels) <= LOST && range(&second, channels) > LOST;
        put[usize::from(white != turned)] += 1;
        if turned { second } else { first }
    };
    let bytes = pictures.iter_mut().map(choose).collect();
    let [on_black, on_white] = put;
    let words = match (on_black, on_white) {
        (0, 0) => return (bytes, None),
        (black, 0) => format!("{black} pictures have transparent parts: put on black, since what they show is light"),
        (0, white) => format!("{white} pictures have transparent parts: put on white, since what they show is dark"),
        (black, white) => format!(
            "{} pictures have transparent parts: {black} put on black, {white} on white, by what keeps what they show",
            black + white
        ),
    };
    (bytes, Some(words))
}

/// Darkest to lightest of the channel that differs most.
fn range(bytes: &[u8], channels: usize) -> u8 {
    let plane = |plane: &[u8]| {
        let (low, high) = plane.iter().fold((255, 0), |(low, high), &byte| (byte.min(low), byte.max(high)));
        u8::saturating_sub(high, low)
    };
    bytes.chunks((bytes.len() / channels).max(1)).map(plane).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;
    use std::sync::atomic::AtomicBool;

    use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;
    use crate::walk::walk;

    fn put(dir: &Path, name: &str, bytes: &[u8]) {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), bytes).unwrap();
    }

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn grey(shade: u8) -> DynamicImage {
        GrayImage::from_pixel(4, 4, Luma([shade])).into()
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (i, name) in names.iter().enumerate() {
            let shade = i as u8 * 10;
            let file = if name.ends_with("png") {
                encoded(grey(shade), ImageFormat::Png)
            } else {
                encoded(RgbImage::from_pixel(6, 4, Rgb([shade; 3])), ImageFormat::Jpeg)
            };
            put(dir.path(), name, &file);
        }
        dir
    }

    fn read_quietly(dir: &Path, strict: bool) -> (Result<Dataset>, String) {
        read_as(dir, Source { size: Some([4, 4]), strict, ..Source::default() })
    }

    fn read_as(dir: &Path, source: Source) -> (Result<Dataset>, String) {
        let mut said = String::new();
        let stop = AtomicBool::new(false);
        let walk = walk(dir, &stop).unwrap();
        let mut say = |line: &str| said += &format!("{line}\n");
        let outcome = read(dir, "own".to_owned(), &walk, &source, &mut Reading::new(&mut say, &stop, None));
        (outcome.map(|set| set.expect("nobody stops it")), said)
    }

    #[test]
    fn pictures_are_read_in_the_order_of_their_names_and_said() {
        let dir = folder(&["b.JPG", "a.png", "c.png"]);
        let (data, said) = read_quietly(dir.path(), true);
        let data = data.unwrap();
        assert_eq!((data.train.count(), data.image_shape()), (3, [1, 4, 4]));
        assert_eq!((data.train.bytes[0], data.train.bytes[32]), (10, 20));
        assert!(data.train.bytes[16] <= 2, "JPEG is not exact, but near");
        assert!(said.contains("3 pictures, 1 cut to their middle, 0 scaled to 4 by 4, 1 turned grey"), "{said}");
    }

    #[test]
    fn folders_are_classes_and_every_twelfth_picture_is_for_tests() {
        let names: Vec<String> =
            (0..24).map(|i| format!("{}/{i:02}.png", if i < 12 { "cats" } else { "dogs" })).collect();
        let dir = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let data = read_quietly(dir.path(), true).0.unwrap();
        assert_eq!((data.train.count(), &data.test.labels[..]), (22, &[0, 1][..]));
        assert_eq!((data.train.labels[0], data.train.labels[21]), (0, 1));
        assert_eq!(data.classes, ["cats", "dogs"]);
    }

    #[test]
    fn content_counts_and_not_the_name() {
        let dir = tempfile::tempdir().unwrap();
        use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
        for (i, (name, format)) in [
            ("a.jfif", Jpeg),
            ("b.JPE", Jpeg),
            ("c.gif", Gif),
            ("d.bmp", Bmp),
            ("e.TIF", Tiff),
            ("f.webp", WebP),
            ("g", Png),
            ("h.png", WebP),
            ("i.pgm", Pnm),
        ]
        .into_iter()
        .enumerate()
        {
            put(dir.path(), name, &encoded(RgbImage::from_pixel(4, 4, Rgb([10 * (i as u8 + 1); 3])), format));
        }
        put(dir.path(), "j.avif", b"\0\0\0\x20ftypavif\0\0\0\0");
        put(dir.path(), "k.heic", b"\0\0\0\x20ftypheic\0\0\0\0");
        put(dir.path(), "notes.txt", b"what these are");
        put(dir.path(), ".hidden.png", b"");
        let (data, said) = read_quietly(dir.path(), false);
        let data = data.unwrap();
        assert_eq!(data.train.count(), 9);
        for (i, picture) in data.train.bytes.chunks(16).enumerate() {
            assert!(picture[0].abs_diff(10 * (i as u8 + 1)) <= 2, "{i}: {picture:?}");
        }
        for part in [
            "2 of 11 pictures are of formats that are not read: 1 AVIF (as `j.avif`), 1 HEIC (as `k.heic`)",
            "1 text (as `notes.txt`), 1 whose name begins with a dot",
        ] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        let failure = read_quietly(dir.path(), true).0.unwrap_err();
        assert!(failure.message.contains("formats that are not read"), "{failure}");
    }

    #[test]
    fn what_cannot_be_read_is_listed_and_skipped_or_refused() {
        let dir = folder(&["good.png", "cut.png", "cut.jpg"]);
        for name in ["cut.png", "cut.jpg"] {
            let bytes = fs::read(dir.path().join(name)).unwrap();
            put(dir.path(), name, &bytes[..bytes.len() * 3 / 4]);
        }
        put(dir.path(), "lies.jpg", b"a text");
        put(dir.path(), "page.png", b"<!DOCTYPE html><p>404");
        put(dir.path(), "empty.jpeg", b"");
        let (data, said) = read_quietly(dir.path(), false);
        assert_eq!(data.unwrap().train.count(), 1);
        for part in [
            "5 of 6 pictures cannot be read",
            "cut.png",
            "cut.jpg`: it is cut short",
            "no picture but text",
            "no picture but HTML",
            "it is empty",
            "1 picture,",
        ] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        let failure = read_quietly(dir.path(), true).0.unwrap_err();
        assert!(failure.message.contains("5 of 6 pictures cannot be read"), "{failure}");
        fs::remove_file(dir.path().join("good.png")).unwrap();
        assert!(read_quietly(dir.path(), false).0.unwrap_err().message.contains("holds no picture that can be read"));
    }

    /// A drawing of `ink` on nothing.
    fn drawing(ink: u8, at: u32) -> Vec<u8> {
        let pixel = |x: u32, y: u32| {
            if (x + y + at).is_multiple_of(3) { Rgba([ink, ink, ink, 255]) } else { Rgba([0, 0, 0, 0]) }
        };
        encoded(RgbaImage::from_fn(4, 4, pixel), ImageFormat::Png)
    }

    #[test]
    fn transparent_drawings_are_put_where_they_are_seen() {
        let contrast = |data: &Dataset| data.train.bytes.chunks(16).map(|picture| range(picture, 1)).min().unwrap();
        for (inks, ground, said_of) in [
            ([0, 0, 0], 255, "put on white"),
            ([255, 200, 255], 0, "put on black"),
            ([0, 0, 255], 255, "1 put on black, 2 on white"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            inks.iter().enumerate().for_each(|(i, &ink)| put(dir.path(), &format!("{i}.png"), &drawing(ink, i as u32)));
            let (data, said) = read_quietly(dir.path(), true);
            let data = data.unwrap();
            assert_eq!((contrast(&data) > 150, data.train.bytes[1]), (true, ground), "{inks:?}: {said}");
            assert!(said.contains(said_of), "{inks:?}: {said}");
        }
    }

    /// A face on a ground: no two channels alike, and no smaller in any way.
    fn art(shade: u8, side: u32) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| Rgb([shade, (x * 29) as u8, (y * 23) as u8]))
    }

    #[test]
    fn a_coloured_folder_is_read_in_colour_and_in_its_own_size() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..6u8 {
            put(dir.path(), &format!("{i}.png"), &encoded(art(200 + i, 8), ImageFormat::Png));
        }
        let enlarged = image::imageops::resize(&art(100, 8), 24, 24, image::imageops::FilterType::Nearest);
        put(dir.path(), "large.png", &encoded(enlarged, ImageFormat::Png));
        let (data, said) = read_as(dir.path(), Source::default());
        let data = data.unwrap();
        assert_eq!((data.train.count(), data.image_shape()), (7, [3, 8, 8]));
        // Planes: all of red first.
        assert_eq!((data.train.bytes[..64].to_vec(), data.train.bytes[65]), (vec![200; 64], 29));
        assert_eq!(data.train.bytes[6 * 192..], crate::framing::planes(art(100, 8).as_raw())[..], "exactly its pixels");
        for part in ["1 scaled to 8 by 8 (1 by a whole factor", "in colour, since all show colours"] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        let grey = read_as(dir.path(), Source { colour: Colour::Grey, ..Source::default() });
        assert_eq!(grey.0.unwrap().image_shape(), [1, 28, 28]);
        assert!(grey.1.contains("7 turned grey; in grey, as asked for"), "{}", grey.1);
        let wide = Source { size: Some([4, 8]), colour: Colour::Rgb, invert: true, ..Source::default() };
        let wide = read_as(dir.path(), wide).0.unwrap();
        assert_eq!((wide.image_shape(), wide.train.bytes[0]), ([3, 4, 8], 55), "red turned round");
    }

    #[test]
    fn a_folder_half_grey_half_coloured_is_told() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..10u8 {
            let picture =
                if i < 5 { encoded(art(20 * i, 8), ImageFormat::Png) } else { encoded(grey(i), ImageFormat::Png) };
            put(dir.path(), &format!("{i}.png"), &picture);
        }
        let (data, said) = read_as(dir.path(), Source::default());
        assert_eq!(data.unwrap().image_shape()[0], 3);
        assert!(said.contains("5 of 10 pictures are grey, the others are not"), "{said}");
        assert!(said.contains("in colour, since 5 of 10 show colours"), "{said}");
    }

    #[test]
    fn coloured_drawings_are_put_where_they_are_seen() {
        let pixel = |x: u32, y: u32| if (x + y).is_multiple_of(3) { Rgba([90, 0, 0, 255]) } else { Rgba([0; 4]) };
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "a.png", &encoded(RgbaImage::from_fn(8, 8, pixel), ImageFormat::Png));
        let (data, said) = read_as(dir.path(), Source { colour: Colour::Rgb, ..Source::default() });
        let bytes = data.unwrap().train.bytes;
        assert_eq!((bytes[0], bytes[1], bytes[64], bytes[65]), (90, 255, 0, 255), "{said}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn no_folder_makes_it_panic(files in proptest::collection::vec(("[a-c/]{0,4}[a-z]\\.(png|jpg|gif|txt|webp)", 0usize..8, 0usize..200, any::<u8>()), 0..6)) {
            use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
            let dir = tempfile::tempdir().unwrap();
            for (name, format, at, byte) in files {
                let mut bytes = match format {
                    7 => drawing(byte, 1),
                    _ => encoded(RgbImage::from_pixel(5, 3, Rgb([byte, 9, 200])), [Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP][format]),
                };
                let len = bytes.len();
                bytes[at % len] = byte;
                let path = dir.path().join(name.trim_start_matches('/'));
                if fs::create_dir_all(path.parent().unwrap()).is_ok() {
                    // A folder may have that name already.
                    let _ = fs::write(path, bytes);
                }
            }
            let (outcome, _) = read_quietly(dir.path(), false);
            if let Ok(set) = outcome {
                prop_assert_eq!(set.train.bytes.len(), set.train.count() * set.pixels());
            }
        }
    }
}
