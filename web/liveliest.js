// @ts-check
/**
 * Which of a seed's samples a visitor meets: one that z[0] really changes, from one clear picture to another, and unlike the
 * picture before it. On most samples a single number of a hundred does little; that is found out here by drawing, not known
 * beforehand.
 */

import { SAMPLES, samplesOf } from './state.js';

/** How far z[0] is moved to see what it does: the ends of its slider. */
const ENDS = [-3, 3];
/** A model that takes longer than this for ten pictures, in ms, does not draw three hundred for it. Ten digits take a fortieth. */
const [FEW, SLOW_MS] = [10, 8];
/** How much more a clear picture counts than a smudge: the power to which the mean distance of its pixels from grey is raised. */
const CLARITY = 12;

/** What was found of a model with nothing to be unlike: who comes back to the start finds it as it was. @type {WeakMap<import('./forger.js').Generator, Map<number, number>>} */
const found = new WeakMap();

/**
 * The place of the sample, from 0. The same model, seed and picture give the same.
 * @param {import('./forger.js').Generator} generator
 * @param {number} seed
 * @param {Float32Array} [before] The picture that was on show.
 */
export function liveliest(generator, seed, before) {
  if (before) return search(generator, seed, before);
  const known = found.get(generator) ?? new Map();
  found.set(generator, known);
  if (!known.has(seed)) known.set(seed, search(generator, seed, undefined));
  return known.get(seed) ?? 0;
}

/** @param {import('./forger.js').Generator} generator @param {number} seed @param {Float32Array | undefined} before */
function search(generator, seed, before) {
  const { latentSize } = generator;
  const samples = samplesOf(seed, latentSize);
  if (isSlow(generator, samples.subarray(0, FEW * latentSize))) return 0;
  const at = (/** @type {number | undefined} */ value) =>
    generator.generate(value === undefined ? samples : samples.map((number, i) => (i % latentSize === 0 ? value : number)));
  const [low, high] = ENDS.map(at);
  const here = at(undefined);
  const pixels = low.length / SAMPLES;
  let [best, most] = [0, -1];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const lively = distance(low, high, sample * pixels, sample * pixels, pixels);
    const unlike = before?.length === pixels ? distance(here, before, sample * pixels, 0, pixels) : 1;
    const clear = Math.min(...[low, here, high].map((pictures) => clarity(pictures, sample * pixels, pixels)));
    const score = lively * unlike * clear ** CLARITY;
    if (score > most) [best, most] = [sample, score];
  }
  return best;
}

/** Anew and not by `msPerPicture`: that is of a first picture, whose code may just have been compiled. @param {import('./forger.js').Generator} generator @param {Float32Array} few */
function isSlow(generator, few) {
  if (generator.msPerPicture > SLOW_MS) return true;
  const start = performance.now();
  generator.generate(few);
  return performance.now() - start > SLOW_MS;
}

/** From 0, all grey, to 1, black and white. @param {Float32Array} pictures @param {number} first @param {number} length */
function clarity(pictures, first, length) {
  let sum = 0;
  for (let p = first; p < first + length; p++) sum += Math.min(1, Math.abs(pictures[p]));
  return sum / length;
}

/** Sum of absolute differences. @param {Float32Array} a @param {Float32Array} b @param {number} i @param {number} j @param {number} length */
function distance(a, b, i, j, length) {
  let sum = 0;
  for (let p = 0; p < length; p++) sum += Math.abs(a[i + p] - b[j + p]);
  return sum;
}
