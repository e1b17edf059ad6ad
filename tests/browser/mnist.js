// MNIST's test pictures and the judge that came with them, as they lie in the trainer's folder.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const TRAINER = new URL('../../trainer/', import.meta.url);
const idx = (name, header) => gunzipSync(readFileSync(new URL(`data/mnist/${name}`, TRAINER))).subarray(header);

const PIXELS = 784;

/** The ten thousand test pictures, none of which trained anything: bytes, 0 paper to 255 ink. */
export function testPictures() {
  const [bytes, labels] = [idx('t10k-images-idx3-ubyte.gz', 16), idx('t10k-labels-idx1-ubyte.gz', 8)];
  return {
    labels,
    count: labels.length,
    bytes: (i) => bytes.subarray(i * PIXELS, (i + 1) * PIXELS),
    /** In [-1, 1], as generators give them. */
    image: (i) => Float32Array.from(bytes.subarray(i * PIXELS, (i + 1) * PIXELS), (byte) => byte / 127.5 - 1),
  };
}

/** A file as an ArrayBuffer of its own. */
export function buffer(path) {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** The judge as it was trained, in float32. */
export const trainedJudge = () => buffer(new URL('judge/mnist.safetensors', TRAINER));
