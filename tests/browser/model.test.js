// What the page says of models that are in order as files, and are not what they say they are.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOnSite, openTab, ready, SITE } from './browser.js';

/** Opens the page with its model's bytes changed: each text by another of the same length, so that the file stays whole. */
const openWith = (open, ...changes) =>
  open({
    prepare: (page) =>
      page.route('**/gen.onnx', (route) => {
        const bytes = readFileSync(join(SITE, 'gen.onnx'));
        for (const [from, to] of changes) {
          const at = bytes.indexOf(from);
          assert.ok(at >= 0 && from.length === to.length, `${from} is in the model, and as long as ${to}`);
          bytes.write(to, at);
        }
        return route.fulfill({ body: bytes });
      }),
  });

describeOnSite('a model that is another', (open) => {
  test('gives other pictures than the trainer’s: the page says so', async () => {
    const { page, complaints, close } = await openWith(open, ['"image":[[-', '"image":[[ ']);
    await ready(page);
    await openTab(page, 'Proof');
    await page.getByText(/^Not the trainer’s pictures: \d+ pictures that it left in the model, drawn again here, differ by up to \d/).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, change] of [
    ['carries no pictures of its trainer', ['forger.parity', 'forger.purity']],
    ['carries something else in their place', ['{"z":[[', '{"y":[[']],
  ]) {
    test(`${name}: it cannot be checked, and works`, async () => {
      const { page, complaints, close } = await openWith(open, change);
      await ready(page);
      await openTab(page, 'Proof');
      await page.getByText('it cannot be checked here').waitFor();
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('has markup in its metadata: it is shown as text', async () => {
    const { page, complaints, close } = await openWith(open, ['normal(0,1)', '<b>bold</b>']);
    await ready(page);
    await openTab(page, 'Proof');
    await page.getByRole('tabpanel', { name: 'Proof' }).getByText('<b>bold</b>').waitFor();
    assert.equal(await page.locator('b').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });
});
