//! The fused engine.
