// @ts-check
/** From one pin to another: which two, and a strip of what lies between them. */

import { kindToText } from '../mixes.js';
import { walkZ } from '../state.js';
import { setText, text } from '../strings.js';
import { setOptions, within } from './dom.js';
import { createFilm } from './film.js';

/** Places of the slider. */
const STEPS = 100;

/**
 * @param {HTMLElement} root
 * @param {{
 *   onPlace: (t: number) => void,
 *   onEnds: (from: number, to: number) => void,
 *   onPlay: (playing: boolean) => void,
 *   onGif: () => void,
 *   onResize: () => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks
 */
export function createWalk(root, { onPlace, onEnds, onPlay, onGif, onResize, onFailure }) {
  /** @type {HTMLSelectElement[]} */
  const [from, to] = [within(root, '[data-from]'), within(root, '[data-to]')];
  /** @type {HTMLButtonElement} */
  const play = within(root, '[data-play]');
  const film = createFilm(within(root, '.film'), { onInput: (place) => onPlace(place / STEPS), onResize, onFailure });
  let playing = false;
  for (const select of [from, to]) select.addEventListener('change', () => onEnds(Number(from.value), Number(to.value)));
  play.addEventListener('click', () => onPlay(!playing));
  within(root, '[data-gif]').addEventListener('click', onGif);

  return {
    /**
     * @param {import('../state.js').State} state
     * @param {import('../blending.js').Drawer} drawer Draws each place of the walk, in thousandths.
     * @param {boolean} blends Whether there is something between its classes.
     */
    show(state, drawer, blends) {
      const { pins, walk } = state;
      root.hidden = pins.length < 2;
      if (root.hidden) return;
      for (const [select, place] of /** @type {[HTMLSelectElement, number][]} */ ([[from, walk.from], [to, walk.to]])) {
        setOptions(select, pins.map((_, i) => [`${i}`, text('pinName', { number: i + 1 })]));
        select.value = `${place}`;
      }
      playing = state.playing === 'walk';
      setText(play, text(playing ? 'pauseWalk' : 'playWalk'));
      // From a pin to itself there is no way.
      play.disabled = walk.from === walk.to;
      const percent = Math.round(walk.t * 100);
      const words = text('walkAt', { percent, from: walk.from + 1, to: walk.to + 1 });
      const zAt = (/** @type {number} */ place) => walkZ(state, place / STEPS) ?? pins[walk.from].z;
      film.show(drawer, zAt, Math.round(walk.t * STEPS), words, (place) => (place * 1000) / STEPS);
      // Where the file does not tell what lies between two classes, nothing is made up.
      const isOther = kindToText(pins[walk.from]) !== kindToText(pins[walk.to]);
      setText(within(root, '[data-said]'), isOther && !blends ? text('walkSwitches') : '');
    },
  };
}
