// The page does not jump, and keeps its own strict rules. That it does not stall: `light.test.js`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, digit, openTab, ready } from './browser.js';

/** What counts as good, by the Web Vitals. */
const LARGEST_SHIFT = 0.05;

/** Runs in the page, before it: gathers shifts. */
function watch() {
  globalThis.shift = 0;
  const add = ({ value, hadRecentInput }) => (globalThis.shift += hadRecentInput ? 0 : value);
  new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type: 'layout-shift', buffered: true });
}

const SIZES = [{ width: 390, height: 844 }, { width: 1280, height: 800 }];

describeOnSite('the page in motion', (open) => {
  for (const viewport of SIZES) {
    test(`does not shift while it loads, ${viewport.width} wide`, async (t) => {
      const { page, close } = await open({ fresh: true, viewport, prepare: (page) => page.addInitScript(watch) });
      await ready(page);
      await page.waitForTimeout(500);
      const shift = await page.evaluate(() => globalThis.shift);
      t.diagnostic(`layout shift ${shift.toFixed(4)}`);
      assert.ok(shift <= LARGEST_SHIFT, `${shift}`);
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
