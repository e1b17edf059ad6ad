//! Every file below a folder, once, and what could not be looked at.
//!
//! Links are followed, but to no folder twice and to none that holds the folder itself, so that circles end. The order is
//! that of the paths.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Nobody's pictures lie deeper; each level costs a frame of the stack.
const DEEPEST: usize = 64;

/// A file as the folder lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is, the folder's own path included.
    pub path: PathBuf,
    /// Its bytes.
    pub len: u64,
    /// When it was last written, in nanoseconds since 1970; 0 where the system does not tell.
    pub modified: u128,
}

/// What lies below a folder.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Regular files in the order of their paths.
    pub files: Vec<Listed>,
    /// Files and folders whose names start with a dot.
    pub hidden: usize,
    /// Links to folders that were seen already or hold this one.
    pub circles: usize,
    /// Run folders of a trainer: what is in them was drawn, or is no picture.
    pub runs: usize,
    /// Pipes, sockets and devices.
    pub special: usize,
    /// What could not be looked at, and why.
    pub refused: Vec<(PathBuf, String)>,
}

/// Lists what is below `folder`; ends early, with what it has, once `stop` is set.
///
/// # Errors
/// The folder itself cannot be listed.
pub fn walk(folder: &Path, stop: &AtomicBool) -> io::Result<Walk> {
    let root = fs::canonicalize(folder)?;
    let mut walker = Walker { walk: Walk::default(), seen: HashSet::from([root.clone()]), links: Vec::new(), stop };
    walker.list(folder, 0)?;
    // Last, so that a folder keeps its own name before that of a link to it.
    while let Some((link, depth)) = walker.links.pop() {
        let Ok(target) = fs::canonicalize(&link) else { continue };
        if root.starts_with(&target) || !walker.seen.insert(target) {
            walker.walk.circles += 1;
        } else if let Err(error) = walker.list(&link, depth) {
            walker.walk.refused.push((link, in_words(&error)));
        }
    }
    let mut walk = walker.walk;
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    walk.refused.sort();
    Ok(walk)
}

/// An error of the system without its number.
pub fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        io::ErrorKind::NotFound => "it is a link to nothing".to_owned(),
        _ => error.to_string(),
    }
}

struct Walker<'a> {
    walk: Walk,
    /// Folders by the paths that they really have.
    seen: HashSet<PathBuf>,
    /// Links to folders, with their depths.
    links: Vec<(PathBuf, usize)>,
    stop: &'a AtomicBool,
}

impl Walker<'_> {
    fn list(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.walk.hidden += 1;
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    self.folder(path, entry.file_type().is_ok_and(|t| t.is_symlink()), depth)
                }
                Ok(metadata) if metadata.is_file() => self.walk.files.push(listed(path, &metadata)),
                Ok(_) => self.walk.special += 1,
                Err(error) => self.walk.refused.push((path, in_words(&error))),
            }
        }
        Ok(())
    }

    fn folder(&mut self, path: PathBuf, is_link: bool, depth: usize) {
        if is_of_a_run(&path) {
            self.walk.runs += 1;
        } else if depth == DEEPEST {
            self.walk.refused.push((path, format!("it lies {DEEPEST} folders deep")));
        } else if is_link {
            self.links.push((path, depth + 1));
        } else if fs::canonicalize(&path).is_ok_and(|real| !self.seen.insert(real)) {
            self.walk.circles += 1;
        } else if let Err(error) = self.list(&path, depth + 1) {
            self.walk.refused.push((path, in_words(&error)));
        }
    }
}

/// Whether a folder is what the trainer makes beside a model, `gen.run` with its sample sheets. Who trains from within the folder of
/// pictures has one among them.
fn is_of_a_run(folder: &Path) -> bool {
    folder.extension().is_some_and(|ending| ending == "run") && folder.join("samples").is_dir()
}

fn listed(path: PathBuf, metadata: &Metadata) -> Listed {
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
    let modified = metadata.modified().ok().and_then(since).map_or(0, |duration| duration.as_nanos());
    Listed { path, len: metadata.len(), modified }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> (Vec<String>, Walk) {
        let walk = super::walk(dir, &AtomicBool::new(false)).unwrap();
        let name = |file: &Listed| file.path.strip_prefix(dir).unwrap().to_string_lossy().replace('\\', "/");
        (walk.files.iter().map(name).collect(), walk)
    }

    fn make(dir: &Path, files: &[&str]) {
        for file in files {
            fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
            fs::write(dir.join(file), file).unwrap();
        }
    }

    #[test]
    fn files_come_in_order_from_any_depth() {
        let dir = tempfile::tempdir().unwrap();
        let deep = format!("{}d.png", "x/".repeat(12));
        make(dir.path(), &["b", "a/c", "a/b.png", ".hidden", ".git/a", &deep]);
        let (files, walk) = names(dir.path());
        assert_eq!(files, ["a/b.png", "a/c", "b", &deep]);
        assert_eq!((walk.hidden, walk.circles, walk.refused.len()), (2, 0, 0));
        assert_eq!(walk.files[0].len, 7);
        assert!(super::walk(&dir.path().join("none"), &AtomicBool::new(false)).is_err());
    }

    #[test]
    fn what_a_trainer_drew_is_no_picture_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), &["1.png", "gen.run/samples/epoch-000.png", "gen.run/sweep.png", "trail.run/2.png"]);
        let (files, walk) = names(dir.path());
        assert_eq!(files, ["1.png", "trail.run/2.png"]);
        assert_eq!(walk.runs, 1);
    }

    #[test]
    #[cfg(unix)]
    fn links_are_followed_once_and_circles_end() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        make(dir.path(), &["a/1", "b/2"]);
        make(other.path(), &["3"]);
        symlink(".", dir.path().join("loop")).unwrap();
        symlink("..", dir.path().join("a/up")).unwrap();
        symlink("/", dir.path().join("everything")).unwrap();
        symlink("b", dir.path().join("A-link")).unwrap();
        symlink(other.path(), dir.path().join("other")).unwrap();
        symlink("a/1", dir.path().join("one")).unwrap();
        symlink("nothing", dir.path().join("dead")).unwrap();
        let (files, walk) = names(dir.path());
        assert_eq!(files, ["a/1", "b/2", "one", "other/3"]);
        assert_eq!((walk.circles, walk.refused.len()), (4, 1));
        assert!(walk.refused[0].1.contains("link to nothing"), "{:?}", walk.refused);
    }
}
