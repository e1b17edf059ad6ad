// The inside of a network, as the page draws it: what is read from a file is what the runtime runs, and it lights up while one drags.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busiest, layersOf, lit, sent } from '../../web/layers.js';
import { readGraph } from '../../web/onnx.js';
import { changed, describeOnSite, LOOKS, openTab, pixels, ready, shoot, SITE, z0 } from './browser.js';
import { convolutions, generatorFile, model, node, tensor, tiny, integers } from './onnx.js';

const Z = Float32Array.from([0.5, -1, 2, 0.25]);
const near = (found, expected) => {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(found[i] - value) < 1e-6, `${i}: ${found[i]}, not ${value}`);
};
const last = (file, z = Z) => lit(layersOf(file), z).at(-1);

test('a dense layer, its function, and weights that lie either way round', () => {
  near(last(tiny()), [...Z].map(Math.tanh));
  const turned = tensor('w', [4, 4], Array.from({ length: 16 }, (_, i) => i));
  const plain = model({
    nodes: [node('Gemm', ['z', 'w'], 'sum', { transB: 1 }), node('Relu', ['sum'], 'on'), node('Reshape', ['on', 'shape'], 'image')],
    initializers: [turned, integers('shape', [-1, 1, 2, 2])],
  });
  near(last(plain), [0, 1, 2, 3].map((o) => Math.max(0, [0, 1, 2, 3].reduce((sum, i) => sum + (4 * o + i) * Z[i], 0))));
  const added = model({
    nodes: [node('MatMul', ['z', 'w'], 'sum'), node('Add', ['sum', 'b'], 'more'), node('LeakyRelu', ['more'], 'on', { alpha: 0.5 }), node('Reshape', ['on', 'shape'], 'image')],
    initializers: [turned, tensor('b', [4], [1, -100, 0, 0]), integers('shape', [-1, 1, 2, 2])],
  });
  const sums = [0, 1, 2, 3].map((o) => [0, 1, 2, 3].reduce((sum, i) => sum + (4 * i + o) * Z[i], 0) + [1, -100, 0, 0][o]);
  near(last(added), sums.map((sum) => (sum < 0 ? sum / 2 : sum)));
});

test('convolutions of every kind are followed, map by map', () => {
  const layers = layersOf(convolutions());
  assert.deepEqual(layers.map(({ window }) => window?.gives), [undefined, [3, 4, 6], [5, 8, 12], [1, 4, 6]]);
  const all = lit(layers, Z);
  // The definitions, number by number: what each place of a kernel meets.
  const at = (values, [, rows, columns], c, y, x) => (y >= 0 && y < rows && x >= 0 && x < columns ? values[(c * rows + y) * columns + x] : 0);
  const leaky = (sum) => (sum < 0 ? sum / 4 : sum);
  const over = ([outputs, rows, columns], one) =>
    Array.from({ length: outputs * rows * columns }, (_, i) => one(Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns));
  const sum = (count, one) => Array.from({ length: count }, (_, i) => one(i)).reduce((a, b) => a + b, 0);
  near(all[1], over([3, 4, 6], (o, y, x) => leaky(layers[1].bias[o] + sum(4 * 2 * 3 * 16, (i) => {
    const [c, row, column, tap] = [Math.floor(i / 96), Math.floor(i / 48) % 2, Math.floor(i / 16) % 3, i % 16];
    const meets = row * 2 - 1 + Math.floor(tap / 4) === y && column * 2 - 1 + (tap % 4) === x;
    return meets ? layers[1].weight[(c * 3 + o) * 16 + tap] * all[0][(c * 2 + row) * 3 + column] : 0;
  }))));
  const large = over([3, 8, 12], (c, y, x) => all[1][(c * 4 + (y >> 1)) * 6 + (x >> 1)]);
  const convolved = (values, shape, weight, stride) => (o, y, x) =>
    sum(shape[0] * 9, (i) => weight[o * shape[0] * 9 + i] * at(values, shape, Math.floor(i / 9), y * stride - 1 + (Math.floor(i / 3) % 3), x * stride - 1 + (i % 3)));
  near(all[2], over([5, 8, 12], (...place) => leaky(convolved(large, [3, 8, 12], layers[2].weight, 1)(...place))));
  near(all[3], over([1, 4, 6], (...place) => Math.tanh(layers[3].bias[0] + convolved(all[2], [5, 8, 12], layers[3].weight, 2)(...place))));
  const maps = busiest(layers[3], all[2], 5);
  assert.deepEqual([...maps].sort(), [0, 1, 2, 3, 4]);
  const whole = maps.map((map) => sent(layers[3], map, all[2])).reduce((whole, each) => whole.map((value, i) => value + each[i]));
  near(all[3], [...whole].map((value) => Math.tanh(value + layers[3].bias[0])));
});

test('a convolution that is told in another way is left alone', () => {
  const image = [1, 2, 2];
  const initializers = [tensor('w', [1, 1, 1, 1], [1]), tensor('scales', [4], [1, 1, 2, 2]), tensor('half', [4], [1, 1, 1.5, 1.5]), integers('shape', [-1, 1, 2, 2])];
  const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const start = node('Reshape', ['z', 'shape'], 'p');
  for (const [name, isFollowed, nodes] of [
    ['as it is', true, [start, node('Conv', ['p', 'w'], 'image')]],
    ['of a line', false, [node('Conv', ['z', 'w'], 'image')]],
    ['that pads itself', false, [start, node('Conv', ['p', 'w'], 'image', { auto_pad: 'SAME_UPPER' })]],
    ['with gaps', false, [start, node('Conv', ['p', 'w'], 'image', { dilations: [2, 2] })]],
    ['in groups', false, [start, node('Conv', ['p', 'w'], 'image', { group: 2 })]],
    ['with two strides', false, [start, node('Conv', ['p', 'w'], 'image', { strides: [1, 2] })]],
    ['that leaves nothing', false, [start, node('ConvTranspose', ['p', 'w'], 'image', { pads: [3, 3, 3, 3] })]],
    ['of rows that are averaged', false, [start, node('Resize', ['p', '', 'scales'], 'large', { ...nearest, mode: 'linear' }), node('Conv', ['large', 'w'], 'image')]],
    ['of rows repeated one and a half times', false, [start, node('Resize', ['p', '', 'half'], 'large', nearest), node('Conv', ['large', 'w'], 'image')]],
    ['of rows that nothing sees', false, [start, node('Conv', ['p', 'w'], 'large'), node('Resize', ['large', '', 'scales'], 'image', nearest)]],
  ]) {
    assert.equal(layersOf(model({ nodes, initializers, image })) !== undefined, isFollowed, name);
  }
});

test('what is no chain of dense layers is left alone, and a cut file too', () => {
  const file = generatorFile(4, [1, 2, 2]);
  assert.equal(layersOf(file).length, 1);
  for (let length = 0; length < file.length; length += 7) layersOf(file.subarray(0, length));
  assert.throws(() => readGraph(Uint8Array.from([0x3a, 0x7f, 1])), RangeError);
  const shape = integers('shape', [-1, 1, 2, 2]);
  const identity = tensor('w', [4, 4], Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)));
  const end = node('Reshape', ['on', 'shape'], 'image');
  for (const [name, nodes] of [
    ['a function that is not known', [node('Gemm', ['z', 'w'], 'sum'), node('Elu', ['sum'], 'on'), end]],
    ['two ways', [node('Gemm', ['z', 'w'], 'sum'), node('Tanh', ['sum'], 'a'), node('Mul', ['sum', 'a'], 'on'), end]],
    ['a product that is scaled', [node('Gemm', ['z', 'w'], 'on', { alpha: 2 }), end]],
    ['no layer at all', [node('Reshape', ['z', 'shape'], 'image')]],
  ]) {
    assert.equal(layersOf(model({ nodes, initializers: [identity, shape] })), undefined, name);
  }
});

test('the busiest cells and their bias are the whole sum', () => {
  const layer = { inputs: 3, outputs: 2, weight: Float32Array.from([1, -2, 3, 4, 5, -6]), bias: Float32Array.from([0.5, -0.5]), functions: [] };
  const values = Float32Array.from([1, 0.5, -2]);
  assert.deepEqual(busiest(layer, values, 2), [2, 0]);
  const whole = [0, 1, 2].map((cell) => sent(layer, cell, Float32Array.from(values))).reduce((sum, picture) => sum.map((value, i) => value + picture[i]), [...layer.bias]);
  near(whole, lit([layer], values)[0]);
});

const { FORGER_ROUNDED } = process.env;

describeOnSite('inside the network', (open) => {
  test('weights of two bytes and of one, each with its scale, are what the runtime draws by', { skip: !FORGER_ROUNDED && 'FORGER_ROUNDED names no folder' }, async (t) => {
    const { page, close } = await open();
    await ready(page);
    for (const name of ['f16.onnx', 'int8.onnx']) {
      const bytes = [...readFileSync(join(FORGER_ROUNDED, name))];
      const worst = await page.evaluate(worstOf, bytes);
      t.diagnostic(`${name}: ${worst}`);
      assert.ok(worst < 1e-5, `${name}: ${worst}`);
    }
    await close();
  });

  test('what is drawn is what the runtime draws by, of every model of the site', async (t) => {
    const { page, close } = await open();
    await ready(page);
    const { models } = JSON.parse(readFileSync(join(SITE, 'models.json'), 'utf8'));
    for (const { file } of models) {
      const worst = await page.evaluate(worstOf, file);
      t.diagnostic(`${file}: ${worst}`);
      assert.ok(worst < 1e-5, `${file}: ${worst}`);
    }
    await close();
  });

  test('the cells light up while z[0] is dragged, and say how many are lit', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await openTab(page, 'Inside');
    const strips = [/^z: 100 random numbers$/, /^Layer 1: 128 cells, \d+ of them lit$/, /^Layer 2: 128 cells, \d+ of them lit$/, /^Cell \d+$/];
    const found = strips.map((name) => page.getByRole('img', { name }).first());
    for (const strip of found) await strip.waitFor();
    const before = await Promise.all(found.map(pixels));
    await page.getByText('100,352 weights').waitFor();
    await z0(page).fill('-3');
    for (const [i, strip] of found.entries()) await changed(strip, before[i], String(strips[i]));
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('img', { name: /^1층: 세포 128개, 켜진 것 \d+개$/ }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('maps of convolutions are what the runtime draws by, and light up too', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=models' });
    await ready(page);
    assert.ok((await page.evaluate(worstOf, [...convolutions()])) < 1e-5);
    await page.getByLabel('Choose an .onnx file').setInputFiles({ name: 'maps.onnx', mimeType: '', buffer: convolutions() });
    await page.getByText('Your own: maps.onnx').first().waitFor();
    await openTab(page, 'Inside');
    const strips = [/^Layer 1: 24 cells, \d+ of them lit$/, /^Layer 2: 3 maps of 4 by 6 cells, \d of them lit$/, /^Layer 3: 5 maps of 8 by 12 cells/, /^Map \d$/];
    const found = strips.map((name) => page.getByRole('img', { name }).first());
    for (const strip of found) await strip.waitFor();
    await page.getByText('135 weights').waitFor();
    const before = await Promise.all(found.map(pixels));
    await z0(page).fill('-3');
    for (const [i, strip] of found.entries()) await changed(strip, before[i], String(strips[i]));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a network that is no such chain says so', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=models' });
    await ready(page);
    const weights = Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
    const twoWays = model({
      nodes: [node('Gemm', ['z', 'w'], 'sum'), node('Tanh', ['sum'], 'a'), node('Add', ['sum', 'a'], 'on'), node('Reshape', ['on', 'shape'], 'image')],
      initializers: [tensor('w', [4, 4], weights), integers('shape', [-1, 1, 2, 2])],
    });
    await page.getByLabel('Choose an .onnx file').setInputFiles({ name: 'two.onnx', mimeType: '', buffer: Buffer.from(twoWays) });
    await page.getByText('Your own: two.onnx').first().waitFor();
    await openTab(page, 'Inside');
    await page.getByText('This network is no chain of dense layers').waitFor();
    assert.equal(await page.getByRole('img', { name: /^Layer/ }).count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('pictures of it', async () => {
    for (const { name, ...look } of LOOKS) {
      const { page, close } = await open({ ...look, hash: '#v1&t=inside' });
      await ready(page);
      await shoot(page, `inside-${name}`);
      await close();
    }
  });
});

/** Runs in the page: how far the picture of a model, an address or bytes, is from what its layers light up. */
async function worstOf(source) {
  const at = (name) => new URL(name, document.baseURI).href;
  const [{ Generator }, { layersOf, lit }, { sampleZ }] = await Promise.all(['forger.js', 'layers.js', 'philox.js'].map((name) => import(at(name))));
  const generator = await Generator.load(typeof source === 'string' ? source : Uint8Array.from(source).buffer);
  const z = sampleZ(7, 1, generator.latentSize);
  const picture = generator.generate(z);
  return lit(layersOf(generator.file), z).at(-1).reduce((most, value, i) => Math.max(most, Math.abs(value - picture[i])), 0);
}
