//! A decoded set kept in a file, so that a run that goes on need not decode again.
//!
//! It is taken only if names, sizes and times of all files are as they were and the same was asked for; its content is
//! checked by a CRC-32. Numbers are 64 bits, little-endian; texts and bytes come after their length.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use crate::walk::Walk;
use crate::{DataShape, Dataset, Pictures, Source};

/// The file's name in a run folder.
pub const FILE: &str = "pictures.cache";
/// Fewer pictures than this are decoded sooner than anyone looks.
pub const WORTH_KEEPING: usize = 1000;
/// What the file begins with; another version is not read.
const MAGIC: &[u8] = b"forger.pictures 1\n";

/// Which files were asked for as what: all that decides what comes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// Of the files of `walk`, which lie below `folder`.
    pub fn of(folder: &Path, walk: &Walk, source: &Source) -> Self {
        let mut hasher = DefaultHasher::new();
        let Source { data: _, size, colour, strict, invert, transpose, mirror: _ } = source;
        (
            size,
            colour,
            strict,
            invert,
            transpose,
            walk.refused.len(),
            walk.hidden,
            walk.circles,
            walk.special,
            walk.runs,
        )
            .hash(&mut hasher);
        for file in &walk.files {
            let name = file.path.strip_prefix(folder).unwrap_or(&file.path);
            (name, file.len, file.modified).hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}

/// The set that the file at `path` keeps under `key`, and what was said of it; nothing if it keeps another or none.
pub fn read(path: &Path, key: Key) -> Option<(Dataset, Vec<String>)> {
    let bytes = fs::read(path).ok()?;
    let (content, crc) = bytes.split_last_chunk::<4>()?;
    let mut rest = Rest(content.strip_prefix(MAGIC)?);
    if rest.number()? != key.0 || crc32(content) != u32::from_le_bytes(*crc) {
        return None;
    }
    let name = rest.text()?;
    let image = [rest.number()? as usize, rest.number()? as usize, rest.number()? as usize];
    let (classes, said) = (rest.texts()?, rest.texts()?);
    let shape = DataShape { image, classes: classes.len() };
    let (train, test) = (rest.pictures(shape)?, rest.pictures(shape)?);
    rest.0.is_empty().then_some((Dataset { name, train, test, classes }, said))
}

/// The content of such a file.
pub fn to_bytes(dataset: &Dataset, said: &[String], key: Key) -> Vec<u8> {
    let Dataset { name, train, test, classes } = dataset;
    let mut bytes = MAGIC.to_vec();
    let number = |bytes: &mut Vec<u8>, number: u64| bytes.extend(number.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &[u8]| {
        number(bytes, text.len() as u64);
        bytes.extend(text);
    };
    number(&mut bytes, key.0);
    text(&mut bytes, name.as_bytes());
    dataset.image_shape().iter().for_each(|&side| number(&mut bytes, side as u64));
    for texts in [&classes[..], said] {
        number(&mut bytes, texts.len() as u64);
        texts.iter().for_each(|one| text(&mut bytes, one.as_bytes()));
    }
    for pictures in [train, test] {
        let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        text(&mut bytes, &labels);
        text(&mut bytes, &pictures.bytes);
    }
    bytes.extend(crc32(&bytes).to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn bytes(&mut self) -> Option<&[u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        (0..self.number()?).map(|_| self.text()).collect()
    }

    fn pictures(&mut self, shape: DataShape) -> Option<Pictures> {
        let labels: Vec<u16> =
            self.bytes()?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let bytes = self.bytes()?.to_vec();
        (bytes.len() == labels.len().checked_mul(shape.pixels())?).then_some(Pictures { bytes, labels, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_set_comes_back_under_its_key_and_whole_only() {
        let shape = DataShape { image: [1, 2, 3], classes: 2 };
        let pictures = |count: usize| Pictures { bytes: vec![7; count * 6], labels: vec![300; count], shape };
        let classes = vec!["a".to_owned(), "ö".to_owned()];
        let (train, test) = (pictures(5), pictures(1));
        let set = Dataset { name: "own".to_owned(), train, test, classes };
        let said = vec!["a line".to_owned()];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let bytes = to_bytes(&set, &said, Key(9));
        fs::write(&path, &bytes).unwrap();
        let (back, lines) = read(&path, Key(9)).unwrap();
        assert_eq!((back.name, back.train.shape, back.classes, lines), (set.name, shape, set.classes, said));
        assert_eq!((back.train.bytes, back.train.labels, back.test.count()), (vec![7; 30], vec![300; 5], 1));
        assert!(read(&path, Key(8)).is_none(), "another key");
        for cut in [0, 10, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(read(&path, Key(9)).is_none(), "cut to {cut}");
        }
        let mut flipped = bytes;
        flipped[80] ^= 1;
        fs::write(&path, flipped).unwrap();
        assert!(read(&path, Key(9)).is_none(), "damaged");
    }

    #[test]
    fn names_sizes_times_and_wishes_make_the_key() {
        let file = |name: &str, len, modified| crate::walk::Listed { path: Path::new("d").join(name), len, modified };
        let key = |name: &str, len, modified, source: &Source| {
            let walk = Walk { files: vec![file(name, len, modified)], ..Walk::default() };
            Key::of(Path::new("d"), &walk, source)
        };
        let source = Source::of("d");
        let first = key("a", 1, 1, &source);
        assert_eq!(first, key("a", 1, 1, &Source::of("elsewhere")));
        let others = [key("b", 1, 1, &source), key("a", 2, 1, &source), key("a", 1, 2, &source)];
        assert!(others.iter().all(|&other| other != first));
        assert_ne!(first, key("a", 1, 1, &Source { invert: true, ..source.clone() }));
        assert_ne!(first, key("a", 1, 1, &Source { colour: crate::Colour::Grey, ..source }));
    }
}
