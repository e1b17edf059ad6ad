// The GIFs that the page writes, read again by a decoder written from the format's description.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeGif } from '../../web/gif.js';
import { lzw } from '../../web/lzw.js';
import { toByte } from '../../web/pixels.js';

/** GIF 89a, as far as it is used here: a global palette, whole frames, no interlace. */
function decode(file) {
  const word = (at) => file[at] | (file[at + 1] << 8);
  assert.equal(String.fromCharCode(...file.subarray(0, 6)), 'GIF89a');
  const [width, height, flags] = [word(6), word(8), file[10]];
  const colours = 2 << (flags & 7);
  const palette = file.subarray(13, 13 + 3 * colours);
  let at = 13 + 3 * colours;
  const frames = [];
  const found = { width, height, frames, delay: 0, loops: undefined };
  const blocks = () => {
    const bytes = [];
    while (file[at] !== 0) {
      bytes.push(...file.subarray(at + 1, at + 1 + file[at]));
      at += file[at] + 1;
    }
    at++;
    return bytes;
  };
  for (;;) {
    const kind = file[at++];
    if (kind === 0x3b) break;
    if (kind === 0x21) {
      const label = file[at++];
      const data = blocks();
      if (label === 0xf9) found.delay = data[1] | (data[2] << 8);
      if (label === 0xff) found.loops = data[12] | (data[13] << 8);
      continue;
    }
    assert.equal(kind, 0x2c, `an image at ${at}`);
    assert.deepEqual([word(at + 4), word(at + 6), file[at + 8]], [width, height, 0]);
    at += 9;
    const bits = file[at++];
    const pixels = unlzw(blocks(), bits);
    assert.equal(pixels.length, width * height);
    frames.push(pixels.map((index) => [...palette.subarray(3 * index, 3 * index + 3)]));
  }
  assert.equal(at, file.length, 'nothing comes after the end');
  return found;
}

function unlzw(bytes, symbolBits) {
  const [clear, end] = [1 << symbolBits, (1 << symbolBits) + 1];
  let [at, width, table, before] = [0, symbolBits + 1, [], undefined];
  const output = [];
  const next = () => {
    let code = 0;
    for (let bit = 0; bit < width; bit++, at++) code |= ((bytes[at >> 3] >> (at & 7)) & 1) << bit;
    return code;
  };
  for (;;) {
    assert.ok(at >> 3 < bytes.length, 'the end is told before the data ends');
    const code = next();
    if (code === end) return output;
    if (code === clear) {
      table = Array.from({ length: clear }, (_, i) => [i]).concat([[], []]);
      [width, before] = [symbolBits + 1, undefined];
      continue;
    }
    const entry = table[code] ?? (code === table.length && before ? [...before, before[0]] : undefined);
    assert.ok(entry, `code ${code} is known`);
    output.push(...entry);
    if (before && table.length < 4096) table.push([...before, entry[0]]);
    if (table.length === 1 << width && width < 12) width++;
    before = entry;
  }
}

const finish = (steps) => {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return Uint8Array.from(value.flatMap((part) => [...part]));
  }
};

/** Numbers that repeat now and then, and are the same each time. */
const noise = (length, below) => Uint8Array.from({ length }, (_, i) => Math.floor(Math.abs(Math.sin(i * 12.9898) * 43758.5453) % below));

test('LZW gives back what it was given', () => {
  for (const [name, symbols] of [
    ['nothing', new Uint8Array(0)],
    ['one', Uint8Array.of(7)],
    ['all the same', new Uint8Array(20_000).fill(3)],
    ['the string that ends in itself', Uint8Array.of(1, 1, 1, 1, 1, 2, 1, 1, 1)],
    ['noise that fills the dictionary many times', noise(60_000, 256)],
    ['few shades', noise(60_000, 4)],
    ...Array.from({ length: 300 }, (_, n) => [`noise of length ${n + 200}`, noise(n + 200, 250)]),
  ]) {
    assert.deepEqual(Uint8Array.from(unlzw([...lzw(symbols, 8)], 8)), symbols, name);
  }
});

test('a film of grey pictures comes back shade for shade', () => {
  const [count, height, width, scale] = [3, 5, 4, 3];
  const images = Float32Array.from({ length: count * height * width }, (_, i) => Math.sin(i * 0.7));
  const film = decode(finish(encodeGif(images, [1, height, width], { scale, delay: 4 })));
  assert.deepEqual([film.width, film.height, film.delay, film.loops], [12, 15, 4, 0]);
  assert.equal(film.frames.length, count);
  for (const [n, frame] of film.frames.entries()) {
    for (let y = 0; y < film.height; y++) {
      for (let x = 0; x < film.width; x++) {
        const byte = toByte(images[n * height * width + Math.floor(y / scale) * width + Math.floor(x / scale)]);
        assert.deepEqual(frame[y * film.width + x], [byte, byte, byte], `frame ${n}, ${x}, ${y}`);
      }
    }
  }
});

test('colours come back near', () => {
  const images = Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i * 1.3));
  const film = decode(finish(encodeGif(images, [3, 8, 8], { scale: 1, delay: 10 })));
  for (const [n, frame] of film.frames.entries()) {
    for (const [pixel, colour] of frame.entries()) {
      for (const [channel, levels] of [6, 7, 6].entries()) {
        const exact = toByte(images[(n * 3 + channel) * 64 + pixel]);
        assert.ok(Math.abs(colour[channel] - exact) <= 255 / (levels - 1) / 2 + 1, `${colour} at ${pixel}`);
      }
    }
  }
});
