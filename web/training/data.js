// @ts-check
/** The pictures of this site to train on: MNIST's test pictures, and where the site has them its 60,000. */

import { readBytes } from '../source.js';
import { ofTrainer, readIdx, unpacked } from '../trainer-pictures.js';

/** Not called `.gz`: some hosts would unpack what is called so on the way, and some would not. */
const TEST = new URL('../pictures/mnist-test-images.gzip', import.meta.url);

/** How long the files are, for hosts that do not say so. */
const BYTES = { test: 1_616_508, train: 9_719_438 };

/** Where the 60,000 are, if the site has them: `cargo xtask site` leaves the line out where it has not. */
function wholeAddress() {
  /** @type {HTMLMetaElement | null} */
  const told = document.querySelector('meta[name="whole-mnist"]');
  return told && new URL(told.content, document.baseURI);
}

export const hasWhole = () => wholeAddress() !== null;

/**
 * What a run learns from: the site's pictures as a packed file, or pictures as they are.
 * @typedef {{source: Uint8Array | import('../trainer-pictures.js').Pictures, dataset: string}} Data
 */

/** What came last: a second run is not to wait for it again. @type {{name: string, bytes: Uint8Array} | undefined} */
let last;

/** @param {'test' | 'train'} which @param {(share: number) => void} onShare How much has come, from 0 to 1. @returns {Promise<Data>} */
export async function fetchPictures(which, onShare) {
  const dataset = which === 'train' ? 'mnist' : 'mnist-test';
  if (last?.name !== which) last = { name: which, bytes: await readBytes((which === 'train' && wholeAddress()) || TEST, ({ loaded, total = BYTES[which] }) => onShare(Math.min(1, loaded / total))) };
  return { source: last.bytes, dataset };
}

/** Gives some of the pictures by their places, in [-1, 1]. @param {Data} data @returns {Promise<{count: number, at: (places: ArrayLike<number>) => Float32Array[]}>} */
export async function openPictures({ source, dataset }) {
  const pixels = source instanceof Uint8Array ? 28 * 28 : source.shape.reduce((product, size) => product * size, 1);
  const bytes = source instanceof Uint8Array ? ofTrainer(readIdx(await unpacked(source)).bytes, pixels, dataset) : source.bytes;
  return {
    count: bytes.length / pixels,
    at: (places) => Array.from(places, (place) => Float32Array.from(bytes.subarray(place * pixels, (place + 1) * pixels), (byte) => byte / 127.5 - 1)),
  };
}
