// @ts-check
/** Looks for the next seed whose first digit the judge takes for the one that is wanted. */

import { sampleZ } from '../philox.js';

/** How sure the judge must be. */
const SURE = 0.9;
/** Seeds that are tried; of a model that draws all ten evenly, one in ten is right. */
const TRIES = 600;

/** @typedef {{seed: number, image: Float32Array, share: number}} Found */

/**
 * @param {import('../forger.js').Generator} generator
 * @param {import('../judge.js').Judge} judge
 * @param {number} digit
 * @param {number} first The seed that is tried first.
 * @returns {Generator<void, Found | undefined, void>} Yields between pictures; undefined if none of the seeds has it.
 */
export function* seek(generator, judge, digit, first) {
  for (let i = 0; i < TRIES; i++) {
    const seed = (first + i) % Number.MAX_SAFE_INTEGER;
    const image = generator.generate(sampleZ(seed, 1, generator.latentSize));
    const verdict = judge.judge(image);
    if (verdict.digit === digit && verdict.share >= SURE) return { seed, image, share: verdict.share };
    yield;
  }
  return undefined;
}
