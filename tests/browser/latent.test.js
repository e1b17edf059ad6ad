// The arithmetic of the latent space: directions, planes, walks, and the state that they change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDirections } from '../../web/directions.js';
import { topEigenvectors } from '../../web/eigen.js';
import { measureInfluence } from '../../web/influence.js';
import { liveliest } from '../../web/liveliest.js';
import { axisVector, placed } from '../../web/plane.js';
import * as edits from '../../web/state.js';
import { z0OfFrame } from '../../web/sweep.js';
import { dot, moved, slerp } from '../../web/vectors.js';

const finish = (steps) => {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
};
const close = (found, expected, tolerance, what) => assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, not ${expected}`);
const length = (z) => Math.sqrt(dot(z, z));

test('the eigenvectors of a matrix whose own are known', () => {
  // Q diag(9, 4, 1, 0) Qᵀ with the orthonormal Q of a Hadamard matrix.
  const q = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]].map((row) => row.map((value) => value / 2));
  const values = [9, 4, 1, 0];
  const matrix = Float64Array.from({ length: 16 }, (_, i) =>
    values.reduce((sum, value, k) => sum + value * q[i >> 2][k] * q[i & 3][k], 0),
  );
  const found = finish(topEigenvectors(matrix, 4, 3));
  for (const [k, { vector, value }] of found.entries()) {
    close(value, values[k], 1e-9, `value ${k}`);
    close(Math.abs(dot(vector, q.map((row) => row[k]))), 1, 1e-6, `vector ${k}`);
    assert.ok(vector.reduce((most, x) => (Math.abs(x) > Math.abs(most) + 1e-6 ? x : most), 0) > 0, 'its largest entry is positive');
  }
  assert.equal(finish(topEigenvectors(new Float64Array(16), 4, 8)).length, 4, 'a matrix of zeros has no NaN in it');
});

/** A model whose picture is a matrix times z: its directions and effects can be told without it. */
function linear(matrix) {
  const latentSize = matrix[0].length;
  return {
    latentSize,
    imageShape: [1, 1, matrix.length],
    generate(z) {
      const pictures = Array.from({ length: z.length / latentSize }, (_, n) => z.subarray(n * latentSize, (n + 1) * latentSize));
      return Float32Array.from(pictures.flatMap((one) => matrix.map((row) => dot(row, one))));
    },
  };
}

test('the directions of a linear model are the singular vectors of its matrix', () => {
  const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
  // Singular values 3 and 1; right vectors (c, s, 0) and (-s, c, 0); the third number does nothing.
  const model = linear([[3 * c, 3 * s, 0], [-s, c, 0], [0, 0, 0]]);
  const [first, second, third] = finish(findDirections(model));
  close(Math.abs(dot(first.vector, [c, s, 0])), 1, 1e-5, 'first');
  close(Math.abs(dot(second.vector, [-s, c, 0])), 1, 1e-5, 'second');
  close(first.share, 0.9, 1e-5, 'share of the first');
  close(second.share, 0.1, 1e-5, 'share of the second');
  close(third.share, 0, 1e-9, 'share of the last');
});

test('the effect of a number is the mean change of a pixel for one unit of it', () => {
  const effects = finish(measureInfluence(linear([[1, 0, -0.5], [0, 0, 0.5]]), new Float32Array(3)));
  // Black to white is 2: a change of 1 in one of two pixels is a quarter of the picture.
  for (const [i, expected] of [0.25, 0, 0.25].entries()) close(effects[i], expected, 1e-6, `z[${i}]`);
});

test('a walk keeps to the shell, and begins and ends at its pins', () => {
  const [a, b] = [edits.sampleOf(1, 0, 100), edits.sampleOf(2, 0, 100)];
  assert.deepEqual(slerp(a, b, 0), a);
  assert.deepEqual(slerp(a, b, 1), b);
  const middle = slerp(a, b, 0.5);
  const straight = a.map((value, i) => (value + b[i]) / 2);
  assert.ok(length(middle) > 0.9 * Math.min(length(a), length(b)), 'as long as normal noise');
  assert.ok(length(straight) < 0.8 * Math.min(length(a), length(b)), 'which the straight line is not');
  for (const [name, other] of [['the same', a], ['its double', a.map((x) => 2 * x)], ['nothing', new Float32Array(100)]]) {
    assert.ok(slerp(a, other, 0.3).every(Number.isFinite), name);
  }
});

test('a place on a plane has the coordinates asked for, at right angles or not', () => {
  const z = edits.sampleOf(3, 0, 100);
  const slanted = new Float32Array(100).fill(0.1);
  for (const [name, axes] of [
    ['two coordinates', [axisVector('z0', 100, []), axisVector('z5', 100, [])]],
    ['a coordinate and a direction', [axisVector('z0', 100, [slanted]), axisVector('d0', 100, [slanted])]],
  ]) {
    const found = placed(z, axes, 1.25, -2);
    close(dot(found, axes[0]), 1.25, 1e-3, `${name}, across`);
    close(dot(found, axes[1]), -2, 1e-3, `${name}, down`);
  }
  const [x, y] = ['z0', 'z5'].map((name) => axisVector(name, 100, []));
  const found = placed(z, [x, y], 1, 1);
  assert.deepEqual(found.filter((_, i) => i !== 0 && i !== 5), z.filter((_, i) => i !== 0 && i !== 5), 'the others stay');
  assert.equal(axisVector('z100', 100, []), undefined);
  assert.equal(axisVector('d0', 100, []), undefined);
  assert.ok(placed(z, [x, x], 1, 1).every(Number.isFinite), 'the same axis twice');
});

test('a direction moves z by as much as it was asked to', () => {
  const z = edits.sampleOf(4, 0, 100);
  const direction = new Float32Array(100).fill(0.1);
  close(dot(moved(z, direction, 2), direction) - dot(z, direction), 2, 1e-3, 'along it');
});

test('frames of fresh noise leave the vector in hand alone, until a number is taken hold of', () => {
  const state = edits.firstState('gen', 100);
  edits.setCoordinate(state, 5, 2);
  const inHand = state.z.slice();
  edits.setKind(state, 'fresh');
  edits.showFrame(state, 40);
  assert.deepEqual(state.z, inHand);
  const frame = edits.shownZ(state);
  assert.equal(frame[0], z0OfFrame(40));
  assert.deepEqual(frame.slice(1), edits.sampleOf(1, 40, 100).slice(1));
  assert.deepEqual(edits.sweepOf(state, 'fresh').slice(4000, 4100), frame);
  edits.setCoordinate(state, 7, 1);
  assert.equal(state.index, 40);
  assert.equal(state.z[7], 1);
  assert.deepEqual(state.z.slice(8), frame.slice(8));
  edits.resetCoordinate(state, 7);
  assert.equal(state.z[7], frame[7]);
});

test('a model with another number of numbers keeps the seed, and drops what does not fit it', () => {
  const state = edits.firstState('gen', 100);
  edits.start(state, 9, 3);
  edits.pin(state);
  const before = structuredClone(state);
  edits.setModel(state, 'other', 100);
  assert.deepEqual(state, { ...before, model: 'other' });
  edits.setModel(state, 'small', 64);
  assert.deepEqual([state.z, state.pins, state.seed, state.index], [edits.sampleOf(9, 3, 64), [], 9, 3]);
});

test('pins beyond the most push out the oldest, and the newest two are walked between', () => {
  const state = edits.firstState('gen', 10);
  for (let seed = 1; seed <= edits.MOST_PINS + 2; seed++) {
    edits.start(state, seed);
    edits.pin(state);
  }
  assert.equal(state.pins.length, edits.MOST_PINS);
  assert.equal(state.pins[0].seed, 3);
  edits.walkTo(state, 0);
  assert.equal(state.seed, edits.MOST_PINS + 1);
  edits.unpin(state, 0);
  assert.equal(state.pins[0].seed, 4);
  state.pins = [];
  assert.equal(edits.walkZ(state, 0.5), undefined);
});

/** A model of one pixel for each number, black or white, whose picture takes so long; z[0] counts where z[1] is above 1.5. */
function switched(msOf = () => 0) {
  let drawn = 0;
  return {
    latentSize: 4,
    imageShape: [1, 1, 4],
    msPerPicture: 0,
    get drawn() {
      return drawn;
    },
    generate(z) {
      drawn += z.length / 4;
      const end = performance.now() + msOf(drawn);
      while (performance.now() < end);
      return z.map((value, i) => (i % 4 === 0 && !(z[i + 1] > 1.5) ? 1 : Math.sign(value)));
    },
  };
}

test('the sample that greets is one that z[0] changes, and a busy moment does not choose another', () => {
  const samples = edits.samplesOf(1, 4);
  const chosen = liveliest(switched(), 1);
  assert.ok(samples[4 * chosen + 1] > 1.5, `sample ${chosen}`);
  assert.equal(liveliest(switched((drawn) => (drawn <= 3 ? 20 : 0)), 1), chosen, 'three pictures were slow');
  const slow = switched(() => 5);
  assert.equal(liveliest(slow, 1), 0, 'a slow model draws no hundreds');
  assert.ok(slow.drawn < 40, `${slow.drawn}`);
});

test('a new digit is unlike the one before it', () => {
  const model = switched();
  const before = edits.sampleOf(2, liveliest(model, 2), 4);
  const after = edits.sampleOf(2, liveliest(model, 2, before), 4);
  assert.notDeepEqual(model.generate(after), model.generate(before));
});
