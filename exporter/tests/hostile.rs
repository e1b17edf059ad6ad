//! Files that were damaged or made to do harm: an error in a sentence, no panic, and no more memory than a small multiple
//! of the file.

#![allow(unsafe_code, reason = "the allocator of this test's process, which only counts and passes on")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::Parts;
use exporter::{Architecture, Layer, Model, Precision, Summary};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// A reader may hold this many times the file…
const FACTOR: usize = 32;
/// … and this much more: what decoding a small file of many small parts takes.
const ALLOWANCE: usize = 4 << 20;

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

/// Reads the bytes in every way there is, watching the memory.
fn read(name: &str, bytes: &[u8]) {
    let architecture = Architecture::sequential(3, [Layer::gemm("generator.hidden1"), Layer::reshape(&[1, 1, 5])]);
    let sentences = |told: &dyn std::fmt::Display, hint: &str| {
        let told = told.to_string();
        let is_sentence = !told.is_empty() && told.len() < 1_000 && !hint.is_empty();
        assert!(is_sentence && !told.chars().any(char::is_control), "{name}: {told:?}");
    };
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    for read in [
        &|| drop(Model::from_onnx(bytes).inspect_err(|error| sentences(error, error.hint()))) as (),
        &|| drop(Summary::of(bytes).inspect_err(|error| sentences(error, error.hint()))),
        &|| drop(Model::from_checkpoint(bytes).inspect_err(|error| sentences(error, error.hint()))),
        &|| drop(Model::from_safetensors(bytes, &architecture).inspect_err(|error| sentences(error, error.hint()))),
    ] as [&dyn Fn(); 4]
    {
        read();
    }
    let peak = PEAK.load(Relaxed) - before;
    assert!(peak <= FACTOR * bytes.len() + ALLOWANCE, "{name}: {} bytes of file, {peak} of memory", bytes.len());
}

/// A protobuf field that holds `content`.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(content);
    bytes
}

fn model(graph: &[u8]) -> Vec<u8> {
    [vec![0x08, 0x08], field(7, graph)].concat()
}

/// A safetensors file of this header and nothing else.
fn safetensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
}

// One test, since the memory is the whole process's.
#[test]
fn reading_never_panics_and_holds_little_more_than_the_file() {
    const MANY: usize = 1 << 18;
    let empty_node = field(1, &[]);
    let empty_input = field(1, &field(1, &[]).repeat(MANY));
    let packed = field(5, &field(1, &vec![1; MANY]));
    let attribute = field(1, &field(5, &field(5, &[]).repeat(1)).repeat(MANY));
    for (name, bytes) in [
        ("empty nodes", model(&empty_node.repeat(MANY))),
        ("empty inputs of one node", model(&empty_input)),
        ("empty tensors", model(&field(5, &[]).repeat(MANY))),
        ("empty values", model(&field(11, &[]).repeat(MANY))),
        ("dimensions in one list", model(&packed)),
        ("dimensions one by one", model(&field(5, &[0x08, 0x01].repeat(MANY)))),
        ("empty attributes", model(&attribute)),
        ("empty metadata", [model(&[]), field(14, &[]).repeat(MANY)].concat()),
        ("2 GB declared", model(&field(5, &[0x08, 0x80, 0x80, 0x80, 0x80, 0x02, 0x10, 0x01]))),
        ("metadata of safetensors", safetensors(&format!("{{\"__metadata__\":{{{}}}}}", numbered("\"\"")))),
        ("tensors of nothing", safetensors(&format!("{{{}}}", numbered(TENSOR)))),
        (
            "a long shape",
            safetensors(&format!(r#"{{"a":{{"dtype":"U8","shape":[{}1],"data_offsets":[0,0]}}}}"#, "1,".repeat(MANY))),
        ),
        ("a deep header", safetensors(&"{\"a\":[".repeat(MANY))),
        ("a header of lists", safetensors(&format!("{{\"a\":[{}0]}}", "[],".repeat(MANY)))),
        ("an architecture of numbers", described(&format!("[{}0]", "0,".repeat(MANY)))),
        ("an architecture of layers", described(&layers(r#"{"op":"relu"}"#, 2_300))),
        ("an architecture of too many layers", described(&layers(r#"{"op":"relu"}"#, 10_000))),
        ("metrics of numbers", measured(&format!("{{\"a\":[{}0]}}", "0,".repeat(MANY)))),
    ] {
        read(name, &bytes);
    }

    let checkpoint = Parts::new().bytes();
    let generator = Model::from_checkpoint(&checkpoint).unwrap();
    let mut files = vec![checkpoint, generator.to_safetensors()];
    files.extend(
        [Precision::F32, Precision::F16, Precision::Int8].map(|precision| generator.to_onnx(precision).unwrap()),
    );
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let changes = prop::collection::vec(change, 1..6);
    let cases = (0..files.len(), changes, prop::option::of(any::<prop::sample::Index>()));
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) });
    let outcome = runner.run(&cases, |(file, changes, cut)| {
        let mut bytes = files[file].clone();
        for (index, value) in changes {
            // Half of them near the start, where the structure is.
            let range = if value % 2 == 0 { bytes.len() } else { bytes.len().min(1_000) };
            bytes[index.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read("a damaged file", &bytes);
        Ok(())
    });
    outcome.unwrap();
}

const TENSOR: &str = r#"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;

/// `"0":VALUE,"1":VALUE,…`
fn numbered(value: &str) -> String {
    (0..20_000).map(|number| format!("\"{number}\":{value}")).collect::<Vec<_>>().join(",")
}

fn layers(layer: &str, count: usize) -> String {
    let layers = vec![layer; count].join(",");
    format!(r#"{{"kind":"sequential","latent":3,"layers":[{layers}]}}"#)
}

fn described(architecture: &str) -> Vec<u8> {
    let mut parts = Parts::new();
    parts.set("architecture", architecture);
    parts.bytes()
}

fn measured(metrics: &str) -> Vec<u8> {
    let mut parts = Parts::new();
    parts.set("metrics", metrics);
    parts.bytes()
}
