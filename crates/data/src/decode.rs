//! Files into pictures of one size, on all cores, within limits on pixels and memory that hold before anything is decoded.
//!
//! A header may claim any size: 69 bytes of PNG can ask for 12 GB. So sizes are read first, and what pictures in work
//! take together is bounded, however many threads there are.

use std::cell::Cell;
use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::Reading;
use crate::framing::{self, Looked, Wanted};
use crate::kind::{self, Kind};
use crate::walk::{Listed, in_words};

/// Pixels of a picture; the largest sensors of telephones and cameras have fewer.
const MOST_PIXELS: u64 = 1 << 27;
/// Bytes of a file.
const MOST_FILE: u64 = 1 << 30;
/// Bytes that one picture may take while it is decoded, and all that are decoded at once together.
const MEMORY: u64 = 2 << 30;
/// Decoders keep the file, rows and tables beside the picture, and turn it on its side in a copy.
const COPIES: u64 = 2;
/// A JPEG that comes in ever finer scans is kept in coefficients of two bytes each until the last of them.
const JPEG_COPIES: u64 = 3;
/// How a line begins that tells how far it is.
pub(crate) const PROGRESS: &str = "reading pictures: ";
/// How often people are told how far it is.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// What came of a file.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A picture.
    Picture(Box<Looked>),
    /// A file of another kind, which nobody called a picture either.
    Other(Kind),
    /// A picture of a format that is not read.
    Unknown(Kind),
    /// What should be a picture and is damaged or no picture, and why, as the rest of a sentence.
    Damaged(String),
}

/// Decodes all of `files` to pictures as they are wanted, in their order; nothing if it was stopped.
pub fn decode_all(files: &[Listed], wanted: Wanted, reading: &mut Reading) -> Option<Vec<Outcome>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let (next, memory, stop) = (AtomicUsize::new(0), Memory::of(MEMORY), reading.stop);
    let mut outcomes: Vec<Option<Outcome>> = vec![None; files.len()];
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads {
            let (send, next, memory) = (send.clone(), &next, &memory);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(index) else { break };
                    if send.send((index, decode(&file.path, wanted, memory))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let (mut done, mut said) = (0, Instant::now());
        for (index, outcome) in receive {
            outcomes[index] = Some(outcome);
            done += 1;
            if said.elapsed() >= SAID_EVERY {
                said = Instant::now();
                (reading.say)(&format!("{PROGRESS}{done} of {}", files.len()));
            }
        }
    });
    outcomes.into_iter().collect()
}

/// Files whose headers are looked at for a size.
const LOOKED_AT: usize = 500;
/// The shortest and the longest side of pictures that keep their own size.
const KEPT: [usize; 2] = [8, 64];

/// Rows and columns that at least half of the pictures among `files` have, if both are from 8 to 64: what pixel art and
/// thumbnails are drawn in. Of two such sizes the smaller. Looks at no more than headers, of some of the files.
pub fn own_size(files: &[Listed]) -> Option<[usize; 2]> {
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let header = |file: &Listed| quietly(|| header_size(&file.path)).flatten();
    let sizes: Vec<[usize; 2]> = files.iter().step_by(step).filter_map(header).collect();
    let mut counts = std::collections::BTreeMap::new();
    sizes.iter().for_each(|size| *counts.entry(*size).or_insert(0) += 1);
    // The first of equals is the smallest.
    let (size, count) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
    let [least, most] = KEPT;
    (count * 2 >= sizes.len() && size.iter().all(|side| (least..=most).contains(side))).then_some(size)
}

/// Rows and columns that a picture's header tells, the way round that it is seen.
fn header_size(path: &Path) -> Option<[usize; 2]> {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let file = std::io::BufReader::new(File::open(path).ok()?);
    let mut reader = ImageReader::new(file).with_guessed_format().ok()?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(decoder.orientation(), Ok(Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH));
    let size = [height as usize, width as usize];
    Some(if turned { [size[1], size[0]] } else { size })
}

/// Decodes one file.
fn decode(path: &Path, wanted: Wanted, memory: &Memory) -> Outcome {
    // Decoders are other people's, and files are anybody's: a slip of theirs costs a picture, not the run.
    quietly(|| read_and_decode(path, wanted, memory))
        .unwrap_or_else(|| Outcome::Damaged("its decoder gave up on it; save it as PNG".to_owned()))
}

/// What `work` gives, or nothing if it panics, of which nothing is printed either: what came of it is told in a sentence.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    IS_QUIET.set(false);
    outcome
}

fn read_and_decode(path: &Path, wanted: Wanted, memory: &Memory) -> Outcome {
    let (bytes, kind) = match read(path) {
        Ok(read) => read,
        Err(why) => return Outcome::Damaged(why),
    };
    match kind {
        Kind::Picture(format) => match decode_bytes(bytes, format, wanted, memory) {
            Ok(looked) => Outcome::Picture(Box::new(looked)),
            Err(why) => Outcome::Damaged(why),
        },
        Kind::OtherPicture(_) => Outcome::Unknown(kind),
        Kind::Empty if is_named_a_picture(path) => Outcome::Damaged("it is empty".to_owned()),
        Kind::Other("unknown") if is_named_a_picture(path) => {
            Outcome::Damaged("it is no picture, by its first bytes".to_owned())
        }
        _ if is_named_a_picture(path) => Outcome::Damaged(format!("it is no picture but {}", kind.name())),
        _ => Outcome::Other(kind),
    }
}

/// All of a picture, or the first bytes of anything else, and what it is.
fn read(path: &Path) -> Result<(Vec<u8>, Kind), String> {
    let mut file = File::open(path).map_err(|error| in_words(&error))?;
    let mut bytes = Vec::new();
    file.by_ref().take(kind::LOOKED_AT as u64).read_to_end(&mut bytes).map_err(|error| in_words(&error))?;
    let kind = kind::by_name(kind::of(&bytes), path);
    if matches!(kind, Kind::Picture(_)) {
        file.take(MOST_FILE).read_to_end(&mut bytes).map_err(|error| in_words(&error))?;
        if bytes.len() as u64 > MOST_FILE {
            return Err(format!("it is a file of more than {} GiB", MOST_FILE >> 30));
        }
    }
    Ok((bytes, kind))
}

/// Whether the name of a file says that it is a picture.
pub fn is_named_a_picture(path: &Path) -> bool {
    const ENDINGS: [&str; 13] =
        ["png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "webp", "tif", "tiff", "pgm", "ppm", "pnm"];
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Decodes a picture, turned as its camera says, and frames it as it is wanted while the memory for both is held; the error is
/// the rest of a sentence.
fn decode_bytes(bytes: Vec<u8>, format: ImageFormat, wanted: Wanted, memory: &Memory) -> Result<Looked, String> {
    if format == ImageFormat::Jpeg && !jpeg_is_whole(&bytes) {
        return Err("it is cut short: its end is missing".to_owned());
    }
    let in_words = |error: ImageError| match error {
        ImageError::Limits(_) => "it would take too much memory".to_owned(),
        ImageError::Unsupported(_) => {
            format!("this kind of {} is not read ({error}); save it as PNG", Kind::Picture(format).name())
        }
        _ => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    let file = bytes.len() as u64;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(in_words)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!("it claims {width} by {height} pixels, and {MOST_PIXELS} are the most that are read"));
    }
    let copies = if format == ImageFormat::Jpeg { JPEG_COPIES } else { COPIES };
    let decoding = decoder.total_bytes().saturating_mul(copies);
    let framing = framing::needed(decoder.total_bytes(), [height, width].map(u64::from), wanted);
    // A decoder may keep the file once more.
    let needed = decoding.max(framing).saturating_add(file.saturating_mul(2));
    if needed > MEMORY {
        return Err(format!("it would take {needed} bytes of memory, and {MEMORY} are the most"));
    }
    let _held = memory.hold(needed);
    let orientation = decoder.orientation().map_err(in_words)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(in_words)?;
    picture.apply_orientation(orientation);
    Ok(framing::frame(&picture, wanted))
}

/// Whether a JPEG's last scan is followed by the marker of its end. Decoders fill what is missing with grey and say
/// nothing. A preview within the header ends too, so segments are stepped over. Source: ITU-T T.81, annex B.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // To the next marker: in a scan 0xff 0 is a byte of it, and 0xd0 to 0xd7 only divide it.
        let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) else {
            return false;
        };
        at += found + 1;
        match bytes.get(at) {
            None => return false,
            Some(0xff) => continue,
            Some(0xd9) => return true,
            Some(0 | 1 | 0xd0..=0xd8) => at += 1,
            Some(_) => {
                let Some(length) = bytes.get(at + 1..at + 3) else { return false };
                at += 1 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
}

/// Bytes that decoders may still take; who finds too few waits.
struct Memory {
    free: Mutex<u64>,
    freed: Condvar,
}

/// A part of it, given back when this is dropped.
struct Held<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    fn of(bytes: u64) -> Self {
        Self { free: Mutex::new(bytes), freed: Condvar::new() }
    }

    /// `bytes` must not be more than there is in all.
    fn hold(&self, bytes: u64) -> Held<'_> {
        let mut free = self.free();
        while *free < bytes {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= bytes;
        Held { memory: self, bytes }
    }

    fn free(&self) -> MutexGuard<'_, u64> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.memory.free() += self.bytes;
        self.memory.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Whether a picture is read as one of 24 by 24.
    fn decoded(bytes: &[u8]) -> Result<bool, String> {
        let Kind::Picture(format) = kind::of(bytes) else { return Err("no picture".to_owned()) };
        let wanted = Wanted { size: [24, 24], in_colour: true, looked_at: None };
        let looked = decode_bytes(bytes.to_vec(), format, wanted, &Memory::of(MEMORY))?;
        Ok(!looked.framed.done.scaled)
    }

    fn noise(side: u32) -> DynamicImage {
        RgbImage::from_fn(side, side, |x, y| image::Rgb([(x * 37 + y * 101) as u8, (x * y) as u8, (y * 53) as u8]))
            .into()
    }

    #[test]
    fn whole_pictures_are_read_and_cut_ones_of_every_format_are_not() {
        use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
        for format in [Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP] {
            let bytes = encoded(&noise(24), format);
            assert_eq!(decoded(&bytes), Ok(true), "{format:?}");
            for part in [2, 3] {
                let cut = &bytes[..bytes.len() * (part - 1) / part];
                assert!(decoded(cut).is_err(), "{format:?} cut");
            }
        }
    }

    #[test]
    fn a_jpeg_ends_where_its_last_scan_does() {
        let bytes = encoded(&noise(24), ImageFormat::Jpeg);
        assert!(jpeg_is_whole(&bytes));
        assert!(jpeg_is_whole(&[&bytes[..], b"what a telephone adds"].concat()));
        assert!(!jpeg_is_whole(&bytes[..bytes.len() - 2]));
        // A preview in the header has an end of its own.
        let preview = [&[0xff, 0xe1, 0, 8, 1, 2, 3, 4, 0xff, 0xd9], &bytes[2..bytes.len() - 2]].concat();
        assert!(!jpeg_is_whole(&[&[0xff, 0xd8], &preview[..]].concat()));
        assert!(jpeg_is_whole(&[&[0xff, 0xd8], &preview[..], &[0xff, 0xd9]].concat()));
        let zeros = [&bytes[..bytes.len() / 2], &vec![0; bytes.len() / 2]].concat();
        assert!(decoded(&zeros).unwrap_err().contains("cut short"));
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused_before_decoding() {
        let mut png = encoded(&GrayImage::from_pixel(4, 4, Luma([9])).into(), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0xfd, 0xe8, 0, 0, 0xfd, 0xe8]);
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        assert!(decoded(&png).unwrap_err().contains("claims 65000 by 65000 pixels"));
        let mut jpeg = encoded(&noise(8), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert!(decoded(&jpeg).unwrap_err().contains("claims 65500 by 65500 pixels"));
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(format in 0usize..7, at in 0usize..10_000, byte: u8, cut in 0usize..10_000) {
            use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
            let mut bytes = encoded(&noise(9), [Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP][format]);
            let len = bytes.len();
            bytes[at % len] = byte;
            bytes.truncate(len - cut % (len / 4));
            let _ = decoded(&bytes);
        }
    }
}
