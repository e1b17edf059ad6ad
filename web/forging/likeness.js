// @ts-check
/** Whether a copy is one: how much of a picture it leaves unexplained. */

import { seen } from './view.js';

/** Beyond this a copy is no copy. */
export const FAR = 0.25;

/**
 * The square of what the copy lacks, as a share of the square of the picture's ink: 0 the same, 1 no better than blank
 * paper. A share of the ink, as on a picture with little of it a bad copy would else differ by little.
 * @param {Float32Array} image [channels, height, width]
 * @param {Float32Array} picture Grey, [height, width].
 * @param {readonly number[]} shape
 */
export function unlikeness(image, picture, shape) {
  const [, height, width] = shape;
  const [a, b] = [seen(image, shape), seen(picture, [1, height, width])];
  let [missing, ink] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    missing += (a[i] - b[i]) ** 2;
    ink += (b[i] + 1) ** 2;
  }
  return missing / ink;
}
