// @ts-check
/** The one kind of error that `forger.js` throws. */

/**
 * What can be wrong, for pages that say it in words of their own:
 * `simd`: no WebAssembly SIMD here. `runtime`: its files did not come. `forbidden`: the host's policy allows no WebAssembly.
 * `unreachable`, `missing`, `cut`: the model's address gives nothing, an error, or only a part. `large`: more than 64 MB.
 * `full`: the model needs the runtime with all operators, and that did not come. `unfit`: no generator; the message says why.
 * `stopped`: the runtime or its worker died of it. `other`.
 * @typedef {'simd' | 'runtime' | 'forbidden' | 'unreachable' | 'missing' | 'cut' | 'large' | 'full' | 'unfit' | 'stopped' | 'other'} Code
 */

/** Why a generator could not be loaded or run: `message` says what is wrong, `hint` what to do about it. */
export class ForgerError extends Error {
  /**
   * @param {string} message
   * @param {string} hint
   * @param {{cause?: unknown, code?: Code, values?: Record<string, string | number>}} [options] `values`: the names and numbers in
   *   the message.
   */
  constructor(message, hint, { cause, code = 'other', values = {} } = {}) {
    super(message, { cause });
    this.name = 'ForgerError';
    this.hint = hint;
    /** @type {Code} */
    this.code = code;
    this.values = values;
  }
}
