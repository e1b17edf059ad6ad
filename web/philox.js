// @ts-check
/**
 * The page's random numbers: Philox4x32-10 and Box–Muller, bit for bit as in the trainer, so that a seed gives the same digit
 * here and on the command line. For that the logarithm and the sine are the trainer's own series, step by step: those of a
 * browser round otherwise in the last place, and not alike in every browser.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11; Box, Muller, 1958.
 */

/** The streams of the order of pictures, and of latent vectors for pictures that are shown; the trainer has more. */
const [PERMUTATION, SAMPLES] = [1, 3];
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
  return normals(seed, SAMPLES, 0, count * latentSize);
}

/**
 * The first numbers of a stream's step, drawn from normal(0, 1).
 * @param {number} seed
 * @param {number} stream
 * @param {number} step
 * @param {number} length
 */
export function normals(seed, stream, step, length) {
  const z = new Float32Array(length);
  for (let i = 0; i < z.length; i += 4) {
    const [a, b, c, d] = philox(words(seed), [i / 4, ...words(step), stream]);
    // A typed array drops what is written beyond its end, here the rest of the last block.
    [z[i], z[i + 1]] = boxMuller(a, b);
    [z[i + 2], z[i + 3]] = boxMuller(c, d);
  }
  return z;
}

/**
 * The order in which an epoch visits `count` pictures, by Fisher and Yates.
 * @param {number} seed
 * @param {number} epoch
 * @param {number} count
 * @param {number} [until] The order is right up to here: who wants the first need not wait for the last.
 */
export function permutation(seed, epoch, count, until = count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  /** @type {number[]} */
  let block = [];
  for (let i = 0; i < Math.min(until, count - 1); i++) {
    if (i % 4 === 0) block = philox(words(seed), [i / 4, ...words(epoch), PERMUTATION]);
    // A word times what is left, and of that the upper word.
    const pick = i + multiply(block[i % 4], count - i)[0];
    [order[i], order[pick]] = [order[pick], order[i]];
  }
  return order;
}

/** The low and the high word of a whole number. @param {number} whole */
const words = (whole) => [whole >>> 0, Math.floor(whole / 2 ** 32)];

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
  const r = Math.sqrt(-2 * lnOfFraction((radius >>> 8) + 1));
  const [sin, cos] = sinCosOfTurn(angle >>> 8);
  return [r * cos, r * sin];
}

/**
 * ln(k / 2^24) for k in 1..=2^24: k is 2^e m with m within a factor sqrt(2) of 1, and ln m = 2 artanh((m - 1) / (m + 1)) by
 * its series. The order of the operations is that of `ln_of_fraction` in the crate `noise`.
 */
function lnOfFraction(/** @type {number} */ k) {
  const exponent = 31 - Math.clz32(k);
  let m = k / 2 ** exponent;
  const above = m > Math.SQRT2;
  if (above) m *= 0.5;
  const e = exponent - 24 + (above ? 1 : 0);
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  const tail = 2 / 9 + s2 * (2 / 11 + s2 * (2 / 13 + s2 * (2 / 15)));
  return e * Math.LN2 + s * (2 + s2 * (2 / 3 + s2 * (2 / 5 + s2 * (2 / 7 + s2 * tail))));
}

/**
 * Sine and cosine of k / 2^24 of a turn, for k below 2^24: the nearest quarter is taken off in whole numbers, the rest goes
 * through the Taylor series. The order of the operations is that of `sin_cos_of_turn` in the crate `noise`.
 */
function sinCosOfTurn(/** @type {number} */ k) {
  const quarter = (k + (1 << 21)) >> 22;
  const x = (k - (quarter << 22)) * (Math.PI / 2 / (1 << 22));
  const x2 = x * x;
  const sinTail = 1 / 362880 + x2 * (-1 / 39916800 + x2 * (1 / 6227020800));
  const cosTail = 1 / 40320 + x2 * (-1 / 3628800 + x2 * (1 / 479001600 - x2 / 87178291200));
  let sin = x + x * x2 * (-1 / 6 + x2 * (1 / 120 + x2 * (-1 / 5040 + x2 * sinTail)));
  let cos = 1 + x2 * (-0.5 + x2 * (1 / 24 + x2 * (-1 / 720 + x2 * cosTail)));
  if (quarter & 1) [sin, cos] = [cos, sin];
  if (quarter & 2) sin = -sin;
  if ((quarter + 1) & 2) cos = -cos;
  return [sin, cos];
}
