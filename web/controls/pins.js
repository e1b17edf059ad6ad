// @ts-check
/** Pictures that were put aside: each shows itself again, or goes. */

import { drawerOf } from '../blending.js';
import { paint } from '../pixels.js';
import { text } from '../strings.js';
import { make } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {{onShow: (place: number) => void, onRemove: (place: number) => void}} callbacks
 */
export function createPins(root, { onShow, onRemove }) {
  /** What is on show, and in which language. @type {{pins: readonly import('../state.js').Pin[], words: string, model: unknown}} */
  let drawn = { pins: [], words: '', model: undefined };
  /** The place of a pin that was just removed: the focus goes to the one that took it. @type {number | undefined} */
  let removed;

  /** @param {import('../state.js').Pin} pin @param {number} place @param {import('../forger.js').Generator} generator */
  function item(pin, place, generator) {
    const values = { number: place + 1, seed: pin.seed };
    const canvas = make('canvas', { width: 28, height: 28 });
    canvas.setAttribute('aria-hidden', 'true');
    paint(canvas, drawerOf(generator, pin).generate(pin.z), generator.imageShape);
    const paper = make('span', { className: 'paper' }, [canvas]);
    const show = make('button', { type: 'button', className: 'show' }, [paper, make('span', { textContent: `${place + 1}` })]);
    show.setAttribute('aria-label', text('showPin', values));
    show.addEventListener('click', () => onShow(place));
    const remove = make('button', { type: 'button', className: 'remove', textContent: '×' });
    remove.setAttribute('aria-label', text('removePin', values));
    remove.addEventListener('click', () => {
      removed = place;
      onRemove(place);
    });
    return make('li', {}, [show, remove]);
  }

  return {
    /** @param {import('../state.js').State} state @param {import('../forger.js').Generator} generator */
    show({ pins }, generator) {
      const words = text('noPins');
      const isSame = pins.length === drawn.pins.length && pins.every((pin, place) => pin === drawn.pins[place]);
      // Each pin has its own class, whichever is on show.
      const model = generator.ofClass(0);
      if (isSame && drawn.words === words && drawn.model === model) return;
      drawn = { pins, words, model };
      const hint = make('li', { className: 'hint', textContent: words });
      root.replaceChildren(...(pins.length ? pins.map((pin, place) => item(pin, place, generator)) : [hint]));
      if (removed === undefined) return;
      const next = root.querySelectorAll('.remove')[Math.min(removed, pins.length - 1)] ?? root.closest('[role=tabpanel]');
      removed = undefined;
      if (next instanceof HTMLElement) next.focus();
    },
  };
}
