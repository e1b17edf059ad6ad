//! Compiles `runtime-wasm` and `trainer-wasm` to WebAssembly, with whatever toolchain can be had.
//!
//! The ordinary way is the Rust toolchain in use plus `rustup target add wasm32-unknown-unknown`. Where that can't
//! download, Debian still has a compiler and its library's source (`rustc-web`, `cargo-web`, `rust-web-src`, kept
//! current for browsers); the library is then compiled along, and the linker is the `rust-lld` of the rustup toolchain.
//! `FORGER_WASM_TOOLCHAIN=rustup|debian` insists on one of them.
//!
//! Either compiles into a build folder of its own, `target/wasm/`, so that neither disturbs the ordinary one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::hint::hinted;
use crate::{apt, files, program, workspace};

const TARGET: &str = "wasm32-unknown-unknown";
/// The manifest of the small variants, from the workspace's root.
const SMALL: &str = "runtime-wasm/small/Cargo.toml";
/// The largest model that is taken, 64 MB, is held some five times while it is loaded.
const MEMORY_LIMIT: u32 = 1 << 30;
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// Crates that a page may stand on: no thread, clock, file or C library is needed to compile them.
const PORTABLE: [&str; 11] =
    ["net", "noise", "gan", "kernels", "failure", "windows", "exporter", "linear", "engines", "record", "trainer-wasm"];

/// tract's kernels for WebAssembly need 128-bit SIMD, which every current browser has, and so do ours.
const RUSTFLAGS: &str = "-C target-feature=+simd128";

/// What the runtime is compiled to. Every current browser has 128-bit SIMD; not every one has its relaxed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// What Forger's own models need.
    Small,
    /// The same with relaxed SIMD, whose fused multiply-add rounds as the trainer's kernels do.
    SmallRelaxed,
    /// Every operator of tract.
    Full,
    /// What trains.
    Trainer,
    /// The same with relaxed SIMD.
    TrainerRelaxed,
    /// What makes files of what was trained.
    TrainerFiles,
}

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Variant::Small => "small",
            Variant::SmallRelaxed => "small-relaxed",
            Variant::Full => "full",
            Variant::Trainer => "trainer",
            Variant::TrainerRelaxed => "trainer-relaxed",
            Variant::TrainerFiles => "trainer-files",
        }
    }

    /// Of our own crate, whose kernel it is that needs them: all that is under it is compiled once.
    fn target_features(self) -> &'static str {
        match self {
            Variant::Small | Variant::Full | Variant::Trainer | Variant::TrainerFiles => "",
            Variant::SmallRelaxed | Variant::TrainerRelaxed => "+relaxed-simd",
        }
    }

    /// What cargo is to compile, and where to. The small ones are a workspace of their own, which says why; both give a module
    /// of the same name, so each has a folder.
    fn package(self) -> (&'static [&'static str], &'static str) {
        match self {
            Variant::Small | Variant::SmallRelaxed => (&["--manifest-path", SMALL], "small"),
            Variant::Full => {
                (&["--package", "runtime-wasm", "--crate-type", "cdylib", "--features", "all-operators"], "")
            }
            Variant::Trainer | Variant::TrainerRelaxed => {
                (&["--package", "trainer-wasm", "--crate-type", "cdylib"], "")
            }
            Variant::TrainerFiles => {
                (&["--package", "trainer-wasm", "--crate-type", "cdylib", "--features", "files"], "")
            }
        }
    }

    /// The file that cargo makes of it.
    fn file(self) -> &'static str {
        match self {
            Variant::Small | Variant::SmallRelaxed | Variant::Full => "runtime_wasm.wasm",
            Variant::Trainer | Variant::TrainerRelaxed | Variant::TrainerFiles => "trainer_wasm.wasm",
        }
    }
}

/// A compiler that can compile for the browser.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The one in use, which has the target's library.
    InUse,
    /// Debian's, which compiles the library too.
    Debian {
        /// The rustup toolchain's linker.
        rust_lld: PathBuf,
    },
}

/// Finds a toolchain, installing what is missing.
///
/// # Errors
/// If there is none and none can be installed: says what to type.
pub(crate) fn toolchain() -> Result<Toolchain> {
    let wanted = std::env::var("FORGER_WASM_TOOLCHAIN").unwrap_or_default();
    match wanted.as_str() {
        "rustup" => the_one_in_use(),
        "debian" => debian(),
        "" => the_one_in_use().or_else(|why| {
            eprintln!("{why:#}\ntrying Debian's compiler instead");
            debian().map_err(|why_not| {
                eprintln!("{why_not:#}\n");
                hinted(
                    format_args!("there is no compiler for {TARGET}, for the two reasons above"),
                    format_args!("run `rustup target add {TARGET}` where there is a network, then this again"),
                )
            })
        }),
        other => Err(hinted(
            format_args!("`FORGER_WASM_TOOLCHAIN={other}` names no toolchain"),
            "it is `rustup` or `debian`; unset, whichever works is taken",
        )),
    }
}

/// Compiles a module; gives the path of the `.wasm` file, which wasm-bindgen has yet to see.
///
/// # Errors
/// If it doesn't compile.
pub(crate) fn compile(toolchain: &Toolchain, variant: Variant) -> Result<PathBuf> {
    let (mut command, folder) = command(toolchain, variant, &workspace::target().join("wasm"));
    eprintln!("compiling to WebAssembly: {}", variant.name());
    program::run(&mut command)?;
    // The next variant is written to the same place.
    let compiled = folder.join(TARGET).join("wasm").join(variant.file());
    let kept = folder.join(format!("{}.wasm", variant.name()));
    files::copy(&compiled, &kept)?;
    Ok(kept)
}

/// The command that compiles a module, and the build folder below `root` that it uses.
pub(crate) fn command(toolchain: &Toolchain, variant: Variant, root: &Path) -> (Command, PathBuf) {
    let (mut command, folder) = match toolchain {
        Toolchain::InUse => (program::cargo(), root.to_owned()),
        Toolchain::Debian { rust_lld } => (debian_cargo(rust_lld), root.join("debian")),
    };
    let (package, name) = variant.package();
    let folder = folder.join(name);
    command.args(["rustc", "--lib"]).args(package);
    command.args(["--profile", "wasm", "--target", TARGET, "--target-dir"]).arg(&folder);
    if matches!(toolchain, Toolchain::Debian { .. }) {
        command.arg("-Zbuild-std=std,panic_abort");
    }
    for_the_browser(&mut command);
    command.arg("--").arg(format!("-Ctarget-feature={}", variant.target_features()));
    command.arg(format!("-Clink-arg=--max-memory={MEMORY_LIMIT}"));
    (command, folder)
}

/// Checks that the crates that a page may stand on compile for the browser, their libraries without any default feature.
///
/// # Errors
/// If there is no toolchain, or they don't compile.
pub(crate) fn check_portable() -> Result<()> {
    let (mut command, folder) = match toolchain()? {
        Toolchain::InUse => (program::cargo(), workspace::target().join("wasm")),
        Toolchain::Debian { rust_lld } => (debian_cargo(&rust_lld), workspace::target().join("wasm/debian")),
    };
    let is_debian = folder.ends_with("debian");
    // In the runtime's profile, whose macros are compiled already.
    command.args(["check", "--profile", "wasm", "--lib", "--no-default-features", "--target", TARGET, "--target-dir"]);
    command.arg(folder);
    command.args(PORTABLE.iter().flat_map(|name| ["--package", name]));
    if is_debian {
        command.arg("-Zbuild-std=std,panic_abort");
    }
    for_the_browser(&mut command);
    program::run(&mut command)
}

/// Sets the flags of every build for the browser, and takes away whoever stands in rustc's place for this workspace: what
/// visitors get is compiled the same way for everyone.
fn for_the_browser(command: &mut Command) {
    // Set here and not in `.cargo/config.toml`, where a user's own RUSTFLAGS would switch it off.
    command.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", RUSTFLAGS);
    command.env_remove("RUSTC_WORKSPACE_WRAPPER");
}

fn the_one_in_use() -> Result<Toolchain> {
    let library = sysroot()?.join("lib/rustlib").join(TARGET).join("lib");
    if !library.is_dir() {
        eprintln!("installing the Rust target {TARGET}");
        program::run_silently(Command::new("rustup").args(["target", "add", TARGET]))?;
    }
    Ok(Toolchain::InUse)
}

fn debian() -> Result<Toolchain> {
    let rust_lld = rust_lld()?;
    if !debian_compiler_with_source() {
        if !apt::available() {
            return Err(hinted(
                "Debian's compiler is not installed, and only root can install it with `apt-get`",
                format_args!("`{}`", apt::by_hand(&DEBIAN_PACKAGES)),
            ));
        }
        apt::install(&DEBIAN_PACKAGES)?;
    }
    Ok(Toolchain::Debian { rust_lld })
}

/// Whether Debian's rustc, its cargo and the library's source are all there.
fn debian_compiler_with_source() -> bool {
    let rustc = || Command::new(DEBIAN_RUSTC);
    let source = "lib/rustlib/src/rust/library/Cargo.lock";
    Path::new(DEBIAN_CARGO).exists()
        && Path::new(DEBIAN_RUSTC).exists()
        && program::run_silently(outside_of_cargo(&mut rustc()).args(["--print", "sysroot"]))
            .is_ok_and(|sysroot| Path::new(sysroot.trim()).join(source).exists())
}

fn debian_cargo(rust_lld: &Path) -> Command {
    let mut command = Command::new(DEBIAN_CARGO);
    outside_of_cargo(&mut command);
    command.current_dir(workspace::root());
    // Build scripts that look for `rustc` on the PATH must find the same one.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command.env("RUSTC", DEBIAN_RUSTC);
    // `-Z` flags are for nightly compilers; this makes a stable one take them.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", rust_lld);
    command
}

/// Takes away what the cargo that runs us told its children: another cargo would obey it and use the wrong compiler.
fn outside_of_cargo(command: &mut Command) -> &mut Command {
    for name in [
        "CARGO",
        "CARGO_BUILD_RUSTC",
        "CARGO_BUILD_TARGET",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN",
    ] {
        command.env_remove(name);
    }
    command
}

fn sysroot() -> Result<PathBuf> {
    let said = program::run_silently(rustc().args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(said.trim()))
}

fn rust_lld() -> Result<PathBuf> {
    let version = program::run_silently(rustc().arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    let rust_lld = sysroot()?.join("lib/rustlib").join(host).join("bin/rust-lld");
    if !rust_lld.is_file() {
        return Err(hinted(
            format_args!("the Rust toolchain in use has no linker for WebAssembly (`{}`)", rust_lld.display()),
            "use a toolchain installed by rustup",
        ));
    }
    Ok(rust_lld)
}

fn rustc() -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(workspace::root());
    command
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Name and version of each package.
    fn locked(lockfile: &Path) -> BTreeSet<(String, String)> {
        let text = std::fs::read_to_string(lockfile).unwrap();
        let field = |package: &str, name: &str| {
            let value = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            value.expect("each package has it").trim_matches('"').to_owned()
        };
        text.split("[[package]]").skip(1).map(|package| (field(package, "name"), field(package, "version"))).collect()
    }

    #[test]
    fn the_small_runtime_is_of_the_same_versions_as_everything_else() {
        let root = workspace::root();
        let small = locked(&root.join(SMALL).with_file_name("Cargo.lock"));
        let all = locked(&root.join("Cargo.lock"));
        let strangers: Vec<_> = small.difference(&all).collect();
        assert!(strangers.is_empty(), "copy Cargo.lock to runtime-wasm/small/ and let cargo shorten it: {strangers:?}");
        assert!(small.iter().any(|(name, _)| name == "tract-core"), "the lockfile is read");
    }
}
