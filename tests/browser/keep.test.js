// What visitors take home: links, files; and the way back.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { changed, describeOnSite, digit, openTab, pixels, ready, shows, z0 } from './browser.js';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const settled = (page) => page.waitForTimeout(450);

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** What a browser makes of a picture's bytes: its size and the bytes of a frame. */
const picture = (page, bytes, type) =>
  page.evaluate(
    async ([base64, type]) => {
      const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const decoder = new ImageDecoder({ data, type });
      await decoder.tracks.ready;
      await decoder.completed;
      const frames = decoder.tracks.selectedTrack.frameCount;
      const { image } = await decoder.decode({ frameIndex: Math.min(30, frames - 1) });
      const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
      canvas.getContext('2d').drawImage(image, 0, 0);
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      const scale = canvas.width / 28;
      const small = Array.from({ length: 784 }, (_, i) => pixels[4 * (Math.floor(i / 28) * scale * canvas.width + (i % 28) * scale)]);
      return { width: canvas.width, frames, small };
    },
    [bytes.toString('base64'), type],
  );

const greys = (page) =>
  digit(page).evaluate((canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0));

describeOnSite('keeping', (open) => {
  test('a link brings back numbers, pins, tab and sweep in another browser', async () => {
    const { page, context, complaints, close } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await ready(page);
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('77');
    await button(page, 'Pin this').click();
    await z0(page).fill('2.5');
    await button(page, 'Pin this').click();
    await openTab(page, 'All numbers');
    await button(page, 'Show all 100').click();
    await page.getByRole('slider', { name: 'Direction 3' }).fill('-2');
    await page.getByRole('slider', { name: 'z[9]', exact: true }).fill('1.11');
    await page.getByRole('radio', { name: 'fresh noise' }).check();
    await openTab(page, 'Walk');
    await button(page, 'Copy link').click();
    await page.getByRole('status').getByText('The link is copied').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, page.url());
    assert.ok(link.length < 500, link);
    const other = await context.newPage();
    await other.goto(link);
    await ready(other);
    await other.getByRole('tab', { name: 'Walk', selected: true }).waitFor();
    await shows(digit(other), await pixels(digit(page)), 'the link’s picture');
    assert.ok(await other.getByRole('radio', { name: 'fresh noise' }).isChecked());
    assert.equal(await other.getByRole('button', { name: /^Show pin/ }).count(), 2);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('what is shared is the link and the picture, by what the device has for it', async () => {
    const prepare = (page) =>
      page.addInitScript(() => {
        navigator.canShare = () => true;
        navigator.share = async (told) => {
          globalThis.told = { ...told, files: told.files.map(({ name, type, size }) => ({ name, type, size })) };
        };
      });
    const { page, complaints, close } = await open({ hash: '#v1', prepare });
    await ready(page);
    await z0(page).fill('1.5');
    await button(page, 'Share').click();
    const told = await (await page.waitForFunction(() => globalThis.told)).jsonValue();
    assert.equal(told.url, page.url());
    assert.match(told.url, /#v1&z=/);
    assert.deepEqual(told.files.map(({ name, type }) => [name, type]), [['forger-1-0.png', 'image/png']]);
    assert.ok(told.files[0].size > 500);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a device that shares nothing has no button for it', async () => {
    const { page, close } = await open({ prepare: (page) => page.addInitScript(() => delete Navigator.prototype.share) });
    await ready(page);
    assert.equal(await button(page, 'Share').count(), 0);
    await close();
  });

  test('the code of a frame shows this digit in any page', async () => {
    const { page, context, close } = await open({ hash: '#v1&s=7.3', permissions: ['clipboard-read', 'clipboard-write'] });
    await ready(page);
    await button(page, 'Embed').click();
    await page.getByRole('status').getByText('The code is copied').waitFor();
    const code = await page.evaluate(() => navigator.clipboard.readText());
    const host = await context.newPage();
    await host.setContent(`<p>A blog</p>${code}`);
    const frame = host.frameLocator('iframe');
    await frame.getByRole('img', { name: 'generated digit of seed 7 ' }).waitFor();
    await shows(frame.getByRole('img', { name: 'generated digit of seed 7 ' }), await pixels(digit(page)), 'the same digit');
    assert.equal(await frame.getByRole('tab').count(), 0);
    await close();
  });

  test('where copying is forbidden the link is there to be taken', async () => {
    const prepare = (page) => page.addInitScript(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))));
    const { page, complaints, close } = await open({ prepare });
    await ready(page);
    await button(page, 'Copy link').click();
    const field = page.getByRole('textbox', { name: 'The browser does not let this page copy. This is the link:' });
    await field.focus();
    assert.equal(await field.inputValue(), page.url());
    assert.equal(await page.evaluate(() => getSelection().toString()), page.url(), 'chosen whole');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('back and forward go through what was done, a drag at a time', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    const shown = [await pixels(digit(page))];
    await button(page, 'New digit').click();
    shown.push(await changed(digit(page), shown[0], 'new digit'));
    await settled(page);
    for (const value of ['1', '2', '3']) await z0(page).fill(value);
    shown.push(await changed(digit(page), shown[1], 'dragged'));
    await settled(page);
    shown[2] = await pixels(digit(page));
    for (const [way, to] of [['goBack', 1], ['goBack', 0], ['goForward', 1], ['goForward', 2]]) {
      const before = await pixels(digit(page));
      await page[way]();
      await changed(digit(page), before, `${way} to ${to}`);
      await shows(digit(page), shown[to], `${way} to ${to}`);
    }
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [hash, sentence] of [
    ['#v1&s=12&z=broken', 'The link is damaged'],
    ['#v9&s=12', 'made by another version'],
    ['#v1&m=nobody-7', 'a model that this site does not have'],
    ['#v1&m=own', 'a model that this site does not have'],
  ]) {
    test(`a link that cannot be followed is a sentence and a fresh start: ${hash}`, async () => {
      const { page, complaints, close } = await open({ hash });
      await ready(page);
      await page.getByRole('alert').getByText(sentence).waitFor();
      await page.getByRole('img', { name: 'generated digit of seed 1 ' }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
      await button(page, 'New digit').click();
      await page.getByRole('alert').getByText(sentence).waitFor({ state: 'hidden' });
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('a fragment that is none of ours is let be', async () => {
    const { page, close } = await open({ hash: '#somewhere' });
    await ready(page);
    assert.equal(await page.getByRole('alert').count(), 0);
    await close();
  });

  test('the PNG is the picture, larger', async () => {
    const { page, complaints, close } = await open({ hash: '#v1' });
    await ready(page);
    const { name, bytes } = await download(page, 'PNG');
    assert.equal(name, 'forger-1-0.png');
    const { width, small } = await picture(page, bytes, 'image/png');
    assert.equal(width, 560);
    assert.deepEqual(small, await greys(page));
    await page.getByRole('status').getByText('Saved forger-1-0.png.').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the GIF is the sweep: a hundred frames, as the browser reads them', async () => {
    const { page, complaints, close } = await open({ hash: '#v1' });
    await ready(page);
    const { name, bytes } = await download(page, 'GIF of the sweep');
    assert.equal(name, 'forger-1-0-sweep.gif');
    const { width, frames, small } = await picture(page, bytes, 'image/gif');
    assert.deepEqual([width, frames], [168, 100]);
    await page.getByRole('slider', { name: 'Frame of the sweep' }).fill('30');
    await page.getByRole('img', { name: 'frame 31 of the sweep' }).waitFor();
    const expected = await greys(page);
    assert.ok(small.every((grey, i) => Math.abs(grey - expected[i]) <= 1), 'frame 31 of both');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the GIF of a walk goes there and back', async () => {
    const { page, close } = await open();
    await ready(page);
    await button(page, 'Pin this').click();
    const first = await greys(page);
    await button(page, 'New digit').click();
    await button(page, 'Pin this').click();
    await openTab(page, 'Walk');
    const { name, bytes } = await download(page, 'GIF of the walk');
    assert.match(name, /^forger-2-\d+-walk\.gif$/);
    const { frames, small } = await picture(page, bytes, 'image/gif');
    assert.equal(frames, 60);
    const second = await greys(page);
    assert.ok(small.every((grey, i) => Math.abs(grey - second[i]) <= 1), 'half way it is the other pin');
    assert.notDeepEqual(first, second);
    await close();
  });

  test('the JSON is z, number for number', async () => {
    const { page, close } = await open({ hash: '#v1' });
    await ready(page);
    const { name, bytes } = await download(page, 'z as JSON');
    assert.equal(name, 'forger-1-0.json');
    const { z, seed } = JSON.parse(bytes);
    const same = await page.evaluate(async (z) => {
      const { sampleZ } = await import('./philox.js');
      return sampleZ(1, 1, 100).every((value, i) => value === z[i]);
    }, z);
    assert.ok(same && z.length === 100 && seed === 1);
    await close();
  });
});
