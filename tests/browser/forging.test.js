// What a drawing goes through until it is copied, without a browser: ink, view, Cholesky, inversion.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { solve } from '../../web/forging/cholesky.js';
import { centred, inkOfPhoto } from '../../web/forging/ink.js';
import { invert } from '../../web/forging/invert.js';
import { FAR, likenessOf } from '../../web/forging/likeness.js';
import { obstacleOf, seen } from '../../web/forging/view.js';
import { sampleZ } from '../../web/philox.js';
import { GRID } from '../../web/vectors.js';
import { testPictures } from './mnist.js';

const difference = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length / 2;
const drawingOf = (bytes) => ({ width: 28, height: 28, ink: Float32Array.from(bytes, (byte) => byte / 255) });

test('a system of equations is solved, and one that has no positive definite matrix is refused', () => {
  for (const n of [1, 2, 7, 60]) {
    // A = M Mᵀ + I and b = A x, for known x.
    const m = sampleZ(n, n, n);
    const a = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let sum = Number(i === j);
      for (let k = 0; k < n; k++) sum += m[i * n + k] * m[j * n + k];
      return sum;
    });
    const x = Float64Array.from(sampleZ(99, 1, n));
    const b = x.map((_, i) => x.reduce((sum, value, j) => sum + a[i * n + j] * value, 0));
    assert.ok(solve(a, b), `${n}`);
    b.forEach((value, i) => assert.ok(Math.abs(value - x[i]) < 1e-9, `${n}: ${value} for ${x[i]}`));
  }
  assert.equal(solve(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1)), false);
  assert.equal(solve(Float64Array.of(0), Float64Array.of(1)), false);
  assert.equal(solve(Float64Array.of(NaN), Float64Array.of(1)), false);
});

test('a picture of MNIST stays as it is', () => {
  const pictures = testPictures();
  let same = 0;
  for (let i = 0; i < 500; i++) same += Number(difference(centred(drawingOf(pictures.bytes(i)), [28, 28]), pictures.image(i)) < 1e-6);
  // The rest has a pixel so faint that MNIST's own scaling left it out or in.
  assert.ok(same >= 480, `${same} of 500`);
});

test('it does not matter how large a drawing is, nor where on the paper', () => {
  const pictures = testPictures();
  for (const [name, scale, x, y] of [['twice as large', 2, 0, 0], ['in a corner', 1, 40, 3], ['large and low', 5, 10, 100]]) {
    let sum = 0;
    for (let i = 0; i < 50; i++) {
      const [width, height] = [28 * scale + 50, 28 * scale + 120];
      const ink = new Float32Array(width * height);
      for (let row = 0; row < 28 * scale; row++) {
        for (let column = 0; column < 28 * scale; column++) {
          ink[(row + y) * width + column + x] = pictures.bytes(i)[Math.floor(row / scale) * 28 + Math.floor(column / scale)] / 255;
        }
      }
      sum += difference(centred({ width, height, ink }, [28, 28]), pictures.image(i));
    }
    assert.ok(sum / 50 < 0.005, `${name}: ${sum / 50}`);
  }
});

test('pictures of any shape hold the whole drawing, and paper without ink gives none', () => {
  const ink = new Float32Array(60 * 90);
  for (let y = 10; y < 80; y++) for (let x = 20; x < 30; x++) ink[y * 60 + x] = 1;
  const mass = (picture) => picture.reduce((sum, value) => sum + (value + 1) / 2, 0);
  for (const size of [[28, 28], [10, 14], [64, 8], [256, 256]]) {
    const picture = centred({ width: 60, height: 90, ink }, size);
    assert.equal(picture.length, size[0] * size[1]);
    const scale = ((20 / 28) * Math.min(...size)) / 70;
    assert.ok(Math.abs(mass(picture) / (700 * scale * scale) - 1) < 1e-3, `${size}: ${mass(picture)}`);
    assert.ok(picture.every((value) => value >= -1 && value <= 1), `${size}`);
  }
  assert.equal(centred({ width: 5, height: 5, ink: new Float32Array(25) }, [28, 28]), undefined);
});

/** A photo of a digit: large, under uneven light, with grain; `paper` and `pen` are greys of 0 to 1. */
function photo(bytes, { paper, pen, extra = () => undefined }) {
  const [width, height] = [280, 320];
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = [Math.floor((x - 40) / 7), Math.floor((y - 60) / 7)];
      const inside = column >= 0 && column < 28 && row >= 0 && row < 28;
      const ink = inside ? bytes[row * 28 + column] / 255 : 0;
      const light = 0.7 + 0.3 * (x / width) * (1 - y / height);
      const grain = 0.015 * Math.sin(12.9898 * x + 78.233 * y + 0.1 * x * y);
      const grey = extra(x, y) ?? (paper + (pen - paper) * ink) * light + grain;
      rgba.set([255 * grey, 250 * grey, 240 * grey, 255], 4 * (y * width + x));
    }
  }
  return inkOfPhoto(rgba, width, height);
}

test('a photo gives its ink: dark on bright or bright on dark, uneven light, grain, specks, the edge of a table', () => {
  const pictures = testPictures();
  const table = (x) => (x < 12 ? 0.15 : undefined);
  const speck = (x, y) => ((x - 20) ** 2 + (y - 30) ** 2 < 9 ? 0.2 : undefined);
  for (const [name, options, most] of [
    ['ink on paper', { paper: 0.95, pen: 0.15 }, 0.015],
    ['pencil on grey paper', { paper: 0.7, pen: 0.4 }, 0.015],
    ['chalk on slate', { paper: 0.2, pen: 0.95 }, 0.015],
    ['a table at the edge', { paper: 0.95, pen: 0.15, extra: table }, 0.015],
    ['a speck', { paper: 0.95, pen: 0.15, extra: speck }, 0.015],
  ]) {
    const differences = Array.from({ length: 21 }, (_, i) => {
      const ink = photo(pictures.bytes(i), options);
      assert.ok(ink, `${name}: picture ${i} has ink`);
      return difference(centred(ink, [28, 28]), pictures.image(i));
    });
    // The one in the middle: where the centre of mass lies between two pixels, a grain decides which of them it is.
    const middle = differences.toSorted((a, b) => a - b)[10];
    assert.ok(middle < most, `${name}: ${middle}`);
  }
});

test('a photo of nothing gives none', () => {
  assert.equal(photo(new Uint8Array(784), { paper: 0.9, pen: 0.1 }), undefined);
  assert.equal(inkOfPhoto(new Uint8ClampedArray(4).fill(255), 1, 1), undefined);
});

test('a thin pen is made as wide as MNIST’s', () => {
  // A ring of 2 pixels on 280: 0.17 of 28.
  const rgba = new Uint8ClampedArray(4 * 280 * 280).fill(255);
  for (let y = 0; y < 280; y++) {
    for (let x = 0; x < 280; x++) {
      if (Math.abs(Math.hypot(x - 140, y - 140) - 90) < 1) rgba.set([20, 20, 60, 255], 4 * (y * 280 + x));
    }
  }
  const picture = centred(inkOfPhoto(rgba, 280, 280), [28, 28]);
  const mass = picture.reduce((sum, value) => sum + (value + 1) / 2, 0);
  // 2.4 wide along the circle in the middle of the stroke, 20 - 2.4 across.
  const expected = 2.4 * Math.PI * (20 - 2.4);
  assert.ok(Math.abs(mass / expected - 1) < 0.2, `${mass} for ${expected}`);
});

test('large pictures and colours are seen as small grey ones', () => {
  const grey = Float32Array.of(0, 1, 2, 3);
  assert.equal(seen(grey, [1, 2, 2]), grey);
  assert.deepEqual([...seen(Float32Array.of(1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7, 8), [3, 2, 2])].map((v) => Math.round(v * 1e4) / 1e4), [3, 4, 5, 6]);
  // 33 pixels a side: squares of two, those of the last row and column cut off.
  const large = seen(new Float32Array(2 * 33 * 33).fill(0.5), [1, 33, 33]);
  assert.equal(large.length, 2 * 17 * 17);
  assert.ok(large.every((value) => Math.abs(value - 0.5) < 1e-6));
});

test('what cannot be forged is told', () => {
  const obstacle = (latentSize, imageShape) => obstacleOf({ latentSize, imageShape });
  assert.equal(obstacle(100, [1, 28, 28]), undefined);
  assert.equal(obstacle(512, [3, 256, 256]), undefined);
  assert.equal(obstacle(513, [1, 28, 28]), 'forgeTooLong');
  assert.equal(obstacle(2, [1, 28, 7]), 'forgeTooSmall');
});

/** A network of one hidden layer, its weights the same each time. */
function network(latent, hidden, pixels) {
  const [first, second] = [sampleZ(11, hidden, latent), sampleZ(12, pixels, hidden)];
  return (z) => {
    const count = z.length / latent;
    const images = new Float32Array(count * pixels);
    for (let n = 0; n < count; n++) {
      const active = Float32Array.from({ length: hidden }, (_, h) => {
        let sum = 0;
        for (let i = 0; i < latent; i++) sum += first[h * latent + i] * z[n * latent + i];
        sum /= Math.sqrt(latent);
        return sum > 0 ? sum : 0.2 * sum;
      });
      for (let p = 0; p < pixels; p++) {
        let sum = 0;
        for (let h = 0; h < hidden; h++) sum += second[p * hidden + h] * active[h];
        images[n * pixels + p] = Math.tanh((1.5 * sum) / Math.sqrt(hidden));
      }
    }
    return images;
  };
}

/** All that an inversion yields, and what it ends with. */
function inverted(draw, latent, x) {
  const copies = [];
  const steps = invert(draw, latent, x);
  let step = steps.next();
  for (; !step.done; step = steps.next()) if (step.value) copies.push(step.value);
  return { copies, last: step.value };
}

for (const [latent, hidden, pixels, most] of [[1, 8, 64, 0.01], [2, 16, 64, 0.01], [20, 64, 196, 0.01], [100, 128, 784, 0.015], [512, 40, 64, 0.03]]) {
  test(`a picture of the network’s own is found again: ${latent} numbers in z`, () => {
    const draw = network(latent, hidden, pixels);
    const { copies, last } = inverted(draw, latent, draw(sampleZ(77, 1, latent)));
    assert.ok(last.difference < most, `${last.difference}`);
    assert.ok(last.z.every((value) => value * GRID === Math.round(value * GRID)), 'on the grid that links keep');
    assert.deepEqual([...draw(last.z)], [...last.image]);
    assert.ok(copies.length > 0);
    for (let i = 1; i < copies.length; i++) assert.ok(copies[i].difference < copies[i - 1].difference, 'each is better than the one before');
    // Where noise lives: its length is about the root of how many numbers it has.
    assert.ok(Math.hypot(...last.z) < 1.3 * Math.sqrt(latent) + 1.5, `${Math.hypot(...last.z)}`);
  });
}

test('the same picture always gives the same copy', () => {
  const draw = network(10, 32, 64);
  const x = draw(sampleZ(5, 1, 10)).map((value) => Math.max(-1, value - 0.1));
  assert.deepEqual(inverted(draw, 10, x).last, inverted(draw, 10, x).last);
});

test('a network that answers nothing, or NaN, ends the search', () => {
  const x = new Float32Array(16).fill(0.5);
  assert.ok(Math.abs(inverted((z) => new Float32Array((z.length / 3) * 16), 3, x).last.difference - 0.25) < 1e-6);
  const nan = (z) => new Float32Array((z.length / 3) * 16).fill(NaN);
  assert.ok(Number.isNaN(inverted(nan, 3, x).last.difference));
});

test('a copy is one that is near, by a z such as noise is', () => {
  const copy = (difference, length) => ({ z: new Float32Array(100).fill(length / 10), difference, image: new Float32Array(0), attempt: 1 });
  assert.equal(likenessOf(copy(0.02, 10)), 'near');
  assert.equal(likenessOf(copy(FAR + 0.001, 10)), 'far');
  assert.equal(likenessOf(copy(NaN, 10)), 'far');
  assert.equal(likenessOf(copy(0.04, 20)), 'strained');
});
