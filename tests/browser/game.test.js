// "Real or forged?", by hand and as rules; and the sheet of real pictures, which is MNIST's own.
//
//   FORGER_WRITE  1: writes the sheet anew

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { answer, isRight, newRound, ROUND, score } from '../../web/game.js';
import { describeOnSite, digit, openTab, pixels, ready, changed, LOOKS, shoot, until } from './browser.js';
import { testPictures } from './mnist.js';
import { generatorFile } from './onnx.js';
import { greyPng } from './png.js';

const SHEET = new URL('../../web/real/mnist.png', import.meta.url);
const SIDE = 28;

/** The first ten test pictures of each digit, mixed as they come: [280, 280]. */
function sheetOfMnist() {
  const { labels, count, bytes } = testPictures();
  const left = Array(10).fill(10);
  const chosen = Array.from({ length: count }, (_, i) => i).filter((i) => left[labels[i]]-- > 0);
  const sheet = new Uint8Array(100 * SIDE * SIDE);
  for (const [tile, i] of chosen.entries()) {
    for (let y = 0; y < SIDE; y++) {
      const row = Math.floor(tile / 10) * SIDE + y;
      sheet.set(bytes(i).subarray(y * SIDE, (y + 1) * SIDE), row * 10 * SIDE + (tile % 10) * SIDE);
    }
  }
  return sheet;
}

test('the real pictures are test pictures of MNIST, ten of each digit, to the last grey', () => {
  const png = greyPng(sheetOfMnist(), 10 * SIDE, 10 * SIDE);
  if (process.env.FORGER_WRITE === '1') writeFileSync(SHEET, png);
  const pixelsOf = (file) => inflateSync(file.subarray(file.indexOf('IDAT') + 4, -16));
  const kept = readFileSync(SHEET);
  assert.ok(kept.length < 25_000, `${kept.length} bytes`);
  assert.ok(pixelsOf(kept).equals(pixelsOf(png)), 'write it anew: FORGER_WRITE=1 node --test game.test.js');
});

test('a round is five of each in any order, and counts what was right', () => {
  const places = new Set();
  for (let i = 0; i < 200; i++) {
    const round = newRound(100);
    const real = round.exhibits.filter(({ isReal }) => isReal);
    assert.equal(round.exhibits.length, ROUND);
    assert.equal(real.length, 5);
    assert.equal(new Set(real.map(({ place }) => place)).size, 5, 'no real one twice');
    assert.ok(real.every(({ place }) => place >= 0 && place < 100));
    places.add(round.exhibits.map(({ isReal }) => Number(isReal)).join(''));
    for (let k = 0; k < ROUND + 3; k++) answer(round, true);
    assert.equal(round.answers.length, ROUND, 'what is answered more often is not counted');
    assert.equal(score(round), 5);
    assert.equal(isRight(round, 0), round.exhibits[0].isReal);
  }
  assert.ok(places.size > 60, `${places.size} orders`);
});

describeOnSite('real or forged', (open) => {
  test('a door beside the picture leads there, ten pictures are judged by the keys, and the score is theirs', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await page.getByRole('button', { name: 'Real or forged?' }).click();
    await page.getByRole('tab', { name: 'Detective', selected: true }).waitFor();
    await page.getByRole('tabpanel', { name: 'Detective' }).and(page.locator(':focus')).waitFor();
    const shown = new Set();
    for (let number = 1; number <= 10; number++) {
      const picture = page.getByRole('img', { name: `Picture ${number} of 10` });
      await picture.waitFor();
      shown.add(await pixels(picture));
      await page.getByRole('button', { name: number % 2 ? 'Real' : 'Forged', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('list', { name: 'What they were' }).getByRole('listitem').nth(number - 1).waitFor();
    }
    assert.equal(shown.size, 10, 'ten pictures');
    const items = await page.getByRole('list', { name: 'What they were' }).getByRole('listitem').allTextContents();
    const right = items.filter((words) => words.includes('you were right')).length;
    assert.equal(items.filter((words) => words.includes('Forged')).length, 5);
    await page.getByRole('status').getByText(`You were right on ${right} of 10.`).waitFor();
    // The button that had the focus is gone.
    await page.getByRole('button', { name: 'Ten others' }).and(page.locator(':focus')).waitFor();
    const before = await pixels(digit(page));
    await page.getByRole('list', { name: 'What they were' }).getByRole('button').first().click();
    await changed(digit(page), before, 'a forged one is taken in hand');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Ten others' }).click();
    await page.getByRole('img', { name: 'Picture 1 of 10' }).waitFor();
    assert.equal(await page.getByRole('list', { name: 'What they were' }).getByRole('listitem').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('nothing is judged before it is there to be seen, and a sheet that is lost can be asked for again', async () => {
    let letGo;
    const gone = new Promise((resolve) => (letGo = resolve));
    const prepare = (page) => page.route('**/real/mnist.png', async (route) => (await gone) ?? route.abort());
    const { page, complaints, close } = await open({ prepare, hash: '#v1&t=game' });
    await page.getByRole('status').getByText('Ready').waitFor();
    const [real, status] = [page.getByRole('button', { name: 'Real', exact: true }), page.locator('#game').getByRole('status')];
    await page.waitForFunction(() => document.querySelector('[role=tabpanel]#panel-game').getAttribute('aria-busy') === 'false');
    assert.ok(await real.isDisabled());
    letGo();
    await status.getByText('The real pictures did not arrive').waitFor();
    await page.unroute('**/real/mnist.png');
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route('**/real/mnist.png', async (route) => (await held) ?? route.continue());
    const again = page.getByRole('button', { name: 'Try again' });
    await again.click();
    await until(() => status.textContent(), (words) => words === '', 'what was said is over');
    assert.ok((await real.isVisible()) && (await real.isDisabled()), 'as at first');
    assert.equal(await page.locator('#game [data-again]').isVisible(), false);
    letGo();
    await status.getByText('Picture 1 of 10').waitFor();
    await until(() => real.isEnabled(), Boolean, 'it can be judged');
    await real.and(page.locator(':focus')).waitFor();
    await real.click();
    await status.getByText('Picture 2 of 10').waitFor();
    assert.deepEqual(complaints.filter((text) => !text.startsWith('error: Failed to load resource')), []);
    await close();
  });

  test('what was said is said in the language that the page has by then', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=game' });
    await ready(page);
    await page.getByRole('button', { name: 'Real', exact: true }).click();
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('status').getByText(/사람이 썼습니다|아무도 쓰지 않았습니다/).waitFor();
    await page.getByRole('img', { name: '10장 중 2번째 그림' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a network that learned no digits has no such game', async () => {
    const { page, close } = await open({ hash: '#v1&t=models' });
    await ready(page);
    await page.getByLabel('Choose an .onnx file').setInputFiles({ name: 'own.onnx', mimeType: '', buffer: generatorFile(4, [1, 28, 28]) });
    await page.getByText('Your own: own.onnx').first().waitFor();
    await openTab(page, 'Detective');
    await page.getByText('There are real pictures here for networks that learned from MNIST').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Forged', exact: true }).count(), 0);
    await close();
  });

  test('pictures of it', async () => {
    for (const { name, ...look } of LOOKS) {
      const { page, close } = await open({ ...look, hash: '#v1&t=game' });
      await ready(page);
      await page.getByRole('button', { name: 'Real', exact: true }).click();
      await shoot(page, `game-${name}`);
      await close();
    }
  });
});
