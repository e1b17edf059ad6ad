// @ts-check
/** Loading, ready, failed: each has its own look, and is told to screen readers once. */

import { ForgerError } from '../forger.js';
import { within } from './dom.js';

/**
 * @param {HTMLElement} line
 * @param {HTMLElement} failure
 * @param {HTMLElement} explorer What is shown of no use after a failure.
 */
export function createStatus(line, failure, explorer) {
  within(failure, '[data-retry]').addEventListener('click', () => location.reload());
  return {
    /** @param {{loaded: number, total: number | undefined}} bytes */
    progress({ loaded, total }) {
      if (total) line.style.setProperty('--loaded', String(Math.min(1, loaded / total)));
    },
    ready() {
      line.textContent = 'Ready: drag the slider.';
      explorer.setAttribute('aria-busy', 'false');
    },
    /** @param {unknown} error */
    failed(error) {
      explorer.hidden = true;
      failure.hidden = false;
      const known = error instanceof ForgerError;
      within(failure, '[data-message]').textContent = sentence(known ? error.message : 'Something on this page broke');
      const hint = known ? error.hint : 'Reload the page; if it stays, please report it';
      within(failure, '[data-hint]').textContent = sentence(hint);
      // A fault of ours should be found in the console; a bad model is no fault of ours.
      if (!known) console.error(error);
    },
  };
}

/** With a capital letter and a full stop, as messages of programs have neither. */
function sentence(/** @type {string} */ text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
