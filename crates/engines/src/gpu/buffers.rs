//! The engine's memory on the device: seven buffers, one bind group, and the way in and out of them.

use std::time::Duration;

use failure::{Failure, Result};
use gan::{Classes, Pictures};
use kernels::buffers::{NAMES, READ_ONLY, Sizes, control};
use kernels::plan::Dispatch;

use super::device::{Device, Needs};

/// Says how long a submission, 0.3 s of work or so, may take until the device is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds the engine's buffers on the device and what binds them to the kernels; the order is that of
/// [`kernels::buffers::NAMES`].
pub struct Buffers {
    pictures: wgpu::Buffer,
    order: wgpu::Buffer,
    rates: wgpu::Buffer,
    control: wgpu::Buffer,
    pub arena: wgpu::Buffer,
    pub state: wgpu::Buffer,
    pub stats: wgpu::Buffer,
    /// Counts the words of one replica's part of `order`.
    order_stride: usize,
    layout: wgpu::PipelineLayout,
    bind_group: wgpu::BindGroup,
}

impl Buffers {
    /// Makes the buffers, all zero, and their bind group; `order_stride` is how many words of order a replica has.
    pub fn new(Device { device, .. }: &Device, sizes: &Sizes, order_stride: usize) -> Self {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffers: [wgpu::Buffer; 7] = std::array::from_fn(|i| {
            let (label, size) = (Some(NAMES[i]), sizes.bytes[i]);
            device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation: false })
        });
        let entries: [wgpu::BindGroupLayoutEntry; 7] = std::array::from_fn(|i| wgpu::BindGroupLayoutEntry {
            binding: i as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: i < READ_ONLY },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        });
        let group_layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&group_layout)],
            ..Default::default()
        });
        let entries: [wgpu::BindGroupEntry; 7] = std::array::from_fn(|i| wgpu::BindGroupEntry {
            binding: i as u32,
            resource: buffers[i].as_entire_binding(),
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &group_layout,
            entries: &entries,
        });
        let [pictures, order, rates, control, arena, state, stats] = buffers;
        Self { pictures, order, rates, control, arena, state, stats, order_stride, layout, bind_group }
    }

    pub fn bind_group(&self) -> &wgpu::BindGroup {
        &self.bind_group
    }

    /// Makes the kernel of a dispatch ready to run.
    pub fn pipeline(&self, Device { device, .. }: &Device, dispatch: &Dispatch) -> wgpu::ComputePipeline {
        let label = Some(dispatch.name.as_str());
        let source = wgpu::ShaderSource::Wgsl(dispatch.source.as_str().into());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&self.layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every kernel writes its workgroup's memory before it reads it.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        })
    }

    /// Writes the data set's bytes, four to a word, the last word filled up with zeros; behind them the labels, a word
    /// each, where there are classes.
    pub fn write_pictures(&self, Device { queue, .. }: &Device, pictures: &Pictures, classes: Classes) {
        let bytes = &pictures.bytes;
        let whole = bytes.len() / 4 * 4;
        queue.write_buffer(&self.pictures, 0, &bytes[..whole]);
        let mut last = [0; 4];
        last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
        if whole < bytes.len() {
            queue.write_buffer(&self.pictures, whole as u64, &last);
        }
        if classes.0 > 0 {
            let labels: Vec<u32> = pictures.labels.iter().map(|&label| u32::from(label)).collect();
            let start = bytes.len().next_multiple_of(4) as u64;
            queue.write_buffer(&self.pictures, start, bytemuck::cast_slice(&labels));
        }
    }

    /// Writes a replica's order of an epoch, or the first of it.
    pub fn write_order(&self, Device { queue, .. }: &Device, replica: usize, order: &[u32]) {
        queue.write_buffer(&self.order, 4 * (replica * self.order_stride) as u64, bytemuck::cast_slice(order));
    }

    /// Writes the rates of the steps to come: [steps, RATES].
    pub fn write_rates(&self, Device { queue, .. }: &Device, rates: &[f32]) {
        queue.write_buffer(&self.rates, 0, bytemuck::cast_slice(rates));
    }

    /// Writes where the next step stands and the replicas' seeds, as [`control`] puts them.
    pub fn write_control(&self, Device { queue, .. }: &Device, step: u64, draws: bool, seeds: &[u64]) {
        queue.write_buffer(&self.control, 0, bytemuck::cast_slice(&control(step, draws, seeds)));
    }

    /// Writes `values` into the arena from the float `start` on.
    pub fn write_arena(&self, Device { queue, .. }: &Device, start: usize, values: &[f32]) {
        queue.write_buffer(&self.arena, 4 * start as u64, bytemuck::cast_slice(values));
    }

    /// Writes a replica's state; `stride` is how many floats the state of one has.
    pub fn write_state(&self, Device { queue, .. }: &Device, replica: usize, stride: usize, values: &[f32]) {
        queue.write_buffer(&self.state, 4 * (replica * stride) as u64, bytemuck::cast_slice(values));
    }
}

impl Needs {
    /// Says what a device must have for buffers of `sizes`.
    pub fn of(sizes: &Sizes) -> Self {
        Self { largest_buffer: *sizes.bytes.iter().max().expect("seven"), total: sizes.bytes.iter().sum() }
    }
}

impl Device {
    /// Waits until a submission is done.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer for a minute.
    pub fn wait(&self, index: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(index), timeout: Some(PATIENCE) };
        let answer = self.device.poll(wait);
        self.check()?;
        answer.map(drop).map_err(|error| {
            Failure::failed(format!("the GPU {} did not finish its work: {error}", self.name))
                .hint("the last checkpoint is kept; `--resume` goes on from it, with `--device cpu` on the CPU")
        })
    }

    /// Reads `len` floats of a buffer from the float `start` on; waits for whatever was submitted before.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory, or does not answer for a minute.
    pub fn read(&self, buffer: &wgpu::Buffer, start: usize, len: usize) -> Result<Vec<f32>> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let size = 4 * len as u64;
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 4 * start as u64, &staging, 0, size);
        let index = self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |_| ());
        self.wait(index)?;
        let view = staging.get_mapped_range(..).map_err(|error| {
            Failure::failed(format!("the GPU {} gave no results back: {error}", self.name))
                .hint("the last checkpoint is kept; `--resume` goes on from it, with `--device cpu` on the CPU")
        })?;
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}
