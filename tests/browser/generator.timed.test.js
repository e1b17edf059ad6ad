// How fast `forger.js` draws, beside something else in the same run. How fast it is tells `cargo xtask bench web`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, ready } from './browser.js';

describeOnSite('forger.js, by the clock', (open) => {
  test('a hundred pictures at once take no longer than a hundred one by one', async (t) => {
    const { page, close } = await open();
    await ready(page);
    const ratio = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      const all = new Float32Array(100 * g.latentSize).fill(0.5);
      const one = all.subarray(0, g.latentSize);
      const time = (run) => {
        const start = performance.now();
        run();
        return performance.now() - start;
      };
      const single = () => {
        for (let i = 0; i < 100; i++) g.generate(one);
      };
      // In turn, so that whatever else the machine does slows both down.
      const ratios = Array.from({ length: 41 }, () => time(single) / time(() => g.generate(all))).sort((a, b) => a - b);
      return ratios[20];
    });
    t.diagnostic(`${ratio.toFixed(2)} times as long one by one`);
    assert.ok(ratio > 1, `${ratio}`);
    await close();
  });

  test('the products run on SIMD: several times as fast as the same sums one by one', async (t) => {
    const { page, close } = await open();
    await ready(page);
    const ratio = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      // As many products as the default network has, in JavaScript that its compiler makes good scalar code of.
      const layers = [[100, 128], [128, 128], [128, 784]].map(([inputs, outputs]) => {
        const weights = Float32Array.from({ length: inputs * outputs }, (_, i) => Math.sin(i));
        return { inputs, outputs, weights };
      });
      const scalar = (x) => {
        for (const { inputs, outputs, weights } of layers) {
          const y = new Float32Array(outputs);
          for (let o = 0, at = 0; o < outputs; o++) {
            let sum = 0;
            for (let i = 0; i < inputs; i++) sum += x[i] * weights[at++];
            y[o] = sum * 0.1;
          }
          x = y;
        }
        return x;
      };
      const z = new Float32Array(100).fill(0.5);
      const time = (run) => {
        const start = performance.now();
        for (let i = 0; i < 100; i++) run(z);
        return performance.now() - start;
      };
      const ratios = Array.from({ length: 25 }, () => time(scalar) / time((z) => g.generate(z))).sort((a, b) => a - b);
      return ratios[12];
    });
    t.diagnostic(`${ratio.toFixed(1)} times`);
    assert.ok(ratio > 2.5, `${ratio}`);
    await close();
  });
});
