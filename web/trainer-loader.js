// @ts-check
/** Fetches and starts the WebAssembly that trains, with relaxed SIMD where this browser has it, and what makes files of it: `xtask` puts both beside the runtime. */

import { ForgerError } from './error.js';
import { nodeFiles } from './node-files.js';
import { hasRelaxedSimd, hasWasmSimd } from './simd.js';

/** Written out in full: that is how a bundler finds what to put beside its bundle. */
const GLUE = new URL('./runtime/trainer.js', import.meta.url);
const PLAIN = new URL('./runtime/trainer_bg.wasm', import.meta.url);
const RELAXED = new URL('./runtime/trainer_relaxed_bg.wasm', import.meta.url);
const FILES_GLUE = new URL('./runtime/trainer-files.js', import.meta.url);
const FILES = new URL('./runtime/trainer-files_bg.wasm', import.meta.url);

/** @typedef {typeof import('./runtime/trainer.js')} TrainerModule */
/** @typedef {typeof import('./runtime/trainer-files.js')} FilesModule */

/** By the address of their glue. @type {Map<string, Promise<any>>} */
const running = new Map();

/** Starts the module that trains, or gives the one that runs on this thread. @returns {Promise<TrainerModule>} */
export function loadTrainer() {
  return load(GLUE, () => (hasRelaxedSimd() ? RELAXED : PLAIN));
}

/** The same for what makes files of a run and reads them: as large again, and so fetched only when it is asked. @returns {Promise<FilesModule>} */
export function loadFiles() {
  return load(FILES_GLUE, () => FILES);
}

/** @param {URL} address @param {() => URL} module @returns {Promise<any>} */
function load(address, module) {
  const known = running.get(address.href);
  if (known) return known;
  const starting = start(address, module).catch((error) => {
    running.delete(address.href);
    throw error;
  });
  running.set(address.href, starting);
  return starting;
}

/** @param {URL} address @param {() => URL} module */
async function start(address, module) {
  if (!hasWasmSimd()) {
    throw new ForgerError(
      'This browser has no WebAssembly SIMD, which training runs on',
      'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
      { code: 'simd' },
    );
  }
  try {
    const wasm = read(module());
    wasm.catch(() => {});
    const glue = await import(/* webpackIgnore: true */ /* @vite-ignore */ address.href);
    await glue.default({ module_or_path: wasm });
    return glue;
  } catch (error) {
    throw new ForgerError(
      'What trains could not be loaded',
      'Check the connection and try again. On your own server, the folder `runtime` must hold `trainer.js`, `trainer-files.js` and their modules.',
      { cause: error, code: 'runtime' },
    );
  }
}

/** @param {URL} url @returns {Promise<Response | Uint8Array>} */
async function read(url) {
  if (url.protocol !== 'file:') return fetch(url);
  // A browser opens no module from a disk; this is Node.
  return nodeFiles().readFile(url);
}
