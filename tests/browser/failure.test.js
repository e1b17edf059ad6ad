// What a visitor reads when it does not work: a sentence and what to do, never a blank page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOnSite, shoot, SITE } from './browser.js';

/** Answers the page's request for the model with something else. */
const answer = (response) => (page) => page.route('**/gen.onnx', (route) => route.fulfill(response()));

const model = () => readFileSync(join(SITE, 'gen.onnx'));

const CASES = [
  ['missing', answer(() => ({ status: 404, body: 'not here' })), /^The model gen\.onnx is not on this server \(it answers 404\)\.$/],
  ['unreachable', (page) => page.route('**/gen.onnx', (route) => route.abort()), /^The server cannot be reached for gen\.onnx\.$/],
  ['cut short', answer(() => ({ body: model().subarray(0, 100_000) })), /^The model file is cut short: \d+ bytes expected, 100000 found\.$/],
  ['empty', answer(() => ({ body: '' })), /^The model file is empty\.$/],
  ['a page', answer(() => ({ body: '<!doctype html><p>Welcome' })), /^This is not an ONNX model: it is a web page/],
  ['not ONNX', answer(() => ({ body: 'a text' })), /^This is not an ONNX model: it is a text that begins with `a text`\.$/],
  ['a pointer', answer(() => ({ body: 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n' })), /^This is not an ONNX model: it is a Git LFS pointer/],
  ['no runtime', (page) => page.route('**/*.wasm', (route) => route.fulfill({ status: 404 })), /^The runtime could not be loaded\.$/],
  [
    'no SIMD',
    (page) => page.addInitScript(() => (WebAssembly.validate = () => false)),
    /^This browser has no WebAssembly SIMD, which the generator runs on\.$/,
  ],
  ['no WebAssembly', (page) => page.addInitScript(() => delete globalThis.WebAssembly), /^This browser has no WebAssembly SIMD/],
];

describeOnSite('a page that cannot draw', (open) => {
  for (const [name, prepare, expected] of CASES) {
    test(`says why: ${name}`, async () => {
      const { page, complaints, close } = await open({ prepare });
      const alert = page.getByRole('alert');
      await alert.getByRole('button', { name: 'Try again' }).waitFor();
      const [message, hint] = await alert.getByRole('paragraph').allTextContents();
      assert.match(message, expected);
      assert.ok(hint.length > 20, `what to do: ${hint}`);
      assert.equal(await page.getByRole('slider').count(), 0, 'no control that does nothing');
      // The browser itself writes a failed request to the console; the page must add nothing to that.
      assert.deepEqual(complaints.filter((text) => !text.startsWith('error: Failed to load resource')), []);
      await shoot(page, `failure-${name.replaceAll(' ', '-')}`);
      await close();
    });
  }

  test('works again after a fault that went away', async () => {
    let broken = true;
    const prepare = (page) => page.route('**/gen.onnx', (route) => (broken ? route.fulfill({ body: 'a text' }) : route.fallback()));
    const { page, close } = await open({ prepare });
    const again = page.getByRole('button', { name: 'Try again' });
    await again.waitFor();
    broken = false;
    await again.click();
    await page.getByRole('status').getByText('Ready').waitFor();
    await close();
  });

  test('says that it takes JavaScript', async () => {
    // A browser told by its debugger to run no scripts still hides `noscript`, so the text is looked for in the file.
    const html = readFileSync(join(SITE, 'index.html'), 'utf8');
    assert.match(html, /<noscript>.*that takes JavaScript.*<\/noscript>/s);
  });
});
