//! The judge: a small classifier that says how good generated pictures are, and how many of the kinds there are.
//!
//! Pictures are compared by the 84 numbers that the classifier ([`lenet`]) has before its last layer. [`fid`] is the
//! distance of generated from real pictures, [`manifold`] gives precision and recall, and the classes themselves show
//! which kinds a generator has lost. Where pictures in colour have no classes, it learns how a picture was turned and mirrored
//! ([`Task::Turns`]); such a judge tells no kinds apart. MNIST's judge is built in; that of another data set is trained once ([`training`])
//! and kept ([`file`]).
//!
//! A [`Yardstick`] holds what is known of the real pictures, so that a run pays for it once. Every number here is the
//! same for any count of threads: pictures go through in pieces of a fixed size, and sums have a fixed order.

pub mod fid;
mod file;
pub mod lenet;
pub mod manifold;
mod parallel;
pub mod schedule;
mod training;
mod turns;

use std::fs;
use std::path::Path;

use serde::Serialize;

use data::{Dataset, Pictures, scale_byte};
use failure::{Failure, Result};
use fid::{Moments, frechet_distance};
use lenet::{Architecture, FEATURES, Pass};
use manifold::Manifold;
use parallel::{Buffers, in_order};
pub use turns::Task;

/// Holds MNIST's judge, trained by `cargo xtask judge`.
const MNIST: &[u8] = include_bytes!("../mnist.safetensors");
/// Counts the pictures that go through the network at a time.
const PIECE: usize = 50;
/// Bounds the pictures of each side of a comparison: as many as MNIST's test set has.
pub const SAMPLES: usize = 10_000;
/// Bounds the real pictures to judge by from below: fewer say little of how far the generated ones are from them.
const FEWEST_TESTS: usize = 20;
/// Sets the share of the samples from which on a class counts as covered.
const COVERED: f64 = 0.01;

/// Holds a trained classifier, by which pictures are judged, with what it was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    architecture: Architecture,
    /// Holds the weights, flat, by [`Architecture::tensors`].
    parameters: Vec<f32>,
    dataset: String,
    fingerprint: String,
    task: Task,
    accuracy: f64,
}

/// Holds what a judge sees in n pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Holds the activations before the last layer, which pictures are compared by: [n, 84], row-major.
    pub features: Vec<f32>,
    /// Holds the most likely class of each picture: [n].
    pub classes: Vec<u16>,
}

/// Says how good generated pictures are, measured by real ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Counts the pictures judged; more of them give a smaller `fid` by themselves.
    pub samples: usize,
    /// Gives the Fréchet distance of their features from the real ones': 0 is the same distribution.
    pub fid: f64,
    /// Counts the classes that more than 1 % of the pictures are in.
    pub classes: usize,
    /// Gives the Kullback-Leibler divergence of the class histogram from the uniform one, in nats: 0 is all classes
    /// alike.
    pub kl: f64,
    /// Gives the share of the pictures that lie among the real ones, in [0, 1].
    pub precision: f64,
    /// Gives the share of the real pictures that lie among these, in [0, 1].
    pub recall: f64,
    /// Gives the share of the pictures that the judge puts into the class that was asked for, in [0, 1]; none where none
    /// was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_class: Option<f64>,
}

impl Judge {
    /// Gives the judge of `dataset`: MNIST's own, or the one in the file `kept`, or a new one, which is then kept
    /// there. `say` is told what takes long.
    ///
    /// # Errors
    /// Fails if there are pictures that no judge can learn to tell apart, or a file that cannot be read or written.
    pub fn of(dataset: &Dataset, kept: Option<&Path>, threads: usize, say: &mut dyn FnMut(&str)) -> Result<Self> {
        let fingerprint = fingerprint(dataset);
        let mnist = file::from_bytes(MNIST, "built in")?;
        if mnist.fingerprint == fingerprint {
            return Ok(mnist);
        }
        if let Some(path) = kept.filter(|path| path.exists()) {
            let name = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| Failure::failed(format!("`{name}` cannot be read: {error}")))?;
            match file::from_bytes(&bytes, &name) {
                Ok(judge) if judge.fingerprint == fingerprint => return Ok(judge),
                Ok(judge) => {
                    say(&format!("the judge `{name}` is of other pictures ({}) and is replaced", judge.dataset))
                }
                Err(failure) => say(&format!("{}; it is replaced", failure.message)),
            }
        }
        let judge = Self::train(dataset, threads, say)?;
        if let Some(path) = kept {
            files::write_whole(path, &judge.to_bytes())
                .map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", path.display())))?;
        }
        Ok(judge)
    }

    /// Trains a judge on the training pictures of `dataset`, and measures it on the test pictures. `say` is told of
    /// each epoch.
    ///
    /// # Errors
    /// Refuses pictures too small, too few to test by, or grey and all of one class.
    pub fn train(dataset: &Dataset, threads: usize, say: &mut dyn FnMut(&str)) -> Result<Self> {
        if let Some(reason) = Self::cannot_be(dataset) {
            return Err(Failure::failed(reason));
        }
        let task = if are_of_one_class(&dataset.train) { Task::Turns } else { Task::Classes };
        let most = dataset.train.labels.iter().max().copied().unwrap_or(0);
        let image @ [_, rows, columns] = dataset.image_shape();
        let (kinds, what) = match task {
            Task::Classes => (usize::from(most) + 1, ""),
            Task::Turns => {
                (turns::ways(rows, columns), ", which have no classes: it learns how they are turned and mirrored")
            }
        };
        let architecture = Architecture::new(image, kinds)?;
        say(&format!("training the judge of {} on {} pictures{what}", dataset.name, dataset.train.count()));
        let parameters = training::train(&architecture, &dataset.train, task, threads, |epoch, epochs, loss, right| {
            say(&format!("judge, epoch {epoch}/{epochs}: loss {loss:.4}, {:.2} % right", 100.0 * right));
        });
        let fingerprint = fingerprint(dataset);
        let name = dataset.name.clone();
        let mut judge = Self { architecture, parameters, dataset: name, fingerprint, task, accuracy: 0.0 };
        judge.accuracy = judge.accuracy_on(&dataset.test, threads);
        say(&format!("the judge is right on {:.2} % of the test pictures", 100.0 * judge.accuracy));
        Ok(judge)
    }

    /// Says in a sentence why there can be no judge of `dataset`; none if there can.
    pub fn cannot_be(dataset: &Dataset) -> Option<String> {
        if let Err(failure) = Architecture::new(dataset.image_shape(), 2) {
            return Some(failure.message);
        }
        if dataset.test.count() < FEWEST_TESTS {
            let count = dataset.test.count();
            return Some(format!("`{}` has {count} test pictures, too few to judge others by", dataset.name));
        }
        let is_grey = dataset.image_shape()[0] == 1;
        (is_grey && are_of_one_class(&dataset.train)).then(|| {
            format!(
                "the pictures of `{}` are all of one class, so a judge cannot learn to tell any apart",
                dataset.name
            )
        })
    }

    /// Writes the judge as a safetensors file's bytes: the same judge gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::to_bytes(self)
    }

    /// Gives the share of the test pictures that it was right on when it was trained, in [0, 1].
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// Counts the kinds of pictures that it tells apart: none where it was taught how pictures are turned.
    pub fn classes(&self) -> usize {
        if self.task == Task::Classes { self.architecture.classes() } else { 0 }
    }

    /// Says what it was taught.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Gives [channels, rows, columns] of the pictures that it takes.
    pub fn image_shape(&self) -> [usize; 3] {
        self.architecture.image_shape()
    }

    /// Looks at pictures: images [n, pixels], in [-1, 1]. Any number of threads sees the same.
    pub fn see(&self, images: &[f32], threads: usize) -> Seen {
        let pixels: usize = self.image_shape().iter().product();
        let pieces: Vec<&[f32]> = images.chunks(PIECE * pixels).collect();
        self.see_pieces(pieces.len(), threads, |piece| pieces[piece].to_vec())
    }

    /// Looks at the first `count` of `pictures`, or at all of them if there are fewer.
    pub fn see_pictures(&self, pictures: &Pictures, count: usize, threads: usize) -> Seen {
        let bytes = &pictures.bytes[..count.min(pictures.count()) * pictures.pixels()];
        let pieces: Vec<&[u8]> = bytes.chunks(PIECE * pictures.pixels()).collect();
        self.see_pieces(pieces.len(), threads, |piece| pieces[piece].iter().map(|&byte| scale_byte(byte)).collect())
    }

    fn see_pieces(&self, pieces: usize, threads: usize, images: impl Fn(usize) -> Vec<f32> + Sync) -> Seen {
        let passes = Buffers::<Pass>::new();
        let look = |piece| {
            passes.lend(|pass| {
                lenet::forward(&self.architecture, &self.parameters, &images(piece), pass);
                let [_, features, logits] = &pass.dense;
                let classes = logits.chunks_exact(self.architecture.classes()).map(|row| most_likely(row) as u16);
                (features.clone(), classes.collect::<Vec<_>>())
            })
        };
        let mut seen = Seen { features: Vec::new(), classes: Vec::new() };
        for (features, classes) in in_order(pieces, threads, look) {
            seen.features.extend(features);
            seen.classes.extend(classes);
        }
        seen
    }

    fn accuracy_on(&self, pictures: &Pictures, threads: usize) -> f64 {
        if self.task == Task::Turns {
            // Each way in turn.
            let (mut images, ways) = (vec![0.0; pictures.bytes.len()], self.architecture.classes());
            for (index, image) in images.chunks_exact_mut(pictures.pixels()).enumerate() {
                pictures.scaled(index as u32, image);
                turns::turn(image, pictures.shape.image, index % ways);
            }
            let seen = self.see(&images, threads);
            let right =
                seen.classes.iter().enumerate().filter(|(index, way)| index % ways == usize::from(**way)).count();
            return right as f64 / pictures.count() as f64;
        }
        let seen = self.see_pictures(pictures, pictures.count(), threads);
        let right = seen.classes.iter().zip(&pictures.labels).filter(|(class, label)| class == label).count();
        right as f64 / pictures.count() as f64
    }
}

/// Measures generated pictures by real ones: a judge together with what it saw in these.
pub struct Yardstick {
    judge: Judge,
    moments: Moments,
    manifold: Manifold,
    samples: usize,
    threads: usize,
}

impl Yardstick {
    /// Looks at the first [`SAMPLES`] of `real`, which should be pictures that nothing was trained on.
    pub fn new(judge: Judge, real: &Pictures, threads: usize) -> Self {
        let samples = SAMPLES.min(real.count());
        let seen = judge.see_pictures(real, samples, threads);
        let moments = Moments::of(&seen.features, FEATURES);
        let manifold = Manifold::new(&seen.features, &moments.mean, threads);
        Self { judge, moments, manifold, samples, threads }
    }

    /// Gives the judge that it measures by.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Counts the real pictures that it measures by; as many generated ones should be measured.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Scores generated pictures: images [n, pixels], in [-1, 1]; `asked`: the class that each was to be of, [n], or
    /// nothing where none was asked for.
    ///
    /// # Panics
    /// If there is another number of classes than of pictures, and not none.
    pub fn score(&self, images: &[f32], asked: &[usize]) -> Scores {
        let seen = self.judge.see(images, self.threads);
        let scores = self.score_seen(&seen);
        if asked.is_empty() {
            return scores;
        }
        assert_eq!(asked.len(), seen.classes.len(), "a class for each picture");
        let right = asked.iter().zip(&seen.classes).filter(|(asked, seen)| **asked == usize::from(**seen)).count();
        Scores { in_class: Some(right as f64 / asked.len() as f64), ..scores }
    }

    /// Scores real pictures as if they were generated: no generator need do better than they.
    pub fn floor(&self, real: &Pictures) -> Scores {
        self.score_seen(&self.judge.see_pictures(real, self.samples, self.threads))
    }

    fn score_seen(&self, seen: &Seen) -> Scores {
        let manifold = Manifold::new(&seen.features, &self.moments.mean, self.threads);
        let [precision, recall] = Manifold::shares(&manifold, &self.manifold, self.threads);
        let (classes, kl) = histogram(&seen.classes, self.judge.classes());
        Scores {
            samples: seen.classes.len(),
            fid: frechet_distance(&Moments::of(&seen.features, FEATURES), &self.moments),
            classes,
            kl,
            precision,
            recall,
            in_class: None,
        }
    }
}

/// Says whether all pictures have the same label.
fn are_of_one_class(pictures: &Pictures) -> bool {
    pictures.labels.windows(2).all(|pair| pair[0] == pair[1])
}

/// Counts the classes covered, and gives the divergence of their histogram from the uniform one, in nats: nothing of no classes.
fn histogram(seen: &[u16], classes: usize) -> (usize, f64) {
    if classes == 0 {
        return (0, 0.0);
    }
    let mut counts = vec![0usize; classes];
    seen.iter().for_each(|&class| counts[usize::from(class)] += 1);
    let shares = counts.iter().map(|&count| count as f64 / seen.len() as f64);
    let covered = shares.clone().filter(|&share| share > COVERED).count();
    // 0 ln 0 is 0.
    let kl: f64 = shares.filter(|&share| share > 0.0).map(|share| share * (share * classes as f64).ln()).sum();
    // Rounding may leave a hair below zero where all are equal.
    (covered, kl.max(0.0))
}

/// Gives the index of the largest, the first of equals.
fn most_likely(row: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in row.iter().enumerate() {
        if *logit > row[best] {
            best = class;
        }
    }
    best
}

/// Tells sets of training pictures apart: the CRC-32 of their pixels and of their labels.
fn fingerprint(dataset: &Dataset) -> String {
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    };
    let Pictures { bytes, labels, .. } = &dataset.train;
    // A byte each, as long as they are no more than that.
    let wide = labels.iter().any(|&label| label > 255);
    let labels: Vec<u8> =
        labels.iter().flat_map(|label| label.to_le_bytes().into_iter().take(1 + usize::from(wide))).collect();
    let [channels, rows, columns] = dataset.image_shape();
    let channels = if channels == 1 { String::new() } else { format!("{channels}x") };
    format!("{}x{channels}{rows}x{columns} {:08x} {:08x}", dataset.train.count(), crc(bytes), crc(&labels))
}

#[cfg(test)]
mod tests;
