// @ts-check
/** A sweep as a sheet of 10 by 10 pictures, with a frame around the one that is on show. */

import { paint } from '../pixels.js';
import { within } from './dom.js';

const COLUMNS = 10;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import('../forger.js').Generator} generator
 * @param {string} what What becomes of the other coordinates, for the label.
 */
export function createSheet(canvas, generator, what) {
  /** @type {HTMLElement} */
  const cursor = within(/** @type {HTMLElement} */ (canvas.parentElement), '.cursor');
  return {
    /** @param {Float32Array} z The latent vectors of all frames. */
    draw(z) {
      paint(canvas, generator.generate(z), generator.imageShape, COLUMNS);
      canvas.setAttribute('aria-label', `100 generated digits in rows of ten, z[0] from −1.00 to 0.98, ${what}`);
    },
    /** @param {number | undefined} frame */
    point(frame) {
      cursor.hidden = frame === undefined;
      if (frame === undefined) return;
      cursor.style.setProperty('--column', String(frame % COLUMNS));
      cursor.style.setProperty('--row', String(Math.floor(frame / COLUMNS)));
    },
  };
}
