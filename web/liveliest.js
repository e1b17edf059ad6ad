// @ts-check
/**
 * Which of a seed's samples a visitor meets: one that z[0] really changes, from one clear picture to another, near one of
 * the two, and unlike the picture before it. On most samples a single number of a hundred does little; that is found out here
 * by drawing, not known beforehand.
 */

import { SAMPLES, samplesOf } from './state.js';

/** How far z[0] is moved to see what it does: the ends of its slider. */
const ENDS = [-3, 3];
/** A model whose picture takes longer than this, in ms, does not draw three hundred for it. A digit takes a fiftieth. */
const SLOW_MS = 0.8;
/** A busy machine makes any picture take long now and then: the quickest of so many counts, as long as they took less than this. */
const [TRIES, TRIES_MS] = [8, 150];
/**
 * How much more counts what moves far, and what is a clear picture and no smudge: the powers to which these are raised. Found by
 * trying, with the judge of digits, on a model of 50 epochs: of 120 seeds z[0] leads from one digit to another on 118, and the
 * judge is surer than 90 % of the one that is met on 119. With 1 and 12, and picks that may lie between, it was 112 and 111.
 */
const [FAR, CLARITY] = [2, 20];

/** What was found of a model with nothing to be unlike: who comes back to the start finds it as it was. @type {WeakMap<import('./forger.js').Generator, Map<number, number>>} */
const found = new WeakMap();

/**
 * The place of the sample, from 0. The same model, seed and picture give the same.
 * @param {import('./forger.js').Generator} generator
 * @param {number} seed
 * @param {Float32Array} [before] The vector of the picture that was on show.
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
  return isSlow(generator, samplesOf(seed, latentSize).subarray(0, latentSize)) ? 0 : choose(generator, seed, before);
}

/**
 * The same however long it takes.
 * @param {Pick<import('./forger.js').Generator, 'latentSize' | 'generate'>} generator
 * @param {number} seed
 * @param {Float32Array} [before]
 */
export function choose(generator, seed, before) {
  const { latentSize } = generator;
  const samples = samplesOf(seed, latentSize);
  const at = (/** @type {number | undefined} */ value) =>
    generator.generate(value === undefined ? samples : samples.map((number, i) => (i % latentSize === 0 ? value : number)));
  const [low, high] = ENDS.map(at);
  const here = at(undefined);
  const shown = before && generator.generate(before);
  const pixels = low.length / SAMPLES;
  let [best, most] = [0, -1];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const lively = distance(low, high, sample * pixels, sample * pixels, pixels);
    const unlike = shown ? distance(here, shown, sample * pixels, 0, pixels) : 1;
    const clear = Math.min(...[low, here, high].map((pictures) => clarity(pictures, sample * pixels, pixels)));
    const nearest = Math.min(...[low, high].map((pictures) => distance(here, pictures, sample * pixels, sample * pixels, pixels)));
    // What lies between two digits is neither: a visitor meets one that is like one of the ends.
    const settled = 1 - Math.min(1, nearest / lively);
    const score = lively ** FAR * unlike * clear ** CLARITY * settled;
    if (score > most) [best, most] = [sample, score];
  }
  return best;
}

/** Anew and not by `msPerPicture`: that is of a first picture, whose code may just have been compiled. @param {import('./forger.js').Generator} generator @param {Float32Array} z */
function isSlow(generator, z) {
  const start = performance.now();
  let before = start;
  for (let i = 0; i < TRIES && before - start < TRIES_MS; i++) {
    generator.generate(z);
    const now = performance.now();
    if (now - before <= SLOW_MS) return false;
    before = now;
  }
  return true;
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
