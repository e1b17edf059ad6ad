// A link holds the whole state, to the bit, and a damaged one is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromFragment, isLink, LinkError, modelOf, toFragment } from '../../web/link.js';
import { pack, unpack } from '../../web/packed.js';
import * as edits from '../../web/state.js';
import { moved } from '../../web/vectors.js';

const N = 100;
const diagonal = new Float32Array(N).fill(0.1);

/** Every kind of change, one after another: each state on the way is to survive. */
const STEPS = [
  ['nothing', () => {}],
  ['a seed', (state) => edits.start(state, 2 ** 40 + 3)],
  ['a sample', (state) => edits.start(state, 17, 42)],
  ['a coordinate', (state) => edits.setCoordinate(state, 99, Math.fround(0.37))],
  ['a pin', (state) => edits.pin(state)],
  ['a direction', (state) => edits.edit(state, (z) => moved(z, diagonal, 1.5))],
  ['another pin', (state) => edits.pin(state)],
  ['a walk', (state) => edits.walkTo(state, 0.25)],
  ['a frame', (state) => edits.showFrame(state, 30)],
  ['fresh noise', (state) => (edits.setKind(state, 'fresh'), edits.showFrame(state, 77))],
  ['a tab and a plane', (state) => Object.assign(state, { tab: 'walk', pad: { x: 'z7', y: 'd3' } })],
  ['a model', (state) => (state.model = 'seed-20')],
];

test('each state comes back from its link', () => {
  const state = edits.firstState('stable', N);
  for (const [name, step] of STEPS) {
    step(state);
    const fragment = toFragment(state, 'stable');
    const model = modelOf(fragment, 'stable');
    assert.ok(isLink(fragment), name);
    assert.deepEqual(fromFragment(fragment, model, N), state, `${name}: ${fragment}`);
  }
});

test('links are short', () => {
  const state = edits.firstState('stable', N);
  assert.equal(toFragment(state, 'stable'), '#v1');
  edits.start(state, 7);
  assert.equal(toFragment(state, 'stable'), '#v1&s=7');
  edits.setCoordinate(state, 0, 1);
  assert.ok(toFragment(state, 'stable').length < 25, toFragment(state, 'stable'));
  edits.edit(state, (z) => moved(z, diagonal, 1));
  assert.ok(toFragment(state, 'stable').length < 300, 'every number of z changed');
});

const reason = (fragment, latentSize = N) => {
  try {
    fromFragment(fragment, modelOf(fragment, 'stable'), latentSize);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof LinkError, `${fragment}: ${error.stack}`);
    return error.reason;
  }
};

test('damaged and old links are told apart, whatever is wrong with them', () => {
  for (const [fragment, expected] of [
    ['#v1', 'none'],
    ['#v0&s=1', 'linkOld'],
    ['#v12', 'linkOld'],
    ['#v1&s=x', 'linkDamaged'],
    ['#v1&s=-1', 'linkDamaged'],
    ['#v1&s=9007199254740993', 'linkDamaged'],
    ['#v1&s=1.100', 'linkDamaged'],
    ['#v1&s=1&s=2', 'linkDamaged'],
    ['#v1&q=1', 'linkDamaged'],
    ['#v1&', 'linkDamaged'],
    ['#v1&m=%E0%A4', 'linkDamaged'],
    ['#v1&z=AAAB', 'linkDamaged'],
    ['#v1&z=AA', 'linkDamaged'],
    ['#v1&z=Ä', 'linkDamaged'],
    ['#v1&k=stale', 'linkDamaged'],
    ['#v1&f=3', 'linkDamaged'],
    ['#v1&k=fresh&f=100', 'linkDamaged'],
    ['#v1&p=1', 'linkDamaged'],
    ['#v1&p=1.0,2.0&w=0.2.5', 'linkDamaged'],
    ['#v1&w=0.1.5', 'linkDamaged'],
    ['#v1&x=q', 'linkDamaged'],
    ['#v1&t=nowhere', 'linkDamaged'],
    [`#v1&p=${Array(13).fill('1.0').join()}`, 'linkDamaged'],
  ]) {
    assert.equal(reason(fragment), expected, fragment);
  }
  for (const foreign of ['', '#', '#section', '#value']) assert.ok(!isLink(foreign), foreign);
});

test('a link that lost or changed a letter of its numbers is damaged', () => {
  const state = edits.firstState('stable', N);
  edits.edit(state, (z) => moved(z, diagonal, 1));
  edits.setCoordinate(state, 3, 0.5);
  const fragment = toFragment(state, 'stable');
  const start = fragment.indexOf('z=') + 2;
  for (let at = start; at < fragment.length; at += 7) {
    const other = fragment[at] === 'A' ? 'B' : 'A';
    assert.equal(reason(fragment.slice(0, at) + other + fragment.slice(at + 1)), 'linkDamaged', `letter ${at} changed`);
    assert.equal(reason(fragment.slice(0, at)), 'linkDamaged', `cut at ${at}`);
  }
  assert.equal(reason(fragment, 64), 'linkDamaged', 'of a model with shorter z');
});

test('numbers are packed without loss, few or many, of any size', () => {
  const base = edits.sampleOf(5, 0, N);
  for (const [name, change] of [
    ['one', (z) => (z[50] = 0.1)],
    ['huge', (z) => (z[1] = 3e38)],
    ['all on the grid', (z) => z.forEach((_, i) => (z[i] = (i - 50) / 4096))],
    ['all, none on the grid', (z) => z.forEach((value, i) => (z[i] = value * 1.0001))],
    ['all but one on the grid', (z) => z.forEach((_, i) => (z[i] = i === 9 ? 0.1 : 0.5))],
    ['far out', (z) => z.fill(100)],
  ]) {
    const z = base.slice();
    change(z);
    assert.deepEqual(unpack(base, pack(base, z)), z, name);
  }
});
