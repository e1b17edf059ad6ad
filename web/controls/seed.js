// @ts-check
/** Which digit: a button for another one, its seed, to note down or to type in, and a button that pins what is on show. */

import { within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {{onSeed: (seed: number) => void, onNew: () => void, onPin: () => void}} callbacks
 */
export function createSeed(root, { onSeed, onNew, onPin }) {
  /** @type {HTMLInputElement} */
  const input = within(root, 'input');
  let seed = input.valueAsNumber;
  for (const control of root.querySelectorAll('input, button')) control.removeAttribute('disabled');
  within(root, '[data-new]').addEventListener('click', onNew);
  within(root, '[data-pin]').addEventListener('click', onPin);
  input.addEventListener('input', () => {
    // While a number is half typed the last good one stays.
    if (input.checkValidity() && Number.isSafeInteger(input.valueAsNumber)) onSeed(input.valueAsNumber);
  });
  input.addEventListener('blur', () => (input.value = String(seed)));
  return {
    show(/** @type {number} */ value) {
      seed = value;
      if (input.valueAsNumber !== value && document.activeElement !== input) input.value = String(value);
    },
  };
}
