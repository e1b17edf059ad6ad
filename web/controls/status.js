// @ts-check
/** Loading, ready, failed: each has its own look, and is told to screen readers once. */

import { ForgerError } from '../forger.js';
import { setText, text } from '../strings.js';
import { sentence, within } from './dom.js';

/**
 * @param {HTMLElement} line
 * @param {HTMLElement} failure
 * @param {HTMLElement} explorer What is shown of no use after a failure.
 */
export function createStatus(line, failure, explorer) {
  within(failure, '[data-retry]').addEventListener('click', () => location.reload());
  let key = 'loading';
  return {
    /** @param {{loaded: number, total: number | undefined}} bytes */
    progress({ loaded, total }) {
      if (total) explorer.style.setProperty('--loaded', String(Math.min(1, loaded / total)));
    },
    ready() {
      key = 'ready';
      explorer.setAttribute('aria-busy', 'false');
    },
    /** Says where things stand, in the language of the page. */
    show: () => setText(line, text(key)),
    /** @param {unknown} error */
    failed(error) {
      explorer.hidden = true;
      failure.hidden = false;
      const known = error instanceof ForgerError;
      within(failure, '[data-message]').textContent = sentence(known ? error.message : text('broken'));
      within(failure, '[data-hint]').textContent = sentence(known ? error.hint : text('brokenHint'));
      // A fault of ours should be found in the console; a bad model is no fault of ours.
      if (!known) console.error(error);
    },
  };
}
