// @ts-check
/** Draws on a thread of its own, for models whose pictures would keep the page: `courier.js` talks to it. */

import { ForgerError, Generator } from './forger.js';

/** @type {Promise<Generator> | undefined} */
let generator;

self.onmessage = async ({ data }) => {
  if (data.bytes) {
    generator = Generator.load(data.bytes, data.along);
    // Told to whoever asks for a picture.
    generator.catch(() => {});
    return;
  }
  const { number, z, classes } = data;
  try {
    const pixels = (await generator)?.generate(z, classes);
    self.postMessage({ number, pixels }, pixels ? { transfer: [pixels.buffer] } : {});
  } catch (error) {
    const { message, hint } = error instanceof ForgerError ? error : { message: String(error), hint: undefined };
    self.postMessage({ number, message, hint });
  }
};
