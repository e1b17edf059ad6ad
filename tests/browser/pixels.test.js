// Pixels become the bytes that the trainer writes into its sheets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toByte } from '../../web/pixels.js';

test('bytes survive the way to pixels and back', () => {
  // The trainer scales a byte b of MNIST to b / 127.5 - 1, in single precision.
  for (let byte = 0; byte < 256; byte++) assert.equal(toByte(Math.fround(Math.fround(byte / 127.5) - 1)), byte);
});

test('what lies outside becomes the nearest byte', () => {
  for (const [value, expected] of [[-7, 0], [7, 255], [-1, 0], [0, 128], [1, 255]]) assert.equal(toByte(value), expected, value);
});
