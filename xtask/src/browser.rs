//! Browsers for the tests of the page: those that are installed, else Debian's.

use std::path::PathBuf;

use anyhow::Result;

use crate::hint::hinted;
use crate::{apt, program};

/// Names the same engine goes by.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Where macOS keeps what isn't on the PATH.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// What Firefox goes by, the release that Debian has first.
const FIREFOX_NAMES: [&str; 2] = ["firefox-esr", "firefox"];

/// Gives the browser's program, installing it if need be. `FORGER_CHROMIUM` names another one.
///
/// # Errors
/// If there is none and it can't be installed: says what to type.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("FORGER_CHROMIUM").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    if let Some(path) = installed() {
        return Ok(path);
    }
    if apt::available() {
        apt::install(&["chromium"])?;
    }
    installed().ok_or_else(|| {
        hinted(
            "there is no Chromium or Chrome for the tests of the page",
            format_args!(
                "install one (on Debian: `{}`), or name its program in `FORGER_CHROMIUM`",
                apt::by_hand(&["chromium"])
            ),
        )
    })
}

/// Gives a Firefox for the way through the page that is tested there too, installing it where that can be done; `FORGER_FIREFOX`
/// names another one. Without any that test is skipped.
pub(crate) fn find_firefox() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FORGER_FIREFOX").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let installed = || FIREFOX_NAMES.iter().find_map(|name| program::find(name));
    if installed().is_none() && apt::available() {
        // Not every system has a package of it: Ubuntu's is a stub.
        apt::install(&["firefox-esr"]).ok()?;
    }
    installed()
}

fn installed() -> Option<PathBuf> {
    let applications = APPLICATIONS.iter().map(PathBuf::from).filter(|path| path.exists());
    NAMES.iter().filter_map(|name| program::find(name)).chain(applications).next()
}
