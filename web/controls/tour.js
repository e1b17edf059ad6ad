// @ts-check
/** The card of the tour: where one is in it, what there is to see, on, back, and out of it by a button or Escape. */

import { setText, text } from '../strings.js';
import { STEPS } from '../tour.js';
import { byId, within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} start The button that it is begun by, and that has the focus again after it.
 * @param {{onStep: (step: import('../tour.js').Step) => void, onEnd: () => void}} callbacks
 */
export function createTour(root, start, { onStep, onEnd }) {
  /** @type {number | undefined} */
  let place;
  const title = within(root, 'h2');
  const [back, next, skip] = ['[data-back]', '[data-next]', '[data-skip]'].map((name) => within(root, name));
  start.addEventListener('click', () => go(0));
  back.addEventListener('click', () => go((place ?? 1) - 1));
  next.addEventListener('click', () => (place === STEPS.length - 1 ? end() : go((place ?? 0) + 1)));
  skip.addEventListener('click', end);
  root.addEventListener('keydown', ({ key }) => key === 'Escape' && end());

  /** @param {number} to */
  function go(to) {
    place = to;
    root.hidden = false;
    onStep(STEPS[to]);
    show();
    // Read out whole: it is what the dialogue is named and described by.
    title.focus({ preventScroll: true });
  }

  function end() {
    const last = STEPS[STEPS.length - 1];
    // Who has come to the end goes on there.
    const next = place === STEPS.length - 1 ? byId(last.at) : start;
    place = undefined;
    root.hidden = true;
    next.focus({ preventScroll: next !== start });
    onEnd();
  }

  function show() {
    document.documentElement.classList.toggle('touring', place !== undefined);
    if (place === undefined) return;
    const { title: heading, words } = STEPS[place];
    setText(within(root, '[data-place]'), text('tourPlace', { number: place + 1, count: STEPS.length }));
    setText(title, text(heading));
    setText(within(root, '[data-words]'), text(words));
    back.disabled = place === 0;
    setText(next, text(place === STEPS.length - 1 ? 'tourDone' : 'tourNext'));
  }

  return { show };
}
