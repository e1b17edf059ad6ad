//! In place of `gpu`, in a build without wgpu: a sentence for who asks what a GPU is asked for.

use serde::Serialize;

use super::Options;
use failure::{Failure, Result};

/// No recording: there is no device to record for.
#[derive(Clone, Debug, Serialize)]
pub enum Recording {}

/// Refuses.
///
/// # Errors
/// Always, with how to get a build that has the engine.
pub fn recordings(_: &Options, _: impl FnMut(&Recording)) -> Result<()> {
    Err(Failure::failed("this build has no GPU engine")
        .hint("build with `--features gpu`, as cargo's default features do"))
}
