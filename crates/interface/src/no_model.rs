//! What a file is that is no model: the one place that tells it, to the page, to the runtime and to `exporter`.
//!
//! People drop what a server gave them, and a server gives pages, pointers and apologies. ONNX has no magic number, but
//! nearly everything else has, so what a file begins with says what it is and what to do about it.
//!
//! Sources: each format's own signature; Git LFS's pointer, <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.

use thiserror::Error;

/// Bytes that are something else than a model: what they are, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct NoModel {
    /// What the file is, as an error is told.
    pub message: String,
    /// What to do about it, for a line that starts with `hint: `.
    pub hint: &'static str,
}

const EXPORT: &str =
    "export the generator as ONNX where it was trained: in PyTorch `torch.onnx.export(netG, z, 'gen.onnx')`";
const KERAS: &str = "export it as ONNX: in Keras 3 `model.export('gen.onnx', format='onnx')`, else with tf2onnx";
const UNPACK: &str = "unpack it, and take the `.onnx` file that is inside";
const DOWNLOAD: &str =
    "download the file itself: on GitHub and Hugging Face by the button `Download` or `raw` of the file's page";
const AGAIN: &str = "copy or download the file again, all of it";
const BINARY: &str = "save the model in ONNX's binary form: `onnx.save(model, 'gen.onnx')`";
const FIND: &str = "take the `.onnx` file of a generator";

/// Beginnings of files in other formats, where they stand, what they are, what to do.
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (0, b"\x1f\x8b", "it is packed with gzip", UNPACK),
    (0, b"\xfd7zXZ\0", "it is packed with xz", UNPACK),
    (0, b"BZh", "it is packed with bzip2", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "it is packed with zstd", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", UNPACK),
    (0, b"Rar!\x1a", "it is a rar archive", UNPACK),
    (257, b"ustar", "it is a tar archive", UNPACK),
    (4, b"ORTM", "it is in ONNX Runtime's own format (`.ort`)", "take the `.onnx` file that it was made from"),
    (
        4,
        b"TFL3",
        "it is a TensorFlow Lite model",
        "take the model that it was made from, as ONNX: tf2onnx reads TensorFlow Lite too",
    ),
    (0, b"\x89HDF\r\n\x1a\n", "it is an HDF5 file, such as the weights of a Keras model", KERAS),
    (0, b"\x93NUMPY", "it is an array of NumPy", FIND),
    (0, b"GGUF", "it is a GGUF file of a language model", FIND),
    (0, b"\x80\x02", "it is a Python pickle, such as an old PyTorch `.pth`", EXPORT),
    (0, b"\x80\x03", "it is a Python pickle", EXPORT),
    (0, b"\x80\x04", "it is a Python pickle", EXPORT),
    (0, b"\x80\x05", "it is a Python pickle", EXPORT),
    (0, b"\x89PNG", "it is a picture (PNG)", FIND),
    (0, b"\xff\xd8\xff", "it is a picture (JPEG)", FIND),
    (0, b"GIF8", "it is a picture (GIF)", FIND),
    (0, b"%PDF", "it is a PDF", FIND),
    (0, b"\x7fELF", "it is a program", FIND),
];

/// Tells what `bytes` are, where they begin like something that is known and no model. `None` says nothing: it may be one.
pub fn what_is(bytes: &[u8]) -> Option<NoModel> {
    let found = |what: &str, hint| Some(no_model(what, hint));
    if bytes.is_empty() {
        return Some(NoModel { message: "the model file is empty".into(), hint: AGAIN });
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return found("it holds nothing but zeros", AGAIN);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        let (what, hint) = archive(bytes);
        return found(what, hint);
    }
    let at = |place: usize, signature: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(signature));
    if let Some((_, _, what, hint)) = SIGNATURES.iter().find(|(place, signature, ..)| at(*place, signature)) {
        return found(what, hint);
    }
    if is_safetensors(bytes) {
        return found(
            "it is a safetensors file, weights without the network that they belong to",
            "export the generator as ONNX; Forger's own checkpoints with `exporter checkpoint.safetensors --out gen.onnx`",
        );
    }
    text(bytes)
}

fn no_model(what: &str, hint: &'static str) -> NoModel {
    NoModel { message: format!("this is not an ONNX model: {what}"), hint }
}

/// What is in a zip, by the names in it.
fn archive(bytes: &[u8]) -> (&'static str, &'static str) {
    // Names stand before each packed file and once more at the end.
    const LOOKED_AT: usize = 1 << 16;
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let end = &bytes[bytes.len().saturating_sub(LOOKED_AT)..];
    let has =
        |name: &str| [start, end].iter().any(|part| part.windows(name.len()).any(|found| found == name.as_bytes()));
    if has("/code/") {
        (
            "it is a TorchScript archive",
            "export the module as ONNX: `torch.onnx.export(torch.jit.load('file.pt'), z, 'gen.onnx')`",
        )
    } else if has("data.pkl") {
        ("it is a PyTorch file (`torch.save`, `.pth` or `.pt`)", EXPORT)
    } else if has("model.weights.h5") {
        ("it is a Keras model (`.keras`)", KERAS)
    } else if has(".onnx") {
        ("it is a zip with a model in it", UNPACK)
    } else if has(".npy") {
        ("it is a file of NumPy arrays (`.npz`)", FIND)
    } else {
        ("it is a zip archive", UNPACK)
    }
}

/// The length of a JSON header, then that header.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    rest.first() == Some(&b'{') && (2..1 << 32).contains(&length)
}

/// What a text is, if it is one.
fn text(bytes: &[u8]) -> Option<NoModel> {
    const LOOKED_AT: usize = 4096;
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    // A model has control characters within its first fields; a text has none but these.
    let printable = |byte: &u8| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
    if !start.iter().all(printable) {
        return None;
    }
    let text = String::from_utf8_lossy(start);
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let found = |what: &str, hint| Some(no_model(what, hint));
    if text.is_empty() {
        return found("it holds nothing but spaces", AGAIN);
    }
    if lower.starts_with("version https://git-lfs") {
        let size = text.lines().find_map(|line| line.strip_prefix("size ")).filter(|size| size.len() <= 15);
        let size = size.map_or_else(String::new, |size| format!(" of {size} bytes"));
        let what = format!("it is a Git LFS pointer, a note of where the model{size} is kept");
        return found(
            &what,
            "fetch the model itself: `git lfs pull` in its repository, or the button `Download` on its page",
        );
    }
    if lower.contains("ir_version") && (text.starts_with('<') || lower.starts_with("ir_version")) {
        return found("it is one written out as text", BINARY);
    }
    if lower.starts_with("<?xml") {
        return found("it is an XML text, such as OpenVINO's half of a model", FIND);
    }
    if text.starts_with('<') {
        return found("it is a web page", DOWNLOAD);
    }
    if text.starts_with(['{', '[']) {
        return match (lower.contains("irversion") || lower.contains("opsetimport"), lower.contains("\"error\"")) {
            (true, _) => found("it is one written out as JSON", BINARY),
            (_, true) => found(&format!("it is a server's answer: `{}`", line(text)), DOWNLOAD),
            _ => found("it is a JSON text", FIND),
        };
    }
    let apology =
        ["404", "403", "401", "not found", "entry not found", "repository not found", "access denied", "invalid"];
    if apology.iter().any(|start| lower.starts_with(start)) {
        return found(&format!("it is a server's answer: `{}`", line(text)), DOWNLOAD);
    }
    found(&format!("it is a text that begins with `{}`", line(text)), FIND)
}

/// The first line, short enough for a sentence.
fn line(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let mut characters = line.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut start: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_told_by_name() {
        let zip = |name: &str| [b"PK\x03\x04".as_slice(), &[0; 26], name.as_bytes()].concat();
        let safetensors = [16u64.to_le_bytes().as_slice(), b"{\"a\":{}}        "].concat();
        let tar = [vec![b'g'; 257], b"ustar\0".to_vec()].concat();
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("empty", vec![], "the model file is empty"),
            ("zeros", vec![0; 99], "nothing but zeros"),
            ("blank", b" \n\n".to_vec(), "nothing but spaces"),
            (
                "LFS",
                b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 13298240\n".to_vec(),
                "a Git LFS pointer, a note of where the model of 13298240 bytes is kept",
            ),
            ("page", b"\n\n<!DOCTYPE html>\n<html>".to_vec(), "a web page"),
            ("404", b"404: Not Found".to_vec(), "a server's answer: `404: Not Found`"),
            ("HF", b"Entry not found".to_vec(), "a server's answer: `Entry not found`"),
            ("HF JSON", br#"{"error": "Repository not found"}"#.to_vec(), "a server's answer: `{\"error\""),
            ("as JSON", br#"{ "irVersion": "8", "graph": {}}"#.to_vec(), "one written out as JSON"),
            ("as text", b"<\n   ir_version: 8,\n   opset_import: [\"\" : 17]\n>".to_vec(), "one written out as text"),
            ("other text", b"import torch\n".to_vec(), "a text that begins with `import torch`"),
            ("pth", zip("archive/data.pkl"), "a PyTorch file"),
            ("TorchScript", zip("net/code/__torch__.py"), "a TorchScript archive"),
            ("keras", zip("model.weights.h5"), "a Keras model"),
            ("zip", zip("generator.onnx"), "a zip with a model in it"),
            ("other zip", zip("thesis.docx"), "a zip archive"),
            ("old pth", b"\x80\x02\x8a\x0al\xfc".to_vec(), "a Python pickle, such as an old PyTorch"),
            ("gz", b"\x1f\x8b\x08\0".to_vec(), "packed with gzip"),
            ("tar", tar, "a tar archive"),
            ("ort", b"\x18\0\0\0ORTM".to_vec(), "ONNX Runtime's own format"),
            ("tflite", b"\x1c\0\0\0TFL3".to_vec(), "a TensorFlow Lite model"),
            ("h5", b"\x89HDF\r\n\x1a\n".to_vec(), "an HDF5 file"),
            ("safetensors", safetensors, "a safetensors file"),
            ("PNG", b"\x89PNG\r\n\x1a\n".to_vec(), "a picture (PNG)"),
        ];
        for (name, bytes, expected) in cases {
            let told = what_is(&bytes).unwrap_or_else(|| panic!("{name} is told"));
            assert!(told.message.contains(expected), "{name}: {}", told.message);
            assert!(!told.hint.is_empty() && !told.hint.ends_with('.'), "{name}: {}", told.hint);
        }
    }

    #[test]
    fn a_model_is_taken_for_none_of_them() {
        // IR version 8, producer `pytorch`, then a graph.
        assert_eq!(what_is(b"\x08\x08\x12\x07pytorch\x3a\x02\x12\x00"), None);
        assert_eq!(what_is(b"\x08\x03\x3a\x00"), None);
    }
}
