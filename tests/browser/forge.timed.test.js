// The page stays light while the forger looks for the copy of a drawing: the search is a worker's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite } from './browser.js';
import { copied, draw, EIGHT, opened } from './drawing.js';

const LONGEST_TASK = 50;

describeOnSite('drawing, by the clock', (open) => {
  test('no task is long while it looks for the copy', async (t) => {
    const { page, close } = await opened(open);
    await page.evaluate(() => {
      globalThis.tasks = [];
      new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => globalThis.tasks.push(duration))).observe({ type: 'longtask' });
    });
    const longest = [];
    // Other programs on the machine make long tasks too: of three the one in the middle counts.
    for (let time = 0; time < 3; time++) {
      await page.evaluate(() => (globalThis.tasks = []));
      await draw(page, EIGHT);
      await copied(page).waitFor();
      longest.push(Math.max(0, ...(await page.evaluate(() => globalThis.tasks))));
      await page.getByRole('button', { name: 'Clear' }).click();
    }
    t.diagnostic(`longest tasks ${longest.join(', ')} ms`);
    assert.ok(longest.toSorted((a, b) => a - b)[1] <= LONGEST_TASK, `${longest}`);
    await close();
  });
});
