//! Puts the static site together: the files of `web/`, the runtime compiled for the browser, and its models.
//!
//! The folder works on any static host, from any sub-path. `site.json` lists its files, and is how a later run knows
//! the folder for a site of ours: nothing that isn't listed is ever deleted. `models.json` lists the models for the page,
//! `precache.js` the files that its service worker keeps, with their hashes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use failure::{Failure, Result};

use crate::folder::{self, failed};
use crate::models::Model;
use crate::parts::stays_at_home;
use crate::{Parts, card, glimpse, preload};

/// Names the picture for shared links, from the root of the site.
pub const CARD: &str = "card.png";
/// Names what the page draws its first picture by, from the root of the site.
pub const GLIMPSE: &str = "glimpse.safetensors";
/// The list of the site's files: paths from its root and their sizes in bytes.
const MANIFEST: &str = "site.json";
/// How `index.html` names the picture for shared links.
const CARD_TOLD: &str = "content=\"card.png\"";
/// How `index.html` names the weights that the first picture is drawn by.
const GLIMPSE_TOLD: &str = "<meta name=\"glimpse\"";
/// Names MNIST's 60,000 pictures to train on, from the root of the site, where it has them.
const WHOLE: &str = "pictures/mnist-train-images.gzip";
/// How `index.html` names them.
const WHOLE_TOLD: &str = "<meta name=\"whole-mnist\"";
/// Below this a file travels in a packet or two anyway, compressed or not.
const WORTH_COMPRESSING: u64 = 4096;

/// Reads the address of a folder on the web, and gives it with a slash at its end, as that of a folder has.
///
/// # Errors
/// If it is no such address.
pub fn folder_address(url: &str) -> Result<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains(|c: char| "\"<>&?#".contains(c) || c.is_whitespace())) {
        return Err(Failure::usage(format!("`--url {url}` is not the address of a site"))
            .hint("give the whole address of the folder, as https://me.example/forger/"));
    }
    Ok(format!("{}/", url.trim_end_matches('/')))
}

/// Puts [`CARD`] and [`GLIMPSE`] into the folder `site`, both drawn by the model that visitors meet. Where one of them cannot be, `say` is
/// told why in a sentence, and a site can do without it.
///
/// # Errors
/// If a file can't be written.
pub fn put_first_looks(site: &Path, model: &Model, say: &mut dyn FnMut(&str)) -> Result<()> {
    for (name, what, made) in [
        (CARD, "a picture for shared links", card::draw(&model.bytes)),
        (GLIMPSE, "a first look at the model", glimpse::round(&model.bytes)),
    ] {
        match made {
            Ok(bytes) => folder::write(&site.join(name), &bytes)?,
            Err(failure) => say(&format!("going on without {what}: {}", failure.message)),
        }
    }
    Ok(())
}

/// Fills the folder `site`, which holds [`CARD`] and [`GLIMPSE`], or one of them, or nothing. `address`: where the site will
/// lie, as [`folder_address`] gives it. `compress`: writes compressed copies beside a file, those that aren't there.
///
/// # Errors
/// If a file can't be read or written.
pub fn assemble(
    site: &Path,
    parts: &Parts,
    models: &[Model],
    address: Option<&str>,
    compress: &dyn Fn(&Path) -> Result<()>,
) -> Result<()> {
    for file in folder::list(&parts.web, &stays_at_home)? {
        folder::copy(&parts.web.join(&file), &site.join(&file))?;
    }
    let put = |part: &Path, name: &str| -> Result<()> {
        for file in folder::list(part, &is_hidden)? {
            folder::copy(&part.join(&file), &site.join(name).join(&file))?;
        }
        Ok(())
    };
    put(&parts.pictures, "pictures")?;
    tell_what_is_there(site, address)?;
    preload::name_modules(site)?;
    put(&parts.runtime, "runtime")?;
    put(&parts.judges, "judges")?;
    for model in models {
        folder::write(&site.join(&model.entry.file), &model.bytes)?;
    }
    let entries: Vec<_> = models.iter().map(|model| model.entry.to_json()).collect();
    write_json(&site.join("models.json"), &serde_json::json!({ "models": entries }))?;
    write_precache(site)?;

    for file in folder::list(site, &is_hidden)? {
        let path = site.join(&file);
        if is_worth_compressing(&path) {
            compress(&path)?;
        }
    }
    write_manifest(site)
}

fn length(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file).map_err(failed(format_args!("cannot read `{}`", file.display())))?.len())
}

/// What the page says of three files that may not be there: to those who show a shared link, the whole address of its picture; to
/// itself, where the weights of a first look are, and the many pictures to train on.
fn tell_what_is_there(site: &Path, address: Option<&str>) -> Result<()> {
    let page = site.join("index.html");
    let text = folder::read_text(&page)?;
    let has = |name: &str| site.join(name).exists();
    let told_of = [(CARD, CARD_TOLD), (GLIMPSE, GLIMPSE_TOLD), (WHOLE, WHOLE_TOLD)];
    let missing: Vec<&str> = told_of.into_iter().filter(|(name, _)| !has(name)).map(|(_, told)| told).collect();
    let lines = text.lines().filter(|line| !missing.iter().any(|told| line.contains(told)));
    let mut told = String::with_capacity(text.len());
    for line in lines {
        match address {
            Some(address) if line.contains(CARD_TOLD) => {
                let whole = format!("content=\"{address}{CARD}\"");
                told.push_str(&line.replace(CARD_TOLD, &whole));
                told.push_str(&format!("\n  <meta property=\"og:url\" content=\"{address}\">"));
            }
            _ => told.push_str(line),
        }
        told.push('\n');
    }
    folder::write(&page, told.as_bytes())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Says whether a compressed copy of a file is worth its place: whether it shrinks, and is more than a packet or two.
pub fn is_worth_compressing(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    let is_long = fs::metadata(file).is_ok_and(|metadata| metadata.len() >= WORTH_COMPRESSING);
    let shrinks = ["css", "html", "js", "json", "onnx", "safetensors", "svg", "ts", "txt", "wasm", "webmanifest"];
    is_long && shrinks.contains(&&*extension)
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<()> {
    folder::write(path, format!("{value:#}\n").as_bytes())
}

/// What the service worker keeps: every file that a visitor's browser may ask for, but the worker itself and its list. The
/// version is the hash of all the hashes, so whatever changes makes another one.
fn write_precache(site: &Path) -> Result<()> {
    let [mut hashes, mut later] = [BTreeMap::new(), BTreeMap::new()];
    for file in folder::list(site, &is_hidden)? {
        let name = name_in_manifest(&file);
        // The picture for shared links is not the page's to show.
        if name == "service-worker.js"
            || name == CARD
            || ["br", "gz", "ts"].iter().any(|e| file.extension().is_some_and(|x| x == *e))
        {
            continue;
        }
        // The runtime with every operator is large, and only a visitor's own model may need it; a judge is asked for once the
        // page is at rest, and what trains by whoever wants to train.
        let is_late = ["runtime/full", "runtime/trainer", "trainer", "training/", "judges/", "pictures/"]
            .iter()
            .any(|start| name.starts_with(start));
        let kept = if is_late { &mut later } else { &mut hashes };
        kept.insert(name, folder::sha256(&folder::read(&site.join(&file))?));
    }
    let version = &folder::sha256(serde_json::json!([hashes, later]).to_string().as_bytes())[..16];
    let list = serde_json::json!({ "version": version, "files": hashes, "later": later });
    folder::write(&site.join("precache.js"), format!("self.PRECACHE = {list:#};\n").as_bytes())
}

fn write_manifest(site: &Path) -> Result<()> {
    let mut sizes = BTreeMap::new();
    for file in folder::list(site, &|_| false)? {
        sizes.insert(name_in_manifest(&file), length(&site.join(&file))?);
    }
    write_json(&site.join(MANIFEST), &serde_json::json!({ "files": sizes }))
}

/// With `/` on every system.
fn name_in_manifest(file: &Path) -> String {
    file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Leaves a folder alone that holds anything but a site written here.
///
/// # Errors
/// If it does: names a file that is no part of one.
pub fn refuse_to_replace_what_is_not_ours(out: &Path) -> Result<()> {
    let another = "give another folder to `--out`, or empty this one yourself";
    if !out.exists() {
        return Ok(());
    }
    if !out.is_dir() {
        return Err(Failure::usage(format!("`{}` is not a folder", out.display())).hint(another));
    }
    let ours = match fs::read(out.join(MANIFEST)) {
        Ok(manifest) => listed(&manifest)
            .ok_or_else(|| Failure::usage(format!("`{}/{MANIFEST}` is damaged", out.display())).hint(another))?,
        Err(_) => Vec::new(),
    };
    let stranger = |file: &PathBuf| {
        let name = name_in_manifest(file);
        name != MANIFEST && !ours.contains(&name)
    };
    match folder::list(out, &|_| false)?.iter().find(|file| stranger(file)) {
        None => Ok(()),
        Some(file) => Err(Failure::usage(format!(
            "`{}` holds `{}`, which is no part of a site written here",
            out.display(),
            file.display()
        ))
        .hint(another)),
    }
}

fn listed(manifest: &[u8]) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    Some(manifest.get("files")?.as_object()?.keys().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Entry;

    /// A folder with these files, each holding its own name.
    fn holding(files: &[&str]) -> tempfile::TempDir {
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
        let web = holding(&["index.html", "service-worker.js", "README.md", ".hidden", "app/slider.test.js"]);
        folder::write(&web.path().join("app/slider.js"), slider.as_bytes()).unwrap();
        let runtime = holding(&["runtime.js", "runtime_bg.wasm", "full_bg.wasm", ".made-from"]);
        let judges = holding(&["mnist.safetensors"]);
        let pictures = holding(&["mnist-test-images.gzip"]);
        let site = tempfile::tempdir().unwrap();
        let models = ["gen.onnx", "models/seed-5.onnx"].map(|file| Model {
            entry: Entry { id: file.into(), file: file.into(), recipe: "seed".into(), epochs: 5, run: "seed".into() },
            bytes: vec![b'm'; WORTH_COMPRESSING as usize],
        });
        let [web, runtime, judges, pictures] =
            [web.path(), runtime.path(), judges.path(), pictures.path()].map(Path::to_path_buf);
        assemble(site.path(), &Parts { web, runtime, judges, pictures }, &models, None, &folder::gzip).unwrap();
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
            let site = holding(&files);
            folder::write(&site.path().join("index.html"), page.as_bytes()).unwrap();
            tell_what_is_there(site.path(), address).unwrap();
            assert_eq!(fs::read_to_string(site.path().join("index.html")).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_page_is_told_of_a_first_look_and_of_many_pictures_where_they_are_there_alone() {
        let page = "<meta name=\"glimpse\" content=\"glimpse.safetensors\">\n<p>text</p>\n";
        let whole = "<meta name=\"whole-mnist\" content=\"pictures/mnist-train-images.gzip\">\n<p>text</p>\n";
        for (page, files, expected) in [
            (page, vec![], "<p>text</p>\n"),
            (page, vec![GLIMPSE], page),
            (whole, vec![GLIMPSE], "<p>text</p>\n"),
            (whole, vec![WHOLE], whole),
        ] {
            let site = holding(&files);
            folder::write(&site.path().join("index.html"), page.as_bytes()).unwrap();
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
        let files = folder::list(assembled().path(), &|_| false).unwrap();
        let expected = [
            "app/slider.js",
            "gen.onnx",
            "gen.onnx.gz",
            "index.html",
            "judges/mnist.safetensors",
            "models/seed-5.onnx",
            "models/seed-5.onnx.gz",
            "models.json",
            "pictures/mnist-test-images.gzip",
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
        assert_eq!(one["files"]["app/slider.js"], folder::sha256(b"slider"));
        assert_eq!(
            one["later"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["judges/mnist.safetensors", "pictures/mnist-test-images.gzip", "runtime/full_bg.wasm"]
        );
    }

    #[test]
    fn only_our_own_sites_are_replaced() {
        let with_a_letter = assembled();
        fs::write(with_a_letter.path().join("app/letter.txt"), "dear").unwrap();
        for (name, out, expected) in [
            ("a site of ours", assembled(), None),
            ("an empty folder", holding(&[]), None),
            ("a folder with a letter", holding(&["letter.txt"]), Some("holds `letter.txt`")),
            ("somebody's page", holding(&["index.html", "forger.js"]), Some("holds `forger.js`")),
            ("a site with a letter", with_a_letter, Some("letter.txt`")),
            ("a broken list", holding(&["site.json"]), Some("is damaged")),
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
        let room = holding(&["site"]);
        let error = refuse_to_replace_what_is_not_ours(&room.path().join("site")).unwrap_err().to_string();
        assert!(error.contains("is not a folder"), "{error}");
    }
}
