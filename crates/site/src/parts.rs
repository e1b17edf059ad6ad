//! What every site is made of, whatever its models: four folders, which a download has ready.

use std::path::{Path, PathBuf};

use failure::{Failure, Result};

use crate::folder;

/// Says where the parts of the page lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Holds the page itself, as `web/` of the repository does.
    pub web: PathBuf,
    /// Holds the compiled runtimes, the scripts that bind them, and compressed copies of any of them.
    pub runtime: PathBuf,
    /// Holds the judges that the page scores by, named after their data sets.
    pub judges: PathBuf,
    /// Holds the pictures that the page trains on, as packed idx files.
    pub pictures: PathBuf,
}

/// What is looked for in each folder: the page, the runtime of our own models, and the one of everybody else's.
const NEEDED: [&str; 3] = ["web/index.html", "runtime/runtime_bg.wasm", "runtime/full_bg.wasm"];

impl Parts {
    /// Names the parts that lie in one folder, as [`Parts::copy_to`] puts them there.
    pub fn within(page: &Path) -> Parts {
        let [web, runtime, judges, pictures] = ["web", "runtime", "judges", "pictures"].map(|name| page.join(name));
        Parts { web, runtime, judges, pictures }
    }

    /// Finds the ready page of a download whose program lies in the folder `program`: in `share/forger/page` beside it, or
    /// where an installed program has its data.
    ///
    /// # Errors
    /// If there is none: says where it was looked for.
    pub fn beside(program: &Path) -> Result<Parts> {
        let places = [program.join("share/forger/page"), program.join("../share/forger/page")];
        let is_whole = |page: &&PathBuf| {
            NEEDED.iter().all(|file| page.join(file).is_file())
                && ["judges", "pictures"].iter().all(|part| page.join(part).is_dir())
        };
        if let Some(page) = places.iter().find(is_whole) {
            return Ok(Parts::within(page));
        }
        let half = places.iter().find(|page| page.is_dir());
        let what = match half {
            Some(page) => format!("the page in `{}` is not whole", page.display()),
            None => format!("there is no page beside the program: `{}` is not there", places[0].display()),
        };
        Err(Failure::failed(what).hint(
            "unpack the download of Forger whole and leave `share` beside `trainer`, or, in its source, \
             run `cargo xtask site --model FILE`",
        ))
    }

    /// Copies the parts into one folder, without what stays at home and what can be made again in no time.
    ///
    /// # Errors
    /// If a file can't be read or written.
    pub fn copy_to(&self, page: &Path) -> Result<()> {
        let to = Parts::within(page);
        let ours = [&self.web, &self.runtime, &self.judges, &self.pictures];
        for (from, to) in ours.into_iter().zip([&to.web, &to.runtime, &to.judges, &to.pictures]) {
            for file in folder::list(from, &|name| stays_at_home(name) || name.ends_with(".gz"))? {
                folder::copy(&from.join(&file), &to.join(&file))?;
            }
        }
        Ok(())
    }
}

/// Files of `web/` that are for whoever works on the page, not for its visitors, and files that are hidden.
pub(crate) fn stays_at_home(name: &str) -> bool {
    name.starts_with('.')
        || name == "README.md"
        || name == "package.json"
        || name == "npm"
        || name.contains(".test.")
        || name == "node_modules"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn a_page_is_found_beside_the_program_or_where_it_was_installed() {
        let room = tempfile::tempdir().unwrap();
        let [program, installed] = ["forger", "usr/bin"].map(|name| room.path().join(name));
        fs::create_dir_all(&installed).unwrap();
        for file in NEEDED {
            write(&program.join("share/forger/page").join(file));
            write(&room.path().join("usr/share/forger/page").join(file));
        }
        // Without its judges a page is not whole.
        assert!(Parts::beside(&program).unwrap_err().message.ends_with("is not whole"));
        for folder in ["forger/share/forger/page", "usr/share/forger/page"] {
            write(&room.path().join(folder).join("judges/mnist.safetensors"));
            write(&room.path().join(folder).join("pictures/mnist-test-images.gzip"));
        }
        for folder in [&program, &installed] {
            let parts = Parts::beside(folder).unwrap();
            assert!(parts.web.join("index.html").is_file() && parts.runtime.join("full_bg.wasm").is_file());
        }
    }

    #[test]
    fn a_page_that_is_not_there_or_not_whole_is_told_with_what_to_do() {
        let room = tempfile::tempdir().unwrap();
        let told = || {
            let failure = Parts::beside(room.path()).unwrap_err();
            assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("cargo xtask site")), "{failure}");
            failure.message
        };
        assert!(told().starts_with("there is no page beside the program"), "{}", told());
        write(&room.path().join("share/forger/page/web/index.html"));
        assert!(told().ends_with("is not whole"), "{}", told());
    }

    #[test]
    fn copied_parts_are_the_visitors_files_alone() {
        let room = tempfile::tempdir().unwrap();
        let from = Parts::within(&room.path().join("from"));
        for file in ["index.html", "app.js", "app.js.br", "README.md", "npm/index.js", "a.test.js", ".hidden"] {
            write(&from.web.join(file));
        }
        for file in ["full_bg.wasm", "full_bg.wasm.br", "full_bg.wasm.gz", ".made-from"] {
            write(&from.runtime.join(file));
        }
        write(&from.judges.join("mnist.safetensors"));
        write(&from.pictures.join("mnist-test-images.gzip"));
        let to = room.path().join("to");
        from.copy_to(&to).unwrap();
        let expected = [
            "judges/mnist.safetensors",
            "pictures/mnist-test-images.gzip",
            "runtime/full_bg.wasm",
            "runtime/full_bg.wasm.br",
            "web/app.js",
            "web/app.js.br",
            "web/index.html",
        ];
        assert_eq!(folder::list(&to, &|_| false).unwrap(), expected.map(PathBuf::from));
    }
}
