// A run as a link, and the knobs of its recipe: what they say is what the recipes say, and whoever opens one can repeat the run.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LinkError } from '../../web/link.js';
import { FIRST, fromFragment, toFragment } from '../../web/training/link.js';
import { changesOf, FINAL, KNOBS, knobsOf, LENGTHS, RECIPES } from '../../web/training/recipes.js';
import { isAccessible } from './axe.js';
import { describeOnSite, LOOKS, openTab, ready, shoot } from './browser.js';

const PHONE = LOOKS[0];
const recipeFile = (name) => {
  const text = readFileSync(new URL(`../../crates/gan/recipes/${name}.toml`, import.meta.url), 'utf8');
  return (key) => Number(new RegExp(`^${key} = (.+)$`, 'm').exec(text)?.[1]);
};
const near = (found, expected, what) => assert.ok(Math.abs(found - expected) <= 1e-6 * Math.abs(expected), `${what}: ${found} for ${expected}`);

test('each run comes back from its link, and the first of all is short', () => {
  assert.equal(toFragment(FIRST), '#train=stable');
  for (const setup of [
    FIRST,
    { recipe: 'seed', seed: Number.MAX_SAFE_INTEGER, epochs: 100, pictures: 'train', values: { lr: 0.004, real_label: 1 } },
    { recipe: 'stable', seed: 0, epochs: 30, pictures: 'own', values: { r1: 0.02, batch: 25, hidden: 512 } },
    { recipe: 'classes', seed: 7, epochs: 1000, pictures: 'own', values: {} },
  ]) {
    assert.deepEqual(fromFragment(toFragment(setup)), setup, toFragment(setup));
  }
});

test('a damaged link is none, whatever is wrong with it', () => {
  for (const fragment of [
    '#train=',
    '#train=conv',
    '#train=stable&seed=-1',
    '#train=stable&seed=1.5',
    '#train=stable&seed=9007199254740993',
    '#train=stable&epochs=11',
    '#train=stable&pictures=none',
    '#train=stable&lr=0.003',
    '#train=stable&seed=1&seed=1',
    '#train=stable&real_label=0.9',
    '#train=seed&r1=2',
    '#train=classes',
    '#train=stable&evil=1',
    '#train=stable&',
    '#train=stable&seed=<b>',
  ]) {
    assert.throws(() => fromFragment(fragment), LinkError, fragment);
  }
});

test('knobs rest where the recipes are, and what falls over a run falls as far as theirs', () => {
  for (const recipe of RECIPES) {
    const told = recipeFile(recipe);
    const keys = { lr: 'lr', r1: 'r1_gamma', batch: 'batch', hidden: 'hidden', real_label: 'real_label' };
    for (const name of knobsOf(recipe)) {
      const rest = KNOBS[name].rest[recipe];
      assert.equal(rest, told(keys[name]), `${recipe}: ${name}`);
      assert.ok(KNOBS[name].stops.includes(rest), `${recipe}: ${name} rests on a stop`);
    }
    near(told('lr_final'), told('lr') * FINAL.lr[recipe], `${recipe}: lr_final`);
    if (knobsOf(recipe).includes('r1')) for (const key of ['r1_gamma', 'r2_gamma']) near(told(`${key}_final`), told(key) * FINAL.r1, `${recipe}: ${key}`);
    assert.deepEqual(changesOf(recipe, {}), {});
  }
  assert.deepEqual(changesOf('stable', { lr: 0.004, r1: 20, hidden: 64, real_label: 1 }), { lr: 0.004, lr_final: 0.0016, r1_gamma: 20, r1_gamma_final: 3, r2_gamma: 20, r2_gamma_final: 3, hidden: 64 });
  assert.ok(LENGTHS.includes(FIRST.epochs));
});

describeOnSite('a link to a run', (open) => {
  test('opens the tab ready to start, in sight on a phone, with nothing started and nothing of it fetched', async () => {
    const asked = [];
    const { page, complaints, close } = await open({
      ...PHONE,
      hash: '#train=seed&seed=42&epochs=30&real_label=0.8',
      prepare: (page) => void page.on('request', (request) => asked.push(new URL(request.url()).pathname)),
    });
    await ready(page);
    const panel = page.getByRole('tabpanel', { name: 'Train' });
    await panel.getByText('This link is a run').waitFor();
    await page.waitForFunction(() => Math.abs(document.querySelector('#panel-train').getBoundingClientRect().top) < innerHeight / 3);
    assert.ok(await panel.getByRole('radio', { name: 'seed:' }).isChecked());
    assert.equal(await panel.getByRole('spinbutton', { name: 'Seed of the run' }).inputValue(), '42');
    assert.equal(await panel.getByRole('combobox', { name: 'Length' }).inputValue(), '30');
    assert.equal(await panel.getByRole('slider', { name: 'Label smoothing' }).getAttribute('aria-valuetext'), '0.8');
    assert.equal(await panel.getByRole('slider', { name: 'R1' }).count(), 0, 'a knob that the recipe has not');
    assert.ok(await panel.getByRole('button', { name: 'Train', exact: true }).isEnabled());
    assert.deepEqual(asked.filter((path) => /pictures\/|trainer.*wasm/.test(path)), []);
    await isAccessible(page, 'a link to a run', (scheme) => shoot(page, `train-link-phone-${scheme}`));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('is copied as it is set, by keys alone, and opened again is the same', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=train', permissions: ['clipboard-read', 'clipboard-write'] });
    await ready(page);
    const panel = page.getByRole('tabpanel', { name: 'Train' });
    await panel.getByRole('spinbutton', { name: 'Seed of the run' }).fill('5');
    await panel.getByText('Change the recipe').click();
    await panel.getByRole('slider', { name: 'Width' }).focus();
    await page.keyboard.press('Home');
    await panel.getByRole('slider', { name: 'Learning rate' }).focus();
    await page.keyboard.press('ArrowRight');
    await panel.getByRole('button', { name: 'Copy link to this run' }).focus();
    await page.keyboard.press('Enter');
    await panel.getByRole('status').getByText('Copied').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(new URL(link).hash, '#train=stable&seed=5&lr=0.004&hidden=16');
    // By the address bar of a page that is open.
    await page.evaluate((hash) => (location.hash = hash), '#train=seed&seed=6');
    await panel.getByText('This link is a run').waitFor();
    assert.equal(await panel.getByRole('spinbutton', { name: 'Seed of the run' }).inputValue(), '6');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('that is damaged is a sentence and a fresh start', async () => {
    const { page, close } = await open({ hash: '#train=stable&lr=0.0' });
    await ready(page);
    await page.getByRole('alert').getByText('The link is damaged').waitFor();
    await openTab(page, 'Train');
    await page.getByRole('tabpanel', { name: 'Train' }).getByRole('button', { name: 'Train', exact: true }).waitFor();
    await close();
  });

  test('to the 60,000 is followed as far as the site goes: they are offered only where it has them', async () => {
    const without = (page) =>
      page.route(/\/(#.*)?$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: (await response.text()).replace(/.*name="whole-mnist".*\n/, '') });
      });
    for (const [prepare, offered] of [[undefined, 1], [without, 0]]) {
      const { page, complaints, close } = await open({ hash: '#train=stable&pictures=train', prepare, fresh: true });
      await ready(page);
      const panel = page.getByRole('tabpanel', { name: 'Train' });
      await panel.getByText(offered ? 'This link is a run' : 'which this site does not have').waitFor();
      assert.equal(await panel.getByRole('radio', { name: '60,000 digits' }).count(), offered);
      assert.ok(await panel.getByRole('radio', { name: offered ? '60,000 digits' : '10,000 digits' }).isChecked());
      assert.deepEqual(complaints, []);
      await close();
    }
  });

  test('the 60,000 come with a bar that moves, and are what the run learns from', async () => {
    const { page, complaints, close } = await open({ hash: '#train=stable&pictures=train', fresh: true });
    await ready(page);
    const panel = page.getByRole('tabpanel', { name: 'Train' });
    await panel.getByRole('button', { name: 'Train', exact: true }).waitFor();
    await page.evaluate(() => {
      globalThis.seen = [];
      const bar = document.querySelector('#panel-train > progress');
      new MutationObserver(() => globalThis.seen.push([bar.getAttribute('aria-label'), bar.value])).observe(bar, { attributes: true });
    });
    await panel.getByRole('button', { name: 'Train', exact: true }).click();
    // 600 minibatches of 100 in each of ten rounds.
    await panel.getByText(/^\d+ of 5500$/).waitFor();
    const fetching = (await page.evaluate(() => globalThis.seen)).filter(([label]) => label === 'Fetching the pictures and what trains');
    assert.ok(fetching.some(([, value]) => value > 0 && value < 1), JSON.stringify(fetching.slice(0, 9)));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the door to the tab leads to it on a phone, whose panel was empty', async () => {
    const { page, complaints, close } = await open({ ...PHONE, fresh: true, reducedMotion: 'reduce' });
    await ready(page);
    await page.getByRole('button', { name: 'Train it yourself' }).click();
    await page.getByRole('tabpanel', { name: 'Train' }).getByRole('button', { name: 'Train', exact: true }).waitFor();
    const top = await page.evaluate(() => document.querySelector('#panel-train').getBoundingClientRect().top);
    assert.ok(top < PHONE.viewport.height / 3, `the panel begins at ${top}`);
    assert.deepEqual(complaints, []);
    await close();
  });
});
