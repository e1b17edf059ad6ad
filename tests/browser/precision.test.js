// Models whose weights are stored small: the page's runtime draws with them what the exporter says they draw.
//
//   FORGER_ROUNDED  a folder with f16.onnx and int8.onnx, one model by both precisions

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOnSite } from './browser.js';

const { FORGER_ROUNDED, FORGER_REQUIRE_ALL } = process.env;
const skip = !FORGER_ROUNDED && FORGER_REQUIRE_ALL !== '1' && 'no FORGER_ROUNDED';

describeOnSite('rounded weights', (open) => {
  for (const precision of ['f16', 'int8']) {
    test(`${precision} draws its proof pictures, on the small runtime`, { skip }, async (t) => {
      assert.ok(FORGER_ROUNDED, 'FORGER_ROUNDED names the folder of the rounded models');
      const bytes = await readFile(join(FORGER_ROUNDED, `${precision}.onnx`));
      const { page, close } = await open();
      const asked = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').pop()));
      const { told, largest, count } = await page.evaluate(async (base64) => {
        const { Generator } = await import('./forger.js');
        const g = await Generator.load(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        const { z, image } = JSON.parse(g.metadata['forger.parity']);
        const found = g.generate(Float32Array.from(z.flat()));
        const expected = image.flat();
        if (found.length !== expected.length) return { largest: Infinity };
        const largest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
        return { told: JSON.parse(g.metadata['forger.precision']).weights, largest, count: z.length };
      }, bytes.toString('base64'));
      t.diagnostic(`${bytes.length} bytes, ${count} pictures: largest difference ${largest}`);
      assert.equal(told, precision);
      assert.ok(largest <= 1e-5, `largest difference ${largest}`);
      assert.ok(!asked.includes('full_bg.wasm'), asked.join());
      await close();
    });
  }
});
