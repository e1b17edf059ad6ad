// @ts-check
/** The slider of z[0]: tells every value while it is dragged, not only the last. */

import { signed, within } from './dom.js';

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
      // Not while it is dragged: what is written back would be the value it has.
      if (Math.fround(slider.valueAsNumber) !== value) slider.value = String(value);
      output.value = signed(value);
      fill(slider);
    },
  };
}

/** Tells the style sheet how far the slider is, for the part of the track that is coloured. */
function fill(/** @type {HTMLInputElement} */ slider) {
  const [min, max] = [Number(slider.min), Number(slider.max)];
  slider.style.setProperty('--at', String((slider.valueAsNumber - min) / (max - min)));
}
