// @ts-check
/** A slider for each of the model's strongest directions. */

import { setText, text } from '../strings.js';
import { dot } from '../vectors.js';
import { make, percent, setSlider, signed } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {(direction: number, value: number) => void} onInput
 */
export function createDirections(root, onInput) {
  /** @type {readonly import('../directions.js').Direction[] | undefined} */
  let shown;
  /** @type {{name: HTMLElement, share: HTMLElement, slider: HTMLInputElement, output: HTMLOutputElement}[]} */
  let rows = [];

  function build(/** @type {readonly import('../directions.js').Direction[]} */ directions) {
    rows = directions.map((_, index) => {
      const slider = make('input', { type: 'range', min: '-4', max: '4', step: '0.01', id: `direction-${index}` });
      slider.addEventListener('input', () => onInput(index, slider.valueAsNumber));
      const name = make('label', { htmlFor: slider.id });
      const output = make('output');
      output.setAttribute('aria-live', 'off');
      return { name, share: make('span', { className: 'share' }), slider, output };
    });
    root.replaceChildren(...rows.map(({ name, share, slider, output }) => make('div', {}, [name, output, slider, share])));
  }

  return {
    /** @param {import('../state.js').State} state @param {readonly import('../directions.js').Direction[] | undefined} directions */
    show({ z }, directions) {
      if (!directions) {
        shown = undefined;
        root.replaceChildren(make('p', { className: 'hint', textContent: text('directionsWait') }));
        return;
      }
      if (shown !== directions) build(directions);
      shown = directions;
      for (const [index, { name, share, slider, output }] of rows.entries()) {
        const value = dot(z, directions[index].vector);
        setText(name, text('direction', { number: index + 1 }));
        setText(share, text('share', { share: percent(directions[index].share) }));
        setSlider(slider, value, signed(value));
        setText(output, signed(value));
      }
    },
  };
}
