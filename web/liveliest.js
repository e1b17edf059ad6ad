// @ts-check
/**
 * Which of a seed's samples a visitor meets: one that z[0] really changes, and unlike the picture before it. On most samples a
 * single number of a hundred does little; that is found out here by drawing, not known beforehand.
 */

import { SAMPLES, samplesOf } from './state.js';

/** How far z[0] is moved to see what it does: the ends of its slider. */
const ENDS = [-3, 3];
/** What looking may cost, in ms: less than a visitor notices. A slower model has fewer of its samples looked at. */
const BUDGET_MS = 120;

/**
 * The place of the sample, from 0. The same model, seed and picture give the same.
 * @param {import('./forger.js').Generator} generator
 * @param {number} seed
 * @param {Float32Array} [before] The picture that was on show.
 */
export function liveliest(generator, seed, before) {
  const { latentSize, msPerPicture } = generator;
  // Whole classes of speed, so that the clock's whims do not choose: all, a few, or none.
  const count = [SAMPLES, 10].find((samples) => 3 * samples * msPerPicture < BUDGET_MS);
  if (!count) return 0;
  const samples = samplesOf(seed, latentSize).subarray(0, count * latentSize);
  const at = (/** @type {number | undefined} */ value) =>
    generator.generate(value === undefined ? samples : samples.map((number, i) => (i % latentSize === 0 ? value : number)));
  const [low, high] = ENDS.map(at);
  const here = before && at(undefined);
  const pixels = low.length / count;
  let [best, most] = [0, -1];
  for (let sample = 0; sample < count; sample++) {
    const lively = distance(low, high, sample * pixels, sample * pixels, pixels);
    const unlike = here && before.length === pixels ? distance(here, before, sample * pixels, 0, pixels) : 1;
    if (lively * unlike > most) [best, most] = [sample, lively * unlike];
  }
  return best;
}

/** Sum of absolute differences. @param {Float32Array} a @param {Float32Array} b @param {number} i @param {number} j @param {number} length */
function distance(a, b, i, j, length) {
  let sum = 0;
  for (let p = 0; p < length; p++) sum += Math.abs(a[i + p] - b[j + p]);
  return sum;
}
