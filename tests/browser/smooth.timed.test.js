// The page does not jump, does not stall, and keeps its own strict rules.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, digit, openTab, ready, z0 } from './browser.js';

/** Longest task while a slider is dragged, in ms; a frame of 60 Hz is 17. */
const LONGEST_TASK = 50;
/** Other programs on the machine make long tasks too, now and then: of several drags the one in the middle counts. */
const DRAGS = 3;
/** What counts as good, by the Web Vitals. */
const LARGEST_SHIFT = 0.05;

/** Runs in the page, before it: gathers shifts and long tasks. */
function watch() {
  globalThis.seen = { shift: 0, tasks: [] };
  const observe = (type, add) => new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type, buffered: true });
  observe('layout-shift', ({ value, hadRecentInput }) => (globalThis.seen.shift += hadRecentInput ? 0 : value));
  observe('longtask', ({ duration }) => globalThis.seen.tasks.push(duration));
}

/** Drags z[0] to and fro; gives the longest task in ms, 0 if none was long. */
async function longestTaskOfDrag(page) {
  const box = await z0(page).boundingBox();
  await page.evaluate(() => (globalThis.seen.tasks = []));
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  for (let step = 0; step < 60; step++) {
    await page.mouse.move(box.x + box.width * (0.5 + 0.45 * Math.sin(step / 5)), box.y + box.height / 2);
  }
  await page.mouse.up();
  await page.waitForTimeout(100);
  return Math.max(0, ...(await page.evaluate(() => globalThis.seen.tasks)));
}

const SIZES = [{ width: 390, height: 844 }, { width: 1280, height: 800 }];

describeOnSite('the page in motion', (open) => {
  for (const viewport of SIZES) {
    test(`does not shift while it loads, ${viewport.width} wide`, async (t) => {
      const { page, close } = await open({ viewport, prepare: (page) => page.addInitScript(watch) });
      await ready(page);
      await page.waitForTimeout(500);
      const { shift } = await page.evaluate(() => globalThis.seen);
      t.diagnostic(`layout shift ${shift.toFixed(4)}`);
      assert.ok(shift <= LARGEST_SHIFT, `${shift}`);
      await close();
    });

    test(`has no long task while z[0] is dragged, in each tab, ${viewport.width} wide`, async (t) => {
      const { page, close } = await open({ viewport, prepare: (page) => page.addInitScript(watch) });
      await ready(page);
      for (const tab of ['Two sweeps', 'All numbers', 'Walk']) {
        await openTab(page, tab);
        await page.waitForTimeout(700);
        const longest = [];
        for (let drag = 0; drag < DRAGS; drag++) longest.push(await longestTaskOfDrag(page));
        t.diagnostic(`${tab}: longest tasks ${longest.join(', ')} ms`);
        const middle = longest.toSorted((a, b) => a - b)[Math.floor(DRAGS / 2)];
        assert.ok(middle <= LONGEST_TASK, `${tab}: ${longest}`);
      }
      await close();
    });
  }

  test('its policy forbids inline scripts, inline styles and other origins', async () => {
    const { page, close } = await open();
    await ready(page);
    const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|\*|https?:/);
    const outcome = await page.evaluate(async () => {
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.injected = true' }));
      document.body.insertAdjacentHTML('beforeend', '<p id="styled" style="position: fixed"></p>');
      const away = await fetch('http://localhost:9/').then(() => 'reached', () => 'refused');
      return [globalThis.injected === undefined, getComputedStyle(document.querySelector('#styled')).position, away];
    });
    assert.deepEqual(outcome, [true, 'static', 'refused']);
    await close();
  });

  test('English and Korean: the browser’s at first, then the visitor’s choice, kept', async () => {
    const { page, complaints, close } = await open({ locale: 'ko-KR' });
    await page.getByRole('status').getByText('준비됐습니다').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
    await page.getByRole('slider', { name: 'z[0]', exact: true }).waitFor();
    await page.getByRole('img', { name: '시드 1에서 만든 숫자' }).waitFor();
    const english = page.locator('main, header, footer').getByText(/[a-z]{5,} [a-z]{5,} [a-z]{3,}/);
    for (const tab of await page.getByRole('tab').all()) {
      await openTab(page, tab);
      assert.equal(await english.and(page.locator(':visible')).count(), 0, `${await tab.textContent()}: no English sentence is left`);
    }
    await page.getByRole('button', { name: 'English' }).click();
    await ready(page);
    await page.reload();
    await ready(page);
    assert.equal(await page.title(), 'Forger: digits that nobody wrote');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('what is printed is the picture and the open tab, without controls that paper has no use for', async () => {
    const { page, close } = await open({ colorScheme: 'dark' });
    await ready(page);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.ok(await digit(page).isVisible());
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), 'rgb(29, 27, 24)', 'ink, whatever the screen was');
    for (const name of ['Copy link', 'Play the sweep', 'New digit']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
    await close();
  });
});
