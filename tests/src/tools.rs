//! What a machine may lack, and how a test says so.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ort::environment::Environment;

/// ONNX Runtime's shared library.
const ORT_LIBRARY: &str = "ORT_DYLIB_PATH";
/// A Python interpreter with the packages `onnx` and `scipy`.
const PYTHON: &str = "FORGER_PYTHON";
/// Whether everything must be there.
const REQUIRE_ALL: &str = "FORGER_REQUIRE_ALL";

/// Writes a line past the test harness, which would swallow it when the test passes.
pub fn say(line: &str) {
    // A closed standard error is no reason for a test to fail.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// ONNX Runtime, loaded once, since a process may have only one; nothing where there is none, which has then been said.
///
/// # Panics
/// If it is required and missing, or given and not usable.
pub fn onnx_runtime() -> Option<&'static Environment> {
    static ENVIRONMENT: OnceLock<Option<Environment>> = OnceLock::new();
    let load = || {
        let library = variable(ORT_LIBRARY, "ONNX Runtime")?;
        let builder = ort::init_from(&library)
            .unwrap_or_else(|error| panic!("`{ORT_LIBRARY}={}` cannot be loaded: {error}", library.display()));
        Some(builder.build().expect("this is the process's only environment"))
    };
    ENVIRONMENT.get_or_init(load).as_ref()
}

/// Runs a script of `tests/tools/` and gives its standard output; nothing where there is no such Python, which
/// has then been said.
///
/// # Panics
/// If Python is required and missing, or if the script fails.
pub fn python(script: &str, arguments: &[&Path]) -> Option<String> {
    python_of(PYTHON, "Python with the packages of the tests", script, arguments)
}

/// As [`python`], by the interpreter that the environment variable `name` names; `tool` says what it is for.
///
/// # Panics
/// If it is required and missing, or if the script fails.
pub fn python_of(name: &str, tool: &str, script: &str, arguments: &[&Path]) -> Option<String> {
    let interpreter = variable(name, tool)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(script);
    let output = Command::new(&interpreter).arg(&script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("`{name}={}` cannot be run: {error}", interpreter.display()));
    assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("the scripts print UTF-8"))
}

/// Where `cargo test --workspace` leaves a program of another crate, or an example: `examples/NAME`.
///
/// # Panics
/// If there is none: tests of one crate alone do not build it.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the system tells a process its file");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in `deps`");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "`{}` is missing: run `cargo test --workspace`", program.display());
    program
}

pub(crate) fn variable(name: &str, tool: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = set(name) {
        return Some(path.into());
    }
    assert!(set(REQUIRE_ALL) != Some(OsString::from("1")), "{tool} is required by `{REQUIRE_ALL}`: set `{name}`");
    say(&format!("skipped: `{name}` names no {tool}"));
    None
}
