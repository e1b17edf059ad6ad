// One step in its parts: what the page works out of it is what the trainer did, and it can be read by keys and by ear.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { permutation } from '../../web/philox.js';
import { netsOf, noiseOf, placesOf, SHOWN, takenApart } from '../../web/training/step.js';
import { isAccessible, SIZES } from './axe.js';
import { describeOnSite, ready, shoot, SITE } from './browser.js';
import { testPictures } from './mnist.js';

const { FORGER_REQUIRE_ALL } = process.env;
const PIXELS = 784;
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test('an epoch’s order is the trainer’s', () => {
  // `noise::permutation(5, 2, 12)` has each once; that it is the very one, the next test holds to the trainer's statistics.
  const order = [...permutation(5, 2, 1001)];
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 1001 }, (_, i) => i));
  assert.notDeepEqual(order, [...permutation(5, 3, 1001)]);
  assert.deepEqual([...permutation(5, 2, 1001, 40)].slice(0, 40), order.slice(0, 40), 'of which the first can be had alone');
  assert.notDeepEqual(order, [...permutation(6, 2, 1001)]);
});

describe('a step taken apart', { skip: FORGER_REQUIRE_ALL !== '1' && !SITE && 'FORGER_SITE names no built site' }, () => {
  for (const recipe of ['seed', 'stable']) {
    test(`is the step that the trainer took, ${recipe}`, async () => {
      const { Trainer } = await import(pathToFileURL(join(SITE, 'forger.js')).href);
      const count = 64;
      const bytes = new Uint8Array(count * PIXELS);
      for (let i = 0; i < count; i++) bytes.set(testPictures().bytes(i), i * PIXELS);
      // As many pictures a step as are shown, so that the means that it reports are theirs.
      const trainer = await Trainer.start({ pictures: { bytes, shape: [1, 28, 28], name: 'few' }, recipe, seed: 9, changes: { batch: SHOWN, hidden: 24 }, epochs: 100_000, everyMs: 1 });
      trainer.pause();
      const reports = trainer[Symbol.asyncIterator]();
      let first = netsOf(await trainer.checkpoint());
      let second;
      for (let tries = 0; second?.step !== first.step + 1; tries++) {
        assert.ok(tries < 100, 'one step can be taken');
        first = second ?? first;
        trainer.step();
        // In Node all of it is on one thread: the run ends its slice first.
        await new Promise(setImmediate);
        second = netsOf(await trainer.checkpoint());
      }
      let report = (await reports.next()).value;
      while (report.step < second.step) report = (await reports.next()).value;
      trainer.free();
      const real = [...placesOf(first, 9, count)].map((place) => Float32Array.from(bytes.subarray(place * PIXELS, (place + 1) * PIXELS), (byte) => byte / 127.5 - 1));
      const parts = takenApart(first, second, noiseOf(first, 9), real);
      const { d_real: dReal, d_fake: dFake, d_loss: dLoss } = report.statistics;
      const near = (found, expected, what) => assert.ok(Math.abs(found - expected) < 1e-4 * Math.max(1, Math.abs(expected)), `${what}: ${found} for ${expected}`);
      if (recipe === 'seed') {
        near(mean(parts.before.real), dReal, 'D of real pictures');
        near(mean(parts.before.forged), dFake, 'D of forged pictures');
      } else {
        near(mean(parts.before.pairs.map((chance) => -Math.log(chance))), dLoss, 'D’s loss of pairs');
      }
      assert.ok(parts.moved.detective > 0 && parts.moved.forger > 0);
      assert.ok(parts.changed.flat().some((picture) => picture.some((pixel) => pixel !== 0)), 'the forger’s pictures moved');
      assert.notDeepEqual(parts.before, parts.after, 'the detective learnt');
    });
  }
});

describeOnSite('slow motion', (open) => {
  const PARTS = ['Noise', 'Forgeries', 'The detective’s opinion', 'The detective learns', 'The forger learns', 'What moved'];
  for (const { name, ...size } of SIZES) {
    test(`shows one step in six parts, by keys alone, ${name}`, async () => {
      const { page, complaints, close } = await open({ ...size, hash: '#train=stable&epochs=100&hidden=32' });
      await ready(page);
      const panel = page.getByRole('tabpanel', { name: 'Train' });
      await panel.getByRole('button', { name: 'Train', exact: true }).click();
      await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
      await panel.getByRole('button', { name: 'One step in slow motion' }).focus();
      await page.keyboard.press('Enter');
      for (const [place, part] of PARTS.entries()) {
        const heading = panel.getByRole('heading', { name: part, exact: true });
        await heading.waitFor();
        assert.ok(await heading.evaluate((element) => element === document.activeElement), `${part} is where the reader is`);
        await panel.getByText(`Part ${place + 1} of 6`).waitFor();
        assert.doesNotMatch(await panel.locator('.slow').textContent(), /NaN|undefined|Infinity/);
        if (place === 3) await isAccessible(page, part, (scheme) => shoot(page, `slow-${name}-${scheme}`));
        if (place === PARTS.length - 1) break;
        await panel.getByRole('button', { name: 'Next part' }).focus();
        await page.keyboard.press('Enter');
      }
      // It is paused, one step on; another step is the next one.
      await panel.getByRole('button', { name: 'Go on' }).waitFor();
      const step = Number(/Step (\d+) in slow motion/.exec(await panel.locator('.slow').textContent())[1]);
      await panel.getByText(`${step} of 10000`, { exact: true }).waitFor();
      await panel.getByRole('button', { name: 'Another step' }).click();
      await panel.getByText(`Step ${step + 1} in slow motion`).waitFor();
      await page.getByRole('button', { name: '한국어' }).click();
      await page.getByRole('heading', { name: '잡음', exact: true }).waitFor();
      await page.getByRole('button', { name: 'English' }).click();
      await panel.getByRole('button', { name: 'Close' }).click();
      await panel.getByRole('button', { name: 'Go on' }).click();
      await panel.getByRole('button', { name: 'Pause' }).waitFor();
      assert.deepEqual(complaints, []);
      await close();
    });
  }
});
