// @ts-check
/** The one kind of error that `forger.js` throws. */

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
