// axe finds nothing to complain about: each state, phone and desktop, light and dark.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAccessible, SIZES } from './axe.js';
import { describeOnSite, openTab, ready, shoot } from './browser.js';

describeOnSite('accessibility', (open) => {
  for (const { name, ...size } of SIZES) {
    test(`each tab, ${name}, light and dark`, async () => {
      const { page, complaints, close } = await open(size);
      await ready(page);
      await page.getByRole('button', { name: 'Pin this' }).click();
      await page.getByRole('button', { name: 'New digit' }).click();
      await page.getByRole('button', { name: 'Pin this' }).click();
      for (const tab of ['Two sweeps', 'Draw', 'Detective', 'A hundred', 'All numbers', 'Inside', 'Walk', 'Models', 'Train', 'Proof']) {
        await openTab(page, tab);
        await page.getByRole('tabpanel', { name: tab }).waitFor();
        if (tab === 'Draw') await page.getByRole('button', { name: 'Show a 7' }).waitFor();
        if (tab === 'All numbers') await page.getByRole('slider', { name: 'Direction 8' }).waitFor();
        if (tab === 'Train') await page.getByRole('button', { name: 'Pause' }).waitFor();
        if (tab === 'Proof') await page.getByText('Every hyperparameter').click();
        await isAccessible(page, tab, (scheme) => shoot(page, `tab-${tab.replaceAll(' ', '-').toLowerCase()}-${name}-${scheme}`));
      }
      assert.deepEqual(complaints, []);
      await close();
    });

    test(`a picture has its name from the moment it is in the page, ${name}, light and dark`, async () => {
      const { page, complaints, close } = await open({ ...size, prepare: (page) => page.addInitScript(watchNames) });
      await ready(page);
      await page.getByRole('button', { name: 'Pin this' }).click();
      for (const tab of await page.getByRole('tab').all()) await openTab(page, tab);
      // What is drawn in colours of the scheme is drawn anew.
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.getByRole('button', { name: '한국어' }).click();
      for (const tab of await page.getByRole('tab').all()) await openTab(page, tab);
      await page.waitForTimeout(500);
      assert.deepEqual(await page.evaluate(() => globalThis.nameless), []);
      assert.deepEqual(complaints, []);
      await close();
    });

    test(`forced colours, ${name}, light and dark`, async () => {
      const { page, close } = await open({ ...size, forcedColors: 'active', hash: '#v1&t=numbers' });
      await ready(page);
      await page.getByRole('slider', { name: 'Direction 8' }).waitFor();
      await isAccessible(page, 'forced colours', async (scheme) => {
        const [selected, other] = await page.evaluate(() => {
          const border = (tab) => getComputedStyle(tab).borderBottomWidth;
          return [border(document.querySelector('[role=tab][aria-selected=true]')), border(document.querySelector('[role=tab]'))];
        });
        assert.notEqual(selected, other, 'the chosen tab looks chosen, and it alone');
        assert.ok((await shareOfTrack(page)) > 0.8, `a slider has a track, all along, ${scheme}`);
        await shoot(page, `forced-${name}-${scheme}`);
      });
      await close();
    });

    test(`a bad link, a bad file, and Korean, ${name}, light and dark`, async () => {
      const { page, close } = await open({ ...size, locale: 'ko-KR', hash: '#v1&s=bad&t=models' });
      await page.getByRole('alert').getByText('링크가 손상되어').waitFor();
      await page.getByRole('tab', { name: '모델' }).click();
      await page.getByLabel('.onnx 파일 고르기').setInputFiles({ name: 'a.onnx', mimeType: '', buffer: Buffer.from('a text') });
      await page.getByRole('alert').getByText('This is not an ONNX model').waitFor();
      await isAccessible(page, 'bad link and file');
      await close();
    });

    test(`failed, ${name}, light and dark`, async () => {
      const prepare = (page) => page.route('**/gen.onnx', (route) => route.fulfill({ body: 'a text' }));
      const { page, close } = await open({ ...size, prepare });
      await page.getByRole('button', { name: 'Try again' }).waitFor();
      await isAccessible(page, 'failed');
      await close();
    });
  }
});

/** Runs in the page, before it: gathers pictures that have no name when the step that made them is over. */
function watchNames() {
  globalThis.nameless = [];
  const look = () => {
    for (const picture of document.querySelectorAll('[role=img]:not([aria-label])')) globalThis.nameless.push(picture.outerHTML);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributeFilter: ['role', 'aria-label'] });
}

/** Of the middle row of z[0]'s slider, the share that stands out from what is round it. */
async function shareOfTrack(page) {
  const png = (await page.getByRole('slider', { name: 'z[0]', exact: true }).screenshot()).toString('base64');
  // The page's own policy lets it read no such picture.
  const blank = await page.context().newPage();
  const share = await blank.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const paper = new OffscreenCanvas(image.width, image.height).getContext('2d');
    paper.drawImage(image, 0, 0);
    const sums = (y) => {
      const row = paper.getImageData(0, y, image.width, 1).data;
      return Array.from({ length: image.width }, (_, x) => row[4 * x] + row[4 * x + 1] + row[4 * x + 2]);
    };
    const ground = sums(0);
    return sums(image.height >> 1).filter((sum, x) => Math.abs(sum - ground[x]) > 200).length / image.width;
  }, png);
  await blank.close();
  return share;
}
