// @ts-check
/** Long work in short slices, so that the page answers between them. */

/** A third of a frame of a 60 Hz display: the rest is for drawing, which on a slow phone takes most of it. */
const SLICE_MS = 6;

/**
 * Runs a generator function's steps, a slice at a time.
 * @template T
 * @param {Generator<void, T, void>} steps Each of them far below a slice.
 * @param {() => boolean} isWanted Asked between slices; once false, the work is dropped.
 * @returns {Promise<T | undefined>} undefined if it was dropped.
 */
export async function inSlices(steps, isWanted) {
  for (;;) {
    const end = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
    // Not an animation frame: a tab that is not on show has none.
    await new Promise((resolve) => setTimeout(resolve));
    if (!isWanted()) return undefined;
  }
}

/** How many pictures of this shape make a short step: ten digits, or one picture of a large model. */
export function batchOf(/** @type {readonly number[]} */ shape) {
  const pixels = shape.reduce((product, size) => product * size, 1);
  return Math.max(1, Math.floor(8192 / pixels));
}
