// @ts-check
/** Fetches and starts the WebAssembly that trains, with relaxed SIMD where this browser has it: `xtask` puts it beside the runtime. */

import { ForgerError } from './error.js';
import { nodeFiles } from './node-files.js';
import { hasRelaxedSimd, hasWasmSimd } from './simd.js';

/** Written out in full: that is how a bundler finds what to put beside its bundle. */
const GLUE = new URL('./runtime/trainer.js', import.meta.url);
const PLAIN = new URL('./runtime/trainer_bg.wasm', import.meta.url);
const RELAXED = new URL('./runtime/trainer_relaxed_bg.wasm', import.meta.url);

/** @typedef {typeof import('./runtime/trainer.js')} TrainerModule */

/** @type {Promise<TrainerModule> | undefined} */
let running;

/** Starts the module, or gives the one that runs on this thread. @returns {Promise<TrainerModule>} */
export function loadTrainer() {
  running ??= start().catch((error) => {
    running = undefined;
    throw error;
  });
  return running;
}

/** @returns {Promise<TrainerModule>} */
async function start() {
  if (!hasWasmSimd()) {
    throw new ForgerError(
      'This browser has no WebAssembly SIMD, which training runs on',
      'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
      { code: 'simd' },
    );
  }
  try {
    const wasm = read(hasRelaxedSimd() ? RELAXED : PLAIN);
    wasm.catch(() => {});
    const glue = await import(/* webpackIgnore: true */ /* @vite-ignore */ GLUE.href);
    await glue.default({ module_or_path: wasm });
    return glue;
  } catch (error) {
    throw new ForgerError(
      'What trains could not be loaded',
      'Check the connection and try again. On your own server, the folder `runtime` must hold `trainer.js` and its modules.',
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
