// @ts-check
/**
 * A plane through the latent space: two axes, each a coordinate (`z12`) or a direction of the model (`d3`), and what the
 * pad and its map need of it.
 *
 * The place of z on an axis is its projection on the axis's unit vector; for a coordinate that is the coordinate itself.
 */

import { dot, moved } from './vectors.js';

/**
 * The unit vector of an axis.
 * @param {string} name
 * @param {number} latentSize
 * @param {readonly Float32Array[]} directions
 * @returns {Float32Array | undefined} undefined where there is no such axis.
 */
export function axisVector(name, latentSize, directions) {
  const found = /^([zd])(\d+)$/.exec(name);
  if (!found) return undefined;
  const index = Number(found[2]);
  if (found[1] === 'd') return directions[index];
  return index < latentSize ? new Float32Array(latentSize).fill(1, index, index + 1) : undefined;
}

/**
 * `z` moved within the plane of two unit vectors so that its projections become `x` and `y`.
 *
 * The vectors need not be at right angles (z[0] and a direction are not), so the two steps are solved for together.
 * @param {Float32Array} z
 * @param {readonly [Float32Array, Float32Array]} axes
 * @param {number} x
 * @param {number} y
 */
export function placed(z, [u, v], x, y) {
  const [right, down, slant] = [x - dot(u, z), y - dot(v, z), dot(u, v)];
  const determinant = 1 - slant * slant;
  // The same axis twice is a line: the second number counts for nothing.
  if (determinant < 1e-6) return moved(z, u, right);
  const along = (right - slant * down) / determinant;
  const across = (down - slant * right) / determinant;
  return moved(moved(z, u, along), v, across);
}
