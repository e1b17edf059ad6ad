// @ts-check
/** Plays the sweep: a button, and which of the two kinds. It never plays by itself, so who asks for less motion may press it too. */

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
  let playing = false;

  kinds.disabled = false;
  button.disabled = false;
  button.addEventListener('click', () => onPlay(!playing));
  kinds.addEventListener('change', () => onKind(within(kinds, 'input:checked').value));

  return {
    /** @param {import('../state.js').State} state */
    show(state) {
      playing = state.playing === 'sweep';
      setText(button, text(playing ? 'pauseSweep' : 'playSweep'));
      within(kinds, `[value=${state.kind}]`).checked = true;
    },
  };
}
