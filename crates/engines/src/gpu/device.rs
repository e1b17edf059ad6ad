//! GPUs of this machine: which there are, which is taken, and how one is opened.
//!
//! A software adapter, a program that plays a GPU on the CPU, is never taken unless it is asked for by its number: Mesa would
//! silently offer one, and it is some two hundred times slower than the CPU engine.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use serde::Serialize;

use failure::{Failure, Result};

/// Lists what drives a GPU here, in the order in which the same GPU is preferred.
const BACKENDS: wgpu::Backends = wgpu::Backends::VULKAN.union(wgpu::Backends::METAL).union(wgpu::Backends::DX12);
/// Counts the storage buffers that a kernel takes; below, the lanes and the bytes of memory of a workgroup.
const STORAGE_BUFFERS: u32 = 7;
const LANES: u32 = 64;
const WORKGROUP_BYTES: u32 = 8 << 10;
const NO_DRIVER: &str = "install the GPU's driver and `libvulkan1`; in an NVIDIA container also set \
    `NVIDIA_DRIVER_CAPABILITIES=all` and install `libxext6 libegl1`; or give `--device cpu`";

/// Says what kind of thing an adapter is; earlier ones are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sits on a card of its own, with memory of its own.
    Discrete,
    /// Sits in the CPU's package and shares its memory.
    Integrated,
    /// Stands for a part of a GPU, given to a virtual machine.
    Virtual,
    /// Stands for some GPU: the driver does not say which kind.
    Other,
    /// Stands for a program that plays a GPU on the CPU.
    Software,
}

/// Describes an adapter for people and for `trainer devices --json`, whose keys are these fields.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// Numbers the adapter as `--device gpu:INDEX` does, from 0.
    pub index: usize,
    /// Names the adapter as its driver calls it, for example `NVIDIA H100`.
    pub name: String,
    /// Names who made it; a PCI vendor that is not known is its number, as `0x1234`.
    pub vendor: String,
    /// Names the interface that drives it: `Vulkan`, `Metal` or `Dx12`.
    pub backend: String,
    /// Gives the name and the version of the driver, as the driver tells them.
    pub driver: String,
    /// Says whether it is a GPU, and of which kind, or a program.
    pub kind: Kind,
    /// Gives the bytes of the largest buffer that a kernel can use.
    pub largest_buffer: u64,
    /// Counts the buffers that one kernel can use.
    pub storage_buffers: u32,
    /// Counts the lanes that a workgroup can have.
    pub lanes: u32,
    /// Gives the bytes of memory that a workgroup can have of its own.
    pub workgroup_bytes: u32,
}

/// Holds a GPU that could be opened, or a program in place of one.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Describes it; nothing else of it is told.
    pub description: Description,
    inner: wgpu::Adapter,
}

/// Says how much memory a run takes of a device, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Gives the bytes of the largest buffer, which the device must allow.
    pub largest_buffer: u64,
    /// Gives the bytes of all buffers together.
    pub total: u64,
}

/// Holds an open GPU, and remembers the first thing that goes wrong with it.
pub struct Device {
    /// Makes buffers, pipelines and encoders: wgpu's device.
    pub device: wgpu::Device,
    /// Takes submissions and writes: wgpu's queue.
    pub queue: wgpu::Queue,
    /// Names the adapter as its driver calls it.
    pub name: String,
    /// Holds the first thing that went wrong, if anything did.
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// Says what can go wrong with an open device, with the driver's own words.
#[derive(Clone, Debug)]
enum Trouble {
    Lost(String),
    OutOfMemory,
    Other(String),
}

/// Lists every adapter of this machine: GPUs first, by [`Kind`], then as the system lists them.
pub fn adapters() -> Vec<Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = BACKENDS;
    // Not wgpu's debugging aids: a driver's validation layers are not for users.
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    let mut found: Vec<Adapter> = pollster::block_on(instance.enumerate_adapters(BACKENDS))
        .into_iter()
        .map(|inner| Adapter { description: describe(&inner.get_info(), &inner.limits()), inner })
        .collect();
    found.sort_by_key(|adapter| adapter.description.kind);
    found.iter_mut().enumerate().for_each(|(index, adapter)| adapter.description.index = index);
    found
}

fn describe(info: &wgpu::AdapterInfo, limits: &wgpu::Limits) -> Description {
    Description {
        index: 0,
        name: info.name.clone(),
        vendor: vendor(info.vendor),
        backend: format!("{:?}", info.backend),
        driver: [info.driver.as_str(), &info.driver_info].join(" ").trim().to_owned(),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => Kind::Discrete,
            wgpu::DeviceType::IntegratedGpu => Kind::Integrated,
            wgpu::DeviceType::VirtualGpu => Kind::Virtual,
            wgpu::DeviceType::Other => Kind::Other,
            wgpu::DeviceType::Cpu => Kind::Software,
        },
        largest_buffer: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        lanes: limits.max_compute_invocations_per_workgroup,
        workgroup_bytes: limits.max_compute_workgroup_storage_size,
    }
}

/// Gives a PCI vendor's name, or its number where it is not known.
fn vendor(id: u32) -> String {
    let known = [
        (0x10de, "NVIDIA"),
        (0x1002, "AMD"),
        (0x8086, "Intel"),
        (0x106b, "Apple"),
        (0x13b5, "Arm"),
        (0x5143, "Qualcomm"),
        (0x1010, "Imagination"),
        (0x1_0005, "Mesa"),
        (0x1ae0, "Google"),
        (0x1414, "Microsoft"),
    ];
    known.iter().find(|(number, _)| *number == id).map_or_else(|| format!("{id:#06x}"), |(_, name)| (*name).to_owned())
}

/// Gives the adapter that `--device` means: `gpu:INDEX` any of them, `gpu` and `auto` the first that is a GPU.
///
/// # Errors
/// Fails if there is none that is meant, and says what there is instead.
pub fn choose(index: Option<usize>) -> Result<Adapter> {
    let mut adapters = adapters();
    let descriptions: Vec<_> = adapters.iter().map(|adapter| adapter.description.clone()).collect();
    Ok(adapters.swap_remove(pick(&descriptions, index)?))
}

fn pick(adapters: &[Description], index: Option<usize>) -> Result<usize> {
    if let Some(index) = index {
        return if index < adapters.len() {
            Ok(index)
        } else {
            let there = match adapters.len() {
                0 => "there is none".to_owned(),
                1 => "there is only `gpu:0`".to_owned(),
                count => format!("there are `gpu:0` to `gpu:{}`", count - 1),
            };
            Err(Failure::failed(format!("there is no `gpu:{index}`: {there}"))
                .hint(format!("`trainer devices` lists them; {NO_DRIVER}")))
        };
    }
    if let Some(first) = adapters.iter().position(|adapter| adapter.kind != Kind::Software) {
        return Ok(first);
    }
    Err(match adapters.first() {
        None => Failure::failed("no GPU was found: no Vulkan, Metal or DirectX 12 driver answers").hint(NO_DRIVER),
        Some(software) => Failure::failed(format!("no GPU was found, only {}, which runs on the CPU", software.name))
            .hint(format!("{NO_DRIVER}; `--device gpu:{}` takes the software driver all the same", software.index)),
    })
}

/// Opens an adapter for what a run needs of it.
///
/// # Errors
/// Fails if one of the adapter's limits is too small, or if the driver refuses.
pub fn open(adapter: &Adapter, needs: &Needs) -> Result<Device> {
    let Adapter { description, inner } = adapter;
    check_needs(description, needs)?;
    let required_limits = wgpu::Limits {
        max_buffer_size: needs.largest_buffer,
        max_storage_buffer_binding_size: needs.largest_buffer,
        max_storage_buffers_per_shader_stage: STORAGE_BUFFERS,
        ..wgpu::Limits::downlevel_defaults()
    };
    let descriptor = wgpu::DeviceDescriptor { label: Some("forger"), required_limits, ..Default::default() };
    let (device, queue) = pollster::block_on(inner.request_device(&descriptor)).map_err(|error| {
        Failure::failed(format!("the GPU {} cannot be opened: {error}", description.name))
            .hint("give `--device cpu`, or another one that `trainer devices` lists")
    })?;
    Ok(Device::new(device, queue, description.name.clone()))
}

/// Checks that the adapter's limits allow what a run needs.
///
/// # Errors
/// Names the first limit that is too small, with what is needed and what is allowed.
fn check_needs(adapter: &Description, needs: &Needs) -> Result<()> {
    let rows: [(&str, u64, u64, &str); 4] = [
        (
            "bytes in one buffer",
            needs.largest_buffer,
            adapter.largest_buffer,
            "give fewer `--replicas`, a smaller `--batch` or `--hidden`, or `--device cpu`",
        ),
        ("buffers in a kernel", STORAGE_BUFFERS.into(), adapter.storage_buffers.into(), "give `--device cpu`"),
        ("lanes in a workgroup", LANES.into(), adapter.lanes.into(), "give `--device cpu`"),
        ("bytes in a workgroup", WORKGROUP_BYTES.into(), adapter.workgroup_bytes.into(), "give `--device cpu`"),
    ];
    for (what, needed, there, hint) in rows {
        if needed > there {
            let name = &adapter.name;
            return Err(Failure::failed(format!(
                "the GPU {name} is too small: {needed} {what} needed, {there} allowed"
            ))
            .hint(hint));
        }
    }
    Ok(())
}

/// Opens wgpu's backend that does nothing: for counting what is asked of a device, and timing how it is asked.
pub fn noop() -> Device {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::NOOP;
    descriptor.backend_options.noop.enable = true;
    let instance = wgpu::Instance::new(descriptor);
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP)).swap_remove(0);
    let (device, queue) = pollster::block_on(adapter.request_device(&Default::default())).expect("it needs nothing");
    Device::new(device, queue, "noop".to_owned())
}

impl Device {
    fn new(device: wgpu::Device, queue: wgpu::Queue, name: String) -> Self {
        let trouble = Arc::new(Mutex::new(None));
        let first = trouble.clone();
        let note = move |what: Trouble| {
            first.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(what);
        };
        let also = note.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            also(match error {
                wgpu::Error::OutOfMemory { .. } => Trouble::OutOfMemory,
                other => Trouble::Other(other.to_string()),
            });
        }));
        device.set_device_lost_callback(move |_, message| note(Trouble::Lost(message)));
        Self { device, queue, name, trouble }
    }

    /// Tells whether all has gone well so far.
    ///
    /// # Errors
    /// Fails if the device is lost, out of memory or has reported any other error, and says what to do.
    pub fn check(&self) -> Result<()> {
        let trouble = self.trouble.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        trouble.map_or(Ok(()), |trouble| Err(failure(&self.name, &trouble)))
    }
}

fn failure(name: &str, trouble: &Trouble) -> Failure {
    // A driver's own text may have many lines; the first says it.
    let line = |text: &str| {
        text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why").trim().to_owned()
    };
    let go_on = "the last checkpoint is kept: `--resume` goes on from it, with `--device cpu` on the CPU";
    match trouble {
        Trouble::Lost(message) => Failure::failed(format!("the GPU {name} was lost: {}", line(message)))
            .hint(format!("a driver ends what it takes to hang, and a reset or an update ends everything; {go_on}")),
        Trouble::OutOfMemory => Failure::failed(format!("the GPU {name} is out of memory")).hint(format!(
            "give fewer `--replicas`, a smaller `--batch` or `--hidden`, or end what else uses it; {go_on}"
        )),
        Trouble::Other(message) => Failure::failed(format!("the GPU {name} failed: {}", line(message))).hint(go_on),
    }
}

/// Lists for people what there is, a line each, then what `auto` takes and why; `cores` is how many the CPU has.
pub fn table(adapters: &[Description], cores: usize) -> String {
    let mut text = format!("{:<8}the CPU, {cores} core{}\n", "cpu", if cores == 1 { "" } else { "s" });
    for adapter in adapters {
        let Description { index, name, vendor, backend, driver, kind, largest_buffer, .. } = adapter;
        let kind = match kind {
            Kind::Software => "software, runs on the CPU",
            Kind::Discrete => "discrete GPU",
            Kind::Integrated => "integrated GPU",
            Kind::Virtual => "virtual GPU",
            Kind::Other => "GPU",
        };
        writeln!(
            text,
            "{:<8}{name}, {kind}, by {vendor}; {backend}, driver {driver}; buffers up to {} MiB, {} a kernel; workgroups of {} lanes and {} KiB",
            format!("gpu:{index}"),
            largest_buffer >> 20,
            adapter.storage_buffers,
            adapter.lanes,
            adapter.workgroup_bytes >> 10,
        )
        .expect("a string takes any text");
    }
    match pick(adapters, None) {
        Ok(index) => writeln!(text, "\n`--device auto` takes gpu:{index}, {}", adapters[index].name),
        Err(failure) => writeln!(
            text,
            "\n`--device auto` takes the CPU: {}\n\nhint: {}",
            failure.message,
            failure.hint.unwrap_or_default()
        ),
    }
    .expect("a string takes any text");
    text
}

/// Lists what there is as one line of JSON: `cores`, `adapters` as [`Description`]s, and `auto`, which is `cpu` or
/// `gpu:N`.
pub fn json(adapters: &[Description], cores: usize) -> String {
    let auto = pick(adapters, None).map_or_else(|_| "cpu".to_owned(), |index| format!("gpu:{index}"));
    serde_json::json!({ "cores": cores, "adapters": adapters, "auto": auto }).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(index: usize, name: &str, kind: Kind) -> Description {
        Description {
            index,
            name: name.to_owned(),
            vendor: vendor(0x10de),
            backend: "Vulkan".to_owned(),
            driver: "driver 1.2".to_owned(),
            kind,
            largest_buffer: 128 << 20,
            storage_buffers: 8,
            lanes: 256,
            workgroup_bytes: 16 << 10,
        }
    }

    #[test]
    fn a_software_adapter_is_taken_by_its_number_alone() {
        let (gpu, program) = (adapter(0, "A Card", Kind::Discrete), adapter(1, "llvmpipe", Kind::Software));
        let only = [adapter(0, "llvmpipe", Kind::Software)];
        for (name, adapters, index, expected) in [
            ("auto", &[gpu.clone(), program.clone()][..], None, Ok(0)),
            ("by number", &[gpu, program], Some(1), Ok(1)),
            ("software by number", &only, Some(0), Ok(0)),
            ("software alone", &only, None, Err("no GPU was found, only llvmpipe, which runs on the CPU")),
            ("none", &[], None, Err("no GPU was found: no Vulkan, Metal or DirectX 12 driver answers")),
            ("none by number", &[], Some(2), Err("there is no `gpu:2`: there is none")),
            ("too high", &only, Some(3), Err("there is no `gpu:3`: there is only `gpu:0`")),
        ] {
            let picked = pick(adapters, index);
            if let Err(failure) = &picked {
                assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("--device cpu")), "{name}");
            }
            assert_eq!(picked.map_err(|failure| failure.message), expected.map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn what_an_adapter_lacks_is_said_with_both_numbers() {
        let card = adapter(0, "A Card", Kind::Discrete);
        assert!(check_needs(&card, &Needs { largest_buffer: 128 << 20, total: 0 }).is_ok());
        let failure = check_needs(&card, &Needs { largest_buffer: 200_000_000, total: 0 }).unwrap_err();
        assert_eq!(
            failure.message,
            "the GPU A Card is too small: 200000000 bytes in one buffer needed, 134217728 allowed"
        );
        assert!(failure.hint.unwrap().contains("--replicas"));
        let small = Description { storage_buffers: 4, ..card };
        let failure = check_needs(&small, &Needs { largest_buffer: 1, total: 0 }).unwrap_err();
        assert_eq!(failure.message, "the GPU A Card is too small: 7 buffers in a kernel needed, 4 allowed");
    }

    #[test]
    fn trouble_is_one_line_and_what_to_do() {
        for (trouble, expected) in [
            (Trouble::Lost("\nreset by the driver\nmore".to_owned()), "the GPU X was lost: reset by the driver"),
            (Trouble::Lost(String::new()), "the GPU X was lost: it does not say why"),
            (Trouble::OutOfMemory, "the GPU X is out of memory"),
            (Trouble::Other("a kernel is wrong".to_owned()), "the GPU X failed: a kernel is wrong"),
        ] {
            let failure = failure("X", &trouble);
            assert_eq!(failure.message, expected);
            assert!(failure.hint.unwrap().contains("--resume"), "{expected}");
            assert_eq!(failure.kind, failure::Kind::Failed);
        }
    }

    #[test]
    fn the_first_error_of_a_device_is_kept_and_told() {
        let device = noop();
        device.check().unwrap();
        // A buffer that the limits forbid.
        let usage = wgpu::BufferUsages::STORAGE;
        let size = u64::MAX / 2;
        let _ = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation: false,
        });
        let failure = device.check().unwrap_err();
        assert!(failure.message.starts_with("the GPU noop"), "{}", failure.message);
    }

    #[test]
    fn the_table_says_what_auto_takes_and_the_json_has_every_limit() {
        let both = [adapter(0, "A Card", Kind::Discrete), adapter(1, "llvmpipe", Kind::Software)];
        assert!(table(&both, 2).contains("`--device auto` takes gpu:0, A Card"));
        assert!(table(&both[..0], 1).contains("`--device auto` takes the CPU: no GPU was found"));
        let value: serde_json::Value = serde_json::from_str(&json(&both, 2)).unwrap();
        assert_eq!((&value["auto"], &value["cores"]), (&"gpu:0".into(), &2.into()));
        assert_eq!((&value["adapters"][1]["kind"], &value["adapters"][0]["lanes"]), (&"software".into(), &256.into()));
    }
}
