// @ts-check
/**
 * Fetches and starts the WebAssembly under `forger.js`: once, in the form that this browser runs best, and anew after a trap.
 *
 * `small` is what Forger's own models need, compiled with fused multiply-add where there is relaxed SIMD and without it
 * elsewhere. `full` has every operator that tract knows; it is several times as large, so it is fetched only for a model that
 * needs it. Everything is found beside this file, by `fetch` in a browser and from the disk in Node.
 */

import { ForgerError } from './error.js';
import { hasRelaxedSimd, hasWasmSimd } from './simd.js';

/** @typedef {'small' | 'full'} Kind */
/** @typedef {typeof import('./runtime/runtime.js') & {memory: WebAssembly.Memory}} Runtime */

/** @type {Map<Kind, Promise<Runtime>>} */
const running = new Map();
/** How often each had to be started: a module that trapped is dead, and an address fetched before gives the same module. */
const starts = { small: 0, full: 0 };

/**
 * Starts the runtime, or gives the one that runs.
 * @param {Kind} [kind]
 * @returns {Promise<Runtime>}
 */
export function loadRuntime(kind = 'small') {
  const known = running.get(kind);
  if (known) return known;
  const started = start(kind).catch((error) => {
    running.delete(kind);
    throw error;
  });
  running.set(kind, started);
  return started;
}

/** Gives up a runtime that trapped; the next call of {@link loadRuntime} starts a fresh one. @param {Kind} kind */
export function forgetRuntime(kind) {
  running.delete(kind);
}

/** @param {Kind} kind @returns {Promise<Runtime>} */
async function start(kind) {
  if (!hasWasmSimd()) {
    throw new ForgerError(
      'This browser has no WebAssembly SIMD, which the generator runs on',
      'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
    );
  }
  // Fused multiply-add rounds as the trainer's kernels do: within 1e-6 of it, where plain SIMD is within 2e-5.
  const small = hasRelaxedSimd() ? 'runtime_relaxed_bg.wasm' : 'runtime_bg.wasm';
  const [file, glue] = kind === 'full' ? ['full_bg.wasm', 'full.js'] : [small, 'runtime.js'];
  try {
    // Asked for before its module is there: the two come together.
    const wasm = read(new URL(`runtime/${file}`, import.meta.url));
    wasm.catch(() => {});
    // A fragment makes it another module, from the same file of the browser's cache.
    const again = starts[kind]++ === 0 ? '' : `#${starts[kind]}`;
    const runtime = await import(new URL(`runtime/${glue}${again}`, import.meta.url).href);
    const { memory } = await runtime.default({ module_or_path: wasm });
    return { ...runtime, memory };
  } catch (error) {
    throw new ForgerError(
      'The runtime could not be loaded',
      'Check the connection and reload. On your own server, the folder `runtime` must lie beside `forger.js`.',
      { cause: error },
    );
  }
}

/** @param {URL} url @returns {Promise<Response | Uint8Array>} */
async function read(url) {
  if (url.protocol !== 'file:') return fetch(url);
  // A browser opens no module from a disk; this is Node.
  const { readFile } = await import('node:fs/promises');
  return readFile(url);
}
