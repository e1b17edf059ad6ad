// @ts-check
/** Has pictures copied by a model, in a worker: the newest wish counts, and copies come as they get better. */

import { ForgerError } from '../forger.js';

/** @typedef {import('./invert.js').Copy} Copy Its image is whole: [channels, height, width]. */

/** @param {(error: unknown) => void} onFailure */
export function createCopyist(onFailure) {
  /** @type {Worker | undefined} */
  let worker;
  /** The file of the model that the worker has. @type {Uint8Array | undefined} */
  let known;
  let number = 0;
  /** @type {((copy: Copy, done: boolean) => void) | undefined} */
  let tell;

  function start() {
    const started = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    started.onmessage = ({ data }) => {
      if (data.number !== number) return;
      if (data.copy) tell?.(data.copy, data.done);
      else fail(new ForgerError(data.message, data.hint ?? ''));
    };
    started.onerror = (event) => {
      event.preventDefault();
      fail(new ForgerError('The forger’s worker stopped', 'Reload the page; a current browser is needed (one with module workers).'));
    };
    return started;
  }

  /** @param {unknown} error */
  function fail(error) {
    worker?.terminate();
    [worker, known, tell] = [undefined, undefined, undefined];
    onFailure(error);
  }

  /** Gets the worker ready for a model, so that the first copy need not wait. @param {import('../forger.js').Generator} generator */
  function prepare(generator) {
    // All classes of a model are in one file.
    if (known === generator.file) return;
    worker ??= start();
    worker.postMessage({ number: ++number, bytes: generator.file });
    known = generator.file;
  }

  return {
    prepare,
    /**
     * @param {import('../forger.js').Generator} generator
     * @param {Float32Array} picture [height * width], grey.
     * @param {(copy: Copy, done: boolean) => void} onCopy
     */
    copy(generator, picture, onCopy) {
      prepare(generator);
      tell = onCopy;
      worker?.postMessage({ number: ++number, picture, chosen: generator.class });
    },
    /** Whatever is looked for is wanted no more. */
    stop() {
      tell = undefined;
      worker?.postMessage({ number: ++number });
    },
  };
}
