//! What a run shows: sheets, films, curves, pages, and event files for TensorBoard.

pub mod animation;
pub mod compare;
pub mod report;
pub mod sheet;
pub mod tensorboard;
