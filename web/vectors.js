// @ts-check
/** Arithmetic of latent vectors. */

/**
 * Latent vectors that are computed rather than typed are rounded to multiples of 1 / GRID: a thirtieth of a grey step at
 * most, and a link can then hold them exactly in two bytes a number.
 */
export const GRID = 4096;

/** The multiple of 1 / GRID nearest to a number. */
export function snap(/** @type {number} */ value) {
  return Math.round(value * GRID) / GRID;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b Of the same length. */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Whether two vectors are the same, number for number. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * `z` moved along a direction; numbers that the direction does not touch stay to the bit.
 * @param {Float32Array} z
 * @param {ArrayLike<number>} direction
 * @param {number} amount
 */
export function moved(z, direction, amount) {
  return z.map((value, i) => (direction[i] === 0 ? value : snap(value + amount * direction[i])));
}

/**
 * Spherical interpolation: the way from `a` to `b` keeps to where normal noise lives, a shell, which the straight line cuts
 * through. Lengths are interpolated too. At 0 and 1 it gives `a` and `b` themselves.
 *
 * Source: Shoemake, "Animating rotation with quaternion curves", 1985; for latent spaces: White, "Sampling generative
 * networks", 2016.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} t From 0 to 1.
 */
export function slerp(a, b, t) {
  if (t <= 0) return a.slice();
  if (t >= 1) return b.slice();
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  // Nearly parallel, or one of them nothing: the arc is a line.
  const isLine = !(Math.sin(angle) > 1e-4);
  const [from, to] = isLine ? [1 - t, t] : [(1 - t) * angle, t * angle].map((part) => Math.sin(part) / Math.sin(angle));
  return a.map((value, i) => snap(from * value + to * b[i]));
}
