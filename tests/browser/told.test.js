// What the runtime tells of a model in English has a text of the page's that says the same, and so one in Korean.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { rows } from '../../web/strings.js';
import { inWords, label } from '../../web/told.js';

const SOURCE = new URL('../../crates/interface/src/', import.meta.url);
const PHRASES = [
  'operators that ONNX Runtime had made one, taken apart',
  'MatMul of two vectors, as a sum',
  'pads below zero, as cuts',
  'operators on bytes, as the same ones on numbers',
  'Upsample, as Resize',
  "ConvTranspose by its output's shape, by pads",
  'Slice by steps, as a choice',
  "BatchNormalization in training mode, by each picture's own statistics",
  'BatchNormalization in training mode, by its running statistics',
  'Dropout in training mode, nothing dropped',
  'Pad that goes round, as Concat',
  'ConstantOfShape, its zeros told',
];
const english = new Set(rows().map(([, [text]]) => text));
const plain = (text) => text.replaceAll('’', "'");

test('each rewriting that the runtime tells is told by a text of the page', () => {
  const files = readdirSync(new URL('rewrite/', SOURCE)).map((file) => readFileSync(new URL(`rewrite/${file}`, SOURCE), 'utf8'));
  const source = files.join('\n');
  for (const phrase of PHRASES) {
    assert.ok(source.includes(`"${phrase}"`), `the runtime says: ${phrase}`);
    const said = inWords('rewritten', phrase);
    assert.equal(plain(said), phrase);
    assert.ok(english.has(said), `a text of the table: ${said}`);
  }
  for (const name of ['half', 'double']) assert.ok(english.has(inWords('rewritten', `${name} precision, computed in single`)), name);
  assert.equal(inWords('rewritten', "2 functions of the model's own, written out"), '2 of the model’s own functions, written out');
});

test('ends are told with the names of the file, whatever is in them', () => {
  for (const [key, words] of [
    ['latent', 'z: 100 numbers'],
    ['latent', 'a: 2 numbers: 100 numbers, 64 at a time'],
    ['class', 'labels: 10 classes, its number'],
    ['class', 'y: 10 classes, one-hot'],
    ['picture', 'image: 64 by 32, colour'],
    ['picture', 'image: 64 by 32, grey with opacity'],
    ['picture', 'x\ny: 1 by 2, colour with opacity'],
    ['rest', 'psi: 1'],
    ['range', '-1..1'],
    ['random', 'RandomNormalLike'],
    ['something new', 'in other words'],
  ]) {
    assert.equal(inWords(key, words), words);
    assert.ok(label(key), key);
  }
  assert.equal(label('toString'), 'toString', 'a key that is none is told as it is');
});
