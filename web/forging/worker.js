// @ts-check
/**
 * Looks for copies on a thread of its own: `copyist.js` talks to it. It is told a model's file, then pictures of that model's
 * size, each with a number; it answers with a copy whenever a better one is found. A newer picture ends the search for the
 * one before.
 */

import { ForgerError, Generator } from '../forger.js';
import { invert } from './invert.js';
import { seen } from './view.js';

/** How long it is deaf at a time, in ms. */
const DEAF_MS = 20;

/** @type {Promise<Generator> | undefined} */
let loading;
let newest = -1;

self.onmessage = async ({ data }) => {
  newest = data.number;
  if (data.bytes) {
    void loading?.then((old) => old.free(), () => {});
    loading = Generator.load(data.bytes);
    // Told to whoever asks for a copy.
    loading.catch(() => {});
    return;
  }
  if (!data.picture) return;
  try {
    const generator = await loading;
    if (generator) await search(generator.ofClass(data.chosen), data);
  } catch (error) {
    const { message, hint } = error instanceof ForgerError ? error : { message: String(error), hint: undefined };
    self.postMessage({ number: data.number, message, hint });
  }
};

/** @param {Generator} generator @param {{number: number, picture: Float32Array}} wish Picture: [height * width], grey. */
async function search(generator, { number, picture }) {
  const { latentSize, imageShape } = generator;
  const [, height, width] = imageShape;
  const draw = (/** @type {Float32Array} */ z) => seen(generator.generate(z), imageShape);
  const steps = invert(draw, latentSize, seen(picture, [1, height, width]));
  let end = performance.now() + DEAF_MS;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.value) {
      // Whole and in colour, as the page shows it.
      const image = generator.generate(step.value.z);
      self.postMessage({ number, copy: { ...step.value, image }, done: Boolean(step.done) });
    }
    if (step.done) return;
    if (performance.now() < end) continue;
    await new Promise((resolve) => setTimeout(resolve));
    if (number !== newest) return;
    end = performance.now() + DEAF_MS;
  }
}
