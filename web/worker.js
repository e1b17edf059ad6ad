// @ts-check
/** Draws on a thread of its own, for models whose pictures would keep the page: `courier.js` talks to it. */

import { ForgerError } from './error.js';
import { explain, openModel } from './opening.js';
import { set } from './others.js';

/** @type {ReturnType<typeof openModel> | undefined} */
let model;

self.onmessage = async ({ data }) => {
  if (data.bytes) {
    model = openModel(data.bytes, data.along);
    // Told to whoever asks for a picture.
    model.catch(() => {});
    return;
  }
  if (data.settings) {
    // Before the next picture, as what waits for the model is woken in order.
    await model?.then(({ wasm }) => set(wasm, data.settings)).catch(() => {});
    return;
  }
  const { number, z, classes } = data;
  try {
    const pixels = await draw(z, classes);
    self.postMessage({ number, pixels }, pixels ? { transfer: [pixels.buffer] } : {});
  } catch (error) {
    const { message, hint } = error instanceof ForgerError ? error : { message: String(error), hint: undefined };
    self.postMessage({ number, message, hint });
  }
};

/** @param {Float32Array} z @param {Uint32Array} [classes] */
async function draw(z, classes) {
  if (!model) return undefined;
  const { wasm, kind } = await model;
  try {
    return wasm.generate(z, classes);
  } catch (error) {
    throw explain(error, kind, 'Load the model again.');
  }
}
