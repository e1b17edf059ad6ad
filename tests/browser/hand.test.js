// Fingers and focus: the first minute on a phone, what a swipe must not change, and where the tab key goes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, describeOnSite, digit, openTab, pixels, ready, shows, until, z0 } from './browser.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A swipe as a finger makes it: what the browser takes for scrolling it cancels for the page. */
async function swipe(page, x, y, { dx = 0, dy = 0 }) {
  const client = await page.context().newCDPSession(page);
  const point = (share) => [{ x: x + share * dx, y: y + share * dy }];
  await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: point(0) });
  for (let step = 1; step <= 10; step++) {
    await client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: point(step / 10) });
    await page.waitForTimeout(10);
  }
  await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await client.detach();
  await page.waitForTimeout(250);
}

const values = (page) => page.locator('#board input[type=number]').evaluateAll((all) => all.map((input) => input.value));

describeOnSite('the hand', (open) => {
  for (const viewport of [PHONE.viewport, { width: 390, height: 664 }]) {
    test(`picture, knob and New digit are on the first screen, ${viewport.height} px high`, async () => {
      const { page, close } = await open({ ...PHONE, viewport });
      await ready(page);
      for (const [name, element] of [
        ['picture', digit(page)],
        ['knob', z0(page)],
        ['strip', page.locator('.strip')],
        ['New digit', page.getByRole('button', { name: 'New digit' })],
      ]) {
        const { y, height } = await element.boundingBox();
        assert.ok(y >= 0 && y + height <= viewport.height, `${name} from ${y} to ${y + height}`);
      }
      await close();
    });
  }

  for (const viewport of [{ width: 844, height: 390 }, { width: 640, height: 400 }, { width: 1280, height: 720 }]) {
    test(`picture and knob stay in sight together, ${viewport.width} by ${viewport.height}`, async () => {
      const { page, close } = await open({ viewport });
      await ready(page);
      for (const scrolled of [0, 400]) {
        await page.evaluate((y) => scrollTo(0, y), scrolled);
        for (const element of [digit(page), z0(page)]) {
          const { y, height } = await element.boundingBox();
          assert.ok(y >= 0 && y + height <= viewport.height, `from ${y} to ${y + height}, scrolled by ${scrolled}`);
        }
      }
      await close();
    });
  }

  test('the sample that greets is one that z[0] changes more than most, and always the same', async () => {
    const { page, close } = await open();
    await ready(page);
    const label = await digit(page).getAttribute('aria-label');
    const { shown, rest } = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const { sampleZ } = await import('./philox.js');
      const g = await Generator.load('gen.onnx');
      const change = (z) => {
        const [low, high] = [-3, 3].map((end) => g.generate(z.map((value, i) => (i ? value : end))));
        return low.reduce((sum, value, i) => sum + Math.abs(value - high[i]), 0) / 784;
      };
      const samples = sampleZ(1, 100, 100);
      const changes = Array.from({ length: 100 }, (_, i) => change(samples.slice(100 * i, 100 * i + 100)));
      // By its picture: the page says no number of the sample.
      const [canvas] = document.querySelectorAll('#picture');
      const now = [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0);
      const far = (i) => {
        const image = g.generate(samples.slice(100 * i, 100 * i + 100));
        return now.reduce((sum, grey, p) => sum + Math.abs(grey - 127.5 * (image[p] + 1)), 0);
      };
      const nearest = changes.map((_, i) => far(i)).reduce((best, value, i, all) => (value < all[best] ? i : best), 0);
      return { shown: changes[nearest], rest: changes };
    });
    const less = rest.filter((change) => change < shown).length;
    assert.ok(less > 50, `${less} of 100 change less`);
    await close();
    const again = await open();
    await ready(again.page);
    assert.equal(await digit(again.page).getAttribute('aria-label'), label);
    await again.close();
  });

  test('the frame on the strip is the picture, right under the knob', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    for (const value of ['-3', '-1.37', '0', '2.2', '3']) {
      await z0(page).fill(value);
      await page.getByRole('img', { name: `z[0] at ${Number(value).toFixed(2).replace('-', '−')}` }).waitFor();
      const [knob, frame] = await page.evaluate(() => {
        const slider = document.querySelector('#z0');
        const box = slider.getBoundingClientRect();
        const radius = 16;
        const share = (slider.valueAsNumber + 3) / 6;
        const frame = document.querySelector('.strip .thumb').getBoundingClientRect();
        return [box.left + radius + share * (box.width - 2 * radius), frame.left + frame.width / 2];
      });
      assert.ok(Math.abs(knob - frame) < 1.5, `the knob at ${knob}, the frame at ${frame} of ${value}`);
      assert.equal(await pixels(page.locator('.strip .thumb')), await pixels(digit(page)));
    }
    const box = await page.locator('.strip').boundingBox();
    const shown = await pixels(digit(page));
    await page.mouse.click(box.x + 2, box.y + box.height / 2);
    await changed(digit(page), shown, 'pointed at the first picture');
    assert.equal(await z0(page).inputValue(), '-3');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a finger across the picture moves z[0], and one up and down scrolls', async () => {
    const { page, complaints, close } = await open({ ...PHONE, hash: '#v1' });
    await ready(page);
    const [before, value] = [await pixels(digit(page)), Number(await z0(page).inputValue())];
    const { x, y, width, height } = await digit(page).boundingBox();
    await swipe(page, x + width / 2, y + height / 2, { dx: width / 4 });
    await until(() => z0(page).inputValue(), (now) => Math.abs(Number(now) - (value + 1.5)) < 0.1, 'z[0] after the swipe');
    await changed(digit(page), before, 'dragged');
    const dragged = await z0(page).inputValue();
    await swipe(page, x + width / 2, y + height / 2, { dy: -200 });
    assert.ok((await page.evaluate(() => scrollY)) > 50, 'scrolled');
    assert.equal(await z0(page).inputValue(), dragged);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a finger that rests on the picture saves it, and neither a tap nor a swipe does', async () => {
    const { page, complaints, close } = await open({ ...PHONE, hash: '#v1&s=7.3' });
    await ready(page);
    const shown = await pixels(digit(page));
    const saved = [];
    page.on('download', (file) => saved.push(file.suggestedFilename()));
    const { x, y, width, height } = await digit(page).boundingBox();
    const middle = [{ x: x + width / 2, y: y + height / 2 }];
    const client = await page.context().newCDPSession(page);
    const press = async (ms) => {
      await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: middle });
      await page.waitForTimeout(ms);
      await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    };
    await press(50);
    await swipe(page, middle[0].x, middle[0].y, { dy: -20 });
    await page.waitForTimeout(300);
    assert.deepEqual(saved, []);
    await page.evaluate(() => scrollTo(0, 0));
    const [file] = await Promise.all([page.waitForEvent('download'), press(700)]);
    assert.equal(file.suggestedFilename(), 'forger-7-3.png');
    await page.getByRole('status').getByText('Saved forger-7-3.png.').waitFor();
    assert.equal(await pixels(digit(page)), shown, 'and nothing else has changed');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('swipes that scroll change no number', async () => {
    const { page, complaints, close } = await open({ ...PHONE, hash: '#v1&t=numbers' });
    await ready(page);
    await page.getByRole('button', { name: 'Show all 100' }).click();
    await page.getByRole('slider', { name: 'z[99]', exact: true }).waitFor();
    await page.getByRole('slider', { name: 'Direction 1' }).waitFor();
    // The board is sorted once its effects are measured.
    await page.waitForFunction(() => /changes/.test(document.querySelector('[aria-label="z[7]"]').getAttribute('aria-valuetext')));
    const before = await values(page);
    await page.locator('#board').evaluate((board) => scrollTo(0, board.getBoundingClientRect().top + scrollY - 300));
    let top = await page.evaluate(() => scrollY);
    for (let i = 0; i < 6; i++) {
      await swipe(page, 120 + 25 * i, 600, { dy: -300 });
      const now = await page.evaluate(() => scrollY);
      assert.ok(now > top, `swipe ${i} scrolls`);
      top = now;
    }
    assert.deepEqual(await values(page), before);
    // On the knob and on the strip, which stay at the top of the screen.
    for (const element of [z0(page), page.locator('.strip')]) {
      const { x, y, width, height } = await element.boundingBox();
      await swipe(page, x + width * 0.8, y + height / 2, { dy: 250 });
      assert.deepEqual(await values(page), before);
    }
    await openTab(page, 'Walk');
    await page.locator('#pad .map').scrollIntoViewIfNeeded();
    const map = await page.locator('#pad .map').boundingBox();
    const shown = await pixels(digit(page));
    const at = await page.evaluate(() => scrollY);
    await swipe(page, map.x + 0.3 * map.width, map.y + 0.7 * map.height, { dy: -200 });
    assert.notEqual(await page.evaluate(() => scrollY), at, 'the map lets the page scroll');
    await shows(digit(page), shown, 'and moves nothing');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the tab key goes down the page as the eye does, and nothing that has the focus is under the bar', async () => {
    const { page, close } = await open({ viewport: PHONE.viewport });
    await ready(page);
    await page.evaluate(() => document.querySelector('#languages button:last-child').focus());
    let last = 0;
    for (const expected of ['data-sway', 'z0', 'data-new', 'data-pin', 'seed']) {
      await page.keyboard.press('Tab');
      const { name, y } = await page.evaluate(() => {
        const element = document.activeElement;
        return { name: element.id || [...element.attributes].map((a) => a.name).find((a) => a.startsWith('data-') && a !== 'data-text'), y: element.getBoundingClientRect().top + scrollY };
      });
      assert.equal(name, expected);
      assert.ok(y >= last - 5, `${name} at ${y}, after ${last}`);
      last = y;
    }
    await openTab(page, 'All numbers');
    await page.getByRole('button', { name: 'Show all 100' }).click();
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption('number');
    await page.getByRole('slider', { name: 'z[99]', exact: true }).focus();
    for (let stop = 0; stop < 40; stop++) {
      await page.keyboard.press('Shift+Tab');
      const hidden = await page.evaluate(() => {
        const [box, dock] = [document.activeElement.getBoundingClientRect(), document.querySelector('.dock').getBoundingClientRect()];
        return !document.activeElement.closest('.dock') && box.bottom <= dock.bottom && dock.top <= 1;
      });
      assert.ok(!hidden, `stop ${stop} is under the bar`);
    }
    await close();
  });

  test('many presses of New digit are a step back, not the whole history', async () => {
    const { page, close } = await open({ hash: '#elsewhere' });
    await ready(page);
    const before = await page.evaluate(() => history.length);
    for (let press = 0; press < 20; press++) {
      await page.getByRole('button', { name: 'New digit' }).click();
      await page.waitForTimeout(60);
    }
    await until(() => page.getByRole('spinbutton', { name: 'Seed' }).inputValue(), (seed) => seed === '21', 'the seed');
    await page.waitForTimeout(500);
    assert.equal((await page.evaluate(() => history.length)) - before, 1);
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('#seed').value === '1');
    await close();
  });

  test('z[0] plays to and fro over its whole range', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await z0(page).fill('1');
    const play = page.getByRole('button', { name: 'Play', exact: true });
    await play.click();
    await page.waitForFunction(() => document.querySelector('#z0').valueAsNumber >= 2.8);
    await page.waitForFunction(() => document.querySelector('#z0').valueAsNumber < 2);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await play.waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });
});
