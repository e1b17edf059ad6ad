//! Every kind of generator that is taken: small models, made here, each drawn and compared with plain arithmetic.
//!
//! `ends`: how models name, shape and type their ends. `operators`: what tract lacks and a pass puts right. `refused`: what is
//! no generator says what it is.

use half::f16;
use interface::onnx::{
    AttributeProto, DimensionProto, DimensionValue, FunctionProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto, data_type,
};
use interface::{Batch, Generator, Layout, Range, Refusal, Wishes};
use prost::Message;
use prost::bytes::Bytes;

const LATENT: usize = 6;

/// Sums of a handful of products in f32, then a function without a slope above 1: some units in the last place of 2.
const TOLERANCE: f64 = 4e-6;

mod ends {
    use super::*;

    #[test]
    fn latent_vectors_of_any_name_and_shape() {
        for (name, dims, told, batch) in [
            ("z", &[None, Some(6)][..], &[6][..], Batch::Open),
            ("onnx::Gemm_0", &[Some(1), Some(6)], &[6], Batch::Fixed(1)),
            ("input", &[None, Some(6), Some(1), Some(1)], &[6, 1, 1], Batch::Open),
            ("x", &[Some(1), Some(1), Some(1), Some(6)], &[1, 1, 6], Batch::Fixed(1)),
            ("latent", &[Some(-1), Some(6)], &[6], Batch::Open),
            ("dense_input", &[Some(0), Some(6)], &[6], Batch::Open),
            ("ws", &[Some(6)], &[6], Batch::None),
        ] {
            let mut net = Net::new([1, 2, 3]);
            net.graph.input = vec![value(name, data_type::FLOAT, dims)];
            net.flatten(name);
            let mut generator = net.ends_as(&["Tanh"]).open();
            let latent = &generator.interface().taken.latent;
            assert_eq!((latent.name.as_str(), latent.size, &latent.dims[..]), (name, 6, told));
            assert_eq!(latent.batch, batch, "{name}");
            check(name, &mut generator, |net| net.iter().map(|x| x.tanh()).collect());
        }
    }

    #[test]
    fn a_latent_size_that_is_a_name_follows_from_the_weights() {
        let mut net = Net::new([1, 2, 3]);
        net.graph.input = vec![value("z", data_type::FLOAT, &[None, None])];
        net.project("z");
        let mut generator = net.ends_as(&["Tanh"]).open();
        check("open", &mut generator, |net| net.iter().map(|x| x.tanh()).collect());
    }

    #[test]
    fn pictures_in_any_layout() {
        for (name, shape, layout, last) in [
            ("colour first", [3, 4, 5], Layout::Nchw, &[-1, 3, 4, 5][..]),
            ("colour last", [3, 4, 5], Layout::Nhwc, &[-1, 4, 5, 3]),
            ("grey last", [1, 4, 5], Layout::Nhwc, &[-1, 4, 5, 1]),
            ("with opacity", [4, 6, 5], Layout::Nchw, &[-1, 4, 6, 5]),
            ("without a channel", [1, 4, 5], Layout::Nhw, &[-1, 4, 5]),
            ("flat", [1, 4, 4], Layout::Flat, &[-1, 16]),
            ("flat colour", [3, 4, 4], Layout::Flat, &[-1, 48]),
            ("one below another", [1, 4, 4], Layout::Flat, &[-1, 1]),
        ] {
            let mut net = Net::new(shape);
            net.project("z");
            net.value = net.add("Tanh", &[&net.value.clone()]);
            net.shape(last);
            let mut generator = net.done("y", &[]).open();
            assert_eq!(generator.interface().picture.layout, layout, "{name}");
            assert_eq!(generator.image_shape(), shape, "{name}");
            let [channels, height, width] = shape;
            check(name, &mut generator, |net| {
                let at = |channel: usize, pixel: usize| match layout {
                    Layout::Nhwc => net[pixel * channels + channel].tanh(),
                    _ => net[channel * height * width + pixel].tanh(),
                };
                (0..channels)
                    .flat_map(|c| (0..height * width).map(move |pixel| (c, pixel)))
                    .map(|(c, p)| at(c, p))
                    .collect()
            });
        }
    }

    #[test]
    fn grey_with_opacity_is_drawn_as_colour_with_it() {
        let mut generator = Net::new([2, 4, 5]).projected().ends_as(&["Tanh"]).open();
        assert_eq!(generator.image_shape(), [4, 4, 5]);
        check("opacity", &mut generator, |net| {
            let (grey, opacity) = net.split_at(20);
            [grey, grey, grey, opacity].concat().iter().map(|x| x.tanh()).collect()
        });
    }

    #[test]
    fn ranges_are_told_apart_and_put_onto_one() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let tanh = |x: f64| x.tanh();
        type Expected = Box<dyn Fn(f64) -> f64>;
        let cases: [(&str, &[&str], Range, Expected); 5] = [
            ("tanh", &["Tanh"], Range::Signed, Box::new(tanh)),
            ("sigmoid", &["Sigmoid"], Range::Unit, Box::new(move |x| 2.0 * sigmoid(x) - 1.0)),
            ("a half of tanh and a half", &["Tanh", "half", "plus half"], Range::Unit, Box::new(tanh)),
            ("up to 255", &["Sigmoid", "times 255"], Range::Byte, Box::new(move |x| 2.0 * sigmoid(x) - 1.0)),
            ("an overshooting sum", &["half"], Range::Signed, Box::new(|x| x / 2.0)),
        ];
        for (name, last, range, expected) in cases {
            let mut generator = Net::new([1, 4, 5]).projected().ends_as(last).open();
            assert_eq!(generator.interface().range, range, "{name}");
            check(name, &mut generator, |net| net.iter().map(|&x| expected(x)).collect());
        }
    }

    #[test]
    fn bytes_are_pixels_of_a_byte() {
        let mut net = Net::new([3, 4, 5]).projected();
        for op in ["Sigmoid", "times 255"] {
            net.last(op);
        }
        net.value = net.add_with("Cast", &[&net.value.clone()], vec![AttributeProto::int("to", 2)]);
        let mut generator = net.done_as("rgb", data_type::UINT8, &[]).open();
        assert_eq!(generator.interface().range, Range::Byte);
        let z = latents(3);
        let images = generator.generate(&z, &[]).unwrap();
        for (image, net) in images.chunks(60).zip(plain(&z, 60)) {
            for (found, x) in image.iter().zip(net) {
                let byte = (255.0 / (1.0 + (-x).exp())).floor();
                // Where the product lies at the edge of a whole number either byte is right.
                assert!((f64::from(*found) - (byte / 127.5 - 1.0)).abs() < 1.01 / 127.5, "{found} {byte}");
            }
        }
    }

    #[test]
    fn other_widths_of_numbers_are_drawn_in_single() {
        for (name, element) in [("half", data_type::FLOAT16), ("double", data_type::DOUBLE)] {
            let mut net = Net::new([1, 4, 5]);
            net.graph.input = vec![value("z", element, &[None, Some(6)])];
            let matrix = net.weights(LATENT * 20);
            // Weights that half precision holds exactly.
            let exact: Vec<f32> = matrix.iter().map(|&w| f16::from_f32(w).to_f32()).collect();
            let raw: Vec<u8> = match element {
                data_type::DOUBLE => exact.iter().flat_map(|&w| f64::from(w).to_le_bytes()).collect(),
                _ => exact.iter().flat_map(|&w| f16::from_f32(w).to_le_bytes()).collect(),
            };
            net.graph.initializer.push(TensorProto {
                name: "w".into(),
                dims: vec![6, 20],
                data_type: element,
                raw_data: raw.into(),
                ..Default::default()
            });
            net.value = net.add("Gemm", &["z", "w"]);
            net.shape(&[-1, 1, 4, 5]);
            net.last("Tanh");
            let mut generator = net.done_as("y", element, &[None, Some(1), Some(4), Some(5)]).open();
            assert_eq!(generator.interface().rewritten, [format!("{name} precision, computed in single")]);
            let z = latents(2);
            let images = generator.generate(&z, &[]).unwrap();
            let expected = product(&z, &exact, 20);
            for (found, expected) in images.iter().zip(expected.iter().map(|x| x.tanh())) {
                assert!((f64::from(*found) - expected).abs() < TOLERANCE, "{name}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_class_is_a_number_or_one_hot() {
        for (name, one_hot) in [("labels", false), ("label", true)] {
            let mut net = Net::new([1, 4, 5]);
            let table: Vec<f32> = (0..7 * LATENT).map(|index| number(9, index)).collect();
            net.constant("table", &[7, 6], &table);
            let chosen = if one_hot {
                net.graph.input.push(value(name, data_type::FLOAT, &[None, Some(7)]));
                net.add("MatMul", &[name, "table"])
            } else {
                net.graph.input.push(value(name, data_type::INT64, &[None]));
                net.add("Gather", &["table", name])
            };
            let sum = net.add("Add", &["z", &chosen]);
            net.project(&sum);
            let mut generator = net.ends_as(&["Tanh"]).open();
            let class = generator.interface().taken.class.clone().unwrap();
            assert_eq!((class.name.as_str(), class.count, class.one_hot), (name, 7, one_hot));
            assert_eq!(generator.classes(), 7);
            let z = latents(3);
            let images = generator.generate(&z, &[6, 0, 3]).unwrap();
            let classes = [6, 0, 3];
            let moved: Vec<f32> =
                z.iter().enumerate().map(|(i, x)| x + table[classes[i / LATENT] * LATENT + i % LATENT]).collect();
            for (found, expected) in images.iter().zip(plain(&moved, 20).concat()) {
                assert!((f64::from(*found) - expected.tanh()).abs() < TOLERANCE, "{name}: {found}");
            }
            let first = generator.generate(&z, &[]).unwrap();
            assert_eq!(first, generator.generate(&z, &[0, 0, 0]).unwrap(), "of class 0 where none is given");
            assert!(generator.generate(&z, &[7]).unwrap_err().to_string().starts_with("there is no class 7"));
        }
    }

    #[test]
    fn other_inputs_rest_and_can_be_moved() {
        let mut net = Net::new([1, 4, 5]);
        net.graph.input.push(value("truncation_psi", data_type::FLOAT, &[Some(1)]));
        net.graph.input.push(value("code", data_type::FLOAT, &[None, Some(2)]));
        let scaled = net.add("Mul", &["z", "truncation_psi"]);
        let sum = net.add_with("ReduceSum", &["code"], vec![AttributeProto::int("keepdims", 0)]);
        let moved = net.add("Add", &[&scaled, &sum]);
        net.project(&moved);
        let mut generator = net.ends_as(&["Tanh"]).open();
        let rest: Vec<_> =
            generator.interface().taken.rest.iter().map(|rest| (rest.name.clone(), rest.value)).collect();
        assert_eq!(rest, [("truncation_psi".to_owned(), 1.0), ("code".to_owned(), 0.0)]);
        check("at rest", &mut generator, |net| net.iter().map(|x| x.tanh()).collect());
        generator.set_rest("truncation_psi", 0.5).unwrap();
        check("at a half", &mut generator, |net| net.iter().map(|x| (x / 2.0).tanh()).collect());
        assert!(generator.set_rest("nothing", 0.0).is_err());
    }

    #[test]
    fn of_several_outputs_the_picture_is_drawn_or_the_one_that_is_asked_for() {
        let model = || {
            let mut net = Net::new([1, 4, 5]).projected();
            net.last("Tanh");
            let image = net.value.clone();
            let mean = net.add_with("ReduceMean", &[&image], vec![AttributeProto::ints("axes", &[2, 3])]);
            let doubled = net.add("Add", &[&image, &image]);
            net.graph.output = [&mean, &image, &doubled].map(|name| value(name, data_type::FLOAT, &[])).into();
            net.named(&[(&mean, "features"), (&image, "image"), (&doubled, "doubled")]);
            net
        };
        let mut generator = model().open();
        assert_eq!(generator.interface().picture.name, "image");
        check("found", &mut generator, |net| net.iter().map(|x| x.tanh()).collect());
        let wishes = Wishes { output: Some("doubled".into()), range: Some(Range::Signed), ..Wishes::default() };
        let mut generator = Generator::from_bytes(model().bytes(), &mut |_| None, &wishes).unwrap();
        check("asked for", &mut generator, |net| net.iter().map(|x| 2.0 * x.tanh()).collect());
        for (wishes, expected) in [
            (Wishes { output: Some("nothing".into()), ..Wishes::default() }, "the model has no output `nothing`"),
            (Wishes { input: Some("nothing".into()), ..Wishes::default() }, "the model has no input `nothing`"),
            (Wishes { layout: Some(Layout::Nhwc), ..Wishes::default() }, "that is not how the model's pictures lie"),
        ] {
            let refused = Generator::from_bytes(model().bytes(), &mut |_| None, &wishes).unwrap_err();
            assert!(matches!(refused, Refusal::Wish { .. }), "{refused}");
            assert!(refused.to_string().starts_with(expected), "{refused}");
        }
    }

    #[test]
    fn constants_among_the_inputs_are_constants() {
        let mut net = Net::new([1, 4, 5]).projected();
        let inputs = net.graph.initializer.iter().map(|tensor| value(&tensor.name, tensor.data_type, &[]));
        net.graph.input.extend(inputs.collect::<Vec<_>>());
        let mut net = net.ends_as(&["Tanh"]);
        net.ir_version = 3;
        check("listed", &mut net.open(), |net| net.iter().map(|x| x.tanh()).collect());
    }

    #[test]
    fn a_batch_that_is_baked_in_is_drawn_in_rounds() {
        let mut net = Net::new([1, 4, 5]);
        net.graph.input = vec![value("z", data_type::FLOAT, &[Some(4), Some(6)])];
        net.matrix("z");
        net.shape(&[4, 1, 4, 5]);
        let mut generator = net.ends_as(&["Tanh"]).open();
        assert_eq!(generator.interface().taken.latent.batch, Batch::Fixed(4));
        check("rounds", &mut generator, |net| net.iter().map(|x| x.tanh()).collect());
        assert!(generator.generate(&[], &[]).unwrap().is_empty());
    }

    #[test]
    fn weights_beside_the_model_are_fetched_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut net = Net::new([1, 4, 5]).projected().ends_as(&["Tanh"]);
        let tensor = net.graph.initializer.iter_mut().find(|tensor| tensor.name == "w").unwrap();
        let data = std::mem::take(&mut tensor.raw_data);
        let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
        tensor.external_data = vec![entry("location", "gen.onnx.data"), entry("length", &data.len().to_string())];
        tensor.data_location = Some(1);
        std::fs::write(folder.path().join("gen.onnx"), net.bytes()).unwrap();
        let open = || Generator::open(&folder.path().join("gen.onnx"), &Wishes::default()).unwrap();
        let refused = open().unwrap_err();
        assert_eq!(refused.to_string(), "the model's weights are in another file, `gen.onnx.data`, which is not here");
        assert!(refused.hint().contains("onnx.save(onnx.load('gen.onnx'), 'one.onnx')"));
        std::fs::write(folder.path().join("gen.onnx.data"), &data).unwrap();
        check("beside", &mut open().unwrap(), |net| net.iter().map(|x| x.tanh()).collect());
    }

    #[test]
    fn what_is_known_is_told() {
        let mut net = Net::new([3, 4, 5]);
        net.graph.input.push(value("psi", data_type::FLOAT, &[Some(1)]));
        let noise = net.add_with("RandomNormalLike", &["z"], vec![]);
        let scaled = net.add("Mul", &[&noise, "psi"]);
        net.project(&scaled);
        let told = net.ends_as(&["Tanh"]).open().interface().told();
        let told: Vec<String> = told.into_iter().map(|(key, text)| format!("{key}: {text}")).collect();
        assert_eq!(
            told,
            [
                "latent: z: 6 numbers",
                "rest: psi: 1",
                "picture: image: 5 by 4, colour",
                "layout: nchw",
                "range: -1..1",
                "random: RandomNormalLike",
            ]
        );
    }

    #[test]
    fn a_setting_rests_where_the_file_says_and_can_be_set() {
        for (name, ir_version, default, expected) in [
            ("psi", 8, None, Some(1.0)),
            ("psi", 8, Some(0.25), Some(0.25)),
            ("psi", 3, Some(0.25), None),
            ("layer.scale", 8, Some(0.25), None),
        ] {
            let mut net = Net::new([1, 4, 5]);
            net.ir_version = ir_version;
            net.graph.input.push(value(name, data_type::FLOAT, &[Some(1)]));
            if let Some(default) = default {
                net.constant(name, &[1], &[default]);
            }
            net.project("z");
            let x = net.value.clone();
            net.value = net.add("Mul", &[&x, name]);
            let mut generator = net.ends_as(&["Tanh"]).open();
            let told: Vec<_> =
                generator.interface().taken.rest.iter().map(|rest| (rest.value, rest.is_setting())).collect();
            assert_eq!(
                told,
                expected.map(|value| (value, true)).into_iter().collect::<Vec<_>>(),
                "{name} {ir_version}"
            );
            let factor = f64::from(expected.or(default).unwrap_or(1.0));
            check(name, &mut generator, |x| x.iter().map(|x| (factor * x).tanh()).collect());
            if expected.is_some() {
                generator.set_rest(name, 0.5).unwrap();
                check(name, &mut generator, |x| x.iter().map(|x| (0.5 * x).tanh()).collect());
            }
        }
    }
}

mod operators {
    use super::*;

    #[test]
    fn each_that_tract_lacks_is_drawn_as_it_should_be() {
        type Change = fn(&mut Net);
        type Expected = fn(&[f64]) -> Vec<f64>;
        // Of pictures [1, 4, 5].
        type Case<'a> = (&'a str, i64, [usize; 3], &'a str, Change, Expected);
        let cases: &[Case] = &[
            (
                "Upsample of opset 9",
                9,
                [1, 8, 10],
                "Upsample, as Resize",
                |net| {
                    net.constant("scales", &[4], &[1.0, 1.0, 2.0, 2.0]);
                    let x = net.value.clone();
                    net.value =
                        net.add_with("Upsample", &[&x, "scales"], vec![AttributeProto::text("mode", "nearest")]);
                },
                |x| (0..80).map(|place| x[place / 20 * 5 + place % 10 / 2]).collect(),
            ),
            (
                "BatchNormalization in training mode",
                14,
                [1, 4, 5],
                "BatchNormalization in training mode, by each picture's own statistics",
                |net| {
                    for (name, value) in [("scale", 2.0), ("bias", 0.5), ("mean", 0.25), ("variance", 4.0)] {
                        net.constant(name, &[1], &[value]);
                    }
                    let x = net.value.clone();
                    let attributes =
                        vec![AttributeProto::int("training_mode", 1), AttributeProto::float("epsilon", 0.5)];
                    net.value =
                        net.add_with("BatchNormalization", &[&x, "scale", "bias", "mean", "variance"], attributes);
                    net.graph.node.last_mut().unwrap().output.extend(["m".into(), "v".into()]);
                },
                |x| {
                    let mean = x.iter().sum::<f64>() / 20.0;
                    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20.0;
                    x.iter().map(|x| 2.0 * (x - mean) / (variance + 0.5).sqrt() + 0.5).collect()
                },
            ),
            (
                "Dropout in training mode",
                13,
                [1, 4, 5],
                "Dropout in training mode, nothing dropped",
                |net| {
                    net.constant("ratio", &[], &[0.5]);
                    net.graph.initializer.push(TensorProto {
                        name: "training".into(),
                        data_type: data_type::BOOL,
                        raw_data: vec![1].into(),
                        ..Default::default()
                    });
                    let x = net.value.clone();
                    net.value = net.add("Dropout", &[&x, "ratio", "training"]);
                },
                <[f64]>::to_vec,
            ),
            (
                "a pad that cuts",
                17,
                [1, 3, 5],
                "pads below zero, as cuts",
                |net| {
                    net.graph.initializer.push(TensorProto::int64s("pads", &[8], &[0, 0, -1, 0, 0, 0, 0, 0]));
                    let x = net.value.clone();
                    net.value = net.add("Pad", &[&x, "pads"]);
                },
                |x| x[5..].to_vec(),
            ),
            (
                "a pad that goes round",
                19,
                [1, 6, 8],
                "Pad that goes round, as Concat",
                |net| {
                    net.graph.initializer.push(TensorProto::int64s("pads", &[8], &[0, 0, 2, 1, 0, 0, 0, 2]));
                    let x = net.value.clone();
                    net.value = net.add_with("Pad", &[&x, "pads"], vec![AttributeProto::text("mode", "wrap")]);
                },
                |x| (0..48).map(|place| x[(place / 8 + 2) % 4 * 5 + (place % 8 + 4) % 5]).collect(),
            ),
            (
                "zeros of no told type",
                17,
                [1, 4, 5],
                "ConstantOfShape, its zeros told",
                |net| {
                    let x = net.value.clone();
                    let shape = net.add("Shape", &[&x]);
                    let zeros = net.add("ConstantOfShape", &[&shape]);
                    net.value = net.add("Add", &[&x, &zeros]);
                },
                <[f64]>::to_vec,
            ),
            (
                "a flip",
                17,
                [1, 4, 5],
                "Slice by steps, as a choice",
                |net| {
                    for (name, value) in [("from", -1), ("to", i64::MIN), ("axis", 3), ("step", -1)] {
                        net.graph.initializer.push(TensorProto::int64s(name, &[1], &[value]));
                    }
                    let x = net.value.clone();
                    net.value = net.add("Slice", &[&x, "from", "to", "axis", "step"]);
                },
                |x| x.chunks(5).flat_map(|row| row.iter().rev().copied()).collect(),
            ),
            (
                "a product of two vectors",
                17,
                [1, 4, 5],
                "MatMul of two vectors, as a sum",
                |net| {
                    net.constant("u", &[2], &[1.0, 2.0]);
                    net.constant("v", &[2], &[2.0, 1.0]);
                    let sigma = net.add("MatMul", &["u", "v"]);
                    let x = net.value.clone();
                    net.value = net.add("Div", &[&x, &sigma]);
                },
                |x| x.iter().map(|x| x / 4.0).collect(),
            ),
            (
                "ConvTranspose by the shape of its output",
                17,
                [1, 8, 10],
                "ConvTranspose by its output's shape, by pads",
                |net| {
                    // A kernel of 3 with ones in its last two rows and columns: each pixel twice each way, behind one pad.
                    net.constant("kernel", &[1, 1, 3, 3], &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
                    let x = net.value.clone();
                    let attributes =
                        vec![AttributeProto::ints("strides", &[2, 2]), AttributeProto::ints("output_shape", &[8, 10])];
                    net.value = net.add_with("ConvTranspose", &[&x, "kernel"], attributes);
                },
                |x| (0..80).map(|place| x[place / 20 * 5 + place % 10 / 2]).collect(),
            ),
            (
                "ConvTranspose that grows",
                17,
                [1, 5, 5],
                "pads below zero, as cuts",
                |net| {
                    net.constant("kernel", &[1, 1, 1, 1], &[2.0]);
                    net.constant("addend", &[1], &[0.25]);
                    let x = net.value.clone();
                    let pads = vec![AttributeProto::ints("pads", &[0, 0, -1, 0])];
                    net.value = net.add_with("ConvTranspose", &[&x, "kernel", "addend"], pads);
                },
                |x| x.iter().map(|x| 2.0 * x + 0.25).chain([0.25; 5]).collect(),
            ),
            (
                "a function of the model's own",
                17,
                [1, 4, 5],
                "1 function of the model's own, written out",
                |net| {
                    let x = net.value.clone();
                    net.value = net.add("Twice", &[&x]);
                    net.graph.node.last_mut().unwrap().domain = "my".into();
                    net.functions.push(FunctionProto {
                        name: "Twice".into(),
                        domain: "my".into(),
                        input: vec!["a".into()],
                        output: vec!["b".into()],
                        node: vec![NodeProto::new("Add", "", &["a", "a"], &["b"])],
                        ..Default::default()
                    });
                },
                |x| x.iter().map(|x| 2.0 * x).collect(),
            ),
            (
                "an activation that was fused",
                17,
                [1, 4, 5],
                "operators that ONNX Runtime had made one, taken apart",
                |net| {
                    net.constant("kernel", &[1, 1, 1, 1], &[-1.0]);
                    net.constant("addend", &[1], &[0.25]);
                    let x = net.value.clone();
                    let activation = vec![AttributeProto::text("activation", "Relu")];
                    net.value = net.add_with("FusedConv", &[&x, "kernel", "addend"], activation);
                    net.graph.node.last_mut().unwrap().domain = "com.microsoft".into();
                },
                |x| x.iter().map(|x| (0.25 - x).max(0.0)).collect(),
            ),
        ];
        for (name, opset, shape, rewritten, change, expected) in cases {
            let mut net = Net::new([1, 4, 5]).projected();
            net.opset = *opset;
            change(&mut net);
            let mut generator = net.ends_as(&["Tanh"]).open();
            assert_eq!(generator.image_shape(), *shape, "{name}");
            assert_eq!(generator.interface().rewritten, [*rewritten], "{name}");
            let z = latents(3);
            let images = generator.generate(&z, &[]).unwrap();
            let expected = plain(&z, 20).iter().flat_map(|x| expected(x)).collect::<Vec<_>>();
            assert_eq!(images.len(), expected.len(), "{name}");
            for (found, expected) in images.iter().zip(expected) {
                assert!((f64::from(*found) - expected.tanh()).abs() < TOLERANCE, "{name}: {found} {}", expected.tanh());
            }
        }
    }

    #[test]
    fn an_operator_of_nobody_is_named() {
        for (domain, told) in [("", "`Frobnicate`"), ("com.microsoft.nchwc", "`com.microsoft.nchwc.Frobnicate`")] {
            let mut net = Net::new([1, 4, 5]).projected();
            let x = net.value.clone();
            net.value = net.add("Frobnicate", &[&x]);
            net.graph.node.last_mut().unwrap().domain = domain.into();
            let refused = Generator::from_bytes(net.ends_as(&["Tanh"]).bytes(), &mut |_| None, &Wishes::default());
            let refused = refused.unwrap_err();
            let expected = format!("the model uses the operator {told}, which this runtime does not have");
            assert_eq!(refused.to_string(), expected);
            assert!(!refused.hint().is_empty());
        }
    }
}

mod many {
    use super::*;

    /// What a file in a folder of its own gives, drawn one by one and all at once on two threads.
    fn both(net: &Net, z: &[f32], classes: &[u32]) -> (usize, [Vec<f32>; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.onnx");
        std::fs::write(&path, net.bytes()).unwrap();
        let mut generator = Generator::open_for_many(&path, &Wishes::default()).unwrap().unwrap();
        let one = z
            .chunks(LATENT)
            .enumerate()
            .flat_map(|(index, z)| generator.generate(z, classes.get(index..=index).unwrap_or(&[])).unwrap());
        let one: Vec<f32> = one.collect();
        let [single, double] = [1, 2].map(|threads| generator.generate_many(z, classes, threads).unwrap());
        assert!(single == double, "the number of threads changes what is drawn");
        (generator.at_once(), [one, double])
    }

    #[test]
    fn many_at_once_are_what_each_is_alone() {
        let open = Net::new([1, 4, 5]).projected().ends_as(&["Tanh"]);
        let mut fixed = Net::new([1, 4, 5]);
        fixed.graph.input = vec![value("z", data_type::FLOAT, &[Some(7), Some(6)])];
        let fixed = fixed.projected().ends_as(&["Tanh"]);
        let mut one = Net::new([1, 4, 5]);
        one.graph.input = vec![value("z", data_type::FLOAT, &[Some(1), Some(6)])];
        let one = one.projected().ends_as(&["Tanh"]);
        let mut told = Net::new([1, 4, 5]);
        told.graph.input.push(value("label", data_type::INT64, &[None]));
        told.constant("table", &[3, 6], &latents(3));
        let row = told.add("Gather", &["table", "label"]);
        let sum = told.add("Add", &["z", &row]);
        told.project(&sum);
        let told = told.ends_as(&["Tanh"]);
        for (name, net, at_once) in [
            ("open", &open, 64),
            ("a batch of seven", &fixed, 7),
            ("one at a time", &one, 1),
            ("with a class", &told, 64),
        ] {
            let z = latents(150);
            let classes: Vec<u32> = if name == "with a class" { (0..3).cycle().take(150).collect() } else { vec![] };
            let (found, [alone, many]) = both(net, &z, &classes);
            assert_eq!(found, at_once, "{name}");
            assert_eq!(alone.len(), 150 * 20, "{name}");
            assert_eq!(alone.len(), many.len(), "{name}");
            for (alone, many) in alone.iter().zip(&many) {
                assert!(f64::from(alone - many).abs() < TOLERANCE, "{name}: {alone} {many}");
            }
        }
    }

    #[test]
    fn what_looks_at_its_neighbours_is_drawn_one_by_one() {
        let mut net = Net::new([1, 4, 5]).projected();
        let x = net.value.clone();
        let mean = net.add_with("ReduceMean", &[&x], vec![AttributeProto::ints("axes", &[0])]);
        net.value = net.add("Sub", &[&x, &mean]);
        net.last("plus half");
        let (at_once, [alone, many]) = both(&net.ends_as(&["Tanh"]), &latents(9), &[]);
        assert_eq!(at_once, 1);
        assert_eq!(alone, many);
    }
}

mod refused {
    use super::*;

    #[test]
    fn what_is_no_generator_says_what_it_is() {
        let model = |inputs: Vec<ValueInfoProto>, outputs: Vec<ValueInfoProto>| {
            let mut net = Net::new([1, 2, 2]);
            net.graph.input = inputs;
            let names: Vec<String> = net.graph.input.iter().map(|input| input.name.clone()).collect();
            for output in &outputs {
                let input = names.first().map_or("", String::as_str);
                net.graph.node.push(NodeProto::new("Identity", "", &[input], &[&output.name]));
            }
            net.graph.output = outputs;
            net
        };
        let float = data_type::FLOAT;
        let picture = || vec![value("img", float, &[None, Some(1), Some(28), Some(28)])];
        // A convolution tells how many channels it takes, which is no length of a latent vector.
        let any_sides = |channels: usize, outputs: Vec<ValueInfoProto>| {
            let mut net = model(vec![value("input", float, &[None, Some(channels as i64), None, None])], vec![]);
            net.constant("kernel", &[4, channels as i64, 2, 2], &vec![0.1; 16 * channels]);
            net.graph.node = vec![NodeProto::new("Conv", "", &["input", "kernel"], &[&outputs[0].name])];
            net.graph.output = outputs;
            net
        };
        for (name, net, expected) in [
            ("nothing in", model(vec![], vec![]), "the model takes no input: its latent vector is drawn inside"),
            (
                "a discriminator",
                model(picture(), vec![value("validity", float, &[None, Some(1)])]),
                "this is a discriminator, not a generator: it takes pictures and gives one number for each: `img`",
            ),
            (
                "a classifier",
                model(picture(), vec![value("logits", float, &[None, Some(10)])]),
                "this is a classifier or an encoder, not a generator",
            ),
            (
                "an encoder of pictures of any size",
                any_sides(3, vec![value("latent", float, &[None, Some(4), None, None])]),
                "this is a classifier or an encoder, not a generator: it takes pictures: `input`",
            ),
            (
                "pictures of any size of pictures",
                any_sides(1, vec![value("larger", float, &[None, Some(1), None, None])]),
                "this model makes pictures of pictures, not of a latent vector",
            ),
            (
                "pictures of pictures",
                model(picture(), vec![value("styled", float, &[None, Some(3), Some(64), Some(64)])]),
                "this model makes pictures of pictures, not of a latent vector",
            ),
            (
                "a model of text",
                model(
                    vec![value("input_ids", data_type::INT64, &[None, None])],
                    vec![value("logits", float, &[None, None, Some(50257)])],
                ),
                "this is a model of text, not a generator of pictures: it takes `input_ids`, int64 [?, ?]",
            ),
            (
                "numbers out",
                model(vec![value("z", float, &[None, Some(7)])], vec![value("y", float, &[None, Some(7)])]),
                "the model gives no picture: it gives `y`, float32 [1, 7]",
            ),
            (
                "a latent vector of no length",
                model(vec![value("z", float, &[None, None])], vec![value("y", float, &[])]),
                "none of the model's inputs is a latent vector: it takes `z`, float32 [?, ?]",
            ),
        ] {
            let refused = Generator::from_bytes(net.bytes(), &mut |_| None, &Wishes::default()).unwrap_err();
            assert!(refused.to_string().starts_with(expected), "{name}: {refused}");
            assert!(!refused.hint().is_empty() && !refused.hint().ends_with('.'), "{name}");
        }
    }

    #[test]
    fn pictures_of_no_numbers_are_refused() {
        let mut net = Net::new([1, 4, 5]).projected();
        net.constant("zero", &[], &[0.0]);
        let x = net.value.clone();
        let quotient = net.add("Mul", &[&x, "zero"]);
        net.value = net.add("Div", &[&quotient, "zero"]);
        // Not through Tanh: tract's makes a number of what is none.
        let refused = Generator::from_bytes(net.ends_as(&["half"]).bytes(), &mut |_| None, &Wishes::default());
        assert_eq!(refused.unwrap_err(), Refusal::NotFinite);
    }
}

/// A model in the making.
struct Net {
    graph: GraphProto,
    functions: Vec<FunctionProto>,
    opset: i64,
    ir_version: i64,
    shape: [usize; 3],
    /// The value that comes next.
    value: String,
}

impl Net {
    /// With an input `z` [batch, 6], for pictures of this shape.
    fn new(shape: [usize; 3]) -> Net {
        let graph = GraphProto {
            name: "g".into(),
            input: vec![value("z", data_type::FLOAT, &[None, Some(6)])],
            ..Default::default()
        };
        Net { graph, functions: vec![], opset: 13, ir_version: 8, shape, value: "z".into() }
    }

    fn pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// The weights of its one product.
    fn weights(&self, count: usize) -> Vec<f32> {
        weights(count)
    }

    fn constant(&mut self, name: &str, dims: &[i64], values: &[f32]) {
        self.graph.initializer.push(TensorProto::floats(name, dims, values));
    }

    fn add(&mut self, op_type: &str, inputs: &[&str]) -> String {
        self.add_with(op_type, inputs, vec![])
    }

    fn add_with(&mut self, op_type: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        let name = format!("v{}", self.graph.node.len());
        let node = NodeProto::new(op_type, &name, inputs, &[&name]);
        self.graph.node.push(NodeProto { attribute, ..node });
        name
    }

    /// A latent vector of any shape as [batch, 6], then the product.
    fn flatten(&mut self, input: &str) {
        self.graph.initializer.push(TensorProto::int64s("flat", &[2], &[-1, 6]));
        let flat = self.add("Reshape", &[input, "flat"]);
        self.project(&flat);
    }

    /// [batch, 6] times the weights.
    fn matrix(&mut self, input: &str) {
        let pixels = self.pixels();
        let weights = self.weights(LATENT * pixels);
        self.constant("w", &[6, pixels as i64], &weights);
        self.value = self.add("MatMul", &[input, "w"]);
    }

    /// The product, as pictures.
    fn project(&mut self, input: &str) {
        self.matrix(input);
        let [channels, height, width] = self.shape.map(|size| size as i64);
        self.shape(&[-1, channels, height, width]);
    }

    fn projected(mut self) -> Net {
        self.project("z");
        self
    }

    fn shape(&mut self, shape: &[i64]) {
        let name = format!("shape{}", self.graph.initializer.len());
        self.graph.initializer.push(TensorProto::int64s(&name, &[shape.len() as i64], shape));
        let value = self.value.clone();
        self.value = self.add("Reshape", &[&value, &name]);
    }

    /// One more operation at the end.
    fn last(&mut self, what: &str) {
        let value = self.value.clone();
        let with = |net: &mut Net, op_type: &str, constant: f32| {
            let name = format!("constant{}", net.graph.initializer.len());
            net.constant(&name, &[], &[constant]);
            net.add(op_type, &[&value, &name])
        };
        self.value = match what {
            "half" => with(self, "Mul", 0.5),
            "plus half" => with(self, "Add", 0.5),
            "times 255" => with(self, "Mul", 255.0),
            op_type => self.add(op_type, &[&self.value.clone()]),
        };
    }

    /// The same with these operations at the end, and an output `image` of no told shape.
    fn ends_as(mut self, last: &[&str]) -> Net {
        last.iter().for_each(|what| self.last(what));
        self.done("image", &[])
    }

    fn done(self, output: &str, dims: &[Option<i64>]) -> Net {
        self.done_as(output, data_type::FLOAT, dims)
    }

    fn done_as(mut self, output: &str, element: i32, dims: &[Option<i64>]) -> Net {
        let last = self.value.clone();
        self.graph.output = vec![value(output, element, dims)];
        self.named(&[(&last, output)]);
        self
    }

    /// Renames values.
    fn named(&mut self, names: &[(&str, &str)]) {
        let new =
            |old: &String| names.iter().find(|(name, _)| name == old).map_or(old.clone(), |(_, new)| (*new).to_owned());
        for node in &mut self.graph.node {
            node.input = node.input.iter().map(new).collect();
            node.output = node.output.iter().map(new).collect();
        }
        for output in &mut self.graph.output {
            output.name = new(&output.name);
        }
    }

    fn bytes(&self) -> Bytes {
        let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
        let model = ModelProto {
            ir_version: self.ir_version,
            opset_import: vec![opset("", self.opset), opset("my", 1), opset("com.microsoft", 1)],
            graph: Some(self.graph.clone()),
            functions: self.functions.clone(),
            ..Default::default()
        };
        model.encode_to_vec().into()
    }

    fn open(&self) -> Generator {
        Generator::from_bytes(self.bytes(), &mut |_| None, &Wishes::default())
            .unwrap_or_else(|refused| panic!("{refused}"))
    }
}

/// Draws five latent vectors, and compares each picture with what `expected` makes of the plain product.
fn check(name: &str, generator: &mut Generator, expected: impl Fn(&[f64]) -> Vec<f64>) {
    let z = latents(5);
    let images = generator.generate(&z, &[]).unwrap();
    let pixels: usize = generator.image_shape().iter().product();
    let numbers = generator.interface().picture.pixels();
    assert_eq!(images.len(), 5 * pixels, "{name}");
    for (image, net) in images.chunks(pixels).zip(plain(&z, numbers)) {
        let expected = expected(&net);
        assert_eq!(expected.len(), pixels, "{name}");
        for (found, expected) in image.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < TOLERANCE, "{name}: {found} {expected}");
        }
    }
}

/// [n, 6] times the weights, in f64.
fn plain(z: &[f32], pixels: usize) -> Vec<Vec<f64>> {
    let all = product(z, &weights(LATENT * pixels), pixels);
    all.chunks(pixels).map(<[f64]>::to_vec).collect()
}

fn product(z: &[f32], weights: &[f32], pixels: usize) -> Vec<f64> {
    let pixel = |z: &[f32], pixel: usize| -> f64 {
        z.iter().enumerate().map(|(row, z)| f64::from(*z) * f64::from(weights[row * pixels + pixel])).sum()
    };
    z.chunks(LATENT).flat_map(|z| (0..pixels).map(move |place| (z, place))).map(|(z, place)| pixel(z, place)).collect()
}

fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|index| number(1, index)).collect()
}

fn latents(count: usize) -> Vec<f32> {
    (0..count * LATENT).map(|index| 2.0 * number(2, index)).collect()
}

/// Numbers in [-1, 1) that look random and are the same everywhere.
fn number(stream: usize, index: usize) -> f32 {
    let mixed = ((stream * 1_000_003 + index) as u32).wrapping_mul(0x9E37_79B9);
    ((mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// An input or an output: sizes below 1 stand as they are, `None` is a name.
fn value(name: &str, element: i32, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims.iter().map(|size| DimensionProto {
        value: Some(size.map_or(DimensionValue::DimParam("batch".into()), DimensionValue::DimValue)),
        ..Default::default()
    });
    let shape = (!dims.is_empty()).then(|| TensorShapeProto { dim: dim.collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: element, shape });
    let r#type = Some(TypeProto { tensor_type, ..Default::default() });
    ValueInfoProto { name: name.into(), r#type, ..Default::default() }
}
