//! The program `exporter` as a user meets it: exit code, what it prints, what it leaves in the folder.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Parts;

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
fn the_help_is_this() {
    let help = "\
Writes the generator of a checkpoint as ONNX

Usage: exporter [OPTIONS] <CHECKPOINT>

Arguments:
  <CHECKPOINT>  The `checkpoint.safetensors` of a run folder

Options:
      --out <FILE>  The ONNX file to write; one that is there is replaced [default: gen.onnx]
  -h, --help        Print help
  -V, --version     Print version
";
    assert_eq!(exporter(folder().path(), &["--help"]), (Some(0), help.to_owned(), String::new()));
}
