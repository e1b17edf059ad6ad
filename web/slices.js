// @ts-check
/** Long work in short slices, so that the page answers between them. */

/** Less than a third of a frame of a 60 Hz display: the rest is for drawing, which on a slow phone takes most of it. */
const SLICE_MS = 5;

/**
 * Runs a generator function's steps, a slice at a time; the first slice too is a task of its own, as the frame that asks for it has
 * work enough.
 * @template T
 * @param {Generator<void, T, void>} steps Each of them far below a slice.
 * @param {() => boolean} isWanted Asked between slices; once false, the work is dropped.
 * @param {{atOnce?: boolean}} [options] `atOnce`: the work is short, and its first slice may be part of the frame.
 * @returns {Promise<T | undefined>} undefined if it was dropped.
 */
export async function inSlices(steps, isWanted, { atOnce = false } = {}) {
  if (!atOnce) await pause();
  if (!isWanted()) return undefined;
  for (;;) {
    const end = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
    await pause();
    if (!isWanted()) return undefined;
  }
}

/** Not until an animation frame: a tab that is not on show has none. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/** How many pictures of this shape make a short step: ten digits, or one picture of a large model. */
export function batchOf(/** @type {readonly number[]} */ shape) {
  const pixels = shape.reduce((product, size) => product * size, 1);
  return Math.max(1, Math.floor(8192 / pixels));
}
