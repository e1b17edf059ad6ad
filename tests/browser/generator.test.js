// `forger.js` in a real browser: the model gives there what was trained, and is given in each of the ways that pages do.
//
//   FORGER_REFERENCE  a JSON file {"z": [[…], …], "image": [[…], …]} made by another engine from the same model; it may
//                     tell the largest difference that float32 explains for these pictures as "float32_error"

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { describeOnSite, ready } from './browser.js';

/** The largest difference of any pixel, in [-1, 1]; a grey step of eight bits is 2/255, 784 times as large. */
const LARGEST_DIFFERENCE = 1e-5;
/**
 * That of plain SIMD, in browsers without the relaxed kind: it rounds each product before it is added, fused arithmetic does not,
 * and where a trained model adds up terms of 230 to almost nothing the two come 1.07e-5 apart (1 pixel of 400,000). Hence
 * `float32_error`, the bound of float32 itself.
 */
const LARGEST_DIFFERENCE_UNFUSED = 2e-5;

/** Makes the browser one that has no relaxed SIMD: its probe alone holds `i8x16.relaxed_swizzle`. */
const withoutRelaxedSimd = (page) =>
  page.addInitScript(() => {
    const { validate } = WebAssembly;
    WebAssembly.validate = (bytes) => !new Uint8Array(bytes).join().includes('253,128,2') && validate.call(WebAssembly, bytes);
  });

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

  for (const [name, prepare, allowed, relaxedSimd] of [
    ['with relaxed SIMD', undefined, () => LARGEST_DIFFERENCE, true],
    ['without it', withoutRelaxedSimd, (error) => Math.max(LARGEST_DIFFERENCE_UNFUSED, error ?? 0), false],
  ]) {
    const skip = !process.env.FORGER_REFERENCE && 'no FORGER_REFERENCE';
    test(`draws what another engine drew, in a browser ${name}`, { skip }, async (t) => {
      const reference = JSON.parse(await readFile(process.env.FORGER_REFERENCE, 'utf8'));
      const { page, close } = await open({ prepare });
      const bound = allowed(reference.float32_error);
      const found = await difference(page, reference);
      t.diagnostic(`${reference.z.flat().length / 100} pictures of the reference: largest difference ${found}, allowed ${bound}`);
      assert.ok(found <= bound, `largest difference ${found}`);
      const told = await page.evaluate(async () => (await import('./forger.js')).runtimeInfo());
      assert.deepEqual([told.simd, told.relaxedSimd], [true, relaxedSimd], 'and says what it runs on');
      await close();
    });
  }

  test('a picture is the same alone and in a batch, to the last bit', async () => {
    const { page, close } = await open();
    const same = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      const z = Float32Array.from({ length: 107 * g.latentSize }, (_, i) => 2 * Math.sin(i * i));
      const all = g.generate(z);
      const pixels = all.length / 107;
      return Array.from({ length: 107 }, (_, i) => {
        const alone = g.generate(z.slice(i * g.latentSize, (i + 1) * g.latentSize));
        return alone.every((value, at) => value === all[i * pixels + at]);
      });
    });
    assert.ok(same.every(Boolean), `${same.indexOf(false)}`);
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

  test('what would keep the page goes to a worker, and the newest request wins', async () => {
    const { page, complaints, close } = await open();
    const told = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      const [light, heavy] = [1, Math.ceil(40 / g.msPerPicture)];
      const z = (count, value) => new Float32Array(count * g.latentSize).fill(value);
      const quick = await g.generateAsync(z(light, 0.5));
      const requests = [1, 2, 3, 4, 5].map((value) => g.generateAsync(z(heavy, value / 10)));
      const answers = await Promise.all(requests);
      const last = g.generate(z(heavy, 0.5));
      const failure = await g.generateAsync(z(heavy, NaN)).catch((error) => `${error.name} ${error.message}`);
      const next = await g.generateAsync(z(light, 0.25));
      const waits = g.generateAsync(z(heavy, 0.1));
      g.free();
      return {
        quick: quick.length,
        drawn: answers.map((pixels) => pixels?.length === last.length),
        same: answers.at(-1).every((value, i) => value === last[i]),
        failure,
        next: next.length,
        afterFree: await waits,
      };
    });
    assert.deepEqual(told, {
      quick: 784,
      drawn: [true, false, false, false, true],
      same: true,
      failure: 'ForgerError z[0] of picture 0 is not a finite number',
      next: 784,
      afterFree: undefined,
    });
    assert.deepEqual(complaints, []);
    await close();
  });
});
