//! Models that load and models that must not, made here by tract's own protobuf types.
//!
//! `pictures`: what comes out equals plain f64 arithmetic, for any number of latent vectors. `classes`: the same of models that
//! are told one. `faults`: each kind of bad file gets its sentence. `robustness`: whatever is done to the bytes, nothing panics. `example`: the one there is runs.

use prost::Message;
use runtime_wasm::{GenerateError, Generator};
use tract_onnx::pb;

const LATENT: usize = 5;
const HIDDEN: usize = 7;
const SIDE: usize = 3;
const PIXELS: usize = SIDE * SIDE;
const SLOPE: f32 = 0.2;

mod pictures {
    use super::*;

    #[test]
    fn any_number_of_pictures_equals_plain_arithmetic() {
        let generator = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        // Around each border: of a tile of the product, of a run of the plan.
        for pictures in [0, 1, 2, 3, 4, 5, 8, 99, 100, 101, 250] {
            let z: Vec<f32> = (0..pictures * LATENT).map(|i| number(7, i) * 3.0).collect();
            let images = generator.generate(&z).unwrap();
            assert_eq!(images.len(), pictures * PIXELS, "{pictures} pictures");
            for (z, image) in z.chunks(LATENT).zip(images.chunks(PIXELS)) {
                for (found, expected) in image.iter().zip(plain_arithmetic(z)) {
                    // Sums of at most 7 products of order 1 in f32, then tanh: a few units in the last place of 1.
                    assert!((f64::from(*found) - expected).abs() < 2e-6, "{pictures} pictures: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn weights_may_be_stored_either_way_and_scaled() {
        let reference = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        let mut other = model();
        let weight = initializer(&mut other, "generator.hidden1.weight");
        let values = floats(weight);
        *weight = float_tensor(
            "generator.hidden1.weight",
            &[LATENT as i64, HIDDEN as i64],
            (0..LATENT * HIDDEN).map(|i| values[i % HIDDEN * LATENT + i / HIDDEN] * 0.5).collect(),
        );
        let gemm = &mut graph(&mut other).node[0];
        gemm.attribute = vec![integer_attribute("transB", 0), float_attribute("alpha", 2.0)];
        let other = Generator::from_bytes(&other.encode_to_vec()).unwrap();
        let z = [0.5, -1.0, 2.0, 0.0, 1.5];
        for (a, b) in reference.generate(&z).unwrap().into_iter().zip(other.generate(&z).unwrap()) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn shape_and_metadata_are_told() {
        let generator = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        assert_eq!(generator.latent_size(), LATENT);
        assert_eq!(generator.image_shape(), [1, SIDE, SIDE]);
        assert_eq!(generator.metadata()["forger.recipe"], "stable");
    }

    #[test]
    fn a_generator_serves_several_threads() {
        let generator = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        let expected = generator.generate(&[1.0; LATENT]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(generator.generate(&[1.0; LATENT]).unwrap(), expected));
            }
        });
    }

    #[test]
    fn latent_vectors_that_are_none_get_a_sentence() {
        let generator = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        let cases: [(&str, Vec<f32>, &str); 3] = [
            ("six", vec![0.0; 6], "6 numbers are not whole latent vectors: this model takes 5 for each picture"),
            ("NaN", [vec![0.0; 7], vec![f32::NAN; 3]].concat(), "z[2] of picture 1 is not a finite number"),
            ("infinity", vec![f32::INFINITY; 5], "z[0] of picture 0 is not a finite number"),
        ];
        for (name, z, expected) in cases {
            assert_eq!(generator.generate(&z).unwrap_err().to_string(), expected, "{name}");
        }
        assert!(generator.generate(&[0.0; LATENT]).is_ok(), "usable after errors");
    }

    #[test]
    fn pixels_that_are_not_numbers_are_reported() {
        let mut overflowing = model();
        // Without the tanh, which turns every overflow into an edge of [-1, 1].
        graph(&mut overflowing).node[4].input[0] = "generator.output".into();
        *initializer(&mut overflowing, "generator.hidden1.weight") =
            float_tensor("generator.hidden1.weight", &[HIDDEN as i64, LATENT as i64], vec![3e38; HIDDEN * LATENT]);
        let generator = Generator::from_bytes(&overflowing.encode_to_vec()).unwrap();
        assert_eq!(generator.generate(&[1e3; LATENT]), Err(GenerateError::NotFinite { picture: 0 }));
    }
}

mod classes {
    use super::*;

    const COUNT: usize = 4;
    const WIDTH: usize = 2;
    /// Numbers that the first layer is given: a z and the row of a class.
    const JOINED: usize = LATENT + WIDTH;

    /// The model above with a class: a Gather's row of the table goes behind z.
    fn model_of_classes() -> pb::ModelProto {
        let mut model = model();
        let graph = graph(&mut model);
        graph.input.push(value("class", pb::tensor_proto::DataType::Int64, &["batch"]));
        graph.node[0].input[0] = "class.joined".into();
        let embedding = node("Gather", "class.embedding", &["class.embedding.weight", "class"], {
            vec![integer_attribute("axis", 0)]
        });
        let joined = node("Concat", "class.joined", &["z", "class.embedding"], vec![integer_attribute("axis", 1)]);
        graph.node.splice(0..0, [embedding, joined]);
        let table = numbers(5, COUNT * WIDTH).into_iter().map(|value| 3.0 * value).collect();
        graph.initializer.push(float_tensor("class.embedding.weight", &[COUNT as i64, WIDTH as i64], table));
        let dims = [HIDDEN as i64, JOINED as i64];
        *initializer(&mut model, "generator.hidden1.weight") =
            float_tensor("generator.hidden1.weight", &dims, numbers(1, HIDDEN * JOINED));
        model
    }

    fn latents(pictures: usize) -> Vec<f32> {
        (0..pictures * LATENT).map(|i| number(7, i) * 3.0).collect()
    }

    /// Classes that follow no order.
    fn asked(pictures: usize) -> Vec<u32> {
        (0..pictures).map(|i| ((i * i + i / 3) % COUNT) as u32).collect()
    }

    #[test]
    fn each_picture_is_of_the_class_beside_its_z() {
        let generator = Generator::from_bytes(&model_of_classes().encode_to_vec()).unwrap();
        assert_eq!((generator.classes(), generator.latent_size()), (COUNT, LATENT));
        let table: Vec<f32> = numbers(5, COUNT * WIDTH).into_iter().map(|value| 3.0 * value).collect();
        for pictures in [0, 1, 3, 4, 5, 100, 101, 250] {
            let (z, classes) = (latents(pictures), asked(pictures));
            let images = generator.generate_of(&z, &classes).unwrap();
            assert_eq!(images.len(), pictures * PIXELS, "{pictures} pictures");
            for ((z, &class), image) in z.chunks(LATENT).zip(&classes).zip(images.chunks(PIXELS)) {
                let joined = [z, &table[class as usize * WIDTH..][..WIDTH]].concat();
                for (found, expected) in image.iter().zip(plain_arithmetic(&joined)) {
                    // As without classes: sums of at most 7 products, here of order 3.
                    assert!((f64::from(*found) - expected).abs() < 4e-6, "{pictures} pictures: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn where_none_is_given_all_are_of_class_0() {
        let generator = Generator::from_bytes(&model_of_classes().encode_to_vec()).unwrap();
        let z = latents(3);
        let of_0 = generator.generate_of(&z, &[0; 3]).unwrap();
        assert_eq!(generator.generate(&z).unwrap(), of_0);
        assert_ne!(generator.generate_of(&z, &[1; 3]).unwrap(), of_0);
    }

    #[test]
    fn the_whole_of_tract_draws_the_same() {
        let bytes = model_of_classes().encode_to_vec();
        let generator = Generator::from_bytes(&bytes).unwrap();
        let wishes = interface::Wishes::default();
        let mut whole = interface::Generator::from_bytes(bytes.into(), &mut |_| None, &wishes).unwrap();
        assert_eq!(whole.interface().taken.class.as_ref().unwrap().name, "class");
        assert_eq!((whole.classes(), whole.latent_size()), (COUNT, LATENT));
        let (z, classes) = (latents(101), asked(101));
        let (ours, theirs) = (generator.generate_of(&z, &classes).unwrap(), whole.generate(&z, &classes).unwrap());
        let difference = ours.iter().zip(&theirs).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
        // The order of at most 7 terms of order 3 may differ.
        assert!(difference < 4e-6, "{difference}");
    }

    #[test]
    fn classes_that_there_are_not_get_a_sentence() {
        let with = Generator::from_bytes(&model_of_classes().encode_to_vec()).unwrap();
        let without = Generator::from_bytes(&model().encode_to_vec()).unwrap();
        let cases: [(&str, &Generator, &[u32], &str); 5] = [
            ("one too far", &with, &[0, 4], "there is no class 4: this model's are 0 to 3"),
            ("the largest", &with, &[u32::MAX, 0], "there is no class 4294967295: this model's are 0 to 3"),
            ("one for two", &with, &[1], "1 classes are given for 2 latent vectors: one for each, or none at all"),
            ("three for two", &with, &[1; 3], "3 classes are given for 2 latent vectors: one for each, or none at all"),
            ("of a model without", &without, &[1, 1], "there is no class 1: this model is told none"),
        ];
        for (name, generator, classes, expected) in cases {
            let error = generator.generate_of(&latents(2), classes).unwrap_err();
            assert_eq!(error.to_string(), expected, "{name}");
        }
        assert!(with.generate_of(&latents(2), &[3, 0]).is_ok(), "usable after errors");
    }

    #[test]
    fn axes_may_be_counted_from_the_end_and_inputs_in_any_order() {
        let z = latents(3);
        let expected = Generator::from_bytes(&model_of_classes().encode_to_vec()).unwrap();
        let expected = expected.generate_of(&z, &[2, 1, 3]).unwrap();
        let mut other = model_of_classes();
        let graph = graph(&mut other);
        graph.node[0].attribute = vec![integer_attribute("axis", -2)];
        graph.node[1].attribute = vec![integer_attribute("axis", -1)];
        graph.input.reverse();
        let other = Generator::from_bytes(&other.encode_to_vec()).unwrap();
        assert_eq!(other.generate_of(&z, &[2, 1, 3]).unwrap(), expected);
    }

    #[test]
    fn graphs_that_treat_a_class_otherwise_are_told() {
        fn axis(model: &mut pb::ModelProto, node: usize, axis: i64) {
            graph(model).node[node].attribute = vec![integer_attribute("axis", axis)];
        }
        type Change = fn(&mut pb::ModelProto);
        let cases: [(&str, Change, &str); 13] = [
            (
                "columns of the table",
                |m| axis(m, 0, 1),
                "`class.embedding`: it takes no rows of its table, one for each class (its axis is 1)",
            ),
            (
                "along the batch",
                |m| axis(m, 1, 0),
                "`class.joined`: it does not join along the numbers of a picture (its axis is 0)",
            ),
            (
                "no axis",
                |m| graph(m).node[1].attribute.clear(),
                "`class.joined`: it does not join along the numbers of a picture (its axis is missing)",
            ),
            (
                "the other way round",
                |m| graph(m).node[1].input.reverse(),
                "`class.joined`: it joins something else than `z` and what a Gather finds for `class`, in this order",
            ),
            (
                "z twice",
                |m| graph(m).node[1].input = vec!["z".into(); 2],
                "`class.joined`: it joins something else than `z` and what a Gather finds for `class`, in this order",
            ),
            (
                "three",
                |m| graph(m).node[1].input.push("z".into()),
                "`class.joined`: it joins something else than `z` and what a Gather finds for `class`, in this order",
            ),
            (
                "by another value",
                |m| graph(m).node[0].input[1] = "z".into(),
                "`class.embedding`: it looks `z` up, not `class`",
            ),
            ("by nothing", |m| graph(m).node[0].input.truncate(1), "`class.embedding`: it takes a table and `class`"),
            (
                "a list for a table",
                |m| initializer(m, "class.embedding.weight").dims = vec![8],
                "`class.embedding`: its table is [8], not [classes, width]",
            ),
            (
                "a table of three dimensions",
                |m| initializer(m, "class.embedding.weight").dims = vec![4, 2, 1],
                "`class.embedding`: its table is [4, 2, 1], not [classes, width]",
            ),
            (
                "no class",
                |m| *initializer(m, "class.embedding.weight") = float_tensor("class.embedding.weight", &[0, 2], vec![]),
                "`class.embedding`: its table is [0, 2], not [classes, width]",
            ),
            (
                "a width that the next layer does not take",
                |m| initializer(m, "class.embedding.weight").dims = vec![2, 4],
                "`generator.hidden1`: its weights take 7 numbers and it is given 9",
            ),
            (
                "a class that nothing takes",
                |m| graph(m).node[2].input[0] = "z".into(),
                "`class`: no Concat puts its numbers behind `z`",
            ),
        ];
        for (name, change, expected) in cases {
            let mut model = model_of_classes();
            change(&mut model);
            let error = Generator::from_bytes(&model.encode_to_vec()).map(|_| ()).map_err(|error| error.to_string());
            // The whole of tract may take what our own steps do not, as long as it draws what the file says.
            if cfg!(feature = "all-operators") && error.is_ok() {
                continue;
            }
            let expected = format!("the model's graph does not fit together at {expected}");
            assert_eq!(error, Err(expected), "{name}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_used_is_told() {
        let told = |change: fn(&mut pb::TensorProto)| {
            let mut model = model_of_classes();
            change(initializer(&mut model, "class.embedding.weight"));
            Generator::from_bytes(&model.encode_to_vec()).unwrap_err().to_string()
        };
        let weights = |reason: &str| format!("the weights `class.embedding.weight` cannot be used: {reason}");
        let declared = told(|table| table.dims = vec![1 << 40, 2]);
        assert_eq!(declared, weights("[1099511627776, 2] is declared and 8 numbers are there"));
        let nan = told(|table| table.raw_data[28..].copy_from_slice(&f32::NAN.to_le_bytes()));
        assert_eq!(nan, weights("they hold NaN or infinity"));
    }

    #[test]
    fn a_concat_of_a_model_without_a_class_is_an_operator_of_others() {
        let mut model = model();
        graph(&mut model).node[1] = node("Concat", "generator.hidden1.activation", &["generator.hidden1", "z"], vec![]);
        let error = Generator::from_bytes(&model.encode_to_vec()).unwrap_err().to_string();
        assert!(error.contains("Concat"), "{error}");
    }

    #[test]
    fn damaged_models_never_panic() {
        let whole = model_of_classes().encode_to_vec();
        for position in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[position] ^= change;
                if let Ok(generator) = Generator::from_bytes(&bytes) {
                    let last = generator.classes().max(1) as u32 - 1;
                    let _ = generator.generate_of(&vec![1.0; generator.latent_size()], &[last]);
                }
            }
        }
    }
}

mod convolutions {
    use interface::Wishes;

    use super::*;

    const UP: [i64; 4] = [2, 3, 2, 2];
    const OUT: [i64; 4] = [1, 3, 3, 3];

    /// z [5], Gemm to 8, [2, 2, 2], a transposed convolution to [3, 4, 4], doubled rows and columns, a convolution to [1, 8, 8].
    fn model_of_convolutions() -> pb::ModelProto {
        use pb::attribute_proto::AttributeType::{Ints, String};
        let ints = |name: &str, ints: &[i64]| pb::AttributeProto {
            name: name.into(),
            ints: ints.to_vec(),
            r#type: Ints as i32,
            ..Default::default()
        };
        let string = |name: &str, s: &str| pb::AttributeProto {
            name: name.into(),
            s: s.into(),
            r#type: String as i32,
            ..Default::default()
        };
        let nearest = vec![
            string("mode", "nearest"),
            string("coordinate_transformation_mode", "asymmetric"),
            string("nearest_mode", "floor"),
        ];
        let mut model = model();
        let float = pb::tensor_proto::DataType::Float;
        let of_picture = graph(&mut model);
        of_picture.output = vec![value("image", float, &["batch", "1", "8", "8"])];
        of_picture.node = vec![
            node("Gemm", "sums", &["z", "w", "b"], vec![integer_attribute("transB", 1)]),
            node("Reshape", "small", &["sums", "shape"], vec![]),
            node("ConvTranspose", "up", &["small", "up.w", "up.b"], vec![ints("strides", &[2, 2])]),
            node("LeakyRelu", "bent", &["up"], vec![float_attribute("alpha", SLOPE)]),
            node("Resize", "large", &["bent", "", "scales"], nearest),
            node("Conv", "grey", &["large", "out.w", "out.b"], vec![ints("pads", &[1; 4])]),
            node("Tanh", "image", &["grey"], vec![]),
        ];
        let tensor = |name: &str, stream: usize, dims: &[i64]| {
            float_tensor(name, dims, numbers(stream, dims.iter().product::<i64>() as usize))
        };
        of_picture.initializer = vec![
            tensor("w", 21, &[8, 5]),
            tensor("b", 22, &[8]),
            tensor("up.w", 23, &UP),
            tensor("up.b", 24, &[3]),
            tensor("out.w", 25, &OUT),
            tensor("out.b", 26, &[1]),
            float_tensor("scales", &[4], vec![1.0, 1.0, 2.0, 2.0]),
            pb::TensorProto {
                name: "shape".into(),
                dims: vec![4],
                data_type: pb::tensor_proto::DataType::Int64 as i32,
                int64_data: vec![-1, 2, 2, 2],
                ..Default::default()
            },
        ];
        model
    }

    #[test]
    fn they_are_those_of_the_whole_of_tract() {
        let bytes = model_of_convolutions().encode_to_vec();
        let generator = Generator::from_bytes(&bytes).unwrap();
        let mut tract = interface::Generator::from_bytes(bytes.into(), &mut |_| None, &Wishes::default()).unwrap();
        let z: Vec<f32> = numbers(27, 7 * LATENT).into_iter().map(|z| 3.0 * z).collect();
        let (found, expected) = (generator.generate(&z).unwrap(), tract.generate(&z, &[]).unwrap());
        assert_eq!((found.len(), expected.len()), (7 * 64, 7 * 64));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 4e-6, "{found} {expected}");
        }
        assert!(expected.iter().any(|value| value.abs() > 0.3), "a picture of nothing proves nothing");
        // Alone and in a batch, to the last bit.
        let alone: Vec<f32> = z.chunks(LATENT).flat_map(|z| generator.generate(z).unwrap()).collect();
        assert_eq!(alone, found);
    }

    #[test]
    fn what_is_none_of_ours_gets_its_sentence() {
        let set = |index: usize, name: &'static str, ints: Vec<i64>| {
            move |graph: &mut pb::GraphProto| {
                graph.node[index].attribute.retain(|attribute| attribute.name != name);
                graph.node[index].attribute.push(pb::AttributeProto { ints, ..integer_attribute(name, 2) });
            }
        };
        type Change = Box<dyn FnOnce(&mut pb::GraphProto)>;
        let cases: Vec<(Change, &str)> = vec![
            (Box::new(set(2, "strides", vec![2, 3])), "`up`: its strides are not the same along rows and columns"),
            (
                Box::new(set(2, "strides", vec![0, 0])),
                "`up`: its strides are not the same along rows and columns, or not from 1 to 64",
            ),
            (Box::new(set(5, "pads", vec![1, 1, 2, 2])), "`grey`: its pads are not the same"),
            (Box::new(set(5, "pads", vec![i64::MAX; 4])), "`grey`: its pads are not the same"),
            (Box::new(set(5, "dilations", vec![2, 2])), "`grey`: its dilations are not the same"),
            (Box::new(set(5, "kernel_shape", vec![2, 2])), "`grey`: its kernel_shape are not the same"),
            (Box::new(set(5, "group", vec![])), "`grey`: its groups, automatic pads or given output"),
            (
                Box::new(|g| g.node[5].op_type = "ConvTranspose".into()),
                "`grey`: its weights take 1 channels and it is given 3",
            ),
            (
                Box::new(|g| g.node[5].input[0] = "sums".into()),
                "`grey`: it takes [batch, channels, height, width] and is given [batch, 8]",
            ),
            (Box::new(|g| g.node[5].input[1] = "w".into()), "`grey`: its weights are [8, 5], not those of a kernel"),
            (Box::new(|g| g.node[5].input[2] = "up.b".into()), "`grey`: its bias is [3] for 1 channels"),
            (
                Box::new(|g| g.node[6].input[0] = "large".into()),
                "`image`: it follows a Resize, which here goes with a Conv alone",
            ),
            (Box::new(|g| g.node[4].attribute.clear()), "`large`: it does more than repeat rows and columns"),
            (
                Box::new(|g| g.initializer[6].raw_data = numbers_of(&[1.0, 1.0, 1.5, 1.5])),
                "`large`: it does not repeat rows",
            ),
            (Box::new(|g| g.initializer[6].raw_data = numbers_of(&[1.0, 1.0, 1e9, 1e9])), "a layer's width"),
            (Box::new(set(2, "pads", vec![2; 4])), "`up`: its window leaves nothing of [batch, 2, 2, 2]"),
            (
                Box::new(|g| g.node[4].op_type = "Flatten".into()),
                "`grey`: it takes [batch, channels, height, width] and is given [batch, 48]",
            ),
        ];
        for (change, expected) in cases {
            let mut model = model_of_convolutions();
            change(graph(&mut model));
            let told = Generator::from_bytes(&model.encode_to_vec()).err().map(|error| error.to_string());
            assert!(told.as_ref().is_some_and(|told| told.contains(expected)), "{expected}: {told:?}");
        }
    }

    #[test]
    fn a_small_file_asks_for_no_large_memory() {
        // One place of the window, and all that it sees: 129 by 129 zeros for each of 196,608 channels.
        let mut model = model_of_convolutions();
        let channels = 196_608;
        let of_picture = graph(&mut model);
        of_picture.input = vec![value("z", pb::tensor_proto::DataType::Float, &["batch", &channels.to_string()])];
        let shape = of_picture.initializer.iter_mut().find(|tensor| tensor.name == "shape").unwrap();
        shape.int64_data = vec![-1, channels, 1, 1];
        let ints = |name: &str, ints: Vec<i64>| pb::AttributeProto { ints, ..integer_attribute(name, 0) };
        of_picture.node = vec![
            node("Reshape", "small", &["z", "shape"], vec![]),
            node("Conv", "image", &["small", "wide"], vec![ints("pads", vec![64; 4]), ints("strides", vec![64; 2])]),
        ];
        of_picture.initializer.push(float_tensor("wide", &[1, channels, 1, 1], vec![0.5; channels as usize]));
        let told = Generator::from_bytes(&model.encode_to_vec()).unwrap_err().to_string();
        assert!(told.contains("what the windows of a layer see"), "{told}");
    }

    #[test]
    fn damage_never_panics() {
        let whole = model_of_convolutions().encode_to_vec();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = bytes[at].wrapping_add(1 + (at % 255) as u8);
            if let Ok(generator) = Generator::from_bytes(&bytes) {
                let _ = generator.generate(&vec![0.5; generator.latent_size()]);
            }
        }
    }

    fn numbers_of(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

mod faults {
    use super::*;

    /// Changes the good model, and expects the sentence.
    fn check(name: &str, change: impl FnOnce(&mut pb::ModelProto), expected: &str) {
        let mut model = model();
        change(&mut model);
        let error = Generator::from_bytes(&model.encode_to_vec()).expect_err(name);
        assert_eq!(error.to_string(), expected, "{name}");
    }

    const INPUTS: &str = "; expected `z`, float32 [batch, latent size], alone or with `class`, int64 [batch]";
    const OUTPUTS: &str = "; expected one output `image`, float32 [batch, 1 or 3 channels, height, width]";

    #[test]
    fn other_inputs_and_outputs() {
        let inputs = |found: &str| format!("the model's inputs are not a generator's: {found}{INPUTS}");
        let outputs = |found: &str| format!("the model's outputs are not a generator's: {found}{OUTPUTS}");
        let float = pb::tensor_proto::DataType::Float;
        check("no input", |m| graph(m).input.clear(), &inputs("there are none"));
        check("another name", |m| graph(m).input[0].name = "x".into(), &inputs("`x`, float32 [batch, 5]"));
        check(
            "pictures in",
            |m| graph(m).input[0] = value("z", float, &["batch", "1", "28", "28"]),
            &inputs("`z`, float32 [batch, 1, 28, 28]"),
        );
        check(
            "integers",
            |m| graph(m).input[0] = value("z", pb::tensor_proto::DataType::Int64, &["batch", "5"]),
            &inputs("`z`, int64 [batch, 5]"),
        );
        check(
            "a label too",
            |m| graph(m).input.push(value("label", pb::tensor_proto::DataType::Int64, &["batch"])),
            &inputs("`z`, float32 [batch, 5]; `label`, int64 [batch]"),
        );
        check(
            "a class of broken numbers",
            |m| graph(m).input.push(value("class", float, &["batch"])),
            &inputs("`z`, float32 [batch, 5]; `class`, float32 [batch]"),
        );
        check(
            "a class for all",
            |m| graph(m).input.push(value("class", pb::tensor_proto::DataType::Int64, &["1"])),
            &inputs("`z`, float32 [batch, 5]; `class`, int64 [1]"),
        );
        check("a fixed batch", |m| graph(m).input[0] = value("z", float, &["1", "5"]), &inputs("`z`, float32 [1, 5]"));
        check(
            "two channels",
            |m| graph(m).output[0] = value("image", float, &["batch", "2", "3", "3"]),
            &outputs("`image`, float32 [batch, 2, 3, 3]"),
        );
        check("no output", |m| graph(m).output.clear(), &outputs("there are none"));
    }

    #[test]
    fn graphs_that_do_not_fit_together() {
        check(
            "an operator",
            |m| graph(m).node[1].op_type = "Relu".into(),
            "the model uses the operator `Relu`, which this runtime does not have \
             (it has Conv, ConvTranspose, Flatten, Gemm, LeakyRelu, Reshape, Resize, Tanh)",
        );
        check(
            "an operator of a vendor",
            |m| graph(m).node[1].domain = "com.example".into(),
            "the model uses the operator `com.example.LeakyRelu`, which this runtime does not have \
             (it has Conv, ConvTranspose, Flatten, Gemm, LeakyRelu, Reshape, Resize, Tanh)",
        );
        check(
            "another picture size",
            |m| graph(m).output[0] = value("image", pb::tensor_proto::DataType::Float, &["batch", "1", "28", "28"]),
            "the model's graph does not fit together at `image`: \
             it is declared as [batch, 1, 28, 28] and comes out as [batch, 1, 3, 3]",
        );
        check(
            "another latent size",
            |m| graph(m).input[0] = value("z", pb::tensor_proto::DataType::Float, &["batch", "6"]),
            "the model's graph does not fit together at `generator.hidden1`: its weights take 5 numbers and it is given 6",
        );
        check(
            "a circle",
            |m| graph(m).node[0].input[0] = "generator.output".into(),
            "the model's graph does not fit together at `generator.output`: it takes its own result",
        );
        check(
            "a loose end",
            |m| graph(m).node[0].input[0] = "nowhere".into(),
            "the model's graph does not fit together at `nowhere`: nothing in the file computes it",
        );
        check("no graph", |m| m.graph = None, "this is not an ONNX model: it holds no graph");
    }

    #[test]
    fn weights_that_cannot_be_used() {
        let weights = |reason: &str| format!("the weights `generator.hidden1.weight` cannot be used: {reason}");
        fn hidden1(model: &mut pb::ModelProto) -> &mut pb::TensorProto {
            initializer(model, "generator.hidden1.weight")
        }
        check(
            "gone",
            |m| graph(m).initializer.retain(|t| t.name != "generator.hidden1.weight"),
            &weights("they are not in the file as an initializer"),
        );
        check(
            "2 GB declared",
            |m| hidden1(m).dims = vec![1 << 29, 1],
            &weights("[536870912, 1] is declared and 35 numbers are there"),
        );
        check("a size that overflows", |m| hidden1(m).dims = vec![i64::MAX, i64::MAX], &{
            weights("[9223372036854775807, 9223372036854775807] is declared and 35 numbers are there")
        });
        check("a negative size", |m| hidden1(m).dims = vec![-1, 5], &weights("their shape makes no sense"));
        check("float64", |m| hidden1(m).data_type = 11, &weights("they are not float32"));
        check(
            "NaN",
            |m| hidden1(m).raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
            &weights("they hold NaN or infinity"),
        );
        check(
            "elsewhere",
            |m| hidden1(m).external_data.push(pb::StringStringEntryProto::default()),
            &weights("they are kept in another file"),
        );
    }

    #[test]
    fn files_that_are_none() {
        let whole = model().encode_to_vec();
        let error = |bytes: &[u8]| Generator::from_bytes(bytes).unwrap_err().to_string();
        assert_eq!(error(b""), "the model file is empty");
        assert_eq!(error(b"<!doctype html>"), "this is not an ONNX model: it is a web page");
        assert_eq!(error(b"\x89PNG\r\n\x1a\n"), "this is not an ONNX model: it is a picture (PNG)");
        assert_eq!(error(b"\x1c\x00\x09\xff"), "this is not an ONNX model: it does not have the fields of one");
        assert!(error(&whole[..whole.len() / 2]).starts_with("the model file is cut short: "));
    }
}

mod robustness {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Generator::from_bytes(&bytes);
        }

        #[test]
        fn damaged_models_never_panic(
            cut in 0usize..1200,
            changes in proptest::collection::vec((0usize..1200, any::<u8>()), 0..4),
        ) {
            let mut bytes = model().encode_to_vec();
            for (position, byte) in changes {
                let position = position % bytes.len();
                bytes[position] = byte;
            }
            // Half of the cases keep the whole length.
            if cut < bytes.len() && cut % 2 == 0 {
                bytes.truncate(cut);
            }
            if let Ok(generator) = Generator::from_bytes(&bytes) {
                let _ = generator.generate(&vec![1.0; generator.latent_size()]);
            }
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let mut whole = model();
        // Metadata follows the graph: a cut between the two leaves a model that is whole as far as anyone can tell.
        whole.metadata_props.clear();
        let whole = whole.encode_to_vec();
        let graph_end = whole.len();
        for length in 0..graph_end {
            let cut = Generator::from_bytes(&whole[..length]);
            assert!(cut.is_err() || length >= graph_end - 4, "{length} of {graph_end} bytes");
        }
    }
}

mod example {
    use super::*;

    #[test]
    fn it_prints_a_picture_and_says_what_is_wrong() {
        // Built by cargo along with the tests, in the folder beside theirs.
        let tests = std::env::current_exe().unwrap();
        let folder = tests.parent().unwrap().parent().unwrap().join("examples");
        let example = folder.join(format!("picture{}", std::env::consts::EXE_SUFFIX));
        let model_file = std::env::temp_dir().join(format!("forger-example-{}.onnx", std::process::id()));
        std::fs::write(&model_file, model().encode_to_vec()).unwrap();
        let run = |arguments: &[&str]| {
            let output = std::process::Command::new(&example).arg(&model_file).args(arguments).output().unwrap();
            (
                output.status.success(),
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8(output.stderr).unwrap(),
            )
        };
        let (drawn, picture, _) = run(&["0.5"]);
        assert!(drawn);
        let lines: Vec<&str> = picture.lines().collect();
        assert_eq!(lines.len(), SIDE);
        assert!(lines.iter().all(|line| line.len() == 2 * SIDE), "{picture}");
        assert_ne!(run(&["-3"]).1, picture, "another z[0], another picture");
        assert_eq!(run(&["much"]), (false, String::new(), "error: z[0] is a number, not `much`\n".into()));
        std::fs::remove_file(&model_file).unwrap();
    }
}

/// 5 → 7 → leaky ReLU → 9 → tanh → [1, 3, 3], with the names that Forger's exporter gives.
fn model() -> pb::ModelProto {
    let (latent, hidden, pixels) = (LATENT as i64, HIDDEN as i64, PIXELS as i64);
    let float = pb::tensor_proto::DataType::Float;
    pb::ModelProto {
        ir_version: 8,
        opset_import: vec![pb::OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(pb::GraphProto {
            name: "generator".into(),
            node: vec![
                node("Gemm", "generator.hidden1", &["z", "generator.hidden1.weight", "generator.hidden1.bias"], {
                    vec![integer_attribute("transB", 1)]
                }),
                node("LeakyRelu", "generator.hidden1.activation", &["generator.hidden1"], {
                    vec![float_attribute("alpha", SLOPE)]
                }),
                node(
                    "Gemm",
                    "generator.output",
                    &["generator.hidden1.activation", "generator.output.weight", "generator.output.bias"],
                    vec![integer_attribute("transB", 1)],
                ),
                node("Tanh", "generator.output.activation", &["generator.output"], vec![]),
                node("Reshape", "image", &["generator.output.activation", "image.shape"], vec![]),
            ],
            initializer: vec![
                float_tensor("generator.hidden1.weight", &[hidden, latent], numbers(1, HIDDEN * LATENT)),
                float_tensor("generator.hidden1.bias", &[hidden], numbers(2, HIDDEN)),
                float_tensor("generator.output.weight", &[pixels, hidden], numbers(3, PIXELS * HIDDEN)),
                float_tensor("generator.output.bias", &[pixels], numbers(4, PIXELS)),
                pb::TensorProto {
                    name: "image.shape".into(),
                    dims: vec![4],
                    data_type: pb::tensor_proto::DataType::Int64 as i32,
                    int64_data: vec![-1, 1, SIDE as i64, SIDE as i64],
                    ..Default::default()
                },
            ],
            input: vec![value("z", float, &["batch", "5"])],
            output: vec![value("image", float, &["batch", "1", "3", "3"])],
            ..Default::default()
        }),
        metadata_props: vec![pb::StringStringEntryProto { key: "forger.recipe".into(), value: "stable".into() }],
        ..Default::default()
    }
}

/// The same network in f64, equation by equation.
fn plain_arithmetic(z: &[f32]) -> Vec<f64> {
    let dense = |x: &[f64], weight: Vec<f32>, bias: Vec<f32>| -> Vec<f64> {
        let row = |(row, bias): (&[f32], &f32)| -> f64 {
            row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>() + f64::from(*bias)
        };
        weight.chunks(x.len()).zip(&bias).map(row).collect()
    };
    let z: Vec<f64> = z.iter().copied().map(f64::from).collect();
    let hidden: Vec<f64> = dense(&z, numbers(1, HIDDEN * z.len()), numbers(2, HIDDEN))
        .into_iter()
        .map(|x| if x > 0.0 { x } else { f64::from(SLOPE) * x })
        .collect();
    dense(&hidden, numbers(3, PIXELS * HIDDEN), numbers(4, PIXELS)).into_iter().map(f64::tanh).collect()
}

/// Numbers in [-1, 1) that look random and are the same everywhere.
fn numbers(stream: usize, count: usize) -> Vec<f32> {
    (0..count).map(|index| number(stream, index)).collect()
}

fn number(stream: usize, index: usize) -> f32 {
    let mixed = ((stream * 1_000_003 + index) as u32).wrapping_mul(0x9E37_79B9);
    ((mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

fn node(op_type: &str, output: &str, inputs: &[&str], attribute: Vec<pb::AttributeProto>) -> pb::NodeProto {
    pb::NodeProto {
        op_type: op_type.into(),
        name: output.into(),
        input: inputs.iter().map(|name| name.to_string()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

fn integer_attribute(name: &str, i: i64) -> pb::AttributeProto {
    let r#type = pb::attribute_proto::AttributeType::Int as i32;
    pb::AttributeProto { name: name.into(), r#type, i, ..Default::default() }
}

fn float_attribute(name: &str, f: f32) -> pb::AttributeProto {
    let r#type = pb::attribute_proto::AttributeType::Float as i32;
    pb::AttributeProto { name: name.into(), r#type, f, ..Default::default() }
}

fn float_tensor(name: &str, dims: &[i64], values: Vec<f32>) -> pb::TensorProto {
    pb::TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: pb::tensor_proto::DataType::Float as i32,
        raw_data: values.into_iter().flat_map(f32::to_le_bytes).collect(),
        ..Default::default()
    }
}

fn floats(tensor: &pb::TensorProto) -> Vec<f32> {
    tensor.raw_data.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// A graph input or output; a dimension that is no number is a symbol.
fn value(name: &str, element: pb::tensor_proto::DataType, dims: &[&str]) -> pb::ValueInfoProto {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let dim = dims.iter().map(|dim| Dimension {
        value: Some(dim.parse().map_or_else(|_| Value::DimParam(dim.to_string()), Value::DimValue)),
        ..Default::default()
    });
    let shape = Some(pb::TensorShapeProto { dim: dim.collect() });
    let tensor = pb::type_proto::Tensor { elem_type: element as i32, shape };
    let r#type = pb::TypeProto { value: Some(pb::type_proto::Value::TensorType(tensor)), ..Default::default() };
    pb::ValueInfoProto { name: name.into(), r#type: Some(r#type), ..Default::default() }
}

fn graph(model: &mut pb::ModelProto) -> &mut pb::GraphProto {
    model.graph.as_mut().unwrap()
}

fn initializer<'a>(model: &'a mut pb::ModelProto, name: &str) -> &'a mut pb::TensorProto {
    graph(model).initializer.iter_mut().find(|tensor| tensor.name == name).unwrap()
}
