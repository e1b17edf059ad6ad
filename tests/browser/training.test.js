// Training in the browser: the run is the trainer's, in Node and on the page, and the page says what is going on.
//
//   FORGER_SITE      a built site; without it these tests are skipped
//   FORGER_PROGRAMS  the folder of `trainer` and `exporter`; without it the run is not held to theirs

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { readIdx } from '../../web/trainer-pictures.js';
import { rows } from '../../web/training/words.js';
import { describeOnSite, digit, openTab, pixels, ready, SITE, until } from './browser.js';
import { PIXELS, RULE, distance, idx, pictures, trainedByPrograms } from './runs.js';

const { FORGER_PROGRAMS, FORGER_REQUIRE_ALL } = process.env;
const run = promisify(execFile);

/** Of the module that trains, by brotli. */
const MOST_BYTES = 150_000;

const withoutSite = !SITE && 'FORGER_SITE names no built site (`cargo xtask site --model gen.onnx --out site`)';
const withoutPrograms = withoutSite || (!FORGER_PROGRAMS && 'FORGER_PROGRAMS names no folder of `trainer` and `exporter`');
for (const reason of new Set([withoutSite, withoutPrograms])) if (reason && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${reason}`);
const skip = (reason) => FORGER_REQUIRE_ALL !== '1' && reason;

test('each text of the tab is there in both languages, with the same places for values', () => {
  const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, [english, korean]] of rows()) {
    assert.match(korean, /[가-힣]/, key);
    assert.deepEqual(places(korean), places(english), key);
  }
});

test('idx files are read, and what is none is refused in words', () => {
  const { dims, bytes } = readIdx(idx(new Uint8Array(2 * PIXELS).fill(7)));
  assert.deepEqual([dims, bytes.length, bytes[9]], [[2, 28, 28], 2 * PIXELS, 7]);
  assert.throws(() => readIdx(Buffer.from('a text of some length')), /no idx file/);
  assert.throws(() => readIdx(idx(new Uint8Array(2 * PIXELS)).subarray(0, 900)), /holds 884 bytes where 1568 should be/);
});

test('what trains, the GPU’s kernels with it, is small', { skip: skip(withoutSite) }, async (t) => {
  assert.ok(!withoutSite, withoutSite);
  for (const name of ['trainer_bg.wasm', 'trainer_relaxed_bg.wasm']) {
    const module = await readFile(join(SITE, 'runtime', name));
    const { length } = brotliCompressSync(module, { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: module.length } });
    t.diagnostic(`${name}: ${(length / 1000).toFixed(1)} kB by brotli`);
    assert.ok(length <= MOST_BYTES, `${length}`);
  }
});

describe('Trainer in Node', { skip: skip(withoutSite) }, () => {
  let Trainer;
  let Generator;
  before(async () => {
    assert.ok(!withoutSite, withoutSite);
    ({ Trainer, Generator } = await import(pathToFileURL(join(SITE, 'forger.js')).href));
  });

  test('reports until the run is over, and exports a model that draws what it says', async () => {
    // Many slices' worth of steps, however fast the machine is: between two of them there is a report.
    const trainer = await Trainer.start({ pictures: pictures(200), changes: { hidden: 16, batch: 20 }, seed: 3, epochs: 100, everyMs: 1 });
    const seen = [];
    for await (const report of trainer) seen.push(report);
    const last = seen.at(-1);
    assert.ok(last.isDone && last.step === 1000 && last.steps === 1000 && last.epoch === 100, JSON.stringify({ ...last, sheet: undefined }));
    assert.ok(seen.length > 2 && seen[0].step < last.step);
    assert.equal(last.sheet.length, 100 * PIXELS);
    for (const { dLoss, gLoss, dAccuracy } of seen) assert.ok(Number.isFinite(dLoss + gLoss) && dAccuracy >= 0 && dAccuracy <= 1);
    const generator = await Generator.load(await trainer.export());
    assert.equal(generator.metadata['forger.recipe'], 'stable');
    assert.deepEqual([generator.metadata['forger.seed'], generator.metadata['forger.epochs'], generator.metadata['forger.dataset']], ['3', '100', 'few']);
    const parity = JSON.parse(generator.metadata['forger.parity']);
    const drawn = generator.generate(Float32Array.from(parity.z.flat()));
    const difference = drawn.reduce((most, value, i) => Math.max(most, Math.abs(value - parity.image.flat()[i])), 0);
    assert.ok(difference < 2e-5, `${difference}`);
    trainer.free();
  });

  test('pauses, goes on and stops where it is told', async () => {
    const trainer = await Trainer.start({ pictures: pictures(100), changes: { hidden: 8, batch: 10 }, epochs: 100_000, everyMs: 1 });
    const reports = trainer[Symbol.asyncIterator]();
    let step = (await reports.next()).value.step;
    trainer.pause();
    // One may have been on its way.
    let next = reports.next();
    const soon = () => Promise.race([next, new Promise((resolve) => setTimeout(resolve, 100))]);
    for (let late = await soon(); late; late = await soon()) {
      ({ step } = late.value);
      next = reports.next();
    }
    assert.equal(await soon(), undefined, 'no step is taken');
    trainer.goOn();
    assert.ok((await next).value.step > step);
    trainer.stop();
    for (let i = 0; !(await reports.next()).done; i++) assert.ok(i < 3, 'it ends');
    assert.ok((await trainer.checkpoint()).length > 1000, 'and can still be taken home');
    trainer.free();
  });

  test('goes on from a checkpoint to the bytes of a run that was never interrupted', async () => {
    const settings = { pictures: pictures(200), changes: { hidden: 16, batch: 20 }, seed: 3, epochs: 4 };
    const ended = async (trainer) => {
      let last;
      for await (const report of trainer) last = report;
      const files = [await trainer.export(), await trainer.checkpoint()];
      trainer.free();
      return { last, files };
    };
    const whole = await ended(await Trainer.start(settings));
    const begun = await Trainer.start({ ...settings, everyMs: 1 });
    const reports = begun[Symbol.asyncIterator]();
    await reports.next();
    begun.pause();
    const checkpoint = await begun.checkpoint();
    begun.free();
    const rest = await ended(await Trainer.resume(checkpoint, pictures(200)));
    assert.deepEqual([rest.last.step, rest.last.steps, rest.last.epochs], [40, 40, 4]);
    assert.deepEqual(Buffer.from(rest.files[0]), Buffer.from(whole.files[0]), 'the same model');
    // A checkpoint knows how long steps took; all tensors are the same.
    assert.equal(distance(Buffer.from(whole.files[1]), Buffer.from(rest.files[1])), 0);
    // A run that is over gives what it has.
    const over = await ended(await Trainer.resume(whole.files[1], pictures(200)));
    assert.deepEqual(Buffer.from(over.files[0]), Buffer.from(whole.files[0]));
    await assert.rejects(Trainer.resume(checkpoint, pictures(100)), /other pictures/);
    await assert.rejects(Trainer.resume(checkpoint.slice(0, 900), pictures(200)), /damaged/);
  });

  test('reads recipes that are more than plain lines, and says why there is no GPU', async () => {
    const trainer = await Trainer.start({ pictures: pictures(100), changes: { hidden: 8, batch: 10, lr: 0.0012345678901234567 }, epochs: 1, device: 'gpu' });
    for await (const { device, whyCpu } of trainer) assert.deepEqual([device, whyCpu], ['cpu', 'This browser gives no GPU to compute with']);
    const generator = await Generator.load(await trainer.export());
    assert.equal(generator.metadata['forger.recipe'], 'stable');
    trainer.free();
  });

  test('takes one step at a time while it is paused', async () => {
    const trainer = await Trainer.start({ pictures: pictures(100), changes: { hidden: 8, batch: 10 }, epochs: 1000 });
    const reports = trainer[Symbol.asyncIterator]();
    trainer.pause();
    const { step } = (await reports.next()).value;
    trainer.step();
    assert.equal((await reports.next()).value.step, step + 1);
    trainer.free();
  });

  test('refuses what cannot be trained, and says why', async () => {
    const refused = async (options, message) => assert.rejects(Trainer.start({ pictures: pictures(100), ...options }), (error) => message.test(error.message) && error.hint.length > 5);
    await refused({ pictures: pictures(10) }, /10 pictures are too few/);
    await refused({ changes: { lrr: 1 } }, /did you mean `lr`/);
    await refused({ recipe: 'conv' }, /perceptrons of two hidden layers/);
    await refused({ seed: -1 }, /no seed/);
    await refused({ epochs: 0 }, /no number of epochs/);
    await refused({ pictures: Buffer.from('no pictures at all') }, /no idx file/);
  });
});

describe('the same run as the trainer’s', { skip: skip(withoutPrograms) }, () => {
  let folder;
  before(async () => {
    assert.ok(!withoutPrograms, withoutPrograms);
    folder = await mkdtemp(join(tmpdir(), 'forger-training-'));
  });
  after(() => folder && rm(folder, { recursive: true, force: true }));

  for (const recipe of ['stable', 'seed']) {
    test(`50 steps of ${recipe} end within the rule of the trainer’s weights, in a file that \`exporter verify\` takes`, async (t) => {
      const learnt = pictures(1000);
      const { cpu, allowed } = await trainedByPrograms(folder, recipe, learnt);
      const { Trainer } = await import(pathToFileURL(join(SITE, 'forger.js')).href);
      const trainer = await Trainer.start({ pictures: learnt, recipe, seed: 4, epochs: 5 });
      let steps;
      for await (const report of trainer) steps = report.step;
      assert.equal(steps, 50);
      const ours = Buffer.from(await trainer.checkpoint());
      const found = distance(cpu, ours);
      t.diagnostic(`${found.toExponential(2)} of the trainer’s, where its two engines are ${(allowed / RULE).toExponential(2)} apart`);
      assert.ok(found <= allowed, `${found} is more than ${allowed}`);
      const model = join(folder, 'ours.onnx');
      await writeFile(model, await trainer.export());
      trainer.free();
      await run(join(FORGER_PROGRAMS, 'exporter'), ['verify', model]);
    });
  }

  test('a run on MNIST’s 60,000 is one that `trainer --resume` goes on with', async () => {
    const { Trainer } = await import(pathToFileURL(join(SITE, 'forger.js')).href);
    const whole = await readFile(new URL('../../crates/data/mnist/train-images-idx3-ubyte.gz', import.meta.url));
    const trainer = await Trainer.start({ pictures: whole, dataset: 'mnist', changes: { hidden: 8 }, epochs: 1 });
    const { value: first } = await trainer[Symbol.asyncIterator]().next();
    trainer.pause();
    assert.equal(first.steps, 550, 'the first 5,000 pictures are set aside');
    await mkdir(join(folder, 'whole.run'));
    await writeFile(join(folder, 'whole.run/checkpoint.safetensors'), await trainer.checkpoint());
    trainer.free();
    const { stderr } = await run(join(FORGER_PROGRAMS, 'trainer'), ['--resume', '--evaluate-every', '0', '--device', 'cpu', '--out', join(folder, 'whole.onnx')]);
    assert.match(stderr, /going on in epoch 0 of 1, after step \d/);
    await run(join(FORGER_PROGRAMS, 'exporter'), ['verify', join(folder, 'whole.onnx')]);
  });
});

describeOnSite('the tab Train', (open) => {
  test('trains in a worker, and what was trained is the page’s model', async () => {
    const asked = [];
    const { page, complaints, close } = await open({
      fresh: true,
      prepare: (page) => void page.on('request', (request) => asked.push(new URL(request.url()).pathname)),
    });
    await ready(page);
    const ofTraining = () => asked.filter((path) => /training\/|trainer|pictures\//.test(path));
    assert.deepEqual(ofTraining().filter((path) => !path.endsWith('controls/training.js')), [], 'nothing of it is fetched unasked');
    await openTab(page, 'Train');
    const panel = page.getByRole('tabpanel', { name: 'Train' });
    const train = panel.getByRole('button', { name: 'Train', exact: true });
    await train.waitFor();
    assert.ok(!ofTraining().some((path) => /trainer_.*wasm|pictures\//.test(path)), 'nor what trains, before a run is begun');
    const sheet = panel.getByRole('img', { name: /^100 pictures by the forger after \d+ steps/ });
    // By the keyboard alone.
    await train.focus();
    await page.keyboard.press('Enter');
    await sheet.waitFor();
    const step = async () => Number(/after (\d+) steps/.exec(await sheet.getAttribute('aria-label'))[1]);
    const before = await pixels(sheet);
    const first = await step();
    await until(step, (now) => now > first, 'the run goes on');
    assert.ok((await pixels(sheet)) !== before, 'and its pictures change');
    await panel.getByText('Detective’s loss').waitFor();
    await panel.getByRole('button', { name: 'Pause' }).click();
    await panel.getByRole('status').getByText('Paused at step').waitFor();
    await panel.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('tabpanel', { name: '훈련' }).getByText('감별사의 손실').waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.getByRole('status').getByText('is the page’s network now').waitFor();
    await digit(page).waitFor();
    for (const [button, name, start] of [['Download gen.onnx', 'gen.onnx', [8]], ['Download checkpoint', 'checkpoint.safetensors', []]]) {
      const [download] = await Promise.all([page.waitForEvent('download'), panel.getByRole('button', { name: button }).click()]);
      assert.equal(download.suggestedFilename(), name);
      const bytes = await readFile(await download.path());
      assert.ok(bytes.length > 100_000, `${bytes.length}`);
      assert.deepEqual([...bytes.subarray(0, start.length)], start);
    }
    await openTab(page, 'Proof');
    await page.getByRole('tabpanel', { name: 'Proof' }).getByText('mnist-test').first().waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, pattern] of [['the pictures', '**/pictures/*'], ['what trains', '**/runtime/trainer*.wasm']]) {
    test(`${name} did not come: a sentence, and another try`, async () => {
      const { page, close } = await open({ fresh: true, prepare: (page) => page.route(pattern, (route) => route.fulfill({ status: 404, body: '' })) });
      await ready(page);
      await openTab(page, 'Train');
      const panel = page.getByRole('tabpanel', { name: 'Train' });
      await panel.getByRole('button', { name: 'Train', exact: true }).click();
      await panel.getByRole('alert').getByText(/\w/).waitFor();
      await page.unroute(pattern);
      await panel.getByRole('button', { name: 'Train anew' }).click();
      await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
      await close();
    });
  }
});
