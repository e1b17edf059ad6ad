// Training on a GPU in the browser, by WebGPU on SwiftShader: the run is the trainer's, the worker says what takes its steps, and
// whatever takes the GPU away leaves a run that goes on.
//
//   FORGER_SITE      a built site; without it these tests are skipped
//   FORGER_PROGRAMS  the folder of `trainer` and `exporter`; without it the run is not held to theirs

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { CHROMIUM, SITE } from './browser.js';
import { SWIFTSHADER, distance, pictures, trainedByPrograms } from './runs.js';
import { serve } from './server.js';

const { FORGER_PROGRAMS, FORGER_REQUIRE_ALL } = process.env;
const run = promisify(execFile);

const reason =
  (!SITE && 'FORGER_SITE names no built site (`cargo xtask site --model gen.onnx --out site`)') ||
  (!existsSync(CHROMIUM) && `there is no browser at ${CHROMIUM} (FORGER_CHROMIUM)`);
const withoutPrograms = reason || (!FORGER_PROGRAMS && 'FORGER_PROGRAMS names no folder of `trainer` and `exporter`');
const mustRun = FORGER_REQUIRE_ALL === '1';
for (const told of new Set([reason, withoutPrograms])) if (told && !mustRun) console.log(`skipped: ${told}`);

describe('training on a GPU', { skip: !mustRun && reason }, () => {
  let server;
  let browser;
  let folder;
  before(async () => {
    assert.ok(!reason, reason);
    server = await serve(SITE);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: SWIFTSHADER });
    folder = await mkdtemp(join(tmpdir(), 'forger-gpu-'));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Runs `steps` in a page that has `window.learnt`, the first `count` pictures; skips where the browser has no WebGPU. */
  async function inPage(t, count, steps, ...args) {
    const page = await browser.newPage();
    // A page of the site that is nothing but an address.
    await page.goto(`${server.url}manifest.webmanifest`);
    const hasGpu = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
    if (!hasGpu && !mustRun) return t.skip('this browser has no WebGPU here');
    assert.ok(hasGpu, 'this browser has no WebGPU here');
    const { bytes, shape, name } = pictures(count);
    const base64 = Buffer.from(bytes).toString('base64');
    await page.evaluate(({ base64, shape, name }) => {
      window.learnt = { bytes: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)), shape, name };
      window.asText = (file) => {
        let text = '';
        for (const byte of file) text += String.fromCharCode(byte);
        return btoa(text);
      };
    }, { base64, shape, name });
    const came = await page.evaluate(steps, ...args);
    await page.close();
    return came;
  }

  // A program that stands in for a GPU takes a tenth of a second for a step of the recipes' own networks.
  const changes = { hidden: 32, batch: 25 };
  for (const recipe of ['stable', 'seed']) {
    test(`50 steps of ${recipe} end within the rule of the trainer’s weights, in a file that \`exporter verify\` takes`, { skip: !mustRun && withoutPrograms }, async (t) => {
      assert.ok(!withoutPrograms, withoutPrograms);
      const came = await inPage(t, 250, async ({ recipe, changes }) => {
        const { Trainer } = await import(new URL('forger.js', location.href).href);
        const trainer = await Trainer.start({ pictures: window.learnt, recipe, changes, seed: 4, epochs: 5, device: 'gpu' });
        const reports = [];
        for await (const { sheet, ...report } of trainer) reports.push({ ...report, sheet: sheet.length });
        const files = { model: window.asText(await trainer.export()), checkpoint: window.asText(await trainer.checkpoint()) };
        trainer.free();
        return { reports, files };
      }, { recipe, changes });
      if (!came) return;
      const last = came.reports.at(-1);
      assert.deepEqual([last.step, last.epoch, last.isDone, last.sheet], [50, 5, true, 100 * 784]);
      for (const { device, deviceName, whyCpu } of came.reports) assert.ok(device === 'gpu' && deviceName && !whyCpu, `${device}: ${whyCpu}`);
      const { cpu, allowed } = await trainedByPrograms(folder, recipe, pictures(250), changes);
      const found = distance(cpu, Buffer.from(came.files.checkpoint, 'base64'));
      t.diagnostic(`${last.deviceName}: ${found.toExponential(2)} of the trainer’s, of ${allowed.toExponential(2)} allowed`);
      assert.ok(found <= allowed, `${found} is more than ${allowed}`);
      const model = join(folder, 'ours.onnx');
      await writeFile(model, Buffer.from(came.files.model, 'base64'));
      await run(join(FORGER_PROGRAMS, 'exporter'), ['verify', model]);
    });
  }

  test('pauses, takes a step, goes on and stops, and the CPU goes on from its checkpoint', async (t) => {
    const came = await inPage(t, 100, async () => {
      const { Trainer } = await import(new URL('forger.js', location.href).href);
      const trainer = await Trainer.start({ pictures: window.learnt, changes: { hidden: 8, batch: 10 }, epochs: 100_000, everyMs: 1, device: 'gpu' });
      const reports = trainer[Symbol.asyncIterator]();
      let { step } = (await reports.next()).value;
      trainer.pause();
      let next = reports.next();
      const soon = () => Promise.race([next, new Promise((resolve) => setTimeout(resolve, 300))]);
      for (let late = await soon(); late; late = await soon()) {
        ({ step } = late.value);
        next = reports.next();
      }
      trainer.step();
      const one = (await next).value.step - step;
      trainer.goOn();
      const on = (await reports.next()).value.step - step;
      trainer.stop();
      let left = 0;
      while (!(await reports.next()).done) left++;
      const checkpoint = await trainer.checkpoint();
      trainer.free();
      const rest = await Trainer.resume(checkpoint, window.learnt, { device: 'cpu' });
      const { step: first, device, whyCpu } = (await rest[Symbol.asyncIterator]().next()).value;
      rest.free();
      return { one, on, left, device, whyCpu, isOn: first > step };
    });
    if (!came) return;
    assert.equal(came.one, 1);
    assert.ok(came.on > 1 && came.left < 3 && came.isOn, JSON.stringify(came));
    assert.deepEqual([came.device, came.whyCpu], ['cpu', '']);
  });

  for (const [name, way, sentence] of [
    ['a GPU that is taken away in the middle', 'lost', /taken away/],
    ['a GPU whose buffers are too small', 'small', /needs 1 MiB in one piece, and the GPU gives 0/],
    ['a GPU whose driver refuses a kernel', 'refused', /a kernel of this run/],
    ['no GPU', 'none', /gives no GPU/],
    ['a GPU that is a program, unasked', 'program', /a program/],
  ]) {
    test(`${name}: a sentence, and the CPU goes on to the end of the run`, async (t) => {
      const came = await inPage(t, 200, async (way) => {
        // On the page's own thread, where what the browser gives can be put right for the case.
        let device;
        const requestAdapter = navigator.gpu.requestAdapter.bind(navigator.gpu);
        navigator.gpu.requestAdapter = async () => {
          if (way === 'none') return null;
          const adapter = await requestAdapter();
          if (way === 'small') return { info: {}, limits: { maxStorageBufferBindingSize: 1 << 16, maxBufferSize: 1 << 30 } };
          const requestDevice = adapter.requestDevice.bind(adapter);
          adapter.requestDevice = async (...wanted) => {
            device = await requestDevice(...wanted);
            if (way === 'refused') {
              const create = device.createShaderModule.bind(device);
              device.createShaderModule = ({ code }) => create({ code: `${code}\nno WGSL` });
            }
            return device;
          };
          return adapter;
        };
        const { createSession } = await import(new URL('trainer-session.js', location.href).href);
        const words = [];
        await new Promise((resolve) => {
          const hear = createSession((word) => {
            words.push(word);
            // In the middle of an epoch, with steps done that nobody has read.
            if (way === 'lost' && word.kind === 'report' && word.report.device === 'gpu' && word.report.step > 4) setTimeout(() => device.destroy(), 20);
            if (word.kind === 'ended' || word.kind === 'failed') resolve();
          });
          const settings = { pictures: window.learnt, dataset: '', recipe: 'stable', changes: 'hidden = 16\nbatch = 20', seed: 2, epochs: 30, everyMs: 30 };
          hear({ kind: 'start', settings: { ...settings, device: way === 'program' ? 'auto' : 'gpu' } });
        });
        return words.map(({ kind, report, message }) => ({ kind, message, step: report?.step, device: report?.device, why: report?.whyCpu, dLoss: report?.dLoss }));
      }, way);
      if (!came) return;
      assert.equal(came[0].kind, 'ready', JSON.stringify(came));
      assert.equal(came.at(-1).kind, 'ended', JSON.stringify(came));
      const reports = came.filter(({ kind }) => kind === 'report');
      const last = reports.at(-1);
      assert.deepEqual([last.step, last.device], [300, 'cpu']);
      assert.match(last.why, sentence);
      assert.equal(reports.some(({ device }) => device === 'gpu'), way === 'lost', 'and the GPU had a part in it only where it could');
      for (const [i, { step, dLoss }] of reports.entries()) assert.ok(Number.isFinite(dLoss) && (i === 0 || step > reports[i - 1].step), JSON.stringify(reports));
    });
  }
});
