//! Files that appear whole or not at all.
//!
//! The bytes go to a temporary file in the same folder, are flushed to the disk, and take their name by a rename, which
//! replaces an older file in one step. The folder's own entry is not flushed: after a power cut the old file or the
//! new one is there, either of them whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf, is_separator};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `bytes` as the file `path`, replacing what is there; on failure the older file is left as it was and nothing
/// new stays in the folder.
///
/// The file gets the permissions of any new file, or keeps those of the one it replaces. A symbolic link stays and its
/// target is replaced. Where `path` is a device or a pipe there is nothing to replace, so it is written to directly.
///
/// # Errors
/// What the operating system says: no such folder, no permission, no space, or `path` is a folder.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if before.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if before.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let target = target_of(path)?;
    let temporary = Temporary::beside(&target)?;
    let mut file = temporary.create()?;
    file.write_all(bytes)?;
    if let Some(before) = before {
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()?;
    // Windows renames no open file.
    drop(file);
    temporary.rename_to(&target)
}

/// Gives the file that writing to `path` writes: `path` itself, or what it links to, whether that is there yet or not.
///
/// # Errors
/// Links in a circle.
pub fn target_of(path: &Path) -> io::Result<PathBuf> {
    /// As many links as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&target) else { return Ok(target) };
        // A relative link starts where it lies.
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link that leads in a circle"))
}

/// Says whether `path` starts with a `~` that a shell would have replaced by the user's home, had it not been quoted.
pub fn has_literal_home(path: &Path) -> bool {
    path.starts_with("~") && !Path::new("~").exists()
}

/// Gives the folder that the file `path` lies in or would lie in: asked before the work that is to end in it.
///
/// # Errors
/// Says why `path` cannot be a file to write, as what follows its name in a sentence: it is a folder, or its folder
/// does not exist.
pub fn folder_of(path: &Path) -> Result<&Path, String> {
    let ends_as_a_folder = path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| is_separator(byte.into()));
    if path.file_name().is_none() || path.is_dir() || ends_as_a_folder {
        return Err("is a folder, not a file".to_owned());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("lies in the folder `{}`, which does not exist", folder.display()));
    }
    Ok(folder)
}

/// Names a file that is gone when this is dropped, unless it was renamed.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Makes up a hidden name in the target's folder that no other process and no other thread of this one uses.
    fn beside(target: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "it has no file name");
        let mut name = OsString::from(".");
        name.push(target.file_name().ok_or_else(invalid)?);
        name.push(format!(".{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        Ok(Self { path: target.with_file_name(name) })
    }

    fn create(&self) -> io::Result<File> {
        // Truncating: a file of this very name can only be left over from a killed process that had the same number.
        OpenOptions::new().write(true).create(true).truncate(true).open(&self.path)
    }

    fn rename_to(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing to report: the error that led here is the one to tell, and the file may never have been made.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced_with_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gen.onnx");
        for bytes in [&b"a long first version"[..], b"second", b""] {
            write_whole(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(entries(folder.path()), ["gen.onnx"]);
        }
    }

    #[test]
    fn a_failure_leaves_the_folder_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        for (name, path) in [
            ("a folder", folder.path().join("inner")),
            ("no such folder", folder.path().join("missing").join("gen.onnx")),
            ("name too long for the disk", folder.path().join("n".repeat(300))),
            ("no name", folder.path().join("..")),
        ] {
            assert!(write_whole(&path, b"bytes").is_err(), "{name}");
            assert_eq!(entries(folder.path()), ["inner"], "{name}");
        }
    }

    #[test]
    fn a_failed_rename_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("gen.onnx");
        let temporary = Temporary::beside(&target).unwrap();
        temporary.create().unwrap();
        assert_eq!(entries(folder.path()).len(), 1);
        fs::create_dir(&target).unwrap();
        assert!(temporary.rename_to(&target).is_err(), "a file does not replace a folder");
        assert_eq!(entries(folder.path()), ["gen.onnx"]);
    }

    #[test]
    fn threads_that_write_one_file_leave_one_whole_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gen.onnx");
        std::thread::scope(|scope| {
            for fill in 0..8 {
                let path = &path;
                scope.spawn(move || write_whole(path, &[fill; 10_000]).unwrap());
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes, vec![bytes[0]; 10_000]);
        assert_eq!(entries(folder.path()), ["gen.onnx"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_a_new_file_or_of_the_one_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let (plain, whole) = (folder.path().join("plain"), folder.path().join("whole"));
        fs::write(&plain, b"bytes").unwrap();
        write_whole(&whole, b"bytes").unwrap();
        assert_eq!(mode(&whole), mode(&plain));

        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&whole, private).unwrap();
        write_whole(&whole, b"other bytes").unwrap();
        assert_eq!(mode(&whole) & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, b"old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");

        // A link to what is not there yet, by another link: it is made where they lead.
        std::os::unix::fs::symlink("link", folder.path().join("second")).unwrap();
        fs::remove_file(&target).unwrap();
        write_whole(&folder.path().join("second"), b"first").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"first");
        assert!(fs::symlink_metadata(folder.path().join("second")).unwrap().is_symlink());
        fs::remove_file(folder.path().join("second")).unwrap();
        std::os::unix::fs::symlink("circle", folder.path().join("circle")).unwrap();
        assert!(
            write_whole(&folder.path().join("circle"), b"x").is_err()
                && target_of(&folder.path().join("circle")).is_err()
        );
        fs::remove_file(folder.path().join("circle")).unwrap();

        // Reached by a link, so that a wrong rename would replace the link and not the machine's own device.
        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        write_whole(&device, b"gone").unwrap();
        assert!(!fs::metadata(&device).unwrap().is_file());
        assert_eq!(entries(folder.path()), ["device", "link", "target"]);
    }
}
