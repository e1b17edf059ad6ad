// @ts-check
/** The closing picture of the original program: z[0] moved from -1 to 0.98 in 100 frames. */

import { sampleZ } from './philox.js';

/** @typedef {'held' | 'fresh'} SweepKind The other coordinates: held at one draw, or drawn anew for each frame. */

export const FRAMES = 100;

/** z[0] of a frame, rounded as in the trainer's single precision. */
export function z0OfFrame(/** @type {number} */ frame) {
  return Math.fround(Math.fround(Math.fround(0.02) * frame) - 1);
}

/** The frame whose z[0] is nearest, or undefined outside the sweep. */
export function frameOfZ0(/** @type {number} */ z0) {
  const frame = Math.round((z0 + 1) / 0.02);
  return frame >= 0 && frame < FRAMES ? frame : undefined;
}

/**
 * The latent vectors of all frames: [FRAMES, held.length].
 * @param {SweepKind} kind
 * @param {Float32Array} held What the other coordinates are held at.
 * @param {number} seed Where they are drawn from if they are not.
 */
export function sweepZ(kind, held, seed) {
  const latentSize = held.length;
  const z = kind === 'fresh' ? sampleZ(seed, FRAMES, latentSize) : new Float32Array(FRAMES * latentSize);
  for (let frame = 0; frame < FRAMES; frame++) {
    if (kind === 'held') z.set(held, frame * latentSize);
    z[frame * latentSize] = z0OfFrame(frame);
  }
  return z;
}
