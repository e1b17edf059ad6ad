//! Has the browser ask for all of the page's modules at once: they lie several imports deep, and each level would wait for the
//! one above it. First for those that the first picture needs; the others are named for `app.js`, which asks for them after it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use failure::Result;

use crate::folder;

/// The line of `index.html` that names the first module; those that it leads to are put after it.
const FIRST: &str = r#"<link rel="modulepreload" href="app.js">"#;

/// The module that `app.js` asks for once the first picture is there.
const LATER: &str = "explorer.js";

/// Names in the site's `index.html` every module that `app.js` leads to, and those that [`LATER`] leads to besides; a page without
/// such a line stays as it is.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn name_modules(site: &Path) -> Result<()> {
    let page = site.join("index.html");
    let text = folder::read_text(&page)?;
    let Some((before, after)) = text.split_once(FIRST) else { return Ok(()) };
    let mut told = before.to_owned() + FIRST;
    let first = reached(site, "app.js")?;
    for module in &first {
        let link = format!(r#"<link rel="modulepreload" href="{module}">"#);
        if *module != "app.js" && !text.contains(&link) {
            told += &format!("\n  {link}");
        }
    }
    if site.join(LATER).exists() {
        let later: Vec<String> = reached(site, LATER)?.difference(&first).cloned().collect();
        told += &format!("\n  <meta name=\"later\" content=\"{}\">", later.join(" "));
    }
    folder::write(&page, (told + after).as_bytes())
}

/// The paths of the modules that `first` imports, directly or not, itself among them.
fn reached(site: &Path, first: &str) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::from([first.to_owned()]);
    let mut waiting = vec![first.to_owned()];
    while let Some(module) = waiting.pop() {
        let path = site.join(&module);
        let folder = Path::new(&module).parent().unwrap_or(Path::new(""));
        for import in imports(&folder::read_text(&path)?) {
            let found = plain(&folder.join(import));
            if site.join(&found).exists() && known.insert(found.clone()) {
                waiting.push(found);
            }
        }
    }
    Ok(known)
}

/// What a module imports from beside it.
fn imports(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .filter(|line| line.starts_with("import ") || line.starts_with("} from ") || line.starts_with("export "));
    lines
        .filter_map(|line| line.split_once(" from '")?.1.split('\'').next())
        .filter(|path| path.starts_with('.'))
        .collect()
}

/// A path without `.` and `..`, with `/` on every system.
fn plain(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_module_that_is_imported_is_named_once() {
        let site = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("index.html", format!("<head>\n  {FIRST}\n  <link rel=\"modulepreload\" href=\"deep.js\">\n</head>")),
            (
                "app.js",
                "import { a } from './controls/a.js';\nimport {\n  b,\n} from './b.js';\n/** import('./no.js') */"
                    .into(),
            ),
            ("controls/a.js", "import { b } from '../b.js';\nimport './app.js';\nimport fs from 'node:fs';".into()),
            ("b.js", "export { c } from './deep.js';\nimport { a } from './controls/a.js';".into()),
            ("deep.js", String::new()),
            ("no.js", String::new()),
            ("explorer.js", "import { b } from './b.js';\nimport { w } from './controls/walk.js';".into()),
            ("controls/walk.js", "import { deep } from '../deep.js';".into()),
        ] {
            let path = site.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        name_modules(site.path()).unwrap();
        let text = fs::read_to_string(site.path().join("index.html")).unwrap();
        for (module, times) in [("app.js", 1), ("b.js", 1), ("controls/a.js", 1), ("deep.js", 1), ("no.js", 0)] {
            assert_eq!(text.matches(&format!("href=\"{module}\"")).count(), times, "{module} in {text}");
        }
        assert!(text.contains(r#"<meta name="later" content="controls/walk.js explorer.js">"#), "{text}");
    }

    #[test]
    fn our_own_page_is_reached_whole() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
        let found = reached(&web, "app.js").unwrap();
        for module in ["forger.js", "controls/dom.js", "error.js", "philox.js"] {
            assert!(found.contains(module), "{module} in {found:?}");
        }
        let later = reached(&web, LATER).unwrap();
        assert!(later.contains("controls/walk.js") && !found.contains("controls/walk.js"), "{later:?}");
    }
}
