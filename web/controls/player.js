// @ts-check
/** Plays the sweep: a button, and which of the two kinds. Stands still where the system asks for less motion. */

import { setText, text } from '../strings.js';
import { within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {{onPlay: (playing: boolean) => void, onKind: (kind: 'held' | 'fresh') => void}} callbacks
 */
export function createPlayer(root, { onPlay, onKind }) {
  /** @type {HTMLButtonElement} */
  const button = within(root, '[data-play]');
  /** @type {HTMLFieldSetElement} */
  const kinds = within(root, 'fieldset');
  const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let playing = false;

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

  return {
    /** @param {import('../state.js').State} state */
    show(state) {
      playing = state.playing === 'sweep';
      setText(button, text(playing ? 'pauseSweep' : 'playSweep'));
      within(kinds, `[value=${state.kind}]`).checked = true;
    },
  };
}
