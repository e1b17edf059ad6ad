// Pins, the walk between two of them, and the plane.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, describeOnSite, digit, openTab, pixels, ready, shows, until } from './browser.js';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const place = (page) => page.getByRole('slider', { name: 'Place on the walk' });

async function withPins(open, count, options) {
  const opened = await open(options);
  const { page } = opened;
  await ready(page);
  await openTab(page, 'Walk');
  const pictures = [];
  for (let pin = 0; pin < count; pin++) {
    pictures.push(await pixels(digit(page)));
    await button(page, 'Pin this').click();
    await button(page, 'New digit').click();
    await changed(digit(page), pictures[pin], 'a new digit');
  }
  return { ...opened, pictures };
}

describeOnSite('the walk', (open) => {
  test('leads from one pin to another, by keys, through pictures of neither', async () => {
    const { page, pictures, complaints, close } = await withPins(open, 2);
    await place(page).focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('#walk input').value === '0');
    await shows(digit(page), pictures[0], 'pin 1');
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.querySelector('#walk input').value === '100');
    await shows(digit(page), pictures[1], 'pin 2');
    await page.keyboard.press('PageDown');
    const between = await changed(digit(page), pictures[1], 'on the way');
    assert.notEqual(between, pictures[0]);
    assert.match(await place(page).getAttribute('aria-valuetext'), /^\d+ % of the way from pin 1 to pin 2$/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the map says that it is busy until it is drawn along the model’s own directions', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await openTab(page, 'Walk');
    const map = page.getByRole('img', { name: /^A map/ });
    const [label, shown] = [await map.getAttribute('aria-label'), await pixels(map)];
    assert.match(label, /Direction 1.*Direction 2/);
    // Longer than it puts off what is not for the next frame.
    await page.waitForTimeout(500);
    assert.ok((await pixels(map)) === shown, 'and is not drawn anew');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('plays, and pauses', async () => {
    const { page, close } = await withPins(open, 2);
    await button(page, 'Play the walk').click();
    let shown = await pixels(digit(page));
    for (let step = 0; step < 4; step++) shown = await changed(digit(page), shown, `step ${step}`);
    await button(page, 'Pause the walk').click();
    await button(page, 'Play the walk').waitFor();
    await close();
  });

  test('pins show themselves again and go away; without two there is no walk', async () => {
    const { page, pictures, close } = await withPins(open, 3);
    await page.getByRole('button', { name: 'Show pin 1, of seed 1' }).click();
    await page.getByRole('img', { name: 'generated digit of seed 1 ' }).waitFor();
    await shows(digit(page), pictures[0], 'pin 1');
    await page.getByRole('combobox', { name: 'From' }).selectOption('Pin 1');
    await place(page).focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('#walk input').value === '0');
    for (const pin of ['Remove pin 3', 'Remove pin 1']) await page.getByRole('button', { name: pin }).click();
    await button(page, 'Play the walk').waitFor({ state: 'hidden' });
    assert.equal(await page.getByRole('button', { name: /^Remove pin/ }).count(), 1);
    await close();
  });

  test('whoever makes both ends the same changes sides, and a pin that goes leaves the focus near', async () => {
    const { page, close } = await withPins(open, 3);
    const [from, to] = ['From', 'To'].map((name) => page.getByRole('combobox', { name, exact: true }));
    assert.deepEqual([await from.inputValue(), await to.inputValue()], ['1', '2']);
    await from.selectOption('Pin 3');
    await page.waitForFunction(() => document.querySelector('[data-to]').value === '1');
    assert.equal(await from.inputValue(), '2');
    assert.ok(await button(page, 'Play the walk').isEnabled());
    for (const next of ['Remove pin 2', 'Remove pin 2', 'Remove pin 1']) {
      await button(page, next).focus();
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.activeElement !== document.body);
      await page.locator('.remove:focus, [role=tabpanel]:focus').waitFor();
    }
    await close();
  });

  test('a pin is answered: how many there are, and that the oldest gave way', async () => {
    const { page, close } = await withPins(open, 0);
    const said = page.getByRole('status').and(page.locator('[data-said]'));
    for (let pin = 1; pin <= 13; pin++) {
      await button(page, 'Pin this').click();
      await said.getByText(pin > 12 ? 'the oldest one gave way' : `Pinned: ${pin} of 12`).waitFor();
    }
    await close();
  });
});

describeOnSite('the plane', (open) => {
  test('is dragged over, and its sliders follow and lead', async () => {
    const { page, complaints, close } = await withPins(open, 0);
    const map = page.getByRole('img', { name: 'A map of 81 generated digits: Direction 1 across, Direction 2 down' });
    await map.waitFor();
    await map.scrollIntoViewIfNeeded();
    const [across, down] = ['Across: Direction 1', 'Down: Direction 2'].map((name) => page.getByRole('slider', { name }));
    let shown = await pixels(digit(page));
    const box = await map.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    for (const [x, y] of [[0.9, 0.2], [0.1, 0.8]]) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 4 });
      await until(() => across.inputValue(), (value) => Math.abs(Number(value) - (6 * x - 3)) < 0.05, `across, dragged to ${x}`);
      await until(() => down.inputValue(), (value) => Math.abs(Number(value) - (6 * y - 3)) < 0.05, `down, dragged to ${y}`);
      shown = await changed(digit(page), shown, `dragged to ${x}, ${y}`);
    }
    await page.mouse.up();
    await across.focus();
    await page.keyboard.press('End');
    await changed(digit(page), shown, 'by the keys');
    assert.ok(Math.abs(Number(await down.inputValue()) - 1.8) < 0.05, 'the other way stays');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('its tiles are the digits that lie there', async () => {
    const { page, close } = await withPins(open, 0);
    for (const [way, axis] of [['Across', 'z[0]'], ['Down', 'z[5]']]) {
      await page.getByRole('combobox', { name: way }).selectOption(axis);
    }
    const map = page.getByRole('img', { name: 'A map of 81 generated digits: z[0] across, z[5] down' });
    await map.waitFor();
    // The middle of the tile in column 6, row 1, of nine: 3 * (13 / 9 - 1) and 3 * (3 / 9 - 1).
    const box = await map.boundingBox();
    await map.click({ position: { x: (6.5 / 9) * box.width, y: (1.5 / 9) * box.height } });
    const apart = () =>
      page.evaluate(() => {
        // A copy each time: browsers complain of a canvas that is read again and again.
        const read = (name, x, y) => {
          const context = new OffscreenCanvas(28, 28).getContext('2d');
          context.drawImage(document.querySelector(name), -x, -y);
          return context.getImageData(0, 0, 28, 28).data;
        };
        const [one, tile] = [read('#picture', 0, 0), read('#pad canvas', 6 * 28, 28)];
        return one.reduce((sum, value, i) => sum + Math.abs(value - tile[i]), 0) / one.length;
      });
    // The pad goes in steps of 0.01, so a tile's middle is met to within half of that.
    await until(apart, (worst) => worst < 1, 'greys apart on average');
    await close();
  });
});
