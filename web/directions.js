// @ts-check
/**
 * The directions of the latent space along which a generator's picture changes most.
 *
 * They are the eigenvectors of C = E[JᵀJ], J being the change of the pixels by z, averaged over normal noise: the right
 * singular vectors of the whole network, taken together over where it is used (the active subspace of Constantine, Dow
 * and Wang, 2014). Eigenvalues are mean squared changes, so each direction can say its share.
 *
 * The well-known closed form, eigenvectors of AᵀA of the first layer's weights A (SeFa: Shen and Zhou, 2021), needs no
 * picture, but stops at the first layer, and needs A: this page would have to read a stranger's file a second time, and to
 * know where in any architecture A is. Differences of pictures see every layer of every model.
 */

import { topEigenvectors } from './eigen.js';
import { sampleZ } from './philox.js';
import { batchOf } from './slices.js';

/** @typedef {{vector: Float32Array, share: number}} Direction A unit vector; its share of all change, from 0 to 1. */

export const COUNT = 8;
/** Latent vectors that are averaged over; their seed is fixed, so a model always has the same directions. */
const [SAMPLES, SEED] = [24, 0];
/** The difference quotient's step: large enough to mean something to the eye, small beside the noise's 1. */
const STEP = 0.25;
/** Pixels that are looked at: of larger pictures every n-th. */
const LARGEST_PICTURE = 1024;
/** Numbers in z times pictures: what keeps models with long z from taking minutes. */
const LARGEST_WORK = 4096;

/**
 * @param {import('./forger.js').Generator} generator
 * @returns {Generator<void, Direction[], void>} Yields between short steps.
 */
export function* findDirections(generator) {
  const { latentSize, imageShape } = generator;
  const samples = Math.max(2, Math.min(SAMPLES, Math.floor(LARGEST_WORK / latentSize)));
  const noise = sampleZ(SEED, samples, latentSize);
  const sum = new Float64Array(latentSize * latentSize);
  for (let sample = 0; sample < samples; sample++) {
    const z = noise.subarray(sample * latentSize, (sample + 1) * latentSize);
    const changes = yield* differences(generator, z, batchOf(imageShape));
    for (let row = 0; row < latentSize; row++) {
      for (let column = 0; column <= row; column++) {
        let product = 0;
        for (let i = 0; i < changes[row].length; i++) product += changes[row][i] * changes[column][i];
        sum[row * latentSize + column] += product;
        if (row !== column) sum[column * latentSize + row] += product;
      }
      yield;
    }
  }
  const trace = sum.reduce((total, value, i) => (i % (latentSize + 1) === 0 ? total + value : total), 0);
  const found = yield* topEigenvectors(sum, latentSize, COUNT);
  // A picture that never changes has no directions; its shares are 0, not 0 / 0.
  return found.map(({ vector, value }) => ({ vector, share: trace > 0 ? value / trace : 0 }));
}

/**
 * How the picture changes with each number of z: [latentSize][pixels].
 * @param {import('./forger.js').Generator} generator
 * @param {Float32Array} z
 * @param {number} batch
 * @returns {Generator<void, Float32Array[], void>}
 */
function* differences(generator, z, batch) {
  const size = z.length;
  const here = generator.generate(z);
  const stride = Math.ceil(here.length / LARGEST_PICTURE);
  /** @type {Float32Array[]} */
  const changes = [];
  for (let first = 0; first < size; first += batch) {
    const count = Math.min(batch, size - first);
    const moved = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      moved.set(z, i * size);
      moved[i * size + first + i] += STEP;
    }
    const there = generator.generate(moved);
    for (let i = 0; i < count; i++) {
      const change = new Float32Array(Math.floor(here.length / stride));
      for (let p = 0; p < change.length; p++) change[p] = there[i * here.length + p * stride] - here[p * stride];
      changes.push(change);
    }
    yield;
  }
  return changes;
}
