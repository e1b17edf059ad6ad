// @ts-check
/** The eigenvectors of a symmetric matrix that belong to its largest eigenvalues, by subspace iteration. */

import { dot } from './vectors.js';

const ROUNDS = 120;

/**
 * Yields now and then, so that the caller may let the page breathe; returns the result.
 *
 * Each round multiplies the basis by the matrix and makes it orthonormal again (Gram and Schmidt, twice as Parlett says:
 * once leaves float errors in). The start is fixed, so the same matrix gives the same vectors. Each is turned so that its
 * largest entry is positive: without that its sign would be chance.
 * @param {Float64Array} matrix [size, size]
 * @param {number} size
 * @param {number} count
 * @returns {Generator<void, {vector: Float32Array, value: number}[], void>} Largest first.
 */
export function* topEigenvectors(matrix, size, count) {
  let basis = Array.from({ length: Math.min(count, size) }, (_, column) =>
    Float64Array.from({ length: size }, (_, row) => Math.cos((column + 1) * (row + 0.5) * 2.399963)),
  );
  orthonormalise(basis);
  for (let round = 0; round < ROUNDS; round++) {
    basis = basis.map((vector) => times(matrix, vector));
    orthonormalise(basis);
    yield;
  }
  const found = basis.map((vector) => ({ vector: upright(vector), value: dot(vector, times(matrix, vector)) }));
  return found.sort((a, b) => b.value - a.value);
}

/** @param {Float64Array} matrix @param {Float64Array} vector */
function times(matrix, vector) {
  const size = vector.length;
  return vector.map((_, row) => dot(matrix.subarray(row * size, (row + 1) * size), vector));
}

/** In place. @param {Float64Array[]} basis */
function orthonormalise(basis) {
  for (const [index, vector] of basis.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of basis.slice(0, index)) {
        const share = dot(vector, earlier);
        for (let i = 0; i < vector.length; i++) vector[i] -= share * earlier[i];
      }
    }
    const length = Math.sqrt(dot(vector, vector));
    // A matrix of lower rank leaves nothing: any unit vector will do, it has eigenvalue 0.
    if (length < 1e-200) vector.fill(0).fill(1, index, index + 1);
    else for (let i = 0; i < vector.length; i++) vector[i] /= length;
  }
}

/** @param {Float64Array} vector */
function upright(vector) {
  const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return Float32Array.from(vector, (value) => (largest < 0 ? -value : value));
}
