// @ts-check
/** The slider of z[0]: tells every value while it is dragged, not only the last. */

import { setSlider, signed, within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {(value: number) => void} onInput
 */
export function createZ0(root, onInput) {
  /** @type {HTMLInputElement} */
  const slider = within(root, 'input');
  /** @type {HTMLOutputElement} */
  const output = within(root, 'output');
  slider.disabled = false;
  slider.addEventListener('input', () => onInput(slider.valueAsNumber));
  return {
    /** A seed may draw a value beyond the slider's ends: the output tells it, the slider rests at its end. */
    show(/** @type {number} */ value) {
      setSlider(slider, value, signed(value));
      if (output.value !== signed(value)) output.value = signed(value);
    },
  };
}
