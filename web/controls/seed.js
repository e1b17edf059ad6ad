// @ts-check
/** Which digit: a seed, to note down or to type in, and a button that takes the next one. */

import { within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {(seed: number) => void} onSeed
 */
export function createSeed(root, onSeed) {
  /** @type {HTMLInputElement} */
  const input = within(root, 'input');
  /** @type {HTMLButtonElement} */
  const button = within(root, '[data-new]');
  let seed = input.valueAsNumber;
  input.disabled = button.disabled = false;
  // Counting up keeps every digit nameable: seed 7 is the seventh press, here and on the command line.
  button.addEventListener('click', () => onSeed((seed + 1) % Number.MAX_SAFE_INTEGER));
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
