//! Sets of idx and NumPy files, and of tables: which file is what, by names and layouts as people have them.
//!
//! The words of a name say part (`train`; `t10k`, `test`; `val`) and content (`images`, `labels`), whatever stands between
//! them: `train-images-idx3-ubyte.gz`, `train-images.idx3-ubyte`, `emnist-letters-test-labels-idx1-ubyte`,
//! `kmnist-train-imgs.npz`, `x_train` within an `.npz`. Words before them name the set. Files may lie in any folder
//! below, each even in one of its own name; the least deep are taken, and plain ones before packed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::{GzDecoder, MultiGzDecoder};

use crate::array::{self, Array, MOST_BYTES, Squares};
use crate::colour::Colour;
use crate::decode::is_named_a_picture;
use crate::kind::{self, Kind};
use crate::split::{MOST_CLASSES, Named, TEST_SHARE, count_sentence, listed};
use crate::table::{self, Table};
use crate::walk::{Listed, in_words};
use crate::{DataShape, Dataset, Pictures, Reading, idx, npy};
use failure::{Failure, Result};

/// TensorFlow's reader, which the original uses, sets the first 5,000 of MNIST's 60,000 training images aside for
/// validation. The same share of any other set is kept out here.
const VALIDATION_SHARE: usize = 12;
/// Files named one by one in a message.
const SHOWN: usize = 6;

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Images,
    Labels,
}

/// An array that may be part of a set.
#[derive(Clone, Debug)]
struct Candidate {
    path: PathBuf,
    kind: Kind,
    /// Its name within an archive.
    within: Option<String>,
    /// Words before those that say what it is: which set it is of.
    set: String,
    part: Named,
    content: Content,
    /// Where it lies, less a folder of its own name.
    home: PathBuf,
}

impl Candidate {
    fn name(&self) -> String {
        match &self.within {
            Some(within) => format!("{} ({within})", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}

/// Arrays found below a folder or in a file.
#[derive(Clone, Debug, Default)]
pub struct Found {
    candidates: Vec<Candidate>,
    /// Arrays whose names say nothing.
    nameless: Vec<PathBuf>,
    /// Archives that cannot be read, and why.
    damaged: Vec<String>,
    /// Files that are named as a part of a set and are none.
    broken: Vec<Broken>,
}

/// A file that is named as a part of a set and holds no array.
#[derive(Clone, Debug)]
struct Broken {
    path: PathBuf,
    role: Role,
    /// What is wrong with it, as the rest of a sentence.
    why: String,
    hint: &'static str,
}

impl Broken {
    fn failure(&self) -> Failure {
        Failure::failed(format!("`{}` {}", self.path.display(), self.why)).hint(self.hint)
    }
}

/// Looks for arrays among `files`; those named as pictures are not looked at.
pub fn find(files: &[Listed]) -> Found {
    let mut found = Found::default();
    for file in files.iter().filter(|file| !is_named_a_picture(&file.path)) {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = match sniff(&file.path) {
            Ok(kind) => kind,
            Err(error) => {
                let why = format!("cannot be read: {}", in_words(&error));
                found.add_broken(&file.path, &name, why, "ask its owner for the right to read it");
                continue;
            }
        };
        match kind {
            Kind::Npz => found.add_archive(&file.path, &name),
            Kind::Table => found.add_table(&file.path, kind, &name),
            Kind::Gzip if packed(&file.path) == Kind::Table => found.add_table(&file.path, kind, &name),
            // Files or texts, packed: the name speaks of them.
            Kind::Gzip if packed(&file.path) != Kind::Idx && !is_named_idx(&name) => {}
            Kind::Idx | Kind::Npy | Kind::Gzip => match role(&name) {
                Some(role) => found.add(&file.path, kind, None, role),
                // What else is packed is nobody's array.
                None if kind == Kind::Gzip => {}
                None => found.nameless.push(file.path.clone()),
            },
            Kind::Empty => {
                found.add_broken(&file.path, &name, "is empty".to_owned(), "copy or download the file again")
            }
            Kind::Other(_) if kind.is_in_place_of_a_file() => {
                found.add_broken(&file.path, &name, format!("is no array but {}", kind.name()), kind.advice())
            }
            _ => {}
        }
    }
    found
}

impl Found {
    /// Whether there is an array.
    pub fn is_any(&self) -> bool {
        !(self.candidates.is_empty() && self.nameless.is_empty() && self.damaged.is_empty() && self.broken.is_empty())
    }

    /// Whether there are idx files or arrays named as those of a set.
    pub fn is_named(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Whether there are pictures and labels of training.
    pub fn is_complete(&self) -> bool {
        self.has_training_pictures() && self.has(Content::Labels)
    }

    /// Whether there are pictures of training, by their names.
    pub fn has_training_pictures(&self) -> bool {
        self.has(Content::Images)
    }

    fn has(&self, content: Content) -> bool {
        self.candidates.iter().any(|one| (one.part, one.content) == (Named::Train, content))
    }

    /// Only what is of the set `set`.
    pub fn of_set(mut self, set: &str) -> Self {
        self.candidates.retain(|candidate| candidate.set == set);
        self.broken.retain(|broken| broken.role.0 == set);
        self.nameless.clear();
        self
    }

    fn add(&mut self, path: &Path, kind: Kind, within: Option<String>, (set, part, content): Role) {
        let parent = path.parent().unwrap_or(Path::new(""));
        let of_its_name = parent.file_name().is_some_and(|folder| role(&folder.to_string_lossy()).is_some());
        let home = if of_its_name { parent.parent().unwrap_or(parent) } else { parent }.to_owned();
        self.candidates.push(Candidate { path: path.to_owned(), kind, within, set, part, content, home });
    }

    /// The same without tables: beside pictures they are lists of what the pictures show.
    pub fn without_tables(mut self) -> Self {
        self.candidates.retain(|candidate| !matches!(candidate.within.as_deref(), Some(PIXELS | LABEL)));
        self
    }

    /// Takes note of a file that holds no array, if its name says that it should.
    fn add_broken(&mut self, path: &Path, name: &str, why: String, hint: &'static str) {
        let lower = name.to_lowercase();
        let is_named_so = is_named_idx(name) || [".npy", ".npz"].iter().any(|ending| lower.ends_with(ending));
        if let Some(role) = role(name).filter(|_| is_named_so) {
            self.broken.push(Broken { path: path.to_owned(), role, why, hint });
        }
    }

    /// A table holds pictures, and their labels if it has a column of them.
    fn add_table(&mut self, path: &Path, kind: Kind, name: &str) {
        let stem = name.split('.').next().unwrap_or_default().to_lowercase();
        let words = || stem.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let part = words().find_map(part_of).unwrap_or(Named::Train);
        let set = words().take_while(|word| part_of(word).is_none()).collect::<Vec<_>>().join("-");
        self.add(path, kind, Some(PIXELS.to_owned()), (set.clone(), part, Content::Images));
        // The rows are read once the set is chosen.
        if first_line(path, kind).is_ok_and(|line| table::has_labels(&line)) {
            self.add(path, kind, Some(LABEL.to_owned()), (set, part, Content::Labels));
        }
    }

    fn add_archive(&mut self, path: &Path, file_name: &str) {
        let names = fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| npy::names(&bytes));
        let names = match names {
            Ok(names) => names,
            Err(why) => return self.damaged.push(format!("`{}` {why}", path.display())),
        };
        let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        match &names[..] {
            [only] => match role(file_name).or_else(|| role(only)) {
                Some(role) => self.add(path, Kind::Npz, Some(only.clone()), role),
                None => self.add(path, Kind::Npz, Some(only.clone()), (stem, Named::Train, Content::Images)),
            },
            _ => {
                let before = self.candidates.len();
                for name in &names {
                    if let Some((_, part, content)) = role(name).or_else(|| by_place(name)) {
                        self.add(path, Kind::Npz, Some(name.clone()), (stem.clone(), part, content));
                    }
                }
                if self.candidates.len() == before {
                    self.damaged.push(format!(
                        "`{}` holds arrays whose names say nothing, {}: `x_train`, `y_train`, `x_test` and `y_test` are wanted",
                        path.display(),
                        names.join(", ")
                    ));
                }
            }
        }
    }
}

/// What a file is.
fn sniff(path: &Path) -> io::Result<Kind> {
    let mut first = Vec::new();
    File::open(path)?.take(kind::LOOKED_AT as u64).read_to_end(&mut first)?;
    Ok(kind::of(&first))
}

/// What is packed in a gzip file, as far as it can be unpacked.
fn packed(path: &Path) -> Kind {
    let mut first = Vec::new();
    if let Ok(file) = File::open(path) {
        // What comes before the damage tells as well.
        let _ = GzDecoder::new(file).take(kind::LOOKED_AT as u64).read_to_end(&mut first);
    }
    kind::of(&first)
}

/// The first line of a text, plain or gzip.
fn first_line(path: &Path, kind: Kind) -> io::Result<String> {
    let file = File::open(path)?;
    let text: Box<dyn Read> = if kind == Kind::Gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut line = String::new();
    BufReader::new(text.take(MOST_BYTES)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Whether a name is that of an idx file, packed or not.
fn is_named_idx(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.contains("idx") || lower.contains("ubyte")
}

/// The parts of a table, as arrays within it.
const PIXELS: &str = "pixels";
const LABEL: &str = "label";

/// Reads a table, plain or gzip.
fn table_of(content: &[u8]) -> std::result::Result<Table, String> {
    if !content.starts_with(&[0x1f, 0x8b]) {
        return table::parse(content);
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(content).take(MOST_BYTES).read_to_end(&mut unpacked);
    read.map_err(|error| format!("cannot be unpacked: {error}"))?;
    table::parse(&unpacked)
}

/// Set, part and content.
type Role = (String, Named, Content);

/// What an array is that was saved without a name, as by `numpy.savez("set.npz", pictures, labels)`.
fn by_place(name: &str) -> Option<Role> {
    let (part, content) = match name {
        "arr_0" => (Named::Train, Content::Images),
        "arr_1" => (Named::Train, Content::Labels),
        "arr_2" => (Named::Test, Content::Images),
        "arr_3" => (Named::Test, Content::Labels),
        _ => return None,
    };
    Some((String::new(), part, content))
}

/// What the name of an array says.
fn role(name: &str) -> Option<Role> {
    let lower = name.to_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let content_of = |word: &str| match word {
        "images" | "image" | "imgs" | "img" | "x" | "pictures" | "pixels" | "idx3" | "xtrain" | "xtest" | "data" => {
            Some(Content::Images)
        }
        "labels" | "label" | "lbls" | "y" | "target" | "targets" | "idx1" | "idx2" | "ytrain" | "ytest" => {
            Some(Content::Labels)
        }
        _ => None,
    };
    let content = words.iter().find_map(|word| content_of(word))?;
    let part = words.iter().find_map(|word| part_of(word)).unwrap_or(Named::Train);
    let set = words.iter().take_while(|word| content_of(word).is_none() && part_of(word).is_none());
    Some((set.copied().collect::<Vec<_>>().join("-"), part, content))
}

/// What a word says of the part.
fn part_of(word: &str) -> Option<Named> {
    match word {
        "xtrain" | "ytrain" => Some(Named::Train),
        "xtest" | "ytest" => Some(Named::Test),
        // QMNIST has `test10k` and `test50k`.
        _ if word.starts_with("t10k") || word.starts_with("test") => Some(Named::Test),
        _ => Named::of(word),
    }
}

/// Reads the set that was found at `place`.
///
/// # Errors
/// No pictures to train on, several sets, or files that are damaged or do not belong together; each names its path.
pub fn read(place: &Path, name: String, found: Found, colour: Colour, reading: &mut Reading) -> Result<Dataset> {
    for problem in &found.damaged {
        if !found.has_training_pictures() {
            return Err(Failure::failed(problem.clone())
                .hint("mend it with NumPy, or take it away, or drop `--data` to use the built-in MNIST"));
        }
        (reading.say)(&format!("warning: {problem}; it is passed over"));
    }
    if !found.has_training_pictures()
        && let Some(broken) = found.broken.first()
    {
        return Err(broken.failure());
    }
    if found.candidates.is_empty() {
        return nameless(place, name, &found.nameless, colour, reading);
    }
    let Chosen { set, files, aside } = choose(place, found.candidates)?;
    for broken in &found.broken {
        let (of, part, content) = &broken.role;
        if *of == set && !files.contains_key(&(*part, *content)) {
            return Err(broken.failure());
        }
        (reading.say)(&format!("warning: `{}` {}; it is passed over", broken.path.display(), broken.why));
    }
    let aside: Vec<PathBuf> = aside.into_iter().chain(found.nameless).collect();
    if !aside.is_empty() {
        (reading.say)(&format!("left aside, as no part of this set: {}", listed(&aside, SHOWN)));
    }
    let on_its_side = files.values().any(|file| file.path.to_string_lossy().to_lowercase().contains("emnist"));
    if on_its_side && !reading.transposed {
        (reading.say)("EMNIST's pictures lie on their side, mirrored; `--transpose` stands them up");
    }
    // `follows`: nobody asked for the colour, it is that of the training pictures; what has none is then left to be compared.
    let images = |part, colour: Colour, follows: bool, reading: &mut Reading| -> Result<Option<Squares>> {
        let Some(file) = files.get(&(part, Content::Images)) else { return Ok(None) };
        let taken = |colour| {
            load(file).and_then(|array| array::pictures(array, colour).map_err(|problem| wrong(file, &problem)))
        };
        let squares = match taken(colour) {
            Err(_) if follows && colour == Colour::Rgb => taken(Colour::Grey)?,
            other => other?,
        };
        if !squares.done.is_empty() {
            let done = squares.done.join(", ");
            let done =
                if follows { done.replace(crate::colour::AS_ASKED, "as the training pictures are") } else { done };
            (reading.say)(&format!("`{}`: pictures {done}", file.name()));
        }
        Ok(Some(squares))
    };
    let labels = |part, pictures: &Squares| -> Result<Option<Vec<i64>>> {
        let Some(file) = files.get(&(part, Content::Labels)) else { return Ok(None) };
        let labels = load(file).and_then(|array| array::labels(array).map_err(|problem| wrong(file, &problem)))?;
        if labels.len() != pictures.count {
            let images = files.get(&(part, Content::Images)).map_or_else(String::new, Candidate::name);
            return Err(Failure::failed(format!(
                "`{images}` holds {} pictures, `{}` {} labels",
                pictures.count,
                file.name(),
                labels.len()
            ))
            .hint("the two files must come from the same data set"));
        }
        Ok(Some(labels))
    };
    let train = images(Named::Train, colour, false, reading)?.expect("a choice without training pictures is refused");
    // What the training pictures are taken as, the others are too.
    let follows = colour == Colour::Auto;
    let colour = if train.image[0] == 1 { Colour::Grey } else { Colour::Rgb };
    let train_labels = labels(Named::Train, &train)?;
    let mut test = None;
    for part in [Named::Test, Named::Validation] {
        let Some(pictures) = images(part, colour, follows, reading)? else { continue };
        let test_labels = labels(part, &pictures)?;
        let file = &files[&(part, Content::Images)];
        if test.is_some() {
            (reading.say)(&format!("`{}`: {} pictures are left aside", file.name(), pictures.count));
        } else if train_labels.is_some() && test_labels.is_none() {
            (reading.say)(&format!(
                "`{}` is left aside: it has no labels, and the training pictures have",
                file.name()
            ));
        } else if pictures.image != train.image {
            let [[_, ours @ ..], [_, theirs @ ..]] = [train.image, pictures.image];
            return Err(Failure::failed(format!(
                "`{}` holds pictures of {} by {} pixels, `{}` of {} by {}",
                files[&(Named::Train, Content::Images)].name(),
                ours[0],
                ours[1],
                file.name(),
                theirs[0],
                theirs[1]
            ))
            .hint("training and test files must come from the same data set"));
        } else {
            test = Some((pictures, test_labels));
        }
    }
    if train_labels.is_none() {
        (reading.say)("there are no labels for the training pictures: they are trained on without classes");
    }
    assemble(name, (train, train_labels), test, reading)
}

/// A set in the binary: gzip idx of training pictures and labels, test pictures and labels.
///
/// # Errors
/// Only if the binary itself is damaged.
pub fn built_in(name: &str, files: [&[u8]; 4]) -> Result<Dataset> {
    let broken = |problem: String| Failure::failed(format!("built-in {name} {problem}"));
    let images = |file| idx::parse(file).and_then(|array| array::pictures(array, Colour::Grey)).map_err(broken);
    let labels = |file| idx::parse(file).and_then(array::labels).map_err(broken);
    let [train_images, train_labels, test_images, test_labels] = files;
    let train = (images(train_images)?, Some(labels(train_labels)?));
    let test = (images(test_images)?, Some(labels(test_labels)?));
    let stop = std::sync::atomic::AtomicBool::new(false);
    assemble(name.to_owned(), train, Some(test), &mut Reading::new(&mut |_| (), &stop, None))
}

/// A set in the binary of pictures alone: gzip idx.
///
/// # Errors
/// Only if the binary itself is damaged.
pub fn built_in_pictures(name: &str, file: &[u8], colour: Colour) -> Result<Dataset> {
    let pictures = idx::parse(file).and_then(|array| array::pictures(array, colour));
    let pictures = pictures.map_err(|problem| Failure::failed(format!("built-in {name} {problem}")))?;
    let stop = std::sync::atomic::AtomicBool::new(false);
    assemble(name.to_owned(), (pictures, None), None, &mut Reading::new(&mut |_| (), &stop, None))
}

/// A set among files.
struct Chosen {
    set: String,
    /// Of each part and content the one that is meant.
    files: BTreeMap<(Named, Content), Candidate>,
    /// What is not used and is no copy of what is.
    aside: Vec<PathBuf>,
}

/// Of each part and content the one file that is meant.
fn choose(place: &Path, candidates: Vec<Candidate>) -> Result<Chosen> {
    let mut sets: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        sets.entry(candidate.set.clone()).or_default().push(candidate);
    }
    let trains =
        |files: &[Candidate]| files.iter().any(|file| (file.part, file.content) == (Named::Train, Content::Images));
    let all: Vec<PathBuf> = sets.values().flatten().map(|file| file.path.clone()).collect();
    sets.retain(|_, files| trains(files));
    let place_name = place.display();
    let wanted = match sets.len() {
        0 => {
            return Err(Failure::failed(format!(
                "`{place_name}` holds no file of training pictures, as `train-images-idx3-ubyte`; found: {}",
                listed(&all, SHOWN)
            ))
            .hint("name the file of training pictures so, or give the folder that it is in"));
        }
        1 => sets.keys().next().cloned().unwrap_or_default(),
        _ if sets.contains_key("") => String::new(),
        _ => {
            let names: Vec<String> = sets.keys().map(|set| format!("`{set}`")).collect();
            let first = place.join(sets.keys().next().map_or("", String::as_str));
            return Err(Failure::failed(format!("`{place_name}` holds {} sets: {}", names.len(), names.join(", ")))
                .hint(format!("name one of them, as `--data {}`", first.display())));
        }
    };
    let mut chosen: BTreeMap<(Named, Content), Candidate> = BTreeMap::new();
    let mut files = sets.remove(&wanted).unwrap_or_default();
    let mut aside: Vec<PathBuf> = sets.into_values().flatten().map(|file| file.path).collect();
    let depth = |file: &Candidate| file.home.components().count();
    files.sort_by_key(|file| (depth(file), file.kind == Kind::Gzip, file.name().len(), file.name()));
    for file in files {
        let role = (file.part, file.content);
        match chosen.get(&role) {
            None => drop(chosen.insert(role, file)),
            Some(other) if depth(other) == depth(&file) && other.home != file.home => {
                let homes: BTreeSet<String> =
                    [other, &file].iter().map(|one| format!("`{}`", one.home.display())).collect();
                let homes: Vec<String> = homes.into_iter().collect();
                return Err(Failure::failed(format!(
                    "`{place_name}` holds several sets: in {}",
                    homes.join(" and in ")
                ))
                .hint(format!("give the folder of one, as `--data {}`", file.home.display())));
            }
            // Packed and unpacked side by side.
            Some(other) if other.home == file.home => {}
            Some(_) => aside.push(file.path),
        }
    }
    aside.sort();
    aside.dedup();
    Ok(Chosen { set: wanted, files: chosen, aside })
}

fn load(file: &Candidate) -> Result<Array> {
    let bytes = fs::read(&file.path)
        .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", file.path.display())))?;
    let array = match (&file.within, file.kind) {
        (Some(within), Kind::Table | Kind::Gzip) => table_of(&bytes).and_then(|table| {
            let labels = || table.labels.ok_or("has no column of labels".to_owned());
            if within == LABEL { labels() } else { Ok(table.pixels) }
        }),
        (Some(within), _) => npy::parse_in(&bytes, within),
        (None, Kind::Npy) => npy::parse(&bytes[..]),
        (None, _) => idx::parse(&bytes),
    };
    array.map_err(|problem| wrong(file, &problem))
}

/// What is wrong with a file, and what that calls for: only a file that ends early is mended by another copy.
fn wrong(file: &Candidate, problem: &str) -> Failure {
    let path = file.path.display();
    let hint = match problem {
        _ if problem.contains("cut short") || problem.contains("unpacked") || problem.contains("damaged") => {
            "copy or download the file again, or drop `--data` to use the built-in MNIST".to_owned()
        }
        _ if problem.contains(array::GREY_ALONE) => {
            "leave `--colour` out, or give pictures that have colours".to_owned()
        }
        _ if problem.contains("idx file") => Kind::Empty.advice().to_owned(),
        _ => format!(
            "read it with NumPy, put it right, and save it by `numpy.savez`, or drop `--data`: `{path}` is left as it is"
        ),
    };
    Failure::failed(format!("`{path}` {problem}")).hint(hint)
}

/// Pictures with their labels, where there are any.
type Labelled = (Squares, Option<Vec<i64>>);

/// A data set of what was read: a part of the training pictures is for tests where there are no others.
fn assemble(name: String, train: Labelled, test: Option<Labelled>, reading: &mut Reading) -> Result<Dataset> {
    let (image, (train, train_labels)) = (train.0.image, train);
    let counts = [train.count, test.as_ref().map_or(0, |(test, _)| test.count)];
    let (test_bytes, test_labels) = test.map_or((None, None), |(test, labels)| (Some(test.bytes), labels));
    let test_labels = train_labels.as_ref().and(test_labels);
    let (labels, classes) = number(train_labels.unwrap_or_default(), test_labels.unwrap_or_default(), counts)?;
    let shape = DataShape { image, classes: classes.len() };
    let (mut labels, later) = (labels[..counts[0]].to_vec(), labels[counts[0]..].to_vec());
    let mut bytes = train.bytes;
    let test = match test_bytes {
        Some(test_bytes) => {
            let aside = counts[0] / VALIDATION_SHARE;
            labels.drain(..aside);
            bytes.drain(..aside * shape.pixels());
            Pictures { bytes: test_bytes, labels: later, shape }
        }
        None => {
            let (kept, held) = hold_out(Pictures { bytes, labels, shape });
            (bytes, labels) = (kept.bytes, kept.labels);
            if held.count() > 0 {
                (reading.say)(&format!(
                    "there are no test pictures: every twelfth of the training pictures, {} of {}, is kept for tests",
                    held.count(),
                    counts[0]
                ));
            }
            held
        }
    };
    Ok(Dataset { name, train: Pictures { bytes, labels, shape }, test, classes })
}

/// Every twelfth picture apart from the others.
fn hold_out(pictures: Pictures) -> (Pictures, Pictures) {
    let empty = || Pictures { bytes: Vec::new(), labels: Vec::new(), shape: pictures.shape };
    let (mut kept, mut held) = (empty(), empty());
    for (at, &label) in pictures.labels.iter().enumerate() {
        let part = if (at + 1).is_multiple_of(TEST_SHARE) { &mut held } else { &mut kept };
        part.bytes.extend(pictures.picture(at as u32));
        part.labels.push(label);
    }
    (kept, held)
}

/// Classes are the labels that occur, in their order; what there are no labels for is of the first.
fn number(train: Vec<i64>, test: Vec<i64>, counts: [usize; 2]) -> Result<(Vec<u16>, Vec<String>)> {
    let values: BTreeSet<i64> = train.iter().chain(&test).copied().collect();
    if values.len() > MOST_CLASSES {
        return Err(Failure::failed(format!(
            "the labels have {} values, and {MOST_CLASSES} classes are the most",
            values.len()
        ))
        .hint("take the file of labels away to train without classes"));
    }
    let values: Vec<i64> = values.into_iter().collect();
    let label = |value: &i64| values.binary_search(value).map_or(0, |label| label as u16);
    let padded = |labels: &[i64], count: usize| {
        let mut labels: Vec<u16> = labels.iter().map(label).collect();
        labels.resize(count, 0);
        labels
    };
    let labels = [padded(&train, counts[0]), padded(&test, counts[1])].concat();
    Ok((labels, values.iter().map(i64::to_string).collect()))
}

/// A set of arrays whose names say nothing: one of pictures, or one of each class, as Quick, Draw! has them.
fn nameless(
    place: &Path,
    name: String,
    paths: &[PathBuf],
    mut colour: Colour,
    reading: &mut Reading,
) -> Result<Dataset> {
    if paths.is_empty() {
        return Err(
            Failure::failed(format!("`{}` holds no array of pictures", place.display())).hint(Kind::Gzip.advice())
        );
    }
    let mut all = Squares { bytes: Vec::new(), count: 0, image: [0; 3], done: Vec::new() };
    let (mut labels, mut counts) = (Vec::new(), Vec::new());
    for (label, path) in paths.iter().enumerate() {
        let kind = sniff(path).unwrap_or(Kind::Empty);
        let (home, set) = (PathBuf::new(), String::new());
        let file = Candidate {
            path: path.clone(),
            kind,
            within: None,
            set,
            part: Named::Train,
            content: Content::Images,
            home,
        };
        let squares =
            load(&file).and_then(|array| array::pictures(array, colour).map_err(|problem| wrong(&file, &problem)))?;
        if label > 0 && squares.image != all.image {
            let message = format!(
                "`{}` holds arrays of different pictures, and their names do not tell which is what",
                place.display()
            );
            return Err(Failure::failed(message).hint(format!(
                "name them as MNIST's files (train-images, train-labels, t10k-images, t10k-labels); found: {}",
                listed(paths, SHOWN)
            )));
        }
        if label == 0 && !squares.done.is_empty() {
            (reading.say)(&format!("`{}`: pictures {}", path.display(), squares.done.join(", ")));
        }
        // What the first are taken as, the others are too.
        colour = if squares.image[0] == 1 { Colour::Grey } else { Colour::Rgb };
        all.image = squares.image;
        all.bytes.extend(squares.bytes);
        all.count += squares.count;
        labels.resize(all.count, label as i64);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        counts.push((stem.trim_start_matches("full_numpy_bitmap_").to_owned(), squares.count));
    }
    if paths.len() == 1 {
        (reading.say)("there are no labels for the training pictures: they are trained on without classes");
        return assemble(name, (all, None), None, reading);
    }
    (reading.say)(&count_sentence("by file", counts.iter().map(|(name, count)| (name.as_str(), *count))));
    let set = assemble(name, (all, Some(labels)), None, reading)?;
    Ok(Dataset { classes: counts.into_iter().map(|(name, _)| name).collect(), ..set })
}

/// The set that the name of a file or the start of one means.
pub fn set_named(name: &str) -> String {
    match role(name) {
        Some((set, ..)) => set,
        None => {
            let words = name.to_lowercase();
            let words = words.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join("-")
        }
    }
}

/// Whether the file at `path` is or packs an array.
pub fn is_array(path: &Path) -> bool {
    match sniff(path) {
        Ok(Kind::Gzip) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            matches!(packed(path), Kind::Idx | Kind::Table) || is_named_idx(&name)
        }
        Ok(Kind::Idx | Kind::Npy | Kind::Npz | Kind::Table) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        use Content::{Images, Labels};
        use Named::{Test, Train, Validation};
        let cases = [
            ("train-images-idx3-ubyte.gz", "", Train, Images),
            ("t10k-labels.idx1-ubyte", "", Test, Labels),
            ("TRAIN-IMAGES-IDX3-UBYTE", "", Train, Images),
            ("train-images-idx3-ubyte (1).gz", "", Train, Images),
            ("emnist-letters-test-images-idx3-ubyte.gz", "emnist-letters", Test, Images),
            ("qmnist-test-labels-idx2-int.gz", "qmnist", Test, Labels),
            ("qmnist-test50k-labels-idx2-int", "qmnist", Test, Labels),
            ("kmnist-train-imgs.npz", "kmnist", Train, Images),
            ("k49-test-labels.npz", "k49", Test, Labels),
            ("x_train", "", Train, Images),
            ("y_test.npy", "", Test, Labels),
            ("val_images", "", Validation, Images),
            ("images", "", Train, Images),
        ];
        for (name, set, part, content) in cases {
            assert_eq!(role(name), Some((set.to_owned(), part, content)), "{name}");
        }
        for name in ["notes.txt", "cat.npy", "emnist-letters-mapping.txt", "arr_0"] {
            assert_eq!(role(name), None, "{name}");
        }
    }
}
