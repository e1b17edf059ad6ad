//! Folders that appear whole, files by their hash, and copies compressed for static hosts.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf, absolute};

use failure::{Failure, Result};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Turns what the operating system says into a failure that begins with `what`.
pub(crate) fn failed(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::failed(format!("{what}: {error}"))
}

/// Builds a folder beside `target`, then puts it in `target`'s place: a reader sees the old folder or the new one.
///
/// # Errors
/// If `build` fails, or the file system does; `target` is then as before.
pub fn replace<E: From<Failure>>(
    target: &Path,
    build: impl FnOnce(&Path) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let target = absolute(target).map_err(failed(format_args!("`{}` is no path", target.display())))?;
    let parent = target.parent().ok_or_else(|| Failure::usage(format!("`{}` cannot be replaced", target.display())))?;
    fs::create_dir_all(parent).map_err(failed(format_args!("cannot create `{}`", parent.display())))?;
    let beside = |purpose: &str| -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(&format!(".forger-{purpose}-"))
            .tempdir_in(parent)
            .map_err(failed(format_args!("cannot write in `{}`", parent.display())))
    };
    let new = beside("new")?;
    let folder = new.path().join("folder");
    fs::create_dir(&folder).map_err(failed(format_args!("cannot create `{}`", folder.display())))?;
    build(&folder)?;

    let old = beside("old")?;
    if target.exists() {
        fs::rename(&target, old.path().join("folder"))
            .map_err(failed(format_args!("cannot move the old `{}` away", target.display())))?;
    }
    fs::rename(&folder, &target).map_err(|error| {
        // Where it was: nothing is lost but the new one.
        let _ = fs::rename(old.path().join("folder"), &target);
        failed(format_args!("cannot put `{}` in place", target.display()))(error)
    })?;
    Ok(())
}

/// Lists the files under a folder, as paths relative to it, sorted; those for which `skip` holds are left out, and folders too.
///
/// # Errors
/// If a folder can't be read.
pub fn list(folder: &Path, skip: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(inner) = pending.pop() {
        let outer = folder.join(&inner);
        let cannot = || format!("cannot read `{}`", outer.display());
        for entry in fs::read_dir(&outer).map_err(failed(cannot()))? {
            let entry = entry.map_err(failed(cannot()))?;
            if skip(&entry.file_name().to_string_lossy()) {
                continue;
            }
            let path = inner.join(entry.file_name());
            if entry.path().is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file whole.
///
/// # Errors
/// If it can't be read: names it.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(failed(format_args!("cannot read `{}`", file.display())))
}

/// Reads a file of text.
///
/// # Errors
/// If it can't be read, or is no text: names it.
pub(crate) fn read_text(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(failed(format_args!("cannot read `{}`", file.display())))
}

/// Writes a file, making the folders it goes into.
///
/// # Errors
/// If it can't be written: names it.
pub fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    make_folder_of(file)?;
    fs::write(file, bytes).map_err(failed(format_args!("cannot write `{}`", file.display())))
}

/// Copies a file, making the folders it goes into.
///
/// # Errors
/// If it can't be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    make_folder_of(to)?;
    let what = || format!("cannot copy `{}` to `{}`", from.display(), to.display());
    fs::copy(from, to).map_err(failed(what()))?;
    Ok(())
}

fn make_folder_of(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    fs::create_dir_all(folder).map_err(failed(format_args!("cannot create `{}`", folder.display())))
}

/// Writes `FILE.gz` beside a file, as small as gzip gets, unless it is there.
///
/// # Errors
/// If a file can't be read or written.
pub fn gzip(file: &Path) -> Result<()> {
    let packed = with_suffix(file, "gz");
    if packed.exists() {
        return Ok(());
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let bytes = gzip.write_all(&read(file)?).and_then(|()| gzip.finish());
    write(&packed, &bytes.map_err(failed(format_args!("cannot compress `{}`", file.display())))?)
}

/// Adds `.suffix` to the name of `file`.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Gives the SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a size as people read it: `830 B`, `17.4 kB`, `6.61 MB`.
pub fn size(bytes: u64) -> String {
    let thousands = bytes as f64 / 1e3;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{thousands:.1} kB"),
        _ => format!("{:.2} MB", thousands / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let room = tempfile::tempdir().unwrap();
        let target = room.path().join("deep/site");
        let put = |name: &'static str| move |folder: &Path| write(&folder.join(name), b"x");
        let now = || list(&target, &|_| false).unwrap();

        replace(&target, put("first")).unwrap();
        assert_eq!(now(), [Path::new("first")]);
        replace(&target, put("second")).unwrap();
        assert_eq!(now(), [Path::new("second")]);
        let failed = replace(&target, |folder| {
            write(&folder.join("third"), b"x")?;
            Err(Failure::failed("no"))
        });
        assert!(failed.is_err());
        assert_eq!(now(), [Path::new("second")]);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_list_goes_into_folders_and_leaves_out_what_is_skipped() {
        let room = tempfile::tempdir().unwrap();
        for file in ["b", "a/c", "a/skip", "skip/d"] {
            let path = room.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = list(room.path(), &|name| name == "skip").unwrap();
        assert_eq!(found, [Path::new("a/c"), Path::new("b")]);
    }

    #[test]
    fn a_compressed_copy_unpacks_to_the_file_and_is_made_once() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("file.wasm");
        let bytes: Vec<u8> = (0..20_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        fs::write(&file, &bytes).unwrap();
        gzip(&file).unwrap();
        let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
        unpacked.write_all(&fs::read(with_suffix(&file, "gz")).unwrap()).unwrap();
        assert!(unpacked.finish().unwrap() == bytes);

        fs::write(with_suffix(&file, "gz"), "made before").unwrap();
        gzip(&file).unwrap();
        assert_eq!(fs::read(with_suffix(&file, "gz")).unwrap(), b"made before");
    }

    #[test]
    fn sizes_and_hashes_are_written_as_usual() {
        for (bytes, expected) in [(0, "0 B"), (999, "999 B"), (17_432, "17.4 kB"), (6_612_000, "6.61 MB")] {
            assert_eq!(size(bytes), expected);
        }
        // `printf abc | sha256sum`
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
