// @ts-check
/** A hundred pictures as a sheet of 10 by 10, with a frame around the one on show; each can be chosen by pointing at it. */

import { createTiles } from '../tiles.js';
import { within } from './dom.js';

const COLUMNS = 10;

/**
 * @param {HTMLElement} root
 * @param {{onTile: (tile: number) => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createSheet(root, { onTile, onFailure }) {
  /** @type {HTMLCanvasElement} */
  const canvas = within(root, 'canvas');
  /** @type {HTMLElement} */
  const cursor = within(root, '.cursor');
  const tiles = createTiles(canvas, onFailure);
  // For the pointer alone: keys reach the same pictures by a slider or a number that stands beside every sheet.
  canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    const place = (/** @type {number} */ offset, /** @type {number} */ size) =>
      Math.min(COLUMNS - 1, Math.max(0, Math.floor((COLUMNS * offset) / size)));
    onTile(COLUMNS * place(offsetY, canvas.clientHeight) + place(offsetX, canvas.clientWidth));
  });
  return {
    /**
     * @param {import('../forger.js').Generator} generator
     * @param {Float32Array} z The latent vectors of all pictures.
     * @param {string} label
     * @param {number | undefined} tile The picture on show, if it is one of them.
     */
    show(generator, z, label, tile) {
      tiles.draw(generator, z, COLUMNS);
      canvas.setAttribute('aria-label', label);
      cursor.hidden = tile === undefined;
      if (tile === undefined) return;
      cursor.style.setProperty('--column', String(tile % COLUMNS));
      cursor.style.setProperty('--row', String(Math.floor(tile / COLUMNS)));
    },
  };
}
