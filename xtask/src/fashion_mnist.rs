//! Fashion-MNIST, a second real data set in MNIST's format, as Debian packages it.

use std::path::{Path, PathBuf};

use crate::apt;

const FOLDER: &str = "/usr/share/datasets/fashion-mnist";
const PACKAGE: &str = "dataset-fashion-mnist";

/// Gives its folder, installing it if need be; `None`, after saying why, where that is not possible.
pub(crate) fn find() -> Option<PathBuf> {
    let folder = Path::new(FOLDER);
    if !folder.exists() {
        if !apt::available() {
            let by_hand = apt::by_hand(&[PACKAGE]);
            eprintln!(
                "going on without Fashion-MNIST, so its tests are skipped; Debian and Ubuntu have it: `{by_hand}`"
            );
            return None;
        }
        if let Err(error) = apt::install(&[PACKAGE]) {
            eprintln!("going on without Fashion-MNIST, so its tests are skipped: {error:#}");
            return None;
        }
    }
    Some(folder.to_path_buf())
}
