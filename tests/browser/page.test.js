// The page as a person uses it: everything found by role and name, driven by mouse and keyboard.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { changed, describeOnSite, digit, film, LOOKS, models, openTab, pixels, ready, shows, sheet, shoot, until, z0 } from './browser.js';

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
    await openTab(page, 'Proof');
    const facts = page.getByRole('tabpanel', { name: 'Proof' });
    await facts.getByText(/^Identical to the trainer /).waitFor();
    const costs = [/^tract \d+\.\d+\.\d+$/, /^relaxed SIMD$/, /^0\.\d\d MB$/, /^\d+ µs$/, /^\d+$/, /^normal\(0,1\)$/];
    for (const fact of costs) await facts.getByText(fact).first().waitFor();
    assert.doesNotMatch(await facts.textContent(), /NaN|undefined|null/);
    // Named in words, the trainer's own numbers, and beside them what real pictures get.
    assert.doesNotMatch(await facts.locator('#card dt').allTextContents().then((terms) => terms.join()), /[a-z]_[a-z]/);
    const fid = facts.locator('#card > div').filter({ hasText: 'FID: distance from real pictures' });
    assert.match(await fid.locator('dd').textContent(), /^[\d.]+; real pictures 2\.568$/);
    const real = facts.locator('#card > div').filter({ hasText: 'Share that look real' });
    assert.match(await real.locator('dd').textContent(), /^[\d.]+ %; real pictures 86 %$/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('Proof leads to the model on show, its recipe, its data and every licence', async () => {
    const { page, complaints, close } = await open({ hash: `#v1&m=${models()[1].id}&t=proof` });
    await ready(page);
    const facts = page.getByRole('tabpanel', { name: 'Proof' });
    const model = facts.getByRole('link', { name: 'The model on show, as a file' });
    assert.ok((await model.getAttribute('href')).endsWith(models()[1].file), 'not the first of the site');
    assert.equal(await page.evaluate(async (address) => (await fetch(address)).status, await model.getAttribute('href')), 200);
    await facts.getByRole('link', { name: 'MNIST', exact: true }).waitFor();
    for (const licence of ['CC BY-SA 3.0', 'MIT', 'Apache 2.0']) await facts.getByRole('link', { name: licence, exact: true }).waitFor();
    for (const script of ['forger.js', 'explorer.js']) {
      assert.equal(await page.evaluate(async (address) => (await fetch(address)).status, await facts.getByRole('link', { name: script }).getAttribute('href')), 200);
    }
    await facts.getByText('Every hyperparameter').click();
    const [download] = await Promise.all([page.waitForEvent('download'), facts.getByRole('button', { name: 'Save the recipe' }).click()]);
    assert.equal(download.suggestedFilename(), 'recipe.toml');
    assert.equal(readFileSync(await download.path(), 'utf8'), await facts.locator('pre').textContent());
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
    const { page, complaints, close } = await open({ hash: '#v1' });
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
    await shows(digit(page), first, 'the first seed again');
    await seed.fill('');
    await seed.blur();
    assert.equal(await seed.inputValue(), '1', 'an empty seed goes back to the last good one');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the strip follows z[0], and is scrubbed by the mouse and by keys', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await z0(page).fill('0.5');
    await page.waitForFunction(() => document.querySelector('#sweep .film input').value === '75');
    assert.match(await film(page).getAttribute('aria-valuetext'), /^frame 76 of 100, z\[0\] at 0\.50$/);
    let shown = await pixels(digit(page));
    const box = await film(page).boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 5, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await until(() => z0(page).inputValue(), (value) => Number(value) === -1, 'z[0] of the first frame');
    shown = await changed(digit(page), shown, 'scrubbed');
    await page.keyboard.press('End');
    await changed(digit(page), shown, 'the last frame');
    assert.ok(Math.abs(Number(await z0(page).inputValue()) - 0.98) < 1e-6);
    await z0(page).fill('2');
    await page.waitForFunction(() => document.querySelector('#sweep .film input').getAttribute('aria-valuetext').startsWith('not in the sweep'));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a tile of a sheet that is pointed at becomes the digit', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    for (const [kind, frame] of [['held', 34], ['fresh noise', 57]]) {
      const box = await sheet(page, kind).boundingBox();
      const at = (place) => ((place + 0.5) / 10) * box.width;
      await sheet(page, kind).click({ position: { x: at(frame % 10), y: at(Math.floor(frame / 10)) } });
      await page.getByRole('img', { name: `frame ${frame + 1} of the sweep` }).waitFor();
      assert.ok(await page.evaluate(sameAsTile, [kind, frame]), kind);
    }
    await openTab(page, 'A hundred');
    const hundred = page.getByRole('img', { name: 'The first 100 digits of seed 1' });
    const box = await hundred.boundingBox();
    await hundred.click({ position: { x: 0.35 * box.width, y: 0.25 * box.height } });
    const number = page.getByRole('spinbutton', { name: 'Number of the digit' });
    await page.waitForFunction(() => document.querySelector('#tile').value === '23');
    const shown = await pixels(digit(page));
    await number.fill('99');
    await changed(digit(page), shown, 'by its number');
    await page.waitForFunction(() => location.hash === '#v1&s=1.99&k=fresh&t=hundred');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('tabs are one stop, and arrows go between them', async () => {
    const { page, close } = await open();
    await ready(page);
    await page.getByRole('tab', { name: 'Two sweeps' }).focus();
    for (const [key, name] of [['ArrowRight', 'Draw'], ['End', 'Proof'], ['ArrowRight', 'Two sweeps'], ['ArrowLeft', 'Proof'], ['Home', 'Two sweeps']]) {
      await page.keyboard.press(key);
      await page.getByRole('tab', { name, selected: true }).and(page.locator(':focus')).waitFor();
      await page.getByRole('tabpanel', { name }).waitFor();
      assert.equal(await page.getByRole('tabpanel').count(), 1);
    }
    await page.keyboard.press('Tab');
    await page.getByRole('tabpanel', { name: 'Two sweeps' }).and(page.locator(':focus')).waitFor();
    await close();
  });

  test('the picture stays in sight, small, beside z[0] on a phone', async () => {
    const { page, close } = await open({ viewport: { width: 390, height: 844 } });
    await ready(page);
    await page.evaluate(() => scrollTo(0, 900));
    const box = await z0(page).boundingBox();
    assert.ok(box.y >= 0 && box.y < 150, `z[0] at ${box.y}`);
    const shown = await pixels(page.locator('.thumb'));
    await z0(page).fill('-3');
    await changed(page.locator('.thumb'), shown, 'the small picture');
    await close();
  });

  test('where the system asks for less motion nothing moves by itself, and a pressed Play is obeyed', async () => {
    const { page, close } = await open({ reducedMotion: 'reduce' });
    await ready(page);
    const shown = await pixels(digit(page));
    await page.waitForTimeout(500);
    assert.equal(await pixels(digit(page)), shown);
    await page.getByRole('button', { name: 'Play the sweep' }).click();
    await changed(digit(page), shown, 'played');
    await close();
  });

  test('nothing is cut off on a narrow screen, nor at 200 %', async () => {
    for (const [width, height] of [[320, 640], [640, 400], [3840, 2160]]) {
      for (const locale of ['en-US', 'ko-KR']) {
        const { page, close } = await open({ viewport: { width, height }, locale });
        await page.locator('[role=tabpanel][aria-busy=false]').waitFor();
        await page.locator('[data-pin]').click();
        await page.locator('[data-new]').click();
        await page.locator('[data-pin]').click();
        for (const tab of await page.getByRole('tab').all()) {
          await openTab(page, tab);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${overflow} px too wide at ${width}, ${locale}, ${await tab.textContent()}`);
          await shoot(page, `width-${width}-${locale}-${await tab.getAttribute('id')}`);
        }
        await close();
      }
    }
  });

  test('a shared link has a title, a sentence and a picture', async () => {
    const { page, close } = await open();
    const told = (name) => page.locator(`meta[property="${name}"], meta[name="${name}"]`).getAttribute('content');
    for (const name of ['og:title', 'og:description', 'twitter:card']) assert.ok((await told(name)).length > 10, name);
    const { status, type, width, height } = await page.evaluate(async (src) => {
      const response = await fetch(src);
      const { width, height } = await createImageBitmap(await response.blob());
      return { status: response.status, type: response.headers.get('content-type'), width, height };
    }, await told('og:image'));
    assert.deepEqual([status, type, width, height], [200, 'image/png', 1200, 630]);
    assert.deepEqual([await told('og:image:width'), await told('og:image:height')], ['1200', '630']);
    assert.ok((await told('og:image:alt')).length > 30, 'said to whoever cannot see it');
    for (const icon of await page.locator('link[rel~=icon], link[rel=apple-touch-icon]').all()) {
      assert.equal(await page.evaluate(async (src) => (await fetch(src)).status, await icon.getAttribute('href')), 200);
    }
    await close();
  });

  test('pictures of it', async () => {
    for (const { name, ...look } of LOOKS) {
      const { page, close } = await open(look);
      await ready(page);
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
  // A copy, as the browser warns of canvases that are read more than once.
  const read = (canvas, x, y) => {
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(canvas, -x, -y);
    return context.getImageData(0, 0, width, height).data;
  };
  const [one, other] = [read(big, 0, 0), read(sheet, (frame % 10) * width, Math.floor(frame / 10) * height)];
  // A batch is summed in another order than one picture: a grey may fall on the other side of a rounding.
  return one.every((value, i) => Math.abs(value - other[i]) <= 1);
}
