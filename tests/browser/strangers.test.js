// Models of strangers: hostile ones end in a sentence and leave the page able to draw, others run on the full runtime.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, openTab, ready } from './browser.js';
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
    // Nothing is below zero, so black is 0 and white 1, and pictures go from -1 to 1 as all do.
    const signed = relu([1, -1, 0.5, -0.5, 0, 2, -2, 0.25]).map((pixel) => 2 * pixel - 1);
    assert.deepEqual(await draw(tiny({ activation: ['Relu'] })), signed);
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

/** The site's model, and after it metadata of whoever made the file: a later value of a key takes the place of an earlier one. */
function modelThatSays(metadata) {
  const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
  const pairs = Object.entries(metadata).map(([key, value]) => field(14, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])));
  return Buffer.concat([tiny(), ...pairs]);
}

const dropped = async (open, { name = 'a.onnx', metadata = {}, ...options }) => {
  const opened = await open({ ...options, hash: '#v1&t=models' });
  await ready(opened.page);
  await opened.page.getByLabel('Choose an .onnx file').setInputFiles({ name, mimeType: '', buffer: modelThatSays(metadata) });
  await opened.page.getByRole('radio', { name: /^Your own: / }).waitFor();
  return opened;
};
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

describeOnSite('what models of strangers say of themselves', (open) => {
  test('metrics under the page’s own names are neither texts of the page nor the end of it', async () => {
    const metrics = { cardFoo: 1, costX: 2, costRuntime: 5, cardName: 7, __proto__x: 8, constructor: 9, fid: 3 };
    const { page, complaints, close } = await dropped(open, { metadata: { 'forger.metrics': JSON.stringify(metrics) } });
    await openTab(page, 'Proof');
    const terms = await page.locator('#card dt').allTextContents();
    for (const name of ['cardFoo', 'costX', 'costRuntime', 'cardName', 'constructor']) assert.ok(terms.includes(name), `${name} in ${terms}`);
    assert.equal(terms.filter((term) => term === 'Recipe').length, 1, 'the page’s own label stands once');
    assert.ok(terms.includes('FID: distance from real pictures'));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a megabyte of text and twenty thousand numbers are cut', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`m${i}`, i]));
    const metadata = { 'forger.recipe': 'x '.repeat(5e5), 'forger.recipe_toml': 'lr = 1\n'.repeat(1e5), 'forger.metrics': JSON.stringify(many) };
    const { page, complaints, close } = await dropped(open, { metadata });
    await openTab(page, 'Proof');
    await page.getByText('More numbers, not shown').waitFor();
    assert.ok((await page.locator('#card > div').count()) < 60);
    await page.getByText('Every hyperparameter').click();
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) < 6000);
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, file] of [
    ['250 letters without a break', `${'a'.repeat(250)}.onnx`],
    ['what turns the direction of reading', 'safe\u202eexe.xnno.onnx'],
    ['letters read from right to left', 'שלום עולם.onnx'],
  ]) {
    test(`a file’s name cannot harm the page: ${name}`, async () => {
      for (const width of [390, 1000]) {
        const { page, complaints, close } = await dropped(open, { name: file, viewport: { width, height: 844 } });
        await page.getByRole('status').getByText('4 numbers in, 1 × 2 × 2 out.').waitFor();
        assert.ok((await overflow(page)) <= 0, `${await overflow(page)} px too wide`);
        const said = await page.locator('#model-said').textContent();
        assert.doesNotMatch(said, /\u202e/);
        // The sentence after the name reads from left to right: its end stands at the right of its beginning.
        const [first, last] = await page.locator('#model-said').evaluate((element) => {
          const text = element.lastChild;
          const at = (index) => {
            const range = document.createRange();
            range.setStart(text, index);
            range.setEnd(text, index + 1);
            return range.getBoundingClientRect();
          };
          const start = text.data.indexOf('numbers in');
          return [at(start).left, at(start + 9).left];
        });
        assert.ok(first < last, `${first} before ${last}`);
        assert.ok(said.length < 160, said);
        assert.deepEqual(complaints, []);
        await close();
      }
    });
  }

  test('Proof tells of the model on show, not of the first', async () => {
    const { page, close } = await dropped(open, {});
    await openTab(page, 'Proof');
    const facts = page.locator('#costs');
    await facts.getByText('0.00 MB').waitFor();
    assert.equal(await facts.getByText('First picture after').count(), 0, 'how long another took is no fact about this one');
    await openTab(page, 'Models');
    await page.getByRole('radio').first().check();
    await openTab(page, 'Proof');
    await facts.getByText('First picture after').waitFor();
    await page.getByText(/^Identical to the trainer /).waitFor();
    const greys = await page.locator('#pairs canvas').evaluateAll((all) =>
      all.map((canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0)),
    );
    assert.equal(greys.length, 3);
    assert.ok(greys[0].every((grey, i) => Math.abs(grey - greys[1][i]) <= 1), 'the trainer’s and ours');
    assert.ok(Math.max(...greys[0]) > 200 && Math.max(...greys[2]) < 60, 'pictures, and next to no difference');
    await close();
  });

  test('a model that needs the full runtime says so where that cannot be fetched', async () => {
    const { page, close } = await open({ hash: '#v1&t=models', prepare: (page) => page.route('**/full*', (route) => route.abort()) });
    await ready(page);
    await page.getByLabel('Choose an .onnx file').setInputFiles({ name: 'relu.onnx', mimeType: '', buffer: tiny({ activation: ['Relu'] }) });
    await page.getByRole('alert').getByText('needs the runtime with all operators').waitFor();
    await page.getByRole('alert').getByText('connect to the network once').waitFor();
    await close();
  });
});
