// The page's random numbers are the trainer's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { philox, sampleZ } from '../../web/philox.js';
import { FRAMES, frameOfZ0, sweepZ, z0OfFrame } from '../../web/sweep.js';

test('known answers of Random123', () => {
  const ones = 0xffffffff;
  const cases = [
    ['zeros', [0, 0], [0, 0, 0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    ['ones', [ones, ones], [ones, ones, ones, ones], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      'digits of pi',
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [name, key, counter, expected] of cases) assert.deepEqual(philox(key, counter), expected, name);
});

test('a seed draws the very bits that the trainer draws', () => {
  // FNV-1a over the bits of 100,000 numbers each: what `the_bits_of_a_seed_are_those_of_every_other_reader` in the crate `noise`
  // holds the trainer to.
  const expected = [
    [0, 'b44b01b'],
    [7, 'fb78d48e'],
    [2 ** 32 + 7, '308f6b73'],
  ];
  for (const [seed, hash] of expected) {
    let found = 0x811c9dc5;
    for (const byte of new Uint8Array(sampleZ(seed, 1000, 100).buffer)) found = Math.imul(found ^ byte, 0x01000193) >>> 0;
    assert.equal(found.toString(16), hash, `seed ${seed}`);
  }
});

test('latent vectors are normal, and a shorter draw is the start of a longer one', () => {
  const z = sampleZ(7, 1000, 100);
  const mean = (f) => z.reduce((sum, value) => sum + f(value), 0) / z.length;
  // Five standard errors of 100,000 draws: of the mean, and of the mean square.
  assert.ok(Math.abs(mean((value) => value)) < 5 / Math.sqrt(z.length));
  assert.ok(Math.abs(mean((value) => value ** 2) - 1) < 5 * Math.sqrt(2 / z.length));
  assert.deepEqual(sampleZ(7, 1, 99), z.slice(0, 99));
  assert.notDeepEqual(sampleZ(8, 1, 99), z.slice(0, 99));
  assert.notDeepEqual(sampleZ(2 ** 32 + 7, 1, 99), z.slice(0, 99), 'the upper half of the seed counts');
});

test('a sweep moves z[0] from -1 to 0.98', () => {
  const held = sampleZ(3, 1, 5);
  const sweep = sweepZ('held', held, 3);
  const fresh = sweepZ('fresh', held, 3);
  assert.equal(sweep.length, FRAMES * 5);
  assert.equal(sweep[0], -1);
  assert.ok(Math.abs(sweep[495] - 0.98) < 1e-6);
  assert.deepEqual(sweep.slice(496), held.slice(1));
  assert.deepEqual(fresh.slice(1, 5), held.slice(1), 'the first frame is the same in both');
  assert.notDeepEqual(fresh.slice(496), held.slice(1));
  for (let frame = 0; frame < FRAMES; frame++) assert.equal(frameOfZ0(z0OfFrame(frame)), frame);
  assert.equal(frameOfZ0(1.2), undefined);
});
