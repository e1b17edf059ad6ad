//! GPUs of this machine, and how one is opened.

use crate::failure::{Failure, Result};

/// One.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its place in the list.
    pub index: usize,
    /// For people.
    pub name: String,
    /// Whether it is a program.
    pub software: bool,
    pub(crate) inner: wgpu::Adapter,
}

/// In bytes.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// The largest.
    pub largest_buffer: u64,
    /// All.
    pub total: u64,
}

/// An open one.
pub struct Device {
    /// wgpu's.
    pub device: wgpu::Device,
    /// wgpu's.
    pub queue: wgpu::Queue,
    /// For people.
    pub name: String,
}

/// All.
pub fn adapters() -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
    found
        .into_iter()
        .enumerate()
        .map(|(index, inner)| {
            let info = inner.get_info();
            Adapter { index, name: info.name, software: info.device_type == wgpu::DeviceType::Cpu, inner }
        })
        .collect()
}

/// Opens it.
pub fn open(adapter: &Adapter, needs: &Needs) -> Result<Device> {
    let limits = wgpu::Limits {
        max_buffer_size: needs.largest_buffer.max(256 << 20),
        max_storage_buffer_binding_size: needs.largest_buffer.max(128 << 20) as _,
        ..wgpu::Limits::default()
    };
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.inner.request_device(&descriptor))
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Device { device, queue, name: adapter.name.clone() })
}

/// A device that does nothing.
pub fn noop() -> Device {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::NOOP;
    descriptor.backend_options.noop.enable = true;
    let instance = wgpu::Instance::new(descriptor);
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP)).remove(0);
    let (device, queue) = pollster::block_on(adapter.request_device(&Default::default())).expect("noop always opens");
    Device { device, queue, name: "noop".to_owned() }
}

impl Device {
    /// Whether all is well.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
}
