// @ts-check
/** A canvas of many pictures, drawn in short slices; what is on it already is not drawn again. */

import { paintFrom, prepare } from './pixels.js';
import { batchOf, inSlices } from './slices.js';
import { same } from './vectors.js';

/** So many pictures are a strip, and drawn in the frame that asks for them; more are a sheet, which says that it is busy meanwhile. */
const STRIP = 40;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(error: unknown) => void} onFailure A model can load and still fail on some latent vector.
 */
export function createTiles(canvas, onFailure) {
  let drawn = { generator: /** @type {unknown} */ (undefined), z: new Float32Array(0), columns: 0, classes: '' };
  return {
    /**
     * Shows a picture for each latent vector. A later call takes the place of one that is still drawing.
     * @param {import('./blending.js').Drawer} generator
     * @param {Float32Array} z [n, latentSize]
     * @param {number} columns
     * @param {readonly number[]} [classes] Of each picture; the generator's own where there are none.
     * @returns {boolean} Whether there was anything to draw.
     */
    draw(generator, z, columns, classes) {
      const told = classes?.join() ?? '';
      if (drawn.generator === generator && drawn.columns === columns && drawn.classes === told && same(drawn.z, z)) return false;
      const mine = (drawn = { generator, z: z.slice(), columns, classes: told });
      const atOnce = z.length <= STRIP * generator.latentSize;
      const isWanted = () => drawn === mine;
      if (!atOnce) canvas.setAttribute('aria-busy', 'true');
      inSlices(steps(canvas, generator, mine.z, columns, classes), isWanted, { atOnce })
        .then(() => isWanted() && canvas.removeAttribute('aria-busy'))
        .catch(onFailure);
      return true;
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import('./blending.js').Drawer} generator
 * @param {Float32Array} z
 * @param {number} columns
 * @param {readonly number[] | undefined} classes
 */
function* steps(canvas, generator, z, columns, classes) {
  const { latentSize, imageShape } = generator;
  const count = z.length / latentSize;
  const batch = batchOf(imageShape);
  prepare(canvas, count, imageShape, columns);
  for (let first = 0; first < count; first += batch) {
    const images = generator.generate(z.subarray(first * latentSize, (first + batch) * latentSize), classes?.slice(first, first + batch));
    paintFrom(canvas, first, images, imageShape, columns);
    yield;
  }
}
