// @ts-check
/**
 * A generator that draws pictures in the browser: the face of Forger that other pages embed.
 *
 *     import { Generator } from './forger.js';
 *     const g = await Generator.load('gen.onnx');      // a URL, an ArrayBuffer or a File
 *     const pixels = g.generate(z);                    // n * g.latentSize numbers -> n pictures, in [-1, 1]
 *
 * The model is run by tract, compiled to WebAssembly (`runtime/`), on the calling thread: a digit costs less than a
 * message to a worker would. Everything is found beside this file, so it works from any path.
 */

import { hasWasmSimd } from './simd.js';

/** The largest file that the runtime takes; asked for before it is all downloaded. */
const FILE_LIMIT = 64 * 1024 * 1024;

/** Why a generator could not be loaded or run: `message` says what is wrong, `hint` what to do about it. */
export class ForgerError extends Error {
  /**
   * @param {string} message
   * @param {string} hint
   * @param {{cause?: unknown}} [options]
   */
  constructor(message, hint, options) {
    super(message, options);
    this.name = 'ForgerError';
    this.hint = hint;
  }
}

/** A generator read from an ONNX file, ready to draw. */
export class Generator {
  #wasm;
  #metadata;
  #shape;
  #latentSize;

  /**
   * Use {@link Generator.load}.
   * @param {import('./runtime/runtime.js').Generator} wasm
   */
  constructor(wasm) {
    this.#wasm = wasm;
    const flat = wasm.metadata;
    /** @type {[string, string][]} */
    const entries = [];
    for (let i = 0; i < flat.length; i += 2) entries.push([flat[i], flat[i + 1]]);
    this.#metadata = Object.freeze(Object.fromEntries(entries));
    this.#shape = Object.freeze([...wasm.imageShape]);
    this.#latentSize = wasm.latentSize;
  }

  /**
   * Reads a model: one input `z`, float32 [batch, latent size]; one output `image`, float32 [batch, channels, height,
   * width]. Rejects with a {@link ForgerError} that says what is wrong with it.
   *
   * @param {string | URL | ArrayBuffer | Uint8Array | Blob} source An address as seen from the page, bytes, or a file
   *   (a `File` is a `Blob`).
   * @param {{onProgress?: (progress: {loaded: number, total: number | undefined}) => void}} [options] `onProgress` is
   *   told the bytes that have come so far; `total` only where the server says it.
   * @returns {Promise<Generator>}
   */
  static async load(source, { onProgress } = {}) {
    const runtime = loadRuntime();
    // Both downloads go on at once. Should the second fail first, this one's failure is not left unheard.
    runtime.catch(() => {});
    const bytes = await readBytes(source, onProgress);
    const { Generator: WasmGenerator } = await runtime;
    try {
      return new Generator(WasmGenerator.load(bytes));
    } catch (error) {
      throw explain(error, 'Use a generator that Forger exported, and copy the file again if it is one.');
    }
  }

  /** How many numbers make one latent vector: 100 for Forger's own models. */
  get latentSize() {
    return this.#latentSize;
  }

  /** Channels, height and width of a picture: [1, 28, 28] for Forger's own models. @type {readonly number[]} */
  get imageShape() {
    return this.#shape;
  }

  /**
   * The model's metadata, such as `forger.recipe`: texts of whoever made the file.
   * @type {Readonly<Record<string, string>>}
   */
  get metadata() {
    return this.#metadata;
  }

  /**
   * Draws a picture for each latent vector.
   * @param {Float32Array} z [n, latentSize], row-major, n of any size.
   * @returns {Float32Array} [n, channels * height * width], row-major; Forger's own models give values in [-1, 1].
   */
  generate(z) {
    try {
      return this.#wasm.generate(z);
    } catch (error) {
      throw explain(error, 'Give n times latentSize finite numbers in a Float32Array.');
    }
  }

  /** Gives the model's memory back at once, instead of when the browser collects it. The generator is then of no use. */
  free() {
    this.#wasm.free();
  }
}

/**
 * What runs the models here.
 * @returns {Promise<{tract: string, simd: boolean}>}
 */
export async function runtimeInfo() {
  const runtime = await loadRuntime();
  return { tract: runtime.tractVersion(), simd: runtime.simd128() };
}

/** @type {Promise<typeof import('./runtime/runtime.js')> | undefined} */
let loading;

/** Compiles the WebAssembly once, whoever asks. */
function loadRuntime() {
  loading ??= startRuntime().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function startRuntime() {
  if (!hasWasmSimd()) {
    throw new ForgerError(
      'This browser has no WebAssembly SIMD, which the generator runs on',
      'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
    );
  }
  try {
    // Asked for before its module is there: the two come together.
    const wasm = fetch(new URL('runtime/runtime_bg.wasm', import.meta.url));
    wasm.catch(() => {});
    const runtime = await import('./runtime/runtime.js');
    await runtime.default({ module_or_path: wasm });
    return runtime;
  } catch (error) {
    throw new ForgerError(
      'The runtime could not be loaded',
      'Check the connection and reload. On your own server, the folder `runtime` must lie beside `forger.js`.',
      { cause: error },
    );
  }
}

/**
 * @param {string | URL | ArrayBuffer | Uint8Array | Blob} source
 * @param {((progress: {loaded: number, total: number | undefined}) => void) | undefined} onProgress
 * @returns {Promise<Uint8Array>}
 */
async function readBytes(source, onProgress) {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) {
    refuseTooLarge(source.size);
    return new Uint8Array(await source.arrayBuffer());
  }
  const name = new URL(source, document.baseURI).pathname.split('/').pop() || 'the model';
  /** @type {Response} */
  let response;
  try {
    response = await fetch(source);
  } catch (error) {
    const hint = 'Check the connection and try again.';
    throw new ForgerError(`The server cannot be reached for ${name}`, hint, { cause: error });
  }
  if (!response.ok) {
    throw new ForgerError(
      `The model ${name} is not on this server (it answers ${response.status})`,
      'Put it beside the page: `cargo xtask site --model gen.onnx --out site` writes the whole folder.',
    );
  }
  return collect(response, name, onProgress);
}

/**
 * @param {Response} response
 * @param {string} name
 * @param {((progress: {loaded: number, total: number | undefined}) => void) | undefined} onProgress
 */
async function collect(response, name, onProgress) {
  // The length of a compressed answer is not the length of what comes out of it.
  const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
  const total = length === null ? undefined : Number(length);
  const chunks = [];
  let loaded = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      chunks.push(part.value);
      loaded += part.value.length;
      refuseTooLarge(loaded);
      onProgress?.({ loaded, total });
    }
  } catch (error) {
    if (error instanceof ForgerError) throw error;
    throw new ForgerError(`The download of ${name} broke off`, 'Check the connection and try again.', { cause: error });
  }
  const bytes = new Uint8Array(loaded);
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return bytes;
}

/** @param {number} size In bytes. */
function refuseTooLarge(size) {
  if (size <= FILE_LIMIT) return;
  throw new ForgerError('The model is larger than 64 MB', 'Use a smaller model: Forger’s own are below 1 MB.');
}

/**
 * @param {unknown} error What the WebAssembly threw: an `Error` with a sentence, or a trap.
 * @param {string} hint
 */
function explain(error, hint) {
  if (error instanceof WebAssembly.RuntimeError) {
    const reload = 'Reload the page. The model may be too large for this device.';
    return new ForgerError('The runtime stopped', reload, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ForgerError(message, hint, { cause: error });
}
