// @ts-check
/**
 * Models of others: what the small runtime cannot prepare is tried by the full one, together with the files that came along
 * and with what the visitor says of the model.
 */

import { readBytes } from './source.js';

/**
 * @typedef {object} Said What a visitor says of a model where it would not be found out.
 * @property {string} [input] The name of the input that is the latent vector.
 * @property {string} [output] The name of the output that is the picture.
 * @property {string} [layout] `nchw`, `nhwc`, `nhw` or `flat`.
 * @property {string} [range] `-1..1`, `0..1` or `0..255`.
 */

/** @typedef {{name: string, bytes: Uint8Array}} Beside A file that was chosen along with the model. */
/** @typedef {Said & {beside?: readonly Beside[], settings?: Readonly<Record<string, number>>}} Along `settings`: where inputs rest that are one number each, by their names. */

/** Whether the full runtime may take what the small one did not. @param {unknown} error What the WebAssembly threw. */
export function isWorthTrying(error) {
  return error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && error.name !== 'NoModel';
}

/**
 * What to do about an error of the runtime, which mostly says it itself.
 * @param {unknown} error
 * @param {string} usual
 */
export function hintOf(error, usual) {
  const { hint } = /** @type {{hint?: unknown}} */ (error instanceof Error ? error : {});
  return typeof hint === 'string' && hint ? hint : usual;
}

/**
 * Opens a model with a runtime. Only the full one takes more than bytes.
 * @param {any} Wasm The class `Generator` of the runtime.
 * @param {Uint8Array} bytes
 * @param {Along} along
 */
export function open(Wasm, bytes, { beside = [], input = '', output = '', layout = '', range = '', settings = {} }) {
  const said = [input, output, layout, range];
  const [names, files] = [beside.map(({ name }) => name), beside.map((file) => file.bytes)];
  const isSaid = Wasm.loadAny && (beside.length > 0 || said.some(Boolean));
  const model = isSaid ? Wasm.loadAny(bytes, names, files, said) : Wasm.load(bytes);
  set(model, settings);
  return model;
}

/** Sets where inputs of a model rest; a model that has no such input says so. @param {any} wasm @param {Readonly<Record<string, number>>} settings */
export function set(wasm, settings) {
  for (const [name, value] of Object.entries(settings)) {
    if (!wasm.setRest) throw new Error(`the model has no input \`${name}\` to set`);
    wasm.setRest(name, value);
  }
}

/** The names of the inputs and outputs that may be said to be the latent vector's and the picture's. @param {readonly string[]} flat How many inputs, then all the names. */
export function ends([count = '0', ...names]) {
  return { inputs: names.slice(0, Number(count)), outputs: names.slice(Number(count)) };
}

/** Whether only the full runtime will do. @param {Along} along */
export function needsFull({ beside = [], input, output, layout, range, settings = {} }) {
  return beside.length > 0 || Object.keys(settings).length > 0 || Boolean(input || output || layout || range);
}

/**
 * Of several files the model, and those that are to lie beside it: a `.onnx` comes with a `.onnx.data`.
 * @param {readonly File[]} files At least one.
 * @returns {Promise<{model: File, beside: Beside[]}>}
 */
export async function sortFiles(files) {
  const model = files.find((file) => /\.onnx$/i.test(file.name)) ?? files[0];
  const others = files.filter((file) => file !== model);
  return { model, beside: await Promise.all(others.map(async (file) => ({ name: file.name, bytes: await readBytes(file) }))) };
}

/**
 * The names of a model's classes: as its metadata has them, else their numbers; null if it is told no class.
 * @param {number} count
 * @param {Readonly<Record<string, string>>} metadata
 * @returns {readonly string[] | null}
 */
export function classNames(count, metadata) {
  if (count === 0) return null;
  /** @type {unknown} */
  let names;
  try {
    names = JSON.parse(metadata['forger.classes'] ?? '');
  } catch {
    names = undefined;
  }
  const numbers = Array.from({ length: count }, (_, index) => String(index));
  if (!Array.isArray(names) || names.length !== count) return Object.freeze(numbers);
  // A name that is none, of a file of anyone's, is a number.
  return Object.freeze(numbers.map((number, index) => (typeof names[index] === 'string' && names[index].trim() ? names[index] : number)));
}

/** Keys and texts in turn, as pairs. @param {readonly string[]} flat @returns {[string, string][]} */
export function pairs(flat) {
  return flat.flatMap((key, index) => (index % 2 === 0 ? [/** @type {[string, string]} */ ([key, flat[index + 1]])] : []));
}

/**
 * Whether pictures are drawn as ink on paper, white for black: those of models that say they learned MNIST's digits.
 * @param {{imageShape: readonly number[], metadata: Readonly<Record<string, string>>}} generator
 */
export function isInk({ imageShape, metadata }) {
  return imageShape[0] === 1 && /mnist/i.test(metadata['forger.dataset'] ?? '');
}
