//! A folder of any files under names that mean something, read as `--data` reads it.
//!
//! The input is cut at each `MARK`; the byte after it chooses the file's name, the rest is its content.

#![no_main]

use std::cell::OnceCell;
use std::fs;
use std::panic;

use data::{Dataset, Source};
use libfuzzer_sys::fuzz_target;

const MARK: &[u8] = b"FILE";
/// Names by which pictures, sets of arrays, splits and classes are found, and some that mean nothing.
const NAMES: [&str; 16] = [
    "a.png",
    "b.jpg",
    "c",
    "D.GIF",
    "cats/a.webp",
    "dogs/a.bmp",
    "train/cats/b.tif",
    "test/cats/b.tiff",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte.gz",
    "t10k-images.idx3-ubyte",
    "set/x_train.npy",
    "set.npz",
    "notes.txt",
    "a.pgm",
    ".hidden",
];

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(
    init: {
        // libFuzzer's own hook ends the process at a panic that `decode` would catch: a decoder's slip costs a picture there,
        // not the run. What nobody catches still ends it.
        panic::set_hook(Box::new(|_| ()));
    },
    |content: &[u8]| {
        FOLDER.with(|folder| {
            let folder = folder.get_or_init(|| tempfile::tempdir().expect("there is a folder for temporary files")).path();
            for part in split(content) {
                let Some((&name, bytes)) = part.split_first() else { continue };
                let path = folder.join(NAMES[usize::from(name) % NAMES.len()]);
                fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("it may be made");
                fs::write(path, bytes).expect("it may be written");
            }
            let source = Source {
                data: folder.display().to_string(),
                size: content.first().filter(|&&byte| byte < 64).map(|&byte| usize::from(byte).max(4)),
                invert: content.len().is_multiple_of(2),
                transpose: content.len().is_multiple_of(3),
                strict: false,
            };
            if let Ok(set) = Dataset::open(&source, &mut |_| ()) {
                for pictures in [&set.train, &set.test] {
                    assert_eq!(pictures.bytes.len(), pictures.count() * set.pixels());
                }
            }
            for entry in fs::read_dir(folder).expect("it is ours").flatten() {
                let path = entry.path();
                let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            }
        });
    }
);

/// The parts of `content` after each mark.
fn split(content: &[u8]) -> Vec<&[u8]> {
    let marks = content.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let starts: Vec<usize> = marks.map(|(at, _)| at + MARK.len()).collect();
    let ends = starts.iter().skip(1).map(|start| start - MARK.len()).chain([content.len()]);
    starts.iter().zip(ends).take(8).map(|(&start, end)| &content[start.min(end)..end]).collect()
}
