// @ts-check
/**
 * Says which digit a picture looks like: the trainer's own judge, a small LeNet, run by the page.
 *
 *     [1 picture] conv 5x5 -> 16, pool 2x2, conv 5x5 -> 32, pool 2x2, dense -> 120 -> 84 -> classes
 *
 * ReLU follows each but the last layer. As in the trainer, maps are [rows, columns, channels], and the greatest of a pool is
 * taken before bias and ReLU, which commute with it. Here each number of a map is multiplied where it is not 0, into all the
 * outputs that it reaches: after ReLU most of them are. A picture takes about a millisecond.
 *
 * It knows the pictures that it was trained on and no others, so it is asked of their generators alone ({@link judgeOf}).
 */

import { readSafetensors } from './safetensors.js';

/** A judge that is less sure is not sure: to be told with a doubt. */
export const DOUBT = 0.6;

const KERNEL = 5;
const POOL = 2;

/** @typedef {{digit: number, share: number}} Verdict The likeliest class, and how sure the judge is of it, from 0 to 1. */
/** @typedef {{inputs: number, outputs: number, weight: Float32Array, bias: Float32Array}} Layer Weight: [.., inputs, outputs]. */

/** A judge read from its file. */
export class Judge {
  #conv;
  #dense;
  /** What it was trained on. @type {{dataset: string, imageShape: readonly number[], classes: number}} */
  about;

  /** @param {ArrayBuffer} file Safetensors, as the trainer or `exporter round` writes it. */
  constructor(file) {
    const { metadata, tensor } = readSafetensors(file);
    const { format, dataset, image_shape: imageShape, classes } = JSON.parse(metadata.judge ?? '{}');
    if (format !== 'forger-judge-1') throw new Error('the file is no judge');
    this.about = { dataset, imageShape, classes };
    const layer = (/** @type {string} */ name) => {
      const { shape, values } = tensor(`${name}.weight`);
      return { outputs: shape[0], inputs: shape[shape.length - 1], weight: transposed(values, shape[0]), bias: tensor(`${name}.bias`).values };
    };
    this.#conv = [layer('conv1'), layer('conv2')];
    this.#dense = [layer('dense1'), layer('dense2'), layer('dense3')];
  }

  /** The likelihood of each class: they add up to 1. @param {Float32Array} image [rows * columns], in [-1, 1]. */
  probabilities(image) {
    const [, rows, columns] = this.about.imageShape;
    /** @type {Map2D} */
    let map = { rows, columns, values: image };
    for (const layer of this.#conv) map = pooled(convolved(map, layer), layer);
    let values = map.values;
    for (const [i, layer] of this.#dense.entries()) {
      values = product(values, layer);
      if (i < this.#dense.length - 1) for (let k = 0; k < values.length; k++) values[k] = Math.max(0, values[k]);
    }
    const most = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }

  /** @param {Float32Array} image [rows * columns], in [-1, 1]. @returns {Verdict} */
  judge(image) {
    const shares = this.probabilities(image);
    const digit = shares.indexOf(Math.max(...shares));
    return { digit, share: shares[digit] };
  }
}

/** @typedef {{rows: number, columns: number, values: Float32Array}} Map2D Values: [rows, columns, channels]. */

/** [outputs, n] as [n, outputs], so that all outputs of one input lie side by side. @param {Float32Array} weight @param {number} outputs */
function transposed(weight, outputs) {
  const n = weight.length / outputs;
  const turned = new Float32Array(weight.length);
  for (let o = 0; o < outputs; o++) for (let i = 0; i < n; i++) turned[i * outputs + o] = weight[o * n + i];
  return turned;
}

/** Without bias. @param {Map2D} map @param {Layer} layer @returns {Map2D} */
function convolved({ rows, columns, values }, { inputs, outputs, weight }) {
  const [height, width] = [rows - KERNEL + 1, columns - KERNEL + 1];
  const result = new Float32Array(height * width * outputs);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let i = 0; i < inputs; i++) {
        const value = values[(y * columns + x) * inputs + i];
        if (value === 0) continue;
        // Where the kernel's own place falls on this number, which is KERNEL - 1 beyond the last output at most.
        for (let ky = Math.max(0, y - height + 1); ky <= Math.min(KERNEL - 1, y); ky++) {
          for (let kx = Math.max(0, x - width + 1); kx <= Math.min(KERNEL - 1, x); kx++) {
            const to = ((y - ky) * width + x - kx) * outputs;
            const from = ((ky * KERNEL + kx) * inputs + i) * outputs;
            for (let o = 0; o < outputs; o++) result[to + o] += value * weight[from + o];
          }
        }
      }
    }
  }
  return { rows: height, columns: width, values: result };
}

/** The greatest of four, with bias and ReLU. A last odd row or column is left out. @param {Map2D} map @param {Layer} layer @returns {Map2D} */
function pooled({ rows, columns, values }, { outputs, bias }) {
  const [height, width] = [Math.floor(rows / POOL), Math.floor(columns / POOL)];
  const result = new Float32Array(height * width * outputs);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let o = 0; o < outputs; o++) {
        const at = (POOL * y * columns + POOL * x) * outputs + o;
        const below = at + columns * outputs;
        const most = Math.max(values[at], values[at + outputs], values[below], values[below + outputs]);
        result[(y * width + x) * outputs + o] = Math.max(0, most + bias[o]);
      }
    }
  }
  return { rows: height, columns: width, values: result };
}

/** @param {Float32Array} x @param {Layer} layer */
function product(x, { outputs, weight, bias }) {
  const result = bias.slice();
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    for (let o = 0; o < outputs; o++) result[o] += x[i] * weight[i * outputs + o];
  }
  return result;
}
