// A run is kept in the browser: a reload goes on where it was, and whatever stands against that is a sentence and harms nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, ready, until } from './browser.js';
import { testPictures } from './mnist.js';
import { greyPng } from './png.js';

describeOnSite('a run that is kept', (open) => {
  async function begun(options = {}) {
    const visit = await open({ fresh: true, hash: '#train=stable&seed=3&epochs=100&hidden=16', ...options });
    await ready(visit.page);
    await start(visit.page);
    return { ...visit, panel: panelOf(visit.page) };
  }
  const panelOf = (page) => page.getByRole('tabpanel', { name: 'Train' });
  async function start(page) {
    await panelOf(page).getByRole('button', { name: 'Train', exact: true }).click();
    await panelOf(page).getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
  }
  const button = (page, name) => panelOf(page).getByRole('button', { name });
  const stepNow = async (page) => Number((await panelOf(page).getByText(/^\d+ of \d+$/).textContent()).split(' ')[0]);
  /** Waits until some of the run is kept; gives up to which step. */
  const kept = async (page) => Number(/step (\d+)/.exec(await panelOf(page).getByText('Kept in this browser up to step').textContent())[1]);

  test('goes on after a reload from the step that was kept, as the run that it was', async () => {
    const { page, complaints, panel, close } = await begun();
    await button(page, 'Pause').click();
    const step = await kept(page);
    assert.ok(step > 0);
    // The link is another run than the tab opens with by itself.
    await page.evaluate(() => history.replaceState(null, '', '#v1&t=train'));
    await page.reload();
    await ready(page);
    await panel.getByText('A run is kept in this browser: stable, seed 3, step').waitFor();
    await button(page, 'Go on with it').click();
    await until(() => stepNow(page), (now) => now > step, 'it goes on');
    assert.ok(await panel.getByText(/ of 10000$/).isVisible(), 'as long as it was');
    assert.equal(await panel.getByRole('group', { name: 'Recipe' }).count(), 0, 'what it is to be is folded away');
    await panel.getByText('The run: stable, seed 3, 100 rounds').waitFor();
    await button(page, 'Stop').click();
    await panel.getByRole('status').getByText('is the page’s network now').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('is kept with one’s own pictures, and thrown away when that is wished', async () => {
    const { page, complaints, close } = await open({ fresh: true, hash: '#train=stable&pictures=own&epochs=1000&hidden=16' });
    await ready(page);
    const panel = panelOf(page);
    await panel.getByText('choose some of yours').waitFor();
    await panel.getByLabel('Choose pictures').setInputFiles(Array.from({ length: 64 }, (_, i) => ({ name: `${i}.png`, mimeType: 'image/png', buffer: greyPng(testPictures().bytes(i), 28, 28) })));
    await panel.getByText('64 pictures were read.').waitFor();
    await start(page);
    await button(page, 'Pause').click();
    const step = await kept(page);
    await page.evaluate(() => history.replaceState(null, '', '#v1&t=train'));
    await page.reload();
    await ready(page);
    await button(page, 'Go on with it').click();
    await until(() => stepNow(page), (now) => now > step, 'on the pictures that were kept');
    await button(page, 'Pause').click();
    await page.reload();
    await ready(page);
    await button(page, 'Throw it away').click();
    await panel.getByRole('status').getByText('The kept run is gone.').waitFor();
    await page.reload();
    await ready(page);
    await button(page, 'Copy link').waitFor();
    assert.equal(await button(page, 'Go on with it').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [name, prepare, sentence] of [
    ['no room is left', () => (IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }), 'There is no room left'],
    ['nothing may be kept', () => (IDBFactory.prototype.open = () => { throw new DOMException('private', 'SecurityError'); }), 'This browser keeps nothing'],
    ['there is nothing to keep in', () => delete globalThis.indexedDB, 'This browser keeps nothing'],
  ]) {
    test(`${name}: a sentence, and the run goes on and can be taken home`, async () => {
      const { page, complaints, panel, close } = await begun({ prepare: (page) => page.addInitScript(prepare) });
      await button(page, 'Pause').click();
      await panel.getByRole('status').getByText(sentence).waitFor();
      await button(page, 'Go on').click();
      const step = await stepNow(page);
      await until(() => stepNow(page), (now) => now > step, 'it goes on');
      const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download checkpoint').click()]);
      assert.equal(download.suggestedFilename(), 'checkpoint.safetensors');
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('two tabs train, say so, and neither takes the other’s run', async () => {
    const { page, context, complaints, panel, close } = await begun();
    const other = await context.newPage();
    await other.goto(page.url().replace(/#.*/, '#train=seed&seed=8&epochs=100&hidden=16'));
    await ready(other);
    assert.equal(await button(other, 'Go on with it').count(), 0, 'a run that is under way elsewhere is not offered');
    await start(other);
    await panelOf(other).getByRole('status').getByText('Another tab of this page is training too').waitFor();
    for (const each of [page, other]) {
      await button(each, 'Pause').click();
      await kept(each);
    }
    for (const [each, run] of [[page, 'stable, seed 3'], [other, 'seed, seed 8']]) {
      await each.evaluate(() => history.replaceState(null, '', '#v1&t=train'));
      await each.reload();
      await ready(each);
      await panelOf(each).getByText(`A run is kept in this browser: ${run}`).waitFor();
    }
    assert.deepEqual(complaints, []);
    assert.ok(panel);
    await close();
  });

  // What a browser does to a tab that it puts to sleep: it tells it, or its clock jumps.
  for (const [name, sleep] of [
    ['as the browser tells', () => ['freeze', 'resume'].forEach((kind) => document.dispatchEvent(new Event(kind)))],
    ['as its clock tells', () => { const { now } = Date; Date.now = () => now() + 300_000; }],
  ]) {
    test(`a tab that was put to sleep, ${name}, says so and goes on`, async () => {
      const { page, complaints, panel, close } = await begun();
      await page.evaluate(sleep);
      await panel.getByRole('status').getByText('This tab was asleep').waitFor();
      const step = await stepNow(page);
      await until(() => stepNow(page), (now) => now > step, 'it goes on');
      await kept(page);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('without workers the page trains itself, and says so', async () => {
    const { page, complaints, panel, close } = await begun({ prepare: (page) => page.addInitScript(() => delete globalThis.Worker) });
    await panel.getByRole('status').getByText('This browser has no workers').waitFor();
    await button(page, 'Stop').click();
    await panel.getByRole('status').getByText('is the page’s network now').waitFor();
    // What Chromium itself says on the thread that asks for a GPU, where there is none.
    assert.deepEqual(complaints.filter((line) => line !== 'warning: No available adapters.'), []);
    await close();
  });

  test('a worker that dies is a sentence, and the run goes on from what was kept', async () => {
    const { page, panel, close } = await begun({
      prepare: (page) => page.addInitScript(() => {
        const Real = globalThis.Worker;
        globalThis.Worker = class extends Real {
          constructor(...all) {
            super(...all);
            if (/trainer-worker/.test(all[0])) globalThis.trains = this;
          }
        };
      }),
    });
    await button(page, 'Pause').click();
    await kept(page);
    await page.evaluate(() => globalThis.trains.onerror(new ErrorEvent('error')));
    await panel.getByRole('alert').getByText('The browser ended the training at step').waitFor();
    await button(page, 'Go on with it').waitFor();
    await close();
  });
});
