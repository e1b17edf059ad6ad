//! Two GPUs that are programs, for the tests of the GPU engine: lavapipe, which is Debian's, and SwiftShader, which comes with
//! Chromium. Two, because each forgives other mistakes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{apt, workspace};

/// What names drivers to Vulkan's loader.
pub(crate) const DRIVERS: &str = "VK_DRIVER_FILES";
/// A folder of the user's own, which lavapipe complains without.
const RUNTIME_FOLDER: &str = "XDG_RUNTIME_DIR";

const PACKAGES: [&str; 2] = ["mesa-vulkan-drivers", "libvulkan1"];
/// Where Debian's packages put descriptions of drivers.
const DESCRIPTIONS: &str = "/usr/share/vulkan/icd.d";
/// Where a browser's launcher, which may lie elsewhere, finds the browser.
const BROWSER_FOLDERS: [&str; 4] =
    ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome", "/usr/lib64/chromium-browser"];

/// Gives the variables by which the tests find both drivers, installing what is missing; empty, after saying why, where that is
/// not possible. Whoever has named drivers already is left alone.
///
/// `chromium`: the browser's program, beside which SwiftShader lies.
pub(crate) fn environment(chromium: &Path) -> Vec<(&'static str, OsString)> {
    if let Some(named) = std::env::var_os(DRIVERS).filter(|named| !named.is_empty()) {
        return vec![(DRIVERS, named)];
    }
    if !cfg!(target_os = "linux") {
        eprintln!("going on without Vulkan's software drivers, which are set up on Linux alone");
        return Vec::new();
    }
    let Some(lavapipe) = lavapipe() else { return Vec::new() };
    let Some(swiftshader) = swiftshader(chromium) else {
        eprintln!(
            "going on without Vulkan's software drivers: no `vk_swiftshader_icd.json` lies beside `{}`; name a Chromium that \
             has it in `FORGER_CHROMIUM` (on Debian: `{}`)",
            chromium.display(),
            apt::by_hand(&["chromium"])
        );
        return Vec::new();
    };
    let Ok(both) = std::env::join_paths([lavapipe, swiftshader]) else {
        eprintln!("going on without Vulkan's software drivers: `{}` has a colon in it", chromium.display());
        return Vec::new();
    };
    let mut environment = vec![(DRIVERS, both)];
    if std::env::var_os(RUNTIME_FOLDER).is_none() {
        let folder = workspace::target().join("vulkan");
        match std::fs::create_dir_all(&folder) {
            Ok(()) => environment.push((RUNTIME_FOLDER, folder.into())),
            Err(error) => eprintln!("cannot create `{}`: {error}", folder.display()),
        }
    }
    environment
}

fn lavapipe() -> Option<PathBuf> {
    let installed = || lavapipe_in(Path::new(DESCRIPTIONS));
    if let Some(path) = installed() {
        return Some(path);
    }
    let going_on = "going on without Vulkan's software drivers, so the tests of the GPU engine are skipped";
    if !apt::available() {
        eprintln!("{going_on}; Debian and Ubuntu have one: `{}`", apt::by_hand(&PACKAGES));
        return None;
    }
    if let Err(error) = apt::install(&PACKAGES) {
        eprintln!("{going_on}: {error:#}");
        return None;
    }
    let found = installed();
    if found.is_none() {
        eprintln!("{going_on}: no `lvp_icd*.json` came into `{DESCRIPTIONS}`");
    }
    found
}

/// lavapipe's description in `folder`; its name carries the processor's on some systems.
fn lavapipe_in(folder: &Path) -> Option<PathBuf> {
    let of_lavapipe = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("lvp_icd") && name.ends_with(".json")
    };
    let mut found: Vec<_> =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(of_lavapipe).collect();
    found.sort();
    // Several are for several processors: ours is told by its name, or it is the only one.
    let ours = found.iter().position(|path| path.to_string_lossy().contains(std::env::consts::ARCH));
    found.into_iter().nth(ours.unwrap_or(0))
}

fn swiftshader(chromium: &Path) -> Option<PathBuf> {
    let program = std::fs::canonicalize(chromium).unwrap_or_else(|_| chromium.to_path_buf());
    let beside = program.parent().map(Path::to_path_buf);
    let folders = beside.into_iter().chain(BROWSER_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join("vk_swiftshader_icd.json")).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lavapipe_is_told_from_its_neighbours_and_from_that_of_another_processor() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(lavapipe_in(&folder.path().join("none")), None);
        let ours = format!("lvp_icd.{}.json", std::env::consts::ARCH);
        for (name, expected) in [
            ("intel_icd.x86_64.json", None),
            ("lvp_icd.another.json", Some("lvp_icd.another.json")),
            (&ours, Some(ours.as_str())),
        ] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
            assert_eq!(lavapipe_in(folder.path()), expected.map(|name| folder.path().join(name)), "after {name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn swiftshader_is_found_beside_what_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(folder.path()).unwrap();
        let (program, link) = (real.join("browser"), tempfile::tempdir().unwrap());
        for file in ["browser", "vk_swiftshader_icd.json"] {
            std::fs::write(real.join(file), "").unwrap();
        }
        let link = link.path().join("chromium");
        std::os::unix::fs::symlink(program, &link).unwrap();
        assert_eq!(swiftshader(&link), Some(real.join("vk_swiftshader_icd.json")));
    }
}
