//! Puts the static site together: the files of `web/`, the runtime compiled for the browser, and its models.
//!
//! The folder works on any static host, from any sub-path. `site.json` lists its files, and is how a later run knows
//! the folder for a site of ours: nothing that isn't listed is ever deleted. `models.json` lists the models for the page,
//! `precache.js` the files that its service worker keeps, with their hashes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hint::hinted;
use crate::models::{self, Model};
use crate::{files, glimpse, judge, preload, runtime, share_card, workspace};

/// The list of the site's files: paths from its root and their sizes in bytes.
const MANIFEST: &str = "site.json";
/// How `index.html` names the picture for shared links.
const CARD: &str = "content=\"card.png\"";
/// How `index.html` names the weights that the first picture is drawn by.
const GLIMPSE: &str = "<meta name=\"glimpse\"";
/// Below this a file travels in a packet or two anyway, compressed or not.
const WORTH_COMPRESSING: u64 = 4096;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generator, as ONNX; give more than one for visitors to choose from, the first is what they meet
    #[arg(long, value_name = "FILE", default_value = "gen.onnx")]
    pub(crate) model: Vec<PathBuf>,
    /// The folder to write; a site that is already there is replaced
    #[arg(long, value_name = "DIR", default_value = "site")]
    pub(crate) out: PathBuf,
    /// Where the site will lie, as https://me.example/forger/: services that show a picture of a shared link ask for its
    /// whole address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) url: Option<String>,
}

/// Builds the runtime and writes the site.
///
/// # Errors
/// If a model is none, the folder isn't ours to replace, or building fails; the folder is then as before.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    models::read(&arguments.model)?;
    refuse_to_replace_what_is_not_ours(&arguments.out)?;
    run_with(arguments, &runtime::build()?)
}

/// Writes the site around a runtime that is there.
///
/// # Errors
/// If a model is none or the folder isn't ours to replace; the folder is then as before.
pub(crate) fn run_with(arguments: &Arguments, runtime: &Path) -> Result<()> {
    let models = models::read(&arguments.model)?;
    refuse_to_replace_what_is_not_ours(&arguments.out)?;
    let judges = judge::for_page()?;
    let address = arguments.url.as_deref().map(folder_address).transpose()?;
    files::replace_folder(&arguments.out, |site| {
        share_card::draw(&arguments.model[0], runtime, &site.join(share_card::NAME));
        glimpse::round(&arguments.model[0], &site.join(glimpse::NAME));
        assemble(site, &workspace::root().join("web"), runtime, &judges, &models, address.as_deref())
    })?;
    tell_sizes(&arguments.out)
}

/// An address with a slash at its end, as that of a folder has.
fn folder_address(url: &str) -> Result<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains(|c: char| "\"<>&?#".contains(c) || c.is_whitespace())) {
        let next = "give the whole address of the folder, as https://me.example/forger/";
        return Err(hinted(format_args!("`--url {url}` is not the address of a site"), next));
    }
    Ok(format!("{}/", url.trim_end_matches('/')))
}

/// Fills the folder `site`, which holds the picture for shared links and the weights of a first look, or one of them, or nothing.
fn assemble(
    site: &Path,
    web: &Path,
    runtime: &Path,
    judges: &Path,
    models: &[Model],
    address: Option<&str>,
) -> Result<()> {
    for file in files::list(web, &stays_at_home)? {
        files::copy(&web.join(&file), &site.join(&file))?;
    }
    tell_what_is_there(site, address)?;
    preload::name_modules(site)?;
    for (folder, name) in [(runtime, "runtime"), (judges, "judges")] {
        for file in files::list(folder, &is_hidden)? {
            files::copy(&folder.join(&file), &site.join(name).join(&file))?;
        }
    }
    for model in models {
        write(&site.join(&model.entry.file), &model.bytes)?;
    }
    let entries: Vec<_> = models.iter().map(|model| model.entry.to_json()).collect();
    write_json(&site.join("models.json"), &serde_json::json!({ "models": entries }))?;
    write_precache(site)?;

    for file in files::list(site, &is_hidden)? {
        let path = site.join(&file);
        let compressed =
            files::with_suffix(&path, "br").exists() || file.extension().is_some_and(|e| e == "br" || e == "gz");
        if !compressed && is_compressible(&file) && fs::metadata(&path)?.len() >= WORTH_COMPRESSING {
            files::compress(&path)?;
        }
    }
    write_manifest(site)
}

/// What the page says of two files that may not be there: to those who show a shared link, the whole address of its picture; to
/// itself, where the weights of a first look are.
fn tell_what_is_there(site: &Path, address: Option<&str>) -> Result<()> {
    let page = site.join("index.html");
    let text = fs::read_to_string(&page)?;
    let has = |name: &str| site.join(name).exists();
    let [has_card, has_glimpse] = [share_card::NAME, glimpse::NAME].map(has);
    let lines =
        text.lines().filter(|line| (has_card || !line.contains(CARD)) && (has_glimpse || !line.contains(GLIMPSE)));
    let mut told = String::with_capacity(text.len());
    for line in lines {
        match address {
            Some(address) if line.contains(CARD) => {
                let whole = format!("content=\"{address}{}\"", share_card::NAME);
                told.push_str(&line.replace(CARD, &whole));
                told.push_str(&format!("\n  <meta property=\"og:url\" content=\"{address}\">"));
            }
            _ => told.push_str(line),
        }
        told.push('\n');
    }
    Ok(fs::write(page, told)?)
}

/// Files of `web/` that are for whoever works on the page, not for its visitors.
fn stays_at_home(name: &str) -> bool {
    is_hidden(name)
        || name == "README.md"
        || name == "package.json"
        || name == "npm"
        || name.contains(".test.")
        || name == "node_modules"
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_compressible(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    ["css", "html", "js", "json", "onnx", "safetensors", "svg", "ts", "txt", "wasm", "webmanifest"]
        .contains(&&*extension)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, bytes)?)
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<()> {
    write(path, (serde_json::to_string_pretty(value)? + "\n").as_bytes())
}

/// What the service worker keeps: every file that a visitor's browser may ask for, but the worker itself and its list. The
/// version is the hash of all the hashes, so whatever changes makes another one.
fn write_precache(site: &Path) -> Result<()> {
    let [mut hashes, mut later] = [BTreeMap::new(), BTreeMap::new()];
    for file in files::list(site, &is_hidden)? {
        let name = name_in_manifest(&file);
        // The picture for shared links is not the page's to show.
        if name == "service-worker.js"
            || name == share_card::NAME
            || ["br", "gz", "ts"].iter().any(|e| file.extension().is_some_and(|x| x == *e))
        {
            continue;
        }
        // The runtime with every operator is large, and only a visitor's own model may need it; a judge is asked for once the
        // page is at rest.
        let is_late = ["runtime/full", "judges/"].iter().any(|start| name.starts_with(start));
        let kept = if is_late { &mut later } else { &mut hashes };
        kept.insert(name, files::sha256(&fs::read(site.join(&file))?));
    }
    let version = &files::sha256(serde_json::to_string(&(&hashes, &later))?.as_bytes())[..16];
    let list = serde_json::json!({ "version": version, "files": hashes, "later": later });
    let list = serde_json::to_string_pretty(&list)?;
    write(&site.join("precache.js"), format!("self.PRECACHE = {list};\n").as_bytes())
}

fn write_manifest(site: &Path) -> Result<()> {
    let mut sizes = BTreeMap::new();
    for file in files::list(site, &|_| false)? {
        sizes.insert(name_in_manifest(&file), fs::metadata(site.join(&file))?.len());
    }
    write_json(&site.join(MANIFEST), &serde_json::json!({ "files": sizes }))
}

/// With `/` on every system.
fn name_in_manifest(file: &Path) -> String {
    file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// An `--out` that holds anything but a site we wrote is left alone.
pub(crate) fn refuse_to_replace_what_is_not_ours(out: &Path) -> Result<()> {
    let another = "give another folder to `--out`, or empty this one yourself";
    if !out.exists() {
        return Ok(());
    }
    if !out.is_dir() {
        return Err(hinted(format_args!("`{}` is not a folder", out.display()), another));
    }
    let ours = match fs::read(out.join(MANIFEST)) {
        Ok(manifest) => listed(&manifest).with_context(|| format!("`{}/{MANIFEST}` is damaged", out.display()))?,
        Err(_) => Vec::new(),
    };
    let stranger = |file: &PathBuf| {
        let name = name_in_manifest(file);
        name != MANIFEST && !ours.contains(&name)
    };
    match files::list(out, &|_| false)?.iter().find(|file| stranger(file)) {
        None => Ok(()),
        Some(file) => Err(hinted(
            format_args!("`{}` holds `{}`, which is no part of a site written here", out.display(), file.display()),
            another,
        )),
    }
}

fn listed(manifest: &[u8]) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    Some(manifest.get("files")?.as_object()?.keys().cloned().collect())
}

fn tell_sizes(site: &Path) -> Result<()> {
    let size = |path: PathBuf| fs::metadata(path).map_or("-".into(), |metadata| files::size(metadata.len()));
    eprintln!("\n{:>10} {:>10} {:>10}", "as it is", "gzip", "brotli");
    for file in files::list(site, &|name| name.ends_with(".br") || name.ends_with(".gz"))? {
        let path = site.join(&file);
        let [gz, br] = ["gz", "br"].map(|suffix| size(files::with_suffix(&path, suffix)));
        eprintln!("{:>10} {gz:>10} {br:>10}  {}", size(path.clone()), file.display());
    }
    eprintln!("\nthe site is in `{}`", site.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Entry;

    /// A folder with these files, each holding its own name.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let room = tempfile::tempdir().unwrap();
        for file in files {
            let path = room.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        room
    }

    fn assembled() -> tempfile::TempDir {
        assembled_with("slider")
    }

    fn assembled_with(slider: &str) -> tempfile::TempDir {
        let web = folder(&["index.html", "service-worker.js", "README.md", ".hidden", "app/slider.test.js"]);
        write(&web.path().join("app/slider.js"), slider.as_bytes()).unwrap();
        let runtime = folder(&["runtime.js", "runtime_bg.wasm", "full_bg.wasm", ".made-from"]);
        let judges = folder(&["mnist.safetensors"]);
        let site = tempfile::tempdir().unwrap();
        let models = ["gen.onnx", "models/seed-5.onnx"].map(|file| Model {
            entry: Entry { id: file.into(), file: file.into(), recipe: "seed".into(), epochs: 5, run: "seed".into() },
            bytes: vec![b'm'; WORTH_COMPRESSING as usize],
        });
        assemble(site.path(), web.path(), runtime.path(), judges.path(), &models, None).unwrap();
        site
    }

    #[test]
    fn a_shared_link_is_told_the_whole_address_of_a_picture_that_is_there() {
        let page = "<meta property=\"og:image\" content=\"card.png\">\n<p>text</p>\n";
        let whole = "<meta property=\"og:image\" content=\"https://me.example/x/card.png\">\n  \
                     <meta property=\"og:url\" content=\"https://me.example/x/\">\n<p>text</p>\n";
        for (name, files, address, expected) in [
            ("no picture", vec![], Some("https://me.example/x/"), "<p>text</p>\n"),
            ("no address", vec!["card.png"], None, page),
            ("both", vec!["card.png"], Some("https://me.example/x/"), whole),
        ] {
            let site = folder(&files);
            write(&site.path().join("index.html"), page.as_bytes()).unwrap();
            tell_what_is_there(site.path(), address).unwrap();
            assert_eq!(fs::read_to_string(site.path().join("index.html")).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_page_is_told_of_a_first_look_that_is_there_alone() {
        let page = "<meta name=\"glimpse\" content=\"glimpse.safetensors\">\n<p>text</p>\n";
        for (files, expected) in [(vec![], "<p>text</p>\n"), (vec![glimpse::NAME], page)] {
            let site = folder(&files);
            write(&site.path().join("index.html"), page.as_bytes()).unwrap();
            tell_what_is_there(site.path(), None).unwrap();
            assert_eq!(fs::read_to_string(site.path().join("index.html")).unwrap(), expected, "{files:?}");
        }
    }

    #[test]
    fn an_address_is_that_of_a_folder_or_refused() {
        assert_eq!(folder_address("https://me.example/x").unwrap(), "https://me.example/x/");
        assert_eq!(folder_address("http://localhost:8000/").unwrap(), "http://localhost:8000/");
        for bad in ["me.example", "https://", "https://a b/", "https://a/\"><script>", "https://a/?b", "ftp://a/"] {
            assert!(folder_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_site_holds_page_runtime_and_models_and_nothing_else() {
        let files = files::list(assembled().path(), &|_| false).unwrap();
        let expected = [
            "app/slider.js",
            "gen.onnx",
            "gen.onnx.br",
            "gen.onnx.gz",
            "index.html",
            "judges/mnist.safetensors",
            "models/seed-5.onnx",
            "models/seed-5.onnx.br",
            "models/seed-5.onnx.gz",
            "models.json",
            "precache.js",
            "runtime/full_bg.wasm",
            "runtime/runtime.js",
            "runtime/runtime_bg.wasm",
            "service-worker.js",
            "site.json",
        ];
        assert_eq!(files, expected.map(PathBuf::from));
    }

    #[test]
    fn the_worker_keeps_what_visitors_load_and_knows_one_version_from_another() {
        let precache = |site: &tempfile::TempDir| {
            let text = fs::read_to_string(site.path().join("precache.js")).unwrap();
            let json = text.strip_prefix("self.PRECACHE = ").unwrap().strip_suffix(";\n").unwrap();
            serde_json::from_str::<serde_json::Value>(json).unwrap()
        };
        let [one, same, other] = ["slider", "slider", "other"].map(|slider| precache(&assembled_with(slider)));
        assert_eq!(one, same);
        assert_ne!(one["version"], other["version"]);
        let kept: Vec<_> = one["files"].as_object().unwrap().keys().collect();
        let expected = [
            "app/slider.js",
            "gen.onnx",
            "index.html",
            "models.json",
            "models/seed-5.onnx",
            "runtime/runtime.js",
            "runtime/runtime_bg.wasm",
        ];
        assert_eq!(kept, expected);
        assert_eq!(one["files"]["app/slider.js"], files::sha256(b"slider"));
        assert_eq!(
            one["later"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["judges/mnist.safetensors", "runtime/full_bg.wasm"]
        );
    }

    #[test]
    fn only_our_own_sites_are_replaced() {
        let with_a_letter = assembled();
        fs::write(with_a_letter.path().join("app/letter.txt"), "dear").unwrap();
        for (name, out, expected) in [
            ("a site of ours", assembled(), None),
            ("an empty folder", folder(&[]), None),
            ("a folder with a letter", folder(&["letter.txt"]), Some("holds `letter.txt`")),
            ("somebody's page", folder(&["index.html", "forger.js"]), Some("holds `forger.js`")),
            ("a site with a letter", with_a_letter, Some("letter.txt`")),
            ("a broken list", folder(&["site.json"]), Some("is damaged")),
        ] {
            let outcome = refuse_to_replace_what_is_not_ours(out.path()).map_err(|error| format!("{error:#}"));
            match expected {
                None => assert_eq!(outcome, Ok(()), "{name}"),
                Some(part) => assert!(outcome.as_ref().is_err_and(|e| e.contains(part)), "{name}: {outcome:?}"),
            }
        }
        assert!(refuse_to_replace_what_is_not_ours(Path::new("/no/such/folder")).is_ok());
    }

    #[test]
    fn a_file_is_no_site() {
        let room = folder(&["site"]);
        let error = refuse_to_replace_what_is_not_ours(&room.path().join("site")).unwrap_err().to_string();
        assert!(error.contains("is not a folder"), "{error}");
    }
}
