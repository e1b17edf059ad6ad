//! GPUs of this machine, and how one is opened.
