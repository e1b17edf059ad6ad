// @ts-check
/**
 * An animated GIF of pictures, for people to send on.
 *
 * Grey pictures get 256 greys, so nothing is lost; colour ones a cube of 6 × 7 × 6 shades, of which the eye needs most in
 * green. Pictures are made larger by whole factors, as programs that show a GIF make small ones smooth.
 *
 * Source: Graphics Interchange Format, version 89a, CompuServe 1990; the loop by Netscape's application extension.
 */

import { lzw } from './lzw.js';
import { toByte } from './pixels.js';

const CUBE = { red: 6, green: 7, blue: 6 };

/**
 * @param {Float32Array} images [n, channels, height, width], in [-1, 1].
 * @param {readonly number[]} shape Channels (1 or 3), height, width.
 * @param {{scale: number, delay: number}} options `scale`: screen pixels a pixel; `delay` of a frame in hundredths of a second.
 * @returns {Generator<void, Uint8Array[], void>} Yields after each frame; returns the file in parts.
 */
export function* encodeGif(images, [channels, height, width], { scale, delay }) {
  const [w, h] = [width * scale, height * scale];
  const word = (/** @type {number} */ value) => [value & 255, value >> 8];
  const text = (/** @type {string} */ letters) => [...letters].map((letter) => letter.charCodeAt(0));
  /** @type {Uint8Array[]} */
  const parts = [
    // A table of 256 colours; background 0; pixels are square.
    Uint8Array.of(...text('GIF89a'), ...word(w), ...word(h), 0xf7, 0, 0),
    palette(channels),
    // Again and again: 0 times means without end.
    Uint8Array.of(0x21, 0xff, 11, ...text('NETSCAPE2.0'), 3, 1, 0, 0, 0),
  ];
  const length = channels * height * width;
  for (let start = 0; start < images.length; start += length) {
    const image = images.subarray(start, start + length);
    parts.push(Uint8Array.of(0x21, 0xf9, 4, 0, ...word(delay), 0, 0, 0x2c, 0, 0, 0, 0, ...word(w), ...word(h), 0, 8));
    parts.push(...blocks(lzw(enlarged(indices(image, channels), width, scale), 8)));
    yield;
  }
  parts.push(Uint8Array.of(0x3b));
  return parts;
}

function palette(/** @type {number} */ channels) {
  const table = new Uint8Array(768);
  if (channels === 1) return table.map((_, i) => Math.floor(i / 3));
  let at = 0;
  for (let red = 0; red < CUBE.red; red++) {
    for (let green = 0; green < CUBE.green; green++) {
      for (let blue = 0; blue < CUBE.blue; blue++) {
        const shades = [red / (CUBE.red - 1), green / (CUBE.green - 1), blue / (CUBE.blue - 1)];
        table.set(shades.map((shade) => Math.round(255 * shade)), at);
        at += 3;
      }
    }
  }
  return table;
}

/** The palette's place of each pixel. @param {Float32Array} image @param {number} channels */
function indices(image, channels) {
  if (channels === 1) return Uint8Array.from(image, toByte);
  const plane = image.length / 3;
  const level = (/** @type {number} */ value, /** @type {number} */ levels) => Math.round((toByte(value) / 255) * (levels - 1));
  return Uint8Array.from({ length: plane }, (_, i) => {
    const red = level(image[i], CUBE.red);
    const green = level(image[plane + i], CUBE.green);
    return (red * CUBE.green + green) * CUBE.blue + level(image[2 * plane + i], CUBE.blue);
  });
}

/** @param {Uint8Array} pixels @param {number} width @param {number} scale */
function enlarged(pixels, width, scale) {
  const large = new Uint8Array(pixels.length * scale * scale);
  const wide = width * scale;
  for (let i = 0; i < pixels.length; i++) {
    const [row, column] = [Math.floor(i / width), i % width];
    for (let y = 0; y < scale; y++) {
      const at = (row * scale + y) * wide + column * scale;
      large.fill(pixels[i], at, at + scale);
    }
  }
  return large;
}

/** Data in blocks of up to 255 bytes, each after its length; an empty one ends them. */
function blocks(/** @type {Uint8Array} */ data) {
  const parts = [];
  for (let start = 0; start < data.length; start += 255) {
    const block = data.subarray(start, start + 255);
    parts.push(Uint8Array.of(block.length), block);
  }
  return [...parts, Uint8Array.of(0)];
}
