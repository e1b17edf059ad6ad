//! The graph as a user builds it: shapes follow, what does not fit is refused with names and both shapes, and what is
//! built comes back from its file as it was.

use exporter::{Graph, GraphError, Model, Precision, Tensor, Value, Window};

fn tensor(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    Tensor::new(shape, (0..count).map(|index| (index as f32 * 0.37).sin() / 2.0).collect())
}

fn ones(size: usize) -> Tensor {
    Tensor::new([size], vec![1.0; size])
}

/// A graph with a picture of [2, 4, 6] in it.
fn picture() -> (Graph, Value) {
    let (mut graph, z) = Graph::new("z", &[48]);
    let picture = graph.reshape("picture", &z, &[2, 4, 6]).unwrap();
    (graph, picture)
}

#[test]
fn shapes_follow_from_operators_and_constants() {
    let (mut graph, x) = picture();
    let window = Window { stride: 2, padding: 1, ..Window::default() };
    let wide = Window { padding: 2, dilation: 2, ..Window::default() };
    let grouped = Window { groups: 2, ..Window::default() };
    let padded = Window { stride: 3, output_padding: 2, ..Window::default() };
    let conv =
        |graph: &mut Graph, name: &str, shape: &[usize], window| graph.conv(name, &x, tensor(shape), None, window);
    let up = |graph: &mut Graph, name: &str, shape: &[usize], window| {
        graph.conv_transpose(name, &x, tensor(shape), None, window)
    };
    for (name, value, expected) in [
        ("conv", conv(&mut graph, "a", &[5, 2, 3, 3], window), &[5, 2, 3][..]),
        ("conv, dilated", conv(&mut graph, "b", &[5, 2, 3, 3], wide), &[5, 4, 6]),
        ("conv, in groups", conv(&mut graph, "c", &[4, 1, 1, 2], grouped), &[4, 4, 5]),
        ("transposed", up(&mut graph, "d", &[2, 3, 4, 4], window), &[3, 8, 12]),
        ("transposed, in groups", up(&mut graph, "e", &[2, 3, 2, 2], grouped), &[6, 5, 7]),
        ("transposed, padded", up(&mut graph, "f", &[2, 1, 3, 3], padded), &[1, 14, 20]),
        ("resize", graph.resize("g", &x, 3), &[2, 12, 18]),
        ("flatten", graph.flatten("h", &x), &[48]),
        ("matmul", graph.matmul("i", &x, tensor(&[6, 5])), &[2, 4, 5]),
        ("add", graph.add("j", &x, &x), &[2, 4, 6]),
        ("add, broadcast", graph.add_constant("k", &x, tensor(&[2, 1, 1])), &[2, 4, 6]),
        ("normalization", graph.batch_normalization("l", &x, [ones(2), ones(2), ones(2), ones(2)], 1e-5), &[2, 4, 6]),
        ("sigmoid", graph.sigmoid("m", &x), &[2, 4, 6]),
    ] {
        assert_eq!(value.unwrap().shape(), expected, "{name}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_both_shapes() {
    let (mut graph, x) = picture();
    let row = graph.flatten("row", &x).unwrap();
    let grouped = Window { groups: 3, ..Window::default() };
    let (_, foreign) = Graph::new("other", &[48]);
    let nan = Tensor::new([1, 48], [vec![0.0; 7], vec![f32::NAN; 41]].concat());
    let negative = Tensor::new([2], vec![1.0, -1.0]);
    for (error, expected) in [
        (
            graph.gemm("fc", &row, tensor(&[3, 47]), None),
            "node `fc`: the tensor `fc.weight` has the shape [3, 47]; `row` [batch, 48] calls for [outputs, 48]",
        ),
        (
            graph.gemm("fc", &row, tensor(&[3, 48]), Some(tensor(&[4]))),
            "node `fc`: the tensor `fc.bias` has the shape [4]; `row` [batch, 48] calls for [3]",
        ),
        (
            graph.gemm("fc", &x, tensor(&[3, 48]), None),
            "node `fc`: the value `picture` has the shape [batch, 2, 4, 6]; [batch, size] is needed",
        ),
        (
            graph.gemm("fc", &row, Tensor::new([3, 48], vec![0.0; 5]), None),
            "node `fc`: the tensor `fc.weight` has the shape [3, 48] and 5 numbers",
        ),
        (graph.gemm("fc", &row, nan, None), "node `fc`: the tensor `fc.weight` holds NaN at position 7"),
        (
            graph.matmul("mm", &row, tensor(&[3, 48])),
            "node `mm`: the tensor `mm.weight` has the shape [3, 48]; `row` [batch, 48] calls for [48, outputs]",
        ),
        (
            graph.add("sum", &x, &row),
            "node `sum`: the value `row` has the shape [batch, 48]; that of `picture`, [batch, 2, 4, 6], is needed",
        ),
        (
            graph.add_constant("sum", &x, tensor(&[2])),
            "node `sum`: the tensor `sum.addend` has the shape [2]; \
             `picture` [batch, 2, 4, 6] calls for its last sizes, or 1 for any of them",
        ),
        (
            graph.reshape("r", &x, &[7, 7]),
            "node `r`: the value `picture` has the shape [batch, 2, 4, 6]; as many numbers as [batch, 7, 7] is needed",
        ),
        (
            graph.conv("c", &x, tensor(&[5, 3, 3, 3]), None, Window::default()),
            "node `c`: the tensor `c.weight` has the shape [5, 3, 3, 3]; \
             `picture` [batch, 2, 4, 6] calls for [outputs, 2, rows, columns]",
        ),
        (
            graph.conv("c", &x, tensor(&[5, 2, 5, 5]), None, Window::default()),
            "node `c`: the tensor `c.weight` has the shape [5, 2, 5, 5]; \
             `picture` [batch, 2, 4, 6] calls for a kernel within its edges",
        ),
        (
            graph.conv_transpose("u", &x, tensor(&[3, 2, 4, 4]), None, Window::default()),
            "node `u`: the tensor `u.weight` has the shape [3, 2, 4, 4]; \
             `picture` [batch, 2, 4, 6] calls for [2, outputs / groups, rows, columns]",
        ),
        (
            graph.conv("c", &x, tensor(&[3, 1, 3, 3]), None, grouped),
            "node `c`: its 2 inputs cannot be split into 3 groups",
        ),
        (
            graph.conv_transpose(
                "u",
                &x,
                tensor(&[2, 2, 4, 4]),
                None,
                Window { output_padding: 1, ..Window::default() },
            ),
            "node `u`: the output padding 1 must be less than the stride 1 or the dilation 1",
        ),
        (
            graph.batch_normalization("n", &x, [ones(2), ones(2), ones(3), ones(2)], 1e-5),
            "node `n`: the tensor `n.running_mean` has the shape [3]; `picture` [batch, 2, 4, 6] calls for [2]",
        ),
        (
            graph.batch_normalization("n", &x, [ones(2), ones(2), ones(2), negative], 1e-5),
            "node `n`: the tensor `n.running_var` holds -1 at position 1",
        ),
        (
            graph.resize("s", &row, 2),
            "node `s`: the value `row` has the shape [batch, 48]; [batch, channels, rows, columns] is needed",
        ),
        (graph.resize("s", &x, 0), "node `s`: the factor is 0; it must be 1 to 4096"),
        (
            graph.resize("s", &x, 4096),
            "node `s`: its result [batch, 2, 16384, 24576] is larger than 67108864 numbers a picture",
        ),
        (graph.tanh("t", &foreign), "node `t`: the value `other` belongs to another graph"),
        (graph.leaky_relu("t", &x, f32::NAN), "node `t`: the slope NaN is not a finite float32"),
        (graph.tanh("row", &x), "the name `row` is taken: each node, and each tensor named after it, needs its own"),
    ] {
        let error = error.expect_err(expected);
        assert_eq!(error.to_string(), expected);
        assert!(!error.hint().is_empty());
    }
    assert!(graph.tanh("fc", &x).is_ok(), "what was refused left nothing behind");
}

#[test]
fn names_of_parts_are_kept_free() {
    let (mut graph, z) = Graph::new("z", &[2]);
    let fc = graph.gemm("fc", &z, tensor(&[2, 2]), None).unwrap();
    for name in ["fc.weight", "fc.weight.float", "fc.weight.scale", "z"] {
        let error = graph.tanh(name, &fc).unwrap_err();
        assert_eq!(error, GraphError::DuplicateName { name: name.to_owned() });
    }
    let tanh = graph.tanh("fc.bias", &fc).expect("there is no bias");
    assert!(graph.finish(&tanh, "fc").is_err(), "the output's name is another node's");
}

/// Every operator there is, one after the other, the sum of two values among them.
fn everything() -> Model {
    let (mut graph, z) = Graph::new("z", &[6]);
    let window = Window { stride: 2, padding: 1, ..Window::default() };
    let mut build = || -> Result<Value, GraphError> {
        let x = graph.gemm("fc", &z, tensor(&[8, 6]), Some(tensor(&[8])))?;
        let x = graph.leaky_relu("fc.leaky_relu", &x, 0.2)?;
        let x = graph.matmul("mm", &x, tensor(&[8, 18]))?;
        let x = graph.add_constant("mm.add", &x, tensor(&[18]))?;
        let x = graph.relu("mm.relu", &x)?;
        let x = graph.reshape("grid", &x, &[2, 3, 3])?;
        let x = graph.batch_normalization("norm", &x, [tensor(&[2]), tensor(&[2]), tensor(&[2]), ones(2)], 1e-3)?;
        let x = graph.conv_transpose("up", &x, tensor(&[2, 3, 4, 4]), Some(tensor(&[3])), window)?;
        let y = graph.sigmoid("up.sigmoid", &x)?;
        let x = graph.add("both", &x, &y)?;
        let x = graph.resize("twice", &x, 2)?;
        let x = graph.conv("out", &x, tensor(&[1, 3, 3, 3]), Some(tensor(&[1])), window)?;
        let x = graph.flatten("flat", &x)?;
        let x = graph.tanh("flat.tanh", &x)?;
        graph.reshape("back", &x, &[1, 6, 6])
    };
    let output = build().unwrap();
    let model = graph.finish(&output, "image").unwrap();
    let z: Vec<f32> = (0..12).map(|index| index as f32 / 6.0 - 1.0).collect();
    let image: Vec<f32> = model.evaluate(&z, &[]).into_iter().map(|pixel| pixel as f32).collect();
    model.with_doc("Everything.").with_metadata("forger.seed", "1").with_parity(&z, &[], &image).unwrap()
}

#[test]
fn a_model_comes_back_from_its_file() {
    let model = everything();
    let onnx = model.to_onnx(Precision::F32).unwrap();
    assert_eq!(Model::from_onnx(&onnx).unwrap(), model);
    for precision in [Precision::F16, Precision::Int8] {
        let onnx = model.to_onnx(precision).unwrap();
        let rounded = Model::from_onnx(&onnx).unwrap();
        let parity = rounded.parity().unwrap();
        let drawn: Vec<f32> =
            rounded.evaluate(&parity.z.concat(), &parity.class).into_iter().map(|pixel| pixel as f32).collect();
        assert_eq!(drawn, parity.image.concat(), "{precision:?}: the pictures are those of the rounded weights");
        assert_ne!(parity, model.parity().unwrap(), "{precision:?}");
        let (before, after) = (model.parity().unwrap().image.concat(), parity.image.concat());
        let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let told: serde_json::Value = serde_json::from_str(metadata(&rounded, "forger.precision")).unwrap();
        assert!((told["max_pixel_difference"].as_f64().unwrap() - f64::from(largest)).abs() < 1e-6, "{told}");
        assert_eq!(rounded.to_onnx(precision).unwrap(), onnx, "{precision:?}: stored again, the same bytes");
    }
}

#[test]
fn a_chain_of_layers_comes_back_from_safetensors() {
    let (mut graph, z) = Graph::new("z", &[6]);
    let fc = graph.gemm("fc", &z, tensor(&[8, 6]), None).unwrap();
    let relu = graph.leaky_relu("fc.leaky_relu", &fc, 0.2).unwrap();
    let image = graph.reshape("square", &relu, &[2, 2, 2]).unwrap();
    let model = graph.finish(&image, "image").unwrap().with_doc("A chain.").with_metadata("key", "text");
    let weights = model.to_safetensors();
    assert_eq!(Model::from_checkpoint(&weights).unwrap(), model);
    assert_eq!(weights, model.to_safetensors(), "the same bytes each time");

    let branched = everything().to_safetensors();
    let tensors = safetensors::SafeTensors::deserialize(&branched).unwrap();
    assert_eq!(tensors.tensor("up.weight").unwrap().shape(), [2, 3, 4, 4], "weights alone, where there is no chain");
    assert!(Model::from_checkpoint(&branched).is_err());
}

/// A small network that is told one of three classes.
fn of_classes() -> Model {
    let (mut graph, z) = Graph::new("z", &[4]);
    let embedding = Tensor::new([3, 3], vec![2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0]);
    let joined = graph.join_class(&z, embedding).unwrap();
    assert_eq!(joined.shape(), [7]);
    let fc = graph.gemm("fc", &joined, tensor(&[6, 7]), Some(tensor(&[6]))).unwrap();
    let tanh = graph.tanh("fc.tanh", &fc).unwrap();
    let image = graph.reshape("image", &tanh, &[1, 2, 3]).unwrap();
    let model = graph.finish(&image, "image").unwrap();
    let (z, class) = ([0.5, -1.0, 2.0, 0.25, 1.0, 1.0, -0.5, 0.0], [2, 0]);
    let image: Vec<f32> = model.evaluate(&z, &class).into_iter().map(|pixel| pixel as f32).collect();
    model.with_metadata("forger.classes", r#"["a","b","c"]"#).with_parity(&z, &class, &image).unwrap()
}

#[test]
fn a_class_is_a_second_input_that_comes_back_from_the_file() {
    let model = of_classes();
    assert_eq!((model.classes(), model.input_shape()), (3, &[4][..]));
    let z = [0.1, 0.2, 0.3, 0.4];
    assert_ne!(model.evaluate(&z, &[0]), model.evaluate(&z, &[1]));
    assert_eq!(model.evaluate(&z, &[0]), model.evaluate(&z, &[]), "without a word it is the first");
    for precision in [Precision::F32, Precision::F16, Precision::Int8] {
        let onnx = model.to_onnx(precision).unwrap();
        let back = Model::from_onnx(&onnx).unwrap();
        assert_eq!(back.to_onnx(precision).unwrap(), onnx, "{precision:?}");
        let parity = back.parity().unwrap();
        assert_eq!(parity.class, [2, 0]);
        let drawn: Vec<f32> = back.evaluate(&parity.z.concat(), &parity.class).iter().map(|&p| p as f32).collect();
        assert_eq!(drawn, parity.image.concat(), "{precision:?}");
    }
    assert_eq!(Model::from_onnx(&model.to_onnx(Precision::F32).unwrap()).unwrap(), model);
    assert_eq!(Model::from_checkpoint(&model.to_safetensors()).unwrap(), model);
}

#[test]
fn classes_that_do_not_fit_are_refused() {
    let (mut graph, z) = Graph::new("z", &[4]);
    let fc = graph.gemm("fc", &z, tensor(&[4, 4]), None).unwrap();
    let error = graph.join_class(&fc, tensor(&[3, 3])).expect_err("it is no input").to_string();
    assert!(error.contains("behind the latent vector, and nowhere else"), "{error}");
    let error = graph.join_class(&z, tensor(&[3])).unwrap_err().to_string();
    assert!(error.contains("`class.embedding.weight` has the shape [3]"), "{error}");
    graph.join_class(&z, tensor(&[3, 2])).unwrap();
    assert!(graph.join_class(&z, tensor(&[3, 2])).is_err(), "there is one class, not two");

    let model = of_classes();
    for class in [&[][..], &[0], &[0, 3]] {
        let error = model.clone().with_parity(&[0.0; 8], class, &[0.0; 12]).unwrap_err();
        assert!(error.to_string().contains("the graph takes 3 classes"), "{error}");
    }
    assert!(everything().with_parity(&[0.0; 6], &[0], &[0.0; 36]).is_err(), "a class where none is taken");
}

#[test]
fn files_that_do_something_else_with_a_class_are_told() {
    let onnx = of_classes().to_onnx(Precision::F32).unwrap();
    // Names and settings of as many bytes, in place.
    let changed = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len());
        let at = onnx.windows(from.len()).position(|window| window == from).expect("it is in the file");
        [&onnx[..at], to, &onnx[at + from.len()..]].concat()
    };
    for (name, bytes, expected) in [
        (
            "another operator",
            changed(b"\x22\x06Gather", b"\x22\x06Gathen"),
            "something else with a class than to look up",
        ),
        ("no joining", changed(b"\x22\x06Concat", b"\x22\x06Concaz"), "than to put its row behind"),
        // Field 2, an output, becomes field 3, the node's name, which stands there once more.
        (
            "a look-up of no result",
            changed(b"\x12\x0fclass.embedding", b"\x1a\x0fclass.embedding"),
            "more than one result",
        ),
        ("a class of nobody", changed(b"\x0a\x05class", b"\x0a\x05klass"), "the operator `Gather` is not one"),
    ] {
        let error = Model::from_onnx(&bytes).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn weights_beyond_half_precision_are_named() {
    let (mut graph, z) = Graph::new("z", &[1]);
    let y = graph.gemm("fc", &z, Tensor::new([1, 1], vec![1e6]), None).unwrap();
    let image = graph.reshape("image", &y, &[1, 1, 1]).unwrap();
    let model = graph.finish(&image, "image").unwrap();
    let error = model.to_onnx(Precision::F16).unwrap_err();
    assert_eq!(error.to_string(), "node `fc`: the tensor `fc.weight` holds 1000000, which is beyond float16");
    assert!(model.to_onnx(Precision::Int8).is_ok());
}

#[test]
fn parity_that_is_not_the_networks_is_refused() {
    let model = everything();
    for (z, image) in [(6, 35), (5, 36), (12, 36)] {
        let error = model.clone().with_parity(&vec![0.0; z], &[], &vec![0.0; image]).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("the parity vectors hold {z} latent numbers and {image} pixels"))
        );
    }
}

#[test]
fn files_that_are_no_model_are_refused() {
    let onnx = everything().to_onnx(Precision::F32).unwrap();
    for (name, bytes, expected) in [
        ("nothing", &b""[..], "the model file is empty"),
        ("text", b"hello", "this is not an ONNX model: it is a text that begins with `hello`"),
        ("cut short", &onnx[..onnx.len() / 2], "the model file is cut short: "),
        ("without a graph", b"\x08\x08", "this is not an ONNX model: it holds no graph"),
    ] {
        let error = Model::from_onnx(bytes).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{name}: {error}");
        assert!(!error.hint().is_empty());
    }
    // Two bytes a node: decoded, a hundred times as large.
    let nodes = [0x0a, 0x00].repeat(1 << 20);
    let mut hollow = vec![0x08, 0x08, 0x3a];
    let mut length = nodes.len();
    while length >= 0x80 {
        hollow.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    hollow.push(length as u8);
    hollow.extend(nodes);
    let told = Model::from_onnx(&hollow).unwrap_err().to_string();
    assert!(told.ends_with("nearly all of its parts are empty, and would fill the memory"), "{told}");
}

fn metadata<'a>(model: &'a Model, wanted: &str) -> &'a str {
    model.metadata().find(|(key, _)| *key == wanted).unwrap().1
}
