//! The program `exporter` as a user meets it: exit code, what it prints, what it leaves in the folder.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Parts;
use exporter::Precision;

/// Exit code, standard output and standard error of a run in `folder`.
fn exporter(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_exporter")).args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A folder with a good checkpoint, one that is cut short, and a text file.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes = Parts::new().bytes();
    fs::write(folder.path().join("checkpoint.safetensors"), &bytes).unwrap();
    fs::write(folder.path().join("cut.safetensors"), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(folder.path().join("recipe.toml"), "name = \"stable\"\n").unwrap();
    folder
}

#[test]
fn a_checkpoint_becomes_the_librarys_bytes() {
    let folder = folder();
    let onnx = exporter::export(&Parts::new().bytes()).unwrap();
    for (arguments, file) in [
        (&["checkpoint.safetensors", "--out", "other.onnx"][..], "other.onnx"),
        (&["checkpoint.safetensors"], "gen.onnx"),
    ] {
        let told = format!("wrote `{file}`, {} bytes\n", onnx.len());
        assert_eq!(exporter(folder.path(), arguments), (Some(0), String::new(), told));
        assert_eq!(fs::read(folder.path().join(file)).unwrap(), onnx, "{file}");
    }
}

#[test]
fn each_failure_says_what_and_what_to_do_and_leaves_no_file() {
    let bytes = Parts::new().bytes().len();
    for (name, arguments, error, hint) in [
        (
            "no checkpoint",
            ["missing.safetensors", "gen.onnx"],
            "`missing.safetensors` cannot be read: No such file or directory (os error 2)".to_owned(),
            "give the `checkpoint.safetensors` of a run folder",
        ),
        (
            "cut short",
            ["cut.safetensors", "gen.onnx"],
            format!(
                "`cut.safetensors` cannot be exported: the checkpoint is cut short: {bytes} bytes expected, {} found",
                bytes - 1
            ),
            "copy the file again, or train again",
        ),
        (
            "another kind of file",
            ["recipe.toml", "gen.onnx"],
            "`recipe.toml` cannot be exported: the checkpoint is not a safetensors file: \
             it does not start with a safetensors header"
                .to_owned(),
            "give the `checkpoint.safetensors` of a run folder",
        ),
        (
            "no folder for the model",
            ["checkpoint.safetensors", "missing/gen.onnx"],
            "`--out missing/gen.onnx` lies in the folder `missing`, which does not exist".to_owned(),
            "give another file with `--out`, or make the folder first",
        ),
        (
            "a folder as the model",
            ["checkpoint.safetensors", "."],
            "`--out .` is a folder, not a file".to_owned(),
            "give another file with `--out`, or make the folder first",
        ),
        (
            "the checkpoint as the model",
            ["checkpoint.safetensors", "./checkpoint.safetensors"],
            "`--out ./checkpoint.safetensors` is the checkpoint itself".to_owned(),
            "give another file with `--out`, or make the folder first",
        ),
    ] {
        let folder = folder();
        let [checkpoint, out] = arguments;
        let told = format!("error: {error}\n\nhint: {hint}\n");
        let expected = (Some(1), String::new(), told);
        assert_eq!(exporter(folder.path(), &[checkpoint, "--out", out]), expected, "{name}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "{name}: nothing new in the folder");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    // Not even root makes files in /proc.
    let (code, out, told) = exporter(folder().path(), &["checkpoint.safetensors", "--out", "/proc/gen.onnx"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(told.starts_with("error: `/proc/gen.onnx` cannot be written: "), "{told}");
    assert!(told.ends_with("\n\nhint: give a file in a folder that you may write to with `--out`\n"), "{told}");
}

#[test]
fn bad_usage_ends_with_2() {
    for arguments in [&[][..], &["a", "b"], &["a", "--unknown"]] {
        let (code, out, told) = exporter(folder().path(), arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(told.starts_with("error: "), "{arguments:?}: {told}");
    }
}

#[test]
fn weights_are_stored_as_asked() {
    let folder = folder();
    let model = exporter::Model::from_checkpoint(&Parts::new().bytes()).unwrap();
    for (name, precision) in [("f16", Precision::F16), ("int8", Precision::Int8)] {
        let (code, out, told) = exporter(folder.path(), &["checkpoint.safetensors", "--precision", name]);
        assert_eq!((code, out.as_str()), (Some(0), ""), "{name}: {told}");
        assert_eq!(fs::read(folder.path().join("gen.onnx")).unwrap(), model.to_onnx(precision).unwrap(), "{name}");
        assert!(told.contains("\nlargest pixel difference to the trained weights: "), "{name}: {told}");
    }
}

#[test]
fn weights_from_elsewhere_are_exported_by_their_architecture() {
    let folder = folder();
    let mut weights = Parts::new();
    weights.metadata.clear();
    weights.remove("parity.");
    fs::write(folder.path().join("weights.safetensors"), weights.bytes()).unwrap();
    let architecture = |layers: &str| format!(r#"{{"kind":"sequential","latent":3,"layers":[{layers}]}}"#);
    let layers = r#"{"op":"gemm","name":"ema.generator.hidden1"},{"op":"tanh"},{"op":"reshape","shape":[1,1,5]}"#;
    fs::write(folder.path().join("good.json"), architecture(layers)).unwrap();
    fs::write(folder.path().join("wrong.json"), architecture(&layers.replace("hidden1", "hidden2"))).unwrap();
    fs::write(folder.path().join("unknown.json"), architecture(r#"{"op":"gelu"}"#)).unwrap();
    let export =
        |json: &str| exporter(folder.path(), &["weights.safetensors", "--architecture", json, "--out", "w.onnx"]);

    let (code, _, told) = export("good.json");
    assert_eq!(code, Some(0), "{told}");
    let model = exporter::Model::from_onnx(&fs::read(folder.path().join("w.onnx")).unwrap()).unwrap();
    assert_eq!((model.input_shape(), model.output_shape()), (&[3][..], &[1, 1, 5][..]));
    for (json, expected) in [
        (
            "wrong.json",
            "error: `weights.safetensors` cannot be exported: node `ema.generator.hidden2`: the tensor \
             `ema.generator.hidden2.weight` has the shape [4, 5]; `z` [batch, 3] calls for [outputs, 3]\n\nhint: ",
        ),
        ("unknown.json", "error: `unknown.json` is no architecture: unknown variant `gelu`"),
        ("missing.json", "error: `missing.json` cannot be read: "),
    ] {
        let (code, out, told) = export(json);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{json}");
        assert!(told.starts_with(expected), "{json}: {told}");
    }
}

#[test]
fn an_imported_model_is_exported_to_the_same_bytes() {
    let folder = folder();
    for precision in ["f32", "f16", "int8"] {
        for arguments in [
            &["export", "checkpoint.safetensors", "--precision", precision][..],
            &["import", "gen.onnx"],
            &["gen.safetensors", "--precision", precision, "--out", "again.onnx"],
        ] {
            let (code, _, told) = exporter(folder.path(), arguments);
            assert_eq!(code, Some(0), "{arguments:?}: {told}");
        }
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert!(read("gen.onnx") == read("again.onnx"), "{precision}");
    }
    // Float32 weights are the checkpoint's own, bit by bit.
    let parts = Parts::new();
    exporter(folder.path(), &["checkpoint.safetensors"]);
    exporter(folder.path(), &["import", "gen.onnx"]);
    let bytes = fs::read(folder.path().join("gen.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (name, _) in common::generator() {
        let (_, _, expected) = &parts.tensors[&format!("ema.{name}")];
        assert_eq!(file.tensor(&name).unwrap().data(), expected, "{name}");
    }
}

/// The folder with a model whose pictures are the checkpoint's weights' own, unlike those of the invented checkpoint.
fn folder_with_model() -> tempfile::TempDir {
    let folder = folder();
    let model = exporter::Model::from_checkpoint(&Parts::new().bytes()).unwrap();
    let z = Parts::new().values("parity.z");
    let image: Vec<f32> = model.evaluate(&z, &[]).into_iter().map(|pixel| pixel as f32).collect();
    let model = model.with_parity(&z, &[], &image).unwrap();
    fs::write(folder.path().join("gen.onnx"), model.to_onnx(Precision::F32).unwrap()).unwrap();
    folder
}

#[test]
fn a_true_model_is_verified_and_a_changed_one_is_not() {
    let folder = folder_with_model();
    let (code, out, told) = exporter(folder.path(), &["verify", "gen.onnx"]);
    assert_eq!((code, told.as_str()), (Some(0), ""), "{out}");
    for runtime in ["f64 arithmetic", "tract"] {
        assert!(out.contains(&format!("{runtime}: 2 pictures, largest difference ")), "{out}");
    }
    assert!(out.contains("ONNX Runtime: "), "{out}");

    // The checkpoint's own proof pictures are invented, so its model is one whose file was changed.
    exporter(folder.path(), &["checkpoint.safetensors"]);
    let (code, out, told) = exporter(folder.path(), &["verify", "gen.onnx"]);
    assert_eq!(code, Some(1), "{out}");
    for runtime in ["f64 arithmetic: picture ", "tract: picture "] {
        assert!(out.contains(runtime), "{out}");
    }
    assert!(
        out.contains("picture 0, row 0, column 0 is 0.9998806 and should be 0.0000000, a difference of 1.0e0"),
        "{out}"
    );
    assert!(told.starts_with("error: `gen.onnx` does not draw its proof pictures within 1e-5\n\nhint: "), "{told}");
    assert_eq!(exporter(folder.path(), &["verify", "gen.onnx", "--tolerance", "2"]).0, Some(0));

    let mut silent = Parts::new();
    silent.remove("parity.");
    fs::write(folder.path().join("gen.onnx"), exporter::export(&silent.bytes()).unwrap()).unwrap();
    let (code, out, told) = exporter(folder.path(), &["verify", "gen.onnx"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(told.starts_with("error: `gen.onnx` holds no proof pictures of its own network"), "{told}");
}

#[test]
fn inspect_tells_what_is_in_the_file() {
    let folder = folder_with_model();
    let (code, out, told) = exporter(folder.path(), &["inspect", "gen.onnx"]);
    assert_eq!((code, told.as_str()), (Some(0), ""));
    for line in [
        concat!("made by     forger ", env!("CARGO_PKG_VERSION")),
        "versions    opset 17, IR 8",
        "input       z: float32 [batch, 3]",
        "output      image: float32 [batch, 1, 2, 7]",
        "parameters  114",
        "node        generator.hidden1.activation = LeakyRelu(generator.hidden1)",
        "tensor      generator.hidden1.weight: float32 [5, 3], 60 bytes",
        "metadata    forger.seed = 7",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}\n{out}");
    }
    assert!(out.contains("parity      tract: 2 pictures, largest difference "), "{out}");

    let (code, out, _) = exporter(folder.path(), &["inspect", "gen.onnx", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(json["bytes"].as_u64(), Some(fs::metadata(folder.path().join("gen.onnx")).unwrap().len()));
    assert_eq!((&json["opset"][""], &json["parameters"]), (&17.into(), &114.into()));
    assert_eq!(json["metadata"]["forger.recipe_toml"], "name = \"stable\"\nlr = 0.002\n", "texts are whole");
    assert_eq!(json["parity"]["pictures"], 2);
    let tract = &json["parity"]["runtimes"][1];
    assert!(tract["runtime"] == "tract" && tract["max_pixel_difference"].as_f64().unwrap() < 1e-6, "{tract}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_leaves_is_no_failure_and_a_full_disk_is() {
    let folder = folder_with_model();
    let run = |redirection: &str| {
        let command = format!("{} inspect gen.onnx {redirection}", env!("CARGO_BIN_EXE_exporter"));
        let output = std::process::Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("| true"), (Some(0), String::new()));
    let (code, told) = run("> /dev/full");
    assert!(code == Some(1) && told.starts_with("error: standard output cannot be written: "), "{code:?} {told}");
}

#[test]
fn diff_tells_same_from_different() {
    let folder = folder_with_model();
    fs::copy(folder.path().join("gen.onnx"), folder.path().join("same.onnx")).unwrap();
    let told =
        (Some(0), "no difference\n16 pictures: largest pixel difference 0.0e0, root mean square 0.0e0\n".to_owned());
    let (code, out, _) = exporter(folder.path(), &["diff", "gen.onnx", "same.onnx"]);
    assert_eq!((code, out), told);

    exporter(folder.path(), &["gen.safetensors"]);
    let mut other = Parts::new();
    other.set("seed", "8");
    other.put("ema.generator.output.bias", &[14], 0.75);
    fs::write(folder.path().join("other.onnx"), exporter::export(&other.bytes()).unwrap()).unwrap();
    let (code, out, _) = exporter(folder.path(), &["diff", "gen.onnx", "other.onnx"]);
    assert_eq!(code, Some(1));
    for line in
        ["metadata forger.seed", "  - 7", "  + 8", "generator.output.bias: largest difference 2.5e-1, relative 4.4e-1"]
    {
        assert!(out.lines().any(|found| found == line), "{line}\n{out}");
    }
    let (code, out, _) = exporter(folder.path(), &["diff", "gen.onnx", "other.onnx", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["weights"][0]["name"]), (Some(1), &"generator.output.bias".into()));
}

#[test]
fn files_that_are_no_model_are_refused_by_every_subcommand() {
    for arguments in [&["inspect", "recipe.toml"][..], &["verify", "recipe.toml"], &["import", "recipe.toml"]] {
        let (code, out, told) = exporter(folder().path(), arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(
            told.starts_with("error: `recipe.toml` cannot be read: this is not an ONNX model: it is a text"),
            "{told}"
        );
        assert!(told.contains("\n\nhint: take the `.onnx` file"), "{told}");
    }
    let (code, _, told) = exporter(folder().path(), &["diff", "recipe.toml", "recipe.toml"]);
    assert!(code == Some(1) && told.starts_with("error: `recipe.toml` cannot be read: "), "{told}");
}

#[test]
fn weights_are_rounded_and_what_is_none_is_refused() {
    let folder = folder();
    let rounded = exporter::round(&Parts::new().bytes()).unwrap();
    let told = format!("wrote `small.safetensors`, {} bytes\n", rounded.len());
    let outcome = exporter(folder.path(), &["round", "checkpoint.safetensors", "--out", "small.safetensors"]);
    assert_eq!(outcome, (Some(0), String::new(), told));
    assert_eq!(fs::read(folder.path().join("small.safetensors")).unwrap(), rounded);
    let (code, _, told) = exporter(folder.path(), &["round", "recipe.toml"]);
    assert!(code == Some(1) && told.starts_with("error: `recipe.toml` cannot be rounded: "), "{told}");
    assert!(!folder.path().join("rounded.safetensors").exists());
}

#[test]
fn the_help_is_this() {
    let help = "\
Writes the generator of a checkpoint as ONNX, and tells what is in a model file

Usage: exporter [OPTIONS] <CHECKPOINT>
       exporter <COMMAND>

Commands:
  export   Write weights as ONNX; without a subcommand that is what is done
  import   Write the weights of a model file as safetensors
  round    Write a safetensors file with its weights in one byte each
  inspect  Tell what is in a model file
  verify   Recompute the proof pictures of a model file; fails where they differ
  diff     Tell how two model files differ; fails if they do
  help     Print this message or the help of the given subcommand(s)

Arguments:
  <CHECKPOINT>
          The `checkpoint.safetensors` of a run folder, or any safetensors file with `--architecture`

Options:
      --out <FILE>
          The ONNX file to write; one that is there is replaced
         \u{20}
          [default: gen.onnx]

      --precision <PRECISION>
          How weights are stored

          Possible values:
          - f32:  Four bytes a weight, as trained
          - f16:  Two bytes a weight
          - int8: One byte a weight, and a scale for each output channel
         \u{20}
          [default: f32]

      --architecture <FILE>
          The layers that the weights are of, as JSON; a checkpoint holds its own

  -h, --help
          Print help (see a summary with '-h')

  -V, --version
          Print version
";
    assert_eq!(exporter(folder().path(), &["--help"]), (Some(0), help.to_owned(), String::new()));
}
