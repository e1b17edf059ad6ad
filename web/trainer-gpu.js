// @ts-check
/**
 * The steps of a run on the visitor's GPU, by WebGPU.
 *
 * What is computed comes from the module that trains: the kernels and their order, what lies in the buffers, an epoch's order and
 * rates. This file gives it to the device, a few steps at a time, and brings back what they reported and the state after them.
 * Nothing else crosses. Whatever goes wrong here is no end of a run: the module has the state that was last read, and goes on.
 */

import { ForgerError } from './error.js';

/** What a submission is aimed at, in ms. One may last half as long again: a page that the same GPU draws stays smooth at 30. */
const SUBMISSION_MS = 20;
const MEBIBYTE = 2 ** 20;

/** @typedef {import('./runtime/trainer.js').Training} Run */
/** @typedef {typeof import('./runtime/trainer.js')} TrainerModule */

/** Asks for an adapter; `null` where there is none. It need not wait for what trains. @returns {Promise<GPUAdapter | null>} */
export async function findAdapter() {
  try {
    return (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  } catch {
    return null;
  }
}

/** Whether an adapter is a program that stands in for a GPU. @param {GPUAdapter} adapter */
export function isSoftware({ info }) {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`);
}

/** What people may call an adapter. @param {GPUAdapterInfo} info */
function nameOf({ description, device, vendor, architecture }) {
  return description || device || [vendor, architecture].filter(Boolean).join(' ') || 'a GPU';
}

/** A device that takes a run's steps. */
export class Gpu {
  /** @type {GPUDevice} */
  #device;
  /** @type {GPUBindGroup} */
  #bindGroup;
  /** @type {{pipeline: GPUComputePipeline, x: number, y: number}[]} */
  #dispatches;
  /** By name. @type {Record<string, GPUBuffer>} */
  #buffers;
  /** @type {GPUBuffer} */
  #staging;
  /** Bytes of a row of statistics. */
  #row;
  /** Rejects when the device is lost. @type {Promise<never>} */
  #lost;
  /** Steps of the epoch that are yet to be submitted; rows of its statistics that are done, and read. */
  #left = 0;
  #done = 0;
  #read = 0;
  /** Steps of the next submission. */
  #count = 1;

  /** Use {@link Gpu.open}. @param {GPUDevice} device @param {string} name @param {number} row */
  constructor(device, name, row) {
    this.#device = device;
    this.name = name;
    this.#row = row;
    this.#lost = device.lost.then(({ message }) => {
      throw gone(message);
    });
    // Whoever waits for the device hears of it.
    this.#lost.catch(() => {});
    [this.#bindGroup, this.#dispatches, this.#buffers, this.#staging] = /** @type {any} */ ([undefined, [], {}, undefined]);
  }

  /**
   * Hands a run over to a device.
   * @param {GPUAdapter} adapter @param {TrainerModule} module @param {Run} run
   * @returns {Promise<Gpu>}
   */
  static async open(adapter, module, run) {
    const bytes = run.gpuPlan();
    const largest = Math.max(...bytes);
    const { maxStorageBufferBindingSize: binding, maxBufferSize: buffer } = adapter.limits;
    if (largest > Math.min(binding, buffer)) {
      throw unfit(`This run needs ${Math.ceil(largest / MEBIBYTE)} MiB in one piece, and the GPU gives ${Math.floor(Math.min(binding, buffer) / MEBIBYTE)}`);
    }
    const atLeast = (/** @type {number} */ usual) => Math.max(largest, usual);
    const device = await adapter.requestDevice({
      requiredLimits: { maxStorageBufferBindingSize: Math.min(binding, atLeast(1 << 27)), maxBufferSize: Math.min(buffer, atLeast(1 << 28)) },
    });
    const names = module.gpuBuffers();
    const gpu = new Gpu(device, nameOf(adapter.info), 4 * module.statistics().length);
    try {
      await gpu.#prepare(run, names, bytes, module.gpuReadOnly());
      run.toGpu(gpu.name);
      gpu.begin(run);
      return gpu;
    } catch (error) {
      gpu.free();
      throw error;
    }
  }

  /** Makes buffers and kernels. @param {Run} run @param {string[]} names @param {Float64Array} bytes @param {number} readOnly */
  async #prepare(run, names, bytes, readOnly) {
    const device = this.#device;
    for (const filter of /** @type {const} */ (['validation', 'out-of-memory'])) device.pushErrorScope(filter);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffers = [...bytes].map((size, i) => device.createBuffer({ label: names[i], size, usage }));
    this.#buffers = Object.fromEntries(names.map((name, i) => [name, buffers[i]]));
    const size = this.#buffers.stats.size + this.#buffers.state.size;
    this.#staging = device.createBuffer({ label: 'staging', size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const groupLayout = device.createBindGroupLayout({
      entries: buffers.map((_, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: binding < readOnly ? 'read-only-storage' : 'storage' },
      })),
    });
    this.#bindGroup = device.createBindGroup({ layout: groupLayout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
    this.#write('pictures', run.gpuPictures());
    this.#write('state', run.gpuState());
    const layout = device.createPipelineLayout({ bindGroupLayouts: [groupLayout] });
    const groups = run.gpuGroups();
    const prepare = async (/** @type {string} */ code, /** @type {number} */ i) => {
      const pipeline = await device.createComputePipelineAsync({ layout, compute: { module: device.createShaderModule({ code }), entryPoint: 'main' } });
      return { pipeline, x: groups[2 * i], y: groups[2 * i + 1] };
    };
    const made = Promise.all(run.gpuKernels().map(prepare));
    const found = [device.popErrorScope(), device.popErrorScope()];
    try {
      this.#dispatches = await this.#of(made);
    } catch (cause) {
      throw unfit(`The GPU’s driver takes a kernel of this run for wrong (${/** @type {Error} */ (cause).message.split('\n')[0]})`, cause);
    }
    for (const error of await this.#of(Promise.all(found))) if (error) throw unfit(`The GPU has no room for this run (${error.message.split('\n')[0]})`);
  }

  /** @param {string} name @param {Uint8Array | Uint32Array | Float32Array} data */
  #write(name, data) {
    this.#device.queue.writeBuffer(this.#buffers[name], 0, /** @type {Uint8Array<ArrayBuffer>} */ (data));
  }

  /** What the device promised, unless it is lost before. @template T @param {Promise<T>} promised @returns {Promise<T>} */
  #of(promised) {
    return Promise.race([promised, this.#lost]);
  }

  /** Gives the device what is left of the epoch. @param {Run} run */
  begin(run) {
    [this.#left, this.#done, this.#read] = [run.gpuEpoch(), 0, 0];
    this.#write('order', run.gpuOrder());
    this.#write('rates', run.gpuRates());
    this.#write('control', run.gpuControl());
  }

  /** Whether all steps of the epoch are done. */
  get isAtEnd() {
    return this.#left === 0;
  }

  /**
   * Takes steps as long as `isWanted` says and the epoch has some, one submission at least. While one runs the next is recorded.
   * @param {() => boolean} isWanted @param {number} [most] Steps of the first submission at most.
   */
  async advance(isWanted, most = Infinity) {
    let running = this.#submit(Math.min(most, this.#count));
    let began = performance.now();
    while (running) {
      const next = isWanted() ? this.#submit(this.#count) : undefined;
      await this.#of(running.done);
      const ms = performance.now() - began;
      began = performance.now();
      this.#done += running.count;
      // Not more than double at once: the first steps wait for kernels to be made ready.
      const fitting = Math.floor((running.count * SUBMISSION_MS) / Math.max(ms, 0.01));
      this.#count = Math.max(1, Math.min(fitting, 2 * Math.max(running.count, this.#count)));
      running = next;
    }
  }

  /** @param {number} count */
  #submit(count) {
    const steps = Math.min(count, this.#left);
    if (steps < 1) return undefined;
    this.#left -= steps;
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setBindGroup(0, this.#bindGroup);
    for (let step = 0; step < steps; step++) {
      for (const { pipeline, x, y } of this.#dispatches) {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(x, y, 1);
      }
    }
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    return { count: steps, done: this.#device.queue.onSubmittedWorkDone() };
  }

  /** Reads what the steps since the last time reported, a row each, and the state after them. */
  async read() {
    const rows = this.#row * (this.#done - this.#read);
    const { stats, state } = this.#buffers;
    const encoder = this.#device.createCommandEncoder();
    if (rows > 0) encoder.copyBufferToBuffer(stats, this.#row * this.#read, this.#staging, 0, rows);
    encoder.copyBufferToBuffer(state, 0, this.#staging, rows, state.size);
    this.#device.queue.submit([encoder.finish()]);
    await this.#of(this.#staging.mapAsync(GPUMapMode.READ, 0, rows + state.size));
    const all = this.#staging.getMappedRange(0, rows + state.size).slice(0);
    this.#staging.unmap();
    this.#read = this.#done;
    return { stats: new Float32Array(all, 0, rows / 4), state: new Float32Array(all, rows) };
  }

  /** Gives the device's memory back. */
  free() {
    this.#device.destroy();
  }
}

/** @param {string} why */
function gone(why) {
  return new ForgerError(`The GPU was taken away${why ? ` (${why})` : ''}`, 'Training goes on on the CPU, from the last report.', { code: 'stopped' });
}

/** @param {string} message @param {unknown} [cause] */
function unfit(message, cause) {
  return new ForgerError(message, 'Training goes on on the CPU.', { code: 'unfit', cause });
}
