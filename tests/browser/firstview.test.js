// What a visitor meets first: a digit that can be read, and a knob that makes another digit of it.
//
//   FORGER_LONG  1: the site's first model is fully trained, and twenty digits are met; else five, by a model that has hardly begun

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../web/judge.js';
import { changed, describeOnSite, digit, pixels, ready, z0 } from './browser.js';
import { trainedJudge } from './mnist.js';

const LONG = process.env.FORGER_LONG === '1';
/** Digits that are met, and of how many of them the knob must make another. */
const [VISITS, MOVED] = LONG ? [20, 19] : [5, 2];
/** How sure the judge must be of a digit that is met, and of how many of them. */
const [SURE, CLEAR] = LONG ? [0.9, 19] : [0.5, 3];
const KNOB = 16;

/** What the judge of the trainer makes of the picture on show. */
async function judged(page, judge) {
  const bytes = await digit(page).evaluate((canvas) => {
    const context = new OffscreenCanvas(28, 28).getContext('2d');
    context.drawImage(canvas, 0, 0);
    return [...context.getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 0)];
  });
  return judge.judge(Float32Array.from(bytes, (byte) => byte / 127.5 - 1));
}

/** Takes the knob where it is, to the one end and then to the other; gives what is seen at both. */
async function dragged(page, judge) {
  const { x, y, width, height } = await z0(page).boundingBox();
  const at = (value) => x + KNOB + ((value + 3) / 6) * (width - 2 * KNOB);
  await page.mouse.move(at(Number(await z0(page).inputValue())), y + height / 2);
  await page.mouse.down();
  const seen = [];
  for (const end of [-3, 3]) {
    await page.mouse.move(at(end), y + height / 2, { steps: 12 });
    const name = `z[0] at ${end < 0 ? '−3.00' : '3.00'}`;
    await page.getByRole('img', { name }).waitFor();
    seen.push(await judged(page, judge));
  }
  await page.mouse.up();
  return seen;
}

describeOnSite('the first view', (open) => {
  test('a digit that the judge can read is met, and the knob, dragged from end to end, makes another of it', async (t) => {
    const judge = new Judge(trainedJudge());
    let [moved, clear] = [0, 0];
    for (let visit = 0; visit < VISITS; visit++) {
      const { page, complaints, close } = await open();
      await ready(page);
      // The one that greets is the same for everybody; another visitor asks for another, and one more.
      for (let press = 0; press < visit; press++) {
        const before = await pixels(digit(page));
        await page.getByRole('button', { name: 'New digit' }).click();
        await changed(digit(page), before, `new digit ${press + 1}`);
      }
      const met = await judged(page, judge);
      const [low, high] = await dragged(page, judge);
      if (met.share >= SURE) clear++;
      if (low.digit !== high.digit) moved++;
      t.diagnostic(`met a ${met.digit}, ${(100 * met.share).toFixed(0)} %; dragged from ${low.digit} to ${high.digit}`);
      if (LONG && visit === 0) assert.ok(met.share >= SURE, `the digit that greets: ${met.digit}, ${met.share}`);
      assert.deepEqual(complaints, []);
      await close();
    }
    t.diagnostic(`another digit by the knob on ${moved} of ${VISITS}, a clear one met on ${clear}`);
    assert.ok(moved >= MOVED, `${moved} of ${VISITS}`);
    assert.ok(clear >= CLEAR, `${clear} of ${VISITS} are clear`);
  });
});
