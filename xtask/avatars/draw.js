// Draws the avatars that `trainer --data avatars` trains on: node draw.js OUT
//
// OUT becomes an idx file: 10,000 avatars, [count, 16, 16, 3], a byte each, red, green and blue. Avatar i is what DiceBear's
// pixel-art style draws for the seed "i" on one of five grounds, by resvg without smoothing: the style draws on a grid of 16 by 16,
// so each of its squares is one pixel.

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { createAvatar } from '@dicebear/core';
import * as pixelArt from '@dicebear/pixel-art';
import { Resvg, initWasm } from '@resvg/resvg-wasm';

const COUNT = 10_000;
const SIDE = 16;
/** Light and dark, warm and cold, so that a ground is a thing to be learned. */
const GROUNDS = ['b6e3f4', 'c0aede', 'ffd5dc', 'ffdfbf', '2f3e55'];
/** resvg's `optimizeSpeed`: a pixel is in a shape or it is not. */
const WITHOUT_SMOOTHING = 0;

const [out] = process.argv.slice(2);
await initWasm(await readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));

const header = Buffer.alloc(4 + 4 * 4);
header.set([0, 0, 8, 4]);
[COUNT, SIDE, SIDE, 3].forEach((side, place) => header.writeUInt32BE(side, 4 + 4 * place));
const pictures = Buffer.alloc(COUNT * SIDE * SIDE * 3);
for (let seed = 0; seed < COUNT; seed += 1) {
  const svg = createAvatar(pixelArt, { seed: String(seed), size: SIDE, backgroundColor: GROUNDS }).toString();
  const picture = new Resvg(svg, { shapeRendering: WITHOUT_SMOOTHING }).render();
  if (picture.width !== SIDE || picture.height !== SIDE) throw new Error(`avatar ${seed} is ${picture.width} by ${picture.height}`);
  const { pixels } = picture;
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    if (pixels[4 * at + 3] !== 255) throw new Error(`avatar ${seed} can be seen through at pixel ${at}`);
    pictures.set(pixels.subarray(4 * at, 4 * at + 3), 3 * (seed * SIDE * SIDE + at));
  }
  picture.free();
}
await writeFile(out, Buffer.concat([header, pictures]));
