// @ts-check
/** Reads files that are to be pictures, one after another; what cannot be read is named, and the others go on. */

import { frame, onAGround, SIDE } from './framing.js';

/** @typedef {{file: File, name: string, folder: string}} Found A file and the folder that it lies in, empty if in none. */

/**
 * @typedef {object} Read
 * @property {Uint8Array<ArrayBuffer>} bytes [n, SIDE, SIDE], 0 black.
 * @property {string[]} folders The folder of each picture.
 * @property {string[]} bad The names of the files that are no pictures, or cannot be read.
 */

/** More pixels than this are no picture to learn from, and may be more than the browser has memory for. */
const MOST_PIXELS = 100_000_000;

/**
 * @param {readonly Found[]} found
 * @param {(done: number) => void} onProgress How many files have been looked at.
 * @returns {Promise<Read>}
 */
export async function readAll(found, onProgress) {
  /** @type {import('./framing.js').Framed[]} */
  const framed = [];
  /** @type {string[]} */
  const folders = [];
  /** @type {string[]} */
  const bad = [];
  for (const [place, { file, name, folder }] of found.entries()) {
    const picture = await read(file).catch(() => undefined);
    if (picture) {
      framed.push(picture);
      folders.push(folder);
    } else {
      bad.push(name);
    }
    onProgress(place + 1);
  }
  return { bytes: onAGround(framed), folders, bad };
}

/** @param {File} file */
async function read(file) {
  // The colours as they are in the file, as the trainer takes them.
  const bitmap = await createImageBitmap(file, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  try {
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) return undefined;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) return undefined;
    context.drawImage(bitmap, 0, 0);
    return frame(context.getImageData(0, 0, width, height).data, width, height, SIDE);
  } finally {
    bitmap.close();
  }
}
