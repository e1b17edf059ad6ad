// @ts-check
/** All coordinates but z[0], each with a slider. Made when it is first opened: most visitors never do. */

import { within } from './dom.js';

/**
 * @param {HTMLDetailsElement} root
 * @param {number} latentSize
 * @param {{onInput: (coordinate: number, value: number) => void, onReset: () => void}} callbacks
 */
export function createBoard(root, latentSize, { onInput, onReset }) {
  /** @type {HTMLElement} */
  const list = within(root, '.sliders');
  /** @type {HTMLInputElement[]} */
  const sliders = [];
  /** @type {Float32Array} */
  let newest = new Float32Array(latentSize);

  within(root, '[data-reset]').addEventListener('click', onReset);
  root.addEventListener('toggle', () => {
    if (!root.open) return;
    if (sliders.length === 0) {
      for (let coordinate = 1; coordinate < latentSize; coordinate++) {
        sliders.push(addSlider(list, coordinate, onInput));
      }
    }
    show(newest);
  });

  /** @param {Float32Array} z */
  function show(z) {
    newest = z;
    if (!root.open) return;
    for (const [index, slider] of sliders.entries()) {
      const value = z[index + 1];
      if (Math.fround(slider.valueAsNumber) !== value) slider.value = String(value);
    }
  }
  return { show };
}

/**
 * @param {HTMLElement} list
 * @param {number} coordinate
 * @param {(coordinate: number, value: number) => void} onInput
 */
function addSlider(list, coordinate, onInput) {
  const label = document.createElement('label');
  const name = document.createElement('span');
  const slider = document.createElement('input');
  name.textContent = `z[${coordinate}]`;
  Object.assign(slider, { type: 'range', min: '-3', max: '3', step: '0.01' });
  slider.addEventListener('input', () => onInput(coordinate, slider.valueAsNumber));
  label.append(name, slider);
  list.append(label);
  return slider;
}
