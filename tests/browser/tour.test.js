// The tour: five steps over the live page, by hand and by keys, out of it at any time; and what can go wrong, side by side.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAccessible, SIZES } from './axe.js';
import { changed, describeOnSite, digit, models, pixels, ready, shoot } from './browser.js';

const card = (page) => page.getByRole('dialog');
const title = (page) => card(page).getByRole('heading');
const press = (page, name) => card(page).getByRole('button', { name, exact: true }).click();

async function begun(open, options) {
  const result = await open(options);
  await ready(result.page);
  await result.page.getByRole('button', { name: 'How it works' }).click();
  await card(result.page).waitFor();
  return result;
}

describeOnSite('the tour', (open) => {
  test('each of its five steps shows what it speaks of, and the words are explained', async () => {
    const { page, complaints, close } = await begun(open);
    const told = [];
    const steps = [['1 of 5', 'All numbers'], ['2 of 5', 'All numbers'], ['3 of 5', 'Detective'], ['4 of 5', 'Models'], ['5 of 5', 'Draw']];
    for (const [place, tab] of steps) {
      await card(page).getByText(place).waitFor();
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
      // Where it begins to be read.
      await title(page).and(page.locator(':focus')).waitFor();
      told.push(await card(page).textContent());
      if (place === '2 of 5') await changed(digit(page), await pixels(digit(page)), 'the knob moves');
      if (place !== '5 of 5') await press(page, 'Next');
    }
    for (const word of ['generator', 'discriminator', 'GAN: a generative adversarial network']) assert.match(told.join(' '), new RegExp(word));
    await press(page, 'Back');
    await card(page).getByText('4 of 5').waitFor();
    await press(page, 'Next');
    await press(page, 'Done');
    await card(page).waitFor({ state: 'detached' });
    await page.getByRole('tabpanel', { name: 'Draw' }).and(page.locator(':focus')).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('it goes through the epochs, and gives the network back that it began with', async () => {
    const { page, complaints, close } = await begun(open);
    for (let step = 1; step < 4; step++) await press(page, 'Next');
    await page.waitForFunction(() => document.querySelector('#epochs output').textContent.match(/epoch 1$/));
    await press(page, 'Skip the tour');
    const { epochs } = models()[0];
    await page.waitForFunction((epochs) => document.querySelector('#epochs output').textContent === `epoch ${epochs}`, epochs);
    await page.getByRole('button', { name: 'How it works' }).and(page.locator(':focus')).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('Escape ends it, and nothing moves by itself where less motion is asked for', async () => {
    const { page, close } = await begun(open, { reducedMotion: 'reduce' });
    await press(page, 'Next');
    const still = await pixels(digit(page));
    await page.waitForTimeout(400);
    assert.equal(await pixels(digit(page)), still);
    await page.keyboard.press('Escape');
    await card(page).waitFor({ state: 'detached' });
    await close();
  });

  test('it is told in the language that is chosen meanwhile', async () => {
    const { page, close } = await begun(open);
    await page.getByRole('button', { name: '한국어' }).click();
    await card(page).getByText('5단계 중 1').waitFor();
    await title(page).getByText('시작은 잡음').waitFor();
    await close();
  });

  for (const { name, ...size } of SIZES) {
    test(`each step, and both sheets of what can go wrong, ${name}, light and dark`, async () => {
      const { page, complaints, close } = await begun(open, size);
      for (let step = 1; step <= 5; step++) {
        await isAccessible(page, `step ${step}`, async (scheme) => {
          // The card leaves room for what it speaks of.
          const { y, height } = await card(page).boundingBox();
          assert.ok(y > 0.4 * size.viewport.height && y + height <= size.viewport.height, `step ${step}: from ${y}, ${height} high`);
          await shoot(page, `tour-${step}-${name}-${scheme}`);
        });
        if (step < 5) await press(page, 'Next');
      }
      await press(page, 'Done');
      await page.getByRole('tab', { name: 'Models' }).click();
      await page.locator('#collapse').scrollIntoViewIfNeeded();
      for (const words of [/^stable, \d+ epochs: \d+ of the ten digits/, /^seed, \d+ epochs: \d+ of the ten digits/]) await page.getByText(words).waitFor();
      await shoot(page, `collapse-${name}`);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('a tile of either sheet is taken in hand, by the network that drew it', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=models' });
    await ready(page);
    await page.locator('#collapse').scrollIntoViewIfNeeded();
    await page.getByText(/^seed, \d+ epochs: /).waitFor();
    const sheet = page.locator('#collapse [data-bad] canvas');
    const { width, height } = await sheet.boundingBox();
    await sheet.click({ position: { x: 0.35 * width, y: 0.25 * height } });
    await page.getByRole('radio', { name: /^seed/, checked: true }).waitFor();
    await page.waitForFunction(() => location.hash.includes('m=seed') && location.hash.includes('s=1.23'));
    assert.deepEqual(complaints, []);
    await close();
  });
});
