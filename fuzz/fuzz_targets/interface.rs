//! Any bytes as a stranger's model, and as the file of weights beside it: read, told and rewritten, up to where tract would
//! take over.
//!
//! The input is cut at the first `MARK`: before it the model, after it the other file, by whatever name the model has for it.
//! What is read may hold a small multiple of the input in memory, which an allocator of the target's own counts.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use interface::onnx::ModelProto;
use interface::{Given, Layout as Lying, Picture, Port, Range, Taken, envelope, external, free_settings, inputs, rewrite};
use libfuzzer_sys::fuzz_target;
use prost::bytes::Bytes;

const MARK: &[u8] = b"FILE";
/// A reader may hold this many times the input…
const FACTOR: usize = 48;
/// … and this much more: what decoding a small file of many small parts takes.
const ALLOWANCE: usize = 8 << 20;

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
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fuzz_target!(|content: &[u8]| {
    let cut = content.windows(MARK.len()).position(|window| window == MARK).unwrap_or(content.len());
    let (file, other) = (&content[..cut], content.get(cut + MARK.len()..).unwrap_or_default());
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    match envelope::decode(Bytes::copy_from_slice(file)) {
        Err(no_model) => told(&no_model.to_string(), no_model.hint),
        Ok(model) => read(model, &Bytes::copy_from_slice(other)),
    }
    let peak = PEAK.load(Relaxed) - before;
    assert!(peak <= FACTOR * content.len() + ALLOWANCE, "{} bytes of input, {peak} of memory", content.len());
});

/// Goes the way of a model that is to be drawn.
fn read(mut model: ModelProto, other: &Bytes) {
    for name in external::files(&mut model) {
        assert!(!external::is_beside(&name) || !name.split('/').any(|part| part == ".."), "{name} leads out");
    }
    if let Err(refusal) = external::take_in(&mut model, &mut |_| Some(other.clone())) {
        return told(&refusal.to_string(), refusal.hint());
    }
    free_settings(&mut model);
    let graph = model.graph.as_ref().expect("`decode` takes no file without one");
    let outputs: Vec<Port> = graph.output.iter().take(8).map(Port::of).collect();
    let wish = inputs(graph).first().map(|port| port.name.clone());
    for wish in [None, wish.as_deref(), Some("no such input")] {
        match Taken::of(graph, wish) {
            Err(refusal) => told(&refusal.to_string(), refusal.hint()),
            Ok(taken) => assert!(taken.latent.size > 0),
        }
    }
    for output in &outputs {
        Range::by_operator(graph, &output.name);
    }
    picture(&outputs);
    match rewrite::rewrite(&mut model) {
        Err(refusal) => told(&refusal.to_string(), refusal.hint()),
        Ok(phrases) => assert!(phrases.iter().all(|phrase| !phrase.is_empty())),
    }
    if let Some(graph) = &mut model.graph {
        rewrite::random_operators(graph);
        rewrite::with_shapes(graph, &|_| Some(vec![1, 4, 8, 8]));
    }
}

/// The outputs as a run could give them, by the sizes that the file tells.
fn picture(outputs: &[Port]) {
    let given = |port: &Port| Given {
        name: port.name.clone(),
        element: port.element,
        dims: port.dims.iter().flatten().map(|size| size.unwrap_or(2)).collect(),
    };
    let outputs: Vec<Given> = outputs.iter().map(given).collect();
    for layout in [None, Some(Lying::Nchw), Some(Lying::Nhwc), Some(Lying::Nhw), Some(Lying::Flat)] {
        match Picture::among(&outputs, 2, None, layout) {
            Err(refusal) => told(&refusal.to_string(), refusal.hint()),
            Ok((index, picture)) => {
                let numbers: usize = outputs[index].dims.iter().product();
                assert_eq!(picture.pixels() * 2, numbers);
                // Not more of them than the memory that is watched.
                if numbers <= 1 << 16 {
                    assert_eq!(picture.planar(&vec![0.5; numbers]).len(), numbers);
                }
            }
        }
    }
}

/// A refusal is one line that a person can read, and a way out.
fn told(sentence: &str, hint: &str) {
    assert!(!sentence.is_empty() && sentence.len() < 2_000 && !hint.is_empty(), "{sentence:?}");
    assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
}
