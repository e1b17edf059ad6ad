// @ts-check
/** Pictures as a sheet in rows of ten, mostly a hundred, with a frame around the one on show; each can be chosen by pointing at it. */

import { createTiles } from '../tiles.js';
import { within } from './dom.js';

export const COLUMNS = 10;

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
  let rows = COLUMNS;
  // For the pointer alone: keys reach the same pictures by a slider or a number that stands beside every sheet.
  canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    const place = (/** @type {number} */ offset, /** @type {number} */ size, /** @type {number} */ count) =>
      Math.min(count - 1, Math.max(0, Math.floor((count * offset) / size)));
    onTile(COLUMNS * place(offsetY, canvas.clientHeight, rows) + place(offsetX, canvas.clientWidth, COLUMNS));
  });
  return {
    /**
     * @param {import('../blending.js').Drawer} generator
     * @param {Float32Array} z The latent vectors of all pictures.
     * @param {string} label
     * @param {number | undefined} tile The picture on show, if it is one of them.
     * @param {readonly number[]} [classes] Of each picture; the generator's own where there are none.
     */
    show(generator, z, label, tile, classes) {
      tiles.draw(generator, z, COLUMNS, classes);
      rows = z.length / generator.latentSize / COLUMNS;
      root.style.setProperty('--rows', String(rows));
      canvas.setAttribute('aria-label', label);
      cursor.hidden = tile === undefined;
      if (tile === undefined) return;
      cursor.style.setProperty('--column', String(tile % COLUMNS));
      cursor.style.setProperty('--row', String(Math.floor(tile / COLUMNS)));
    },
  };
}
