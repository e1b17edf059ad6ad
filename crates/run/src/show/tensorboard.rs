//! Event files as TensorBoard reads them: scalars each epoch, and the sample sheet.
//!
//! A file is a row of TFRecords: the length of a message, its checksum, the message, its checksum. Messages are protobuf,
//! with the field numbers of TensorFlow's `event.proto` and `summary.proto`; only what we write is declared here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use failure::{Failure, Result};

/// How the names of event files start.
const EVENTS: &str = "events.out.tfevents";
/// What the first message of every file says.
const VERSION: &str = "brain.Event:2";
/// `SessionLog.SessionStatus.START`: TensorBoard drops what an earlier file of the run says of later steps.
const START: i32 = 1;
/// A picture that TensorBoard shows.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Names the series that it belongs to.
    pub tag: &'a str,
    /// Counts its channels: 1 is grey, 3 red, green and blue. `Summary.Image.colorspace` numbers them so too.
    pub channels: usize,
    /// Gives its rows and columns.
    pub sides: [usize; 2],
    /// Holds the bytes of a PNG file.
    pub png: &'a [u8],
}

/// An event file for TensorBoard that is being written.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Makes `folder` if need be and a new file in it, for the run of the model `out`, which goes on from `step`. Where `folder`
    /// holds the events of another run, which TensorBoard would take for one with these, the file goes to a folder below that is
    /// named after `out`.
    ///
    /// # Errors
    /// A folder that cannot be made or written to.
    pub fn create(folder: &Path, out: &Path, step: u64) -> Result<Self> {
        let whole = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
        let run = format!("{:08x}", crc32c::crc32c(whole.as_os_str().as_encoded_bytes()));
        let stem = out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let below = (1..).map(|n| folder.join(if n == 1 { stem.clone() } else { format!("{stem}-{n}") }));
        let mut folders = std::iter::once(folder.to_owned()).chain(below);
        let own = folders.find(|folder| !has_events_of_others(folder, &run)).expect("there is always another number");
        Self::create_in(&own, &run, step)
    }

    /// The folder that the file is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn create_in(folder: &Path, run: &str, step: u64) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{EVENTS}.{:010}.{:09}.{}.{run}", now.as_secs(), now.subsec_nanos(), std::process::id());
        let path = folder.join(name);
        let opened = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
            .map(|file| Self { path, file })
            .and_then(|mut events| {
                events.append(Event { file_version: Some(VERSION.to_owned()), ..Event::at(0) })?;
                let log = SessionLog { status: Some(START) };
                events.append(Event { session_log: Some(log), ..Event::at(step) })?;
                Ok(events)
            });
        opened.map_err(|error| {
            Failure::failed(format!("`--tensorboard {}` cannot be written: {error}", folder.display()))
                .hint("give a folder that can be made, or leave the flag out")
        })
    }

    /// Appends named numbers of one step, and pictures of it.
    ///
    /// # Errors
    /// A disk that refuses it.
    pub fn write(&mut self, step: u64, scalars: &[(&str, f64)], images: &[Picture]) -> Result<()> {
        let scalars = scalars.iter().map(|&(tag, value)| Value {
            tag: Some(tag.to_owned()),
            simple_value: Some(value as f32),
            image: None,
        });
        let images = images.iter().map(|&Picture { tag, channels, sides: [rows, columns], png }| Value {
            tag: Some(tag.to_owned()),
            simple_value: None,
            image: Some(Image {
                height: Some(rows as i32),
                width: Some(columns as i32),
                colorspace: Some(channels as i32),
                encoded: Some(png.to_vec()),
            }),
        });
        let summary = Summary { value: scalars.chain(images).collect() };
        self.append(Event { summary: Some(summary), ..Event::at(step) }).map_err(|error| {
            Failure::failed(format!("`{}` cannot be written: {error}", self.path.display()))
                .hint("make room, then go on with `--resume`: the last checkpoint is whole")
        })
    }

    fn append(&mut self, event: Event) -> io::Result<()> {
        self.file.write_all(&record(&event.encode_to_vec()))
    }
}

/// Whether a folder has event files that are not of the run `run`.
fn has_events_of_others(folder: &Path, run: &str) -> bool {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names = names.filter_map(|name| name.into_string().ok());
    names.any(|name| name.starts_with(EVENTS) && !name.ends_with(&format!(".{run}")))
}

/// A TFRecord: little-endian length, its masked checksum, the bytes, their masked checksum.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let parts = [&length[..], &masked(&length).to_le_bytes(), bytes, &masked(bytes).to_le_bytes()];
    parts.concat()
}

/// CRC-32C, rotated and shifted, since a checksum of data that holds checksums is weak.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, optional, tag = "1")]
    wall_time: Option<f64>,
    #[prost(int64, optional, tag = "2")]
    step: Option<i64>,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

impl Event {
    fn at(step: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        Self { wall_time: Some(now), step: Some(step as i64), ..Self::default() }
    }
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, optional, tag = "1")]
    status: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, optional, tag = "1")]
    tag: Option<String>,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "4")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, optional, tag = "1")]
    height: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    width: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    colorspace: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    encoded: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_in_one_folder_have_a_folder_each() {
        let dir = tempfile::tempdir().unwrap();
        let board = dir.path().join("board");
        let folder = |out: &str| {
            let file = EventFile::create(&board, &dir.path().join(out), 0).unwrap();
            file.folder().strip_prefix(dir.path()).unwrap().to_owned()
        };
        // Another sitting of the same run is in the same folder.
        for (out, expected) in [
            ("a.onnx", "board"),
            ("b.onnx", "board/b"),
            ("a.onnx", "board"),
            ("b.onnx", "board/b"),
            ("other/b.onnx", "board/b-2"),
        ] {
            assert_eq!(folder(out), Path::new(expected), "{out}");
        }
    }

    #[test]
    fn a_record_carries_its_length_and_both_checksums() {
        let record = record(b"123456789");
        assert_eq!((record.len(), &record[..8]), (8 + 4 + 9 + 4, &9u64.to_le_bytes()[..]));
        // 0xe3069283 is the check value of CRC-32C (Castagnoli) for these nine bytes; masked by hand.
        let crc = 0xe306_9283u32;
        let expected = crc.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(record[21..], expected.to_le_bytes());
    }
}
