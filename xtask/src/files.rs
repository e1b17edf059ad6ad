//! Folders that appear whole, files by their hash, and copies compressed for static hosts.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Builds a folder beside `target`, then puts it in `target`'s place: a reader sees the old folder or the new one.
///
/// # Errors
/// If `build` fails, or the file system does; `target` is then as before.
pub(crate) fn replace_folder(target: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let target = absolute(target).with_context(|| format!("`{}` is no path", target.display()))?;
    let parent = target.parent().with_context(|| format!("`{}` cannot be replaced", target.display()))?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
    let beside = |purpose: &str| -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(&format!(".forger-{purpose}-"))
            .tempdir_in(parent)
            .with_context(|| format!("cannot write in `{}`", parent.display()))
    };
    let new = beside("new")?;
    let folder = new.path().join("folder");
    fs::create_dir(&folder)?;
    build(&folder)?;

    let old = beside("old")?;
    if target.exists() {
        fs::rename(&target, old.path().join("folder"))
            .with_context(|| format!("cannot move the old `{}` away", target.display()))?;
    }
    fs::rename(&folder, &target).with_context(|| format!("cannot put `{}` in place", target.display()))
}

/// The files under a folder, as paths relative to it, sorted; those for which `skip` holds are left out, and folders too.
///
/// # Errors
/// If a folder can't be read.
pub(crate) fn list(folder: &Path, skip: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(inner) = pending.pop() {
        let outer = folder.join(&inner);
        for entry in fs::read_dir(&outer).with_context(|| format!("cannot read `{}`", outer.display()))? {
            let entry = entry?;
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

/// Copies a file, making the folders it goes into.
///
/// # Errors
/// If it can't be read or written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

/// Writes `FILE.br` and `FILE.gz` beside a file, as small as those formats get.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn compress(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    fs::write(with_suffix(file, "br"), brotli(&bytes)?)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&bytes)?;
    fs::write(with_suffix(file, "gz"), gzip.finish()?)?;
    Ok(())
}

/// `file` with `.suffix` added to its name.
pub(crate) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A size as people read it: `830 B`, `17.4 kB`, `6.61 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let thousands = bytes as f64 / 1e3;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{thousands:.1} kB"),
        _ => format!("{:.2} MB", thousands / 1e3),
    }
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    // Quality 11 with a window as wide as the format allows: written once, downloaded by everyone.
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let room = tempfile::tempdir().unwrap();
        let target = room.path().join("deep/site");
        let write = |name: &'static str| move |folder: &Path| Ok(fs::write(folder.join(name), "x")?);
        let now = || list(&target, &|_| false).unwrap();

        replace_folder(&target, write("first")).unwrap();
        assert_eq!(now(), [Path::new("first")]);
        replace_folder(&target, write("second")).unwrap();
        assert_eq!(now(), [Path::new("second")]);
        let failed = replace_folder(&target, |folder| {
            fs::write(folder.join("third"), "x")?;
            anyhow::bail!("no")
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
    fn compressed_copies_unpack_to_the_file() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("file.wasm");
        let bytes: Vec<u8> = (0..20_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        fs::write(&file, &bytes).unwrap();
        compress(&file).unwrap();

        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &fs::read(with_suffix(&file, "br")).unwrap()[..], &mut unpacked).unwrap();
        assert!(unpacked == bytes, "br");
        let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
        unpacked.write_all(&fs::read(with_suffix(&file, "gz")).unwrap()).unwrap();
        assert!(unpacked.finish().unwrap() == bytes, "gz");
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
