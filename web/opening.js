// @ts-check
/** From the bytes of a model to the WebAssembly that draws by it, on the page's thread or a worker's; and its errors, explained. */

import { ForgerError } from './error.js';
import { forgetRuntime, loadRuntime } from './loader.js';
import { hintOf, isWorthTrying, needsFull, open } from './others.js';

/** @typedef {import('./loader.js').Kind} Kind */
/** @typedef {import('./runtime/runtime.js').Generator} Wasm */

/**
 * Opens a model with the small runtime, or with the full one what that does not take.
 * @param {Uint8Array} bytes
 * @param {import('./others.js').Along} [along] What came along with it.
 * @returns {Promise<{wasm: Wasm, kind: Kind}>}
 */
export async function openModel(bytes, along = {}) {
  try {
    if (!needsFull(along)) return await openWith('small', bytes, along);
  } catch (error) {
    if (!(error instanceof ForgerError && isWorthTrying(error.cause))) throw error;
  }
  await loadRuntime('full').catch((cause) => {
    const hint = 'It is fetched only for models that need it: connect to the network once, and load the model again.';
    throw new ForgerError('This model needs the runtime with all operators, and that could not be fetched', hint, { cause, code: 'full' });
  });
  return await openWith('full', bytes, along);
}

/** @param {Kind} kind @param {Uint8Array} bytes @param {import('./others.js').Along} along */
async function openWith(kind, bytes, along) {
  const { Generator } = await loadRuntime(kind);
  try {
    return { wasm: open(Generator, bytes, along), kind };
  } catch (error) {
    throw explain(error, kind, hintOf(error, 'Use a generator that Forger exported, and copy the file again if it is one.'));
  }
}

/**
 * @param {unknown} error What the WebAssembly threw: an `Error` with a sentence, or a trap.
 * @param {Kind} kind
 * @param {string} hint
 */
export function explain(error, kind, hint) {
  // Out of memory, or out of stack: the module is dead, and the next model gets a new one.
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
    forgetRuntime(kind);
    const smaller = 'Load a smaller model: this one takes more memory or time than there is.';
    return new ForgerError('The runtime stopped', smaller, { cause: error, code: 'stopped' });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ForgerError(message, hint, { cause: error, code: 'unfit' });
}
