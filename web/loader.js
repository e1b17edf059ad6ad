// @ts-check
/**
 * Fetches and starts the WebAssembly under `forger.js`: once, in the form that this browser runs best, and anew after a trap.
 *
 * `small` is what Forger's own models need, compiled with fused multiply-add where there is relaxed SIMD and without it
 * elsewhere. `full` has every operator that tract knows; it is several times as large, so it is fetched only for a model that
 * needs it. Everything is found beside this file, by `fetch` in a browser and from the disk in Node.
 */

import { ForgerError } from './error.js';
import { nodeFiles } from './node-files.js';
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

/** What the WebAssembly that runs holds of memory by now, in bytes. */
export async function heldBytes() {
  const all = await Promise.all([...running.values()].map((runtime) => runtime.catch(() => undefined)));
  return all.reduce((sum, runtime) => sum + (runtime?.memory.buffer.byteLength ?? 0), 0);
}

/** Gives up a runtime that trapped; the next call of {@link loadRuntime} starts a fresh one. @param {Kind} kind */
export function forgetRuntime(kind) {
  running.delete(kind);
}

/**
 * The files, each written out in full: that is how a bundler finds what to put beside its bundle. The glue is fetched like the
 * rest, and not imported by its name, so that it can be started anew.
 */
const FILES = {
  small: { glue: new URL('./runtime/runtime.js', import.meta.url), wasm: new URL('./runtime/runtime_bg.wasm', import.meta.url) },
  relaxed: { glue: new URL('./runtime/runtime.js', import.meta.url), wasm: new URL('./runtime/runtime_relaxed_bg.wasm', import.meta.url) },
  full: { glue: new URL('./runtime/full.js', import.meta.url), wasm: new URL('./runtime/full_bg.wasm', import.meta.url) },
};

/** @param {Kind} kind @returns {Promise<Runtime>} */
async function start(kind) {
  if (!hasWasmSimd()) {
    throw new ForgerError(
      'This browser has no WebAssembly SIMD, which the generator runs on',
      'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
      { code: 'simd' },
    );
  }
  // Fused multiply-add rounds as the trainer's kernels do: within 1e-6 of it, where plain SIMD is within 2e-5.
  const files = FILES[kind === 'small' && hasRelaxedSimd() ? 'relaxed' : kind];
  try {
    // Asked for before its module is there: the two come together.
    const wasm = read(files.wasm);
    wasm.catch(() => {});
    // A fragment makes it another module, from the same file of the browser's cache.
    const again = starts[kind]++ === 0 ? '' : `#${starts[kind]}`;
    const runtime = await import(/* webpackIgnore: true */ /* @vite-ignore */ files.glue.href + again);
    const { memory } = await runtime.default({ module_or_path: wasm });
    return { ...runtime, memory };
  } catch (error) {
    if (isForbidden(error)) {
      throw new ForgerError(
        'This site’s Content-Security-Policy does not allow WebAssembly, which the generator runs on',
        "Whoever runs the site can add 'wasm-unsafe-eval' to its script-src.",
        { cause: error, code: 'forbidden' },
      );
    }
    throw new ForgerError(
      'The runtime could not be loaded',
      'Check the connection and reload. On your own server, the folder `runtime` must lie beside `forger.js`.',
      { cause: error, code: 'runtime' },
    );
  }
}

/** Browsers have no kind of error of its own for it. @param {unknown} error */
function isForbidden(error) {
  return error instanceof Error && /content.security.policy|\bCSP\b|unsafe-eval/i.test(error.message);
}

/** @param {URL} url @returns {Promise<Response | Uint8Array>} */
async function read(url) {
  if (url.protocol !== 'file:') return fetch(url);
  // A browser opens no module from a disk; this is Node.
  return nodeFiles().readFile(url);
}
