// @ts-check
/** How much each number of z changes the picture here: what a slider would do, before it is moved. */

import { batchOf } from './slices.js';

/** From this far below to this far above: one unit in all, about what the eye needs to see a difference. */
const HALF = 0.5;

/**
 * @param {import('./blending.js').Drawer} generator
 * @param {Float32Array} z
 * @returns {Generator<void, Float32Array, void>} Yields between short steps. For each number of z the mean absolute change
 *   of a pixel for one unit of it, as a share of the way from black to white.
 */
export function* measureInfluence(generator, z) {
  const size = z.length;
  const pixels = generator.imageShape.reduce((product, length) => product * length, 1);
  const batch = Math.ceil(batchOf(generator.imageShape) / 2);
  const influence = new Float32Array(size);
  for (let first = 0; first < size; first += batch) {
    const count = Math.min(batch, size - first);
    const pairs = new Float32Array(2 * count * size);
    for (let i = 0; i < 2 * count; i++) {
      pairs.set(z, i * size);
      pairs[i * size + first + (i >> 1)] += i % 2 ? HALF : -HALF;
    }
    const images = generator.generate(pairs);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      const [below, above] = [2 * i * pixels, (2 * i + 1) * pixels];
      for (let p = 0; p < pixels; p++) sum += Math.abs(images[above + p] - images[below + p]);
      // Black and white are 2 apart.
      influence[first + i] = sum / pixels / 2;
    }
    yield;
  }
  return influence;
}
