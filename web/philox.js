// @ts-check
/**
 * The page's random numbers: Philox4x32-10 and Box–Muller, number for number as in the trainer, so that a seed gives the
 * same digit here and on the command line.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11; Box, Muller, 1958.
 */

/** The stream of latent vectors for pictures that are shown; the trainer has three more, for training. */
const SAMPLES = 3;
const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57];
/** Added to the key after each round: the golden ratio and the square root of 3, less one, as 32-bit fractions. */
const WEYL = [0x9e3779b9, 0xbb67ae85];

/**
 * `count` latent vectors drawn from normal(0, 1): [count, latentSize].
 * @param {number} seed A whole number from 0 to Number.MAX_SAFE_INTEGER.
 * @param {number} count
 * @param {number} latentSize
 */
export function sampleZ(seed, count, latentSize) {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  const z = new Float32Array(count * latentSize);
  for (let i = 0; i < z.length; i += 4) {
    const [a, b, c, d] = philox(key, [i / 4, 0, 0, SAMPLES]);
    // A typed array drops what is written beyond its end, here the rest of the last block.
    [z[i], z[i + 1]] = boxMuller(a, b);
    [z[i + 2], z[i + 3]] = boxMuller(c, d);
  }
  return z;
}

/**
 * One block of four 32-bit words.
 * @param {readonly number[]} key Two words.
 * @param {readonly number[]} counter Four words.
 */
export function philox(key, counter) {
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = multiply(MULTIPLIERS[0], c0);
    const [high1, low1] = multiply(MULTIPLIERS[1], c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The high and the low word of a product of two words: by halves, as a double holds only 53 bits. */
function multiply(/** @type {number} */ a, /** @type {number} */ b) {
  const low = (a & 0xffff) * b;
  const high = (a >>> 16) * b;
  const middle = high + Math.floor(low / 0x10000);
  return [Math.floor(middle / 0x10000), Math.imul(a, b) >>> 0];
}

/** Two words to two normal numbers, in doubles; the upper 24 bits of each count. */
function boxMuller(/** @type {number} */ radius, /** @type {number} */ angle) {
  // One step above zero keeps the logarithm finite.
  const r = Math.sqrt(-2 * Math.log(((radius >>> 8) + 1) * 2 ** -24));
  const a = 2 * Math.PI * (angle >>> 8) * 2 ** -24;
  return [r * Math.cos(a), r * Math.sin(a)];
}
