// @ts-check
/** Plays the sweep: a button, and which of the two kinds. Stands still where the system asks for less motion. */

import { FRAMES } from '../sweep.js';
import { within } from './dom.js';

/**
 * Frames a second. Held, neighbours are alike and run smoothly. Fresh noise gives another digit each time: five a second
 * stay under the three flashes that WCAG 2.3.1 allows.
 */
const RATE = { held: 25, fresh: 5 };

/**
 * @param {HTMLElement} root
 * @param {{
 *   onPlay: (playing: boolean) => void,
 *   onKind: (kind: 'held' | 'fresh') => void,
 *   onFrame: (frame: number) => void,
 * }} callbacks
 */
export function createPlayer(root, { onPlay, onKind, onFrame }) {
  /** @type {HTMLButtonElement} */
  const button = within(root, '[data-play]');
  /** @type {HTMLFieldSetElement} */
  const kinds = within(root, 'fieldset');
  const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let playing = false;
  /** @type {'held' | 'fresh'} */
  let kind = 'held';
  /** Where playing goes on: the frame that was shown last. */
  let frame = 0;

  kinds.disabled = false;
  button.disabled = false;
  button.addEventListener('click', () => onPlay(!playing));
  kinds.addEventListener('change', () => onKind(within(kinds, 'input:checked').value));
  lessMotion.addEventListener('change', () => (respectMotion(), onPlay(false)));
  respectMotion();

  function respectMotion() {
    button.hidden = lessMotion.matches;
    within(root, '[data-still]').hidden = !lessMotion.matches;
  }

  /** Every frame is shown, in order, at the kind's rate whatever the display's. */
  function run() {
    let last = performance.now();
    onFrame(frame);
    requestAnimationFrame(function tick(now) {
      if (!playing) return;
      // A tab that slept goes on where it was.
      if (now - last >= 1000 / RATE[kind]) {
        last = now;
        frame = (frame + 1) % FRAMES;
        onFrame(frame);
      }
      requestAnimationFrame(tick);
    });
  }

  return {
    /** @param {{playing: boolean, kind: 'held' | 'fresh', frame: number | undefined}} state */
    show(state) {
      const starts = state.playing && !playing;
      ({ playing, kind } = state);
      if (state.frame !== undefined) frame = state.frame;
      button.textContent = playing ? 'Pause the sweep' : 'Play the sweep';
      if (starts) run();
    },
  };
}
