// More models than one: those of the site, and the visitor's own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changed, describeOnSite, digit, models, openTab, pixels, ready, shows, SITE } from './browser.js';
import { generatorFile, saying } from './onnx.js';

const own = (page) => page.getByLabel('Choose an .onnx file');
const file = (name, bytes) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

async function opened(open, options) {
  const result = await open({ hash: '#v1', ...options });
  await ready(result.page);
  await openTab(result.page, 'Models');
  return result;
}

describeOnSite('the models', (open) => {
  test('another of the site draws the same z, and the link says which', async () => {
    const { page, complaints, close } = await opened(open);
    const first = await pixels(digit(page));
    await page.getByRole('radio', { name: /^seed, / }).check();
    const second = await changed(digit(page), first, 'the seed recipe');
    const { id } = models().find(({ recipe }) => recipe === 'seed');
    await page.waitForFunction((id) => location.hash.includes(`m=${id}`), id);
    await page.reload();
    await ready(page);
    await shows(digit(page), second, 'after a reload');
    await page.goBack();
    await changed(digit(page), second, 'back to the first model');
    await shows(digit(page), first, 'back to the first model');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('those whose pictures the networks learned from are named, and no others', async () => {
    const named = (dataset) => saying(generatorFile(100, [1, 28, 28]), { 'forger.dataset': dataset });
    const site = (dataset) => async (page) => {
      const model = { id: 'gen', file: 'gen.onnx', recipe: 'stable', epochs: 1, run: `stable, seed 0, ${dataset}` };
      await page.route('**/models.json', (route) => route.fulfill({ json: { models: [model] } }));
      await page.route('**/gen.onnx', (route) => route.fulfill({ body: named(dataset), contentType: 'application/octet-stream' }));
    };
    const credits = async (page, mnist, fashion, avatars) => {
      await page.getByText('learned from MNIST').and(page.locator('.foot *')).waitFor({ state: mnist ? 'visible' : 'hidden' });
      await page.getByText('learned from Fashion-MNIST').waitFor({ state: fashion ? 'visible' : 'hidden' });
      await page.getByText('learned from avatars').waitFor({ state: avatars ? 'visible' : 'hidden' });
    };
    const { page, complaints, close } = await opened(open, { prepare: site('avatars') });
    await credits(page, false, false, true);
    await openTab(page, 'Proof');
    await page.locator('#sources').getByRole('link', { name: 'CC0 1.0' }).waitFor();
    for (const [dataset, mnist, fashion] of [['fashion-mnist', false, true], ['mnist', true, false]]) {
      await own(page).setInputFiles(file('own.onnx', named(dataset)));
      await credits(page, mnist, fashion, true);
    }
    assert.deepEqual(complaints, []);
    await close();
    const digits = await opened(open, { prepare: site('mnist') });
    await own(digits.page).setInputFiles(file('own.onnx', named('avatars')));
    await digits.page.getByText('Your own: own.onnx').first().waitFor();
    await credits(digits.page, true, false, true);
    await digits.close();
  });

  test('a run is followed through its epochs', async () => {
    const { page, complaints, close } = await opened(open);
    const slider = page.getByRole('slider', { name: 'Epoch of training' });
    const epochs = models().filter(({ recipe }) => recipe === 'stable').map(({ epochs }) => epochs);
    assert.ok(epochs.length > 1, 'the site has epochs');
    await slider.focus();
    const shown = await pixels(digit(page));
    await page.keyboard.press('Home');
    await changed(digit(page), shown, 'the first epoch');
    assert.equal(await slider.getAttribute('aria-valuetext'), `epoch ${Math.min(...epochs)}`);
    await page.getByRole('status').getByText('100 numbers in, 1 × 28 × 28 out').waitFor();
    await page.keyboard.press('End');
    await page.waitForFunction((text) => document.querySelector('#epoch').getAttribute('aria-valuetext') === text, `epoch ${Math.max(...epochs)}`);
    await shows(digit(page), shown, 'the last epoch is the model itself');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('its learning is watched, epoch by epoch, over a hundred pictures, and stops at the end', async () => {
    const { page, complaints, close } = await opened(open);
    const sheet = page.getByRole('img', { name: /^The first 100 digits of seed 1 in rows of ten, drawn by / });
    const last = await pixels(sheet);
    // Until the step to this tab is written.
    await page.waitForFunction(() => /t=models/.test(location.hash));
    const entries = await page.evaluate(() => history.length);
    const watch = page.getByRole('button', { name: 'Watch it learn' });
    await watch.click();
    const seen = new Set();
    const output = page.locator('#epochs output');
    while (!(await watch.isVisible()) || seen.size === 0) {
      seen.add(await output.textContent());
      await page.waitForTimeout(50);
    }
    const epochs = models().filter(({ recipe }) => recipe === 'stable').map(({ epochs }) => `epoch ${epochs}`);
    for (const epoch of epochs) assert.ok(seen.has(epoch) || epoch === (await output.textContent()), `${epoch} in ${[...seen]}`);
    await shows(sheet, last, 'the last epoch');
    await page.waitForTimeout(400);
    assert.ok((await page.evaluate(() => history.length)) <= entries + 1, 'one step back');
    const box = await sheet.boundingBox();
    await sheet.click({ position: { x: 0.15 * box.width, y: 0.25 * box.height } });
    await page.waitForFunction(() => /s=1\.21/.test(location.hash));
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, latent, shape] of [
    ['grey, another size', 12, [1, 10, 14]],
    ['colour', 7, [3, 16, 16]],
    ['one number, one pixel', 1, [1, 1, 1]],
  ]) {
    test(`the visitor’s own: ${name}`, async () => {
      const { page, complaints, close } = await opened(open);
      await own(page).setInputFiles(file('mine.onnx', generatorFile(latent, shape)));
      await page.getByRole('status').getByText(`Your own: mine.onnx: ${latent} numbers in, ${shape.join(' × ')} out.`).waitFor();
      const big = page.getByRole('img', { name: 'generated picture of seed 1' });
      assert.deepEqual(await big.evaluate((canvas) => [canvas.height, canvas.width]), shape.slice(1));
      const before = await pixels(big);
      await page.getByRole('slider', { name: 'z[0]', exact: true }).fill('3');
      await changed(big, before, 'z[0]');
      for (const tab of ['Two sweeps', 'A hundred', 'All numbers', 'Walk', 'Proof']) await openTab(page, tab);
      await page.getByText('it cannot be checked here').waitFor();
      await page.getByText(shape.join(' × '), { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Copy link' }).click();
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('a colour model’s pixels are its colours', async () => {
    const { page, close } = await opened(open);
    await own(page).setInputFiles(file('mine.onnx', generatorFile(3, [3, 4, 4])));
    await page.getByRole('img', { name: 'generated picture' }).waitFor();
    const greatest = await page.evaluate(async (bytes) => {
      const { Generator } = await import('./forger.js');
      const { sampleZ } = await import('./philox.js');
      const g = await Generator.load(Uint8Array.from(bytes));
      const image = g.generate(sampleZ(1, 1, 3));
      const shown = document.querySelector('#picture').getContext('2d').getImageData(0, 0, 4, 4).data;
      let most = 0;
      for (let pixel = 0; pixel < 16; pixel++) {
        for (let c = 0; c < 3; c++) most = Math.max(most, Math.abs(shown[4 * pixel + c] - 127.5 * (image[c * 16 + pixel] + 1)));
      }
      return most;
    }, [...generatorFile(3, [3, 4, 4])]);
    assert.ok(greatest <= 0.51, `${greatest}`);
    await close();
  });

  test('a file is dropped anywhere on the page', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    const shown = await pixels(digit(page));
    await page.evaluate((bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], 'dropped.onnx'));
      const tell = (type) => document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
      tell('dragover');
      if (!document.querySelector('#drop').checkVisibility()) throw new Error('the page does not say that it takes the file');
      tell('drop');
    }, [...readFileSync(join(SITE, models().at(-1).file))]);
    await changed(digit(page), shown, 'dropped');
    await openTab(page, 'Models');
    await page.getByRole('radio', { name: 'Your own: dropped.onnx' }).waitFor();
    assert.ok(await page.getByRole('radio', { name: 'Your own: dropped.onnx' }).isChecked());
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, bytes, sentence] of [
    ['a text', 'hello', /^This is not an ONNX model/],
    ['five channels', generatorFile(4, [5, 8, 8]), /^The model gives no picture/],
    ['too wide', generatorFile(1, [1, 2, 513]), /^The pictures of bad\.onnx are 1 × 2 × 513/],
  ]) {
    test(`a file that cannot be used is a sentence, and the model before it stays: ${name}`, async () => {
      const { page, complaints, close } = await opened(open);
      const shown = await pixels(digit(page));
      await own(page).setInputFiles(file('bad.onnx', bytes));
      await page.getByRole('alert').getByText(sentence).waitFor();
      assert.equal(await pixels(digit(page)), shown);
      await own(page).setInputFiles(file('good.onnx', readFileSync(join(SITE, 'gen.onnx'))));
      await page.getByRole('alert').waitFor({ state: 'hidden' });
      assert.deepEqual(complaints, []);
      await close();
    });
  }
});
