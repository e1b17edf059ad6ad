// @ts-check
/** What a model that is told a class draws: a button for each, with its name, or a number where there are too many for a row. */

import { ALL } from '../mixes.js';
import { setText, text } from '../strings.js';
import { tame } from '../tame.js';
import { make } from './dom.js';

/** More than a row of buttons holds: then a number is typed. */
const MOST_BUTTONS = 24;
/** Letters of a name that a button has room for. */
const MOST_LETTERS = 16;

/** A class's name, which comes from whoever made the file, as it is shown. @param {string} name */
export const shortName = (name) => tame(name, MOST_LETTERS);

/**
 * @param {HTMLElement} root
 * @param {(chosen: number) => void} onClass
 */
export function createClasses(root, onClass) {
  /** What the controls are of. @type {readonly string[] | null} */
  let built = null;
  const word = make('span');

  /** @param {readonly string[]} names */
  function build(names) {
    if (names.length > MOST_BUTTONS) {
      const input = make('input', { type: 'number', min: '0', max: String(names.length - 1), step: '1' });
      // While a number is half typed the last good one stays.
      input.addEventListener('input', () => input.checkValidity() && input.value !== '' && onClass(input.valueAsNumber));
      return [make('label', { className: 'field' }, [word, ' ', input]), make('bdi')];
    }
    return names.map((name, place) => {
      const button = make('button', { type: 'button' }, [make('bdi', { textContent: shortName(name) })]);
      button.addEventListener('click', () => onClass(place));
      return button;
    });
  }

  return {
    /** @param {import('../forger.js').Generator} generator @param {import('../mixes.js').Kind} kind */
    show(generator, { class: chosen, mix }) {
      const names = generator.classes;
      root.hidden = !names;
      if (!names) return;
      if (built !== names) root.replaceChildren(...build(names));
      built = names;
      setText(word, text('takenClass'));
      for (const [place, button] of [...root.querySelectorAll('button')].entries()) {
        button.setAttribute('aria-pressed', String(place === chosen && !mix));
        // Between classes each has its share, as a bar.
        const share = mix?.find(([each]) => each === place)?.[1] ?? 0;
        button.style.setProperty('--share', String(share / ALL));
      }
      const input = root.querySelector('input');
      if (!input) return;
      if (document.activeElement !== input) input.value = String(chosen);
      const name = names[chosen];
      setText(root.querySelector('bdi') ?? word, name === String(chosen) ? '' : shortName(name));
    },
  };
}
