//! The pictures a run learns from: MNIST or avatars, embedded in the binary; a set of idx or NumPy files ([`array_folder`]); or a folder
//! of pictures ([`picture_folder`]).
//!
//! What a file is, its first bytes say ([`kind`]). Nothing is passed over in silence: what cannot be used is named or
//! counted, and what was taken for what is said, line by line.

pub mod array;
pub mod array_folder;
pub mod cache;
pub mod colour;
pub mod decode;
pub mod framing;
pub mod idx;
pub mod kind;
mod looks;
pub mod npy;
pub mod picture_folder;
pub mod split;
pub mod table;
pub mod walk;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub use colour::Colour;
pub use gan::pictures::{DataShape, Pictures, scale_byte};

use crate::array_folder::Found;
use crate::cache::Key;
use crate::framing::frame_bytes;
use crate::kind::Kind;
use crate::walk::{Walk, walk};
use failure::{Failure, Result};

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// `mnist` or `avatars`, or the path of a folder or of a file of arrays.
    pub data: String,
    /// Rows and columns of a picture; else the files' own, and [`DEFAULT_SIZE`] of grey pictures and of such as have no size in
    /// common.
    pub size: Option<[usize; 2]>,
    /// Whether in grey or in colour.
    pub colour: Colour,
    /// Whether a picture that cannot be read fails the run.
    pub strict: bool,
    /// Whether black and white change places.
    pub invert: bool,
    /// Whether rows and columns change places.
    pub transpose: bool,
    /// Whether training has the mirror image of each picture too: [`Pictures::and_mirrored`]. Reading does not add them, since
    /// nothing is judged by them.
    pub mirror: bool,
}

impl Source {
    /// `mnist`, `avatars`, or the path of a folder or a file, as it is.
    pub fn of(data: &str) -> Self {
        Self { data: data.to_owned(), ..Self::default() }
    }
}

/// Whom reading talks to and listens to.
pub struct Reading<'a> {
    /// Told in sentences what was done to the pictures.
    pub say: &'a mut dyn FnMut(&str),
    /// Ends the reading once it is set.
    pub stop: &'a AtomicBool,
    /// Where a decoded set is kept, and taken from if it is still the same.
    pub kept: Option<&'a Path>,
    /// Whether rows and columns are to change places, for those who would advise it.
    transposed: bool,
}

impl<'a> Reading<'a> {
    /// Talks to `say`, ends once `stop` is set, keeps a decoded set at `kept`.
    pub fn new(say: &'a mut dyn FnMut(&str), stop: &'a AtomicBool, kept: Option<&'a Path>) -> Self {
        Self { say, stop, kept, transposed: false }
    }
}

/// Says whether `data` is the name of a set that is built in, and no path.
pub fn is_built_in(data: &str) -> bool {
    matches!(data, "mnist" | "avatars")
}

/// MNIST's.
pub const DEFAULT_SIZE: usize = 28;

/// A data set, split as training uses it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `mnist`, `avatars`, or the folder's name.
    pub name: String,
    /// What is trained on.
    pub train: Pictures,
    /// What is never trained on.
    pub test: Pictures,
    /// Names of the classes, by label; none where pictures have none.
    pub classes: Vec<String>,
}

impl Dataset {
    /// `mnist`, `avatars`, or the path of a folder, as it is.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn load(name_or_folder: &str) -> Result<Self> {
        Self::open(&Source::of(name_or_folder), &mut |_| ())
    }

    /// Reads what `source` asks for; `say` is told in sentences what was done to the pictures.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    pub fn open(source: &Source, say: &mut dyn FnMut(&str)) -> Result<Self> {
        let stop = AtomicBool::new(false);
        let read = Self::read(source, &mut Reading::new(say, &stop, None))?;
        Ok(read.expect("only a reader that is told to stop ends with nothing"))
    }

    /// Reads what `source` asks for; nothing if it was stopped.
    ///
    /// # Errors
    /// Files that are missing, unreadable, damaged, or do not belong together; each names its path.
    pub fn read(source: &Source, reading: &mut Reading) -> Result<Option<Self>> {
        reading.transposed = source.transpose;
        if is_built_in(&source.data) && Path::new(&source.data).is_dir() {
            let name = &source.data;
            (reading.say)(&format!("`{name}` is the built-in set; the folder of that name here is `--data ./{name}`"));
        }
        if source.data == "avatars" {
            return Ok(Some(Self::avatars(source.colour)?.of_size(source.size, reading.say).turned(source)));
        }
        if source.data == "mnist" {
            if source.colour == Colour::Rgb {
                return Err(Failure::usage("`--colour rgb`: MNIST's pictures are grey")
                    .hint("leave it out, or name pictures that have colours by `--data`"));
            }
            return Ok(Some(Self::mnist()?.of_size(source.size, reading.say).turned(source)));
        }
        let path = Path::new(&source.data);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Self::folder(path, source, reading),
            Ok(metadata) if metadata.is_file() => Self::file(path, source, reading).map(Some),
            // A pipe would be waited for, and a device may never end.
            Ok(_) => Err(Failure::failed(format!("`--data {}` is a pipe or a device, no folder or file", source.data))
                .hint("write its content to a file and give that")),
            Err(error) => Self::named(path, &error, source, reading).map(Some),
        }
    }

    fn folder(path: &Path, source: &Source, reading: &mut Reading) -> Result<Option<Self>> {
        let walk = walk(path, reading.stop).map_err(|error| {
            let why = walk::in_words(&error);
            let failure = Failure::failed(format!("`--data {}` cannot be listed: {why}", path.display()));
            match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    failure.hint("ask its owner for the right to read it, or give another folder")
                }
                _ => failure,
            }
        })?;
        if reading.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let name = folder_name(path);
        let pictures = picture_folder::named_pictures(&walk);
        let found = array_folder::find(&walk.files);
        let found = if pictures.is_empty() { found } else { found.without_tables() };
        // Arrays among pictures, whose names say nothing, are somebody's notes.
        if found.has_training_pictures() || (found.is_any() && pictures.is_empty()) {
            picture_folder::beside_arrays(&walk, &pictures, source.strict, reading)?;
            let set = array_folder::read(path, name, found, source.colour, reading)?;
            return Ok(Some(set.framed_as_asked(source, reading)));
        }
        read_or_take_kept(path, name, &walk, source, reading)
    }

    /// A file that is, or belongs to, a set of arrays.
    fn file(path: &Path, source: &Source, reading: &mut Reading) -> Result<Self> {
        if !array_folder::is_array(path) {
            let kind = kind::by_name(first_kind(path)?, path);
            let advice = match kind {
                Kind::Picture(_) => "give the folder that it is in: a run needs many pictures",
                _ => kind.advice(),
            };
            return Err(Failure::failed(format!(
                "`--data {}` is no folder but a file: {}",
                path.display(),
                kind.name()
            ))
            .hint(advice));
        }
        let one = |path: &Path| walk::Listed { path: path.to_owned(), len: 0, modified: 0 };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut found = array_folder::find(&[one(path)]);
        // One file of several: the others lie beside it.
        let beside = beside(path);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if !found.is_complete() && found.is_named() {
            let set = array_folder::find(&list(&beside)).of_set(&array_folder::set_named(&file_name));
            // An archive is a set by itself, with labels or without.
            found = if set.is_named() { set } else { found };
        }
        Ok(array_folder::read(path, name, found, source.colour, reading)?.framed_as_asked(source, reading))
    }

    /// What is no path may be the start of the names of a set's files: `gzip/emnist-letters`.
    fn named(path: &Path, error: &io::Error, source: &Source, reading: &mut Reading) -> Result<Self> {
        let name = folder_name(path);
        let set = array_folder::set_named(&name);
        let found: Found = array_folder::find(&list(&beside(path))).of_set(&set);
        if found.is_named() && !set.is_empty() {
            return Ok(array_folder::read(path, name, found, source.colour, reading)?.framed_as_asked(source, reading));
        }
        let data = &source.data;
        let (why, hint) = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                ("may not be looked at".to_owned(), "ask its owner for the right to read it, or give another folder")
            }
            _ if data.is_empty() => ("names nothing".to_owned(), Kind::Empty.advice()),
            _ if data.contains("://") => (
                "is an address, and nothing is downloaded".to_owned(),
                "download it, unpack it and give the folder that comes of it",
            ),
            _ if is_built_in(&data.to_lowercase()) => (
                "is no folder: there is nothing there".to_owned(),
                "the sets that are built in are `mnist` and `avatars`",
            ),
            _ if data.contains(['*', '?']) => (
                "is no folder: there is nothing of that name".to_owned(),
                "give the folder alone: all pictures in it and below are read",
            ),
            _ if data.split(',').all(|one| Path::new(one).exists()) => {
                ("are several folders".to_owned(), "give one folder, with those in it or links to them")
            }
            _ if data.starts_with('~') => (
                "is no folder: `~` stands for your home only where the shell replaces it".to_owned(),
                "leave the quotes away, or write `$HOME`",
            ),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                ("is no folder: there is nothing there".to_owned(), Kind::Empty.advice())
            }
            _ => (format!("is no folder: {error}"), Kind::Empty.advice()),
        };
        Err(Failure::failed(format!("`--data {data}` {why}")).hint(hint))
    }

    /// In the size and the way round that was asked for; says what should be known of how the pictures look.
    fn framed_as_asked(self, source: &Source, reading: &mut Reading) -> Self {
        let set = self.of_size(source.size, reading.say).turned(source);
        looks::remarks(&set.train, !source.invert).iter().for_each(|line| (reading.say)(line));
        set
    }

    /// These pictures cut and scaled to `size`, rows and columns, if they are not of that size already.
    fn of_size(mut self, size: Option<[usize; 2]>, say: &mut dyn FnMut(&str)) -> Self {
        let image @ [channels, rows, columns] = self.image_shape();
        let Some(size) = size.filter(|&size| [rows, columns] != size) else { return self };
        for pictures in [&mut self.train, &mut self.test] {
            let framed = pictures.bytes.chunks_exact(image.iter().product());
            pictures.bytes = framed.flat_map(|picture| frame_bytes(picture, image, size)).collect();
            pictures.shape.image = [channels, size[0], size[1]];
        }
        let cut = if rows * size[1] == columns * size[0] { "" } else { "cut to their middle and " };
        say(&format!("{}: {rows} by {columns} pictures {cut}scaled to {} by {}", self.name, size[0], size[1]));
        self
    }

    /// Black for white and rows for columns, where that was asked for.
    fn turned(mut self, source: &Source) -> Self {
        let [channels, rows, columns] = self.image_shape();
        for pictures in [&mut self.train, &mut self.test] {
            if source.invert {
                pictures.bytes.iter_mut().for_each(|byte| *byte = 255 - *byte);
            }
            if source.transpose {
                let turned = |plane: &[u8]| -> Vec<u8> {
                    (0..columns)
                        .flat_map(|column| (0..rows).map(move |row| (row, column)))
                        .map(|(row, column)| plane[row * columns + column])
                        .collect()
                };
                pictures.bytes = pictures.bytes.chunks_exact(rows * columns).flat_map(turned).collect();
                pictures.shape.image = [channels, columns, rows];
            }
        }
        self
    }

    /// MNIST as it is embedded in the binary.
    ///
    /// # Errors
    /// Only if the binary itself is damaged.
    pub fn mnist() -> Result<Self> {
        array_folder::built_in(
            "mnist",
            [
                include_bytes!("../mnist/train-images-idx3-ubyte.gz"),
                include_bytes!("../mnist/train-labels-idx1-ubyte.gz"),
                include_bytes!("../mnist/t10k-images-idx3-ubyte.gz"),
                include_bytes!("../mnist/t10k-labels-idx1-ubyte.gz"),
            ],
        )
    }

    /// Ten thousand avatars on a grid of 16 by 16, in colour unless they are asked for in grey, as they are embedded in the
    /// binary. Every twelfth is for tests.
    ///
    /// # Errors
    /// Only if the binary itself is damaged.
    pub fn avatars(colour: Colour) -> Result<Self> {
        array_folder::built_in_pictures("avatars", include_bytes!("../avatars/avatars-idx4-ubyte.gz"), colour)
    }

    /// What all of its pictures have in common.
    pub fn shape(&self) -> DataShape {
        self.train.shape
    }

    /// [channels, rows, columns] of a picture.
    pub fn image_shape(&self) -> [usize; 3] {
        self.shape().image
    }

    /// Pixels of a picture.
    pub fn pixels(&self) -> usize {
        self.shape().pixels()
    }
}

/// A folder of pictures, from where it is kept if that is of these very files; kept, if it was decoded and is large.
fn read_or_take_kept(
    folder: &Path,
    name: String,
    walk: &Walk,
    source: &Source,
    reading: &mut Reading,
) -> Result<Option<Dataset>> {
    let key = Key::of(folder, walk, source);
    if let Some((set, said)) = reading.kept.and_then(|path| cache::read(path, key)) {
        said.iter().for_each(|line| (reading.say)(line));
        return Ok(Some(Dataset { name, ..set }));
    }
    let mut said = Vec::new();
    let mut say = |line: &str| {
        // How far it was is no news later.
        if !line.starts_with(decode::PROGRESS) {
            said.push(line.to_owned());
        }
        (reading.say)(line);
    };
    let mut heard = Reading::new(&mut say, reading.stop, None);
    let Some(set) = picture_folder::read(folder, name, walk, source, &mut heard)? else { return Ok(None) };
    if let Some(path) = reading.kept.filter(|_| set.train.count() + set.test.count() >= cache::WORTH_KEEPING)
        && let Err(error) = files::write_whole(path, &cache::to_bytes(&set, &said, key))
    {
        let path = path.display();
        (reading.say)(&format!("the decoded pictures are not kept: `{path}` cannot be written: {error}"));
    }
    Ok(Some(set))
}

/// What a folder is called, `.` and `..` by what they stand for.
fn folder_name(path: &Path) -> String {
    let real = || fs::canonicalize(path).ok();
    let name = path.file_name().map(ToOwned::to_owned).or_else(|| real()?.file_name().map(ToOwned::to_owned));
    name.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The folder that a path lies in.
fn beside(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// The files directly in a folder; none where it cannot be listed.
fn list(folder: &Path) -> Vec<walk::Listed> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    let mut files: Vec<_> = files.map(|path| walk::Listed { path, len: 0, modified: 0 }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn first_kind(path: &Path) -> Result<Kind> {
    use io::Read;
    let mut first = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(kind::LOOKED_AT as u64).read_to_end(&mut first));
    read.map_err(|error| {
        Failure::failed(format!("`--data {}` cannot be read: {}", path.display(), walk::in_words(&error)))
    })?;
    Ok(kind::of(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnist_is_split_as_the_original_reads_it() {
        let mnist = Dataset::mnist().unwrap();
        assert_eq!((mnist.train.count(), mnist.test.count()), (55_000, 10_000));
        assert_eq!(mnist.image_shape(), [1, 28, 28]);
        // The first labels after the 5,000 set aside, and the first of the test file, read off the raw files by od.
        assert_eq!(mnist.train.labels[..8], [7, 3, 4, 6, 1, 8, 1, 0]);
        assert_eq!(mnist.test.labels[..8], [7, 2, 1, 0, 4, 1, 4, 9]);
    }

    #[test]
    fn avatars_are_there_in_colour_and_in_grey() {
        let avatars = Dataset::load("avatars").unwrap();
        assert_eq!((avatars.train.count(), avatars.test.count(), avatars.image_shape()), (9167, 833, [3, 16, 16]));
        // No avatar is another's copy, and the first one's corner is its ground, read off the file by od.
        let distinct: std::collections::HashSet<&[u8]> = avatars.train.bytes.chunks_exact(768).collect();
        assert_eq!(distinct.len(), 9167);
        let first = avatars.train.picture(0);
        assert_eq!([first[0], first[256], first[512]], [0xb6, 0xe3, 0xf4]);
        let grey = Dataset::open(&Source { colour: Colour::Grey, ..Source::of("avatars") }, &mut |_| ()).unwrap();
        assert_eq!((grey.image_shape(), grey.classes.len()), ([1, 16, 16], 0));
    }

    const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
    const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
    const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
    const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

    fn file(dims: &[u32], len: usize) -> Vec<u8> {
        let mut content = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|dim| content.extend(dim.to_be_bytes()));
        content.resize(content.len() + len, 3);
        content
    }

    fn put(dir: &Path, name: &str, content: &[u8]) {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), content).unwrap();
    }

    /// The four files as `content` of part and kind, under `names`.
    fn folder_of(names: [&str; 4], content: [Vec<u8>; 4]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        names
            .iter()
            .zip(&content)
            .filter(|(name, _)| !name.is_empty())
            .for_each(|(name, file)| put(dir.path(), name, file));
        dir
    }

    const NAMES: [&str; 4] = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];

    fn content(train: (u32, u32, u32), labels: u32, test: (u32, u32, u32)) -> [Vec<u8>; 4] {
        let images =
            |(count, rows, columns): (u32, u32, u32)| file(&[count, rows, columns], (count * rows * columns) as usize);
        [images(train), file(&[labels], labels as usize), images(test), file(&[test.0], test.0 as usize)]
    }

    fn folder(train: (u32, u32, u32), labels: u32, test: (u32, u32, u32)) -> tempfile::TempDir {
        folder_of(NAMES, content(train, labels, test))
    }

    fn open(dir: &Path, source: Source) -> (Result<Dataset>, String) {
        let mut said = String::new();
        let source = Source { data: dir.to_str().unwrap().to_owned(), ..source };
        let set = Dataset::open(&source, &mut |line| said += &format!("{line}\n"));
        (set, said)
    }

    fn opened(dir: &Path) -> (Dataset, String) {
        let (set, said) = open(dir, Source::default());
        (set.unwrap(), said)
    }

    fn refused(dir: &Path) -> String {
        open(dir, Source::default()).0.expect_err("it cannot be read").to_string()
    }

    #[test]
    fn a_folder_is_read_and_a_twelfth_set_aside() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        let data = Dataset::load(dir.path().to_str().unwrap()).unwrap();
        assert_eq!((data.train.count(), data.test.count(), data.image_shape()), (22, 5, [1, 2, 3]));
        assert_eq!(data.train.bytes.len(), 22 * 6);
        assert_eq!((data.classes, data.train.labels[0]), (vec!["3".to_owned()], 0));
    }

    #[test]
    fn names_and_layouts_as_people_have_them_are_all_read() {
        let layouts: [(&str, [&str; 4]); 7] = [
            (
                "dots",
                [
                    "train-images.idx3-ubyte",
                    "train-labels.idx1-ubyte",
                    "t10k-images.idx3-ubyte",
                    "t10k-labels.idx1-ubyte",
                ],
            ),
            (
                "each in a folder of its name",
                [
                    "train-images-idx3-ubyte/train-images-idx3-ubyte",
                    "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
                    "t10k-images-idx3-ubyte/t10k-images-idx3-ubyte",
                    "t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte",
                ],
            ),
            (
                "torchvision's",
                [
                    "MNIST/raw/train-images-idx3-ubyte",
                    "MNIST/raw/train-labels-idx1-ubyte",
                    "MNIST/raw/t10k-images-idx3-ubyte",
                    "MNIST/raw/t10k-labels-idx1-ubyte",
                ],
            ),
            (
                "EMNIST's prefix",
                [
                    "emnist-letters-train-images-idx3-ubyte",
                    "emnist-letters-train-labels-idx1-ubyte",
                    "emnist-letters-test-images-idx3-ubyte",
                    "emnist-letters-test-labels-idx1-ubyte",
                ],
            ),
            (
                "capitals",
                [
                    "TRAIN-IMAGES-IDX3-UBYTE",
                    "TRAIN-LABELS-IDX1-UBYTE",
                    "T10K-IMAGES-IDX3-UBYTE",
                    "T10K-LABELS-IDX1-UBYTE",
                ],
            ),
            (
                "copies",
                [
                    "train-images-idx3-ubyte (1)",
                    "train-labels-idx1-ubyte (1)",
                    "t10k-images-idx3-ubyte (1)",
                    "t10k-labels-idx1-ubyte (1)",
                ],
            ),
            ("parts apart", ["train/images.idx3", "train/labels.idx1", "t10k-images.idx3", "t10k-labels.idx1"]),
        ];
        for (name, names) in layouts {
            let dir = folder_of(names, content((24, 2, 3), 24, (5, 2, 3)));
            let (set, said) = open(dir.path(), Source::default());
            let set = set.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert_eq!((set.train.count(), set.test.count(), set.image_shape()), (22, 5, [1, 2, 3]), "{name}");
            assert!(!said.contains("labels"), "{name}: {said}");
        }
    }

    #[test]
    fn the_set_that_is_meant_is_taken_or_asked_for() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        // Packed ones beside plain ones, and the same deeper: the first are taken.
        put(dir.path(), "train-images-idx3-ubyte.gz", b"\x1f\x8bdamaged");
        put(dir.path(), "raw/train-images-idx3-ubyte", &file(&[9, 9, 9], 729));
        put(dir.path(), "emnist-train-images-idx3-ubyte", &file(&[9, 9, 9], 729));
        assert_eq!(opened(dir.path()).0.image_shape(), [1, 2, 3]);
        let both = tempfile::tempdir().unwrap();
        for set in ["MNIST", "FashionMNIST"] {
            put(both.path(), &format!("{set}/raw/{TRAIN_IMAGES}"), &file(&[9, 2, 2], 36));
        }
        let said = refused(both.path());
        assert!(
            said.contains("several sets: in") && said.contains("MNIST/raw") && said.contains("hint: give the folder"),
            "{said}"
        );
        let prefixed = tempfile::tempdir().unwrap();
        for (set, side) in [("emnist-digits", 2), ("emnist-letters", 3)] {
            put(
                prefixed.path(),
                &format!("{set}-train-images-idx3-ubyte"),
                &file(&[12, side, side], 12 * (side * side) as usize),
            );
        }
        let said = refused(prefixed.path());
        assert!(said.contains("2 sets: `emnist-digits`, `emnist-letters`"), "{said}");
        assert_eq!(opened(&prefixed.path().join("emnist-letters")).0.image_shape(), [1, 3, 3]);
        assert_eq!(opened(&prefixed.path().join("emnist-digits-train-images-idx3-ubyte")).0.image_shape(), [1, 2, 2]);
    }

    #[test]
    fn sets_without_labels_or_tests_are_trained_on() {
        let [images, labels, tests, _] = content((24, 2, 3), 24, (5, 2, 3));
        let no_labels = folder_of([TRAIN_IMAGES, "", TEST_IMAGES, ""], [images.clone(), vec![], tests.clone(), vec![]]);
        let (set, said) = opened(no_labels.path());
        assert_eq!((set.train.count(), set.test.count(), set.classes.len(), set.train.labels[21]), (22, 5, 0, 0));
        assert!(said.contains("trained on without classes"), "{said}");
        let no_tests =
            folder_of([TRAIN_IMAGES, TRAIN_LABELS, "", ""], [images.clone(), labels.clone(), vec![], vec![]]);
        let (set, said) = opened(no_tests.path());
        assert_eq!((set.train.count(), set.test.count(), set.classes.len()), (22, 2, 1));
        assert!(said.contains("every twelfth of the training pictures, 2 of 24"), "{said}");
        let half = folder_of([TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, ""], [images, labels.clone(), tests, vec![]]);
        let (set, said) = opened(half.path());
        assert_eq!((set.train.count(), set.test.count()), (22, 2));
        assert!(said.contains("left aside: it has no labels"), "{said}");
        let none = folder_of(["", TRAIN_LABELS, "", ""], [vec![], labels, vec![], vec![]]);
        let said = refused(none.path());
        assert!(said.contains("no file of training pictures") && said.contains(TRAIN_LABELS), "{said}");
    }

    #[test]
    fn classes_are_the_labels_that_occur() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        let labels = |count: u32, first: u32| {
            let numbers = (0..count).flat_map(|i| (first + 10 * (i % 3)).to_be_bytes());
            [0, 0, 12, 1].into_iter().chain(count.to_be_bytes()).chain(numbers).collect::<Vec<u8>>()
        };
        put(dir.path(), TRAIN_LABELS, &labels(24, 1));
        put(dir.path(), TEST_LABELS, &labels(5, 11));
        let (set, _) = opened(dir.path());
        assert_eq!(set.classes, ["1", "11", "21", "31"]);
        assert_eq!((&set.train.labels[..4], &set.test.labels[..3]), (&[2, 0, 1, 2][..], &[1, 2, 3][..]));
        // QMNIST's: eight numbers a picture, the first of which is the class.
        let rows = (0..24u32).flat_map(|i| [i % 2, 9, 9, 9, 9, 9, 9, 9]).flat_map(u32::to_be_bytes);
        let qmnist: Vec<u8> = [0, 0, 12, 2, 0, 0, 0, 24, 0, 0, 0, 8].into_iter().chain(rows).collect();
        put(dir.path(), TRAIN_LABELS, &qmnist);
        fs::remove_file(dir.path().join(TEST_LABELS)).unwrap();
        assert_eq!(opened(dir.path()).0.classes, ["0", "1"]);
    }

    #[test]
    fn numpy_archives_are_read_as_a_file_and_in_a_folder() {
        use npy::tests::{npy, npz};
        let images = |count: usize| npy("|u1", false, &format!("({count}, 2, 2)"), &vec![7; count * 4]);
        let labels = |count: usize| npy("<i8", false, &format!("({count},)"), &vec![0; count * 8]);
        let keras = [("x_train", images(24)), ("y_train", labels(24)), ("x_test", images(5)), ("y_test", labels(5))];
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "mnist.npz", &npz(&keras));
        for path in [dir.path().to_owned(), dir.path().join("mnist.npz")] {
            let (set, _) = opened(&path);
            assert_eq!((set.train.count(), set.test.count(), set.classes.len()), (22, 5, 1));
        }
        let dir = tempfile::tempdir().unwrap();
        for (name, array) in [
            ("train-imgs", images(24)),
            ("train-labels", labels(24)),
            ("test-imgs", images(5)),
            ("test-labels", labels(5)),
        ] {
            put(dir.path(), &format!("kmnist-{name}.npz"), &npz(&[("arr_0", array)]));
        }
        let (set, _) = opened(dir.path());
        assert_eq!((set.train.count(), set.test.count(), set.classes.len()), (22, 5, 1));
        // Quick, Draw!: a file a class, pictures as rows.
        let dir = tempfile::tempdir().unwrap();
        for (name, byte) in [("cat", 7), ("dog", 9)] {
            let rows = npy("|u1", false, "(12, 4)", &[byte; 48]);
            put(dir.path(), &format!("full_numpy_bitmap_{name}.npy"), &rows);
        }
        let (set, said) = opened(dir.path());
        assert_eq!((set.train.count(), set.test.count(), set.image_shape()), (22, 2, [1, 2, 2]));
        assert_eq!(set.classes, ["cat", "dog"]);
        assert!(said.contains("2 classes by file: cat (12), dog (12)"), "{said}");
        let dir_of_two = tempfile::tempdir().unwrap();
        put(dir_of_two.path(), "mine.npz", &npz(&[("arr_0", images(24)), ("arr_1", labels(24))]));
        assert_eq!(opened(dir_of_two.path()).0.classes, ["0"]);
        put(dir_of_two.path(), "mine.npz", &npz(&[("foo", images(24)), ("bar", labels(24))]));
        assert!(refused(dir_of_two.path()).contains("names say nothing, bar, foo"));
        put(dir_of_two.path(), "odd.gz", b"\x1f\x8bnothing");
        assert!(refused(&dir_of_two.path().join("odd.gz")).contains("no folder but a file: gzip"));
        // Labels beside pictures are no set of arrays.
        fs::remove_file(dir_of_two.path().join("mine.npz")).unwrap();
        put(dir_of_two.path(), "train_labels.npy", &labels(3));
        put(dir_of_two.path(), "a.png", b"damaged");
        assert!(refused(dir_of_two.path()).contains("1 of 1 pictures cannot be read"));
        let (set, said) = opened(&dir.path().join("full_numpy_bitmap_cat.npy"));
        assert_eq!((set.train.count(), set.classes.len()), (11, 0), "{said}");
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let cases = [
            ("labels", folder((24, 2, 3), 23, (5, 2, 3)), "24 pictures"),
            ("sizes", folder((24, 2, 3), 24, (5, 3, 3)), "of 2 by 3 pixels"),
        ];
        for (name, dir, expected) in cases {
            let failure = Dataset::load(dir.path().to_str().unwrap()).expect_err(name);
            assert!(failure.message.contains(expected), "{name}: {failure}");
        }
    }

    #[test]
    fn damaged_files_are_named_and_whole_ones_not_to_be_copied_again() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        put(dir.path(), TEST_IMAGES, &[0, 0, 8, 3, 0]);
        let said = refused(dir.path());
        assert!(
            said.contains(TEST_IMAGES) && said.contains("cut short") && said.contains("copy or download"),
            "{said}"
        );
        put(
            dir.path(),
            TEST_IMAGES,
            &[&[0, 0, 13, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..], &1e9f32.to_be_bytes()].concat(),
        );
        let said = refused(dir.path());
        assert!(said.contains("none of pixels") && !said.contains("again"), "{said}");
    }

    #[test]
    fn each_kind_of_place_without_pictures_has_its_own_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty");
        fs::create_dir(&empty).unwrap();
        put(dir.path(), "avif/a.avif", b"\0\0\0\x20ftypavif\0\0\0\0");
        put(dir.path(), "texts/labels.csv", b"5,0,0,0\n");
        put(dir.path(), "packed/set.zip", b"PK\x03\x04nothing");
        put(dir.path(), "one.png", b"\x89PNG\r\n\x1a\n");
        let cases = [
            ("empty", "is empty", "give a folder"),
            ("avif", "1 AVIF (as `a.avif`)", "save them as PNG"),
            ("texts", "1 text (as `labels.csv`)", "numpy.savez"),
            ("packed", "1 ZIP (as `set.zip`)", "unpack it"),
            ("one.png", "no folder but a file: PNG", "give the folder that it is in"),
            ("packed/set.zip", "no folder but a file: ZIP", "unpack it"),
            ("none", "is no folder: there is nothing there", "give a folder"),
            ("none/*.png", "nothing of that name", "give the folder alone"),
            ("packed/set.tar.gz", "no folder but a file: gzip", "unpack it"),
            ("tars", "2 gzip (as `image.json.gz`)", "unpack it"),
            ("saved", "2 Arrow (as `1.arrow`), 1 text", "numpy.savez"),
        ];
        let tar = [&[b'a'; 257][..], b"ustar", &[0; 300]].concat();
        let tar_gz = gzip(&tar);
        put(dir.path(), "packed/set.tar.gz", &tar_gz);
        put(dir.path(), "tars/images.tar.gz", &tar_gz);
        put(dir.path(), "tars/image.json.gz", &gzip(b"{}"));
        put(dir.path(), "saved/0.json", b"{}");
        put(dir.path(), "saved/1.arrow", b"ARROW1\0\0");
        put(dir.path(), "saved/2.arrow", b"\xff\xff\xff\xff\x80\x01\0\0\x10\0\0\0");
        for (name, what, hint) in cases {
            let said = refused(&dir.path().join(name));
            assert!(said.contains(what) && said.contains(hint), "{name}: {said}");
            assert!(!said.contains("missing") && !said.contains("t10k"), "{name}: {said}");
        }
        for (data, expected) in [
            ("~/pictures", "only where the shell replaces it"),
            ("", "names nothing"),
            ("https://example.org/a.zip", "an address, and nothing is downloaded"),
            ("MNIST", "the sets that are built in are `mnist` and `avatars`"),
            ("src,src/lib.rs", "are several folders"),
        ] {
            let said = Dataset::load(data).unwrap_err().to_string();
            assert!(said.contains(expected), "{data}: {said}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_not_waited_for() {
        let said = Dataset::load("/dev/zero").unwrap_err().to_string();
        assert!(said.contains("is a pipe or a device"), "{said}");
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_part_of_a_set_that_is_no_array_is_told_and_not_done_without() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\n";
        let cases: [(&str, &[u8], &str, &str); 4] = [
            (TRAIN_LABELS, b"", "is empty", "download the file again"),
            (TRAIN_LABELS, b"<!DOCTYPE html>403", "is no array but HTML", "download it again"),
            (TRAIN_IMAGES, b"<!DOCTYPE html>403", "is no array but HTML", "download it again"),
            (TEST_IMAGES, pointer, "is no array but Git LFS pointer", "git lfs pull"),
        ];
        for (name, content, what, hint) in cases {
            let dir = folder((24, 2, 3), 24, (5, 2, 3));
            put(dir.path(), name, content);
            let said = refused(dir.path());
            assert!(said.contains(name) && said.contains(what) && said.contains(hint), "{name}: {said}");
        }
        // A broken copy beside a good one costs nothing.
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        put(dir.path(), "old/train-labels-idx1-ubyte.gz", b"");
        let (set, said) = opened(dir.path());
        assert_eq!(set.classes, ["3"]);
        assert!(said.contains("train-labels-idx1-ubyte.gz` is empty; it is passed over"), "{said}");
    }

    #[test]
    fn what_lies_beside_a_set_is_told() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        put(dir.path(), "gan/a.png", b"\x89PNG\r\n\x1a\n");
        put(dir.path(), "notes.npy", &npy::tests::npy("|u1", false, "(2,)", &[1, 2]));
        put(dir.path(), "letters-train-images-idx3-ubyte", &file(&[2, 2, 3], 12));
        let (set, said) = opened(dir.path());
        assert_eq!(set.train.count(), 22);
        for part in
            ["1 files named as pictures left aside", "a.png", "as no part of this set", "notes.npy", "letters-train"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        // The same file packed and unpacked is nothing to speak of.
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        put(dir.path(), "train-images-idx3-ubyte.gz", &gzip(&file(&[24, 2, 3], 24 * 6)));
        assert!(!opened(dir.path()).1.contains("left aside"));
    }

    #[test]
    fn tables_of_pixels_are_sets_unless_they_lie_beside_pictures() {
        let row = |label: usize| format!("{label},{}\n", vec![(label * 9).to_string(); 16].join(","));
        let header = format!("label,{}\n", (0..16).map(|i| format!("pixel{i}")).collect::<Vec<_>>().join(","));
        let table = |rows: usize| header.clone() + &(0..rows).map(|i| row(i % 3)).collect::<String>();
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "digits_train.csv", table(24).as_bytes());
        put(dir.path(), "digits_test.csv.gz", &gzip(table(6).as_bytes()));
        put(dir.path(), "sample_submission.csv", b"ImageId,Label\n1,0\n");
        let (set, _) = opened(dir.path());
        assert_eq!((set.train.count(), set.test.count(), set.image_shape()), (22, 6, [1, 4, 4]));
        assert_eq!(
            (set.classes, set.test.labels),
            (["0", "1", "2"].map(str::to_owned).to_vec(), vec![0, 1, 2, 0, 1, 2])
        );
        let alone = opened(&dir.path().join("digits_train.csv")).0;
        assert_eq!((alone.train.count(), alone.test.count()), (22, 2));
        // Kaggle's test pictures have no labels.
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "train.csv", table(24).as_bytes());
        put(
            dir.path(),
            "test.csv",
            table(6)
                .lines()
                .map(|line| line.split_once(',').unwrap().1.to_owned() + "\n")
                .collect::<String>()
                .as_bytes(),
        );
        let (set, said) = opened(dir.path());
        assert_eq!((set.train.count(), set.test.count()), (22, 2));
        assert!(said.contains("test.csv (pixels)` is left aside: it has no labels"), "{said}");
        // CelebA's attributes are a table too, beside pictures.
        put(dir.path(), "a.png", b"broken");
        assert!(refused(dir.path()).contains("2 CSV table (as `test.csv`)"), "{}", refused(dir.path()));
    }

    #[test]
    fn idx_pictures_follow_the_size_and_the_turns_that_were_asked_for() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        let (data, said) = open(dir.path(), Source { size: Some([4, 4]), ..Source::default() });
        let data = data.unwrap();
        assert_eq!((data.image_shape(), data.pixels(), data.train.count(), data.test.count()), ([1, 4, 4], 16, 22, 5));
        // All pixels of these files are alike, and so is what they are scaled to.
        assert!(data.train.bytes.len() == 22 * 16 && data.train.bytes.iter().all(|&byte| byte == 3));
        assert!(said.contains("2 by 3 pictures cut to their middle and scaled to 4 by 4"), "{said}");
        let mut images = file(&[24, 2, 3], 0);
        images.extend((0..144).map(|i| i as u8));
        put(dir.path(), TRAIN_IMAGES, &images);
        let turned = open(dir.path(), Source { invert: true, transpose: true, ..Source::default() }).0.unwrap();
        assert_eq!(turned.image_shape(), [1, 3, 2]);
        // The third picture, after two set aside: 12 to 17.
        assert_eq!(turned.train.bytes[..6], [12, 15, 13, 16, 14, 17].map(|byte| 255 - byte));
    }

    #[test]
    fn arrays_are_read_in_colour_and_grey_files_are_not() {
        use npy::tests::{npy, npz};
        let dir = tempfile::tempdir().unwrap();
        // Red above, blue below: [n, 2, 2, 3].
        let picture = [[200, 0, 0], [200, 0, 0], [0, 0, 90], [0, 0, 90]].concat();
        let images = |count: usize| npy("|u1", false, &format!("({count}, 2, 2, 3)"), &picture.repeat(count));
        put(dir.path(), "set.npz", &npz(&[("x_train", images(24)), ("x_test", images(5))]));
        let path = dir.path().join("set.npz");
        let (set, said) = opened(&path);
        assert_eq!((set.train.count(), set.test.count(), set.image_shape()), (22, 5, [3, 2, 2]));
        assert_eq!(set.test.picture(4), [200, 200, 0, 0, 0, 0, 0, 0, 0, 0, 90, 90]);
        assert!(said.contains("in colour, since all show colours"), "{said}");
        let grey = open(&path, Source { colour: Colour::Grey, ..Source::default() }).0.unwrap();
        assert_eq!(grey.image_shape(), [1, 2, 2]);
        let turned = Source { size: Some([2, 4]), transpose: true, invert: true, ..Source::default() };
        let turned = open(&path, turned).0.unwrap();
        assert_eq!((turned.image_shape(), turned.train.count()), ([3, 4, 2], 22));
        let rgb = |dir: &Path| {
            let (set, _) = open(dir, Source { colour: Colour::Rgb, ..Source::default() });
            set.expect_err("its pictures are grey").to_string()
        };
        let idx = folder((24, 2, 3), 24, (5, 2, 3));
        let said = rgb(idx.path());
        assert!(said.contains("holds grey pictures") && said.contains("hint: leave `--colour` out"), "{said}");
        let said = Dataset::open(&Source { colour: Colour::Rgb, ..Source::of("mnist") }, &mut |_| ()).unwrap_err();
        assert!(said.message.contains("MNIST's pictures are grey"), "{said}");
        assert_eq!(
            open(idx.path(), Source { colour: Colour::Grey, ..Source::default() }).0.unwrap().image_shape(),
            [1, 2, 3]
        );
    }

    #[test]
    fn a_large_folder_is_decoded_once() {
        let dir = tempfile::tempdir().unwrap();
        let picture = |shade: u8| {
            let mut png = io::Cursor::new(Vec::new());
            image::GrayImage::from_pixel(4, 4, image::Luma([shade]))
                .write_to(&mut png, image::ImageFormat::Png)
                .unwrap();
            png.into_inner()
        };
        for i in 0..cache::WORTH_KEEPING {
            put(dir.path(), &format!("{i:04}.png"), &picture(i as u8));
        }
        let kept = tempfile::tempdir().unwrap();
        let kept = kept.path().join(cache::FILE);
        let source = Source { size: Some([4, 4]), ..Source::of(dir.path().to_str().unwrap()) };
        let stop = AtomicBool::new(false);
        let read = |stop: &AtomicBool| {
            let mut said = String::new();
            let set = Dataset::read(&source, &mut Reading::new(&mut |line| said += line, stop, Some(&kept)));
            (set.unwrap(), said)
        };
        let (first, said) = read(&stop);
        assert!(kept.exists() && said.contains("1000 pictures"), "{said}");
        // Only a set that is not decoded can come of files that are damaged and look as before.
        let (path, before) = (dir.path().join("0500.png"), fs::metadata(dir.path().join("0500.png")).unwrap());
        let damaged = vec![0; before.len() as usize];
        fs::write(&path, damaged).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
        let (second, again) = read(&stop);
        assert_eq!((first.unwrap().train.bytes, said), (second.unwrap().train.bytes, again));
        put(dir.path(), "0500.png", b"");
        assert!(read(&stop).1.contains("0500.png"), "another file is read again");
        put(dir.path(), "0501.png", b"");
        assert!(read(&AtomicBool::new(true)).0.is_none(), "it was told to stop");
    }
}
