// @ts-check
/** Sliders of what a model takes beside its numbers and its class: a `psi`, a noise scale. Each rests where the file says, else at 1. */

import { setText, text } from '../strings.js';
import { tame } from '../tame.js';
import { make, setSlider, signed } from './dom.js';

/** A setting of 0.7 can go to 2, one of 30 to 60. */
const LEAST_SPAN = 2;

/**
 * @param {HTMLElement} root
 * @param {(name: string, value: number) => void} onSet
 */
export function createSettings(root, onSet) {
  const heading = make('h3');
  const rows = make('div');
  root.append(heading, rows);
  /** The sliders on show, by the names that the file has. @type {[string, HTMLInputElement, HTMLOutputElement][]} */
  let sliders = [];
  /** Whose they are. @type {unknown} */
  let file;

  /** @param {readonly [string, number][]} settings */
  function build(settings) {
    sliders = settings.map(([name, value]) => {
      const span = Math.max(LEAST_SPAN, 2 * Math.abs(value));
      const slider = make('input', { type: 'range', min: String(value < 0 ? -span : 0), max: String(span), step: 'any', value: String(value) });
      slider.addEventListener('input', () => onSet(name, slider.valueAsNumber));
      return [name, slider, make('output')];
    });
    rows.replaceChildren(
      ...sliders.map(([name, slider, output]) => make('label', { className: 'field' }, [make('bdi', { textContent: tame(name) }), ' ', slider, ' ', output])),
    );
  }

  return {
    /** @param {import('../forger.js').Generator} generator */
    show(generator) {
      const settings = generator.settings;
      root.hidden = settings.length === 0;
      setText(heading, text('takenSettings'));
      // Not anew for each value: the slider that is held would be gone.
      if (file !== generator.file) build(settings);
      file = generator.file;
      settings.forEach(([, value], index) => {
        const [, slider, output] = sliders[index];
        setSlider(slider, value, signed(value));
        output.value = signed(value);
      });
    },
  };
}
