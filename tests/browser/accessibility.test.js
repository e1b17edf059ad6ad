// axe finds nothing to complain about: each state, phone and desktop, light and dark.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { describeOnSite, LOOKS, ready } from './browser.js';

/** Violations as lines that name the rule and the elements. */
async function violations(page) {
  // Through the debugger, where the page's own policy on scripts does not reach.
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describeOnSite('accessibility', (open) => {
  for (const { name, ...look } of LOOKS) {
    test(`ready, ${name}`, async () => {
      const { page, close } = await open(look);
      await ready(page);
      await page.getByText('The other numbers, by hand').click();
      await page.getByRole('slider', { name: 'z[99]' }).waitFor();
      assert.deepEqual(await violations(page), []);
      await close();
    });

    test(`failed, ${name}`, async () => {
      const prepare = (page) => page.route('**/gen.onnx', (route) => route.fulfill({ body: 'a text' }));
      const { page, close } = await open({ ...look, prepare });
      await page.getByRole('button', { name: 'Try again' }).waitFor();
      assert.deepEqual(await violations(page), []);
      await close();
    });
  }
});
