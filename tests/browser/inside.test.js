// The inside of a network, as the page draws it: what is read from a file is what the runtime runs, and it lights up while one drags.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busiest, layersOf, lit, sent } from '../../web/layers.js';
import { readGraph } from '../../web/onnx.js';
import { changed, describeOnSite, LOOKS, openTab, pixels, ready, shoot, SITE, z0 } from './browser.js';
import { generatorFile, model, node, tensor, tiny, integers } from './onnx.js';

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
  const whole = [0, 1, 2].map((cell) => sent(layer, cell, values[cell])).reduce((sum, picture) => sum.map((value, i) => value + picture[i]), [...layer.bias]);
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
