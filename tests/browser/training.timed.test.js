// While the tab Train trains, its sheets come and the page's own thread has little to do: what trains is a worker's. How soon
// the first sheet comes is told and not tested, since that is the machine's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, openTab, ready } from './browser.js';

const SHEETS = 4;
/** The share of the time that the page's own scripts may take. Training would take all of it. */
const SHARE = 0.5;

describeOnSite('the tab Train, timed', (open) => {
  test('shows sheet after sheet while the page’s own thread has time left', async (t) => {
    const { page, complaints, close } = await open({ fresh: true });
    await ready(page);
    await openTab(page, 'Train');
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable');
    const scripts = async () => (await client.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ScriptDuration').value;
    const before = await scripts();
    const { sheets, long } = await page.evaluate(async (wanted) => {
      const canvas = document.querySelector('#panel-train .training-sheet canvas');
      const [sheets, long] = [[], []];
      const began = performance.now();
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) if (startTime >= began) long.push(duration);
      }).observe({ type: 'longtask' });
      const come = new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`${sheets.length} sheets in a minute`)), 60_000);
        const seen = () => {
          if (canvas.getAttribute('aria-label').startsWith('100 pictures') && sheets.push(performance.now() - began) === wanted) resolve();
        };
        new MutationObserver(seen).observe(canvas, { attributeFilter: ['aria-label'] });
      });
      [...document.querySelectorAll('#panel-train button')].find((button) => button.textContent === 'Train').click();
      await come;
      return { sheets, long };
    }, SHEETS);
    const share = (1000 * ((await scripts()) - before)) / sheets.at(-1);
    const between = sheets.slice(1).map((at, i) => Math.round(at - sheets[i]));
    t.diagnostic(`first sheet after ${Math.round(sheets[0])} ms, then each ${between.join(', ')} ms; ${(100 * share).toFixed(1)} % of the page's thread; long tasks: ${long.map(Math.round).join() || 'none'}`);
    assert.ok(share <= SHARE, `${share}`);
    assert.deepEqual(complaints, []);
    await close();
  });
});
