// `forger.js` in a real browser: the model gives there what was trained, and is given in each of the ways that pages do.
//
//   FORGER_REFERENCE  a JSON file {"z": [[…], …], "image": [[…], …]} made by another engine from the same model; it may
//                     tell the largest difference that float32 explains for these pictures as "float32_error"

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { describeOnSite, ready } from './browser.js';

/**
 * The largest difference of any pixel, in [-1, 1]; a grey step of eight bits is 2/255, 784 times as large. It is no bound of
 * float32 itself: plain SIMD rounds each product before it is added, fused arithmetic does not, and where a trained model
 * adds up terms of 230 to almost nothing the two come 1.07e-5 apart (1 pixel of 400,000). Hence `float32_error`.
 */
const LARGEST_DIFFERENCE = 1e-5;

const base64 = (numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');

/** The largest difference between what the page's generator draws and what is expected. */
async function difference(page, { z, image }) {
  return page.evaluate(
    async ([z, image]) => {
      const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
      const { Generator } = await import('./forger.js');
      const generator = await Generator.load('gen.onnx');
      const expected = floats(image);
      const found = generator.generate(floats(z));
      if (found.length !== expected.length) return Infinity;
      // Not a plain maximum: NaN must not slip through a comparison.
      return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    },
    [base64(z.flat()), base64(image.flat())],
  );
}

describeOnSite('the generator in the browser', (open) => {
  test('draws what the trainer drew', async (t) => {
    const { page, close } = await open();
    const parity = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      return (await Generator.load('gen.onnx')).metadata['forger.parity'];
    });
    const vectors = JSON.parse(parity);
    const found = await difference(page, vectors);
    t.diagnostic(`${vectors.z.length} pictures of the model's own parity vectors: largest difference ${found}`);
    assert.ok(found <= LARGEST_DIFFERENCE, `largest difference ${found}`);
    await close();
  });

  test('draws what another engine drew', { skip: !process.env.FORGER_REFERENCE && 'no FORGER_REFERENCE' }, async (t) => {
    const reference = JSON.parse(await readFile(process.env.FORGER_REFERENCE, 'utf8'));
    const { page, close } = await open();
    const allowed = Math.max(LARGEST_DIFFERENCE, reference.float32_error ?? 0);
    const found = await difference(page, reference);
    t.diagnostic(`${reference.z.flat().length / 100} pictures of the reference: largest difference ${found}, allowed ${allowed}`);
    assert.ok(found <= allowed, `largest difference ${found}`);
    await close();
  });

  test('loads an address, a URL, bytes and a file, and tells its shape', async () => {
    const { page, complaints, close } = await open();
    const results = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const bytes = await (await fetch('gen.onnx')).arrayBuffer();
      const sources = ['gen.onnx', new URL('gen.onnx', location.href), bytes, new File([bytes], 'gen.onnx')];
      const told = [];
      const progress = [];
      for (const source of sources) {
        const g = await Generator.load(source, { onProgress: ({ loaded }) => progress.push(loaded) });
        const pixels = g.generate(new Float32Array(2 * g.latentSize));
        told.push([g.latentSize, [...g.imageShape], pixels.constructor.name, pixels.length, typeof g.metadata['forger.recipe']]);
        g.free();
      }
      return { told, last: progress.at(-1), size: bytes.byteLength };
    });
    for (const told of results.told) assert.deepEqual(told, [100, [1, 28, 28], 'Float32Array', 1568, 'string']);
    assert.equal(results.last, results.size);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('numbers that are no latent vectors are an error with a sentence, and the next call works', async () => {
    const { page, close } = await open();
    const told = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      const message = (z) => {
        try {
          return g.generate(z).length;
        } catch (error) {
          return `${error instanceof Error} ${error.message}`;
        }
      };
      return [new Float32Array(99), new Float32Array(100).fill(NaN), new Float32Array(0), new Float32Array(100)].map(message);
    });
    assert.deepEqual(told, [
      'true 99 numbers are not whole latent vectors: this model takes 100 for each picture',
      'true z[0] of picture 0 is not a finite number',
      0,
      784,
    ]);
    await close();
  });

  test('tells how long pictures take', async (t) => {
    const { page, close } = await open();
    await ready(page);
    const { single, hundred } = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      const median = (count, rounds, each) => {
        const z = new Float32Array(count * g.latentSize).fill(0.5);
        g.generate(z);
        const times = Array.from({ length: rounds }, () => {
          const start = performance.now();
          for (let i = 0; i < each; i++) g.generate(z);
          return (performance.now() - start) / each;
        });
        return times.sort((a, b) => a - b)[rounds >> 1];
      };
      return { single: median(1, 21, 200), hundred: median(100, 21, 10) };
    });
    t.diagnostic(`one picture ${(single * 1000).toFixed(1)} µs, a hundred ${hundred.toFixed(2)} ms (medians)`);
    // Not a benchmark: a hundred times slower than expected means that the plain, not the SIMD, kernels run.
    assert.ok(single < 3, `${single} ms`);
    await close();
  });
});
