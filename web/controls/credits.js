// @ts-check
/** Whose pictures the networks learned from: a line for each data set that one of them names. */

/** @param {HTMLElement} root @param {readonly import('../models.js').Model[]} models Those that there are. */
export function createCredits(root, models) {
  /** @type {NodeListOf<HTMLElement>} */
  const lines = root.querySelectorAll('[data-credit]');
  return {
    /** @param {import('../forger.js').Generator} generator The one on show. */
    show({ metadata }) {
      for (const line of lines) {
        const name = line.dataset.credit;
        // A run of the site ends with the name of its data set.
        line.hidden = metadata['forger.dataset'] !== name && !models.some(({ run }) => run.endsWith(`, ${name}`));
      }
    },
  };
}
