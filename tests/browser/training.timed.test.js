// How soon the tab Train shows its first sheet, how often it draws another, and that the page stays smooth meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, openTab, ready } from './browser.js';

/** From the click to the first sheet, the pictures' download from this machine included; and between two sheets. */
const [FIRST_MS, BETWEEN_MS] = [1000, 500];
const WATCHED_MS = 4000;

describeOnSite('the tab Train, timed', (open) => {
  test(`shows a sheet within ${FIRST_MS} ms, then each ${BETWEEN_MS} ms another, without a long task`, async (t) => {
    const { page, complaints, close } = await open({ fresh: true });
    await ready(page);
    await openTab(page, 'Train');
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
    const seen = await page.evaluate(async (watched) => {
      const canvas = document.querySelector('#panel-train canvas');
      const [sheets, long] = [[], []];
      const seen = () => canvas.getAttribute('aria-label').startsWith('100 pictures') && sheets.push(performance.now());
      new MutationObserver(seen).observe(canvas, { attributeFilter: ['aria-label'] });
      const began = performance.now();
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) if (startTime >= began) long.push(duration);
      }).observe({ type: 'longtask' });
      [...document.querySelectorAll('#panel-train button')].find((button) => button.textContent === 'Train').click();
      await new Promise((resolve) => setTimeout(resolve, watched));
      return { sheets: sheets.map((at) => at - began), long };
    }, WATCHED_MS);
    const between = seen.sheets.slice(1).map((at, i) => at - seen.sheets[i]);
    const middle = between.toSorted((a, b) => a - b)[Math.floor(between.length / 2)];
    t.diagnostic(`first sheet after ${Math.round(seen.sheets[0])} ms, then each ${Math.round(middle)} ms; long tasks: ${seen.long.map(Math.round).join() || 'none'}`);
    assert.ok(seen.sheets[0] <= FIRST_MS, `${seen.sheets[0]}`);
    assert.ok(middle <= BETWEEN_MS, `${middle}`);
    assert.deepEqual(seen.long, []);
    assert.deepEqual(complaints, []);
    await close();
  });
});
