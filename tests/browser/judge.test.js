// The page's judge is the trainer's: the same answers from the same weights, and nearly the same from those rounded for the page.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Judge } from '../../web/judge.js';
import { readSafetensors } from '../../web/safetensors.js';
import { SITE } from './browser.js';
import { buffer, testPictures, trainedJudge } from './mnist.js';

/** Share of the test pictures on which the rounded judge may be wrong where the trained one is right, or the other way round. */
const DISAGREE = 0.001;

const answers = (judge, pictures, count) => Array.from({ length: count }, (_, i) => judge.probabilities(pictures.image(i)));
/** What the trained one answers to all of them, asked for once: it takes a while. */
let known;
const trainedAnswers = (pictures) => (known ??= answers(new Judge(trainedJudge()), pictures, pictures.count));
const classOf = (shares) => shares.indexOf(Math.max(...shares));

test('it is right on as many of the test pictures as the trainer found', () => {
  const pictures = testPictures();
  const file = trainedJudge();
  // Written into the file by the trainer's own code, in Rust.
  const { accuracy } = JSON.parse(readSafetensors(file).metadata.judge);
  const classes = trainedAnswers(pictures).map(classOf);
  const right = classes.filter((digit, i) => digit === pictures.labels[i]).length;
  assert.equal(right / pictures.count, accuracy);
});

test('rounded for the page it says the same', { skip: !SITE && 'FORGER_SITE names no built site' }, (t) => {
  const pictures = testPictures();
  const rounded = buffer(join(SITE, 'judges/mnist.safetensors'));
  const [trained, small] = [trainedAnswers(pictures), answers(new Judge(rounded), pictures, pictures.count)];
  const differ = trained.filter((shares, i) => classOf(shares) !== classOf(small[i])).length;
  const right = small.filter((shares, i) => classOf(shares) === pictures.labels[i]).length;
  const change = trained.reduce((sum, shares, i) => sum + Math.abs(Math.max(...shares) - Math.max(...small[i])), 0) / pictures.count;
  t.diagnostic(`${rounded.byteLength} bytes; right on ${right} of ${pictures.count}, another answer on ${differ}; mean change of its sureness ${change.toFixed(5)}`);
  assert.ok(differ <= DISAGREE * pictures.count, `${differ} of ${pictures.count} differ`);
  assert.ok(change < 0.001, `${change}`);
  assert.ok(rounded.byteLength < 95_000, `${rounded.byteLength} bytes`);
});

test('what is no judge is refused', () => {
  const file = (header) => {
    const text = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    return bytes.buffer;
  };
  assert.throws(() => new Judge(file({})), /no judge/);
  assert.throws(() => new Judge(file({ __metadata__: { judge: '{"format":"forger-judge-2"}' } })), /no judge/);
  assert.throws(() => new Judge(file({ __metadata__: { judge: '{"format":"forger-judge-1"}' } })), /no tensor conv1.weight/);
  assert.throws(() => new Judge(new TextEncoder().encode('a text that is none').buffer));
});
