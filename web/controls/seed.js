// @ts-check
/** Which digit: a seed, to note down or to type in, a button that takes the next one, and one that pins what it gave. */

import { within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {{onSeed: (seed: number) => void, onPin: () => void}} callbacks
 */
export function createSeed(root, { onSeed, onPin }) {
  /** @type {HTMLInputElement} */
  const input = within(root, 'input');
  let seed = input.valueAsNumber;
  for (const control of root.querySelectorAll('input, button')) control.removeAttribute('disabled');
  // Counting up keeps every digit nameable: seed 7 is the seventh press, here and on the command line.
  within(root, '[data-new]').addEventListener('click', () => onSeed((seed + 1) % Number.MAX_SAFE_INTEGER));
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
