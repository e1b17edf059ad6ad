//! Puts the download for this platform together: the programs, the ready page beside them, and what they must be given away
//! with.
//!
//! ```text
//! forger-0.1.0-x86_64-unknown-linux-gnu/
//!   trainer  exporter  README.md  CHANGELOG.md  LICENSE-*  THIRD-PARTY.txt
//!   share/forger/page/   what `trainer page` makes sites of
//! ```
//!
//! The archive is the same, byte for byte, whenever its files are: no time, no owner, the order of names. What one machine has
//! compiled another can pack: WebAssembly is the same on every platform.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ::site::Parts;
use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::hint::hinted;
use crate::{files, program, runtime, site, workspace};

const PROGRAMS: [&str; 2] = ["trainer", "exporter"];
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// Says whose the data are that the trainer and the page hold.
const DATA: [&str; 3] = ["crates/data/mnist/README.md", "crates/data/avatars/README.md", "web/real/README.md"];
/// What a page is made of is looked for here, beside the trainer.
const PAGE: &str = "share/forger/page";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder for the archive and its SHA-256
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
    /// Take `trainer` and `exporter` from this folder instead of compiling them
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Take the compiled runtime from this folder instead of compiling it
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// What the archive is named after, instead of the platform that the compiler compiles for
    #[arg(long, value_name = "TRIPLE")]
    platform: Option<String>,
}

/// Compiles what is not given, writes the archive and tells the sizes.
///
/// # Errors
/// If something does not compile, is not there, or the folder can't be written.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let platform = match &arguments.platform {
        Some(platform) => platform.clone(),
        None => host()?,
    };
    let suffix = suffix(&platform);
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None if suffix == std::env::consts::EXE_SUFFIX => compile()?,
        None => {
            return Err(hinted(
                format_args!("programs compiled here do not run on `{platform}`"),
                "give those of that platform by `--programs DIR`",
            ));
        }
    };
    let runtime = match &arguments.runtime {
        Some(folder) => folder.clone(),
        None => runtime::build()?,
    };
    for (folder, name) in [(&programs, format!("trainer{suffix}")), (&runtime, "full_bg.wasm".into())] {
        if !folder.join(&name).is_file() {
            return Err(hinted(
                format_args!("there is no `{name}` in `{}`", folder.display()),
                "leave the flag out to have it compiled",
            ));
        }
    }
    let name = format!("forger-{}-{platform}", env!("CARGO_PKG_VERSION"));
    fs::create_dir_all(&arguments.out).with_context(|| format!("cannot create `{}`", arguments.out.display()))?;
    let room = tempfile::tempdir()?;
    fill(room.path(), &programs, suffix, &site::parts(&runtime)?)?;
    fs::write(room.path().join("THIRD-PARTY.txt"), third_parties()? + &of_data()?)?;

    let ending = if is_windows(&platform) { "zip" } else { "tar.gz" };
    let archive = arguments.out.join(format!("{name}.{ending}"));
    // Whole or not at all.
    let part = files::with_suffix(&archive, "part");
    match ending {
        "zip" => zip(room.path(), &name, &part)?,
        _ => tar(room.path(), &name, &part)?,
    }
    fs::rename(&part, &archive).with_context(|| format!("cannot write `{}`", archive.display()))?;
    let hash = files::sha256(&fs::read(&archive)?);
    // As `sha256sum --check` reads it.
    fs::write(files::with_suffix(&archive, "sha256"), format!("{hash}  {name}.{ending}\n"))?;
    tell_sizes(room.path(), suffix, &archive)
}

/// The triple that the compiler compiles for.
fn host() -> Result<String> {
    let told = program::run_silently(std::process::Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Compiles both programs for strangers: without the names that only a debugger asks for, which are a tenth of the file.
fn compile() -> Result<PathBuf> {
    for name in PROGRAMS {
        eprintln!("compiling `{name}`");
        let mut cargo = program::cargo();
        cargo.args(["rustc", "--release", "--package", name, "--bin", name, "--", "-C", "strip=symbols"]);
        program::run(&mut cargo)?;
    }
    Ok(workspace::target().join("release"))
}

fn is_windows(platform: &str) -> bool {
    platform.contains("windows")
}

/// What the names of programs end in on a platform, whichever one packs them.
fn suffix(platform: &str) -> &'static str {
    if is_windows(platform) { ".exe" } else { "" }
}

/// Fills the folder that becomes the archive. suffix: what the names of programs end in.
fn fill(folder: &Path, programs: &Path, suffix: &str, parts: &Parts) -> Result<()> {
    for name in PROGRAMS {
        let file = format!("{name}{suffix}");
        files::copy(&programs.join(&file), &folder.join(&file))?;
    }
    for name in DOCUMENTS {
        files::copy(&workspace::root().join(name), &folder.join(name))?;
    }
    let page = folder.join(PAGE);
    parts.copy_to(&page)?;
    // Compressed here, since the trainer has no brotli; what a site changes is compressed when it is written.
    for file in files::list(&page.join("web"), &|name| name == "index.html")? {
        let path = page.join("web").join(&file);
        if ::site::is_worth_compressing(&path) {
            files::brotli_beside(&path)?;
        }
    }
    Ok(())
}

/// Packs a folder as `tar.gz`, under the name `root`.
fn tar(folder: &Path, root: &str, archive: &Path) -> Result<()> {
    let file = File::create(archive).with_context(|| format!("cannot write `{}`", archive.display()))?;
    let gzip = flate2::write::GzEncoder::new(BufWriter::new(file), flate2::Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for file in files::list(folder, &|_| false)? {
        let bytes = fs::read(folder.join(&file))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode(&file));
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{root}/{}", slashes(&file)), &bytes[..])?;
    }
    Ok(tar.into_inner()?.finish()?.flush()?)
}

/// Packs a folder as `zip`, under the name `root`.
fn zip(folder: &Path, root: &str, archive: &Path) -> Result<()> {
    let file = File::create(archive).with_context(|| format!("cannot write `{}`", archive.display()))?;
    let mut zip = zip::ZipWriter::new(BufWriter::new(file));
    for file in files::list(folder, &|_| false)? {
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode(&file));
        zip.start_file(format!("{root}/{}", slashes(&file)), options)?;
        io::copy(&mut File::open(folder.join(&file))?, &mut zip)?;
    }
    Ok(zip.finish()?.flush()?)
}

/// Programs can be run, all else can be read.
fn mode(file: &Path) -> u32 {
    let is_program = |name: &&str| ["", ".exe"].iter().any(|suffix| file == Path::new(&format!("{name}{suffix}")));
    if PROGRAMS.iter().any(is_program) { 0o755 } else { 0o644 }
}

fn slashes(file: &Path) -> String {
    file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The licences of every crate that is in the programs or in the page, each text once, with the crates that it is of.
fn third_parties() -> Result<String> {
    let mut cargo = program::cargo();
    let said = program::run_silently(cargo.args(["metadata", "--format-version", "1", "--locked"]))?;
    licences(&serde_json::from_str(&said).context("`cargo metadata` gives no JSON")?)
}

/// What lies in the programs and the page as data, by whom and under which licence.
fn of_data() -> Result<String> {
    let mut told = String::new();
    for about in DATA {
        let text =
            fs::read_to_string(workspace::root().join(about)).with_context(|| format!("cannot read `{about}`"))?;
        told += &format!("\n{}\n{text}", "-".repeat(72));
    }
    Ok(told)
}

fn licences(metadata: &Value) -> Result<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let shipped = [PROGRAMS[0], PROGRAMS[1], "runtime-wasm", "trainer-wasm"];
    let is_ours = |package: &Value| package["source"].is_null();
    let mut waiting: Vec<String> = packages
        .values()
        .filter(|package| is_ours(package) && shipped.contains(&text(&package["name"]).as_str()))
        .map(|package| text(&package["id"]))
        .collect();
    ensure!(waiting.len() == shipped.len(), "`cargo metadata` does not list {}", shipped.join(", "));
    let mut reached: BTreeSet<String> = waiting.iter().cloned().collect();
    while let Some(id) = waiting.pop() {
        for dependency in nodes.get(&id).map(|node| list(&node["deps"])).unwrap_or_default() {
            // What only builds or tests is not given away.
            let is_shipped = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let package = text(&dependency["pkg"]);
            if is_shipped && reached.insert(package.clone()) {
                waiting.push(package);
            }
        }
    }
    let mut lines = String::new();
    let mut of_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in reached.iter().filter_map(|id| packages.get(id)).filter(|package| !is_ours(package)) {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        lines += &format!("{name}: {}, {}\n", text(&package["license"]), text(&package["repository"]));
        for licence in licence_texts(Path::new(&text(&package["manifest_path"]))) {
            of_text.entry(licence).or_default().push(name.clone());
        }
    }
    let mut told = format!("What others wrote of the programs and of the page, and its licences.\n\n{lines}");
    for (licence, names) in of_text {
        told += &format!("\n{}\n{}\n\n{}\n", "-".repeat(72), names.join(", "), licence);
    }
    Ok(told)
}

/// What lies beside a crate's manifest and is called a licence or a notice.
fn licence_texts(manifest: &Path) -> Vec<String> {
    let is_one = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["license", "licence", "copying", "notice", "unlicense", "copyright"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let entries = manifest.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.filter(|entry| is_one(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect();
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    // The same text is often kept with other ends of line.
    texts.map(|text| text.replace('\r', "").trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn tell_sizes(folder: &Path, suffix: &str, archive: &Path) -> Result<()> {
    eprintln!("\n{:>10} {:>10}", "as it is", "gzip");
    for name in PROGRAMS {
        let bytes = fs::read(folder.join(format!("{name}{suffix}")))?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes)?;
        let packed = gzip.finish()?.len() as u64;
        eprintln!("{:>10} {:>10}  {name}", files::size(bytes.len() as u64), files::size(packed));
    }
    let page = files::list(&folder.join(PAGE), &|_| false)?;
    let lengths = page.iter().map(|file| Ok(fs::metadata(folder.join(PAGE).join(file))?.len()));
    let page = lengths.sum::<io::Result<u64>>()?;
    eprintln!("{:>10} {:>10}  the page", files::size(page), "");
    println!("{}: {}", archive.display(), files::size(fs::metadata(archive)?.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder as `fill` wants it: programs and parts whose files hold their own names.
    fn given(room: &Path, suffix: &str) -> (PathBuf, Parts) {
        let [programs, page] = ["programs", "page"].map(|name| room.join(name));
        let parts = Parts::within(&page);
        let put = |path: PathBuf| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
        };
        PROGRAMS.iter().for_each(|name| put(programs.join(format!("{name}{suffix}"))));
        ["index.html", "README.md", "a/b.js"].iter().for_each(|name| put(parts.web.join(name)));
        fs::write(parts.web.join("app.js"), "let it = 'be long enough';\n".repeat(400)).unwrap();
        ["full_bg.wasm", "full_bg.wasm.gz", ".made-from"].iter().for_each(|name| put(parts.runtime.join(name)));
        put(parts.judges.join("mnist.safetensors"));
        put(parts.pictures.join("mnist-test-images.gzip"));
        (programs, parts)
    }

    #[test]
    fn the_archive_holds_programs_page_and_licences_and_is_the_same_each_time() {
        // Whichever platform packs it, programs are called as on the one that they are for.
        ["x86_64-unknown-linux-musl", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"].into_iter().for_each(pack);
    }

    fn pack(platform: &str) {
        let suffix = suffix(platform);
        let room = tempfile::tempdir().unwrap();
        let (programs, parts) = given(room.path(), suffix);
        let folder = room.path().join("folder");
        fill(&folder, &programs, suffix, &parts).unwrap();
        let archives = ["one.tar.gz", "two.tar.gz"].map(|name| room.path().join(name));
        archives.iter().for_each(|archive| tar(&folder, "forger", archive).unwrap());
        let [one, two] = archives.map(|archive| fs::read(archive).unwrap());
        assert!(one == two);

        let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(&one[..]));
        let found: BTreeMap<String, u32> = unpacked
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (slashes(&entry.path().unwrap()), entry.header().mode().unwrap())
            })
            .collect();
        let mut expected: BTreeMap<String, u32> = PROGRAMS
            .iter()
            .map(|name| (format!("forger/{name}{}", if platform.contains("windows") { ".exe" } else { "" }), 0o755))
            .collect();
        expected.extend(DOCUMENTS.iter().map(|name| (format!("forger/{name}"), 0o644)));
        let page = [
            "web/index.html",
            "web/a/b.js",
            "web/app.js",
            "web/app.js.br",
            "runtime/full_bg.wasm",
            "judges/mnist.safetensors",
            "pictures/mnist-test-images.gzip",
        ];
        expected.extend(page.iter().map(|name| (format!("forger/{PAGE}/{name}"), 0o644)));
        assert_eq!(found, expected);

        let archive = room.path().join("one.zip");
        zip(&folder, "forger", &archive).unwrap();
        let zip = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
        assert_eq!(
            zip.file_names().map(|name| name.unwrap().into_owned()).collect::<BTreeSet<_>>(),
            expected.into_keys().collect()
        );
    }

    #[test]
    fn licences_are_of_what_is_shipped_and_each_text_stands_once() {
        let room = tempfile::tempdir().unwrap();
        let package = |name: &str, ours: bool, licence: &str| {
            let folder = room.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("LICENSE-MIT"), licence).unwrap();
            let source = if ours { Value::Null } else { "registry".into() };
            serde_json::json!({
                "id": name, "name": name, "version": "1.0.0", "license": "MIT", "repository": "https://x.example",
                "source": source, "manifest_path": folder.join("Cargo.toml"),
            })
        };
        let node = |id: &str, deps: &[(&str, Value)]| {
            let deps: Vec<Value> = deps
                .iter()
                .map(|(name, kind)| serde_json::json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            serde_json::json!({ "id": id, "deps": deps })
        };
        let metadata = serde_json::json!({
            "packages": [
                package("trainer", true, "ours"), package("exporter", true, "ours"), package("runtime-wasm", true, "ours"),
                package("trainer-wasm", true, "ours"),
                package("used", false, "free\r\nfor all"), package("below", false, "free\nfor all\n"),
                package("tests-only", false, "never told"), package("builds-only", false, "never told"),
            ],
            "resolve": { "nodes": [
                node("trainer", &[("used", Value::Null), ("tests-only", "dev".into()), ("builds-only", "build".into())]),
                node("used", &[("below", Value::Null)]),
            ] },
        });
        let told = licences(&metadata).unwrap();
        assert_eq!(told.matches("free\nfor all").count(), 1, "{told}");
        assert!(
            told.contains("below 1.0.0, used 1.0.0") && told.contains("used 1.0.0: MIT, https://x.example"),
            "{told}"
        );
        assert!(!told.contains("never told") && !told.contains("ours"), "{told}");
    }
}
