// @ts-check
/** One number of z on the board: its name, a slider, its value to type, and how much it changes the picture here. */

import { currentLanguage, text } from '../strings.js';
import { make, percent, setSlider, signed } from './dom.js';

const STEP = 0.01;

/**
 * @param {number} coordinate
 * @param {{onInput: (coordinate: number, value: number) => void, onReset: (coordinate: number) => void}} callbacks
 */
export function createCell(coordinate, { onInput, onReset }) {
  const name = `z[${coordinate}]`;
  const number = make('input', { type: 'number', step: 'any', inputMode: 'decimal' });
  // z[0] has the page's large slider, which is always in sight; a second one would only be a second name for it.
  const slider = coordinate === 0 ? undefined : make('input', { type: 'range', min: '-3', max: '3', step: `${STEP}` });
  slider?.setAttribute('aria-label', name);
  const bar = make('span', { className: 'effect' });
  const root = make('div', { className: 'cell' }, [
    make('span', { className: 'name', textContent: name }),
    make('span', { className: 'track' }, slider ? [slider, bar] : [bar]),
    number,
  ]);

  number.addEventListener('input', () => {
    if (number.value !== '' && Number.isFinite(Math.fround(number.valueAsNumber))) onInput(coordinate, Math.fround(number.valueAsNumber));
  });
  slider?.addEventListener('input', () => onInput(coordinate, slider.valueAsNumber));
  root.addEventListener('dblclick', ({ target }) => target !== number && onReset(coordinate));
  slider?.addEventListener('keydown', (event) => {
    if (event.key !== 'Delete' && event.key !== 'Backspace') return;
    event.preventDefault();
    onReset(coordinate);
  });
  // Only a slider that was chosen: else scrolling the page would change the digit.
  slider?.addEventListener('wheel', (event) => {
    if (document.activeElement !== slider) return;
    event.preventDefault();
    const value = slider.valueAsNumber - Math.sign(event.deltaY) * 5 * STEP;
    onInput(coordinate, Math.min(3, Math.max(-3, Math.round(value / STEP) * STEP)));
  }, { passive: false });

  /** @type {unknown[]} */
  let shown = [];
  return {
    root,
    /** @param {number} value @param {number | undefined} effect Its share of the picture, from 0 to 1. @param {number} most The largest. */
    show(value, effect, most) {
      // There are a hundred of these, and a drag changes one: what is on show already costs nothing.
      const now = [value, effect, most, currentLanguage(), document.activeElement === number];
      if (now.every((each, i) => Object.is(each, shown[i]))) return;
      shown = now;
      const told = effect === undefined ? signed(value) : text('withEffect', { value: signed(value), effect: percent(effect) });
      if (slider) setSlider(slider, value, told);
      number.setAttribute('aria-label', text('valueName', { number: coordinate }));
      if (document.activeElement !== number) number.value = value.toFixed(2);
      bar.style.setProperty('--effect', String(effect === undefined || most === 0 ? 0 : effect / most));
    },
  };
}
