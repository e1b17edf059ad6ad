// The way through the page in Firefox, driven by WebDriver BiDi: what a visitor does first, by mouse and by keys.
//
//   FORGER_FIREFOX  the browser; where it is named it must be there, else these tests are skipped

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launchFirefox } from './bidi.js';
import { serve } from './server.js';

const { FORGER_FIREFOX, FORGER_SITE, FORGER_SHOTS } = process.env;
const reason = !FORGER_FIREFOX ? 'FORGER_FIREFOX names no Firefox' : !FORGER_SITE && 'FORGER_SITE names no built site (`cargo xtask site`)';
// A Firefox that is named is to be tested in, whatever else may be missing; a system that has none cannot be asked for it.
const skip = !FORGER_FIREFOX && reason;
if (skip) console.log(`skipped: ${reason}`);

const [END, HOME] = ['\uE010', '\uE011'];
const PICTURE = `document.querySelector('#picture').toDataURL()`;

describe('in Firefox', { skip }, () => {
  let server;
  let firefox;
  let page;
  before(async () => {
    assert.ok(!reason, reason);
    assert.ok(existsSync(FORGER_FIREFOX), `there is no browser at ${FORGER_FIREFOX} (FORGER_FIREFOX)`);
    server = await serve(FORGER_SITE);
    firefox = await launchFirefox(FORGER_FIREFOX);
    ({ page } = firefox);
    await page.viewport(1280, 800);
    await page.goto(server.url);
    await page.until(`document.querySelector('#explorer').getAttribute('aria-busy') === 'false'`, 'the page is ready');
  });
  after(async () => {
    await firefox?.close();
    await server?.close();
  });

  /** Waits until the big picture is another. */
  const another = (before, what) => page.until(`${PICTURE} !== ${JSON.stringify(before)}`, what);

  async function shoot(name) {
    if (!FORGER_SHOTS) return;
    await mkdir(FORGER_SHOTS, { recursive: true });
    await writeFile(join(FORGER_SHOTS, `firefox-${name}.png`), await page.screenshot());
  }

  test('the digit follows the knob while it is dragged, and the keys', async () => {
    const knob = await page.find('slider', 'z[0]');
    const { x, y, width, height } = await page.box(knob);
    const at = async () => x + 16 + ((Number(await page.call(knob, '(element) => element.value')) + 3) / 6) * (width - 32);
    // First to the end that is farther off: the digit may greet with its knob at the other one, where a drag changes nothing.
    const ends = [[x + width - 16, 3], [x + 16, -3]];
    if (Number(await page.call(knob, '(element) => element.value')) > 0) ends.reverse();
    for (const [end, value] of ends) {
      const before = await page.evaluate(PICTURE);
      const from = await at();
      await page.drag(Array.from({ length: 9 }, (_, i) => [from + ((end - from) * i) / 8, y + height / 2]));
      assert.equal(await page.call(knob, '(element) => element.value'), String(value));
      await another(before, `dragged to ${value}`);
    }
    const before = await page.evaluate(PICTURE);
    const [key, there] = ends[1][1] === 3 ? [HOME, '-3'] : [END, '3'];
    await page.press(key);
    await another(before, 'by a key');
    assert.equal(await page.call(knob, '(element) => element.value'), there);
    await page.until(`/^(Looks like an? \\d|Hard to read)/.test(document.querySelector('#verdict').textContent)`, 'the judge says which digit');
    await shoot('knob');
  });

  test('there is another digit, it is in the address, and the back button leads back', async () => {
    const before = await page.evaluate(PICTURE);
    await page.click('button', 'New digit');
    await another(before, 'a new digit');
    await page.until(`location.hash.includes('s=2')`, 'the address');
    await page.evaluate('history.back()');
    await page.until(`${PICTURE} === ${JSON.stringify(before)}`, 'back');
  });

  test('each tab shows its panel', async () => {
    const names = await page.evaluate(`[...document.querySelectorAll('[role=tab]')].map((tab) => tab.textContent)`);
    assert.ok(names.length > 7, `${names}`);
    for (const name of names) {
      await page.click('tab', name);
      await page.until(`[...document.querySelectorAll('[role=tabpanel]:not([hidden])')].map((panel) => document.getElementById(panel.getAttribute('aria-labelledby')).textContent).join() === ${JSON.stringify(name)}`, name);
    }
    await page.until(`document.querySelector('#panel-proof').textContent.includes('Identical to the trainer')`, 'the trainer’s pictures are drawn again');
    await shoot('proof');
  });

  test('a digit that is drawn is copied', async () => {
    await page.click('button', 'Draw your own');
    const paper = await page.find('img', 'Paper to draw on with a pointer, empty');
    const { x, y, width, height } = await page.box(paper);
    await page.drag(Array.from({ length: 13 }, (_, i) => [x + width / 2, y + height * (0.2 + 0.05 * i)]));
    await page.until(`/^Copied: [\\d.]+ %/.test(document.querySelector('#forge-said').textContent)`, 'copied');
    await shoot('forge');
  });

  test('real or forged, and the tour, in either language', async () => {
    await page.click('button', 'Real or forged?');
    await page.click('button', 'Forged');
    await page.until(`document.querySelectorAll('#game [data-seen] li').length === 1`, 'the first is judged');
    await page.click('button', 'How it works');
    await page.until(`document.activeElement.id === 'tour-title'`, 'the tour has the focus');
    await page.click('button', 'Skip the tour');
    await page.click('button', '한국어');
    await page.until(`document.querySelector('[data-new]').textContent === '새 숫자'`, 'Korean');
    await shoot('korean');
    await page.click('button', 'English');
  });

  test('nothing was complained of', () => assert.deepEqual(page.complaints, []));
});
