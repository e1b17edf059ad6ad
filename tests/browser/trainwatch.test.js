// What a class sees: `seed` collapses and is named for it, with what to try; `stable` does not; and a run that comes apart says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyWords } from '../../web/training/watching.js';
import { describeOnSite, ready } from './browser.js';

test('each reason why the GPU takes no steps has words of the page', () => {
  for (const [told, expected] of [
    ['', /^$/],
    ['This browser gives no GPU to compute with', /gives no GPU/],
    ['The only GPU here is a program that stands in for one', /program/],
    ['This run needs 200 MiB in one piece, and the GPU gives 128', /more memory in one piece/],
    ['The GPU has no room for this run (out of memory)', /more memory in one piece/],
    ['The GPU was taken away (unplugged)', /was lost/],
    ['The GPU’s driver takes a kernel of this run for wrong (line 3)', /cannot take this run/],
  ]) {
    assert.match(whyWords(told), expected, told);
  }
});

describeOnSite('watching a run', (open) => {
  async function begin(hash, options = {}) {
    const visit = await open({ hash, ...options });
    await ready(visit.page);
    const panel = visit.page.getByRole('tabpanel', { name: 'Train' });
    await panel.getByRole('button', { name: 'Train', exact: true }).click();
    await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
    return { ...visit, panel };
  }
  /** A run on a busy machine. */
  const patient = { timeout: 240_000 };

  test('`seed` is named for its failures, with what to try, and `stable` for none', async () => {
    const { page, panel, complaints, close } = await begin('#train=seed&seed=2');
    await panel.getByRole('listitem').filter({ hasText: 'Mode collapse: the forger draws nearly the same picture' }).waitFor(patient);
    await panel.getByRole('listitem').filter({ hasText: 'Mode collapse' }).getByText('Try the recipe “stable” with the same seed').waitFor();
    await panel.getByRole('listitem').filter({ hasText: 'D overpowers G' }).getByText('Try the recipe “stable”').waitFor(patient);
    for (const term of ['Detective’s margin', 'Steps a second', 'Time left', 'Computed by']) await panel.getByRole('term').filter({ hasText: term }).waitFor();
    await panel.getByRole('img', { name: /^Both losses over the steps/ }).waitFor();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.getByRole('status').getByText('is the page’s network now').waitFor();
    await panel.getByText('The run: seed, seed 2').click();
    await panel.getByRole('radio', { name: 'stable:' }).check();
    await panel.getByRole('button', { name: 'Train anew' }).click();
    await panel.getByRole('status').getByText('Neither of the two failures').waitFor(patient);
    assert.equal(await panel.getByRole('listitem').filter({ hasText: 'Mode collapse' }).count(), 0);
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByText('지켜보던 두 가지 실패는 나타나지 않았습니다.').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a GPU that is lost in the middle is a sentence, and the run goes on', async () => {
    const { page, panel, close } = await begin('#train=stable&epochs=100&hidden=16', {
      prepare: (page) =>
        page.addInitScript(() => {
          const Real = globalThis.Worker;
          globalThis.Worker = class extends Real {
            set onmessage(hear) {
              // Every report from now on is that of a run whose GPU is gone.
              super.onmessage = (event) => hear(event.data.kind === 'report' && globalThis.isLost ? { data: { ...event.data, report: { ...event.data.report, device: 'cpu', whyCpu: 'The GPU was taken away' } } } : event);
            }
          };
        }),
    });
    await page.evaluate(() => (globalThis.isLost = true));
    await panel.getByRole('status').getByText('The GPU was lost: the CPU goes on').waitFor();
    await panel.getByRole('definition').filter({ hasText: 'one core of the CPU' }).waitFor();
    await close();
  });

  test('a run that comes apart says so in words, and what to try', async () => {
    const { page, panel, close } = await begin('#train=stable', {
      prepare: (page) =>
        page.addInitScript(() => {
          const Real = globalThis.Worker;
          globalThis.Worker = class extends Real {
            constructor(...all) {
              super(...all);
              if (/trainer-worker/.test(all[0])) globalThis.trains = this;
            }
          };
        }),
    });
    const message = 'training has diverged at step 12, in epoch 0: D’s loss is 1e9';
    await page.evaluate((message) => globalThis.trains.onmessage({ data: { kind: 'failed', message, hint: 'try', code: 'unfit' } }), message);
    await panel.getByRole('alert').getByText('Try a lower learning rate').waitFor();
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('alert').getByText('학습률을 낮추거나').waitFor();
    await close();
  });
});
