//! Each kind of bad checkpoint gets its sentence, and no bytes panic.

use proptest::prelude::*;
use safetensors::Dtype;

use super::*;
use crate::export;
use crate::fixture::{HIDDEN, LATENT, PARITY, PIXELS, Parts};
use crate::weights_file::LENGTH_BYTES;

/// The error of a checkpoint that is right but for one change.
fn error_of(spoil: impl FnOnce(&mut Parts)) -> ExportError {
    let mut parts = Parts::new();
    spoil(&mut parts);
    export(&parts.bytes()).expect_err("the checkpoint was spoilt")
}

fn check(name: &str, error: &ExportError, expected: &str) {
    assert_eq!(error.to_string(), expected, "{name}");
    assert!(!error.hint().is_empty(), "{name}");
}

#[test]
fn other_files_are_told_apart_from_checkpoints() {
    let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let huge = r#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#;
    let prefix = "the checkpoint is not a safetensors file: ";
    for (name, bytes, expected) in [
        ("empty", vec![], "it has 0 bytes, too few for a header"),
        ("seven bytes", vec![0; 7], "it has 7 bytes, too few for a header"),
        ("text", b"name = \"stable\" # a recipe".to_vec(), "it does not start with a safetensors header"),
        ("zeros", vec![0; 100], "it does not start with a safetensors header"),
        (
            "bytes after the last tensor",
            [Parts::new().bytes(), vec![0; 3]].concat(),
            "3 bytes follow after its last tensor",
        ),
        (
            "header not JSON",
            file("{not JSON}"),
            "its header is not the JSON of a safetensors header: key must be a string at line 1 column 2",
        ),
    ] {
        check(name, &export(&bytes).unwrap_err(), &format!("{prefix}{expected}"));
    }
    let truncated = export(&file(huge)).unwrap_err();
    assert!(matches!(truncated, ExportError::Truncated { expected: u64::MAX, .. }), "{truncated}");
}

#[test]
fn every_cut_is_seen_as_a_cut() {
    let whole = Parts::new().bytes();
    for length in LENGTH_BYTES + 1..whole.len() {
        match export(&whole[..length]).unwrap_err() {
            ExportError::Truncated { expected, found } => {
                assert!(found == length as u64 && found < expected && expected <= whole.len() as u64, "{length}");
            }
            other => panic!("cut to {length} bytes: {other}"),
        }
    }
}

#[test]
fn damaged_metadata_is_named() {
    for (key, value, expected) in [
        (
            "format",
            None,
            "the file is not a checkpoint of this version: its metadata `format` is missing, not `forger-checkpoint-1`",
        ),
        (
            "format",
            Some("forger-checkpoint-9"),
            "the file is not a checkpoint of this version: its metadata `format` is `forger-checkpoint-9`, not `forger-checkpoint-1`",
        ),
        ("architecture", None, "the checkpoint lacks the metadata `architecture`"),
        (
            "architecture",
            Some("mlp"),
            "the checkpoint's metadata `architecture` is damaged: expected value at line 1 column 1",
        ),
        ("architecture", Some("[]"), "the checkpoint's metadata `architecture` is damaged: it names no `kind`"),
        (
            "architecture",
            Some(r#"{"kind":"conv"}"#),
            "the checkpoint holds an architecture of the kind `conv`, known: `mlp`, `sequential`",
        ),
        (
            "architecture",
            Some(r#"{"kind":"mlp","latent":3}"#),
            "the checkpoint's metadata `architecture` is damaged: missing field `hidden`",
        ),
        (
            "architecture",
            Some(r#"{"kind":"mlp","latent":-3,"hidden":[],"leaky_slope":0,"image":[1,2,7]}"#),
            "the checkpoint's metadata `architecture` is damaged: invalid value: integer `-3`, expected usize",
        ),
        (
            "architecture",
            Some(r#"{"kind":"mlp","latent":3,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7],"norm":"batch"}"#),
            "the checkpoint's metadata `architecture` is damaged: unknown field `norm`, expected one of `latent`, `classes`, `hidden`, `leaky_slope`, `image`",
        ),
        (
            "architecture",
            Some(r#"{"kind":"mlp","latent":0,"hidden":[5,4],"leaky_slope":0.2,"image":[1,2,7]}"#),
            "the checkpoint's metadata `architecture` is damaged: a layer or a side of the picture has the size 0",
        ),
        ("recipe", None, "the checkpoint lacks the metadata `recipe`"),
        ("recipe_toml", None, "the checkpoint lacks the metadata `recipe_toml`"),
        ("seed", None, "the checkpoint lacks the metadata `seed`"),
        ("epochs", None, "the checkpoint lacks the metadata `epochs`"),
        ("dataset", None, "the checkpoint lacks the metadata `dataset`"),
        ("metrics", None, "the checkpoint lacks the metadata `metrics`"),
        (
            "metrics",
            Some("[1]"),
            "the checkpoint's metadata `metrics` is damaged: invalid type: sequence, expected a map at line 1 column 0",
        ),
    ] {
        let error = error_of(|parts| match value {
            Some(value) => parts.set(key, value),
            None => drop(parts.metadata.remove(key)),
        });
        check(key, &error, expected);
    }
}

#[test]
fn wrong_tensors_are_named_with_both_shapes() {
    let without_average = |parts: &mut Parts| parts.remove("ema.");
    type Spoil<'a> = &'a dyn Fn(&mut Parts);
    let cases: [(&str, Spoil, &str); 9] = [
        (
            "missing bias of the average",
            &|parts| parts.remove("ema.generator.hidden2.bias"),
            "the checkpoint lacks the tensor `ema.generator.hidden2.bias`, which its architecture calls for",
        ),
        (
            "no generator",
            &|parts| {
                without_average(parts);
                parts.remove("generator.");
            },
            "the checkpoint lacks the tensor `generator.hidden1.weight`, which its architecture calls for",
        ),
        (
            "transposed",
            &|parts| parts.put("ema.generator.hidden2.weight", &[HIDDEN[0], HIDDEN[1]], 0.0),
            "the checkpoint's tensor `ema.generator.hidden2.weight` has the shape [5, 4], its architecture calls for [4, 5]",
        ),
        (
            "bias as a column",
            &|parts| parts.put("ema.generator.output.bias", &[PIXELS, 1], 0.0),
            "the checkpoint's tensor `ema.generator.output.bias` has the shape [14, 1], its architecture calls for [14]",
        ),
        (
            "a layer more than the architecture has",
            &|parts| parts.put("ema.generator.hidden3.weight", &[4, 4], 0.0),
            "the checkpoint's tensor `ema.generator.hidden3.weight` has no place in its architecture",
        ),
        (
            "wider network",
            &|parts| {
                parts.set(
                    "architecture",
                    r#"{"kind":"mlp","latent":3,"hidden":[6,4],"leaky_slope":0.2,"image":[1,2,7]}"#,
                )
            },
            "the checkpoint's tensor `ema.generator.hidden1.weight` has the shape [5, 3], its architecture calls for [6, 3]",
        ),
        (
            "parity without pictures",
            &|parts| parts.remove("parity.image"),
            "the checkpoint lacks the tensor `parity.image`, which its architecture calls for",
        ),
        (
            "parity of another count",
            &|parts| parts.put("parity.image", &[PARITY + 1, PIXELS], 0.0),
            "the checkpoint's tensor `parity.image` has the shape [3, 14], its architecture calls for [2, 14]",
        ),
        (
            "parity z of another latent size",
            &|parts| parts.put("parity.z", &[PARITY, LATENT + 1], 0.0),
            "the checkpoint's tensor `parity.z` has the shape [2, 4], its architecture calls for [2, 3]",
        ),
    ];
    for (name, spoil, expected) in cases {
        check(name, &error_of(spoil), expected);
    }
}

#[test]
fn numbers_of_another_type_are_named() {
    for (dtype, size, expected) in [(Dtype::F64, 8, "F64"), (Dtype::F16, 2, "F16"), (Dtype::I32, 4, "I32")] {
        let error = error_of(|parts| {
            let bytes = vec![0; HIDDEN[0] * size];
            parts.tensors.insert("ema.generator.hidden1.bias".to_owned(), (dtype, vec![HIDDEN[0]], bytes));
        });
        check(
            expected,
            &error,
            &format!("the checkpoint's tensor `ema.generator.hidden1.bias` is {expected}, not F32"),
        );
    }
}

#[test]
fn weights_that_are_not_numbers_are_refused() {
    for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        for tensor in ["ema.generator.hidden1.weight", "parity.image"] {
            let error = error_of(|parts| {
                parts.tensors.get_mut(tensor).unwrap().2[8..12].copy_from_slice(&value.to_le_bytes());
            });
            check(text, &error, &format!("the checkpoint's tensor `{tensor}` holds {text} at position 2"));
        }
    }
    // The weights that are not exported may be anything.
    let mut parts = Parts::new();
    parts.put("generator.hidden1.weight", &[HIDDEN[0], LATENT], f32::NAN);
    assert!(export(&parts.bytes()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn mutated_checkpoints_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        header_only: bool,
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = Parts::new().bytes();
        let header = LENGTH_BYTES + u64::from_le_bytes(bytes[..LENGTH_BYTES].try_into().unwrap()) as usize;
        let range = if header_only { header } else { bytes.len() };
        for (index, value) in changes {
            bytes[index.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = export(&bytes);
    }

    #[test]
    fn mutated_architectures_never_panic(latent: usize, hidden: Vec<usize>, image: [usize; 3], leaky_slope: f64) {
        let mut parts = Parts::new();
        let architecture = Architecture::mlp(latent, hidden, leaky_slope, image);
        parts.set("architecture", &serde_json::to_string(&architecture).unwrap());
        prop_assert!(export(&parts.bytes()).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(export(&bytes).is_err());
    }
}
