//! The fused engine on a GPU: any vendor's, by wgpu.

pub mod device;
