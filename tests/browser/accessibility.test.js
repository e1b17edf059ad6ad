// axe finds nothing to complain about: each state, phone and desktop, light and dark.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { describeOnSite, LOOKS, openTab, ready, shoot } from './browser.js';

/** Violations as lines that name the rule and the elements. */
async function violations(page) {
  // Through the debugger, where the page's own policy on scripts does not reach.
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describeOnSite('accessibility', (open) => {
  for (const { name, ...look } of LOOKS) {
    test(`each tab, ${name}`, async () => {
      const { page, complaints, close } = await open(look);
      await ready(page);
      await page.getByRole('button', { name: 'Pin this' }).click();
      await page.getByRole('button', { name: 'New digit' }).click();
      await page.getByRole('button', { name: 'Pin this' }).click();
      for (const tab of ['Two sweeps', 'Draw', 'A hundred', 'All numbers', 'Walk', 'Models', 'Proof']) {
        await openTab(page, tab);
        await page.getByRole('tabpanel', { name: tab }).waitFor();
        if (tab === 'Draw') await page.getByRole('button', { name: 'Show a 7' }).waitFor();
        if (tab === 'All numbers') await page.getByRole('slider', { name: 'Direction 8' }).waitFor();
        if (tab === 'Proof') await page.getByText('Every hyperparameter').click();
        assert.deepEqual(await violations(page), [], tab);
        await shoot(page, `tab-${tab.replaceAll(' ', '-').toLowerCase()}-${name}`);
      }
      assert.deepEqual(complaints, []);
      await close();
    });

    test(`forced colours, ${name}`, async () => {
      const { page, close } = await open({ ...look, forcedColors: 'active', hash: '#v1&t=numbers' });
      await ready(page);
      await page.getByRole('slider', { name: 'Direction 8' }).waitFor();
      assert.deepEqual(await violations(page), []);
      const [selected, other, track] = await page.evaluate(() => {
        const border = (tab) => getComputedStyle(tab).borderBottomWidth;
        const tabs = document.querySelectorAll('[role=tab]');
        const selected = document.querySelector('[role=tab][aria-selected=true]');
        return [border(selected), border(tabs[0]), getComputedStyle(document.querySelector('#z0'), '::-webkit-slider-runnable-track').backgroundColor];
      });
      assert.notEqual(selected, other, 'the chosen tab looks chosen, and it alone');
      assert.notEqual(track, 'rgba(0, 0, 0, 0)', 'a slider has a track');
      await shoot(page, `forced-${name}`);
      await close();
    });

    test(`a bad link, a bad file, and Korean, ${name}`, async () => {
      const { page, close } = await open({ ...look, locale: 'ko-KR', hash: '#v1&s=bad&t=models' });
      await page.getByRole('alert').getByText('링크가 손상되어').waitFor();
      await page.getByRole('tab', { name: '모델' }).click();
      await page.getByLabel('.onnx 파일 고르기').setInputFiles({ name: 'a.onnx', mimeType: '', buffer: Buffer.from('a text') });
      await page.getByRole('alert').getByText('This is not an ONNX model').waitFor();
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
