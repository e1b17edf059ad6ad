// What crosses the network until the first picture is there, and that this picture is told as what it is.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { readSketch } from '../../web/glimpse.js';
import { changed, describeOnSite, digit, pixels, ready, SITE } from './browser.js';
import { buffer } from './mnist.js';

/** In bytes, as a host sends them that compresses by brotli: the bar is 350 kB, and what is below it is not given back. */
const BUDGET = 220_000;

/** Runs in the page, before it: notes when the first picture is on the canvas. */
function watch() {
  const { putImageData } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    if (this.canvas.id === 'picture') globalThis.drawnAt ??= performance.now();
    return putImageData.apply(this, given);
  };
}

/** Keeps the model back until `let go` is called. */
async function held(page) {
  let letGo;
  const gone = new Promise((resolve) => (letGo = resolve));
  await page.route('**/gen.onnx', async (route) => {
    await gone;
    await route.fallback();
  });
  return letGo;
}

const picture = (page) => page.locator('#picture');
const look = (page) => page.getByRole('img', { name: 'A first look at the digit of seed' });

describeOnSite('the first picture', (open) => {
  for (const hash of ['', '#v1&s=7.3&t=hundred']) {
    test(`costs at most ${BUDGET / 1000} kB, ${hash || 'without a link'}`, async (t) => {
      const { page, complaints, close } = await open({ fresh: true, hash, prepare: (page) => page.addInitScript(watch) });
      await ready(page);
      // Whatever was asked for before, whether or not it had come; the icon and the list of them are in no list of the browser.
      const asked = await page.evaluate(() => {
        const before = performance.getEntriesByType('resource').filter(({ startTime }) => startTime < globalThis.drawnAt);
        const others = [...document.querySelectorAll('link[rel=icon], link[rel=manifest]')].map(({ href }) => href);
        return [...new Set([location.href, ...before.map(({ name }) => name), ...others])];
      });
      const sizes = asked.map((address) => {
        const name = new URL(address).pathname.replace('/some/where/', '') || 'index.html';
        return { name, bytes: brotliCompressSync(readFileSync(join(SITE, name))).length };
      });
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
      const largest = sizes.toSorted((a, b) => b.bytes - a.bytes).slice(0, 6).map(({ name, bytes }) => `${name} ${bytes}`);
      t.diagnostic(`${total} bytes in ${sizes.length} files: ${largest.join(', ')}`);
      assert.ok(sizes.length > 10, 'the browser tells what it asked for');
      assert.ok(sizes.some(({ name }) => name === 'glimpse.safetensors'), 'and the rounded weights are among it');
      assert.ok(total <= BUDGET, `${total}: ${largest}`);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('is told as a first look, in either language, until the network’s own takes its place and looks the same', async (t) => {
    let letGo;
    const { page, complaints, close } = await open({ prepare: async (page) => (letGo = await held(page)) });
    await look(page).waitFor();
    await page.getByRole('status').getByText('by weights rounded to a byte each').waitFor();
    assert.ok(await page.getByRole('slider', { name: 'z[0]' }).isDisabled(), 'no control that does nothing yet');
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('img', { name: '시드 1 숫자의 첫 모습' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    const greys = () => picture(page).evaluate((canvas) => {
      const context = new OffscreenCanvas(28, 28).getContext('2d');
      context.drawImage(canvas, 0, 0);
      return [...context.getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0);
    });
    const [before, shown] = [await greys(), await pixels(picture(page))];
    letGo();
    await changed(picture(page), shown, 'the network’s own picture');
    await ready(page);
    await digit(page).waitFor();
    const after = await greys();
    const mean = after.reduce((sum, grey, i) => sum + Math.abs(grey - before[i]), 0) / after.length;
    t.diagnostic(`${mean.toFixed(2)} of 255 greys apart on average`);
    assert.ok(mean < 3, `${mean}`);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('is the one of the link, and there is none for a link to another model', async () => {
    let letGo;
    const prepare = async (page) => (letGo = await held(page));
    const { page, close } = await open({ hash: '#v1&s=9', prepare });
    await page.getByRole('img', { name: 'A first look at the digit of seed 9' }).waitFor();
    letGo();
    await page.getByRole('img', { name: 'The generated digit of seed 9 ' }).waitFor();
    await close();
    const asked = [];
    const { models } = JSON.parse(readFileSync(join(SITE, 'models.json'), 'utf8'));
    const other = await open({ hash: `#v1&m=${models[1].id}`, prepare: (page) => page.on('request', (request) => asked.push(request.url())) });
    await ready(other.page);
    assert.ok(!asked.some((url) => url.endsWith('glimpse.safetensors')), 'its rounded weights are another’s');
    await other.close();
  });

  for (const [name, answer] of [
    ['lost', { status: 404, body: '' }],
    ['damaged', { body: 'a text' }],
    ['of a site that has none', undefined],
  ]) {
    test(`the page comes without it, ${name}`, async () => {
      const prepare = async (page) => {
        if (answer) return page.route('**/glimpse.safetensors', (route) => route.fulfill(answer));
        return page.route('**/where/', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: (await response.text()).replace(/.*name="glimpse".*\n/, '') });
        });
      };
      const { page, complaints, close } = await open({ prepare });
      await ready(page);
      await digit(page).waitFor();
      assert.deepEqual(complaints.filter((text) => !text.startsWith('error: Failed to load resource')), []);
      await close();
    });
  }
});

test('rounded weights draw by the same sums, for one vector or for many', { skip: !SITE }, () => {
  const sketch = readSketch(buffer(join(SITE, 'glimpse.safetensors')));
  const z = Float32Array.from({ length: 2 * sketch.latentSize }, (_, i) => Math.sin(i));
  const both = sketch.generate(z);
  assert.equal(both.length, 2 * 784);
  assert.deepEqual(both.subarray(784), sketch.generate(z.subarray(sketch.latentSize)));
  assert.ok(both.every((value) => Math.abs(value) <= 1));
  assert.ok(sketch.sample >= 0 && sketch.sample < 100);
});
