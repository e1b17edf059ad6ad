// @ts-check
/** The big picture: what the latent vector on show becomes. */

import { paint } from '../pixels.js';
import { signed } from './dom.js';

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import('../forger.js').Generator} generator
 */
export function createPicture(canvas, generator) {
  return {
    /** @param {{z: Float32Array, seed: number, frame: number | undefined, kind: string}} state */
    show({ z, seed, frame, kind }) {
      paint(canvas, generator.generate(z), generator.imageShape);
      const noise = kind === 'fresh' ? ' with fresh noise' : '';
      const from = frame === undefined ? '' : `, frame ${frame + 1} of the sweep${noise}`;
      canvas.setAttribute('aria-label', `The generated digit of seed ${seed} with z[0] at ${signed(z[0])}${from}`);
    },
  };
}
