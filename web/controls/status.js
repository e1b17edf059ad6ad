// @ts-check
/** Loading, ready, failed: each has its own look, and is told to screen readers once. */

import { ForgerError } from '../forger.js';
import { setText, text } from '../strings.js';
import { within } from './dom.js';
import { explained } from './failure.js';

/**
 * @param {HTMLElement} line
 * @param {HTMLElement} failure
 * @param {HTMLElement} explorer What is shown of no use after a failure.
 */
export function createStatus(line, failure, explorer) {
  within(failure, '[data-retry]').addEventListener('click', () => location.reload());
  let key = 'loading';
  /** What went wrong, if anything did. @type {{error: unknown} | undefined} */
  let failed;

  function tell() {
    if (!failed) return;
    const { message, hint } = explained(failed.error);
    within(failure, '[data-message]').replaceChildren(...message);
    within(failure, '[data-hint]').replaceChildren(...hint);
  }

  return {
    /** @param {{loaded: number, total: number | undefined}} bytes */
    progress({ loaded, total }) {
      if (total) explorer.style.setProperty('--loaded', String(Math.min(1, loaded / total)));
    },
    /** A picture is there before the network is. */
    glimpsed() {
      key = 'glimpse';
      explorer.classList.add('glimpsed');
    },
    ready() {
      key = 'ready';
      explorer.setAttribute('aria-busy', 'false');
      explorer.classList.remove('glimpsed');
    },
    /** Says where things stand, in the language of the page. */
    show() {
      setText(line, text(key));
      tell();
    },
    /** @param {unknown} error */
    failed(error) {
      explorer.hidden = true;
      failure.hidden = false;
      failed = { error };
      tell();
      // A fault of ours should be found in the console; a bad model is no fault of ours.
      if (!(error instanceof ForgerError)) console.error(error);
    },
  };
}
