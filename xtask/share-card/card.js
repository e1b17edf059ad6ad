// Draws the picture that a shared link shows, by the model itself: node card.js PACKAGE MODEL OUT
//
// Seven digits, one a row, each at fourteen values of z[0], and a seal around the one in hand: what the page is about, at the size
// that services for messages want. PACKAGE is a folder that `cargo xtask package` would write.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const [WIDTH, HEIGHT] = [1200, 630];
const [COLUMNS, ROWS] = [14, 7];
/** Of a tile, in pixels. */
const SIDE = 84;
const [LEFT, TOP] = [(WIDTH - COLUMNS * SIDE) / 2, (HEIGHT - ROWS * SIDE) / 2];
/** Samples that are looked at, to find some that z[0] changes from one clear picture to another. */
const SAMPLES = 100;
const ENDS = [-3, 3];

/** Ink on paper, as the page has it; the last colour is the seal's. */
const [PAPER, INK, SEAL] = [[0xf3, 0xef, 0xe6], [0x1d, 0x1b, 0x18], [0xb3, 0x36, 0x1b]];
const LAST = 255;
/** The tile with the seal: its column and row. */
const [SEALED_COLUMN, SEALED_ROW] = [9, 3];

const [folder, model, out] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(folder, name)).href);
const [{ Generator }, { sampleZ }] = await Promise.all([load('forger.js'), load('philox.js')]);
const generator = await Generator.load(await readFile(model));
const { latentSize, imageShape } = generator;
const [channels, height, width] = imageShape;
const length = channels * height * width;

/** The pictures of these vectors with z[0] put to a value each. */
function at(z, values) {
  const moved = z.slice();
  values.forEach((value, i) => (moved[i * latentSize] = value));
  return generator.generate(moved);
}

const samples = sampleZ(1, SAMPLES, latentSize);
const [low, high] = ENDS.map((end) => at(samples, Array(SAMPLES).fill(end)));
const mean = (sample, value) => {
  let sum = 0;
  for (let i = sample * length; i < (sample + 1) * length; i++) sum += value(i);
  return sum / length;
};
/** As in the page's `liveliest.js`. */
const score = (sample) => {
  const clear = Math.min(mean(sample, (i) => Math.min(1, Math.abs(low[i]))), mean(sample, (i) => Math.min(1, Math.abs(high[i]))));
  return mean(sample, (i) => Math.abs(low[i] - high[i])) * clear ** 12;
};
const scores = Array.from({ length: SAMPLES }, (_, sample) => score(sample));
const chosen = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, ROWS);

const pixels = new Uint8Array(WIDTH * HEIGHT);
chosen.forEach((sample, row) => {
  const z = new Float32Array(COLUMNS * latentSize);
  for (let column = 0; column < COLUMNS; column++) z.set(samples.subarray(sample * latentSize, (sample + 1) * latentSize), column * latentSize);
  const values = Array.from({ length: COLUMNS }, (_, i) => ENDS[0] + ((ENDS[1] - ENDS[0]) * i) / (COLUMNS - 1));
  const images = at(z, values);
  for (let column = 0; column < COLUMNS; column++) tile(images.subarray(column * length, (column + 1) * length), column, row);
});
frame(SEALED_COLUMN, SEALED_ROW, 6);

/** Nearest neighbours: the pixels are to be seen. Of colours, their mean. */
function tile(image, column, row) {
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const from = Math.floor((y * height) / SIDE) * width + Math.floor((x * width) / SIDE);
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += image[c * height * width + from];
      const share = Math.min(1, Math.max(0, (sum / channels + 1) / 2));
      pixels[(TOP + row * SIDE + y) * WIDTH + LEFT + column * SIDE + x] = Math.round(share * (LAST - 1));
    }
  }
}

function frame(column, row, thickness) {
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const edge = Math.min(x, y, SIDE - 1 - x, SIDE - 1 - y);
      if (edge < thickness) pixels[(TOP + row * SIDE + y) * WIDTH + LEFT + column * SIDE + x] = LAST;
    }
  }
}

/** PNG (ISO/IEC 15948), one byte a pixel into a palette. */
function png() {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const palette = Buffer.from(
    Array.from({ length: LAST + 1 }, (_, i) => (i === LAST ? SEAL : PAPER.map((from, c) => Math.round(from + ((INK[c] - from) * i) / (LAST - 1))))).flat(),
  );
  // Each row begins with its filter: none.
  const rows = Buffer.alloc(HEIGHT * (WIDTH + 1));
  for (let y = 0; y < HEIGHT; y++) rows.set(pixels.subarray(y * WIDTH, (y + 1) * WIDTH), y * (WIDTH + 1) + 1);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

await writeFile(out, png());
