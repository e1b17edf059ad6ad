// @ts-check
/** Ten buttons, one for each digit that one may wish for, and a number to be written in forged digits. */

import { paint } from '../pixels.js';
import { setText, text } from '../strings.js';
import { make, within } from './dom.js';

/** Digits of a number that one may ask for. */
const LONGEST = 12;

/**
 * @param {HTMLElement} root
 * @param {{onDigit: (digit: number) => void, onNumber: (digits: number[]) => void, onTake: (seed: number, digit: number) => void, onSave: () => void}} callbacks
 */
export function createWishes(root, { onDigit, onNumber, onTake, onSave }) {
  const keys = within(root, '[data-keys]');
  /** @type {HTMLInputElement} */
  const number = within(root, 'input');
  /** @type {HTMLElement} */
  const row = within(root, '[data-row]');
  const save = within(root, '[data-save]');
  const said = within(root, '[data-said]');
  number.maxLength = LONGEST;
  for (let digit = 0; digit < 10; digit++) {
    const key = make('button', { type: 'button', textContent: `${digit}` });
    key.addEventListener('click', () => onDigit(digit));
    keys.append(key);
  }
  const digits = () => [...number.value].filter((letter) => /[0-9]/.test(letter)).slice(0, LONGEST).map(Number);
  number.addEventListener('input', () => onNumber(digits()));
  save.addEventListener('click', onSave);

  return {
    digits,
    /** @param {string} words */
    say: (words) => setText(said, words),
    /** In the language of the page. */
    label() {
      for (const [digit, key] of [...keys.children].entries()) key.setAttribute('aria-label', text('wishDigit', { digit }));
    },
    /** @param {{digit: number, seed: number, image: Float32Array}[]} written @param {readonly number[]} shape */
    showRow(written, shape) {
      const items = written.map(({ digit, seed, image }) => {
        const canvas = make('canvas');
        canvas.setAttribute('aria-hidden', 'true');
        paint(canvas, image, shape);
        const button = make('button', { type: 'button' }, [make('span', { className: 'paper' }, [canvas])]);
        button.setAttribute('aria-label', text('takeWritten', { digit, seed }));
        button.addEventListener('click', () => onTake(seed, digit));
        return make('li', {}, [button]);
      });
      row.replaceChildren(...items);
      save.disabled = items.length === 0;
    },
  };
}
