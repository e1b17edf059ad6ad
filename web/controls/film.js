// @ts-check
/**
 * A strip of pictures with a frame around the one on show: a slider, drawn. It holds as many pictures as its width has room
 * for, each at a whole multiple of its size, evenly taken from all there are.
 */

import { createTiles } from '../tiles.js';
import { setSlider, within } from './dom.js';

/** The width of a picture on the strip in CSS pixels: a digit's own, or twice that where there is room for it. */
const TILE = 28;
const ROOMY = 560;
const [FEWEST, MOST] = [6, 40];

/**
 * @param {HTMLElement} root
 * @param {{onInput: (place: number) => void, onResize: () => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createFilm(root, { onInput, onResize, onFailure }) {
  /** @type {HTMLCanvasElement} */
  const canvas = within(root, 'canvas');
  /** @type {HTMLInputElement} */
  const slider = within(root, 'input');
  const tiles = createTiles(canvas, onFailure);
  let count = 0;
  slider.disabled = false;
  slider.addEventListener('input', () => onInput(slider.valueAsNumber));
  new ResizeObserver(() => {
    const before = count;
    measure();
    if (count !== before && count > 0) onResize();
  }).observe(root);

  function measure() {
    const size = TILE * (root.clientWidth >= ROOMY ? 2 : 1);
    count = root.clientWidth ? Math.min(MOST, Math.max(FEWEST, Math.floor(root.clientWidth / size))) : 0;
    root.style.setProperty('--count', String(count));
    root.style.setProperty('--tile', `${size}px`);
  }
  measure();

  return {
    /**
     * @param {import('../blending.js').Drawer} generator
     * @param {(place: number) => Float32Array} zAt The vector at a place of the slider, from 0 to its max.
     * @param {number | undefined} place undefined: none of them is on show.
     * @param {string} words The place for a screen reader.
     * @param {(place: number) => number} [classAt] The class at a place; the generator's own where that is not told.
     */
    show(generator, zAt, place, words, classAt) {
      root.classList.toggle('away', place === undefined);
      setSlider(slider, place ?? slider.valueAsNumber, words);
      if (count === 0) return;
      const z = new Float32Array(count * generator.latentSize);
      const last = Number(slider.max);
      const places = Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1)));
      for (const [i, at] of places.entries()) z.set(zAt(at), i * generator.latentSize);
      tiles.draw(generator, z, count, classAt && places.map(classAt));
    },
  };
}
