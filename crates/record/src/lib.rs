//! What is known of a run between two steps: how far it has come, what an epoch says of itself, which failure has a name, and the
//! checkpoint that keeps all of it.
//!
//! Nothing here reads a file, a clock or a flag: the trainer's runs and those of a page stand on the same records, so that what
//! one has begun the other can go on with.

pub mod asked;
pub mod checkpoint;
pub mod epoch;
pub mod parcel;
pub mod progress;
pub mod watch;
