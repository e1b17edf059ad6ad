//! What reading pictures holds: a picture takes no more than is counted before it is decoded, and a folder is never held both in
//! grey and in colour.

#![allow(unsafe_code, reason = "the allocator of this test's process, which only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use data::{Colour, Dataset, Reading, Source};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};

/// Counts the bytes that are held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        // SAFETY: the caller's promises about `layout` are those that the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `pointer` is from `alloc` above, with this `layout`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Reads the folder, and how many bytes that held at most beside what was held before.
fn read(folder: &Path, colour: Colour, size: [usize; 2]) -> (Dataset, usize) {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let stop = AtomicBool::new(false);
    let source = Source { colour, size: Some(size), ..Source::of(folder.to_str().unwrap()) };
    let set = Dataset::read(&source, &mut Reading::new(&mut |_| (), &stop, None)).unwrap().expect("nobody stops it");
    (set, PEAK.load(Relaxed) - before)
}

/// All claims in one test: what another test holds beside it would count too.
#[test]
fn reading_holds_what_is_counted_and_no_folder_twice() {
    let side = 1500;
    let shade = |x: u32, y: u32| (x / 9 + y / 7) as u8;
    let grey: DynamicImage = GrayImage::from_fn(side, side, |x, y| Luma([shade(x, y)])).into();
    let rgb: DynamicImage = RgbImage::from_fn(side, side, |x, y| Rgb([shade(x, y), 200, 0])).into();
    let rgba: DynamicImage = RgbaImage::from_fn(side, side, |x, y| Rgba([shade(x, y), 200, 0, 128])).into();
    // Of a JPEG three times the picture is counted, of others twice; of each the file twice, and a few rows.
    for (name, picture, channels, times) in [("a.jpg", grey, 1, 3), ("a.jpg", rgb, 3, 3), ("a.png", rgba, 4, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        picture.save(&path).unwrap();
        drop(picture);
        let file = fs::metadata(&path).unwrap().len() as usize;
        for colour in [Colour::Auto, Colour::Grey, Colour::Rgb] {
            let (_, held) = read(folder.path(), colour, [28, 28]);
            let counted = times * channels * (side * side) as usize + 2 * file + (1 << 20);
            assert!(held <= counted, "{name} of {channels} channels, {colour}: {held} bytes held, {counted} counted");
        }
    }

    for (asked, is_coloured) in [(Colour::Grey, false), (Colour::Rgb, true)] {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..200u8 {
            let colour = if is_coloured { Rgb([i, 255, 0]) } else { Rgb([i; 3]) };
            RgbImage::from_pixel(96, 96, colour).save(folder.path().join(format!("{i}.png"))).unwrap();
        }
        let (expected, known) = read(folder.path(), asked, [96, 96]);
        let (set, held) = read(folder.path(), Colour::Auto, [96, 96]);
        assert_eq!(set.train.bytes, expected.train.bytes);
        assert!(held <= known + known / 4, "{asked}: {held} bytes held to find out, {known} where it is known");
    }
}
