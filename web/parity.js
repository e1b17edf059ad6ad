// @ts-check
/** Is this the model that was trained? The pictures that the trainer left in the file are computed again here. */

/**
 * @typedef {object} Parity
 * @property {number} pictures
 * @property {number} difference The largest of any pixel, in [-1, 1] units.
 * @property {Float32Array} trainers What the trainer drew, one picture after the other.
 * @property {Float32Array} ours What was drawn here from the same z.
 */

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
  const vectors = parse(generator.metadata['forger.parity'], generator.classes?.length ?? 0);
  if (!vectors) return undefined;
  const pixels = generator.imageShape.reduce((product, size) => product * size, 1);
  let difference = 0;
  const count = vectors.z.length;
  const [trainers, ours] = [new Float32Array(count * pixels), new Float32Array(count * pixels)];
  for (const [index, z] of vectors.z.entries()) {
    const expected = vectors.image[index];
    if (z.length !== generator.latentSize || expected.length !== pixels) return undefined;
    const found = generator.generate(Float32Array.from(z), vectors.classes?.[index]);
    trainers.set(expected, index * pixels);
    ours.set(found, index * pixels);
    for (let i = 0; i < pixels; i++) difference = Math.max(difference, Math.abs(found[i] - expected[i]));
  }
  return { pictures: count, difference, trainers, ours };
}

/**
 * The text comes from whoever made the file, so its form is checked.
 * @param {string | undefined} text
 * @param {number} classes How many the model is told one of.
 * @returns {{z: number[][], image: number[][], classes: number[] | undefined} | undefined} `classes`: of each, if it is told one.
 */
function parse(text, classes) {
  try {
    const { z, image, class: told } = JSON.parse(text ?? '');
    const isMatrix = (/** @type {unknown} */ rows) =>
      Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row) && row.every(Number.isFinite));
    if (!isMatrix(z) || !isMatrix(image) || z.length !== image.length) return undefined;
    if (classes === 0) return { z, image, classes: undefined };
    const isClass = (/** @type {unknown} */ each) => Number.isInteger(each) && Number(each) >= 0 && Number(each) < classes;
    return Array.isArray(told) && told.length === z.length && told.every(isClass) ? { z, image, classes: told } : undefined;
  } catch {
    return undefined;
  }
}
