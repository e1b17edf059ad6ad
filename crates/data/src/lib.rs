//! The pictures a run learns from: MNIST, embedded in the binary, a folder of idx files named as MNIST's, or a folder of
//! PNG and JPEG pictures ([`crate::picture_folder`]).

pub mod framing;
pub mod idx;
pub mod picture_folder;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

pub use gan::pictures::{Pictures, scale_byte};

use crate::framing::frame_grey;
use failure::{Failure, Result};

/// File names, as MNIST has them; a folder may hold each plain or with `.gz`.
const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// TensorFlow's reader, which the original uses, sets the first 5,000 of MNIST's 60,000 training images aside for
/// validation. The same share of any other set is kept out here.
const VALIDATION_SHARE: usize = 12;

/// A file's name, for errors, and its content.
type File = (String, Cow<'static, [u8]>);

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Source {
    /// `mnist`, or the path of a folder.
    pub data: String,
    /// Rows and columns of a picture; else the files' own, and [`DEFAULT_SIZE`] of pictures that have no size in common.
    pub size: Option<usize>,
    /// Whether a picture that cannot be read fails the run.
    pub strict: bool,
}

/// MNIST's.
pub const DEFAULT_SIZE: usize = 28;

/// A data set, split as training uses it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `mnist`, or the folder's name.
    pub name: String,
    /// [channels, rows, columns].
    pub image_shape: [usize; 3],
    /// What is trained on.
    pub train: Pictures,
    /// What is never trained on.
    pub test: Pictures,
}

impl Dataset {
    /// `mnist`, or the path of a folder, as it is.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn load(name_or_folder: &str) -> Result<Self> {
        Self::open(&Source { data: name_or_folder.to_owned(), size: None, strict: false }, &mut |_| ())
    }

    /// Reads what `source` asks for; `say` is told in sentences what was done to the pictures.
    ///
    /// # Errors
    /// Files that are missing, unreadable, damaged, or do not belong together; each names its path.
    pub fn open(source: &Source, say: &mut dyn FnMut(&str)) -> Result<Self> {
        let name_or_folder = &*source.data;
        if name_or_folder == "mnist" {
            return Ok(Self::mnist()?.of_size(source.size, say));
        }
        let folder = Path::new(name_or_folder);
        if !folder.is_dir() {
            return Err(Failure::failed(format!("`--data {name_or_folder}` is no folder")).hint(
                "give a folder of idx files named as MNIST's or of PNG and JPEG pictures, or drop `--data` to use the \
                 built-in MNIST",
            ));
        }
        let name = folder.file_name().map_or_else(|| name_or_folder.to_owned(), |n| n.to_string_lossy().into_owned());
        if !holds_idx(folder) && picture_folder::has_pictures(folder) {
            return picture_folder::read(folder, name, source.size.unwrap_or(DEFAULT_SIZE), source.strict, say);
        }
        let read = |file: &str| read_plain_or_gzip(folder, file);
        let files = [read(TRAIN_IMAGES)?, read(TRAIN_LABELS)?, read(TEST_IMAGES)?, read(TEST_LABELS)?];
        Ok(Self::assemble(name, files)?.of_size(source.size, say))
    }

    /// These pictures cut and scaled to `size` by `size`, if they are not of that size already.
    fn of_size(mut self, size: Option<usize>, say: &mut dyn FnMut(&str)) -> Self {
        let [channels, rows, columns] = self.image_shape;
        let Some(size) = size.filter(|&size| [rows, columns] != [size, size]) else { return self };
        for pictures in [&mut self.train, &mut self.test] {
            let framed = pictures.bytes.chunks_exact(rows * columns);
            pictures.bytes = framed.flat_map(|picture| frame_grey(picture, [rows, columns], size)).collect();
            pictures.pixels = size * size;
        }
        let cut = if rows == columns { "" } else { "cut to their middle and " };
        say(&format!("{}: {rows} by {columns} pictures {cut}scaled to {size} by {size}", self.name));
        self.image_shape = [channels, size, size];
        self
    }

    /// MNIST as it is embedded in the binary.
    ///
    /// # Errors
    /// Only if the binary itself is damaged.
    pub fn mnist() -> Result<Self> {
        let embedded = |file: &str, content: &'static [u8]| (format!("built-in {file}"), Cow::Borrowed(content));
        Self::assemble(
            "mnist".to_owned(),
            [
                embedded(TRAIN_IMAGES, include_bytes!("../mnist/train-images-idx3-ubyte.gz")),
                embedded(TRAIN_LABELS, include_bytes!("../mnist/train-labels-idx1-ubyte.gz")),
                embedded(TEST_IMAGES, include_bytes!("../mnist/t10k-images-idx3-ubyte.gz")),
                embedded(TEST_LABELS, include_bytes!("../mnist/t10k-labels-idx1-ubyte.gz")),
            ],
        )
    }

    /// Pixels of a picture.
    pub fn pixels(&self) -> usize {
        self.image_shape.iter().product()
    }

    fn assemble(name: String, files: [File; 4]) -> Result<Self> {
        let [train_images, train_labels, test_images, test_labels] = files;
        let (mut train, train_dims) = pictures(&train_images, &train_labels)?;
        let (test, test_dims) = pictures(&test_images, &test_labels)?;
        if train_dims != test_dims {
            return Err(Failure::failed(format!(
                "`{}` holds pictures of {} by {} pixels, `{}` of {} by {}",
                train_images.0, train_dims[0], train_dims[1], test_images.0, test_dims[0], test_dims[1]
            ))
            .hint("training and test files must come from the same data set"));
        }
        let aside = train.count() / VALIDATION_SHARE;
        train.labels.drain(..aside);
        train.bytes.drain(..aside * train.pixels);
        Ok(Self { name, image_shape: [1, train_dims[0], train_dims[1]], train, test })
    }
}

/// Whether any of the four files is there; then the others are wanted too.
fn holds_idx(folder: &Path) -> bool {
    let files = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    files.iter().any(|file| folder.join(file).exists() || folder.join(format!("{file}.gz")).exists())
}

/// Finds `file` in `folder`, plain or with `.gz`; gives its path and content.
fn read_plain_or_gzip(folder: &Path, file: &str) -> Result<File> {
    for name in [file.to_owned(), format!("{file}.gz")] {
        let path = folder.join(name);
        if path.exists() {
            let content = fs::read(&path)
                .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", path.display())))?;
            return Ok((path.display().to_string(), content.into()));
        }
    }
    Err(Failure::failed(format!("`{}` is missing (neither it nor `{file}.gz` is there)", folder.join(file).display()))
        .hint(format!(
            "the folder must hold {TRAIN_IMAGES}, {TRAIN_LABELS}, {TEST_IMAGES} and {TEST_LABELS}, or PNG and JPEG pictures"
        )))
}

/// Joins an image and a label file; gives the pictures and [rows, columns].
fn pictures(images: &File, labels: &File) -> Result<(Pictures, [usize; 2])> {
    let parse = |(name, content): &File, dims| {
        idx::parse(content, dims).map_err(|problem| {
            Failure::failed(format!("`{name}` {problem}"))
                .hint("copy the file again, or drop `--data` to use the built-in MNIST")
        })
    };
    let (image_idx, label_idx) = (parse(images, 3)?, parse(labels, 1)?);
    let [count, rows, columns] = image_idx.dims[..] else { unreachable!("three dimensions were asked for") };
    if count != label_idx.dims[0] {
        return Err(Failure::failed(format!(
            "`{}` holds {count} pictures, `{}` {} labels",
            images.0, labels.0, label_idx.dims[0]
        ))
        .hint("the two files must come from the same data set"));
    }
    Ok((Pictures { bytes: image_idx.bytes, labels: label_idx.bytes, pixels: rows * columns }, [rows, columns]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnist_is_split_as_the_original_reads_it() {
        let mnist = Dataset::mnist().unwrap();
        assert_eq!((mnist.train.count(), mnist.test.count()), (55_000, 10_000));
        assert_eq!(mnist.image_shape, [1, 28, 28]);
        // The first labels after the 5,000 set aside, and the first of the test file, read off the raw files by od.
        assert_eq!(mnist.train.labels[..8], [7, 3, 4, 6, 1, 8, 1, 0]);
        assert_eq!(mnist.test.labels[..8], [7, 2, 1, 0, 4, 1, 4, 9]);
    }

    fn file(dims: &[u32], len: usize) -> Vec<u8> {
        let mut content = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|dim| content.extend(dim.to_be_bytes()));
        content.resize(content.len() + len, 3);
        content
    }

    fn folder(train: (u32, u32, u32), labels: u32, test: (u32, u32, u32)) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, content: Vec<u8>| fs::write(dir.path().join(name), content).unwrap();
        let images =
            |(count, rows, columns): (u32, u32, u32)| file(&[count, rows, columns], (count * rows * columns) as usize);
        write(TRAIN_IMAGES, images(train));
        write(TRAIN_LABELS, file(&[labels], labels as usize));
        write(TEST_IMAGES, images(test));
        write(TEST_LABELS, file(&[test.0], test.0 as usize));
        dir
    }

    #[test]
    fn a_folder_is_read_and_a_twelfth_set_aside() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        let data = Dataset::load(dir.path().to_str().unwrap()).unwrap();
        assert_eq!((data.train.count(), data.test.count(), data.image_shape), (22, 5, [1, 2, 3]));
        assert_eq!(data.train.bytes.len(), 22 * 6);
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
    fn missing_and_damaged_files_are_named() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        fs::write(dir.path().join(TEST_IMAGES), [0, 0, 8, 3, 0]).unwrap();
        let failure = Dataset::load(dir.path().to_str().unwrap()).unwrap_err();
        assert!(failure.message.contains(TEST_IMAGES) && failure.message.contains("cut short"), "{failure}");
        fs::remove_file(dir.path().join(TRAIN_LABELS)).unwrap();
        let failure = Dataset::load(dir.path().to_str().unwrap()).unwrap_err();
        assert!(failure.message.contains(TRAIN_LABELS) && failure.message.contains("is missing"), "{failure}");
        assert!(Dataset::load("/no/such/folder").unwrap_err().message.contains("is no folder"));
    }

    #[test]
    fn idx_pictures_follow_the_size_that_was_asked_for() {
        let dir = folder((24, 2, 3), 24, (5, 2, 3));
        let source = Source { data: dir.path().to_str().unwrap().to_owned(), size: Some(4), strict: false };
        let mut said = String::new();
        let data = Dataset::open(&source, &mut |line| said += line).unwrap();
        assert_eq!((data.image_shape, data.pixels(), data.train.count(), data.test.count()), ([1, 4, 4], 16, 22, 5));
        // All pixels of these files are alike, and so is what they are scaled to.
        assert!(data.train.bytes.len() == 22 * 16 && data.train.bytes.iter().all(|&byte| byte == 3));
        assert!(said.contains("2 by 3 pictures cut to their middle and scaled to 4 by 4"), "{said}");
    }
}
