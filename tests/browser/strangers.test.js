// Models of strangers: hostile ones end in a sentence and leave the page able to draw, others run on the full runtime.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite } from './browser.js';
import { integers, model, node, tensor, tiny } from './onnx.js';

const relu = (z) => z.map((value) => Math.max(0, value));

/** A model that is small as a file and asks for much: a value of `numbers` zeros, and the picture is its sum with z. */
const bomb = (numbers) =>
  model({
    nodes: [
      node('ConstantOfShape', ['size'], 'zeros'),
      node('ReduceSum', ['zeros'], 'zero', { keepdims: 0 }),
      node('Add', ['z', 'zero'], 'sum'),
      node('Reshape', ['sum', 'shape'], 'image'),
    ],
    initializers: [integers('size', [numbers]), integers('shape', [-1, 1, 2, 2])],
  });

const HOSTILE = [
  ['noise', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 31 + i) & 255)), /not an ONNX model|cut short/],
  ['2 GB declared in 1 KB', tiny({ weight: tensor('w', [1 << 29, 1], [1, 2]) }), /536870912, 1\] is declared and 2 numbers/],
  ['more than there is of memory', tiny({ weight: tensor('w', [2n ** 62n, 2n ** 62n].map(Number), [1]) }), /is declared and 1 numbers|no sense/],
  ['a circle', model({ nodes: [node('Tanh', ['image'], 'a'), node('Tanh', ['a'], 'image')], initializers: [] }), /takes its own result/],
  ['a loose end', model({ nodes: [node('Tanh', ['nowhere'], 'image')], initializers: [] }), /nothing in the file computes it/],
  ['a huge picture', tiny({ reshape: [-1, 1, 2, 2], image: [3, 1 << 20, 1 << 20], activation: ['Frobnicate'] }), /Frobnicate/],
  ['NaN weights', tiny({ weight: tensor('w', [4, 4], new Array(16).fill(NaN)) }), /NaN or infinity/],
  ['an input of pictures', tiny({ latent: 3, input: 'x' }), /given 3|could not be run|takes 4/],
  ['an operator of nobody', tiny({ activation: ['Frobnicate'] }), /Frobnicate/],
  ['a gigabyte made while it is prepared', bomb(1 << 28), /too large|runtime stopped/],
  ['a terabyte made while it is prepared', bomb(2 ** 40), /./],
];

describeOnSite('models of strangers', (open) => {
  for (const [name, bytes, expected] of HOSTILE) {
    test(`hostile: ${name}`, async () => {
      const { page, complaints, close } = await open();
      const told = await page.evaluate(async (base64) => {
        const { Generator } = await import('./forger.js');
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const before = await Generator.load('gen.onnx');
        const failure = await Generator.load(bytes).then(
          () => 'it was taken',
          (error) => `${error.name} ${error.message}; ${error.hint.length > 10}`,
        );
        const after = await Generator.load('gen.onnx');
        return { failure, before: before.generate(new Float32Array(100)).length, after: after.generate(new Float32Array(100)).length };
      }, bytes.toString('base64'));
      assert.match(told.failure, /^ForgerError .*; true$/s);
      assert.match(told.failure, expected);
      assert.deepEqual([told.before, told.after], [784, 784], 'a generator before and one after it draw');
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('a model with other operators runs on the full runtime, which is fetched only then', async () => {
    const { page, close } = await open();
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').pop()));
    const draw = (bytes) =>
      page.evaluate(async (base64) => {
        const { Generator } = await import('./forger.js');
        const g = await Generator.load(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        return [...g.generate(new Float32Array([1, -1, 0.5, -0.5, 0, 2, -2, 0.25]))];
      }, bytes.toString('base64'));
    await draw(tiny());
    assert.ok(!asked.includes('full_bg.wasm'), asked.join());
    assert.deepEqual(await draw(tiny({ activation: ['Relu'] })), relu([1, -1, 0.5, -0.5, 0, 2, -2, 0.25]));
    assert.ok(asked.includes('full_bg.wasm'), asked.join());
    await close();
  });

  for (const [name, bytes, shape] of [
    ['another name of its input', tiny({ input: 'onnx::Gemm_0' }), [1, 2, 2]],
    ['a shape that is declared wrongly', tiny({ image: [1, 28, 28] }), [1, 2, 2]],
    ['colour last', tiny({ reshape: [-1, 2, 2, 1], image: [2, 2, 1] }), [1, 2, 2]],
  ]) {
    test(`a model with ${name} is drawn, and what was taken for what is told`, async () => {
      const { page, complaints, close } = await open();
      const told = await page.evaluate(async (base64) => {
        const { Generator } = await import('./forger.js');
        const g = await Generator.load(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        return { shape: [...g.imageShape], drawn: [...g.generate(new Float32Array([0, 1, -1, 0.5]))], taken: Object.fromEntries(g.taken) };
      }, bytes.toString('base64'));
      assert.deepEqual(told.shape, shape);
      told.drawn.forEach((pixel, index) => assert.ok(Math.abs(pixel - Math.tanh([0, 1, -1, 0.5][index])) < 1e-6, `${pixel}`));
      assert.equal(told.taken.range, '-1..1');
      assert.match(told.taken.latent, /: 4 numbers$/);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('black at 0 and white at 1 are put onto -1 and 1, and said otherwise they are not', async () => {
    const { page, close } = await open();
    const drawn = await page.evaluate(async (base64) => {
      const { Generator } = await import('./forger.js');
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const z = new Float32Array(4);
      const draw = async (options) => (await Generator.load(bytes, options)).generate(z)[0];
      return [await draw({}), await draw({ range: '-1..1' })];
    }, tiny({ activation: ['Sigmoid'] }).toString('base64'));
    assert.deepEqual(drawn, [0, 0.5]);
    await close();
  });

  test('a thousand loads take no more memory than a hundred', async (t) => {
    const { page, close } = await open();
    const { early, late } = await page.evaluate(async () => {
      const { Generator, runtimeInfo } = await import('./forger.js');
      const bytes = new Uint8Array(await (await fetch('gen.onnx')).arrayBuffer());
      const z = new Float32Array(100 * 100).fill(0.5);
      const load = async () => {
        const g = await Generator.load(bytes);
        g.generate(z);
        g.free();
        await Generator.load(bytes.subarray(0, 100_000)).catch(() => {});
      };
      const memory = async () => (await runtimeInfo()).memoryBytes;
      for (let i = 0; i < 100; i++) await load();
      const early = await memory();
      for (let i = 100; i < 1000; i++) await load();
      return { early, late: await memory() };
    });
    t.diagnostic(`after 100 loads ${early / 1e6} MB, after 1,000 ${late / 1e6} MB`);
    assert.equal(late, early);
    assert.ok(late < 32e6, `${late} bytes`);
    await close();
  });
});
