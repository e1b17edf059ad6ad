// @ts-check
/**
 * One step of training, taken apart: what both networks make of the same few pictures before it and after, in plain loops, by the weights
 * of two checkpoints. For looking at: the step itself is the trainer's.
 */

import { normals, permutation } from '../philox.js';
import { readSafetensors } from '../safetensors.js';

/** How many pictures of the step are looked at. */
export const SHOWN = 5;
/** The stream of latent vectors for training. */
const TRAINING_Z = 0;

/** @typedef {{weight: Float32Array, bias: Float32Array}} Layer [outputs, inputs] and [outputs]. */

/**
 * @typedef {object} Nets
 * @property {Layer[]} generator
 * @property {Layer[]} discriminator
 * @property {number} slope Of the leaky ReLU.
 * @property {number} offset What is added to every pixel that D sees.
 * @property {boolean} isPaired Whether D is scored by pairs, a real picture against a forged one.
 * @property {number} latent
 * @property {number} batch
 * @property {number} step Steps done.
 */

/** Both networks of a checkpoint; undefined where they are told classes, which is another story. @param {Uint8Array} checkpoint @returns {Nets | undefined} */
export function netsOf(checkpoint) {
  const { metadata, tensor } = readSafetensors(/** @type {ArrayBuffer} */ (checkpoint.slice().buffer));
  const recipe = metadata.recipe_toml;
  const told = (/** @type {string} */ key) => new RegExp(`^${key} = (.+)$`, 'm').exec(recipe)?.[1];
  if (told('classes') === 'true') return undefined;
  const layersOf = (/** @type {string} */ network) =>
    ['hidden1', 'hidden2', 'output'].map((layer) => ({ weight: tensor(`${network}.${layer}.weight`).values, bias: tensor(`${network}.${layer}.bias`).values }));
  return {
    generator: layersOf('generator'),
    discriminator: layersOf('discriminator'),
    slope: Number(told('leaky_slope')),
    offset: Number(told('d_input_offset')),
    isPaired: told('loss') === '"relativistic"',
    latent: Number(told('latent')),
    batch: Number(told('batch')),
    step: Number(metadata.step),
  };
}

/** @param {readonly Layer[]} layers @param {Float32Array} input @param {number} slope */
function through(layers, input, slope) {
  let now = input;
  layers.forEach(({ weight, bias }, place) => {
    const next = bias.slice();
    for (let row = 0; row < next.length; row++) {
      let sum = next[row];
      for (let i = 0; i < now.length; i++) sum += weight[row * now.length + i] * now[i];
      next[row] = place < layers.length - 1 && sum < 0 ? slope * sum : sum;
    }
    now = next;
  });
  return now;
}

/** The first latent vectors of the step that comes next: those that it trains on. @param {Nets} nets @param {number} seed */
export function noiseOf({ latent, step }, seed) {
  const z = normals(seed, TRAINING_Z, step, SHOWN * latent);
  return Array.from({ length: SHOWN }, (_, i) => z.subarray(i * latent, (i + 1) * latent));
}

/** Which pictures come first in the step that comes next. @param {Nets} nets @param {number} seed @param {number} count Of all pictures. */
export function placesOf({ batch, step }, seed, count) {
  const perEpoch = Math.floor(count / batch);
  const first = (step % perEpoch) * batch;
  return permutation(seed, Math.floor(step / perEpoch), count, first + SHOWN).subarray(first, first + SHOWN);
}

/** G's picture, in [-1, 1]. @param {Nets} nets @param {Float32Array} z */
const drawn = ({ generator, slope }, z) => through(generator, z, slope).map(Math.tanh);
/** D's logit of a picture. @param {Nets} nets @param {Float32Array} picture */
const logit = ({ discriminator, slope, offset }, picture) => through(discriminator, picture.map((pixel) => pixel + offset), slope)[0];
const sigmoid = (/** @type {number} */ x) => 1 / (1 + Math.exp(-x));

/**
 * What D says, as chances: of each pair that it knows which is the real one, where it is scored by pairs; else of each picture that it
 * is real.
 * @typedef {{pairs: number[]} | {real: number[], forged: number[]}} Opinion
 */

/** @param {Nets} judge @param {readonly Float32Array[]} real @param {readonly Float32Array[]} forged @returns {Opinion} */
function opinion(judge, real, forged) {
  const [ofReal, ofForged] = [real, forged].map((pictures) => pictures.map((picture) => logit(judge, picture)));
  if (judge.isPaired) return { pairs: ofReal.map((each, i) => sigmoid(each - ofForged[i])) };
  return { real: ofReal.map(sigmoid), forged: ofForged.map(sigmoid) };
}

/**
 * @typedef {object} Parts
 * @property {Float32Array[]} noise
 * @property {Float32Array[]} real
 * @property {Float32Array[]} forged By the forger before its update.
 * @property {Float32Array[]} better By the forger after it.
 * @property {Float32Array[]} changed The difference of the two.
 * @property {Opinion} before D's opinion of real and forged before its update, and
 * @property {Opinion} after after it, of the same pictures, and
 * @property {Opinion} then after G's update, of the new forgeries.
 * @property {{detective: number, forger: number}} moved How far the weights moved, as a share of their length.
 */

/**
 * @param {Nets} first Before the step.
 * @param {Nets} second After it.
 * @param {Float32Array[]} noise
 * @param {Float32Array[]} real
 * @returns {Parts}
 */
export function takenApart(first, second, noise, real) {
  const [forged, better] = [first, second].map((nets) => noise.map((z) => drawn(nets, z)));
  return {
    noise,
    real,
    forged,
    better,
    changed: better.map((picture, i) => picture.map((pixel, at) => pixel - forged[i][at])),
    before: opinion(first, real, forged),
    after: opinion(second, real, forged),
    then: opinion(second, real, better),
    moved: { detective: moved(first.discriminator, second.discriminator), forger: moved(first.generator, second.generator) },
  };
}

/** @param {readonly Layer[]} from @param {readonly Layer[]} to */
function moved(from, to) {
  let [apart, long] = [0, 0];
  from.forEach((layer, place) => {
    for (const key of /** @type {const} */ (['weight', 'bias'])) {
      layer[key].forEach((value, i) => {
        apart += (to[place][key][i] - value) ** 2;
        long += value ** 2;
      });
    }
  });
  return Math.sqrt(apart / Math.max(long, Number.MIN_VALUE));
}
