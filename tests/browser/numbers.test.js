// All numbers of z, and the directions that move them together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, describeOnSite, digit, openTab, pixels, ready, shows, z0 } from './browser.js';

const slider = (page, number) => page.getByRole('slider', { name: `z[${number}]`, exact: true });
const value = (page, number) => page.getByRole('spinbutton', { name: `value of z[${number}]`, exact: true });
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function board(open, options) {
  const opened = await open({ hash: '#v1', ...options });
  await ready(opened.page);
  await openTab(opened.page, 'All numbers');
  await opened.page.getByRole('button', { name: 'Show all 100' }).click();
  await slider(opened.page, 99).waitFor();
  return opened;
}

describeOnSite('the numbers', (open) => {
  test('each is moved by keys, by typing and by the wheel, and put back', async () => {
    const { page, complaints, close } = await board(open);
    const first = await pixels(digit(page));
    const drawn = await value(page, 99).inputValue();
    await slider(page, 99).focus();
    await page.keyboard.press('End');
    let shown = await changed(digit(page), first, 'End');
    assert.equal(await value(page, 99).inputValue(), '3.00');
    await slider(page, 99).hover();
    await page.mouse.wheel(0, 100);
    await page.waitForFunction((input) => input.valueAsNumber < 3, await slider(page, 99).elementHandle());
    assert.equal(await slider(page, 99).inputValue(), '2.95');
    await page.keyboard.press('Delete');
    await settled(page);
    assert.equal(await value(page, 99).inputValue(), drawn);
    await shows(digit(page), first, 'Delete puts it back');
    await value(page, 42).fill('-2.5');
    shown = await changed(digit(page), first, 'typed');
    assert.equal(await slider(page, 42).inputValue(), '-2.5');
    await value(page, 42).selectText();
    await page.keyboard.type('-');
    await value(page, 42).blur();
    await settled(page);
    assert.equal(await pixels(digit(page)), shown, 'half a number changes nothing');
    await slider(page, 42).dblclick();
    await page.getByRole('button', { name: 'Undo my changes' }).click();
    await settled(page);
    await shows(digit(page), first, 'back to the seed’s');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('at first there are the twelve that do most here, and the rest on demand', async () => {
    const { page, complaints, close } = await open({ hash: '#v1&t=numbers' });
    await ready(page);
    await page.waitForFunction(() => /changes/.test(document.querySelector('[aria-label="z[7]"]').getAttribute('aria-valuetext')));
    await settled(page);
    const seen = page.locator('.cell:visible');
    assert.equal(await seen.count(), 12);
    const effects = await page.locator('.cell').evaluateAll((all) => all.map((cell) => Number(cell.querySelector('.effect').style.getPropertyValue('--effect'))));
    assert.equal(effects[0], 1);
    assert.ok(Math.min(...effects.slice(0, 12)) >= Math.max(...effects.slice(12)), 'none of the folded does more');
    await page.getByRole('button', { name: 'Show all 100' }).click();
    await page.getByRole('button', { name: 'Only the 12 that do most', expanded: true }).waitFor();
    assert.equal(await seen.count(), 100);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a double click puts a number back', async () => {
    const { page, close } = await board(open);
    const drawn = await value(page, 3).inputValue();
    await value(page, 3).fill('2');
    await slider(page, 3).dblclick();
    await page.waitForFunction(([input, drawn]) => input.value === drawn, [await value(page, 3).elementHandle(), drawn]);
    await close();
  });

  test('there is one slider for each, and z[0] has the one at the top', async () => {
    const { page, close } = await board(open);
    assert.equal(await page.getByRole('slider', { name: /^z\[\d+\]$/ }).count(), 100);
    assert.equal(await z0(page).getAttribute('id'), 'z0');
    const shown = await pixels(digit(page));
    await value(page, 0).fill('2');
    await changed(digit(page), shown, 'z[0] typed');
    assert.equal(await z0(page).inputValue(), '2');
    await close();
  });

  test('a wheel over a slider that nobody chose scrolls the page', async () => {
    const { page, close } = await board(open);
    const before = await slider(page, 5).inputValue();
    await slider(page, 5).hover();
    await page.mouse.wheel(0, 200);
    await page.waitForFunction(() => scrollY > 0);
    assert.equal(await slider(page, 5).inputValue(), before);
    await close();
  });

  test('effects are what one unit really changes, and sort the board', async () => {
    const { page, complaints, close } = await board(open);
    await page.waitForFunction(() => /changes/.test(document.querySelector('[aria-label="z[7]"]').getAttribute('aria-valuetext')));
    const told = await page.getByRole('slider', { name: /^z\[\d+\]$/ }).evaluateAll((sliders) =>
      Object.fromEntries(sliders.slice(1).map((one) => [one.getAttribute('aria-label'), Number(/changes ([\d.]+) %/.exec(one.getAttribute('aria-valuetext'))[1])])),
    );
    const measured = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const { sampleZ } = await import('./philox.js');
      const g = await Generator.load('gen.onnx');
      const z = sampleZ(1, 1, 100);
      const at = (step) => g.generate(z.map((value, i) => (i === 7 ? value + step : value)));
      const [below, above] = [at(-0.5), at(0.5)];
      return (100 * below.reduce((sum, value, i) => sum + Math.abs(above[i] - value), 0)) / 784 / 2;
    });
    assert.ok(Math.abs(told['z[7]'] - measured) < 0.06, `${told['z[7]']} told, ${measured} measured`);
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption('effect on the picture');
    const order = await page.getByRole('slider', { name: /^z\[\d+\]$/ }).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    const effects = order.filter((name) => name in told).map((name) => told[name]);
    assert.deepEqual(effects, [...effects].sort((a, b) => b - a));
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption('value');
    const values = await page.getByRole('spinbutton', { name: /^value of/ }).evaluateAll((all) => all.map((one) => Number(one.value)));
    assert.deepEqual(values, [...values].sort((a, b) => b - a));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the first direction changes the picture more than any single number', async () => {
    const { page, complaints, close } = await board(open);
    const first = page.getByRole('slider', { name: 'Direction 1' });
    await first.waitFor();
    assert.equal(await page.getByRole('slider', { name: /^Direction \d$/ }).count(), 8);
    const shares = await page.getByText(/% of all change$/).allTextContents();
    const numbers = shares.map((text) => parseFloat(text));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
    const shown = await pixels(digit(page));
    await first.focus();
    await page.keyboard.press('End');
    await changed(digit(page), shown, 'the direction');
    assert.ok(Math.abs(Number(await first.inputValue()) - 4) < 0.011);
    const { along, most } = await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const { findDirections } = await import('./directions.js');
      const { sampleZ } = await import('./philox.js');
      const g = await Generator.load('gen.onnx');
      const steps = findDirections(g);
      let step = steps.next();
      while (!step.done) step = steps.next();
      const z = sampleZ(12345, 64, 100);
      const change = (direction) => {
        const moved = g.generate(z.map((value, i) => value + 0.5 * direction[i % 100]));
        return g.generate(z).reduce((sum, value, i) => sum + (value - moved[i]) ** 2, 0);
      };
      const coordinates = Array.from({ length: 100 }, (_, k) => change(new Float32Array(100).fill(1, k, k + 1)));
      return { along: change(step.value[0].vector), most: Math.max(...coordinates) };
    });
    assert.ok(along > 1.5 * most, `${along} along it, ${most} at most along a number`);
    assert.deepEqual(complaints, []);
    await close();
  });
});
