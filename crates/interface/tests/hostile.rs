//! Files that were damaged or made to do harm: whatever is done to the bytes, reading them ends in a sentence or in a model,
//! without a panic, and holds no more memory than a small multiple of the file.

#![allow(unsafe_code, reason = "the allocator of this test's process, which only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use interface::onnx::{
    AttributeProto, DimensionProto, DimensionValue, FunctionProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto,
};
use interface::{Range, Taken, envelope, external, rewrite};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use prost::Message;
use prost::bytes::Bytes;

/// A reader may hold this many times the file…
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

/// Reads the bytes as a model is read, up to where tract would take over, watching the memory. Tells whether they were one.
fn read(name: &str, bytes: &[u8]) -> bool {
    let sentence = |told: &dyn std::fmt::Display, hint: &str| {
        let told = told.to_string();
        assert!(!told.is_empty() && told.len() < 1_000 && !hint.is_empty(), "{name}: {told:?}");
        assert!(!told.chars().any(char::is_control), "{name}: {told:?}");
    };
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let is_model = match envelope::decode(Bytes::copy_from_slice(bytes)) {
        Err(no_model) => {
            sentence(&no_model, no_model.hint);
            false
        }
        Ok(mut model) => {
            let names = external::files(&mut model);
            assert!(names.len() <= bytes.len());
            if let Err(refusal) = external::take_in(&mut model, &mut |_| Some(Bytes::from_static(&[0; 64]))) {
                sentence(&refusal, refusal.hint());
            }
            let graph = model.graph.as_ref().expect("`decode` takes no file without one");
            if let Err(refusal) = Taken::of(graph, None) {
                sentence(&refusal, refusal.hint());
            }
            for output in graph.output.iter().take(8) {
                Range::by_operator(graph, &output.name);
            }
            if let Err(refusal) = rewrite::rewrite(&mut model) {
                sentence(&refusal, refusal.hint());
            }
            if let Some(graph) = &mut model.graph {
                rewrite::random_operators(graph);
                rewrite::with_shapes(graph, &|_| Some(vec![1, 4, 8, 8]));
            }
            true
        }
    };
    let peak = PEAK.load(Relaxed) - before;
    assert!(peak <= FACTOR * bytes.len() + ALLOWANCE, "{name}: {} bytes of file, {peak} of memory", bytes.len());
    is_model
}

/// A protobuf field that holds `content`.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(u64::from(number << 3 | 2), &mut bytes);
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

fn model(graph: &[u8]) -> Vec<u8> {
    [vec![0x08, 0x08], field(7, graph)].concat()
}

// One test, since the memory is the whole process's.
#[test]
fn reading_never_panics_and_holds_little_more_than_the_file() {
    const MANY: usize = 1 << 17;
    let node = |content: &[u8]| field(1, content);
    for (name, bytes) in [
        ("empty nodes", model(&node(&[]).repeat(MANY))),
        ("empty names of one node", model(&node(&field(1, &[]).repeat(MANY)))),
        ("empty tensors", model(&field(5, &[]).repeat(MANY))),
        ("empty sparse tensors", model(&field(15, &[]).repeat(MANY))),
        ("empty values", model(&field(11, &[]).repeat(MANY))),
        ("empty outputs", model(&field(12, &[]).repeat(MANY))),
        ("empty attributes", model(&node(&field(5, &[]).repeat(MANY)))),
        ("empty graphs of an attribute", model(&node(&field(5, &field(11, &[]).repeat(MANY))))),
        ("empty texts of an attribute", model(&node(&field(5, &field(9, &[]).repeat(MANY))))),
        ("dimensions in one list", model(&field(5, &field(1, &vec![1; MANY])))),
        ("empty functions", [model(&[]), field(25, &[]).repeat(MANY)].concat()),
        ("empty metadata", [model(&[]), field(14, &[]).repeat(MANY)].concat()),
        ("a graph within a graph within", model(&nested(40))),
    ] {
        read(name, &bytes);
    }
    read("functions that double", &doubling(40));

    let files = [good().encode_to_vec(), with_a_function().encode_to_vec()];
    for (index, file) in files.iter().enumerate() {
        assert!(read("a good file", file), "{index}");
    }
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let changes = prop::collection::vec(change, 1..6);
    let cases = (0..files.len(), changes, prop::option::of(any::<prop::sample::Index>()));
    let cases_count = std::env::var("FORGER_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases_count) };
    let outcome = TestRunner::new(config).run(&cases, |(file, changes, cut)| {
        let mut bytes = files[file].clone();
        for (index, value) in changes {
            let place = index.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read("a damaged file", &bytes);
        Ok(())
    });
    outcome.unwrap();
    let arbitrary = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) };
    let noise = prop::collection::vec(any::<u8>(), 0..300);
    let outcome = TestRunner::new(arbitrary).run(&noise, |bytes| {
        read("noise", &bytes);
        read("noise in a model", &model(&bytes));
        Ok(())
    });
    outcome.unwrap();
}

fn nested(depth: usize) -> Vec<u8> {
    let mut graph = field(2, b"inner");
    for _ in 0..depth {
        graph = field(1, &field(5, &field(6, &graph)));
    }
    graph
}

/// Each function calls the next one twice.
fn doubling(depth: usize) -> Vec<u8> {
    let call = |number: usize, input: &str, output: &str| NodeProto {
        domain: "my".into(),
        ..NodeProto::new(&format!("f{number}"), "", &[input], &[output])
    };
    let function = |number: usize| FunctionProto {
        name: format!("f{number}"),
        domain: "my".into(),
        input: vec!["a".into()],
        output: vec!["c".into()],
        node: vec![call(number + 1, "a", "b"), call(number + 1, "b", "c")],
        ..Default::default()
    };
    let graph = GraphProto { node: vec![call(0, "z", "y")], ..Default::default() };
    let functions = (0..depth).map(function).collect();
    ModelProto { ir_version: 8, graph: Some(graph), functions, ..Default::default() }.encode_to_vec()
}

fn value(name: &str, element: i32, sizes: &[i64]) -> ValueInfoProto {
    let dim = sizes.iter().map(|&size| DimensionProto {
        value: Some(if size < 0 { DimensionValue::DimParam("n".into()) } else { DimensionValue::DimValue(size) }),
        ..Default::default()
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: element, shape });
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { tensor_type, ..Default::default() }),
        ..Default::default()
    }
}

/// A model that every pass has something to do with.
fn good() -> ModelProto {
    let external = StringStringEntryProto { key: "location".into(), value: "gen.data".into() };
    let half = TensorProto {
        name: "h".into(),
        dims: vec![2],
        data_type: 10,
        raw_data: vec![0, 60, 0, 192].into(),
        ..Default::default()
    };
    let other = TensorProto {
        name: "e".into(),
        dims: vec![1],
        data_type: 1,
        external_data: vec![external],
        data_location: Some(1),
        ..Default::default()
    };
    let microsoft = |node: NodeProto| NodeProto { domain: "com.microsoft".into(), ..node };
    let graph = GraphProto {
        name: "g".into(),
        node: vec![
            NodeProto::new("Gather", "", &["table", "label"], &["row"]),
            NodeProto::new("Upsample", "up", &["z", "s"], &["a"]).with(AttributeProto::text("mode", "nearest")),
            NodeProto::new("Pad", "", &["a", "p"], &["b"]),
            NodeProto::new("Slice", "", &["b", "i", "i", "i", "i"], &["c"]),
            NodeProto::new("ConvTranspose", "", &["c", "w"], &["d"])
                .with(AttributeProto::ints("output_shape", &[9, 9])),
            NodeProto::new("BatchNormalization", "", &["d", "s", "s", "s", "s"], &["f", "m", "v"])
                .with(AttributeProto::int("training_mode", 1)),
            NodeProto::new("Dropout", "", &["f"], &["g"]),
            NodeProto::new("MatMul", "", &["s", "s"], &["sigma"]),
            NodeProto::new("Div", "", &["g", "sigma"], &["h2"]),
            microsoft(
                NodeProto::new("FusedConv", "", &["h2", "w"], &["k"]).with(AttributeProto::text("activation", "Relu")),
            ),
            microsoft(NodeProto::new("QLinearSigmoid", "", &["k", "s", "i", "s", "i"], &["l"])),
            NodeProto::new("Cast", "", &["l"], &["n"]).with(AttributeProto::int("to", 10)),
            NodeProto::new("Tanh", "", &["n"], &["image"]),
        ],
        initializer: vec![
            TensorProto::floats("s", &[2], &[1.0, 2.0]),
            TensorProto::int64s("p", &[4], &[0, -1, 0, 0]),
            TensorProto::int64s("i", &[1], &[-1]),
            TensorProto::floats("w", &[1, 1, 2, 2], &[1.0; 4]),
            TensorProto::floats("table", &[3, 2], &[1.0; 6]),
            half,
            other,
        ],
        input: vec![value("z", 1, &[-1, 2]), value("label", 7, &[-1]), value("psi", 1, &[1])],
        output: vec![value("image", 1, &[-1, 1, 2, 2]), value("sigma", 1, &[])],
        ..Default::default()
    };
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 9 }];
    ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }
}

fn with_a_function() -> ModelProto {
    let mut model = good();
    model.functions = vec![FunctionProto {
        name: "Half".into(),
        domain: "my".into(),
        input: vec!["a".into()],
        output: vec!["b".into()],
        node: vec![
            NodeProto::new("LeakyRelu", "", &["a"], &["b"])
                .with(AttributeProto { ref_attr_name: "slope".into(), ..AttributeProto::float("alpha", 0.0) }),
        ],
        ..Default::default()
    }];
    let graph = model.graph.as_mut().expect("it has one");
    graph.node[0].op_type = "Half".into();
    graph.node[0].domain = "my".into();
    model
}
