//! In place of `generator`, in a build without tract: the same names, and a sentence for who asks for a file to be judged.

use std::path::Path;

use interface::Range;

use failure::{Failure, Result};

/// No generator: there is none to be had.
pub enum Generator {}

impl Generator {
    /// Refuses.
    ///
    /// # Errors
    /// Always, with how to get a build that reads models.
    pub fn open(path: &Path, _: Option<Range>) -> Result<Self> {
        Err(Failure::usage(format!("`{}` cannot be judged: this build reads no models", path.display()))
            .hint("build with cargo's default features"))
    }

    /// Is never called, for want of a generator, as are all below.
    pub fn latent(&self) -> usize {
        match *self {}
    }

    /// Whether there are colours.
    pub fn is_coloured(&self) -> bool {
        match *self {}
    }

    /// Rows and columns.
    pub fn size(&self) -> [usize; 2] {
        match *self {}
    }

    /// What the numbers mean.
    pub fn range(&self) -> Range {
        match *self {}
    }

    /// What was found out.
    pub fn remark(&self, _: bool) -> Option<String> {
        match *self {}
    }

    /// Draws pictures.
    ///
    /// # Errors
    /// None.
    pub fn generate(&mut self, _: &[f32], _: [usize; 3], _: usize) -> Result<Vec<f32>> {
        match *self {}
    }

    /// Counts classes.
    pub fn classes(&self) -> usize {
        match *self {}
    }

    /// Gives the classes that pictures are drawn of.
    pub fn asked(&self, _: usize) -> Vec<usize> {
        match *self {}
    }
}
