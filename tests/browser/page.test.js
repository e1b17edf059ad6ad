// The page as a person uses it: everything found by role and name, driven by mouse and keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, describeOnSite, digit, LOOKS, pixels, ready, sheet, shoot, z0 } from './browser.js';

/** The middle of a slider's thumb when its value is `share` of the way from its least to its largest. */
async function thumb(slider, share) {
  const box = await slider.boundingBox();
  const radius = 15;
  return { x: box.x + radius + share * (box.width - 2 * radius), y: box.y + box.height / 2 };
}

describeOnSite('the page', (open) => {
  test('shows a digit, both sheets, and what runs', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    assert.match(await digit(page).getAttribute('aria-label'), /^The generated digit of seed 1 with z\[0\] at −?\d\.\d\d$/);
    const shades = await digit(page).evaluate(
      (canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size,
    );
    assert.ok(shades > 10, `${shades} shades`);
    assert.notEqual(await pixels(sheet(page, 'held')), await pixels(sheet(page, 'fresh noise')));
    const facts = page.getByRole('region', { name: 'What runs here' });
    await facts.getByText(/^Identical to the trainer /).waitFor();
    for (const fact of [/^tract \d+\.\d+\.\d+$/, /^128 bit$/]) await facts.getByText(fact).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the digit changes while z[0] is dragged, before it is let go', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    const slider = z0(page);
    assert.deepEqual(await slider.evaluate((input) => [input.min, input.max]), ['-3', '3']);
    const start = await thumb(slider, ((await slider.inputValue()) - -3) / 6);
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    let shown = await pixels(digit(page));
    for (const share of [0.9, 0.1, 0.6]) {
      const { x, y } = await thumb(slider, share);
      await page.mouse.move(x, y, { steps: 5 });
      shown = await changed(digit(page), shown, `dragged to ${share}`);
      const value = Number(await slider.inputValue());
      assert.ok(Math.abs(value - (6 * share - 3)) < 0.1, `${value} at ${share}`);
    }
    await page.mouse.up();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the digit changes by the keys', async () => {
    const { page, close } = await open();
    await ready(page);
    await z0(page).focus();
    let shown = await pixels(digit(page));
    for (const [key, value] of [['Home', -3], ['End', 3], ['PageDown', undefined], ['ArrowLeft', undefined]]) {
      await page.keyboard.press(key);
      // One step of 0.01 may leave every grey of the 256 as it was: the label tells it too.
      if (key !== 'ArrowLeft') shown = await changed(digit(page), shown, key);
      if (value !== undefined) assert.equal(Number(await z0(page).inputValue()), value);
    }
    const value = Number(await z0(page).inputValue()).toFixed(2).replace('-', '−');
    await page.getByRole('img', { name: `z[0] at ${value}` }).waitFor();
    await close();
  });

  for (const kind of ['held', 'fresh noise']) {
    test(`the sweep plays and pauses: ${kind}`, async () => {
      const { page, complaints, close } = await open();
      await ready(page);
      await page.getByRole('radio', { name: kind }).check();
      await page.getByRole('button', { name: 'Play the sweep' }).click();
      let shown = await pixels(digit(page));
      for (let frame = 0; frame < 3; frame++) shown = await changed(digit(page), shown, `frame ${frame} after the first`);
      await page.getByRole('button', { name: 'Pause the sweep' }).click();
      await page.getByRole('button', { name: 'Play the sweep' }).waitFor();
      const label = await digit(page).getAttribute('aria-label');
      assert.match(label, kind === 'held' ? /frame \d+ of the sweep$/ : /frame \d+ of the sweep with fresh noise$/);
      const frame = Number(/frame (\d+)/.exec(label)[1]) - 1;
      assert.ok(Math.abs(Number(await z0(page).inputValue()) - (0.02 * frame - 1)) < 1e-6);
      shown = await pixels(digit(page));
      await page.waitForTimeout(500);
      assert.equal(await pixels(digit(page)), shown, 'still after the pause');
      // The frame on show is the tile of the sheet.
      assert.ok(await page.evaluate(sameAsTile, [kind, frame]), `frame ${frame} is not the sheet's tile`);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('after a sweep with fresh noise, the held sweep is still the one on its sheet', async () => {
    const { page, close } = await open();
    await ready(page);
    for (const kind of ['fresh noise', 'held']) {
      await page.getByRole('radio', { name: kind }).check();
      const shown = await pixels(digit(page));
      await page.getByRole('button', { name: 'Play the sweep' }).click();
      await changed(digit(page), shown, kind);
      await page.getByRole('button', { name: 'Pause the sweep' }).click();
      await page.getByRole('button', { name: 'Play the sweep' }).waitFor();
    }
    const label = await digit(page).getAttribute('aria-label');
    const frame = Number(/frame (\d+) of the sweep$/.exec(label)[1]) - 1;
    assert.ok(await page.evaluate(sameAsTile, ['held', frame]), `frame ${frame} is not the sheet's tile`);
    await close();
  });

  test('a new digit takes the next seed, and a seed typed in gives its digit again', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    const first = await pixels(digit(page));
    const firstSheet = await pixels(sheet(page, 'held'));
    await page.getByRole('button', { name: 'New digit' }).click();
    await changed(digit(page), first, 'new digit');
    await changed(sheet(page, 'held'), firstSheet, 'its sheet');
    const seed = page.getByRole('spinbutton', { name: 'Seed' });
    assert.equal(await seed.inputValue(), '2');
    await seed.fill('1');
    await page.getByRole('img', { name: 'generated digit of seed 1 ' }).waitFor();
    assert.equal(await pixels(digit(page)), first);
    await seed.fill('');
    await seed.blur();
    assert.equal(await seed.inputValue(), '1', 'an empty seed goes back to the last good one');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('every other coordinate can be moved by hand, and put back', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    const first = await pixels(digit(page));
    await page.getByText('The other numbers, by hand').click();
    await page.getByRole('slider', { name: 'z[99]' }).waitFor();
    assert.equal(await page.getByRole('slider').count(), 100);
    await page.getByRole('slider', { name: 'z[99]' }).focus();
    await page.keyboard.press('End');
    await changed(digit(page), first, 'z[99]');
    await page.getByRole('button', { name: 'Back to the seed’s' }).click();
    await digit(page).evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(await pixels(digit(page)), first);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the sweep stands still where the system asks for less motion', async () => {
    const { page, close } = await open({ reducedMotion: 'reduce' });
    await ready(page);
    assert.equal(await page.getByRole('button', { name: 'Play the sweep' }).count(), 0);
    await page.getByText('Your system asks for less motion').waitFor();
    await close();
  });

  test('nothing is cut off on a narrow screen, nor at 200 %', async () => {
    for (const [width, height] of [[320, 640], [640, 400], [3840, 2160]]) {
      const { page, close } = await open({ viewport: { width, height } });
      await ready(page);
      await page.getByText('The other numbers, by hand').click();
      await page.getByRole('slider', { name: 'z[99]' }).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide at ${width}`);
      await shoot(page, `width-${width}`);
      await close();
    }
  });

  test('pictures of it', async () => {
    for (const { name, ...look } of LOOKS) {
      const { page, close } = await open(look);
      await ready(page);
      await page.getByText(/^Identical to the trainer /).waitFor();
      await shoot(page, name);
      await close();
    }
  });
});

/** Runs in the page: is the big picture the tile `frame` of the sheet of `kind`? */
function sameAsTile([kind, frame]) {
  const canvases = [...document.querySelectorAll('canvas[role=img]')];
  const named = (text) => canvases.find((canvas) => canvas.getAttribute('aria-label').includes(text));
  const [big, sheet] = [named('generated digit of seed'), named(kind === 'held' ? 'numbers held' : 'fresh noise in')];
  const { width, height } = big;
  const read = (canvas, x, y) => canvas.getContext('2d').getImageData(x, y, width, height).data;
  const [one, other] = [read(big, 0, 0), read(sheet, (frame % 10) * width, Math.floor(frame / 10) * height)];
  // A batch is summed in another order than one picture: a grey may fall on the other side of a rounding.
  return one.every((value, i) => Math.abs(value - other[i]) <= 1);
}
