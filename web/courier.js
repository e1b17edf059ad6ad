// @ts-check
/** Carries requests to a worker and pictures back: at most one request under way, at most one waiting, the newest. */

import { ForgerError } from './error.js';

/**
 * @typedef {object} Waiting
 * @property {Float32Array} z
 * @property {Uint32Array | undefined} classes
 * @property {(pixels: Float32Array | undefined) => void} resolve
 * @property {(error: unknown) => void} reject
 */

export class Courier {
  #worker;
  /** Counted up, so that an answer is known for the one that is awaited. */
  #number = 0;
  /** @type {Waiting | undefined} */
  #underWay;
  /** @type {Waiting | undefined} */
  #waiting;

  /** @param {Uint8Array} bytes The model's file. @param {import('./others.js').Along} [along] What it was opened with. */
  constructor(bytes, along = {}) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }) => this.#answered(data);
    this.#worker.onerror = () => this.#failed();
    this.#worker.postMessage({ bytes, along });
  }

  /**
   * @param {Float32Array} z
   * @param {Uint32Array} [classes]
   * @returns {Promise<Float32Array | undefined>} undefined if a newer request came first.
   */
  request(z, classes) {
    return new Promise((resolve, reject) => {
      this.#waiting?.resolve(undefined);
      this.#waiting = { z: z.slice(), classes, resolve, reject };
      this.#send();
    });
  }

  /** Sets where inputs of the model rest, for every request that is sent from now on. @param {Readonly<Record<string, number>>} settings */
  set(settings) {
    this.#worker.postMessage({ settings });
  }

  /** Ends the worker; whoever still waits is told that nothing will come. */
  close() {
    this.#worker.terminate();
    this.#underWay?.resolve(undefined);
    this.#waiting?.resolve(undefined);
    this.#underWay = this.#waiting = undefined;
  }

  #send() {
    if (this.#underWay || !this.#waiting) return;
    this.#underWay = this.#waiting;
    this.#waiting = undefined;
    const { z, classes } = this.#underWay;
    this.#worker.postMessage({ number: ++this.#number, z, classes }, [z.buffer]);
  }

  /** @param {{number: number, pixels?: Float32Array, message?: string, hint?: string}} answer */
  #answered({ number, pixels, message, hint }) {
    if (number !== this.#number || !this.#underWay) return;
    const { resolve, reject } = this.#underWay;
    this.#underWay = undefined;
    if (pixels) resolve(pixels);
    else reject(new ForgerError(message ?? 'The worker gave no picture', hint ?? 'Load the model again.'));
    this.#send();
  }

  #failed() {
    const error = new ForgerError('The worker stopped', 'Load the model again.');
    this.#underWay?.reject(error);
    this.#waiting?.reject(error);
    this.#underWay = this.#waiting = undefined;
  }
}
