// @ts-check
/** Pictures to learn from: as bytes, or as idx files, packed or not, from wherever a page has them. */

import { ForgerError } from './error.js';
import { readBytes } from './source.js';

/**
 * @typedef {object} Pictures
 * @property {Uint8Array} bytes A byte a pixel, 0 black, picture after picture, each [channels, rows, columns].
 * @property {readonly number[]} shape Channels, rows and columns.
 * @property {ArrayLike<number>} [labels] The class of each, for recipes that are told it.
 * @property {readonly string[]} [classes] The names of the classes.
 * @property {string} name What the set is called, for the model's file.
 */

/** @typedef {Pictures | import('./source.js').Source} PictureSource As they are, or an idx file of pictures. */

/** @param {PictureSource} source @param {string} name Of a file's pictures. @returns {Promise<Pictures>} */
export async function readPictures(source, name) {
  if (typeof source === 'object' && 'shape' in source) return source;
  const { dims, bytes } = readIdx(await unpacked(await readBytes(source)));
  const [, rows, columns] = dims;
  if (dims.length !== 3) {
    throw new ForgerError(`An idx file of ${dims.length} dimensions holds no grey pictures`, 'Give a file as `train-images-idx3-ubyte`.', { code: 'unfit' });
  }
  return { bytes: ofTrainer(bytes, rows * columns, name), shape: [1, rows, columns], name };
}

/** MNIST's training pictures, of which the trainer, as TensorFlow did, sets the first 5,000 aside. */
const [MNIST, ASIDE] = [60_000, 5_000];

/**
 * Of the set `name` the pictures that `trainer` trains on: so its run and one in a browser are the same.
 * @param {Uint8Array} bytes Of all pictures. @param {number} pixels Of each. @param {string} name
 */
export function ofTrainer(bytes, pixels, name) {
  return name === 'mnist' && bytes.length === MNIST * pixels ? bytes.subarray(ASIDE * pixels) : bytes;
}

/** @param {Uint8Array} bytes Packed by gzip, or not. */
export async function unpacked(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Reads an idx file of bytes: 00 00 08 and the number of dimensions, each of them as four bytes, then the numbers.
 * @param {Uint8Array} file
 * @returns {{dims: number[], bytes: Uint8Array}}
 */
export function readIdx(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = file[3];
  if (file.length < 8 || view.getUint16(0) !== 0 || file[2] !== 8 || count < 1 || file.length < 4 + 4 * count) {
    throw new ForgerError('This is no idx file of bytes', 'Give a file as MNIST’s `train-images-idx3-ubyte`, plain or packed by gzip.', { code: 'unfit' });
  }
  const dims = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i));
  const bytes = file.subarray(4 + 4 * count);
  const expected = dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length !== expected) {
    throw new ForgerError(`The idx file holds ${bytes.length} bytes where ${expected} should be`, 'Copy the file again.', { code: 'cut' });
  }
  return { dims, bytes };
}
