// @ts-check
/** Files for the visitor to keep, made here: a picture as PNG, many as GIF, z as JSON. */

import { encodeGif } from './gif.js';
import { toRgba } from './pixels.js';
import { batchOf, inSlices } from './slices.js';

/** Pictures are enlarged to about this many pixels a side, by a whole factor. */
const [PNG_SIDE, GIF_SIDE] = [560, 168];
/** Hundredths of a second: 25 frames a second. */
const GIF_DELAY = 4;

/** Hands a file over as a download. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name });
  link.click();
  // The download has read it by then; at once would be too soon for some browsers.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {Float32Array} image @param {readonly number[]} shape @returns {Promise<Blob>} */
export async function pngOf(image, [channels, height, width]) {
  const scale = Math.max(1, Math.floor(PNG_SIDE / Math.max(height, width)));
  const small = new OffscreenCanvas(width, height);
  small.getContext('2d')?.putImageData(new ImageData(toRgba(image, channels), width, height), 0, 0);
  const large = new OffscreenCanvas(width * scale, height * scale);
  const context = large.getContext('2d');
  if (context) {
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, large.width, large.height);
  }
  return large.convertToBlob({ type: 'image/png' });
}

/**
 * The pictures of many latent vectors as a film.
 * @param {import('./blending.js').Drawer} generator
 * @param {Float32Array} z [n, latentSize]
 * @param {readonly number[]} [classes] Of each; the generator's own where there are none.
 * @returns {Promise<Blob>}
 */
export async function gifOf(generator, z, classes) {
  const parts = await inSlices(film(generator, z, classes), () => true);
  return new Blob(/** @type {BlobPart[]} */ (parts), { type: 'image/gif' });
}

/** @param {import('./blending.js').Drawer} generator @param {Float32Array} z @param {readonly number[]} [classes] */
function* film(generator, z, classes) {
  const { imageShape, latentSize } = generator;
  const length = imageShape.reduce((product, size) => product * size, 1);
  const images = new Float32Array((z.length / latentSize) * length);
  const step = batchOf(imageShape);
  for (let first = 0; first < z.length / latentSize; first += step) {
    const part = z.subarray(first * latentSize, (first + step) * latentSize);
    images.set(generator.generate(part, classes?.slice(first, first + step)), first * length);
    yield;
  }
  const scale = Math.max(1, Math.floor(GIF_SIDE / Math.max(imageShape[1], imageShape[2])));
  return yield* encodeGif(images, imageShape, { scale, delay: GIF_DELAY });
}

/** @param {import('./state.js').State} state @param {Float32Array} z */
export function jsonOf({ model, seed, index, class: chosen, mix }, z) {
  // Every float32 as the shortest decimal that a reader turns back into it would be shorter; these doubles are exact.
  return new Blob([JSON.stringify({ model, seed, index, ...(chosen > 0 && { class: chosen }), ...(mix && { classes: Object.fromEntries(mix) }), z: [...z] })], { type: 'application/json' });
}
