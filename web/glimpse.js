// @ts-check
/**
 * The first picture, before the network is there: drawn in plain loops by weights that the site keeps rounded to a byte each, in a
 * fifth of the bytes of model and runtime. It is told as what it is, and gives way to the network's own picture.
 *
 * The file, which `crates/site/src/glimpse.rs` writes, is a safetensors file: `0.weight` [outputs, inputs] with a scale a row, and
 * `0.bias`, for each layer; the metadata `glimpse` tells the shape of a picture, what each layer's sums go through, and which sample
 * of the first seed greets.
 */

import { arrive } from './arrive.js';
import { createPicture } from './controls/picture.js';
import { byId, within } from './controls/dom.js';
import { functionOf, lit } from './layers.js';
import { readSafetensors } from './safetensors.js';
import { text } from './strings.js';

/** @typedef {import('./forger.js').Generator} Generator */
/** @typedef {Pick<Generator, 'latentSize' | 'imageShape' | 'msPerPicture' | 'generate'> & {sample: number}} Sketch What a picture needs of a generator. */

/**
 * Where the sketch of the site's first model is; undefined where the site has none, and where the address names another model.
 * @param {string} fragment Of the address.
 */
export function sketchFor(fragment) {
  /** @type {HTMLMetaElement | null} */
  const told = document.querySelector('meta[name="glimpse"]');
  // It has the first class of a model's.
  return !told || /[#&][mc]=/.test(fragment) ? undefined : new URL(told.content, document.baseURI);
}

/**
 * The sketch that is there; undefined where it cannot be read: the network comes all the same.
 * @param {URL} address
 * @returns {Promise<Sketch | undefined>}
 */
export async function loadSketch(address) {
  try {
    const response = await fetch(address);
    return response.ok ? readSketch(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

/** @param {ArrayBuffer} file @returns {Sketch} */
export function readSketch(file) {
  const { metadata, tensor } = readSafetensors(file);
  const { imageShape, applied, sample } = JSON.parse(metadata.glimpse);
  const layers = applied.map((/** @type {[string, number | undefined][]} */ functions, /** @type {number} */ place) => {
    const { shape, values } = tensor(`${place}.weight`);
    const [outputs, inputs] = shape;
    return { inputs, outputs, weight: values, bias: tensor(`${place}.bias`).values, functions: functions.map(([type, alpha]) => functionOf(type, alpha)) };
  });
  const [{ inputs: latentSize }] = layers;
  const pixels = imageShape.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
  return {
    latentSize,
    imageShape,
    sample,
    msPerPicture: 0,
    generate(z) {
      const images = new Float32Array((z.length / latentSize) * pixels);
      for (let i = 0; i < z.length / latentSize; i++) {
        images.set(lit(layers, z.subarray(i * latentSize, (i + 1) * latentSize))[layers.length - 1], i * pixels);
      }
      return images;
    },
  };
}

/**
 * Shows what the address asks for; gives what tells it again, in the language that the page has by then.
 * @param {import('./models.js').Model} model The site's first.
 * @param {Sketch} sketch
 * @param {string} fragment
 */
export async function glimpse(model, sketch, fragment) {
  const generator = /** @type {Generator} */ (/** @type {unknown} */ (sketch));
  const { state } = await arrive([{ ...model, load: async () => generator }], fragment);
  const canvas = byId('picture');
  createPicture(canvas, within(document, '.thumb'), () => {}).show(state, generator);
  const tell = () => canvas.setAttribute('aria-label', text('glimpsePicture', { seed: state.seed }));
  tell();
  return tell;
}
