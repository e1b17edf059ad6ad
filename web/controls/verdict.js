// @ts-check
/**
 * What the judge takes the picture for, in words under it: at once for who sees it, and once the picture rests for who hears
 * it, since a live region must not talk while something is dragged.
 */

import { setText } from '../strings.js';
import { within } from './dom.js';

/** How long the picture must be the same before it is said, in ms. */
const REST_MS = 700;

/** @param {HTMLElement} root */
export function createVerdict(root) {
  const shown = within(root, '[data-shown]');
  const said = within(root, '[data-said]');
  let timer = 0;
  return {
    /** @param {string} words Empty where no judge knows the picture. */
    show(words) {
      if (shown.textContent === words) return;
      shown.textContent = words;
      clearTimeout(timer);
      timer = setTimeout(() => setText(said, words), REST_MS);
    },
  };
}
