// How fast `forger.js` draws: not a benchmark, but far slower would be another kind of kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, ready } from './browser.js';

describeOnSite('forger.js, by the clock', (open) => {
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
    assert.ok(single < 3, `${single} ms`);
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
