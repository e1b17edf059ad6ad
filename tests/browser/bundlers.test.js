// The npm package in other people's build tools: a page is built with each, and opened in Chromium.
//
//   FORGER_PACKAGE  the folder that `cargo xtask package` wrote; without it these tests are skipped
//   FORGER_MODEL    an ONNX model of Forger's

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { FLAGS } from './browser.js';
import { serve } from './server.js';

const { FORGER_PACKAGE, FORGER_MODEL, FORGER_CHROMIUM = '/usr/bin/chromium', FORGER_REQUIRE_ALL } = process.env;
const reason = !FORGER_PACKAGE ? 'FORGER_PACKAGE names no package (`cargo xtask package`)' : !FORGER_MODEL && 'FORGER_MODEL names no model';
if (reason && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${reason}`);

/** Draws on the page's thread, in a worker (so many pictures take too long for the page's), and by the element. */
const MAIN = `
import { Generator, runtimeInfo } from 'forger-generator';
import 'forger-generator/latent-explorer.js';

async function main() {
  const g = await Generator.load('gen.onnx');
  const z = new Float32Array(4000 * g.latentSize).fill(0.5);
  const here = g.generate(z.subarray(0, g.latentSize));
  let workers = 0;
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker { constructor(...all) { super(...all); workers++; } };
  const there = await g.generateAsync(z);
  const worst = here.reduce((most, value, i) => Math.max(most, Math.abs(value - there[i])), 0);
  return { pixels: here.length, inWorker: there.length, worst, workers, simd: (await runtimeInfo()).simd };
}
main().then((result) => (globalThis.result = result), (error) => (globalThis.result = { error: error.message + ' ' + error.cause }));
`;

const html = (script) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Built</title><link rel="icon" href="data:,">
<body><latent-explorer src="gen.onnx" seed="3"></latent-explorer>${script}</body></html>`;
const MODULE = '<script type="module" src="./main.js"></script>';

/** Each makes `out`, a folder for any static host, of the project in `root`. */
const BUNDLERS = {
  'Vite 8': async (root, out) => (await import('vite')).build(viteSettings(root, out)),
  'Vite 7': async (root, out) => (await import('vite7')).build(viteSettings(root, out)),
  'Vite 6': async (root, out) => (await import('vite6')).build(viteSettings(root, out)),
  'Vite 5': async (root, out) => (await import('vite5')).build(viteSettings(root, out)),
  async 'webpack 5'(root, out) {
    const { default: webpack } = await import('webpack');
    const compiler = webpack({ mode: 'production', context: root, entry: './main.js', output: { path: out, filename: 'main.js' }, performance: { hints: false } });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    assert.deepEqual([...errors, ...warnings].map(({ message }) => message), []);
    await writeFile(join(out, 'index.html'), html('<script defer src="main.js"></script>'));
  },
  // It leaves `new URL` alone as esbuild does, and what it does not find beside the file that asks for it.
  async Rollup(root, out) {
    const { rollup } = await import('rollup');
    const folder = join(root, 'node_modules/forger-generator');
    const found = { 'forger-generator': join(folder, 'forger.js'), 'forger-generator/latent-explorer.js': join(folder, 'latent-explorer.js') };
    const warnings = [];
    const bundle = await rollup({
      input: { main: join(root, 'main.js'), worker: join(folder, 'worker.js') },
      plugins: [{ name: 'resolve', resolveId: (name) => found[name] }],
      onwarn: ({ message }) => warnings.push(message),
    });
    await bundle.write({ dir: out, format: 'es' });
    await bundle.close();
    assert.deepEqual(warnings, []);
    await cp(join(folder, 'runtime'), join(out, 'runtime'), { recursive: true });
    await writeFile(join(out, 'index.html'), html(MODULE));
  },
  // It leaves `new URL` alone: the worker is an entry of its own, and the runtime is copied, as the package's README says.
  async esbuild(root, out) {
    const { build } = await import('esbuild');
    const worker = 'node_modules/forger-generator/worker.js';
    const settings = { bundle: true, format: 'esm', minify: true, entryNames: '[name]', logLevel: 'silent' };
    const { warnings } = await build({ ...settings, absWorkingDir: root, entryPoints: ['main.js', worker], outdir: out });
    assert.deepEqual(warnings, []);
    await cp(join(root, 'node_modules/forger-generator/runtime'), join(out, 'runtime'), { recursive: true });
    await writeFile(join(out, 'index.html'), html(MODULE));
  },
};

const viteSettings = (root, out) => ({
  root,
  base: './',
  configFile: false,
  logLevel: 'error',
  build: { outDir: out, emptyOutDir: true },
});

describe('the npm package in a bundle', { skip: FORGER_REQUIRE_ALL !== '1' && reason }, () => {
  let root;
  let browser;
  before(async () => {
    assert.ok(!reason, reason);
    root = await mkdtemp(join(tmpdir(), 'forger-bundle-'));
    await mkdir(join(root, 'node_modules'));
    await cp(FORGER_PACKAGE, join(root, 'node_modules/forger-generator'), { recursive: true });
    await writeFile(join(root, 'package.json'), '{"private": true, "type": "module"}');
    await writeFile(join(root, 'main.js'), MAIN);
    await writeFile(join(root, 'index.html'), html(MODULE));
    browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    await rm(root, { recursive: true, force: true });
  });

  /** Opens the page at an address, and sees that it draws. @param {string} url */
  async function draws(url) {
    const page = await browser.newPage();
    try {
      const complaints = [];
      // Vite's own, while one develops.
      page.on('console', (message) => message.text().startsWith('[vite] ') || complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
      await page.goto(url);
      const result = await (await page.waitForFunction(() => globalThis.result)).jsonValue();
      assert.equal(result.error, undefined);
      const { pixels, inWorker, workers, simd } = result;
      assert.deepEqual({ pixels, inWorker, simd }, { pixels: 784, inWorker: 4000 * 784, simd: true });
      // On a busy machine a single picture may be slow enough for the element to have a worker too.
      assert.ok(workers >= 1, `${workers} workers`);
      assert.ok(result.worst < 1e-5, `the worker draws the same: ${result.worst}`);
      await page.getByRole('img', { name: /^generated picture at z\[0\] = -?\d\.\d\d$/ }).waitFor();
      assert.deepEqual(complaints, []);
    } finally {
      await page.close();
    }
  }

  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    test(`${name} builds a page that draws`, async () => {
      const out = join(root, `out-${name.replaceAll(' ', '-')}`);
      await bundle(root, out);
      await cp(FORGER_MODEL, join(out, 'gen.onnx'));
      const server = await serve(out);
      try {
        await draws(server.url);
      } finally {
        await server.close();
      }
    });
  }

  for (const [name, module] of [['Vite 8', 'vite'], ['Vite 7', 'vite7'], ['Vite 6', 'vite6'], ['Vite 5', 'vite5']]) {
    test(`${name} serves it while one develops, as the package's README says`, async () => {
      const { createServer } = await import(module);
      await cp(FORGER_MODEL, join(root, 'gen.onnx'));
      const server = await createServer({
        root,
        configFile: false,
        logLevel: 'error',
        cacheDir: join(root, `cache-${module}`),
        optimizeDeps: { exclude: ['forger-generator'] },
        server: { port: 0, host: '127.0.0.1', watch: null },
      });
      try {
        await server.listen();
        await draws(`http://127.0.0.1:${server.httpServer.address().port}/`);
      } finally {
        await server.close();
      }
    });
  }

  test('its README names the steps that esbuild and Vite’s server need', async () => {
    const readme = await readFile(join(root, 'node_modules/forger-generator/README.md'), 'utf8');
    for (const words of ['esbuild main.js node_modules/forger-generator/worker.js', 'forger-generator/runtime', "optimizeDeps: { exclude: ['forger-generator'] }"]) assert.ok(readme.includes(words), words);
  });
});
