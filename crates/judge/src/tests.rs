//! The built-in judge against MNIST, and files that are no judge.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::*;

fn mnist_judge() -> Judge {
    file::from_bytes(MNIST, "built in").unwrap()
}

#[test]
fn the_built_in_judge_is_right_on_99_of_100_test_pictures_and_small() {
    let mnist = Dataset::mnist().unwrap();
    let judge = mnist_judge();
    assert_eq!(judge.fingerprint, fingerprint(&mnist), "it was trained on other pictures");
    let accuracy = judge.accuracy_on(&mnist.test, 2);
    assert_eq!(accuracy, judge.accuracy, "what the file says");
    assert!(accuracy >= 0.99, "{accuracy}");
    assert!(MNIST.len() < 500_000, "{} bytes", MNIST.len());
}

#[test]
fn scores_tell_good_pictures_from_bad_and_do_not_depend_on_threads() {
    let mnist = Dataset::mnist().unwrap();
    // A tenth of the samples: the order of things is the same.
    let cut = |pictures: &Pictures, kind: Option<u16>| {
        let mut cut = Pictures { bytes: Vec::new(), labels: Vec::new(), shape: pictures.shape };
        let all = pictures.bytes.chunks_exact(pictures.pixels()).zip(&pictures.labels);
        for (picture, &label) in all.filter(|(_, label)| kind.is_none_or(|kind| kind == **label)).take(1000) {
            cut.bytes.extend_from_slice(picture);
            cut.labels.push(label);
        }
        cut
    };
    let test = cut(&mnist.test, None);
    let [one, three] = [1, 3].map(|threads| Yardstick::new(mnist_judge(), &test, threads));
    let real = one.floor(&cut(&mnist.train, None));
    assert_eq!(real, three.floor(&cut(&mnist.train, None)), "threads change the scores");
    let sevens = one.floor(&cut(&mnist.train, Some(7)));
    let noise: Vec<f32> = noise::sample_z(0, 1000, 784).iter().map(|x| x.tanh()).collect();
    let noise = one.score(&noise, &[]);
    assert_eq!((real.samples, real.classes, sevens.classes), (1000, 10, 1));
    assert!(real.fid * 10.0 < sevens.fid && sevens.fid < noise.fid, "{real:?} {sevens:?} {noise:?}");
    assert!(real.kl < 0.05 && sevens.kl > 2.0, "{real:?} {sevens:?}");
    assert!(real.precision > 0.8 && real.recall > 0.8, "{real:?}");
    assert!(sevens.precision > 0.8 && sevens.recall < 0.2, "{sevens:?}");
    assert!(noise.precision < 0.5 && noise.recall < 0.1, "{noise:?}");
}

#[test]
fn a_histogram_is_counted_and_compared_with_the_uniform_one() {
    // 3 of 4 classes, in shares 1/2, 1/4, 1/4: ln 4 - (ln 2) 3/2.
    let (covered, kl) = histogram(&[0, 0, 1, 3], 4);
    assert!(covered == 3 && (kl - 0.5 * 2f64.ln()).abs() < 1e-15, "{covered} {kl}");
    // One in a hundred is not over 1 %.
    let mut seen = vec![0; 99];
    seen.push(1);
    assert_eq!(histogram(&seen, 2).0, 1);
    assert_eq!(histogram(&[0, 1, 2], 3), (3, 0.0));
}

fn small_set(labels: impl Fn(usize) -> u16) -> Dataset {
    let pictures = |count: usize| Pictures {
        bytes: (0..count * 256).map(|i| ((i / 256 % 2) * 150 + i % 50) as u8).collect(),
        labels: (0..count).map(&labels).collect(),
        shape: data::DataShape::grey(16, 16),
    };
    Dataset { name: "small".to_owned(), train: pictures(40), test: pictures(20), classes: Vec::new() }
}

#[test]
fn another_sets_judge_is_trained_once_and_kept() {
    let dataset = small_set(|i| (i % 2) as u16);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("judge.safetensors");
    let judge = |dataset: &Dataset| {
        let mut said = Vec::new();
        let judge = Judge::of(dataset, Some(&path), 1, &mut |line| said.push(line.to_owned())).unwrap();
        (judge, said)
    };
    let (first, said) = judge(&dataset);
    assert!(said[0].contains("training the judge of small on 40 pictures"), "{said:?}");
    assert_eq!(first.accuracy, 1.0, "dark and bright can be told apart");
    let (again, said) = judge(&dataset);
    assert!(again == first && said.is_empty(), "the kept one is taken: {said:?}");
    // Another set of the same name has another judge; so has a damaged file.
    let (other, said) = judge(&small_set(|i| (i % 4 / 2) as u16));
    assert!(other != first && said[0].contains("is of other pictures"), "{said:?}");
    fs::write(&path, b"damaged").unwrap();
    let (mended, said) = judge(&dataset);
    assert!(mended == first && said[0].contains("is no safetensors file"), "{said:?}");
    assert!(fs::read(&path).unwrap() == first.to_bytes(), "the bytes differ");
}

#[test]
fn pictures_of_one_kind_have_no_judge() {
    let failure = Judge::train(&small_set(|_| 3), 1, &mut |_| ()).unwrap_err();
    assert!(failure.message.contains("the pictures of `small` are all of one class"), "{failure}");
}

#[test]
fn pictures_too_small_or_of_two_channels_have_no_judge() {
    for shape in [[1, 15, 28], [1, 28, 15], [2, 28, 28]] {
        let failure = Architecture::new(shape, 10).unwrap_err();
        assert!(failure.message.contains("cannot be judged"), "{shape:?}: {failure}");
    }
    assert!([1, 3].iter().all(|&channels| Architecture::new([channels, 16, 16], 10).is_ok()));
}

/// A red hat above, a green coat on the left: what is up and what is left can be told, and every picture is a little different.
fn coloured_set(labels: impl Fn(usize) -> u16) -> Dataset {
    let pixel = |i: usize, channel: usize, row: usize, column: usize| match (channel, row, column) {
        (0, ..5, _) => 180 + (i % 40) as u8,
        (1, 8.., ..6) => 220 - (i % 50) as u8,
        _ => ((i * 7 + row * 3 + column * 5 + channel) % 30) as u8,
    };
    let pictures = |count: usize, from: usize| Pictures {
        bytes: (from..from + count)
            .flat_map(|i| (0..768).map(move |at| pixel(i, at / 256, at / 16 % 16, at % 16)))
            .collect(),
        labels: (0..count).map(&labels).collect(),
        shape: data::DataShape { image: [3, 16, 16], classes: 0 },
    };
    Dataset { name: "hats".to_owned(), train: pictures(600, 0), test: pictures(40, 600), classes: Vec::new() }
}

#[test]
fn coloured_pictures_without_classes_have_a_judge_of_turns_and_say_so() {
    let dataset = coloured_set(|_| 0);
    let mut said = Vec::new();
    let judge = Judge::train(&dataset, 2, &mut |line| said.push(line.to_owned())).unwrap();
    assert!(said[0].contains("no classes: it learns how they are turned and mirrored"), "{said:?}");
    assert_eq!((judge.task(), judge.classes(), judge.image_shape()), (Task::Turns, 0, [3, 16, 16]));
    assert!(judge.accuracy() > 0.9, "eight ways to turn these can be told apart: {}", judge.accuracy());
    let bytes = judge.to_bytes();
    assert!(String::from_utf8_lossy(&bytes).contains(r#"\"task\":\"turns\""#));
    assert!(file::from_bytes(&bytes, "").unwrap() == judge, "it comes back as it was");
    // It tells hats from what they are not, and knows no kinds.
    let yardstick = Yardstick::new(judge, &dataset.test, 1);
    let floor = yardstick.floor(&dataset.train);
    let grey: Vec<f32> = noise::sample_z(0, 40, 768).iter().map(|x| x.tanh()).collect();
    let bad = yardstick.score(&grey, &[]);
    assert!(floor.fid * 10.0 < bad.fid && (floor.classes, floor.kl) == (0, 0.0), "{floor:?} {bad:?}");
}

#[test]
fn coloured_pictures_with_classes_have_a_judge_of_classes() {
    let judge = Judge::train(&coloured_set(|i| (i % 2) as u16), 1, &mut |_| ()).unwrap();
    assert_eq!((judge.task(), judge.classes()), (Task::Classes, 2));
    assert!(!String::from_utf8_lossy(&judge.to_bytes()).contains("task"));
}

/// The built-in judge's file with one tensor put otherwise, and a text in its metadata replaced by another.
fn spoilt(tensor: Option<(&str, Option<TensorView>)>, texts: Option<(&str, &str)>) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(MNIST).unwrap();
    let file = SafeTensors::deserialize(MNIST).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    if let Some((from, to)) = texts {
        let about = metadata.get_mut("judge").unwrap();
        assert!(about.contains(from), "{about}");
        *about = about.replace(from, to);
    }
    let mut tensors: Vec<(String, TensorView)> = file.tensors();
    if let Some((name, view)) = tensor {
        tensors.retain(|(known, _)| known != name);
        tensors.extend(view.map(|view| (name.to_owned(), view)));
    }
    safetensors::serialize(tensors, Some(metadata)).unwrap()
}

#[test]
fn a_spoilt_file_is_named_for_what_is_wrong() {
    let zeros = [0u8; 4 * 84];
    let nan = f32::NAN.to_le_bytes().repeat(84);
    let view = |shape: &[usize], bytes: &'static [u8]| TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
    let zeros: &'static [u8] = Box::leak(Box::new(zeros));
    let nan: &'static [u8] = nan.leak();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "is no safetensors file"),
        ("text", b"no judge at all, but long enough for a header".to_vec(), "is no safetensors file"),
        ("cut short", MNIST[..MNIST.len() - 1].to_vec(), "is no safetensors file"),
        (
            "no metadata",
            safetensors::serialize([("a", view(&[42], &zeros[..168]))], None).unwrap(),
            "lacks the metadata `judge`",
        ),
        ("other format", spoilt(None, Some(("judge-1", "judge-9"))), "format `forger-judge-9`, not `forger-judge-1`"),
        ("no classes", spoilt(None, Some(("classes", "kinds"))), "has damaged metadata: missing field `classes`"),
        (
            "one class",
            spoilt(None, Some(("\"classes\":10", "\"classes\":1"))),
            "metadata that cannot be: pictures of [1, 28, 28], 1 classes",
        ),
        (
            "more classes",
            spoilt(None, Some(("\"classes\":10", "\"classes\":11"))),
            "`dense3.weight` as F32 [10, 84], not F32 [11, 84]",
        ),
        ("an accuracy above 1", spoilt(None, Some(("\"accuracy\":0", "\"accuracy\":1"))), "metadata that cannot be"),
        ("huge", spoilt(None, Some(("[1,28,28]", "[1,99999999999,28]"))), "metadata that cannot be"),
        ("tiny", spoilt(None, Some(("[1,28,28]", "[1,3,3]"))), "cannot be judged"),
        ("no tensor", spoilt(Some(("dense2.bias", None)), None), "lacks the tensor `dense2.bias`"),
        (
            "short tensor",
            spoilt(Some(("dense2.bias", Some(view(&[42], &zeros[..168])))), None),
            "F32 [42], not F32 [84]",
        ),
        ("NaN", spoilt(Some(("dense2.bias", Some(view(&[84], nan)))), None), "`dense2.bias` with a weight that is no"),
    ];
    for (name, bytes, expected) in cases {
        let failure = file::from_bytes(&bytes, "a.safetensors").expect_err(name);
        assert!(failure.message.starts_with("the judge `a.safetensors` "), "{name}: {failure}");
        assert!(failure.message.contains(expected), "{name}: {} lacks {expected}", failure.message);
    }
    assert!(file::from_bytes(&spoilt(Some(("dense2.bias", Some(view(&[84], zeros)))), None), "").is_ok());
    assert!(file::from_bytes(MNIST, "").unwrap().to_bytes() == MNIST, "the bytes differ");
}
