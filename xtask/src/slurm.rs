//! Slurm, for the tests of studies on a cluster: Debian's own packages. The tests start its daemons themselves.

use crate::{apt, program};

const PACKAGES: [&str; 2] = ["slurm-wlm", "munge"];

/// Installs Slurm if need be; where that is not possible, says so, and the tests skip what needs it.
pub(crate) fn prepare() {
    if program::find("sbatch").is_some() && program::find("munge").is_some() {
        return;
    }
    let going_on = "going on without Slurm, so the tests of studies on a cluster are skipped";
    if !apt::available() {
        eprintln!("{going_on}; Debian and Ubuntu have it: `{}`", apt::by_hand(&PACKAGES));
    } else if let Err(error) = apt::install(&PACKAGES) {
        eprintln!("{going_on}: {error:#}");
    }
}
