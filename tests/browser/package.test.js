// The npm package, as a stranger uses it: packed, installed into an empty project, run in Node and in Chromium, type-checked.
//
//   FORGER_PACKAGE  the folder that `cargo xtask package` wrote; without it these tests are skipped
//   FORGER_MODEL    an ONNX model of Forger's

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { FLAGS } from './browser.js';
import { serve } from './server.js';

const { FORGER_PACKAGE, FORGER_MODEL, FORGER_CHROMIUM = '/usr/bin/chromium', FORGER_REQUIRE_ALL } = process.env;
const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const TSC = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));

const reason = !FORGER_PACKAGE ? 'FORGER_PACKAGE names no package (`cargo xtask package`)' : !FORGER_MODEL && 'FORGER_MODEL names no model';
if (reason && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${reason}`);

const PAGE = `<!doctype html><html lang="en"><title>A page of somebody's</title>
<meta http-equiv="content-security-policy" content="default-src 'self'; script-src 'self' 'wasm-unsafe-eval'">
<script type="module" src="node_modules/forger-generator/latent-explorer.js"></script>
<latent-explorer src="gen.onnx" seed="7"></latent-explorer>
<latent-explorer src="none.onnx"></latent-explorer>`;

/** Korean, dark, all controls, and far below what is seen. */
const BELOW = `<!doctype html><html lang="ko"><title>A page of somebody's</title>
<style>latent-explorer { --explorer-size: 200px } latent-explorer::part(button) { color: rgb(1, 2, 3) }</style>
<script type="module" src="node_modules/forger-generator/latent-explorer.js"></script>
<div id="above">...</div>
<latent-explorer src="gen.onnx" controls="slider new" theme="dark"></latent-explorer>
<latent-explorer src="gen.onnx" controls="" lang="en" loading="eager"></latent-explorer>`;

const SCRIPT = `
import { readFile } from 'node:fs/promises';
import { Generator, ForgerError, runtimeInfo } from 'forger-generator';
const told = [];
for (const source of ['gen.onnx', new URL('gen.onnx', import.meta.url), await readFile('gen.onnx')]) {
  const g = await Generator.load(source);
  told.push([g.latentSize, ...g.imageShape, g.generate(new Float32Array(200)).length, (await g.generateAsync(new Float32Array(100))).length]);
}
const parity = JSON.parse((await Generator.load('gen.onnx')).metadata['forger.parity']);
const g = await Generator.load('gen.onnx');
const drawn = g.generate(Float32Array.from(parity.z.flat()));
const difference = drawn.reduce((most, value, i) => Math.max(most, Math.abs(value - parity.image.flat()[i])), 0);
const failure = await Generator.load('none.onnx').catch((error) => [error instanceof ForgerError, error.message, error.hint]);
console.log(JSON.stringify({ told, difference, failure, info: await runtimeInfo() }));
`;

const TYPED = `
import { Generator, ForgerError, runtimeInfo, type Source } from 'forger-generator';
import { LatentExplorer } from 'forger-generator/latent-explorer.js';
const source: Source = new URL('gen.onnx', 'http://localhost/');
const g: Generator = await Generator.load(source, { onProgress: ({ loaded, total }) => console.log(loaded, total) });
const pixels: Float32Array = g.generate(new Float32Array(g.latentSize));
const later: Float32Array | undefined = await g.generateAsync(pixels);
const told: Float32Array = g.ofClass(g.class).generate(pixels, g.classes?.map((_, place) => place) ?? 0);
const shape: readonly number[] = g.imageShape;
const recipe: string | undefined = g.metadata['forger.recipe'];
const element: LatentExplorer = document.createElement('latent-explorer');
const { tract, relaxedSimd } = await runtimeInfo();
console.log(later, told, shape, recipe, element.generator?.msPerPicture, tract, relaxedSimd, new ForgerError('a', 'b').hint);
// @ts-expect-error a generator is loaded, not made
new Generator();
// @ts-expect-error z is a Float32Array
g.generate([1, 2, 3]);
`;

describe('the npm package', { skip: FORGER_REQUIRE_ALL !== '1' && reason }, () => {
  let project;
  before(async () => {
    assert.ok(!reason, reason);
    project = await mkdtemp(join(tmpdir(), 'forger-package-'));
    const { stdout } = await run(npm, ['pack', '--json', '--pack-destination', project, FORGER_PACKAGE]);
    await writeFile(join(project, 'package.json'), '{"private": true, "type": "module"}');
    const tarball = join(project, JSON.parse(stdout)[0].filename);
    await run(npm, ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: project });
    await copyFile(FORGER_MODEL, join(project, 'gen.onnx'));
  });
  after(() => rm(project, { recursive: true, force: true }));

  test('runs in Node', async () => {
    await writeFile(join(project, 'script.js'), SCRIPT);
    const { stdout } = await run('node', ['script.js'], { cwd: project });
    const { told, difference, failure, info } = JSON.parse(stdout);
    for (const each of told) assert.deepEqual(each, [100, 1, 28, 28, 1568, 784]);
    assert.equal(told.length, 3);
    assert.ok(difference <= 2e-5, `${difference}`);
    assert.deepEqual(failure, [true, 'The model none.onnx cannot be read', 'Check its path.']);
    assert.equal(info.simd, true);
  });

  test('its declarations hold for a strict TypeScript project', async () => {
    await writeFile(join(project, 'typed.ts'), TYPED);
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom'];
    const failed = await run('node', [TSC, ...flags, 'typed.ts'], { cwd: project }).catch((error) => error);
    assert.ok(!(failed instanceof Error), failed.stdout);
  });

  test('its element draws, is moved and swept in any page, under a strict content security policy', async () => {
    await writeFile(join(project, 'index.html'), PAGE);
    const server = await serve(project);
    const browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
    try {
      const page = await browser.newPage();
      const complaints = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(server.url);

      const [element, broken] = [page.locator('latent-explorer').first(), page.locator('latent-explorer').last()];
      const [slider, picture] = [element.getByRole('slider', { name: 'z[0]' }), element.getByRole('img')];
      await element.getByRole('img', { name: /^generated picture at z\[0\] = -?\d\.\d\d$/ }).waitFor();
      const shown = () => picture.evaluate((canvas) => canvas.toDataURL());
      const at = async (value) => {
        await slider.fill(value);
        await element.getByRole('img', { name: `z[0] = ${value}` }).waitFor();
        return shown();
      };
      const first = await at('-2.00');
      assert.notEqual(await at('2.00'), first, 'another z[0], another picture');
      assert.equal(await at('-2.00'), first, 'the same z[0], the same picture');

      await element.getByRole('button', { name: 'Play the sweep' }).click();
      const seen = new Set();
      for (let i = 0; i < 200 && seen.size < 5; i++) seen.add(await slider.inputValue());
      assert.ok(seen.size >= 5, 'the slider follows the sweep');
      await element.getByRole('button', { name: 'Pause the sweep' }).click();

      await element.evaluate((explorer) => explorer.setAttribute('seed', '8'));
      await slider.evaluate(() => new Promise(requestAnimationFrame));
      assert.notEqual(await at('-2.00'), first, 'another seed, another picture');

      await broken.getByText('The model none.onnx is not on this server (it answers 404).').waitFor();
      assert.equal(await broken.getByRole('slider').isDisabled(), true);
      assert.deepEqual(complaints.filter((text) => !text.startsWith('Failed to load resource')), []);
    } finally {
      await browser.close();
      await server.close();
    }
  });

  test('its element waits until it is seen, speaks as its page does, and has the controls that are asked for', async () => {
    await writeFile(join(project, 'below.html'), BELOW);
    const server = await serve(project);
    const browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
    try {
      const page = await browser.newPage({ viewport: { width: 600, height: 500 }, reducedMotion: 'reduce' });
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.route('**/below.html', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: (await response.text()).replace('<div id="above">', '<div id="above" style="height: 5000px">') });
      });
      await page.goto(`${server.url}below.html`);
      const [korean, plain] = [page.locator('latent-explorer').first(), page.locator('latent-explorer').last()];
      await plain.getByRole('img', { name: 'generated picture at z[0]' }).waitFor();
      assert.equal(await plain.getByRole('slider').count() + await plain.getByRole('button').count(), 0);
      assert.equal(asked.filter((url) => url.endsWith('gen.onnx')).length, 1, 'the other has not been loaded');
      assert.ok(await korean.getByText('8', { exact: true }).isVisible(), 'it waits as a digit');
      await korean.scrollIntoViewIfNeeded();
      await korean.getByRole('img', { name: '만든 그림, z[0] =' }).waitFor();
      assert.equal(await korean.getByText('8', { exact: true }).isVisible(), false);
      const shown = () => korean.getByRole('img').evaluate((canvas) => canvas.toDataURL());
      const before = await shown();
      await korean.getByRole('button', { name: '새 숫자' }).click();
      await page.waitForFunction(([canvas, before]) => canvas.toDataURL() !== before, [await korean.getByRole('img').elementHandle(), before]);
      assert.equal(await korean.getByRole('button').count(), 1, 'no sweep was asked for');
      const paper = await korean.locator('[part=paper]').evaluate((element) => getComputedStyle(element).backgroundColor);
      assert.equal(paper, 'rgb(11, 12, 15)');
      const button = await korean.getByRole('button').evaluate((element) => getComputedStyle(element).color);
      assert.equal(button, 'rgb(1, 2, 3)', 'its parts are the page’s to style');
      assert.equal((await korean.boundingBox()).width, 200);
      // By the page itself: a worker has one of its own where pictures take long.
      const fetched = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm')).length);
      assert.equal(fetched, 1, 'both have one runtime');
      await korean.evaluate((element) => element.setAttribute('theme', 'light'));
      await page.waitForFunction((paper) => getComputedStyle(paper).backgroundColor === 'rgb(253, 251, 245)', await korean.locator('[part=paper]').elementHandle());
    } finally {
      await browser.close();
      await server.close();
    }
  });

  test('has a licence and no dependency', async () => {
    const manifest = JSON.parse(await readFile(join(project, 'node_modules/forger-generator/package.json'), 'utf8'));
    assert.equal(manifest.license, 'MIT OR Apache-2.0');
    assert.equal(manifest.dependencies, undefined);
    for (const file of ['LICENSE-MIT', 'LICENSE-APACHE', 'README.md']) {
      assert.ok((await readFile(join(project, 'node_modules/forger-generator', file), 'utf8')).length > 500, file);
    }
  });
});
