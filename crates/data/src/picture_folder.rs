//! A folder of PNG and JPEG pictures as a data set.
//!
//! Pictures are taken in the order of their paths. Where they lie in folders of their own, each such folder is a class;
//! otherwise there is one class. Every twelfth picture is kept for tests, as a twelfth of MNIST's is.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use crate::framing::{Framing, frame};
use crate::{Dataset, Pictures};
use failure::{Failure, Result};

/// Names that end so are taken for pictures; what they are is decided by their content.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];
/// One picture of this many is for tests.
const TEST_SHARE: usize = 12;
/// Files named one by one in a message.
const NAMED: usize = 10;
/// Folders in folders are followed this far: a link that leads in a circle must end.
const DEPTH: usize = 8;

/// Whether there is a picture in `folder`, by the names of its files.
pub fn has_pictures(folder: &Path) -> bool {
    let mut paths = Vec::new();
    collect(folder, DEPTH, &mut paths).is_ok() && !paths.is_empty()
}

/// Reads every picture below `folder` as `size` by `size` grey pixels; `say` is told what was done to them, and which
/// could not be read, which fails under `strict`.
///
/// # Errors
/// A folder that cannot be listed or holds nothing to train on, and under `strict` a file that cannot be read.
pub fn read(folder: &Path, name: String, size: usize, strict: bool, say: &mut dyn FnMut(&str)) -> Result<Dataset> {
    let mut paths = Vec::new();
    collect(folder, DEPTH, &mut paths)
        .map_err(|error| Failure::failed(format!("`{}` cannot be listed: {error}", folder.display())))?;
    paths.sort();
    let classes = classes(folder, &paths);
    let empty = || Pictures { bytes: Vec::new(), labels: Vec::new(), pixels: size * size };
    let (mut train, mut test) = (empty(), empty());
    let (mut tally, mut unreadable) = (Tally::default(), Vec::new());
    for (path, label) in paths.iter().zip(classes) {
        let picture = match decode(path) {
            Ok(picture) => picture,
            Err(why) => {
                unreadable.push(format!("`{}`: {why}", path.display()));
                continue;
            }
        };
        let (bytes, done) = frame(&picture, size);
        let half = if tally.pictures % TEST_SHARE == TEST_SHARE - 1 { &mut test } else { &mut train };
        half.bytes.extend(bytes);
        half.labels.push(label);
        tally.add(done);
    }
    if !unreadable.is_empty() {
        let named = unreadable.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("\n  ");
        let rest = unreadable.len().saturating_sub(NAMED);
        let rest = if rest == 0 { String::new() } else { format!("\n  and {rest} more") };
        let message = format!("{} of {} pictures cannot be read:\n  {named}{rest}", unreadable.len(), paths.len());
        if strict {
            return Err(Failure::failed(message).hint("mend or remove them, or drop `--strict` to skip them"));
        }
        say(&format!("warning: {message}"));
    }
    if train.count() == 0 {
        return Err(Failure::failed(format!("`{}` holds no picture that can be read", folder.display()))
            .hint("give a folder of PNG or JPEG pictures, or of idx files named as MNIST's"));
    }
    say(&format!("{}: {}", folder.display(), tally.sentence(size)));
    Ok(Dataset { name, image_shape: [1, size, size], train, test })
}

/// Pictures read, and how many of them went through what.
#[derive(Default)]
struct Tally {
    pictures: usize,
    cropped: usize,
    scaled: usize,
    greyed: usize,
}

impl Tally {
    fn add(&mut self, done: Framing) {
        self.pictures += 1;
        self.cropped += usize::from(done.cropped);
        self.scaled += usize::from(done.scaled);
        self.greyed += usize::from(done.greyed);
    }

    fn sentence(&self, size: usize) -> String {
        let Self { pictures, cropped, scaled, greyed } = self;
        let plural = if *pictures == 1 { "" } else { "s" };
        format!(
            "{pictures} picture{plural}, {cropped} cut to their middle, {scaled} scaled to {size} by {size}, {greyed} turned grey"
        )
    }
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, paths)?;
            }
        } else if path.extension().is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known))) {
            paths.push(path);
        }
    }
    Ok(())
}

/// The class of each path: its place among the folders that lie directly in `folder`; beyond 255 all are of one class,
/// since a label is a byte.
fn classes(folder: &Path, paths: &[PathBuf]) -> Vec<u8> {
    let class = |path: &PathBuf| -> Option<PathBuf> {
        let below = path.strip_prefix(folder).ok()?;
        (below.components().count() > 1).then(|| below.components().next().map(|first| first.as_os_str().into()))?
    };
    let mut names: Vec<PathBuf> = paths.iter().filter_map(class).collect();
    names.sort();
    names.dedup();
    let labels = paths.iter().map(|path| class(path).and_then(|name| names.binary_search(&name).ok()).unwrap_or(0));
    labels.map(|label| if names.len() > 255 { 0 } else { label as u8 }).collect()
}

/// Decodes a picture, turned as its camera says; the error is the rest of a sentence.
fn decode(path: &Path) -> std::result::Result<DynamicImage, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err("it is neither PNG nor JPEG".to_owned());
    }
    let decoded = (|| {
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        Ok(picture)
    })();
    decoded.map_err(|error: image::ImageError| error.to_string().lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (i, name) in names.iter().enumerate() {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if name.ends_with("png") {
                GrayImage::from_pixel(4, 4, Luma([i as u8 * 10])).save(path).unwrap();
            } else {
                RgbImage::from_pixel(6, 4, Rgb([i as u8 * 10; 3])).save(path).unwrap();
            }
        }
        dir
    }

    fn read_quietly(dir: &Path, strict: bool) -> (Result<Dataset>, String) {
        let mut said = String::new();
        let outcome = read(dir, "own".to_owned(), 4, strict, &mut |line| said += &format!("{line}\n"));
        (outcome, said)
    }

    #[test]
    fn pictures_are_read_in_the_order_of_their_names_and_said() {
        let dir = folder(&["b.JPG", "a.png", "c.png"]);
        let (data, said) = read_quietly(dir.path(), true);
        let data = data.unwrap();
        assert_eq!((data.train.count(), data.image_shape), (3, [1, 4, 4]));
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
    }

    #[test]
    fn what_cannot_be_read_is_listed_and_skipped_or_refused() {
        let dir = folder(&["good.png", "cut.png", "lies.jpg"]);
        let cut = dir.path().join("cut.png");
        let bytes = fs::read(&cut).unwrap();
        fs::write(&cut, &bytes[..40]).unwrap();
        fs::write(dir.path().join("lies.jpg"), "a text").unwrap();
        fs::write(dir.path().join("empty.jpeg"), "").unwrap();
        fs::write(dir.path().join("notes.txt"), "not looked at").unwrap();
        let (data, said) = read_quietly(dir.path(), false);
        assert_eq!(data.unwrap().train.count(), 1);
        for part in ["3 of 4 pictures cannot be read", "cut.png", "neither PNG nor JPEG", "it is empty", "1 picture,"] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        let failure = read_quietly(dir.path(), true).0.unwrap_err();
        assert!(failure.message.contains("3 of 4 pictures cannot be read"), "{failure}");
        fs::remove_file(dir.path().join("good.png")).unwrap();
        assert!(read_quietly(dir.path(), false).0.unwrap_err().message.contains("holds no picture that can be read"));
    }
}
