// @ts-check
/** Whether a copy is one. */

/**
 * A copy that differs by more is no copy. By the recipe `stable`, 138 of 140 of MNIST's test digits come nearer, half of them to
 * within 0.026; of fifteen letters, faces and zigzags that are like no digit eleven do not.
 */
export const FAR = 0.06;
/** z of normal noise is as long as the root of how many numbers it has, give or take 0.7. The test digits' are up to 6 longer. */
const STRAIN = 7;

/** @typedef {'near' | 'far' | 'strained'} Likeness Strained: near, but by a z such as the generator never learned with. */

/**
 * @param {import('./invert.js').Copy} copy
 * @returns {Likeness}
 */
export function likenessOf({ z, difference }) {
  // Not `>`: it may be NaN.
  if (!(difference <= FAR)) return 'far';
  return Math.hypot(...z) > Math.sqrt(z.length) + STRAIN ? 'strained' : 'near';
}
