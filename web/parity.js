// @ts-check
/** Is this the model that was trained? The pictures that the trainer left in the file are computed again here. */

/** @typedef {{pictures: number, difference: number}} Parity The largest difference of any pixel, in [-1, 1] units. */

/**
 * Largest difference that still counts as identical: a step between two greys is 2/255, this is under a hundredth of it.
 * Rounding in another order gives about 1e-6.
 */
export const IDENTICAL = 5e-5;

/**
 * @param {import('./forger.js').Generator} generator
 * @returns {Parity | undefined} undefined where the file carries nothing to compare with.
 */
export function checkParity(generator) {
  const vectors = parse(generator.metadata['forger.parity']);
  if (!vectors) return undefined;
  const pixels = generator.imageShape.reduce((product, size) => product * size, 1);
  let difference = 0;
  for (const [index, z] of vectors.z.entries()) {
    const expected = vectors.image[index];
    if (z.length !== generator.latentSize || expected.length !== pixels) return undefined;
    const found = generator.generate(Float32Array.from(z));
    for (let i = 0; i < pixels; i++) difference = Math.max(difference, Math.abs(found[i] - expected[i]));
  }
  return { pictures: vectors.z.length, difference };
}

/**
 * The text comes from whoever made the file, so its form is checked.
 * @param {string | undefined} text
 * @returns {{z: number[][], image: number[][]} | undefined}
 */
function parse(text) {
  try {
    const { z, image } = JSON.parse(text ?? '');
    const isMatrix = (/** @type {unknown} */ rows) =>
      Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row) && row.every(Number.isFinite));
    return isMatrix(z) && isMatrix(image) && z.length === image.length ? { z, image } : undefined;
  } catch {
    return undefined;
  }
}
