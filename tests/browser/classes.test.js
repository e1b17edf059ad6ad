// Models that are told which class to draw: by the small runtime, by forger.js, in any page, and on this one, whose links keep it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { blends, drawerAlong, drawerOf } from '../../web/blending.js';
import { classOfDigit } from '../../web/judging.js';
import { layersOf, lit } from '../../web/layers.js';
import { fromFragment, LinkError, toFragment } from '../../web/link.js';
import { classNames } from '../../web/others.js';
import * as edits from '../../web/state.js';
import { changed, describeOnSite, digit, LOOKS, openTab, pixels, ready, shoot, shows, until } from './browser.js';
import { classFile, classPicture } from './onnx.js';

const SMALL = [1, 2, 2];
const ROWS = [[3, 0], [0, 3], [-2, 1.5]];
const NAMES = ['oak', 'two words', '7'];
const small = classFile(4, SMALL, ROWS, { 'forger.classes': JSON.stringify(NAMES) });

/** Ten classes of digits in their usual form, of numbers that nobody trained. */
const diagonal = Array.from({ length: 10 }, (_, i) => Array.from({ length: 10 }, (_, j) => (i === j ? 3 : 0)));
const DIGITS = diagonal.map((_, i) => `${i}`);
const PAGE = [1, 28, 28];

/** Proof pictures of these classes, as a trainer leaves them. */
function parity(latent, image, rows, classes) {
  const z = classes.map((_, k) => Array.from({ length: latent }, (_, i) => Math.fround(Math.sin(k + i))));
  return JSON.stringify({ z, class: classes, image: z.map((each, k) => classPicture(image, rows, each, classes[k])) });
}
const digits = classFile(100, PAGE, diagonal, {
  'forger.classes': JSON.stringify(DIGITS),
  'forger.dataset': 'mnist',
  'forger.parity': parity(100, PAGE, diagonal, [3, 0, 9]),
});

const near = (found, expected) => expected.forEach((value, i) => assert.ok(Math.abs(found[i] - value) < 2e-5, `${i}: ${found[i]}, not ${value}`));

test('names are those of the file where there is one for each class, else numbers', () => {
  const named = (names, count = 3) => classNames(count, { 'forger.classes': names });
  assert.equal(classNames(0, {}), null);
  assert.deepEqual(classNames(3, {}), ['0', '1', '2']);
  assert.deepEqual(named('["a","b","c"]'), ['a', 'b', 'c']);
  for (const [names, expected] of [
    ['["a","b"]', ['0', '1', '2']],
    ['{"0":"a"}', ['0', '1', '2']],
    ['not JSON', ['0', '1', '2']],
    ['["a",{},"  "]', ['a', '1', '2']],
  ]) {
    assert.deepEqual(named(names), expected, names);
  }
});

test('a digit is the class of its name, wherever that stands', () => {
  assert.equal(classOfDigit({ classes: NAMES }, 7), 2);
  assert.equal(classOfDigit({ classes: NAMES }, 1), undefined);
  assert.equal(classOfDigit({ classes: null }, 1), undefined);
});

test('a link keeps the class, and one that the model has not is damaged', () => {
  const state = edits.firstState('classes', 100);
  assert.equal(toFragment(state, 'classes'), '#v1', 'the first needs no letter');
  edits.start(state, 3, 4);
  state.class = 7;
  const fragment = toFragment(state, 'classes');
  assert.equal(fragment, '#v1&c=7&s=3.4');
  assert.deepEqual(fromFragment(fragment, 'classes', 100, 10), state);
  for (const [text, count] of [['#v1&c=7', 7], ['#v1&c=1', 0], ['#v1&c=-1', 10], ['#v1&c=1.5', 10], ['#v1&c=seven', 10], ['#v1&c=1&c=2', 10]]) {
    assert.throws(() => fromFragment(text, 'classes', 100, count), (error) => error instanceof LinkError && error.reason === 'linkDamaged', text);
  }
});

test('a walk from class to class goes through some of each, and links hold it to the bit', () => {
  const state = edits.firstState('classes', 100);
  edits.setClass(state, 3);
  edits.pin(state);
  edits.start(state, 5, 2);
  edits.setClass(state, 8);
  edits.pin(state);
  assert.match(toFragment(state, 'classes'), /&p=3:1\.0,8:5\.2&/);
  for (const [t, expected] of [
    [0, { class: 3, mix: undefined }],
    [0.25, { class: 3, mix: [[3, 750], [8, 250]] }],
    [0.5, { class: 3, mix: [[3, 500], [8, 500]] }],
    [0.999, { class: 8, mix: [[3, 1], [8, 999]] }],
    [1, { class: 8, mix: undefined }],
  ]) {
    edits.walkTo(state, t);
    assert.deepEqual({ class: state.class, mix: state.mix }, expected, `at ${t}`);
    assert.deepEqual(fromFragment(toFragment(state, 'classes'), 'classes', 100, 10), state, `at ${t}`);
  }
  edits.walkTo(state, 0.25);
  edits.pin(state);
  edits.setClass(state, 0);
  edits.start(state, 9, 9);
  edits.pin(state);
  edits.walkTo(state, 0.7);
  assert.deepEqual(state.mix, [[0, 700], [3, 225], [8, 75]], 'from between two classes to a third');
  assert.deepEqual(fromFragment(toFragment(state, 'classes'), 'classes', 100, 10), state);
  edits.take(state, state.pins[1]);
  assert.deepEqual([state.class, state.mix, state.seed], [8, undefined, 5], 'a pin brings its class');
  edits.setModel(state, 'fewer', 100, 4);
  assert.deepEqual(state.pins.map((pin) => [pin.class, pin.mix]), [[3, undefined], [0, undefined], [0, undefined], [0, undefined]]);
});

test('what is between no classes of the model is a damaged link', () => {
  const damaged = (fragment, count = 10) => assert.throws(() => fromFragment(fragment, 'classes', 100, count), (error) => error instanceof LinkError && error.reason === 'linkDamaged', fragment);
  for (const words of ['3.500-8.499', '3.500-8.501', '8.500-3.500', '3.500-3.500', '3.1000', '3.0-8.1000', '3.500-10.500', '3.500', '3-8', '-3.500', '3.500-8.500-', '3.5e2-8.650', 'x']) {
    damaged(`#v1&c=${words}`);
    damaged(`#v1&p=${words}:1.0`);
  }
  for (const pin of [':1.0', '1:2:1.0', '10:1.0', '3:1']) damaged(`#v1&p=${pin}`);
  damaged('#v1&p=1:1.0', 0);
  assert.deepEqual(fromFragment('#v1&p=7:1.0,2.3', 'classes', 100, 10).pins.map((pin) => pin.class), [7, 0]);
});

test('between classes it is the model’s own sum, and the nearer class where the file has no such sum', () => {
  const z = Float32Array.from([0.5, -1, 2, 0.25, 1, 1, -1, 0]);
  const plain = { latentSize: 4, imageShape: SMALL, classes: NAMES, class: 0, msPerPicture: 0, taken: null };
  const model = { ...plain, file: small, ofClass: (chosen) => ({ ...plain, class: chosen, generate: (all) => [chosen, all.length] }) };
  assert.ok(blends(model));
  assert.deepEqual(drawerOf(model, { class: 2, mix: undefined }).generate(z), [2, 8], 'a class alone is the runtime’s');
  const images = drawerOf(model, { class: 1, mix: [[0, 250], [1, 750]] }).generate(z);
  const row = [0, 1].map((i) => 0.25 * ROWS[0][i] + 0.75 * ROWS[1][i]);
  near(images, [...classPicture(SMALL, [row], z.subarray(0, 4), 0), ...classPicture(SMALL, [row], z.subarray(4), 0)]);
  const along = drawerAlong(model, (place) => (place === 0 ? { class: 0, mix: undefined } : { class: 1, mix: [[0, 250], [1, 750]] }));
  near(along.generate(z, [500, 500]), [...images]);
  assert.deepEqual(along.generate(z, [0, 0]), [0, 8], 'all of one class at once');
  // Two ways from z: no chain.
  const other = { ...model, file: Buffer.from('no model') };
  assert.equal(blends(other), false);
  assert.deepEqual(drawerOf(other, { class: 1, mix: [[0, 250], [1, 750]] }).generate(z), [1, 8]);
  assert.equal(blends({ ...model, classes: null }), false);
  // The same sums, but what they give may be no picture yet: greys from 0, or a channel after each pixel.
  const stranger = { ...model, file: Buffer.from(small), taken: [['range', '0..1']] };
  assert.equal(blends(stranger), false);
  assert.deepEqual(drawerOf(stranger, { class: 1, mix: [[0, 250], [1, 750]] }).generate(z), [1, 8]);
});

test('another model draws the same class, or the first where it has fewer', () => {
  const state = edits.firstState('a', 4);
  state.class = 7;
  edits.setModel(state, 'b', 4, 10);
  assert.equal(state.class, 7);
  edits.setModel(state, 'c', 4, 3);
  assert.equal(state.class, 0);
  state.class = 2;
  edits.setModel(state, 'd', 4);
  assert.equal(state.class, 0, 'a model that is told none');
});

test('the inside of such a network is the chain that it is for one class', () => {
  const z = Float32Array.from([0.5, -1, 2, 0.25]);
  for (const chosen of [0, 1, 2]) {
    const layers = layersOf(small, chosen);
    assert.equal(layers[0].inputs, 4, 'numbers of z alone');
    near(lit(layers, z).at(-1), classPicture(SMALL, ROWS, z, chosen));
  }
  assert.equal(layersOf(small, 3), undefined);
});

/** Runs `told` in the page, with forger.js's Generator and a model. */
const inPage = (page, bytes, told) =>
  page.evaluate(
    async ([base64, body]) => {
      const { Generator } = await import('./forger.js');
      const load = () => Generator.load(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
      return new Function('g', 'load', `return (async () => { ${body} })()`)(await load(), load);
    },
    [bytes.toString('base64'), told],
  );

/** The site with one model of ten classes in the place of its own. */
const withDigits = (file = digits) => async (page) => {
  const model = { id: 'gen', file: 'gen.onnx', recipe: 'classes', epochs: 0, run: 'gen' };
  await page.route('**/models.json', (route) => route.fulfill({ json: { models: [model] } }));
  await page.route('**/gen.onnx', (route) => route.fulfill({ body: file, contentType: 'application/octet-stream' }));
};
const button = (page, name) => page.getByRole('group', { name: 'Class', exact: true }).getByRole('button', { name, exact: true });
const isPressed = (page, name) => until(() => button(page, name).getAttribute('aria-pressed'), (pressed) => pressed === 'true', `${name} is pressed`);
/** Without `unsafe-eval`, which `inPage` needs, on a page of its own. */
const BARE = { bypassCSP: true };

/** The pixels of a canvas that nobody draws on any more: the same four times in a row. */
async function settled(canvas) {
  for (let last = '', same = 0; ; ) {
    const now = await pixels(canvas);
    same = now === last && !(await canvas.getAttribute('aria-busy')) ? same + 1 : 0;
    if (same === 3) return now;
    last = now;
    await canvas.page().waitForTimeout(300);
  }
}

describeOnSite('classes in forger.js', (open) => {
  test('each picture is of the class beside its z, by the small runtime', async () => {
    const asked = [];
    const prepare = (page) => page.on('request', (request) => asked.push(request.url()));
    const { page, complaints, close } = await open({ prepare, ...BARE });
    const found = await inPage(page, small, `
      const z = new Float32Array([1, -1, 0.5, -0.5, 0, 2, -2, 0.25]);
      const list = (numbers) => [...numbers];
      return {
        classes: g.classes, chosen: g.class, none: list(g.generate(z)), one: list(g.generate(z, 2)), each: list(g.generate(z, [1, 2])),
        other: list(g.ofClass(1).generate(z)), same: g.ofClass(1) === g.ofClass(1) && g.ofClass(0) === g, async: list(await g.generateAsync(z, [2, 0])),
        taken: g.taken,
      };`);
    const [a, b] = [[1, -1, 0.5, -0.5], [0, 2, -2, 0.25]];
    const both = (first, second) => [...classPicture(SMALL, ROWS, a, first), ...classPicture(SMALL, ROWS, b, second)];
    assert.deepEqual(found.classes, NAMES);
    assert.equal(found.chosen, 0);
    near(found.none, both(0, 0));
    near(found.one, both(2, 2));
    near(found.each, both(1, 2));
    near(found.other, both(1, 1));
    near(found.async, both(2, 0));
    assert.ok(found.same, 'one object for a class');
    assert.equal(found.taken, null);
    assert.ok(!asked.some((url) => /full_bg/.test(url)), 'the full runtime is not fetched');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('what is no class of the model is said, and the model draws on', async () => {
    const { page, complaints, close } = await open(BARE);
    const found = await inPage(page, small, `
      const z = new Float32Array(8);
      const wrong = [3, -1, 0.5, NaN, '1', [0], [0, 1, 2], [], [0, 9], [0, -1], [0, 4294967296]];
      const failed = (run) => { try { run(); return 'it was taken'; } catch (error) { return error.name + ' ' + error.message + '; ' + error.hint; } };
      const told = wrong.map((classes) => failed(() => g.generate(z, classes)));
      told.push(await g.generateAsync(z, [7, 7]).catch((error) => error.name + ' ' + error.message + '; ' + error.hint));
      told.push(failed(() => g.ofClass(3)));
      return { told, after: g.generate(z, [2, 1]).length };`);
    assert.equal(found.after, 8);
    for (const each of found.told) assert.match(each, /^ForgerError (There is no class|\d classes are given for 2 latent vectors).*; .{10,}$/s);
    assert.match(found.told[0], /There is no class 3; This model’s classes are 0 to 2/);
    const { told } = { told: await page.evaluate(async () => {
      const { Generator } = await import('./forger.js');
      const g = await Generator.load('gen.onnx');
      try {
        g.generate(new Float32Array(100), [1]);
        return 'it was taken';
      } catch (error) {
        return [g.classes, error.message, error.hint];
      }
    }) };
    assert.deepEqual(told, [null, 'There is no class 1', 'This model is told no class: leave it out.']);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a worker draws the class that is asked for', async () => {
    const { page, complaints, close } = await open(BARE);
    // Pictures enough that they go to a worker.
    const found = await inPage(page, digits, `
      const z = new Float32Array(100 * 3000).fill(0.5);
      const [mine, worker] = [g.generate(z.subarray(0, 100), 4), await g.ofClass(4).generateAsync(z)];
      const started = performance.getEntriesByType('resource').some(({ name }) => /worker\\.js$/.test(name));
      return { same: mine.every((value, i) => value === worker[i] && value === worker[784 * 2999 + i]), started };`);
    assert.deepEqual(found, { same: true, started: true });
    assert.deepEqual(complaints, []);
    await close();
  });

  test('an element in any page draws the class that its attribute names, and says which it has not', async () => {
    const { page, complaints, close } = await open({ prepare: withDigits(small), ...BARE });
    // The page has what is taken from under it here.
    await ready(page);
    const told = await page.evaluate(async () => {
      await import('./latent-explorer.js');
      document.body.replaceChildren();
      const put = (words) => {
        const element = document.createElement('latent-explorer');
        element.setAttribute('src', 'gen.onnx');
        element.setAttribute('loading', 'eager');
        if (words !== undefined) element.setAttribute('class', words);
        const done = new Promise((resolve) => {
          element.addEventListener('load', () => resolve(element.generator.class));
          element.addEventListener('error', (event) => resolve(event.message));
        });
        document.body.append(element);
        return { element, done };
      };
      const all = [undefined, 'wide', 'wide oak', '1', '7', '12'].map(put);
      const first = await Promise.all(all.map(({ done }) => done));
      all[0].element.className = '7';
      return [...first, all[0].element.generator.class];
    });
    assert.deepEqual(told, [0, 0, 0, 1, 2, 'There is no class 12', 2]);
    assert.deepEqual(complaints, []);
    await close();
  });
});

describeOnSite('classes on the page', (open) => {
  const opened = async (options = {}) => {
    const result = await open({ hash: '#v1', prepare: withDigits(), ...options });
    await ready(result.page);
    return result;
  };

  test('a button for each draws it, the link keeps it, and back goes back', async () => {
    const { page, complaints, close } = await opened();
    const first = await pixels(digit(page));
    await isPressed(page, '0');
    await button(page, '7').click();
    const seven = await changed(digit(page), first, 'a seven');
    await isPressed(page, '7');
    assert.match(await digit(page).getAttribute('aria-label'), /, class 7/);
    await page.waitForFunction(() => /&c=7(&|$)/.test(location.hash));
    await page.getByRole('slider', { name: 'z[0]', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    const moved = await changed(digit(page), seven, 'z[0] moves within the class');
    await page.waitForFunction(() => /&z=/.test(location.hash));
    await page.reload();
    await ready(page);
    await shows(digit(page), moved, 'after a reload');
    await isPressed(page, '7');
    await page.goBack();
    await page.goBack();
    await shows(digit(page), first, 'back to where it began');
    await isPressed(page, '0');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a pin keeps its class, and a walk to another goes through what lies between', async () => {
    const { page, complaints, close } = await opened({ hash: '#v1&t=walk' });
    const pin = (name) => page.getByRole('button', { name, exact: true });
    await button(page, '3').click();
    await isPressed(page, '3');
    const three = await pixels(digit(page));
    await pin('Pin this').click();
    await button(page, '8').click();
    const eight = await changed(digit(page), three, 'an eight');
    await pin('Pin this').click();
    // The same list of numbers: only the class is on the way.
    const place = page.getByRole('slider', { name: 'Place on the walk' });
    await place.fill('0');
    await shows(digit(page), three, 'at its beginning');
    await isPressed(page, '3');
    await place.fill('40');
    await page.getByRole('img', { name: /, between classes: 3 60 %, 8 40 %$/ }).waitFor();
    const between = await pixels(digit(page));
    assert.ok(between !== three && between !== eight, 'a picture of its own');
    assert.equal(await page.getByRole('button', { pressed: true }).and(page.locator('#classes button')).count(), 0, 'no class is it');
    await page.waitForFunction(() => /&c=3\.600-8\.400&.*&p=3:1\.\d+,8:1\.\d+&w=0\.1\.400/.test(location.hash));
    await page.reload();
    await ready(page);
    await shows(digit(page), between, 'after a reload');
    const film = async (ask) => {
      const [download] = await Promise.all([page.waitForEvent('download'), ask()]);
      assert.match(download.suggestedFilename(), /-walk\.gif$/);
      return readFile(await download.path());
    };
    const whole = await film(() => pin('GIF of the walk').click());
    await page.getByRole('button', { name: 'Show pin 2, of seed 1' }).click();
    await shows(digit(page), eight, 'the second pin');
    await isPressed(page, '8');
    await button(page, '5').click();
    await page.getByRole('button', { name: 'Show pin 1, of seed 1' }).click();
    await shows(digit(page), three, 'the first pin, from another class');
    // In one task, so that the pin is gone before the first picture of the film is drawn.
    const cut = await film(() => page.evaluate(() => ['#walk [data-gif]', '#pins .remove'].forEach((each) => document.querySelector(each).click())));
    assert.ok(cut.equals(whole), 'a pin that goes meanwhile changes nothing of the film');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a model that draws nothing between its classes says the one that it draws', async () => {
    // More pixels than a layer may have to be followed here.
    const large = classFile(100, [1, 68, 68], diagonal, { 'forger.classes': JSON.stringify(DIGITS) });
    const { page, complaints, close } = await opened({ prepare: withDigits(large), hash: '#v1&c=3.600-8.400&t=walk&p=3:1.0,8:1.0&w=0.1.400' });
    await isPressed(page, '3');
    await page.getByRole('img', { name: /^The generated picture of seed 1 .*, class 3/ }).waitFor();
    assert.equal(await button(page, '8').evaluate((element) => Number(element.style.getPropertyValue('--share'))), 0, 'no share of another');
    await page.getByText('This network’s file does not tell what lies between two classes').waitFor();
    await page.getByRole('slider', { name: 'Place on the walk' }).fill('60');
    await isPressed(page, '8');
    await page.getByRole('img', { name: /, class 8/ }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a class that is chosen while the walk plays stops it, and stays; a sweep plays on', async () => {
    const { page, complaints, close } = await opened({ hash: '#v1&t=walk&p=3:1.0,8:1.1&w=0.1.0' });
    const control = (name) => page.getByRole('button', { name, exact: true });
    await control('Play the walk').click();
    await control('Pause the walk').waitFor();
    await button(page, '5').click();
    await control('Play the walk').waitFor();
    await isPressed(page, '5');
    await page.getByRole('img', { name: /, class 5/ }).waitFor();
    await openTab(page, 'Two sweeps');
    await control('Play the sweep').click();
    await button(page, '7').click();
    await isPressed(page, '7');
    assert.ok(await control('Pause the sweep').isVisible());
    assert.deepEqual(complaints, []);
    await close();
  });

  test('every tab draws the class that is chosen', async () => {
    const { page, complaints, close } = await opened();
    for (const [tab, name] of [
      ['Two sweeps', /^100 generated digits.*held/],
      ['A hundred', /^The first 100 digits of seed/],
      ['Walk', /^A map/],
      ['Models', /drawn by/],
    ]) {
      await openTab(page, tab);
      const canvas = page.getByRole('tabpanel').getByRole('img', { name }).last();
      const before = await settled(canvas);
      await button(page, '7').click();
      await changed(canvas, before, tab);
      await button(page, '0').click();
      await shows(canvas, before, `${tab}, back`);
    }
    await openTab(page, 'Inside');
    await page.getByRole('img', { name: 'z: 100 random numbers' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a sheet shows each class by the same ten hands, and one is taken by pointing at it', async () => {
    const { page, complaints, close } = await opened();
    await openTab(page, 'A hundred');
    const sheet = page.getByRole('img', { name: '10 classes, each drawn from the same ten lists of numbers of seed 1' });
    assert.deepEqual(await sheet.evaluate((canvas) => [canvas.width, canvas.height]), [280, 280]);
    await sheet.scrollIntoViewIfNeeded();
    const box = await sheet.boundingBox();
    await sheet.click({ position: { x: 0.35 * box.width, y: 0.65 * box.height } });
    await page.waitForFunction(() => /c=6&s=1\.3/.test(location.hash));
    await isPressed(page, '6');
    // The tile that was pointed at is the picture that is on show.
    const tile = await sheet.evaluate((canvas) => [...canvas.getContext('2d').getImageData(3 * 28, 6 * 28, 28, 28).data].join());
    const shown = await digit(page).evaluate((canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].join());
    assert.ok(tile === shown, 'the same picture');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('Proof draws the trainer’s pictures of their own classes, whichever is chosen', async () => {
    const { page, complaints, close } = await opened({ hash: '#v1&c=5&t=proof' });
    await page.getByText(/^Identical to the trainer .* 3 pictures/).waitFor();
    // What loading took is known of the model, and not only of the class that it began with.
    await page.locator('#costs').getByText('Its first picture after').waitFor();
    await button(page, '2').click();
    await isPressed(page, '2');
    // Figures of another object would have taken their place by then.
    await page.waitForTimeout(300);
    await page.locator('#costs').getByText('Its first picture after').waitFor();
    assert.match(await page.locator('#card').textContent(), /Classes10: 0, 1, 2/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a link to a class that the model has not is told, and the page begins afresh', async () => {
    const { page, complaints, close } = await opened({ hash: '#v1&c=10' });
    await page.getByRole('alert').getByText('damaged').waitFor();
    await isPressed(page, '0');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a model that is told none has no buttons', async () => {
    const { page, complaints, close } = await open();
    await ready(page);
    await page.getByRole('group', { name: 'Class', exact: true }).waitFor({ state: 'hidden' });
    await openTab(page, 'A hundred');
    await page.getByRole('heading', { name: 'Each class, the same hand' }).waitFor({ state: 'hidden' });
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const [what, rows, names] of [
    ['long names', 12, Array.from({ length: 12 }, (_, i) => `${i} ${'very '.repeat(50)}long`)],
    ['what turns the direction of reading', 3, ['a\u202eb', 'שלום', '<b>']],
    ['hundreds of classes', 300, Array.from({ length: 300 }, (_, i) => `kind ${i}`)],
  ]) {
    test(`names cannot harm the page: ${what}`, async () => {
      const table = Array.from({ length: rows }, (_, i) => [Math.sin(i), Math.cos(i)]);
      const file = classFile(4, PAGE, table, { 'forger.classes': JSON.stringify(names) });
      for (const width of [390, 1000]) {
        const { page, complaints, close } = await opened({ prepare: withDigits(file), viewport: { width, height: 844 }, hash: '#v1&t=hundred' });
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${width} px`);
        if (rows > 24) {
          await page.getByRole('spinbutton', { name: 'Class' }).fill('299');
          await page.waitForFunction(() => /c=299/.test(location.hash));
          await page.getByText('And 276 more classes.').waitFor();
        } else {
          await page.getByRole('group', { name: 'Class', exact: true }).getByRole('button').last().click();
          await page.waitForFunction((last) => location.hash.includes(`c=${last}`), rows - 1);
        }
        assert.deepEqual(complaints, []);
        await close();
      }
    });
  }

  for (const { name, viewport, colorScheme } of LOOKS) {
    test(`it looks right: ${name}`, async () => {
      const { page, close } = await opened({ viewport, colorScheme, hash: '#v1&c=7&t=hundred' });
      await shoot(page, `classes-${name}`);
      const heights = await page.getByRole('group', { name: 'Class', exact: true }).getByRole('button').evaluateAll((all) => all.map((each) => each.getBoundingClientRect().top));
      assert.equal(new Set(heights).size, 1, 'ten digits stand in one row');
      await close();
    });
  }
});
