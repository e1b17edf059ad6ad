//! Matrix products over flat buffers, and the threads that share them.

pub mod pool;
pub mod portable;
pub mod product;
