// @ts-check
/** Solves A x = b for a symmetric positive definite A, by A = L Lᵀ. */

/**
 * @param {Float64Array} a [n, n], row-major; its lower triangle is read, and overwritten with L.
 * @param {Float64Array} b [n]; overwritten with x.
 * @returns {boolean} false if A is not positive definite as far as doubles can tell; a and b are then of no use.
 */
export function solve(a, b) {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = a[row + j];
      for (let k = 0; k < j; k++) sum -= a[row + k] * a[other + k];
      if (i !== j) a[row + j] = sum / a[other + j];
      else if (sum > 0) a[row + i] = Math.sqrt(sum);
      else return false;
    }
  }
  // L y = b, then Lᵀ x = y.
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b.every(Number.isFinite);
}
